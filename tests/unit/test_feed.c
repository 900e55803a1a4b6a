/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed_log.h"

#include "deliver_fixture.h"
#include "main.h"
#include "store_failing.h"

#include <string.h>

#define MX "mx.far.example[198.51.100.4]:25"

static const char *const inner[] = { "127.*", "filter.*", "10.0.0.3:10024",
	NULL };
static const FeedOptions options = {
	.deferred_after = 3600,
	.takes_bounces = true,
	.inner_relays = inner,
};

/* ---- relays ---- */

static const struct {
	const char *relay;
	bool has_left;
} relays[] = {
	{ MX, true },
	{ "mx.far.example[2001:db8::1]:25", true },
	{ "none", false },
	{ "local", false },
	{ "", false },
	{ "mx.far.example[", false },
	{ "127.0.0.1[127.0.0.1]:10024", false },
	{ "filter.lan[10.0.0.9]:25", false },
	{ "x.lan[10.0.0.3]:10024", false },
	{ "x.lan[10.0.0.3]:25", true },
	{ "mx.sender.test[192.0.2.1]:25", false }, /* our own name */
	{ "mx.sender.test[private/dovecot]", false },
	{ "mx.sender.test[/var/run/dovecot/lmtp]", false },
};

START_TEST(relay_is_inner)
{
	g_autoptr(Feed) feed = feed_new(judge, &options);
	const char *relay = relays[_i].relay;

	ck_assert_msg(feed_has_left(feed, relay, strlen(relay)) ==
			  relays[_i].has_left,
	    "%s", relay);
}
END_TEST

/* ---- a log ---- */

/* Two days of one mail to three, and others: what was deferred long enough
   counts once a day, what was delivered clears it, what expired counts. */
static const char log_text[] =
    "2026-11-20T10:00:00Z mx postfix/qmgr[7]: AAAAA1: "
    "from=<news-1@bounces.test>, size=1, nrcpt=3 (queue active)\n"
    "2026-11-20T10:00:01Z mx postfix/smtp[8]: AAAAA1: to=<ana@example.org>, "
    "relay=" MX ", delay=4000, delays=0/0/0/0, dsn=4.2.2, status=deferred "
    "(host mx.far.example[198.51.100.4] said: 452 4.2.2 over quota (in reply "
    "to RCPT TO command))\n"
    "2026-11-20T10:00:01Z mx postfix/smtp[8]: AAAAA1: to=<bob@example.org>, "
    "relay=" MX ", delay=10, delays=0/0/0/0, dsn=4.2.2, status=deferred "
    "(host mx.far.example[198.51.100.4] said: 452 4.2.2 over quota (in reply "
    "to RCPT TO command))\n"
    "2026-11-20T10:00:02Z mx postfix/smtp[8]: AAAAA1: to=<cora@example.org>, "
    "relay=" MX ", delay=1, delays=0/0/0/0, dsn=5.1.1, status=bounced (host "
    "mx.far.example[198.51.100.4] said: 550 5.1.1 no such user (in reply to "
    "RCPT TO command))\n"
    "2026-11-20T11:00:00Z mx postfix/qmgr[7]: AAAAA2: "
    "from=<news-2@bounces.test>, size=1, nrcpt=1 (queue active)\n"
    "2026-11-20T11:00:01Z mx postfix/smtp[8]: AAAAA2: to=<ana@example.org>, "
    "relay=" MX ", delay=4000, delays=0/0/0/0, dsn=4.2.2, status=deferred "
    "(host mx.far.example[198.51.100.4] said: 452 4.2.2 over quota (in reply "
    "to RCPT TO command))\n"
    "2026-11-20T12:00:00Z mx postfix/qmgr[7]: AAAAA3: "
    "from=<news-3@bounces.test>, size=1, nrcpt=1 (queue active)\n"
    "2026-11-20T12:00:01Z mx postfix/smtp[8]: AAAAA3: to=<ana@example.org>, "
    "relay=" MX ", delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n"
    "2026-11-20T12:00:01Z mx postfix/qmgr[7]: AAAAA3: removed\n"
    "2026-11-20T13:00:00Z mx postfix/qmgr[7]: AAAAA1: "
    "from=<news-1@bounces.test>, status=expired, returned to sender\n"
    "2026-11-20T13:00:00Z mx postfix/qmgr[7]: AAAAA1: removed\n"
    /* nobody's, and not even whole */
    "2026-11-20T14:00:00Z mx postfix/smtp[8]: AAAAA2: to=<ana@example.org>, "
    "status=sent\n"
    "2026-11-20T14:00:00Z mx postfix/qmgr[7]: AAAAA4: "
    "from=<news-3@bounces.test>, size=1, nrcpt=1 (queue active)\n";

enum { LINES_EACH = 3 };

/* A few lines more, in a transaction of their own; whether there were any. */
static bool read_some(FeedLog *log, FeedPosition *position, bool *ret_any,
    GError **error)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	MaillogClock clock = { .zone = utc, .now = NOW };
	const char *text = log_text + position->offset;
	bool ok;

	*ret_any = *text != '\0';
	for (unsigned i = 0; i < LINES_EACH && *text != '\0'; i++) {
		size_t len = strcspn(text, "\n");

		ck_assert(feed_log_take(log, &clock, text, len));
		text += len + 1;
	}
	position->offset = text - log_text;
	ok = store_begin(store, error) &&
	     feed_log_write(log, store, position, NOW, error) &&
	     store_commit(store, error);
	if (!ok)
		store_rollback(store);
	feed_log_settle(log);
	return ok;
}

static bool read_on(GError **error)
{
	g_autoptr(Feed) feed = feed_new(judge, &options);
	g_autoptr(FeedLog) log = feed_log_new(feed, "log", false);
	FeedPosition position = { 0 };
	bool found, any = true;

	if (!feed_log_load(log, store, &position, &found, error))
		return false;
	while (any)
		if (!read_some(log, &position, &any, error))
			return false;
	return true;
}

static RecipientState state_of(const char *address)
{
	g_auto(StoreRecipient) recipient = { 0 };
	RecipientState state = { 0 };
	GError *error = NULL;

	ck_assert(store_recipient_find(store, 0, address, &recipient, &error));
	ck_assert(store_load(store, recipient.id, "", &state, &error));
	return state;
}

static bool count_row(const Event *event, void *data)
{
	unsigned *n = data;

	*n += 1;
	return true;
}

static bool next_join(const FeedJoin *row, void *data)
{
	unsigned *n = data;

	ck_assert_str_eq(row->queue_id, n[0] == 0 ? "AAAAA2" : "AAAAA4");
	*n += 1;
	return true;
}

/* What the log comes to, however it was read. */
static void check_all_was_read(void)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	StoreFilter any = STORE_FILTER_ANY;
	RecipientState ana = state_of("ana@example.org");
	RecipientState bob = state_of("bob@example.org");
	RecipientState cora = state_of("cora@example.org");
	FeedPosition position;
	FeedTotals totals;
	unsigned events = 0, joins = 0;
	uint64_t recipients;
	bool found;
	GError *error = NULL;

	/* counted once that day, cleared, and the token's step was taken */
	ck_assert_uint_eq(ana.track[CAUSE_SOFT].n_hits, 0);
	ck_assert_uint_eq(bob.track[CAUSE_SOFT].n_hits, 1);
	ck_assert(hold_is_active(cora.hold[CAUSE_HARD], NOW));
	ck_assert(store_each_event(store, &any, count_row, &events, &error));
	ck_assert_uint_eq(events, 4);
	ck_assert(store_feed_load(store, "log", &position, &totals, &found,
	    next_join, &joins, &error));
	ck_assert(found);
	ck_assert_uint_eq(joins, 2);
	ck_assert_int_eq(position.offset, sizeof(log_text) - 1);
	ck_assert_int_eq(totals.lines, 13);
	ck_assert_int_eq(totals.delivered, 1);
	ck_assert_int_eq(totals.changed, 1);
	ck_assert_int_eq(totals.deferred, 3);
	ck_assert_int_eq(totals.bounced, 1);
	ck_assert_int_eq(totals.expired, 1);
	ck_assert_int_eq(totals.counted, 3);
	ck_assert(store_verify(store, NOW, findings, &recipients, &error));
	ck_assert_msg(findings->len == 0, "%s",
	    findings->len > 0 ? (char *)findings->pdata[0] : "");
}

START_TEST(a_log)
{
	GError *error = NULL;

	ck_assert(read_on(&error));
	check_all_was_read();
	/* nothing is left to be read */
	ck_assert(read_on(&error));
	check_all_was_read();
}
END_TEST

/* As many as reading the log makes. */
enum { STORE_CALLS = 73 };

/* Whatever fails: nothing of that transaction, and then all of it. */
START_TEST(any_call_may_fail)
{
	g_autoptr(GError) error = NULL;

	store = store_failing_new(store, (unsigned)_i + 1, VP_ERROR_TEMPORARY);
	if (!read_on(&error)) {
		ck_assert_msg(store_failing_verb(store) != NULL, "%s",
		    error->message);
		g_clear_error(&error);
		ck_assert_msg(read_on(&error), "after %s: %s",
		    store_failing_verb(store),
		    error != NULL ? error->message : "");
	}
	check_all_was_read();
}
END_TEST

START_TEST(all_calls_were_failed)
{
	GError *error = NULL;

	store = store_failing_new(store, 0, VP_ERROR_TEMPORARY);
	ck_assert(read_on(&error));
	ck_assert_uint_eq(store_failing_calls(store), STORE_CALLS);
}
END_TEST

/* ---- late ---- */

/* A delivery clears nothing that came after it. */
START_TEST(older_than_a_bounce)
{
	static const int64_t ago[] = { 2, 0 };
	g_autoptr(Feed) feed = feed_new(judge, &options);
	FeedFact fact = {
		.kind = FEED_DEFERRED,
		.at = NOW,
		.campaign = "news-1",
		.address = "ana@example.org",
		.original = "ana@example.org",
		.token_day = NOW / DAY,
		.trust = TRUST_ADMIN,
		.source = "log",
		.queue_id = "AAAAA1",
		.status = "4.2.2",
		.said = "over quota",
		.relay = MX,
	};
	FeedResult result;
	GError *error = NULL;

	ck_assert(store_begin(store, &error));
	ck_assert(feed_record(feed, store, &fact, NOW, &result, &error));
	ck_assert_int_eq(result, FEED_CHANGED);
	fact.kind = FEED_DELIVERED;
	fact.at = NOW - ago[_i];
	ck_assert(feed_record(feed, store, &fact, NOW, &result, &error));
	ck_assert_int_eq(result, _i == 0 ? FEED_COUNTED : FEED_CHANGED);
	ck_assert(feed_flush(feed, store, &error));
	ck_assert(store_commit(store, &error));
	ck_assert_uint_eq(state_of("ana@example.org").track[CAUSE_SOFT].n_hits,
	    _i == 0 ? 1 : 0);
}
END_TEST

/* What is said of our own address is not said of whom we wrote to. */
START_TEST(whose_address)
{
	static const struct {
		const char *said;
		bool is_held;
	} table[] = {
		{ "host mx.test[192.0.2.1] said: 550 5.1.1 no such user (in "
		  "reply to RCPT TO command)",
		    true },
		{ "host mx.test[192.0.2.1] said: 550 5.1.1 "
		  "<bounce@bounces.test>: no such user (in reply to RCPT TO "
		  "command)",
		    false },
	};
	g_autoptr(Feed) feed = feed_new(judge, &options);
	FeedFact fact = {
		.kind = FEED_BOUNCED,
		.at = NOW,
		.campaign = "news-1",
		.address = "ana@example.org",
		.original = "ana@example.org",
		.token_day = NOW / DAY,
		.trust = TRUST_ADMIN,
		.source = "log",
		.queue_id = "AAAAA1",
		.status = "5.1.1",
		.said = table[_i].said,
		.relay = MX,
	};
	FeedResult result;
	GError *error = NULL;

	ck_assert(store_begin(store, &error));
	ck_assert(feed_record(feed, store, &fact, NOW, &result, &error));
	ck_assert(feed_flush(feed, store, &error));
	ck_assert(store_commit(store, &error));
	ck_assert_int_eq(hold_is_active(state_of("ana@example.org")
					    .hold[CAUSE_HARD],
			     NOW),
	    table[_i].is_held);
}
END_TEST

static Suite *feed_suite(void)
{
	Suite *suite = suite_create("feed");
	TCase *tcase = tcase_create("feed");

	tcase_add_checked_fixture(tcase, site_up, site_down);
	tcase_add_loop_test(tcase, relay_is_inner, 0, G_N_ELEMENTS(relays));
	tcase_add_test(tcase, a_log);
	tcase_add_loop_test(tcase, any_call_may_fail, 0, STORE_CALLS);
	tcase_add_test(tcase, all_calls_were_failed);
	tcase_add_loop_test(tcase, whose_address, 0, 2);
	tcase_add_loop_test(tcase, older_than_a_bounce, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(feed_suite)
