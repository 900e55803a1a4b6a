/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bare.tsv: codes with words of every kind, and what a careful postmaster would
   make of them.  A line is

	verdict TAB stage TAB Status field TAB what was said

   where stage and status may be empty, and verdict is

	hard     the address is dead
	twice    hard, if it is said on another day, too
	spared   anything but hard
	soft, block, unknown   of that class

   Each was written, and its verdict, before it was judged; the rules have been
   mended by them since.  The last ones are judged otherwise than was thought:
   two are hard at once that were to be so on a second day, none at all that was
   to be spared. */

#include "rules.h"

#include "envelope.h"
#include "main.h"
#include "shipped_rules.h"

#include <string.h>

static RuleSet *rules;
static char **lines;

static void setup(void)
{
	const char *path = g_getenv("VERPD_BARE");
	g_autofree char *text = NULL;

	ck_assert_ptr_nonnull(path);
	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	rules = shipped_rules();
}

static void teardown(void)
{
	g_clear_pointer(&rules, rules_free);
	g_clear_pointer(&lines, g_strfreev);
}

static bool is_hard(const Verdict *verdict)
{
	return verdict->class_ == VP_CLASS_HARD;
}

static bool is_as_said(const Verdict *verdict, const char *wanted)
{
	int class_ = vp_class_from_name(wanted);

	if (strcmp(wanted, "spared") == 0)
		return !is_hard(verdict);
	if (strcmp(wanted, "twice") == 0)
		return is_hard(verdict) && verdict->confirm >= 2;
	ck_assert_msg(class_ >= 0, "no verdict: %s", wanted);
	if (class_ == VP_CLASS_HARD)
		return is_hard(verdict) && verdict->confirm < 2;
	return (int)verdict->class_ == class_;
}

static bool check_line(const char *line)
{
	g_auto(GStrv) field = g_strsplit(line, "\t", 4);
	g_autoptr(Report) report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	g_autoptr(Verdict) verdict = NULL;

	ck_assert_msg(g_strv_length(field) == 4, "no four fields: %s", line);
	report->kind = REPORT_DSN;
	recipient->action = ACTION_FAILED;
	if (field[1][0] != '\0')
		ck_assert_msg(stage_from_name(field[1], &recipient->stage),
		    "no stage: %s", line);
	envelope_set(&recipient->final_recipient, "ana@example.org");
	envelope_set(&recipient->status, field[2]);
	envelope_set(&recipient->diagnostic_type, "smtp");
	envelope_set(&recipient->diagnostic, field[3]);
	envelope_set(&report->returned_return_path, "news@sender.example");
	verdict = rules_judge(rules, report, recipient, NULL);
	if (is_as_said(verdict, field[0]))
		return true;
	g_printerr("%s: %s/%s by %s (%s), %u days\n", line,
	    vp_class_name(verdict->class_), vp_reason_name(verdict->reason),
	    verdict->rule, verdict->matched, verdict->confirm);
	return false;
}

START_TEST(test_bare)
{
	unsigned n = 0, wrong = 0;

	for (char **line = lines; *line != NULL; line++) {
		if (**line == '\0' || **line == '#')
			continue;
		n++;
		if (!check_line(*line))
			wrong++;
	}
	ck_assert_uint_gt(n, 200);
	ck_assert_msg(wrong == 0, "%u of %u are judged wrongly", wrong, n);
}
END_TEST

static Suite *bare_suite(void)
{
	Suite *suite = suite_create("bare");
	TCase *tcase = tcase_create("bare");

	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_bare);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(bare_suite)
