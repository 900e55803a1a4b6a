/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keeping up with the store: whoever came by everything, and by what changed
   since, was told of everybody who is suppressed now; whatever brought it about,
   and however it was interleaved with the reading. */

#include "main.h"
#include "store_fixture.h"

#include <string.h>

enum { PEOPLE = 40, DOMAINS = 4, ROUNDS = 60, ACTS = 12 };

static GError *error;

static const uint8_t address_key[STORE_ADDRESS_KEY] =
    "thirty-two octets that are a key";

/* One who keeps up: the store it reads, and what it was told. */
typedef struct Reader {
	Store *store;
	StoreWatch watch;
	GHashTable *told;
	unsigned calls;
} Reader;

static Store *open_store(StoreMode mode)
{
	Store *store = fixture_open(mode);

	ck_assert(store_use_addresses(store, false, address_key, &error));
	return store;
}

static Reader reader_new(void)
{
	return (Reader){ .store = open_store(STORE_READ),
		.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
		    NULL) };
}

static void reader_clear(Reader *reader)
{
	store_close(reader->store);
	g_hash_table_unref(reader->told);
}

static void take(const char *subject, void *data)
{
	Reader *reader = data;

	(void)g_hash_table_add(reader->told, g_strdup(subject));
	reader->calls++;
}

/* False: there is no more at once. */
static bool read_on(Reader *reader)
{
	bool more = false;

	ck_assert(store_watch(reader->store, &reader->watch, take, reader,
	    &more, &error));
	return more;
}

static void read_all(Reader *reader)
{
	while (read_on(reader))
		;
}

static bool was_told(const Reader *reader, const char *address)
{
	g_autofree char *hash = store_hash(reader->store, address);
	g_autofree char *domain = g_strdup(strchr(address, '@'));

	if (g_hash_table_contains(reader->told, address) ||
	    g_hash_table_contains(reader->told, hash) ||
	    g_hash_table_contains(reader->told, "@"))
		return true;
	for (char *at = domain; at != NULL; at = strchr(at + 1, '.')) {
		*at = '@';
		if (g_hash_table_contains(reader->told, at))
			return true;
	}
	return false;
}

static char *address_of(int who)
{
	return g_strdup_printf("user%d@d%d.example.org", who, who % DOMAINS);
}

static void check_all_told(const Reader *reader, Store *store, int64_t now)
{
	for (int who = 0; who < PEOPLE; who++) {
		g_autofree char *address = address_of(who);
		g_auto(StoreAnswer) answer = { 0 };

		ck_assert(store_answer(store, address, "news", 0, now, &answer,
		    &error));
		ck_assert_msg(answer.answer.may_send ||
				  was_told(reader, address),
		    "%s", address);
	}
}

/* ---- what may happen ---- */

static void act_entry(Store *store, GRand *rand, const ManualChange *change,
    bool is_laid)
{
	g_autofree char *domain = g_strdup_printf("d%d.example.org",
	    g_rand_int_range(rand, 0, DOMAINS));
	Entry entry = { .kind = g_rand_boolean(rand) ? ENTRY_SUPPRESS
						     : ENTRY_ALLOW,
		.address = "",
		.domain = g_rand_boolean(rand) ? domain
					       : strchr(domain, '.') + 1,
		.with_subdomains = g_rand_boolean(rand),
		.stream = "",
		.causes = causes_of_bounces(),
		.hold = { change->now, HOLD_FOREVER },
		.note = "" };
	unsigned removed;

	if (is_laid)
		ck_assert(store_entry_put(store, change, &entry, "", &error));
	else
		ck_assert(store_entry_remove(store, change, &entry, &removed,
		    &error));
}

static void act_revert(Store *store, const ManualChange *change,
    const char *address)
{
	EventSelection which = EVENT_SELECTION_ANY;
	g_auto(StoreReverted) done = { 0 };

	which.class_ = VP_CLASS_HARD;
	ck_assert(store_revert(store, change, &policy_defaults, &which, address,
	    false, NULL, NULL, &done, &error));
}

static void act(Store *store, GRand *rand, int64_t now)
{
	const ManualChange change = { "root", "a test", now };
	g_autofree char *address = address_of(g_rand_int_range(rand, 0,
	    PEOPLE));
	ImportRow row = { .folded = address,
		.original = address,
		.stream = "news",
		.cause = CAUSE_COMPLAINT,
		.until = HOLD_FOREVER,
		.note = "" };
	g_autoptr(GError) unknown = NULL;
	ImportCounts counts = { 0 };
	StoreErased erased;
	unsigned lifted;

	switch (g_rand_int_range(rand, 0, ACTS)) {
	case 0:
	case 1:
	case 2:
		(void)fixture_record(store, "news", "news", address, now,
		    VP_CLASS_HARD, fixture_hard());
		break;
	case 3:
		(void)fixture_record(store, "news", "news", address, now,
		    VP_CLASS_SOFT, fixture_soft(now + 30 * DAY, 1));
		break;
	case 4:
		ck_assert(store_add(store, &change, address, address, "news",
		    now + 30 * DAY, &error));
		break;
	case 5:
		ck_assert(store_import(store, &change, &row, 1, true, false,
		    &counts, &error));
		break;
	case 6:
	case 7:
		(void)store_release(store, &change, address, NULL, -1, &lifted,
		    &unknown);
		break;
	case 8:
		/* no block is kept where none is: then nothing is erased */
		ck_assert(store_erase(store, &change, address,
			      g_rand_boolean(rand), NULL, NULL, &erased,
			      &unknown) ||
			  g_error_matches(unknown, VP_ERROR,
			      VP_ERROR_NOT_FOUND));
		break;
	case 9:
		act_entry(store, rand, &change,
		    g_rand_int_range(rand, 0, 8) == 0);
		break;
	case 10:
		act_entry(store, rand, &change, false);
		break;
	default:
		if (g_rand_int_range(rand, 0, 10) == 0)
			act_revert(store, &change, address);
		break;
	}
}

/* Some readers, each begun at a moment of its own, read a little now and then;
   in the end of each round one is complete and has to know everybody. */
START_TEST(test_random)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	g_autoptr(Store) store = open_store(STORE_WRITE);
	Reader readers[3] = { reader_new(), reader_new(), reader_new() };
	int64_t now = NOW;

	for (unsigned round = 0; round < ROUNDS; round++) {
		Reader *reader =
		    &readers[g_rand_int_range(rand, 0, G_N_ELEMENTS(readers))];

		for (unsigned i = 0; i < 3; i++) {
			/* one token is of one day */
			now += DAY;
			act(store, rand, now);
			if (g_rand_boolean(rand))
				(void)read_on(reader);
		}
		if (g_rand_boolean(rand)) {
			read_all(reader);
			check_all_told(reader, store, now);
		}
		if (g_rand_int_range(rand, 0, 6) == 0) {
			reader_clear(reader);
			*reader = reader_new();
		}
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(readers); i++)
		reader_clear(&readers[i]);
}
END_TEST

/* More than one read has room for; and of one who has many holds. */
START_TEST(test_many)
{
	enum { MANY = 2500 };
	g_autoptr(Store) store = open_store(STORE_WRITE);
	const ManualChange change = { "root", "a test", NOW };
	Reader reader = reader_new();

	for (unsigned part = 0; part < 2; part++) {
		ck_assert(store_begin(store, &error));
		for (unsigned i = 0; i < MANY; i++) {
			g_autofree char *address =
			    g_strdup_printf("u%u@d%u.test", i, part);
			g_autofree char *stream = g_strdup_printf("s%u", i);

			ck_assert(store_add(store, &change, address, address,
			    "", HOLD_FOREVER, &error));
			ck_assert(store_add(store, &change, "ana@many.test",
			    "ana@many.test", stream, HOLD_FOREVER, &error));
		}
		ck_assert(store_commit(store, &error));
		ck_assert(read_on(&reader));
		read_all(&reader);
		ck_assert_uint_eq(g_hash_table_size(reader.told),
		    (part + 1) * MANY + 1);
	}
	reader_clear(&reader);
}
END_TEST

/* Entries of domains, laid down before and behind. */
START_TEST(test_domains)
{
	static const struct {
		const char *domain;
		bool with_subdomains;
		const char *told;
	} cases[] = {
		{ "one.test", false, "@one.test" },
		{ "two.test", true, "@two.test" },
		{ "", false, "@" },
	};
	g_autoptr(Store) store = open_store(STORE_WRITE);
	const ManualChange change = { "root", "a test", NOW };
	Reader first = reader_new();
	Reader second = reader_new();

	read_all(&first);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		Entry entry = { .kind = ENTRY_SUPPRESS,
			.address = "",
			.domain = cases[i].domain,
			.with_subdomains = cases[i].with_subdomains,
			.stream = "",
			.hold = { NOW, HOLD_FOREVER },
			.note = "" };

		ck_assert(store_entry_put(store, &change, &entry, "", &error));
		read_all(&first);
		ck_assert(g_hash_table_contains(first.told, cases[i].told));
	}
	read_all(&second);
	ck_assert_uint_eq(g_hash_table_size(first.told), 3);
	ck_assert_uint_eq(g_hash_table_size(second.told), 3);
	reader_clear(&first);
	reader_clear(&second);
}
END_TEST

/* Nothing is read where nothing was written. */
START_TEST(test_idle)
{
	g_autoptr(Store) store = open_store(STORE_WRITE);
	const ManualChange change = { "root", "a test", NOW };
	Reader reader = reader_new();
	unsigned calls;

	ck_assert(store_add(store, &change, "ana@example.org",
	    "ana@example.org", "", HOLD_FOREVER, &error));
	read_all(&reader);
	calls = reader.calls;
	ck_assert(!read_on(&reader));
	ck_assert_uint_eq(reader.calls, calls);
	ck_assert(store_add(store, &change, "bob@example.org",
	    "bob@example.org", "", HOLD_FOREVER, &error));
	ck_assert(!read_on(&reader));
	ck_assert_uint_eq(reader.calls, calls + 1);
	reader_clear(&reader);
}
END_TEST

static Suite *store_watch_suite(void)
{
	Suite *suite = suite_create("store watch");
	TCase *tcase = fixture_case(suite, "store watch");

	tcase_add_loop_test(tcase, test_random, 0, 12);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_domains);
	tcase_add_test(tcase, test_idle);
	return suite;
}

RUN_SUITE(store_watch_suite)
