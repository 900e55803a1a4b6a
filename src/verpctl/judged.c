/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells of a judgement, in JSON or in words. */
#include "judged.h"

#include "ctl.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

/* ---- JSON ---- */

static void json_evidence(const JudgementItem *item, Row *row)
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

static void json_event(const JudgementItem *item, Row *row)
{
	const Verdict *verdict = item->verdict;
	g_autofree char *code = verdict->smtp_code != 0
				    ? g_strdup_printf("%u", verdict->smtp_code)
				    : g_strdup("");

	row_open_object(row, NULL);
	row_text(row, "recipient", item->recipient);
	row_text(row, "alias",
	    item->about != NULL ? item->about->original_recipient : "");
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
		row_number(row, "confirm", (int64_t)verdict->confirm);
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

static bool has_trace(const Judgement *judged)
{
	return judgement_item(judged, 0)->trace != NULL;
}

void judged_json(const Judgement *judged, Row *row)
{
	row_text(row, "kind", vp_kind_name(judgement_kind(judged)));
	if (has_trace(judged)) {
		row_text(row, "format", judged->report->format);
		row_text(row, "subject", judged->report->subject);
		row_bool(row, "truncated", judged->report->is_truncated);
		json_parts(judged->report, row);
	}
	row_open_array(row, "events");
	if (judged->report->kind != REPORT_NONE)
		for (unsigned i = 0; i < judged->items->len; i++)
			json_event(judgement_item(judged, i), row);
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

static void print_item(const JudgementItem *item)
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
	if (verdict->confirm > 1 && verdict->class_ == VP_CLASS_HARD)
		g_string_append_printf(line, "  (believed on %u days)",
		    verdict->confirm);
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

void judged_print(const Judgement *judged, const char *title)
{
	const Report *report = judged->report;
	g_autofree char *shown = printable(title);

	printf("%s: %s", shown, vp_kind_name(judgement_kind(judged)));
	if (report->format[0] != '\0')
		printf(" (%s)", report->format);
	putchar('\n');
	if (has_trace(judged))
		print_parts(report);
	if (report->kind == REPORT_NONE && !has_trace(judged))
		return;
	for (unsigned i = 0; i < judged->items->len; i++)
		print_item(judgement_item(judged, i));
}
