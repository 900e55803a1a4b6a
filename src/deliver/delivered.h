/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "store.h"

/* Deliveries that change nothing and so are no events: summed up by the hour,
   for those who compare bounces with them. */
typedef struct DeliveredCounts DeliveredCounts;

DeliveredCounts *delivered_counts_new(void);
void delivered_counts_free(DeliveredCounts *counts);

/* PROVIDER as in Verdict. */
void delivered_counts_add(DeliveredCounts *counts, const char *provider,
    const char *remote_mta, const char *campaign, int64_t at);
/* All of them into the open transaction; none are left. */
bool delivered_counts_flush(DeliveredCounts *counts, Store *store,
    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeliveredCounts, delivered_counts_free)
