/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deliver.h"

/* What a circuit breaker holds, settled by a person. */

typedef struct HeldCount {
	uint64_t settled; /* as hard bounces, or lifted */
	uint64_t left;    /* held by another breaker, too */
} HeldCount;

/* All that breaker ID still holds: they were hard bounces (IS_CONFIRM), each a
   new event, or no bounces at all.  In transactions of at most 50 ms: whoever
   is killed midway goes on where he stopped.  DID, unless NULL, is called
   after each with what is done. */
bool held_settle(const Judge *judge, Store *store, const ManualChange *change,
    int64_t id, bool is_confirm, bool is_dry_run, HeldCount *ret_count,
    void (*did)(uint64_t done, void *data), void *data, GError **error);

/* How many those are. */
bool held_count(Store *store, int64_t id, int64_t now, uint64_t *ret_n,
    GError **error);
