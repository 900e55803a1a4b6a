/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Changes by hand: add, release, expire.  Each is a transaction of its own and
   leaves rows in the audit table that say who, why, and after which event: by
   these and the events alone a recipient can be recounted. */

#include "store_sqlite.h"

#include "errors.h"
#include "text.h"

#include <string.h>

enum {
	EXPIRE_HOLDS = 500,   /* deleted in one transaction */
	EXPIRE_KEYS = 2000,   /* looked at in one transaction */
	EXPIRE_MESSAGES = 50, /* deleted in one transaction */
};

/* ---- transactions ---- */

static bool change_and_commit(StoreSqlite *self, ChunkChange change, void *data,
    GError **error)
{
	if (!store_sqlite_begin(&self->base, error))
		return false;
	if (change(self, data, error) &&
	    store_sqlite_commit(&self->base, error))
		return true;
	store_sqlite_rollback(&self->base);
	return false;
}

bool in_any_transaction(StoreSqlite *self, ChunkChange change, void *data,
    GError **error)
{
	return sqlite3_get_autocommit(self->db)
		   ? change_and_commit(self, change, data, error)
		   : change(self, data, error);
}

bool in_transaction(StoreSqlite *self, ChunkChange change, void *data,
    GError **error)
{
	int64_t began = g_get_monotonic_time();

	if (!change_and_commit(self, change, data, error))
		return false;
	g_usleep((unsigned long)CLAMP(g_get_monotonic_time() - began, 0,
	    50000));
	return true;
}

/* ---- audit ---- */

bool last_event(StoreSqlite *self, int64_t *ret_id, GError **error)
{
	return statement_number(self,
	    statement_use(self, SQL_LAST_EVENT, error), ret_id, error);
}

bool audit_write(StoreSqlite *self, const ManualChange *change,
    const AuditRow *row, GError **error)
{
	const char *reason = row->reason != NULL ? row->reason : change->reason;
	g_autofree char *own = NULL;
	Statement *stmt;
	int64_t after_event;

	/* `audit --action` must know what it can be asked for */
	g_assert(g_strv_contains(store_actions(), row->action));
	if (!last_event(self, &after_event, error))
		return false;
	stmt = statement_use(self, SQL_AUDIT_INSERT, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, change->now);
	bind_text(stmt, 2, change->actor);
	bind_text(stmt, 3, row->action);
	if (row->recipient_id != 0) /* else it stays NULL */
		bind_int(stmt, 4, row->recipient_id);
	bind_text(stmt, 5, row->stream);
	bind_text(stmt, 6,
	    row->cause >= 0 ? cause_name((Cause)row->cause) : "");
	bind_int(stmt, 7, row->until);
	bind_text(stmt, 8,
	    self->is_hashed ? address_masked(reason, &own) : reason);
	bind_int(stmt, 9, after_event);
	bind_int(stmt, 10, row->since);
	bind_text(stmt, 11, row->subject);
	bind_text(stmt, 12, row->detail);
	return statement_run(self, stmt, error);
}

typedef struct Noted {
	const ManualChange *change;
	AuditRow row;
} Noted;

static bool note(StoreSqlite *self, void *data, GError **error)
{
	const Noted *noted = data;

	return audit_write(self, noted->change, &noted->row, error);
}

bool store_sqlite_audit(Store *store, const ManualChange *change,
    const char *action, const char *subject, const char *detail, GError **error)
{
	Noted noted = { change, { .action = action,
				    .stream = "",
				    .cause = -1,
				    .subject = subject,
				    .detail = detail } };

	return in_any_transaction((StoreSqlite *)store, note, &noted, error);
}

/* ---- holds ---- */

typedef struct HeldRow {
	char *stream;
	Cause cause;
	Hold hold;
} HeldRow;

static void held_row_clear(void *data)
{
	HeldRow *row = data;

	g_free(row->stream);
}

/* The active holds of a recipient, in STREAM unless NULL, of CAUSE unless -1. */
static GArray *holds_named(StoreSqlite *self, int64_t recipient_id,
    const char *stream, int cause, int64_t now, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_HOLDS_OF_RECIPIENT, error);
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(HeldRow));
	bool more;

	g_array_set_clear_func(rows, held_row_clear);
	if (stmt == NULL)
		return NULL;
	bind_int(stmt, 1, recipient_id);
	for (;;) {
		HeldRow row;
		Hold hold;
		int of;

		if (!statement_step(self, stmt, &more, error))
			return NULL;
		if (!more)
			return g_steal_pointer(&rows);
		of = cause_from_name(column_text(stmt, 1));
		hold = (Hold){ column_int(stmt, 2), column_until(stmt, 3) };
		if (of < 0 || !hold_is_active(hold, now) ||
		    (cause >= 0 && cause != of) ||
		    (stream != NULL &&
			strcmp(stream, column_text(stmt, 0)) != 0))
			continue;
		row.stream = g_strdup(column_text(stmt, 0));
		row.cause = (Cause)of;
		row.hold = hold;
		g_array_append_val(rows, row);
	}
}

/* ---- add ---- */

Hold hold_lengthen(Hold hold, int64_t now, int64_t until)
{
	if (!hold_is_active(hold, now))
		return (Hold){ MAX(now, 1), until };
	return (Hold){ hold.since, MAX(hold.until, until) };
}

typedef struct Addition {
	const ManualChange *change;
	const char *folded;
	const char *original;
	const char *stream;
	int64_t until;
} Addition;

static bool add(StoreSqlite *self, void *data, GError **error)
{
	const Addition *addition = data;
	const ManualChange *change = addition->change;
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GArray) held = NULL;
	AuditRow row = { .action = "add",
		.stream = addition->stream,
		.cause = CAUSE_MANUAL,
		.until = addition->until };
	Hold hold = { 0 };

	if (!store_sqlite_recipient_ensure(&self->base, addition->folded,
		addition->original, change->now, &recipient, error))
		return false;
	row.recipient_id = recipient.id;
	held = holds_named(self, recipient.id, addition->stream, CAUSE_MANUAL,
	    change->now, error);
	if (held == NULL)
		return false;
	if (held->len > 0)
		hold = g_array_index(held, HeldRow, 0).hold;
	hold = hold_lengthen(hold, change->now, addition->until);
	return hold_put(self, recipient.id, addition->stream, CAUSE_MANUAL,
		   hold, 0, change->reason, error) &&
	       audit_write(self, change, &row, error);
}

bool store_sqlite_add(Store *store, const ManualChange *change,
    const char *folded, const char *original, const char *stream, int64_t until,
    GError **error)
{
	Addition addition = { change, folded, original, stream, until };

	return in_any_transaction((StoreSqlite *)store, add, &addition, error);
}

/* ---- release ---- */

typedef struct Releasing {
	const ManualChange *change;
	const char *folded;
	const char *stream;
	int cause;
	unsigned lifted;
} Releasing;

static bool release(StoreSqlite *self, void *data, GError **error)
{
	Releasing *what = data;
	const ManualChange *change = what->change;
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GArray) held = NULL;
	const RecipientState forgotten = { 0 };
	AuditRow row = { .action = "release",
		.stream = text_or_empty(what->stream),
		.cause = what->cause };

	if (!store_sqlite_recipient_find(&self->base, 0, what->folded,
		&recipient, error))
		return false;
	row.recipient_id = recipient.id;
	if (what->stream == NULL && what->cause < 0)
		row.detail = RELEASE_ALL;
	held = holds_named(self, recipient.id, what->stream, what->cause,
	    change->now, error);
	if (held == NULL || !counts_put(self, recipient.id, &forgotten, error))
		return false;
	/* One row for each hold lifted, and one for the count if none was. */
	if (held->len == 0 && !audit_write(self, change, &row, error))
		return false;
	for (unsigned i = 0; i < held->len; i++) {
		const HeldRow *hold = &g_array_index(held, HeldRow, i);

		row.stream = hold->stream;
		row.cause = (int)hold->cause;
		row.until = hold->hold.until;
		if (!hold_delete(self, recipient.id, hold->stream, hold->cause,
			error) ||
		    !audit_write(self, change, &row, error))
			return false;
	}
	what->lifted = held->len;
	return true;
}

bool store_sqlite_release(Store *store, const ManualChange *change,
    const char *folded, const char *stream, int cause, unsigned *ret_lifted,
    GError **error)
{
	Releasing what = { change, folded, stream, cause, 0 };

	if (!in_any_transaction((StoreSqlite *)store, release, &what, error))
		return false;
	*ret_lifted = what.lifted;
	return true;
}

/* ---- expire ---- */

typedef struct Expiry {
	const ManualChange *change;
	int64_t keys_before; /* keys older than this go */
	StoreQuota quarantine;
	StoreExpired done;
	uint64_t last_chunk;
	bool is_audited;          /* the run has its row */
	uint8_t after[STORE_KEY]; /* keys up to here were looked at */
	uint8_t upto[STORE_KEY + 1];
	size_t after_len;
	size_t upto_len;
} Expiry;

/* The first chunk to delete anything writes the run's audit row with it. */
static bool note_deleted(StoreSqlite *self, Expiry *expiry, uint64_t n,
    GError **error)
{
	AuditRow row = { .action = "expire", .stream = "", .cause = -1 };

	expiry->last_chunk = n;
	if (n == 0 || expiry->is_audited)
		return true;
	expiry->is_audited = true;
	return audit_write(self, expiry->change, &row, error);
}

static bool delete_holds(StoreSqlite *self, void *data, GError **error)
{
	Expiry *expiry = data;
	Statement *stmt = statement_use(self, SQL_HOLDS_OVER_DELETE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, expiry->change->now);
	bind_int(stmt, 2, EXPIRE_HOLDS);
	return statement_run(self, stmt, error) &&
	       note_deleted(self, expiry, (uint64_t)sqlite3_changes(self->db),
		   error);
}

static bool delete_keys(StoreSqlite *self, void *data, GError **error)
{
	Expiry *expiry = data;
	Statement *stmt = statement_use(self, SQL_KEYS_OLD_DELETE, error);

	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, expiry->after, expiry->after_len);
	bind_blob(stmt, 2, expiry->upto, expiry->upto_len);
	bind_int(stmt, 3, expiry->keys_before);
	return statement_run(self, stmt, error) &&
	       note_deleted(self, expiry, (uint64_t)sqlite3_changes(self->db),
		   error);
}

static bool count_one(StoreSqlite *self, Statement *stmt, uint64_t *ret_count,
    GError **error)
{
	g_autoptr(Statement) done = stmt;
	bool row;

	if (!statement_step(self, done, &row, error))
		return false;
	*ret_count = (uint64_t)column_int(done, 0);
	return true;
}

static bool count_holds(StoreSqlite *self, Expiry *expiry, GError **error)
{
	Statement *stmt = statement_use(self, SQL_HOLDS_OVER, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, expiry->change->now);
	return count_one(self, stmt, &expiry->done.holds, error);
}

static bool count_keys(StoreSqlite *self, Expiry *expiry, GError **error)
{
	Statement *stmt = statement_use(self, SQL_KEYS_OLD_COUNT, error);

	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, expiry->after, expiry->after_len);
	bind_blob(stmt, 2, expiry->upto, expiry->upto_len);
	bind_int(stmt, 3, expiry->keys_before);
	return count_one(self, stmt, &expiry->last_chunk, error);
}

/* Sets where the chunk after expiry->after ends. */
static bool next_keys(StoreSqlite *self, Expiry *expiry, bool *ret_is_last,
    GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_KEYS_RANGE, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, expiry->after, expiry->after_len);
	bind_int(stmt, 2, EXPIRE_KEYS - 1);
	if (!statement_step(self, stmt, &row, error))
		return false;
	*ret_is_last = !row;
	if (row && sqlite3_column_bytes(stmt, 0) == STORE_KEY &&
	    expiry->after_len == STORE_KEY &&
	    memcmp(sqlite3_column_blob(stmt, 0), expiry->after, STORE_KEY) <= 0)
		return cursor_fail(self, error);
	if (row && sqlite3_column_bytes(stmt, 0) == STORE_KEY) {
		memcpy(expiry->upto, sqlite3_column_blob(stmt, 0), STORE_KEY);
		expiry->upto_len = STORE_KEY;
	} else {
		/* Greater than every key. */
		memset(expiry->upto, 0xff, sizeof(expiry->upto));
		expiry->upto_len = sizeof(expiry->upto);
		*ret_is_last = true;
	}
	return true;
}

static bool expire_keys(StoreSqlite *self, Expiry *expiry, bool is_dry_run,
    GError **error)
{
	bool is_last;

	do {
		if (!next_keys(self, expiry, &is_last, error) ||
		    !count_keys(self, expiry, error))
			return false;
		/* No transaction where there is nothing to delete. */
		if (expiry->last_chunk > 0 && !is_dry_run &&
		    !in_transaction(self, delete_keys, expiry, error))
			return false;
		expiry->done.keys += expiry->last_chunk;
		memcpy(expiry->after, expiry->upto, STORE_KEY);
		expiry->after_len = STORE_KEY;
	} while (!is_last);
	return true;
}

/* They are as many as people laid down. */
static bool delete_entries(StoreSqlite *self, void *data, GError **error)
{
	Expiry *expiry = data;
	Statement *stmt = statement_use(self, SQL_ENTRIES_OVER_DELETE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, expiry->change->now);
	return statement_run(self, stmt, error) &&
	       note_deleted(self, expiry, (uint64_t)sqlite3_changes(self->db),
		   error);
}

static bool expire_holds(StoreSqlite *self, Expiry *expiry, GError **error)
{
	do {
		if (!in_transaction(self, delete_holds, expiry, error))
			return false;
		expiry->done.holds += expiry->last_chunk;
	} while (expiry->last_chunk == EXPIRE_HOLDS);
	if (!in_transaction(self, delete_entries, expiry, error))
		return false;
	expiry->done.holds += expiry->last_chunk;
	return true;
}

/* ---- of the quarantine ---- */

static bool delete_messages(StoreSqlite *self, void *data, GError **error)
{
	Expiry *expiry = data;
	uint64_t n;

	return quarantine_shrink(self, &expiry->quarantine, expiry->change->now,
		   EXPIRE_MESSAGES, &n, error) &&
	       note_deleted(self, expiry, n, error);
}

static bool expire_messages(StoreSqlite *self, Expiry *expiry, bool is_dry_run,
    GError **error)
{
	uint64_t n;

	if (!quarantine_excess(self, &expiry->quarantine, expiry->change->now,
		&n, error))
		return false;
	expiry->done.messages = n;
	/* More may have come meanwhile: the recorder sees to those. */
	for (uint64_t i = 0; !is_dry_run && i < n; i += EXPIRE_MESSAGES)
		if (!in_transaction(self, delete_messages, expiry, error))
			return false;
	return true;
}

bool store_sqlite_expire(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreExpired *ret_expired,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Expiry expiry = { .change = change,
		.quarantine = retention->quarantine };

	expiry.keys_before = change->now - MAX(retention->keys, 0);
	if (is_dry_run ? !count_holds(self, &expiry, error)
		       : !expire_holds(self, &expiry, error))
		return false;
	if (!expire_keys(self, &expiry, is_dry_run, error) ||
	    !expire_messages(self, &expiry, is_dry_run, error))
		return false;
	*ret_expired = expiry.done;
	return true;
}
