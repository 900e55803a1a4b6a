/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The set in memory of whom something stands against: whatever it is told, it
   says "maybe" of it, and of all when it is not sure. */

#include "main.h"
#include "suppressed_set.h"

#include "bounds.h"
#include "key_filter.h"

#include <stdio.h>

#define NOW INT64_C(1000000000)
#define DAY INT64_C(86400000000)

static const uint8_t key[SIPHASH_KEY] = "sixteen octets..";

/* One that was told all there is, which is nothing. */
static SuppressedSet *complete_set(void)
{
	SuppressedSet *set = suppressed_set_new(key);

	suppressed_set_begin(set, NOW);
	suppressed_set_complete(set, NOW);
	return set;
}

static bool may(SuppressedSet *set, const char *address)
{
	return suppressed_set_may_have(set, address, NULL, NOW);
}

static void note_number(SuppressedSet *set, int who)
{
	char subject[40];

	(void)snprintf(subject, sizeof(subject), "%d@example.org", who);
	suppressed_set_note(set, subject);
}

static bool may_number(SuppressedSet *set, int who)
{
	char address[40];

	(void)snprintf(address, sizeof(address), "%d@example.org", who);
	return may(set, address);
}

START_TEST(test_not_complete)
{
	g_autoptr(SuppressedSet) set = suppressed_set_new(key);

	ck_assert(suppressed_set_is_worn(set, NOW));
	ck_assert(may(set, "ana@example.org"));
	suppressed_set_begin(set, NOW);
	ck_assert(!suppressed_set_is_worn(set, NOW));
	ck_assert(may(set, "ana@example.org"));
	suppressed_set_complete(set, NOW);
	ck_assert(!may(set, "ana@example.org"));
	suppressed_set_begin(set, NOW);
	ck_assert(may(set, "ana@example.org"));
}
END_TEST

START_TEST(test_stale)
{
	g_autoptr(SuppressedSet) set = complete_set();
	static const struct {
		int64_t age;
		bool is_due;
		bool may;
	} cases[] = {
		{ 0, false, false },
		{ BOUND_STALE / 2, false, false },
		{ BOUND_STALE / 2 + 1, true, false },
		{ BOUND_STALE, true, false },
		{ BOUND_STALE + 1, true, true },
		{ DAY, true, true },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		int64_t now = NOW + cases[i].age;

		ck_assert_int_eq(suppressed_set_is_due(set, now),
		    cases[i].is_due);
		ck_assert_int_eq(suppressed_set_may_have(set, "ana@example.org",
				     NULL, now),
		    cases[i].may);
	}
	suppressed_set_complete(set, NOW + DAY);
	ck_assert(!suppressed_set_may_have(set, "ana@example.org", NULL,
	    NOW + DAY));
}
END_TEST

START_TEST(test_subjects)
{
	static const struct {
		const char *subject;
		const char *in, *hash;
		const char *out;
	} cases[] = {
		{ "ana@example.org", "ana@example.org", NULL,
		    "an@example.org" },
		{ "#00ff@", "ana@example.org", "#00ff@", "ana@example.org" },
		{ "@example.org", "bob@example.org", NULL, "bob@example.com" },
		{ "@example.org", "bob@a.b.example.org", NULL,
		    "bob@xexample.org" },
		{ "@org", "bob@b.example.org", NULL, "org@b.example.test" },
		{ "@example.org", "\"a@b\"@example.org", NULL,
		    "\"@example.org\"@b.test" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(SuppressedSet) set = complete_set();

		ck_assert(!suppressed_set_may_have(set, cases[i].in,
		    cases[i].hash, NOW));
		suppressed_set_note(set, cases[i].subject);
		ck_assert(suppressed_set_may_have(set, cases[i].in,
		    cases[i].hash, NOW));
		ck_assert_msg(!may(set, cases[i].out), "%s", cases[i].out);
	}
}
END_TEST

START_TEST(test_everyone)
{
	g_autoptr(SuppressedSet) set = complete_set();

	suppressed_set_note(set, "@");
	ck_assert(may(set, "ana@example.org"));
	ck_assert(may(set, "no domain"));
}
END_TEST

START_TEST(test_worn)
{
	g_autoptr(SuppressedSet) set = complete_set();

	ck_assert(!suppressed_set_is_worn(set, NOW + DAY));
	ck_assert(suppressed_set_is_worn(set, NOW + DAY + 1));
}
END_TEST

/* Against a plain set: nobody is missed, and few are there for nothing, however
   many there are; when it is full it asks to be told anew, and has room. */
START_TEST(test_random)
{
	enum { PEOPLE = 300000 };
	g_autoptr(SuppressedSet) set = complete_set();
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	g_autofree bool *is_told = g_new0(bool, PEOPLE);
	unsigned errors = 0, others = 0, begun = 0;

	for (unsigned i = 0; i < 150000; i++) {
		int who = g_rand_int_range(rand, 0, PEOPLE);

		is_told[who] = true;
		note_number(set, who);
		if (!suppressed_set_is_worn(set, NOW))
			continue;
		begun++;
		suppressed_set_begin(set, NOW);
		for (who = 0; who < PEOPLE; who++)
			if (is_told[who])
				note_number(set, who);
		suppressed_set_complete(set, NOW);
		ck_assert(!suppressed_set_is_worn(set, NOW));
	}
	/* from 64k to 118k in steps of an eighth */
	ck_assert_uint_ge(begun, 4);
	ck_assert_uint_le(begun, 6);
	for (int who = 0; who < PEOPLE; who++) {
		ck_assert(!is_told[who] || may_number(set, who));
		others += !is_told[who];
		errors += !is_told[who] && may_number(set, who);
	}
	ck_assert_uint_lt(errors, others / 100);
}
END_TEST

/* More than it has room for at once: it only counts them then, and has room the
   second time; what comes by meanwhile is not forgotten. */
START_TEST(test_many)
{
	enum { PEOPLE = 500000, LATE = PEOPLE + 1 };
	g_autoptr(SuppressedSet) set = suppressed_set_new(key);
	unsigned errors = 0;

	for (unsigned round = 0; round < 2; round++) {
		ck_assert(suppressed_set_is_worn(set, NOW));
		suppressed_set_begin(set, NOW);
		for (int who = 0; who < PEOPLE; who++) {
			note_number(set, who);
			ck_assert(!suppressed_set_is_worn(set, NOW));
		}
		note_number(set, LATE);
		ck_assert(may_number(set, PEOPLE));
		suppressed_set_complete(set, NOW);
	}
	ck_assert(!suppressed_set_is_worn(set, NOW));
	ck_assert(may_number(set, LATE));
	for (int who = 0; who < PEOPLE; who++) {
		ck_assert(may_number(set, who));
		errors += may_number(set, -1 - who);
	}
	ck_assert_uint_lt(errors, PEOPLE / 100);
	/* one that is told anew before it has heard all keeps its room */
	suppressed_set_begin(set, NOW);
	suppressed_set_begin(set, NOW);
	for (int who = 0; who < PEOPLE; who++)
		note_number(set, who);
	suppressed_set_complete(set, NOW);
	ck_assert(!suppressed_set_is_worn(set, NOW));
}
END_TEST

/* At its fullest three of a thousand, as its header has it (four at most). */
START_TEST(test_full_filter)
{
	enum { KEYS = 1 << 17 };
	g_autoptr(KeyFilter) filter = key_filter_new(KEYS);
	unsigned n = 0, errors = 0;

	for (; !key_filter_is_full(filter); n++) {
		Hash128 one = siphash(key, &n, sizeof(n));

		key_filter_add(filter, one);
		key_filter_add(filter, one);
		ck_assert(key_filter_may_have(filter, one));
	}
	/* some that were new seemed to be there */
	ck_assert_uint_ge(n, KEYS);
	ck_assert_uint_lt(n, KEYS + KEYS / 100);
	for (unsigned i = 0; i < KEYS; i++) {
		unsigned other = UINT32_MAX - i;

		errors += key_filter_may_have(filter,
		    siphash(key, &other, sizeof(other)));
	}
	ck_assert_uint_lt(errors, KEYS / 250);
}
END_TEST

static Suite *suppressed_set_suite(void)
{
	Suite *suite = suite_create("suppressed set");
	TCase *tcase = tcase_create("suppressed set");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_not_complete);
	tcase_add_test(tcase, test_stale);
	tcase_add_test(tcase, test_subjects);
	tcase_add_test(tcase, test_everyone);
	tcase_add_test(tcase, test_worn);
	tcase_add_loop_test(tcase, test_random, 0, 2);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_full_filter);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(suppressed_set_suite)
