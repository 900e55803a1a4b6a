/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The suppression policy, whole.

   A hard bounce, a complaint and an unsubscription act at once and for good;
   a hard bounce in all streams, a complaint in all that are not exempt, an
   unsubscription in its own.  Only a person lifts them.

   A soft bounce is counted.  soft_limit of them within soft_window seconds, on
   at least soft_days different days, climb one rung of the ladder: the
   recipient is left alone for that rung's time, and the count starts afresh.
   Of soft bounces whose reason is `disabled` (an inactive account) fewer are
   enough: disabled_limit of them, on as many days or on soft_days, whichever
   is less.  The rung after the last is the last again.  While a rung holds,
   further soft bounces are echoes of mail already sent: recorded, not counted.

   A block is the fault of the sender or of the message, never of the
   recipient: recorded, and held against the recipient only for block_hold
   seconds where a site asks for that.

   A hard bounce from a provider whose circuit breaker is open (breaker.c) may
   be the provider's mistake: the recipient is left alone for some days only,
   until a person confirms or drops it, or the next mail tells.

   A delivery says that the address lives: the soft count, the rungs climbed, a
   soft hold and one under a breaker end.  Hard bounces, complaints and
   unsubscriptions stay.

   What is not understood, or believed with less than the threshold's
   confidence, changes nothing and waits for review.

   Each hold stands for itself and is only ever prolonged here.  So a bounce
   can never weaken a suppression, whatever the order of events, and a clock
   set back or far ahead makes none shorter than it was.  */

#include "policy.h"

#include <string.h>

#include <glib.h>

const Policy policy_defaults = {
	.threshold = 0.7,
	.soft_limit = 5,
	.soft_days = 3,
	.soft_window = 30 * 86400,
	.disabled_limit = 2,
	.ladder = { 7 * 86400, 30 * 86400, 90 * 86400, HOLD_FOREVER },
	.n_ladder = 4,
	.block_hold = 0,
	.hard_hold = true,
	.complaint_hold = true,
	.unsubscribe_hold = true,
};

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

/* Within the window on either side: a hit "in the future" was taken before the
   clock was set back, and is recent. */
static bool is_recent(SoftHit hit, int64_t window, int64_t now)
{
	return hit.at > now - window && hit.at < now + window;
}

typedef struct SoftCount {
	unsigned hits;
	unsigned days;
} SoftCount;

/* The recent hits among N (oldest first), all or of `disabled` only, and on
   how many different days they fell. */
static SoftCount count_recent(const SoftHit *hits, unsigned n, int64_t window,
    bool only_disabled, int64_t now)
{
	SoftCount count = { 0 };
	int64_t days[POLICY_SOFT_MAX + 1];

	for (unsigned i = 0; i < n; i++) {
		unsigned k = 0;

		if (!is_recent(hits[i], window, now) ||
		    (only_disabled && !hits[i].is_disabled))
			continue;
		count.hits++;
		while (k < count.days && days[k] != hits[i].at / 86400)
			k++;
		if (k == count.days)
			days[count.days++] = hits[i].at / 86400;
	}
	return count;
}

static bool is_enough(const Policy *policy, const RecipientState *state,
    bool is_disabled, int64_t now)
{
	SoftHit hits[POLICY_SOFT_MAX + 1];
	unsigned n = MIN(state->n_soft, POLICY_SOFT_MAX);
	SoftCount all, disabled;

	memcpy(hits, state->soft, n * sizeof(hits[0]));
	hits[n++] = (SoftHit){ now, is_disabled };
	all = count_recent(hits, n, policy->soft_window, false, now);
	disabled = count_recent(hits, n, policy->soft_window, true, now);
	if (policy->soft_limit > 0 && all.hits >= policy->soft_limit &&
	    all.days >= policy->soft_days)
		return true;
	return policy->disabled_limit > 0 &&
	       disabled.hits >= policy->disabled_limit &&
	       disabled.days >= MIN(policy->soft_days, policy->disabled_limit);
}

static int64_t until_after(int64_t now, int64_t seconds)
{
	return seconds >= HOLD_FOREVER - now ? HOLD_FOREVER : now + seconds;
}

static Effect decide_soft(const Policy *policy, const RecipientState *state,
    enum vp_reason reason, int64_t now)
{
	Effect effect = { .step = STEP_SOFT };

	if (hold_is_active(state->hold[CAUSE_SOFT], now))
		return (Effect){ .step = STEP_NONE };
	effect.is_disabled = reason == VP_REASON_DISABLED;
	if (policy->n_ladder > 0 &&
	    is_enough(policy, state, effect.is_disabled, now)) {
		effect.rung = MIN(state->rung + 1, policy->n_ladder);
		effect.hold_until = until_after(now,
		    policy->ladder[effect.rung - 1]);
	}
	return effect;
}

Effect policy_decide(const Policy *policy, const RecipientState *state,
    enum vp_class class_, enum vp_reason reason, double confidence, int64_t now)
{
	Effect effect = { .step = policy_step(class_) };

	if (class_ == VP_CLASS_UNKNOWN)
		return (Effect){ .needs_review = true };
	if (effect.step != STEP_NONE && confidence < policy->threshold)
		return (Effect){ .needs_review = true };
	switch (effect.step) {
	case STEP_SOFT:
		return decide_soft(policy, state, reason, now);
	case STEP_HARD:
		effect.hold_until = policy->hard_hold ? HOLD_FOREVER : 0;
		return effect;
	case STEP_COMPLAINT:
		effect.hold_until = policy->complaint_hold ? HOLD_FOREVER : 0;
		return effect;
	case STEP_UNSUBSCRIBE:
		effect.hold_until = policy->unsubscribe_hold ? HOLD_FOREVER : 0;
		return effect;
	case STEP_BLOCK:
		if (policy->block_hold > 0)
			effect.hold_until = until_after(now,
			    policy->block_hold);
		return effect;
	case STEP_NONE:
	case STEP_RESET:
	case STEP_HELD: /* made of a hard step by breaker_hold() */
	case STEP_CONFIRM:
		return effect;
	}
	g_assert_not_reached();
}

static void hold_extend(Hold *hold, int64_t now, int64_t until)
{
	if (until == 0)
		return;
	if (!hold_is_active(*hold, now))
		*hold = (Hold){ MAX(now, 1), until };
	else
		hold->until = MAX(hold->until, until);
}

static void soft_append(RecipientState *state, SoftHit hit)
{
	if (state->n_soft == POLICY_SOFT_MAX) {
		memmove(state->soft, state->soft + 1,
		    (POLICY_SOFT_MAX - 1) * sizeof(state->soft[0]));
		state->n_soft--;
	}
	state->soft[state->n_soft++] = hit;
}

/* Also clears what lies behind the count, so that equal states are equal
   octets. */
static void soft_forget(RecipientState *state)
{
	memset(state->soft, 0, sizeof(state->soft));
	state->n_soft = 0;
}

RecipientState policy_apply(RecipientState state, const Effect *effect,
    int64_t now)
{
	switch (effect->step) {
	case STEP_NONE:
		return state;
	case STEP_SOFT:
		soft_append(&state, (SoftHit){ now, effect->is_disabled });
		if (effect->hold_until != 0) {
			soft_forget(&state);
			state.rung = effect->rung;
		}
		hold_extend(&state.hold[CAUSE_SOFT], now, effect->hold_until);
		return state;
	case STEP_HARD:
		hold_extend(&state.hold[CAUSE_HARD], now, effect->hold_until);
		/* it has been told again, and the longer hold says it all */
		if (effect->hold_until >= state.hold[CAUSE_HELD].until)
			state.hold[CAUSE_HELD] = (Hold){ 0 };
		return state;
	case STEP_COMPLAINT:
		hold_extend(&state.hold[CAUSE_COMPLAINT], now,
		    effect->hold_until);
		return state;
	case STEP_UNSUBSCRIBE:
		hold_extend(&state.hold[CAUSE_UNSUBSCRIBE], now,
		    effect->hold_until);
		return state;
	case STEP_BLOCK:
		hold_extend(&state.hold[CAUSE_BLOCK], now, effect->hold_until);
		return state;
	case STEP_RESET:
		soft_forget(&state);
		state.rung = 0;
		state.hold[CAUSE_SOFT] = (Hold){ 0 };
		state.hold[CAUSE_HELD] = (Hold){ 0 };
		return state;
	case STEP_HELD:
		hold_extend(&state.hold[CAUSE_HELD], now, effect->hold_until);
		return state;
	case STEP_CONFIRM:
		hold_extend(&state.hold[CAUSE_HARD], now, effect->hold_until);
		state.hold[CAUSE_HELD] = (Hold){ 0 };
		return state;
	}
	g_assert_not_reached();
}

int policy_strongest(const RecipientState *state, bool is_exempt, int64_t now)
{
	for (int cause = CAUSE_COUNT - 1; cause >= 0; cause--) {
		if (cause == CAUSE_COMPLAINT && is_exempt)
			continue;
		if (hold_is_active(state->hold[cause], now))
			return cause;
	}
	return -1;
}
