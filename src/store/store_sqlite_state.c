/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of a recipient: what is counted of him, and what holds back his
   mail, read before a verdict is applied and written after. */

#include "store_sqlite.h"

#include "errors.h"

static bool load_counts(StoreSqlite *self, int64_t recipient_id,
    RecipientState *state, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_LOAD_COUNTS, error);
	bool found;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	if (!statement_step(self, stmt, &found, error))
		return false;
	if (!found) {
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "no such recipient");
		return false;
	}
	if (!hits_decode(column_text(stmt, 0), &state->track[CAUSE_SOFT]) ||
	    !counts_decode(column_text(stmt, 3), state)) {
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY,
		    "%s: recipient %" G_GINT64_FORMAT
		    ": what is counted cannot be read",
		    self->path, recipient_id);
		return false;
	}
	state->track[CAUSE_SOFT].rung = (unsigned)column_int(stmt, 1);
	state->track[CAUSE_SOFT].rung_end = column_int(stmt, 2);
	return true;
}

static bool load_holds(StoreSqlite *self, int64_t recipient_id,
    const char *stream, RecipientState *state, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_LOAD_HOLDS, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_text(stmt, 2, stream);
	for (;;) {
		int cause;
		Hold hold;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		cause = cause_from_name(column_text(stmt, 0));
		hold.since = column_int(stmt, 1);
		hold.until = column_until(stmt, 2);
		/* By hand in this stream and in all: the longer counts. */
		if (cause >= 0 && hold.until > state->hold[cause].until)
			state->hold[cause] = hold;
	}
}

bool store_sqlite_load(Store *store, int64_t recipient_id, const char *stream,
    RecipientState *ret_state, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	RecipientState state = { 0 };

	if (!load_counts(self, recipient_id, &state, error) ||
	    !load_holds(self, recipient_id, stream, &state, error))
		return false;
	*ret_state = state;
	return true;
}

bool hold_put(StoreSqlite *self, int64_t recipient_id, const char *stream,
    Cause cause, Hold hold, int64_t event_id, const char *note, GError **error)
{
	Statement *stmt = statement_use(self, SQL_HOLD_PUT, error);
	g_autofree char *own = NULL;

	if (stmt == NULL)
		return false;
	if (self->is_hashed)
		note = address_masked(note, &own);
	bind_int(stmt, 1, recipient_id);
	bind_text(stmt, 2, stream);
	bind_text(stmt, 3, cause_name(cause));
	bind_int(stmt, 4, hold.since);
	bind_until(stmt, 5, hold.until);
	if (event_id != 0) /* else it stays NULL */
		bind_int(stmt, 6, event_id);
	bind_text(stmt, 7, note);
	return statement_run(self, stmt, error);
}

bool hold_delete(StoreSqlite *self, int64_t recipient_id, const char *stream,
    Cause cause, GError **error)
{
	Statement *stmt = statement_use(self, SQL_HOLD_DELETE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_text(stmt, 2, stream);
	bind_text(stmt, 3, cause_name(cause));
	return statement_run(self, stmt, error);
}

bool counts_put(StoreSqlite *self, int64_t recipient_id,
    const RecipientState *state, GError **error)
{
	const Track *track = &state->track[CAUSE_SOFT];
	g_autofree char *soft = hits_encode(track);
	g_autofree char *counts = counts_encode(state);
	Statement *stmt = statement_use(self, SQL_SAVE_COUNTS, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_text(stmt, 2, soft);
	bind_int(stmt, 3, track->rung);
	bind_int(stmt, 4, track->rung_end);
	bind_text(stmt, 5, counts);
	return statement_run(self, stmt, error);
}

static bool save_hold(StoreSqlite *self, int64_t recipient_id,
    const char *stream, Cause cause, Hold before, Hold after, int64_t event_id,
    GError **error)
{
	if (before.since == after.since && before.until == after.until)
		return true;
	if (after.since == 0)
		return hold_delete(self, recipient_id, stream, cause, error);
	return hold_put(self, recipient_id, stream, cause, after, event_id, "",
	    error);
}

bool store_sqlite_save(Store *store, int64_t recipient_id, const char *stream,
    const RecipientState *before, const RecipientState *after, int64_t event_id,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;

	if (!counts_are_equal(before, after) &&
	    !counts_put(self, recipient_id, after, error))
		return false;
	for (Cause cause = 0; cause < CAUSE_COUNT; cause++) {
		/* A hold by hand is store_add()'s and store_release()'s. */
		if (cause == CAUSE_MANUAL)
			continue;
		if (!save_hold(self, recipient_id,
			cause == CAUSE_UNSUBSCRIBE ? stream : "", cause,
			before->hold[cause], after->hold[cause], event_id,
			error))
			return false;
	}
	return true;
}
