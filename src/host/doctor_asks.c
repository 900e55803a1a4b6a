/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Postfix asks us: signing, verifying, enforcing. */
#include "doctor_private.h"

#include <string.h>

/* ---- sign ---- */

void check_verp(Doctor *doctor)
{
	const char *clients = doctor_value(doctor,
	    "smtpd_authorized_verp_clients");
	static const char *const open[] = { "0.0.0.0/0", "static:all",
		"static:*", "::/0", "[::]/0" };

	if (strcmp(doctor_value(doctor, "default_verp_delimiters"), "+=") != 0)
		found(doctor, FINDING_ERROR,
		    doctor_set("default_verp_delimiters", "+="),
		    "default_verp_delimiters is %s: verpd reads "
		    "base+local=domain",
		    doctor_value(doctor, "default_verp_delimiters"));
	if (doctor_is_yes(doctor_value(doctor, "disable_verp_bounces")))
		found(doctor, FINDING_ERROR,
		    doctor_set("disable_verp_bounces", "no"),
		    "disable_verp_bounces: bounces of XVERP mail name no "
		    "recipient");
	for (unsigned i = 0; i < G_N_ELEMENTS(open); i++)
		if (postconf_has_item(clients, open[i]))
			found(doctor, FINDING_ERROR,
			    doctor_set("smtpd_authorized_verp_clients",
				"$mynetworks"),
			    "smtpd_authorized_verp_clients has %s: everybody "
			    "may use XVERP",
			    open[i]);
	if (doctor->is_signing && (clients[0] == '\0' || clients[0] == '$'))
		found(doctor, FINDING_NOTE,
		    doctor_mend(doctor, 1u << WIRING_SIGN,
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
		if (strstr(doctor_value(doctor, names[i]), ":sign") != NULL)
			found(doctor, FINDING_ERROR, doctor_set(names[i], ""),
			    "%s in main.cf asks verpd: it signs for outsiders "
			    "whose mail passes through, and when verpd is down "
			    "all mail stops",
			    names[i]);
	if (smtp != NULL && g_hash_table_contains(smtp->options, names[0]) &&
	    asks_to_sign(doctor->postconf, smtp))
		found(doctor, FINDING_ERROR,
		    g_strdup("postconf -PX 'smtp/unix/smtp_generic_maps'"),
		    "the smtp transport of all mail asks verpd: campaigns need "
		    "one of their own");
}

static void check_rest(Doctor *doctor)
{
	static const char name[] = "service_throttle_time";
	char *mend = doctor_mend(doctor, 1u << WIRING_SIGN, name);

	if (mend != NULL)
		found(doctor, FINDING_WARNING, mend,
		    "after an outage of verpd, which holds its own sockets, "
		    "campaigns wait for another %s (%s)",
		    doctor_value(doctor, name), name);
}

void check_signing(Doctor *doctor)
{
	static const char name[] = "sender_dependent_default_transport_maps";
	bool is_sub = doctor->settings->sub_address[0] != '\0';
	g_autofree char *key = is_sub ? doctor_return_path(doctor, "")
				      : g_strconcat("@", doctor_domain(doctor),
					    NULL);
	g_autofree char *tables = doctor_present(doctor_value(doctor, name));
	g_autofree char *result = NULL;
	g_autofree char *service_name = NULL;
	const PostfixService *service;

	if (!doctor->is_signing &&
	    postconf_service(doctor->postconf, "campout", "unix") != NULL)
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_SIGN, "campout/unix"),
		    "campout has no smtp_generic_maps that ask verpd: "
		    "campaigns "
		    "leave unsigned");
	if (!doctor->is_signing)
		return;
	check_rest(doctor);
	result = doctor_ask_tables(doctor, name, tables, key);
	if (result == NULL)
		return;
	if (result[0] == '\0') {
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_SIGN, name),
		    "%s has nothing for %s: campaigns leave unsigned", name,
		    key);
		return;
	}
	service_name = g_strndup(result, strcspn(result, ":"));
	service = postconf_service(doctor->postconf, service_name, "unix");
	if (service == NULL)
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_SIGN, "campout/unix"),
		    "master.cf has no transport \"%s\": campaigns wait and "
		    "expire",
		    service_name);
	else if (!asks_to_sign(doctor->postconf, service))
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_SIGN, name),
		    "the transport %s of campaigns does not ask verpd to sign",
		    service_name);
}

/* Whether any check_sender_access of RESTRICTIONS refuses our domain. */
static bool refuses_senders(Doctor *doctor, const char *restrictions)
{
	g_auto(GStrv) items = postconf_items(restrictions);
	g_autofree char *address = doctor_return_path(doctor, "");

	for (char **item = items; *item != NULL && item[1] != NULL; item++) {
		const char *keys[] = { address, doctor_domain(doctor) };

		if (strcmp(*item, "check_sender_access") != 0)
			continue;
		for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
			g_autofree char *action = doctor_ask_tables(doctor,
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
		if (refuses_senders(doctor, doctor_value(doctor, lists[i])))
			return;
	found(doctor, FINDING_ERROR,
	    doctor_mend(doctor, 1u << WIRING_SIGN, "smtpd_sender_restrictions"),
	    "anybody outside may send as a return path of %s, have it signed "
	    "and see the token",
	    doctor_domain(doctor));
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

		if (line->kind == WIRING_OPTION && !line->is_done &&
		    g_str_has_suffix(line->name,
			"/local_header_rewrite_clients"))
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
	    maps = postconf_items(doctor_value(doctor, "relay_recipient_maps"));
	g_auto(GStrv)
	    domains = postconf_items(doctor_value(doctor, "relay_domains"));
	const char *home = doctor_value(doctor, "mydestination");

	if (g_strv_length(maps) != 1)
		return;
	for (char **domain = domains; *domain != NULL; domain++) {
		g_autofree char *escaped = g_regex_escape_string(*domain, -1);

		if (g_strv_contains((const char *const *)
					doctor->settings->bounce_domains,
			*domain) ||
		    postconf_has_item(home, *domain))
			continue;
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("postconf -e 'relay_recipient_maps = "
				    "regexp:{{/@%s$$/ OK}}, %s'",
			escaped, maps[0]),
		    "relay_recipient_maps knows return paths alone: mail for "
		    "%s is refused",
		    *domain);
	}
}

/* Whether TABLE, of relay_recipient_maps and not ours, has any return path. */
static bool takes_all(Doctor *doctor, const char *table)
{
	g_autofree char *forged = doctor_return_path(doctor, "");
	const char *keys[] = { forged, strchr(forged, '@') };

	for (unsigned i = 0;
	     strstr(table, ":token") == NULL && i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *result = doctor_ask_tables(doctor,
		    "relay_recipient_maps", table, keys[i]);

		if (result != NULL && result[0] != '\0')
			return true;
	}
	return false;
}

/* What keeps smtpd(8) from asking, or from heeding the answer. */
static void check_asked(Doctor *doctor)
{
	static const char name[] = "relay_recipient_maps";
	static const char unlisted[] = "smtpd_reject_unlisted_recipient";
	g_auto(GStrv) maps = postconf_items(doctor_value(doctor, name));
	g_autoptr(GString) rest = g_string_new(NULL);
	const char *takes = NULL;

	for (char **map = maps; *map != NULL; map++) {
		if (takes_all(doctor, *map))
			takes = *map;
		else
			g_string_append_printf(rest, "%s%s",
			    rest->len > 0 ? ", " : "", *map);
	}
	if (takes != NULL)
		found(doctor, FINDING_ERROR, doctor_set(name, rest->str),
		    "%s has %s, which takes every address of %s: nothing is "
		    "refused",
		    name, takes, doctor_domain(doctor));
	if (strcmp(doctor_value(doctor, unlisted), "no") == 0 &&
	    !postconf_has_item(doctor_value(doctor,
				   "smtpd_recipient_restrictions"),
		"reject_unlisted_recipient"))
		found(doctor, FINDING_ERROR, doctor_set(unlisted, "yes"),
		    "%s = no: smtpd(8) does not ask, nothing is refused",
		    unlisted);
}

void check_verifying(Doctor *doctor)
{
	const char *check = doctor_value(doctor, "verpd_verify");

	if (!doctor->is_verifying)
		return;
	if (doctor->settings->sub_address[0] == '\0') {
		check_others(doctor);
		check_asked(doctor);
		return;
	}
	if (!postconf_has_item(check, "reject"))
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_VERIFY, "verpd_verify"),
		    "verpd_verify does not end with reject: nothing is "
		    "refused");
	if (!postconf_has_item(doctor_value(doctor,
				   "smtpd_restriction_classes"),
		"verpd_verify") ||
	    strstr(doctor_value(doctor, "smtpd_recipient_restrictions"),
		"verpd_verify") == NULL)
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_VERIFY,
			"smtpd_recipient_restrictions"),
		    "verpd_verify is never asked");
}

/* Whether something of ITEMS permits a client before the policy is asked. */
static bool permits_first(const Doctor *doctor, char **items)
{
	for (; *items != NULL; items++) {
		if (asks_policy(doctor, *items))
			return false;
		if (strcmp(*items, "permit_mynetworks") == 0 ||
		    strcmp(*items, "permit_sasl_authenticated") == 0 ||
		    strcmp(*items, "permit") == 0)
			return true;
	}
	return false;
}

/* The class that asks: known to smtpd(8), which answers 451 to everybody
   otherwise, and asked of campaign senders alone. */
static void check_class(Doctor *doctor)
{
	static const char classes[] = "smtpd_restriction_classes";
	const char *text = doctor_value(doctor, "smtpd_recipient_restrictions");

	if (strstr(text, doctor->policy) != NULL)
		found(doctor, FINDING_WARNING,
		    doctor_mend(doctor, 1u << WIRING_ENFORCE, "verpd_enforce"),
		    "the policy service is asked of all mail: when verpd is "
		    "down all mail waits, not campaigns alone");
	else if (strstr(text, "verpd_policy") != NULL &&
		 !postconf_has_item(doctor_value(doctor, classes),
		     "verpd_policy"))
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_ENFORCE, classes),
		    "verpd_policy is not in %s: campaign mail is told 451",
		    classes);
}

/* The tables behind check_sender_access in ITEMS, as one list. */
static char *sender_tables(char *const *items)
{
	g_autoptr(GString) tables = g_string_new(NULL);

	for (; *items != NULL; items++)
		if (strcmp(*items, "check_sender_access") == 0 &&
		    items[1] != NULL)
			g_string_append_printf(tables, "%s%s",
			    tables->len > 0 ? ", " : "", items[1]);
	return g_string_free(g_steal_pointer(&tables), FALSE);
}

/* Whether what looks the sender up finds our campaigns: a domain that came
   later is forgotten there. */
static void check_senders(Doctor *doctor)
{
	static const char name[] = "verpd_enforce";
	const char *before = doctor->settings->sub_address;
	g_auto(GStrv) items = postconf_items(doctor_value(doctor, name));
	g_autofree char *tables = sender_tables(items);

	for (char **domain = doctor->settings->bounce_domains;
	     tables[0] != '\0' && *domain != NULL; domain++) {
		g_autofree char *address = g_strconcat(before,
		    before[0] != '\0' ? "+news@" : "news@", *domain, NULL);
		g_autofree char *by_address = doctor_ask_tables(doctor, name,
		    tables, address);
		g_autofree char *by_domain = NULL;

		if (by_address == NULL ||
		    strstr(by_address, "verpd_policy") != NULL)
			continue;
		by_domain = doctor_ask_tables(doctor, name, tables, *domain);
		if (by_domain == NULL ||
		    strstr(by_domain, "verpd_policy") != NULL)
			continue;
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_ENFORCE, name),
		    "verpd_enforce has nothing for %s: nobody asks about its "
		    "campaigns",
		    address);
	}
}

void check_enforcing(Doctor *doctor)
{
	static const char name[] = "smtpd_recipient_restrictions";
	const GPtrArray *services = postconf_services(doctor->postconf);

	if (!doctor->is_enforcing &&
	    doctor_value(doctor, "verpd_enforce")[0] != '\0')
		found(doctor, FINDING_ERROR,
		    doctor_mend(doctor, 1u << WIRING_ENFORCE, name),
		    "no %s has $verpd_enforce: nobody asks, suppressed "
		    "recipients are mailed and paused campaigns leave",
		    name);
	check_class(doctor);
	if (doctor->is_enforcing)
		check_senders(doctor);
	for (unsigned i = 0; doctor->is_enforcing && i < services->len; i++) {
		const PostfixService *service = services->pdata[i];
		const char *text = postconf_of(doctor->postconf, service, name);
		g_auto(GStrv) items = postconf_items(text);
		const char *filter = g_hash_table_lookup(service->options,
		    "content_filter");
		bool is_own = g_hash_table_contains(service->options, name);
		g_autofree char *own = g_strdup_printf("%s/%s/%s",
		    service->name, service->type, name);

		/* what a filter hands back was asked about when it came */
		if (strcmp(service->command, "smtpd") != 0 ||
		    (filter != NULL && filter[0] == '\0'))
			continue;
		if (!asks_policy(doctor, text))
			found(doctor, FINDING_WARNING,
			    doctor_mend(doctor, 1u << WIRING_ENFORCE,
				is_own ? own : name),
			    "%s has no $verpd_enforce in %s%s: campaign mail "
			    "that comes in there is not asked about",
			    service->name, is_own ? "an own " : "", name);
		else if (permits_first(doctor, items))
			found(doctor, FINDING_ERROR, NULL,
			    "%s: the policy service stands behind what permits "
			    "its clients: it is never asked; put it first",
			    service->name);
	}
}
