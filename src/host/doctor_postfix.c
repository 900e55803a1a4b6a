/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Postfix's side: what main.cf and master.cf say, and what that does. */
#include "doctor_private.h"

#include "units.h"

#include <string.h>

const char *doctor_value(const Doctor *doctor, const char *name)
{
	return postconf_value(doctor->postconf, name);
}

const char *doctor_domain(const Doctor *doctor)
{
	return doctor->settings->bounce_domains[0] != NULL
		   ? doctor->settings->bounce_domains[0]
		   : "";
}

static bool has_service(const Doctor *doctor, const char *name)
{
	return postconf_service(doctor->postconf, name, "unix") != NULL;
}

/* The command that mends NAME, of PLACES; or NULL.  How bounces come here only
   master.cf tells while transport_maps does not. */
char *doctor_mend(const Doctor *doctor, unsigned places, const char *name)
{
	const WiringWish wish = { places,
		has_service(doctor, "verpd-pipe") &&
		    !has_service(doctor, "verpd-lmtp") };
	g_autoptr(GPtrArray)
	    lines = wiring_lines(doctor->settings, doctor->postconf, &wish);
	char *command = NULL;

	for (unsigned i = 0; i < lines->len; i++) {
		const WiringLine *line = lines->pdata[i];

		if (!line->is_done && strcmp(line->name, name) == 0) {
			g_free(command);
			command = wiring_command(line);
		}
	}
	return command;
}

/* "postconf -e 'NAME = VALUE'" */
char *doctor_set(const char *name, const char *wanted)
{
	return g_strdup_printf("postconf -e '%s = %s'", name, wanted);
}

/* Whether "yes" or what Postfix takes for it. */
bool doctor_is_yes(const char *text)
{
	return g_ascii_strcasecmp(text, "yes") == 0 ||
	       g_ascii_strcasecmp(text, "true") == 0;
}

char *doctor_ask_tables(Doctor *doctor, const char *name, const char *tables,
    const char *key)
{
	g_autoptr(GError) error = NULL;
	char *result = postconf_look_up(doctor->postconf, tables, key, &error);

	if (result == NULL)
		found(doctor, FINDING_ERROR, NULL, "%s: %s", name,
		    error->message);
	return result;
}

/* Whether DOMAIN is in a list of domains and tables. */
static bool lists_domain(Doctor *doctor, const char *name, const char *domain)
{
	g_auto(GStrv) items = postconf_items(doctor_value(doctor, name));

	for (char **item = items; *item != NULL; item++) {
		g_autofree char *result = NULL;
		g_autofree char *text = NULL;

		if (g_ascii_strcasecmp(*item, domain) == 0)
			return true;
		if ((*item)[0] == '/') {
			if (g_file_get_contents(*item, &text, NULL, NULL) &&
			    strstr(text, domain) != NULL)
				return true;
		} else if (strchr(*item, ':') != NULL) {
			result = doctor_ask_tables(doctor, name, *item, domain);
			if (result != NULL && result[0] != '\0')
				return true;
		}
	}
	return false;
}

/* An address such as bounces come to: NAME in front of what tokens have. */
char *doctor_return_path(const Doctor *doctor, const char *name)
{
	bool is_sub = doctor->settings->sub_address[0] != '\0';

	return g_strdup_printf("%s%s%sb-verpddoctor@%s", name,
	    doctor->settings->sub_address, is_sub ? "+" : "",
	    doctor_domain(doctor));
}

/* ---- intake ---- */

void check_domain_taken(Doctor *doctor)
{
	static const char *const classes[] = { "relay_domains",
		"virtual_mailbox_domains", "virtual_alias_domains",
		"mydestination" };

	for (char **domain = doctor->settings->bounce_domains; *domain != NULL;
	     domain++) {
		bool is_taken = false;

		for (unsigned i = 0; !is_taken && i < G_N_ELEMENTS(classes);
		     i++)
			is_taken = lists_domain(doctor, classes[i], *domain);
		if (!is_taken)
			found(doctor, FINDING_ERROR,
			    doctor_mend(doctor, 0, "relay_domains"),
			    "%s is no domain that this Postfix takes mail for: "
			    "bounces are refused as relaying",
			    *domain);
	}
}

/* What transport_maps says of ADDRESS: asked as trivial-rewrite(8) does. */
static char *transport_of(Doctor *doctor, const char *address)
{
	const char *tables = doctor_value(doctor, "transport_maps");
	const char *at = strrchr(address, '@');
	const char *keys[] = { address, at + 1 };

	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
		char *result = doctor_ask_tables(doctor, "transport_maps",
		    tables, keys[i]);

		if (result == NULL || result[0] != '\0')
			return result;
		g_free(result);
	}
	return g_strdup("");
}

void check_transport(Doctor *doctor)
{
	g_autofree char *ours = doctor_return_path(doctor, "");
	g_autofree char *other = doctor_return_path(doctor, "x");
	g_autofree char *others = NULL;

	doctor->transport = transport_of(doctor, ours);
	if (doctor->transport == NULL)
		return;
	if (doctor->transport[0] == '\0') {
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 0, "transport_maps"),
		    "transport_maps has nothing for %s: bounces never come "
		    "here",
		    ours);
		return;
	}
	if (doctor->settings->sub_address[0] == '\0')
		return;
	others = transport_of(doctor, other);
	if (others != NULL && strcmp(others, doctor->transport) == 0)
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 0, "transport_maps"),
		    "transport_maps sends %s to verpd, too: the pattern is not "
		    "anchored",
		    other);
}

/* The service that the transport names, or NULL. */
const PostfixService *doctor_transport(const Doctor *doctor)
{
	g_autofree char *name = NULL;
	const char *colon;

	if (doctor->transport == NULL || doctor->transport[0] == '\0')
		return NULL;
	colon = strchr(doctor->transport, ':');
	name = colon != NULL ? g_strndup(doctor->transport,
				   (gsize)(colon - doctor->transport))
			     : g_strdup(doctor->transport);
	return postconf_service(doctor->postconf, name, "unix");
}

bool is_by_pipe(const Doctor *doctor)
{
	const PostfixService *service = doctor_transport(doctor);

	return service != NULL && strcmp(service->command, "pipe") == 0;
}

static void check_option(Doctor *doctor, const PostfixService *service,
    const char *name, const char *why)
{
	if (doctor_is_yes(postconf_of(doctor->postconf, service, name)))
		return;
	found(doctor, FINDING_ERROR,
	    g_strdup_printf("postconf -Pe '%s/unix/%s=yes'", service->name,
		name),
	    "%s in master.cf has no %s=yes: %s", service->name, name, why);
}

void check_transport_service(Doctor *doctor)
{
	const PostfixService *service = doctor_transport(doctor);

	if (doctor->transport == NULL || doctor->transport[0] == '\0')
		return;
	if (service == NULL) {
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 0, "verpd-lmtp/unix"),
		    "master.cf has no transport for \"%s\": bounces wait and "
		    "expire",
		    doctor->transport);
		return;
	}
	check_option(doctor, service, "soft_bounce",
	    "one refusal loses a bounce for good");
	if (strcmp(service->command, "lmtp") == 0)
		check_option(doctor, service, "lmtp_send_xforward_command",
		    "no unsigned return path counts");
	if (strcmp(service->name, "verpd") == 0)
		found(doctor, FINDING_ERROR,
		    g_strdup("rename it verpd-lmtp, in transport_maps, too"),
		    "the transport is called verpd: master(8) listens on "
		    "private/verpd, where the daemon should");
}

/* ---- main.cf ---- */

void check_soft_bounce(Doctor *doctor)
{
	if (doctor_is_yes(doctor_value(doctor, "soft_bounce")))
		found(doctor, FINDING_WARNING, doctor_set("soft_bounce", "no"),
		    "soft_bounce is on for all mail: what fails for good is "
		    "tried for days, and reported then");
}

void check_notify(Doctor *doctor)
{
	const char *to = doctor_value(doctor, "2bounce_notice_recipient");
	const char *at = strrchr(to, '@');

	if (!postconf_has_item(doctor_value(doctor, "notify_classes"),
		"2bounce"))
		found(doctor, FINDING_WARNING,
		    doctor_mend(doctor, 0, "notify_classes"),
		    "a bounce that stays undeliverable disappears without a "
		    "word");
	if (at != NULL &&
	    g_ascii_strcasecmp(at + 1, doctor_domain(doctor)) == 0 &&
	    doctor->settings->sub_address[0] == '\0')
		found(doctor, FINDING_ERROR,
		    doctor_set("2bounce_notice_recipient", "postmaster"),
		    "2bounce_notice_recipient %s leads to verpd", to);
}

void check_own_hosts(Doctor *doctor)
{
	const char *myhostname = doctor_value(doctor, "myhostname");

	for (char **host = doctor->settings->own_hosts; *host != NULL; host++)
		if (g_ascii_strcasecmp(*host, myhostname) == 0)
			return;
	found(doctor, FINDING_ERROR,
	    g_strdup_printf("own_hosts = {\"%s\"} in %s", myhostname,
		doctor->settings->file),
	    "own_hosts does not name %s: this Postfix's own bounces do not "
	    "count",
	    myhostname);
}

void check_newline(Doctor *doctor)
{
	if (strcmp(doctor_value(doctor, "smtpd_forbid_bare_newline"), "no") ==
	    0)
		found(doctor, FINDING_WARNING,
		    doctor_mend(doctor, 0, "smtpd_forbid_bare_newline"),
		    "a bare newline ends a message: a second one can be "
		    "smuggled behind it (CVE-2023-51764)");
}

void check_smtputf8(Doctor *doctor)
{
	if (strcmp(doctor_value(doctor, "smtputf8_enable"), "no") == 0)
		found(doctor, FINDING_WARNING,
		    doctor_set("smtputf8_enable", "yes"),
		    "bounces of internationalized mail (RFC 6533) are refused");
}

void check_delimiter(Doctor *doctor)
{
	if (doctor->settings->sub_address[0] != '\0' &&
	    strchr(doctor_value(doctor, "recipient_delimiter"), '+') == NULL)
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 0, "recipient_delimiter"),
		    "recipient_delimiter has no \"+\": %s+token@ is an unknown "
		    "user",
		    doctor->settings->sub_address);
}

void check_lifetimes(Doctor *doctor)
{
	static const char bounce_queue[] = "bounce_queue_lifetime";
	int64_t bounces = postconf_seconds(doctor_value(doctor, bounce_queue),
	    SECONDS_PER_DAY);
	int64_t queues = bounces +
			 postconf_seconds(doctor_value(doctor,
					      "maximal_queue_lifetime"),
			     SECONDS_PER_DAY);
	g_autofree char *wanted = duration_format(2 * queues);
	g_autofree char *has =
	    duration_format(doctor->settings->bounce_lifetime);

	if (bounces < SECONDS_PER_DAY)
		found(doctor, FINDING_WARNING, doctor_set(bounce_queue, "5d"),
		    "%s is %s: bounces that come while verpd is down for "
		    "longer are lost",
		    bounce_queue, doctor_value(doctor, bounce_queue));
	if (doctor->settings->bounce_lifetime < 2 * queues)
		found(doctor, FINDING_WARNING,
		    g_strdup_printf("bounce_lifetime = %s in %s", wanted,
			doctor->settings->file),
		    "bounce_lifetime is %s: mail may wait in queues for so "
		    "long that its bounce no longer counts (%s)",
		    has, wanted);
}

void check_timeouts(Doctor *doctor)
{
	const PostfixService *service = doctor_transport(doctor);
	const Settings *settings = doctor->settings;
	g_autofree char *limit_name = NULL;
	const char *limit;

	if (service == NULL)
		return;
	if (strcmp(service->command, "lmtp") == 0 &&
	    postconf_seconds(postconf_of(doctor->postconf, service,
				 "lmtp_data_done_timeout"),
		1) <= 2 * settings->busy_timeout)
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("postconf -Pe "
				    "'%s/unix/lmtp_data_done_timeout=600s'",
			service->name),
		    "lmtp_data_done_timeout is %s: Postfix hangs up while "
		    "verpd waits for a locked store (busy_timeout)",
		    postconf_of(doctor->postconf, service,
			"lmtp_data_done_timeout"));
	if (strcmp(service->command, "pipe") != 0)
		return;
	limit_name = g_strconcat(service->name, "_time_limit", NULL);
	limit = doctor_value(doctor, limit_name);
	if (limit[0] == '\0')
		limit = doctor_value(doctor, "command_time_limit");
	if (postconf_seconds(limit, 1) <= settings->deliver_timeout)
		found(doctor, FINDING_ERROR, doctor_set(limit_name, "1000s"),
		    "%s is %s, not above deliver_timeout: pipe(8) would bounce "
		    "what is only slow",
		    limit_name, limit);
}

/* How many processes SERVICE may have. */
static unsigned processes_of(const Doctor *doctor,
    const PostfixService *service)
{
	const char *limit = strcmp(service->process_limit, "-") == 0
				? doctor_value(doctor, "default_process_limit")
				: service->process_limit;
	uint64_t number = g_ascii_strtoull(limit, NULL, 10);

	return number == 0 || number > G_MAXINT ? G_MAXINT : (unsigned)number;
}

void check_processes(Doctor *doctor)
{
	const GPtrArray *services = postconf_services(doctor->postconf);
	const PostfixService *transport = doctor_transport(doctor);
	const Settings *settings = doctor->settings;
	uint64_t asking = 0;

	if (transport != NULL && strcmp(transport->command, "lmtp") == 0 &&
	    processes_of(doctor, transport) > settings->connection_limit)
		found(doctor, FINDING_WARNING,
		    g_strdup_printf("postconf -Fe '%s/unix/process_limit=20'",
			transport->name),
		    "%s may have more processes than connection_limit (%u): "
		    "some are told 421",
		    transport->name, settings->connection_limit);
	for (unsigned i = 0; i < services->len; i++) {
		const PostfixService *service = services->pdata[i];

		if ((strcmp(service->command, "smtpd") == 0 &&
			(doctor->is_verifying || doctor->is_enforcing)) ||
		    (doctor->is_signing &&
			g_hash_table_contains(service->options,
			    "smtp_generic_maps")))
			asking += processes_of(doctor, service);
	}
	if (asking > settings->map_connection_limit)
		found(doctor, FINDING_WARNING,
		    g_strdup_printf("map_connection_limit = %u in %s",
			(unsigned)MIN(asking, 10000), settings->file),
		    "%u processes of Postfix may ask, but map_connection_limit "
		    "is %u: they hang up on each other",
		    (unsigned)MIN(asking, G_MAXINT),
		    settings->map_connection_limit);
}

void check_size(Doctor *doctor)
{
	uint64_t theirs = g_ascii_strtoull(doctor_value(doctor,
					       "message_size_limit"),
	    NULL, 10);
	uint64_t ours = doctor->settings->message_size_limit;

	if (ours != 0 && (theirs == 0 || theirs > ours))
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("message_size_limit = 0 in %s",
			doctor->settings->file),
		    "Postfix takes larger messages than verpd's "
		    "message_size_limit: bounces between the two are dropped");
}
