/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <sqlite3.h>

#include "errors.h"
#include "schema.h"
#include "statements.h"
#include "store_backend.h"
#include "store_file.h"

/* The SQLite backend.  Private to this directory and its tests. */

typedef struct StoreSqlite {
	Store base;
	sqlite3 *db;
	char *path;
	StoreMode mode;
	unsigned busy_ms;
	int lock_fd;          /* PATH.lock, held by STORE_DAEMON; else -1 */
	bool is_broken;       /* a sync or checkpoint failed: do nothing more */
	int64_t hour_noted;   /* the last in `hours`, or less than any */
	int wal_frames;       /* in the log after our last commit */
	int wal_checkpointed; /* of which are in the database file, too */
	unsigned uncounted;   /* events recorded since the last tick, at most */
	bool tick_more;       /* that tick left something to do */
	int64_t ticked_at;    /* 0: never by us */
	bool is_open_known;   /* OPEN is of the last tick */
	GArray *open;         /* breakers; see store_sqlite_breaker.c */
	uint8_t epoch[STORE_EPOCH];
	int64_t used_since; /* `used` of recipients is known; 0: always was */
	bool is_hashed;     /* all addresses are kept as hashes */
	bool needs_key;     /* some are */
	uint8_t *key;       /* of STORE_ADDRESS_KEY octets, or NULL */
	uint8_t key_mark[16];
	GHashTable *erased; /* hashes that are there, once asked for */
	bool is_masking;    /* the last recipient looked at is a hash */
	sqlite3_stmt *statements[STATEMENT_COUNT];
} StoreSqlite;

/* Each with the SCHEMA it is to have: store.h's with schema_current. */
bool store_sqlite_create(const char *path, const Schema *schema,
    GError **error);
Store *store_sqlite_open(const char *path, StoreMode mode, unsigned busy_ms,
    const Schema *schema, GError **error);
void store_sqlite_close(Store *store);

/* Set ERROR to what RC of this connection means; always false. */
bool sqlite_fail(StoreSqlite *self, int rc, const char *what, GError **error);
/* The same while opening, where a bad file is for an admin to mend. */
bool sqlite_fail_open(StoreSqlite *self, int rc, const char *what,
    GError **error);

/* ---- statements ---- */

/* A prepared statement in use; its cleanup resets it for the next. */
typedef sqlite3_stmt Statement;

Statement *statement_use(StoreSqlite *self, StatementId id, GError **error);
void statement_release(Statement *stmt);
/* The SQL's parameters count from 1.  Text and blobs are lent until the
   statement is released. */
void bind_int(Statement *stmt, int i, int64_t value);
void bind_text(Statement *stmt, int i, const char *text);
void bind_blob(Statement *stmt, int i, const void *bytes, size_t len);
/* HOLD_FOREVER is NULL. */
void bind_until(Statement *stmt, int i, int64_t until);
int64_t column_until(Statement *stmt, int i);
const char *column_text(Statement *stmt, int i); /* never NULL */
static inline int64_t column_int(Statement *stmt, int i)
{
	return sqlite3_column_int64(stmt, i);
}

/* Moves *LAST on to ID.  Every walk asks for what is beyond the last row; a
   damaged tree may answer with what is not, for ever: that is a failure. */
bool cursor_move(StoreSqlite *self, int64_t *last, int64_t id, GError **error);
bool cursor_fail(StoreSqlite *self, GError **error);

/* Steps once: *RET_ROW says whether there is a row.  False is a failure. */
bool statement_step(StoreSqlite *self, Statement *stmt, bool *ret_row,
    GError **error);
/* Steps a statement that has no rows to give, and releases it. */
bool statement_run(StoreSqlite *self, Statement *stmt, GError **error);
/* The first column of the one row that STMT gives, 0 if it gives none, and
   releases it.  STMT may be NULL: statement_use() has failed. */
bool statement_number(StoreSqlite *self, Statement *stmt, int64_t *ret_number,
    GError **error);

/* ---- transactions and durability ---- */

bool store_sqlite_begin(Store *store, GError **error);
bool store_sqlite_commit(Store *store, GError **error);
void store_sqlite_rollback(Store *store);
/* A snapshot for several reads; ends with store_sqlite_rollback(). */
bool store_sqlite_begin_read(StoreSqlite *self, GError **error);
bool store_sqlite_sync(Store *store, GError **error);
/* The log as it is open now, or NULL; never to be kept. */
sqlite3_file *wal_file(StoreSqlite *self);
/* Counts the frames of the log at each commit. */
void wal_watch(StoreSqlite *self);
/* For a command that writes much, between its transactions: moves the log into
   the database when it has become long. */
bool wal_shorten(StoreSqlite *self, GError **error);
/* Makes durable all that can be read, whatever became of the syncs of those who
   wrote it, and empties the log (a command: if nobody is in it). */
bool wal_recover(StoreSqlite *self, GError **error);

/* ---- the verbs ---- */

bool store_sqlite_use_addresses(Store *store, bool is_hashed,
    const uint8_t *key, GError **error);
bool store_sqlite_make_hashed(Store *store, const uint8_t *key, GError **error);
bool store_sqlite_erase(Store *store, const ManualChange *change,
    const char *folded, bool keeps_block, StoreProgress progress, void *data,
    StoreErased *ret_erased, GError **error);
bool store_sqlite_backup(Store *store, const char *path, bool replaces,
    int64_t now, StoreProgress progress, void *data, GError **error);
bool store_sqlite_restore(const char *from, const char *path,
    const Schema *schema, StoreProgress progress, void *data, int64_t *ret_at,
    GError **error);
bool store_sqlite_seen(Store *store, const uint8_t key[STORE_KEY], int64_t now,
    bool *ret_seen, GError **error);
bool store_sqlite_unsee(Store *store, const uint8_t key[STORE_KEY],
    bool *ret_seen, GError **error);
bool store_sqlite_knows(Store *store, const uint8_t key[STORE_KEY],
    bool *ret_known, GError **error);
bool store_sqlite_campaign_find(Store *store, int64_t id, const char *name,
    StoreCampaign *ret_campaign, GError **error);
bool store_sqlite_recipient_find(Store *store, int64_t id, const char *folded,
    StoreRecipient *ret_recipient, GError **error);
bool store_sqlite_campaign_ensure(Store *store, const char *name,
    const char *stream, int64_t now, StoreCampaign *ret_campaign,
    GError **error);
bool store_sqlite_recipient_ensure(Store *store, const char *folded,
    const char *original, int64_t now, StoreRecipient *ret_recipient,
    GError **error);
bool store_sqlite_ids(Store *store, StoreIds *ret_ids, GError **error);
bool store_sqlite_load(Store *store, int64_t recipient_id, const char *stream,
    RecipientState *ret_state, GError **error);
bool store_sqlite_save(Store *store, int64_t recipient_id, const char *stream,
    const RecipientState *before, const RecipientState *after, int64_t event_id,
    GError **error);
bool store_sqlite_step_taken(Store *store, int64_t campaign_id,
    int64_t recipient_id, int64_t token_day, Step step, bool *ret_taken,
    GError **error);
bool store_sqlite_append(Store *store, const Event *event, int64_t *ret_id,
    GError **error);
bool store_sqlite_forged(Store *store, const Forgery *forgery,
    unsigned per_source, unsigned total, GError **error);

bool store_sqlite_keep(Store *store, const KeptMessage *message,
    const StoreQuota *quota, GError **error);
bool store_sqlite_kept(Store *store, int64_t event_id, KeptMessage *ret_message,
    GError **error);
bool store_sqlite_rule_hits(Store *store, const char *rule, uint64_t hits,
    int64_t last, GError **error);

bool store_sqlite_count(Store *store, CounterKind kind, const char *name,
    int64_t at, const Counts *counts, GError **error);
bool store_sqlite_each_count(Store *store, CounterKind kind, const char *name,
    int64_t first, int64_t last, StoreEachCount each, void *data,
    GError **error);
bool store_sqlite_feed_load(Store *store, const char *name,
    FeedPosition *ret_position, FeedTotals *ret_totals, bool *ret_found,
    StoreEachJoin each, void *data, GError **error);
bool store_sqlite_feed_save(Store *store, const char *name,
    const FeedPosition *position, const FeedTotals *totals, GError **error);
bool store_sqlite_feed_join(Store *store, const char *name, const FeedJoin *row,
    GError **error);
bool store_sqlite_feed_part(Store *store, const char *name,
    const char *queue_id, GError **error);
bool store_sqlite_feed_wait(Store *store, const char *name,
    const char *queue_id, const FeedWaiting *row, GError **error);
bool store_sqlite_feed_unwait(Store *store, const char *name,
    const char *queue_id, int64_t recipient_id, GError **error);
bool store_sqlite_feed_each_waiting(Store *store, const char *name,
    const char *queue_id, StoreEachWaiting each, void *data, GError **error);

bool store_sqlite_each_breaker(Store *store, bool only_open,
    StoreEachBreaker each, void *data, GError **error);
bool store_sqlite_tick_due(const Store *store, int64_t now);
bool store_sqlite_tick(Store *store, const BreakerPolicy *policy, int64_t now,
    bool at_once, GPtrArray *notices, bool *ret_more, GError **error);
bool store_sqlite_breaker_over(Store *store, const char *provider,
    const char *remote_mta, int64_t *ret_id, GError **error);
bool store_sqlite_held(Store *store, int64_t id, int64_t after, unsigned max,
    int64_t now, GArray *ret_ids, GError **error);
bool store_sqlite_held_settle(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, bool *ret_lifted, GError **error);
bool store_sqlite_breaker_close(Store *store, const ManualChange *change,
    int64_t id, GError **error);
bool store_sqlite_breaker_fate(Store *store, const ManualChange *change,
    int64_t id, const char *fate, GError **error);

bool store_sqlite_each_campaign(Store *store, bool only_paused,
    StoreEachCampaign each, void *data, GError **error);
bool store_sqlite_campaign_row(Store *store, const char *name,
    StoreEachCampaign each, void *data, GError **error);
bool store_sqlite_campaign_accepted(Store *store, const char *name,
    const char *stream, int64_t at, uint64_t n, GError **error);
bool store_sqlite_campaign_pause(Store *store, const ManualChange *change,
    const char *name, bool is_pause, bool *ret_changed, GError **error);
bool store_sqlite_campaign_set(Store *store, const ManualChange *change,
    const char *name, const char *stream, int may_pause, GError **error);

bool store_sqlite_each_suppression(Store *store, const StoreFilter *filter,
    StoreEachSuppression each, void *data, GError **error);
bool store_sqlite_each_event(Store *store, const StoreFilter *filter,
    StoreEachEvent each, void *data, GError **error);
bool store_sqlite_each_forgery(Store *store, const StoreFilter *filter,
    StoreEachForgery each, void *data, GError **error);
bool store_sqlite_each_audit(Store *store, const StoreFilter *filter,
    StoreEachAudit each, void *data, GError **error);
bool store_sqlite_each_rule(Store *store, StoreEachRule each, void *data,
    GError **error);
bool store_sqlite_stats(Store *store, int64_t since, int64_t now,
    StoreStats *ret_stats, GError **error);

bool store_sqlite_answer(Store *store, const char *folded, const char *stream,
    CauseSet ignored, int64_t now, StoreAnswer *ret_answer, GError **error);
bool store_sqlite_entries(Store *store, int64_t now, EntrySet **ret_entries,
    GError **error);
bool store_sqlite_each_entry(Store *store, const StoreFilter *filter,
    StoreEachEntry each, void *data, GError **error);
bool store_sqlite_streams_set(Store *store, const StoreStream *streams,
    unsigned n, GError **error);
bool store_sqlite_audit(Store *store, const ManualChange *change,
    const char *action, const char *subject, const char *detail,
    GError **error);
bool store_sqlite_entry_put(Store *store, const ManualChange *change,
    const Entry *entry, const char *original, GError **error);
bool store_sqlite_entry_remove(Store *store, const ManualChange *change,
    const Entry *which, unsigned *ret_removed, GError **error);

bool store_sqlite_add(Store *store, const ManualChange *change,
    const char *folded, const char *original, const char *stream, int64_t until,
    GError **error);
bool store_sqlite_release(Store *store, const ManualChange *change,
    const char *folded, const char *stream, int cause, unsigned *ret_lifted,
    GError **error);
bool store_sqlite_revert(Store *store, const ManualChange *change,
    const Policy *policy, const EventSelection *filter, const char *detail,
    bool is_dry_run, void (*progress)(uint64_t events, void *data), void *data,
    StoreReverted *ret_reverted, GError **error);
bool store_sqlite_expire(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreExpired *ret_expired,
    GError **error);
bool store_sqlite_purge(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreProgress progress,
    void *data, StorePurged *ret_purged, GError **error);
bool store_sqlite_compact(Store *store, GError **error);
bool store_sqlite_import(Store *store, const ManualChange *change,
    const ImportRow *rows, unsigned n, bool again, bool is_dry_run,
    ImportCounts *counts, GError **error);
Hash128 store_sqlite_address_key(Store *store, const char *folded);
bool store_sqlite_each_held(Store *store, const char *stream, int64_t now,
    StoreEachHeld each, void *data, GError **error);
bool store_sqlite_held_bound(Store *store, uint64_t *ret_bound, GError **error);
bool store_sqlite_watch(Store *store, StoreWatch *watch, StoreEachSubject each,
    void *data, bool *ret_more, GError **error);
char *store_sqlite_hash(const Store *store, const char *folded);
bool store_sqlite_review(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, GError **error);
bool store_sqlite_verify(Store *store, int64_t now, GPtrArray *findings,
    uint64_t *ret_recipients, GError **error);

/* ---- what more than one of them needs ---- */

/* How this store keeps addresses, as its tables say. */
bool addresses_read(StoreSqlite *self, GError **error);
void addresses_clear(StoreSqlite *self);
/* Without the key an address cannot be looked for. */
bool addresses_check(StoreSqlite *self, GError **error);
/* The hash that stands for FOLDED; needs the key. */
char *address_hash(const StoreSqlite *self, const char *folded);
/* The hash that stands for FOLDED here, or NULL: it stands for itself.  For
   those who ask about many: what was erased is looked up once. */
char *address_stored(StoreSqlite *self, const char *folded);
/* Notes in the tables that hashes of this key are there. */
bool address_key_note(StoreSqlite *self, GError **error);
/* TEXT, or in *RET_OWN (g_free() it) what is left of it without addresses. */
const char *address_masked(const char *text, char **ret_own);

typedef struct AuditRow {
	const char *action;
	int64_t recipient_id; /* or 0 */
	const char *stream;
	int cause;
	int64_t until;
	const char *reason; /* NULL: the change's own */
	int64_t since;      /* of an import: as ImportRow.since */
	const char *subject;
	const char *detail;
} AuditRow;
bool audit_write(StoreSqlite *self, const ManualChange *change,
    const AuditRow *row, GError **error);

/* Runs CHANGE in the caller's transaction, or else in one of its own. */
typedef bool (*ChunkChange)(StoreSqlite *self, void *data, GError **error);
bool in_any_transaction(StoreSqlite *self, ChunkChange change, void *data,
    GError **error);
/* Runs CHANGE in a transaction, then leaves the writer's lock alone for as
   long as it was held: a daemon that polls for it must come through. */
bool in_transaction(StoreSqlite *self, ChunkChange change, void *data,
    GError **error);

/* How many kept messages are beyond QUOTA: the oldest, as many as that takes. */
bool quarantine_excess(StoreSqlite *self, const StoreQuota *quota, int64_t now,
    uint64_t *ret_n, GError **error);
/* Deletes at most MAX of those, inside a transaction. */
bool quarantine_shrink(StoreSqlite *self, const StoreQuota *quota, int64_t now,
    unsigned max, uint64_t *ret_n, GError **error);

/* The hits of a track as a column keeps them. */
char *hits_encode(const Track *track);
/* Into a TRACK that has none.  False when TEXT is none, or too long. */
bool hits_decode(const char *text, Track *track);
/* All that is counted but soft bounces: the same of every other track. */
char *counts_encode(const RecipientState *state);
bool counts_decode(const char *text, RecipientState *state);
/* Whether the same is counted in both; holds are not looked at. */
bool counts_are_equal(const RecipientState *a, const RecipientState *b);
bool counts_put(StoreSqlite *self, int64_t recipient_id,
    const RecipientState *state, GError **error);

/* The effect kept with an event: STEP, IS_DISABLED, HOLD_UNTIL, RUNG, COUNTED,
   REASON are those columns. */
typedef struct EffectColumns {
	int step, is_disabled, hold_until, rung, counted, reason;
} EffectColumns;
Effect effect_read(Statement *stmt, const EffectColumns *at);

/* One row of the counters, and sums of events by it (Counts). */
typedef struct CountKey {
	CounterKind kind;
	const char *name;
	int64_t hour;
	char *own; /* the name of a key that is kept, or NULL */
} CountKey;
GHashTable *count_sums_new(void);
/* Up to which event they are counted, and when that was done. */
bool counted_get(StoreSqlite *self, int64_t *ret_upto, int64_t *ret_at,
    GError **error);
/* Counts at most MAX events more, inside a transaction; SUMS are theirs.  Who
   was refused within PEOPLE seconds before is not counted among people. */
bool count_events_chunk(StoreSqlite *self, int64_t people, int64_t now,
    unsigned max, GHashTable *sums, bool *ret_more, GError **error);
/* Deletes at most MAX rows of hours before BEFORE, inside a transaction. */
bool counters_forget(StoreSqlite *self, int64_t before, unsigned max,
    GError **error);

/* Whom the audit names where nobody but our rules acted. */
#define RULE_ACTOR "verpd"

GArray *breakers_open_new(void);
/* Whether what the receiver PROVIDER, HOST says falls under the breaker. */
bool breaker_covers(CounterKind kind, const char *name, const char *provider,
    const char *host);
/* Whether a breaker has not yet looked back at all it is to look back at. */
bool recall_is_due(StoreSqlite *self, bool *ret_is, GError **error);
/* Looks back at some more, inside a transaction; *RET_ANY: there was something,
   and there may be more. */
bool recall_some(StoreSqlite *self, const BreakerPolicy *policy, int64_t now,
    bool *ret_any, GError **error);
/* Notes that EVENT_ID is held under a breaker. */
bool held_insert(StoreSqlite *self, int64_t event_id, int64_t breaker_id,
    int64_t recipient_id, GError **error);
bool breaker_end(StoreSqlite *self, int64_t id, int64_t at, const char *by,
    GError **error);
/* AT 0: it is marked no longer. */
bool campaign_mark(StoreSqlite *self, const char *name, int64_t at,
    GError **error);
/* What is paused by itself: of the campaign NAME, because of WHY, by verpd. */
bool campaign_pause_by_rule(StoreSqlite *self, const char *name,
    const char *why, int64_t now, bool *ret_changed, GError **error);
/* Lets NAME go on if it was paused by itself. */
bool campaign_resume_by_rule(StoreSqlite *self, const ManualChange *change,
    const char *name, GError **error);
bool last_event(StoreSqlite *self, int64_t *ret_id, GError **error);

/* Rounds down, also before 1970. */
static inline int64_t hour_of(int64_t at)
{
	return at >= 0 ? at / 3600 : -((-at + 3599) / 3600);
}
bool events_since(StoreSqlite *self, int64_t since, int64_t *ret_before,
    GError **error);

/* The detail of a release of everything, whatever it was. */
#define RELEASE_ALL "all"

/* A Step by the name step_name() gives, or -1. */
int step_from_name(const char *name);

/* HOLD made to last until UNTIL, never shorter than it did. */
Hold hold_lengthen(Hold hold, int64_t now, int64_t until);
/* The same by a list, which says since when: 0 is NOW, later is NOW, too. */
Hold hold_import(Hold hold, int64_t now, int64_t since, int64_t until);
/* What an allow entry with OVERRIDES sets aside. */
CauseSet entry_causes(const char *overrides);
/* What ENTRY, laid down at NOW over OLD (or NULL), comes to. */
void entry_merge(Entry *entry, const Entry *old, int64_t now);
bool hold_put(StoreSqlite *self, int64_t recipient_id, const char *stream,
    Cause cause, Hold hold, int64_t event_id, const char *note, GError **error);
bool hold_delete(StoreSqlite *self, int64_t recipient_id, const char *stream,
    Cause cause, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Statement, statement_release)
