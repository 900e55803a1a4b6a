/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sections `policy "name"`: from what was written to a row of the table of
   rules (policy.h), and what is wrong with it as a whole. */
#include "settings_private.h"

#include "units.h"
#include "wildcard.h"

#include <string.h>

#define SECTION "policy"

/* The classes whose bounces are counted. */
#define COUNTED                                                                \
	(1U << VP_CLASS_HARD | 1U << VP_CLASS_SOFT | 1U << VP_CLASS_BLOCK |    \
	    1U << VP_CLASS_COMPLAINT | 1U << VP_CLASS_UNSUBSCRIBE)

/* Whether bounces of CLASS may be for REASON: one that says "no such user" and
   "try again" is a soft one. */
static bool may_be(enum vp_class class_, enum vp_reason reason)
{
	enum vp_class of = vp_reason_class(reason);

	return of == class_ || (of == VP_CLASS_HARD && class_ == VP_CLASS_SOFT);
}

static bool matches(const PolicyRule *rule, enum vp_class class_,
    enum vp_reason reason)
{
	return (COUNTED & 1U << class_) != 0 && may_be(class_, reason) &&
	       (rule->classes == 0 || (rule->classes & 1U << class_) != 0) &&
	       (rule->reasons == 0 || (rule->reasons & 1U << reason) != 0);
}

static PolicyRule rule_of(const SettingsPolicy *policy)
{
	PolicyRule rule = {
		.name = g_intern_string(policy->name),
		.limit = policy->limit,
		.days = policy->days,
		.window = policy->window,
		.ladder = policy->ladder,
		.continues = policy->continues,
	};

	for (char **name = policy->classes; *name != NULL; name++)
		rule.classes |= 1U << vp_class_from_name(*name);
	for (char **name = policy->reasons; *name != NULL; name++)
		rule.reasons |= 1U << vp_reason_from_name(*name);
	for (char **name = policy->providers;
	     *name != NULL && rule.n_providers < POLICY_PROVIDERS_MAX; name++)
		rule.providers[rule.n_providers++] = g_intern_string(*name);
	return rule;
}

/* ---- what contradicts itself ---- */

/* Each class and each reason named must be of use. */
static const char *useless_name(const SettingsPolicy *policy,
    const PolicyRule *rule, const char **ret_name)
{
	for (char **name = policy->reasons; *name != NULL; name++) {
		int reason = vp_reason_from_name(*name);
		bool any = false;

		for (int c = 0; c < VP_CLASS_COUNT; c++)
			any |= matches(rule, (enum vp_class)c,
			    (enum vp_reason)reason);
		if (!any) {
			*ret_name = *name;
			return "reason";
		}
	}
	for (char **name = policy->classes; *name != NULL; name++) {
		int class_ = vp_class_from_name(*name);
		bool any = false;

		for (int r = 0; r < VP_REASON_COUNT; r++)
			any |= matches(rule, (enum vp_class)class_,
			    (enum vp_reason)r);
		if (!any) {
			*ret_name = *name;
			return "class";
		}
	}
	return NULL;
}

typedef struct Complaint {
	const char *name; /* of the parameter; "" the section */
	const char *what; /* NULL: there is none */
} Complaint;

static Complaint find_contradiction(const SettingsPolicy *policy,
    const PolicyRule *rule)
{
	if (rule->classes == 0 && rule->reasons == 0)
		return (Complaint){ "", "it names neither class nor reason" };
	if (g_strv_length(policy->providers) > POLICY_PROVIDERS_MAX)
		return (Complaint){ "provider", "more than 16" };
	if (rule->limit == 0 && rule->ladder.n > 0)
		return (Complaint){ "ladder", "limit = 0 records only" };
	if (rule->limit == 0 && (rule->days > 0 || rule->window > 0))
		return (Complaint){ rule->days > 0 ? "days" : "window",
			"limit = 0 records only" };
	if (rule->limit == 0 && rule->continues)
		return (Complaint){ "continue",
			"with limit = 0 the section would do nothing" };
	if (matches(rule, VP_CLASS_UNSUBSCRIBE, VP_REASON_UNSUBSCRIBE) &&
	    rule->limit != POLICY_LIMIT_UNSET && rule->limit > 1)
		return (Complaint){ "limit",
			"an unsubscription counts at once: 0 or 1" };
	if (matches(rule, VP_CLASS_UNSUBSCRIBE, VP_REASON_UNSUBSCRIBE) &&
	    rule->ladder.n > 1)
		return (Complaint){ "ladder",
			"an unsubscription has one rung" };
	return (Complaint){ "", NULL };
}

/* What is wrong with number I once the rest is filled in from CLASS. */
static Complaint find_unreachable(const Policy *policy, unsigned i,
    enum vp_class class_)
{
	const PolicyRule *own = &policy->rules[i];
	PolicyRule rule = policy_rule(policy, i, class_);
	bool has_days = own->days > 0;

	if (rule.limit == 0 && own->limit == POLICY_LIMIT_UNSET &&
	    (own->ladder.n > 0 || has_days || own->window > 0))
		return (Complaint){ "",
			"it has no limit, and bounces of its class are only "
			"recorded" };
	if (rule.limit > 0 && rule.days > rule.limit)
		return (Complaint){ has_days ? "days" : "limit",
			"days must not be more than limit: it could not be "
			"reached" };
	if (rule.limit > 0 && rule.days > rule.window / SECONDS_PER_DAY + 1)
		return (Complaint){ has_days ? "days" : "window",
			"so many different days do not fit into window" };
	return (Complaint){ "", NULL };
}

static Complaint find_unreachable_of(const Policy *policy, unsigned i)
{
	for (int c = 0; c < VP_CLASS_COUNT; c++)
		for (int r = 0; r < VP_REASON_COUNT; r++) {
			Complaint complaint;

			if (!matches(&policy->rules[i], (enum vp_class)c,
				(enum vp_reason)r))
				continue;
			complaint = find_unreachable(policy, i,
			    (enum vp_class)c);
			if (complaint.what != NULL)
				return complaint;
			break;
		}
	return (Complaint){ "", NULL };
}

/* ---- what is never reached ---- */

static bool covers_providers(const PolicyRule *earlier, const PolicyRule *later)
{
	if (earlier->n_providers == 0)
		return true;
	for (unsigned i = 0; i < later->n_providers; i++) {
		bool any = false;

		for (unsigned k = 0; k < earlier->n_providers; k++)
			any |= wildcard_match(earlier->providers[k],
			    later->providers[i]);
		if (!any)
			return false;
	}
	return later->n_providers > 0;
}

/* The earlier rule that takes all such bounces from number I, or NULL. */
static const PolicyRule *taken_by(const Policy *policy, unsigned i,
    enum vp_class class_, enum vp_reason reason)
{
	for (unsigned k = 0; k < i; k++) {
		const PolicyRule *earlier = &policy->rules[k];

		if (!earlier->continues && matches(earlier, class_, reason) &&
		    covers_providers(earlier, &policy->rules[i]))
			return earlier;
	}
	return NULL;
}

/* The rule that makes number I useless, the last of them if there are several;
   NULL if it is of use. */
static const PolicyRule *shadowed_by(const Policy *policy, unsigned i)
{
	const PolicyRule *by = NULL;

	for (int c = 0; c < VP_CLASS_COUNT; c++)
		for (int r = 0; r < VP_REASON_COUNT; r++) {
			if (!matches(&policy->rules[i], (enum vp_class)c,
				(enum vp_reason)r))
				continue;
			by = taken_by(policy, i, (enum vp_class)c,
			    (enum vp_reason)r);
			if (by == NULL)
				return NULL;
		}
	return by;
}

static bool check(const Reader *reader, const Settings *settings, unsigned i,
    GError **error)
{
	const SettingsPolicy *policy = g_ptr_array_index(settings->policies, i);
	const PolicyRule *rule = &settings->policy.rules[i];
	Complaint complaint = find_contradiction(policy, rule);
	const char *name = NULL;
	const char *which;
	const PolicyRule *earlier;
	g_autofree char *what = NULL;

	if (complaint.what == NULL)
		complaint = find_unreachable_of(&settings->policy, i);
	if (complaint.what != NULL)
		return reader_complain(reader, SECTION, policy->name,
		    complaint.name, complaint.what, error);
	which = useless_name(policy, rule, &name);
	if (which != NULL) {
		what = g_strdup_printf("\"%s\" does not go with the %s", name,
		    strcmp(which, "class") == 0 ? "reasons" : "class");
		return reader_complain(reader, SECTION, policy->name, which,
		    what, error);
	}
	earlier = shadowed_by(&settings->policy, i);
	if (earlier == NULL)
		return true;
	what = g_strdup_printf("it is never reached: \"%s\" takes all of it",
	    earlier->name);
	return reader_complain(reader, SECTION, policy->name, "", what, error);
}

bool settings_take_policies(const Reader *reader, Settings *settings,
    GError **error)
{
	Policy *policy = &settings->policy;

	policy->n_rules = 0;
	for (unsigned i = 0; i < settings->policies->len; i++) {
		const SettingsPolicy *one =
		    g_ptr_array_index(settings->policies, i);

		if (i == POLICY_RULES_MAX)
			return reader_complain(reader, SECTION, one->name, "",
			    "more than 32 sections", error);
		policy->rules[policy->n_rules++] = rule_of(one);
		if (!check(reader, settings, i, error))
			return false;
	}
	return true;
}
