/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

/* What policy.c, policy_table.c and policy_view.c share. */

/* The first rule at *I or after it that such a bounce meets: *I is its number
   then. */
bool rule_find(const Policy *policy, enum vp_class class_,
    enum vp_reason reason, const char *provider, unsigned *i,
    PolicyRule *ret_rule);

/* Whether rule number WHICH counts such a bounce: no rule before it that does
   not continue takes it. */
bool rule_counts(const Policy *policy, unsigned which, enum vp_class class_,
    enum vp_reason reason, const char *provider);

/* What RULE asks for in CASE. */
typedef struct Need {
	unsigned limit;
	unsigned days;
} Need;
Need rule_need(const PolicyRule *rule, const PolicyCase *case_);

/* Hits of TRACK, and how many days they fell on. */
typedef struct HitCount {
	unsigned hits;
	unsigned days;
} HitCount;
/* Those within the window at NOW that rule number WHICH (RULE) counts; and
   with one more at NOW, if WITH_NOW. */
HitCount hits_count(const Policy *policy, unsigned which,
    const PolicyRule *rule, const Track *track, const PolicyCase *case_,
    bool with_now, int64_t now);

/* The rung that time has left of TRACK's. */
unsigned rung_left(const Track *track, int64_t decay, int64_t now);
/* Whether a rung was over not long ago: the next bounce climbs at once. */
bool is_on_probation(const Track *track, Hold hold, int64_t decay, int64_t now);
