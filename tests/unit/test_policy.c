/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy.h"

#include "main.h"
#include "retry.h"

#include <string.h>

#include <glib.h>

#define DAY ((int64_t)86400)
#define NOW (20000 * DAY)

static Effect decide(const Policy *policy, const RecipientState *state,
    enum vp_class class_, enum vp_reason reason, double confidence, int64_t now)
{
	const PolicyCase case_ = {
		.class_ = class_, .reason = reason, .confidence = confidence
	};

	return policy_decide(policy, state, &case_, now);
}

/* ---- every class on every state ---- */

typedef enum Start {
	CLEAN,
	SOFT_ONE,  /* one soft bounce counted */
	SOFT_FOUR, /* four on two earlier days: the fifth climbs */
	PAUSED,    /* on the first rung */
	RUNG_OVER, /* the first rung is over, four new ones counted */
	HARD,
	COMPLAINED,
	UNSUBSCRIBED,
	MANUAL,
	STARTS,
} Start;

static RecipientState start_state(Start start)
{
	RecipientState state = { 0 };
	Track *soft = &state.track[CAUSE_SOFT];

	switch (start) {
	case CLEAN:
	case STARTS:
		break;
	case SOFT_ONE:
		soft->n_hits = 1;
		soft->hits[0].at = NOW - DAY;
		break;
	case RUNG_OVER:
		soft->rung = 1;
		soft->rung_end = NOW - 2 * DAY;
		state.hold[CAUSE_SOFT] = (Hold){ NOW - 9 * DAY, NOW - 2 * DAY };
		G_GNUC_FALLTHROUGH;
	case SOFT_FOUR:
		soft->n_hits = 4;
		for (unsigned i = 0; i < 4; i++)
			soft->hits[i].at = NOW - (2 - i / 2) * DAY;
		break;
	case PAUSED:
		soft->rung = 1;
		soft->rung_end = NOW + 6 * DAY;
		state.hold[CAUSE_SOFT] = (Hold){ NOW - DAY, NOW + 6 * DAY };
		break;
	case HARD:
		state.hold[CAUSE_HARD] = (Hold){ NOW - DAY, HOLD_FOREVER };
		break;
	case COMPLAINED:
		state.hold[CAUSE_COMPLAINT] = (Hold){ NOW - DAY, HOLD_FOREVER };
		break;
	case UNSUBSCRIBED:
		state.hold[CAUSE_UNSUBSCRIBE] = (Hold){ NOW - DAY,
			HOLD_FOREVER };
		break;
	case MANUAL:
		state.hold[CAUSE_MANUAL] = (Hold){ NOW - DAY, NOW + DAY };
		break;
	}
	return state;
}

#define NO (-1)

/* The strongest cause afterwards; rows are Start, columns enum vp_class. */
static const int strongest_after[STARTS][VP_CLASS_COUNT] = {
	/* unknown, hard, soft, block, complaint, unsubscribe, auto-reply,
	   challenge, delayed, delivered, receipt, forged */
	[CLEAN] = { NO, CAUSE_HARD, NO, NO, CAUSE_COMPLAINT, CAUSE_UNSUBSCRIBE,
	    NO, NO, NO, NO, NO, NO },
	[SOFT_ONE] = { NO, CAUSE_HARD, NO, NO, CAUSE_COMPLAINT,
	    CAUSE_UNSUBSCRIBE, NO, NO, NO, NO, NO, NO },
	[SOFT_FOUR] = { NO, CAUSE_HARD, CAUSE_SOFT, NO, CAUSE_COMPLAINT,
	    CAUSE_UNSUBSCRIBE, NO, NO, NO, NO, NO, NO },
	[PAUSED] = { CAUSE_SOFT, CAUSE_HARD, CAUSE_SOFT, CAUSE_SOFT,
	    CAUSE_COMPLAINT, CAUSE_UNSUBSCRIBE, CAUSE_SOFT, CAUSE_SOFT,
	    CAUSE_SOFT, NO, CAUSE_SOFT, CAUSE_SOFT },
	[RUNG_OVER] = { NO, CAUSE_HARD, CAUSE_SOFT, NO, CAUSE_COMPLAINT,
	    CAUSE_UNSUBSCRIBE, NO, NO, NO, NO, NO, NO },
	[HARD] = { CAUSE_HARD, CAUSE_HARD, CAUSE_HARD, CAUSE_HARD, CAUSE_HARD,
	    CAUSE_HARD, CAUSE_HARD, CAUSE_HARD, CAUSE_HARD, CAUSE_HARD,
	    CAUSE_HARD, CAUSE_HARD },
	[COMPLAINED] = { CAUSE_COMPLAINT, CAUSE_HARD, CAUSE_COMPLAINT,
	    CAUSE_COMPLAINT, CAUSE_COMPLAINT, CAUSE_COMPLAINT, CAUSE_COMPLAINT,
	    CAUSE_COMPLAINT, CAUSE_COMPLAINT, CAUSE_COMPLAINT, CAUSE_COMPLAINT,
	    CAUSE_COMPLAINT },
	[UNSUBSCRIBED] = { CAUSE_UNSUBSCRIBE, CAUSE_HARD, CAUSE_UNSUBSCRIBE,
	    CAUSE_UNSUBSCRIBE, CAUSE_COMPLAINT, CAUSE_UNSUBSCRIBE,
	    CAUSE_UNSUBSCRIBE, CAUSE_UNSUBSCRIBE, CAUSE_UNSUBSCRIBE,
	    CAUSE_UNSUBSCRIBE, CAUSE_UNSUBSCRIBE, CAUSE_UNSUBSCRIBE },
	[MANUAL] = { CAUSE_MANUAL, CAUSE_MANUAL, CAUSE_MANUAL, CAUSE_MANUAL,
	    CAUSE_MANUAL, CAUSE_MANUAL, CAUSE_MANUAL, CAUSE_MANUAL,
	    CAUSE_MANUAL, CAUSE_MANUAL, CAUSE_MANUAL, CAUSE_MANUAL },
};

static enum vp_reason any_reason(enum vp_class class_)
{
	for (int i = VP_REASON_COUNT - 1; i >= 0; i--)
		if (vp_reason_class((enum vp_reason)i) == class_)
			return (enum vp_reason)i;
	g_assert_not_reached();
}

START_TEST(state_by_class)
{
	Start start = (Start)(_i / VP_CLASS_COUNT);
	enum vp_class class_ = (enum vp_class)(_i % VP_CLASS_COUNT);
	RecipientState before = start_state(start);
	Effect effect = decide(&policy_defaults, &before, class_,
	    any_reason(class_), 1.0, NOW);
	RecipientState after = policy_apply(before, &effect, NOW);

	ck_assert_msg(policy_strongest(&after, 0, NOW) ==
			  strongest_after[start][class_],
	    "start %d, %s: got %d", (int)start, vp_class_name(class_),
	    policy_strongest(&after, 0, NOW));
	for (int cause = 0; cause < CAUSE_COUNT; cause++) {
		if (class_ == VP_CLASS_DELIVERED &&
		    (cause == CAUSE_SOFT || cause == CAUSE_HELD))
			continue;
		ck_assert_msg(!hold_is_active(before.hold[cause], NOW) ||
				  after.hold[cause].until >=
				      before.hold[cause].until,
		    "start %d, %s: %s got weaker", (int)start,
		    vp_class_name(class_), cause_name((Cause)cause));
	}
}
END_TEST

START_TEST(low_confidence_changes_nothing)
{
	Start start = (Start)(_i / VP_CLASS_COUNT);
	enum vp_class class_ = (enum vp_class)(_i % VP_CLASS_COUNT);
	RecipientState before = start_state(start);
	Effect effect = decide(&policy_defaults, &before, class_,
	    any_reason(class_), 0.69, NOW);
	RecipientState after = policy_apply(before, &effect, NOW);

	ck_assert_mem_eq(&before, &after, sizeof(before));
	if (policy_step(class_) != STEP_NONE)
		ck_assert(effect.needs_review);
}
END_TEST

/* ---- the soft count ---- */

/* A history of soft bounces, and what it leads to. */
static const struct {
	const char *label;
	struct {
		int hour;  /* after NOW */
		char what; /* s soft, d disabled, D delivered, b block */
	} events[12];
	int held_for_days; /* at the last event: 0 none, -1 for ever */
	unsigned rung;
} histories[] = {
	{ "four are not enough",
	    { { 0, 's' }, { 24, 's' }, { 48, 's' }, { 72, 's' } }, 0, 0 },
	{ "five on three days climb the first rung",
	    { { 0, 's' }, { 1, 's' }, { 24, 's' }, { 25, 's' }, { 48, 's' } },
	    7, 1 },
	{ "five on two days do not",
	    { { 0, 's' }, { 1, 's' }, { 2, 's' }, { 24, 's' }, { 25, 's' } }, 0,
	    0 },
	{ "ten within one hour do not",
	    { { 1, 's' }, { 1, 's' }, { 1, 's' }, { 1, 's' }, { 1, 's' },
		{ 1, 's' }, { 1, 's' }, { 1, 's' }, { 1, 's' }, { 1, 's' } },
	    0, 0 },
	{ "what left the window does not count",
	    { { 0, 's' }, { 24, 's' }, { 48, 's' }, { 72, 's' },
		{ 31 * 24, 's' } },
	    0, 0 },
	{ "two of disabled on two days", { { 0, 'd' }, { 24, 'd' } }, 7, 1 },
	{ "two of disabled on one day are one outage",
	    { { 0, 'd' }, { 1, 'd' } }, 0, 0 },
	{ "disabled counts as soft, too",
	    { { 0, 's' }, { 1, 's' }, { 24, 's' }, { 25, 's' }, { 48, 'd' } },
	    7, 1 },
	{ "a delivery starts the count afresh",
	    { { 0, 's' }, { 1, 's' }, { 24, 's' }, { 25, 's' }, { 26, 'D' },
		{ 48, 's' } },
	    0, 0 },
	{ "blocks are not counted",
	    { { 0, 's' }, { 1, 's' }, { 24, 's' }, { 25, 's' }, { 48, 'b' } },
	    0, 0 },
	{ "echoes while a rung holds are not counted",
	    { { 0, 'd' }, { 24, 'd' }, { 48, 'd' }, { 72, 'd' } }, 0, 1 },
	{ "on probation, one climbs the second rung",
	    { { 0, 'd' }, { 24, 'd' }, { 9 * 24, 's' } }, 30, 2 },
	{ "the third rung",
	    { { 0, 'd' }, { 24, 'd' }, { 9 * 24, 's' }, { 40 * 24, 's' } }, 90,
	    3 },
	{ "and then for good",
	    { { 0, 'd' }, { 24, 'd' }, { 9 * 24, 's' }, { 40 * 24, 's' },
		{ 131 * 24, 's' } },
	    -1, 4 },
	{ "a delivery ends probation and takes the ladder down",
	    { { 0, 'd' }, { 24, 'd' }, { 9 * 24, 'D' }, { 10 * 24, 'd' },
		{ 11 * 24, 'd' } },
	    7, 1 },
	{ "a block is no bounce of probation",
	    { { 0, 'd' }, { 24, 'd' }, { 9 * 24, 'b' } }, 0, 1 },
	{ "probation is over after one decay, and a rung with it",
	    { { 0, 'd' }, { 24, 'd' }, { (8 + 90) * 24, 's' } }, 0, 1 },
	{ "and not a moment sooner",
	    { { 0, 'd' }, { 24, 'd' }, { (8 + 90) * 24 - 1, 's' } }, 30, 2 },
	{ "the first rung again after a decay",
	    { { 0, 'd' }, { 24, 'd' }, { 99 * 24, 'd' }, { 100 * 24, 'd' } }, 7,
	    1 },
	{ "of two rungs one is left after a decay",
	    { { 0, 'd' }, { 24, 'd' }, { 9 * 24, 's' }, { (39 + 90) * 24, 'd' },
		{ (39 + 91) * 24, 'd' } },
	    30, 2 },
	{ "and none after two",
	    { { 0, 'd' }, { 24, 'd' }, { 9 * 24, 's' },
		{ (39 + 180) * 24, 'd' }, { (39 + 181) * 24, 'd' } },
	    7, 1 },
};

START_TEST(soft_history)
{
	RecipientState state = { 0 };
	Effect effect = { 0 };
	int64_t at = NOW;

	for (unsigned i = 0; histories[_i].events[i].what != '\0'; i++) {
		enum vp_class class_ = VP_CLASS_SOFT;
		enum vp_reason reason = VP_REASON_MAILBOX_FULL;

		if (histories[_i].events[i].what == 'd')
			reason = VP_REASON_DISABLED;
		if (histories[_i].events[i].what == 'D')
			class_ = VP_CLASS_DELIVERED;
		if (histories[_i].events[i].what == 'b')
			class_ = VP_CLASS_BLOCK;
		at = NOW + histories[_i].events[i].hour * (int64_t)3600;
		effect = decide(&policy_defaults, &state, class_, reason, 1.0,
		    at);
		state = policy_apply(state, &effect, at);
	}
	ck_assert_msg(state.track[CAUSE_SOFT].rung == histories[_i].rung,
	    "%s: rung %u", histories[_i].label, state.track[CAUSE_SOFT].rung);
	if (histories[_i].held_for_days < 0)
		ck_assert_int_eq(effect.hold_until, HOLD_FOREVER);
	else if (histories[_i].held_for_days == 0)
		ck_assert_int_eq(effect.hold_until, 0);
	else
		ck_assert_int_eq(effect.hold_until,
		    at + histories[_i].held_for_days * DAY);
}
END_TEST

/* ---- settings ---- */

START_TEST(record_only)
{
	Policy policy = policy_defaults;
	RecipientState state = start_state(SOFT_FOUR);
	static const enum vp_class classes[] = { VP_CLASS_HARD, VP_CLASS_SOFT,
		VP_CLASS_BLOCK, VP_CLASS_COMPLAINT, VP_CLASS_UNSUBSCRIBE };

	policy.hard_hold = policy.complaint_hold = policy.unsubscribe_hold =
	    false;
	policy.soft_limit = policy.disabled_limit = 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(classes); i++) {
		Effect effect = decide(&policy, &state, classes[i],
		    any_reason(classes[i]), 1.0, NOW);

		state = policy_apply(state, &effect, NOW);
		ck_assert_int_eq(policy_strongest(&state, 0, NOW), -1);
	}
}
END_TEST

START_TEST(block_hold_of_a_week)
{
	Policy policy = policy_defaults;
	RecipientState state = { 0 };
	Effect effect;

	policy.block_hold = 7 * DAY;
	effect = decide(&policy, &state, VP_CLASS_BLOCK, VP_REASON_BLOCKED, 1.0,
	    NOW);
	state = policy_apply(state, &effect, NOW);
	ck_assert_int_eq(policy_strongest(&state, 0, NOW), CAUSE_BLOCK);
	ck_assert_int_eq(policy_strongest(&state, 0, NOW + 7 * DAY), -1);
}
END_TEST

START_TEST(exempt_stream)
{
	RecipientState state = start_state(COMPLAINED);

	ck_assert_int_eq(policy_strongest(&state, CAUSE_BIT(CAUSE_COMPLAINT),
			     NOW),
	    -1);
	ck_assert_int_eq(policy_strongest(&state, CAUSE_BIT(CAUSE_SOFT), NOW),
	    CAUSE_COMPLAINT);
}
END_TEST

START_TEST(disabled_hold_ends_by_itself)
{
	RecipientState state = start_state(PAUSED);

	ck_assert_int_eq(policy_strongest(&state, 0, NOW + 6 * DAY - 1),
	    CAUSE_SOFT);
	ck_assert_int_eq(policy_strongest(&state, 0, NOW + 6 * DAY), -1);
}
END_TEST

START_TEST(confirmed_on_another_day)
{
	const PolicyCase doubtful = { VP_CLASS_HARD, VP_REASON_BAD_MAILBOX, 0.9,
		"exchange-online", 2 };
	const PolicyCase certain = { VP_CLASS_HARD, VP_REASON_BAD_MAILBOX, 0.9,
		"exchange-online", 0 };
	const Effect reset = { .step = STEP_RESET };
	RecipientState state = { 0 }, cleared;
	Effect effect = policy_decide(&policy_defaults, &state, &doubtful, NOW);

	ck_assert_int_eq(effect.hold_until, 0);
	state = policy_apply(state, &effect, NOW);
	ck_assert_int_eq(policy_strongest(&state, 0, NOW), -1);
	/* not the same day, not beyond the window, not after a delivery */
	effect = policy_decide(&policy_defaults, &state, &doubtful, NOW + 1);
	ck_assert_int_eq(effect.hold_until, 0);
	effect = policy_decide(&policy_defaults, &state, &doubtful,
	    NOW + 90 * DAY);
	ck_assert_int_eq(effect.hold_until, 0);
	cleared = policy_apply(state, &reset, NOW + 1);
	effect = policy_decide(&policy_defaults, &cleared, &doubtful,
	    NOW + DAY);
	ck_assert_int_eq(effect.hold_until, 0);
	effect = policy_decide(&policy_defaults, &state, &doubtful, NOW + DAY);
	ck_assert_int_eq(effect.hold_until, HOLD_FOREVER);
	effect = policy_decide(&policy_defaults, &state, &certain, NOW + 1);
	ck_assert_int_eq(effect.hold_until, HOLD_FOREVER);
}
END_TEST

/* While the first block holds, another makes it no longer. */
START_TEST(second_block_is_an_echo)
{
	Policy policy = policy_defaults;
	RecipientState state = { 0 };
	Effect effect;

	policy.block_hold = 7 * DAY;
	effect = decide(&policy, &state, VP_CLASS_BLOCK, VP_REASON_BLOCKED, 1.0,
	    NOW);
	ck_assert(effect_is_once_per_token(&effect));
	state = policy_apply(state, &effect, NOW);
	effect = decide(&policy, &state, VP_CLASS_BLOCK, VP_REASON_BLOCKED, 1.0,
	    NOW + 6 * DAY);
	state = policy_apply(state, &effect, NOW + 6 * DAY);
	ck_assert_int_eq(state.hold[CAUSE_BLOCK].until, NOW + 7 * DAY);
	/* recorded only: as often as they come */
	state = (RecipientState){ 0 };
	effect = decide(&policy_defaults, &state, VP_CLASS_BLOCK,
	    VP_REASON_BLOCKED, 1.0, NOW);
	ck_assert(!effect_is_once_per_token(&effect));
}
END_TEST

/* Even an effect that nobody decided so. */
START_TEST(shorter_hold_shortens_nothing)
{
	RecipientState state = start_state(HARD);
	const Effect effect = { .step = STEP_HARD, .hold_until = NOW + DAY };

	state = policy_apply(state, &effect, NOW);
	ck_assert_int_eq(state.hold[CAUSE_HARD].until, HOLD_FOREVER);
}
END_TEST

/* A site's rules: the first that matches counts, and alone. */
START_TEST(rules_of_a_site)
{
	Policy policy = policy_defaults;
	RecipientState state = { 0 };
	Effect effect;

	policy.rules[0] = (PolicyRule){ .name = "full",
		.classes = 1U << VP_CLASS_SOFT,
		.reasons = 1U << VP_REASON_MAILBOX_FULL,
		.limit = 2,
		.days = 1,
		.window = 10 * DAY,
		.ladder = { { DAY, HOLD_FOREVER }, 2 } };
	policy.rules[1] = (PolicyRule){ .name = "ignored",
		.classes = 1U << VP_CLASS_SOFT,
		.reasons = 1U << VP_REASON_NETWORK,
		.providers = { "goo*" },
		.n_providers = 1,
		.limit = 0 };
	policy.n_rules = 2;
	for (unsigned i = 0; i < 4; i++) { /* on four days: not its own */
		effect = decide(&policy, &state, VP_CLASS_SOFT,
		    VP_REASON_SYSTEM, 1.0, NOW + i * DAY);
		ck_assert_str_eq(effect.policy, "soft");
		state = policy_apply(state, &effect, NOW + i * DAY);
	}
	effect = decide(&policy, &state, VP_CLASS_SOFT, VP_REASON_MAILBOX_FULL,
	    1.0, NOW + 4 * DAY);
	ck_assert_int_eq(effect.hold_until, 0);
	state = policy_apply(state, &effect, NOW + 4 * DAY);
	effect = decide(&policy, &state, VP_CLASS_SOFT, VP_REASON_MAILBOX_FULL,
	    1.0, NOW + 4 * DAY);
	ck_assert_int_eq(effect.hold_until, NOW + 5 * DAY);
	ck_assert_str_eq(effect.policy, "full");
	effect = policy_decide(&policy, &state,
	    &(PolicyCase){ VP_CLASS_SOFT, VP_REASON_NETWORK, 1.0, "google", 0 },
	    NOW + 4 * DAY);
	ck_assert(!effect.is_counted);
	ck_assert_int_eq(effect.hold_until, 0);
	/* at another, it is the fifth */
	effect = policy_decide(&policy, &state,
	    &(PolicyCase){ VP_CLASS_SOFT, VP_REASON_NETWORK, 1.0, "yahoo", 0 },
	    NOW + 4 * DAY);
	ck_assert_int_eq(effect.hold_until, NOW + 11 * DAY);
}
END_TEST

/* ---- when to try again ---- */

static const struct {
	const char *provider;
	enum vp_reason reason;
	unsigned in_a_row;
	int64_t wait;
} waits[] = {
	{ "", VP_REASON_THROTTLED, 1, 900 },
	{ "", VP_REASON_THROTTLED, 4, DAY },
	{ "", VP_REASON_NETWORK, 40, DAY }, /* the last again */
	{ "", VP_REASON_MAILBOX_FULL, 1, DAY },
	{ "yahoo", VP_REASON_THROTTLED, 1, 4 * 3600 },
	{ "yahoo", VP_REASON_MAILBOX_FULL, 2, 3 * DAY },
	{ "outlook", VP_REASON_THROTTLED, 2, 7200 }, /* by the site */
	{ "outlook", VP_REASON_DISABLED, 9, 7 * DAY },
};

START_TEST(retry_waits)
{
	const RetryProfile own = { "out*", { { 3600, 7200 }, 2 },
		{ { 0 }, 0 } };
	RetryProfile profile = retry_profile(&own, 1, waits[_i].provider);

	ck_assert_int_eq(retry_not_before(&profile, waits[_i].reason,
			     waits[_i].in_a_row, NOW),
	    NOW + waits[_i].wait);
}
END_TEST

/* ---- any order of events, any clock ---- */

START_TEST(never_weaker)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	RecipientState state = { 0 };
	int64_t now = NOW;

	for (int i = 0; i < 500; i++) {
		enum vp_class class_ = (enum vp_class)g_rand_int_range(rand, 0,
		    VP_CLASS_COUNT);
		double confidence = g_rand_double_range(rand, 0.5, 1.0);
		RecipientState before = state;
		Effect effect;

		now += g_rand_int_range(rand, 0, (gint32)(3 * DAY));
		if (g_rand_int_range(rand, 0, 50) == 0)
			now -= DAY;
		if (g_rand_int_range(rand, 0, 200) == 0)
			now += 3650 * DAY;
		effect = decide(&policy_defaults, &state, class_,
		    any_reason(class_), confidence, now);
		state = policy_apply(state, &effect, now);
		for (int cause = 0; cause < CAUSE_COUNT; cause++) {
			if (class_ == VP_CLASS_DELIVERED &&
			    (cause == CAUSE_SOFT || cause == CAUSE_HELD))
				continue;
			ck_assert(!hold_is_active(before.hold[cause], now) ||
				  state.hold[cause].until >=
				      before.hold[cause].until);
			ck_assert(state.hold[cause].until ==
				      before.hold[cause].until ||
				  effect.hold_until == state.hold[cause].until);
		}
		ck_assert_uint_le(state.track[CAUSE_SOFT].n_hits,
		    POLICY_HITS_MAX);
		ck_assert_uint_le(state.track[CAUSE_SOFT].rung,
		    policy_defaults.ladder.n);
	}
}
END_TEST

static Suite *policy_suite(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("next");

	tcase_add_loop_test(tcase, state_by_class, 0, STARTS * VP_CLASS_COUNT);
	tcase_add_loop_test(tcase, low_confidence_changes_nothing, 0,
	    STARTS * VP_CLASS_COUNT);
	tcase_add_loop_test(tcase, soft_history, 0,
	    (int)G_N_ELEMENTS(histories));
	tcase_add_test(tcase, record_only);
	tcase_add_test(tcase, block_hold_of_a_week);
	tcase_add_test(tcase, exempt_stream);
	tcase_add_test(tcase, disabled_hold_ends_by_itself);
	tcase_add_test(tcase, confirmed_on_another_day);
	tcase_add_test(tcase, second_block_is_an_echo);
	tcase_add_test(tcase, shorter_hold_shortens_nothing);
	tcase_add_test(tcase, rules_of_a_site);
	tcase_add_loop_test(tcase, retry_waits, 0, (int)G_N_ELEMENTS(waits));
	tcase_add_loop_test(tcase, never_weaker, 0, 20);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(policy_suite)
