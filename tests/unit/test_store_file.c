/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file: what is refused and left alone, how an older one becomes a newer
   one, what its tables refuse by themselves, what a mailer sees in it, and
   what a recount finds.  Of the SQLite backend only. */

#include "main.h"
#include "store_fixture.h"

#include "address.h"
#include "store_sqlite.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static GError *error;

/* Another program's connection to the file. */
static sqlite3 *raw_open(void)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(fixture_path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 1000);
	return db;
}

static int raw(const char *sql)
{
	sqlite3 *db = raw_open();
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	sqlite3_close(db);
	return rc;
}

static void raw_ok(const char *sql)
{
	ck_assert_msg(raw(sql) == SQLITE_OK, "%s", sql);
}

static int64_t raw_ask(const char *sql)
{
	sqlite3 *db = raw_open();
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK,
	    "%s", sql);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

static char *slurp(gsize *ret_len)
{
	char *bytes = NULL;

	ck_assert(g_file_get_contents(fixture_path, &bytes, ret_len, NULL));
	return bytes;
}

/* Refused in every mode with CODE, and not an octet of it changed. */
static void check_refused(int code, const char *why)
{
	gsize before_len, after_len;
	g_autofree char *before = slurp(&before_len);
	g_autofree char *after = NULL;

	for (StoreMode mode = STORE_READ; mode <= STORE_DAEMON; mode++) {
		Store *store = store_open(fixture_path, mode, BUSY, &error);

		ck_assert_msg(store == NULL, "opened (mode %d)", mode);
		ck_error(error, code);
		ck_assert_msg(strstr(error->message, why) != NULL, "%s",
		    error->message);
		g_clear_error(&error);
	}
	after = slurp(&after_len);
	ck_assert_uint_eq(before_len, after_len);
	ck_assert_mem_eq(before, after, before_len);
}

/* ---- refused ---- */

START_TEST(test_empty_file)
{
	ck_assert_int_eq(truncate(fixture_path, 0), 0);
	check_refused(VP_ERROR_CONFIG, "empty");
}
END_TEST

START_TEST(test_truncated_file)
{
	static const off_t sizes[] = { 1, 99, 511, 512, 4096, 8192, 20000 };

	ck_assert_int_eq(truncate(fixture_path, sizes[_i]), 0);
	check_refused(VP_ERROR_CONFIG, "");
}
END_TEST

START_TEST(test_not_a_database)
{
	ck_assert(g_file_set_contents(fixture_path,
	    "bounces: 12\nthis is no database, but long enough for one.\n"
	    "It goes on for a while, so that it fills a header of 100 octets.",
	    -1, NULL));
	check_refused(VP_ERROR_CONFIG, "not a store of verpd");
}
END_TEST

START_TEST(test_another_program)
{
	ck_assert_int_eq(unlink(fixture_path), 0);
	raw_ok("CREATE TABLE addressbook (name); PRAGMA user_version = 1");
	check_refused(VP_ERROR_CONFIG, "not a store of verpd");
	ck_assert_int_eq(raw("PRAGMA application_id = 77"), SQLITE_OK);
	check_refused(VP_ERROR_CONFIG, "not a store of verpd");
}
END_TEST

/* A database with nothing in it is no store either. */
START_TEST(test_empty_database)
{
	ck_assert_int_eq(unlink(fixture_path), 0);
	raw_ok("CREATE TABLE a (b); DROP TABLE a");
	check_refused(VP_ERROR_CONFIG, "not a store");
}
END_TEST

START_TEST(test_newer_schema)
{
	raw_ok("PRAGMA user_version = 1000");
	check_refused(VP_ERROR_CONFIG, "newer");
}
END_TEST

START_TEST(test_no_epoch)
{
	raw_ok("DELETE FROM meta");
	check_refused(VP_ERROR_CONFIG, "epoch");
}
END_TEST

START_TEST(test_directory)
{
	ck_assert_ptr_null(store_open(fixture_dir, STORE_WRITE, BUSY, &error));
	ck_error(error, VP_ERROR_CONFIG);
}
END_TEST

/* A log that was left over would be played into the new database. */
START_TEST(test_leftover_log)
{
	static const char *const names[] = { "-wal", "-journal" };
	g_autofree char *path = g_build_filename(fixture_dir, "new", NULL);
	g_autofree char *log = g_strconcat(path, names[_i], NULL);

	ck_assert(g_file_set_contents(log, "", 0, NULL));
	ck_assert(!store_create(path, &error));
	ck_error(error, VP_ERROR_CONFIG);
	ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(test_create_leaves_one_file)
{
	struct stat st;
	GDir *dir;
	unsigned n = 0;
	mode_t old = umask(0);

	ck_assert_int_eq(unlink(fixture_path), 0);
	ck_assert(store_create(fixture_path, &error));
	(void)umask(old);
	ck_assert_int_eq(stat(fixture_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(st.st_nlink, 1);
	dir = g_dir_open(fixture_dir, 0, NULL);
	while (g_dir_read_name(dir) != NULL)
		n++;
	g_dir_close(dir);
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(test_create_nowhere)
{
	g_autofree char *path = g_build_filename(fixture_dir, "no", "such",
	    NULL);

	ck_assert(!store_create(path, &error));
	ck_error(error, VP_ERROR_CONFIG);
}
END_TEST

/* A page goes bad while the store is in use: temporary, and said by verify. */
START_TEST(test_corrupt_page)
{
	Store *store = fixture_open(STORE_WRITE);
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	StoreRecipient recipient = { 0 };
	uint64_t recipients;
	char garbage[4096];
	int64_t page;
	int fd;

	fixture_record(store, "c", "s", "ana@example.org", NOW, VP_CLASS_HARD,
	    fixture_hard());
	store_close(store);
	raw_ok("PRAGMA wal_checkpoint(TRUNCATE)");
	page = raw_ask("SELECT rootpage FROM sqlite_schema"
		       " WHERE name = 'recipients'");
	memset(garbage, 0xa5, sizeof(garbage));
	fd = open(fixture_path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage),
			     (page - 1) * (int64_t)sizeof(garbage)),
	    (int)sizeof(garbage));
	close(fd);

	store = fixture_open(STORE_WRITE);
	ck_assert(!store_recipient_find(store, 1, NULL, &recipient, &error));
	ck_error(error, VP_ERROR_TEMPORARY);
	g_clear_error(&error);
	(void)store_verify(store, NOW, findings, &recipients, &error);
	ck_assert_uint_gt(findings->len, 0);
	store_close(store);
}
END_TEST

/* ---- migration ---- */

static const char *const two_steps[] = { NULL,
	"ALTER TABLE campaigns ADD COLUMN color TEXT NOT NULL DEFAULT 'red';"
	"UPDATE campaigns SET color = 'blue' WHERE name = 'c'",
	"CREATE TABLE extra (x INTEGER) STRICT" };
static const char *const bad_steps[] = { NULL,
	"ALTER TABLE campaigns ADD COLUMN color TEXT NOT NULL DEFAULT 'red';",
	"CREATE TABLE extra (x INTEGER); SELECT * FROM nothing_like_it" };

/* Later than whatever the current version is, by way of the first. */
#define LATER 99

static Schema later_schema(const char *const *more, const char **steps)
{
	steps[0] = schema_current.steps[0];
	steps[1] = more[1];
	steps[2] = more[2];
	for (unsigned i = 3; i < LATER; i++)
		steps[i] = "";
	return (Schema){ steps, LATER };
}

static void old_event(int recipient, const char *class_, const char *reason,
    int64_t at, const char *step, bool is_disabled, int64_t until,
    unsigned rung)
{
	g_autofree char *sql = g_strdup_printf(
	    "INSERT INTO events (at, recipient_id, campaign_id, token_day,"
	    " trust, class, reason, confidence, rule, source, matched, status,"
	    " smtp_code, action, provider, remote_mta, diagnostic, via,"
	    " message_id, queue_id, client, step, is_disabled, hold_until,"
	    " rung, needs_review) VALUES (%" G_GINT64_FORMAT
	    ", %d, 1, %" G_GINT64_FORMAT ", 'signed', '%s', '%s', 0.98, 'r',"
	    " 'status', '', '', 550, 'failed', '', '', '', '', '', '', '',"
	    " '%s', %d, %" G_GINT64_FORMAT ", %u, 0)",
	    at, recipient, at / DAY, class_, reason, step, is_disabled, until,
	    rung);

	raw_ok(sql);
}

/* A store as version VERSION left it: one hard bounce, one recipient who was
   counted twice, and one whose second rung is over, its hold deleted. */
static void make_version(int version)
{
	Schema first = { schema_current.steps, version };
	g_autofree char *recipients = g_strdup_printf(
	    "INSERT INTO recipients (address, original, created, soft, rung)"
	    " VALUES ('ana@example.org', '', 1, '', 0),"
	    " ('bo@example.org', '', 1, '%" G_GINT64_FORMAT
	    "d %" G_GINT64_FORMAT "', 0), ('cy@example.org', '', 1, '', 2)",
	    NOW - DAY, NOW);
	g_autofree char *hold =
	    g_strdup_printf("INSERT INTO suppressions VALUES (1, '', 'hard',"
			    " %" G_GINT64_FORMAT ", NULL, 1, '')",
		NOW);

	ck_assert_int_eq(unlink(fixture_path), 0);
	ck_assert(store_sqlite_create(fixture_path, &first, &error));
	raw_ok("INSERT INTO campaigns (id, name, stream, created) VALUES"
	       " (1, 'c', 's', 1)");
	raw_ok(recipients);
	raw_ok(hold);
	old_event(1, "hard", "bad-mailbox", NOW, "hard", false, HOLD_FOREVER,
	    0);
	old_event(2, "soft", "disabled", NOW - DAY, "soft", true, 0, 0);
	old_event(2, "soft", "mailbox-full", NOW, "soft", false, 0, 0);
	old_event(3, "soft", "mailbox-full", NOW - 60 * DAY, "soft", false,
	    NOW - 53 * DAY, 1);
	old_event(3, "soft", "mailbox-full", NOW - 40 * DAY, "soft", false,
	    NOW - 10 * DAY, 2);
}

START_TEST(test_migrate)
{
	const char *steps[LATER];
	Schema later = later_schema(two_steps, steps);
	StoreMode mode = _i == 0 ? STORE_WRITE : STORE_DAEMON;
	Store *store;

	make_version(1);
	ck_assert_ptr_null(store_sqlite_open(fixture_path, STORE_READ, BUSY,
	    &later, &error));
	ck_error(error, VP_ERROR_CONFIG);
	g_clear_error(&error);
	store = store_sqlite_open(fixture_path, mode, BUSY, &later, &error);
	ck_no_error(error);
	store_close(store);
	ck_assert_int_eq(raw_ask("PRAGMA user_version"), LATER);
	ck_assert_int_eq(raw_ask("SELECT count(*) FROM campaigns"
				 " WHERE color = 'blue'"),
	    1);
	ck_assert_int_eq(raw_ask("SELECT count(*) FROM extra"), 0);
	/* And never back. */
	ck_assert_ptr_null(store_open(fixture_path, mode, BUSY, &error));
	ck_error(error, VP_ERROR_CONFIG);
}
END_TEST

START_TEST(test_migrate_fails)
{
	const char *steps[LATER];
	Schema later = later_schema(bad_steps, steps);
	Store *store;

	make_version(1);
	ck_assert_ptr_null(store_sqlite_open(fixture_path, STORE_DAEMON, BUSY,
	    &later, &error));
	ck_error(error, VP_ERROR_CONFIG);
	g_clear_error(&error);
	/* All of it or nothing. */
	ck_assert_int_eq(raw_ask("PRAGMA user_version"), 1);
	ck_assert_int_eq(raw_ask("SELECT count(*) FROM sqlite_schema"
				 " WHERE name = 'extra'"),
	    0);
	ck_assert_int_eq(raw_ask("SELECT count(*) FROM"
				 " pragma_table_info('campaigns')"
				 " WHERE name = 'color'"),
	    0);
	/* The real one goes on from there. */
	store = fixture_open(STORE_DAEMON);
	store_close(store);
	ck_assert_int_eq(raw_ask("PRAGMA user_version"),
	    schema_current.version);
}
END_TEST

/* Counts and rungs of before version 3 go on as they were. */
static void check_kept_counts(Store *store)
{
	RecipientState state;
	const Track *soft = &state.track[CAUSE_SOFT];

	ck_assert(store_load(store, 2, "s", &state, &error));
	ck_assert_uint_eq(soft->n_hits, 2);
	ck_assert_int_eq(soft->hits[0].at, NOW - DAY);
	ck_assert_int_eq(soft->hits[0].reason, VP_REASON_DISABLED);
	ck_assert_int_eq(soft->hits[1].reason, VP_REASON_UNKNOWN);
	ck_assert(store_load(store, 3, "s", &state, &error));
	ck_assert_uint_eq(soft->n_hits, 0);
	ck_assert_uint_eq(soft->rung, 2);
	ck_assert_int_eq(soft->rung_end, NOW - 10 * DAY);
}

/* From every version that was released, and what was in it still counts. */
START_TEST(test_migrate_to_current)
{
	StoreMode mode = _i % 2 == 0 ? STORE_WRITE : STORE_DAEMON;
	int version = 1 + _i / 2;
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	int64_t began = g_get_real_time() / G_USEC_PER_SEC;
	g_auto(StoreRecipient) ana = { 0 };
	uint64_t recipients = 0;
	StoreStats stats;
	Store *store;

	make_version(version);
	store = fixture_open(mode);
	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	ck_assert_int_eq(stats.events, 5);
	ck_assert_int_eq(stats.by_cause[CAUSE_HARD], 1);
	ck_assert_int_eq(stats.kept, 0);
	/* what was put in is as versions 1 and 2 counted */
	if (version < 3) {
		check_kept_counts(store);
		ck_assert(store_verify(store, NOW, findings, &recipients,
		    &error));
		ck_assert_uint_eq(findings->len, 0);
	}
	/* when they were used last nobody knows: not longer ago than now */
	ck_assert(store_recipient_find(store, 1, NULL, &ana, &error));
	if (version < 4)
		ck_assert_int_ge(ana.used, began);
	store_close(store);
	ck_assert_int_eq(raw_ask("PRAGMA user_version"),
	    schema_current.version);
}
END_TEST

/* Quotes that are needed no more. */
START_TEST(test_migrate_quotes)
{
	static const char *const cases[][2] = {
		{ "\".a..b.\"@x.test", ".a..b.@x.test" },
		{ "\"jos\xc3\xa9.\"@x.test", "jos\xc3\xa9.@x.test" },
		{ "\"!#$%&'*+/=?^_`{|}~-.\"@x", "!#$%&'*+/=?^_`{|}~-.@x" },
		{ "\"a b\"@x.test", "\"a b\"@x.test" },
		{ "\"a.@b\"@x.test", "\"a.@b\"@x.test" },
		{ "\"a\\\"b.\"@x.test", "\"a\\\"b.\"@x.test" },
		{ "\"\"@x.test", "\"\"@x.test" },
		{ "ana@x.test", "ana@x.test" },
		/* taken */
		{ "\"c.\"@x.test", "\"c.\"@x.test" },
		{ "c.@x.test", "c.@x.test" },
	};
	Store *store;

	make_version(4);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *sql =
		    sqlite3_mprintf("INSERT INTO recipients (id, address,"
				    " original, created)"
				    " VALUES (%u, %Q, '', 0)",
			100 + i, cases[i][0]);

		raw_ok(sql);
		sqlite3_free(sql);
	}
	store = fixture_open(STORE_WRITE);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(StoreRecipient) found = { 0 };
		g_autofree char *folded = address_fold(cases[i][0], NULL);

		ck_assert(store_recipient_find(store, 100 + i, NULL, &found,
		    &error));
		ck_assert_str_eq(found.address, cases[i][1]);
		if (i < 8)
			ck_assert_str_eq(found.address, folded);
	}
	store_close(store);
}
END_TEST

/* Not under the feet of a daemon of the version before. */
START_TEST(test_migrate_beside_daemon)
{
	const char *steps[LATER];
	Schema later = later_schema(two_steps, steps);
	Schema first = { schema_current.steps, 1 };
	g_autoptr(Store) daemon = NULL;

	make_version(1);
	daemon = store_sqlite_open(fixture_path, STORE_DAEMON, BUSY, &first,
	    &error);
	ck_no_error(error);
	ck_assert_ptr_null(store_sqlite_open(fixture_path, STORE_WRITE, BUSY,
	    &later, &error));
	ck_error(error, VP_ERROR_CONFIG);
	g_clear_pointer(&daemon, store_close);
}
END_TEST

START_TEST(test_identity)
{
	ck_assert_int_eq(raw_ask("PRAGMA user_version"),
	    schema_current.version);
	ck_assert_int_eq(raw_ask("PRAGMA application_id"),
	    SCHEMA_APPLICATION_ID);
	ck_assert_int_eq(raw_ask("SELECT count(*) FROM pragma_journal_mode"
				 " WHERE journal_mode = 'wal'"),
	    1);
}
END_TEST

/* ---- what the tables refuse by themselves ---- */

static const struct {
	const char *label;
	const char *sql;
} refused_cases[] = {
	{ "audit is not rewritten", "UPDATE audit SET actor = 'nobody'" },
	{ "audit is not deleted", "DELETE FROM audit" },
	{ "events are not rewritten", "UPDATE events SET class = 'soft'" },
	{ "an event has a recipient", "PRAGMA foreign_keys = ON; UPDATE "
				      "suppressions SET recipient_id = 9" },
	{ "one address, one recipient",
	    "INSERT INTO recipients (address, original, created)"
	    " VALUES ('ana@example.org', '', 1)" },
	{ "columns have their types",
	    "INSERT INTO deliveries (key, at) VALUES (x'00', 'today')" },
	{ "one hard step of a token",
	    "INSERT INTO events (at, recipient_id, campaign_id, token_day,"
	    " trust, class, reason, confidence, rule, source, matched, status,"
	    " smtp_code, action, provider, remote_mta, diagnostic, via,"
	    " message_id, queue_id, client, step, is_disabled, hold_until,"
	    " rung, needs_review) SELECT at, recipient_id, campaign_id,"
	    " token_day, trust, class, reason, confidence, rule, source,"
	    " matched, status, smtp_code, action, provider, remote_mta,"
	    " diagnostic, via, message_id, queue_id, client, step,"
	    " is_disabled, hold_until, rung, needs_review FROM events" },
};

static void fill(void)
{
	Store *store = fixture_open(STORE_WRITE);
	ManualChange change = { "root", "test", NOW };

	fixture_record(store, "c", "s", "ana@example.org", NOW, VP_CLASS_HARD,
	    fixture_hard());
	fixture_record(store, "c", "s", "bo@example.org", NOW, VP_CLASS_SOFT,
	    fixture_soft(0, 0));
	fixture_record(store, "c", "s", "cy@example.org", NOW, VP_CLASS_SOFT,
	    fixture_soft(NOW + DAY, 1));
	fixture_record(store, "c", "s", "di@example.org", NOW,
	    VP_CLASS_UNSUBSCRIBE,
	    (Effect){ .step = STEP_UNSUBSCRIBE, .hold_until = HOLD_FOREVER });
	ck_assert(store_add(store, &change, "ed@example.org", "Ed@example.org",
	    "news", NOW + DAY, &error));
	store_close(store);
}

START_TEST(test_tables_refuse)
{
	fill();
	ck_assert_msg(raw(refused_cases[_i].sql) == SQLITE_CONSTRAINT, "%s",
	    refused_cases[_i].label);
}
END_TEST

/* Retention may delete events, and a deletion never frees an id. */
START_TEST(test_ids_are_not_reused)
{
	static const char *const tables[] = { "events", "campaigns",
		"recipients" };
	g_autofree char *ask = g_strdup_printf("SELECT max(id) FROM %s",
	    tables[_i]);
	Store *store;
	int64_t last;

	fill();
	last = raw_ask(ask);
	raw_ok("PRAGMA foreign_keys = OFF; DELETE FROM suppressions;"
	       "DELETE FROM events; DELETE FROM campaigns;"
	       "DELETE FROM recipients");
	store = fixture_open(STORE_WRITE);
	fixture_record(store, "new", "s", "new@example.org", NOW, VP_CLASS_HARD,
	    fixture_hard());
	store_close(store);
	ck_assert_int_eq(raw_ask(ask), last + 1);
}
END_TEST

/* What a mailer asks; time is the system's there. */
START_TEST(test_view)
{
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	Store *store = fixture_open(STORE_WRITE);
	ManualChange change = { "root", "test", now };

	ck_assert(store_add(store, &change, "ever@example.org", "", "",
	    HOLD_FOREVER, &error));
	ck_assert(store_add(store, &change, "now@example.org", "", "news",
	    now + 1000, &error));
	ck_assert(store_add(store, &change, "over@example.org", "", "", now - 1,
	    &error));
	store_close(store);
	ck_assert_int_eq(raw_ask("SELECT count(*) FROM suppressed"), 2);
	ck_assert_int_eq(raw_ask("SELECT count(*) FROM suppressed"
				 " WHERE address = 'ever@example.org'"
				 " AND stream = '' AND cause = 'manual'"
				 " AND until IS NULL AND since > 0"),
	    1);
	ck_assert_int_eq(raw_ask("SELECT until FROM suppressed"
				 " WHERE stream = 'news'"),
	    now + 1000);
}
END_TEST

/* ---- recounting ---- */

static const struct {
	const char *sql;
	const char *finding; /* part of the one line found */
} planted_cases[] = {
	{ "UPDATE quarantine_total SET octets = 7",
	    "quarantine: 7 octets, recounted 0" },
	{ "UPDATE recipients SET soft = '1789999999' WHERE id = 2",
	    "<bo@example.org>: soft bounces are \"1789999999\", recounted "
	    "\"1790000000\"" },
	{ "UPDATE recipients SET soft = '' WHERE id = 2",
	    "<bo@example.org>: soft bounces are \"\"" },
	{ "UPDATE recipients SET soft = '1790000000d' WHERE id = 2",
	    "<bo@example.org>: soft bounces are \"1790000000:disabled\"" },
	{ "UPDATE recipients SET rung_end = 7 WHERE id = 3",
	    "<cy@example.org>: end of the rung is 7, recounted" },
	{ "UPDATE recipients SET counts = 'hard 0 0 17:moved' WHERE id = 3",
	    "<cy@example.org>: counts are \"hard 0 0 17:moved\", "
	    "recounted \"\"" },
	{ "UPDATE recipients SET counts = 'love 0 0 17' WHERE id = 3",
	    "<cy@example.org>: counts cannot be read" },
	{ "UPDATE recipients SET rung = 2 WHERE id = 3",
	    "<cy@example.org>: rung is 2, recounted 1" },
	{ "DELETE FROM suppressions WHERE recipient_id = 1",
	    "<ana@example.org>: hold \"hard \" is none, recounted" },
	{ "UPDATE suppressions SET until = 1790000500 WHERE cause = 'hard'",
	    "hold \"hard \" is 2026-09-21T14:13:20Z until "
	    "2026-09-21T14:21:40Z, recounted 2026-09-21T14:13:20Z until ever" },
	{ "UPDATE suppressions SET since = since + 1 WHERE cause = 'soft'",
	    "<cy@example.org>: hold \"soft \" is" },
	{ "UPDATE suppressions SET stream = 'other'"
	  " WHERE cause = 'unsubscribe'",
	    "<di@example.org>: hold \"unsubscribe " },
	{ "INSERT INTO suppressions"
	  " VALUES (2, '', 'complaint', 1790000000, NULL, 1, '')",
	    "<bo@example.org>: hold \"complaint \" is" },
	{ "DELETE FROM suppressions WHERE cause = 'manual'",
	    "<ed@example.org>: hold \"manual news\" is none" },
	{ "INSERT INTO suppressions"
	  " VALUES (1, '', 'nonsense', 1790000000, NULL, 1, '')",
	    "<ana@example.org>: hold of no known cause" },
	{ "DELETE FROM events WHERE recipient_id = 1",
	    "<ana@example.org>: hold \"hard \" is" },
	{ "DELETE FROM campaigns", "foreign_key_check: events" },
	{ "UPDATE recipients SET soft = 'x' WHERE id = 2",
	    "<bo@example.org>: soft bounces cannot be read" },
};

START_TEST(test_verify_finds)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;
	Store *store;
	bool any = false;

	fill();
	store = fixture_open(STORE_READ);
	ck_assert(store_verify(store, NOW, findings, &recipients, &error));
	ck_assert_uint_eq(recipients, 5);
	if (findings->len > 0)
		ck_abort_msg("%s", (char *)findings->pdata[0]);
	store_close(store);

	raw_ok(planted_cases[_i].sql);
	store = fixture_open(STORE_READ);
	ck_assert(store_verify(store, NOW, findings, &recipients, &error));
	store_close(store);
	for (unsigned i = 0; i < findings->len; i++)
		any |= strstr(findings->pdata[i], planted_cases[_i].finding) !=
		       NULL;
	ck_assert_msg(any, "%s: %u found, first: %s", planted_cases[_i].sql,
	    findings->len, findings->len > 0 ? (char *)findings->pdata[0] : "");
}
END_TEST

/* A recount agrees whatever the order of mail, hands and clock. */
START_TEST(test_verify_random)
{
	static const Step steps[] = { STEP_SOFT, STEP_SOFT, STEP_HARD,
		STEP_COMPLAINT, STEP_UNSUBSCRIBE, STEP_BLOCK, STEP_RESET,
		STEP_NONE };
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	Store *store = fixture_open(STORE_DAEMON);
	int64_t now = NOW;
	const StoreRetention keep = { .keys = 1000 };
	StoreExpired gone;
	uint64_t recipients;

	for (int i = 0; i < 400; i++) {
		g_autofree char *address = g_strdup_printf("r%d@example.org",
		    g_rand_int_range(rand, 0, 4));
		/* A campaign each: no token twice. */
		g_autofree char *campaign = g_strdup_printf("c%d", i);
		const char *stream = i % 2 == 0 ? "news" : "bills";
		int64_t until = g_rand_boolean(rand)
				    ? HOLD_FOREVER
				    : now + g_rand_int_range(rand, 1, 500);
		ManualChange change = { "root", "test", now };
		Effect effect = {
			.step = steps[g_rand_int_range(rand, 0,
			    G_N_ELEMENTS(steps))],
			.is_counted = g_rand_boolean(rand),
			.reason = (enum vp_reason)g_rand_int_range(rand, 0,
			    VP_REASON_COUNT),
		};
		unsigned lifted;

		if (g_rand_int_range(rand, 0, 3) > 0)
			effect.hold_until = until;
		if (effect.is_counted && effect.hold_until != 0)
			effect.rung = (unsigned)i % 5;
		switch (g_rand_int_range(rand, 0, 10)) {
		case 0:
			ck_assert(store_add(store, &change, address, address,
			    i % 3 == 0 ? "" : stream, until, &error));
			break;
		case 1:
			if (!store_release(store, &change, address,
				i % 3 == 0 ? NULL : stream,
				g_rand_int_range(rand, -1, CAUSE_COUNT),
				&lifted, &error))
				g_clear_error(&error);
			break;
		case 2:
			/* For a while, the clock was far ahead. */
			if (i / 100 == 2)
				change.now += 100000;
			ck_assert(store_expire(store, &change, &keep, false,
			    &gone, &error));
			break;
		default:
			fixture_record(store, campaign, stream, address, now,
			    VP_CLASS_UNKNOWN, effect);
		}
		now += g_rand_int_range(rand, 0, 100);
	}
	ck_assert(store_verify(store, now, findings, &recipients, &error));
	if (findings->len > 0)
		ck_abort_msg("seed %d: %s", _i, (char *)findings->pdata[0]);
	store_close(store);
}
END_TEST

static Suite *file_suite(void)
{
	Suite *suite = suite_create("store_file");
	TCase *tcase = fixture_case(suite, "file");

	tcase_add_test(tcase, test_empty_file);
	tcase_add_loop_test(tcase, test_truncated_file, 0, 7);
	tcase_add_test(tcase, test_not_a_database);
	tcase_add_test(tcase, test_another_program);
	tcase_add_test(tcase, test_empty_database);
	tcase_add_test(tcase, test_newer_schema);
	tcase_add_test(tcase, test_no_epoch);
	tcase_add_test(tcase, test_directory);
	tcase_add_loop_test(tcase, test_leftover_log, 0, 2);
	tcase_add_test(tcase, test_create_leaves_one_file);
	tcase_add_test(tcase, test_create_nowhere);
	tcase_add_test(tcase, test_corrupt_page);
	tcase_add_loop_test(tcase, test_migrate, 0, 2);
	tcase_add_test(tcase, test_migrate_fails);
	tcase_add_loop_test(tcase, test_migrate_to_current, 0,
	    2 * (schema_current.version - 1));
	tcase_add_test(tcase, test_migrate_quotes);
	tcase_add_test(tcase, test_migrate_beside_daemon);
	tcase_add_test(tcase, test_identity);
	tcase_add_loop_test(tcase, test_tables_refuse, 0,
	    G_N_ELEMENTS(refused_cases));
	tcase_add_loop_test(tcase, test_ids_are_not_reused, 0, 3);
	tcase_add_test(tcase, test_view);
	tcase_add_loop_test(tcase, test_verify_finds, 0,
	    G_N_ELEMENTS(planted_cases));
	tcase_add_loop_test(tcase, test_verify_random, 0, 20);
	return suite;
}

RUN_SUITE(file_suite)
