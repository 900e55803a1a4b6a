/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "policy.h"
#include "row.h"

/* How a recipient stands with the policy, in words: for `verpctl why`. */
typedef struct StandingOf {
	const Policy *policy;
	const RecipientState *state;
	PolicyCase last[CAUSE_COUNT]; /* what came last of each cause; of
					 VP_CLASS_UNKNOWN: nothing did */
	int64_t now;
} StandingOf;

/* What came, as the policy sees it; PROVIDER is copied for good. */
void standing_note(StandingOf *of, enum vp_class class_, enum vp_reason reason,
    const char *provider, unsigned confirm);

/* "active", "soft 2", "revalidate", "held", "paused" or "inactive", where HOLD
   of CAUSE (-1: none) decides.  g_free() it. */
char *standing_word(const StandingOf *of, int cause, Hold hold);
/* A line for each cause of which something is counted.  g_free() them. */
GPtrArray *standing_lines(const StandingOf *of);
/* What would happen next, one sentence or more.  g_free() it. */
char *standing_next(const StandingOf *of, int cause, Hold hold);
/* The same as numbers: an array of objects, one a cause. */
void standing_json(const StandingOf *of, Row *row);
