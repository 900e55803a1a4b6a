/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The first NUL divides: a rules file, and then a diagnostic to judge by it.
   Without a NUL the whole is a file, and is linted. */

#include "bounds.h"
#include "envelope.h"
#include "errors.h"
#include "rules.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verdict(const Verdict *verdict)
{
	g_assert((unsigned)verdict->class_ < VP_CLASS_COUNT);
	g_assert((unsigned)verdict->reason < VP_REASON_COUNT);
	g_assert(verdict->confidence >= 0 && verdict->confidence <= 1);
	g_assert(strlen(verdict->matched) <= BOUND_MATCHED);
	g_assert(g_utf8_validate(verdict->matched, -1, NULL));
}

/* Looking on for the trace must not change the verdict. */
static void judge(const RuleSet *rules, const char *said)
{
	g_autoptr(Report) report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	g_autoptr(GPtrArray) trace =
	    g_ptr_array_new_with_free_func((GDestroyNotify)evidence_free);

	report->kind = REPORT_DSN;
	recipient->action = ACTION_FAILED;
	envelope_set(&recipient->diagnostic, said);
	envelope_set(&recipient->status, said);
	envelope_set(&report->text, said);
	g_autoptr(Verdict) one = rules_judge(rules, report, recipient, NULL);
	g_autoptr(Verdict) same = rules_judge(rules, report, recipient, trace);
	g_autoptr(Verdict) whole = rules_judge(rules, report, NULL, NULL);

	check_verdict(one);
	check_verdict(whole);
	g_assert(strcmp(one->rule, same->rule) == 0);
	g_assert(strcmp(one->matched, same->matched) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - data) : size;
	g_autofree char *text = g_strndup((const char *)data, len);
	RuleFile file = { "fuzz", text, len };
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = rules_new(&file, 1, &error);

	if (rules == NULL) {
		g_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
		g_assert(g_str_has_prefix(error->message, "fuzz:"));
		return 0;
	}
	if (nul != NULL) {
		g_autofree char *said = g_strndup((const char *)nul + 1,
		    size - len - 1);

		judge(rules, said);
	} else {
		g_autoptr(GPtrArray)
		    findings = g_ptr_array_new_with_free_func(g_free);

		(void)rules_lint(rules, findings);
	}
	return 0;
}
