/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Advice to a program that schedules its own mail: the last bounce that says
   "not now", and how long its provider's profile waits after so many in a
   row.  A delay that is still being tried says the same as a bounce. */
#include "advice.h"

#include "retry.h"
#include "units.h"

static bool collect(const Event *event, void *data)
{
	Advice *last = data;
	/* a block for reputation lasts its hours; of the others waiting is no
	   cure */
	bool is_not_now = event->class_ == VP_CLASS_SOFT ||
			  event->class_ == VP_CLASS_DELAYED ||
			  (event->class_ == VP_CLASS_BLOCK &&
			      event->reason == VP_REASON_BLOCKED);

	if (event->class_ == VP_CLASS_DELIVERED) {
		*last = (Advice){ .provider = "" };
	} else if (is_not_now) {
		last->in_a_row++;
		last->not_before = event->at;
		last->reason = event->reason;
		last->provider = g_intern_string(event->provider);
	}
	return true;
}

static RetryProfile profile_of(const Settings *settings, const char *provider)
{
	unsigned n = settings->providers->len;
	g_autofree RetryProfile *own = g_new0(RetryProfile, n + 1);

	for (unsigned i = 0; i < n; i++)
		own[i] = ((const SettingsProvider *)
			      g_ptr_array_index(settings->providers, i))
			     ->retry;
	return retry_profile(own, n, provider);
}

bool advice_ask(const Ctl *ctl, Store *store, const char *folded,
    Advice *ret_advice, GError **error)
{
	StoreFilter filter = STORE_FILTER_ANY;
	Advice last = { .provider = "" };
	RetryProfile profile;

	filter.address = folded;
	filter.now = ctl->now;
	if (!store_each_event(store, &filter, collect, &last, error))
		return false;
	if (last.in_a_row > 0) {
		profile = profile_of(ctl->settings, last.provider);
		last.not_before = retry_not_before(&profile, last.reason,
		    last.in_a_row, last.not_before);
	}
	if (last.not_before <= ctl->now)
		last.not_before = 0;
	*ret_advice = last;
	return true;
}

char *advice_text(const Advice *advice)
{
	g_autofree char *at = time_format(advice->not_before);
	g_autofree char *provider = printable(advice->provider);

	return g_strdup_printf("not before %s: %s%s%s, %u in a row", at,
	    vp_reason_name(advice->reason), provider[0] != '\0' ? " at " : "",
	    provider, advice->in_a_row);
}
