/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a campaign hurts the sender: by shares of what it sent, which need no
   past to be held against.  A handful of reports is no share of anything, so
   both numbers have a minimum. */
#include "breaker.h"

char *pause_why(const BreakerPolicy *policy, int64_t sent, const Counts *back)
{
	const struct {
		const char *what;
		int64_t n;
		double limit;
	} rows[] = {
		{ "complained", back->complaint, policy->pause_complaint },
		{ "bounced hard", back->hard, policy->pause_hard },
		{ "were blocked", back->block, policy->pause_block },
	};

	if (!policy->is_pause_on || sent < policy->pause_minimum)
		return NULL;
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		double share = (double)rows[i].n / (double)MAX(sent, 1);

		if (rows[i].limit > 0 && rows[i].n >= policy->pause_hits &&
		    share >= rows[i].limit)
			return g_strdup_printf("%" G_GINT64_FORMAT
					       " of %" G_GINT64_FORMAT
					       " %s (%.2f %%, %.4g %% pause)",
			    rows[i].n, sent, rows[i].what, share * 100,
			    rows[i].limit * 100);
	}
	return NULL;
}
