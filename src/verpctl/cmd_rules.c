/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl rules`: proves, tries and lists the rules. */
#include "commands.h"
#include "input.h"
#include "judged.h"
#include "row.h"
#include "rule_hits.h"
#include "rules_option.h"

#include "bounds.h"
#include "errors.h"
#include "files.h"
#include "report_read.h"
#include "site.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* ---- lint ---- */

/* The rules of the configuration with FILES behind them, as if those were
   installed. */
static RuleSet *rules_with_files(Ctl *ctl, char **directories, char **files,
    GError **error)
{
	g_autoptr(Settings) settings = settings_new();
	const Settings *configured;

	if (directories == NULL) {
		configured = ctl_settings_or_defaults(ctl, error);
		if (configured == NULL)
			return NULL;
		directories = configured->rules;
	}
	g_strfreev(settings->rules);
	settings->rules = g_strdupv(directories);
	return site_rules_and(settings, (const char *const *)files, error);
}

int cmd_rules_lint(Ctl *ctl, int argc, char **argv)
{
	g_auto(GStrv) directories = NULL;
	const GOptionEntry entries[] = {
		RULES_OPTION(&directories),
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = NULL;
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	for (int i = 1; i < argc; i++)
		if (!input_is_there(argv[i], &error))
			return ctl_fail(ctl, error);
	rules = argc > 1 ? rules_with_files(ctl, directories, argv + 1, &error)
			 : rules_of(ctl, directories, &error);
	if (rules == NULL)
		return ctl_fail(ctl, error);
	(void)rules_lint(rules, findings); /* the findings say as much */
	for (unsigned i = 0; i < findings->len; i++) {
		g_autofree char *text = printable(g_ptr_array_index(findings,
		    i));

		if (ctl->is_json) {
			Row *row = row_new();

			row_text(row, "finding", text);
			row_print(row);
		} else {
			printf("%s\n", text);
		}
	}
	if (!ctl->is_json)
		printf("%u rules, %u findings\n", rules_count(rules),
		    findings->len);
	return findings->len > 0 || rules_count(rules) == 0 ? EXIT_NO : EX_OK;
}

/* ---- test ---- */

/* A report with TEXT as the diagnostic of one failed recipient. */
static Report *report_of_text(const char *text, const char *status,
    const char *remote_mta, SmtpStage stage, ReportAction action)
{
	Report *report = report_new();
	ReportRecipient *about = report_add_recipient(report);

	report->kind = REPORT_DSN;
	about->action = action;
	about->stage = stage;
	g_free(about->diagnostic);
	about->diagnostic = text_utf8(text, strlen(text), BOUND_FIELD);
	g_free(about->diagnostic_type);
	about->diagnostic_type = g_strdup("smtp");
	if (status != NULL) {
		g_free(about->status);
		about->status = text_utf8(status, strlen(status), BOUND_NAME);
	}
	if (remote_mta != NULL) {
		g_free(about->remote_mta);
		about->remote_mta = text_utf8(remote_mta, strlen(remote_mta),
		    BOUND_NAME);
	}
	return report;
}

/* Returns whether a rule won. */
static bool test_one(const Ctl *ctl, const RuleSet *rules, const char *title,
    Report *report_take)
{
	g_autoptr(Judgement) judged = judgement_new(rules, report_take, true);
	const JudgementItem *first = judgement_item(judged, 0);

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "text", title);
		judged_json(judged, row);
		row_print(row);
	} else {
		judged_print(judged, title);
	}
	return first->verdict->reason != VP_REASON_UNKNOWN;
}

typedef struct TestOptions {
	char **directories;
	char **files;
	char *status;
	char *remote_mta;
	char *stage;
	char *action;
} TestOptions;

static void test_options_clear(TestOptions *options)
{
	g_strfreev(options->directories);
	g_strfreev(options->files);
	g_free(options->status);
	g_free(options->remote_mta);
	g_free(options->stage);
	g_free(options->action);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestOptions, test_options_clear)

static bool action_from_name(const char *name, ReportAction *ret_action)
{
	for (int i = ACTION_NONE; i <= ACTION_EXPANDED; i++)
		if (strcmp(name, action_name((ReportAction)i)) == 0) {
			*ret_action = (ReportAction)i;
			return true;
		}
	return false;
}

static int rules_test(Ctl *ctl, const TestOptions *options, int argc,
    char **argv, SmtpStage stage, ReportAction action)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = rules_of(ctl, options->directories, &error);
	bool all_won = true;

	if (rules == NULL)
		return ctl_fail(ctl, error);
	for (int i = 1; i < argc; i++)
		if (!test_one(ctl, rules, argv[i],
			report_of_text(argv[i], options->status,
			    options->remote_mta, stage, action)))
			all_won = false;
	for (char **file = options->files; file != NULL && *file != NULL;
	     file++) {
		g_autofree char *text = NULL;
		gsize len;

		if (!file_read(*file, &text, &len, NULL, &error)) {
			(void)ctl_fail(ctl, error);
			return EX_NOINPUT;
		}
		if (!test_one(ctl, rules, *file,
			report_read(rules_words(rules), text,
			    MIN(len, BOUND_MESSAGE))))
			all_won = false;
	}
	return all_won ? EX_OK : EXIT_NO;
}

int cmd_rules_test(Ctl *ctl, int argc, char **argv)
{
	g_auto(TestOptions) options = { 0 };
	const GOptionEntry entries[] = {
		{ "file", 'f', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.files,
		    "try the message in FILE; may be repeated", "FILE" },
		{ "status", 0, 0, G_OPTION_ARG_FILENAME, &options.status,
		    "with this Status field (5.1.1)", "CODE" },
		{ "remote-mta", 0, 0, G_OPTION_ARG_FILENAME,
		    &options.remote_mta, "with this Remote-MTA, for providers",
		    "HOST" },
		{ "stage", 0, 0, G_OPTION_ARG_FILENAME, &options.stage,
		    "at this SMTP stage (connect, helo, mail, rcpt, data, dot)",
		    "STAGE" },
		{ "action", 0, 0, G_OPTION_ARG_FILENAME, &options.action,
		    "with this Action (default: failed)", "ACTION" },
		RULES_OPTION(&options.directories),
		{ 0 },
	};
	SmtpStage stage = STAGE_UNKNOWN;
	ReportAction action = ACTION_FAILED;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (options.stage != NULL && !stage_from_name(options.stage, &stage))
		return ctl_usage(ctl, "there is no stage \"%s\"",
		    options.stage);
	if (options.action != NULL &&
	    !action_from_name(options.action, &action))
		return ctl_usage(ctl, "there is no action \"%s\"",
		    options.action);
	if (argc == 1 && options.files == NULL)
		return ctl_usage(ctl, "a TEXT or --file is missing");
	return rules_test(ctl, &options, argc, argv, stage, action);
}

/* ---- list ---- */

static void list_rule(const Ctl *ctl, const RuleInfo *info, GHashTable *hits)
{
	const char *class_ = vp_class_name(vp_reason_class(info->reason));

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "id", info->id);
		row_text(row, "class", class_);
		row_text(row, "reason", vp_reason_name(info->reason));
		row_fraction(row, "confidence", info->confidence);
		row_number(row, "confirm", (int64_t)info->confirm);
		row_text(row, "pattern", info->pattern);
		row_number(row, "examples", (int64_t)info->n_examples);
		row_text(row, "file", info->file);
		row_number(row, "line", (int64_t)info->line);
		if (hits != NULL)
			rule_hits_json(rule_hits_of(hits, info->id), row);
		row_print(row);
	} else {
		g_autofree char *place = g_path_get_basename(info->file);
		g_autofree char *columns =
		    hits != NULL ? rule_hits_text(rule_hits_of(hits, info->id))
				 : NULL;

		if (columns != NULL)
			printf("%s  ", columns);
		printf("%-34s %-11s %-14s %.2f %3u  %s:%u\n", info->id, class_,
		    vp_reason_name(info->reason), info->confidence,
		    info->n_examples, place, info->line);
	}
}

int cmd_rules_list(Ctl *ctl, int argc, char **argv)
{
	g_auto(GStrv) directories = NULL;
	g_autofree char *reason = NULL;
	gboolean with_hits = FALSE;
	const GOptionEntry entries[] = {
		{ "hits", 0, 0, G_OPTION_ARG_NONE, &with_hits,
		    "with how often each decided, and when last", NULL },
		{ "reason", 0, 0, G_OPTION_ARG_FILENAME, &reason,
		    "only rules that say REASON (bad-mailbox)", "REASON" },
		RULES_OPTION(&directories),
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = NULL;
	g_autoptr(GHashTable) hits = NULL;
	int wanted = -1;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (reason != NULL && (wanted = vp_reason_from_name(reason)) < 0)
		return ctl_unknown(ctl, unknown_reason(reason));
	rules = rules_of(ctl, directories, &error);
	if (rules == NULL)
		return ctl_fail(ctl, error);
	if (with_hits && (hits = rule_hits_read(ctl, &error)) == NULL)
		return ctl_fail(ctl, error);
	for (unsigned i = 0; i < rules_count(rules); i++) {
		RuleInfo info = rules_info(rules, i);

		if (wanted < 0 || (int)info.reason == wanted)
			list_rule(ctl, &info, hits);
	}
	return EX_OK;
}
