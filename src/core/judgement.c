/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judges a whole report, and says what kind of message it is. */

#include "judgement.h"

static void item_free(JudgementItem *item)
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

static void judge_one(Judgement *judgement, const RuleSet *rules,
    const ReportRecipient *about, bool with_trace)
{
	JudgementItem *item = g_new0(JudgementItem, 1);

	item->about = about;
	if (about == NULL)
		item->recipient = implied_recipient(judgement->report);
	else
		item->recipient = about->final_recipient[0] != '\0'
				      ? about->final_recipient
				      : about->original_recipient;
	if (with_trace)
		item->trace = g_ptr_array_new_with_free_func((GDestroyNotify)
			evidence_free);
	item->verdict = rules_judge(rules, judgement->report, about,
	    item->trace);
	g_ptr_array_add(judgement->items, item);
}

Judgement *judgement_new(const RuleSet *rules, Report *report_take,
    bool with_trace)
{
	Judgement *judgement = g_new0(Judgement, 1);

	judgement->report = report_take;
	judgement->items =
	    g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
	for (unsigned i = 0; i < report_take->recipients->len; i++)
		judge_one(judgement, rules, report_recipient(report_take, i),
		    with_trace);
	if (judgement->items->len == 0)
		judge_one(judgement, rules, NULL, with_trace);
	return judgement;
}

void judgement_free(Judgement *judgement)
{
	if (judgement == NULL)
		return;
	g_ptr_array_unref(judgement->items);
	report_free(judgement->report);
	g_free(judgement);
}

static bool all_of_class(const Judgement *judgement, enum vp_class class_)
{
	for (unsigned i = 0; i < judgement->items->len; i++)
		if (judgement_item(judgement, i)->verdict->class_ != class_)
			return false;
	return true;
}

enum vp_kind judgement_kind(const Judgement *judgement)
{
	switch (judgement->report->kind) {
	case REPORT_DSN:
		if (all_of_class(judgement, VP_CLASS_DELAYED))
			return VP_KIND_DELAY;
		if (all_of_class(judgement, VP_CLASS_DELIVERED))
			return VP_KIND_DELIVERED;
		return VP_KIND_BOUNCE;
	case REPORT_COMPLAINT:
		return VP_KIND_COMPLAINT;
	case REPORT_AUTO_REPLY:
		return VP_KIND_AUTO_REPLY;
	case REPORT_CHALLENGE:
		return VP_KIND_CHALLENGE;
	case REPORT_UNSUBSCRIBE:
		return VP_KIND_UNSUBSCRIBE;
	case REPORT_RECEIPT:
		return VP_KIND_RECEIPT;
	case REPORT_NONE:
		break;
	}
	return VP_KIND_NONE;
}
