/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "siphash.h"

/* Whom something may stand against, in memory: 13 bits for each address or
   domain that it has room for, which are an eighth more than there were when it
   was made (10 million suppressed: 18 MB).  "Not in it" is an answer; "maybe" is
   to be looked up.  It says "maybe" of all until it is complete, and whenever it
   was not brought up to date for BOUND_STALE: so nobody is taken for free who
   was not, at most that long ago.  Whoever is free again stays in it until it
   is made anew.

   Any thread may call, with a clock of microseconds that never goes back. */
typedef struct SuppressedSet SuppressedSet;

/* KEY is secret: whoever knows it can make addresses that are in it. */
SuppressedSet *suppressed_set_new(const uint8_t key[SIPHASH_KEY]);
void suppressed_set_free(SuppressedSet *set);

/* SUBJECT is in it from now on: an address, or "@" and a domain with all below
   it; "@" is everyone. */
void suppressed_set_note(SuppressedSet *set, const char *subject);
/* Whether ADDRESS (folded; HASH is what may stand for it, or NULL) may be in it.
   Never waits: whoever holds the lock makes it "maybe". */
bool suppressed_set_may_have(SuppressedSet *set, const char *address,
    const char *hash, int64_t now);
/* Is to be brought up to date soon, or "maybe" is all that it says. */
bool suppressed_set_is_due(SuppressedSet *set, int64_t now);

/* ---- for the one who brings it up to date ---- */

/* What SUBJECT is kept as. */
Hash128 suppressed_set_key(const SuppressedSet *set, const char *subject);
/* KEYS are in it from now on. */
void suppressed_set_add(SuppressedSet *set, const Hash128 *keys, unsigned n);
/* It has too many, or of too long ago (or none): all is to be told again. */
bool suppressed_set_is_worn(SuppressedSet *set, int64_t now);
/* Empties it and makes room for as many as it was told of last time: all will be
   told. */
void suppressed_set_begin(SuppressedSet *set, int64_t now);
/* All was told as it was at AT.  If they were too many it knows their number now,
   and is worn. */
void suppressed_set_complete(SuppressedSet *set, int64_t at);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SuppressedSet, suppressed_set_free)
