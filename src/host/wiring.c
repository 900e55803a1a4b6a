/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of main.cf and master.cf for this site, each with its reason.  What
   an admin has already is kept: lists are added to, never replaced, and a
   line that is in place stays as it is. */
#include "wiring.h"

#include "pause_map.h"
#include "text.h"

#include <string.h>
#include <sys/stat.h>

#define TRANSPORT_LMTP "verpd-lmtp"
#define TRANSPORT_PIPE "verpd-pipe"
#define TRANSPORT_SIGN "campout"
#define TRANSPORT_SCAN "campscan"

typedef struct Wiring {
	const Settings *settings;
	const Postconf *postconf; /* or NULL */
	WiringWish wish;
	char *lmtp, *map, *policy;
	char *ours; /* regexp of our addresses below sub_address, or NULL */
	GPtrArray *lines;
} Wiring;

const char *wiring_place_name(WiringPlace place)
{
	static const char *const names[] = {
		[WIRING_INTAKE] = "intake",
		[WIRING_SIGN] = "sign",
		[WIRING_VERIFY] = "verify",
		[WIRING_ENFORCE] = "enforce",
	};

	return names[place];
}

static void line_free(gpointer data)
{
	WiringLine *line = data;

	g_free(line->name);
	g_free(line->value);
	g_free(line);
}

static const char *raw(const Postconf *postconf, const char *name)
{
	return postconf != NULL ? postconf_raw(postconf, name) : "";
}

char *wiring_command(const WiringLine *line)
{
	static const char *const flags[] = {
		[WIRING_MAIN] = "-e",
		[WIRING_SERVICE] = "-Me",
		[WIRING_OPTION] = "-Pe",
	};
	g_autofree char *assignment = g_strconcat(line->name, "=", line->value,
	    NULL);
	g_autofree char *quoted = g_shell_quote(assignment);

	return g_strdup_printf("postconf %s %s", flags[line->kind], quoted);
}

/* ---- sockets ---- */

static bool is_socket(const Postconf *postconf, const char *path)
{
	g_autofree char *whole = postconf_queue_path(postconf, path);
	struct stat st;

	return stat(whole, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* LISTEN as Postfix calls it: a path in the queue directory relative to that,
   for its programs may be chrooted there. */
static char *from_here(const char *listen, const Postconf *postconf)
{
	const char *queue = postconf != NULL
				? postconf_value(postconf, "queue_directory")
				: "/var/spool/postfix";
	g_autofree char *prefix = g_strconcat("unix:", queue, "/", NULL);

	if (g_str_has_prefix(listen, prefix))
		return g_strconcat("unix:", listen + strlen(prefix), NULL);
	return g_strdup(listen);
}

/* Where systemd puts the socket, if it is there or nothing else is said. */
static char *find_socket(const char *usual, char *const *listen,
    const Postconf *postconf)
{
	if (listen[0] == NULL ||
	    (postconf != NULL && is_socket(postconf, usual)))
		return g_strconcat("unix:", usual, NULL);
	return from_here(listen[0], postconf);
}

char *wiring_lmtp(const Settings *settings, const Postconf *postconf)
{
	return find_socket("private/verpd", settings->listen, postconf);
}

char *wiring_map(const Settings *settings, const Postconf *postconf)
{
	return find_socket("private/verpd-map", settings->map_listen, postconf);
}

char *wiring_policy(const Settings *settings, const Postconf *postconf)
{
	return find_socket("private/verpd-policy", settings->policy_listen,
	    postconf);
}

/* ---- lines ---- */

static WiringLine *add(Wiring *wiring, WiringPlace place, WiringKind kind,
    const char *name, char *value, const char *why)
{
	WiringLine *line = g_new0(WiringLine, 1);

	line->place = place;
	line->kind = kind;
	line->name = g_strdup(name);
	line->value = value;
	line->why = why;
	g_ptr_array_add(wiring->lines, line);
	return line;
}

static void set(Wiring *wiring, WiringPlace place, const char *name,
    const char *value, const char *why)
{
	WiringLine *line = add(wiring, place, WIRING_MAIN, name,
	    g_strdup(value), why);

	line->is_done = strcmp(raw(wiring->postconf, name), value) == 0;
}

/* The last line so far that is about NAME of main.cf, or NULL. */
static WiringLine *line_of(const Wiring *wiring, const char *name)
{
	for (unsigned i = wiring->lines->len; i-- > 0;) {
		WiringLine *line = wiring->lines->pdata[i];

		if (line->kind == WIRING_MAIN && strcmp(line->name, name) == 0)
			return line;
	}
	return NULL;
}

/* ITEM and what OLD has. */
static char *joined(const char *item, const char *old, bool is_first)
{
	if (old[0] == '\0')
		return g_strdup(item);
	return is_first ? g_strconcat(item, ", ", old, NULL)
			: g_strconcat(old, ", ", item, NULL);
}

/* The list NAME must have ITEM, which is searched IS_FIRST if that matters. */
static void list(Wiring *wiring, WiringPlace place, const char *name,
    const char *item, bool is_first, const char *why)
{
	WiringLine *before = line_of(wiring, name);
	const char *old = before != NULL ? before->value
					 : raw(wiring->postconf, name);
	bool is_done = postconf_has_item(old, item);
	char *value = is_done ? g_strdup(old) : joined(item, old, is_first);

	if (before != NULL && before->place == place) {
		/* one line for all that it is to have */
		text_take(&before->value, value);
		before->is_done = before->is_done && is_done;
		return;
	}
	add(wiring, place, WIRING_MAIN, name, value, why)->is_done = is_done;
}

/* The service NAME of type unix that runs COMMAND; OPTIONS are "name=value",
   ended by NULL, and ARGUMENTS those of pipe(8) or "". */
static void service(Wiring *wiring, WiringPlace place, const char *name,
    const char *fields, const char *const *options, const char *arguments,
    const char *why)
{
	const PostfixService *there = wiring->postconf != NULL
					  ? postconf_service(wiring->postconf,
						name, "unix")
					  : NULL;
	g_autofree char *key = g_strconcat(name, "/unix", NULL);
	GString *value = g_string_new(name);
	bool is_done = there != NULL;
	WiringLine *line;

	g_string_append_printf(value, " unix %s", fields);
	for (; *options != NULL; options++) {
		g_auto(GStrv) pair = g_strsplit(*options, "=", 2);
		const char *has = there != NULL
				      ? g_hash_table_lookup(there->options,
					    pair[0])
				      : NULL;

		g_string_append_printf(value,
		    strchr(*options, ' ') != NULL ? " -o {%s}" : " -o %s",
		    *options);
		is_done = is_done && has != NULL && strcmp(has, pair[1]) == 0;
	}
	if (arguments[0] != '\0')
		g_string_append_printf(value, " %s", arguments);
	line = add(wiring, place, WIRING_SERVICE, key,
	    g_string_free(value, FALSE), why);
	line->is_done = is_done;
}

/* ---- intake ---- */

/* What stands behind the domain, or in a table the pattern, of our addresses:
   "inline:{bounces.test=X}" or "regexp:{{/^b\+...$/ X}}". */
static char *table_of(const Wiring *wiring, const char *before,
    const char *result)
{
	g_autoptr(GString) table = NULL;

	if (wiring->ours != NULL)
		return g_strdup_printf("regexp:{{%s %s}}", wiring->ours,
		    result);
	table = g_string_new("inline:{");
	for (char **domain = wiring->settings->bounce_domains; *domain != NULL;
	     domain++)
		/* a value with blanks needs braces of its own */
		g_string_append_printf(table,
		    strchr(result, ' ') != NULL ? "%s{%s%s = %s}" : "%s%s%s=%s",
		    domain > wiring->settings->bounce_domains ? ", " : "",
		    before, *domain, result);
	g_string_append_c(table, '}');
	return g_string_free(g_steal_pointer(&table), FALSE);
}

static void transport_pipe(Wiring *wiring)
{
	static const char *const options[] = { "soft_bounce=yes",
		"syslog_name=postfix/verpd", NULL };

	service(wiring, WIRING_INTAKE, TRANSPORT_PIPE, "- n n - 4 pipe",
	    options,
	    "user=verpd null_sender= argv=" SBINDIR "/verpctl deliver "
	    "--sender ${sender} --recipient=${recipient} "
	    "--original-recipient=${original_recipient} "
	    "--client-address ${client_address} --queue-id ${queue_id}",
	    "a process for each bounce; soft_bounce: no failure loses one");
	set(wiring, WIRING_INTAKE,
	    TRANSPORT_PIPE "_destination_recipient_limit", "1",
	    "its exit status is the answer for all recipients");
}

static void transport_lmtp(Wiring *wiring)
{
	static const char *const options[] = { "soft_bounce=yes",
		"lmtp_send_xforward_command=yes", "syslog_name=postfix/verpd",
		NULL };

	service(wiring, WIRING_INTAKE, TRANSPORT_LMTP, "- - n - 20 lmtp",
	    options, "",
	    "soft_bounce: no refusal loses a bounce; xforward: where a report "
	    "was born");
	set(wiring, WIRING_INTAKE,
	    TRANSPORT_LMTP "_destination_concurrency_limit", "20",
	    "bounces come in bursts; the more wait, the fewer syncs");
}

/* Whether transport_maps, in whatever tables, says NEXT of our addresses:
   asked as trivial-rewrite(8) does. */
static bool is_transported(const Wiring *wiring, const char *next)
{
	const char *before = wiring->settings->sub_address;
	const char *tables;

	if (wiring->postconf == NULL)
		return false;
	tables = postconf_value(wiring->postconf, "transport_maps");
	for (char **domain = wiring->settings->bounce_domains; *domain != NULL;
	     domain++) {
		g_autofree char *address = g_strconcat(before,
		    before[0] != '\0' ? "+a@" : "a@", *domain, NULL);
		g_autofree char *result = postconf_look_up(wiring->postconf,
		    tables, address, NULL);

		if (result != NULL && result[0] == '\0' && before[0] == '\0') {
			g_free(result);
			result = postconf_look_up(wiring->postconf, tables,
			    *domain, NULL);
		}
		if (g_strcmp0(result, next) != 0)
			return false;
	}
	return true;
}

static void intake(Wiring *wiring)
{
	const char *old = raw(wiring->postconf, "smtpd_forbid_bare_newline");
	g_autofree char *next = wiring->wish.is_pipe
				    ? g_strdup(TRANSPORT_PIPE ":")
				    : g_strconcat(TRANSPORT_LMTP ":",
					  wiring->lmtp, NULL);
	g_autofree char *table = table_of(wiring, "", next);

	if (wiring->wish.is_pipe)
		transport_pipe(wiring);
	else
		transport_lmtp(wiring);
	for (char **domain = wiring->settings->bounce_domains;
	     wiring->ours == NULL && *domain != NULL; domain++)
		list(wiring, WIRING_INTAKE, "relay_domains", *domain, false,
		    "mail for the bounce domain is taken");
	if (wiring->ours != NULL)
		set(wiring, WIRING_INTAKE, "recipient_delimiter", "+",
		    "an address below sub_address is a valid one");
	if (is_transported(wiring, next))
		add(wiring, WIRING_INTAKE, WIRING_MAIN, "transport_maps",
		    g_strdup(raw(wiring->postconf, "transport_maps")),
		    "and verpd delivers it")
		    ->is_done = true;
	else
		list(wiring, WIRING_INTAKE, "transport_maps", table, true,
		    "and verpd delivers it");
	list(wiring, WIRING_INTAKE, "notify_classes", "2bounce", false,
	    "a bounce that cannot be delivered at all reaches the postmaster");
	if (strcmp(old, "no") == 0)
		set(wiring, WIRING_INTAKE, "smtpd_forbid_bare_newline",
		    "normalize",
		    "no second message behind a bare newline "
		    "(CVE-2023-51764)");
}

/* DOMAIN as one more alternative of a regexp. */
static void append_domain(GString *domains, const char *domain)
{
	g_autofree char *escaped = g_regex_escape_string(domain, -1);

	g_string_append_printf(domains, "%s%s", domains->len > 0 ? "|" : "",
	    escaped);
}

/* ---- verify ---- */

/* Our relay_recipient_maps would refuse all other domains that are relayed
   without any such table: these are let in as before, and by patterns, which
   find a whole address before verpd is asked: their mail flows without it. */
static char *others_of(const Wiring *wiring)
{
	const char *value = wiring->postconf != NULL
				? postconf_value(wiring->postconf,
				      "relay_domains")
				: "";
	const char *home = wiring->postconf != NULL
			       ? postconf_value(wiring->postconf,
				     "mydestination")
			       : "";
	g_auto(GStrv) items = postconf_items(value);
	g_autoptr(GString) others = g_string_new(NULL);

	for (char **item = items; *item != NULL; item++)
		if (strpbrk(*item, ":/{") == NULL &&
		    !postconf_has_item(home, *item) &&
		    !g_strv_contains((const char *const *)
					 wiring->settings->bounce_domains,
			*item))
			append_domain(others, *item);
	if (others->len == 0)
		return g_strdup("");
	return g_strdup_printf("regexp:{{/@(%s)$$/ OK}}, ", others->str);
}

static void verify(Wiring *wiring)
{
	g_autofree char *token = g_strdup_printf("socketmap:%s:token",
	    wiring->map);
	const char *old = raw(wiring->postconf, "relay_recipient_maps");

	if (wiring->ours == NULL) {
		g_autofree char *others = old[0] == '\0' ? others_of(wiring)
							 : g_strdup("");
		g_autofree char *whole = g_strconcat(others, token, NULL);

		/* last: what is in their tables, nobody asks verpd about */
		if (postconf_has_item(old, token))
			set(wiring, WIRING_VERIFY, "relay_recipient_maps", old,
			    "a return path that is not genuine is refused");
		else
			list(wiring, WIRING_VERIFY, "relay_recipient_maps",
			    whole, false,
			    "a return path that is not genuine is refused");
		return;
	}
	g_autofree char *check =
	    g_strdup_printf("check_recipient_access %s, reject", token);
	g_autofree char *table = table_of(wiring, "", "verpd_verify");
	g_autofree char *look = g_strconcat("check_recipient_access ", table,
	    NULL);

	list(wiring, WIRING_VERIFY, "smtpd_restriction_classes", "verpd_verify",
	    false, "a restriction of our own");
	set(wiring, WIRING_VERIFY, "verpd_verify", check,
	    "genuine, or refused");
	list(wiring, WIRING_VERIFY, "smtpd_recipient_restrictions", look, true,
	    "a return path that is not genuine is refused");
}

/* ---- sign ---- */

static bool is_reinjection(const PostfixService *service_)
{
	const char *filter = g_hash_table_lookup(service_->options,
	    "content_filter");

	return strcmp(service_->command, "smtpd") == 0 && filter != NULL &&
	       filter[0] == '\0';
}

static void reinjection(Wiring *wiring, const PostfixService *service_)
{
	const char *name = "local_header_rewrite_clients";
	const char *has = g_hash_table_lookup(service_->options, name);
	g_autofree char *key = g_strdup_printf("%s/%s/%s", service_->name,
	    service_->type, name);
	WiringLine *line = add(wiring, WIRING_SIGN, WIRING_OPTION, key,
	    g_strdup(""),
	    "what a filter hands back is not rewritten as if it were born "
	    "here");

	line->is_done = has != NULL && has[0] == '\0';
}

/* ---- sign: before a content filter ---- */

/* The line so far that is about the option NAME, or NULL. */
static const WiringLine *option_of(const Wiring *wiring, const char *name)
{
	for (unsigned i = wiring->lines->len; i-- > 0;) {
		const WiringLine *line = wiring->lines->pdata[i];

		if (line->kind == WIRING_OPTION &&
		    strcmp(line->name, name) == 0)
			return line;
	}
	return NULL;
}

/* ITEM before OLD's, without a blank: postconf -Pe takes none. */
static char *joined_tight(const char *item, const char *old)
{
	g_auto(GStrv) items = postconf_items(old);
	g_autofree char *rest = g_strjoinv(",", items);

	return g_strconcat(item, rest[0] != '\0' ? "," : "", rest, NULL);
}

/* SERVICE_'s own smtpd_recipient_restrictions, if it has any, begin with ITEM.
 */
static void restrict_in(Wiring *wiring, WiringPlace place,
    const PostfixService *service_, const char *item)
{
	const char *own = g_hash_table_lookup(service_->options,
	    "smtpd_recipient_restrictions");
	g_autofree char *key = NULL;
	const WiringLine *before;
	bool is_done;

	if (own == NULL)
		return;
	key = g_strdup_printf("%s/%s/smtpd_recipient_restrictions",
	    service_->name, service_->type);
	before = option_of(wiring, key);
	if (before != NULL)
		own = before->value;
	is_done = postconf_has_item(own, item);
	add(wiring, place, WIRING_OPTION, key,
	    is_done ? g_strdup(own) : joined_tight(item, own),
	    "this service has restrictions of its own")
	    ->is_done = is_done;
}

static bool is_smtpd(const PostfixService *service_)
{
	return strcmp(service_->command, "smtpd") == 0;
}

const char *wiring_filter(const Postconf *postconf)
{
	const char *filter = postconf_value(postconf, "content_filter");
	const GPtrArray *services = postconf_services(postconf);

	for (unsigned i = 0; i < services->len && filter[0] == '\0'; i++)
		if (is_smtpd(services->pdata[i]))
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
	service(wiring, WIRING_SIGN, TRANSPORT_SCAN, fields,
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
		append_domain(domains, *domain);
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
		if (raw(wiring->postconf, "verpd_scan")[0] != '\0')
			set(wiring, WIRING_SIGN, "verpd_scan", "",
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

		if (!is_smtpd(each))
			continue;
		if (strcmp(postconf_of(wiring->postconf, each,
			       "content_filter"),
			filter) == 0)
			restrict_in(wiring, WIRING_SIGN, each, "$verpd_scan");
		else
			add(wiring, WIRING_SIGN, WIRING_OPTION, key,
			    g_strdup(""),
			    "what comes in here passes no filter, or has "
			    "passed it")
			    ->is_done = has != NULL && has[0] == '\0';
	}
	set(wiring, WIRING_SIGN, "verpd_scan", look,
	    "of campaigns' own addresses alone, which are no return paths yet");
	list(wiring, WIRING_SIGN, "smtpd_recipient_restrictions", "$verpd_scan",
	    true, "before anything permits it");
}

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
	list(wiring, WIRING_SIGN, line->name, table, true, line->why);
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
	own = from_here(listen[0], wiring->postconf);
	if (strcmp(own, wiring->map) != 0)
		return;
	line = add(wiring, WIRING_SIGN, WIRING_MAIN, name,
	    g_strdup_printf("%ds", SECONDS),
	    "campaigns do not wait for a minute once verpd is back");
	line->is_done = has[0] != '\0' && postconf_seconds(has, 1) <= SECONDS;
}

static void sign(Wiring *wiring)
{
	g_autofree char *generic =
	    g_strdup_printf("smtp_generic_maps=socketmap:%s:sign", wiring->map);
	const char *const options[] = { generic,
		"syslog_name=postfix/" TRANSPORT_SIGN, NULL };
	g_autofree char *senders = table_of(wiring, "@", TRANSPORT_SIGN ":");
	g_autofree char *refused = table_of(wiring, "",
	    "550 5.7.1 return paths of this domain are not for outsiders");
	g_autofree char *check = g_strdup_printf("permit_mynetworks, "
						 "permit_sasl_authenticated, "
						 "check_sender_access %s",
	    refused);

	service(wiring, WIRING_SIGN, TRANSPORT_SIGN, "- - - - - smtp", options,
	    "",
	    "campaigns leave by a transport of their own: a generic map in "
	    "main.cf would sign for everybody");
	list(wiring, WIRING_SIGN, "sender_dependent_default_transport_maps",
	    senders, true,
	    "campaign senders, and nobody else; paused ones wait");
	paused(wiring,
	    line_of(wiring, "sender_dependent_default_transport_maps"));
	rest(wiring);
	list(wiring, WIRING_SIGN, "smtpd_sender_restrictions", check, false,
	    "an outsider who sends as a return path of ours could have it "
	    "signed");
	if (raw(wiring->postconf, "smtpd_authorized_verp_clients")[0] == '\0' ||
	    strcmp(raw(wiring->postconf, "smtpd_authorized_verp_clients"),
		"$authorized_verp_clients") == 0)
		set(wiring, WIRING_SIGN, "smtpd_authorized_verp_clients",
		    "$mynetworks", "programs here may ask for XVERP by SMTP");
	if (wiring->postconf == NULL)
		return;
	for (unsigned i = 0; i < postconf_services(wiring->postconf)->len;
	     i++) {
		const PostfixService *each =
		    postconf_services(wiring->postconf)->pdata[i];

		if (is_reinjection(each))
			reinjection(wiring, each);
	}
	scan(wiring);
}

/* ---- enforce ---- */

static void enforce_in(Wiring *wiring, const PostfixService *service_)
{
	if (is_smtpd(service_) && !is_reinjection(service_))
		restrict_in(wiring, WIRING_ENFORCE, service_, "$verpd_enforce");
}

static void enforce(Wiring *wiring)
{
	bool is_open = strcmp(wiring->settings->enforce_failure, "accept") == 0;
	g_autofree char *check = g_strdup_printf(
	    "check_policy_service { %s, timeout=10s, { default_action=%s } }",
	    wiring->policy,
	    is_open ? "DUNNO" : "451 4.3.5 verpd does not answer");
	g_autofree char *table = table_of(wiring, "", "verpd_policy");
	g_autofree char *look = g_strconcat("check_sender_access ", table,
	    NULL);

	list(wiring, WIRING_ENFORCE, "smtpd_restriction_classes",
	    "verpd_policy", false, "a restriction of our own");
	set(wiring, WIRING_ENFORCE, "verpd_policy", check,
	    is_open ? "how to ask; mail goes out when nobody answers"
		    : "how to ask; campaign mail waits when nobody answers");
	set(wiring, WIRING_ENFORCE, "verpd_enforce", look,
	    "of campaign mail alone: all other does not depend on verpd");
	list(wiring, WIRING_ENFORCE, "smtpd_recipient_restrictions",
	    "$verpd_enforce", true, "before anything permits it");
	for (unsigned i = 0; wiring->postconf != NULL &&
			     i < postconf_services(wiring->postconf)->len;
	     i++)
		enforce_in(wiring,
		    postconf_services(wiring->postconf)->pdata[i]);
}

/* ---- all ---- */

/* "/^b\+[^@[:space:]]+@example\.com$$/": in main.cf a dollar is two. */
static char *pattern_of(const Settings *settings)
{
	g_autofree char *name = NULL;
	g_autoptr(GString) domains = g_string_new(NULL);

	if (settings->sub_address[0] == '\0')
		return NULL;
	name = g_regex_escape_string(settings->sub_address, -1);
	for (char **domain = settings->bounce_domains; *domain != NULL;
	     domain++)
		append_domain(domains, *domain);
	return g_strdup_printf("/^%s\\+[^@[:space:]]+@(%s)$$/", name,
	    domains->str);
}

GPtrArray *wiring_lines(const Settings *settings, const Postconf *postconf,
    const WiringWish *wish)
{
	Wiring wiring = { .settings = settings,
		.postconf = postconf,
		.wish = *wish,
		.lmtp = wiring_lmtp(settings, postconf),
		.map = wiring_map(settings, postconf),
		.policy = wiring_policy(settings, postconf),
		.ours = pattern_of(settings),
		.lines = g_ptr_array_new_with_free_func(line_free) };

	intake(&wiring);
	if ((wish->places & 1u << WIRING_VERIFY) != 0)
		verify(&wiring);
	if ((wish->places & 1u << WIRING_SIGN) != 0)
		sign(&wiring);
	if ((wish->places & 1u << WIRING_ENFORCE) != 0)
		enforce(&wiring);
	g_free(wiring.lmtp);
	g_free(wiring.map);
	g_free(wiring.policy);
	g_free(wiring.ours);
	return wiring.lines;
}
