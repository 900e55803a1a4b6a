/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A store comes to be, and is opened and closed.  A file that is empty,
   damaged, another program's or newer than this program is refused and left
   as it is: nothing here makes a store but store_sqlite_create(). */

#include "store_sqlite.h"

#include "errors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const StoreBackend backend;

/* The statistics, which nobody reads, are under one lock for all threads,
   which a thread of low priority may be preempted with. */
void store_sqlite_use_threads(void)
{
	/* it fails only when it comes too late */
	if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK)
		g_assert_not_reached();
}

/* ---- making ---- */

static bool create_database(const char *draft, void *data, GError **error)
{
	const Schema *schema = data;
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(draft, &db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db,
		    "PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL",
		    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = schema_migrate(db, schema);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(db, "main",
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		g_set_error(error, VP_ERROR,
		    (rc & 0xff) == SQLITE_FULL ? VP_ERROR_FULL
					       : VP_ERROR_TEMPORARY,
		    "%s: %s", draft, sqlite3_errmsg(db));
	/* The last to close: the log, empty by now, is deleted. */
	if (sqlite3_close(db) != SQLITE_OK)
		g_assert_not_reached();
	return rc == SQLITE_OK;
}

bool store_sqlite_create(const char *path, const Schema *schema, GError **error)
{
	g_autofree char *whole = g_canonicalize_filename(path, NULL);
	Schema wanted = *schema;

	return check_nothing_there(whole, error) &&
	       file_make(whole, false, create_database, &wanted, error);
}

/* ---- opening ---- */

/* One file has one lock, by whatever links it is reached. */
static bool follow_links(StoreSqlite *self, GError **error)
{
	char *real = realpath(self->path, NULL);

	if (real == NULL)
		return path_fail_errno(VP_ERROR_CONFIG, self->path, "open",
		    error);
	g_free(self->path);
	self->path = g_strdup(real);
	free(real);
	return true;
}

static bool connect(StoreSqlite *self, GError **error)
{
	int flags = self->mode == STORE_READ ? SQLITE_OPEN_READONLY
					     : SQLITE_OPEN_READWRITE;
	int rc = sqlite3_open_v2(self->path, &self->db,
	    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK) {
		int os_error = sqlite3_system_errno(self->db);

		if (os_error == EACCES || os_error == EPERM) {
			g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
			    "%s: open: %s", self->path, g_strerror(os_error));
			return false;
		}
		return sqlite_fail_open(self, rc, "open", error);
	}
	(void)sqlite3_busy_timeout(self->db, (int)self->busy_ms);
	/* Closing must not checkpoint: its failure would go unseen. */
	(void)sqlite3_db_config(self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	(void)sqlite3_db_config(self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0,
	    NULL);
	wal_watch(self);
	return true;
}

static bool execute(StoreSqlite *self, const char *sql, GError **error)
{
	int rc = sqlite3_exec(self->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || sqlite_fail_open(self, rc, "open", error);
}

/* A copy that is written to would give out ids which are others' by now. */
static bool check_is_no_backup(StoreSqlite *self, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(self->db,
	    "SELECT 1 FROM meta WHERE name = 'backup'", -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	(void)sqlite3_finalize(stmt); /* repeats the failure of the step */
	if (rc == SQLITE_DONE)
		return true;
	if (rc == SQLITE_ROW)
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "is a backup; verpctl restore makes a store of it", error);
	return sqlite_fail_open(self, rc, "open", error);
}

/* The schema as this program knows it, or refusal. */
static bool check_schema(StoreSqlite *self, const Schema *schema,
    GError **error)
{
	int version = 0;
	int rc = schema_version(self->db, &version);

	if (rc != SQLITE_OK)
		return sqlite_fail_open(self, rc, "open", error);
	if (version == 0)
		return path_fail(VP_ERROR_CONFIG, self->path, "not a store",
		    error);
	if (self->mode != STORE_READ && !check_is_no_backup(self, error))
		return false;
	if (version > schema->version) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: schema %d is newer than this program's %d; run the "
		    "newer verpd, it cannot go back",
		    self->path, version, schema->version);
		return false;
	}
	if (version == schema->version)
		return true;
	if (self->mode == STORE_READ)
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "schema is older than this program; verpd migrates it "
		    "when it starts, and so does verpctl expire",
		    error);
	if (self->mode == STORE_WRITE && daemon_is_running(self->path))
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "schema is older than this program, and verpd runs on it; "
		    "restart verpd",
		    error);
	rc = schema_migrate(self->db, schema);
	if (rc != SQLITE_OK)
		return sqlite_fail_open(self, rc, "migration", error);
	return true;
}

static bool read_epoch(StoreSqlite *self, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(self->db,
	    "SELECT value FROM meta WHERE name = 'epoch'", -1, &stmt, NULL);
	bool ok;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	ok = rc == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == STORE_EPOCH;
	if (ok)
		memcpy(self->epoch, sqlite3_column_blob(stmt, 0), STORE_EPOCH);
	(void)sqlite3_finalize(stmt); /* repeats the failure of the step */
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return ok || path_fail(VP_ERROR_CONFIG, self->path,
				 "has no epoch", error);
	return sqlite_fail_open(self, rc, "read epoch", error);
}

static bool set_up(StoreSqlite *self, const Schema *schema, GError **error)
{
	if (self->mode == STORE_READ)
		return check_schema(self, schema, error) &&
		       execute(self, "PRAGMA query_only = ON", error);
	/* The database may have been copied with its log turned off.  FULL
	   also for the migration; a running daemon is content with NORMAL and
	   store_sync(). */
	return execute(self, "PRAGMA synchronous = FULL", error) &&
	       check_schema(self, schema, error) &&
	       execute(self, "PRAGMA journal_mode = WAL", error) &&
	       execute(self, "PRAGMA foreign_keys = ON", error) &&
	       execute(self, "PRAGMA temp_store = MEMORY", error) &&
	       execute(self, "PRAGMA secure_delete = ON", error) &&
	       (self->mode == STORE_WRITE || execute(self,
						 "PRAGMA synchronous = NORMAL;"
						 "PRAGMA cache_size = -4096",
						 error));
}

/* After a sync that failed the log may hold commits that can be read but are
   not on the disk, and would pass for duplicates. */
static bool recover(StoreSqlite *self, GError **error)
{
	switch (self->mode) {
	case STORE_READ:
		return true;
	case STORE_DAEMON:
		return wal_recover(self, error);
	case STORE_WRITE:
		/* A daemon has the log open since before: a failure reaches it
		   and ends it, and the next one recovers. */
		return daemon_is_running(self->path) ||
		       wal_recover(self, error);
	}
	g_assert_not_reached();
}

Store *store_sqlite_open(const char *path, StoreMode mode, unsigned busy_ms,
    const Schema *schema, GError **error)
{
	StoreSqlite *self = g_new0(StoreSqlite, 1);
	g_autoptr(Store) store = &self->base;

	self->base.backend = &backend;
	/* Absolute: no path looks like a URI to SQLite. */
	self->path = g_canonicalize_filename(path, NULL);
	self->mode = mode;
	self->busy_ms = MIN(busy_ms, (unsigned)G_MAXINT);
	self->lock_fd = -1;
	self->hour_noted = INT64_MIN;
	self->open = breakers_open_new();
	if (!check_something_there(self->path, error) ||
	    !follow_links(self, error))
		return NULL;
	if (mode == STORE_DAEMON) {
		self->lock_fd = daemon_lock(self->path, error);
		if (self->lock_fd < 0)
			return NULL;
	}
	if (!connect(self, error) || !set_up(self, schema, error) ||
	    !recover(self, error) || !read_epoch(self, error) ||
	    !addresses_read(self, error))
		return NULL;
	return g_steal_pointer(&store);
}

void store_sqlite_close(Store *store)
{
	StoreSqlite *self = (StoreSqlite *)store;

	for (unsigned i = 0; i < STATEMENT_COUNT; i++)
		(void)sqlite3_finalize(self->statements[i]);
	/* Rolls back what is open. */
	if (sqlite3_close(self->db) != SQLITE_OK)
		g_assert_not_reached();
	if (self->lock_fd >= 0)
		(void)close(self->lock_fd); /* nothing was written to it */
	g_array_unref(self->open);
	addresses_clear(self);
	g_free(self->path);
	g_free(self);
}

static const uint8_t *epoch(const Store *store)
{
	return ((const StoreSqlite *)store)->epoch;
}

static const StoreBackend backend = {
	.close = store_sqlite_close,
	.epoch = epoch,
	.begin = store_sqlite_begin,
	.commit = store_sqlite_commit,
	.rollback = store_sqlite_rollback,
	.look = store_sqlite_look,
	.sync = store_sqlite_sync,
	.use_addresses = store_sqlite_use_addresses,
	.make_hashed = store_sqlite_make_hashed,
	.erase = store_sqlite_erase,
	.backup = store_sqlite_backup,
	.seen = store_sqlite_seen,
	.unsee = store_sqlite_unsee,
	.knows = store_sqlite_knows,
	.campaign_find = store_sqlite_campaign_find,
	.recipient_find = store_sqlite_recipient_find,
	.campaign_ensure = store_sqlite_campaign_ensure,
	.recipient_ensure = store_sqlite_recipient_ensure,
	.ids = store_sqlite_ids,
	.load = store_sqlite_load,
	.save = store_sqlite_save,
	.step_taken = store_sqlite_step_taken,
	.append = store_sqlite_append,
	.forged = store_sqlite_forged,
	.keep = store_sqlite_keep,
	.kept = store_sqlite_kept,
	.rule_hits = store_sqlite_rule_hits,
	.count = store_sqlite_count,
	.each_count = store_sqlite_each_count,
	.tick_due = store_sqlite_tick_due,
	.each_breaker = store_sqlite_each_breaker,
	.tick = store_sqlite_tick,
	.breaker_over = store_sqlite_breaker_over,
	.held = store_sqlite_held,
	.held_settle = store_sqlite_held_settle,
	.breaker_close = store_sqlite_breaker_close,
	.each_campaign = store_sqlite_each_campaign,
	.campaign_row = store_sqlite_campaign_row,
	.campaign_accepted = store_sqlite_campaign_accepted,
	.campaign_pause = store_sqlite_campaign_pause,
	.campaign_set = store_sqlite_campaign_set,
	.breaker_fate = store_sqlite_breaker_fate,
	.feed_load = store_sqlite_feed_load,
	.feed_save = store_sqlite_feed_save,
	.feed_join = store_sqlite_feed_join,
	.feed_part = store_sqlite_feed_part,
	.feed_wait = store_sqlite_feed_wait,
	.feed_unwait = store_sqlite_feed_unwait,
	.feed_each_waiting = store_sqlite_feed_each_waiting,
	.each_suppression = store_sqlite_each_suppression,
	.each_event = store_sqlite_each_event,
	.each_forgery = store_sqlite_each_forgery,
	.each_audit = store_sqlite_each_audit,
	.each_rule = store_sqlite_each_rule,
	.stats = store_sqlite_stats,
	.answer = store_sqlite_answer,
	.entries = store_sqlite_entries,
	.each_entry = store_sqlite_each_entry,
	.streams_set = store_sqlite_streams_set,
	.audit = store_sqlite_audit,
	.entry_put = store_sqlite_entry_put,
	.entry_remove = store_sqlite_entry_remove,
	.add = store_sqlite_add,
	.release = store_sqlite_release,
	.import = store_sqlite_import,
	.address_key = store_sqlite_address_key,
	.each_held = store_sqlite_each_held,
	.held_bound = store_sqlite_held_bound,
	.watch = store_sqlite_watch,
	.hash = store_sqlite_hash,
	.revert = store_sqlite_revert,
	.expire = store_sqlite_expire,
	.purge = store_sqlite_purge,
	.compact = store_sqlite_compact,
	.review = store_sqlite_review,
	.verify = store_sqlite_verify,
};
