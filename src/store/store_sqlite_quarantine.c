/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages that wait for a person, and what becomes of their events.  The sum
   of their sizes is kept by the tables themselves, so holding to a bound costs
   a look at the oldest and no scan. */

#include "store_sqlite.h"

#include "errors.h"

/* The recorder deletes at most so many for each it keeps: more than it adds,
   so a bound that was lowered is reached, and few enough to be quick. */
enum { SHRINK_ROWS = 8 };

/* ---- the bound ---- */

static bool kept_total(StoreSqlite *self, uint64_t *ret_octets, GError **error)
{
	int64_t octets;

	if (!statement_number(self, statement_use(self, SQL_KEPT_TOTAL, error),
		&octets, error))
		return false;
	*ret_octets = (uint64_t)MAX(octets, 0);
	return true;
}

/* The oldest message after *FIRST_EVENT; *RET_IS_BEYOND: there is one, and with
   TOTAL octets from it on it may not stay. */
static bool next_beyond(StoreSqlite *self, const StoreQuota *quota, int64_t now,
    uint64_t total, int64_t *first_event, uint64_t *ret_octets,
    bool *ret_is_beyond, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_KEPT_NEXT, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *first_event);
	if (!statement_step(self, stmt, &row, error))
		return false;
	*ret_is_beyond = row && (total > quota->octets ||
				    column_int(stmt, 1) <
					now - MAX(quota->seconds, 0));
	if (!row)
		return true;
	*ret_octets = (uint64_t)MAX(column_int(stmt, 2), 0);
	return cursor_move(self, first_event, column_int(stmt, 0), error);
}

static bool message_delete(StoreSqlite *self, int64_t first_event,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_KEPT_DELETE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, first_event);
	return statement_run(self, stmt, error);
}

/* Walks the oldest while they are beyond QUOTA, at most MAX of them. */
static bool walk_beyond(StoreSqlite *self, const StoreQuota *quota, int64_t now,
    uint64_t max, bool is_deleting, uint64_t *ret_n, GError **error)
{
	int64_t first_event = INT64_MIN;
	uint64_t total, n = 0;

	if (!kept_total(self, &total, error))
		return false;
	for (; n < max; n++) {
		uint64_t octets = 0;
		bool is_beyond;

		if (!next_beyond(self, quota, now, total, &first_event, &octets,
			&is_beyond, error))
			return false;
		if (!is_beyond)
			break;
		if (is_deleting && !message_delete(self, first_event, error))
			return false;
		total -= MIN(octets, total);
	}
	*ret_n = n;
	return true;
}

bool quarantine_excess(StoreSqlite *self, const StoreQuota *quota, int64_t now,
    uint64_t *ret_n, GError **error)
{
	return walk_beyond(self, quota, now, UINT64_MAX, false, ret_n, error);
}

bool quarantine_shrink(StoreSqlite *self, const StoreQuota *quota, int64_t now,
    unsigned max, uint64_t *ret_n, GError **error)
{
	return walk_beyond(self, quota, now, max, true, ret_n, error);
}

/* ---- keeping ---- */

bool store_sqlite_keep(Store *store, const KeptMessage *message,
    const StoreQuota *quota, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt;
	const void *bytes;
	size_t len;
	uint64_t n;

	bytes = g_bytes_get_data(message->bytes, &len);
	/* What can never fit would only drive out all the others.  And a
	   message names people in its text, where no mask finds them all. */
	if (len > quota->octets || self->is_hashed)
		return true;
	stmt = statement_use(self, SQL_KEPT_INSERT, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, message->first_event);
	bind_int(stmt, 2, message->last_event);
	bind_int(stmt, 3, message->at);
	bind_text(stmt, 4, message->sender);
	bind_int(stmt, 5, (int64_t)len);
	bind_blob(stmt, 6, bytes != NULL ? bytes : "", len);
	return statement_run(self, stmt, error) &&
	       quarantine_shrink(self, quota, message->at, SHRINK_ROWS, &n,
		   error);
}

bool store_sqlite_kept(Store *store, int64_t event_id, KeptMessage *ret_message,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autoptr(Statement) stmt = statement_use(self, SQL_KEPT, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, event_id);
	if (!statement_step(self, stmt, &row, error))
		return false;
	if (!row || column_int(stmt, 1) < event_id) {
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "no message of event %" G_GINT64_FORMAT " is kept",
		    event_id);
		return false;
	}
	ret_message->first_event = column_int(stmt, 0);
	ret_message->last_event = column_int(stmt, 1);
	ret_message->at = column_int(stmt, 2);
	ret_message->sender = g_strdup(column_text(stmt, 3));
	ret_message->bytes = g_bytes_new(sqlite3_column_blob(stmt, 4),
	    (size_t)sqlite3_column_bytes(stmt, 4));
	return true;
}

/* ---- reviewing ---- */

static bool review_note(StoreSqlite *self, int64_t event_id, int64_t now,
    int64_t new_event, GError **error)
{
	Statement *stmt = statement_use(self, SQL_REVIEW_INSERT, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, event_id);
	bind_int(stmt, 2, now);
	if (new_event != 0) /* else it stays NULL */
		bind_int(stmt, 3, new_event);
	if (!statement_run(self, stmt, error))
		return false;
	if (sqlite3_changes(self->db) > 0)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
	    "event %" G_GINT64_FORMAT " does not wait for review", event_id);
	return false;
}

static bool review_message(StoreSqlite *self, int64_t event_id, GError **error)
{
	Statement *stmt = statement_use(self, SQL_REVIEW_MESSAGE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, event_id);
	return statement_run(self, stmt, error);
}

bool store_sqlite_review(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autofree char *reason = NULL;
	AuditRow row = { .action = "drop",
		.recipient_id = event->recipient_id,
		.stream = event->stream,
		.cause = -1 };

	if (new_event != 0) {
		row.action = "reclassify";
		reason = g_strdup_printf("event %" G_GINT64_FORMAT
					 " as %" G_GINT64_FORMAT ": %s",
		    event->id, new_event, change->reason);
	} else {
		reason = g_strdup_printf("event %" G_GINT64_FORMAT ": %s",
		    event->id, change->reason);
	}
	row.reason = reason;
	return review_note(self, event->id, change->now, new_event, error) &&
	       review_message(self, event->id, error) &&
	       audit_write(self, change, &row, error);
}
