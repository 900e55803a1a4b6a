/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "store.h"

/* The counters as the circuit breaker judges them: every provider's hours in
   memory, and those of one other key when it is asked about. */
typedef struct History History;

/* POLICY is lent, and so is STORE. */
History *history_read(Store *store, const BreakerPolicy *policy, int64_t now,
    GError **error);
void history_free(History *history);

/* Whether the breaker of NAME is to open, and why; whether it is calm. */
bool history_opens(History *history, CounterKind kind, const char *name,
    bool *ret_opens, BreakerReading *ret_reading, GError **error);
bool history_is_calm(History *history, CounterKind kind, const char *name,
    bool *ret_calm, GError **error);
