/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The verbs of the store: each is handed to the backend that opened it.  Also
   what belongs to every backend: the names of Trust and the records' ends. */

#include "store.h"

#include "store_backend.h"
#include "store_sqlite.h"

#include <string.h>

void store_use_threads(void)
{
	store_sqlite_use_threads();
}

bool store_create(const char *path, GError **error)
{
	return store_sqlite_create(path, &schema_current, error);
}

Store *store_open(const char *path, StoreMode mode, unsigned busy_ms,
    GError **error)
{
	return store_sqlite_open(path, mode, busy_ms, &schema_current, error);
}

void store_close(Store *store)
{
	if (store != NULL)
		store->backend->close(store);
}

const uint8_t *store_epoch(const Store *store)
{
	return store->backend->epoch(store);
}

bool store_use_addresses(Store *store, bool is_hashed, const uint8_t *key,
    GError **error)
{
	return store->backend->use_addresses(store, is_hashed, key, error);
}

bool store_make_hashed(Store *store, const uint8_t *key, GError **error)
{
	return store->backend->make_hashed(store, key, error);
}

bool store_is_hash(const char *address)
{
	/* no address ends so */
	return address[0] == '#' && g_str_has_suffix(address, "@");
}

bool store_erase(Store *store, const ManualChange *change, const char *folded,
    bool keeps_block, StoreProgress progress, void *data,
    StoreErased *ret_erased, GError **error)
{
	return store->backend->erase(store, change, folded, keeps_block,
	    progress, data, ret_erased, error);
}

bool store_backup(Store *store, const char *path, bool replaces, int64_t now,
    StoreProgress progress, void *data, GError **error)
{
	return store->backend->backup(store, path, replaces, now, progress,
	    data, error);
}

bool store_restore(const char *from, const char *path, bool is_dry_run,
    StoreProgress progress, void *data, int64_t *ret_at, GError **error)
{
	return store_sqlite_restore(from, path, is_dry_run, &schema_current,
	    progress, data, ret_at, error);
}

bool store_begin(Store *store, GError **error)
{
	return store->backend->begin(store, error);
}

bool store_commit(Store *store, GError **error)
{
	return store->backend->commit(store, error);
}

void store_rollback(Store *store)
{
	store->backend->rollback(store);
}

bool store_look(Store *store, GError **error)
{
	return store->backend->look(store, error);
}

bool store_sync(Store *store, GError **error)
{
	return store->backend->sync(store, error);
}

bool store_seen(Store *store, const uint8_t key[STORE_KEY], int64_t now,
    bool *ret_seen, GError **error)
{
	return store->backend->seen(store, key, now, ret_seen, error);
}

bool store_unsee(Store *store, const uint8_t key[STORE_KEY], bool *ret_seen,
    GError **error)
{
	return store->backend->unsee(store, key, ret_seen, error);
}

bool store_knows(Store *store, const uint8_t key[STORE_KEY], bool *ret_known,
    GError **error)
{
	return store->backend->knows(store, key, ret_known, error);
}

bool store_campaign_find(Store *store, int64_t id, const char *name,
    StoreCampaign *ret_campaign, GError **error)
{
	return store->backend->campaign_find(store, id, name, ret_campaign,
	    error);
}

bool store_recipient_find(Store *store, int64_t id, const char *folded,
    StoreRecipient *ret_recipient, GError **error)
{
	return store->backend->recipient_find(store, id, folded, ret_recipient,
	    error);
}

bool store_campaign_ensure(Store *store, const char *name, const char *stream,
    int64_t now, StoreCampaign *ret_campaign, GError **error)
{
	return store->backend->campaign_ensure(store, name, stream, now,
	    ret_campaign, error);
}

bool store_recipient_ensure(Store *store, const char *folded,
    const char *original, int64_t now, StoreRecipient *ret_recipient,
    GError **error)
{
	return store->backend->recipient_ensure(store, folded, original, now,
	    ret_recipient, error);
}

bool store_ids(Store *store, StoreIds *ret_ids, GError **error)
{
	return store->backend->ids(store, ret_ids, error);
}

bool store_load(Store *store, int64_t recipient_id, const char *stream,
    RecipientState *ret_state, GError **error)
{
	return store->backend->load(store, recipient_id, stream, ret_state,
	    error);
}

bool store_save(Store *store, int64_t recipient_id, const char *stream,
    const RecipientState *before, const RecipientState *after, int64_t event_id,
    GError **error)
{
	return store->backend->save(store, recipient_id, stream, before, after,
	    event_id, error);
}

bool store_step_taken(Store *store, int64_t campaign_id, int64_t recipient_id,
    int64_t token_day, Step step, bool *ret_taken, GError **error)
{
	return store->backend->step_taken(store, campaign_id, recipient_id,
	    token_day, step, ret_taken, error);
}

bool store_append(Store *store, const Event *event, int64_t *ret_id,
    GError **error)
{
	return store->backend->append(store, event, ret_id, error);
}

bool store_forged(Store *store, const Forgery *forgery, unsigned per_source,
    unsigned total, GError **error)
{
	return store->backend->forged(store, forgery, per_source, total, error);
}

bool store_keep(Store *store, const KeptMessage *message,
    const StoreQuota *quota, GError **error)
{
	return store->backend->keep(store, message, quota, error);
}

bool store_kept(Store *store, int64_t event_id, KeptMessage *ret_message,
    GError **error)
{
	return store->backend->kept(store, event_id, ret_message, error);
}

bool store_rule_hits(Store *store, const char *rule, uint64_t hits,
    int64_t last, GError **error)
{
	return store->backend->rule_hits(store, rule, hits, last, error);
}

bool store_count(Store *store, CounterKind kind, const char *name, int64_t at,
    const Counts *counts, GError **error)
{
	return store->backend->count(store, kind, name, at, counts, error);
}

bool store_each_count(Store *store, CounterKind kind, const char *name,
    int64_t first, int64_t last, StoreEachCount each, void *data,
    GError **error)
{
	return store->backend->each_count(store, kind, name, first, last, each,
	    data, error);
}

bool store_tick_due(const Store *store, int64_t now)
{
	return store->backend->tick_due(store, now);
}

bool store_each_breaker(Store *store, bool only_open, StoreEachBreaker each,
    void *data, GError **error)
{
	return store->backend->each_breaker(store, only_open, each, data,
	    error);
}

bool store_tick(Store *store, const BreakerPolicy *policy, int64_t now,
    bool at_once, GPtrArray *notices, bool *ret_more, GError **error)
{
	return store->backend->tick(store, policy, now, at_once, notices,
	    ret_more, error);
}

bool store_breaker_over(Store *store, const char *provider,
    const char *remote_mta, int64_t *ret_id, GError **error)
{
	return store->backend->breaker_over(store, provider, remote_mta, ret_id,
	    error);
}

bool store_held(Store *store, int64_t id, int64_t after, unsigned max,
    int64_t now, GArray *ret_ids, GError **error)
{
	return store->backend->held(store, id, after, max, now, ret_ids, error);
}

bool store_held_settle(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, bool *ret_lifted, GError **error)
{
	return store->backend->held_settle(store, change, event, new_event,
	    ret_lifted, error);
}

bool store_breaker_close(Store *store, const ManualChange *change, int64_t id,
    GError **error)
{
	return store->backend->breaker_close(store, change, id, error);
}

bool store_breaker_fate(Store *store, const ManualChange *change, int64_t id,
    const char *fate, GError **error)
{
	return store->backend->breaker_fate(store, change, id, fate, error);
}

bool store_each_campaign(Store *store, bool only_paused, StoreEachCampaign each,
    void *data, GError **error)
{
	return store->backend->each_campaign(store, only_paused, each, data,
	    error);
}

bool store_campaign_row(Store *store, const char *name, StoreEachCampaign each,
    void *data, GError **error)
{
	return store->backend->campaign_row(store, name, each, data, error);
}

bool store_campaign_accepted(Store *store, const char *name, const char *stream,
    int64_t at, uint64_t n, GError **error)
{
	return store->backend->campaign_accepted(store, name, stream, at, n,
	    error);
}

bool store_campaign_pause(Store *store, const ManualChange *change,
    const char *name, bool is_pause, bool *ret_changed, GError **error)
{
	return store->backend->campaign_pause(store, change, name, is_pause,
	    ret_changed, error);
}

bool store_campaign_set(Store *store, const ManualChange *change,
    const char *name, const char *stream, int may_pause, GError **error)
{
	return store->backend->campaign_set(store, change, name, stream,
	    may_pause, error);
}

bool store_each_suppression(Store *store, const StoreFilter *filter,
    StoreEachSuppression each, void *data, GError **error)
{
	return store->backend->each_suppression(store, filter, each, data,
	    error);
}

bool store_each_event(Store *store, const StoreFilter *filter,
    StoreEachEvent each, void *data, GError **error)
{
	return store->backend->each_event(store, filter, each, data, error);
}

bool store_each_forgery(Store *store, const StoreFilter *filter,
    StoreEachForgery each, void *data, GError **error)
{
	return store->backend->each_forgery(store, filter, each, data, error);
}

bool store_each_audit(Store *store, const StoreFilter *filter,
    StoreEachAudit each, void *data, GError **error)
{
	return store->backend->each_audit(store, filter, each, data, error);
}

bool store_each_rule(Store *store, StoreEachRule each, void *data,
    GError **error)
{
	return store->backend->each_rule(store, each, data, error);
}

bool store_stats(Store *store, int64_t since, int64_t now,
    StoreStats *ret_stats, GError **error)
{
	return store->backend->stats(store, since, now, ret_stats, error);
}

bool store_answer(Store *store, const char *folded, const char *stream,
    CauseSet ignored, int64_t now, StoreAnswer *ret_answer, GError **error)
{
	return store->backend->answer(store, folded, stream, ignored, now,
	    ret_answer, error);
}

bool store_entries(Store *store, int64_t now, EntrySet **ret_entries,
    GError **error)
{
	return store->backend->entries(store, now, ret_entries, error);
}

bool store_each_entry(Store *store, const StoreFilter *filter,
    StoreEachEntry each, void *data, GError **error)
{
	return store->backend->each_entry(store, filter, each, data, error);
}

bool store_streams_set(Store *store, const StoreStream *streams, unsigned n,
    GError **error)
{
	return store->backend->streams_set(store, streams, n, error);
}

const char *const *store_actions(void)
{
	static const char *const actions[] = { "add", "release", "allow",
		"disallow", "hold", "unhold", "revert", "import", "drop",
		"reclassify", "erase", "expire", "purge", "restore", "key new",
		"key rotate", "breaker open", "breaker close",
		"breaker confirm", "breaker drop", "campaign pause",
		"campaign resume", "campaign set", NULL };

	return actions;
}

bool store_audit(Store *store, const ManualChange *change, const char *action,
    const char *subject, const char *detail, GError **error)
{
	return store->backend->audit(store, change, action, subject, detail,
	    error);
}

bool store_entry_put(Store *store, const ManualChange *change,
    const Entry *entry, const char *original, GError **error)
{
	return store->backend->entry_put(store, change, entry, original, error);
}

bool store_entry_remove(Store *store, const ManualChange *change,
    const Entry *which, unsigned *ret_removed, GError **error)
{
	return store->backend->entry_remove(store, change, which, ret_removed,
	    error);
}

bool store_add(Store *store, const ManualChange *change, const char *folded,
    const char *original, const char *stream, int64_t until, GError **error)
{
	return store->backend->add(store, change, folded, original, stream,
	    until, error);
}

bool store_release(Store *store, const ManualChange *change, const char *folded,
    const char *stream, int cause, unsigned *ret_lifted, GError **error)
{
	return store->backend->release(store, change, folded, stream, cause,
	    ret_lifted, error);
}

bool store_revert(Store *store, const ManualChange *change,
    const Policy *policy, const EventSelection *filter, const char *detail,
    bool is_dry_run, void (*progress)(uint64_t events, void *data), void *data,
    StoreReverted *ret_reverted, GError **error)
{
	return store->backend->revert(store, change, policy, filter, detail,
	    is_dry_run, progress, data, ret_reverted, error);
}

bool store_expire(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreExpired *ret_expired,
    GError **error)
{
	return store->backend->expire(store, change, retention, is_dry_run,
	    ret_expired, error);
}

bool store_import(Store *store, const ManualChange *change,
    const ImportRow *rows, unsigned n, bool again, bool is_dry_run,
    ImportCounts *counts, GError **error)
{
	return store->backend->import(store, change, rows, n, again, is_dry_run,
	    counts, error);
}

Hash128 store_address_key(Store *store, const char *folded)
{
	return store->backend->address_key(store, folded);
}

bool store_each_held(Store *store, const char *stream, int64_t now,
    StoreEachHeld each, void *data, GError **error)
{
	return store->backend->each_held(store, stream, now, each, data, error);
}

bool store_held_bound(Store *store, uint64_t *ret_bound, GError **error)
{
	return store->backend->held_bound(store, ret_bound, error);
}

bool store_watch(Store *store, StoreWatch *watch, StoreEachSubject each,
    void *data, bool *ret_more, GError **error)
{
	return store->backend->watch(store, watch, each, data, ret_more, error);
}

char *store_hash(const Store *store, const char *folded)
{
	return store->backend->hash(store, folded);
}

bool store_purge(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreProgress progress,
    void *data, StorePurged *ret_purged, GError **error)
{
	return store->backend->purge(store, change, retention, is_dry_run,
	    progress, data, ret_purged, error);
}

bool store_compact(Store *store, GError **error)
{
	return store->backend->compact(store, error);
}

bool store_review(Store *store, const ManualChange *change, const Event *event,
    int64_t new_event, GError **error)
{
	return store->backend->review(store, change, event, new_event, error);
}

bool store_verify(Store *store, int64_t now, GPtrArray *findings,
    uint64_t *ret_recipients, GError **error)
{
	return store->backend->verify(store, now, findings, ret_recipients,
	    error);
}

void store_campaign_clear(StoreCampaign *campaign)
{
	g_clear_pointer(&campaign->name, g_free);
	g_clear_pointer(&campaign->stream, g_free);
	campaign->id = 0;
}

void store_recipient_clear(StoreRecipient *recipient)
{
	g_clear_pointer(&recipient->address, g_free);
	g_clear_pointer(&recipient->stored, g_free);
	g_clear_pointer(&recipient->original, g_free);
	recipient->id = 0;
}

void store_answer_clear(StoreAnswer *answer)
{
	g_clear_pointer(&answer->entries, entry_set_free);
	answer->recipient_id = 0;
}

void store_reverted_clear(StoreReverted *reverted)
{
	event_counts_clear(&reverted->which);
}

void store_kept_clear(KeptMessage *kept)
{
	g_clear_pointer(&kept->sender, g_free);
	g_clear_pointer(&kept->bytes, g_bytes_unref);
	kept->first_event = 0;
}

static const char *const trust_names[] = {
	[TRUST_SIGNED] = "signed",
	[TRUST_LOCAL] = "local",
	[TRUST_ADMIN] = "admin",
	[TRUST_RECORD] = "record",
};

const char *trust_name(Trust trust)
{
	return (unsigned)trust < G_N_ELEMENTS(trust_names) ? trust_names[trust]
							   : "";
}

int trust_from_name(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(trust_names); i++)
		if (strcmp(name, trust_names[i]) == 0)
			return (int)i;
	return -1;
}

bool store_feed_load(Store *store, const char *name, FeedPosition *ret_position,
    FeedTotals *ret_totals, bool *ret_found, StoreEachJoin each, void *data,
    GError **error)
{
	return store->backend->feed_load(store, name, ret_position, ret_totals,
	    ret_found, each, data, error);
}

bool store_feed_save(Store *store, const char *name,
    const FeedPosition *position, const FeedTotals *totals, GError **error)
{
	return store->backend->feed_save(store, name, position, totals, error);
}

bool store_feed_join(Store *store, const char *name, const FeedJoin *row,
    GError **error)
{
	return store->backend->feed_join(store, name, row, error);
}

bool store_feed_part(Store *store, const char *name, const char *queue_id,
    GError **error)
{
	return store->backend->feed_part(store, name, queue_id, error);
}

bool store_feed_wait(Store *store, const char *name, const char *queue_id,
    const FeedWaiting *row, GError **error)
{
	return store->backend->feed_wait(store, name, queue_id, row, error);
}

bool store_feed_unwait(Store *store, const char *name, const char *queue_id,
    int64_t recipient_id, GError **error)
{
	return store->backend->feed_unwait(store, name, queue_id, recipient_id,
	    error);
}

bool store_feed_each_waiting(Store *store, const char *name,
    const char *queue_id, StoreEachWaiting each, void *data, GError **error)
{
	return store->backend->feed_each_waiting(store, name, queue_id, each,
	    data, error);
}
