/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The suppression policy, whole.

   Bounces meet a table of rules: a site's own in their order, then the
   built-in ones (policy_table.c).  The first rule that matches class, reason
   and provider counts the bounce, and by that rule alone it is counted, unless
   the rule `continues`.  A rule of limit 0 records only.

   A rule's limit of bounces within its window, on as many different days as it
   asks for, climb one rung of its ladder: the recipient is left alone for that
   rung's time, and the count starts afresh.  The rung after the last is the
   last again.  While a rung holds, further bounces are echoes of mail already
   sent: they climb nothing.

   By default one hard bounce, one complaint and one unsubscription act at once
   and for good: a hard bounce in all streams, a complaint in all that are not
   exempt, an unsubscription in its own.  Only a person lifts them.  Where the
   rule that understood a hard bounce knows its provider to lie, it asks for
   several, on as many days.  Of soft bounces it takes five on three days within
   thirty; of those whose reason is `disabled` (an inactive account) two, on two
   days.  A block is the fault of the sender or of the message, never of the
   recipient: recorded, unless a site asks for more.

   When a rung is over the recipient is on probation for `decay`: the next
   bounce that counts goes one rung up at once.  After each whole `decay` since
   the rung was over, one rung less is left of those climbed.  Both follow from
   the state and the clock; nothing need be written for time to pass.

   A hard bounce from a provider whose circuit breaker is open (breaker.c) may
   be the provider's mistake: the recipient is left alone for some days only,
   until a person confirms or drops it, or the next mail tells.

   A delivery says that the address lives and mail gets through: the counts and
   rungs of soft bounces, blocks and unconfirmed hard bounces are forgotten, and
   a soft hold and one under a breaker end.  Hard bounces, complaints and
   unsubscriptions stay.

   What is not understood, or believed with less than the threshold's
   confidence, changes nothing and waits for review.

   Each hold stands for itself and is only ever prolonged here.  So a bounce
   can never weaken a suppression, whatever the order of events, and a clock
   set back or far ahead makes none shorter than it was.  */

#include "policy.h"

#include "policy_private.h"
#include "units.h"

#include <string.h>

#include <glib.h>

static const char *const cause_names[CAUSE_COUNT] = {
	[CAUSE_SOFT] = "soft",
	[CAUSE_BLOCK] = "block",
	[CAUSE_HELD] = "held",
	[CAUSE_UNSUBSCRIBE] = "unsubscribe",
	[CAUSE_COMPLAINT] = "complaint",
	[CAUSE_HARD] = "hard",
	[CAUSE_MANUAL] = "manual",
};

const char *cause_name(Cause cause)
{
	return (unsigned)cause < CAUSE_COUNT ? cause_names[cause] : "";
}

int cause_from_name(const char *name)
{
	for (int i = 0; i < CAUSE_COUNT; i++)
		if (g_ascii_strcasecmp(name, cause_names[i]) == 0)
			return i;
	return -1;
}

const char *step_name(Step step)
{
	static const char *const names[STEP_COUNT] = {
		[STEP_NONE] = "none",
		[STEP_SOFT] = "soft",
		[STEP_HARD] = "hard",
		[STEP_COMPLAINT] = "complaint",
		[STEP_UNSUBSCRIBE] = "unsubscribe",
		[STEP_BLOCK] = "block",
		[STEP_RESET] = "reset",
		[STEP_HELD] = "held",
		[STEP_CONFIRM] = "confirm",
	};

	return (unsigned)step < STEP_COUNT ? names[step] : "none";
}

Step policy_step(enum vp_class class_)
{
	switch (class_) {
	case VP_CLASS_HARD:
		return STEP_HARD;
	case VP_CLASS_SOFT:
		return STEP_SOFT;
	case VP_CLASS_BLOCK:
		return STEP_BLOCK;
	case VP_CLASS_COMPLAINT:
		return STEP_COMPLAINT;
	case VP_CLASS_UNSUBSCRIBE:
		return STEP_UNSUBSCRIBE;
	case VP_CLASS_DELIVERED:
		return STEP_RESET;
	case VP_CLASS_UNKNOWN:
	case VP_CLASS_AUTO_REPLY:
	case VP_CLASS_CHALLENGE:
	case VP_CLASS_DELAYED:
	case VP_CLASS_RECEIPT:
	case VP_CLASS_FORGED:
		return STEP_NONE;
	}
	g_assert_not_reached();
}

int step_cause(Step step)
{
	switch (step) {
	case STEP_SOFT:
		return CAUSE_SOFT;
	case STEP_HARD:
	case STEP_CONFIRM:
		return CAUSE_HARD;
	case STEP_HELD:
		return CAUSE_HELD;
	case STEP_COMPLAINT:
		return CAUSE_COMPLAINT;
	case STEP_UNSUBSCRIBE:
		return CAUSE_UNSUBSCRIBE;
	case STEP_BLOCK:
		return CAUSE_BLOCK;
	case STEP_NONE:
	case STEP_RESET:
		return -1;
	}
	g_assert_not_reached();
}

bool effect_is_once_per_token(const Effect *effect)
{
	switch (effect->step) {
	case STEP_SOFT:
	case STEP_HARD:
	case STEP_HELD:
	case STEP_COMPLAINT:
	case STEP_UNSUBSCRIBE:
		return true;
	case STEP_BLOCK: /* most are recorded only, as often as they come */
		return effect->is_counted;
	case STEP_NONE:
	case STEP_RESET:
	case STEP_CONFIRM:
		return false;
	}
	g_assert_not_reached();
}

/* ---- counting ---- */

/* Within the window on either side: a hit "in the future" was taken before the
   clock was set back, and is recent. */
static bool is_recent(int64_t at, int64_t window, int64_t now)
{
	return at > now - window && at < now + window;
}

HitCount hits_count(const Policy *policy, unsigned which,
    const PolicyRule *rule, const Track *track, const PolicyCase *case_,
    bool with_now, int64_t now)
{
	HitCount count = { 0 };
	int64_t days[POLICY_HITS_MAX + 1];
	unsigned n = MIN(track->n_hits, POLICY_HITS_MAX);

	for (unsigned i = 0; i < n + with_now; i++) {
		int64_t at = i < n ? track->hits[i].at : now;
		unsigned k = 0;

		if (i < n && (!is_recent(at, rule->window, now) ||
				 !rule_counts(policy, which, case_->class_,
				     track->hits[i].reason, case_->provider)))
			continue;
		count.hits++;
		while (k < count.days && days[k] != day_of(at))
			k++;
		if (k == count.days)
			days[count.days++] = day_of(at);
	}
	return count;
}

Need rule_need(const PolicyRule *rule, const PolicyCase *case_)
{
	Need need = { rule->limit, rule->days };

	if (rule->limit > 0 && case_->class_ == VP_CLASS_HARD) {
		need.limit = MAX(need.limit, case_->confirm);
		need.days = MAX(need.days, case_->confirm);
	}
	return need;
}

unsigned rung_left(const Track *track, int64_t decay, int64_t now)
{
	int64_t lost;

	if (decay <= 0 || now < track->rung_end)
		return track->rung;
	lost = (now - track->rung_end) / decay;
	return lost < track->rung ? track->rung - (unsigned)lost : 0;
}

bool is_on_probation(const Track *track, Hold hold, int64_t decay, int64_t now)
{
	return track->rung > 0 && !hold_is_active(hold, now) &&
	       (decay <= 0 || now < track->rung_end ||
		   now - track->rung_end < decay);
}

/* ---- deciding ---- */

static int64_t until_after(int64_t now, int64_t seconds)
{
	return seconds >= HOLD_FOREVER - now ? HOLD_FOREVER : now + seconds;
}

/* One rung up on RULE's ladder. */
static void climb(const PolicyRule *rule, const Track *track, int64_t decay,
    int64_t now, Effect *effect)
{
	unsigned rung;

	if (rule->ladder.n == 0)
		return;
	rung = MIN(rung_left(track, decay, now) + 1, rule->ladder.n);
	effect->hold_until = until_after(now, rule->ladder.rungs[rung - 1]);
	/* the only rung, for good: there is nothing to climb, nor to keep */
	if (rule->ladder.n > 1 || rule->ladder.rungs[0] != HOLD_FOREVER)
		effect->rung = rung;
}

/* While the hold is in force: an echo of mail already sent.  A soft bounce or
   a block is then no more than recorded.  What speaks for good spends its
   token, so that it will not count when the hold was lifted; and it makes a
   hold that was for a time one for good. */
static Effect decide_echo(const PolicyRule *rule, unsigned limit, Step step,
    Hold hold)
{
	Effect effect = { .step = step, .policy = rule->name };

	if (step == STEP_SOFT || step == STEP_BLOCK || limit == 0)
		return (Effect){ .step = STEP_NONE };
	effect.hold_until = limit == 1 && rule->ladder.n > 0 &&
				    rule->ladder.rungs[0] == HOLD_FOREVER
				? HOLD_FOREVER
				: hold.until;
	return effect;
}

static Effect decide_counted(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, Step step, int64_t now)
{
	Effect effect = { .step = step, .reason = case_->reason };
	int cause = step_cause(step);
	const Track *track = &state->track[cause];
	Hold hold = state->hold[cause];
	PolicyRule rule;

	for (unsigned i = 0; rule_find(policy, case_->class_, case_->reason,
		 case_->provider, &i, &rule);
	     i++) {
		Need need = rule_need(&rule, case_);
		HitCount count;

		if (hold_is_active(hold, now))
			return decide_echo(&rule, need.limit, step, hold);
		if (!effect.is_counted)
			effect.policy = rule.name;
		if (rule.limit > 0) {
			effect.is_counted = true;
			count = hits_count(policy, i, &rule, track, case_, true,
			    now);
			if (is_on_probation(track, hold, policy->decay, now) ||
			    (count.hits >= need.limit &&
				count.days >= need.days)) {
				effect.policy = rule.name;
				climb(&rule, track, policy->decay, now,
				    &effect);
				return effect;
			}
		}
		if (!rule.continues)
			return effect;
	}
	return effect;
}

/* An unsubscription is a person's word: once is enough, in its stream. */
static Effect decide_unsubscribe(const Policy *policy,
    const RecipientState *state, const PolicyCase *case_, int64_t now)
{
	Effect effect = { .step = STEP_UNSUBSCRIBE, .reason = case_->reason };
	Hold hold = state->hold[CAUSE_UNSUBSCRIBE];
	PolicyRule rule;
	unsigned i = 0;

	if (!rule_find(policy, case_->class_, case_->reason, case_->provider,
		&i, &rule))
		return effect;
	effect.policy = rule.name;
	if (rule.limit == 0 || rule.ladder.n == 0)
		return effect;
	if (hold_is_active(hold, now))
		return decide_echo(&rule, 1, STEP_UNSUBSCRIBE, hold);
	effect.hold_until = until_after(now, rule.ladder.rungs[0]);
	return effect;
}

Effect policy_decide(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, int64_t now)
{
	Step step = policy_step(case_->class_);

	if (case_->class_ == VP_CLASS_UNKNOWN)
		return (Effect){ .needs_review = true };
	if (step != STEP_NONE && case_->confidence < policy->threshold)
		return (Effect){ .needs_review = true };
	switch (step) {
	case STEP_SOFT:
	case STEP_HARD:
	case STEP_COMPLAINT:
	case STEP_BLOCK:
		return decide_counted(policy, state, case_, step, now);
	case STEP_UNSUBSCRIBE:
		return decide_unsubscribe(policy, state, case_, now);
	case STEP_NONE:
	case STEP_RESET:
	case STEP_HELD: /* made of a hard step by breaker_hold() */
	case STEP_CONFIRM:
		return (Effect){ .step = step };
	}
	g_assert_not_reached();
}

/* ---- applying ---- */

static void hold_extend(Hold *hold, int64_t now, int64_t until)
{
	if (until == 0)
		return;
	if (!hold_is_active(*hold, now))
		*hold = (Hold){ MAX(now, 1), until };
	else
		hold->until = MAX(hold->until, until);
}

static void hit_append(Track *track, PolicyHit hit)
{
	if (track->n_hits == POLICY_HITS_MAX) {
		memmove(track->hits, track->hits + 1,
		    (POLICY_HITS_MAX - 1) * sizeof(track->hits[0]));
		track->n_hits--;
	}
	track->hits[track->n_hits++] = hit;
}

/* Also what lies behind the count, so that equal states are equal octets. */
static void track_forget(Track *track)
{
	memset(track, 0, sizeof(*track));
}

void policy_forget(RecipientState *state)
{
	for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
		track_forget(&state->track[cause]);
}

static void track_count(Track *track, const Effect *effect, int64_t now)
{
	if (effect->hold_until == 0) {
		hit_append(track, (PolicyHit){ now, effect->reason });
		return;
	}
	track_forget(track);
	track->rung = effect->rung;
	track->rung_end = effect->rung > 0 ? effect->hold_until : 0;
}

RecipientState policy_apply(RecipientState state, const Effect *effect,
    int64_t now)
{
	int cause = step_cause(effect->step);

	if (effect->step == STEP_RESET) {
		track_forget(&state.track[CAUSE_SOFT]);
		track_forget(&state.track[CAUSE_BLOCK]);
		track_forget(&state.track[CAUSE_HARD]);
		state.hold[CAUSE_SOFT] = (Hold){ 0 };
		state.hold[CAUSE_HELD] = (Hold){ 0 };
		return state;
	}
	if (cause < 0)
		return state;
	if (effect->is_counted && cause != CAUSE_HELD)
		track_count(&state.track[cause], effect, now);
	hold_extend(&state.hold[cause], now, effect->hold_until);
	/* it has been told again, and the longer hold says it all */
	if (effect->step == STEP_CONFIRM ||
	    (effect->step == STEP_HARD &&
		effect->hold_until >= state.hold[CAUSE_HELD].until))
		state.hold[CAUSE_HELD] = (Hold){ 0 };
	return state;
}

int policy_strongest(const RecipientState *state, CauseSet ignored, int64_t now)
{
	for (int cause = CAUSE_COUNT - 1; cause >= 0; cause--)
		if ((ignored & CAUSE_BIT(cause)) == 0 &&
		    hold_is_active(state->hold[cause], now))
			return cause;
	return -1;
}
