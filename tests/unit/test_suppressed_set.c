/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The set in memory of whom something stands against: whatever it is told, it
   says "maybe" of it, and of all when it is not sure. */

#include "main.h"
#include "suppressed_set.h"

#include "bounds.h"
#include "key_filter.h"

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
   many there are; when it is full it asks for more room, and gets it. */
START_TEST(test_random)
{
	enum { PEOPLE = 300000 };
	g_autoptr(SuppressedSet) set = complete_set();
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
	unsigned errors = 0, others = 0, begun = 0;

	for (unsigned i = 0; i < 150000; i++) {
		int who = g_rand_int_range(rand, 1, PEOPLE);
		g_autofree char *subject = g_strdup_printf("%d@example.org",
		    who);

		(void)g_hash_table_add(told, GINT_TO_POINTER(who));
		suppressed_set_note(set, subject);
		if (!suppressed_set_is_worn(set, NOW))
			continue;
		suppressed_set_begin(set, NOW);
		suppressed_set_complete(set, NOW);
		ck_assert_uint_eq(++begun, 1);
		/* the one who fills it begins from the start */
		i = 0;
		g_hash_table_remove_all(told);
		g_rand_set_seed(rand, (guint32)_i);
	}
	ck_assert_uint_eq(begun, 1);
	for (int who = 1; who < PEOPLE; who++) {
		g_autofree char *address = g_strdup_printf("%d@example.org",
		    who);
		bool is_told = g_hash_table_contains(told,
		    GINT_TO_POINTER(who));

		ck_assert(!is_told || may(set, address));
		others += !is_told;
		errors += !is_told && may(set, address);
	}
	ck_assert_uint_lt(errors, others / 200);
}
END_TEST

/* At its fullest a thousandth, as its header has it (twice that at most). */
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
	ck_assert_uint_lt(errors, KEYS / 500);
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
	tcase_add_test(tcase, test_full_filter);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(suppressed_set_suite)
