/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole lists: holds taken over from somebody's list, and all that is held for
   those who have a list to compare.  An imported hold is one by hand: an audit
   row says who did it and why, with the cause and the times of the list, so a
   recount finds it, and a release lifts it like any other. */

#include "store_sqlite.h"

#include "errors.h"

#include <string.h>

enum {
	IMPORT_USEC = 20000, /* a transaction takes about so long */
	HELD_ROWS = 4000,    /* in one chunk */
};

Hold hold_import(Hold hold, int64_t now, int64_t since, int64_t until)
{
	if (hold_is_active(hold, now) || since <= 0 || since > now)
		return hold_lengthen(hold, now, until);
	return (Hold){ since, until };
}

/* ---- import ---- */

typedef struct Import {
	const ManualChange *change;
	bool again;
	bool is_dry_run;
	ImportCounts counts;
} Import;

static bool hold_of(StoreSqlite *self, int64_t recipient_id,
    const ImportRow *row, Hold *ret_hold, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_HOLD_OF, error);
	bool found;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_text(stmt, 2, row->stream);
	bind_text(stmt, 3, cause_name(row->cause));
	if (!statement_step(self, stmt, &found, error))
		return false;
	*ret_hold = found ? (Hold){ column_int(stmt, 0), column_until(stmt, 1) }
			  : (Hold){ 0 };
	return true;
}

static bool was_released(StoreSqlite *self, int64_t recipient_id,
    const ImportRow *row, bool *ret_released, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_RELEASED_SINCE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_text(stmt, 2, row->stream);
	bind_text(stmt, 3, cause_name(row->cause));
	bind_int(stmt, 4, row->since);
	return statement_step(self, stmt, ret_released, error);
}

/* The recipient of ROW, made if need be; a dry run leaves its id at 0. */
static bool recipient_of(StoreSqlite *self, const Import *import,
    const ImportRow *row, StoreRecipient *ret_recipient, GError **error)
{
	g_autoptr(GError) unknown = NULL;

	if (!import->is_dry_run)
		return store_sqlite_recipient_ensure(&self->base, row->folded,
		    row->original, import->change->now, ret_recipient, error);
	if (store_sqlite_recipient_find(&self->base, 0, row->folded,
		ret_recipient, &unknown) ||
	    g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&unknown));
	return false;
}

static bool import_put(StoreSqlite *self, const Import *import,
    int64_t recipient_id, const ImportRow *row, Hold hold, GError **error)
{
	const ManualChange *change = import->change;
	g_autofree char *story = row->note[0] != '\0'
				     ? g_strconcat(change->reason, ": ",
					   row->note, NULL)
				     : g_strdup(change->reason);
	AuditRow audit = { "import", recipient_id, row->stream, (int)row->cause,
		row->until, story, row->since };

	return hold_put(self, recipient_id, row->stream, row->cause, hold, 0,
		   row->note[0] != '\0' ? row->note : change->reason, error) &&
	       audit_write(self, change, &audit, error);
}

static bool import_row(StoreSqlite *self, Import *import, const ImportRow *row,
    GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	int64_t now = import->change->now;
	Hold was = { 0 };
	bool is_active, released = false;

	if (!recipient_of(self, import, row, &recipient, error))
		return false;
	if (recipient.id != 0 && !hold_of(self, recipient.id, row, &was, error))
		return false;
	is_active = hold_is_active(was, now);
	if (is_active && was.until >= row->until) {
		import->counts.unchanged++;
		return true;
	}
	if (!import->again && !is_active && recipient.id != 0 &&
	    !was_released(self, recipient.id, row, &released, error))
		return false;
	if (released) {
		import->counts.released++;
		return true;
	}
	if (is_active)
		import->counts.lengthened++;
	else
		import->counts.added++;
	if (import->is_dry_run)
		return true;
	return import_put(self, import, recipient.id, row,
	    hold_import(was, now, row->since, row->until), error);
}

/* As many of the N rows as there is time for in one transaction. */
static bool import_some(StoreSqlite *self, Import *import,
    const ImportRow *rows, unsigned n, unsigned *ret_done, GError **error)
{
	int64_t end = g_get_monotonic_time() + IMPORT_USEC;
	unsigned done = 0;

	do {
		if (!import_row(self, import, &rows[done], error))
			return false;
	} while (++done < n && g_get_monotonic_time() < end);
	*ret_done = done;
	return true;
}

static bool import_chunk(StoreSqlite *self, Import *import,
    const ImportRow *rows, unsigned n, unsigned *ret_done, GError **error)
{
	int64_t began = g_get_monotonic_time();

	if (import->is_dry_run)
		return import_some(self, import, rows, n, ret_done, error);
	if (!store_sqlite_begin(&self->base, error))
		return false;
	if (!import_some(self, import, rows, n, ret_done, error) ||
	    !store_sqlite_commit(&self->base, error)) {
		store_sqlite_rollback(&self->base);
		return false;
	}
	/* As in expiry: a daemon that polls for the lock must come through. */
	g_usleep((unsigned long)CLAMP(g_get_monotonic_time() - began, 0,
		     50000) /
		 2);
	return wal_shorten(self, error);
}

bool store_sqlite_import(Store *store, const ManualChange *change,
    const ImportRow *rows, unsigned n, bool again, bool is_dry_run,
    ImportCounts *counts, GError **error)
{
	Import import = { change, again, is_dry_run, *counts };
	unsigned done;

	for (unsigned i = 0; i < n; i += done) {
		if (!import_chunk((StoreSqlite *)store, &import, rows + i,
			n - i, &done, error))
			return false;
		*counts = import.counts;
	}
	return true;
}

/* ---- all that is held ---- */

/* Keyed by what no stranger knows: nobody can make an address that is taken
   for another. */
Hash128 store_sqlite_address_key(Store *store, const char *folded)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autofree char *stored = address_stored(self, folded);

	G_STATIC_ASSERT(SIPHASH_KEY == STORE_EPOCH);
	folded = stored != NULL ? stored : folded;
	return siphash(self->epoch, folded, strlen(folded));
}

/* A chunk of rows, put together by recipient. */
typedef struct HeldPage {
	GArray *rows; /* of HeldRecipient; the last may lack holds */
	int64_t last; /* the recipient of that */
	int64_t before_last;
	unsigned seen;
} HeldPage;

static void held_row(HeldPage *page, StoreSqlite *self, Statement *stmt,
    const char *stream, int64_t now)
{
	int64_t id = column_int(stmt, 0);
	const char *of = column_text(stmt, 1);
	Hold hold = { column_int(stmt, 3), column_until(stmt, 4) };
	HeldRecipient *row;
	int cause;

	if (id != page->last || page->rows->len == 0) {
		HeldRecipient fresh = {
			.key = store_sqlite_address_key(&self->base,
			    column_text(stmt, 5))
		};

		page->before_last = page->last;
		page->last = id;
		g_array_append_val(page->rows, fresh);
	}
	if (!hold_is_active(hold, now) ||
	    (*of != '\0' && strcmp(of, stream) != 0))
		return;
	row = &g_array_index(page->rows, HeldRecipient, page->rows->len - 1);
	cause = cause_from_name(column_text(stmt, 2));
	if (cause >= 0 && hold.until > row->hold[cause].until)
		row->hold[cause] = hold;
}

/* Those behind AFTER, LIMIT rows of holds. */
static bool held_page(StoreSqlite *self, HeldPage *page, int64_t after,
    unsigned limit, const char *stream, int64_t now, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_HELD, error);
	bool row = true;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, after);
	bind_int(stmt, 2, (int64_t)limit);
	g_array_set_size(page->rows, 0);
	page->seen = 0;
	page->last = after;
	for (;;) {
		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		if (column_int(stmt, 0) < page->last)
			return cursor_fail(self, error);
		held_row(page, self, stmt, stream, now);
		page->seen++;
	}
}

static bool is_held(const HeldRecipient *row)
{
	for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
		if (row->hold[cause].since != 0)
			return true;
	return false;
}

bool store_sqlite_each_held(Store *store, const char *stream, int64_t now,
    StoreEachHeld each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autoptr(GArray)
	    rows = g_array_new(FALSE, FALSE, sizeof(HeldRecipient));
	HeldPage page = { .rows = rows };
	unsigned limit = HELD_ROWS;
	int64_t after = INT64_MIN;

	for (;;) {
		bool is_full;

		if (!held_page(self, &page, after, limit, stream, now, error))
			return false;
		is_full = page.seen == limit;
		if (is_full && rows->len == 1) {
			limit *= 2; /* one recipient fills the chunk */
			continue;
		}
		/* The last of a full chunk comes whole with the next. */
		after = is_full ? page.before_last : page.last;
		for (unsigned i = 0; i < rows->len - is_full; i++) {
			const HeldRecipient *row = &g_array_index(rows,
			    HeldRecipient, i);

			if (is_held(row) && !each(row, data))
				return true;
		}
		if (!is_full)
			return true;
	}
}

bool store_sqlite_held_bound(Store *store, uint64_t *ret_bound, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	int64_t bound;

	if (!statement_number(self, statement_use(self, SQL_HELD_BOUND, error),
		&bound, error))
		return false;
	*ret_bound = (uint64_t)MAX(bound, 0);
	return true;
}
