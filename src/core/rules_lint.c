/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Proves rules by their examples: each is made into a report and judged by the
   whole set, and its own rule has to win.

	example   = [ "(" 1*( key "=" word ) ")" ] text
	key       = "status" / "stage" / "action" / "type" / "mta" / "domain" /
		    "kind" / "feedback" / "subject"

   What the example does not say is taken from the rule's conditions, as far as
   they leave no choice. */

#include "rules_private.h"

#include "envelope.h"

#include <string.h>

G_GNUC_PRINTF(4, 5)
static void find(GPtrArray *findings, const Rule *rule, unsigned line,
    const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(findings,
	    g_strdup_printf("%s:%u: %s: %s", rule->file, line, rule->id, what));
}

/* The lowest value that MASK allows; FALLBACK for an empty mask. */
static unsigned lowest_of(unsigned mask, unsigned fallback)
{
	for (unsigned i = 0; i < 32; i++)
		if ((mask & 1U << i) != 0)
			return i;
	return fallback;
}

static void set_from_rule(const Rule *rule, Report *report,
    ReportRecipient *recipient)
{
	report->kind = (ReportKind)lowest_of(rule->kinds, REPORT_DSN);
	recipient->stage = (SmtpStage)lowest_of(rule->stages, STAGE_UNKNOWN);
	recipient->action = (ReportAction)lowest_of(rule->actions,
	    ACTION_FAILED);
	if (rule->types[0] != NULL)
		envelope_set(&recipient->diagnostic_type, rule->types[0]);
	if (rule->feedback[0] != NULL)
		envelope_set(&report->feedback_type, rule->feedback[0]);
	envelope_set(&recipient->final_recipient, "someone@example.org");
}

static bool set_fact(const char *key, const char *value, Report *report,
    ReportRecipient *recipient)
{
	if (strcmp(key, "status") == 0) {
		envelope_set(&recipient->status, value);
	} else if (strcmp(key, "type") == 0) {
		envelope_set(&recipient->diagnostic_type, value);
	} else if (strcmp(key, "mta") == 0) {
		envelope_set(&recipient->remote_mta, value);
	} else if (strcmp(key, "feedback") == 0) {
		envelope_set(&report->feedback_type, value);
	} else if (strcmp(key, "subject") == 0) {
		envelope_set(&report->subject, value);
	} else if (strcmp(key, "domain") == 0) {
		g_free(recipient->final_recipient);
		recipient->final_recipient = g_strconcat("someone@", value,
		    NULL);
	} else if (strcmp(key, "stage") == 0) {
		return stage_from_name(value, &recipient->stage);
	} else if (strcmp(key, "action") == 0) {
		for (unsigned i = ACTION_NONE; i <= ACTION_EXPANDED; i++) {
			const char *name = action_name((ReportAction)i);

			if (strcmp(value, *name != '\0' ? name : "none") == 0) {
				recipient->action = (ReportAction)i;
				return true;
			}
		}
		return false;
	} else if (strcmp(key, "kind") == 0) {
		for (unsigned i = REPORT_NONE; i <= REPORT_RECEIPT; i++) {
			if (strcmp(value, report_kind_name((ReportKind)i)) ==
			    0) {
				report->kind = (ReportKind)i;
				return true;
			}
		}
		return false;
	} else {
		return false;
	}
	return true;
}

static bool has_key(const char *word)
{
	static const char *const keys[] = { "status=", "stage=", "action=",
		"type=", "mta=", "domain=", "kind=", "feedback=", "subject=" };

	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		if (g_str_has_prefix(word, keys[i]))
			return true;
	return false;
}

/* Reads the conditions in front of an example's text; returns the text, or
   NULL after a finding. */
static const char *read_facts(const Rule *rule, const Example *example,
    Report *report, ReportRecipient *recipient, GPtrArray *findings)
{
	const char *end = strchr(example->text, ')');
	g_autofree char *inside = NULL;
	g_auto(GStrv) words = NULL;

	/* diagnostics may begin with a bracket as well */
	if (example->text[0] != '(' || end == NULL ||
	    !has_key(example->text + 1))
		return example->text;
	inside = g_strndup(example->text + 1,
	    (size_t)(end - example->text - 1));
	words = g_strsplit_set(inside, " \t", -1);
	for (char **word = words; *word != NULL; word++) {
		char *value = strchr(*word, '=');

		if (**word == '\0')
			continue;
		if (value != NULL)
			*value++ = '\0';
		if (value == NULL ||
		    !set_fact(*word, value, report, recipient)) {
			find(findings, rule, example->line,
			    "example's condition is none: %s", *word);
			return NULL;
		}
	}
	for (end++; *end == ' '; end++)
		;
	return end;
}

static void lint_example(const RuleSet *rules, const Rule *rule,
    const Example *example, GPtrArray *findings)
{
	g_autoptr(Report) report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	g_autoptr(Verdict) verdict = NULL;
	const char *text;
	bool is_dsn;

	set_from_rule(rule, report, recipient);
	text = read_facts(rule, example, report, recipient, findings);
	if (text == NULL)
		return;
	is_dsn = report->kind == REPORT_DSN;
	envelope_set(is_dsn ? &recipient->diagnostic : &report->text, text);
	verdict = rules_judge_as(rules, report, is_dsn ? recipient : NULL,
	    rule->n_providers > 0 ? (int)rule->providers[0] : -1, NULL);
	if (strcmp(verdict->rule, rule->id) != 0)
		find(findings, rule, example->line, "example is won by %s: %s",
		    verdict->rule[0] != '\0' ? verdict->rule : "no rule",
		    example->text);
}

/* Replacing a rule is for another folder's files: within one it is two rules of
   one name.  The same file twice is named on the command line and in force. */
static void lint_repeat(const Rule *rule, GPtrArray *findings)
{
	g_autofree char *here = g_path_get_dirname(rule->file);
	g_autofree char *there = NULL;

	if (rule->replaced_file == NULL ||
	    strcmp(rule->replaced_file, rule->file) == 0)
		return;
	there = g_path_get_dirname(rule->replaced_file);
	if (strcmp(here, there) == 0)
		find(findings, rule, rule->line, "replaces that of %s:%u",
		    rule->replaced_file, rule->replaced_line);
}

bool rules_lint(const RuleSet *rules, GPtrArray *findings)
{
	unsigned before = findings->len;

	for (unsigned i = 0; i < rules->book->rules->len; i++) {
		const Rule *rule = g_ptr_array_index(rules->book->rules, i);

		lint_repeat(rule, findings);
		if (rule->matches->len == 0 && rule->unlesses->len > 0)
			find(findings, rule, rule->line,
			    "unless without match is never asked");
		if (rule->examples->len == 0)
			find(findings, rule, rule->line, "no example");
		for (unsigned k = 0; k < rule->examples->len; k++)
			lint_example(rules, rule,
			    g_ptr_array_index(rule->examples, k), findings);
	}
	return findings->len == before;
}
