/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "store.h"

/* Hits of rules that are not in the store yet.  They ride in the transaction
   of a message, the first that comes EVERY seconds after the last that took
   some along: no message waits for a write of its own, and a crash forgets at
   most what hit in those seconds.  All take NULL, and then do nothing. */
typedef struct RuleTally RuleTally;

#define TALLY_SECONDS 10

/* EVERY 0: with each transaction. */
RuleTally *tally_new(int64_t every);
void tally_free(RuleTally *tally);

/* One hit of RULE in the transaction that is open; "" is none. */
void tally_add(RuleTally *tally, const char *rule, int64_t at);
/* Into the open transaction, when it is due at NOW. */
bool tally_write(RuleTally *tally, Store *store, int64_t now, GError **error);
/* How that transaction ended.  Without a commit its hits are taken back, and
   what was written is kept for the next. */
void tally_settle(RuleTally *tally, bool is_committed);
/* Whatever is left, in a transaction of its own: when nothing follows. */
bool tally_flush(RuleTally *tally, Store *store, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RuleTally, tally_free)
