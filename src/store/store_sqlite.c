/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all of the SQLite backend stands on: the meaning of result codes, and
   prepared statements.  After a step only SQLITE_ROW and SQLITE_DONE are good;
   everything else is a failure, also those nobody has thought of. */

#include "store_sqlite.h"

#include "errors.h"

#include <errno.h>
#include <string.h>

/* The failures of a sync: what was written may or may not be on the disk, and
   a later sync that succeeds proves nothing about it. */
static bool is_sync_failure(int rc)
{
	return rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
}

/* Whether the system said that there is no room.  The connection knows only of
   failures outside a commit; for those the log does. */
static bool is_no_room(StoreSqlite *self)
{
	int os_error = sqlite3_system_errno(self->db);
	sqlite3_file *wal = wal_file(self);

	if (os_error == 0 && wal != NULL)
		(void)wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO,
		    &os_error);
	return os_error == ENOSPC || os_error == EDQUOT;
}

static VpError error_code(StoreSqlite *self, int rc)
{
	if (is_sync_failure(rc))
		return VP_ERROR_FATAL;
	if ((rc & 0xff) == SQLITE_FULL)
		return VP_ERROR_FULL;
	if ((rc & 0xff) == SQLITE_IOERR && is_no_room(self))
		return VP_ERROR_FULL;
	return VP_ERROR_TEMPORARY;
}

static void set_error(StoreSqlite *self, VpError code, int rc, const char *what,
    GError **error)
{
	const char *why = sqlite3_errmsg(self->db);

	/* The message of the connection is of its last call, which need not
	   be the one that failed. */
	if (sqlite3_extended_errcode(self->db) != rc)
		why = sqlite3_errstr(rc);
	/* where SQLite only knows of an I/O error, the system knew more */
	if (code == VP_ERROR_FULL)
		why = "the disk is full";
	g_set_error(error, VP_ERROR, (int)code, "%s: %s: %s", self->path, what,
	    why);
}

bool sqlite_fail(StoreSqlite *self, int rc, const char *what, GError **error)
{
	VpError code = error_code(self, rc);

	if (code == VP_ERROR_FATAL)
		self->is_broken = true;
	set_error(self, code, rc, what, error);
	return false;
}

bool sqlite_fail_open(StoreSqlite *self, int rc, const char *what,
    GError **error)
{
	switch (rc & 0xff) {
	case SQLITE_NOTADB: /* or another program's, says the schema */
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: not a store of verpd", self->path);
		return false;
	case SQLITE_CORRUPT:
	case SQLITE_ERROR: /* a table or column is missing */
		set_error(self, VP_ERROR_CONFIG, rc, what, error);
		return false;
	default:
		return sqlite_fail(self, rc, what, error);
	}
}

Statement *statement_use(StoreSqlite *self, StatementId id, GError **error)
{
	const StatementText *text = &statement_texts[id];
	int rc;

	if (self->statements[id] != NULL)
		return self->statements[id];
	rc = sqlite3_prepare_v3(self->db, text->sql, -1,
	    SQLITE_PREPARE_PERSISTENT, &self->statements[id], NULL);
	if (rc != SQLITE_OK) {
		sqlite_fail(self, rc, text->what, error);
		return NULL;
	}
	return self->statements[id];
}

void statement_release(Statement *stmt)
{
	/* Repeats the failure of the step, which was reported. */
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
}

/* Out of memory ends the process, as in GLib; a wrong index is our bug. */
static void bind_check(int rc)
{
	g_assert(rc == SQLITE_OK);
}

void bind_int(Statement *stmt, int i, int64_t value)
{
	bind_check(sqlite3_bind_int64(stmt, i, value));
}

void bind_text(Statement *stmt, int i, const char *text)
{
	bind_check(sqlite3_bind_text(stmt, i, text != NULL ? text : "", -1,
	    SQLITE_STATIC));
}

void bind_blob(Statement *stmt, int i, const void *bytes, size_t len)
{
	bind_check(sqlite3_bind_blob64(stmt, i, bytes, len, SQLITE_STATIC));
}

void bind_until(Statement *stmt, int i, int64_t until)
{
	if (until == HOLD_FOREVER)
		bind_check(sqlite3_bind_null(stmt, i));
	else
		bind_int(stmt, i, until);
}

int64_t column_until(Statement *stmt, int i)
{
	return sqlite3_column_type(stmt, i) == SQLITE_NULL
		   ? HOLD_FOREVER
		   : sqlite3_column_int64(stmt, i);
}

const char *column_text(Statement *stmt, int i)
{
	const unsigned char *text = sqlite3_column_text(stmt, i);

	return text != NULL ? (const char *)text : "";
}

bool cursor_fail(StoreSqlite *self, GError **error)
{
	return sqlite_fail(self, SQLITE_CORRUPT, "rows out of order", error);
}

bool cursor_move(StoreSqlite *self, int64_t *last, int64_t id, GError **error)
{
	if (id <= *last)
		return cursor_fail(self, error);
	*last = id;
	return true;
}

static const char *statement_what(StoreSqlite *self, Statement *stmt)
{
	for (unsigned i = 0; i < STATEMENT_COUNT; i++)
		if (self->statements[i] == stmt)
			return statement_texts[i].what;
	return "statement";
}

bool statement_step(StoreSqlite *self, Statement *stmt, bool *ret_row,
    GError **error)
{
	int rc = sqlite3_step(stmt);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return sqlite_fail(self, rc, statement_what(self, stmt), error);
	*ret_row = rc == SQLITE_ROW;
	return true;
}

bool statement_run(StoreSqlite *self, Statement *stmt, GError **error)
{
	g_autoptr(Statement) done = stmt;
	int rc = sqlite3_step(done);

	if (rc != SQLITE_DONE)
		return sqlite_fail(self, rc, statement_what(self, stmt), error);
	return true;
}

bool statement_number(StoreSqlite *self, Statement *stmt, int64_t *ret_number,
    GError **error)
{
	g_autoptr(Statement) done = stmt;
	bool row;

	if (done == NULL || !statement_step(self, done, &row, error))
		return false;
	*ret_number = row ? column_int(done, 0) : 0;
	return true;
}

bool statement_numbers(StoreSqlite *self, Statement *stmt, GArray *ret_numbers,
    GError **error)
{
	g_autoptr(Statement) done = stmt;
	bool row;

	for (;;) {
		int64_t number;

		if (!statement_step(self, done, &row, error))
			return false;
		if (!row)
			return true;
		number = column_int(done, 0);
		g_array_append_val(ret_numbers, number);
	}
}
