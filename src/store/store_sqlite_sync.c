/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transactions, and when they are on the disk.

   A commit of STORE_DAEMON is in the write-ahead log but not yet durable;
   store_sync() makes it so with one sync of the log for any number of them.
   Four things keep that safe (each has a test that fails without it):
   - The log is asked for anew at each sync: SQLite may have closed it and
     opened another since.
   - It is synced even if this connection wrote nothing: what it saw as a
     duplicate may be the unsynced commit of another process.
   - No automatic checkpoint: it would sync the log inside a commit and swallow
     a failure.  We checkpoint here, after the sync, and see the result.
   - A sync or checkpoint that fails breaks the connection for good.  The kernel
     reports a lost write once, and holds the page for clean from then on; the
     next sync would succeed and prove nothing.  Only wal_recover() in a new
     process, which writes the log once more, puts that right. */

#include "store_sqlite.h"

#include "errors.h"

enum {
	CHECKPOINT_FRAMES = 1000,         /* about 4 MB of log */
	BULK_FRAMES = 32000,              /* while much is written at once */
	WAL_BYTES_MAX = 16 * 1024 * 1024, /* then it is cut off, if possible */
	REWRITE_CHUNK = 64 * 1024,
};

sqlite3_file *wal_file(StoreSqlite *self)
{
	sqlite3_file *wal = NULL;
	int rc = sqlite3_file_control(self->db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &wal);

	return rc == SQLITE_OK && wal != NULL && wal->pMethods != NULL ? wal
								       : NULL;
}

static bool check_whole(StoreSqlite *self, GError **error)
{
	if (!self->is_broken)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_FATAL,
	    "%s: an earlier sync failed", self->path);
	return false;
}

static bool run(StoreSqlite *self, StatementId id, GError **error)
{
	Statement *stmt = statement_use(self, id, error);

	return stmt != NULL && statement_run(self, stmt, error);
}

bool store_sqlite_begin(Store *store, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;

	return check_whole(self, error) && run(self, SQL_BEGIN, error);
}

bool store_sqlite_begin_read(StoreSqlite *self, GError **error)
{
	return check_whole(self, error) && run(self, SQL_BEGIN_READ, error);
}

bool store_sqlite_look(Store *store, GError **error)
{
	return store_sqlite_begin_read((StoreSqlite *)store, error);
}

bool store_sqlite_commit(Store *store, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;

	return check_whole(self, error) && run(self, SQL_COMMIT, error);
}

void store_sqlite_rollback(Store *store)
{
	StoreSqlite *self = (StoreSqlite *)store;

	self->hour_noted = INT64_MIN; /* it may have been noted just now */
	/* If even that fails the connection keeps its lock and every later
	   begin fails: nothing is acknowledged. */
	if (!sqlite3_get_autocommit(self->db))
		(void)run(self, SQL_ROLLBACK, NULL);
}

static int count_frames(void *data, sqlite3 *db, const char *name, int frames)
{
	StoreSqlite *self = data;

	/* Fewer than before: the log was begun anew. */
	if (frames < self->wal_frames)
		self->wal_checkpointed = 0;
	self->wal_frames = frames;
	return SQLITE_OK;
}

void wal_watch(StoreSqlite *self)
{
	/* Takes the place of SQLite's own hook, the automatic checkpoint. */
	(void)sqlite3_wal_autocheckpoint(self->db, 0);
	(void)sqlite3_wal_hook(self->db, count_frames, self);
}

static bool fatal(StoreSqlite *self, int rc, const char *what, GError **error)
{
	self->is_broken = true;
	g_set_error(error, VP_ERROR, VP_ERROR_FATAL, "%s: %s: %s", self->path,
	    what, sqlite3_errstr(rc));
	return false;
}

static bool wal_checkpoint(StoreSqlite *self, int mode, GError **error)
{
	int frames = -1, moved = -1;
	int rc;

	/* Nobody waits for a checkpoint. */
	(void)sqlite3_busy_timeout(self->db, 0);
	rc = sqlite3_wal_checkpoint_v2(self->db, "main", mode, &frames, &moved);
	(void)sqlite3_busy_timeout(self->db, (int)self->busy_ms);
	if (frames >= 0 && moved >= 0) {
		self->wal_frames = frames;
		self->wal_checkpointed = moved;
	}
	/* Busy: a reader needs the log, or another checkpoints.  Later. */
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ||
	    (rc & 0xff) == SQLITE_LOCKED)
		return true;
	return fatal(self, rc, "checkpoint", error);
}

static bool checkpoint_when_due(StoreSqlite *self, sqlite3_file *wal,
    GError **error)
{
	sqlite3_int64 size = 0;
	int rc;

	if (self->wal_frames - self->wal_checkpointed < CHECKPOINT_FRAMES)
		return true;
	rc = wal->pMethods->xFileSize(wal, &size);
	if (rc != SQLITE_OK)
		return fatal(self, rc, "size of the log", error);
	return wal_checkpoint(self,
	    size > WAL_BYTES_MAX ? SQLITE_CHECKPOINT_TRUNCATE
				 : SQLITE_CHECKPOINT_PASSIVE,
	    error);
}

bool store_sqlite_sync(Store *store, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	sqlite3_file *wal;
	int rc;

	if (!check_whole(self, error))
		return false;
	wal = wal_file(self);
	if (wal == NULL)
		return fatal(self, SQLITE_CANTOPEN, "find the log", error);
	rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
	if (rc != SQLITE_OK)
		return fatal(self, rc, "sync", error);
	return self->mode == STORE_READ ||
	       checkpoint_when_due(self, wal, error);
}

/* Writers are kept away only while the log is cut off, when next to nothing is
   left to move.  Pages that are written often are moved seldom so. */
bool wal_shorten(StoreSqlite *self, GError **error)
{
	if (self->wal_frames - self->wal_checkpointed < BULK_FRAMES)
		return true;
	return wal_checkpoint(self, SQLITE_CHECKPOINT_PASSIVE, error) &&
	       (self->wal_frames - self->wal_checkpointed >= BULK_FRAMES ||
		   wal_checkpoint(self, SQLITE_CHECKPOINT_TRUNCATE, error));
}

/* Writes all of LOG over itself and syncs it: what was read from it is on the
   disk then, even if a sync failed before. */
static int wal_rewrite(sqlite3_file *wal)
{
	g_autofree uint8_t *chunk = g_malloc(REWRITE_CHUNK);
	sqlite3_int64 size = 0;
	int rc = wal->pMethods->xFileSize(wal, &size);

	for (sqlite3_int64 at = 0; at < size && rc == SQLITE_OK;
	     at += REWRITE_CHUNK) {
		int len = (int)MIN(size - at, REWRITE_CHUNK);

		rc = wal->pMethods->xRead(wal, chunk, len, at);
		if (rc == SQLITE_OK)
			rc = wal->pMethods->xWrite(wal, chunk, len, at);
	}
	return rc == SQLITE_OK && size > 0
		   ? wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL)
		   : rc;
}

/* In a transaction: nobody else writes to the log meanwhile. */
static bool wal_make_durable(StoreSqlite *self, GError **error)
{
	sqlite3_file *wal;
	int rc = SQLITE_CANTOPEN;

	if (!store_sqlite_begin(&self->base, error))
		return false;
	wal = wal_file(self);
	if (wal != NULL)
		rc = wal_rewrite(wal);
	store_sqlite_rollback(&self->base);
	return rc == SQLITE_OK || sqlite_fail_open(self, rc, "recovery", error);
}

bool wal_recover(StoreSqlite *self, GError **error)
{
	int rc;

	if (!wal_make_durable(self, error))
		return false;
	rc = sqlite3_wal_checkpoint_v2(self->db, "main",
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	/* A command may have others beside it; the log is durable now. */
	if (rc == SQLITE_OK ||
	    (self->mode == STORE_WRITE && (rc & 0xff) == SQLITE_BUSY))
		return true;
	return sqlite_fail_open(self, rc, "recovery", error);
}
