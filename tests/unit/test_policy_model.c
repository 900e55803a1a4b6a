/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The policy against a plain model of it.  The model keeps the whole history
   of a recipient and reads it from the beginning at each question: no counters,
   no state, nothing that could be out of step.  Thousands of random histories,
   with clocks that jump and mail that comes twice, must be judged alike by
   both; and whatever comes, no suppression gets weaker by a bounce, none is
   there without an event behind it, and a recount gives the same state.

   VERPD_SEED repeats a run, VERPD_HISTORIES makes it longer. */

#include "policy.h"

#include "main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#define DAY      INT64_C(86400)
#define NOW      (20000 * DAY)
#define EVENTS   60
#define DEFAULTS 3000

/* ---- the model ---- */

typedef struct Told {
	int64_t at;
	PolicyCase what;
	unsigned token;
	/* what came of it */
	bool is_counted;
	int64_t until; /* 0: no hold */
	unsigned rung;
} Told;

typedef struct Model {
	const Policy *policy;
	PolicyRule table[POLICY_RULES_MAX + 6];
	unsigned n_rules;
	Told told[EVENTS];
	unsigned n;
} Model;

static void model_add(Model *model, const char *name, enum vp_class class_,
    unsigned limit, unsigned days, int64_t window, const Ladder *ladder)
{
	model->table[model->n_rules++] = (PolicyRule){ .name = name,
		.classes = 1U << class_,
		.limit = limit,
		.days = days,
		.window = window,
		.ladder = *ladder };
}

/* The table as verpd-policy(7) has it. */
static void model_init(Model *model, const Policy *policy)
{
	static const Ladder forever = { { HOLD_FOREVER }, 1 };
	const Ladder block = {
		{ policy->block_hold > 0 ? policy->block_hold : 7 * DAY }, 1
	};

	memset(model, 0, sizeof(*model));
	model->policy = policy;
	for (unsigned i = 0; i < policy->n_rules; i++)
		model->table[model->n_rules++] = policy->rules[i];
	if (policy->disabled_limit > 0) {
		model_add(model, "disabled", VP_CLASS_SOFT,
		    policy->disabled_limit,
		    MIN(policy->soft_days, policy->disabled_limit),
		    policy->soft_window, &policy->ladder);
		model->table[model->n_rules - 1].reasons =
		    1U << VP_REASON_DISABLED;
		model->table[model->n_rules - 1].continues = true;
	}
	model_add(model, "soft", VP_CLASS_SOFT, policy->soft_limit,
	    policy->soft_days, policy->soft_window, &policy->ladder);
	model_add(model, "hard", VP_CLASS_HARD, policy->hard_hold, 1,
	    policy->hard_window, &forever);
	model_add(model, "block", VP_CLASS_BLOCK, policy->block_hold > 0, 1,
	    7 * DAY, &block);
	model_add(model, "complaint", VP_CLASS_COMPLAINT,
	    policy->complaint_hold, 1, DAY, &forever);
	model_add(model, "unsubscribe", VP_CLASS_UNSUBSCRIBE,
	    policy->unsubscribe_hold, 1, DAY, &forever);
}

static bool is_about(const PolicyRule *rule, const PolicyCase *what,
    enum vp_reason reason)
{
	bool any = rule->n_providers == 0;

	for (unsigned i = 0; i < rule->n_providers; i++)
		any |= strcmp(rule->providers[i], what->provider) == 0;
	return any && (rule->classes & 1U << what->class_) != 0 &&
	       (rule->reasons == 0 || (rule->reasons & 1U << reason) != 0);
}

/* The rules that count a bounce like WHAT for REASON: one, and those before it
   that continue. */
static unsigned model_rules(const Model *model, const PolicyCase *what,
    enum vp_reason reason, unsigned ret_which[])
{
	unsigned n = 0;

	for (unsigned i = 0; i < model->n_rules; i++) {
		if (!is_about(&model->table[i], what, reason))
			continue;
		ret_which[n++] = i;
		if (!model->table[i].continues)
			break;
	}
	return n;
}

static bool model_counts(const Model *model, const PolicyCase *what,
    enum vp_reason reason, unsigned which)
{
	unsigned rules[POLICY_RULES_MAX + 6];
	unsigned n = model_rules(model, what, reason, rules);

	for (unsigned i = 0; i < n; i++)
		if (rules[i] == which)
			return model->table[which].limit > 0;
	return false;
}

static bool ends_at_delivery(enum vp_class class_)
{
	return class_ == VP_CLASS_SOFT || class_ == VP_CLASS_BLOCK ||
	       class_ == VP_CLASS_HARD;
}

/* Where in the history the count of CLASS begins: after what was last a rung,
   or a delivery. */
static unsigned model_begin(const Model *model, enum vp_class class_,
    int *ret_rung_of)
{
	unsigned begin = 0;

	*ret_rung_of = -1;
	for (unsigned i = 0; i < model->n; i++) {
		const Told *told = &model->told[i];

		if (told->what.class_ == VP_CLASS_DELIVERED &&
		    told->what.confidence >= model->policy->threshold &&
		    ends_at_delivery(class_)) {
			begin = i + 1;
			*ret_rung_of = -1;
		}
		if (told->what.class_ == class_ && told->is_counted &&
		    told->until != 0) {
			begin = i + 1;
			*ret_rung_of = (int)i;
		}
	}
	return begin;
}

/* Until when CLASS holds, by all that ever came of it. */
static int64_t model_held_until(const Model *model, enum vp_class class_)
{
	int64_t until = 0;

	for (unsigned i = 0; i < model->n; i++) {
		const Told *told = &model->told[i];

		if (told->what.class_ == VP_CLASS_DELIVERED &&
		    told->what.confidence >= model->policy->threshold &&
		    class_ == VP_CLASS_SOFT)
			until = 0;
		if (told->what.class_ == class_)
			until = MAX(until, told->until);
	}
	return until;
}

/* The hits of RULE before and with the bounce WHAT at NOW: enough? */
static bool model_is_enough(const Model *model, const PolicyCase *what,
    unsigned begin, unsigned which, int64_t now)
{
	const PolicyRule *rule = &model->table[which];
	bool doubted = what->class_ == VP_CLASS_HARD && what->confirm > 1;
	unsigned limit = doubted ? MAX(rule->limit, what->confirm)
				 : rule->limit;
	unsigned on_days = doubted ? MAX(rule->days, what->confirm)
				   : rule->days;
	g_autoptr(GHashTable) days = g_hash_table_new(NULL, NULL);
	unsigned hits = 1, remembered = 0;

	g_hash_table_add(days, GINT_TO_POINTER(now / DAY));
	for (unsigned i = model->n; i-- > begin;) {
		const Told *told = &model->told[i];

		if (told->what.class_ != what->class_ || !told->is_counted)
			continue;
		if (remembered++ == POLICY_HITS_MAX)
			break;
		if (ABS(told->at - now) >= rule->window ||
		    !model_counts(model, what, told->what.reason, which))
			continue;
		hits++;
		g_hash_table_add(days, GINT_TO_POINTER(told->at / DAY));
	}
	return hits >= limit && g_hash_table_size(days) >= on_days;
}

static unsigned model_rung(const Model *model, int rung_of, int64_t now,
    bool *ret_on_probation)
{
	int64_t decay = model->policy->decay;
	unsigned rung;
	int64_t end;

	*ret_on_probation = false;
	if (rung_of < 0)
		return 0;
	rung = model->told[rung_of].rung;
	end = model->told[rung_of].until;
	*ret_on_probation = rung > 0 && (decay == 0 || now - end < decay);
	for (; decay > 0 && rung > 0 && now - end >= decay; end += decay)
		rung--;
	return rung;
}

static void model_climb(const Ladder *ladder, unsigned from, Told *told)
{
	unsigned rung = MIN(from + 1, ladder->n);
	int64_t time = ladder->rungs[rung - 1];

	told->until = time == HOLD_FOREVER ? time : told->at + time;
	told->rung = ladder->n == 1 && time == HOLD_FOREVER ? 0 : rung;
}

static void model_echo(const PolicyRule *rule, int64_t held, Told *told)
{
	unsigned limit = told->what.class_ == VP_CLASS_HARD
			     ? MAX(rule->limit, told->what.confirm)
			     : rule->limit;

	if (told->what.class_ == VP_CLASS_UNSUBSCRIBE)
		limit = 1;
	if (told->what.class_ == VP_CLASS_SOFT ||
	    told->what.class_ == VP_CLASS_BLOCK || rule->limit == 0)
		return;
	told->until = limit == 1 && rule->ladder.rungs[0] == HOLD_FOREVER
			  ? HOLD_FOREVER
			  : held;
}

/* What comes of TOLD, after all that was told before. */
static void model_decide(const Model *model, Told *told)
{
	const PolicyCase *what = &told->what;
	unsigned rules[POLICY_RULES_MAX + 6];
	unsigned n = model_rules(model, what, what->reason, rules);
	int64_t held = model_held_until(model, what->class_);
	int rung_of;
	unsigned begin = model_begin(model, what->class_, &rung_of);
	bool on_probation;
	unsigned rung = model_rung(model, rung_of, told->at, &on_probation);

	if (what->confidence < model->policy->threshold)
		return;
	for (unsigned i = 0; i < n; i++) {
		const PolicyRule *rule = &model->table[rules[i]];

		if (held > told->at) {
			model_echo(rule, held, told);
			return;
		}
		if (rule->limit == 0)
			continue;
		if (what->class_ == VP_CLASS_UNSUBSCRIBE) {
			model_climb(&rule->ladder, 0, told);
			told->rung = 0;
			return;
		}
		told->is_counted = true;
		if (on_probation ||
		    model_is_enough(model, what, begin, rules[i], told->at)) {
			model_climb(&rule->ladder, rung, told);
			return;
		}
	}
}

/* ---- random histories ---- */

static const enum vp_class classes[] = { VP_CLASS_SOFT, VP_CLASS_SOFT,
	VP_CLASS_SOFT, VP_CLASS_SOFT, VP_CLASS_HARD, VP_CLASS_BLOCK,
	VP_CLASS_BLOCK, VP_CLASS_COMPLAINT, VP_CLASS_UNSUBSCRIBE,
	VP_CLASS_DELIVERED, VP_CLASS_DELAYED, VP_CLASS_UNKNOWN };
static const char *const providers[] = { "google", "outlook", "" };

static enum vp_reason random_reason(GRand *rand, enum vp_class class_)
{
	for (;;) {
		enum vp_reason reason = (enum vp_reason)g_rand_int_range(rand,
		    0, VP_REASON_COUNT);

		if (vp_reason_class(reason) == class_)
			return reason;
	}
}

/* Hard bounces and complaints are for good, as a rule, and would end the
   story: so they are rare. */
static enum vp_class random_class(GRand *rand)
{
	enum vp_class class_ =
	    classes[g_rand_int_range(rand, 0, G_N_ELEMENTS(classes))];

	if ((class_ == VP_CLASS_HARD || class_ == VP_CLASS_COMPLAINT) &&
	    g_rand_int_range(rand, 0, 4) != 0)
		class_ = VP_CLASS_SOFT;
	return class_;
}

static Ladder random_ladder(GRand *rand, bool of_one)
{
	Ladder ladder = {
		.n = of_one ? 1 : (unsigned)g_rand_int_range(rand, 1, 5)
	};
	int64_t rung = 0;

	for (unsigned i = 0; i < ladder.n; i++) {
		rung += g_rand_int_range(rand, 1, 40) * DAY / 2;
		ladder.rungs[i] = rung;
	}
	if (g_rand_boolean(rand))
		ladder.rungs[ladder.n - 1] = HOLD_FOREVER;
	return ladder;
}

static PolicyRule random_rule(GRand *rand)
{
	enum vp_class class_ = random_class(rand);
	PolicyRule rule = { .name = "x", .classes = 1U << class_ };

	if (policy_step(class_) == STEP_NONE || class_ == VP_CLASS_DELIVERED)
		rule.classes = 1U << VP_CLASS_SOFT | 1U << VP_CLASS_BLOCK;
	if (class_ == VP_CLASS_SOFT && g_rand_boolean(rand))
		for (int i = 0; i < 3; i++)
			rule.reasons |= 1U << random_reason(rand, class_);
	if (g_rand_int_range(rand, 0, 3) == 0)
		rule.providers[rule.n_providers++] =
		    providers[g_rand_int_range(rand, 0, 2)];
	rule.limit = (unsigned)g_rand_int_range(rand, 0, 6);
	if (class_ == VP_CLASS_UNSUBSCRIBE)
		rule.limit = MIN(rule.limit, 1);
	rule.days = rule.limit < 2 ? 1
				   : (unsigned)g_rand_int_range(rand, 1,
					 (gint32)rule.limit + 1);
	rule.window = g_rand_int_range(rand, 1, 60) * DAY;
	rule.ladder = random_ladder(rand, class_ == VP_CLASS_UNSUBSCRIBE);
	rule.continues = rule.limit > 0 && g_rand_boolean(rand);
	return rule;
}

static Policy random_policy(GRand *rand)
{
	Policy policy = policy_defaults;
	int n = g_rand_int_range(rand, 0, 5);

	if (g_rand_int_range(rand, 0, 3) == 0) /* as it comes */
		return policy;
	policy.soft_limit = (unsigned)g_rand_int_range(rand, 1, 6);
	policy.soft_days = (unsigned)g_rand_int_range(rand, 1,
	    (gint32)policy.soft_limit + 1);
	policy.soft_window = g_rand_int_range(rand, 2, 60) * DAY;
	policy.disabled_limit = (unsigned)g_rand_int_range(rand, 0, 4);
	policy.ladder = random_ladder(rand, false);
	policy.decay = g_rand_int_range(rand, 0, 4) * 30 * DAY;
	policy.block_hold = g_rand_int_range(rand, 0, 3) * 7 * DAY;
	policy.hard_hold = g_rand_int_range(rand, 0, 8) != 0;
	policy.hard_window = g_rand_int_range(rand, 1, 90) * DAY;
	for (int i = 0; i < n; i++)
		policy.rules[policy.n_rules++] = random_rule(rand);
	return policy;
}

static int64_t random_step(GRand *rand, int64_t now)
{
	switch (g_rand_int_range(rand, 0, 40)) {
	case 0:
		return now - DAY;
	case 1: /* once, or there would be nothing left to count */
		return now < NOW + 3650 * DAY ? now + 3650 * DAY : now;
	case 2:
		return now + g_rand_int_range(rand, 30, 200) * DAY;
	default:
		/* in halves of a day, so that limits are met to the second */
		return now + g_rand_int_range(rand, 0, 7) * DAY / 2;
	}
}

static Told random_told(GRand *rand, int64_t now)
{
	enum vp_class class_ = random_class(rand);

	return (Told){
		.at = now,
		.what = { .class_ = class_,
		    .reason = random_reason(rand, class_),
		    .confidence = g_rand_int_range(rand, 0, 12) == 0 ? 0.5
								     : 0.9,
		    .provider = providers[g_rand_int_range(rand, 0,
			G_N_ELEMENTS(providers))],
		    .confirm = g_rand_int_range(rand, 0, 2) == 0
				   ? (unsigned)g_rand_int_range(rand, 2, 4)
				   : 0 },
		.token = (unsigned)g_rand_int_range(rand, 0, 2 * EVENTS),
	};
}

/* ---- both ---- */

typedef struct History {
	guint32 seed;
	Policy policy;
	Model model;
	Effect effects[EVENTS];
	RecipientState state;
	bool taken[2 * EVENTS][STEP_COUNT];
} History;

static void check_not_weaker(const History *history,
    const RecipientState *before, const Effect *effect, int64_t now)
{
	for (Cause cause = 0; cause < CAUSE_COUNT; cause++) {
		Hold was = before->hold[cause];
		Hold is = history->state.hold[cause];

		if (was.since == is.since && was.until == is.until)
			continue;
		if (effect->step == STEP_RESET) {
			ck_assert_msg(cause == CAUSE_SOFT,
			    "seed %u: a delivery ended %s", history->seed,
			    cause_name(cause));
			continue;
		}
		ck_assert_msg(step_cause(effect->step) == (int)cause &&
				  effect->hold_until == is.until,
		    "seed %u: %s without an event", history->seed,
		    cause_name(cause));
		ck_assert_msg(!hold_is_active(was, now) ||
				  (is.until >= was.until &&
				      is.since == was.since),
		    "seed %u: %s got weaker", history->seed, cause_name(cause));
	}
}

static void check_alike(const History *history, const Told *told,
    const Effect *effect)
{
	ck_assert_msg(told->is_counted == effect->is_counted &&
			  told->until == effect->hold_until &&
			  told->rung == effect->rung,
	    "seed %u, event %u, %s/%s: model %d %" G_GINT64_FORMAT
	    " %u, policy %d %" G_GINT64_FORMAT " %u",
	    history->seed, history->model.n, vp_class_name(told->what.class_),
	    vp_reason_name(told->what.reason), told->is_counted, told->until,
	    told->rung, effect->is_counted, effect->hold_until, effect->rung);
}

/* As deliver.c has it: one step of each kind from one token. */
static bool is_taken(History *history, unsigned token, const Effect *effect)
{
	bool *taken = &history->taken[token][effect->step];

	if (!effect_is_once_per_token(effect))
		return false;
	if (*taken)
		return true;
	*taken = true;
	return false;
}

static void tell(History *history, Told told)
{
	RecipientState before = history->state;
	Effect effect = policy_decide(&history->policy, &before, &told.what,
	    told.at);

	model_decide(&history->model, &told);
	check_alike(history, &told, &effect);
	if (is_taken(history, told.token, &effect)) {
		effect = (Effect){ 0 };
		told.is_counted = false;
		told.until = 0;
		told.rung = 0;
	}
	history->state = policy_apply(before, &effect, told.at);
	check_not_weaker(history, &before, &effect, told.at);
	history->effects[history->model.n] = effect;
	history->model.told[history->model.n++] = told;
}

static void check_recount(const History *history)
{
	RecipientState state = { 0 };

	for (unsigned i = 0; i < history->model.n; i++)
		state = policy_apply(state, &history->effects[i],
		    history->model.told[i].at);
	ck_assert_msg(memcmp(&state, &history->state, sizeof(state)) == 0,
	    "seed %u: a recount differs", history->seed);
}

/* What is foretold comes true, and not one bounce sooner. */
static void check_forecast(const History *history, int64_t now)
{
	const PolicyCase soft = { VP_CLASS_SOFT, VP_REASON_MAILBOX_FULL, 1.0,
		"google", 0 };
	Forecast forecast = policy_forecast(&history->policy, &history->state,
	    &soft, now);
	RecipientState state = history->state;
	int64_t at = forecast.from;

	for (unsigned n = 1; n <= forecast.more; n++) {
		Effect effect = policy_decide(&history->policy, &state, &soft,
		    at);

		ck_assert_msg((effect.hold_until != 0) == (n == forecast.more),
		    "seed %u: %u foretold, held at %u", history->seed,
		    forecast.more, n);
		state = policy_apply(state, &effect, at);
		at += forecast.is_one_a_day ? DAY : 0;
	}
	if (forecast.more != 1 || forecast.before == HOLD_FOREVER)
		return;
	ck_assert(policy_decide(&history->policy, &history->state, &soft,
		      forecast.before - 1)
		      .hold_until != 0);
	ck_assert(policy_decide(&history->policy, &history->state, &soft,
		      forecast.before)
		      .hold_until == 0);
}

static void run_history(guint32 seed)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	g_autofree History *history = g_new0(History, 1);
	int64_t now = NOW;

	history->seed = seed;
	history->policy = random_policy(rand);
	model_init(&history->model, &history->policy);
	for (unsigned i = 0; i < EVENTS; i++) {
		now = random_step(rand, now);
		tell(history, random_told(rand, now));
	}
	check_recount(history);
	check_forecast(history, now);
}

static guint32 number_of(const char *name, guint32 fallback)
{
	const char *text = g_getenv(name);

	return text != NULL ? (guint32)strtoul(text, NULL, 10) : fallback;
}

/* In parts, so that one that hangs is seen. */
#define PARTS 10

START_TEST(as_the_model)
{
	guint32 seed = number_of("VERPD_SEED", g_random_int());
	guint32 n = number_of("VERPD_HISTORIES", DEFAULTS) / PARTS;

	printf("# seed %u, %u histories of %d events\n", seed, n, EVENTS);
	(void)fflush(stdout); /* for the eyes only */
	for (guint32 i = 0; i < n; i++)
		run_history(seed + i);
}
END_TEST

static Suite *model_suite(void)
{
	Suite *suite = suite_create("policy_model");
	TCase *tcase = tcase_create("model");

	tcase_set_timeout(tcase, 100);
	tcase_add_loop_test(tcase, as_the_model, 0, PARTS);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(model_suite)
