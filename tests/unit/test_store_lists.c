/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole lists put into the store, and all that is held taken out of it. */

#include "main.h"
#include "store_fixture.h"

#include <string.h>

#define IMPORT_ONE(store, row, again, counts)                                  \
	ck_assert(store_import(store, &by_ana, row, 1, again, false, counts,   \
	    &error))

static GError *error;

static const ManualChange by_ana = { "ana", "moved from another service", NOW };

static ImportRow hard_row(const char *address)
{
	return (ImportRow){ .folded = address,
		.original = address,
		.stream = "",
		.cause = CAUSE_HARD,
		.since = NOW - 100 * DAY,
		.until = HOLD_FOREVER,
		.note = "550 5.1.1 no such user" };
}

static void check_verified(Store *store, int64_t now)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;

	ck_assert(store_verify(store, now, findings, &recipients, &error));
	if (findings->len > 0)
		ck_abort_msg("%s", (char *)findings->pdata[0]);
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

static void check_counts(ImportCounts counts, unsigned added,
    unsigned lengthened, unsigned unchanged, unsigned released)
{
	ck_assert_uint_eq(counts.added, added);
	ck_assert_uint_eq(counts.lengthened, lengthened);
	ck_assert_uint_eq(counts.unchanged, unchanged);
	ck_assert_uint_eq(counts.released, released);
}

static bool count_audit(const AuditEntry *row, void *data)
{
	(*(unsigned *)data)++;
	return true;
}

static unsigned audits(Store *store)
{
	StoreFilter filter = STORE_FILTER_ANY;
	unsigned n = 0;

	ck_assert(store_each_audit(store, &filter, count_audit, &n, &error));
	return n;
}

START_TEST(test_import_twice)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	ImportRow row = hard_row("ana@example.org");
	ImportCounts counts = { 0 };
	RecipientState state;

	IMPORT_ONE(store, &row, false, &counts);
	IMPORT_ONE(store, &row, false, &counts);
	check_counts(counts, 1, 0, 1, 0);
	ck_assert_uint_eq(audits(store), 1);
	state = state_of(store, "ana@example.org", "x");
	ck_assert_int_eq(state.hold[CAUSE_HARD].since, NOW - 100 * DAY);
	ck_assert_int_eq(state.hold[CAUSE_HARD].until, HOLD_FOREVER);
	check_verified(store, NOW);
}
END_TEST

/* A list says when, but never that it was later than today. */
START_TEST(test_import_since)
{
	static const int64_t sinces[] = { 0, -5, NOW + DAY, NOW };
	g_autoptr(Store) store = fixture_open(STORE_WRITE);

	for (unsigned i = 0; i < G_N_ELEMENTS(sinces); i++) {
		g_autofree char *address = g_strdup_printf("a%u@x.test", i);
		ImportRow row = hard_row(address);
		ImportCounts counts = { 0 };

		row.since = sinces[i];
		IMPORT_ONE(store, &row, false, &counts);
		ck_assert_int_eq(state_of(store, address, "x")
				     .hold[CAUSE_HARD]
				     .since,
		    NOW);
	}
	check_verified(store, NOW);
}
END_TEST

START_TEST(test_import_longer_stays)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	ImportRow row = hard_row("ana@example.org");
	ImportCounts counts = { 0 };

	row.until = NOW + 10 * DAY;
	IMPORT_ONE(store, &row, false, &counts);
	row.until = NOW + 5 * DAY;
	IMPORT_ONE(store, &row, false, &counts);
	row.until = NOW + 20 * DAY;
	row.since = NOW - DAY;
	IMPORT_ONE(store, &row, false, &counts);
	check_counts(counts, 1, 1, 1, 0);
	ck_assert_int_eq(state_of(store, row.folded, "x")
			     .hold[CAUSE_HARD]
			     .since,
	    NOW - 100 * DAY);
	ck_assert_int_eq(state_of(store, row.folded, "x")
			     .hold[CAUSE_HARD]
			     .until,
	    NOW + 20 * DAY);
	check_verified(store, NOW);
	check_verified(store, NOW + 30 * DAY);
}
END_TEST

/* What somebody has let go is not taken back by last month's list. */
START_TEST(test_import_released)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	ImportRow row = hard_row("ana@example.org");
	ManualChange later = by_ana;
	ImportCounts counts = { 0 };
	unsigned lifted;

	IMPORT_ONE(store, &row, false, &counts);
	ck_assert(store_release(store, &by_ana, row.folded, NULL, -1, &lifted,
	    &error));
	ck_assert_uint_eq(lifted, 1);
	IMPORT_ONE(store, &row, false, &counts);
	row.since = 0;
	IMPORT_ONE(store, &row, false, &counts);
	check_counts(counts, 1, 0, 0, 2);
	/* another cause was not lifted */
	row.cause = CAUSE_COMPLAINT;
	IMPORT_ONE(store, &row, false, &counts);
	check_counts(counts, 2, 0, 0, 2);
	/* and this is news */
	row.cause = CAUSE_HARD;
	row.since = NOW + DAY;
	later.now = NOW + 2 * DAY;
	ck_assert(store_import(store, &later, &row, 1, false, false, &counts,
	    &error));
	check_counts(counts, 3, 0, 0, 2);
	check_verified(store, NOW + 2 * DAY);
}
END_TEST

START_TEST(test_import_again)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	ImportRow row = hard_row("ana@example.org");
	ImportCounts counts = { 0 };
	unsigned lifted;

	IMPORT_ONE(store, &row, false, &counts);
	ck_assert(store_release(store, &by_ana, row.folded, NULL, -1, &lifted,
	    &error));
	IMPORT_ONE(store, &row, true, &counts);
	check_counts(counts, 2, 0, 0, 0);
	check_verified(store, NOW);
}
END_TEST

START_TEST(test_import_dry)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	ImportRow rows[] = { hard_row("ana@example.org"),
		hard_row("bob@example.org") };
	ImportCounts counts = { 0 };

	IMPORT_ONE(store, &rows[0], false, &counts);
	counts = (ImportCounts){ 0 };
	ck_assert(store_import(store, &by_ana, rows, 2, false, true, &counts,
	    &error));
	check_counts(counts, 1, 0, 1, 0);
	ck_assert_uint_eq(audits(store), 1);
	check_verified(store, NOW);
}
END_TEST

/* Lists and bounces in any order: recounting finds the same. */
START_TEST(test_import_among_events)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	ImportRow row = hard_row("ana@example.org");
	ImportCounts counts = { 0 };
	const Effect delivered = { .step = STEP_RESET };

	row.cause = CAUSE_SOFT;
	row.until = NOW + 9 * DAY;
	IMPORT_ONE(store, &row, false, &counts);
	(void)fixture_record(store, "c", "news", row.folded, NOW, VP_CLASS_SOFT,
	    fixture_soft(NOW + 7 * DAY, 1));
	check_verified(store, NOW);
	(void)fixture_record(store, "d", "news", row.folded, NOW,
	    VP_CLASS_DELIVERED, delivered);
	ck_assert_int_eq(state_of(store, row.folded, "news")
			     .hold[CAUSE_SOFT]
			     .since,
	    0);
	row.cause = CAUSE_HARD;
	IMPORT_ONE(store, &row, false, &counts);
	(void)fixture_record(store, "e", "news", row.folded, NOW + 1,
	    VP_CLASS_HARD, fixture_hard());
	ck_assert_int_eq(state_of(store, row.folded, "news")
			     .hold[CAUSE_HARD]
			     .until,
	    HOLD_FOREVER);
	check_verified(store, NOW + 1);
}
END_TEST

/* ---- all that is held ---- */

enum { MANY = 9000 };

typedef struct Seen {
	GHashTable *keys; /* of uint64_t: first words, to a Hold's cause */
	unsigned n;
} Seen;

static bool see(const HeldRecipient *row, void *data)
{
	Seen *seen = data;
	uint64_t *word = g_new(uint64_t, 1);
	int strongest = -1;

	for (int cause = 0; cause < CAUSE_COUNT; cause++)
		if (hold_is_active(row->hold[cause], NOW))
			strongest = cause;
	*word = row->key.word[0];
	ck_assert_msg(g_hash_table_insert(seen->keys, word,
			  GINT_TO_POINTER(strongest + 1)),
	    "twice");
	seen->n++;
	return true;
}

static int seen_cause(const Seen *seen, Store *store, const char *address)
{
	Hash128 key = store_address_key(store, address);

	return GPOINTER_TO_INT(g_hash_table_lookup(seen->keys, &key.word[0])) -
	       1;
}

/* Address I has a hard hold and a complaint, one in stream "a" only, or one
   that is over. */
static void fill(Store *store)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(ImportRow));
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	ManualChange before = by_ana;
	ImportCounts counts = { 0 };

	before.now = NOW - 10;
	for (unsigned i = 0; i < MANY; i++) {
		char *address = g_strdup_printf("u%u@example.org", i);
		ImportRow row = hard_row(address);

		g_ptr_array_add(texts, address);
		if (i % 3 == 1) {
			row.cause = CAUSE_UNSUBSCRIBE;
			row.stream = "a";
		} else if (i % 3 == 2) {
			row.until = NOW;
		}
		g_array_append_val(rows, row);
		if (i % 3 != 0)
			continue;
		row.cause = CAUSE_COMPLAINT;
		g_array_append_val(rows, row);
	}
	ck_assert(store_import(store, &before, (const ImportRow *)rows->data,
	    rows->len, false, false, &counts, &error));
	ck_assert_uint_eq(counts.added, MANY / 3 * 4);
}

START_TEST(test_each_held)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	static const char *const streams[] = { "a", "b" };
	uint64_t bound;

	fill(store);
	ck_assert(store_held_bound(store, &bound, &error));
	ck_assert_uint_ge(bound, MANY / 3 * 2);
	for (unsigned s = 0; s < 2; s++) {
		Seen seen = { g_hash_table_new_full(g_int64_hash, g_int64_equal,
				  g_free, NULL),
			0 };

		ck_assert(store_each_held(store, streams[s], NOW, see, &seen,
		    &error));
		ck_assert_uint_eq(seen.n, s == 0 ? MANY / 3 * 2 : MANY / 3);
		for (unsigned i = 0; i < MANY; i += 7) {
			g_autofree char *address =
			    g_strdup_printf("u%u@example.org", i);
			int wanted = i % 3 == 0 ? (int)CAUSE_HARD
				     : i % 3 == 1 && s == 0
					 ? (int)CAUSE_UNSUBSCRIBE
					 : -1;

			ck_assert_int_eq(seen_cause(&seen, store, address),
			    wanted);
		}
		g_hash_table_unref(seen.keys);
	}
}
END_TEST

START_TEST(test_each_held_of_none)
{
	g_autoptr(Store) store = fixture_open(STORE_READ);
	uint64_t bound = 1;

	ck_assert(store_each_held(store, "a", NOW, NULL, NULL, &error));
	ck_assert(store_held_bound(store, &bound, &error));
	ck_assert_uint_eq(bound, 0);
}
END_TEST

/* One recipient unsubscribed from more streams than a chunk has rows. */
START_TEST(test_each_held_of_one)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	Seen seen = { g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
			  NULL),
		0 };
	ImportCounts counts = { 0 };
	static ImportRow rows[MANY + 2];
	static char names[MANY][8];

	rows[0] = hard_row("z@example.org");
	for (unsigned i = 0; i < MANY; i++) {
		g_snprintf(names[i], sizeof(names[i]), "s%u", i);
		rows[i + 1] = hard_row("ana@example.org");
		rows[i + 1].cause = CAUSE_UNSUBSCRIBE;
		rows[i + 1].stream = names[i];
	}
	rows[MANY + 1] = hard_row("bob@example.org");
	ck_assert(store_import(store, &by_ana, rows, MANY + 2, false, false,
	    &counts, &error));
	ck_assert(store_each_held(store, "s8999", NOW, see, &seen, &error));
	ck_assert_uint_eq(seen.n, 3);
	ck_assert_int_eq(seen_cause(&seen, store, "ana@example.org"),
	    CAUSE_UNSUBSCRIBE);
	g_hash_table_unref(seen.keys);
}
END_TEST

static Suite *store_lists_suite(void)
{
	Suite *suite = suite_create("store_lists");
	TCase *import = fixture_case(suite, "import");
	TCase *held = fixture_case(suite, "held");

	tcase_add_test(import, test_import_twice);
	tcase_add_test(import, test_import_since);
	tcase_add_test(import, test_import_longer_stays);
	tcase_add_test(import, test_import_released);
	tcase_add_test(import, test_import_again);
	tcase_add_test(import, test_import_dry);
	tcase_add_test(import, test_import_among_events);
	tcase_add_test(held, test_each_held);
	tcase_add_test(held, test_each_held_of_none);
	tcase_add_test(held, test_each_held_of_one);
	return suite;
}

RUN_SUITE(store_lists_suite)
