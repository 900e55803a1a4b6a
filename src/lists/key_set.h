/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "siphash.h"

/* Millions of addresses as 120 bits of their keys and an octet of what is known
   of each: 16 octets an address and some four per cent.  First all are added,
   then it is sealed, then it is asked.  Two addresses of 10 million share a key
   with a probability of 2^-74. */
typedef struct KeySet KeySet;

KeySet *key_set_new(void);
void key_set_free(KeySet *set);

/* VALUE is 0 to 254.  Each key once. */
void key_set_add(KeySet *set, Hash128 key, unsigned value);
void key_set_seal(KeySet *set);
/* The value of KEY, or -1. */
int key_set_get(const KeySet *set, Hash128 key);
uint64_t key_set_size(const KeySet *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeySet, key_set_free)
