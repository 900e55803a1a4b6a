/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules.h"

#include "envelope.h"
#include "errors.h"
#include "main.h"
#include "shipped_rules.h"

#include <string.h>

#define RULE "reason = unknown\nconfidence = 0.5\n"

/* ---- mistakes ---- */

static const struct {
	const char *text;
	const char *error;
} mistakes[] = {
	{ "reason = unknown\n", "a.rules:1: reason before any [name]" },
	{ "[a]\n" RULE "[a]\n" RULE, "a.rules:4: a is in this file already" },
	{ "[a\n", "a.rules:1: no \"]\" at the end" },
	{ "[A]\n", "a.rules:1: no name of [a-z0-9._-]: \"A\"" },
	{ "[]\n", "a.rules:1: no name of [a-z0-9._-]: \"\"" },
	{ "[a]\nbork\n", "a.rules:2: neither [name] nor key = value" },
	{ "[a]\nbork = 1\n", "a.rules:2: no such key: bork" },
	{ "[a]\nmta = x\n", "a.rules:2: no such key: mta" },
	{ "[provider a]\nreason = x\n", "a.rules:2: no such key: reason" },
	{ "[a]\n# c\n\nconfidence = 0.5\n", "a.rules:1: a: no reason" },
	{ "[a]\nreason = unknown\n", "a.rules:1: a: no confidence" },
	{ "[a]\nreason = bork\n", "a.rules:2: no reason: bork" },
	{ "[a]\nreason =\n", "a.rules:2: reason is empty" },
	{ "[a]\nreason = unknown\nreason = unknown\n",
	    "a.rules:3: reason again" },
	{ "[a]\nconfidence = 1.1\n",
	    "a.rules:2: confidence is not 0 to 1: 1.1" },
	{ "[a]\nconfirm = 1\n", "a.rules:2: confirm is not 2 to 4: 1" },
	{ "[a]\nconfirm = 20\n", "a.rules:2: confirm is not 2 to 4: 20" },
	{ "[a]\nreason = network\nconfirm = 2\nconfidence = 1\n",
	    "a.rules:3: a: confirm is of hard bounces; network is not one" },
	{ "[a]\nconfidence = nan\n",
	    "a.rules:2: confidence is not 0 to 1: nan" },
	{ "[a]\nconfidence = 0,9\n",
	    "a.rules:2: confidence is not 0 to 1: 0,9" },
	{ "[a]\nstatus = 5.1\n", "a.rules:2: no status glob: 5.1" },
	{ "[a]\nstatus = 3.1.1\n", "a.rules:2: no status glob: 3.1.1" },
	{ "[a]\nstatus = 5.1.1111\n", "a.rules:2: no status glob: 5.1.1111" },
	{ "[a]\nstatus = 5.1.6x1\n", "a.rules:2: no status glob: 5.1.6x1" },
	{ "[a]\nstatus = x.1.1\n", "a.rules:2: no status glob: x.1.1" },
	{ "[a]\ncode = 5x0\n", "a.rules:2: no reply code: 5x0" },
	{ "[a]\ncode = 650\n", "a.rules:2: no reply code: 650" },
	{ "[a]\nstage = lunch\n", "a.rules:2: no SMTP stage: lunch" },
	{ "[a]\naction = bork\n", "a.rules:2: no action: bork" },
	{ "[a]\nkind = bork\n", "a.rules:2: no kind of report: bork" },
	{ "[a]\nlevel = top\n", "a.rules:2: no level: top" },
	{ "[a]\ndisable = maybe\n", "a.rules:2: neither yes nor no: maybe" },
	{ "[a]\nmatch = (a\n",
	    "a.rules:2: missing closing parenthesis at offset 2 of the "
	    "pattern" },
	{ "[a]\nlevel = doubt\n" RULE,
	    "a.rules:1: a: level doubt without match" },
	{ "[a]\nlevel = weak\n" RULE,
	    "a.rules:1: a: level weak without match" },
	{ "[a]\nlevel = code\nmatch = x\n" RULE,
	    "a.rules:1: a: level code with match" },
	{ "[a]\nprovider = b\n" RULE, "a.rules:2: no such provider: b" },
	{ "[words a]\nbork = x\n", "a.rules:2: no such key: bork" },
	{ "[words a]\nopening = \n", "a.rules:2: opening is empty" },
	{ "[words a]\nopening = \"\"\n", "a.rules:2: opening is empty" },
	{ "[words a]\ndisable = maybe\n",
	    "a.rules:2: neither yes nor no: maybe" },
	{ "[words A]\n", "a.rules:1: no name of [a-z0-9._-]: \"A\"" },
	{ "[words a]\n[words b]\n[words a]\n",
	    "a.rules:3: words a is in this file already" },
	{ "[provider a]\n[words a]\n[a]\n[a]\n", "a.rules:3: a: no reason" },
	{ "[words a]\nreason = unknown\n", "a.rules:2: no such key: reason" },
	{ "[provider a]\ntext = ab\n",
	    "a.rules:2: text of fewer than 3 octets: ab" },
	{ "[a]\nexample = \xff\n", "a.rules:2: not UTF-8" },
};

START_TEST(test_mistakes)
{
	RuleFile file = { "a.rules", mistakes[_i].text,
		strlen(mistakes[_i].text) };
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(rules_new(&file, 1, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_str_eq(error->message, mistakes[_i].error);
}
END_TEST

/* ---- several files ---- */

static RuleSet *read_two(const char *one, const char *two)
{
	RuleFile files[] = { { "1.rules", one, strlen(one) },
		{ "2.rules", two, strlen(two) } };
	g_autoptr(GError) error = NULL;
	RuleSet *rules = rules_new(files, 2, &error);

	ck_assert_msg(rules != NULL, "%s", error != NULL ? error->message : "");
	return rules;
}

static char *judge(const RuleSet *rules, const char *diagnostic)
{
	g_autoptr(Report) report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	g_autoptr(Verdict) verdict = NULL;

	report->kind = REPORT_DSN;
	recipient->action = ACTION_FAILED;
	g_free(recipient->diagnostic);
	recipient->diagnostic = g_strdup(diagnostic);
	verdict = rules_judge(rules, report, recipient, NULL);
	return g_strdup(verdict->rule);
}

#define ck_judged(rules, said, id)                                             \
	do {                                                                   \
		g_autofree char *won_ = judge(rules, said);                    \
		ck_assert_str_eq(won_, id);                                    \
	} while (0)

START_TEST(test_replace_in_place)
{
	g_autoptr(RuleSet) rules = read_two("[a]\nmatch = bork\n" RULE
					    "[b]\nmatch = bork\n" RULE,
	    "[a]\nmatch = bork\nreason = bad-mailbox\nconfidence = 1\n");

	ck_assert_uint_eq(rules_count(rules), 2);
	ck_assert_str_eq(rules_info(rules, 0).id, "a");
	ck_assert_str_eq(rules_info(rules, 0).file, "2.rules");
	ck_assert_uint_eq(rules_info(rules, 0).line, 1);
	ck_assert_int_eq(rules_info(rules, 0).reason, VP_REASON_BAD_MAILBOX);
	ck_judged(rules, "550 bork", "a");
}
END_TEST

START_TEST(test_disable)
{
	g_autoptr(RuleSet) rules = read_two("[a]\nmatch = bork\n" RULE
					    "[b]\nmatch = bork\n" RULE,
	    "[a]\ndisable = yes\n[nobody]\ndisable = yes\n");

	ck_assert_uint_eq(rules_count(rules), 1);
	ck_judged(rules, "550 bork", "b");
}
END_TEST

START_TEST(test_disabled_provider)
{
	static const char one[] = "[provider p]\ntext = bork\n";
	static const char two[] = "[provider p]\ndisable = yes\n"
				  "[a]\nprovider = p\n" RULE;
	RuleFile files[] = { { "1.rules", one, strlen(one) },
		{ "2.rules", two, strlen(two) } };
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(rules_new(files, 2, &error));
	ck_assert_str_eq(error->message, "2.rules:4: no such provider: p");
}
END_TEST

START_TEST(test_crlf_and_no_end)
{
	g_autoptr(RuleSet)
	    rules = read_two("[a]\r\nreason = unknown\r\nconfidence = 0.5", "");

	ck_assert_uint_eq(rules_count(rules), 1);
}
END_TEST

/* ---- order ---- */

static const char ordered[] =
    "[provider p]\ntext = pprrr\n"
    "[code]\ncode = 550\n" RULE "[status]\nstatus = 5.1.*\n" RULE
    "[weak]\nlevel = weak\nmatch = gamma\nreason = policy\n"
    "confidence = 0.72\n"
    "[sure]\nstatus = 5.1.1\nreason = bad-mailbox\nconfidence = 0.8\n"
    "[phrase]\nmatch = alpha\n" RULE
    "[not]\nmatch = beta\nunless = but not\n" RULE
    "[words]\nprovider = p\nmatch = alpha\n" RULE
    "[first]\nlevel = first\nmatch = omega\n" RULE
    "[rcpt]\nstage = rcpt\nmatch = delta\n" RULE "[last]\nlevel = last\n" RULE;

static const struct {
	const char *said;
	const char *rule;
} order[] = {
	{ "550 5.2.9 x", "code" },
	{ "550 5.1.9 x", "status" },
	{ "550 5.1.1 x", "status" }, /* the first of its level */
	{ "550 5.1.1 alpha", "phrase" },
	{ "550 5.1.1 alpha pprrr", "words" },
	{ "550 5.1.1 alpha pprrr omega", "first" },
	{ "550 5.1.9 gamma", "weak" },
	{ "550 5.2.9 beta", "not" },
	{ "550 5.2.9 beta but not so", "code" },
	{ "550 5.2.9 delta", "code" },
	{ "550 5.2.9 delta (in reply to RCPT TO command)", "rcpt" },
	{ "bork", "last" },
	{ "", "last" },
	{ "451 4.0.0 alpha\n550 5.2.9 beta", "not" },
	{ "550-5.2.9 al\n550 5.2.9 pha", "code" },
	{ "550-5.2.9 al\n550 5.2.9 pha al\n pha", "code" },
};

START_TEST(test_order)
{
	g_autoptr(RuleSet) rules = read_two(ordered, "");

	ck_judged(rules, order[_i].said, order[_i].rule);
}
END_TEST

/* ---- lint ---- */

START_TEST(test_lint)
{
	g_autoptr(RuleSet)
	    rules = read_two("[a]\nmatch = alpha\n" RULE "example = beta\n"
			     "example = 550 alpha\n"
			     "example = (stage=lunch) alpha\n"
			     "example = (alpha) brackets\n"
			     "[b]\nmatch = beta\n" RULE
			     "[c]\nmatch = alpha\n" RULE "example = alpha\n",
		"");
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	static const char *const expected[] = {
		"1.rules:5: a: example is won by b: beta",
		"1.rules:7: a: example's condition is none: stage",
		"1.rules:9: b: no example",
		"1.rules:17: c: example is won by a: alpha",
	};

	ck_assert(!rules_lint(rules, findings));
	for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
		ck_assert_uint_gt(findings->len, i);
		ck_assert_str_eq(g_ptr_array_index(findings, i), expected[i]);
	}
	ck_assert_uint_eq(findings->len, G_N_ELEMENTS(expected));
}
END_TEST

START_TEST(test_lint_unless)
{
	g_autoptr(RuleSet)
	    rules = read_two("[a]\nstatus = 5.2.9\nunless = beta\n" RULE
			     "example = 5.2.9 alpha\n",
		"");
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);

	ck_assert(!rules_lint(rules, findings));
	ck_assert_uint_eq(findings->len, 1);
	ck_assert_str_eq(g_ptr_array_index(findings, 0),
	    "1.rules:1: a: unless without match is never asked");
}
END_TEST

/* One folder's files are one author's: a second rule of one id there is a slip
   of the pen, in another folder it is what replacing is for. */
static const struct {
	const char *first;
	const char *second;
	const char *finding; /* NULL: none */
} repeats[] = {
	{ "x/1.rules", "x/2.rules",
	    "x/2.rules:1: a: replaces that of x/1.rules:1" },
	{ "1.rules", "2.rules", "2.rules:1: a: replaces that of 1.rules:1" },
	{ "x/1.rules", "y/1.rules", NULL },
	{ "x/1.rules", "x/1.rules", NULL }, /* named, and in force */
};

START_TEST(test_lint_repeats)
{
	static const char text[] = "[a]\nmatch = alpha\n" RULE
				   "example = alpha\n";
	const RuleFile files[] = {
		{ repeats[_i].first, text, sizeof text - 1 },
		{ repeats[_i].second, text, sizeof text - 1 },
	};
	g_autoptr(RuleSet) rules = rules_new(files, 2, NULL);
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);

	ck_assert_ptr_nonnull(rules);
	ck_assert(rules_lint(rules, findings) == (repeats[_i].finding == NULL));
	if (repeats[_i].finding != NULL) {
		ck_assert_uint_eq(findings->len, 1);
		ck_assert_str_eq(g_ptr_array_index(findings, 0),
		    repeats[_i].finding);
	}
}
END_TEST

START_TEST(test_shipped)
{
	g_autoptr(RuleSet) rules = shipped_rules();
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) all = g_string_new(NULL);

	ck_assert_uint_ge(rules_count(rules), 200);
	(void)rules_lint(rules, findings);
	for (unsigned i = 0; i < findings->len; i++)
		g_string_append_printf(all, "\n%s",
		    (char *)g_ptr_array_index(findings, i));
	ck_assert_msg(findings->len == 0, "%s", all->str);
}
END_TEST

/* ---- doubt ---- */

#define HARD "reason = bad-mailbox\nconfidence = 0.8\n"

static const char doubted[] =
    "[provider p]\ntext = pprrr\n"
    "[of-p]\nprovider = p\nstatus = 5.1.1\n" HARD
    "[two]\nstatus = 5.1.1\ncode = 556\n" HARD "[hard]\nstatus = 5.1.*\n" HARD
    "[soft]\nstatus = 5.2.*\nreason = system\nconfidence = 0.9\n"
    "[there]\nlevel = doubt\nstatus = 5.1.1\nmatch = gone\n" HARD
    "[later]\nlevel = doubt\nmatch = rainy\nreason = system\n"
    "confidence = 0.76\n"
    "[words]\nlevel = doubt\nstatus = 5.1.1\nmatch = [a-z]{3}\nconfirm = "
    "2\n" HARD "[phrase]\nmatch = alpha\n" HARD;

static const struct {
	const char *said;
	const char *rule;
	unsigned confirm;
} doubts[] = {
	{ "550 5.1.1", "hard", 0 },
	{ "550 5.1.1 x", "hard", 0 },
	{ "550 5.1.1 xyz", "words", 2 },
	{ "550 5.1.1 rainy", "later", 0 },
	{ "550 5.1.1 gone rainy", "there", 0 },
	{ "550 5.1.1 see ana rainy", "later", 0 },
	/* advice is heard when nothing else is */
	{ "550 5.1.1 abc def. Please see what is rainy.", "words", 2 },
	{ "550 5.1.2 xyz", "hard", 0 },
	{ "550 5.1.2 gone rainy", "later", 0 },
	/* only of what would be hard */
	{ "550 5.2.1 rainy", "soft", 0 },
	/* who knows is not doubted */
	{ "550 5.1.1 rainy pprrr", "of-p", 0 },
	{ "556 5.1.1 rainy", "two", 0 },
	/* a phrase stands, and waits */
	{ "550 alpha", "phrase", 0 },
	{ "550 alpha rainy", "phrase", 2 },
	{ "550 alpha gone rainy", "phrase", 0 },
	{ "550 alpha beta. Please see what is rainy.", "phrase", 0 },
	{ "550 alpha pprrr", "phrase", 0 },
};

START_TEST(test_doubt)
{
	g_autoptr(RuleSet) rules = read_two(doubted, "");
	g_autoptr(Report) report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	g_autoptr(Verdict) verdict = NULL;

	report->kind = REPORT_DSN;
	envelope_set(&recipient->diagnostic, doubts[_i].said);
	verdict = rules_judge(rules, report, recipient, NULL);
	ck_assert_str_eq(verdict->rule, doubts[_i].rule);
	ck_assert_uint_eq(verdict->confirm, doubts[_i].confirm);
}
END_TEST

static Suite *rules_suite(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");

	tcase_add_loop_test(tcase, test_mistakes, 0, G_N_ELEMENTS(mistakes));
	tcase_add_test(tcase, test_replace_in_place);
	tcase_add_test(tcase, test_disable);
	tcase_add_test(tcase, test_disabled_provider);
	tcase_add_test(tcase, test_crlf_and_no_end);
	tcase_add_loop_test(tcase, test_doubt, 0, G_N_ELEMENTS(doubts));
	tcase_add_loop_test(tcase, test_order, 0, G_N_ELEMENTS(order));
	tcase_add_test(tcase, test_lint);
	tcase_add_test(tcase, test_lint_unless);
	tcase_add_loop_test(tcase, test_lint_repeats, 0, G_N_ELEMENTS(repeats));
	tcase_add_test(tcase, test_shipped);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(rules_suite)
