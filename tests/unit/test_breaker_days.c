/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The circuit breaker over weeks of mailings, with a day on which a provider
   answers "user unknown" to a third of its living addresses.  Everything but
   the reading of messages is the real thing: policy, store, ticks, recount.
   The numbers are printed, and the same seed gives the same numbers. */
#include "deliver_private.h"

#include "deliver_fixture.h"

#include "main.h"

#include <stdio.h>

enum { PROVIDERS = 5, HOSTS = 15 };

static const struct {
	const char *name;
	unsigned share; /* of a hundred addresses */
} providers[PROVIDERS] = {
	{ "google", 40 }, { "yahoo", 20 }, { "microsoft", 15 }, { "gmx", 10 },
	{ "", 15 }, /* hosts of their own */
};

typedef struct Scenario {
	const char *name;
	unsigned size;
	bool has_feed;
	bool is_weekly; /* else a third of the list each day */
	bool is_slow;   /* mail in every hour, and the outage grows in a day */
	bool is_first;  /* the outage meets the first mailing of all */
	unsigned bad;   /* so many providers fail, from the first on */
	bool is_host;   /* or one host of nobody's */
	unsigned outage_days;
	unsigned imported; /* so many in a hundred addresses more on the day, */
	unsigned dead;     /* of which so many in a hundred are dead */
	bool may_open_without; /* it opens although nobody fails */
} Scenario;

#define DAYS_BEFORE 21
#define DAYS_AFTER  28
#define HOUR        3600

typedef struct Person {
	unsigned provider, host;
	int64_t recipient_id; /* 0: nothing ever came back */
	int dies;             /* the day it does */
	bool is_there;
} Person;

typedef struct World {
	const Scenario *scenario;
	GRand *rand;
	Person *people;
	unsigned n, n_first;
	int64_t start; /* of day 0 */
	int64_t recorded;
	unsigned mailed, refused;
	GPtrArray *notices;
} World;

/* ---- what the world does ---- */

static bool chance(World *world, double p)
{
	return g_rand_double(world->rand) < p;
}

static void people_make(World *world)
{
	const Scenario *scenario = world->scenario;

	world->n_first = scenario->size;
	world->n = scenario->size + scenario->size * scenario->imported / 100;
	world->people = g_new0(Person, world->n);
	for (unsigned i = 0; i < world->n; i++) {
		Person *person = &world->people[i];
		unsigned at = (unsigned)g_rand_int_range(world->rand, 0, 100);
		bool is_late = i >= world->n_first;

		while (at >= providers[person->provider].share)
			at -= providers[person->provider++].share;
		person->host = (unsigned)g_rand_int_range(world->rand, 0,
		    HOSTS);
		person->is_there = !is_late;
		/* one in a hundred is dead from the first day, and as many
		   die in a hundred days */
		if (is_late ? chance(world, scenario->dead / 100.0)
			    : chance(world, 0.01))
			person->dies = -1000;
		else if (chance(world, 0.01 * (DAYS_BEFORE + DAYS_AFTER) / 100))
			person->dies = g_rand_int_range(world->rand,
			    -DAYS_BEFORE, DAYS_AFTER);
		else
			person->dies = 1000;
	}
}

static bool is_where_it_fails(const Scenario *scenario, const Person *person)
{
	if (scenario->is_host)
		return person->provider == PROVIDERS - 1 && person->host == 0;
	return person->provider < scenario->bad;
}

static double outage(const World *world, const Person *person, int day,
    int hour)
{
	const Scenario *scenario = world->scenario;

	if (!is_where_it_fails(scenario, person) || day < 0 ||
	    day >= (int)scenario->outage_days)
		return 0;
	if (scenario->is_slow && day == 0)
		return hour / 24.0 / 3;
	return 1.0 / 3;
}

static bool is_mailed(World *world, const Person *person, int64_t now)
{
	RecipientState state;
	GError *error = NULL;

	if (!person->is_there)
		return false;
	if (person->recipient_id == 0)
		return true;
	ck_assert(store_load(store, person->recipient_id, "news", &state,
	    &error));
	return policy_strongest(&state, false, now) < 0;
}

/* One bounce, as deliver_record() would have it. */
static void bounce(World *world, Person *person, unsigned i,
    const StoreCampaign *campaign, int64_t now)
{
	g_autofree char *address = g_strdup_printf("p%u@example.org", i);
	g_autofree char *host = g_strdup_printf("mx%u.host%u.example", i % 3,
	    person->host);
	g_autoptr(Outcome) outcome = outcome_new(OUTCOME_STORED, "");
	g_auto(StoreRecipient) recipient = { 0 };
	Passage passage;
	GError *error = NULL;
	Event event = {
		.at = now,
		.campaign_id = campaign->id,
		.token_day = now / DAY,
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
		.provider = providers[person->provider].name,
		.remote_mta = host,
		.diagnostic = "550 5.1.1 user unknown",
		.via = "",
		.message_id = "",
		.queue_id = "",
		.client = "",
	};

	ck_assert(store_recipient_ensure(store, address, NULL, now, &recipient,
	    &error));
	event.recipient_id = person->recipient_id = recipient.id;
	ck_assert(event_decide(judge, store, &event, "news", true, &passage,
	    outcome, &error));
	ck_assert(event_write(store, &event, "news", &passage, outcome,
	    &error));
	world->refused++;
}

static void work(World *world, int64_t now)
{
	GError *error = NULL;
	bool more;

	if (!store_tick_due(store, now))
		return;
	do {
		int64_t began = g_get_monotonic_time();

		ck_assert_msg(store_tick(store, &judge->breaker, now, false,
				  world->notices, &more, &error),
		    "%s", error != NULL ? error->message : "");
		world->recorded = MAX(world->recorded,
		    g_get_monotonic_time() - began);
	} while (more);
}

static void feed(const StoreCampaign *campaign, const unsigned *delivered,
    const unsigned *by_host, int64_t now)
{
	GError *error = NULL;
	Counts all = { 0 };

	for (unsigned i = 0; i < PROVIDERS; i++) {
		Counts one = { .delivered = delivered[i] };

		all.delivered += delivered[i];
		ck_assert(store_count(store, COUNTER_PROVIDER,
		    breaker_provider(providers[i].name), now, &one, &error));
	}
	for (unsigned i = 0; i < HOSTS; i++) {
		g_autofree char *host = g_strdup_printf("host%u.example", i);
		Counts one = { .delivered = by_host[i] };

		ck_assert(store_count(store, COUNTER_HOST, host, now, &one,
		    &error));
	}
	ck_assert(store_count(store, COUNTER_SITE, "", now, &all, &error));
	ck_assert(store_count(store, COUNTER_CAMPAIGN, campaign->name, now,
	    &all, &error));
}

/* SHARE of the list is written to in one hour. */
static void mail_hour(World *world, int day, int hour, double share)
{
	int64_t now = world->start + day * DAY + hour * HOUR;
	g_autofree char *name = g_strdup_printf("day%d", day + 100);
	g_auto(StoreCampaign) campaign = { 0 };
	unsigned delivered[PROVIDERS] = { 0 }, by_host[HOSTS] = { 0 };
	unsigned batch = 0;
	GError *error = NULL;

	work(world, now);
	ck_assert(store_begin(store, &error));
	ck_assert(store_campaign_ensure(store, name, "news", now, &campaign,
	    &error));
	for (unsigned i = 0; i < world->n; i++) {
		Person *person = &world->people[i];

		if (!chance(world, share) || !is_mailed(world, person, now))
			continue;
		world->mailed++;
		if (person->dies > day &&
		    !chance(world, outage(world, person, day, hour))) {
			delivered[person->provider]++;
			if (providers[person->provider].name[0] == '\0')
				by_host[person->host]++;
			continue;
		}
		bounce(world, person, i, &campaign, now + batch / 10);
		/* as a daemon does it: a tick now and then */
		if (++batch % 100 == 0) {
			ck_assert(store_commit(store, &error));
			work(world, now + batch / 10);
			ck_assert(store_begin(store, &error));
		}
	}
	if (world->scenario->has_feed)
		feed(&campaign, delivered, by_host, now);
	ck_assert(store_commit(store, &error));
	work(world, now + HOUR - 1);
}

static void mail_day(World *world, int day)
{
	const Scenario *scenario = world->scenario;

	if (day == 0)
		for (unsigned i = world->n_first; i < world->n; i++)
			world->people[i].is_there = true;
	if (scenario->is_slow) {
		for (int hour = 0; hour < 24; hour++)
			mail_hour(world, day, hour, 1.0 / 3 / 24);
	} else if (!scenario->is_weekly) {
		for (int hour = 8; hour < 11; hour++)
			mail_hour(world, day, hour, 1.0 / 9);
	} else if ((day + 7 * 100) % 7 == 0) {
		for (int hour = 8; hour < 11; hour++)
			mail_hour(world, day, hour, hour < 10 ? 0.4 : 0.6);
	}
}

/* ---- what became of it ---- */

typedef struct Result {
	unsigned good, lost;       /* living, and of those hard at the end */
	unsigned at_bad, lost_bad; /* the same where the outage was */
	unsigned dead, caught;
	unsigned opened;
	unsigned mailed_dead;
} Result;

static bool count_breaker(const Breaker *row, void *data)
{
	(void)row;
	++*(unsigned *)data;
	return true;
}

static Result world_end(World *world, int64_t now)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	GError *error = NULL;
	uint64_t recipients;
	Result result = { 0 };

	for (unsigned i = 0; i < world->n; i++) {
		const Person *person = &world->people[i];
		RecipientState state = { 0 };
		bool is_hard;

		if (person->recipient_id != 0)
			ck_assert(store_load(store, person->recipient_id,
			    "news", &state, &error));
		is_hard = hold_is_active(state.hold[CAUSE_HARD], now) &&
			  state.hold[CAUSE_HARD].until == HOLD_FOREVER;
		if (person->dies >= DAYS_AFTER) {
			bool is_bad = is_where_it_fails(world->scenario,
			    person);

			result.good++;
			result.lost += is_hard;
			result.at_bad += is_bad;
			result.lost_bad += is_bad && is_hard;
		} else if (person->dies <= 0) {
			result.dead++;
			result.caught += is_hard;
		}
	}
	ck_assert(store_each_breaker(store, false, count_breaker,
	    &result.opened, &error));
	ck_assert(store_verify(store, now, findings, &recipients, &error));
	ck_assert_msg(findings->len == 0, "%s",
	    findings->len > 0 ? (char *)findings->pdata[0] : "");
	return result;
}

static double percent(unsigned part, unsigned whole)
{
	return whole > 0 ? 100.0 * part / whole : 0;
}

static Result run(const Scenario *scenario, bool is_on)
{
	World world = { .scenario = scenario, .rand = g_rand_new_with_seed(7) };
	Result result;

	world.start = NOW / DAY * DAY;
	world.notices = g_ptr_array_new_with_free_func(g_free);
	judge->breaker.is_on = is_on;
	people_make(&world);
	for (int day = scenario->is_first ? 0 : -DAYS_BEFORE; day < DAYS_AFTER;
	     day++)
		mail_day(&world, day);
	result = world_end(&world, world.start + DAYS_AFTER * DAY);
	printf("# %-34s %s: %5.2f %% of all good lost, %5.2f %% where it "
	       "failed; %6.2f %% of %u dead caught; %u opened; %u mails, %u "
	       "refused; tick %.0f ms\n",
	    scenario->name, is_on ? "on " : "off",
	    percent(result.lost, result.good),
	    percent(result.lost_bad, result.at_bad),
	    percent(result.caught, result.dead), result.dead, result.opened,
	    world.mailed, world.refused, (double)world.recorded / 1000);
	for (unsigned i = 0;
	     g_getenv("VERPD_DAYS") != NULL && i < world.notices->len; i++)
		printf("#    %s\n", (char *)world.notices->pdata[i]);
	(void)fflush(stdout); /* also of a child that fails next */
	g_ptr_array_unref(world.notices);
	g_free(world.people);
	g_rand_free(world.rand);
	return result;
}

static const Scenario outages[] = {
	{ .name = "2,000 daily", .size = 2000, .bad = 1, .outage_days = 1 },
	{ .name = "10,000 daily", .size = 10000, .bad = 1, .outage_days = 1 },
	{ .name = "50,000 daily", .size = 50000, .bad = 1, .outage_days = 1 },
	{ .name = "10,000 daily, feed",
	    .size = 10000,
	    .bad = 1,
	    .outage_days = 1,
	    .has_feed = true },
	{ .name = "10,000 daily, three days",
	    .size = 10000,
	    .bad = 1,
	    .outage_days = 3 },
	{ .name = "10,000 weekly",
	    .size = 10000,
	    .bad = 1,
	    .outage_days = 1,
	    .is_weekly = true },
	{ .name = "10,000 weekly, feed",
	    .size = 10000,
	    .bad = 1,
	    .outage_days = 1,
	    .is_weekly = true,
	    .has_feed = true },
	{ .name = "20,000 slow ramp",
	    .size = 20000,
	    .bad = 1,
	    .outage_days = 2,
	    .is_slow = true },
	{ .name = "20,000 slow ramp, feed",
	    .size = 20000,
	    .bad = 1,
	    .outage_days = 2,
	    .is_slow = true,
	    .has_feed = true },
	{ .name = "10,000 first mailing",
	    .size = 10000,
	    .bad = 1,
	    .outage_days = 1,
	    .is_first = true,
	    .is_weekly = true },
	{ .name = "10,000 first mailing, feed",
	    .size = 10000,
	    .bad = 1,
	    .outage_days = 1,
	    .is_first = true,
	    .is_weekly = true,
	    .has_feed = true },
	{ .name = "50,000 one host",
	    .size = 50000,
	    .is_host = true,
	    .outage_days = 1 },
	{ .name = "50,000 one host, feed",
	    .size = 50000,
	    .is_host = true,
	    .outage_days = 1,
	    .has_feed = true },
	{ .name = "10,000 two providers",
	    .size = 10000,
	    .bad = 2,
	    .outage_days = 1 },
	{ .name = "10,000 two providers, feed",
	    .size = 10000,
	    .bad = 2,
	    .outage_days = 1,
	    .has_feed = true },
	{ .name = "10,000 outage and import",
	    .size = 10000,
	    .bad = 1,
	    .outage_days = 1,
	    .imported = 20,
	    .dead = 15 },
};

START_TEST(an_outage)
{
	const Scenario *scenario = &outages[_i];
	Result result = run(scenario, true);

	ck_assert_uint_gt(result.opened, 0);
	ck_assert(percent(result.lost_bad, result.at_bad) < 1);
	ck_assert(percent(result.lost, result.good) < 1);
	ck_assert(percent(result.caught, result.dead) > 99);
}
END_TEST

/* And without it, so many are lost. */
START_TEST(an_outage_believed)
{
	Result result = run(&outages[_i], false);

	ck_assert_uint_eq(result.opened, 0);
	ck_assert(percent(result.lost, result.good) > 1);
}
END_TEST

static const Scenario quiet[] = {
	{ .name = "2,000 daily, nothing", .size = 2000 },
	{ .name = "10,000 daily, nothing", .size = 10000 },
	{ .name = "10,000 daily, nothing, feed",
	    .size = 10000,
	    .has_feed = true },
	{ .name = "10,000 weekly, nothing", .size = 10000, .is_weekly = true },
	{ .name = "10,000 first mailing, nothing",
	    .size = 10000,
	    .is_first = true,
	    .is_weekly = true },
	{ .name = "10,000 first mailing, nothing, feed",
	    .size = 10000,
	    .is_first = true,
	    .is_weekly = true,
	    .has_feed = true },
	{ .name = "20,000 every hour, nothing",
	    .size = 20000,
	    .is_slow = true },
	/* ten times the list, of the same kind */
	{ .name = "2,000 and 20,000 more",
	    .size = 2000,
	    .imported = 1000,
	    .dead = 1 },
	{ .name = "10,000 import, 15 % dead",
	    .size = 10000,
	    .imported = 50,
	    .dead = 15,
	    .may_open_without = true },
	{ .name = "10,000 import, 15 % dead, feed",
	    .size = 10000,
	    .imported = 50,
	    .dead = 15,
	    .has_feed = true,
	    .may_open_without = true },
	{ .name = "10,000 weekly import, 15 % dead",
	    .size = 10000,
	    .imported = 50,
	    .dead = 15,
	    .is_weekly = true,
	    .may_open_without = true },
};

/* It does not open, or at least it does no harm. */
START_TEST(no_outage)
{
	const Scenario *scenario = &quiet[_i];
	Result result = run(scenario, true);

	if (!scenario->may_open_without)
		ck_assert_uint_eq(result.opened, 0);
	ck_assert_uint_eq(result.lost, 0);
	ck_assert(percent(result.caught, result.dead) > 99);
}
END_TEST

/* As the daemon, which does not wait for the disk at each commit. */
static void days_up(void)
{
	g_autofree char *path = NULL;
	GError *error = NULL;

	site_up();
	store_close(store);
	path = g_build_filename(directory, "verpd.db", NULL);
	store = store_open(path, STORE_DAEMON, 1000, &error);
	ck_assert_msg(store != NULL, "%s", error ? error->message : "");
}

static Suite *breaker_days_suite(void)
{
	Suite *suite = suite_create("breaker_days");
	TCase *tcase = tcase_create("breaker_days");

	tcase_add_checked_fixture(tcase, days_up, site_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, an_outage, 0, G_N_ELEMENTS(outages));
	tcase_add_loop_test(tcase, an_outage_believed, 0, 2);
	tcase_add_loop_test(tcase, no_outage, 0, G_N_ELEMENTS(quiet));
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(breaker_days_suite)
