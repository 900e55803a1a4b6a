/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a commit is on the disk, and what happens when the disk says no.  Every
   condition of DESIGN's one-sync-per-batch form has its test here; with any of
   them taken out of the store, one of these fails. */

#include "main.h"
#include "store_fixture.h"

#include "fault_vfs.h"
#include "store_failing.h"
#include "store_sqlite.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static GError *error;

static StoreSqlite *sqlite_of(Store *store)
{
	return (StoreSqlite *)store;
}

static void execute(Store *store, const char *sql)
{
	int rc = sqlite3_exec(sqlite_of(store)->db, sql, NULL, NULL, NULL);

	ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql,
	    sqlite3_errmsg(sqlite_of(store)->db));
}

static int64_t ask(Store *store, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	ck_assert_int_eq(sqlite3_prepare_v2(sqlite_of(store)->db, sql, -1,
			     &stmt, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static int64_t wal_size(void)
{
	g_autofree char *path = g_strconcat(fixture_path, "-wal", NULL);
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void record(Store *store, int i)
{
	g_autofree char *address = g_strdup_printf("r%d@example.org", i);

	fixture_record(store, "c", "news", address, NOW, VP_CLASS_HARD,
	    fixture_hard());
}

/* Commits without a sync until the log has more than FRAMES. */
static void record_frames(Store *store, int frames)
{
	static int i = 1000000;

	while (sqlite_of(store)->wal_frames <= frames)
		record(store, i++);
}

static void durable_set_up(void)
{
	fault_vfs_install();
	fixture_set_up();
	fault_vfs_reset();
}

/* ---- one sync a batch ---- */

START_TEST(test_daemon_syncs_once)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);

	record(store, 0); /* begins the log, whose header is synced */
	fault_vfs_reset();
	for (int i = 1; i < 10; i++)
		record(store, i);
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_WAL], 0);
	ck_assert(store_sync(store, &error));
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_WAL], 1);
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_DATABASE], 0);
}
END_TEST

START_TEST(test_write_syncs_each)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);

	for (unsigned i = 0; i < 10; i++) {
		fault_vfs_reset();
		record(store, (int)i);
		ck_assert_uint_ge(fault_vfs.syncs[FAULT_WAL], 1);
	}
}
END_TEST

/* What it saw as a duplicate may be the unsynced commit of another. */
START_TEST(test_sync_without_a_write)
{
	g_autoptr(Store) daemon = fixture_open(STORE_DAEMON);
	g_autoptr(Store) writer = fixture_open(STORE_WRITE);

	record(daemon, 1);
	fault_vfs_reset();
	ck_assert(store_sync(writer, &error));
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_WAL], 1);
	ck_assert(store_sync(writer, &error));
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_WAL], 2);
}
END_TEST

/* The log is another file than it was: one kept from before would be freed
   memory. */
START_TEST(test_sync_asks_anew)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func(g_free);

	record(store, 1);
	ck_assert(store_sync(store, &error));
	execute(store, "PRAGMA journal_mode = DELETE");
	ck_assert_uint_eq(fault_vfs.open[FAULT_WAL], 0);
	/* Whatever size it had, the next will lie elsewhere. */
	for (size_t size = 256; size < 4096; size += 16)
		g_ptr_array_add(taken, memset(g_malloc(size), 0, size));
	execute(store, "PRAGMA journal_mode = WAL");
	record(store, 2);
	ck_assert_uint_eq(fault_vfs.open[FAULT_WAL], 1);
	fault_vfs_reset();
	ck_assert(store_sync(store, &error));
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_WAL], 1);
}
END_TEST

START_TEST(test_sync_without_a_log)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);

	execute(store, "PRAGMA journal_mode = DELETE");
	ck_assert(!store_sync(store, &error));
	ck_error(error, VP_ERROR_FATAL);
}
END_TEST

static const struct {
	StoreMode mode;
	int64_t synchronous;
} mode_cases[] = {
	{ STORE_WRITE, 2 },
	{ STORE_DAEMON, 1 },
};

START_TEST(test_settings)
{
	g_autoptr(Store) store = fixture_open(mode_cases[_i].mode);

	ck_assert_int_eq(ask(store, "PRAGMA synchronous"),
	    mode_cases[_i].synchronous);
	ck_assert_int_eq(ask(store, "PRAGMA foreign_keys"), 1);
	ck_assert_int_eq(ask(store, "PRAGMA busy_timeout"), BUSY);
	ck_assert_int_eq(ask(store, "PRAGMA wal_autocheckpoint"), 0);
}
END_TEST

/* ---- a sync that fails ---- */

START_TEST(test_sync_fails)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);

	record(store, 1);
	fault_vfs.fail_sync[FAULT_WAL] = 1;
	ck_assert(!store_sync(store, &error));
	ck_error(error, VP_ERROR_FATAL);
	g_clear_error(&error);
	/* The next would succeed, as the kernel's does, and prove nothing. */
	ck_assert(!store_sync(store, &error));
	ck_error(error, VP_ERROR_FATAL);
	g_clear_error(&error);
	ck_assert(!store_begin(store, &error));
	ck_error(error, VP_ERROR_FATAL);
}
END_TEST

/* Where each commit syncs, a commit's sync is no less fatal. */
START_TEST(test_commit_sync_fails)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	uint8_t key[STORE_KEY] = { 1 };
	bool seen;

	record(store, 1);
	ck_assert(store_begin(store, &error));
	ck_assert(store_seen(store, key, NOW, &seen, &error));
	fault_vfs.fail_sync[FAULT_WAL] = 1;
	ck_assert(!store_commit(store, &error));
	ck_error(error, VP_ERROR_FATAL);
	g_clear_error(&error);
	store_rollback(store);
	ck_assert(!store_begin(store, &error));
	ck_error(error, VP_ERROR_FATAL);
}
END_TEST

/* ---- checkpoints ---- */

/* SQLite's own would come at 1,000 frames, inside a commit, and swallow the
   failure of its sync. */
START_TEST(test_no_checkpoint_in_commit)
{
	g_autoptr(Store) store = fixture_open(mode_cases[_i].mode);

	fault_vfs_reset();
	record_frames(store, 2500);
	ck_assert_uint_eq(fault_vfs.writes[FAULT_DATABASE], 0);
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_DATABASE], 0);
}
END_TEST

START_TEST(test_checkpoint_after_sync)
{
	g_autoptr(Store) store = fixture_open(mode_cases[_i].mode);

	fault_vfs_reset();
	record_frames(store, 1000);
	ck_assert(store_sync(store, &error));
	ck_assert_uint_gt(fault_vfs.writes[FAULT_DATABASE], 0);
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_DATABASE], 1);
	/* Then the log begins anew, and is not due again. */
	record(store, 1);
	ck_assert_int_lt(sqlite_of(store)->wal_frames, 100);
	ck_assert(store_sync(store, &error));
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_DATABASE], 1);
}
END_TEST

START_TEST(test_checkpoint_fails)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);

	record_frames(store, 1000);
	fault_vfs.fail_sync[FAULT_DATABASE] = 1;
	ck_assert(!store_sync(store, &error));
	ck_error(error, VP_ERROR_FATAL);
	g_clear_error(&error);
	ck_assert(!store_begin(store, &error));
	ck_error(error, VP_ERROR_FATAL);
}
END_TEST

START_TEST(test_checkpoint_cannot_write)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);

	record_frames(store, 1000);
	fault_vfs.fail_write = 1;
	fault_vfs.write_code = SQLITE_FULL;
	ck_assert(!store_sync(store, &error));
	ck_error(error, VP_ERROR_FATAL);
}
END_TEST

/* The log is cut off when it has grown large, unless somebody reads in it;
   that is no failure. */
START_TEST(test_large_log)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_autoptr(Store) reader = fixture_open(STORE_READ);

	record(store, 1);
	execute(reader, "BEGIN; SELECT count(*) FROM events");
	record_frames(store, 4500);
	ck_assert_int_gt(wal_size(), 16 * 1024 * 1024);
	ck_assert(store_sync(store, &error));
	ck_no_error(error);
	ck_assert_int_gt(wal_size(), 16 * 1024 * 1024);
	execute(reader, "COMMIT");
	record_frames(store, sqlite_of(store)->wal_frames + 1000);
	ck_assert(store_sync(store, &error));
	ck_assert_int_eq(wal_size(), 0);
	record(store, 2);
	ck_assert(store_sync(store, &error));
}
END_TEST

/* Closing checkpoints nothing: its failure would have no one to tell. */
START_TEST(test_close)
{
	g_autoptr(Store) store = fixture_open(mode_cases[_i].mode);

	record(store, 1);
	fault_vfs_reset();
	g_clear_pointer(&store, store_close);
	ck_assert_uint_eq(fault_vfs.writes[FAULT_DATABASE], 0);
	ck_assert_int_gt(wal_size(), 0);
}
END_TEST

/* ---- before a daemon listens ---- */

static void leave_a_log(void)
{
	Store *store = fixture_open(STORE_WRITE);

	record(store, 1);
	store_close(store);
	ck_assert_int_gt(wal_size(), 0);
	fault_vfs_reset();
}

START_TEST(test_daemon_recovers)
{
	g_autoptr(Store) store = NULL;

	leave_a_log();
	store = fixture_open(STORE_DAEMON);
	ck_assert_int_eq(wal_size(), 0);
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_DATABASE], 1);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM events"), 1);
}
END_TEST

static const struct {
	const char *label;
	StoreMode mode;
	FaultFile file;
} recovery_cases[] = {
	{ "daemon, log", STORE_DAEMON, FAULT_WAL },
	{ "daemon, database", STORE_DAEMON, FAULT_DATABASE },
	{ "command, log", STORE_WRITE, FAULT_WAL },
	{ "command, database", STORE_WRITE, FAULT_DATABASE },
};

/* What can be read but is not on the disk would pass for a duplicate. */
START_TEST(test_recovery_fails)
{
	Store *store;

	leave_a_log();
	fault_vfs.fail_sync[recovery_cases[_i].file] = 1;
	store = store_open(fixture_path, recovery_cases[_i].mode, BUSY, &error);
	ck_assert_msg(store == NULL, "%s: opened", recovery_cases[_i].label);
	ck_error(error, VP_ERROR_FATAL);
	/* And then it can. */
	g_clear_error(&error);
	store = store_open(fixture_path, recovery_cases[_i].mode, BUSY, &error);
	ck_no_error(error);
	store_close(store);
}
END_TEST

START_TEST(test_recovery_waits_for_readers)
{
	g_autoptr(Store) reader = NULL;
	Store *store;

	leave_a_log();
	reader = fixture_open(STORE_READ);
	execute(reader, "BEGIN; SELECT count(*) FROM events");
	store = store_open(fixture_path, STORE_DAEMON, BUSY, &error);
	ck_assert_ptr_null(store);
	ck_error(error, VP_ERROR_TEMPORARY);
}
END_TEST

/* Beside a daemon a command leaves the log to it. */
START_TEST(test_command_beside_daemon)
{
	g_autoptr(Store) daemon = fixture_open(STORE_DAEMON);
	g_autoptr(Store) writer = NULL;

	record(daemon, 1);
	fault_vfs_reset();
	writer = fixture_open(STORE_WRITE);
	ck_assert_uint_eq(fault_vfs.writes[FAULT_DATABASE], 0);
	g_clear_pointer(&writer, store_close);
	g_clear_pointer(&daemon, store_close);
	writer = fixture_open(STORE_WRITE);
	ck_assert_uint_gt(fault_vfs.writes[FAULT_DATABASE], 0);
	ck_assert_uint_eq(fault_vfs.syncs[FAULT_DATABASE], 1);
}
END_TEST

/* ---- a disk that says no ---- */

/* One message, as far as it gets. */
static bool deliver(Store *store, int64_t at, GError **ret_error)
{
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	RecipientState before, after;
	uint8_t key[STORE_KEY] = { 9 };
	Effect effect = fixture_hard();
	Event event;
	int64_t id;
	bool ok, seen;

	ok = store_begin(store, ret_error) &&
	     store_seen(store, key, at, &seen, ret_error) &&
	     store_campaign_ensure(store, "c", "news", at, &campaign,
		 ret_error) &&
	     store_recipient_ensure(store, "ana@example.org", "Ana@example.org",
		 at, &recipient, ret_error) &&
	     store_load(store, recipient.id, "news", &before, ret_error);
	if (ok) {
		event = fixture_event(campaign.id, recipient.id, at,
		    VP_CLASS_HARD, effect);
		after = policy_apply(before, &effect, at);
		ok = store_append(store, &event, &id, ret_error) &&
		     store_save(store, recipient.id, "news", &before, &after,
			 id, ret_error) &&
		     store_commit(store, ret_error);
	}
	if (!ok)
		store_rollback(store);
	return ok;
}

static void check_nothing_stored(Store *store)
{
	ck_assert_int_eq(ask(store, "SELECT (SELECT count(*) FROM deliveries) +"
				    " (SELECT count(*) FROM recipients) +"
				    " (SELECT count(*) FROM campaigns) +"
				    " (SELECT count(*) FROM suppressions) +"
				    " (SELECT count(*) FROM events)"),
	    0);
}

static void check_verified(Store *store)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;

	ck_assert(store_verify(store, NOW, findings, &recipients, &error));
	if (findings->len > 0)
		ck_abort_msg("%s", (char *)findings->pdata[0]);
}

static const struct {
	const char *label;
	int write_code;
	int os_error;
	int code;
} write_cases[] = {
	{ "disk full", SQLITE_FULL, 0, VP_ERROR_FULL },
	{ "no space behind an I/O error", SQLITE_IOERR_WRITE, ENOSPC,
	    VP_ERROR_FULL },
	{ "quota behind an I/O error", SQLITE_IOERR_WRITE, EDQUOT,
	    VP_ERROR_FULL },
	{ "I/O error", SQLITE_IOERR_WRITE, EIO, VP_ERROR_TEMPORARY },
};

/* Whichever write fails: the right error, nothing half-written, and the same
   connection works again. */
START_TEST(test_write_fails)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	unsigned n;

	for (n = 1; n < 1000; n++) {
		fault_vfs_reset();
		fault_vfs.fail_write = n;
		fault_vfs.write_code = write_cases[_i].write_code;
		fault_vfs.os_error = write_cases[_i].os_error;
		if (deliver(store, NOW, &error))
			break;
		ck_error(error, write_cases[_i].code);
		g_clear_error(&error);
		fault_vfs_reset();
		check_nothing_stored(store);
	}
	ck_assert_uint_gt(n, 5);
	check_verified(store);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM events"), 1);
}
END_TEST

START_TEST(test_no_more_pages)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	int n = 0;

	execute(store, "PRAGMA max_page_count = 40");
	while (n < 10000) {
		uint8_t key[STORE_KEY] = { [31] = 1 };
		bool seen;

		memcpy(key, &n, sizeof(n));
		if (!store_begin(store, &error) ||
		    !store_seen(store, key, NOW, &seen, &error) ||
		    !store_commit(store, &error))
			break;
		n++;
	}
	ck_error(error, VP_ERROR_FULL);
	ck_assert(g_str_has_suffix(error->message, ": the disk is full"));
	g_clear_error(&error);
	store_rollback(store);
	execute(store, "PRAGMA max_page_count = 4000");
	ck_assert(deliver(store, NOW, &error));
	check_verified(store);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM deliveries"), n + 1);
}
END_TEST

/* Read-only, in a way that binds root too. */
START_TEST(test_readonly)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);

	execute(store, "PRAGMA query_only = ON");
	ck_assert(!deliver(store, NOW, &error));
	ck_error(error, VP_ERROR_TEMPORARY);
	g_clear_error(&error);
	execute(store, "PRAGMA query_only = OFF");
	check_nothing_stored(store);
	ck_assert(deliver(store, NOW, &error));
}
END_TEST

START_TEST(test_busy)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_autoptr(Store) other = fixture_open(STORE_WRITE);
	int64_t began = g_get_monotonic_time(), took;

	ck_assert(store_begin(other, &error));
	ck_assert(!deliver(store, NOW, &error));
	took = g_get_monotonic_time() - began;
	ck_error(error, VP_ERROR_TEMPORARY);
	g_clear_error(&error);
	ck_assert_int_ge(took, BUSY * 1000 / 2);
	ck_assert_int_lt(took, 2000000);
	store_rollback(other);
	ck_assert(deliver(store, NOW, &error));
}
END_TEST

/* ---- the failing store itself ---- */

START_TEST(test_failing)
{
	unsigned calls, n;
	Store *store = store_failing_new(fixture_open(STORE_DAEMON), 0,
	    VP_ERROR_TEMPORARY);

	ck_assert(store_begin(store, &error));
	store_rollback(store);
	ck_assert_uint_eq(store_failing_calls(store), 1);
	store_close(store);

	for (n = 1; n < 100; n++) {
		bool ok;

		store = store_failing_new(fixture_open(STORE_DAEMON), n,
		    VP_ERROR_FULL);
		ok = deliver(store, NOW, &error);
		calls = store_failing_calls(store);
		ck_assert_int_eq(ok, store_failing_verb(store) == NULL);
		store_close(store);
		if (ok)
			break;
		ck_assert_uint_eq(calls, n);
		ck_error(error, VP_ERROR_FULL);
		g_clear_error(&error);
		store = fixture_open(STORE_READ);
		check_nothing_stored(store);
		store_close(store);
	}
	ck_assert_uint_eq(n, 9);
}
END_TEST

static Suite *durable_suite(void)
{
	Suite *suite = suite_create("store_durable");
	TCase *tcase = tcase_create("durable");

	tcase_add_checked_fixture(tcase, durable_set_up, fixture_tear_down);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, test_daemon_syncs_once);
	tcase_add_test(tcase, test_write_syncs_each);
	tcase_add_test(tcase, test_sync_without_a_write);
	tcase_add_test(tcase, test_sync_asks_anew);
	tcase_add_test(tcase, test_sync_without_a_log);
	tcase_add_loop_test(tcase, test_settings, 0, G_N_ELEMENTS(mode_cases));
	tcase_add_test(tcase, test_sync_fails);
	tcase_add_test(tcase, test_commit_sync_fails);
	tcase_add_loop_test(tcase, test_no_checkpoint_in_commit, 0,
	    G_N_ELEMENTS(mode_cases));
	tcase_add_loop_test(tcase, test_checkpoint_after_sync, 0,
	    G_N_ELEMENTS(mode_cases));
	tcase_add_test(tcase, test_checkpoint_fails);
	tcase_add_test(tcase, test_checkpoint_cannot_write);
	tcase_add_test(tcase, test_large_log);
	tcase_add_loop_test(tcase, test_close, 0, G_N_ELEMENTS(mode_cases));
	tcase_add_test(tcase, test_daemon_recovers);
	tcase_add_loop_test(tcase, test_recovery_fails, 0,
	    G_N_ELEMENTS(recovery_cases));
	tcase_add_test(tcase, test_recovery_waits_for_readers);
	tcase_add_test(tcase, test_command_beside_daemon);
	tcase_add_loop_test(tcase, test_write_fails, 0,
	    G_N_ELEMENTS(write_cases));
	tcase_add_test(tcase, test_no_more_pages);
	tcase_add_test(tcase, test_readonly);
	tcase_add_test(tcase, test_busy);
	tcase_add_test(tcase, test_failing);
	return suite;
}

RUN_SUITE(durable_suite)
