/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "feeds.h"
#include "store.h"

/* What a backend of the store is: one function for each verb of store.h, with
   the contract that stands there.  A backend embeds Store as its first member
   and sets BACKEND.  Only backends, and tests that wrap one, include this. */
typedef struct StoreBackend {
	void (*close)(Store *store);
	const uint8_t *(*epoch)(const Store *store);

	bool (*begin)(Store *store, GError **error);
	bool (*commit)(Store *store, GError **error);
	void (*rollback)(Store *store);
	bool (*look)(Store *store, GError **error);
	bool (*sync)(Store *store, GError **error);

	bool (*use_addresses)(Store *store, bool is_hashed, const uint8_t *key,
	    GError **error);
	bool (*make_hashed)(Store *store, const uint8_t *key, GError **error);
	bool (*erase)(Store *store, const ManualChange *change,
	    const char *folded, bool keeps_block, StoreProgress progress,
	    void *data, StoreErased *ret_erased, GError **error);
	bool (*backup)(Store *store, const char *path, bool replaces,
	    int64_t now, StoreProgress progress, void *data, GError **error);

	bool (*seen)(Store *store, const uint8_t key[STORE_KEY], int64_t now,
	    bool *ret_seen, GError **error);
	bool (*unsee)(Store *store, const uint8_t key[STORE_KEY],
	    bool *ret_seen, GError **error);
	bool (*knows)(Store *store, const uint8_t key[STORE_KEY],
	    bool *ret_known, GError **error);
	bool (*campaign_find)(Store *store, int64_t id, const char *name,
	    StoreCampaign *ret_campaign, GError **error);
	bool (*recipient_find)(Store *store, int64_t id, const char *folded,
	    StoreRecipient *ret_recipient, GError **error);
	bool (*campaign_ensure)(Store *store, const char *name,
	    const char *stream, int64_t now, StoreCampaign *ret_campaign,
	    GError **error);
	bool (*recipient_ensure)(Store *store, const char *folded,
	    const char *original, int64_t now, StoreRecipient *ret_recipient,
	    GError **error);
	bool (*ids)(Store *store, StoreIds *ret_ids, GError **error);
	bool (*load)(Store *store, int64_t recipient_id, const char *stream,
	    RecipientState *ret_state, GError **error);
	bool (*save)(Store *store, int64_t recipient_id, const char *stream,
	    const RecipientState *before, const RecipientState *after,
	    int64_t event_id, GError **error);
	bool (*step_taken)(Store *store, int64_t campaign_id,
	    int64_t recipient_id, int64_t token_day, Step step, bool *ret_taken,
	    GError **error);
	bool (*append)(Store *store, const Event *event, int64_t *ret_id,
	    GError **error);
	bool (*forged)(Store *store, const Forgery *forgery,
	    unsigned per_source, unsigned total, GError **error);

	bool (*keep)(Store *store, const KeptMessage *message,
	    const StoreQuota *quota, GError **error);
	bool (*kept)(Store *store, int64_t event_id, KeptMessage *ret_message,
	    GError **error);
	bool (*rule_hits)(Store *store, const char *rule, uint64_t hits,
	    int64_t last, GError **error);

	bool (*count)(Store *store, CounterKind kind, const char *name,
	    int64_t at, const Counts *counts, GError **error);
	bool (*each_count)(Store *store, CounterKind kind, const char *name,
	    int64_t first, int64_t last, StoreEachCount each, void *data,
	    GError **error);

	bool (*tick_due)(const Store *store, int64_t now);
	bool (*each_breaker)(Store *store, bool only_open,
	    StoreEachBreaker each, void *data, GError **error);
	bool (*tick)(Store *store, const BreakerPolicy *policy, int64_t now,
	    bool at_once, GPtrArray *notices, bool *ret_more, GError **error);
	bool (*breaker_over)(Store *store, const char *provider,
	    const char *remote_mta, int64_t *ret_id, GError **error);
	bool (*held)(Store *store, int64_t id, int64_t after, unsigned max,
	    int64_t now, GArray *ret_ids, GError **error);
	bool (*held_settle)(Store *store, const ManualChange *change,
	    const Event *event, int64_t new_event, bool *ret_lifted,
	    GError **error);
	bool (*breaker_close)(Store *store, const ManualChange *change,
	    int64_t id, GError **error);
	bool (*breaker_fate)(Store *store, const ManualChange *change,
	    int64_t id, const char *fate, GError **error);
	bool (*each_campaign)(Store *store, bool only_paused,
	    StoreEachCampaign each, void *data, GError **error);
	bool (*campaign_row)(Store *store, const char *name,
	    StoreEachCampaign each, void *data, GError **error);
	bool (*campaign_accepted)(Store *store, const char *name,
	    const char *stream, int64_t at, uint64_t n, GError **error);
	bool (*campaign_pause)(Store *store, const ManualChange *change,
	    const char *name, bool is_pause, bool *ret_changed, GError **error);
	bool (*campaign_set)(Store *store, const ManualChange *change,
	    const char *name, const char *stream, int may_pause,
	    GError **error);
	bool (*feed_load)(Store *store, const char *name,
	    FeedPosition *ret_position, FeedTotals *ret_totals, bool *ret_found,
	    StoreEachJoin each, void *data, GError **error);
	bool (*feed_save)(Store *store, const char *name,
	    const FeedPosition *position, const FeedTotals *totals,
	    GError **error);
	bool (*feed_join)(Store *store, const char *name, const FeedJoin *row,
	    GError **error);
	bool (*feed_part)(Store *store, const char *name, const char *queue_id,
	    GError **error);
	bool (*feed_wait)(Store *store, const char *name, const char *queue_id,
	    const FeedWaiting *row, GError **error);
	bool (*feed_unwait)(Store *store, const char *name,
	    const char *queue_id, int64_t recipient_id, GError **error);
	bool (*feed_each_waiting)(Store *store, const char *name,
	    const char *queue_id, StoreEachWaiting each, void *data,
	    GError **error);

	bool (*each_suppression)(Store *store, const StoreFilter *filter,
	    StoreEachSuppression each, void *data, GError **error);
	bool (*each_event)(Store *store, const StoreFilter *filter,
	    StoreEachEvent each, void *data, GError **error);
	bool (*each_forgery)(Store *store, const StoreFilter *filter,
	    StoreEachForgery each, void *data, GError **error);
	bool (*each_audit)(Store *store, const StoreFilter *filter,
	    StoreEachAudit each, void *data, GError **error);
	bool (*each_rule)(Store *store, StoreEachRule each, void *data,
	    GError **error);
	bool (*stats)(Store *store, int64_t since, int64_t now,
	    StoreStats *ret_stats, GError **error);

	bool (*answer)(Store *store, const char *folded, const char *stream,
	    CauseSet ignored, int64_t now, StoreAnswer *ret_answer,
	    GError **error);
	bool (*entries)(Store *store, int64_t now, EntrySet **ret_entries,
	    GError **error);
	bool (*each_entry)(Store *store, const StoreFilter *filter,
	    StoreEachEntry each, void *data, GError **error);
	bool (*streams_set)(Store *store, const StoreStream *streams,
	    unsigned n, GError **error);
	bool (*audit)(Store *store, const ManualChange *change,
	    const char *action, const char *subject, const char *detail,
	    GError **error);
	bool (*entry_put)(Store *store, const ManualChange *change,
	    const Entry *entry, const char *original, GError **error);
	bool (*entry_remove)(Store *store, const ManualChange *change,
	    const Entry *which, unsigned *ret_removed, GError **error);
	bool (*add)(Store *store, const ManualChange *change,
	    const char *folded, const char *original, const char *stream,
	    int64_t until, GError **error);
	bool (*release)(Store *store, const ManualChange *change,
	    const char *folded, const char *stream, int cause,
	    unsigned *ret_lifted, GError **error);
	bool (*import)(Store *store, const ManualChange *change,
	    const ImportRow *rows, unsigned n, bool again, bool is_dry_run,
	    ImportCounts *counts, GError **error);
	Hash128 (*address_key)(Store *store, const char *folded);
	bool (*each_held)(Store *store, const char *stream, int64_t now,
	    StoreEachHeld each, void *data, GError **error);
	bool (*held_bound)(Store *store, uint64_t *ret_bound, GError **error);
	bool (*watch)(Store *store, StoreWatch *watch, StoreEachSubject each,
	    void *data, bool *ret_more, GError **error);
	char *(*hash)(const Store *store, const char *folded);
	bool (*revert)(Store *store, const ManualChange *change,
	    const Policy *policy, const EventSelection *filter,
	    const char *detail, bool is_dry_run,
	    void (*progress)(uint64_t events, void *data), void *data,
	    StoreReverted *ret_reverted, GError **error);
	bool (*expire)(Store *store, const ManualChange *change,
	    const StoreRetention *retention, bool is_dry_run,
	    StoreExpired *ret_expired, GError **error);
	bool (*purge)(Store *store, const ManualChange *change,
	    const StoreRetention *retention, bool is_dry_run,
	    StoreProgress progress, void *data, StorePurged *ret_purged,
	    GError **error);
	bool (*compact)(Store *store, GError **error);
	bool (*review)(Store *store, const ManualChange *change,
	    const Event *event, int64_t new_event, GError **error);
	bool (*verify)(Store *store, int64_t now, GPtrArray *findings,
	    uint64_t *ret_recipients, GError **error);
} StoreBackend;

struct Store {
	const StoreBackend *backend;
};

/* The value of a name that trust_name() gives, or -1. */
int trust_from_name(const char *name);
