/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole store, copied and put back.  A copy is of one moment: the snapshot
   is held until all is copied, so writers neither wait nor make it begin anew.
   It bears a mark until it is restored, and may only be read: whoever wrote to
   it would give out ids once more that others have by now.  Restoring makes a
   new epoch, which no old token was signed under. */

#include "store_sqlite.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Fills the empty file at PATH, and sets it up by SQL. */
static bool fill(sqlite3 *source, const char *path, const char *sql,
    StoreProgress progress, void *data, GError **error)
{
	sqlite3 *to = NULL;
	int rc = sqlite3_open_v2(path, &to,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	/* A draft needs no journal. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to,
		    "PRAGMA synchronous = FULL; PRAGMA journal_mode = OFF",
		    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = copy_pages(source, to, progress, data);
	/* One file, without a log beside it. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL,
		    NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		file_fail(to, rc, path, error);
	if (sqlite3_close(to) != SQLITE_OK)
		g_assert_not_reached();
	return rc == SQLITE_OK;
}

static bool file_sync(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		path_fail_errno(VP_ERROR_TEMPORARY, path, "sync", error);
	if (fd >= 0)
		(void)close(fd); /* nothing was written through it */
	return ok;
}

/* Gives DRAFT its name.  link() takes nobody else's. */
static bool give_name(const char *draft, const char *path, bool replaces,
    GError **error)
{
	if (replaces ? rename(draft, path) == 0 : link(draft, path) == 0)
		return true;
	if (errno == EEXIST)
		return path_fail(VP_ERROR_CONFIG, path, "is there already",
		    error);
	return path_fail_errno(VP_ERROR_CONFIG, path, "create", error);
}

static bool copy_to(sqlite3 *source, const char *path, bool replaces,
    const char *sql, StoreProgress progress, void *data, GError **error)
{
	g_autofree char *draft = g_strconcat(path, ".new-XXXXXX", NULL);
	int fd = g_mkstemp_full(draft, O_RDWR | O_CLOEXEC, 0640);
	bool ok;

	if (fd < 0)
		return path_fail_errno(VP_ERROR_CONFIG, draft, "create", error);
	/* The umask does not widen or narrow it. */
	ok = fchmod(fd, 0640) == 0;
	if (close(fd) != 0)
		ok = false;
	if (!ok)
		path_fail_errno(VP_ERROR_TEMPORARY, draft, "create", error);
	ok = ok && fill(source, draft, sql, progress, data, error) &&
	     file_sync(draft, error) && give_name(draft, path, replaces, error);
	(void)unlink(draft); /* at worst a draft is left lying */
	return ok && directory_sync(path, error);
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
	     copy_to(self->db, whole, replaces, sql, progress, data, error);
	store_sqlite_rollback(store);
	return ok;
}

/* ---- restore ---- */

/* When the backup DB was made; VP_ERROR_CONFIG: it is none. */
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
	       path_fail(VP_ERROR_CONFIG, path,
		   "is no backup that verpctl backup made", error);
}

static bool check_backup(sqlite3 *db, const char *path, const Schema *schema,
    int64_t *ret_at, GError **error)
{
	int version = 0;
	int rc = schema_version(db, &version);

	if (rc != SQLITE_OK || version == 0)
		return path_fail(VP_ERROR_CONFIG, path, "not a store of verpd",
		    error);
	if (version > schema->version)
		return path_fail(VP_ERROR_CONFIG, path,
		    "is of a newer verpd than this one", error);
	return backup_time(db, path, ret_at, error);
}

bool store_sqlite_restore(const char *from, const char *path,
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
	if (rc != SQLITE_OK)
		ok = path_fail(VP_ERROR_CONFIG, source, sqlite3_errmsg(db),
		    error);
	else
		ok = check_backup(db, source, schema, ret_at, error) &&
		     copy_to(db, whole, false, sql, progress, data, error);
	if (sqlite3_close(db) != SQLITE_OK)
		g_assert_not_reached();
	return ok;
}
