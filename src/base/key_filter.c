/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A blocked Bloom filter (Putze, Sanders and Singler, 2007): all bits of a key
   are in one block of 64 octets, one in each of its eight words, so a look costs
   one or two cache lines however large it is. */
#include "key_filter.h"

enum {
	WORDS = 8,         /* in a block */
	KEYS_A_BLOCK = 40, /* on average, when it is full */
	BITS_A_WORD = 6,   /* that say which bit of a word */
};

struct KeyFilter {
	uint64_t *words;
	uint64_t blocks; /* fewer than 2^32 */
	uint64_t n;      /* keys that changed something */
};

KeyFilter *key_filter_new(uint64_t capacity)
{
	KeyFilter *filter = g_new0(KeyFilter, 1);

	filter->blocks = CLAMP((capacity + KEYS_A_BLOCK - 1) / KEYS_A_BLOCK, 1,
	    UINT32_MAX);
	filter->words = g_new0(uint64_t, filter->blocks * WORDS);
	return filter;
}

void key_filter_free(KeyFilter *filter)
{
	if (filter == NULL)
		return;
	g_free(filter->words);
	g_free(filter);
}

static uint64_t *block_of(const KeyFilter *filter, Hash128 key)
{
	/* its upper half as a fraction of 2^32, times the blocks */
	return filter->words +
	       ((key.word[0] >> 32) * filter->blocks >> 32) * WORDS;
}

static uint64_t bit_of(Hash128 key, unsigned word)
{
	return UINT64_C(1) << ((key.word[1] >> (word * BITS_A_WORD)) & 63);
}

void key_filter_add(KeyFilter *filter, Hash128 key)
{
	uint64_t *block = block_of(filter, key);

	if (key_filter_may_have(filter, key))
		return;
	for (unsigned i = 0; i < WORDS; i++)
		block[i] |= bit_of(key, i);
	filter->n++;
}

bool key_filter_may_have(const KeyFilter *filter, Hash128 key)
{
	const uint64_t *block = block_of(filter, key);

	for (unsigned i = 0; i < WORDS; i++)
		if ((block[i] & bit_of(key, i)) == 0)
			return false;
	return true;
}

uint64_t key_filter_count(const KeyFilter *filter)
{
	return filter->n;
}

bool key_filter_is_full(const KeyFilter *filter)
{
	return filter->n >= filter->blocks * KEYS_A_BLOCK;
}
