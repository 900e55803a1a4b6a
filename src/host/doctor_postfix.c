/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Postfix's side: what main.cf and master.cf say, and what that does. */
#include "doctor_private.h"

#include "text.h"
#include "units.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *value(const Doctor *doctor, const char *name)
{
	return postconf_value(doctor->postconf, name);
}

static const char *domain_of(const Doctor *doctor)
{
	return doctor->settings->bounce_domains[0] != NULL
		   ? doctor->settings->bounce_domains[0]
		   : "";
}

/* The command that mends NAME, of PLACES; or NULL. */
static char *mend(const Doctor *doctor, unsigned places, const char *name)
{
	const WiringWish wish = { places, false };
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
static char *set(const char *name, const char *wanted)
{
	return g_strdup_printf("postconf -e '%s = %s'", name, wanted);
}

/* Whether "yes" or what Postfix takes for it. */
static bool is_yes(const char *text)
{
	return g_ascii_strcasecmp(text, "yes") == 0 ||
	       g_ascii_strcasecmp(text, "true") == 0;
}

/* A time of Postfix: a number and s, m, h, d or w; without, in UNIT. */
static int64_t seconds(const char *text, int64_t unit)
{
	char *end = NULL;
	int64_t number = (int64_t)g_ascii_strtoull(text, &end, 10);

	switch (*end) {
	case 's':
		return number;
	case 'm':
		return number * 60;
	case 'h':
		return number * 3600;
	case 'd':
		return number * SECONDS_PER_DAY;
	case 'w':
		return number * 7 * SECONDS_PER_DAY;
	default:
		return number * unit;
	}
}

static char *ask_tables(Doctor *doctor, const char *name, const char *tables,
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
	g_auto(GStrv) items = postconf_items(value(doctor, name));

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
			result = ask_tables(doctor, name, *item, domain);
			if (result != NULL && result[0] != '\0')
				return true;
		}
	}
	return false;
}

/* An address such as bounces come to: NAME in front of what tokens have. */
static char *some_return_path(const Doctor *doctor, const char *name)
{
	bool is_sub = doctor->settings->sub_address[0] != '\0';

	return g_strdup_printf("%s%s%sb-verpddoctor@%s", name,
	    doctor->settings->sub_address, is_sub ? "+" : "",
	    domain_of(doctor));
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
			    mend(doctor, 0, "relay_domains"),
			    "%s is no domain that this Postfix takes mail for: "
			    "bounces are refused as relaying",
			    *domain);
	}
}

/* What transport_maps says of ADDRESS: asked as trivial-rewrite(8) does. */
static char *transport_of(Doctor *doctor, const char *address)
{
	const char *tables = value(doctor, "transport_maps");
	const char *at = strrchr(address, '@');
	const char *keys[] = { address, at + 1 };

	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
		char *result = ask_tables(doctor, "transport_maps", tables,
		    keys[i]);

		if (result == NULL || result[0] != '\0')
			return result;
		g_free(result);
	}
	return g_strdup("");
}

void check_transport(Doctor *doctor)
{
	g_autofree char *ours = some_return_path(doctor, "");
	g_autofree char *other = some_return_path(doctor, "x");
	g_autofree char *others = NULL;

	doctor->transport = transport_of(doctor, ours);
	if (doctor->transport == NULL)
		return;
	if (doctor->transport[0] == '\0') {
		found(doctor, FINDING_ERROR, mend(doctor, 0, "transport_maps"),
		    "transport_maps has nothing for %s: bounces never come "
		    "here",
		    ours);
		return;
	}
	if (doctor->settings->sub_address[0] == '\0')
		return;
	others = transport_of(doctor, other);
	if (others != NULL && strcmp(others, doctor->transport) == 0)
		found(doctor, FINDING_ERROR, mend(doctor, 0, "transport_maps"),
		    "transport_maps sends %s to verpd, too: the pattern is not "
		    "anchored",
		    other);
}

/* The service that the transport names, or NULL. */
static const PostfixService *transport_service(const Doctor *doctor)
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

static void check_option(Doctor *doctor, const PostfixService *service,
    const char *name, const char *why)
{
	if (is_yes(postconf_of(doctor->postconf, service, name)))
		return;
	found(doctor, FINDING_ERROR,
	    g_strdup_printf("postconf -Pe '%s/unix/%s=yes'", service->name,
		name),
	    "%s in master.cf has no %s=yes: %s", service->name, name, why);
}

void check_transport_service(Doctor *doctor)
{
	const PostfixService *service = transport_service(doctor);

	if (doctor->transport == NULL || doctor->transport[0] == '\0')
		return;
	if (service == NULL) {
		found(doctor, FINDING_ERROR, mend(doctor, 0, "verpd-lmtp/unix"),
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

/* ---- sockets ---- */

/* Since Postfix 3.0 "-" is "n"; before, or compatible with that, "y". */
static bool is_chrooted(const Doctor *doctor, const PostfixService *service)
{
	if (strcmp(service->is_chrooted, "-") == 0)
		return g_ascii_strtod(value(doctor, "compatibility_level"),
			   NULL) < 1;
	return strcmp(service->is_chrooted, "y") == 0;
}

typedef struct Who {
	uid_t uid;
	gid_t groups[64];
	int n_groups;
} Who;

static bool postfix_user(const Doctor *doctor, Who *who)
{
	const struct passwd *user = getpwnam(value(doctor, "mail_owner"));

	who->n_groups = G_N_ELEMENTS(who->groups);
	if (user == NULL)
		return false;
	who->uid = user->pw_uid;
	return getgrouplist(user->pw_name, user->pw_gid, who->groups,
		   &who->n_groups) >= 0;
}

/* Whether WHO has BITS (of 7) on ST. */
static bool may(const Who *who, const struct stat *st, unsigned bits)
{
	if (st->st_uid == who->uid)
		return ((unsigned)st->st_mode >> 6 & bits) == bits;
	for (int i = 0; i < who->n_groups; i++)
		if (who->groups[i] == st->st_gid)
			return ((unsigned)st->st_mode >> 3 & bits) == bits;
	return ((unsigned)st->st_mode & bits) == bits;
}

/* Whether Postfix may connect to PATH; else *RET_WHERE (g_free() it) is the
   part of it that is in the way. */
static bool may_connect(const Doctor *doctor, const char *path,
    char **ret_where)
{
	g_autofree char *directory = g_path_get_dirname(path);
	struct stat st;
	Who who;

	*ret_where = NULL;
	if (!postfix_user(doctor, &who))
		return true;
	for (;;) {
		g_autofree char *above = g_path_get_dirname(directory);

		if (stat(directory, &st) == 0 && !may(&who, &st, 1)) {
			*ret_where = g_strdup(directory);
			return false;
		}
		if (strcmp(above, directory) == 0)
			break;
		g_free(directory);
		directory = g_steal_pointer(&above);
	}
	if (stat(path, &st) == 0 && !may(&who, &st, 2)) {
		*ret_where = g_strdup(path);
		return false;
	}
	return true;
}

/* Whether SERVICE reaches the socket NAME; tells it if not. */
static void reach(Doctor *doctor, const PostfixService *service,
    const char *name)
{
	g_autofree char *path = NULL;
	g_autofree char *where = NULL;
	struct stat st;

	if (!g_str_has_prefix(name, "unix:"))
		return;
	if (name[5] == '/' && is_chrooted(doctor, service)) {
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("postconf -Fe '%s/%s/chroot=n'",
			service->name, service->type),
		    "%s is chrooted and cannot see %s", service->name,
		    name + 5);
		return;
	}
	path = name[5] == '/' ? g_strdup(name + 5)
			      : postconf_queue_path(doctor->postconf, name + 5);
	if (stat(path, &st) != 0) {
		found(doctor, errno == EACCES ? FINDING_NOTE : FINDING_ERROR,
		    g_strdup(errno == EACCES ? "run verpctl doctor as root"
					     : "systemctl start verpd.socket"),
		    "%s: %s", path, g_strerror(errno));
		return;
	}
	if (!S_ISSOCK(st.st_mode))
		found(doctor, FINDING_ERROR, NULL, "%s is not a socket", path);
	else if (!may_connect(doctor, path, &where))
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("listen_group, listen_mode in verpd.conf, "
				    "or chown %s %s",
			value(doctor, "mail_owner"), where),
		    "%s is closed to %s: Postfix cannot reach %s", where,
		    value(doctor, "mail_owner"), path);
}

void check_socket(Doctor *doctor)
{
	const PostfixService *service = transport_service(doctor);
	const char *name;

	if (service == NULL || strcmp(service->command, "lmtp") != 0)
		return;
	name = strchr(doctor->transport, ':');
	if (name != NULL)
		reach(doctor, service, name + 1);
}

void check_map_sockets(Doctor *doctor)
{
	const GPtrArray *services = postconf_services(doctor->postconf);

	for (unsigned i = 0; i < services->len; i++) {
		const PostfixService *service = services->pdata[i];
		bool is_smtpd = strcmp(service->command, "smtpd") == 0;

		if (is_smtpd && doctor->is_verifying)
			reach(doctor, service, doctor->map);
		if (is_smtpd && doctor->is_enforcing)
			reach(doctor, service, doctor->policy);
		if (strcmp(service->command, "smtp") == 0 &&
		    strstr(postconf_of(doctor->postconf, service,
			       "smtp_generic_maps"),
			":sign") != NULL)
			reach(doctor, service, doctor->map);
	}
}

/* ---- main.cf ---- */

void check_soft_bounce(Doctor *doctor)
{
	if (is_yes(value(doctor, "soft_bounce")))
		found(doctor, FINDING_WARNING, set("soft_bounce", "no"),
		    "soft_bounce is on for all mail: what fails for good is "
		    "tried for days, and reported then");
}

void check_notify(Doctor *doctor)
{
	const char *to = value(doctor, "2bounce_notice_recipient");
	const char *at = strrchr(to, '@');

	if (!postconf_has_item(value(doctor, "notify_classes"), "2bounce"))
		found(doctor, FINDING_WARNING,
		    mend(doctor, 0, "notify_classes"),
		    "a bounce that stays undeliverable disappears without a "
		    "word");
	if (at != NULL && g_ascii_strcasecmp(at + 1, domain_of(doctor)) == 0 &&
	    doctor->settings->sub_address[0] == '\0')
		found(doctor, FINDING_ERROR,
		    set("2bounce_notice_recipient", "postmaster"),
		    "2bounce_notice_recipient %s leads to verpd", to);
}

void check_own_hosts(Doctor *doctor)
{
	const char *myhostname = value(doctor, "myhostname");

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
	if (strcmp(value(doctor, "smtpd_forbid_bare_newline"), "no") == 0)
		found(doctor, FINDING_WARNING,
		    mend(doctor, 0, "smtpd_forbid_bare_newline"),
		    "a bare newline ends a message: a second one can be "
		    "smuggled behind it (CVE-2023-51764)");
}

void check_smtputf8(Doctor *doctor)
{
	if (strcmp(value(doctor, "smtputf8_enable"), "no") == 0)
		found(doctor, FINDING_WARNING, set("smtputf8_enable", "yes"),
		    "bounces of internationalized mail (RFC 6533) are refused");
}

void check_delimiter(Doctor *doctor)
{
	if (doctor->settings->sub_address[0] != '\0' &&
	    strchr(value(doctor, "recipient_delimiter"), '+') == NULL)
		found(doctor, FINDING_ERROR,
		    mend(doctor, 0, "recipient_delimiter"),
		    "recipient_delimiter has no \"+\": %s+token@ is an unknown "
		    "user",
		    doctor->settings->sub_address);
}

void check_lifetimes(Doctor *doctor)
{
	int64_t queues =
	    seconds(value(doctor, "maximal_queue_lifetime"), SECONDS_PER_DAY) +
	    seconds(value(doctor, "bounce_queue_lifetime"), SECONDS_PER_DAY);
	g_autofree char *wanted = duration_format(2 * queues);
	g_autofree char *has =
	    duration_format(doctor->settings->bounce_lifetime);

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
	const PostfixService *service = transport_service(doctor);
	const Settings *settings = doctor->settings;
	g_autofree char *limit_name = NULL;
	const char *limit;

	if (service == NULL)
		return;
	if (strcmp(service->command, "lmtp") == 0 &&
	    seconds(postconf_of(doctor->postconf, service,
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
	limit = value(doctor, limit_name);
	if (limit[0] == '\0')
		limit = value(doctor, "command_time_limit");
	if (seconds(limit, 1) <= settings->deliver_timeout)
		found(doctor, FINDING_ERROR, set(limit_name, "1000s"),
		    "%s is %s, not above deliver_timeout: pipe(8) would bounce "
		    "what is only slow",
		    limit_name, limit);
}

/* How many processes SERVICE may have. */
static unsigned processes_of(const Doctor *doctor,
    const PostfixService *service)
{
	const char *limit = strcmp(service->process_limit, "-") == 0
				? value(doctor, "default_process_limit")
				: service->process_limit;
	uint64_t number = g_ascii_strtoull(limit, NULL, 10);

	return number == 0 || number > G_MAXINT ? G_MAXINT : (unsigned)number;
}

void check_processes(Doctor *doctor)
{
	const GPtrArray *services = postconf_services(doctor->postconf);
	const PostfixService *transport = transport_service(doctor);
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
	uint64_t theirs = g_ascii_strtoull(value(doctor, "message_size_limit"),
	    NULL, 10);
	uint64_t ours = doctor->settings->message_size_limit;

	if (ours != 0 && (theirs == 0 || theirs > ours))
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("message_size_limit = 0 in %s",
			doctor->settings->file),
		    "Postfix takes larger messages than verpd's "
		    "message_size_limit: bounces between the two are dropped");
}

/* ---- sign ---- */

void check_verp(Doctor *doctor)
{
	const char *clients = value(doctor, "smtpd_authorized_verp_clients");
	static const char *const open[] = { "0.0.0.0/0", "static:all",
		"static:*", "::/0", "[::]/0" };

	if (strcmp(value(doctor, "default_verp_delimiters"), "+=") != 0)
		found(doctor, FINDING_ERROR,
		    set("default_verp_delimiters", "+="),
		    "default_verp_delimiters is %s: verpd reads "
		    "base+local=domain",
		    value(doctor, "default_verp_delimiters"));
	if (is_yes(value(doctor, "disable_verp_bounces")))
		found(doctor, FINDING_ERROR, set("disable_verp_bounces", "no"),
		    "disable_verp_bounces: bounces of XVERP mail name no "
		    "recipient");
	for (unsigned i = 0; i < G_N_ELEMENTS(open); i++)
		if (postconf_has_item(clients, open[i]))
			found(doctor, FINDING_ERROR,
			    set("smtpd_authorized_verp_clients", "$mynetworks"),
			    "smtpd_authorized_verp_clients has %s: everybody "
			    "may use XVERP",
			    open[i]);
	if (doctor->is_signing && (clients[0] == '\0' || clients[0] == '$'))
		found(doctor, FINDING_NOTE,
		    mend(doctor, 1u << WIRING_SIGN,
			"smtpd_authorized_verp_clients"),
		    "no program may ask for XVERP by SMTP, only sendmail -XV "
		    "can");
}

void check_generic(Doctor *doctor)
{
	static const char *const names[] = { "smtp_generic_maps",
		"lmtp_generic_maps" };
	const PostfixService *smtp = postconf_service(doctor->postconf, "smtp",
	    "unix");

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (strstr(value(doctor, names[i]), ":sign") != NULL)
			found(doctor, FINDING_ERROR, set(names[i], ""),
			    "%s in main.cf asks verpd: it signs for outsiders "
			    "whose mail passes through, and when verpd is down "
			    "all mail stops",
			    names[i]);
	if (smtp != NULL && g_hash_table_contains(smtp->options, names[0]) &&
	    strstr(postconf_of(doctor->postconf, smtp, names[0]), ":sign") !=
		NULL)
		found(doctor, FINDING_ERROR,
		    g_strdup("postconf -PX 'smtp/unix/smtp_generic_maps'"),
		    "the smtp transport of all mail asks verpd: campaigns need "
		    "one of their own");
}

void check_signing(Doctor *doctor)
{
	static const char name[] = "sender_dependent_default_transport_maps";
	bool is_sub = doctor->settings->sub_address[0] != '\0';
	g_autofree char *key = is_sub
				   ? some_return_path(doctor, "")
				   : g_strconcat("@", domain_of(doctor), NULL);
	g_autofree char *result = NULL;
	g_autofree char *service_name = NULL;
	const PostfixService *service;

	if (!doctor->is_signing)
		return;
	result = ask_tables(doctor, name, value(doctor, name), key);
	if (result == NULL)
		return;
	if (result[0] == '\0') {
		found(doctor, FINDING_ERROR,
		    mend(doctor, 1u << WIRING_SIGN, name),
		    "%s has nothing for %s: campaigns leave unsigned", name,
		    key);
		return;
	}
	service_name = g_strndup(result, strcspn(result, ":"));
	service = postconf_service(doctor->postconf, service_name, "unix");
	if (service == NULL)
		found(doctor, FINDING_ERROR,
		    mend(doctor, 1u << WIRING_SIGN, "campout/unix"),
		    "master.cf has no transport \"%s\": campaigns wait and "
		    "expire",
		    service_name);
	else if (strstr(postconf_of(doctor->postconf, service,
			    "smtp_generic_maps"),
		     ":sign") == NULL)
		found(doctor, FINDING_ERROR,
		    mend(doctor, 1u << WIRING_SIGN, name),
		    "the transport %s of campaigns does not ask verpd to sign",
		    service_name);
}

/* Whether any check_sender_access of RESTRICTIONS refuses our domain. */
static bool refuses_senders(Doctor *doctor, const char *restrictions)
{
	g_auto(GStrv) items = postconf_items(restrictions);
	g_autofree char *address = some_return_path(doctor, "");

	for (char **item = items; *item != NULL && item[1] != NULL; item++) {
		const char *keys[] = { address, domain_of(doctor) };

		if (strcmp(*item, "check_sender_access") != 0)
			continue;
		for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
			g_autofree char *action = ask_tables(doctor,
			    "check_sender_access", item[1], keys[i]);

			if (action != NULL &&
			    (action[0] == '5' ||
				g_ascii_strncasecmp(action, "reject", 6) == 0))
				return true;
		}
	}
	return false;
}

void check_outsiders(Doctor *doctor)
{
	static const char *const lists[] = { "smtpd_client_restrictions",
		"smtpd_helo_restrictions", "smtpd_sender_restrictions",
		"smtpd_relay_restrictions", "smtpd_recipient_restrictions",
		"smtpd_data_restrictions" };

	if (!doctor->is_signing)
		return;
	for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
		if (refuses_senders(doctor, value(doctor, lists[i])))
			return;
	found(doctor, FINDING_ERROR,
	    mend(doctor, 1u << WIRING_SIGN, "smtpd_sender_restrictions"),
	    "anybody outside may send as a return path of %s, have it signed "
	    "and see the token",
	    domain_of(doctor));
}

void check_reinjection(Doctor *doctor)
{
	const WiringWish wish = { 1u << WIRING_SIGN, false };
	g_autoptr(GPtrArray) lines = NULL;

	if (!doctor->is_signing)
		return;
	lines = wiring_lines(doctor->settings, doctor->postconf, &wish);
	for (unsigned i = 0; i < lines->len; i++) {
		const WiringLine *line = lines->pdata[i];

		if (line->kind == WIRING_OPTION && !line->is_done)
			found(doctor, FINDING_ERROR, wiring_command(line),
			    "%s: headers of a stranger's mail that a filter "
			    "hands back are rewritten as ours",
			    line->name);
	}
}

/* ---- verify and enforce ---- */

/* Relayed domains that relay_recipient_maps, once it has ours, refuses. */
static void check_others(Doctor *doctor)
{
	g_auto(GStrv)
	    maps = postconf_items(value(doctor, "relay_recipient_maps"));
	g_auto(GStrv) domains = postconf_items(value(doctor, "relay_domains"));
	const char *home = value(doctor, "mydestination");

	if (g_strv_length(maps) != 1)
		return;
	for (char **domain = domains; *domain != NULL; domain++)
		if (!g_strv_contains((const char *const *)
					 doctor->settings->bounce_domains,
			*domain) &&
		    !postconf_has_item(home, *domain))
			found(doctor, FINDING_ERROR,
			    g_strdup_printf("postconf -e "
					    "'relay_recipient_maps = %s, "
					    "inline:{@%s=OK}'",
				maps[0], *domain),
			    "relay_recipient_maps knows return paths alone: "
			    "mail for %s is refused",
			    *domain);
}

void check_verifying(Doctor *doctor)
{
	const char *check = value(doctor, "verpd_verify");

	if (!doctor->is_verifying)
		return;
	if (doctor->settings->sub_address[0] == '\0') {
		check_others(doctor);
		return;
	}
	if (!postconf_has_item(check, "reject"))
		found(doctor, FINDING_ERROR,
		    mend(doctor, 1u << WIRING_VERIFY, "verpd_verify"),
		    "verpd_verify does not end with reject: nothing is "
		    "refused");
	if (!postconf_has_item(value(doctor, "smtpd_restriction_classes"),
		"verpd_verify") ||
	    strstr(value(doctor, "smtpd_recipient_restrictions"),
		"verpd_verify") == NULL)
		found(doctor, FINDING_ERROR,
		    mend(doctor, 1u << WIRING_VERIFY,
			"smtpd_recipient_restrictions"),
		    "verpd_verify is never asked");
}

/* Whether something of ITEMS permits a client before the policy is asked. */
static bool permits_first(char **items, const char *policy)
{
	for (; *items != NULL; items++) {
		if (strstr(*items, policy) != NULL)
			return false;
		if (strcmp(*items, "permit_mynetworks") == 0 ||
		    strcmp(*items, "permit_sasl_authenticated") == 0 ||
		    strcmp(*items, "permit") == 0)
			return true;
	}
	return false;
}

void check_enforcing(Doctor *doctor)
{
	static const char name[] = "smtpd_recipient_restrictions";
	const GPtrArray *services = postconf_services(doctor->postconf);

	for (unsigned i = 0; doctor->is_enforcing && i < services->len; i++) {
		const PostfixService *service = services->pdata[i];
		const char *text = postconf_of(doctor->postconf, service, name);
		g_auto(GStrv) items = postconf_items(text);
		const char *filter = g_hash_table_lookup(service->options,
		    "content_filter");

		/* what a filter hands back was asked about when it came */
		if (strcmp(service->command, "smtpd") != 0 ||
		    (filter != NULL && filter[0] == '\0'))
			continue;
		if (strstr(text, doctor->policy) == NULL)
			found(doctor, FINDING_WARNING,
			    mend(doctor, 1u << WIRING_ENFORCE,
				g_hash_table_contains(service->options, name)
				    ? name
				    : ""),
			    "%s has %s of its own: campaign mail that comes in "
			    "there is not asked about",
			    service->name, name);
		else if (permits_first(items, doctor->policy))
			found(doctor, FINDING_ERROR, NULL,
			    "%s: the policy service stands behind what permits "
			    "its clients: it is never asked; put it first",
			    service->name);
	}
}
