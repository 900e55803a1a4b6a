/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One message, top to bottom.  First what it says and what its addresses
   prove (deliver_analyse, in analysis.c: pure); then, in one transaction, what
   is new in it (deliver_record): was this report seen before, who is the
   person, which of the report's recipients speaks of her, what does the policy
   make of it, and is a person to look at it.  No I/O but the store's, no
   clock, no log. */

#include "deliver_private.h"

#include "address.h"
#include "claim.h"
#include "delivered.h"
#include "errors.h"
#include "selftest.h"
#include "units.h"

#include <string.h>

/* ---- mail to an unsubscribe address ---- */

static void verdict_say(Verdict *verdict, enum vp_reason reason,
    const char *rule)
{
	verdict->reason = reason;
	verdict->class_ = vp_reason_class(reason);
	verdict->confidence = 1.0;
	g_free(verdict->rule);
	verdict->rule = g_strdup(rule);
}

/* What mail to an unsubscribe address means.  Such a token is a kind of its
   own: a report that comes to it suppresses nobody. */
static void judge_unsubscribe(const Analysis *analysis, Verdict *verdict)
{
	const Report *report = analysis->report;
	bool by_person = analysis->sender[0] != '\0' &&
			 !report->is_auto_submitted &&
			 (report->kind == REPORT_NONE ||
			     report->kind == REPORT_UNSUBSCRIBE);

	if (by_person)
		verdict_say(verdict, VP_REASON_UNSUBSCRIBE,
		    "token.unsubscribe");
	else if (policy_step(verdict->class_) != STEP_NONE ||
		 verdict->class_ == VP_CLASS_UNKNOWN)
		verdict_say(verdict, VP_REASON_UNKNOWN, RULE_NOT_BY_A_PERSON);
}

/* ---- recording ---- */

/* What is common to all that one call records. */
typedef struct Recording {
	const Judge *judge;
	Store *store;
	const Analysis *analysis;
	int64_t now;
	RuleTally *tally;
	KeptMessage *waiting; /* the events that need review; 0: none yet */
} Recording;

static void outcome_add(GPtrArray *outcomes, Outcome *outcome)
{
	g_ptr_array_add(outcomes, outcome);
}

Outcome *outcome_new(OutcomeKind kind, const char *queue_id)
{
	Outcome *outcome = g_new0(Outcome, 1);

	outcome->kind = kind;
	outcome->queue_id = g_strdup(queue_id);
	outcome->recipient = g_strdup("");
	outcome->campaign = g_strdup("");
	outcome->why = g_strdup("");
	outcome->state_before = outcome->state_after = -1;
	return outcome;
}

static bool record_forged(const Recording *rec, const char *address,
    const char *why, GPtrArray *outcomes, GError **error)
{
	const Forgery forgery = {
		.at = rec->now,
		.source = rec->analysis->client,
		.address = address,
		.why = why,
		.queue_id = rec->analysis->queue_id,
		.hits = 1,
	};
	Outcome *outcome;

	if (!store_forged(rec->store, &forgery, rec->judge->forged_per_source,
		rec->judge->forged_total, error))
		return false;
	outcome = outcome_new(OUTCOME_FORGED, rec->analysis->queue_id);
	g_free(outcome->why);
	outcome->why = g_strdup(why);
	outcome_add(outcomes, outcome);
	return true;
}

/* The day that "at most one step per token" goes by.  Unsigned addresses bear
   none: then it is the day the mail was sent, if this host itself reports it;
   what a stranger writes as Arrival-Date is his to choose. */
static int64_t token_day(const Recording *rec, const Claim *claim)
{
	int64_t arrival = rec->analysis->report->arrival;

	switch (claim->trust) {
	case TRUST_SIGNED:
		return claim->token.day;
	case TRUST_LOCAL:
	case TRUST_RECORD:
		return day_of(arrival != 0 ? arrival : rec->now);
	case TRUST_ADMIN:
		return day_of(rec->now);
	}
	g_assert_not_reached();
}

static Trust trust_now(const Recording *rec, const Claim *claim,
    const Verdict *verdict)
{
	enum vp_class class_ = verdict->class_;
	bool is_slow = class_ == VP_CLASS_COMPLAINT ||
		       class_ == VP_CLASS_UNSUBSCRIBE;
	int64_t lifetime = is_slow ? rec->judge->complaint_lifetime
				   : rec->judge->bounce_lifetime;

	/* our own word is no evidence */
	if (strcmp(verdict->rule, RULE_OWN_REFUSAL) == 0)
		return TRUST_RECORD;
	if (claim->trust == TRUST_SIGNED &&
	    !token_is_current(claim->token.day, rec->now, lifetime))
		return TRUST_RECORD;
	return claim->trust;
}

/* Whether the verdict may act on the person at all. */
static bool may_count(const Recording *rec, Trust trust, const Verdict *verdict)
{
	if (trust == TRUST_RECORD)
		return false;
	return verdict->class_ != VP_CLASS_HARD ||
	       analysis_is_real_report(rec->analysis);
}

/* A hard bounce of a receiver that is not believed just now. */
static bool hold_back(const Judge *judge, Store *store, Event *event,
    const RecipientState *state, Effect *effect, GError **error)
{
	event->breaker_id = 0;
	if (!judge->breaker.is_on || effect->step != STEP_HARD)
		return true;
	if (!store_breaker_over(store, event->provider, event->remote_mta,
		&event->breaker_id, error))
		return false;
	if (event->breaker_id != 0)
		*effect = breaker_hold(&judge->breaker, state, *effect,
		    event->at);
	return true;
}

bool event_decide(const Judge *judge, Store *store, Event *event,
    const char *stream, bool counts, Passage *ret_passage, Outcome *outcome,
    GError **error)
{
	CauseSet ignored = judge_ignored(judge, stream);
	PolicyCase case_ = {
		.class_ = event->class_,
		.reason = event->reason,
		.confidence = event->confidence,
		.provider = event->provider,
		.confirm = event->confirm,
	};
	bool taken = false;
	Effect effect;

	if (!store_load(store, event->recipient_id, stream,
		&ret_passage->before, error))
		return false;
	effect = policy_decide(&judge->policy, &ret_passage->before, &case_,
	    event->at);
	if (!hold_back(judge, store, event, &ret_passage->before, &effect,
		error))
		return false;
	if (effect_is_once_per_token(&effect) &&
	    !store_step_taken(store, event->campaign_id, event->recipient_id,
		event->token_day, effect.step, &taken, error))
		return false;
	if (!counts || taken)
		effect = (Effect){ .needs_review = effect.needs_review };
	/* a hard one that is held back only for how it came; what the return
	   path does not prove, no review will */
	if (!counts && event->class_ == VP_CLASS_HARD &&
	    event->trust != TRUST_RECORD)
		effect.needs_review = true;
	ret_passage->after = policy_apply(ret_passage->before, &effect,
	    event->at);
	if (effect.step != STEP_HELD)
		event->breaker_id = 0;
	event->effect = effect;
	outcome->effect = effect;
	outcome->is_step_taken = counts && taken;
	outcome->state_before = policy_strongest(&ret_passage->before, ignored,
	    event->at);
	outcome->state_after = policy_strongest(&ret_passage->after, ignored,
	    event->at);
	return true;
}

int64_t state_lost(const RecipientState *before, const RecipientState *after)
{
	int64_t newest = INT64_MIN;

	for (Cause cause = 0; cause < CAUSE_COUNT; cause++) {
		const Track *track = &before->track[cause];
		Hold hold = before->hold[cause];

		if (hold.since != after->hold[cause].since)
			newest = MAX(newest, hold.since);
		if (track->rung != after->track[cause].rung)
			newest = MAX(newest,
			    hold.since != 0 ? hold.since : track->rung_end);
		for (unsigned i = after->track[cause].n_hits; i < track->n_hits;
		     i++)
			newest = MAX(newest, track->hits[i].at);
	}
	return newest;
}

bool event_is_idle(const Event *event, const Passage *passage)
{
	return event->class_ == VP_CLASS_DELIVERED &&
	       !event->effect.needs_review &&
	       state_lost(&passage->before, &passage->after) == INT64_MIN;
}

bool event_write(Store *store, const Event *event, const char *stream,
    const Passage *passage, Outcome *outcome, GError **error)
{
	return store_append(store, event, &outcome->event_id, error) &&
	       store_save(store, event->recipient_id, stream, &passage->before,
		   &passage->after, outcome->event_id, error);
}

/* EVENT_ID waits for review, and with it the message. */
static void note_waiting(const Recording *rec, int64_t event_id)
{
	if (rec->waiting->first_event == 0)
		rec->waiting->first_event = event_id;
	rec->waiting->last_event = event_id;
}

/* A delivery that changes nothing, as a feed's are counted. */
static bool count_delivered(Store *store, const Event *event,
    const StoreCampaign *campaign, GError **error)
{
	g_autoptr(DeliveredCounts) counts = delivered_counts_new();

	delivered_counts_add(counts, event->provider, event->remote_mta,
	    campaign->name, event->at);
	return delivered_counts_flush(counts, store, error);
}

/* What VERDICT says of RECIPIENT, whom the report speaks of as ABOUT, or not at
   all (NULL); texts are lent. */
static Event event_of(const Recording *rec, const StoreRecipient *recipient,
    const ReportRecipient *about, const Verdict *verdict)
{
	Event event = {
		.at = rec->now,
		.recipient_id = recipient->id,
		.class_ = verdict->class_,
		.reason = verdict->reason,
		.confidence = verdict->confidence,
		.confirm = verdict->confirm,
		.rule = verdict->rule,
		.source = verdict->source,
		.matched = verdict->matched,
		.status = verdict->status,
		.smtp_code = verdict->smtp_code,
		.action = "",
		.provider = verdict->provider,
		.remote_mta = "",
		.diagnostic = "",
		.via = "",
		.message_id = rec->analysis->report->message_id,
		.queue_id = rec->analysis->queue_id,
		.client = rec->analysis->client,
	};

	if (about == NULL)
		return event;
	event.action = action_name(about->action);
	event.remote_mta = about->remote_mta;
	event.diagnostic = about->diagnostic;
	if (!analysis_is_address(about->final_recipient, recipient->address))
		event.via = about->final_recipient;
	return event;
}

/* One verdict on one person: decide, append, save. */
static bool record_event(const Recording *rec, const Claim *claim,
    const StoreCampaign *campaign, const StoreRecipient *recipient,
    unsigned which, GPtrArray *outcomes, GError **error)
{
	const Report *report = rec->analysis->report;
	const ReportRecipient *about = which < report->recipients->len
					   ? report_recipient(report, which)
					   : NULL;
	g_autoptr(Verdict)
	    verdict = verdict_copy(rec->analysis->verdicts->pdata[which]);
	g_autoptr(Outcome)
	    outcome = outcome_new(OUTCOME_STORED, rec->analysis->queue_id);
	Passage passage;
	Event event;

	if (claim->token.kind == TOKEN_UNSUBSCRIBE)
		judge_unsubscribe(rec->analysis, verdict);
	event = event_of(rec, recipient, about, verdict);
	event.campaign_id = campaign->id;
	event.token_day = token_day(rec, claim);
	event.trust = trust_now(rec, claim, verdict);
	if (!event_decide(rec->judge, rec->store, &event, campaign->stream,
		may_count(rec, event.trust, verdict), &passage, outcome, error))
		return false;
	if (event_is_idle(&event, &passage)
		? !count_delivered(rec->store, &event, campaign, error)
		: !event_write(rec->store, &event, campaign->stream, &passage,
		      outcome, error))
		return false;
	tally_add(rec->tally, verdict->rule, rec->now);
	if (event.effect.needs_review)
		note_waiting(rec, outcome->event_id);
	envelope_set(&outcome->recipient, recipient->address);
	envelope_set(&outcome->campaign, campaign->name);
	outcome->verdict = g_steal_pointer(&verdict);
	outcome_add(outcomes, g_steal_pointer(&outcome));
	return true;
}

/* The address as its owner writes it, where the report still has it so. */
static const char *original_spelling(const Report *report, const char *folded)
{
	for (unsigned i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *about = report_recipient(report, i);

		if (analysis_is_address(about->original_recipient, folded))
			return about->original_recipient;
		if (analysis_is_address(about->final_recipient, folded))
			return about->final_recipient;
	}
	return folded;
}

static bool find_person(const Recording *rec, const Token *token,
    StoreCampaign *campaign, StoreRecipient *recipient, GError **error)
{
	const Report *report = rec->analysis->report;

	if (token->form == TOKEN_OPAQUE)
		return store_campaign_find(rec->store, token->campaign_id, NULL,
			   campaign, error) &&
		       store_recipient_find(rec->store, token->recipient_id,
			   NULL, recipient, error);
	return store_campaign_ensure(rec->store, token->campaign,
		   judge_stream(rec->judge, token->campaign), rec->now,
		   campaign, error) &&
	       store_recipient_ensure(rec->store, token->recipient,
		   original_spelling(report, token->recipient), rec->now,
		   recipient, error);
}

/* Whether TEXT, of the report, is the address of RECIPIENT, which is kept as a
   hash: then RECIPIENT is called by it. */
static bool is_name_of(const Recording *rec, const char *text,
    StoreRecipient *recipient)
{
	g_autofree char *folded = address_fold(text, NULL);
	g_auto(StoreRecipient) found = { 0 };

	if (folded == NULL ||
	    !store_recipient_find(rec->store, 0, folded, &found, NULL) ||
	    found.id != recipient->id)
		return false;
	g_free(recipient->address);
	recipient->address = g_steal_pointer(&folded);
	return true;
}

/* Of whom an opaque token means where addresses are kept as hashes the report
   alone knows the name. */
static void find_name(const Recording *rec, StoreRecipient *recipient)
{
	const Report *report = rec->analysis->report;

	for (unsigned i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *about = report_recipient(report, i);

		if (is_name_of(rec, about->final_recipient, recipient) ||
		    is_name_of(rec, about->original_recipient, recipient))
			return;
	}
}

static bool record_person(const Recording *rec, const Claim *claim,
    const char *address, GPtrArray *outcomes, GError **error)
{
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) lost = NULL;

	if (!find_person(rec, &claim->token, &campaign, &recipient, &lost)) {
		/* signed by us, for someone who was erased since */
		if (g_error_matches(lost, VP_ERROR, VP_ERROR_NOT_FOUND))
			return record_forged(rec, address,
			    "signed for a recipient or campaign that is gone",
			    outcomes, error);
		g_propagate_error(error, g_steal_pointer(&lost));
		return false;
	}
	if (store_is_hash(recipient.address))
		find_name(rec, &recipient);
	return record_event(rec, claim, &campaign, &recipient,
	    analysis_choose(rec->analysis, recipient.address), outcomes, error);
}

/* A report to the campaign's own address: one event for each recipient it
   names, none counted.  The first stands for all in the reply. */
static bool record_base(const Recording *rec, const Claim *claim,
    const char *address, GPtrArray *outcomes, GError **error)
{
	const Report *report = rec->analysis->report;
	g_autoptr(GPtrArray)
	    all = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_auto(StoreCampaign) campaign = { 0 };

	if (!store_campaign_ensure(rec->store, claim->token.campaign,
		judge_stream(rec->judge, claim->token.campaign), rec->now,
		&campaign, error))
		return false;
	for (unsigned i = 0; i < report->recipients->len; i++) {
		const char *final =
		    report_recipient(report, i)->final_recipient;
		g_autofree char *folded = address_fold(final, NULL);
		g_auto(StoreRecipient) recipient = { 0 };

		if (folded == NULL)
			continue;
		if (!store_recipient_ensure(rec->store, folded, final, rec->now,
			&recipient, error) ||
		    !record_event(rec, claim, &campaign, &recipient, i, all,
			error))
			return false;
	}
	if (all->len == 0)
		return record_forged(rec, address, "names no recipient",
		    outcomes, error);
	outcome_add(outcomes, g_ptr_array_steal_index(all, 0));
	return true;
}

static bool record_selftest(const Recording *rec, const Claim *claim,
    GPtrArray *outcomes, GError **error)
{
	uint8_t key[STORE_KEY];
	bool seen;

	selftest_key(claim->token.recipient, key);
	if (!store_seen(rec->store, key, rec->now, &seen, error))
		return false;
	outcome_add(outcomes,
	    outcome_new(OUTCOME_SELFTEST, rec->analysis->queue_id));
	return true;
}

static bool record_claim(const Recording *rec, const Claim *claim,
    const char *address, GPtrArray *outcomes, GError **error)
{
	uint8_t key[STORE_KEY];
	bool seen = false;

	/* Nobody's address is of no domain of ours: this program is not set up
	   for it, and the mail must wait until it is. */
	if (claim->token.check == TOKEN_NOT_OURS) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "not configured for this domain (bounce_domains)");
		return false;
	}
	if (!claim->is_believed)
		return record_forged(rec, address, claim->why, outcomes, error);
	if (selftest_is(&claim->token))
		return record_selftest(rec, claim, outcomes, error);
	claim_key(claim, rec->analysis->report, key);
	if (!store_seen(rec->store, key, rec->now, &seen, error))
		return false;
	if (seen) {
		outcome_add(outcomes,
		    outcome_new(OUTCOME_DUPLICATE, rec->analysis->queue_id));
		return true;
	}
	if (claim->token.form == TOKEN_BASE)
		return record_base(rec, claim, address, outcomes, error);
	return record_person(rec, claim, address, outcomes, error);
}

/* The message itself, where an event of it waits. */
static bool record_kept(const Recording *rec, GError **error)
{
	KeptMessage kept = *rec->waiting;

	if (kept.first_event == 0 || rec->analysis->kept == NULL)
		return true;
	kept.at = rec->now;
	kept.sender = rec->analysis->sender;
	kept.bytes = rec->analysis->kept;
	return store_keep(rec->store, &kept, &rec->judge->quarantine, error);
}

bool deliver_record(const Judge *judge, Store *store, const Analysis *analysis,
    int64_t now, RuleTally *tally, GPtrArray *outcomes, GError **error)
{
	KeptMessage waiting = { 0 };
	const Recording rec = { judge, store, analysis, now, tally, &waiting };
	unsigned had = outcomes->len;
	bool ok = store_begin(store, error);

	for (unsigned i = 0; ok && i < analysis->claims->len; i++)
		ok = record_claim(&rec, analysis->claims->pdata[i],
		    analysis->addresses->pdata[i], outcomes, error);
	ok = ok && record_kept(&rec, error) &&
	     tally_write(tally, store, now, error) &&
	     store_commit(store, error);
	tally_settle(tally, ok);
	if (!ok) {
		store_rollback(store);
		g_ptr_array_set_size(outcomes, (gint)had);
	}
	return ok;
}
