/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "token.h"

/* Return paths that `verpctl selftest` sends a synthetic bounce to.  Nobody
   else has them: they are signed, their campaign's name is reserved, and their
   recipients are of a domain that cannot be.  Such a bounce goes the way of
   all others up to the transaction, which notes its delivery key and nothing
   else: no event, no recipient, no campaign, no count. */

#define SELFTEST_CAMPAIGN "verpd-selftest"
#define SELFTEST_DOMAIN   "verpd.invalid"

/* Whether CAMPAIGN and RECIPIENT (folded) are those of a selftest. */
bool selftest_names(const char *campaign, const char *recipient);
/* Whether TOKEN is genuine and one of those. */
bool selftest_is(const Token *token);
/* The delivery key of the selftest for RECIPIENT: by nothing that mail changes
   on its way. */
void selftest_key(const char *recipient, uint8_t ret_key[STORE_KEY]);
