/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judges a message and tells of it, in JSON or in words. */
#include "judged.h"

#include "ctl.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

static void item_free(JudgedItem *item)
{
	verdict_free(item->verdict);
	if (item->trace != NULL)
		g_ptr_array_unref(item->trace);
	g_free(item);
}

/* Whom a message without recipients of its own speaks of. */
static const char *implied_recipient(const Report *report)
{
	switch (report->kind) {
	case REPORT_COMPLAINT:
	case REPORT_DSN:
		return report->returned_to;
	case REPORT_AUTO_REPLY:
	case REPORT_CHALLENGE:
	case REPORT_UNSUBSCRIBE:
	case REPORT_RECEIPT:
		return report->from;
	case REPORT_NONE:
		return "";
	}
	return "";
}

static void judge_one(Judged *judged, const RuleSet *rules,
    const ReportRecipient *about, bool with_trace)
{
	JudgedItem *item = g_new0(JudgedItem, 1);

	item->about = about;
	if (about == NULL)
		item->recipient = implied_recipient(judged->report);
	else
		item->recipient = about->final_recipient[0] != '\0'
				      ? about->final_recipient
				      : about->original_recipient;
	if (with_trace)
		item->trace = g_ptr_array_new_with_free_func((GDestroyNotify)
			evidence_free);
	item->verdict = rules_judge(rules, judged->report, about, item->trace);
	g_ptr_array_add(judged->items, item);
}

Judged *judged_new(const RuleSet *rules, Report *report_take, bool with_trace)
{
	Judged *judged = g_new0(Judged, 1);

	judged->report = report_take;
	judged->items =
	    g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
	for (unsigned i = 0; i < report_take->recipients->len; i++)
		judge_one(judged, rules, report_recipient(report_take, i),
		    with_trace);
	if (judged->items->len == 0)
		judge_one(judged, rules, NULL, with_trace);
	return judged;
}

void judged_free(Judged *judged)
{
	if (judged == NULL)
		return;
	g_ptr_array_unref(judged->items);
	report_free(judged->report);
	g_free(judged);
}

static bool all_of_class(const Judged *judged, enum vp_class class_)
{
	for (unsigned i = 0; i < judged->items->len; i++) {
		const JudgedItem *item = g_ptr_array_index(judged->items, i);

		if (item->verdict->class_ != class_)
			return false;
	}
	return true;
}

const char *judged_kind(const Judged *judged)
{
	switch (judged->report->kind) {
	case REPORT_DSN:
		if (all_of_class(judged, VP_CLASS_DELAYED))
			return "delay";
		if (all_of_class(judged, VP_CLASS_DELIVERED))
			return "delivered";
		return "bounce";
	case REPORT_COMPLAINT:
		return "complaint";
	case REPORT_AUTO_REPLY:
		return "auto-reply";
	case REPORT_CHALLENGE:
		return "challenge";
	case REPORT_UNSUBSCRIBE:
		return "unsubscribe";
	case REPORT_RECEIPT:
		return "receipt";
	case REPORT_NONE:
		break;
	}
	return "not-a-report";
}

/* ---- JSON ---- */

static void json_evidence(const JudgedItem *item, Row *row)
{
	row_open_array(row, "evidence");
	for (unsigned i = 0; i < item->trace->len; i++) {
		const Evidence *evidence = g_ptr_array_index(item->trace, i);

		row_open_object(row, NULL);
		row_text(row, "source", evidence->source);
		row_text(row, "rule", evidence->rule);
		row_text(row, "matched", evidence->matched);
		row_number(row, "offset", (int64_t)evidence->offset);
		row_text(row, "class",
		    vp_class_name(vp_reason_class(evidence->reason)));
		row_text(row, "reason", vp_reason_name(evidence->reason));
		row_fraction(row, "confidence", evidence->confidence);
		row_bool(row, "winner", evidence->is_winner);
		row_close_object(row);
	}
	row_close_array(row);
}

static void json_event(const JudgedItem *item, Row *row)
{
	const Verdict *verdict = item->verdict;
	g_autofree char *code = verdict->smtp_code != 0
				    ? g_strdup_printf("%u", verdict->smtp_code)
				    : g_strdup("");

	row_open_object(row, NULL);
	row_text(row, "recipient", item->recipient);
	row_text(row, "status", verdict->status);
	row_text(row, "smtp_code", code);
	row_text(row, "action",
	    item->about != NULL ? action_name(item->about->action) : "");
	row_text(row, "class", vp_class_name(verdict->class_));
	row_text(row, "reason", vp_reason_name(verdict->reason));
	row_text(row, "rule", verdict->rule);
	row_fraction(row, "confidence", verdict->confidence);
	row_text(row, "provider", verdict->provider);
	row_text(row, "diagnostic",
	    item->about != NULL ? item->about->diagnostic : "");
	if (item->trace != NULL) {
		row_text(row, "source", verdict->source);
		row_text(row, "matched", verdict->matched);
		row_number(row, "part", (int64_t)verdict->part);
		json_evidence(item, row);
	}
	row_close_object(row);
}

static void json_parts(const Report *report, Row *row)
{
	row_open_array(row, "parts");
	for (unsigned i = 0; i < report->parts->len; i++) {
		const ReportPart *part = g_ptr_array_index(report->parts, i);

		row_open_object(row, NULL);
		row_number(row, "part", (int64_t)i + 1);
		row_number(row, "depth", (int64_t)part->depth);
		row_text(row, "type", part->content_type);
		row_number(row, "size", (int64_t)part->size);
		row_close_object(row);
	}
	row_close_array(row);
}

static bool has_trace(const Judged *judged)
{
	const JudgedItem *first = g_ptr_array_index(judged->items, 0);

	return first->trace != NULL;
}

void judged_json(const Judged *judged, Row *row)
{
	const char *kind = judged_kind(judged);

	row_text(row, "kind", kind);
	if (has_trace(judged)) {
		row_text(row, "format", judged->report->format);
		row_text(row, "subject", judged->report->subject);
		row_bool(row, "truncated", judged->report->is_truncated);
		json_parts(judged->report, row);
	}
	row_open_array(row, "events");
	if (judged->report->kind != REPORT_NONE)
		for (unsigned i = 0; i < judged->items->len; i++)
			json_event(g_ptr_array_index(judged->items, i), row);
	row_close_array(row);
}

/* ---- words ---- */

static void print_parts(const Report *report)
{
	for (unsigned i = 0; i < report->parts->len; i++) {
		const ReportPart *part = g_ptr_array_index(report->parts, i);
		g_autofree char *type = printable(part->content_type);
		g_autofree char *size = size_format((int64_t)part->size);

		printf("  part %-3u%*s%-*s %6s\n", i + 1,
		    (int)(2 * part->depth), "", (int)(36 - 2 * part->depth),
		    type, size);
	}
	if (report->is_truncated)
		printf("  (cut: a bound was reached)\n");
}

static void print_evidence(const GPtrArray *trace)
{
	for (unsigned i = 0; i < trace->len; i++) {
		const Evidence *evidence = g_ptr_array_index(trace, i);
		g_autofree char *matched = printable(evidence->matched);

		printf("    %s %4.2f %-11s %-11s %s\n",
		    evidence->is_winner ? "->" : "  ", evidence->confidence,
		    vp_class_name(vp_reason_class(evidence->reason)),
		    vp_reason_name(evidence->reason), evidence->rule);
		printf("            %s, octet %u: \"%s\"\n", evidence->source,
		    evidence->offset, matched);
	}
	if (trace->len == 0)
		printf("       no evidence at all\n");
}

static void print_item(const JudgedItem *item)
{
	const Verdict *verdict = item->verdict;
	g_autofree char *who = printable(item->recipient);
	g_autofree char *matched = printable(verdict->matched);
	g_autofree char *status = printable(verdict->status);
	g_autofree char *provider = printable(verdict->provider);
	g_autoptr(GString) line = g_string_new(NULL);

	g_string_printf(line, "  %s  %s/%s  %.2f",
	    who[0] != '\0' ? who : "(no recipient)",
	    vp_class_name(verdict->class_), vp_reason_name(verdict->reason),
	    verdict->confidence);
	if (status[0] != '\0')
		g_string_append_printf(line, "  %s", status);
	if (verdict->smtp_code != 0)
		g_string_append_printf(line, "  %u", verdict->smtp_code);
	if (provider[0] != '\0')
		g_string_append_printf(line, "  %s", provider);
	printf("%s\n", line->str);
	if (verdict->rule[0] != '\0')
		printf("    by %s in %s", verdict->rule, verdict->source);
	if (verdict->rule[0] != '\0' && verdict->part != 0)
		printf(" (part %u)", verdict->part);
	if (verdict->rule[0] != '\0')
		printf(": \"%s\"\n", matched);
	if (item->about != NULL && item->about->diagnostic[0] != '\0') {
		g_autofree char *text = printable(item->about->diagnostic);

		printf("    diagnostic: %s\n", text);
	}
	if (item->trace != NULL)
		print_evidence(item->trace);
}

void judged_print(const Judged *judged, const char *title)
{
	const Report *report = judged->report;
	g_autofree char *shown = printable(title);

	printf("%s: %s", shown, judged_kind(judged));
	if (report->format[0] != '\0')
		printf(" (%s)", report->format);
	putchar('\n');
	if (has_trace(judged))
		print_parts(report);
	if (report->kind == REPORT_NONE && !has_trace(judged))
		return;
	for (unsigned i = 0; i < judged->items->len; i++)
		print_item(g_ptr_array_index(judged->items, i));
}
