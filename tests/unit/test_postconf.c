/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What postconf(1) prints, read. */
#include "main.h"
#include "postconf.h"

#include <string.h>

static const char raw[] = "mydestination = $myhostname, localhost\n"
			  "myhostname = mail.x.test\n"
			  "queue_directory = /var/spool/postfix\n"
			  "relay_domains = ${{$x} == {y} ? {a = b} : {}}\n"
			  "transport_maps =\n"
			  "not a parameter\n";
static const char expanded[] = "mydestination = mail.x.test, localhost\n"
			       "queue_directory = /var/spool/postfix\n";
static const char services[] =
    "smtp       inet  n       -       y       -       -       smtpd\n"
    "127.0.0.1:10026 inet n   -       n       -       12      smtpd -o "
    "content_filter= -o {mynetworks=127.0.0.0/8, 10.0.0.0/8}\n"
    "private/x  unix  -       n       n       -       -       pipe\n"
    "too few words\n";
static const char options[] =
    "127.0.0.1:10026/inet/content_filter =\n"
    "127.0.0.1:10026/inet/mynetworks = 127.0.0.0/8, 10.0.0.0/8\n"
    "private/x/unix/syslog_name = a=b\n"
    "nobody/unix/syslog_name = c\n"
    "nothing\n";

START_TEST(test_parse)
{
	g_autoptr(Postconf) postconf = postconf_parse(&(PostconfTexts){
	    raw, expanded, services, options, options, "cdb\ninline\n" });
	const PostfixService *smtpd, *reinject, *pipe;
	g_autofree char *path = postconf_queue_path(postconf, "private/verpd");

	ck_assert_str_eq(postconf_raw(postconf, "mydestination"),
	    "$myhostname, localhost");
	ck_assert_str_eq(postconf_value(postconf, "mydestination"),
	    "mail.x.test, localhost");
	ck_assert_str_eq(postconf_raw(postconf, "relay_domains"),
	    "${{$x} == {y} ? {a = b} : {}}");
	ck_assert_str_eq(postconf_raw(postconf, "transport_maps"), "");
	ck_assert_str_eq(postconf_raw(postconf, "nothing"), "");
	ck_assert_str_eq(path, "/var/spool/postfix/private/verpd");
	ck_assert(postconf_has_type(postconf, "cdb"));
	ck_assert(!postconf_has_type(postconf, "lmdb"));
	ck_assert(!postconf_has_type(postconf, "cd"));

	ck_assert_uint_eq(postconf_services(postconf)->len, 3);
	smtpd = postconf_service(postconf, "smtp", "inet");
	ck_assert_str_eq(smtpd->is_chrooted, "y");
	ck_assert_str_eq(smtpd->command, "smtpd");
	ck_assert_str_eq(postconf_of(postconf, smtpd, "mydestination"),
	    "mail.x.test, localhost");
	reinject = postconf_service(postconf, "127.0.0.1:10026", "inet");
	ck_assert_str_eq(reinject->process_limit, "12");
	ck_assert_str_eq(postconf_of(postconf, reinject, "mynetworks"),
	    "127.0.0.0/8, 10.0.0.0/8");
	ck_assert(g_hash_table_contains(reinject->options, "content_filter"));
	pipe = postconf_service(postconf, "private/x", "unix");
	ck_assert_str_eq(postconf_of(postconf, pipe, "syslog_name"), "a=b");
	ck_assert_ptr_null(postconf_service(postconf, "smtp", "unix"));
}
END_TEST

static const struct {
	const char *value;
	const char *items; /* joined by "|" */
} item_cases[] = {
	{ "", "" },
	{ " a, b\tc ,,d", "a|b|c|d" },
	{ "inline:{a=b, c=d}, e", "inline:{a=b, c=d}|e" },
	{ "check_policy_service { unix:x, timeout=1s } f",
	    "check_policy_service|{ unix:x, timeout=1s }|f" },
	{ "regexp:{{/^a{1,2} b/ OK}} g", "regexp:{{/^a{1,2} b/ OK}}|g" },
	{ "a} b", "a}|b" },
	{ "{ never closed, a", "{ never closed, a" },
};

START_TEST(test_items)
{
	g_auto(GStrv) items = postconf_items(item_cases[_i].value);
	g_autofree char *joined = g_strjoinv("|", items);

	ck_assert_str_eq(joined, item_cases[_i].items);
}
END_TEST

START_TEST(test_has_item)
{
	const char *value = "permit_mynetworks,\n check_policy_service  "
			    "unix:private/x, reject";

	ck_assert(postconf_has_item(value, "reject"));
	ck_assert(postconf_has_item(value,
	    "check_policy_service unix:private/x"));
	ck_assert(!postconf_has_item(value,
	    "check_policy_service unix:private/y"));
	ck_assert(!postconf_has_item(value, "reject permit"));
	ck_assert(!postconf_has_item(value, "unix:private"));
	ck_assert(!postconf_has_item(value, ""));
}
END_TEST

static Suite *postconf_suite(void)
{
	Suite *suite = suite_create("postconf");
	TCase *tcase = tcase_create("postconf");

	tcase_add_test(tcase, test_parse);
	tcase_add_loop_test(tcase, test_items, 0,
	    (int)G_N_ELEMENTS(item_cases));
	tcase_add_test(tcase, test_has_item);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(postconf_suite)
