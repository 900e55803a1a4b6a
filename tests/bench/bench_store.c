/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long one message takes the store, beside the least that SQLite can do:
   a transaction that inserts one row, on a connection set up alike.

     bench_store DIR [MESSAGES [RECIPIENTS]]

   prints microseconds a message, each in a transaction of its own with a sync
   every 100; the processor's share of them, which other work on the machine
   disturbs less; and the ratios. */

#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

enum { BATCH = 100 };

#define NOW INT64_C(1790000000)

typedef struct Cost {
	double wall; /* microseconds, each message */
	double cpu;
} Cost;

typedef struct Stopwatch {
	int64_t wall;
	clock_t cpu;
} Stopwatch;

static Stopwatch stopwatch_start(void)
{
	return (Stopwatch){ g_get_monotonic_time(), clock() };
}

static Cost stopwatch_cost(Stopwatch since, unsigned messages)
{
	return (Cost){
		(double)(g_get_monotonic_time() - since.wall) / messages,
		(double)(clock() - since.cpu) / messages *
		    (1e6 / CLOCKS_PER_SEC),
	};
}

static void must(bool ok, GError *error)
{
	if (ok)
		return;
	fprintf(stderr, "bench_store: %s\n",
	    error != NULL ? error->message : "failed");
	exit(1);
}

static void execute(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "bench_store: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

/* An address of RECIPIENTS, spread as a campaign's bounces are. */
static void address_of(unsigned i, unsigned recipients, char *to, size_t size)
{
	(void)snprintf(to, size, "user%u@mail%u.example.org",
	    (unsigned)(i * 2654435761U % recipients), i % 97);
}

static void record(Store *store, unsigned i, unsigned recipients)
{
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	uint8_t key[STORE_KEY];
	size_t len = sizeof(key);
	RecipientState before, after;
	bool seen, taken = false;
	int64_t id, now = NOW + i / 50;
	GError *error = NULL;
	char address[80];
	Effect effect = { .step = i % 3 == 0 ? STEP_HARD : STEP_SOFT,
		.hold_until = i % 3 == 0 ? HOLD_FOREVER : 0 };
	Event event = { .at = now,
		.token_day = now / 86400 - i / 1000,
		.class_ = i % 3 == 0 ? VP_CLASS_HARD : VP_CLASS_SOFT,
		.reason = VP_REASON_MAILBOX_FULL,
		.confidence = 0.98,
		.rule = "status-4.2.2",
		.source = "diagnostic",
		.matched = "mailbox is full",
		.status = "4.2.2",
		.smtp_code = 452,
		.action = "failed",
		.provider = "google",
		.remote_mta = "mx1.mail.example.org",
		.diagnostic = "smtp; 452-4.2.2 The recipient's inbox is out of "
			      "storage space. Please direct the recipient to "
			      "https://support.example.org/full 452 4.2.2",
		.via = "",
		.message_id = "<20260921141320.4XYZ12@mx1.mail.example.org>",
		.queue_id = "4XYZ12ABC",
		.client = "192.0.2.17" };

	address_of(i, recipients, address, sizeof(address));
	g_checksum_update(sum, (const guchar *)&i, sizeof(i));
	g_checksum_get_digest(sum, key, &len);
	must(store_begin(store, &error), error);
	must(store_seen(store, key, now, &seen, &error), error);
	must(store_campaign_ensure(store, "news-42", "news", now, &campaign,
		 &error),
	    error);
	must(store_recipient_ensure(store, address, address, now, &recipient,
		 &error),
	    error);
	must(store_load(store, recipient.id, campaign.stream, &before, &error),
	    error);
	must(store_step_taken(store, campaign.id, recipient.id, event.token_day,
		 effect.step, &taken, &error),
	    error);
	if (taken)
		effect = (Effect){ .step = STEP_NONE };
	event.campaign_id = campaign.id;
	event.recipient_id = recipient.id;
	event.effect = effect;
	after = policy_apply(before, &effect, now);
	must(store_append(store, &event, &id, &error), error);
	must(store_save(store, recipient.id, campaign.stream, &before, &after,
		 id, &error),
	    error);
	must(store_commit(store, &error), error);
}

static Cost time_store(const char *path, unsigned first, unsigned messages,
    unsigned recipients)
{
	GError *error = NULL;
	g_autoptr(Store) store = store_open(path, STORE_DAEMON, 1000, &error);
	Stopwatch watch = stopwatch_start();

	must(store != NULL, error);
	for (unsigned i = 0; i < messages; i++) {
		record(store, first + i, recipients);
		if (i % BATCH == BATCH - 1)
			must(store_sync(store, &error), error);
	}
	must(store_sync(store, &error), error);
	return stopwatch_cost(watch, messages);
}

static Cost time_plain(const char *path, unsigned messages)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *insert = NULL;
	Stopwatch watch;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(1);
	execute(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		    "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)");
	sqlite3_prepare_v2(db, "INSERT INTO t (x) VALUES (?1)", -1, &insert,
	    NULL);
	watch = stopwatch_start();
	for (unsigned i = 0; i < messages; i++) {
		execute(db, "BEGIN IMMEDIATE");
		sqlite3_bind_text(insert, 1, "user@example.org 4.2.2 full", -1,
		    SQLITE_STATIC);
		if (sqlite3_step(insert) != SQLITE_DONE)
			exit(1);
		sqlite3_reset(insert);
		execute(db, "COMMIT");
	}
	sqlite3_finalize(insert);
	sqlite3_close(db);
	return stopwatch_cost(watch, messages);
}

static void print(const char *what, Cost cost, Cost row)
{
	printf("%-28s %6.1f us %5.1f x   cpu %6.1f us %5.1f x\n", what,
	    cost.wall, cost.wall / row.wall, cost.cpu, cost.cpu / row.cpu);
}

int main(int argc, char **argv)
{
	unsigned messages = argc > 2 ? (unsigned)atoi(argv[2]) : 20000;
	unsigned recipients = argc > 3 ? (unsigned)atoi(argv[3]) : 10000;
	g_autofree char *path = NULL;
	g_autofree char *plain = NULL;
	GError *error = NULL;
	Cost row;

	if (argc < 2 || messages == 0 || recipients == 0) {
		fprintf(stderr, "usage: bench_store DIR [MESSAGES "
				"[RECIPIENTS]]\n");
		return 2;
	}
	path = g_build_filename(argv[1], "bench.db", NULL);
	plain = g_build_filename(argv[1], "plain.db", NULL);
	must(store_create(path, &error), error);
	row = time_plain(plain, messages);
	print("one row", row, row);
	print("message, filling the store",
	    time_store(path, 0, messages, recipients), row);
	print("message, recipients known",
	    time_store(path, messages, messages, recipients), row);
	return 0;
}
