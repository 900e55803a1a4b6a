/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keeping up with whom something stands against, without looking at everybody
   again.  All that keeps mail back follows from events and audit (a recount
   proves it), so whoever is held from now on has a row there that was not there
   before, written in the same transaction and with a greater id than all others:
   of the tables themselves nobody could tell what is new.  What is lifted or
   over is not told. */

#include "store_sqlite.h"

enum { WATCH_ROWS = 1000 }; /* in one read: some milliseconds */

char *store_sqlite_hash(const Store *store, const char *folded)
{
	const StoreSqlite *self = (const StoreSqlite *)store;

	return self->key != NULL ? address_hash(self, folded) : NULL;
}

/* The one number that ID has to say, 0 for none. */
static bool number_of(StoreSqlite *self, StatementId id, int64_t *ret_number,
    GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, id, error);
	bool row;

	if (stmt == NULL || !statement_step(self, stmt, &row, error))
		return false;
	*ret_number = row ? column_int(stmt, 0) : 0;
	return true;
}

/* Before anything is read: what is written meanwhile comes after these. */
static bool begin(StoreSqlite *self, StoreWatch *watch, GError **error)
{
	*watch = (StoreWatch){ .recipient = INT64_MIN };
	if (!number_of(self, SQL_LAST_EVENT, &watch->event, error) ||
	    !number_of(self, SQL_LAST_AUDIT, &watch->audit, error))
		return false;
	watch->is_begun = true;
	return true;
}

/* The rows of ID behind *LAST: a number to go on from, and a subject or
   NULL.  *RET_ALL: there are no more. */
static bool come_by(StoreSqlite *self, StatementId id, int64_t *last,
    StoreEachSubject each, void *data, bool *ret_all, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, id, error);
	unsigned seen = 0;
	int64_t next = *last;
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *last);
	bind_int(stmt, 2, WATCH_ROWS);
	for (;;) {
		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			break;
		if (column_int(stmt, 0) < next)
			return cursor_fail(self, error);
		next = column_int(stmt, 0);
		if (sqlite3_column_type(stmt, 1) != SQLITE_NULL)
			each(column_text(stmt, 1), data);
		seen++;
	}
	*ret_all = seen < WATCH_ROWS;
	*last = next;
	return true;
}

/* What was written since; the version first, for it is to be no newer. */
static bool come_by_changes(StoreSqlite *self, StoreWatch *watch,
    StoreEachSubject each, void *data, GError **error)
{
	int64_t version;
	bool no_events, no_audits;

	if (!number_of(self, SQL_DATA_VERSION, &version, error))
		return false;
	if (watch->is_complete && version == watch->version)
		return true;
	watch->is_complete = false;
	if (!come_by(self, SQL_WATCH_EVENTS, &watch->event, each, data,
		&no_events, error) ||
	    !come_by(self, SQL_WATCH_AUDITS, &watch->audit, each, data,
		&no_audits, error))
		return false;
	watch->is_complete = no_events && no_audits;
	watch->version = version;
	return true;
}

bool store_sqlite_watch(Store *store, StoreWatch *watch, StoreEachSubject each,
    void *data, bool *ret_more, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	bool ok;

	if (!watch->is_begun && !begin(self, watch, error))
		return false;
	if (!watch->has_holds)
		ok = come_by(self, SQL_WATCH_HOLDS, &watch->recipient, each,
		    data, &watch->has_holds, error);
	else if (!watch->has_entries)
		ok = come_by(self, SQL_WATCH_ENTRIES, &watch->entry, each, data,
		    &watch->has_entries, error);
	else
		ok = come_by_changes(self, watch, each, data, error);
	*ret_more = !watch->is_complete;
	return ok;
}
