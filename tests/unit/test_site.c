/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is built from the files that a configuration names, and which of them
   are refused. */
#include "main.h"

#include "site.h"

#include "errors.h"
#include "files.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define KEY_LINE "0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static char *root; /* a directory of this test's own; each test is a process */

static void set_up(void)
{
	root = g_dir_make_tmp("verpd-site-XXXXXX", NULL);
	ck_assert_ptr_nonnull(root);
}

static void remove_all(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *inner = g_build_filename(path, name, NULL);

		remove_all(inner);
	}
	if (dir != NULL)
		g_dir_close(dir);
	(void)g_remove(path);
}

static void tear_down(void)
{
	remove_all(root);
	g_free(root);
}

static char *in_root(const char *name)
{
	return g_build_filename(root, name, NULL);
}

static void put(const char *name, const char *text, int mode)
{
	g_autofree char *path = in_root(name);
	g_autofree char *directory = g_path_get_dirname(path);

	ck_assert_int_eq(g_mkdir_with_parents(directory, 0755), 0);
	ck_assert(g_file_set_contents(path, text, -1, NULL));
	ck_assert_int_eq(chmod(path, (mode_t)mode), 0);
}

/* Settings whose files are in ROOT, with MORE behind them. */
static Settings *settings_of(const char *more)
{
	g_autofree char *text = g_strdup_printf("bounce_domains = b.test\n"
						"keys = \"%s/keys\"\n"
						"rules = {\"%s/a\", \"%s/b\"}\n"
						"%s",
	    root, root, root, more);
	g_autoptr(GError) error = NULL;
	Settings *settings = settings_parse("verpd.conf", text, strlen(text),
	    &error);

	if (settings == NULL)
		ck_abort_msg("%s", error->message);
	return settings;
}

/* ---- keys ---- */

typedef struct KeyMode {
	int mode;
	bool is_good;
} KeyMode;

static const KeyMode key_modes[] = {
	{ 0600, true },
	{ 0640, true },
	{ 0660, true },
	{ 0400, true },
	{ 0644, false },
	{ 0602, false },
	{ 0601, false },
	{ 0666, false },
};

START_TEST(test_key_mode)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;
	g_autoptr(KeyRing) keys = NULL;

	put("keys", KEY_LINE, key_modes[_i].mode);
	keys = site_keys(settings, &error);
	ck_assert_msg((keys != NULL) == key_modes[_i].is_good, "mode %04o",
	    (unsigned)key_modes[_i].mode);
	if (keys == NULL) {
		ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
		ck_assert_ptr_nonnull(strstr(error->message, "open to others"));
	}
}
END_TEST

START_TEST(test_key_missing)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(site_keys(settings, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_ptr_nonnull(strstr(error->message, "/keys: open: "));
}
END_TEST

START_TEST(test_key_malformed)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;

	put("keys", "# one\n" KEY_LINE "0:secret\n", 0600);
	ck_assert_ptr_null(site_keys(settings, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_ptr_nonnull(strstr(error->message, "/keys:3: "));
	ck_assert_ptr_null(strstr(error->message, "secret"));
}
END_TEST

/* A device that never ends must not be read for ever. */
START_TEST(test_key_endless)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;

	g_free(settings->keys);
	settings->keys = g_strdup("/dev/zero");
	ck_assert_ptr_null(site_keys(settings, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "too large"));
}
END_TEST

/* ---- rules ---- */

static void put_rule(const char *file, const char *id, const char *reason)
{
	g_autofree char *text = g_strdup_printf("[%s]\nmatch = bork\n"
						"reason = %s\n"
						"confidence = 0.9\n",
	    id, reason);

	put(file, text, 0644);
}

static void put_words(void)
{
	put("a/01.rules", "[words any]\nopening = sorry\n", 0644);
}

/* By directory, then by name; what comes later takes the earlier's place. */
START_TEST(test_rules_order)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autofree char *extra = in_root("extra");
	const char *files[] = { extra, NULL };
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = NULL;
	g_autoptr(RuleSet) more = NULL;

	put_words();
	put_rule("a/20.rules", "two", "blocked");
	put_rule("a/10.rules", "one", "blocked");
	put_rule("b/05.rules", "three", "blocked");
	put_rule("b/06.rules", "one", "bad-mailbox");
	put_rule("extra", "four", "blocked");
	rules = site_rules(settings, &error);
	ck_assert_ptr_nonnull(rules);
	ck_assert_uint_eq(rules_count(rules), 3);
	ck_assert_str_eq(rules_info(rules, 0).id, "one");
	ck_assert_int_eq(rules_info(rules, 0).reason, VP_REASON_BAD_MAILBOX);
	ck_assert_str_eq(rules_info(rules, 1).id, "two");
	ck_assert_str_eq(rules_info(rules, 2).id, "three");
	more = site_rules_and(settings, files, &error);
	ck_assert_uint_eq(rules_count(more), 4);
	ck_assert_str_eq(rules_info(more, 3).id, "four");
}
END_TEST

START_TEST(test_rules_of_nowhere)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = site_rules(settings, &error);

	ck_assert_ptr_null(rules);
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert(g_str_has_prefix(error->message, "there are no *.rules in "));
}
END_TEST

/* A directory of one's own in the place of the shipped one. */
START_TEST(test_rules_without_words)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;

	put_rule("a/30.rules", "one", "blocked");
	ck_assert_ptr_null(site_rules(settings, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_ptr_nonnull(strstr(error->message, "have no words"));
}
END_TEST

START_TEST(test_rules_mistake)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;

	put("b/10.rules", "\n\nno such thing\n", 0644);
	ck_assert_ptr_null(site_rules(settings, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_ptr_nonnull(strstr(error->message, "/b/10.rules:"));
}
END_TEST

/* Other files, hidden ones and half-written ones are no rules. */
START_TEST(test_rules_other_files)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = NULL;

	put_words();
	put_rule("a/20.rules", "one", "blocked");
	put("a/README", "no such thing\n", 0644);
	put("a/10.rules~", "no such thing\n", 0644);
	put("a/.10.rules", "no such thing\n", 0644);
	put("a/10.rules.dpkg-new", "no such thing\n", 0644);
	rules = site_rules(settings, &error);
	ck_assert_ptr_nonnull(rules);
	ck_assert_uint_eq(rules_count(rules), 1);
}
END_TEST

/* ---- tokens, judge ---- */

START_TEST(test_no_domain)
{
	g_autoptr(Settings) settings = settings_of("");
	g_autoptr(GError) error = NULL;

	put("keys", KEY_LINE, 0600);
	g_strfreev(settings->bounce_domains);
	settings->bounce_domains = g_new0(char *, 1);
	ck_assert_ptr_null(site_judge(settings, NULL, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_msg(g_str_has_prefix(error->message,
			  "verpd.conf: bounce_domains is not set; write "),
	    "%s", error->message);
}
END_TEST

static const char *const bad_patterns[] = {
	"pattern a { regex = '(' }\n",
	"pattern a { regex = 'no groups' }\n",
	"pattern nonsense { }\n",
};

/* The line is that of the one that is wrong, not of the first. */
START_TEST(test_bad_pattern)
{
	g_autofree char *more = g_strconcat("pattern qmail { }\n",
	    bad_patterns[_i], "pattern mailman { }\n", NULL);
	g_autoptr(Settings) settings = settings_of(more);
	g_autoptr(GError) error = NULL;

	put("keys", KEY_LINE, 0600);
	ck_assert_ptr_null(site_judge(settings, NULL, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_msg(g_str_has_prefix(error->message, "verpd.conf:5: "), "%s",
	    error->message);
}
END_TEST

START_TEST(test_judge)
{
	g_autoptr(Settings) settings = settings_of(
	    "own_hosts = mx.test\nbounce_lifetime = 20d\n"
	    "policy { soft_limit = 4 }\ndefault_stream = other\n"
	    "stream t { campaigns = {\"r-*\"} complaint_exempt = yes }\n"
	    "pattern postfix { }\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(Judge) judge = NULL;
	g_auto(Token) token = { 0 };

	put("keys", KEY_LINE, 0600);
	put_words();
	put_rule("a/20.rules", "one", "blocked");
	judge = site_judge(settings, NULL, &error);
	ck_assert_ptr_nonnull(judge);
	ck_assert_ptr_nonnull(judge->rules);
	ck_assert_str_eq(judge->own_hosts[0], "mx.test");
	ck_assert_ptr_null(judge->own_hosts[1]);
	ck_assert_int_eq(judge->bounce_lifetime, 20 * 86400);
	ck_assert_int_eq(judge->complaint_lifetime, 365 * 86400);
	ck_assert_uint_eq(judge->policy.soft_limit, 4);
	ck_assert_uint_eq(judge->forged_per_source, 60);
	ck_assert_uint_eq(judge->forged_total, 600);
	ck_assert_str_eq(judge_stream(judge, "r-1"), "t");
	ck_assert_str_eq(judge_stream(judge, "news"), "other");
	ck_assert_uint_eq(judge_ignored(judge, "t"),
	    CAUSE_BIT(CAUSE_COMPLAINT));
	ck_assert_uint_eq(judge_ignored(judge, "other"), 0);
	token_decode(judge->tokens, "news+ana=example.org@b.test", &token);
	ck_assert_int_eq(token.check, TOKEN_UNSIGNED);
	ck_assert_str_eq(token.recipient, "ana@example.org");
}
END_TEST

START_TEST(test_streams)
{
	g_autoptr(Settings)
	    settings = settings_of("stream t { campaigns = \"r-*\" }\n");
	g_autoptr(Judge) judge = site_streams(settings);

	ck_assert_str_eq(judge_stream(judge, "r-1"), "t");
	ck_assert_str_eq(judge_stream(judge, "x"), "marketing");
}
END_TEST

/* ---- files ---- */

START_TEST(test_replace)
{
	g_autofree char *path = in_root("file");
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = NULL;
	unsigned n = 0;
	mode_t mode;
	gsize len;

	ck_assert(file_replace(path, "one", 3, 0640, &error));
	ck_assert(file_read(path, &text, &len, &mode, &error));
	ck_assert_str_eq(text, "one");
	ck_assert_uint_eq(mode & 07777, 0640);
	ck_assert_int_eq(chmod(path, 0604), 0);
	ck_assert(file_replace(path, "two\n", 4, 0640, &error));
	g_free(text);
	ck_assert(file_read(path, &text, &len, &mode, &error));
	ck_assert_str_eq(text, "two\n");
	ck_assert_uint_eq(len, 4);
	ck_assert_uint_eq(mode & 07777, 0604);
	/* nothing is left beside it */
	dir = g_dir_open(root, 0, NULL);
	while (g_dir_read_name(dir) != NULL)
		n++;
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(test_replace_fails)
{
	g_autofree char *path = in_root("none/file");
	g_autoptr(GError) error = NULL;

	ck_assert(!file_replace(path, "one", 3, 0640, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_TEMPORARY));
}
END_TEST

static Suite *site_suite(void)
{
	Suite *suite = suite_create("site");
	TCase *tests = tcase_create("site");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, test_key_mode, 0, G_N_ELEMENTS(key_modes));
	tcase_add_test(tests, test_key_missing);
	tcase_add_test(tests, test_key_malformed);
	tcase_add_test(tests, test_key_endless);
	tcase_add_test(tests, test_rules_of_nowhere);
	tcase_add_test(tests, test_rules_order);
	tcase_add_test(tests, test_rules_without_words);
	tcase_add_test(tests, test_rules_mistake);
	tcase_add_test(tests, test_rules_other_files);
	tcase_add_test(tests, test_no_domain);
	tcase_add_loop_test(tests, test_bad_pattern, 0,
	    G_N_ELEMENTS(bad_patterns));
	tcase_add_test(tests, test_judge);
	tcase_add_test(tests, test_streams);
	tcase_add_test(tests, test_replace);
	tcase_add_test(tests, test_replace_fails);
	suite_add_tcase(suite, tests);
	return suite;
}

RUN_SUITE(site_suite)
