/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of policy rules: a site's own in their order, then the built-in
   ones, made from the short settings. */

#include "policy.h"

#include "policy_private.h"
#include "wildcard.h"

#include <glib.h>

#define DAY INT64_C(86400)

const Policy policy_defaults = {
	.threshold = 0.7,
	.decay = 90 * DAY,
	.soft_limit = 5,
	.soft_days = 3,
	.soft_window = 30 * DAY,
	.disabled_limit = 2,
	.ladder = { { 7 * DAY, 30 * DAY, 90 * DAY, HOLD_FOREVER }, 4 },
	.block_hold = 0,
	.hard_window = 90 * DAY,
	.hard_hold = true,
	.complaint_hold = true,
	.unsubscribe_hold = true,
};

typedef enum BuiltIn {
	BUILT_IN_DISABLED,
	BUILT_IN_SOFT,
	BUILT_IN_HARD,
	BUILT_IN_BLOCK,
	BUILT_IN_COMPLAINT,
	BUILT_IN_UNSUBSCRIBE,
	BUILT_INS,
} BuiltIn;

static Ladder ladder_of_one(int64_t rung)
{
	return (Ladder){ { rung }, 1 };
}

/* Once is enough, and then it is for good; or it is recorded only. */
static PolicyRule once(const char *name, enum vp_class class_, bool holds)
{
	PolicyRule rule = {
		.name = name,
		.classes = 1U << class_,
		.limit = holds ? 1 : 0,
		.days = 1,
		.window = DAY,
		.ladder = ladder_of_one(HOLD_FOREVER),
	};

	return rule;
}

static PolicyRule soft_rule(const Policy *policy)
{
	PolicyRule rule = {
		.name = "soft",
		.classes = 1U << VP_CLASS_SOFT,
		.limit = policy->soft_limit,
		.days = policy->soft_days,
		.window = policy->soft_window,
		.ladder = policy->ladder,
	};

	return rule;
}

/* An account that is switched off needs fewer; and still it counts as any soft
   bounce does. */
static PolicyRule disabled_rule(const Policy *policy)
{
	PolicyRule rule = soft_rule(policy);

	rule.name = "disabled";
	rule.reasons = 1U << VP_REASON_DISABLED;
	rule.limit = policy->disabled_limit;
	rule.days = MIN(policy->soft_days, policy->disabled_limit);
	rule.continues = true;
	return rule;
}

static PolicyRule hard_rule(const Policy *policy)
{
	PolicyRule rule = once("hard", VP_CLASS_HARD, policy->hard_hold);

	rule.window = policy->hard_window;
	return rule;
}

static PolicyRule block_rule(const Policy *policy)
{
	PolicyRule rule = once("block", VP_CLASS_BLOCK, policy->block_hold > 0);

	rule.window = 7 * DAY;
	rule.ladder = ladder_of_one(policy->block_hold > 0 ? policy->block_hold
							   : 7 * DAY);
	return rule;
}

static PolicyRule built_in(const Policy *policy, BuiltIn which)
{
	switch (which) {
	case BUILT_IN_DISABLED:
		return disabled_rule(policy);
	case BUILT_IN_SOFT:
		return soft_rule(policy);
	case BUILT_IN_HARD:
		return hard_rule(policy);
	case BUILT_IN_BLOCK:
		return block_rule(policy);
	case BUILT_IN_COMPLAINT:
		return once("complaint", VP_CLASS_COMPLAINT,
		    policy->complaint_hold);
	case BUILT_IN_UNSUBSCRIBE:
		return once("unsubscribe", VP_CLASS_UNSUBSCRIBE,
		    policy->unsubscribe_hold);
	case BUILT_INS:
		break;
	}
	g_assert_not_reached();
}

/* The rule that lends what a site's own leaves out. */
static BuiltIn built_in_of(enum vp_class class_)
{
	switch (class_) {
	case VP_CLASS_SOFT:
		return BUILT_IN_SOFT;
	case VP_CLASS_HARD:
		return BUILT_IN_HARD;
	case VP_CLASS_BLOCK:
		return BUILT_IN_BLOCK;
	case VP_CLASS_COMPLAINT:
		return BUILT_IN_COMPLAINT;
	case VP_CLASS_UNSUBSCRIBE:
		return BUILT_IN_UNSUBSCRIBE;
	case VP_CLASS_UNKNOWN:
	case VP_CLASS_AUTO_REPLY:
	case VP_CLASS_CHALLENGE:
	case VP_CLASS_DELAYED:
	case VP_CLASS_DELIVERED:
	case VP_CLASS_RECEIPT:
	case VP_CLASS_FORGED:
		break;
	}
	return BUILT_IN_SOFT; /* nothing of those is counted */
}

static void fill_in(PolicyRule *rule, const PolicyRule *from)
{
	if (rule->limit == POLICY_LIMIT_UNSET)
		rule->limit = from->limit;
	if (rule->days == 0)
		rule->days = MIN(from->days, rule->limit);
	if (rule->window == 0)
		rule->window = from->window;
	if (rule->ladder.n == 0)
		rule->ladder = from->ladder;
}

unsigned policy_rule_count(const Policy *policy)
{
	return policy->n_rules + BUILT_INS;
}

PolicyRule policy_rule(const Policy *policy, unsigned i, enum vp_class class_)
{
	PolicyRule rule, lender;

	if (i >= policy->n_rules)
		return built_in(policy, (BuiltIn)(i - policy->n_rules));
	rule = policy->rules[i];
	lender = built_in(policy, built_in_of(class_));
	fill_in(&rule, &lender);
	return rule;
}

int64_t policy_longest_window(const Policy *policy)
{
	int64_t longest = policy->hard_window;

	for (unsigned i = 0; i < policy_rule_count(policy); i++)
		for (int class_ = 0; class_ < VP_CLASS_COUNT; class_++)
			longest = MAX(longest,
			    policy_rule(policy, i, (enum vp_class)class_)
				.window);
	return longest;
}

static bool names_provider(const PolicyRule *rule, const char *provider)
{
	if (rule->n_providers == 0)
		return true;
	if (provider == NULL || provider[0] == '\0')
		return false;
	for (unsigned i = 0; i < rule->n_providers; i++)
		if (wildcard_match(rule->providers[i], provider))
			return true;
	return false;
}

bool policy_rule_matches(const PolicyRule *rule, enum vp_class class_,
    enum vp_reason reason, const char *provider)
{
	return (rule->classes == 0 || (rule->classes & 1U << class_) != 0) &&
	       (rule->reasons == 0 || (rule->reasons & 1U << reason) != 0) &&
	       names_provider(rule, provider);
}

bool rule_find(const Policy *policy, enum vp_class class_,
    enum vp_reason reason, const char *provider, unsigned *i,
    PolicyRule *ret_rule)
{
	unsigned n = policy_rule_count(policy);

	for (; *i < n; (*i)++) {
		/* most do not match: look before copying */
		if (*i < policy->n_rules &&
		    !policy_rule_matches(&policy->rules[*i], class_, reason,
			provider))
			continue;
		*ret_rule = policy_rule(policy, *i, class_);
		if (policy_rule_matches(ret_rule, class_, reason, provider))
			return true;
	}
	return false;
}

bool rule_counts(const Policy *policy, unsigned which, enum vp_class class_,
    enum vp_reason reason, const char *provider)
{
	PolicyRule rule;

	for (unsigned i = 0; i <= which && rule_find(policy, class_, reason,
					       provider, &i, &rule);
	     i++) {
		if (i == which)
			return rule.limit > 0;
		if (!rule.continues)
			return false;
	}
	return false;
}
