/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sums of deliveries, until the transaction they belong to ends. */

#include "delivered.h"

#include "breaker.h"

#include <string.h>

typedef struct Sum {
	CounterKind kind;
	int64_t hour;
	int64_t n;
	char name[]; /* ends the key */
} Sum;

struct DeliveredCounts {
	GHashTable *sums; /* of Sum, by itself */
};

static guint sum_hash(gconstpointer data)
{
	const Sum *sum = data;

	return g_str_hash(sum->name) ^ (guint)sum->hour * 31 ^
	       (guint)sum->kind * 2654435761U;
}

static gboolean sum_equal(gconstpointer a, gconstpointer b)
{
	const Sum *x = a, *y = b;

	return x->kind == y->kind && x->hour == y->hour &&
	       strcmp(x->name, y->name) == 0;
}

DeliveredCounts *delivered_counts_new(void)
{
	DeliveredCounts *counts = g_new0(DeliveredCounts, 1);

	counts->sums = g_hash_table_new_full(sum_hash, sum_equal, g_free, NULL);
	return counts;
}

void delivered_counts_free(DeliveredCounts *counts)
{
	if (counts == NULL)
		return;
	g_hash_table_unref(counts->sums);
	g_free(counts);
}

static void add(DeliveredCounts *counts, CounterKind kind, const char *name,
    int64_t hour)
{
	size_t len = strlen(name) + 1;
	g_autofree Sum *key = g_malloc(sizeof(Sum) + len);
	Sum *sum;

	*key = (Sum){ .kind = kind, .hour = hour };
	memcpy(key->name, name, len);
	sum = g_hash_table_lookup(counts->sums, key);
	if (sum == NULL) {
		sum = g_steal_pointer(&key);
		(void)g_hash_table_add(counts->sums, sum);
	}
	sum->n++;
}

void delivered_counts_add(DeliveredCounts *counts, const char *provider,
    const char *remote_mta, const char *campaign, int64_t at)
{
	g_autofree char *host = breaker_host(provider, remote_mta);
	int64_t hour = at / 3600 - (at % 3600 < 0);

	add(counts, COUNTER_SITE, "", hour);
	add(counts, COUNTER_PROVIDER, breaker_provider(provider), hour);
	if (host[0] != '\0')
		add(counts, COUNTER_HOST, host, hour);
	if (campaign[0] != '\0')
		add(counts, COUNTER_CAMPAIGN, campaign, hour);
}

bool delivered_counts_flush(DeliveredCounts *counts, Store *store,
    GError **error)
{
	GHashTableIter iter;
	void *key;

	g_hash_table_iter_init(&iter, counts->sums);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const Sum *sum = key;

		if (!store_count(store, sum->kind, sum->name, sum->hour * 3600,
			&(Counts){ .delivered = sum->n }, error))
			return false;
	}
	g_hash_table_remove_all(counts->sums);
	return true;
}
