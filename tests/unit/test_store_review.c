/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages kept for review, what becomes of their events, and the hits of
   rules: as any backend has to keep them. */

#include "main.h"
#include "store_fixture.h"

#include <string.h>

static GError *error;

static const ManualChange change = { "eve", "looked", NOW };
static const StoreQuota roomy = { 30 * DAY, 1000000 };

static int64_t record_waiting(Store *store, const char *address, int64_t at)
{
	return fixture_record(store, "c", "s", address, at, VP_CLASS_UNKNOWN,
	    (Effect){ .needs_review = true });
}

static void keep(Store *store, int64_t first, int64_t last, int64_t at,
    size_t len, const StoreQuota *quota)
{
	g_autofree char *text = g_malloc(len);
	g_auto(KeptMessage)
	    message = { first, last, at, g_strdup("me@x.test"), NULL };

	memset(text, 'm', len);
	message.bytes = g_bytes_new(text, len);
	ck_assert(store_begin(store, &error));
	ck_assert(store_keep(store, &message, quota, &error));
	ck_assert(store_commit(store, &error));
	ck_no_error(error);
}

static bool is_kept(Store *store, int64_t event_id)
{
	g_auto(KeptMessage) message = { 0 };
	bool found = store_kept(store, event_id, &message, &error);

	if (!found)
		ck_error(error, VP_ERROR_NOT_FOUND);
	g_clear_error(&error);
	return found;
}

typedef struct Seen {
	unsigned n;
	int64_t id;
	bool is_reviewed;
	int64_t reviewed_as;
} Seen;

static bool note_event(const Event *event, void *data)
{
	Seen *seen = data;

	seen->n++;
	seen->id = event->id;
	seen->is_reviewed = event->is_reviewed;
	seen->reviewed_as = event->reviewed_as;
	return true;
}

static Seen events(Store *store, int64_t id, bool needs_review)
{
	StoreFilter filter = STORE_FILTER_ANY;
	Seen seen = { 0 };

	filter.event_id = id;
	filter.needs_review = needs_review;
	ck_assert(store_each_event(store, &filter, note_event, &seen, &error));
	return seen;
}

static bool review(Store *store, int64_t event_id, int64_t new_event)
{
	Event event = { .id = event_id, .recipient_id = 1, .stream = "s" };
	bool ok = store_begin(store, &error) &&
		  store_review(store, &change, &event, new_event, &error) &&
		  store_commit(store, &error);

	if (!ok)
		store_rollback(store);
	return ok;
}

static StoreStats stats_of(Store *store)
{
	StoreStats stats;

	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	return stats;
}

static void check_verified(Store *store)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t n;

	ck_assert(store_verify(store, NOW, findings, &n, &error));
	ck_assert_msg(findings->len == 0, "%s",
	    findings->len > 0 ? (char *)findings->pdata[0] : "");
}

START_TEST(test_keep)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	g_auto(KeptMessage) got = { 0 };
	int64_t first = record_waiting(store, "a@x.test", NOW);
	int64_t last = record_waiting(store, "b@x.test", NOW);
	int64_t other = record_waiting(store, "c@x.test", NOW);

	keep(store, first, last, NOW, 1000, &roomy);
	ck_assert(store_kept(store, last, &got, &error));
	ck_assert_int_eq(got.first_event, first);
	ck_assert_int_eq(got.last_event, last);
	ck_assert_int_eq(got.at, NOW);
	ck_assert_str_eq(got.sender, "me@x.test");
	ck_assert_uint_eq(g_bytes_get_size(got.bytes), 1000);
	ck_assert(is_kept(store, first));
	ck_assert(!is_kept(store, other));
	ck_assert(!is_kept(store, first - 1));
	ck_assert_int_eq(stats_of(store).kept, 1000);
	check_verified(store);
}
END_TEST

/* With its transaction, or not at all. */
START_TEST(test_keep_rolled_back)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	g_auto(KeptMessage)
	    message = { 1, 1, NOW, g_strdup(""), g_bytes_new("x", 1) };

	ck_assert(store_begin(store, &error));
	ck_assert(store_keep(store, &message, &roomy, &error));
	store_rollback(store);
	ck_assert(!is_kept(store, 1));
	ck_assert_int_eq(stats_of(store).kept, 0);
}
END_TEST

/* The oldest go first, by size and by age. */
START_TEST(test_quota)
{
	static const StoreQuota small = { 30 * DAY, 2500 };
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	int64_t id[6];

	for (int i = 0; i < 6; i++)
		id[i] = record_waiting(store, "a@x.test", NOW);
	for (int i = 0; i < 3; i++)
		keep(store, id[i], id[i], NOW + i, 1000, &small);
	ck_assert(!is_kept(store, id[0]));
	ck_assert(is_kept(store, id[1]));
	ck_assert(is_kept(store, id[2]));
	ck_assert_int_eq(stats_of(store).kept, 2000);
	/* What never fits drives out nothing. */
	keep(store, id[3], id[3], NOW + 3, 2501, &small);
	ck_assert(!is_kept(store, id[3]));
	ck_assert(is_kept(store, id[1]));
	/* The second is old by then, the third is not. */
	keep(store, id[4], id[4], NOW + 30 * DAY + 2, 10, &small);
	ck_assert(!is_kept(store, id[1]));
	ck_assert(is_kept(store, id[2]));
	ck_assert(is_kept(store, id[4]));
	ck_assert_int_eq(stats_of(store).kept, 1010);
	/* The events wait on. */
	ck_assert_uint_eq(events(store, 0, true).n, 6);
	check_verified(store);
}
END_TEST

/* A bound that was lowered is reached, a few for each that comes. */
START_TEST(test_quota_lowered)
{
	static const StoreQuota none = { 30 * DAY, 100 };
	g_autoptr(Store) store = fixture_open(STORE_WRITE);

	for (int i = 1; i <= 50; i++)
		keep(store, i, i, NOW, 100, &roomy);
	ck_assert_int_eq(stats_of(store).kept, 5000);
	for (int i = 51; i <= 60; i++)
		keep(store, i, i, NOW, 100, &none);
	ck_assert_int_eq(stats_of(store).kept, 100);
	ck_assert(is_kept(store, 60));
}
END_TEST

static uint64_t expire(Store *store, int64_t now, StoreQuota quota, bool is_dry)
{
	ManualChange by = { "cron", "", now };
	StoreRetention keep_all = { 1000 * DAY, quota };
	StoreExpired gone;

	ck_assert(store_expire(store, &by, &keep_all, is_dry, &gone, &error));
	return gone.messages;
}

START_TEST(test_expire)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);

	for (int i = 1; i <= 200; i++)
		keep(store, i, i, NOW + i, 100, &roomy);
	ck_assert_uint_eq(expire(store, NOW, roomy, false), 0);
	for (int dry = 1; dry >= 0; dry--)
		ck_assert_uint_eq(expire(store, NOW + 30 * DAY + 101, roomy,
				      dry),
		    100);
	ck_assert(!is_kept(store, 100));
	ck_assert(is_kept(store, 101));
	ck_assert_uint_eq(expire(store, NOW, (StoreQuota){ 30 * DAY, 550 },
			      false),
	    95);
	ck_assert(!is_kept(store, 195));
	ck_assert(is_kept(store, 196));
	ck_assert_int_eq(stats_of(store).kept, 500);
	check_verified(store);
}
END_TEST

/* ---- reviewing ---- */

START_TEST(test_review)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	int64_t a = record_waiting(store, "a@x.test", NOW);
	int64_t b = record_waiting(store, "b@x.test", NOW);
	int64_t calm = fixture_record(store, "c", "s", "a@x.test", NOW,
	    VP_CLASS_SOFT, fixture_soft(0, 0));
	int64_t is = fixture_record(store, "c", "s", "a@x.test", NOW,
	    VP_CLASS_HARD, fixture_hard());
	Seen seen;

	keep(store, a, b, NOW, 100, &roomy);
	ck_assert_int_eq(stats_of(store).needs_review, 2);
	ck_assert(review(store, a, is));
	/* b waits for the message still. */
	ck_assert(is_kept(store, a));
	seen = events(store, 0, true);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_int_eq(seen.id, b);
	ck_assert_int_eq(stats_of(store).needs_review, 1);
	seen = events(store, a, false);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert(seen.is_reviewed);
	ck_assert_int_eq(seen.reviewed_as, is);
	ck_assert_uint_eq(events(store, a, true).n, 0);

	ck_assert(review(store, b, 0));
	ck_assert(!is_kept(store, b));
	seen = events(store, b, false);
	ck_assert(seen.is_reviewed);
	ck_assert_int_eq(seen.reviewed_as, 0);
	ck_assert_int_eq(stats_of(store).kept, 0);

	/* Not twice, and nothing that does not wait. */
	for (unsigned i = 0; i < 4; i++) {
		const int64_t id[] = { a, b, calm, 4711 };

		ck_assert(!review(store, id[i], is));
		ck_error(error, VP_ERROR_NOT_FOUND);
		g_clear_error(&error);
	}
	check_verified(store);
}
END_TEST

static bool note_audit(const AuditEntry *row, void *data)
{
	g_string_append_printf(data, "%s %s [%s] %s after %d; ", row->actor,
	    row->action, row->address, row->reason, (int)row->after_event);
	return true;
}

START_TEST(test_review_audit)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	g_autoptr(GString) told = g_string_new(NULL);
	StoreFilter any = STORE_FILTER_ANY;

	(void)record_waiting(store, "a@x.test", NOW);
	(void)record_waiting(store, "a@x.test", NOW);
	(void)fixture_record(store, "c", "s", "a@x.test", NOW, VP_CLASS_SOFT,
	    fixture_soft(0, 0));
	ck_assert(review(store, 1, 3));
	ck_assert(review(store, 2, 0));
	ck_assert(store_each_audit(store, &any, note_audit, told, &error));
	ck_assert_str_eq(told->str,
	    "eve reclassify [a@x.test] event 1 as 3: looked after 3; "
	    "eve drop [a@x.test] event 2: looked after 3; ");
	check_verified(store);
}
END_TEST

/* ---- rules ---- */

static bool note_rule(const RuleHits *row, void *data)
{
	g_string_append_printf(data, "%s %d %d; ", row->rule, (int)row->hits,
	    (int)(row->last - NOW));
	return true;
}

START_TEST(test_rule_hits)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	g_autoptr(GString) told = g_string_new(NULL);

	ck_assert(store_begin(store, &error));
	ck_assert(store_rule_hits(store, "b", 3, NOW + 5, &error));
	ck_assert(store_rule_hits(store, "a", 1, NOW, &error));
	ck_assert(store_commit(store, &error));
	ck_assert(store_begin(store, &error));
	/* A clock that was set back takes nothing away. */
	ck_assert(store_rule_hits(store, "b", 4, NOW + 4, &error));
	ck_assert(store_commit(store, &error));
	ck_assert(store_begin(store, &error));
	ck_assert(store_rule_hits(store, "b", 100, NOW + 9, &error));
	store_rollback(store);
	ck_assert(store_each_rule(store, note_rule, told, &error));
	ck_assert_str_eq(told->str, "a 1 0; b 7 5; ");
}
END_TEST

static Suite *store_review_suite(void)
{
	Suite *suite = suite_create("store_review");
	TCase *tcase = fixture_case(suite, "review");

	tcase_add_test(tcase, test_keep);
	tcase_add_test(tcase, test_keep_rolled_back);
	tcase_add_test(tcase, test_quota);
	tcase_add_test(tcase, test_quota_lowered);
	tcase_add_test(tcase, test_expire);
	tcase_add_test(tcase, test_review);
	tcase_add_test(tcase, test_review_audit);
	tcase_add_test(tcase, test_rule_hits);
	return suite;
}

RUN_SUITE(store_review_suite)
