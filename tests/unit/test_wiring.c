/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines for sites of several makes, and that none is asked for twice. */
#include "main.h"
#include "wiring.h"

#include <string.h>

#define ALL ((1u << WIRING_PLACES) - 1)

static Settings *settings_of(const char *text)
{
	g_autoptr(GError) error = NULL;
	Settings *settings = settings_parse("c", text, strlen(text), &error);

	ck_assert_msg(settings != NULL, "%s", error ? error->message : "");
	return settings;
}

static const char own[] = "bounce_domains = {\"b.test\"}\n"
			  "map_listen = {\"inet:127.0.0.1:2500\"}\n"
			  "policy_listen = "
			  "{\"unix:/var/spool/postfix/private/p\"}\n";
static const char sub[] = "bounce_domains = {\"x.test\"}\n"
			  "sub_address = \"b\"\n"
			  "enforce_failure = \"accept\"\n";

static const char queue[] = "queue_directory = /var/spool/postfix\n";

static const char filtered[] = "smtp inet n - n - - smtpd\n"
			       "submission inet n - n - - smtpd\n"
			       "127.0.0.1:10025 inet n - n - - smtpd\n"
			       "scan unix - - n - 2 lmtp\n"
			       "pipe unix - - n - 2 pipe\n";
static const char filtered_options[] =
    "submission/inet/smtpd_recipient_restrictions = reject\n"
    "127.0.0.1:10025/inet/content_filter =\n"
    "scan/unix/a = b c\n"
    "scan/unix/lmtp_send_xforward_command = yes\n"
    "scan/unix/lmtp_generic_maps = hash:/g\n";

typedef struct Case {
	const char *label;
	const char *settings;
	const char *main_cf;
	const char *master_cf;
	const char *options;
	WiringWish wish;
	const char *name;  /* of a line */
	const char *value; /* NULL: there is no such line */
	bool is_done;
} Case;

static const Case cases[] = {
	{ "domain", own, "", "", "", { ALL, false }, "relay_domains", "b.test",
	    false },
	{ "domain, added", own, "relay_domains = $mydestination\n", "", "",
	    { ALL, false }, "relay_domains", "$mydestination, b.test", false },
	{ "domain, there", own, "relay_domains = a, b.test\n", "", "",
	    { ALL, false }, "relay_domains", "a, b.test", true },
	{ "transport", own, "transport_maps = hash:/t\n", "", "",
	    { ALL, false }, "transport_maps",
	    "inline:{b.test=verpd-lmtp:unix:/run/verpd/lmtp}, hash:/t", false },
	{ "pipe", own, "", "", "", { ALL, true }, "transport_maps",
	    "inline:{b.test=verpd-pipe:}", false },
	{ "pipe has no lmtp", own, "", "", "", { ALL, true }, "verpd-lmtp/unix",
	    NULL, false },
	{ "service, there", own, "",
	    "verpd-lmtp unix - - n - 20 lmtp -o soft_bounce=yes\n",
	    "verpd-lmtp/unix/soft_bounce = yes\n"
	    "verpd-lmtp/unix/lmtp_send_xforward_command = yes\n"
	    "verpd-lmtp/unix/syslog_name = postfix/verpd\n",
	    { ALL, false }, "verpd-lmtp/unix",
	    "verpd-lmtp unix - - n - 20 lmtp -o soft_bounce=yes "
	    "-o lmtp_send_xforward_command=yes -o syslog_name=postfix/verpd",
	    true },
	{ "service, an option is missing", own, "",
	    "verpd-lmtp unix - - n - 20 lmtp -o soft_bounce=yes\n",
	    "verpd-lmtp/unix/soft_bounce = yes\n", { ALL, false },
	    "verpd-lmtp/unix",
	    "verpd-lmtp unix - - n - 20 lmtp -o soft_bounce=yes "
	    "-o lmtp_send_xforward_command=yes -o syslog_name=postfix/verpd",
	    false },
	{ "verify", own, "", "", "", { ALL, false }, "relay_recipient_maps",
	    "socketmap:inet:127.0.0.1:2500:token", false },
	{ "verify, other relayed domains are still let in", own,
	    "relay_domains = o.test, hash:/r, home.test\n"
	    "mydestination = home.test\n",
	    "", "", { ALL, false }, "relay_recipient_maps",
	    "regexp:{{/@(o\\.test)$$/ OK}}, "
	    "socketmap:inet:127.0.0.1:2500:token",
	    false },
	{ "verify, other maps", own,
	    "relay_domains = o.test\nrelay_recipient_maps = hash:/r\n", "", "",
	    { ALL, false }, "relay_recipient_maps",
	    "hash:/r, socketmap:inet:127.0.0.1:2500:token", false },
	{ "not verify", own, "", "", "", { 1u << WIRING_SIGN, false },
	    "relay_recipient_maps", NULL, false },
	{ "sign", own, "", "", "", { ALL, false },
	    "sender_dependent_default_transport_maps",
	    "inline:{@b.test=campout:}", false },
	{ "sign, the transport", own, "", "", "", { ALL, false },
	    "campout/unix",
	    "campout unix - - - - - smtp "
	    "-o smtp_generic_maps=socketmap:inet:127.0.0.1:2500:sign "
	    "-o syslog_name=postfix/campout",
	    false },
	{ "sign, sockets that are gone with verpd", own,
	    "service_throttle_time = 60s\n", "", "", { ALL, false },
	    "service_throttle_time", "5s", false },
	{ "sign, master(8) starts again at once", own,
	    "service_throttle_time = 2\n", "", "", { ALL, false },
	    "service_throttle_time", "5s", true },
	{ "sign, sockets of systemd", sub, "service_throttle_time = 60s\n", "",
	    "", { ALL, false }, "service_throttle_time", NULL, false },
	{ "not sign, no matter how long it rests", own, "", "", "",
	    { 1u << WIRING_VERIFY, false }, "service_throttle_time", NULL,
	    false },
	{ "sign, XVERP is allowed", own,
	    "smtpd_authorized_verp_clients = $authorized_verp_clients\n", "",
	    "", { ALL, false }, "smtpd_authorized_verp_clients", "$mynetworks",
	    false },
	{ "sign, XVERP was allowed to somebody", own,
	    "smtpd_authorized_verp_clients = 192.0.2.1\n", "", "",
	    { ALL, false }, "smtpd_authorized_verp_clients", NULL, false },
	{ "sign, a filter hands back", own, "",
	    "127.0.0.1:10026 inet n - n - - smtpd\n",
	    "127.0.0.1:10026/inet/content_filter =\n", { ALL, false },
	    "127.0.0.1:10026/inet/local_header_rewrite_clients", "", false },
	{ "no filter", own, "", filtered, "", { ALL, false }, "campscan/unix",
	    NULL, false },
	{ "a filter's transport, like it, and signs", own,
	    "content_filter = scan:[127.0.0.1]:10024\n", filtered,
	    filtered_options, { ALL, false }, "campscan/unix",
	    "campscan unix - - n - 2 lmtp -o {a=b c} "
	    "-o lmtp_send_xforward_command=yes "
	    "-o lmtp_generic_maps=socketmap:inet:127.0.0.1:2500:sign "
	    "-o syslog_name=postfix/campscan",
	    false },
	{ "a filter, for campaigns' own addresses", own,
	    "content_filter = scan:[127.0.0.1]:10024\n", filtered,
	    filtered_options, { ALL, false }, "verpd_scan",
	    "check_sender_access regexp:{{/^[a-z0-9][a-z0-9._-]*@(b\\.test)$$/ "
	    "FILTER campscan:[127.0.0.1]:10024}}",
	    false },
	{ "a filter, below a sub-address", sub,
	    "content_filter = scan:[127.0.0.1]:10024\n", filtered,
	    filtered_options, { ALL, false }, "verpd_scan",
	    "check_sender_access "
	    "regexp:{{/^b\\+[a-z0-9][a-z0-9._-]*@(x\\.test)$$/ "
	    "FILTER campscan:[127.0.0.1]:10024}}",
	    false },
	{ "a filter, before enforce", own,
	    "content_filter = scan:[127.0.0.1]:10024\n", filtered,
	    filtered_options, { ALL, false }, "smtpd_recipient_restrictions",
	    "$verpd_enforce, $verpd_scan", false },
	{ "a filter, submission", own,
	    "content_filter = scan:[127.0.0.1]:10024\n", filtered,
	    filtered_options, { ALL, false },
	    "submission/inet/smtpd_recipient_restrictions",
	    "$verpd_enforce,$verpd_scan,reject", false },
	{ "a filter, what comes back", own,
	    "content_filter = scan:[127.0.0.1]:10024\n", filtered,
	    filtered_options, { ALL, false }, "127.0.0.1:10025/inet/verpd_scan",
	    "", false },
	{ "a filter of one service", own, "", filtered,
	    "scan/unix/a = b c\nsmtp/inet/content_filter = scan:x:1\n",
	    { ALL, false }, "submission/inet/verpd_scan", "", false },
	{ "a filter that cannot sign", own, "content_filter = pipe:x\n",
	    filtered, filtered_options, { ALL, false }, "verpd_scan", NULL,
	    false },
	{ "a filter that is no more", own, "verpd_scan = x\n", "", "",
	    { ALL, false }, "verpd_scan", "", false },
	{ "enforce, of campaigns alone", own, "", "", "", { ALL, false },
	    "verpd_enforce", "check_sender_access inline:{b.test=verpd_policy}",
	    false },
	{ "sub-address, enforce of campaigns alone", sub, "", "", "",
	    { ALL, false }, "verpd_enforce",
	    "check_sender_access "
	    "regexp:{{/^b\\+[^@[:space:]]+@(x\\.test)$$/ verpd_policy}}",
	    false },
	{ "enforce, the class", sub, "", "", "", { ALL, false },
	    "smtpd_restriction_classes", "verpd_verify, verpd_policy", false },
	{ "enforce", own, "", "", "", { ALL, false }, "verpd_policy",
	    "check_policy_service { unix:private/p, timeout=10s, "
	    "{ default_action=451 4.3.5 verpd does not answer } }",
	    false },
	{ "enforce, first", own, "smtpd_recipient_restrictions = reject\n", "",
	    "", { ALL, false }, "smtpd_recipient_restrictions",
	    "$verpd_enforce, reject", false },
	{ "enforce, submission", own, "", "submission inet n - n - - smtpd\n",
	    "submission/inet/smtpd_recipient_restrictions = "
	    "permit_sasl_authenticated, reject\n",
	    { ALL, false }, "submission/inet/smtpd_recipient_restrictions",
	    "$verpd_enforce,permit_sasl_authenticated,reject", false },
	{ "sub-address", sub, "", "", "", { ALL, false }, "transport_maps",
	    "regexp:{{/^b\\+[^@[:space:]]+@(x\\.test)$$/ "
	    "verpd-lmtp:unix:/run/verpd/lmtp}}",
	    false },
	{ "sub-address is no relay domain", sub, "", "", "", { ALL, false },
	    "relay_domains", NULL, false },
	{ "sub-address, delimiter", sub, "recipient_delimiter = +\n", "", "",
	    { ALL, false }, "recipient_delimiter", "+", true },
	{ "sub-address, verify and enforce in one list", sub, "", "", "",
	    { ALL, false }, "smtpd_recipient_restrictions",
	    "$verpd_enforce, check_recipient_access "
	    "regexp:{{/^b\\+[^@[:space:]]+@(x\\.test)$$/ verpd_verify}}",
	    false },
};

START_TEST(test_lines)
{
	const Case *want = &cases[_i];
	g_autofree char *main_cf = g_strconcat(queue, want->main_cf, NULL);
	g_autoptr(Settings) settings = settings_of(want->settings);
	g_autoptr(Postconf) postconf = postconf_parse(&(PostconfTexts){ main_cf,
	    main_cf, want->master_cf, want->options, want->options, "" });
	g_autoptr(GPtrArray)
	    lines = wiring_lines(settings, postconf, &want->wish);
	const WiringLine *found = NULL;

	/* the last one is what stands in the end */
	for (unsigned i = 0; i < lines->len; i++) {
		const WiringLine *line = lines->pdata[i];

		if (strcmp(line->name, want->name) == 0)
			found = line;
	}
	ck_assert_msg((found != NULL) == (want->value != NULL), "%s",
	    want->label);
	if (found == NULL)
		return;
	ck_assert_msg(strcmp(found->value, want->value) == 0, "%s: \"%s\"",
	    want->label, found->value);
	ck_assert_msg(found->is_done == want->is_done, "%s", want->label);
}
END_TEST

static Suite *wiring_suite(void)
{
	Suite *suite = suite_create("wiring");
	TCase *tcase = tcase_create("wiring");

	tcase_add_loop_test(tcase, test_lines, 0, (int)G_N_ELEMENTS(cases));
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(wiring_suite)
