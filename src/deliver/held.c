/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Confirmed, what was held is a hard bounce after all: a new event says so,
   and the old ones stay as they were.  Dropped, it was the receiver's mistake:
   the hold is lifted, and the audit has a row.  Holds that have run out are
   nobody's business: the next mail to such a recipient tells. */

#include "held.h"

#include "deliver_private.h"

enum {
	PAGE_EVENTS = 50,    /* settled in one transaction */
	COUNT_EVENTS = 2000, /* counted at a time */
};

typedef struct Settling {
	const Judge *judge;
	Store *store;
	const ManualChange *change;
	bool is_confirm;
	HeldCount count;
	GError **error;
	bool is_bad;
} Settling;

/* The hold that such a bounce brings about; the day the site's policy no
   longer holds them, the person who confirms does. */
static Effect effect_of(const Judge *judge, const RecipientState *state,
    const Event *event, int64_t now)
{
	const PolicyCase case_ = {
		.class_ = VP_CLASS_HARD,
		.reason = event->reason,
		.confidence = 1.0,
		.provider = event->provider,
	};
	Effect hard = policy_decide(&judge->policy, state, &case_, now);

	return (Effect){
		.step = STEP_CONFIRM,
		.reason = event->reason,
		.hold_until = hard.hold_until != 0 ? hard.hold_until
						   : HOLD_FOREVER,
		.policy = hard.policy,
	};
}

static bool confirm(Settling *settling, const Event *event, int64_t *ret_id)
{
	g_autoptr(Outcome)
	    outcome = outcome_new(OUTCOME_STORED, event->queue_id);
	Event again = *event;
	Passage passage;

	again.at = settling->change->now;
	again.breaker_id = 0;
	if (!store_load(settling->store, event->recipient_id, event->stream,
		&passage.before, settling->error))
		return false;
	again.effect = effect_of(settling->judge, &passage.before, event,
	    again.at);
	passage.after = policy_apply(passage.before, &again.effect, again.at);
	if (!event_write(settling->store, &again, event->stream, &passage,
		outcome, settling->error))
		return false;
	*ret_id = outcome->event_id;
	return true;
}

static bool settle_event(const Event *event, void *data)
{
	Settling *settling = data;
	int64_t new_event = 0;
	bool lifted = false;

	settling->is_bad = (settling->is_confirm &&
			       !confirm(settling, event, &new_event)) ||
			   !store_held_settle(settling->store, settling->change,
			       event, new_event, &lifted, settling->error);
	if (settling->is_bad)
		return false;
	if (settling->is_confirm || lifted)
		settling->count.settled++;
	else
		settling->count.left++;
	return false;
}

static bool settle_page(Settling *settling, const GArray *ids)
{
	GError **error = settling->error;

	if (!store_begin(settling->store, error))
		return false;
	for (unsigned i = 0; i < ids->len; i++) {
		StoreFilter filter = STORE_FILTER_ANY;

		filter.event_id = g_array_index(ids, int64_t, i);
		if (!store_each_event(settling->store, &filter, settle_event,
			settling, error) ||
		    settling->is_bad) {
			store_rollback(settling->store);
			return false;
		}
	}
	if (store_commit(settling->store, error))
		return true;
	store_rollback(settling->store);
	return false;
}

bool held_count(Store *store, int64_t id, int64_t now, uint64_t *ret_n,
    GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	int64_t after = 0;

	*ret_n = 0;
	do {
		g_array_set_size(ids, 0);
		if (!store_held(store, id, after, COUNT_EVENTS, now, ids,
			error))
			return false;
		*ret_n += ids->len;
		if (ids->len > 0)
			after = g_array_index(ids, int64_t, ids->len - 1);
	} while (ids->len == COUNT_EVENTS);
	return true;
}

bool held_settle(const Judge *judge, Store *store, const ManualChange *change,
    int64_t id, bool is_confirm, bool is_dry_run, HeldCount *ret_count,
    void (*did)(uint64_t done, void *data), void *data, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	Settling settling = { .judge = judge,
		.store = store,
		.change = change,
		.is_confirm = is_confirm,
		.error = error };

	*ret_count = (HeldCount){ 0 };
	if (is_dry_run)
		return held_count(store, id, change->now, &ret_count->settled,
		    error);
	for (;;) {
		int64_t began = g_get_monotonic_time();

		g_array_set_size(ids, 0);
		/* what is settled is not found again */
		if (!store_held(store, id, 0, PAGE_EVENTS, change->now, ids,
			error))
			return false;
		if (ids->len == 0)
			break;
		if (!settle_page(&settling, ids))
			return false;
		if (did != NULL)
			did(settling.count.settled + settling.count.left, data);
		/* a daemon that polls for the lock must come through */
		g_usleep((unsigned long)CLAMP(g_get_monotonic_time() - began, 0,
		    50000));
	}
	*ret_count = settling.count;
	return true;
}
