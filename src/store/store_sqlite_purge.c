/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Retention: what is old goes, and nothing changes by it.

   An event that did nothing goes when it is old enough.  One that did something
   may go only if playing what is left gives the recipient's state as it is: so
   the event behind a suppression, a count, a rung or a verdict that is held
   stays, however old, and a recount finds no difference.  The one thing that
   may differ are hits older than every window of the policy, which count for
   nothing; they go with their events.

   A recipient of whom nothing is known goes when nobody can ask for him by a
   return path any more: an opaque one names but his id, which nobody else is
   ever given.  Every chunk is whole by itself: if this
   is ended midway, the same once more does the rest. */

#include "store_sqlite_replay.h"

#include <string.h>

enum {
	SCAN_EVENTS = 500,
	SCAN_RECIPIENTS = 2000,
	TRY_EVENTS = 32,   /* of a recipient, weighed one by one */
	BUSY_USEC = 10000, /* then a transaction takes no more */
	FEW_ROWS = 200,    /* small rows deleted in one transaction */
	SEEN_MAX = 1000000,
};

typedef struct Purge {
	const ManualChange *change;
	const StoreRetention *retention;
	bool is_dry_run;
	bool is_audited; /* the run has its row */
	GArray *runs;    /* of ExpireRun */
	GArray *idle;    /* ids of old events that did nothing; of recipients */
	GArray *waiting; /* ids of recipients with others */
	unsigned next;
	GHashTable *seen; /* recipients that were looked at */
	StatementId rows; /* of FEW_ROWS: which, and before when */
	int64_t before;
	uint64_t chunk;
	StorePurged done;
} Purge;

/* ---- audit ---- */

/* The first chunk to delete anything writes the run's row with it. */
static bool note_purged(StoreSqlite *self, Purge *purge, uint64_t n,
    GError **error)
{
	AuditRow row = { .action = "purge", .stream = "", .cause = -1 };

	if (n == 0 || purge->is_audited)
		return true;
	purge->is_audited = true;
	return audit_write(self, purge->change, &row, error);
}

static bool event_delete(StoreSqlite *self, int64_t id, GError **error)
{
	Statement *stmt = statement_use(self, SQL_PURGE_EVENT, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	return statement_run(self, stmt, error);
}

/* ---- which ---- */

static bool is_old(const Purge *purge, int64_t at, const char *class_name)
{
	int class_ = vp_class_from_name(class_name);
	int64_t kept = class_ >= 0 ? purge->retention->events[class_] : 0;

	return kept > 0 && at < purge->change->now - kept;
}

/* One that did something spends its token's step, and is counted. */
static int64_t acted_before(const Purge *purge)
{
	return purge->change->now - MAX(purge->retention->acted, 0);
}

/* ---- one recipient ---- */

typedef struct Weighed {
	int64_t id; /* of the recipient */
	GHashTable *gone;
	Replay was;
} Weighed;

static void hits_forget(Track *track, int64_t before)
{
	unsigned n = 0;

	for (unsigned i = 0; i < track->n_hits; i++)
		if (track->hits[i].at >= before)
			track->hits[n++] = track->hits[i];
	track->n_hits = n;
}

static bool counts_are_as_good(RecipientState a, RecipientState b,
    int64_t before)
{
	for (Cause cause = 0; cause < CAUSE_COUNT; cause++) {
		hits_forget(&a.track[cause], before);
		hits_forget(&b.track[cause], before);
	}
	return counts_are_equal(&a, &b);
}

static bool holds_are_in(Replay *a, Replay *b, int64_t now)
{
	GHashTableIter iter;
	void *key;

	g_hash_table_iter_init(&iter, a->holds);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const char *stream = strchr(key, ' ') + 1;
		g_autofree char *name = g_strndup(key,
		    (gsize)(stream - 1 - (const char *)key));
		Cause cause = (Cause)cause_from_name(name);
		Hold of_a = replay_hold(a, cause, stream, replay_end);
		Hold of_b = replay_hold(b, cause, stream, replay_end);

		if (hold_is_active(of_a, now) &&
		    (of_a.since != of_b.since || of_a.until != of_b.until))
			return false;
	}
	return true;
}

/* Plays what is left; *RET_SAME: it comes to the same. */
static bool weigh(StoreSqlite *self, Purge *purge, Weighed *weighed,
    bool *ret_same, GError **error)
{
	g_auto(Replay) left = { 0 };
	int64_t now = purge->change->now;

	replay_init(&left, purge->runs);
	if (!replay_recipient(self, &left, weighed->id, weighed->gone, error))
		return false;
	*ret_same = counts_are_as_good(weighed->was.state, left.state,
			now - purge->retention->window) &&
		    holds_are_in(&weighed->was, &left, now) &&
		    holds_are_in(&left, &weighed->was, now);
	return true;
}

static bool candidates(StoreSqlite *self, const Purge *purge, int64_t id,
    GArray *ret_ids, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_PURGE_CANDIDATES, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	bind_int(stmt, 2, acted_before(purge));
	while (ret_ids->len < TRY_EVENTS) {
		int64_t event;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		event = column_int(stmt, 0);
		if (is_old(purge, column_int(stmt, 1), column_text(stmt, 2)))
			g_array_append_val(ret_ids, event);
	}
	return true;
}

static void gone_add(GHashTable *gone, int64_t id)
{
	(void)g_hash_table_add(gone, g_memdup2(&id, sizeof(id)));
}

/* All of IDS, if that does; else as many as do, the oldest first. */
static bool choose(StoreSqlite *self, Purge *purge, Weighed *weighed,
    const GArray *ids, GError **error)
{
	bool same;

	for (unsigned i = 0; i < ids->len; i++)
		gone_add(weighed->gone, g_array_index(ids, int64_t, i));
	if (!weigh(self, purge, weighed, &same, error))
		return false;
	if (same)
		return true;
	g_hash_table_remove_all(weighed->gone);
	for (unsigned i = 0; i < ids->len; i++) {
		int64_t id = g_array_index(ids, int64_t, i);

		gone_add(weighed->gone, id);
		if (!weigh(self, purge, weighed, &same, error))
			return false;
		if (!same)
			(void)g_hash_table_remove(weighed->gone, &id);
	}
	return true;
}

/* What is stored must be what the history comes to: what a recount would find
   wrong is not to be hidden. */
static bool is_whole(StoreSqlite *self, Weighed *weighed, bool *ret_whole,
    GError **error)
{
	RecipientState stored = { 0 };

	if (!store_sqlite_load(&self->base, weighed->id, "", &stored, error))
		return false;
	*ret_whole = counts_are_equal(&stored, &weighed->was.state);
	return true;
}

static bool purge_recipient(StoreSqlite *self, Purge *purge, int64_t id,
    GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GHashTable) gone = g_hash_table_new_full(g_int64_hash,
	    g_int64_equal, g_free, NULL);
	g_auto(Replay) left = { 0 };
	Weighed weighed = { .id = id, .gone = gone };
	GHashTableIter iter;
	void *event;
	bool ok, whole = false;

	if (!candidates(self, purge, id, ids, error))
		return false;
	if (ids->len == 0)
		return true;
	replay_init(&weighed.was, purge->runs);
	replay_init(&left, purge->runs);
	ok = replay_recipient(self, &weighed.was, id, NULL, error) &&
	     is_whole(self, &weighed, &whole, error) &&
	     (!whole || choose(self, purge, &weighed, ids, error)) &&
	     replay_recipient(self, &left, id, gone, error);
	purge->done.events += g_hash_table_size(gone);
	if (ok && !purge->is_dry_run && g_hash_table_size(gone) > 0) {
		g_hash_table_iter_init(&iter, gone);
		while (ok && g_hash_table_iter_next(&iter, &event, NULL))
			ok = event_delete(self, *(const int64_t *)event, error);
		if (ok && !counts_are_equal(&weighed.was.state, &left.state))
			ok = counts_put(self, id, &left.state, error);
		ok = ok && note_purged(self, purge, 1, error);
	}
	replay_clear(&weighed.was);
	return ok;
}

static bool purge_recipients(StoreSqlite *self, void *data, GError **error)
{
	Purge *purge = data;
	int64_t began = g_get_monotonic_time();

	if (!add_expire_runs(self, purge->runs, error))
		return false;
	while (purge->next < purge->waiting->len &&
	       g_get_monotonic_time() - began < BUSY_USEC)
		if (!purge_recipient(self, purge,
			g_array_index(purge->waiting, int64_t, purge->next++),
			error))
			return false;
	return true;
}

static bool purge_idle(StoreSqlite *self, void *data, GError **error)
{
	Purge *purge = data;
	int64_t began = g_get_monotonic_time();

	while (purge->next < purge->idle->len &&
	       g_get_monotonic_time() - began < BUSY_USEC)
		if (!event_delete(self,
			g_array_index(purge->idle, int64_t, purge->next++),
			error))
			return false;
	return note_purged(self, purge, 1, error);
}

/* ---- events ---- */

static void note_waiting(Purge *purge, int64_t id)
{
	if (!g_hash_table_add(purge->seen, g_memdup2(&id, sizeof(id))))
		return;
	g_array_append_val(purge->waiting, id);
}

/* What is old among the next events up to LAST. */
static bool find_some(StoreSqlite *self, Purge *purge, int64_t *after,
    int64_t last, unsigned *ret_seen, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_PURGE_SCAN, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *after);
	bind_int(stmt, 2, last);
	bind_int(stmt, 3, SCAN_EVENTS);
	g_array_set_size(purge->idle, 0);
	g_array_set_size(purge->waiting, 0);
	if (g_hash_table_size(purge->seen) > SEEN_MAX)
		g_hash_table_remove_all(purge->seen);
	for (*ret_seen = 0;; (*ret_seen)++) {
		int64_t id;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		id = column_int(stmt, 0);
		if (!cursor_move(self, after, id, error))
			return false;
		if (!is_old(purge, column_int(stmt, 1), column_text(stmt, 3)))
			continue;
		if (column_int(stmt, 4) == 0)
			g_array_append_val(purge->idle, id);
		else if (column_int(stmt, 1) < acted_before(purge) &&
			 column_int(stmt, 5) == 0)
			note_waiting(purge, column_int(stmt, 2));
	}
}

static bool look_at_recipients(StoreSqlite *self, Purge *purge, GError **error)
{
	bool ok;

	if (!store_sqlite_begin_read(self, error))
		return false;
	ok = purge_recipients(self, purge, error);
	store_sqlite_rollback(&self->base);
	return ok;
}

static bool purge_found(StoreSqlite *self, Purge *purge, GError **error)
{
	purge->done.events += purge->idle->len;
	purge->next = 0;
	while (!purge->is_dry_run && purge->next < purge->idle->len)
		if (!in_transaction(self, purge_idle, purge, error))
			return false;
	purge->next = 0;
	while (purge->next < purge->waiting->len)
		if (purge->is_dry_run
			? !look_at_recipients(self, purge, error)
			: !in_transaction(self, purge_recipients, purge, error))
			return false;
	return wal_shorten(self, error);
}

/* The shortest time that any event is kept; 0: all are kept for ever. */
static int64_t shortest(const StoreRetention *retention)
{
	int64_t kept = 0;

	for (int i = 0; i < VP_CLASS_COUNT; i++)
		if (retention->events[i] > 0 &&
		    (kept == 0 || retention->events[i] < kept))
			kept = retention->events[i];
	return kept;
}

static bool purge_events(StoreSqlite *self, Purge *purge,
    StoreProgress progress, void *data, GError **error)
{
	int64_t kept = shortest(purge->retention);
	int64_t after = 0, last, newest;
	unsigned seen;

	if (kept == 0)
		return true;
	if (!events_since(self, purge->change->now - kept, &last, error) ||
	    !last_event(self, &newest, error))
		return false;
	last = MIN(last, newest);
	do {
		if (!find_some(self, purge, &after, last, &seen, error) ||
		    !purge_found(self, purge, error))
			return false;
		if (progress != NULL)
			progress((uint64_t)after, (uint64_t)MAX(last, after),
			    data);
	} while (seen == SCAN_EVENTS);
	return true;
}

/* ---- all else ---- */

static bool delete_rows(StoreSqlite *self, void *data, GError **error)
{
	Purge *purge = data;
	Statement *stmt = statement_use(self, purge->rows, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, purge->before);
	bind_int(stmt, 2, FEW_ROWS);
	if (!statement_run(self, stmt, error))
		return false;
	purge->chunk = (uint64_t)sqlite3_changes(self->db);
	return note_purged(self, purge, purge->chunk, error);
}

static bool count_rows(StoreSqlite *self, StatementId id, int64_t before,
    uint64_t *ret_n, GError **error)
{
	Statement *stmt = statement_use(self, id, error);
	int64_t n;

	if (stmt != NULL)
		bind_int(stmt, 1, before);
	if (!statement_number(self, stmt, &n, error))
		return false;
	*ret_n = (uint64_t)n;
	return true;
}

/* Rows older than KEPT (0: none are), by the statements that delete and count
   them. */
static bool purge_rows(StoreSqlite *self, Purge *purge, int64_t kept,
    StatementId deletes, StatementId counts, uint64_t *ret_n, GError **error)
{
	if (kept <= 0)
		return true;
	purge->rows = deletes;
	purge->before = purge->change->now - kept;
	if (purge->is_dry_run)
		return count_rows(self, counts, purge->before, ret_n, error);
	do {
		if (!in_transaction(self, delete_rows, purge, error))
			return false;
		*ret_n += purge->chunk;
	} while (purge->chunk == FEW_ROWS);
	return true;
}

/* ---- recipients of whom nothing is known ---- */

static bool recipients_between(StoreSqlite *self, Purge *purge, int64_t after,
    int64_t last, GError **error)
{
	Statement *stmt = statement_use(self, SQL_PURGE_RECIPIENTS, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, after);
	bind_int(stmt, 2, last);
	bind_int(stmt, 3, purge->before);
	g_array_set_size(purge->idle, 0);
	return statement_numbers(self, stmt, purge->idle, error);
}

/* Asked once more, inside: somebody may have been seen since. */
static bool recipient_forget(StoreSqlite *self, Purge *purge, int64_t id,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_PURGE_RECIPIENT, error);
	uint64_t n;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	bind_int(stmt, 2, purge->before);
	if (!statement_run(self, stmt, error))
		return false;
	n = (uint64_t)sqlite3_changes(self->db);
	purge->done.recipients += n;
	return note_purged(self, purge, n, error);
}

static bool forget_some(StoreSqlite *self, void *data, GError **error)
{
	Purge *purge = data;
	int64_t began = g_get_monotonic_time();

	while (purge->next < purge->idle->len &&
	       g_get_monotonic_time() - began < BUSY_USEC)
		if (!recipient_forget(self, purge,
			g_array_index(purge->idle, int64_t, purge->next++),
			error))
			return false;
	return true;
}

static bool forget_between(StoreSqlite *self, Purge *purge, int64_t after,
    int64_t last, GError **error)
{
	if (!recipients_between(self, purge, after, last, error))
		return false;
	if (purge->is_dry_run) {
		purge->done.recipients += purge->idle->len;
		return true;
	}
	for (purge->next = 0; purge->next < purge->idle->len;)
		if (!in_transaction(self, forget_some, purge, error))
			return false;
	return purge->idle->len == 0 || wal_shorten(self, error);
}

static bool purge_unknown(StoreSqlite *self, Purge *purge, GError **error)
{
	int64_t kept = purge->retention->recipients;
	StoreIds ids;

	purge->before = purge->change->now - kept;
	if (kept <= 0 || self->used_since >= purge->before)
		return true;
	if (!store_sqlite_ids(&self->base, &ids, error))
		return false;
	for (int64_t after = 0; after < ids.recipient; after += SCAN_RECIPIENTS)
		if (!forget_between(self, purge, after, after + SCAN_RECIPIENTS,
			error))
			return false;
	return true;
}

static bool purge_all(StoreSqlite *self, Purge *purge, StoreProgress progress,
    void *data, GError **error)
{
	const StoreRetention *kept = purge->retention;
	StorePurged *done = &purge->done;

	return purge_events(self, purge, progress, data, error) &&
	       purge_rows(self, purge, kept->forged, SQL_PURGE_FORGED,
		   SQL_PURGE_FORGED_COUNT, &done->forged, error) &&
	       purge_rows(self, purge, kept->rule_hits, SQL_PURGE_RULES,
		   SQL_PURGE_RULES_COUNT, &done->rules, error) &&
	       purge_rows(self, purge, kept->feeds, SQL_PURGE_JOINS,
		   SQL_PURGE_JOINS_COUNT, &done->joins, error) &&
	       purge_unknown(self, purge, error);
}

bool store_sqlite_purge(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreProgress progress,
    void *data, StorePurged *ret_purged, GError **error)
{
	g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(ExpireRun));
	g_autoptr(GArray) idle = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash,
	    g_int64_equal, g_free, NULL);
	Purge purge = { .change = change,
		.retention = retention,
		.is_dry_run = is_dry_run,
		.runs = runs,
		.idle = idle,
		.waiting = waiting,
		.seen = seen };

	if (!purge_all((StoreSqlite *)store, &purge, progress, data, error))
		return false;
	*ret_purged = purge.done;
	return true;
}

/* ---- space ---- */

bool store_sqlite_compact(Store *store, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	int rc;

	if (daemon_is_running(self->path))
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "verpd runs on it; it would have to wait", error);
	rc = sqlite3_exec(self->db, "VACUUM", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(self->db, "main",
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK || sqlite_fail(self, rc, "compact", error);
}
