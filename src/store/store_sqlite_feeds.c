/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How far logs were read, and what of our mail was under way then. */

#include "store_sqlite.h"

#include <string.h>

static void read_feed(Statement *stmt, FeedPosition *position,
    FeedTotals *totals)
{
	const void *digest = sqlite3_column_blob(stmt, 2);

	*position = (FeedPosition){
		.inode = column_int(stmt, 0),
		.offset = column_int(stmt, 1),
		.at = column_int(stmt, 3),
		.repeats = column_int(stmt, 4),
	};
	if (digest != NULL && sqlite3_column_bytes(stmt, 2) == FEED_DIGEST)
		memcpy(position->digest, digest, FEED_DIGEST);
	*totals = (FeedTotals){
		.lines = column_int(stmt, 5),
		.delivered = column_int(stmt, 6),
		.changed = column_int(stmt, 7),
		.deferred = column_int(stmt, 8),
		.bounced = column_int(stmt, 9),
		.expired = column_int(stmt, 10),
		.counted = column_int(stmt, 11),
	};
}

static bool each_join(StoreSqlite *self, const char *name, StoreEachJoin each,
    void *data, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_FEED_JOINS, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	for (;;) {
		FeedJoin join = { 0 };
		int trust;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		trust = trust_from_name(column_text(stmt, 7));
		join = (FeedJoin){
			.queue_id = column_text(stmt, 0),
			.at = column_int(stmt, 1),
			.campaign = column_text(stmt, 2),
			.campaign_id = column_int(stmt, 3),
			.recipient_id = column_int(stmt, 4),
			.recipient_hash = column_int(stmt, 5),
			.token_day = column_int(stmt, 6),
			.trust = trust >= 0 ? (Trust)trust : TRUST_RECORD,
		};
		if (!each(&join, data))
			return true;
	}
}

bool store_sqlite_feed_load(Store *store, const char *name,
    FeedPosition *ret_position, FeedTotals *ret_totals, bool *ret_found,
    StoreEachJoin each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_FEED_LOAD, error);
	bool ok;

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	ok = statement_step(self, stmt, ret_found, error);
	if (ok && *ret_found)
		read_feed(stmt, ret_position, ret_totals);
	statement_release(stmt);
	return ok && (!*ret_found || each_join(self, name, each, data, error));
}

bool store_sqlite_feed_save(Store *store, const char *name,
    const FeedPosition *position, const FeedTotals *totals, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_FEED_SAVE, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_int(stmt, 2, position->inode);
	bind_int(stmt, 3, position->offset);
	bind_blob(stmt, 4, position->digest, FEED_DIGEST);
	bind_int(stmt, 5, position->at);
	bind_int(stmt, 6, position->repeats);
	bind_int(stmt, 7, totals->lines);
	bind_int(stmt, 8, totals->delivered);
	bind_int(stmt, 9, totals->changed);
	bind_int(stmt, 10, totals->deferred);
	bind_int(stmt, 11, totals->bounced);
	bind_int(stmt, 12, totals->expired);
	bind_int(stmt, 13, totals->counted);
	return statement_run(self, stmt, error);
}

bool store_sqlite_feed_join(Store *store, const char *name, const FeedJoin *row,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_FEED_JOIN, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_text(stmt, 2, row->queue_id);
	bind_int(stmt, 3, row->at);
	bind_text(stmt, 4, row->campaign);
	bind_int(stmt, 5, row->campaign_id);
	bind_int(stmt, 6, row->recipient_id);
	bind_int(stmt, 7, row->recipient_hash);
	bind_int(stmt, 8, row->token_day);
	bind_text(stmt, 9, trust_name(row->trust));
	return statement_run(self, stmt, error);
}

bool store_sqlite_feed_part(Store *store, const char *name,
    const char *queue_id, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_FEED_PART, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_text(stmt, 2, queue_id);
	return statement_run(self, stmt, error);
}

bool store_sqlite_feed_wait(Store *store, const char *name,
    const char *queue_id, const FeedWaiting *row, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_FEED_WAIT, error);
	g_autofree char *own = NULL;

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_text(stmt, 2, queue_id);
	bind_int(stmt, 3, row->recipient_id);
	bind_int(stmt, 4, row->at);
	bind_text(stmt, 5, row->status);
	bind_text(stmt, 6,
	    self->is_hashed ? address_masked(row->said, &own) : row->said);
	bind_text(stmt, 7, row->relay);
	return statement_run(self, stmt, error);
}

bool store_sqlite_feed_unwait(Store *store, const char *name,
    const char *queue_id, int64_t recipient_id, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_FEED_UNWAIT, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_text(stmt, 2, queue_id);
	bind_int(stmt, 3, recipient_id);
	return statement_run(self, stmt, error);
}

bool store_sqlite_feed_each_waiting(Store *store, const char *name,
    const char *queue_id, StoreEachWaiting each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_FEED_WAITING, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_text(stmt, 2, queue_id);
	for (;;) {
		FeedWaiting waiting;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		waiting = (FeedWaiting){
			.recipient_id = column_int(stmt, 0),
			.at = column_int(stmt, 1),
			.status = column_text(stmt, 2),
			.said = column_text(stmt, 3),
			.relay = column_text(stmt, 4),
		};
		if (!each(&waiting, data))
			return true;
	}
}
