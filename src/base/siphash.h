/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 of 128 bits (Aumasson and Bernstein, 2012): short texts in some
   twenty nanoseconds, and whoever does not know the key cannot make two that
   collide. */
typedef struct Hash128 {
	uint64_t word[2];
} Hash128;

#define SIPHASH_KEY 16
/* Of LEN octets, which may hold any. */
Hash128 siphash(const uint8_t key[SIPHASH_KEY], const void *bytes, size_t len);
