/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "recorder.h"

/* Campaigns in memory: which are paused, and how many recipients were accepted
   for each and are not in the store yet. */
typedef struct Campaigns Campaigns;

/* RECORDER is lent, and must live longer than the last chore. */
Campaigns *campaigns_new(Recorder *recorder);
void campaigns_free(Campaigns *campaigns);

/* ---- the responder's thread ---- */

/* Learns from STORE which are paused, and forgets the others; what was known
   stays when it fails.  To be called once a second or so. */
bool campaigns_refresh(Campaigns *campaigns, Store *store, GError **error);
/* The one with ID or, if that is 0, NAME: as it is in STORE, or was at most as
   long ago as the last refresh.  Lent until the next.  NULL as
   store_campaign_find(). */
const StoreCampaign *campaigns_find(Campaigns *campaigns, Store *store,
    int64_t id, const char *name, GError **error);
/* Why NAME is paused, or NULL: it is not.  Lent until the next refresh. */
const char *campaigns_paused(const Campaigns *campaigns, const char *name);
/* One recipient more for NAME. */
void campaigns_accepted(Campaigns *campaigns, const char *name,
    const char *stream);

/* ---- any thread ---- */

/* Has the recorder write what was counted. */
void campaigns_flush(Campaigns *campaigns);
