/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines by which campaigns leave signed, also through a content filter, and
   wait while they are paused. */
#include "wiring_private.h"

#include "pause_map.h"
#include "text.h"

#include <string.h>

#define TRANSPORT_SIGN "campout"
#define TRANSPORT_SCAN "campscan"

static void reinjection(Wiring *wiring, const PostfixService *service_)
{
	const char *name = "local_header_rewrite_clients";
	const char *has = g_hash_table_lookup(service_->options, name);
	g_autofree char *key = g_strdup_printf("%s/%s/%s", service_->name,
	    service_->type, name);
	WiringLine *line = wiring_add(wiring, WIRING_SIGN, WIRING_OPTION, key,
	    g_strdup(""),
	    "what a filter hands back is not rewritten as if it were born "
	    "here");

	line->is_done = has != NULL && has[0] == '\0';
}

/* ---- before a content filter ---- */

const char *wiring_filter(const Postconf *postconf)
{
	const char *filter = postconf_value(postconf, "content_filter");
	const GPtrArray *services = postconf_services(postconf);

	for (unsigned i = 0; i < services->len && filter[0] == '\0'; i++)
		if (wiring_is_smtpd(services->pdata[i]))
			filter = postconf_of(postconf, services->pdata[i],
			    "content_filter");
	return filter;
}

/* The transport of FILTER, "name:nexthop", if it is one that can sign. */
static const PostfixService *filter_transport(const Postconf *postconf,
    const char *filter)
{
	g_autofree char *name = g_strndup(filter, strcspn(filter, ":"));
	const PostfixService *there = postconf_service(postconf, name, "unix");

	return there != NULL && (strcmp(there->command, "smtp") == 0 ||
				    strcmp(there->command, "lmtp") == 0)
		   ? there
		   : NULL;
}

bool wiring_is_about_filter(const WiringLine *line)
{
	return line->place == WIRING_SIGN &&
	       (g_str_has_prefix(line->name, TRANSPORT_SCAN "/") ||
		   g_str_has_suffix(line->name, "verpd_scan") ||
		   g_str_has_suffix(line->name,
		       "smtpd_recipient_restrictions"));
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A transport like that of the filter, that signs. */
static void scan_transport(Wiring *wiring, const PostfixService *like)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *generic = g_strconcat(like->command, "_generic_maps",
	    NULL);
	g_autofree char *fields = g_strdup_printf("%s %s %s - %s %s",
	    like->is_private, like->is_unprivileged, like->is_chrooted,
	    like->process_limit, like->command);
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, like->options);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if (strcmp(name, generic) != 0 &&
		    strcmp(name, "syslog_name") != 0)
			g_ptr_array_add(options,
			    g_strconcat(name, "=", value, NULL));
	g_ptr_array_sort(options, compare_texts);
	g_ptr_array_add(options,
	    g_strdup_printf("%s=socketmap:%s:sign", generic, wiring->map));
	g_ptr_array_add(options,
	    g_strdup("syslog_name=postfix/" TRANSPORT_SCAN));
	g_ptr_array_add(options, NULL);
	wiring_service(wiring, WIRING_SIGN, TRANSPORT_SCAN, fields,
	    (const char *const *)options->pdata, "",
	    "to the content filter campaigns go by a transport that signs "
	    "already: what comes back has its token");
}

/* Which senders are campaigns' own addresses, out of which Postfix itself makes
   return paths: those that came as return paths have "+" and "=". */
static char *bases_of(const Wiring *wiring)
{
	const Settings *settings = wiring->settings;
	g_autofree char *sub = g_regex_escape_string(settings->sub_address, -1);
	g_autoptr(GString) domains = g_string_new(NULL);

	for (char **domain = settings->bounce_domains; *domain != NULL;
	     domain++)
		wiring_append_domain(domains, *domain);
	return g_strdup_printf("/^%s%s[a-z0-9][a-z0-9._-]*@(%s)$$/", sub,
	    sub[0] != '\0' ? "\\+" : "", domains->str);
}

/* A filter gets XVERP's unsigned return path and hands it back.  From then on
   nobody can tell it from one that an outsider sends from, so what is refused
   afterwards could not count.  So campaigns are signed on their way to the
   filter, and chosen for it by their own address, before there is a return
   path: nothing that came in with one is. */
static void scan(Wiring *wiring)
{
	const char *filter = wiring_filter(wiring->postconf);
	const PostfixService *like = filter_transport(wiring->postconf, filter);
	const GPtrArray *services = postconf_services(wiring->postconf);
	g_autofree char *bases = bases_of(wiring);
	g_autofree char *look = NULL;

	if (like == NULL || strchr(filter, ':') == NULL) {
		if (wiring_raw(wiring->postconf, "verpd_scan")[0] != '\0')
			wiring_set(wiring, WIRING_SIGN, "verpd_scan", "",
			    "campaigns would go to a filter that is no more");
		return;
	}
	look = g_strdup_printf("check_sender_access regexp:{{%s FILTER "
			       "%s%s}}",
	    bases, TRANSPORT_SCAN, strchr(filter, ':'));
	scan_transport(wiring, like);
	for (unsigned i = 0; i < services->len; i++) {
		const PostfixService *each = services->pdata[i];
		const char *has = g_hash_table_lookup(each->options,
		    "verpd_scan");
		g_autofree char *key = g_strdup_printf("%s/%s/verpd_scan",
		    each->name, each->type);

		if (!wiring_is_smtpd(each))
			continue;
		if (strcmp(postconf_of(wiring->postconf, each,
			       "content_filter"),
			filter) == 0)
			wiring_restrict_in(wiring, WIRING_SIGN, each,
			    "$verpd_scan");
		else
			wiring_add(wiring, WIRING_SIGN, WIRING_OPTION, key,
			    g_strdup(""),
			    "what comes in here passes no filter, or has "
			    "passed it")
			    ->is_done = has != NULL && has[0] == '\0';
	}
	wiring_set(wiring, WIRING_SIGN, "verpd_scan", look,
	    "of campaigns' own addresses alone, which are no return paths yet");
	wiring_list(wiring, WIRING_SIGN, "smtpd_recipient_restrictions",
	    "$verpd_scan", true, "before anything permits it");
}

/* ---- paused campaigns ---- */

int wiring_pause_type(const Settings *settings, const Postconf *postconf)
{
	/* what Postfix sees change, first */
	static const TableType order[] = { TABLE_CDB, TABLE_LMDB,
		TABLE_TEXTHASH };
	const char *setting = settings->pause_map;

	for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
		g_autofree char *file = table_file(order[i],
		    pause_map_path(setting));

		if (pause_map_has(setting, order[i]) &&
		    g_file_test(file, G_FILE_TEST_IS_REGULAR) &&
		    (order[i] == TABLE_TEXTHASH ||
			(postconf != NULL && postconf_has_type(postconf,
						 table_type_name(order[i])))))
			return (int)order[i];
	}
	return -1;
}

/* VALUE without ITEM. */
static char *without(const char *value, const char *item)
{
	g_auto(GStrv) items = postconf_items(value);
	GString *rest = g_string_new(NULL);

	for (char **each = items; *each != NULL; each++)
		if (strcmp(*each, item) != 0)
			g_string_append_printf(rest, "%s%s",
			    rest->len > 0 ? ", " : "", *each);
	return g_string_free(rest, FALSE);
}

/* Before the static table.  One that is not there would stop all mail, so it
   is not named before verpd has made it.  LINE has the static one. */
static void paused(Wiring *wiring, WiringLine *line)
{
	const char *path = pause_map_path(wiring->settings->pause_map);
	int type = wiring_pause_type(wiring->settings, wiring->postconf);

	if (type < 0)
		return;
	for (TableType other = 0; other < TABLE_TYPES; other++) {
		g_autofree char *table = g_strconcat(table_type_name(other),
		    ":", path, NULL);

		if (other == (TableType)type ||
		    !postconf_has_item(line->value, table))
			continue;
		text_take(&line->value, without(line->value, table));
		line->is_done = false;
	}
	g_autofree char *table = g_strconcat(table_type_name((TableType)type),
	    ":", path, NULL);
	wiring_list(wiring, WIRING_SIGN, line->name, table, true, line->why);
}

/* A question that finds no socket ends smtp(8), and master(8) starts no other
   one for service_throttle_time.  Sockets that systemd holds are always
   there. */
static void rest(Wiring *wiring)
{
	enum { SECONDS = 5 };
	static const char name[] = "service_throttle_time";
	char *const *listen = wiring->settings->map_listen;
	const char *has = wiring->postconf != NULL
			      ? postconf_value(wiring->postconf, name)
			      : "";
	g_autofree char *own = NULL;
	WiringLine *line;

	if (listen[0] == NULL)
		return;
	own = wiring_from_here(listen[0], wiring->postconf);
	if (strcmp(own, wiring->map) != 0)
		return;
	line = wiring_add(wiring, WIRING_SIGN, WIRING_MAIN, name,
	    g_strdup_printf("%ds", SECONDS),
	    "campaigns do not wait for a minute once verpd is back");
	line->is_done = has[0] != '\0' && postconf_seconds(has, 1) <= SECONDS;
}

/* ---- all ---- */

void wiring_sign(Wiring *wiring)
{
	g_autofree char *generic =
	    g_strdup_printf("smtp_generic_maps=socketmap:%s:sign", wiring->map);
	const char *const options[] = { generic,
		"syslog_name=postfix/" TRANSPORT_SIGN, NULL };
	g_autofree char *senders = wiring_table_of(wiring, "@",
	    TRANSPORT_SIGN ":");
	g_autofree char *refused = wiring_table_of(wiring, "",
	    "550 5.7.1 return paths of this domain are not for outsiders");
	g_autofree char *check = g_strdup_printf("permit_mynetworks, "
						 "permit_sasl_authenticated, "
						 "check_sender_access %s",
	    refused);

	wiring_service(wiring, WIRING_SIGN, TRANSPORT_SIGN, "- - - - - smtp",
	    options, "",
	    "campaigns leave by a transport of their own: a generic map in "
	    "main.cf would sign for everybody");
	wiring_list(wiring, WIRING_SIGN,
	    "sender_dependent_default_transport_maps", senders, true,
	    "campaign senders, and nobody else; paused ones wait");
	paused(wiring,
	    wiring_line_of(wiring, "sender_dependent_default_transport_maps"));
	rest(wiring);
	wiring_list(wiring, WIRING_SIGN, "smtpd_sender_restrictions", check,
	    false,
	    "an outsider who sends as a return path of ours could have it "
	    "signed");
	if (wiring_raw(wiring->postconf, "smtpd_authorized_verp_clients")[0] ==
		'\0' ||
	    strcmp(wiring_raw(wiring->postconf,
		       "smtpd_authorized_verp_clients"),
		"$authorized_verp_clients") == 0)
		wiring_set(wiring, WIRING_SIGN, "smtpd_authorized_verp_clients",
		    "$mynetworks", "programs here may ask for XVERP by SMTP");
	if (wiring->postconf == NULL)
		return;
	for (unsigned i = 0; i < postconf_services(wiring->postconf)->len;
	     i++) {
		const PostfixService *each =
		    postconf_services(wiring->postconf)->pdata[i];

		if (wiring_is_reinjection(each))
			reinjection(wiring, each);
	}
	scan(wiring);
}
