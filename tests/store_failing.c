/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A backend that wraps another and fails one call of it: for every n, no 250
   without a commit and a sync. */

#include "store_failing.h"

#include "store_backend.h"

typedef struct StoreFailing {
	Store base;
	Store *inner;
	unsigned fail_at;
	VpError code;
	unsigned calls;
	const char *verb;
} StoreFailing;

/* The store to call, or NULL when this call is to fail. */
static Store *pass(Store *store, const char *verb, GError **error)
{
	StoreFailing *self = (StoreFailing *)store;
	bool is_dead = self->verb != NULL && self->code == VP_ERROR_FATAL;

	self->calls++;
	if (self->calls != self->fail_at && !is_dead)
		return self->inner;
	if (self->verb == NULL)
		self->verb = verb;
	g_set_error(error, VP_ERROR, (int)self->code, "%s was made to fail",
	    verb);
	return NULL;
}

static void failing_close(Store *store)
{
	store_close(((StoreFailing *)store)->inner);
	g_free(store);
}

static const uint8_t *failing_epoch(const Store *store)
{
	return store_epoch(((const StoreFailing *)store)->inner);
}

static bool failing_begin(Store *store, GError **error)
{
	Store *inner = pass(store, "begin", error);

	return inner != NULL && store_begin(inner, error);
}

static bool failing_commit(Store *store, GError **error)
{
	Store *inner = pass(store, "commit", error);

	return inner != NULL && store_commit(inner, error);
}

static void failing_rollback(Store *store)
{
	store_rollback(((StoreFailing *)store)->inner);
}

static bool failing_sync(Store *store, GError **error)
{
	Store *inner = pass(store, "sync", error);

	return inner != NULL && store_sync(inner, error);
}

static bool failing_seen(Store *store, const uint8_t key[STORE_KEY],
    int64_t now, bool *ret_seen, GError **error)
{
	Store *inner = pass(store, "seen", error);

	return inner != NULL && store_seen(inner, key, now, ret_seen, error);
}

static bool failing_knows(Store *store, const uint8_t key[STORE_KEY],
    bool *ret_known, GError **error)
{
	Store *inner = pass(store, "knows", error);

	return inner != NULL && store_knows(inner, key, ret_known, error);
}

static bool failing_campaign_find(Store *store, int64_t id, const char *name,
    StoreCampaign *ret_campaign, GError **error)
{
	Store *inner = pass(store, "campaign_find", error);

	return inner != NULL &&
	       store_campaign_find(inner, id, name, ret_campaign, error);
}

static bool failing_recipient_find(Store *store, int64_t id, const char *folded,
    StoreRecipient *ret_recipient, GError **error)
{
	Store *inner = pass(store, "recipient_find", error);

	return inner != NULL &&
	       store_recipient_find(inner, id, folded, ret_recipient, error);
}

static bool failing_campaign_ensure(Store *store, const char *name,
    const char *stream, int64_t now, StoreCampaign *ret_campaign,
    GError **error)
{
	Store *inner = pass(store, "campaign_ensure", error);

	return inner != NULL && store_campaign_ensure(inner, name, stream, now,
				    ret_campaign, error);
}

static bool failing_recipient_ensure(Store *store, const char *folded,
    const char *original, int64_t now, StoreRecipient *ret_recipient,
    GError **error)
{
	Store *inner = pass(store, "recipient_ensure", error);

	return inner != NULL && store_recipient_ensure(inner, folded, original,
				    now, ret_recipient, error);
}

static bool failing_ids(Store *store, StoreIds *ret_ids, GError **error)
{
	Store *inner = pass(store, "ids", error);

	return inner != NULL && store_ids(inner, ret_ids, error);
}

static bool failing_load(Store *store, int64_t recipient_id, const char *stream,
    RecipientState *ret_state, GError **error)
{
	Store *inner = pass(store, "load", error);

	return inner != NULL &&
	       store_load(inner, recipient_id, stream, ret_state, error);
}

static bool failing_save(Store *store, int64_t recipient_id, const char *stream,
    const RecipientState *before, const RecipientState *after, int64_t event_id,
    GError **error)
{
	Store *inner = pass(store, "save", error);

	return inner != NULL && store_save(inner, recipient_id, stream, before,
				    after, event_id, error);
}

static bool failing_step_taken(Store *store, int64_t campaign_id,
    int64_t recipient_id, int64_t token_day, Step step, bool *ret_taken,
    GError **error)
{
	Store *inner = pass(store, "step_taken", error);

	return inner != NULL &&
	       store_step_taken(inner, campaign_id, recipient_id, token_day,
		   step, ret_taken, error);
}

static bool failing_append(Store *store, const Event *event, int64_t *ret_id,
    GError **error)
{
	Store *inner = pass(store, "append", error);

	return inner != NULL && store_append(inner, event, ret_id, error);
}

static bool failing_forged(Store *store, const Forgery *forgery,
    unsigned per_source, unsigned total, GError **error)
{
	Store *inner = pass(store, "forged", error);

	return inner != NULL &&
	       store_forged(inner, forgery, per_source, total, error);
}

static bool failing_keep(Store *store, const KeptMessage *message,
    const StoreQuota *quota, GError **error)
{
	Store *inner = pass(store, "keep", error);

	return inner != NULL && store_keep(inner, message, quota, error);
}

static bool failing_kept(Store *store, int64_t event_id,
    KeptMessage *ret_message, GError **error)
{
	Store *inner = pass(store, "kept", error);

	return inner != NULL && store_kept(inner, event_id, ret_message, error);
}

static bool failing_rule_hits(Store *store, const char *rule, uint64_t hits,
    int64_t last, GError **error)
{
	Store *inner = pass(store, "rule_hits", error);

	return inner != NULL && store_rule_hits(inner, rule, hits, last, error);
}

static bool failing_count(Store *store, CounterKind kind, const char *name,
    int64_t at, const Counts *counts, GError **error)
{
	Store *inner = pass(store, "count", error);

	return inner != NULL &&
	       store_count(inner, kind, name, at, counts, error);
}

static bool failing_each_count(Store *store, CounterKind kind, const char *name,
    int64_t first, int64_t last, StoreEachCount each, void *data,
    GError **error)
{
	Store *inner = pass(store, "each_count", error);

	return inner != NULL && store_each_count(inner, kind, name, first, last,
				    each, data, error);
}

static bool failing_tick_due(const Store *store, int64_t now)
{
	return store_tick_due(((const StoreFailing *)store)->inner, now);
}

static bool failing_each_breaker(Store *store, bool only_open,
    StoreEachBreaker each, void *data, GError **error)
{
	Store *inner = pass(store, "each_breaker", error);

	return inner != NULL &&
	       store_each_breaker(inner, only_open, each, data, error);
}

static bool failing_tick(Store *store, const BreakerPolicy *policy, int64_t now,
    bool at_once, GPtrArray *notices, bool *ret_more, GError **error)
{
	Store *inner = pass(store, "tick", error);

	return inner != NULL && store_tick(inner, policy, now, at_once, notices,
				    ret_more, error);
}

static bool failing_breaker_over(Store *store, const char *provider,
    const char *remote_mta, int64_t *ret_id, GError **error)
{
	Store *inner = pass(store, "breaker_over", error);

	return inner != NULL &&
	       store_breaker_over(inner, provider, remote_mta, ret_id, error);
}

static bool failing_held(Store *store, int64_t id, int64_t after, unsigned max,
    int64_t now, GArray *ret_ids, GError **error)
{
	Store *inner = pass(store, "held", error);

	return inner != NULL &&
	       store_held(inner, id, after, max, now, ret_ids, error);
}

static bool failing_held_settle(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, bool *ret_lifted, GError **error)
{
	Store *inner = pass(store, "held_settle", error);

	return inner != NULL && store_held_settle(inner, change, event,
				    new_event, ret_lifted, error);
}

static bool failing_each_campaign(Store *store, bool only_paused,
    StoreEachCampaign each, void *data, GError **error)
{
	Store *inner = pass(store, "each_campaign", error);

	return inner != NULL &&
	       store_each_campaign(inner, only_paused, each, data, error);
}

static bool failing_campaign_row(Store *store, const char *name,
    StoreEachCampaign each, void *data, GError **error)
{
	Store *inner = pass(store, "campaign_row", error);

	return inner != NULL &&
	       store_campaign_row(inner, name, each, data, error);
}

static bool failing_campaign_accepted(Store *store, const char *name,
    const char *stream, int64_t at, uint64_t n, GError **error)
{
	Store *inner = pass(store, "campaign_accepted", error);

	return inner != NULL &&
	       store_campaign_accepted(inner, name, stream, at, n, error);
}

static bool failing_campaign_pause(Store *store, const ManualChange *change,
    const char *name, bool is_pause, bool *ret_changed, GError **error)
{
	Store *inner = pass(store, "campaign_pause", error);

	return inner != NULL && store_campaign_pause(inner, change, name,
				    is_pause, ret_changed, error);
}

static bool failing_campaign_set(Store *store, const ManualChange *change,
    const char *name, const char *stream, int may_pause, GError **error)
{
	Store *inner = pass(store, "campaign_set", error);

	return inner != NULL && store_campaign_set(inner, change, name, stream,
				    may_pause, error);
}

static bool failing_breaker_close(Store *store, const ManualChange *change,
    int64_t id, GError **error)
{
	Store *inner = pass(store, "breaker_close", error);

	return inner != NULL && store_breaker_close(inner, change, id, error);
}

static bool failing_breaker_fate(Store *store, const ManualChange *change,
    int64_t id, const char *fate, GError **error)
{
	Store *inner = pass(store, "breaker_fate", error);

	return inner != NULL &&
	       store_breaker_fate(inner, change, id, fate, error);
}

static bool failing_each_suppression(Store *store, const StoreFilter *filter,
    StoreEachSuppression each, void *data, GError **error)
{
	Store *inner = pass(store, "each_suppression", error);

	return inner != NULL &&
	       store_each_suppression(inner, filter, each, data, error);
}

static bool failing_each_event(Store *store, const StoreFilter *filter,
    StoreEachEvent each, void *data, GError **error)
{
	Store *inner = pass(store, "each_event", error);

	return inner != NULL &&
	       store_each_event(inner, filter, each, data, error);
}

static bool failing_each_forgery(Store *store, const StoreFilter *filter,
    StoreEachForgery each, void *data, GError **error)
{
	Store *inner = pass(store, "each_forgery", error);

	return inner != NULL &&
	       store_each_forgery(inner, filter, each, data, error);
}

static bool failing_each_audit(Store *store, const StoreFilter *filter,
    StoreEachAudit each, void *data, GError **error)
{
	Store *inner = pass(store, "each_audit", error);

	return inner != NULL &&
	       store_each_audit(inner, filter, each, data, error);
}

static bool failing_each_rule(Store *store, StoreEachRule each, void *data,
    GError **error)
{
	Store *inner = pass(store, "each_rule", error);

	return inner != NULL && store_each_rule(inner, each, data, error);
}

static bool failing_stats(Store *store, int64_t since, int64_t now,
    StoreStats *ret_stats, GError **error)
{
	Store *inner = pass(store, "stats", error);

	return inner != NULL &&
	       store_stats(inner, since, now, ret_stats, error);
}

static bool failing_answer(Store *store, const char *folded, const char *stream,
    CauseSet ignored, int64_t now, StoreAnswer *ret_answer, GError **error)
{
	Store *inner = pass(store, "answer", error);

	return inner != NULL && store_answer(inner, folded, stream, ignored,
				    now, ret_answer, error);
}

static bool failing_entries(Store *store, int64_t now, EntrySet **ret_entries,
    GError **error)
{
	Store *inner = pass(store, "entries", error);

	return inner != NULL && store_entries(inner, now, ret_entries, error);
}

static bool failing_each_entry(Store *store, const StoreFilter *filter,
    StoreEachEntry each, void *data, GError **error)
{
	Store *inner = pass(store, "each_entry", error);

	return inner != NULL &&
	       store_each_entry(inner, filter, each, data, error);
}

static bool failing_streams_set(Store *store, const StoreStream *streams,
    unsigned n, GError **error)
{
	Store *inner = pass(store, "streams_set", error);

	return inner != NULL && store_streams_set(inner, streams, n, error);
}

static bool failing_audit(Store *store, const ManualChange *change,
    const char *action, const char *subject, const char *detail, GError **error)
{
	Store *inner = pass(store, "audit", error);

	return inner != NULL &&
	       store_audit(inner, change, action, subject, detail, error);
}

static bool failing_entry_put(Store *store, const ManualChange *change,
    const Entry *entry, const char *original, GError **error)
{
	Store *inner = pass(store, "entry_put", error);

	return inner != NULL &&
	       store_entry_put(inner, change, entry, original, error);
}

static bool failing_entry_remove(Store *store, const ManualChange *change,
    const Entry *which, unsigned *ret_removed, GError **error)
{
	Store *inner = pass(store, "entry_remove", error);

	return inner != NULL &&
	       store_entry_remove(inner, change, which, ret_removed, error);
}

static bool failing_add(Store *store, const ManualChange *change,
    const char *folded, const char *original, const char *stream, int64_t until,
    GError **error)
{
	Store *inner = pass(store, "add", error);

	return inner != NULL &&
	       store_add(inner, change, folded, original, stream, until, error);
}

static bool failing_release(Store *store, const ManualChange *change,
    const char *folded, const char *stream, int cause, unsigned *ret_lifted,
    GError **error)
{
	Store *inner = pass(store, "release", error);

	return inner != NULL && store_release(inner, change, folded, stream,
				    cause, ret_lifted, error);
}

static bool failing_import(Store *store, const ManualChange *change,
    const ImportRow *rows, unsigned n, bool again, bool is_dry_run,
    ImportCounts *counts, GError **error)
{
	Store *inner = pass(store, "import", error);

	return inner != NULL && store_import(inner, change, rows, n, again,
				    is_dry_run, counts, error);
}

static Hash128 failing_address_key(Store *store, const char *folded)
{
	return store_address_key(((StoreFailing *)store)->inner, folded);
}

static bool failing_each_held(Store *store, const char *stream, int64_t now,
    StoreEachHeld each, void *data, GError **error)
{
	Store *inner = pass(store, "each_held", error);

	return inner != NULL &&
	       store_each_held(inner, stream, now, each, data, error);
}

static bool failing_held_bound(Store *store, uint64_t *ret_bound,
    GError **error)
{
	Store *inner = pass(store, "held_bound", error);

	return inner != NULL && store_held_bound(inner, ret_bound, error);
}

static bool failing_watch(Store *store, StoreWatch *watch,
    StoreEachSubject each, void *data, bool *ret_more, GError **error)
{
	Store *inner = pass(store, "watch", error);

	return inner != NULL &&
	       store_watch(inner, watch, each, data, ret_more, error);
}

static char *failing_hash(const Store *store, const char *folded)
{
	return store_hash(((const StoreFailing *)store)->inner, folded);
}

static bool failing_revert(Store *store, const ManualChange *change,
    const Policy *policy, const EventSelection *filter, const char *detail,
    bool is_dry_run, void (*progress)(uint64_t events, void *data), void *data,
    StoreReverted *ret_reverted, GError **error)
{
	Store *inner = pass(store, "revert", error);

	return inner != NULL &&
	       store_revert(inner, change, policy, filter, detail, is_dry_run,
		   progress, data, ret_reverted, error);
}

static bool failing_expire(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreExpired *ret_expired,
    GError **error)
{
	Store *inner = pass(store, "expire", error);

	return inner != NULL && store_expire(inner, change, retention,
				    is_dry_run, ret_expired, error);
}

static bool failing_review(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, GError **error)
{
	Store *inner = pass(store, "review", error);

	return inner != NULL &&
	       store_review(inner, change, event, new_event, error);
}

static bool failing_verify(Store *store, int64_t now, GPtrArray *findings,
    uint64_t *ret_recipients, GError **error)
{
	Store *inner = pass(store, "verify", error);

	return inner != NULL &&
	       store_verify(inner, now, findings, ret_recipients, error);
}

static bool failing_feed_load(Store *store, const char *name,
    FeedPosition *ret_position, FeedTotals *ret_totals, bool *ret_found,
    StoreEachJoin each, void *data, GError **error)
{
	Store *inner = pass(store, "feed_load", error);

	return inner != NULL && store_feed_load(inner, name, ret_position,
				    ret_totals, ret_found, each, data, error);
}

static bool failing_feed_save(Store *store, const char *name,
    const FeedPosition *position, const FeedTotals *totals, GError **error)
{
	Store *inner = pass(store, "feed_save", error);

	return inner != NULL &&
	       store_feed_save(inner, name, position, totals, error);
}

static bool failing_feed_join(Store *store, const char *name,
    const FeedJoin *row, GError **error)
{
	Store *inner = pass(store, "feed_join", error);

	return inner != NULL && store_feed_join(inner, name, row, error);
}

static bool failing_feed_part(Store *store, const char *name,
    const char *queue_id, GError **error)
{
	Store *inner = pass(store, "feed_part", error);

	return inner != NULL && store_feed_part(inner, name, queue_id, error);
}

static bool failing_feed_wait(Store *store, const char *name,
    const char *queue_id, const FeedWaiting *row, GError **error)
{
	Store *inner = pass(store, "feed_wait", error);

	return inner != NULL &&
	       store_feed_wait(inner, name, queue_id, row, error);
}

static bool failing_feed_unwait(Store *store, const char *name,
    const char *queue_id, int64_t recipient_id, GError **error)
{
	Store *inner = pass(store, "feed_unwait", error);

	return inner != NULL &&
	       store_feed_unwait(inner, name, queue_id, recipient_id, error);
}

static bool failing_feed_each_waiting(Store *store, const char *name,
    const char *queue_id, StoreEachWaiting each, void *data, GError **error)
{
	Store *inner = pass(store, "feed_each_waiting", error);

	return inner != NULL && store_feed_each_waiting(inner, name, queue_id,
				    each, data, error);
}

static const StoreBackend backend = {
	.close = failing_close,
	.epoch = failing_epoch,
	.begin = failing_begin,
	.commit = failing_commit,
	.rollback = failing_rollback,
	.sync = failing_sync,
	.seen = failing_seen,
	.knows = failing_knows,
	.campaign_find = failing_campaign_find,
	.recipient_find = failing_recipient_find,
	.campaign_ensure = failing_campaign_ensure,
	.recipient_ensure = failing_recipient_ensure,
	.ids = failing_ids,
	.load = failing_load,
	.save = failing_save,
	.step_taken = failing_step_taken,
	.append = failing_append,
	.forged = failing_forged,
	.keep = failing_keep,
	.kept = failing_kept,
	.rule_hits = failing_rule_hits,
	.count = failing_count,
	.each_count = failing_each_count,
	.tick_due = failing_tick_due,
	.each_breaker = failing_each_breaker,
	.tick = failing_tick,
	.breaker_over = failing_breaker_over,
	.held = failing_held,
	.held_settle = failing_held_settle,
	.breaker_close = failing_breaker_close,
	.each_campaign = failing_each_campaign,
	.campaign_row = failing_campaign_row,
	.campaign_accepted = failing_campaign_accepted,
	.campaign_pause = failing_campaign_pause,
	.campaign_set = failing_campaign_set,
	.breaker_fate = failing_breaker_fate,
	.feed_load = failing_feed_load,
	.feed_save = failing_feed_save,
	.feed_join = failing_feed_join,
	.feed_part = failing_feed_part,
	.feed_wait = failing_feed_wait,
	.feed_unwait = failing_feed_unwait,
	.feed_each_waiting = failing_feed_each_waiting,
	.each_suppression = failing_each_suppression,
	.each_event = failing_each_event,
	.each_forgery = failing_each_forgery,
	.each_audit = failing_each_audit,
	.each_rule = failing_each_rule,
	.stats = failing_stats,
	.answer = failing_answer,
	.entries = failing_entries,
	.each_entry = failing_each_entry,
	.streams_set = failing_streams_set,
	.audit = failing_audit,
	.entry_put = failing_entry_put,
	.entry_remove = failing_entry_remove,
	.add = failing_add,
	.release = failing_release,
	.import = failing_import,
	.address_key = failing_address_key,
	.each_held = failing_each_held,
	.held_bound = failing_held_bound,
	.watch = failing_watch,
	.hash = failing_hash,
	.revert = failing_revert,
	.expire = failing_expire,
	.review = failing_review,
	.verify = failing_verify,
};

Store *store_failing_new(Store *inner, unsigned fail_at, VpError code)
{
	StoreFailing *self = g_new0(StoreFailing, 1);

	self->base.backend = &backend;
	self->inner = inner;
	self->fail_at = fail_at;
	self->code = code;
	return &self->base;
}

unsigned store_failing_calls(const Store *store)
{
	return ((const StoreFailing *)store)->calls;
}

const char *store_failing_verb(const Store *store)
{
	return ((const StoreFailing *)store)->verb;
}
