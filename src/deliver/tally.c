/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hits of rules between two writes: a table of counts, and how to undo those
   of the message in hand. */

#include "tally.h"

typedef struct Count {
	uint64_t hits;
	int64_t last;
} Count;

/* One hit, and the count's `last` before it. */
typedef struct Hit {
	Count *count;
	int64_t last;
} Hit;

struct RuleTally {
	int64_t every;
	int64_t written;   /* when it last was */
	int64_t writing;   /* the time of the transaction that takes it along,
			    INT64_MIN: none does */
	GHashTable *rules; /* of Count, by rule */
	GArray *open;      /* of Hit: of the transaction in hand */
};

RuleTally *tally_new(int64_t every)
{
	RuleTally *tally = g_new0(RuleTally, 1);

	tally->every = every;
	tally->writing = INT64_MIN;
	tally->rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    g_free);
	tally->open = g_array_new(FALSE, FALSE, sizeof(Hit));
	return tally;
}

void tally_free(RuleTally *tally)
{
	if (tally == NULL)
		return;
	g_hash_table_unref(tally->rules);
	g_array_unref(tally->open);
	g_free(tally);
}

void tally_add(RuleTally *tally, const char *rule, int64_t at)
{
	Hit hit;

	if (tally == NULL || rule[0] == '\0')
		return;
	hit.count = g_hash_table_lookup(tally->rules, rule);
	if (hit.count == NULL) {
		hit.count = g_new0(Count, 1);
		(void)g_hash_table_insert(tally->rules, g_strdup(rule),
		    hit.count);
	}
	hit.last = hit.count->last;
	g_array_append_val(tally->open, hit);
	hit.count->hits++;
	hit.count->last = MAX(hit.count->last, at);
}

static bool write_all(RuleTally *tally, Store *store, GError **error)
{
	GHashTableIter iter;
	void *rule, *value;

	g_hash_table_iter_init(&iter, tally->rules);
	while (g_hash_table_iter_next(&iter, &rule, &value)) {
		const Count *count = value;

		if (count->hits > 0 && !store_rule_hits(store, rule,
					   count->hits, count->last, error))
			return false;
	}
	return true;
}

bool tally_write(RuleTally *tally, Store *store, int64_t now, GError **error)
{
	if (tally == NULL)
		return true;
	/* also when the clock was set back */
	if (now - tally->written < tally->every && now >= tally->written)
		return true;
	tally->writing = now;
	return write_all(tally, store, error);
}

void tally_settle(RuleTally *tally, bool is_committed)
{
	if (tally == NULL)
		return;
	for (unsigned i = tally->open->len; !is_committed && i-- > 0;) {
		const Hit *hit = &g_array_index(tally->open, Hit, i);

		hit->count->hits--;
		hit->count->last = hit->last;
	}
	g_array_set_size(tally->open, 0);
	if (is_committed && tally->writing != INT64_MIN) {
		tally->written = tally->writing;
		g_hash_table_remove_all(tally->rules);
	}
	tally->writing = INT64_MIN;
}

bool tally_flush(RuleTally *tally, Store *store, GError **error)
{
	bool ok;

	if (tally == NULL || g_hash_table_size(tally->rules) == 0)
		return true;
	ok = store_begin(store, error) && write_all(tally, store, error) &&
	     store_commit(store, error);
	if (ok)
		g_hash_table_remove_all(tally->rules);
	else
		store_rollback(store);
	return ok;
}
