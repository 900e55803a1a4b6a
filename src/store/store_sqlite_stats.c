/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counting everything, a few milliseconds' worth of rows at a time. */

#include "store_sqlite.h"

enum { CHUNK_ROWS = 5000 };

/* One chunk of a statement that gives count(*), max(id) and perhaps a sum. */
static bool count_chunk(StoreSqlite *self, StatementId id, int64_t since,
    int64_t *last_id, int64_t *ret_count, int64_t *sum, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, id, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *last_id);
	bind_int(stmt, 2, CHUNK_ROWS);
	if (sqlite3_bind_parameter_count(stmt) > 2)
		bind_int(stmt, 3, since);
	if (!statement_step(self, stmt, &row, error))
		return false;
	*ret_count = column_int(stmt, 0);
	if (*ret_count > 0 &&
	    !cursor_move(self, last_id, column_int(stmt, 1), error))
		return false;
	if (sqlite3_column_count(stmt) > 2)
		*sum += column_int(stmt, 2);
	return true;
}

static bool count_by_id(StoreSqlite *self, StatementId id, int64_t since,
    int64_t *count, int64_t *sum, GError **error)
{
	int64_t last_id = 0, n;

	do {
		if (!count_chunk(self, id, since, &last_id, &n, sum, error))
			return false;
		*count += n;
	} while (n == CHUNK_ROWS);
	return true;
}

static bool count_campaigns(StoreSqlite *self, int64_t *count, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_COUNT_CAMPAIGNS, error);
	bool row;

	if (stmt == NULL || !statement_step(self, stmt, &row, error))
		return false;
	*count = column_int(stmt, 0);
	return true;
}

static bool count_breakers(StoreSqlite *self, StoreStats *stats, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_COUNT_BREAKERS, error);
	bool row;

	if (stmt == NULL || !statement_step(self, stmt, &row, error))
		return false;
	stats->breakers = column_int(stmt, 0);
	stats->marked = column_int(stmt, 1);
	return true;
}

static bool count_kept(StoreSqlite *self, int64_t *ret_octets, GError **error)
{
	return statement_number(self,
	    statement_use(self, SQL_KEPT_TOTAL, error), ret_octets, error);
}

static bool deliveries_chunk(StoreSqlite *self, int64_t since, GBytes **last,
    StoreStats *stats, bool *ret_more, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_COUNT_DELIVERIES, error);
	size_t len;
	const void *bytes = g_bytes_get_data(*last, &len);
	bool row;

	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, bytes != NULL ? bytes : "", len);
	bind_int(stmt, 2, CHUNK_ROWS);
	bind_int(stmt, 3, since);
	if (!statement_step(self, stmt, &row, error))
		return false;
	*ret_more = column_int(stmt, 0) == CHUNK_ROWS;
	stats->deliveries += column_int(stmt, 2);
	stats->duplicates += column_int(stmt, 3);
	if (*ret_more) {
		GBytes *next = g_bytes_new(sqlite3_column_blob(stmt, 1),
		    (size_t)sqlite3_column_bytes(stmt, 1));

		bool is_beyond = g_bytes_compare(next, *last) > 0;

		/* The statement is done with the old one: aggregates step
		   once. */
		g_bytes_unref(*last);
		*last = next;
		if (!is_beyond)
			return cursor_fail(self, error);
	}
	return true;
}

static bool count_deliveries(StoreSqlite *self, int64_t since,
    StoreStats *stats, GError **error)
{
	GBytes *last = g_bytes_new(NULL, 0);
	bool more = true, ok = true;

	while (ok && more)
		ok = deliveries_chunk(self, since, &last, stats, &more, error);
	g_bytes_unref(last);
	return ok;
}

static bool events_chunk(StoreSqlite *self, int64_t since, int64_t *last_id,
    StoreStats *stats, unsigned *ret_n, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_COUNT_EVENTS, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *last_id);
	bind_int(stmt, 2, CHUNK_ROWS);
	for (*ret_n = 0;; (*ret_n)++) {
		int class_;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		if (!cursor_move(self, last_id, column_int(stmt, 0), error))
			return false;
		if (column_int(stmt, 1) < since)
			continue;
		class_ = vp_class_from_name(column_text(stmt, 2));
		stats->events++;
		stats->by_class[class_ >= 0 ? class_ : VP_CLASS_UNKNOWN]++;
		stats->needs_review += column_int(stmt, 3) != 0;
	}
}

static bool count_events(StoreSqlite *self, int64_t since, StoreStats *stats,
    GError **error)
{
	int64_t last_id = 0;
	unsigned n;

	if (since > 0 && !events_since(self, since, &last_id, error))
		return false;
	do {
		if (!events_chunk(self, since, &last_id, stats, &n, error))
			return false;
	} while (n == CHUNK_ROWS);
	return true;
}

static bool holds_chunk(StoreSqlite *self, int64_t now, int64_t *recipient_id,
    char **stream, char **cause, StoreStats *stats, unsigned *ret_n,
    GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_COUNT_HOLDS, error);
	g_autofree char *after_stream = g_steal_pointer(stream);
	g_autofree char *after_cause = g_steal_pointer(cause);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *recipient_id);
	bind_text(stmt, 2, after_stream);
	bind_text(stmt, 3, after_cause);
	bind_int(stmt, 4, CHUNK_ROWS);
	for (*ret_n = 0;;) {
		Hold hold;
		int which;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		which = cause_from_name(column_text(stmt, 2));
		hold = (Hold){ column_int(stmt, 3), column_until(stmt, 4) };
		if (which >= 0 && hold_is_active(hold, now))
			stats->by_cause[which]++;
		if (++*ret_n == CHUNK_ROWS) {
			if (column_int(stmt, 0) < *recipient_id)
				return cursor_fail(self, error);
			*recipient_id = column_int(stmt, 0);
			*stream = g_strdup(column_text(stmt, 1));
			*cause = g_strdup(column_text(stmt, 2));
			return true;
		}
	}
}

static bool count_holds(StoreSqlite *self, int64_t now, StoreStats *stats,
    GError **error)
{
	g_autofree char *stream = g_strdup("");
	g_autofree char *cause = g_strdup("");
	int64_t recipient_id = 0;
	unsigned n;

	do {
		if (!holds_chunk(self, now, &recipient_id, &stream, &cause,
			stats, &n, error))
			return false;
	} while (n == CHUNK_ROWS);
	return true;
}

bool store_sqlite_stats(Store *store, int64_t since, int64_t now,
    StoreStats *ret_stats, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	StoreStats stats = { 0 };
	int64_t rows = 0;

	if (!count_by_id(self, SQL_COUNT_RECIPIENTS, 0, &stats.recipients,
		&rows, error) ||
	    !count_campaigns(self, &stats.campaigns, error) ||
	    !count_deliveries(self, since, &stats, error) ||
	    !count_by_id(self, SQL_COUNT_FORGED, since, &rows, &stats.forged,
		error) ||
	    !count_events(self, since, &stats, error) ||
	    !count_holds(self, now, &stats, error) ||
	    !count_breakers(self, &stats, error) ||
	    !count_kept(self, &stats.kept, error))
		return false;
	*ret_stats = stats;
	return true;
}
