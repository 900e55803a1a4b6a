/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store_sqlite.h"

/* One recipient's state, made again from its events and what was done by hand,
   in their common order.  For verify, which compares, and revert, which plays
   the same history with and without some events. */

/* Where in the common order something happened: after an event, and among the
   changes by hand after the same event by audit id (0: the event itself). */
typedef struct Place {
	int64_t event;
	int64_t audit;
} Place;

static inline bool place_before(Place a, Place b)
{
	return a.event != b.event ? a.event < b.event : a.audit < b.audit;
}

/* One `verpctl expire`: it deleted the holds that were over at AT. */
typedef struct ExpireRun {
	Place place;
	int64_t at;
	int64_t latest; /* AT of this run or a later one, the greatest */
} ExpireRun;

typedef struct Tracked {
	Hold hold;
	Place place; /* of its last change */
} Tracked;

typedef struct Replay {
	RecipientState state; /* counts only */
	GHashTable *holds;    /* "cause stream" to Tracked */
	const GArray *runs;   /* of ExpireRun, by place; lent */
} Replay;

/* After everything. */
extern const Place replay_end;

void replay_init(Replay *replay, const GArray *runs);
void replay_clear(Replay *replay);

/* The state that event EVENT_ID of a campaign in STREAM meets. */
RecipientState replay_before(Replay *replay, const char *stream,
    int64_t event_id);
void replay_effect(Replay *replay, const char *stream, int64_t event_id,
    int64_t at, const Effect *effect);
/* A row of SQL_VERIFY_AUDITS. */
void replay_audit(Replay *replay, Statement *audit);
/* The events of one recipient, as the statement EVENTS_ID has them (its first
   column is the id), and the rows of SQL_VERIFY_AUDITS, in the order in which
   they happened. */
typedef void (*HistoryRow)(Statement *row, void *data);
bool history_each(StoreSqlite *self, StatementId events_id,
    int64_t recipient_id, HistoryRow each_event, HistoryRow each_audit,
    void *data, GError **error);
/* A whole history into REPLAY; but not the events whose ids
   (int64_t *) are in WITHOUT, unless that is NULL. */
bool replay_recipient(StoreSqlite *self, Replay *replay, int64_t recipient_id,
    GHashTable *without, GError **error);
Hold replay_hold(Replay *replay, Cause cause, const char *stream, Place now_at);

char *hold_key(Cause cause, const char *stream);
/* Whether an expire run among RUNS between TRACKED and NOW_AT deleted it. */
bool was_expired(const GArray *runs, const Tracked *tracked, Place now_at);
/* Adds the runs of expire since the last in RUNS. */
bool add_expire_runs(StoreSqlite *self, GArray *runs, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Replay, replay_clear)
