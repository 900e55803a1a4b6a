/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A sorted array of keys with an index on their first bits.  An array grows
   without a second copy of it (realloc() of so much memory moves pages), which
   a hash table of 10 million cannot: so the peak is what it needs, no more. */

#include "key_set.h"

#include <stdlib.h>
#include <string.h>

enum {
	BITS_A_STEP = 8,
	SMALL = 32,     /* sorted by insertion */
	PER_BUCKET = 8, /* keys in one bucket of the index, on average */
};

typedef struct Entry {
	uint64_t high;
	uint64_t low; /* the last octet is the value */
} Entry;

struct KeySet {
	Entry *entries;
	size_t n;
	size_t room;
	uint32_t *index; /* where the keys of a bucket begin; one more */
	unsigned shift;  /* of a key's first word, to its bucket */
};

KeySet *key_set_new(void)
{
	return g_new0(KeySet, 1);
}

void key_set_free(KeySet *set)
{
	if (set == NULL)
		return;
	free(set->entries);
	g_free(set->index);
	g_free(set);
}

static Entry entry_of(Hash128 key, unsigned value)
{
	return (Entry){ key.word[0],
		(key.word[1] & ~UINT64_C(0xff)) | (value & 0xff) };
}

void key_set_add(KeySet *set, Hash128 key, unsigned value)
{
	if (set->n == set->room) {
		set->room = set->room + set->room / 4 + 4096;
		/* not GLib's: its memory is not trimmed of what is unused */
		set->entries = realloc(set->entries, set->room * sizeof(Entry));
		if (set->entries == NULL)
			g_error("no memory for %zu keys", set->room);
	}
	set->entries[set->n++] = entry_of(key, value);
}

static bool is_before(const Entry *a, const Entry *b)
{
	return a->high != b->high ? a->high < b->high : a->low < b->low;
}

static void sort_small(Entry *entries, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		Entry entry = entries[i];
		size_t k = i;

		for (; k > 0 && is_before(&entry, &entries[k - 1]); k--)
			entries[k] = entries[k - 1];
		entries[k] = entry;
	}
}

static unsigned digit_of(const Entry *entry, unsigned shift)
{
	return (unsigned)(entry->high >> shift) & 0xff;
}

/* Radix sort in place, by the octet at SHIFT and those below it (McIlroy,
   Bostic and McIlroy's American flag, 1993): keys are random, so its parts are
   even, and after three octets they are small. */
static void sort_entries(Entry *entries, size_t n, unsigned shift)
{
	size_t ends[256] = { 0 }, heads[256];
	size_t sum = 0;

	if (n <= SMALL || shift < BITS_A_STEP) {
		sort_small(entries, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ends[digit_of(&entries[i], shift)]++;
	for (unsigned d = 0; d < 256; d++) {
		heads[d] = sum;
		sum += ends[d];
		ends[d] = sum;
	}
	for (unsigned d = 0; d < 256; d++)
		while (heads[d] < ends[d]) {
			Entry entry = entries[heads[d]];
			unsigned to;

			while ((to = digit_of(&entry, shift)) != d) {
				Entry other = entries[heads[to]];

				entries[heads[to]++] = entry;
				entry = other;
			}
			entries[heads[d]++] = entry;
		}
	for (unsigned d = 0; d < 256; d++) {
		size_t from = d > 0 ? ends[d - 1] : 0;

		sort_entries(entries + from, ends[d] - from,
		    shift - BITS_A_STEP);
	}
}

static size_t bucket_of(const KeySet *set, uint64_t high)
{
	return (size_t)(high >> set->shift);
}

void key_set_seal(KeySet *set)
{
	size_t buckets = 2, next = 0;

	g_assert(set->n < UINT32_MAX);
	set->shift = 63;
	while (buckets < set->n / PER_BUCKET) {
		buckets *= 2;
		set->shift--;
	}
	sort_entries(set->entries, set->n, 64 - BITS_A_STEP);
	set->index = g_new(uint32_t, buckets + 1);
	for (size_t i = 0; i < set->n; i++)
		while (next <= bucket_of(set, set->entries[i].high))
			set->index[next++] = (uint32_t)i;
	while (next <= buckets)
		set->index[next++] = (uint32_t)set->n;
}

int key_set_get(const KeySet *set, Hash128 key)
{
	Entry wanted = entry_of(key, 0);
	size_t bucket = bucket_of(set, wanted.high);

	for (size_t i = set->index[bucket]; i < set->index[bucket + 1]; i++) {
		const Entry *entry = &set->entries[i];

		if (entry->high == wanted.high &&
		    (entry->low & ~UINT64_C(0xff)) == wanted.low)
			return (int)(entry->low & 0xff);
	}
	return -1;
}

uint64_t key_set_size(const KeySet *set)
{
	return set->n;
}
