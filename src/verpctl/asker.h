/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

/* "May this address be mailed?", asked very often: the answers are those of
   `check`.  The first are looked up one by one; when there are many, all that
   is suppressed is read once into memory (some 17 octets an address), and they
   are answered from there. */
typedef struct Asker Asker;

/* For STREAM.  EXPECTED addresses will be asked about; 0: nobody knows. */
Asker *asker_new(Ctl *ctl, Store *store, const char *stream, uint64_t expected,
    GError **error);
void asker_free(Asker *asker);

/* *RET_CAUSE is -1 when nothing stands against mailing FOLDED. */
bool asker_ask(Asker *asker, const char *folded, int *ret_cause,
    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Asker, asker_free)
