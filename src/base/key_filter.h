/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "siphash.h"

/* Many keys in 13 bits each.  A key that was added may be there, always; of a
   thousand that were not three may be, too, as long as the filter is not full.
   Nothing is ever taken out. */
typedef struct KeyFilter KeyFilter;

/* For CAPACITY keys, or some more. */
KeyFilter *key_filter_new(uint64_t capacity);
void key_filter_free(KeyFilter *filter);
void key_filter_add(KeyFilter *filter, Hash128 key);
bool key_filter_may_have(const KeyFilter *filter, Hash128 key);
/* How many were added that were not there, nor seemed to be. */
uint64_t key_filter_count(const KeyFilter *filter);
/* It has all that it was made for: from now on it errs more and more. */
bool key_filter_is_full(const KeyFilter *filter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyFilter, key_filter_free)
