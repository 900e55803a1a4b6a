/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Review: an event that waited becomes another one.  The message is read and
   judged as on the day it came, and the verdict goes through the same policy
   as any.  What the return path proved then, it proves now: a review can make
   an event known, but not believed. */

#include "review.h"

#include "deliver_private.h"
#include "errors.h"
#include "report_read.h"

#include <string.h>

void review_clear(Review *review)
{
	g_clear_pointer(&review->verdict, verdict_free);
}

/* ---- judging ---- */

static bool names(const ReportRecipient *about, const char *address)
{
	return analysis_is_address(about->final_recipient, address) ||
	       analysis_is_address(about->original_recipient, address);
}

/* Whether what was kept still speaks of EVENT's recipient: of a report of many
   the end may be cut off, and another's verdict is not hers. */
static bool speaks_of(const Report *report, const Event *event)
{
	if (report->recipients->len <= 1)
		return true;
	for (unsigned i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *about = report_recipient(report, i);

		if (names(about, event->address) ||
		    (event->via[0] != '\0' &&
			strcmp(about->final_recipient, event->via) == 0))
			return true;
	}
	return false;
}

void review_by_rules(const Judge *judge, const Event *event,
    const KeptMessage *kept, Review *ret_review)
{
	g_autoptr(Analysis)
	    analysis = analysis_new(judge, kept->sender, "", kept->bytes);
	unsigned which = analysis_choose(analysis, event->address);

	*ret_review = (Review){ 0 };
	if (!speaks_of(analysis->report, event) ||
	    strcmp(event->rule, RULE_NOT_BY_A_PERSON) == 0) {
		ret_review->verdict = verdict_new();
		return;
	}
	ret_review->verdict = verdict_copy(analysis->verdicts->pdata[which]);
	ret_review->counts = event->trust != TRUST_RECORD &&
			     (ret_review->verdict->class_ != VP_CLASS_HARD ||
				 analysis_is_real_report(analysis));
}

void review_by_hand(const Event *event, enum vp_reason reason,
    Review *ret_review)
{
	Verdict *verdict = verdict_new();

	verdict->reason = reason;
	verdict->class_ = vp_reason_class(reason);
	verdict->confidence = 1.0;
	g_free(verdict->rule);
	verdict->rule = g_strdup("by-hand");
	g_free(verdict->source);
	verdict->source = g_strdup("review");
	g_free(verdict->matched);
	verdict->matched = g_strdup(event->matched);
	g_free(verdict->status);
	verdict->status = g_strdup(event->status);
	verdict->smtp_code = event->smtp_code;
	g_free(verdict->provider);
	verdict->provider = g_strdup(event->provider);
	*ret_review = (Review){
		.verdict = verdict,
		/* nobody makes a bounce of mail to an unsubscribe address */
		.counts = event->trust != TRUST_RECORD &&
			  (strcmp(event->rule, RULE_NOT_BY_A_PERSON) != 0 ||
			      reason == VP_REASON_UNSUBSCRIBE),
		.is_by_hand = true,
	};
}

/* ---- recording ---- */

/* EVENT as it would have been with VERDICT, now. */
static Event event_again(const Event *event, const Verdict *verdict,
    int64_t now)
{
	Event again = *event;

	again.at = now;
	again.class_ = verdict->class_;
	again.reason = verdict->reason;
	again.confidence = verdict->confidence;
	again.confirm = verdict->confirm;
	again.rule = verdict->rule;
	again.source = verdict->source;
	again.matched = verdict->matched;
	again.status = verdict->status;
	again.smtp_code = verdict->smtp_code;
	again.provider = verdict->provider;
	return again;
}

static bool record(const Judge *judge, Store *store, const Event *event,
    const Review *review, const ManualChange *change, bool is_dry_run,
    Outcome *outcome, GError **error)
{
	Event again = event_again(event, review->verdict, change->now);
	Passage passage;

	if (!event_decide(judge, store, &again, event->stream, review->counts,
		&passage, outcome, error))
		return false;
	if (review->is_by_hand)
		again.effect.needs_review = outcome->effect.needs_review =
		    false;
	if (again.effect.needs_review || is_dry_run)
		return true;
	if (!event_write(store, &again, event->stream, &passage, outcome,
		error) ||
	    !store_review(store, change, event, outcome->event_id, error))
		return false;
	return review->is_by_hand || again.rule[0] == '\0' ||
	       store_rule_hits(store, again.rule, 1, again.at, error);
}

bool review_record(const Judge *judge, Store *store, const Event *event,
    const Review *review, const ManualChange *change, bool is_dry_run,
    Outcome **ret_outcome, GError **error)
{
	g_autoptr(Outcome)
	    outcome = outcome_new(OUTCOME_STORED, event->queue_id);
	bool ok = is_dry_run || store_begin(store, error);

	ok = ok && record(judge, store, event, review, change, is_dry_run,
		       outcome, error);
	if (!is_dry_run) {
		ok = ok && store_commit(store, error);
		if (!ok)
			store_rollback(store);
	}
	if (!ok)
		return false;
	envelope_set(&outcome->recipient, event->address);
	envelope_set(&outcome->campaign, event->campaign);
	outcome->verdict = verdict_copy(review->verdict);
	*ret_outcome = g_steal_pointer(&outcome);
	return true;
}
