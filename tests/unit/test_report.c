/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages and what is read in them.  tests/messages/expected.tsv has a line
   for each recipient of each file: file, kind, format, final recipient,
   action, status, stage, how the diagnostic begins; "-" is "nothing". */

#include "report_read.h"

#include "bounds.h"
#include "main.h"

#include <string.h>

/* --- tests/messages --- */

enum { FILE_NAME, KIND, FORMAT, FINAL, ACTION, STATUS, STAGE, DIAGNOSTIC, N };

static char *message_path(const char *name)
{
	return g_build_filename(g_getenv("VERPD_MESSAGES"), name, NULL);
}

static Report *read_file(const char *name)
{
	g_autofree char *path = message_path(name);
	g_autofree char *bytes = NULL;
	gsize len;

	ck_assert_msg(g_file_get_contents(path, &bytes, &len, NULL), "%s",
	    path);
	return report_read(bytes, len);
}

static GPtrArray *read_expected(void)
{
	GPtrArray *rows =
	    g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	g_autofree char *path = message_path("expected.tsv");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char **row;

		if (**line == '\0' || **line == '#')
			continue;
		row = g_strsplit(*line, "\t", -1);
		ck_assert_msg(g_strv_length(row) == N, "columns: %s", *line);
		g_ptr_array_add(rows, row);
	}
	return rows;
}

static void expect(char **row, unsigned column, const char *value)
{
	const char *wanted = strcmp(row[column], "-") == 0 ? "" : row[column];
	bool is_right = column == DIAGNOSTIC && *wanted != '\0'
			    ? g_str_has_prefix(value, wanted)
			    : strcmp(value, wanted) == 0;

	ck_assert_msg(is_right, "%s, column %u: \"%s\", not \"%s\"",
	    row[FILE_NAME], column + 1, value, wanted);
}

static void check_row(const Report *report, char **row, unsigned i)
{
	const ReportRecipient *recipient;

	expect(row, KIND, report_kind_name(report->kind));
	expect(row, FORMAT, report->format);
	if (strcmp(row[FINAL], "-") == 0 && report->recipients->len == 0)
		return;
	ck_assert_msg(i < report->recipients->len, "%s: %u recipients",
	    row[FILE_NAME], report->recipients->len);
	recipient = report_recipient(report, i);
	expect(row, FINAL, recipient->final_recipient);
	expect(row, ACTION, action_name(recipient->action));
	expect(row, STATUS, recipient->status);
	expect(row, STAGE, stage_name(recipient->stage));
	expect(row, DIAGNOSTIC, recipient->diagnostic);
}

START_TEST(messages_are_as_expected)
{
	g_autoptr(GPtrArray) rows = read_expected();

	for (guint i = 0; i < rows->len;) {
		char **first = g_ptr_array_index(rows, i);
		g_autoptr(Report) report = read_file(first[FILE_NAME]);
		unsigned n = 0;

		for (; i < rows->len; i++, n++) {
			char **row = g_ptr_array_index(rows, i);

			if (strcmp(row[FILE_NAME], first[FILE_NAME]) != 0)
				break;
			check_row(report, row, n);
		}
		ck_assert_msg(report->recipients->len == n ||
				  report->recipients->len == 0,
		    "%s: %u recipients, not %u", first[FILE_NAME],
		    report->recipients->len, n);
	}
}
END_TEST

START_TEST(every_message_is_expected)
{
	g_autoptr(GPtrArray) rows = read_expected();
	g_autoptr(GDir) dir = g_dir_open(g_getenv("VERPD_MESSAGES"), 0, NULL);
	const char *name;
	unsigned n = 0;

	ck_assert(dir != NULL);
	while ((name = g_dir_read_name(dir)) != NULL) {
		bool is_expected = false;

		if (!g_str_has_suffix(name, ".eml"))
			continue;
		for (guint i = 0; i < rows->len && !is_expected; i++) {
			char **row = g_ptr_array_index(rows, i);

			is_expected = strcmp(row[FILE_NAME], name) == 0;
		}
		ck_assert_msg(is_expected, "%s is not in expected.tsv", name);
		n++;
	}
	ck_assert_uint_ge(n, 1);
}
END_TEST

/* Whatever is cut off, what is left is a Report. */
START_TEST(any_prefix_is_a_report)
{
	g_autoptr(GPtrArray) rows = read_expected();
	const char *last = "";

	for (guint i = 0; i < rows->len; i++) {
		char **row = g_ptr_array_index(rows, i);
		g_autofree char *path = message_path(row[FILE_NAME]);
		g_autofree char *bytes = NULL;
		gsize len;

		if (strcmp(row[FILE_NAME], last) == 0)
			continue;
		last = row[FILE_NAME];
		ck_assert(g_file_get_contents(path, &bytes, &len, NULL));
		for (gsize cut = 0; cut < len; cut += 7) {
			/* an allocation of its own, for valgrind's sake */
			g_autofree char *prefix = g_memdup2(bytes, MAX(cut, 1));
			g_autoptr(Report) report = report_read(prefix, cut);

			ck_assert_ptr_nonnull(report);
		}
	}
}
END_TEST

static Suite *report_suite(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("messages");

	mail_init();
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, messages_are_as_expected);
	tcase_add_test(tcase, every_message_is_expected);
	tcase_add_test(tcase, any_prefix_is_a_report);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(report_suite)
