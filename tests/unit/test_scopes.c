/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Entries and the one answer: on random stores everybody who is asked gives
   the same, the verb, the many at once, the view that mailers read, and a
   reckoning of this test's own. */

#include "main.h"
#include "store_fixture.h"

#include "store_sqlite.h"

#include <string.h>

static GError *error;

static const ManualChange by_root = { "root", "test", NOW };

static void put(Store *store, const Entry *entry)
{
	ck_assert(store_entry_put(store, &by_root, entry, "", &error));
	ck_no_error(error);
}

static unsigned removed(Store *store, const Entry *which)
{
	unsigned n = 0;

	ck_assert(store_entry_remove(store, &by_root, which, &n, &error));
	ck_no_error(error);
	return n;
}

static Answer ask(Store *store, const char *address, const char *stream,
    int64_t now)
{
	g_auto(StoreAnswer) answer = { 0 };

	ck_assert(store_answer(store, address, stream, 0, now, &answer,
	    &error));
	answer.answer.domain_entry = NULL;
	answer.answer.allow_entry = NULL;
	return answer.answer;
}

static void check_verified(Store *store, int64_t now)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;

	ck_assert(store_verify(store, now, findings, &recipients, &error));
	if (findings->len > 0)
		ck_abort_msg("%s", (char *)findings->pdata[0]);
}

static Entry suppress(const char *domain, bool below, const char *stream,
    int64_t until)
{
	return (Entry){ .kind = ENTRY_SUPPRESS,
		.address = "",
		.domain = domain,
		.with_subdomains = below,
		.stream = stream,
		.hold = { .until = until },
		.note = "" };
}

static Entry allow(const char *address, const char *domain, bool below,
    const char *stream, unsigned causes)
{
	return (Entry){ .kind = ENTRY_ALLOW,
		.address = address,
		.domain = domain,
		.with_subdomains = below,
		.stream = stream,
		.causes = causes_of_bounces() | causes,
		.hold = { .until = HOLD_FOREVER },
		.note = "" };
}

/* ---- one at a time ---- */

START_TEST(test_domain)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	Entry entry = suppress("example.org", false, "", NOW + DAY);

	put(store, &entry);
	ck_assert(!ask(store, "ana@example.org", "news", NOW).may_send);
	ck_assert(ask(store, "ana@example.org", "news", NOW + DAY).may_send);
	ck_assert(ask(store, "ana@mx.example.org", "news", NOW).may_send);
	/* wider and longer, never the reverse */
	entry = suppress("example.org", true, "", NOW + 2 * DAY);
	put(store, &entry);
	entry = suppress("example.org", false, "", NOW + DAY);
	put(store, &entry);
	ck_assert(!ask(store, "a@mx.example.org", "news", NOW + DAY).may_send);
	check_verified(store, NOW);
	entry.stream = NULL;
	ck_assert_uint_eq(removed(store, &entry), 1);
	ck_assert_uint_eq(removed(store, &entry), 0);
	ck_assert(ask(store, "ana@example.org", "news", NOW).may_send);
	check_verified(store, NOW);
}
END_TEST

START_TEST(test_allow)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	Entry entry = allow("ana@example.org", "", false, "", 0);

	fixture_record(store, "c", "news", "ana@example.org", NOW,
	    VP_CLASS_HARD, fixture_hard());
	ck_assert(!ask(store, "ana@example.org", "news", NOW).may_send);
	put(store, &entry);
	ck_assert(ask(store, "ana@example.org", "news", NOW).may_send);
	/* the last word counts, also when it says less */
	entry.hold.until = NOW + DAY;
	put(store, &entry);
	ck_assert(!ask(store, "ana@example.org", "news", NOW + DAY).may_send);
	check_verified(store, NOW);
	entry.stream = NULL;
	ck_assert_uint_eq(removed(store, &entry), 1);
	ck_assert(!ask(store, "ana@example.org", "news", NOW).may_send);
	check_verified(store, NOW);
	entry.address = "nobody@example.org";
	ck_assert(!store_entry_remove(store, &by_root, &entry, &(unsigned){ 0 },
	    &error));
	ck_error(error, VP_ERROR_NOT_FOUND);
	g_clear_error(&error);
}
END_TEST

static bool note_audit(const AuditEntry *row, void *data)
{
	g_string_append_printf(data, "%s %s %s %s; ", row->action,
	    row->address[0] != '\0' ? row->address : row->subject, row->detail,
	    row->actor);
	return true;
}

START_TEST(test_audit)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	g_autoptr(GString) told = g_string_new(NULL);
	StoreFilter filter = STORE_FILTER_ANY;
	Entry entry = suppress("example.org", true, "", HOLD_FOREVER);

	put(store, &entry);
	entry = allow("ana@example.org", "", false, "news",
	    CAUSE_BIT(CAUSE_COMPLAINT));
	put(store, &entry);
	ck_assert(store_audit(store, &by_root, "key rotate", "key 7", "was 6",
	    &error));
	/* inside another's transaction it ends with that */
	ck_assert(store_begin(store, &error));
	ck_assert(store_audit(store, &by_root, "key new", "", "", &error));
	store_rollback(store);
	ck_assert(store_each_audit(store, &filter, note_audit, told, &error));
	ck_assert_str_eq(told->str, "add @.example.org  root; "
				    "allow ana@example.org complaint root; "
				    "key rotate key 7 was 6 root; ");
	g_string_truncate(told, 0);
	filter.action = "allow";
	ck_assert(store_each_audit(store, &filter, note_audit, told, &error));
	ck_assert_str_eq(told->str, "allow ana@example.org complaint root; ");
	filter.actor = "nobody";
	g_string_truncate(told, 0);
	ck_assert(store_each_audit(store, &filter, note_audit, told, &error));
	ck_assert_str_eq(told->str, "");
}
END_TEST

START_TEST(test_expire)
{
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	Entry entry = suppress("example.org", false, "", NOW + DAY);
	ManualChange later = { "cron", "expire", NOW + DAY };
	StoreRetention retention = { DAY, { DAY, 0 } };
	StoreExpired gone;

	put(store, &entry);
	ck_assert(store_expire(store, &later, &retention, true, &gone, &error));
	ck_assert_uint_eq(gone.holds, 1);
	ck_assert(store_expire(store, &later, &retention, false, &gone,
	    &error));
	ck_assert_uint_eq(gone.holds, 1);
	/* also for one whose clock is behind */
	check_verified(store, NOW);
	check_verified(store, NOW + DAY);
}
END_TEST

/* What no audit row made is found. */
static const struct {
	const char *sql;
	const char *finding;
} tampered[] = {
	{ "DELETE FROM entries", "it is missing" },
	{ "UPDATE entries SET until = 1800000000", "its time is another" },
	{ "UPDATE entries SET subdomains = 1", "it reaches otherwise" },
	{ "UPDATE entries SET domain = 'example.net'", "nobody laid it down" },
};

static void raw(const char *sql)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(fixture_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(test_tampered)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	Entry entry = suppress("example.org", false, "", HOLD_FOREVER);
	uint64_t recipients;

	put(store, &entry);
	raw(tampered[_i].sql);
	ck_assert(store_verify(store, NOW, findings, &recipients, &error));
	ck_assert_uint_ge(findings->len, 1);
	ck_assert_msg(strstr(findings->pdata[0], tampered[_i].finding) != NULL,
	    "%s", (char *)findings->pdata[0]);
}
END_TEST

/* ---- all of them, on random stores ---- */

static const char *const addresses[] = { "ana@example.org", "bo@example.org",
	"cy@mx.example.org", "di@a.mx.example.org", "ed@example.net",
	"\"f@g\"@example.net", "gil@ample.org", "ho@b.example.com" };
static const char *const domains[] = { "example.org", "mx.example.org",
	"example.net", "com", "org", "b.example.com" };
static const char *const streams[] = { "news", "bills" };
static const CauseSet ignored[] = { 0,
	CAUSE_BIT(CAUSE_COMPLAINT) | CAUSE_BIT(CAUSE_SOFT) };

typedef struct Model {
	GArray *entries; /* of Entry, as laid down */
	RecipientState states[G_N_ELEMENTS(addresses)][2];
	bool known[G_N_ELEMENTS(addresses)];
} Model;

static const char *domain_of(const char *address)
{
	return strrchr(address, '@') + 1;
}

static bool model_covers(const Entry *entry, const char *address,
    const char *stream, int64_t now)
{
	g_autofree char *below = g_strconcat(".", entry->domain, NULL);

	if (entry->hold.until <= now ||
	    (entry->stream[0] != '\0' && strcmp(entry->stream, stream) != 0))
		return false;
	if (entry->address[0] != '\0')
		return strcmp(entry->address, address) == 0;
	return entry->domain[0] == '\0' ||
	       strcmp(entry->domain, domain_of(address)) == 0 ||
	       (entry->with_subdomains &&
		   g_str_has_suffix(domain_of(address), below));
}

/* The definition, said plainly: a cause stands unless something sets it
   aside. */
static bool model_may_send(const Model *model, unsigned who, unsigned in,
    int64_t now)
{
	for (Cause cause = 0; cause < CAUSE_COUNT; cause++) {
		bool stands = hold_is_active(model->states[who][in].hold[cause],
		    now);
		bool aside = (ignored[in] & CAUSE_BIT(cause)) != 0;

		for (unsigned i = 0; i < model->entries->len; i++) {
			const Entry *entry = &g_array_index(model->entries,
			    Entry, i);

			if (!model_covers(entry, addresses[who], streams[in],
				now))
				continue;
			if (entry->kind == ENTRY_SUPPRESS)
				stands = stands || cause == CAUSE_MANUAL;
			else if ((entry->causes & CAUSE_BIT(cause)) != 0)
				aside = true;
		}
		if (stands && !aside)
			return false;
	}
	return true;
}

static int64_t random_until(GRand *rand, int64_t now)
{
	switch (g_rand_int_range(rand, 0, 3)) {
	case 0:
		return HOLD_FOREVER;
	case 1:
		return now - 1000; /* over */
	default:
		return now + 1000;
	}
}

/* Replaces what is there of the same kind, target and stream. */
static void model_put(Model *model, Entry entry, int64_t now)
{
	for (unsigned i = 0; i < model->entries->len; i++) {
		Entry *old = &g_array_index(model->entries, Entry, i);

		if (old->kind != entry.kind ||
		    strcmp(old->address, entry.address) != 0 ||
		    strcmp(old->domain, entry.domain) != 0 ||
		    strcmp(old->stream, entry.stream) != 0)
			continue;
		if (entry.kind == ENTRY_SUPPRESS && old->hold.until > now) {
			entry.with_subdomains |= old->with_subdomains;
			entry.hold.until = MAX(entry.hold.until,
			    old->hold.until);
		}
		*old = entry;
		return;
	}
	g_array_append_val(model->entries, entry);
}

static void random_entry(Store *store, Model *model, GRand *rand, int64_t now)
{
	const ManualChange change = { "root", "test", now };
	bool is_allow = g_rand_boolean(rand);
	int target = g_rand_int_range(rand, 0, 8);
	Entry entry = { .kind = is_allow ? ENTRY_ALLOW : ENTRY_SUPPRESS,
		.address = "",
		.domain = "",
		.stream = "",
		.note = "" };

	entry.hold.until = random_until(rand, now);
	if (g_rand_boolean(rand))
		entry.stream = streams[g_rand_int_range(rand, 0, 2)];
	if (is_allow && target < 3) {
		unsigned who = (unsigned)g_rand_int_range(rand, 0,
		    G_N_ELEMENTS(addresses));

		entry.address = addresses[who];
		model->known[who] = true;
	} else if (!is_allow || target < 6) {
		entry.domain =
		    domains[g_rand_int_range(rand, 0, G_N_ELEMENTS(domains))];
		entry.with_subdomains = g_rand_boolean(rand);
	}
	if (is_allow)
		entry.causes = causes_of_bounces();
	if (is_allow && entry.stream[0] != '\0')
		entry.causes |= g_rand_int(rand) & (CAUSE_BIT(CAUSE_COUNT) - 1);
	ck_assert(store_entry_put(store, &change, &entry, "", &error));
	model_put(model, entry, now);
}

/* A bounce or the like, or a hold by hand. */
static void random_hold(Store *store, Model *model, GRand *rand, int64_t now)
{
	static const struct {
		enum vp_class class_;
		Step step;
	} kinds[] = {
		{ VP_CLASS_HARD, STEP_HARD },
		{ VP_CLASS_SOFT, STEP_SOFT },
		{ VP_CLASS_BLOCK, STEP_BLOCK },
		{ VP_CLASS_COMPLAINT, STEP_COMPLAINT },
		{ VP_CLASS_UNSUBSCRIBE, STEP_UNSUBSCRIBE },
	};
	const ManualChange change = { "root", "test", now - 2000 };
	unsigned who = (unsigned)g_rand_int_range(rand, 0,
	    G_N_ELEMENTS(addresses));
	unsigned in = (unsigned)g_rand_int_range(rand, 0, 2);
	int kind = g_rand_int_range(rand, 0, G_N_ELEMENTS(kinds) + 1);
	int64_t until = random_until(rand, now);
	g_autofree char *campaign = g_strdup_printf("%s-%u", streams[in],
	    (unsigned)g_rand_int(rand));

	model->known[who] = true;
	if (kind == G_N_ELEMENTS(kinds))
		ck_assert(store_add(store, &change, addresses[who], "",
		    g_rand_boolean(rand) ? streams[in] : "", until, &error));
	else
		fixture_record(store, campaign, streams[in], addresses[who],
		    now - 2000, kinds[kind].class_,
		    (Effect){ .step = kinds[kind].step,
			.hold_until = until,
			.rung = 1 });
}

static void load_states(Store *store, Model *model)
{
	for (unsigned who = 0; who < G_N_ELEMENTS(addresses); who++)
		for (unsigned in = 0; in < 2; in++) {
			g_auto(StoreRecipient) recipient = { 0 };

			if (!model->known[who])
				continue;
			ck_assert(store_recipient_find(store, 0, addresses[who],
			    &recipient, &error));
			ck_assert(store_load(store, recipient.id, streams[in],
			    &model->states[who][in], &error));
		}
}

static bool view_may_send(sqlite3 *db, const char *address, const char *stream)
{
	sqlite3_stmt *stmt = NULL;
	bool found;

	ck_assert_int_eq(sqlite3_prepare_v2(db,
			     "SELECT 1 FROM suppressed WHERE address = ?1"
			     " AND stream IN ('', ?2)",
			     -1, &stmt, NULL),
	    SQLITE_OK);
	sqlite3_bind_text(stmt, 1, address, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, stream, -1, SQLITE_STATIC);
	found = sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return !found;
}

START_TEST(test_all_agree)
{
	const StoreStream all[] = { { streams[0], ignored[0] },
		{ streams[1], ignored[1] } };
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	g_autoptr(Store) store = fixture_open(STORE_WRITE);
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	Model model = { .entries = g_array_new(FALSE, FALSE, sizeof(Entry)) };
	g_autoptr(EntrySet) set = NULL;
	sqlite3 *db = NULL;

	ck_assert(store_streams_set(store, all, 2, &error));
	for (unsigned i = 0; i < 12; i++)
		random_hold(store, &model, rand, now);
	for (unsigned i = 0; i < 8; i++)
		random_entry(store, &model, rand, now);
	load_states(store, &model);
	ck_assert(store_entries(store, now, &set, &error));
	ck_assert_int_eq(sqlite3_open(fixture_path, &db), SQLITE_OK);
	for (unsigned who = 0; who < G_N_ELEMENTS(addresses); who++)
		for (unsigned in = 0; in < 2; in++) {
			const char *address = addresses[who];
			bool may = model_may_send(&model, who, in, now);
			g_auto(StoreAnswer) one = { 0 };
			Answer many = answer_give(set, address,
			    domain_of(address), &model.states[who][in],
			    streams[in], ignored[in], now);

			ck_assert(store_answer(store, address, streams[in],
			    ignored[in], now, &one, &error));
			ck_assert_int_eq(one.answer.may_send, may);
			ck_assert_int_eq(many.may_send, may);
			ck_assert_int_eq(many.cause, one.answer.cause);
			ck_assert_int_eq(many.by, one.answer.by);
			if (model.known[who])
				ck_assert_msg(view_may_send(db, address,
						  streams[in]) == may,
				    "%s in %s", address, streams[in]);
		}
	check_verified(store, now);
	sqlite3_close(db);
	g_array_unref(model.entries);
}
END_TEST

static Suite *scopes_suite(void)
{
	Suite *suite = suite_create("scopes");
	TCase *tcase = fixture_case(suite, "scopes");

	tcase_add_test(tcase, test_domain);
	tcase_add_test(tcase, test_allow);
	tcase_add_test(tcase, test_audit);
	tcase_add_test(tcase, test_expire);
	tcase_add_loop_test(tcase, test_tampered, 0, G_N_ELEMENTS(tampered));
	tcase_add_loop_test(tcase, test_all_agree, 0, 60);
	return suite;
}

RUN_SUITE(scopes_suite)
