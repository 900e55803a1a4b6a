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

void store_sqlite_use_threads(void);
/* Each with the SCHEMA it is to have: store.h's with schema_current. */
bool store_sqlite_create(const char *path, const Schema *schema,
    GError **error);
Store *store_sqlite_open(const char *path, StoreMode mode, unsigned busy_ms,
    const Schema *schema, GError **error);
bool store_sqlite_restore(const char *from, const char *path, bool is_dry_run,
    const Schema *schema, StoreProgress progress, void *data, int64_t *ret_at,
    GError **error);

/* Set ERROR to what RC of this connection means; always false. */
bool sqlite_fail(StoreSqlite *self, int rc, const char *what, GError **error);
/* The same while opening, where a bad file is for an admin to mend. */
bool sqlite_fail_open(StoreSqlite *self, int rc, const char *what,
    GError **error);

/* ---- statements ---- */

/* A prepared statement in use; its cleanup resets it for the next. */
typedef sqlite3_stmt Statement;

/* The one statement of ID, made ready at its first use; nobody may use it twice
   at a time.  NULL: it cannot be made ready. */
Statement *statement_use(StoreSqlite *self, StatementId id, GError **error);
/* Ends its reading; what was bound and what columns lent is gone. */
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
/* Appends the first column of every row that STMT gives to RET_NUMBERS (of
   int64_t), and releases it. */
bool statement_numbers(StoreSqlite *self, Statement *stmt, GArray *ret_numbers,
    GError **error);

/* ---- transactions and durability ---- */

/* A snapshot for several reads; ends with store_sqlite_rollback(). */
bool store_sqlite_begin_read(StoreSqlite *self, GError **error);
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

/* Each is store_sqlite_VERB(), as store_backend.h declares it. */
#define STORE_SQLITE_VERB(verb)                                                \
	__typeof__(*((StoreBackend *)NULL)->verb) store_sqlite_##verb

STORE_SQLITE_VERB(close);
STORE_SQLITE_VERB(begin);
STORE_SQLITE_VERB(commit);
STORE_SQLITE_VERB(rollback);
STORE_SQLITE_VERB(look);
STORE_SQLITE_VERB(sync);
STORE_SQLITE_VERB(use_addresses);
STORE_SQLITE_VERB(make_hashed);
STORE_SQLITE_VERB(erase);
STORE_SQLITE_VERB(backup);
STORE_SQLITE_VERB(seen);
STORE_SQLITE_VERB(unsee);
STORE_SQLITE_VERB(knows);
STORE_SQLITE_VERB(campaign_find);
STORE_SQLITE_VERB(recipient_find);
STORE_SQLITE_VERB(campaign_ensure);
STORE_SQLITE_VERB(recipient_ensure);
STORE_SQLITE_VERB(ids);
STORE_SQLITE_VERB(load);
STORE_SQLITE_VERB(save);
STORE_SQLITE_VERB(step_taken);
STORE_SQLITE_VERB(append);
STORE_SQLITE_VERB(forged);
STORE_SQLITE_VERB(keep);
STORE_SQLITE_VERB(kept);
STORE_SQLITE_VERB(rule_hits);
STORE_SQLITE_VERB(count);
STORE_SQLITE_VERB(each_count);
STORE_SQLITE_VERB(tick_due);
STORE_SQLITE_VERB(each_breaker);
STORE_SQLITE_VERB(tick);
STORE_SQLITE_VERB(breaker_over);
STORE_SQLITE_VERB(held);
STORE_SQLITE_VERB(held_settle);
STORE_SQLITE_VERB(breaker_close);
STORE_SQLITE_VERB(breaker_fate);
STORE_SQLITE_VERB(each_campaign);
STORE_SQLITE_VERB(campaign_row);
STORE_SQLITE_VERB(campaign_accepted);
STORE_SQLITE_VERB(campaign_pause);
STORE_SQLITE_VERB(campaign_set);
STORE_SQLITE_VERB(feed_load);
STORE_SQLITE_VERB(feed_save);
STORE_SQLITE_VERB(feed_join);
STORE_SQLITE_VERB(feed_part);
STORE_SQLITE_VERB(feed_wait);
STORE_SQLITE_VERB(feed_unwait);
STORE_SQLITE_VERB(feed_each_waiting);
STORE_SQLITE_VERB(each_suppression);
STORE_SQLITE_VERB(each_event);
STORE_SQLITE_VERB(each_forgery);
STORE_SQLITE_VERB(each_audit);
STORE_SQLITE_VERB(each_rule);
STORE_SQLITE_VERB(stats);
STORE_SQLITE_VERB(answer);
STORE_SQLITE_VERB(entries);
STORE_SQLITE_VERB(each_entry);
STORE_SQLITE_VERB(streams_set);
STORE_SQLITE_VERB(audit);
STORE_SQLITE_VERB(entry_put);
STORE_SQLITE_VERB(entry_remove);
STORE_SQLITE_VERB(add);
STORE_SQLITE_VERB(release);
STORE_SQLITE_VERB(import);
STORE_SQLITE_VERB(address_key);
STORE_SQLITE_VERB(each_held);
STORE_SQLITE_VERB(held_bound);
STORE_SQLITE_VERB(watch);
STORE_SQLITE_VERB(hash);
STORE_SQLITE_VERB(revert);
STORE_SQLITE_VERB(expire);
STORE_SQLITE_VERB(purge);
STORE_SQLITE_VERB(compact);
STORE_SQLITE_VERB(review);
STORE_SQLITE_VERB(verify);

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
