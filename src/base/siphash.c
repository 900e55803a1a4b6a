/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SipHash-2-4 with 128 bits of output.  Words are little-endian whatever the
   machine's are. */

#include "siphash.h"

#include <string.h>

#include <glib.h>

typedef struct SipState {
	uint64_t v[4];
} SipState;

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return GUINT64_FROM_LE(word);
}

static uint64_t rotate(uint64_t word, unsigned by)
{
	return word << by | word >> (64 - by);
}

static void rounds(SipState *s, unsigned n)
{
	uint64_t *v = s->v;

	while (n-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void take_word(SipState *s, uint64_t word)
{
	s->v[3] ^= word;
	rounds(s, 2);
	s->v[0] ^= word;
}

static uint64_t sum(const SipState *s)
{
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

Hash128 siphash(const uint8_t key[SIPHASH_KEY], const void *bytes, size_t len)
{
	uint64_t k0 = word_at(key), k1 = word_at(key + 8);
	const uint8_t *in = bytes;
	uint64_t last = (uint64_t)len << 56;
	size_t whole = len & ~(size_t)7;
	SipState s = { {
	    k0 ^ UINT64_C(0x736f6d6570736575),
	    k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
	    k0 ^ UINT64_C(0x6c7967656e657261),
	    k1 ^ UINT64_C(0x7465646279746573),
	} };
	Hash128 hash;

	for (size_t i = 0; i < whole; i += 8)
		take_word(&s, word_at(in + i));
	for (size_t i = whole; i < len; i++)
		last |= (uint64_t)in[i] << 8 * (i - whole);
	take_word(&s, last);
	s.v[2] ^= 0xee;
	rounds(&s, 4);
	hash.word[0] = sum(&s);
	s.v[1] ^= 0xdd;
	rounds(&s, 4);
	hash.word[1] = sum(&s);
	return hash;
}
