/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hourly counters.  They are made of the events themselves, read once more
   when some have come together: so they agree with what was committed, by
   whatever process, and a crash changes nothing. */

#include "store_sqlite_walk.h"

#include <string.h>

/* Of one hour; the rest is counted as one. */
enum { HOSTS_MAX = 2000 };

#define HOSTS_REST "(rest)"

/* ---- one row ---- */

static bool run_counts(StoreSqlite *self, StatementId id, CounterKind kind,
    const char *name, int64_t hour, const Counts *counts, GError **error)
{
	Statement *stmt = statement_use(self, id, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, counter_kind_name(kind));
	bind_text(stmt, 2, name);
	bind_int(stmt, 3, hour);
	bind_int(stmt, 4, counts->hard);
	bind_int(stmt, 5, counts->people);
	bind_int(stmt, 6, counts->soft);
	bind_int(stmt, 7, counts->block);
	bind_int(stmt, 8, counts->complaint);
	bind_int(stmt, 9, counts->delivered);
	bind_int(stmt, 10, counts->accepted);
	return statement_run(self, stmt, error);
}

static bool hosts_are_many(StoreSqlite *self, int64_t hour, bool *ret_are,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_COUNTER_HOSTS, error);
	int64_t n;

	if (stmt != NULL)
		bind_int(stmt, 1, hour);
	if (!statement_number(self, stmt, &n, error))
		return false;
	*ret_are = n >= HOSTS_MAX;
	return true;
}

/* Whoever reports names the host: there is no end of them. */
static bool add_host(StoreSqlite *self, const char *name, int64_t hour,
    const Counts *counts, GError **error)
{
	bool are_many;

	if (!run_counts(self, SQL_COUNTER_MORE, COUNTER_HOST, name, hour,
		counts, error))
		return false;
	if (sqlite3_changes(self->db) > 0)
		return true;
	if (!hosts_are_many(self, hour, &are_many, error))
		return false;
	return run_counts(self, SQL_COUNTER_ADD, COUNTER_HOST,
	    are_many ? HOSTS_REST : name, hour, counts, error);
}

static bool add_counts(StoreSqlite *self, CounterKind kind, const char *name,
    int64_t hour, const Counts *counts, GError **error)
{
	if (kind == COUNTER_HOST)
		return add_host(self, name, hour, counts, error);
	return run_counts(self, SQL_COUNTER_ADD, kind, name, hour, counts,
	    error);
}

bool store_sqlite_count(Store *store, CounterKind kind, const char *name,
    int64_t at, const Counts *counts, GError **error)
{
	return add_counts((StoreSqlite *)store, kind, name, hour_of(at), counts,
	    error);
}

/* ---- counting events ---- */

/* Counts of one key in one hour, until the chunk is done. */
static Counts *counts_of(GHashTable *sums, CounterKind kind, const char *name,
    int64_t hour)
{
	CountKey key = { kind, name, hour, NULL };
	Counts *counts = g_hash_table_lookup(sums, &key);

	if (counts == NULL) {
		CountKey *copy = g_new(CountKey, 1);

		*copy = key;
		copy->name = copy->own = g_strdup(name);
		counts = g_new0(Counts, 1);
		(void)g_hash_table_insert(sums, copy, counts);
	}
	return counts;
}

static unsigned key_hash(const void *data)
{
	const CountKey *key = data;

	return g_str_hash(key->name) ^ (unsigned)key->kind ^
	       (unsigned)(key->hour << 3);
}

static gboolean key_equal(const void *a, const void *b)
{
	const CountKey *x = a, *y = b;

	return x->kind == y->kind && x->hour == y->hour &&
	       strcmp(x->name, y->name) == 0;
}

static void key_free(void *data)
{
	CountKey *key = data;

	g_free(key->own);
	g_free(key);
}

GHashTable *count_sums_new(void)
{
	return g_hash_table_new_full(key_hash, key_equal, key_free, g_free);
}

/* Whether an earlier hard bounce of the recipient was counted since SINCE, and
   stands: whoever was lost to an outage and taken back is a witness again. */
static bool was_refused(StoreSqlite *self, int64_t recipient_id,
    int64_t event_id, int64_t since, bool *ret_was, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_COUNTER_KNOWN, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_int(stmt, 2, event_id);
	bind_int(stmt, 3, since);
	return statement_step(self, stmt, ret_was, error);
}

static void counts_add(Counts *sum, const Counts *one)
{
	sum->hard += one->hard;
	sum->people += one->people;
	sum->soft += one->soft;
	sum->block += one->block;
	sum->complaint += one->complaint;
	sum->delivered += one->delivered;
	sum->accepted += one->accepted;
}

/* What one event is worth; all zero is nothing. */
static bool counts_of_event(StoreSqlite *self, Statement *row, int64_t people,
    Counts *ret_counts, GError **error)
{
	int class_ = vp_class_from_name(column_text(row, 4));
	Counts counts = { 0 };
	bool was = false;

	*ret_counts = counts;
	/* proves nothing, is not known yet, or is said by a person */
	if (strcmp(column_text(row, 3), trust_name(TRUST_RECORD)) == 0 ||
	    column_int(row, 8) != 0 ||
	    strcmp(column_text(row, 7), step_name(STEP_CONFIRM)) == 0)
		return true;
	if (class_ == VP_CLASS_HARD &&
	    !was_refused(self, column_int(row, 2), column_int(row, 0),
		column_int(row, 1) - people, &was, error))
		return false;
	counts.hard = class_ == VP_CLASS_HARD;
	counts.people = class_ == VP_CLASS_HARD && !was;
	counts.soft = class_ == VP_CLASS_SOFT;
	counts.block = class_ == VP_CLASS_BLOCK;
	counts.complaint = class_ == VP_CLASS_COMPLAINT;
	counts.delivered = class_ == VP_CLASS_DELIVERED;
	*ret_counts = counts;
	return true;
}

static bool count_event(StoreSqlite *self, Statement *row, int64_t people,
    GHashTable *sums, GError **error)
{
	static const Counts nothing = { 0 };
	const char *provider = column_text(row, 5);
	int64_t hour = hour_of(column_int(row, 1));
	g_autofree char *host = NULL;
	Counts one;

	if (!counts_of_event(self, row, people, &one, error))
		return false;
	if (memcmp(&one, &nothing, sizeof(one)) == 0)
		return true;
	host = breaker_host(provider, column_text(row, 6));
	counts_add(counts_of(sums, COUNTER_SITE, "", hour), &one);
	counts_add(counts_of(sums, COUNTER_PROVIDER, breaker_provider(provider),
		       hour),
	    &one);
	counts_add(counts_of(sums, COUNTER_CAMPAIGN, column_text(row, 9), hour),
	    &one);
	if (host[0] != '\0')
		counts_add(counts_of(sums, COUNTER_HOST, host, hour), &one);
	return true;
}

static bool write_sums(StoreSqlite *self, GHashTable *sums, GError **error)
{
	GHashTableIter iter;
	void *key, *value;

	g_hash_table_iter_init(&iter, sums);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const CountKey *of = key;

		if (!add_counts(self, of->kind, of->name, of->hour, value,
			error))
			return false;
	}
	return true;
}

bool counted_get(StoreSqlite *self, int64_t *ret_upto, int64_t *ret_at,
    GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_COUNTED, error);
	bool row;

	if (stmt == NULL || !statement_step(self, stmt, &row, error))
		return false;
	*ret_upto = row ? column_int(stmt, 0) : 0;
	*ret_at = row ? column_int(stmt, 1) : 0;
	return true;
}

static bool counted_set(StoreSqlite *self, int64_t upto, int64_t at,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_COUNTED_SET, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, upto);
	bind_int(stmt, 2, at);
	return statement_run(self, stmt, error);
}

static bool sum_events(StoreSqlite *self, int64_t people, unsigned max,
    int64_t *upto, GHashTable *sums, unsigned *ret_n, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_COUNTER_EVENTS, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *upto);
	bind_int(stmt, 2, max);
	for (*ret_n = 0;; (*ret_n)++) {
		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		if (!cursor_move(self, upto, column_int(stmt, 0), error) ||
		    !count_event(self, stmt, people, sums, error))
			return false;
	}
}

bool count_events_chunk(StoreSqlite *self, int64_t people, int64_t now,
    unsigned max, GHashTable *sums, bool *ret_more, GError **error)
{
	int64_t upto, at;
	unsigned n;

	if (!counted_get(self, &upto, &at, error) ||
	    !sum_events(self, people, max, &upto, sums, &n, error))
		return false;
	*ret_more = n == max;
	return write_sums(self, sums, error) &&
	       counted_set(self, upto, now, error);
}

bool counters_forget(StoreSqlite *self, int64_t before, unsigned max,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_COUNTERS_OLD, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, before);
	bind_int(stmt, 2, max);
	return statement_run(self, stmt, error);
}

/* ---- asking ---- */

/* Which counters: of NAME, or of all names. */
typedef struct CountPlace {
	CounterKind kind;
	const char *name; /* or NULL */
	int64_t first, last;
	char *after; /* the last name seen, at AFTER_HOUR */
	int64_t after_hour;
} CountPlace;

static void count_place_clear(CountPlace *place)
{
	g_free(place->after);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CountPlace, count_place_clear)

static Statement *count_query(const Walk *walk, GError **error)
{
	const CountPlace *place = walk->place;
	bool is_one = place->name != NULL;
	Statement *stmt = statement_use(walk->self,
	    is_one ? SQL_COUNTERS_OF_NAME : SQL_COUNTERS_OF_KIND, error);

	if (stmt == NULL)
		return NULL;
	bind_text(stmt, 1, counter_kind_name(place->kind));
	bind_text(stmt, 2, is_one ? place->name : place->after);
	bind_int(stmt, 3,
	    is_one ? MAX(place->first, place->after_hour) : place->after_hour);
	bind_int(stmt, 4, place->last);
	bind_int(stmt, 5, WALK_ROWS);
	if (!is_one)
		bind_int(stmt, 6, place->first);
	return stmt;
}

static bool count_take(Walk *walk, Statement *stmt, void *ret_row)
{
	const CountPlace *place = walk->place;

	*(CountedHour *)ret_row = (CountedHour){
		.kind = place->kind,
		.name = g_string_chunk_insert_const(walk->texts,
		    column_text(stmt, 0)),
		.hour = column_int(stmt, 1),
		.counts = { column_int(stmt, 2), column_int(stmt, 3),
		    column_int(stmt, 4), column_int(stmt, 5),
		    column_int(stmt, 6), column_int(stmt, 7),
		    column_int(stmt, 8) },
	};
	return true;
}

static bool count_turn(Walk *walk, Statement *stmt, GError **error)
{
	CountPlace *place = walk->place;
	int64_t hour = column_int(stmt, 1);

	g_free(place->after);
	place->after = g_strdup(column_text(stmt, 0));
	place->after_hour = place->name != NULL ? hour + 1 : hour;
	return true;
}

static const WalkKind counters = { .row_size = sizeof(CountedHour),
	.query = count_query,
	.take = count_take,
	.turn = count_turn };

bool store_sqlite_each_count(Store *store, CounterKind kind, const char *name,
    int64_t first, int64_t last, StoreEachCount each, void *data,
    GError **error)
{
	g_auto(Walk) walk = walk_new((StoreSqlite *)store, &counters, NULL);
	g_auto(CountPlace)
	    place = { kind, name, first, last, g_strdup(""), INT64_MIN };
	const void *row;

	walk.place = &place;
	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}
