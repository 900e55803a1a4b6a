/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An SQLite database with one table, that leaves no log beside it. */
#include "table_private.h"

#include <sqlite3.h>

typedef struct Making {
	sqlite3 *db;
	sqlite3_stmt *insert;
} Making;

static const char *words(int rc)
{
	return rc == SQLITE_OK ? NULL : sqlite3_errstr(rc);
}

/* Frees it all, whatever it has. */
static int finish(Making *making, bool is_whole)
{
	int rc = SQLITE_OK, closed;

	(void)sqlite3_finalize(making->insert); /* its step has told */
	if (is_whole)
		rc = sqlite3_exec(making->db, "COMMIT", NULL, NULL, NULL);
	closed = sqlite3_close(making->db);
	g_free(making);
	return rc != SQLITE_OK ? rc : closed;
}

static const char *begin(const char *path, int fd, void **ret_made)
{
	Making *making = g_new0(Making, 1);
	int rc = sqlite3_open(path, &making->db);

	if (rc == SQLITE_OK)
		/* it is synced before it is put into its place */
		rc = sqlite3_exec(making->db,
		    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		    "BEGIN; CREATE TABLE lookup (key TEXT PRIMARY KEY NOT NULL,"
		    " value TEXT NOT NULL) WITHOUT ROWID",
		    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(making->db,
		    "INSERT OR IGNORE INTO lookup VALUES (?1, ?2)", -1,
		    &making->insert, NULL);
	if (rc != SQLITE_OK) {
		(void)finish(making, false); /* RC tells */
		return words(rc);
	}
	*ret_made = making;
	return NULL;
}

static const char *add(void *made, const char *key, const char *value)
{
	const Making *making = made;
	int rc;

	/* the step fails if these do */
	(void)sqlite3_bind_text(making->insert, 1, key, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(making->insert, 2, value, -1, SQLITE_STATIC);
	rc = sqlite3_step(making->insert);
	(void)sqlite3_reset(making->insert); /* RC tells */
	return rc == SQLITE_DONE ? NULL : sqlite3_errstr(rc);
}

static const char *end(void *made, bool is_whole)
{
	return words(finish(made, is_whole));
}

const TableMaker table_sqlite = { "sqlite", "", begin, add, end };
