/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One message, top to bottom.  First what it says and what its addresses
   prove (deliver_analyse: pure); then, in one transaction, what is new in it
   (deliver_record): was this report seen before, who is the person, which of
   the report's recipients speaks of her, what does the policy make of it.  No
   I/O but the store's, no clock, no log. */

#include "deliver.h"

#include "address.h"
#include "claim.h"
#include "errors.h"
#include "report_read.h"
#include "units.h"

#include <string.h>

/* ---- analysis ---- */

struct Analysis {
	Report *report;
	GPtrArray *verdicts;  /* of Verdict: one for each report recipient, or
				one for the message when it names none */
	GPtrArray *claims;    /* of Claim: one for each envelope recipient */
	GPtrArray *addresses; /* of char *: those envelope recipients */
	char *sender;
	char *client; /* who handed it in, for forgeries and events */
	char *queue_id;
};

Analysis *deliver_analyse(const Judge *judge, const Envelope *envelope,
    GBytes *message)
{
	Analysis *analysis = g_new0(Analysis, 1);
	gsize len;
	const char *bytes = g_bytes_get_data(message, &len);

	analysis->report = report_read(bytes != NULL ? bytes : "", len);
	analysis->verdicts =
	    g_ptr_array_new_with_free_func((GDestroyNotify)verdict_free);
	analysis->claims =
	    g_ptr_array_new_with_free_func((GDestroyNotify)claim_free);
	analysis->addresses = g_ptr_array_new_with_free_func(g_free);
	analysis->sender = g_strdup(envelope->sender);
	/* Of its own bounces Postfix does not tell the queue id (no XFORWARD
	   IDENT); it stands in the Received field that cleanup(8) put on top. */
	analysis->queue_id = g_strdup(envelope->queue_id[0] != '\0'
					  ? envelope->queue_id
					  : analysis->report->received_id);
	analysis->client = g_strdup(envelope->client_address[0] != '\0'
					? envelope->client_address
					: "local");
	for (unsigned i = 0; i < analysis->report->recipients->len; i++)
		g_ptr_array_add(analysis->verdicts,
		    rules_judge(judge->rules, analysis->report,
			report_recipient(analysis->report, i), NULL));
	if (analysis->verdicts->len == 0)
		g_ptr_array_add(analysis->verdicts,
		    rules_judge(judge->rules, analysis->report, NULL, NULL));
	for (unsigned i = 0; i < envelope->recipients->len; i++) {
		const EnvelopeRecipient *to = envelope_recipient(envelope, i);

		g_ptr_array_add(analysis->addresses, g_strdup(to->address));
		g_ptr_array_add(analysis->claims,
		    claim_weigh(judge, envelope, to, analysis->report));
	}
	return analysis;
}

void analysis_free(Analysis *analysis)
{
	if (analysis == NULL)
		return;
	report_free(analysis->report);
	g_ptr_array_unref(analysis->verdicts);
	g_ptr_array_unref(analysis->claims);
	g_ptr_array_unref(analysis->addresses);
	g_free(analysis->sender);
	g_free(analysis->client);
	g_free(analysis->queue_id);
	g_free(analysis);
}

const Report *analysis_report(const Analysis *analysis)
{
	return analysis->report;
}

/* ---- whom and what ---- */

static bool is_address(const char *given, const char *folded)
{
	g_autofree char *fold = address_fold(given, NULL);

	return fold != NULL && strcmp(fold, folded) == 0;
}

/* How much harm a verdict does: of several that may concern a person the
   mildest is taken. */
static int severity(enum vp_class class_)
{
	static const int by_step[STEP_COUNT] = {
		[STEP_RESET] = 0,
		[STEP_NONE] = 1,
		[STEP_BLOCK] = 2,
		[STEP_SOFT] = 3,
		[STEP_HARD] = 4,
		[STEP_UNSUBSCRIBE] = 5,
		[STEP_COMPLAINT] = 6,
	};

	return by_step[policy_step(class_)];
}

/* The report recipient that speaks of FOLDED: by its final address, else by
   its original one.  A forwarded mailbox is reported under another address
   (`via`): the token names the person all the same, but of several such
   recipients only the mildest is believed. */
static unsigned choose_recipient(const Analysis *analysis, const char *folded)
{
	const Report *report = analysis->report;
	unsigned mildest = 0;

	for (unsigned i = 0; i < report->recipients->len; i++)
		if (is_address(report_recipient(report, i)->final_recipient,
			folded))
			return i;
	for (unsigned i = 0; i < report->recipients->len; i++)
		if (is_address(report_recipient(report, i)->original_recipient,
			folded))
			return i;
	for (unsigned i = 1; i < analysis->verdicts->len; i++) {
		const Verdict *best = analysis->verdicts->pdata[mildest];
		const Verdict *verdict = analysis->verdicts->pdata[i];

		if (severity(verdict->class_) < severity(best->class_))
			mildest = i;
	}
	return mildest;
}

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
	else if (policy_step(verdict->class_) != STEP_NONE)
		verdict_say(verdict, VP_REASON_UNKNOWN,
		    "token.unsubscribe-not-by-a-person");
}

/* ---- recording ---- */

/* What is common to all that one call records. */
typedef struct Recording {
	const Judge *judge;
	Store *store;
	const Analysis *analysis;
	int64_t now;
} Recording;

static void outcome_add(GPtrArray *outcomes, Outcome *outcome)
{
	g_ptr_array_add(outcomes, outcome);
}

static Outcome *outcome_new(const Recording *rec, OutcomeKind kind)
{
	Outcome *outcome = g_new0(Outcome, 1);

	outcome->kind = kind;
	outcome->queue_id = g_strdup(rec->analysis->queue_id);
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
	outcome = outcome_new(rec, OUTCOME_FORGED);
	g_free(outcome->why);
	outcome->why = g_strdup(why);
	outcome_add(outcomes, outcome);
	return true;
}

/* The day that "at most one step per token" goes by.  Unsigned addresses bear
   none: then it is the day the mail was sent, as this host reports it. */
static int64_t token_day(const Recording *rec, const Claim *claim)
{
	if (claim->trust == TRUST_SIGNED)
		return claim->token.day;
	return day_of(rec->analysis->report->arrival != 0
			  ? rec->analysis->report->arrival
			  : rec->now);
}

static Trust trust_now(const Recording *rec, const Claim *claim,
    enum vp_class class_)
{
	bool is_slow = class_ == VP_CLASS_COMPLAINT ||
		       class_ == VP_CLASS_UNSUBSCRIBE;
	int64_t lifetime = is_slow ? rec->judge->complaint_lifetime
				   : rec->judge->bounce_lifetime;

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
	if (verdict->class_ != VP_CLASS_HARD)
		return true;
	/* Real reports have the null sender (RFC 3464, 2); and a hard bounce
	   needs a report, not just words. */
	return rec->analysis->sender[0] == '\0' &&
	       rec->analysis->report->kind == REPORT_DSN &&
	       rec->analysis->report->recipients->len > 0;
}

/* The policy's decision on VERDICT, or nothing where the token's one step of
   that kind is spent. */
static bool decide(const Recording *rec, const Event *event, bool counts,
    const RecipientState *state, Effect *ret_effect, bool *ret_taken,
    GError **error)
{
	Effect effect = policy_decide(&rec->judge->policy, state, event->class_,
	    event->reason, event->confidence, rec->now);
	bool taken = false;

	if (effect.step == STEP_SOFT || effect.step == STEP_HARD ||
	    effect.step == STEP_COMPLAINT || effect.step == STEP_UNSUBSCRIBE) {
		if (!store_step_taken(rec->store, event->campaign_id,
			event->recipient_id, event->token_day, effect.step,
			&taken, error))
			return false;
	}
	if (!counts)
		effect = (Effect){ .needs_review = effect.needs_review ||
						   event->class_ ==
						       VP_CLASS_HARD };
	else if (taken)
		effect = (Effect){ .needs_review = effect.needs_review };
	*ret_effect = effect;
	*ret_taken = counts && taken;
	return true;
}

/* One verdict on one person: load, decide, apply, append, save. */
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
	g_autoptr(Outcome) outcome = outcome_new(rec, OUTCOME_STORED);
	RecipientState before, after;
	Event event = { 0 };
	Trust trust;
	bool exempt = judge_is_exempt(rec->judge, campaign->stream);

	if (claim->token.kind == TOKEN_UNSUBSCRIBE)
		judge_unsubscribe(rec->analysis, verdict);
	trust = trust_now(rec, claim, verdict->class_);
	event = (Event){
		.at = rec->now,
		.recipient_id = recipient->id,
		.campaign_id = campaign->id,
		.token_day = token_day(rec, claim),
		.trust = trust,
		.class_ = verdict->class_,
		.reason = verdict->reason,
		.confidence = verdict->confidence,
		.rule = verdict->rule,
		.source = verdict->source,
		.matched = verdict->matched,
		.status = verdict->status,
		.smtp_code = verdict->smtp_code,
		.action = about != NULL ? action_name(about->action) : "",
		.provider = verdict->provider,
		.remote_mta = about != NULL ? about->remote_mta : "",
		.diagnostic = about != NULL ? about->diagnostic : "",
		.via = about != NULL && !is_address(about->final_recipient,
					    recipient->address)
			   ? about->final_recipient
			   : "",
		.message_id = report->message_id,
		.queue_id = rec->analysis->queue_id,
		.client = rec->analysis->client,
	};
	if (!store_load(rec->store, recipient->id, campaign->stream, &before,
		error))
		return false;
	if (!decide(rec, &event, may_count(rec, trust, verdict), &before,
		&event.effect, &outcome->is_step_taken, error))
		return false;
	after = policy_apply(before, &event.effect, rec->now);
	if (!store_append(rec->store, &event, &outcome->event_id, error))
		return false;
	if (!store_save(rec->store, recipient->id, campaign->stream, &before,
		&after, outcome->event_id, error))
		return false;
	envelope_set(&outcome->recipient, recipient->address);
	envelope_set(&outcome->campaign, campaign->name);
	outcome->verdict = g_steal_pointer(&verdict);
	outcome->effect = event.effect;
	outcome->state_before = policy_strongest(&before, exempt, rec->now);
	outcome->state_after = policy_strongest(&after, exempt, rec->now);
	outcome_add(outcomes, g_steal_pointer(&outcome));
	return true;
}

/* The address as its owner writes it, where the report still has it so. */
static const char *original_spelling(const Report *report, const char *folded)
{
	for (unsigned i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *about = report_recipient(report, i);

		if (is_address(about->original_recipient, folded))
			return about->original_recipient;
		if (is_address(about->final_recipient, folded))
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
	return record_event(rec, claim, &campaign, &recipient,
	    choose_recipient(rec->analysis, recipient.address), outcomes,
	    error);
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
	claim_key(claim, rec->analysis->report, key);
	if (!store_seen(rec->store, key, rec->now, &seen, error))
		return false;
	if (seen) {
		outcome_add(outcomes, outcome_new(rec, OUTCOME_DUPLICATE));
		return true;
	}
	if (claim->token.form == TOKEN_BASE)
		return record_base(rec, claim, address, outcomes, error);
	return record_person(rec, claim, address, outcomes, error);
}

bool deliver_record(const Judge *judge, Store *store, const Analysis *analysis,
    int64_t now, GPtrArray *outcomes, GError **error)
{
	const Recording rec = { judge, store, analysis, now };
	unsigned had = outcomes->len;
	bool ok = store_begin(store, error);

	for (unsigned i = 0; ok && i < analysis->claims->len; i++)
		ok = record_claim(&rec, analysis->claims->pdata[i],
		    analysis->addresses->pdata[i], outcomes, error);
	ok = ok && store_commit(store, error);
	if (!ok) {
		store_rollback(store);
		g_ptr_array_set_size(outcomes, (gint)had);
	}
	return ok;
}
