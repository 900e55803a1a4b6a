/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of main.cf and master.cf for this site, each with its reason.  What
   an admin has already is kept: lists are added to, never replaced, and a
   line that is in place stays as it is. */
#include "wiring.h"

#include "wiring_private.h"

#include <string.h>
#include <sys/stat.h>

#define TRANSPORT_LMTP "verpd-lmtp"
#define TRANSPORT_PIPE "verpd-pipe"

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

char *wiring_from_here(const char *listen, const Postconf *postconf)
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
	return wiring_from_here(listen[0], postconf);
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

/* ---- intake ---- */

static void transport_pipe(Wiring *wiring)
{
	static const char *const options[] = { "soft_bounce=yes",
		"syslog_name=postfix/verpd", NULL };

	wiring_service(wiring, WIRING_INTAKE, TRANSPORT_PIPE, "- n n - 4 pipe",
	    options,
	    "user=verpd null_sender= argv=" SBINDIR "/verpctl deliver "
	    "--sender ${sender} --recipient=${recipient} "
	    "--original-recipient=${original_recipient} "
	    "--client-address ${client_address} --queue-id ${queue_id}",
	    "a process for each bounce; soft_bounce: no failure loses one");
	wiring_set(wiring, WIRING_INTAKE,
	    TRANSPORT_PIPE "_destination_recipient_limit", "1",
	    "its exit status is the answer for all recipients");
}

static void transport_lmtp(Wiring *wiring)
{
	static const char *const options[] = { "soft_bounce=yes",
		"lmtp_send_xforward_command=yes", "syslog_name=postfix/verpd",
		NULL };

	wiring_service(wiring, WIRING_INTAKE, TRANSPORT_LMTP, "- - n - 20 lmtp",
	    options, "",
	    "soft_bounce: no refusal loses a bounce; xforward: where a report "
	    "was born");
	wiring_set(wiring, WIRING_INTAKE,
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
	const char *old = wiring_raw(wiring->postconf,
	    "smtpd_forbid_bare_newline");
	g_autofree char *next = wiring->wish.is_pipe
				    ? g_strdup(TRANSPORT_PIPE ":")
				    : g_strconcat(TRANSPORT_LMTP ":",
					  wiring->lmtp, NULL);
	g_autofree char *table = wiring_table_of(wiring, "", next);

	if (wiring->wish.is_pipe)
		transport_pipe(wiring);
	else
		transport_lmtp(wiring);
	for (char **domain = wiring->settings->bounce_domains;
	     wiring->ours == NULL && *domain != NULL; domain++)
		wiring_list(wiring, WIRING_INTAKE, "relay_domains", *domain,
		    false, "mail for the bounce domain is taken");
	if (wiring->ours != NULL)
		wiring_set(wiring, WIRING_INTAKE, "recipient_delimiter", "+",
		    "an address below sub_address is a valid one");
	if (is_transported(wiring, next))
		wiring_add(wiring, WIRING_INTAKE, WIRING_MAIN, "transport_maps",
		    g_strdup(wiring_raw(wiring->postconf, "transport_maps")),
		    "and verpd delivers it")
		    ->is_done = true;
	else
		wiring_list(wiring, WIRING_INTAKE, "transport_maps", table,
		    true, "and verpd delivers it");
	wiring_list(wiring, WIRING_INTAKE, "notify_classes", "2bounce", false,
	    "a bounce that cannot be delivered at all reaches the postmaster");
	if (strcmp(old, "no") == 0)
		wiring_set(wiring, WIRING_INTAKE, "smtpd_forbid_bare_newline",
		    "normalize",
		    "no second message behind a bare newline "
		    "(CVE-2023-51764)");
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
			wiring_append_domain(others, *item);
	if (others->len == 0)
		return g_strdup("");
	return g_strdup_printf("regexp:{{/@(%s)$$/ OK}}, ", others->str);
}

static void verify(Wiring *wiring)
{
	g_autofree char *token = g_strdup_printf("socketmap:%s:token",
	    wiring->map);
	const char *old = wiring_raw(wiring->postconf, "relay_recipient_maps");

	if (wiring->ours == NULL) {
		g_autofree char *others = old[0] == '\0' ? others_of(wiring)
							 : g_strdup("");
		g_autofree char *whole = g_strconcat(others, token, NULL);

		/* last: what is in their tables, nobody asks verpd about */
		if (postconf_has_item(old, token))
			wiring_set(wiring, WIRING_VERIFY,
			    "relay_recipient_maps", old,
			    "a return path that is not genuine is refused");
		else
			wiring_list(wiring, WIRING_VERIFY,
			    "relay_recipient_maps", whole, false,
			    "a return path that is not genuine is refused");
		return;
	}
	g_autofree char *check =
	    g_strdup_printf("check_recipient_access %s, reject", token);
	g_autofree char *table = wiring_table_of(wiring, "", "verpd_verify");
	g_autofree char *look = g_strconcat("check_recipient_access ", table,
	    NULL);

	wiring_list(wiring, WIRING_VERIFY, "smtpd_restriction_classes",
	    "verpd_verify", false, "a restriction of our own");
	wiring_set(wiring, WIRING_VERIFY, "verpd_verify", check,
	    "genuine, or refused");
	wiring_list(wiring, WIRING_VERIFY, "smtpd_recipient_restrictions", look,
	    true, "a return path that is not genuine is refused");
}

/* ---- enforce ---- */

static void enforce_in(Wiring *wiring, const PostfixService *service_)
{
	if (wiring_is_smtpd(service_) && !wiring_is_reinjection(service_))
		wiring_restrict_in(wiring, WIRING_ENFORCE, service_,
		    "$verpd_enforce");
}

static void enforce(Wiring *wiring)
{
	bool is_open = strcmp(wiring->settings->enforce_failure, "accept") == 0;
	g_autofree char *check = g_strdup_printf(
	    "check_policy_service { %s, timeout=10s, { default_action=%s } }",
	    wiring->policy,
	    is_open ? "DUNNO" : "451 4.3.5 verpd does not answer");
	g_autofree char *table = wiring_table_of(wiring, "", "verpd_policy");
	g_autofree char *look = g_strconcat("check_sender_access ", table,
	    NULL);

	wiring_list(wiring, WIRING_ENFORCE, "smtpd_restriction_classes",
	    "verpd_policy", false, "a restriction of our own");
	wiring_set(wiring, WIRING_ENFORCE, "verpd_policy", check,
	    is_open ? "how to ask; mail goes out when nobody answers"
		    : "how to ask; campaign mail waits when nobody answers");
	wiring_set(wiring, WIRING_ENFORCE, "verpd_enforce", look,
	    "of campaign mail alone: all other does not depend on verpd");
	wiring_list(wiring, WIRING_ENFORCE, "smtpd_recipient_restrictions",
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
		wiring_append_domain(domains, *domain);
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
		wiring_sign(&wiring);
	if ((wish->places & 1u << WIRING_ENFORCE) != 0)
		enforce(&wiring);
	g_free(wiring.lmtp);
	g_free(wiring.map);
	g_free(wiring.policy);
	g_free(wiring.ours);
	return wiring.lines;
}
