/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sayings.tsv: what hosts say, host by host and language by language, with the
   reason it should be given.  A line is

	reason TAB host that answered TAB stage TAB Status field TAB what it said

   where host, stage and status may be empty.  Each was written before the rules
   were looked at, but where it was judged wrongly the rules have been changed
   since, and a few that are a matter of opinion were left out: so the file
   guards what is known, and says nothing of how well unseen mail is read. */

#include "rules.h"

#include "envelope.h"
#include "main.h"
#include "shipped_rules.h"

#include <string.h>

static RuleSet *rules;
static char **lines;

static void setup(void)
{
	const char *path = g_getenv("VERPD_SAYINGS");
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

static SmtpStage stage_from(const char *name)
{
	static const SmtpStage stages[] = { STAGE_CONNECT, STAGE_HELO,
		STAGE_MAIL, STAGE_RCPT, STAGE_DATA, STAGE_DOT };

	for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++)
		if (strcmp(stage_name(stages[i]), name) == 0)
			return stages[i];
	ck_assert_str_eq(name, "");
	return STAGE_UNKNOWN;
}

static bool check_saying(const char *line)
{
	g_auto(GStrv) field = g_strsplit(line, "\t", 5);
	g_autoptr(Report) report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	g_autoptr(Verdict) verdict = NULL;
	int reason;

	ck_assert_msg(g_strv_length(field) == 5, "no five fields: %s", line);
	reason = vp_reason_from_name(field[0]);
	ck_assert_msg(reason >= 0, "no reason: %s", line);
	report->kind = REPORT_DSN;
	recipient->action = ACTION_FAILED;
	recipient->stage = stage_from(field[2]);
	envelope_set(&recipient->remote_mta, field[1]);
	envelope_set(&recipient->status, field[3]);
	envelope_set(&recipient->diagnostic, field[4]);
	verdict = rules_judge(rules, report, recipient, NULL);
	if ((int)verdict->reason == reason)
		return true;
	g_printerr("%s: %s by %s (%s)\n", line, vp_reason_name(verdict->reason),
	    verdict->rule, verdict->matched);
	return false;
}

START_TEST(test_sayings)
{
	unsigned n = 0, wrong = 0;

	for (char **line = lines; *line != NULL; line++) {
		if (**line == '\0' || **line == '#')
			continue;
		n++;
		if (!check_saying(*line))
			wrong++;
	}
	ck_assert_uint_gt(n, 300);
	ck_assert_msg(wrong == 0, "%u of %u are judged wrongly", wrong, n);
}
END_TEST

static Suite *sayings_suite(void)
{
	Suite *suite = suite_create("sayings");
	TCase *tcase = tcase_create("sayings");

	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_sayings);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(sayings_suite)
