/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What turns mail from its way before verpd sees it: tables that rewrite a
   return path, transports that are chosen before ours or switched off, and the
   table of paused campaigns, which stops all mail when it is not there. */
#include "doctor_private.h"
#include "pause_map.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char SENDERS[] = "sender_dependent_default_transport_maps";

/* ITEMS as a list, FIRST before them and without EXCEPT; each may be NULL. */
static char *join_items(char *const *items, const char *first,
    const char *except)
{
	g_autoptr(GString) list = g_string_new(first);

	for (; *items != NULL; items++)
		if (except == NULL || strcmp(*items, except) != 0)
			g_string_append_printf(list, "%s%s",
			    list->len > 0 ? ", " : "", *items);
	return g_string_free(g_steal_pointer(&list), FALSE);
}

/* As doctor_ask_tables(), but "" for what cannot be asked: that is the matter
   of the check that needs the table. */
static char *ask_quietly(const Doctor *doctor, const char *tables,
    const char *key)
{
	char *result = postconf_look_up(doctor->postconf, tables, key, NULL);

	return result != NULL ? result : g_strdup("");
}

/* ---- tables that are files ---- */

static bool is_proxied(const char *table)
{
	return g_str_has_prefix(table, "proxy:");
}

static const char *table_path(const char *table)
{
	const char *colon =
	    strchr(is_proxied(table) ? table + strlen("proxy:") : table, ':');

	return colon != NULL ? colon + 1 : "";
}

/* The file that Postfix reads for TABLE, or NULL: it is none. */
static char *file_of(const char *table)
{
	static const struct {
		const char *type, *suffix;
	} types[] = {
		{ "texthash:", "" },
		{ "regexp:", "" },
		{ "pcre:", "" },
		{ "cidr:", "" },
		{ "hash:", ".db" },
		{ "btree:", ".db" },
		{ "lmdb:", ".lmdb" },
		{ "cdb:", ".cdb" },
	};
	const char *path = table_path(table);

	if (is_proxied(table))
		table += strlen("proxy:");
	for (unsigned i = 0; path[0] == '/' && i < G_N_ELEMENTS(types); i++)
		if (g_str_has_prefix(table, types[i].type))
			return g_strconcat(path, types[i].suffix, NULL);
	return NULL;
}

/* Whether there is no such file; who may not look cannot tell. */
static bool is_missing(const char *file)
{
	struct stat st;

	return stat(file, &st) != 0 ? errno != EACCES : !S_ISREG(st.st_mode);
}

char *doctor_present(const char *tables)
{
	g_auto(GStrv) items = postconf_items(tables);
	g_autoptr(GStrvBuilder) present = g_strv_builder_new();
	g_auto(GStrv) rest = NULL;

	for (char **item = items; *item != NULL; item++) {
		g_autofree char *file = file_of(*item);

		if (file == NULL || !is_missing(file))
			g_strv_builder_add(present, *item);
	}
	rest = g_strv_builder_end(present);
	return join_items(rest, NULL, NULL);
}

/* ---- paused campaigns ---- */

static bool is_pause_map(const Doctor *doctor, const char *table)
{
	const char *ours = pause_map_path(doctor->settings->pause_map);
	g_autofree char *file = file_of(table);

	return file != NULL && (strcmp(table_path(table), ours) == 0 ||
				   strcmp(file, ours) == 0);
}

/* Each table of SENDERS must be there: trivial-rewrite(8) answers nobody
   without. */
static void check_present(Doctor *doctor, char *const *items)
{
	for (char *const *item = items; *item != NULL; item++) {
		g_autofree char *file = file_of(*item);
		g_autofree char *rest = join_items(items, NULL, *item);
		g_autofree char *where = NULL;
		g_autoptr(GString)
		    direct = g_string_new(doctor_value(doctor, SENDERS));

		if (file == NULL)
			continue;
		(void)g_string_replace(direct, *item,
		    *item + (is_proxied(*item) ? strlen("proxy:") : 0), 1);
		if (is_missing(file))
			found(doctor, FINDING_ERROR,
			    is_pause_map(doctor, *item)
				? g_strdup("systemctl restart verpd && "
					   "postfix reload")
				: doctor_set(SENDERS, rest),
			    "%s has %s, and there is no such file: all mail "
			    "waits, not campaigns alone",
			    SENDERS, *item);
		else if (is_proxied(*item) &&
			 !postfix_may(doctor, file, 4, &where))
			found(doctor, FINDING_ERROR,
			    doctor_set(SENDERS, direct->str),
			    "%s is closed to %s, as whom proxymap(8) reads %s: "
			    "all mail waits",
			    where, doctor_value(doctor, "mail_owner"), file);
	}
}

/* A table of patterns finds a whole address before one behind it is asked. */
static void check_order(Doctor *doctor, char *const *items, unsigned at)
{
	g_autofree char *base = doctor_return_path(doctor, "");

	for (unsigned i = 0; i < at; i++) {
		g_autofree char *file = file_of(items[i]);
		g_autofree char *first = join_items(items, items[at],
		    items[at]);
		g_autofree char *answer = NULL;

		if (file != NULL && is_missing(file))
			continue;
		answer = ask_quietly(doctor, items[i], base);
		if (answer[0] == '\0')
			continue;
		found(doctor, FINDING_ERROR, doctor_set(SENDERS, first),
		    "%s has %s before %s: mail of paused campaigns leaves",
		    SENDERS, items[i], items[at]);
		return;
	}
}

/* The first file of pause_map; g_free() it. */
static char *pause_file(const char *setting)
{
	TableType type = 0;

	while (!pause_map_has(setting, type))
		type++;
	return table_file(type, pause_map_path(setting));
}

/* TABLE is ours: does Postfix see it change? */
static void check_seen(Doctor *doctor, const char *table)
{
	int best = wiring_pause_type(doctor->settings, doctor->postconf);

	if (strstr(table, "texthash:") == NULL)
		return;
	found(doctor, FINDING_NOTE,
	    best != TABLE_TEXTHASH
		? doctor_mend(doctor, 1u << WIRING_SIGN, SENDERS)
		: g_strdup("apt-get install postfix-cdb, then verpctl "
			   "postfix-config"),
	    "%s is read once: when a campaign is paused by itself, what "
	    "sendmail(1) sends of it leaves until trivial-rewrite(8) starts "
	    "anew",
	    table);
}

void check_pause_map(Doctor *doctor)
{
	const char *setting = doctor->settings->pause_map;
	g_auto(GStrv) items = postconf_items(doctor_value(doctor, SENDERS));
	g_autofree char *ours = NULL;
	unsigned at = 0;

	check_present(doctor, items);
	if (setting[0] == '\0')
		return;
	ours = pause_file(setting);
	while (items[at] != NULL && !is_pause_map(doctor, items[at]))
		at++;
	if (items[at] != NULL) {
		check_order(doctor, items, at);
		check_seen(doctor, items[at]);
	} else if (is_missing(ours)) {
		found(doctor, FINDING_WARNING,
		    g_strdup("systemctl restart verpd, then verpctl "
			     "postfix-config"),
		    "pause_map is set, and %s is not there: verpd does not "
		    "run, or may not write it",
		    ours);
	} else if (wiring_pause_type(doctor->settings, doctor->postconf) < 0) {
		found(doctor, FINDING_WARNING,
		    g_strdup("apt-get install postfix-cdb, then verpctl "
			     "postfix-config"),
		    "pause_map is %s, and this Postfix has no such tables",
		    setting);
	} else {
		found(doctor, FINDING_WARNING,
		    doctor_mend(doctor, 1u << WIRING_SIGN, SENDERS),
		    "%s has not pause_map, %s: mail of sendmail(1) leaves "
		    "though its campaign is paused",
		    SENDERS, setting);
	}
}

/* ---- other ways ---- */

/* transport_maps comes before the table of senders, so what it says of
   everybody, or of very many, holds for campaigns, too. */
void check_bypass(Doctor *doctor)
{
	static const char *const domains[] = { "*", "gmail.com", "outlook.com",
		"hotmail.com", "yahoo.com" };
	g_autofree char *tables = doctor_present(doctor_value(doctor,
	    "transport_maps"));

	for (unsigned i = 0; doctor->is_signing && i < G_N_ELEMENTS(domains);
	     i++) {
		g_autofree char *result = ask_quietly(doctor, tables,
		    domains[i]);
		g_autofree char *name = g_strndup(result, strcspn(result, ":"));
		const PostfixService *service =
		    name[0] != '\0'
			? postconf_service(doctor->postconf, name, "unix")
			: NULL;

		if (service == NULL || strcmp(service->command, "smtp") != 0 ||
		    asks_to_sign(doctor->postconf, service))
			continue;
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("say \"%s\" there, without a transport: it "
				    "is the sender's then",
			result + strlen(name)),
		    "transport_maps sends mail for %s by %s, which comes "
		    "before %s: campaigns leave unsigned",
		    domains[i], name, SENDERS);
	}
}

void check_deferred(Doctor *doctor)
{
	const char *deferred = doctor_value(doctor, "defer_transports");
	const PostfixService *transport = doctor_transport(doctor);
	g_auto(GStrv) items = postconf_items(deferred);

	for (char **item = items; *item != NULL; item++) {
		const PostfixService *service =
		    postconf_service(doctor->postconf, *item, "unix");
		g_autofree char *rest = join_items(items, NULL, *item);
		bool is_ours = service != NULL && service == transport;

		if (service == NULL ||
		    (!is_ours && !asks_to_sign(doctor->postconf, service)))
			continue;
		found(doctor, FINDING_WARNING,
		    doctor_set("defer_transports", rest),
		    "defer_transports has %s: %s until it is taken out, or "
		    "expire",
		    *item, is_ours ? "bounces wait" : "campaigns wait");
	}
}

/* Campaigns that programs send by SMTP: wiring.c has a way for them. */
static void check_scanned(Doctor *doctor, const char *filter)
{
	const WiringWish wish = { 1u << WIRING_SIGN, false };
	g_autoptr(GPtrArray)
	    lines = wiring_lines(doctor->settings, doctor->postconf, &wish);
	bool is_any = false;

	for (unsigned i = 0; i < lines->len; i++) {
		const WiringLine *line = lines->pdata[i];

		if (!wiring_is_about_filter(line))
			continue;
		is_any = true;
		if (line->is_done)
			continue;
		if (line->value[0] == '\0' && line->kind == WIRING_MAIN)
			found(doctor, FINDING_ERROR, wiring_command(line),
			    "verpd_scan sends campaigns to a content filter "
			    "that is no more");
		else
			found(doctor, FINDING_WARNING, wiring_command(line),
			    "campaign mail by SMTP passes the filter %s "
			    "unsigned (%s): what is refused in session "
			    "afterwards counts as forged",
			    filter, line->name);
	}
	if (!is_any && filter[0] != '\0')
		found(doctor, FINDING_WARNING, NULL,
		    "campaign mail by SMTP passes the filter %s, which is "
		    "neither smtp(8) nor lmtp(8), unsigned: what is refused "
		    "in session afterwards counts as forged; programs should "
		    "submit to an smtpd(8) with -o content_filter=",
		    filter);
}

/* What a filter hands back has its return path already: when it is refused in
   session, bounce(8) reports as it would to an outsider who sent from there. */
void check_filter(Doctor *doctor)
{
	const GPtrArray *services = postconf_services(doctor->postconf);

	if (doctor->is_signing)
		check_scanned(doctor, wiring_filter(doctor->postconf));

	for (unsigned i = 0; doctor->is_signing && i < services->len; i++) {
		const PostfixService *service = services->pdata[i];
		const char *filter = postconf_of(doctor->postconf, service,
		    "content_filter");

		if (strcmp(service->command, "pickup") == 0 &&
		    filter[0] != '\0' && !g_str_has_prefix(filter, "campscan:"))
			found(doctor, FINDING_WARNING,
			    g_strdup_printf("postconf -Pe "
					    "'%s/%s/content_filter='",
				service->name, service->type),
			    "campaign mail of sendmail(1) passes the filter "
			    "%s: what is refused in session afterwards counts "
			    "as forged",
			    filter);
	}
}

/* ---- addresses that are rewritten ---- */

/* Whether masquerade_domains makes another domain of DOMAIN: the first that
   matches decides. */
static bool is_masqueraded(const char *list, const char *domain)
{
	g_auto(GStrv) items = postconf_items(list);

	for (char **item = items; *item != NULL; item++) {
		const char *name = *item + strspn(*item, "!");
		g_autofree char *suffix = g_strconcat(".", name, NULL);

		if (g_ascii_strcasecmp(name, domain) == 0)
			return false;
		if (strlen(domain) > strlen(suffix) &&
		    g_ascii_strcasecmp(domain + strlen(domain) - strlen(suffix),
			suffix) == 0)
			return **item != '!';
	}
	return false;
}

static void check_masquerade(Doctor *doctor)
{
	static const char name[] = "masquerade_domains";
	const char *list = doctor_value(doctor, name);
	const char *classes = doctor_value(doctor, "masquerade_classes");

	if (!postconf_has_item(classes, "envelope_sender") &&
	    !postconf_has_item(classes, "envelope_recipient"))
		return;
	for (char **domain = doctor->settings->bounce_domains; *domain != NULL;
	     domain++)
		if (is_masqueraded(list, *domain)) {
			g_autofree char *wanted = g_strconcat("!", *domain,
			    ", ", list, NULL);

			found(doctor, FINDING_ERROR, doctor_set(name, wanted),
			    "%s = %s takes the host from %s: campaigns leave "
			    "unsigned, from addresses that are none",
			    name, list, *domain);
		}
}

/* What NAME's tables make of a return path, asked as cleanup(8) does: the first
   key that is there decides, and may stand for itself. */
static void check_rewritten(Doctor *doctor, const char *name,
    const char *const *keys)
{
	g_autofree char *tables = doctor_present(doctor_value(doctor, name));

	for (; *keys != NULL; keys++) {
		g_autofree char *result = ask_quietly(doctor, tables, *keys);

		if (result[0] == '\0')
			continue;
		if (g_ascii_strcasecmp(result, *keys) != 0)
			found(doctor, FINDING_ERROR,
			    g_strdup_printf("take %s out of the tables of %s",
				*keys, name),
			    "%s makes %s of %s: a return path is lost on its "
			    "way",
			    name, result, *keys);
		return;
	}
}

void check_rewriting(Doctor *doctor)
{
	static const char *const names[] = { "virtual_alias_maps",
		"canonical_maps", "recipient_canonical_maps",
		"sender_canonical_maps" };
	const char *sub = doctor->settings->sub_address;
	g_autofree char *whole = doctor_return_path(doctor, "");
	g_autofree char *all = g_strconcat("@", doctor_domain(doctor), NULL);
	g_autofree char *mailbox = g_strconcat(sub, all, NULL);
	const char *const keys[] = { whole, mailbox, all, NULL };

	check_masquerade(doctor);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		check_rewritten(doctor, names[i], keys);
}
