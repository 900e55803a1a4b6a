/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole store, copied and put back.  A copy is of one moment: the snapshot
   is held until all is copied, so writers neither wait nor make it begin anew.
   It bears a mark until it is restored, and may only be read: whoever wrote to
   it would give out ids once more that others have by now.  Restoring makes a
   new epoch, which no old token was signed under. */

#include "store_sqlite.h"

#include "errors.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { COPY_PAGES = 256 };

static bool file_fail(sqlite3 *db, int rc, const char *path, GError **error)
{
	int os_error = sqlite3_system_errno(db);
	bool is_full = (rc & 0xff) == SQLITE_FULL || os_error == ENOSPC ||
		       os_error == EDQUOT;

	g_set_error(error, VP_ERROR,
	    is_full ? VP_ERROR_FULL : VP_ERROR_TEMPORARY, "%s: %s", path,
	    is_full ? "the disk is full" : sqlite3_errstr(rc));
	return false;
}

/* All of SOURCE into the empty database TO. */
static int copy_pages(sqlite3 *source, sqlite3 *to, StoreProgress progress,
    void *data)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", source,
	    "main");
	int rc;

	if (backup == NULL)
		return sqlite3_errcode(to);
	do {
		uint64_t total;

		rc = sqlite3_backup_step(backup, COPY_PAGES);
		total = (uint64_t)sqlite3_backup_pagecount(backup);
		if (progress != NULL)
			progress(total -
				     (uint64_t)sqlite3_backup_remaining(backup),
			    total, data);
	} while (rc == SQLITE_OK);
	(void)sqlite3_backup_finish(backup); /* repeats the failure */
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A copy as it is to be made. */
typedef struct Copy {
	sqlite3 *source;
	const char *sql; /* sets the copy up */
	StoreProgress progress;
	void *data;
} Copy;

static bool copy_to(const char *draft, void *data, GError **error)
{
	const Copy *copy = data;
	sqlite3 *to = NULL;
	int rc = sqlite3_open_v2(draft, &to,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	/* A draft needs no journal. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to,
		    "PRAGMA synchronous = FULL; PRAGMA journal_mode = OFF",
		    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = copy_pages(copy->source, to, copy->progress, copy->data);
	/* One file, without a log beside it. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL,
		    NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to, copy->sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		file_fail(to, rc, draft, error);
	if (sqlite3_close(to) != SQLITE_OK)
		g_assert_not_reached();
	return rc == SQLITE_OK;
}

/* ---- backup ---- */

static bool pin_snapshot(StoreSqlite *self, GError **error)
{
	int rc = sqlite3_exec(self->db, "SELECT count(*) FROM meta", NULL, NULL,
	    NULL);

	return rc == SQLITE_OK || sqlite_fail(self, rc, "backup", error);
}

bool store_sqlite_backup(Store *store, const char *path, bool replaces,
    int64_t now, StoreProgress progress, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autofree char *whole = g_canonicalize_filename(path, NULL);
	/* A number of our own; a blob, as all of meta. */
	g_autofree char *sql =
	    g_strdup_printf("INSERT OR REPLACE INTO meta VALUES"
			    " ('backup', CAST('%" G_GINT64_FORMAT "' AS BLOB))",
		now);
	Copy copy = { self->db, sql, progress, data };
	struct stat st;
	bool ok;

	if (strcmp(whole, self->path) == 0)
		return path_fail(VP_ERROR_CONFIG, whole, "is the store itself",
		    error);
	if (!replaces && lstat(whole, &st) == 0)
		return path_fail(VP_ERROR_CONFIG, whole, "is there already",
		    error);
	if (!store_sqlite_begin_read(self, error))
		return false;
	ok = pin_snapshot(self, error) &&
	     file_make(whole, replaces, copy_to, &copy, error);
	store_sqlite_rollback(store);
	return ok;
}

/* ---- restore ---- */

/* When the backup DB was made; VP_ERROR_SYNTAX: it is none. */
static bool backup_time(sqlite3 *db, const char *path, int64_t *ret_at,
    GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db,
	    "SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM meta"
	    " WHERE name = 'backup'",
	    -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_at = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats the failure of the step */
	return rc == SQLITE_ROW ||
	       path_fail(VP_ERROR_SYNTAX, path,
		   "is no backup that verpctl backup made", error);
}

static bool check_backup(sqlite3 *db, const char *path, const Schema *schema,
    int64_t *ret_at, GError **error)
{
	int version = 0;
	int rc = schema_version(db, &version);

	if (rc != SQLITE_OK || version == 0)
		return path_fail(VP_ERROR_SYNTAX, path, "not a store of verpd",
		    error);
	if (version > schema->version)
		return path_fail(VP_ERROR_SYNTAX, path,
		    "is of a newer verpd than this one", error);
	return backup_time(db, path, ret_at, error);
}

bool store_sqlite_restore(const char *from, const char *path, bool is_dry_run,
    const Schema *schema, StoreProgress progress, void *data, int64_t *ret_at,
    GError **error)
{
	static const char sql[] =
	    "BEGIN;"
	    "DELETE FROM meta WHERE name = 'backup';"
	    "UPDATE meta SET value = randomblob(16) WHERE name = 'epoch';"
	    "COMMIT";
	g_autofree char *source = g_canonicalize_filename(from, NULL);
	g_autofree char *whole = g_canonicalize_filename(path, NULL);
	Copy copy = { NULL, sql, progress, data };
	sqlite3 *db = NULL;
	bool ok;
	int rc;

	if (!check_nothing_there(whole, error))
		return false;
	if (daemon_is_running(whole))
		return path_fail(VP_ERROR_CONFIG, whole,
		    "verpd runs on it; stop it first", error);
	rc = sqlite3_open_v2(source, &db,
	    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	copy.source = db;
	if (rc != SQLITE_OK)
		ok = path_fail(VP_ERROR_SYNTAX, source, sqlite3_errmsg(db),
		    error);
	else
		ok = check_backup(db, source, schema, ret_at, error);
	if (ok && !is_dry_run)
		ok = file_make(whole, false, copy_to, &copy, error);
	if (sqlite3_close(db) != SQLITE_OK)
		g_assert_not_reached();
	return ok;
}
