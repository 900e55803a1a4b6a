/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The verbs of store.h as any backend has to keep them: nothing here knows
   SQLite. */

#include "main.h"
#include "store_fixture.h"

#include <string.h>
#include <unistd.h>

static GError *error;

static int64_t ensure_recipient(Store *store, const char *address)
{
	g_auto(StoreRecipient) recipient = { 0 };

	ck_assert(store_begin(store, &error));
	ck_assert(store_recipient_ensure(store, address, address, NOW,
	    &recipient, &error));
	ck_assert(store_commit(store, &error));
	return recipient.id;
}

static RecipientState state_of(Store *store, const char *address,
    const char *stream)
{
	g_auto(StoreRecipient) recipient = { 0 };
	RecipientState state;

	ck_assert(store_recipient_find(store, 0, address, &recipient, &error));
	ck_assert(store_load(store, recipient.id, stream, &state, &error));
	return state;
}

static bool count_row(const void *row, void *data)
{
	(*(unsigned *)data)++;
	return true;
}

static bool count_event(const Event *row, void *data)
{
	return count_row(row, data);
}

static bool count_suppression(const Suppression *row, void *data)
{
	return count_row(row, data);
}

static unsigned events(Store *store, const StoreFilter *filter)
{
	unsigned n = 0;

	ck_assert(store_each_event(store, filter, count_event, &n, &error));
	return n;
}

static unsigned suppressions(Store *store, const StoreFilter *filter)
{
	unsigned n = 0;

	ck_assert(store_each_suppression(store, filter, count_suppression, &n,
	    &error));
	return n;
}

static void check_verified(Store *store, int64_t now)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;

	ck_assert(store_verify(store, now, findings, &recipients, &error));
	if (findings->len > 0)
		ck_abort_msg("%s", (char *)findings->pdata[0]);
}

/* ---- making and opening ---- */

START_TEST(test_create_twice)
{
	ck_assert(!store_create(fixture_path, &error));
	ck_error(error, VP_ERROR_CONFIG);
}
END_TEST

START_TEST(test_open_nothing)
{
	g_autofree char *path = g_build_filename(fixture_dir, "no", NULL);

	for (StoreMode mode = STORE_READ; mode <= STORE_DAEMON; mode++) {
		ck_assert_ptr_null(store_open(path, mode, BUSY, &error));
		ck_error(error, VP_ERROR_CONFIG);
		g_clear_error(&error);
		ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
	}
}
END_TEST

START_TEST(test_epoch_differs)
{
	g_autofree char *path = g_build_filename(fixture_dir, "other", NULL);
	g_autoptr(Store) a = fixture_open(STORE_READ);
	g_autoptr(Store) b = NULL;
	g_autoptr(Store) again = fixture_open(STORE_DAEMON);

	ck_assert(store_create(path, &error));
	b = store_open(path, STORE_READ, BUSY, &error);
	ck_assert_ptr_nonnull(b);
	ck_assert_mem_ne(store_epoch(a), store_epoch(b), STORE_EPOCH);
	ck_assert_mem_eq(store_epoch(a), store_epoch(again), STORE_EPOCH);
}
END_TEST

START_TEST(test_one_daemon)
{
	g_autoptr(Store) first = fixture_open(STORE_DAEMON);
	g_autoptr(Store) writer = fixture_open(STORE_WRITE);
	g_autofree char *other_name = g_strconcat(fixture_path, ".link", NULL);

	ck_assert_ptr_nonnull(writer);
	ck_assert_ptr_null(store_open(fixture_path, STORE_DAEMON, BUSY,
	    &error));
	ck_error(error, VP_ERROR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error->message, ".lock"));
	g_clear_error(&error);
	/* by another name, too */
	ck_assert_int_eq(symlink(fixture_path, other_name), 0);
	ck_assert_ptr_null(store_open(other_name, STORE_DAEMON, BUSY, &error));
	ck_error(error, VP_ERROR_CONFIG);
	g_clear_error(&error);
	ck_assert_int_eq(unlink(other_name), 0);
	g_clear_pointer(&first, store_close);
	first = store_open(fixture_path, STORE_DAEMON, BUSY, &error);
	ck_no_error(error);
}
END_TEST

START_TEST(test_read_writes_nothing)
{
	g_autoptr(Store) store = fixture_open(STORE_READ);
	ManualChange change = { "root", "no", NOW };

	ck_assert(!store_begin(store, &error));
	ck_error(error, VP_ERROR_TEMPORARY);
	g_clear_error(&error);
	ck_assert(!store_add(store, &change, "a@example.org", "a@example.org",
	    "", HOLD_FOREVER, &error));
	ck_error(error, VP_ERROR_TEMPORARY);
}
END_TEST

/* Until it ends all is as it was when the first thing was read, not when the
   look began; and an answer, which wants one moment of its own, is of that. */
START_TEST(test_look)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	g_autoptr(Store) reader = fixture_open(STORE_READ);
	ManualChange change = { "root", "why", NOW };
	/* of those who were added; a new look begins after the second */
	static const unsigned seen[] = { 1, 1, 3 };

	ck_assert(store_look(reader, &error));
	for (unsigned i = 0; i < 3; i++) {
		g_autofree char *name = g_strdup_printf("%u@example.org", i);

		ck_assert(store_add(store, &change, name, name, "",
		    HOLD_FOREVER, &error));
		for (unsigned j = 0; j <= i; j++) {
			g_autofree char *asked =
			    g_strdup_printf("%u@example.org", j);
			g_auto(StoreAnswer) answer = { 0 };

			ck_assert(store_answer(reader, asked, "", 0, NOW,
			    &answer, &error));
			ck_assert_int_eq(answer.recipient_id != 0, j < seen[i]);
		}
		if (i == 1) {
			store_rollback(reader);
			ck_assert(store_look(reader, &error));
		}
	}
	ck_no_error(error);
}
END_TEST

/* ---- recording ---- */

START_TEST(test_seen)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	uint8_t a[STORE_KEY] = { 1 }, b[STORE_KEY] = { [31] = 1 };
	StoreStats stats;
	bool seen;

	ck_assert(store_begin(store, &error));
	ck_assert(store_seen(store, a, NOW, &seen, &error) && !seen);
	ck_assert(store_seen(store, b, NOW, &seen, &error) && !seen);
	ck_assert(store_seen(store, a, NOW, &seen, &error) && seen);
	ck_assert(store_commit(store, &error));
	ck_assert(store_begin(store, &error));
	ck_assert(store_seen(store, b, NOW, &seen, &error) && seen);
	store_rollback(store);
	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	ck_assert_int_eq(stats.deliveries, 2);
	ck_assert_int_eq(stats.duplicates, 1);
}
END_TEST

START_TEST(test_rollback)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_auto(StoreRecipient) recipient = { 0 };
	uint8_t key[STORE_KEY] = { 7 };
	bool seen;

	store_rollback(store); /* outside a transaction: nothing */
	ck_assert(store_begin(store, &error));
	ck_assert(store_seen(store, key, NOW, &seen, &error));
	ck_assert(store_recipient_ensure(store, "a@example.org",
	    "a@example.org", NOW, &recipient, &error));
	store_rollback(store);
	store_recipient_clear(&recipient);
	ck_assert(!store_recipient_find(store, 0, "a@example.org", &recipient,
	    &error));
	ck_error(error, VP_ERROR_NOT_FOUND);
	g_clear_error(&error);
	ck_assert(store_begin(store, &error));
	ck_assert(store_seen(store, key, NOW, &seen, &error) && !seen);
	ck_assert(store_commit(store, &error));
}
END_TEST

/* Closing in the middle of a transaction leaves nothing of it. */
START_TEST(test_close_rolls_back)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	uint8_t key[STORE_KEY] = { 7 };
	bool seen;

	ck_assert(store_begin(store, &error));
	ck_assert(store_seen(store, key, NOW, &seen, &error) && !seen);
	g_clear_pointer(&store, store_close);
	store = fixture_open(STORE_WRITE);
	ck_assert(store_begin(store, &error));
	ck_assert(store_seen(store, key, NOW, &seen, &error) && !seen);
}
END_TEST

START_TEST(test_find)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_auto(StoreCampaign) made = { 0 };
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) one = { 0 };
	g_auto(StoreRecipient) two = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };

	ck_assert(store_begin(store, &error));
	ck_assert(store_campaign_ensure(store, "news-42", "marketing", NOW,
	    &made, &error));
	ck_assert(store_recipient_ensure(store, "ana@example.org",
	    "Ana@Example.org", NOW, &one, &error));
	ck_assert(store_recipient_ensure(store, "bo@example.org",
	    "bo@example.org", NOW, &two, &error));
	ck_assert(store_commit(store, &error));
	ck_assert_int_ne(one.id, two.id);

	ck_assert(store_campaign_find(store, made.id, NULL, &campaign, &error));
	ck_assert_str_eq(campaign.name, "news-42");
	ck_assert_str_eq(campaign.stream, "marketing");
	store_campaign_clear(&campaign);
	/* It stays in the stream it was first seen in. */
	ck_assert(store_begin(store, &error));
	ck_assert(store_campaign_ensure(store, "news-42", "other", NOW,
	    &campaign, &error));
	ck_assert(store_commit(store, &error));
	ck_assert_int_eq(campaign.id, made.id);
	ck_assert_str_eq(campaign.stream, "marketing");

	ck_assert(store_recipient_find(store, one.id, NULL, &recipient,
	    &error));
	ck_assert_str_eq(recipient.address, "ana@example.org");
	ck_assert_str_eq(recipient.original, "Ana@Example.org");
	store_recipient_clear(&recipient);
	ck_assert(store_recipient_find(store, 0, "bo@example.org", &recipient,
	    &error));
	ck_assert_int_eq(recipient.id, two.id);
	ck_assert_str_eq(recipient.original, "bo@example.org");
	store_recipient_clear(&recipient);

	ck_assert(!store_recipient_find(store, 999, NULL, &recipient, &error));
	ck_error(error, VP_ERROR_NOT_FOUND);
	g_clear_error(&error);
	ck_assert(!store_campaign_find(store, 0, "no", &campaign, &error));
	ck_error(error, VP_ERROR_NOT_FOUND);
}
END_TEST

/* Text that would end a statement, were it put into one. */
START_TEST(test_hostile_text)
{
	static const char hostile[] = "x'); DROP TABLE events; --@example.org";
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	StoreFilter filter = STORE_FILTER_ANY;

	fixture_record(store, hostile, hostile, hostile, NOW, VP_CLASS_HARD,
	    fixture_hard());
	filter.address = hostile;
	filter.campaign = hostile;
	ck_assert_uint_eq(events(store, &filter), 1);
	check_verified(store, NOW);
}
END_TEST

/* What is saved is loaded, hold by hold and in its stream. */
START_TEST(test_save_and_load)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	int64_t id = ensure_recipient(store, "ana@example.org");
	RecipientState empty = { 0 }, full = { 0 }, state;

	for (Cause cause = 0; cause < CAUSE_COUNT; cause++) {
		Track *track = &full.track[cause];

		for (unsigned i = 0; i < POLICY_HITS_MAX - cause; i++) {
			track->hits[i].at = NOW + i * DAY - 8 * DAY;
			track->hits[i].reason = (enum vp_reason)(i + cause);
		}
		track->hits[0].at = -5;
		track->n_hits = cause == CAUSE_BLOCK ? 0
						     : POLICY_HITS_MAX - cause;
		if (cause == CAUSE_BLOCK)
			memset(track->hits, 0, sizeof(track->hits));
		track->rung = 3 - cause / 2;
		track->rung_end = cause == CAUSE_HARD ? HOLD_FOREVER
						      : NOW + cause;
	}
	for (int cause = 0; cause < CAUSE_MANUAL; cause++)
		full.hold[cause] = (Hold){ NOW + cause,
			cause % 2 == 0 ? HOLD_FOREVER : NOW + 100 };

	ck_assert(store_begin(store, &error));
	ck_assert(store_save(store, id, "news", &empty, &full, 12, &error));
	ck_assert(store_commit(store, &error));
	ck_assert(store_load(store, id, "news", &state, &error));
	ck_assert_mem_eq(&state, &full, sizeof(state));

	/* An unsubscription is of its stream alone. */
	ck_assert(store_load(store, id, "bills", &state, &error));
	ck_assert_int_eq(state.hold[CAUSE_UNSUBSCRIBE].since, 0);
	ck_assert_int_eq(state.hold[CAUSE_HARD].since, NOW + CAUSE_HARD);

	/* What is gone is gone. */
	ck_assert(store_begin(store, &error));
	ck_assert(store_save(store, id, "news", &full, &empty, 13, &error));
	ck_assert(store_commit(store, &error));
	ck_assert(store_load(store, id, "news", &state, &error));
	ck_assert_mem_eq(&state, &empty, sizeof(state));

	ck_assert(!store_load(store, id + 1, "news", &state, &error));
	ck_error(error, VP_ERROR_NOT_FOUND);
}
END_TEST

static const struct {
	Step step;
	bool is_limited;
} step_cases[] = {
	{ STEP_SOFT, true },
	{ STEP_HARD, true },
	{ STEP_COMPLAINT, true },
	{ STEP_UNSUBSCRIBE, true },
	{ STEP_BLOCK, false },
	{ STEP_RESET, false },
	{ STEP_NONE, false },
};

/* A block that was only recorded leaves its token the step. */
START_TEST(test_block_recorded)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_auto(StoreCampaign) campaign = { 0 };
	bool taken = true;

	fixture_record(store, "c", "s", "ana@example.org", NOW, VP_CLASS_BLOCK,
	    (Effect){ .step = STEP_BLOCK });
	ck_assert(store_campaign_find(store, 0, "c", &campaign, &error));
	ck_assert(store_step_taken(store, campaign.id, 1, NOW / DAY, STEP_BLOCK,
	    &taken, &error));
	ck_assert(!taken);
	fixture_record(store, "c", "s", "ana@example.org", NOW, VP_CLASS_BLOCK,
	    (Effect){ .step = STEP_BLOCK, .is_counted = true });
	ck_assert(store_step_taken(store, campaign.id, 1, NOW / DAY, STEP_BLOCK,
	    &taken, &error));
	ck_assert(taken);
}
END_TEST

/* At most one of each countable step from one token, and the store itself
   refuses the second. */
START_TEST(test_step_taken)
{
	Step step = step_cases[_i].step;
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_auto(StoreCampaign) campaign = { 0 };
	int64_t recipient = ensure_recipient(store, "ana@example.org"), id;
	Event event;
	bool taken;

	ck_assert(store_begin(store, &error));
	ck_assert(store_campaign_ensure(store, "c", "s", NOW, &campaign,
	    &error));
	event = fixture_event(campaign.id, recipient, NOW, VP_CLASS_SOFT,
	    (Effect){ .step = step, .is_counted = true });
	ck_assert(store_step_taken(store, campaign.id, recipient, NOW / DAY,
	    step, &taken, &error));
	ck_assert(!taken);
	ck_assert(store_append(store, &event, &id, &error));
	ck_assert(store_step_taken(store, campaign.id, recipient, NOW / DAY,
	    step, &taken, &error));
	ck_assert(taken);
	for (Step other = STEP_NONE; other < STEP_COUNT; other++) {
		ck_assert(store_step_taken(store, campaign.id, recipient,
		    NOW / DAY, other, &taken, &error));
		/* what was held has spent the hard step */
		ck_assert_int_eq(taken,
		    other == step || (step == STEP_HARD && other == STEP_HELD));
	}
	ck_assert(store_step_taken(store, campaign.id, recipient, NOW / DAY + 1,
	    step, &taken, &error));
	ck_assert(!taken);
	ck_assert_int_eq(store_append(store, &event, &id, &error),
	    !step_cases[_i].is_limited);
	g_clear_error(&error);
	store_rollback(store);
}
END_TEST

static bool count_up(const CountedHour *row, void *data)
{
	Counts *sum = data;

	sum->hard += row->counts.hard;
	sum->delivered += row->counts.delivered;
	sum->people++; /* rows */
	return true;
}

static Counts counted(Store *store, CounterKind kind, const char *name,
    int64_t first, int64_t last)
{
	Counts sum = { 0 };

	ck_assert(store_each_count(store, kind, name, first, last, count_up,
	    &sum, &error));
	return sum;
}

/* Hours add up, and come back whatever their number. */
START_TEST(test_count)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	const Counts one = { .hard = 1, .delivered = 2 };
	const int64_t hour = NOW / 3600;
	Counts sum;

	ck_assert(store_begin(store, &error));
	for (int i = 0; i < 2 * 700; i++)
		ck_assert(store_count(store, COUNTER_PROVIDER, "google",
		    NOW + i % 700 * 3600, &one, &error));
	ck_assert(store_count(store, COUNTER_PROVIDER, "yahoo", NOW, &one,
	    &error));
	ck_assert(store_count(store, COUNTER_HOST, "google", NOW, &one,
	    &error));
	ck_assert(store_commit(store, &error));
	sum = counted(store, COUNTER_PROVIDER, "google", hour, hour + 699);
	ck_assert_int_eq(sum.hard, 1400);
	ck_assert_int_eq(sum.delivered, 2800);
	ck_assert_int_eq(sum.people, 700);
	sum = counted(store, COUNTER_PROVIDER, NULL, hour, hour + 699);
	ck_assert_int_eq(sum.hard, 1401);
	ck_assert_int_eq(sum.people, 701);
	sum = counted(store, COUNTER_PROVIDER, "google", hour + 1, hour + 9);
	ck_assert_int_eq(sum.hard, 18);
	/* hosts come from outside, without end */
	ck_assert(store_begin(store, &error));
	for (int i = 0; i < 2500; i++) {
		g_autofree char *name = g_strdup_printf("h%d.example", i);

		ck_assert(store_count(store, COUNTER_HOST, name, NOW, &one,
		    &error));
	}
	ck_assert(store_commit(store, &error));
	sum = counted(store, COUNTER_HOST, NULL, hour, hour);
	ck_assert_int_eq(sum.hard, 2501);
	ck_assert_int_eq(sum.people, 2001);
}
END_TEST

static void check_event(const Event *a, const Event *b)
{
	ck_assert_int_eq(a->at, b->at);
	ck_assert_int_eq(a->recipient_id, b->recipient_id);
	ck_assert_int_eq(a->campaign_id, b->campaign_id);
	ck_assert_int_eq(a->token_day, b->token_day);
	ck_assert_int_eq(a->trust, b->trust);
	ck_assert_int_eq(a->class_, b->class_);
	ck_assert_int_eq(a->reason, b->reason);
	ck_assert(a->confidence > b->confidence - 1e-9 &&
		  a->confidence < b->confidence + 1e-9);
	ck_assert_str_eq(a->rule, b->rule);
	ck_assert_str_eq(a->source, b->source);
	ck_assert_str_eq(a->matched, b->matched);
	ck_assert_str_eq(a->status, b->status);
	ck_assert_uint_eq(a->smtp_code, b->smtp_code);
	ck_assert_str_eq(a->action, b->action);
	ck_assert_str_eq(a->provider, b->provider);
	ck_assert_str_eq(a->remote_mta, b->remote_mta);
	ck_assert_str_eq(a->diagnostic, b->diagnostic);
	ck_assert_str_eq(a->via, b->via);
	ck_assert_str_eq(a->message_id, b->message_id);
	ck_assert_str_eq(a->queue_id, b->queue_id);
	ck_assert_str_eq(a->client, b->client);
	ck_assert_int_eq(a->effect.step, b->effect.step);
	ck_assert_int_eq(a->effect.is_counted, b->effect.is_counted);
	ck_assert_int_eq(a->effect.hold_until, b->effect.hold_until);
	ck_assert_uint_eq(a->effect.rung, b->effect.rung);
	ck_assert_int_eq(a->effect.reason, b->effect.reason);
	ck_assert_str_eq(a->effect.policy, b->effect.policy);
	ck_assert_uint_eq(a->confirm, b->confirm);
	ck_assert_int_eq(a->effect.needs_review, b->effect.needs_review);
}

static bool compare_event(const Event *row, void *data)
{
	const Event *wanted = data;

	check_event(row, wanted);
	ck_assert_str_eq(row->campaign, "c");
	ck_assert_str_eq(row->stream, "s");
	ck_assert_str_eq(row->address, "ana@example.org");
	ck_assert_int_gt(row->id, 0);
	return false;
}

/* Every class with every trust comes back as it went in. */
START_TEST(test_append)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	g_auto(StoreCampaign) campaign = { 0 };
	int64_t recipient = ensure_recipient(store, "ana@example.org"), id;
	StoreFilter filter = STORE_FILTER_ANY;
	Event event;

	ck_assert(store_begin(store, &error));
	ck_assert(store_campaign_ensure(store, "c", "s", NOW, &campaign,
	    &error));
	event = fixture_event(campaign.id, recipient, NOW, (enum vp_class)_i,
	    (Effect){ .step = (Step)(_i % STEP_COUNT),
		.is_counted = _i % 2 == 0,
		.reason = (enum vp_reason)(_i * 2),
		.policy = _i % 2 == 0 ? "full" : "",
		.hold_until = _i % 3 == 0 ? HOLD_FOREVER : _i,
		.rung = (unsigned)_i,
		.needs_review = _i % 2 == 1 });
	event.trust = (Trust)(_i % (TRUST_RECORD + 1));
	event.reason = (enum vp_reason)(_i * 2);
	event.confirm = (unsigned)_i;
	event.via = "other@example.net";
	event.diagnostic = "smtp; 550 \xe2\x82\xac 'quoted' \"%s\"";
	ck_assert(store_append(store, &event, &id, &error));
	ck_assert(store_commit(store, &error));
	ck_assert(store_each_event(store, &filter, compare_event, &event,
	    &error));
	ck_assert_uint_eq(events(store, &filter), 1);
}
END_TEST

typedef struct Forgeries {
	unsigned rows;
	uint64_t hits;
} Forgeries;

static bool count_forgery(const Forgery *row, void *data)
{
	Forgeries *count = data;

	ck_assert_str_eq(row->why, "no key of ours");
	count->rows++;
	count->hits += row->hits;
	return true;
}

static const struct {
	const char *label;
	unsigned per_source, total;
	unsigned sources, each;
	unsigned rows;
} forged_cases[] = {
	{ "below both bounds", 5, 100, 3, 4, 12 },
	{ "each source is bounded", 5, 100, 3, 50, 15 },
	{ "all together are bounded", 5, 8, 10, 5, 8 },
	{ "a bound of nothing keeps one row to count on", 0, 0, 4, 3, 1 },
};

/* Whatever the bounds, every forgery is counted. */
START_TEST(test_forged)
{
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	StoreFilter filter = STORE_FILTER_ANY;
	Forgeries count = { 0 };
	StoreStats stats;
	unsigned n = forged_cases[_i].sources * forged_cases[_i].each;

	for (unsigned hour = 0; hour < 2; hour++) {
		ck_assert(store_begin(store, &error));
		for (unsigned i = 0; i < n; i++) {
			g_autofree char *source = g_strdup_printf("192.0.2.%u",
			    i % forged_cases[_i].sources);
			g_autofree char *queue_id = g_strdup_printf("4XY%u-%u",
			    hour, i);
			Forgery forgery = { .at = NOW + 3600 * hour,
				.source = source,
				.address = "b-aaaa@bounces.example",
				.why = "no key of ours",
				.queue_id = queue_id };

			ck_assert(store_forged(store, &forgery,
			    forged_cases[_i].per_source, forged_cases[_i].total,
			    &error));
		}
		ck_assert(store_commit(store, &error));
	}
	ck_assert(store_each_forgery(store, &filter, count_forgery, &count,
	    &error));
	ck_assert_msg(count.rows == 2 * forged_cases[_i].rows, "%s: %u rows",
	    forged_cases[_i].label, count.rows);
	ck_assert_uint_eq(count.hits, 2 * n);
	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	ck_assert_int_eq(stats.forged, 2 * n);
}
END_TEST

/* A message told again is no second forgery; another one is. */
START_TEST(test_forged_again)
{
	static const struct {
		int64_t later;
		const char *source, *address, *queue_id;
		unsigned hits;
	} told[] = {
		{ 0, "192.0.2.1", "b-a@bounces.example", "4XYZ12", 1 },
		{ 300, "192.0.2.1", "b-a@bounces.example", "4XYZ12", 1 },
		{ 7000, "192.0.2.1", "b-a@bounces.example", "4XYZ12", 1 },
		{ 7000, "192.0.2.1", "b-b@bounces.example", "4XYZ12", 2 },
		{ 7000, "192.0.2.2", "b-a@bounces.example", "4XYZ12", 3 },
		{ 7000, "192.0.2.1", "b-a@bounces.example", "4XYZ13", 4 },
		{ 7000, "192.0.2.1", "b-a@bounces.example", "", 5 },
		{ 7000, "192.0.2.1", "b-a@bounces.example", "", 6 },
	};
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	StoreStats stats;

	for (unsigned i = 0; i < G_N_ELEMENTS(told); i++) {
		Forgery forgery = { .at = NOW + told[i].later,
			.source = told[i].source,
			.address = told[i].address,
			.why = "no key of ours",
			.queue_id = told[i].queue_id };

		ck_assert(store_begin(store, &error));
		ck_assert(store_forged(store, &forgery, 60, 600, &error));
		ck_assert(store_commit(store, &error));
		ck_assert(store_stats(store, 0, NOW, &stats, &error));
		ck_assert_msg(stats.forged == told[i].hits,
		    "%u: %" G_GINT64_FORMAT, i, stats.forged);
	}
}
END_TEST

/* ---- asking ---- */

/* More rows than a chunk has, every filter, and the limit. */
START_TEST(test_each_event)
{
	enum { ROWS = 1300 };
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	StoreFilter any = STORE_FILTER_ANY, filter;
	StoreStats stats;

	for (int i = 0; i < ROWS; i++) {
		g_autofree char *address = g_strdup_printf("r%d@example.org",
		    i % 10);

		/* Half of them out of order: a clock set back. */
		fixture_record(store, i % 2 == 0 ? "even" : "odd",
		    i % 2 == 0 ? "news" : "bills", address,
		    NOW + (i < ROWS / 2 ? i : -i), VP_CLASS_BLOCK,
		    (Effect){ .step = STEP_BLOCK, .needs_review = i % 4 == 0 });
	}
	ck_assert_uint_eq(events(store, &any), ROWS);
	filter = any;
	filter.limit = 777;
	ck_assert_uint_eq(events(store, &filter), 777);
	filter = any;
	filter.address = "r3@example.org";
	ck_assert_uint_eq(events(store, &filter), ROWS / 10);
	filter.limit = 5;
	ck_assert_uint_eq(events(store, &filter), 5);
	filter.address = "nobody@example.org";
	ck_assert_uint_eq(events(store, &filter), 0);
	filter = any;
	filter.campaign = "odd";
	ck_assert_uint_eq(events(store, &filter), ROWS / 2);
	filter.stream = "news";
	ck_assert_uint_eq(events(store, &filter), 0);
	filter = any;
	filter.needs_review = true;
	ck_assert_uint_eq(events(store, &filter), ROWS / 4);
	filter = any;
	filter.since = NOW;
	ck_assert_uint_eq(events(store, &filter), ROWS / 2);
	filter.until = NOW + 100;
	ck_assert_uint_eq(events(store, &filter), 100);
	filter = any;
	filter.class_ = VP_CLASS_HARD;
	ck_assert_uint_eq(events(store, &filter), 0);

	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	ck_assert_int_eq(stats.events, ROWS);
	ck_assert_int_eq(stats.by_class[VP_CLASS_BLOCK], ROWS);
	ck_assert_int_eq(stats.needs_review, ROWS / 4);
	ck_assert_int_eq(stats.recipients, 10);
	ck_assert_int_eq(stats.campaigns, 2);
	ck_assert(store_stats(store, NOW, NOW, &stats, &error));
	ck_assert_int_eq(stats.events, ROWS / 2);
	check_verified(store, NOW);
}
END_TEST

/* The caller may write, or take all day, between two rows. */
static bool release_it(const Suppression *row, void *data)
{
	ManualChange change = { "root", "test", NOW };
	unsigned lifted;

	ck_assert(store_release(data, &change, row->address, NULL, -1, &lifted,
	    &error));
	ck_assert_uint_eq(lifted, 1);
	return true;
}

START_TEST(test_each_suppression)
{
	enum { ROWS = 1200 };
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	StoreFilter any = STORE_FILTER_ANY, filter;
	ManualChange change = { "root", "import", NOW };
	StoreStats stats;

	any.now = NOW;
	for (int i = 0; i < ROWS; i++) {
		g_autofree char *address = g_strdup_printf("r%d@example.org",
		    i);

		ck_assert(store_add(store, &change, address, address,
		    i % 2 == 0 ? "" : "news",
		    i % 3 == 0 ? NOW + 10 : HOLD_FOREVER, &error));
	}
	ck_assert_uint_eq(suppressions(store, &any), ROWS);
	filter = any;
	filter.limit = 600;
	ck_assert_uint_eq(suppressions(store, &filter), 600);
	filter = any;
	filter.stream = "news"; /* and those of all streams */
	ck_assert_uint_eq(suppressions(store, &filter), ROWS);
	filter.stream = "bills";
	ck_assert_uint_eq(suppressions(store, &filter), ROWS / 2);
	filter = any;
	filter.address = "r7@example.org";
	ck_assert_uint_eq(suppressions(store, &filter), 1);
	filter = any;
	filter.cause = CAUSE_HARD;
	ck_assert_uint_eq(suppressions(store, &filter), 0);
	filter = any;
	filter.now = NOW + 10;
	ck_assert_uint_eq(suppressions(store, &filter), ROWS - ROWS / 3);
	filter.with_expired = true;
	ck_assert_uint_eq(suppressions(store, &filter), ROWS);
	ck_assert(store_stats(store, 0, NOW + 10, &stats, &error));
	ck_assert_int_eq(stats.by_cause[CAUSE_MANUAL], ROWS - ROWS / 3);
	ck_assert(store_each_suppression(store, &any, release_it, store,
	    &error));
	ck_assert_uint_eq(suppressions(store, &any), 0);
	check_verified(store, NOW);
}
END_TEST

/* ---- by hand ---- */

static bool log_audit(const AuditEntry *row, void *data)
{
	g_string_append_printf(data, "%s %s <%s> %s %s %s after %d;",
	    row->actor, row->action, row->address, row->stream, row->reason,
	    row->cause >= 0 ? cause_name((Cause)row->cause) : "any",
	    (int)row->after_event);
	return true;
}

static void check_audit(Store *store, const char *address, const char *wanted)
{
	g_autoptr(GString) text = g_string_new(NULL);
	StoreFilter filter = STORE_FILTER_ANY;

	filter.address = address;
	ck_assert(store_each_audit(store, &filter, log_audit, text, &error));
	ck_assert_str_eq(text->str, wanted);
}

START_TEST(test_add_and_release)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	ManualChange change = { "root", "ticket 7", NOW };
	unsigned lifted;
	RecipientState state;

	fixture_record(store, "c", "news", "ana@example.org", NOW,
	    VP_CLASS_HARD, fixture_hard());
	fixture_record(store, "c", "news", "ana@example.org", NOW,
	    VP_CLASS_SOFT, fixture_soft(0, 0));
	ck_assert(store_add(store, &change, "ana@example.org",
	    "ana@example.org", "news", NOW + DAY, &error));
	/* A shorter one does not shorten it. */
	change.now = NOW + 1;
	ck_assert(store_add(store, &change, "ana@example.org",
	    "ana@example.org", "news", NOW + 60, &error));
	state = state_of(store, "ana@example.org", "news");
	ck_assert_int_eq(state.hold[CAUSE_MANUAL].until, NOW + DAY);
	ck_assert_int_eq(state.hold[CAUSE_MANUAL].since, NOW);
	ck_assert_uint_eq(state.track[CAUSE_SOFT].n_hits, 1);
	state = state_of(store, "ana@example.org", "bills");
	ck_assert_int_eq(state.hold[CAUSE_MANUAL].since, 0);
	check_verified(store, NOW + 1);

	ck_assert(store_release(store, &change, "ana@example.org", NULL,
	    CAUSE_HARD, &lifted, &error));
	ck_assert_uint_eq(lifted, 1);
	state = state_of(store, "ana@example.org", "news");
	ck_assert_int_eq(state.hold[CAUSE_HARD].since, 0);
	ck_assert_int_eq(state.hold[CAUSE_MANUAL].since, NOW);
	ck_assert_uint_eq(state.track[CAUSE_SOFT].n_hits, 0);
	ck_assert(store_release(store, &change, "ana@example.org", "bills", -1,
	    &lifted, &error));
	ck_assert_uint_eq(lifted, 0);
	ck_assert(store_release(store, &change, "ana@example.org", NULL, -1,
	    &lifted, &error));
	ck_assert_uint_eq(lifted, 1);
	check_verified(store, NOW + 1);
	check_audit(store, "ana@example.org",
	    "root add <ana@example.org> news ticket 7 manual after 2;"
	    "root add <ana@example.org> news ticket 7 manual after 2;"
	    "root release <ana@example.org>  ticket 7 hard after 2;"
	    "root release <ana@example.org> bills ticket 7 any after 2;"
	    "root release <ana@example.org> news ticket 7 manual after 2;");

	ck_assert(!store_release(store, &change, "nobody@example.org", NULL, -1,
	    &lifted, &error));
	ck_error(error, VP_ERROR_NOT_FOUND);
}
END_TEST

START_TEST(test_expire)
{
	enum { HOLDS = 1100, KEYS = 5000 };
	g_autoptr(Store) store = fixture_open(STORE_DAEMON);
	ManualChange change = { "cron", "expire", NOW };
	StoreRetention keep = { .keys = 2 * DAY };
	StoreExpired gone;
	StoreFilter any = STORE_FILTER_ANY;
	StoreStats stats;

	for (int i = 0; i < HOLDS; i++) {
		g_autofree char *address = g_strdup_printf("r%d@example.org",
		    i);

		ck_assert(store_add(store, &change, address, address, "",
		    i == 0 ? HOLD_FOREVER : NOW + i, &error));
	}
	ck_assert(store_begin(store, &error));
	for (int i = 0; i < KEYS; i++) {
		uint8_t key[STORE_KEY] = { (uint8_t)(i * 37),
			(uint8_t)(i / 256), (uint8_t)i };
		bool seen;

		ck_assert(store_seen(store, key, i % 2 == 0 ? NOW : NOW - DAY,
		    &seen, &error));
		ck_assert(!seen);
	}
	ck_assert(store_commit(store, &error));

	/* Nothing is old enough: no row of audit either. */
	ck_assert(store_expire(store, &change, &keep, false, &gone, &error));
	ck_assert_uint_eq(gone.holds, 0);
	ck_assert_uint_eq(gone.keys, 0);
	change.now = NOW + 600;
	keep.keys = 3600;
	for (int dry = 1; dry >= 0; dry--) {
		ck_assert(store_expire(store, &change, &keep, dry, &gone,
		    &error));
		ck_assert_uint_eq(gone.holds, 600);
		ck_assert_uint_eq(gone.keys, KEYS / 2);
	}
	any.with_expired = true;
	ck_assert_uint_eq(suppressions(store, &any), HOLDS - 600);
	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	ck_assert_int_eq(stats.deliveries, KEYS - KEYS / 2);
	check_verified(store, NOW + 600);
	check_verified(store, NOW);
}
END_TEST

static Suite *store_suite(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = fixture_case(suite, "store");

	tcase_add_test(tcase, test_create_twice);
	tcase_add_test(tcase, test_open_nothing);
	tcase_add_test(tcase, test_epoch_differs);
	tcase_add_test(tcase, test_one_daemon);
	tcase_add_test(tcase, test_read_writes_nothing);
	tcase_add_test(tcase, test_look);
	tcase_add_test(tcase, test_seen);
	tcase_add_test(tcase, test_rollback);
	tcase_add_test(tcase, test_close_rolls_back);
	tcase_add_test(tcase, test_find);
	tcase_add_test(tcase, test_hostile_text);
	tcase_add_test(tcase, test_save_and_load);
	tcase_add_test(tcase, test_block_recorded);
	tcase_add_loop_test(tcase, test_step_taken, 0,
	    G_N_ELEMENTS(step_cases));
	tcase_add_test(tcase, test_count);
	tcase_add_loop_test(tcase, test_append, 0, VP_CLASS_COUNT);
	tcase_add_loop_test(tcase, test_forged, 0, G_N_ELEMENTS(forged_cases));
	tcase_add_test(tcase, test_forged_again);
	tcase_add_test(tcase, test_each_event);
	tcase_add_test(tcase, test_each_suppression);
	tcase_add_test(tcase, test_add_and_release);
	tcase_add_test(tcase, test_expire);
	return suite;
}

RUN_SUITE(store_suite)
