/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a breaker holds is settled whatever fails on the way: whoever is
   stopped at any call goes on when run again, and does nothing twice. */
#include "held.h"

#include "deliver_private.h"

#include "deliver_fixture.h"

#include "main.h"
#include "store_failing.h"

enum { PEOPLE = 120 };

static const ManualChange change = { "eve", "their status page", NOW + 60 };

static void refuse(unsigned i)
{
	g_autofree char *address = g_strdup_printf("p%u@far.example", i);
	g_autoptr(Outcome) outcome = outcome_new(OUTCOME_STORED, "");
	g_auto(StoreRecipient) recipient = { 0 };
	g_auto(StoreCampaign) campaign = { 0 };
	Passage passage;
	GError *error = NULL;
	Event event = {
		.at = NOW,
		.token_day = NOW / DAY,
		.trust = TRUST_SIGNED,
		.class_ = VP_CLASS_HARD,
		.reason = VP_REASON_BAD_MAILBOX,
		.confidence = 0.98,
		.rule = "t.nobody",
		.source = "status",
		.matched = "",
		.status = "5.1.1",
		.smtp_code = 550,
		.action = "failed",
		.provider = "",
		.remote_mta = "mx.far.example",
		.diagnostic = "550 5.1.1 user unknown",
		.via = "",
		.message_id = "",
		.queue_id = "",
		.client = "",
	};

	ck_assert(store_campaign_ensure(store, "news", "marketing", NOW,
	    &campaign, &error));
	ck_assert(store_recipient_ensure(store, address, NULL, NOW, &recipient,
	    &error));
	event.campaign_id = campaign.id;
	event.recipient_id = recipient.id;
	ck_assert(event_decide(judge, store, &event, "marketing", true,
	    &passage, outcome, &error));
	ck_assert(event_write(store, &event, "marketing", &passage, outcome,
	    &error));
}

/* Half of them look back at, half held at once. */
static void open_breaker(void)
{
	g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
	GError *error = NULL;
	uint64_t held;
	bool more = true;

	judge->breaker.first = judge->breaker.minimum = 10;
	for (unsigned half = 0; half < 2; half++) {
		ck_assert(store_begin(store, &error));
		for (unsigned i = 0; i < PEOPLE / 2; i++)
			refuse(half * PEOPLE / 2 + i);
		ck_assert(store_commit(store, &error));
		for (more = true; more;)
			ck_assert(store_tick(store, &judge->breaker, NOW, true,
			    notices, &more, &error));
	}
	ck_assert_uint_eq(notices->len, 1);
	ck_assert(held_count(store, 1, NOW, &held, &error));
	ck_assert_uint_eq(held, PEOPLE);
}

static bool count_up(const CountedHour *row, void *data)
{
	Counts *sum = data;

	sum->hard += row->counts.hard;
	sum->people += row->counts.people;
	return true;
}

/* Each event was counted once; what a person says is no evidence. */
static void check_counted(void)
{
	g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
	GError *error = NULL;
	Counts sum = { 0 };
	bool more = true;

	while (more)
		ck_assert(store_tick(store, &judge->breaker, NOW + 90, true,
		    notices, &more, &error));
	ck_assert(store_each_count(store, COUNTER_HOST, NULL, 0, INT64_MAX,
	    count_up, &sum, &error));
	ck_assert_int_eq(sum.hard, PEOPLE);
	ck_assert_int_eq(sum.people, PEOPLE);
}

/* Stops at call FAIL_AT; false when there are not so many. */
static bool settle_and_fail(bool is_confirm, unsigned fail_at)
{
	g_autofree char *path = g_build_filename(directory, "verpd.db", NULL);
	g_autoptr(GError) error = NULL;
	HeldCount count;
	Store *failing;
	bool ok;

	failing = store_failing_new(store, fail_at, VP_ERROR_TEMPORARY);
	ok = held_settle(judge, failing, &change, 1, is_confirm, false, &count,
	    NULL, NULL, &error);
	ck_assert(ok || error != NULL);
	store_close(failing);
	store = store_open(path, STORE_WRITE, 1000, NULL);
	ck_assert_ptr_nonnull(store);
	return !ok;
}

START_TEST(any_call_may_fail)
{
	bool is_confirm = _i == 1;
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	GError *error = NULL;
	uint64_t recipients, held;
	HeldCount count;
	StoreStats stats;

	open_breaker();
	ck_assert(held_settle(judge, store, &change, 1, is_confirm, true,
	    &count, NULL, NULL, &error));
	ck_assert_uint_eq(count.settled, PEOPLE);
	/* steps of a size that is no page's: it gets further each time */
	for (unsigned at = 1; settle_and_fail(is_confirm, at); at += 97)
		;
	ck_assert(held_count(store, 1, NOW, &held, &error));
	ck_assert_uint_eq(held, 0);
	ck_assert(store_stats(store, 0, NOW + 60, &stats, &error));
	ck_assert_int_eq(stats.by_cause[CAUSE_HARD], is_confirm ? PEOPLE : 0);
	ck_assert_int_eq(stats.by_cause[CAUSE_HELD], 0);
	ck_assert_int_eq(stats.events, is_confirm ? 2 * PEOPLE : PEOPLE);
	check_counted();
	ck_assert(store_verify(store, NOW + 60, findings, &recipients, &error));
	ck_assert_msg(findings->len == 0, "%s",
	    findings->len > 0 ? (char *)findings->pdata[0] : "");
}
END_TEST

static Suite *breaker_held_suite(void)
{
	Suite *suite = suite_create("breaker_held");
	TCase *tcase = tcase_create("breaker_held");

	tcase_add_checked_fixture(tcase, site_up, site_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, any_call_may_fail, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(breaker_held_suite)
