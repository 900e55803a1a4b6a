/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Forgeries, which touch no recipient.  Anybody can send them, so the rows that
   one hour and one source may add are bounded: beyond that the last row's hits
   are counted up. */

#include "store_sqlite.h"

/* How many rows of HOUR there are (of SOURCE, unless NULL), and the last. */
static bool forged_count(StoreSqlite *self, int64_t hour, const char *source,
    int64_t *ret_count, int64_t *ret_last, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self,
	    source != NULL ? SQL_FORGED_OF_SOURCE : SQL_FORGED_OF_HOUR, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, hour);
	if (source != NULL)
		bind_text(stmt, 2, source);
	if (!statement_step(self, stmt, &row, error))
		return false;
	*ret_count = column_int(stmt, 0);
	*ret_last = column_int(stmt, 1);
	return true;
}

/* Whether the same message was told of before. */
static bool forged_told(StoreSqlite *self, const Forgery *forgery, int64_t hour,
    bool *ret_told, GError **error)
{
	g_autofree char *own = NULL;
	g_autoptr(Statement) stmt = statement_use(self, SQL_FORGED_TOLD, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, hour);
	bind_text(stmt, 2, forgery->source);
	bind_text(stmt, 3, forgery->queue_id);
	bind_text(stmt, 4,
	    self->is_hashed ? address_masked(forgery->address, &own)
			    : forgery->address);
	return statement_step(self, stmt, ret_told, error);
}

static bool forged_insert(StoreSqlite *self, const Forgery *forgery,
    int64_t hour, int64_t hits, GError **error)
{
	g_autofree char *own = NULL;
	Statement *stmt = statement_use(self, SQL_FORGED_INSERT, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, forgery->at);
	bind_int(stmt, 2, hour);
	bind_text(stmt, 3, forgery->source);
	bind_text(stmt, 4,
	    self->is_hashed ? address_masked(forgery->address, &own)
			    : forgery->address);
	bind_text(stmt, 5, forgery->why);
	bind_text(stmt, 6, forgery->queue_id);
	bind_int(stmt, 7, hits);
	return statement_run(self, stmt, error);
}

bool store_sqlite_forged(Store *store, const Forgery *forgery,
    unsigned per_source, unsigned total, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	int64_t hour = hour_of(forgery->at);
	int64_t hits = (int64_t)MAX(forgery->hits, 1);
	int64_t of_source, of_hour, last_of_source, last_of_hour;
	bool told = false;
	Statement *stmt;

	if (forgery->queue_id[0] != '\0' &&
	    !forged_told(self, forgery, hour, &told, error))
		return false;
	if (told)
		return true;
	if (!forged_count(self, hour, forgery->source, &of_source,
		&last_of_source, error) ||
	    !forged_count(self, hour, NULL, &of_hour, &last_of_hour, error))
		return false;
	/* With a bound of 0, too, the first has its row: one to count on. */
	if (of_hour == 0 || (of_source < MAX(per_source, 1) && of_hour < total))
		return forged_insert(self, forgery, hour, hits, error);
	stmt = statement_use(self, SQL_FORGED_HIT, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, of_source > 0 ? last_of_source : last_of_hour);
	bind_int(stmt, 2, hits);
	return statement_run(self, stmt, error);
}
