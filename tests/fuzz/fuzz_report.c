/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any octets are a message, and any message is a Report that keeps what
   report.h promises. */

#include "bounds.h"
#include "report_read.h"
#include "rules.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static RuleSet *rules;

/* The words that are shipped, or hardly anything would be recognised. */
static void read_words(void)
{
	static const char *const names[] = { "01-formats.rules",
		"02-notices.rules", "03-replies.rules" };
	RuleFile files[G_N_ELEMENTS(names)];
	char *texts[G_N_ELEMENTS(names)];

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(RULES_SOURCE, names[i],
		    NULL);

		g_assert(g_file_get_contents(path, &texts[i], &files[i].len,
		    NULL));
		files[i].name = names[i];
		files[i].text = texts[i];
	}
	rules = rules_new(files, G_N_ELEMENTS(names), NULL);
	g_assert(rules != NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		g_free(texts[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	mail_init();
	read_words();
	return 0;
}

static void check_text(const char *text, size_t max)
{
	g_assert(text != NULL);
	g_assert(strlen(text) <= max);
	g_assert(g_utf8_validate(text, -1, NULL));
}

static void check_line(const char *text, size_t max)
{
	check_text(text, max);
	g_assert(strchr(text, '\n') == NULL && strchr(text, '\r') == NULL);
}

static void check_recipient(const Report *report,
    const ReportRecipient *recipient)
{
	check_line(recipient->final_recipient, BOUND_ADDRESS);
	check_line(recipient->original_recipient, BOUND_ADDRESS);
	check_line(recipient->status, 9);
	check_line(recipient->diagnostic_type, BOUND_FIELD);
	check_line(recipient->diagnostic, 3 * BOUND_FIELD);
	check_line(recipient->remote_mta, BOUND_NAME);
	check_line(recipient->text, BOUND_FIELD);
	g_assert(recipient->part <= report->parts->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(Report)
	    report = report_read(rules_words(rules), (const char *)data, size);

	check_line(report->from, BOUND_ADDRESS);
	check_line(report->subject, BOUND_FIELD);
	check_line(report->message_id, BOUND_ADDRESS);
	check_line(report->reporting_mta, BOUND_NAME);
	check_line(report->postfix_sender, BOUND_ADDRESS);
	check_line(report->envelope_id, BOUND_FIELD);
	check_line(report->feedback_type, BOUND_FIELD);
	check_line(report->original_mail_from, BOUND_ADDRESS);
	check_line(report->returned_message_id, BOUND_ADDRESS);
	check_line(report->returned_return_path, BOUND_ADDRESS);
	check_line(report->returned_to, BOUND_ADDRESS);
	check_line(report->feedback_id, BOUND_FIELD);
	check_text(report->text, BOUND_TEXT + 1);
	g_assert(report->text_part <= report->parts->len);
	g_assert(report->parts->len <= BOUND_PARTS);
	g_assert(report->recipients->len <= BOUND_GROUPS);
	g_assert((report->kind == REPORT_NONE) == (report->format[0] == '\0'));
	for (guint i = 0; i < report->recipients->len; i++)
		check_recipient(report, report_recipient(report, i));
	return 0;
}
