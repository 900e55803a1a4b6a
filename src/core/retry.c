/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When another mail has a chance.  The waits are what the providers say of
   themselves where they do: Yahoo asks for four hours after a deferral for
   volume or complaints, Microsoft's limits run by the hour and the day,
   Google's by the day.  Greylisting wants minutes.  A full mailbox is emptied
   by a person. */

#include "retry.h"

#include "wildcard.h"

#include <string.h>

#include <glib.h>

#define MINUTE INT64_C(60)
#define HOUR   INT64_C(3600)
#define DAY    INT64_C(86400)

const RetryProfile retry_defaults[] = {
	{ "yahoo", { { 4 * HOUR, 8 * HOUR, DAY }, 3 }, { { 0 }, 0 } },
	{ "outlook", { { HOUR, 4 * HOUR, DAY }, 3 }, { { 0 }, 0 } },
	{ "exchange-online", { { HOUR, 4 * HOUR, DAY }, 3 }, { { 0 }, 0 } },
	{ "google", { { HOUR, 4 * HOUR, DAY }, 3 }, { { 0 }, 0 } },
	{ "*", { { 15 * MINUTE, HOUR, 4 * HOUR, DAY }, 4 },
	    { { DAY, 3 * DAY, 7 * DAY }, 3 } },
};
const unsigned retry_defaults_len = G_N_ELEMENTS(retry_defaults);

static void take(RetryProfile *profile, const RetryProfile *from,
    const char *provider)
{
	if (!wildcard_match(from->provider, provider))
		return;
	if (profile->waits.n == 0)
		profile->waits = from->waits;
	if (profile->full_waits.n == 0)
		profile->full_waits = from->full_waits;
}

RetryProfile retry_profile(const RetryProfile *profiles, unsigned n,
    const char *provider)
{
	RetryProfile profile = { .provider = provider };

	for (unsigned i = 0; i < n; i++)
		take(&profile, &profiles[i], provider);
	for (unsigned i = 0; i < retry_defaults_len; i++)
		take(&profile, &retry_defaults[i], provider);
	return profile;
}

int64_t retry_not_before(const RetryProfile *profile, enum vp_reason reason,
    unsigned in_a_row, int64_t at)
{
	bool is_full = reason == VP_REASON_MAILBOX_FULL ||
		       reason == VP_REASON_TOO_BIG ||
		       reason == VP_REASON_DISABLED;
	const Ladder *waits = is_full ? &profile->full_waits : &profile->waits;
	unsigned which = MIN(MAX(in_a_row, 1), waits->n);

	return which == 0 ? at : at + waits->rungs[which - 1];
}
