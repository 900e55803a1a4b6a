/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Retention: what is old goes, and nobody's state changes by it.  Whatever the
   history: the answers are as before, a recount finds no difference, no
   suppression is without what it rests on, and again is nothing. */

#include "main.h"
#include "store_fixture.h"

#include "store_sqlite.h"

#include <string.h>
#include <time.h>

#define YEAR (365 * DAY)
#define N    60 /* recipients of the random histories */

static GError *error;
static const ManualChange by_cron = { "cron", "nightly", NOW };

static StoreRetention retention(void)
{
	StoreRetention kept = { .keys = 60 * DAY,
		.quarantine = { 30 * DAY, 1 << 20 },
		.acted = YEAR,
		.window = 30 * DAY,
		.forged = 30 * DAY,
		.rule_hits = YEAR,
		.feeds = 30 * DAY };

	for (int i = 0; i < VP_CLASS_COUNT; i++)
		kept.events[i] = 90 * DAY;
	return kept;
}

static StorePurged purge(Store *store, bool is_dry_run)
{
	StoreRetention kept = retention();
	StorePurged gone = { 0 };

	ck_assert(store_purge(store, &by_cron, &kept, is_dry_run, NULL, NULL,
	    &gone, &error));
	ck_no_error(error);
	return gone;
}

static void check_whole(Store *store)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;

	ck_assert(store_verify(store, NOW, findings, &recipients, &error));
	for (unsigned i = 0; i < findings->len; i++)
		g_printerr("%s\n", (char *)g_ptr_array_index(findings, i));
	ck_assert_uint_eq(findings->len, 0);
}

static int64_t ask(Store *store, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	ck_assert_int_eq(sqlite3_prepare_v2(((StoreSqlite *)store)->db, sql, -1,
			     &stmt, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

/* A suppression of a bounce names an event that is there. */
static void check_behind(Store *store)
{
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM suppressions s"
				    " WHERE event_id IS NOT NULL AND NOT EXISTS"
				    " (SELECT 1 FROM events e"
				    " WHERE e.id = s.event_id)"),
	    0);
}

static int64_t count_events(Store *store)
{
	return ask(store, "SELECT count(*) FROM events");
}

/* What each history leaves behind. */
START_TEST(test_what_goes)
{
	const Effect none = { 0 }, reset = { .step = STEP_RESET };
	const Effect rung = fixture_soft(NOW - YEAR, 1);
	const struct {
		const char *what;
		struct {
			int64_t days; /* ago */
			enum vp_class class_;
			Effect effect;
		} events[4];
		unsigned left;
	} histories[] = {
		{ "old replies go, young ones stay",
		    { { 100, VP_CLASS_AUTO_REPLY, none },
			{ 80, VP_CLASS_AUTO_REPLY, none } },
		    1 },
		{ "what is in force stays, however old",
		    { { 1000, VP_CLASS_HARD, fixture_hard() } }, 1 },
		{ "and what was said to it goes",
		    { { 1000, VP_CLASS_HARD, fixture_hard() },
			{ 900, VP_CLASS_HARD, none } },
		    1 },
		{ "a hit beyond every window counts for nothing",
		    { { 1000, VP_CLASS_SOFT, fixture_soft(0, 0) } }, 0 },
		{ "a token that may come again keeps its event",
		    { { 200, VP_CLASS_SOFT, fixture_soft(0, 0) } }, 1 },
		{ "a rung is remembered",
		    { { 1010, VP_CLASS_SOFT, fixture_soft(0, 0) },
			{ 1000, VP_CLASS_SOFT, rung } },
		    1 },
		{ "until a delivery forgets it",
		    { { 1010, VP_CLASS_SOFT, fixture_soft(0, 0) },
			{ 1000, VP_CLASS_SOFT, rung },
			{ 900, VP_CLASS_DELIVERED, reset } },
		    0 },
		{ "a young delivery and what it forgot stay together",
		    { { 1000, VP_CLASS_SOFT, rung },
			{ 10, VP_CLASS_DELIVERED, reset } },
		    1 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(histories); i++) {
		Store *store;
		StorePurged dry, gone;
		int64_t n = 0;

		fixture_set_up();
		store = fixture_open(STORE_WRITE);
		for (; n < 4 && histories[i].events[n].days > 0; n++)
			(void)fixture_record(store, "news", "marketing",
			    "ana@example.org",
			    NOW - histories[i].events[n].days * DAY,
			    histories[i].events[n].class_,
			    histories[i].events[n].effect);
		check_whole(store);
		dry = purge(store, true);
		ck_assert_int_eq(count_events(store), n);
		gone = purge(store, false);
		ck_assert_uint_eq(dry.events, gone.events);
		ck_assert_msg(count_events(store) == histories[i].left,
		    "%s: %" G_GINT64_FORMAT " left", histories[i].what,
		    count_events(store));
		check_whole(store);
		check_behind(store);
		store_close(store);
		fixture_tear_down();
	}
}
END_TEST

static Effect random_effect(GRand *random, int64_t at, enum vp_class *ret_class)
{
	switch (g_rand_int_range(random, 0, 8)) {
	case 0:
		*ret_class = VP_CLASS_HARD;
		return fixture_hard();
	case 1:
	case 2:
		*ret_class = VP_CLASS_SOFT;
		return fixture_soft(0, 0);
	case 3:
		*ret_class = VP_CLASS_SOFT;
		return fixture_soft(at + g_rand_int_range(random, 1, 900) * DAY,
		    (unsigned)g_rand_int_range(random, 1, 4));
	case 4:
		*ret_class = VP_CLASS_DELIVERED;
		return (Effect){ .step = STEP_RESET };
	case 5:
		*ret_class = VP_CLASS_UNSUBSCRIBE;
		return (Effect){ .step = STEP_UNSUBSCRIBE,
			.hold_until = HOLD_FOREVER };
	default:
		*ret_class = VP_CLASS_AUTO_REPLY;
		return (Effect){ 0 };
	}
}

static bool note_hold(const Suppression *row, void *data)
{
	g_string_append_printf(data,
	    "%s %s %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
	    row->address, row->stream, (int)row->cause, row->hold.since,
	    row->hold.until);
	return true;
}

static char *holds(Store *store)
{
	StoreFilter filter = STORE_FILTER_ANY;
	GString *text = g_string_new(NULL);

	filter.now = NOW;
	ck_assert(store_each_suppression(store, &filter, note_hold, text,
	    &error));
	return g_string_free(text, FALSE);
}

static void random_history(Store *store, GRand *random, const char *address)
{
	int64_t at = NOW - 1500 * DAY;

	for (int i = 0; i < 12; i++) {
		ManualChange change = { "ana", "why not", 0 };
		unsigned lifted;

		at += g_rand_int_range(random, 1, 120) * DAY;
		change.now = at;
		switch (g_rand_int_range(random, 0, 12)) {
		case 0:
			if (store_release(store, &change, address, NULL, -1,
				&lifted, &error))
				break;
			ck_error(error, VP_ERROR_NOT_FOUND);
			g_clear_error(&error);
			break;
		case 1:
			ck_assert(store_add(store, &change, address, address,
			    "", at + 100 * DAY, &error));
			break;
		default: {
			enum vp_class class_;
			Effect effect = random_effect(random, at, &class_);
			g_autofree char *campaign = g_strdup_printf("c%d", i);

			(void)fixture_record(store, campaign, "marketing",
			    address, at, class_, effect);
		}
		}
	}
}

START_TEST(test_any_history)
{
	GRand *random = g_rand_new_with_seed((guint32)_i);
	Store *store = fixture_open(STORE_WRITE);
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	StorePurged dry, gone;
	int64_t n;

	for (int i = 0; i < N; i++) {
		g_autofree char *address = g_strdup_printf("u%d@example.org",
		    i);

		random_history(store, random, address);
	}
	check_whole(store);
	before = holds(store);
	n = count_events(store);
	dry = purge(store, true);
	gone = purge(store, false);
	ck_assert_uint_eq(dry.events, gone.events);
	ck_assert_uint_gt(gone.events, N);
	ck_assert_int_eq(count_events(store), n - (int64_t)gone.events);
	after = holds(store);
	ck_assert_str_eq(before, after);
	check_whole(store);
	check_behind(store);
	ck_assert_uint_eq(purge(store, false).events, 0);
	store_close(store);
	g_rand_free(random);
}
END_TEST

/* What a recount would find wrong is not to be hidden by deleting it. */
START_TEST(test_damage_stays)
{
	Store *store = fixture_open(STORE_WRITE);

	(void)fixture_record(store, "news", "marketing", "ana@example.org",
	    NOW - 3 * YEAR, VP_CLASS_SOFT, fixture_soft(0, 0));
	ck_assert_int_eq(sqlite3_exec(((StoreSqlite *)store)->db,
			     "UPDATE recipients SET rung = 3", NULL, NULL,
			     NULL),
	    SQLITE_OK);
	ck_assert_uint_eq(purge(store, false).events, 0);
	ck_assert_int_eq(count_events(store), 1);
	store_close(store);
}
END_TEST

/* A hard verdict under an open breaker rests on its event until settled. */
START_TEST(test_held_stays)
{
	Store *store = fixture_open(STORE_WRITE);
	sqlite3 *db = ((StoreSqlite *)store)->db;
	const StoreRetention kept = retention();
	StoreExpired over;
	const Effect held = { .step = STEP_HELD, .hold_until = NOW - 2 * YEAR };

	(void)fixture_record(store, "news", "marketing", "ana@example.org",
	    NOW - 3 * YEAR, VP_CLASS_HARD, held);
	ck_assert_int_eq(
	    sqlite3_exec(db,
		"INSERT INTO breakers (kind, name, opened, why, is_known,"
		" recall_next, recall_last)"
		" VALUES ('provider', 'google', 1, '', 0, 1, 0);"
		"INSERT INTO breaker_held VALUES (1, 1, 1)",
		NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_uint_eq(purge(store, false).events, 0);
	ck_assert_int_eq(sqlite3_exec(db,
			     "INSERT INTO reviews VALUES (1, 1, "
			     "NULL)",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	/* its hold is over, but names it still */
	ck_assert_uint_eq(purge(store, false).events, 0);
	ck_assert(store_expire(store, &by_cron, &kept, false, &over, &error));
	ck_assert_uint_eq(purge(store, false).events, 1);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM breaker_held"), 0);
	check_whole(store);
	store_close(store);
}
END_TEST

START_TEST(test_rows)
{
	Store *store = fixture_open(STORE_WRITE);
	StorePurged gone;

	ck_assert(store_begin(store, &error));
	for (int i = 0; i < 500; i++) {
		Forgery forgery = { .at = NOW - (i % 2 + 1) * 20 * DAY,
			.source = "192.0.2.1",
			.address = "x@bounces.example.org",
			.why = "no token",
			.queue_id = "",
			.hits = 1 };

		ck_assert(store_forged(store, &forgery, 1000, 1000, &error));
	}
	ck_assert(store_rule_hits(store, "old", 3, NOW - 2 * YEAR, &error));
	ck_assert(store_rule_hits(store, "new", 3, NOW, &error));
	ck_assert(store_commit(store, &error));
	gone = purge(store, true);
	ck_assert_uint_eq(gone.forged, 250);
	ck_assert_uint_eq(gone.rules, 1);
	gone = purge(store, false);
	ck_assert_uint_eq(gone.forged, 250);
	ck_assert_uint_eq(gone.rules, 1);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM forged"), 250);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM rule_hits"), 1);
	ck_assert(store_compact(store, &error));
	check_whole(store);
	store_close(store);
}
END_TEST

/* ---- recipients ---- */

static void ensure(Store *store, const char *address, int64_t now)
{
	g_auto(StoreRecipient) recipient = { 0 };

	ck_assert(store_begin(store, &error));
	ck_assert(store_recipient_ensure(store, address, address, now,
	    &recipient, &error));
	ck_assert(store_commit(store, &error));
	ck_assert_int_le(now - recipient.used, STORE_USE_NOTED);
}

static uint64_t forget(Store *store, int64_t now, bool is_dry_run)
{
	const ManualChange change = { "cron", "nightly", now };
	const StoreRetention kept = { .recipients = YEAR };
	StorePurged gone = { 0 };

	ck_assert(store_purge(store, &change, &kept, is_dry_run, NULL, NULL,
	    &gone, &error));
	return gone.recipients;
}

/* Each by what keeps him, and whoever is used stays. */
START_TEST(test_recipients)
{
	Store *store = fixture_open(STORE_WRITE);
	const ManualChange change = { "root", "asked", NOW };
	Entry entry = { .kind = ENTRY_ALLOW,
		.address = "entry@example.org",
		.domain = "",
		.stream = "",
		.hold = { .until = HOLD_FOREVER },
		.note = "" };

	for (unsigned i = 0; i < 5000; i++) {
		g_autofree char *address = g_strdup_printf("u%u@example.org",
		    i);

		ensure(store, address, NOW);
	}
	(void)fixture_record(store, "a", "marketing", "event@example.org", NOW,
	    VP_CLASS_AUTO_REPLY, (Effect){ 0 });
	ck_assert(store_add(store, &change, "held@example.org", "", "",
	    HOLD_FOREVER, &error));
	ck_assert(store_entry_put(store, &change, &entry, "", &error));
	ensure(store, "used@example.org", NOW);
	ensure(store, "used@example.org", NOW + STORE_USE_NOTED);
	ck_assert_uint_eq(forget(store, NOW + YEAR, false), 0);
	ck_assert_uint_eq(forget(store, NOW + YEAR + 1, true), 5000);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM recipients"), 5004);
	ck_assert_uint_eq(forget(store, NOW + YEAR + 1, false), 5000);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM recipients"), 4);
	ck_assert_uint_eq(forget(store, NOW + YEAR + STORE_USE_NOTED, false),
	    0);
	ck_assert_uint_eq(forget(store, NOW + YEAR + STORE_USE_NOTED + 1,
			      false),
	    1);
	ck_assert_uint_eq(forget(store, NOW + 50 * YEAR, false), 0);
	ensure(store, "new@example.org", NOW);
	ck_assert_int_gt(ask(store, "SELECT max(id) FROM recipients"), 5003);
	check_whole(store);
	store_close(store);
}
END_TEST

/* The time between a BEGIN IMMEDIATE and its COMMIT, without what others made
   this thread wait. */
typedef struct Stopwatch {
	int64_t began; /* microseconds; 0: no transaction */
	int64_t longest;
	unsigned n;
} Stopwatch;

static int64_t thread_time(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + 1;
}

static int watch(unsigned what, void *data, void *stmt, void *detail)
{
	Stopwatch *stopwatch = data;
	const char *sql = sqlite3_sql(stmt);

	if (sql == NULL) {
		return 0;
	} else if (strcmp(sql, "BEGIN IMMEDIATE") == 0) {
		if (what == SQLITE_TRACE_PROFILE)
			stopwatch->began = thread_time();
	} else if (strcmp(sql, "COMMIT") == 0 && what == SQLITE_TRACE_PROFILE &&
		   stopwatch->began != 0) {
		stopwatch->longest = MAX(stopwatch->longest,
		    thread_time() - stopwatch->began);
		stopwatch->began = 0;
		stopwatch->n++;
	}
	return 0;
}

/* However much there is, and though one recipient has very much of it: nobody
   waits for longer than 50 ms. */
START_TEST(test_writers_come_through)
{
	static const char fill[] =
	    "INSERT INTO recipients (address, original, created)"
	    " WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c"
	    " WHERE n < 3000) SELECT 'u' || n, '', 1 FROM c;"
	    "CREATE TEMP TABLE e AS SELECT * FROM events;"
	    "INSERT INTO events SELECT NULL, e.at, iif(n < 3000, n + 2, 1),"
	    " e.campaign_id, n + 10, e.trust, e.class, e.reason, e.confidence,"
	    " e.rule, e.source, e.matched, e.status, e.smtp_code, e.action,"
	    " e.provider, e.remote_mta, e.diagnostic, e.via, e.message_id,"
	    " e.queue_id, e.client, e.step, e.is_disabled, e.hold_until,"
	    " e.rung, e.needs_review, e.is_counted, e.policy, e.confirm"
	    " FROM (WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1"
	    " FROM c WHERE n < 6000) SELECT n FROM c) CROSS JOIN e"
	    " ORDER BY n, e.id;"
	    "DROP TABLE e;";
	Store *store = fixture_open(STORE_WRITE);
	sqlite3 *db = ((StoreSqlite *)store)->db;
	Stopwatch stopwatch = { 0 };

	(void)fixture_record(store, "a", "marketing", "ana@example.org",
	    NOW - 3 * YEAR, VP_CLASS_SOFT, fixture_soft(0, 0));
	(void)fixture_record(store, "b", "marketing", "ana@example.org",
	    NOW - 3 * YEAR, VP_CLASS_AUTO_REPLY, (Effect){ 0 });
	(void)fixture_record(store, "c", "marketing", "ana@example.org",
	    NOW - 3 * YEAR, VP_CLASS_DELIVERED, (Effect){ .step = STEP_RESET });
	ck_assert_msg(sqlite3_exec(db, fill, NULL, NULL, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(db));
	check_whole(store);
	sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, watch, &stopwatch);
	ck_assert_uint_gt(purge(store, false).events, 12000);
	sqlite3_trace_v2(db, 0, NULL, NULL);
	check_whole(store);
	ck_assert_uint_gt(stopwatch.n, 10);
	/* how long is for a person to read: machines are slow at times */
	g_print("# %u transactions, the longest %" G_GINT64_FORMAT " us\n",
	    stopwatch.n, stopwatch.longest);
	store_close(store);
}
END_TEST

/* ---- erase ---- */

/* The COMMIT that fails, counted down; then each fails, as after a crash. */
static int refuse_commit(void *data)
{
	unsigned *left = data;

	if (*left == 0)
		return 1;
	(*left)--;
	return 0;
}

static bool is_held(Store *store, const char *address)
{
	g_auto(StoreAnswer) answer = { 0 };

	ck_assert(store_answer(store, address, "marketing", 0, NOW, &answer,
	    &error));
	return !answer.answer.may_send;
}

/* Whoever has very many events is forgotten in small transactions; while that
   is not done the suppression stands, and once more does the rest. */
START_TEST(test_erase_of_many)
{
	static const char fill[] =
	    "CREATE TEMP TABLE e AS SELECT * FROM events LIMIT 1;"
	    "INSERT INTO events SELECT NULL, e.at, e.recipient_id,"
	    " e.campaign_id, n + 10, e.trust, e.class, e.reason, e.confidence,"
	    " e.rule, e.source, e.matched, e.status, e.smtp_code, e.action,"
	    " e.provider, e.remote_mta, e.diagnostic, e.via, e.message_id,"
	    " e.queue_id, e.client, 'none', 0, 0, 0, 0, 0, '', 0"
	    " FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1"
	    " FROM c WHERE n < 200000) SELECT n FROM c) CROSS JOIN e;"
	    "DROP TABLE e;"
	    "INSERT INTO quarantine SELECT id, id, 1, '', 1, x'78' FROM events"
	    " WHERE id % 1000 = 0;";
	static const uint8_t key[STORE_ADDRESS_KEY] = { 1 };
	Store *store = fixture_open(STORE_WRITE);
	sqlite3 *db = ((StoreSqlite *)store)->db;
	const ManualChange change = { "root", "a letter", NOW };
	Stopwatch stopwatch = { 0 };
	StoreErased done = { 0 };
	unsigned commits = 20;

	ck_assert(store_use_addresses(store, false, key, &error));
	(void)fixture_record(store, "a", "marketing", "ana@example.org",
	    NOW - 3 * YEAR, VP_CLASS_HARD, fixture_hard());
	(void)fixture_record(store, "a", "marketing", "bob@example.org",
	    NOW - 3 * YEAR, VP_CLASS_HARD, fixture_hard());
	ck_assert_msg(sqlite3_exec(db, fill, NULL, NULL, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(db));

	sqlite3_commit_hook(db, refuse_commit, &commits);
	ck_assert(!store_erase(store, &change, "ana@example.org", true, NULL,
	    NULL, &done, &error));
	g_clear_error(&error);
	sqlite3_commit_hook(db, NULL, NULL);
	ck_assert(is_held(store, "ana@example.org"));
	ck_assert_int_lt(ask(store, "SELECT count(*) FROM events"), 200000);
	ck_assert_int_gt(ask(store, "SELECT count(*) FROM events"), 1000);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM erasing"), 0);

	sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, watch, &stopwatch);
	ck_assert(store_erase(store, &change, "ana@example.org", true, NULL,
	    NULL, &done, &error));
	sqlite3_trace_v2(db, 0, NULL, NULL);
	ck_assert_uint_eq(done.kept, 1);
	ck_assert_uint_gt(done.messages, 0);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM events"), 1);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM quarantine"), 0);
	ck_assert_int_eq(ask(store, "SELECT count(*) FROM recipients"
				    " WHERE address LIKE 'ana%'"),
	    0);
	ck_assert(is_held(store, "ana@example.org"));
	check_whole(store);
	ck_assert_uint_gt(stopwatch.n, 100);
	g_print("# %u transactions, the longest %" G_GINT64_FORMAT " us\n",
	    stopwatch.n, stopwatch.longest);
	store_close(store);
}
END_TEST

static Suite *store_purge_suite(void)
{
	Suite *suite = suite_create("store_purge");
	TCase *tcase = fixture_case(suite, "purge");
	TCase *own = tcase_create("histories");

	tcase_add_test(own, test_what_goes);
	tcase_set_timeout(own, 60);
	suite_add_tcase(suite, own);
	tcase_add_loop_test(tcase, test_any_history, 0, 4);
	tcase_add_test(tcase, test_damage_stays);
	tcase_add_test(tcase, test_held_stays);
	tcase_add_test(tcase, test_rows);
	tcase_add_test(tcase, test_recipients);
	tcase_add_test(tcase, test_writers_come_through);
	tcase_set_timeout(tcase, 300); /* the sanitizers take some */
	tcase_add_test(tcase, test_erase_of_many);
	return suite;
}

RUN_SUITE(store_purge_suite)
