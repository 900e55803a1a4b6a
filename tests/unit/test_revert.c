/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way back: on random histories, what is left after a revert is what there
   would be had those events never come. */

#include "main.h"
#include "store_fixture.h"

#include "store_sqlite.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static GError *error;

#define PEOPLE 4

typedef enum Kind { EVENT, ADD, RELEASE, RELEASE_SOFT } Kind;

/* One thing that happens. */
typedef struct Happening {
	Kind kind;
	unsigned who;
	int64_t at;
	enum vp_class class_;
	enum vp_reason reason;
	unsigned campaign;
	int64_t token_day;
	unsigned provider;
} Happening;

static const char *const providers[] = { "google", "microsoft" };
static const char *const streams[] = { "news", "bills" };

static char *address_of(unsigned who)
{
	return g_strdup_printf("p%u@example.org", who);
}

static Store *make(const char *path)
{
	Store *store;

	ck_assert(store_create(path, &error));
	store = store_open(path, STORE_WRITE, BUSY, &error);
	ck_no_error(error);
	return store;
}

/* As deliver.c does: decide, once per token, append, save. */
static void take_event(Store *store, const Happening *h)
{
	g_autofree char *address = address_of(h->who);
	g_autofree char *name = g_strdup_printf("c%u", h->campaign);
	const char *stream = streams[h->campaign % 2];
	const PolicyCase case_ = { h->class_, h->reason, 0.98,
		providers[h->provider], 0 };
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	RecipientState before, after;
	bool taken = false;
	Effect effect;
	Event event;
	int64_t id;

	ck_assert(store_begin(store, &error));
	ck_assert(store_campaign_ensure(store, name, stream, h->at, &campaign,
	    &error));
	ck_assert(store_recipient_ensure(store, address, address, h->at,
	    &recipient, &error));
	ck_assert(store_load(store, recipient.id, stream, &before, &error));
	effect = policy_decide(&policy_defaults, &before, &case_, h->at);
	if (effect_is_once_per_token(&effect))
		ck_assert(store_step_taken(store, campaign.id, recipient.id,
		    h->token_day, effect.step, &taken, &error));
	if (taken)
		effect = (Effect){ 0 };
	event = fixture_event(campaign.id, recipient.id, h->at, h->class_,
	    effect);
	event.reason = h->reason;
	event.provider = providers[h->provider];
	event.token_day = h->token_day;
	after = policy_apply(before, &effect, h->at);
	ck_assert(store_append(store, &event, &id, &error));
	ck_assert(store_save(store, recipient.id, stream, &before, &after, id,
	    &error));
	ck_assert(store_commit(store, &error));
}

static void take(Store *store, const Happening *h)
{
	g_autofree char *address = address_of(h->who);
	ManualChange change = { "root", "test", h->at };
	unsigned lifted;

	switch (h->kind) {
	case EVENT:
		take_event(store, h);
		return;
	case ADD:
		ck_assert(store_add(store, &change, address, "",
		    streams[h->campaign % 2], h->at + 5 * DAY, &error));
		return;
	case RELEASE:
	case RELEASE_SOFT:
		if (!store_release(store, &change, address, NULL,
			h->kind == RELEASE ? -1 : CAUSE_SOFT, &lifted, &error))
			g_clear_error(&error); /* nobody knows her yet */
		return;
	}
}

static void random_history(GRand *rand, GArray *history, unsigned n)
{
	static const struct {
		enum vp_class class_;
		enum vp_reason reason;
	} kinds[] = {
		{ VP_CLASS_SOFT, VP_REASON_MAILBOX_FULL },
		{ VP_CLASS_SOFT, VP_REASON_MAILBOX_FULL },
		{ VP_CLASS_SOFT, VP_REASON_MAILBOX_FULL },
		{ VP_CLASS_SOFT, VP_REASON_DISABLED },
		{ VP_CLASS_HARD, VP_REASON_BAD_MAILBOX },
		{ VP_CLASS_BLOCK, VP_REASON_POLICY },
		{ VP_CLASS_COMPLAINT, VP_REASON_COMPLAINT },
		{ VP_CLASS_UNSUBSCRIBE, VP_REASON_UNSUBSCRIBE },
		{ VP_CLASS_DELIVERED, VP_REASON_DELIVERED },
	};
	int64_t at = NOW;

	for (unsigned i = 0; i < n; i++) {
		int kind = g_rand_int_range(rand, 0, G_N_ELEMENTS(kinds));
		int hand = g_rand_int_range(rand, 0, 30);
		Happening h = {
			.kind = hand == 0   ? ADD
				: hand == 1 ? RELEASE
				: hand == 2 ? RELEASE_SOFT
					    : EVENT,
			.who = (unsigned)g_rand_int_range(rand, 0, PEOPLE),
			.class_ = kinds[kind].class_,
			.reason = kinds[kind].reason,
			.campaign = (unsigned)g_rand_int_range(rand, 0, 4),
			.provider = (unsigned)g_rand_int_range(rand, 0, 2),
		};

		at += g_rand_int_range(rand, 0, (gint32)(2 * DAY));
		h.at = at;
		/* few tokens, so that their one step is often taken */
		h.token_day = at / DAY / 8;
		g_array_append_val(history, h);
	}
}

/* What FILTER takes back. */
static bool is_reverted(const Happening *h, const EventSelection *filter)
{
	if (h->kind != EVENT || h->class_ == VP_CLASS_DELIVERED)
		return false;
	if ((filter->since != 0 && h->at < filter->since) ||
	    (filter->until != 0 && h->at >= filter->until))
		return false;
	if (filter->class_ >= 0 && (int)h->class_ != filter->class_)
		return false;
	return filter->provider == NULL ||
	       strcmp(filter->provider, providers[h->provider]) == 0;
}

static EventSelection random_filter(GRand *rand, int64_t end)
{
	EventSelection filter = { .class_ = -1, .reason = -1 };

	if (g_rand_boolean(rand))
		filter.provider = providers[g_rand_int_range(rand, 0, 2)];
	if (g_rand_boolean(rand))
		filter.class_ = g_rand_boolean(rand) ? VP_CLASS_SOFT
						     : VP_CLASS_HARD;
	if (g_rand_boolean(rand))
		filter.since = NOW + (int64_t)(g_rand_double(rand) *
					       (double)(end - NOW));
	if (g_rand_boolean(rand))
		filter.until = MAX(filter.since, NOW) +
			       (int64_t)(g_rand_double(rand) * 40) * DAY;
	return filter;
}

static StoreReverted revert(Store *store, const EventSelection *filter,
    int64_t now, bool is_dry_run)
{
	ManualChange change = { "root", "an outage", now };
	StoreReverted done = { 0 };

	ck_assert(store_revert(store, &change, &policy_defaults, filter,
	    "--test", is_dry_run, NULL, NULL, &done, &error));
	ck_no_error(error);
	return done;
}

static bool tell_hold(const Suppression *row, void *data)
{
	g_string_append_printf(data,
	    "%s %s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
	    row->address, row->stream, cause_name(row->cause), row->hold.since,
	    row->hold.until);
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Everyone's state, in an order of its own: ids may differ. */
static char *tell_all(Store *store, int64_t now)
{
	StoreFilter filter = STORE_FILTER_ANY;
	g_autoptr(GString) text = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;

	filter.now = now;
	ck_assert(store_each_suppression(store, &filter, tell_hold, text,
	    &error));
	for (unsigned who = 0; who < PEOPLE; who++) {
		g_autofree char *address = address_of(who);
		g_auto(StoreRecipient) recipient = { 0 };
		g_autofree char *soft = NULL;
		g_autofree char *counts = NULL;
		RecipientState state;

		if (!store_recipient_find(store, 0, address, &recipient,
			&error)) {
			g_clear_error(&error);
			continue;
		}
		ck_assert(store_load(store, recipient.id, "news", &state,
		    &error));
		soft = hits_encode(&state.track[CAUSE_SOFT]);
		counts = counts_encode(&state);
		if (soft[0] != '\0' || counts[0] != '\0' ||
		    state.track[CAUSE_SOFT].rung != 0)
			g_string_append_printf(text, "%s: %s %u; %s\n", address,
			    soft, state.track[CAUSE_SOFT].rung, counts);
	}
	lines = g_strsplit(text->str, "\n", -1);
	qsort(lines, g_strv_length(lines), sizeof(*lines), by_text);
	return g_strjoinv("\n", lines);
}

static void check_verified(Store *store, int64_t now)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;

	ck_assert(store_verify(store, now, findings, &recipients, &error));
	if (findings->len > 0)
		ck_abort_msg("%s", (char *)findings->pdata[0]);
}

static void take_all(Store *store, const GArray *history,
    const EventSelection *without)
{
	for (unsigned i = 0; i < history->len; i++) {
		const Happening *h = &g_array_index(history, Happening, i);

		if (without == NULL || !is_reverted(h, without))
			take(store, h);
	}
}

START_TEST(test_as_if_never)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	g_autoptr(GArray)
	    history = g_array_new(FALSE, FALSE, sizeof(Happening));
	g_autoptr(GArray) later = g_array_new(FALSE, FALSE, sizeof(Happening));
	g_autofree char *other = g_build_filename(fixture_dir, "b.db", NULL);
	g_autoptr(Store) with = fixture_open(STORE_WRITE);
	g_autoptr(Store) without = make(other);
	g_autofree char *told_with = NULL;
	g_autofree char *told_without = NULL;
	EventSelection filter;
	StoreReverted done, dry;
	int64_t now;

	random_history(rand, history, 70);
	now = g_array_index(history, Happening, history->len - 1).at + 1;
	filter = random_filter(rand, now);
	take_all(with, history, NULL);
	take_all(without, history, &filter);
	dry = revert(with, &filter, now, true);
	done = revert(with, &filter, now, false);
	ck_assert_uint_eq(dry.events, done.events);
	ck_assert_uint_eq(dry.amended, done.amended);
	ck_assert_uint_eq(dry.recipients, done.recipients);
	ck_assert_uint_eq(dry.freed, done.freed);
	ck_assert_uint_eq(dry.holds, done.holds);
	ck_assert_uint_eq(dry.counts, done.counts);
	store_reverted_clear(&dry);
	store_reverted_clear(&done);
	told_with = tell_all(with, now);
	told_without = tell_all(without, now);
	ck_assert_str_eq(told_with, told_without);
	check_verified(with, now);

	/* twice changes nothing */
	done = revert(with, &filter, now, false);
	ck_assert_uint_eq(done.events, 0);
	store_reverted_clear(&done);

	/* and both go on alike: the tokens' steps, too */
	random_history(rand, later, 30);
	for (unsigned i = 0; i < later->len; i++) {
		Happening *h = &g_array_index(later, Happening, i);

		h->at += now - NOW;
		h->token_day = i % 2 == 0 ? now / DAY / 8
					  : NOW / DAY / 8 + i % 6;
	}
	take_all(with, later, NULL);
	take_all(without, later, NULL);
	now += 80 * DAY;
	g_free(told_with);
	g_free(told_without);
	told_with = tell_all(with, now);
	told_without = tell_all(without, now);
	ck_assert_str_eq(told_with, told_without);
	check_verified(with, now);
}
END_TEST

/* Bounces that were echoes count without those before, and would have held her
   when she was released: then that would have been lifted, too. */
START_TEST(test_release_lifts_what_would_have_been)
{
	g_autofree char *other = g_build_filename(fixture_dir, "b.db", NULL);
	g_autoptr(Store) with = fixture_open(STORE_WRITE);
	g_autoptr(Store) without = make(other);
	g_autoptr(GArray)
	    history = g_array_new(FALSE, FALSE, sizeof(Happening));
	EventSelection filter = {
		.class_ = -1, .reason = -1, .provider = providers[0]
	};
	Happening release = { .kind = RELEASE, .at = NOW + 12 * DAY };
	g_autofree char *told_with = NULL;
	g_autofree char *told_without = NULL;
	StoreReverted done;

	for (unsigned day = 0; day < 10; day++) {
		Happening h = { .at = NOW + day * DAY,
			.token_day = day,
			.class_ = VP_CLASS_SOFT,
			.reason = VP_REASON_MAILBOX_FULL,
			.provider = day / 5 };

		g_array_append_val(history, h);
	}
	g_array_append_val(history, release);
	take_all(with, history, NULL);
	take_all(without, history, &filter);
	done = revert(with, &filter, NOW + 13 * DAY, false);
	ck_assert_uint_eq(done.events, 5);
	ck_assert_uint_eq(done.amended, 5);
	store_reverted_clear(&done);
	told_with = tell_all(with, NOW + 13 * DAY);
	told_without = tell_all(without, NOW + 13 * DAY);
	ck_assert_str_eq(told_with, told_without);
	check_verified(with, NOW + 13 * DAY);
}
END_TEST

/* ---- what is told of it ---- */

static bool note_audit(const AuditEntry *row, void *data)
{
	g_string_append_printf(data, "%s %s %s %s; ", row->action, row->address,
	    row->reason, row->detail);
	return true;
}

static bool note_event(const Event *event, void *data)
{
	g_string_append_printf(data, "%s %d; ", step_name(event->effect.step),
	    event->is_reverted);
	return true;
}

START_TEST(test_is_told)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	g_autoptr(GString) told = g_string_new(NULL);
	EventSelection filter = { .class_ = -1, .reason = -1 };
	StoreFilter any = STORE_FILTER_ANY;
	StoreReverted done;
	Happening h = { .at = NOW, .class_ = VP_CLASS_HARD };

	take(store, &h);
	filter.rule = "nothing-*";
	done = revert(store, &filter, NOW, false);
	ck_assert_uint_eq(done.events, 0);
	store_reverted_clear(&done);
	filter.rule = "status-*";
	done = revert(store, &filter, NOW, false);
	ck_assert_uint_eq(done.events, 1);
	ck_assert_uint_eq(done.freed, 1);
	ck_assert_ptr_eq(g_hash_table_lookup(done.which.by_rule,
			     "status-5.1.1"),
	    GUINT_TO_POINTER(1));
	store_reverted_clear(&done);
	ck_assert(store_each_audit(store, &any, note_audit, told, &error));
	ck_assert_str_eq(told->str, "revert  an outage --test; "
				    "revert p0@example.org an outage "
				    "1 taken back, 0 amended; ");
	g_string_truncate(told, 0);
	ck_assert(store_each_event(store, &any, note_event, told, &error));
	ck_assert_str_eq(told->str, "none 1; ");
}
END_TEST

static bool add_people(const CountedHour *row, void *data)
{
	*(int64_t *)data += row->counts.people;
	return true;
}

static int64_t people_by(Store *store, int64_t now)
{
	g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
	int64_t people = 0;
	bool more = true;

	while (more)
		ck_assert(store_tick(store, &breaker_defaults, now, true,
		    notices, &more, &error));
	ck_assert(store_each_count(store, COUNTER_SITE, "", 0, INT64_MAX,
	    add_people, &people, &error));
	return people;
}

/* What a receiver answered stays counted; who was taken back is a witness of
   the next time. */
START_TEST(test_breaker_counts)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	EventSelection filter = EVENT_SELECTION_ANY;
	StoreReverted done;

	take(store, &(Happening){ .at = NOW, .class_ = VP_CLASS_HARD });
	ck_assert_int_eq(people_by(store, NOW), 1);
	take(store,
	    &(Happening){
		.at = NOW + 2 * DAY, .class_ = VP_CLASS_HARD, .token_day = 1 });
	ck_assert_int_eq(people_by(store, NOW + 2 * DAY), 1);
	done = revert(store, &filter, NOW + 3 * DAY, false);
	ck_assert_uint_gt(done.events, 0);
	store_reverted_clear(&done);
	ck_assert_int_eq(people_by(store, NOW + 3 * DAY), 1);
	take(store,
	    &(Happening){
		.at = NOW + 4 * DAY, .class_ = VP_CLASS_HARD, .token_day = 2 });
	ck_assert_int_eq(people_by(store, NOW + 4 * DAY), 2);
	check_verified(store, NOW + 4 * DAY);
}
END_TEST

/* ---- killed midway ---- */

static void be_killed(uint64_t events, void *data)
{
	if (events >= 1000)
		raise(SIGKILL);
}

START_TEST(test_killed)
{
	ManualChange change = { "root", "an outage", NOW };
	EventSelection filter = { .class_ = VP_CLASS_HARD, .reason = -1 };
	Store *store = fixture_open(STORE_WRITE);
	StoreReverted done;
	StoreStats stats;
	int status;
	pid_t child;

	for (unsigned who = 0; who < 1400; who++)
		take(store,
		    &(Happening){
			.who = who, .at = NOW, .class_ = VP_CLASS_HARD });
	store_close(store);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		store = fixture_open(STORE_WRITE);
		(void)store_revert(store, &change, &policy_defaults, &filter,
		    "", false, be_killed, NULL, &done, &error);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	store = fixture_open(STORE_WRITE);
	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	ck_assert_int_eq(stats.by_cause[CAUSE_HARD], 400);
	check_verified(store, NOW);
	done = revert(store, &filter, NOW, false);
	ck_assert_uint_eq(done.events, 400);
	store_reverted_clear(&done);
	ck_assert(store_stats(store, 0, NOW, &stats, &error));
	ck_assert_int_eq(stats.by_cause[CAUSE_HARD], 0);
	check_verified(store, NOW);
	store_close(store);
}
END_TEST

static Suite *revert_suite(void)
{
	Suite *suite = suite_create("revert");
	TCase *tcase = fixture_case(suite, "revert");

	tcase_add_loop_test(tcase, test_as_if_never, 0, 40);
	tcase_add_test(tcase, test_release_lifts_what_would_have_been);
	tcase_add_test(tcase, test_is_told);
	tcase_add_test(tcase, test_breaker_counts);
	tcase_add_test(tcase, test_killed);
	return suite;
}

RUN_SUITE(revert_suite)
