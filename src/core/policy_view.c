/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a recipient stands, for people; and what would happen next, which is
   found by asking policy_decide() and never reckoned apart from it. */

#include "policy.h"

#include "policy_private.h"
#include "units.h"

#include <glib.h>

const char *standing_name(Standing standing)
{
	switch (standing) {
	case STANDING_ACTIVE:
		return "active";
	case STANDING_COUNTED:
		return "counted";
	case STANDING_REVALIDATE:
		return "revalidate";
	case STANDING_PAUSED:
		return "paused";
	case STANDING_INACTIVE:
		return "inactive";
	}
	return "active";
}

static Standing standing_of(const CauseView *view, bool is_probation)
{
	if (view->hold.until == HOLD_FOREVER)
		return STANDING_INACTIVE;
	if (view->hold.since != 0)
		return STANDING_PAUSED;
	if (is_probation)
		return STANDING_REVALIDATE;
	return view->hits > 0 ? STANDING_COUNTED : STANDING_ACTIVE;
}

static int64_t probation_end(const Track *track, int64_t decay)
{
	return decay <= 0 || track->rung_end >= HOLD_FOREVER - decay
		   ? HOLD_FOREVER
		   : track->rung_end + decay;
}

CauseView policy_view(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, int64_t now)
{
	CauseView view = { .policy = "" };
	int cause = step_cause(policy_step(case_->class_));
	const Track *track;
	PolicyRule rule;
	unsigned i = 0;
	bool is_probation;

	if (cause < 0)
		return view;
	track = &state->track[cause];
	if (hold_is_active(state->hold[cause], now))
		view.hold = state->hold[cause];
	view.rung = rung_left(track, policy->decay, now);
	view.rung_end = track->rung_end;
	is_probation = is_on_probation(track, state->hold[cause], policy->decay,
	    now);
	if (is_probation)
		view.probation_end = probation_end(track, policy->decay);
	if (rule_find(policy, case_->class_, case_->reason, case_->provider, &i,
		&rule)) {
		HitCount count = hits_count(policy, i, &rule, track, case_,
		    false, now);
		Need need = rule_need(&rule, case_);

		view.hits = count.hits;
		view.days = count.days;
		view.limit = need.limit;
		view.on_days = need.days;
		view.window = rule.window;
		view.n_ladder = rule.ladder.n;
		view.policy = rule.name;
	}
	view.standing = standing_of(&view, is_probation);
	return view;
}

/* ---- what would happen next ---- */

enum {
	MORE_MAX = 2 * POLICY_HITS_MAX,
	YEARS_AHEAD = 10,
};

/* When bounces come: the first at FROM, and each EVERY seconds later. */
typedef struct Schedule {
	int64_t from;
	int64_t every;
} Schedule;

/* How many bounces so spaced it takes; 0: none of MORE_MAX does. */
static unsigned bounces_until_held(const Policy *policy, RecipientState state,
    const PolicyCase *case_, Schedule when, int64_t *ret_hold)
{
	for (unsigned n = 1; n <= MORE_MAX; n++) {
		int64_t at = when.from + (int64_t)(n - 1) * when.every;
		Effect effect = policy_decide(policy, &state, case_, at);

		if (effect.hold_until != 0) {
			*ret_hold = effect.hold_until == HOLD_FOREVER
					? HOLD_FOREVER
					: effect.hold_until - at;
			return n;
		}
		state = policy_apply(state, &effect, at);
	}
	return 0;
}

static bool one_holds(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, int64_t at)
{
	return policy_decide(policy, state, case_, at).hold_until != 0;
}

/* The moment before which one bounce more, which would do at FROM, must come
   to do it: hits only ever leave the window as time goes by. */
static int64_t one_more_before(const Policy *policy,
    const RecipientState *state, const PolicyCase *case_, int64_t from)
{
	int64_t low = from;
	int64_t high = from + (int64_t)YEARS_AHEAD * 365 * SECONDS_PER_DAY;

	if (one_holds(policy, state, case_, high))
		return HOLD_FOREVER;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (one_holds(policy, state, case_, middle))
			low = middle;
		else
			high = middle;
	}
	return high;
}

Forecast policy_forecast(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, int64_t now)
{
	const Schedule schedules[] = {
		{ now, 0 },
		{ now, SECONDS_PER_DAY },
		/* where this day has had its share */
		{ (day_of(now) + 1) * SECONDS_PER_DAY, SECONDS_PER_DAY },
	};
	int cause = step_cause(policy_step(case_->class_));
	Forecast best = { 0 };

	if (cause < 0 || hold_is_active(state->hold[cause], now))
		return best;
	for (unsigned i = 0; i < G_N_ELEMENTS(schedules); i++) {
		int64_t hold = 0;
		unsigned n = bounces_until_held(policy, *state, case_,
		    schedules[i], &hold);

		if (n == 0 || (best.more != 0 && n >= best.more))
			continue;
		best = (Forecast){
			.more = n,
			.is_one_a_day = n > 1 && schedules[i].every != 0,
			.from = schedules[i].from,
			.hold = hold,
		};
	}
	if (best.more == 1)
		best.before = one_more_before(policy, state, case_, best.from);
	return best;
}
