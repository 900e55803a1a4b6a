/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"

/* What reading a log leaves in the store, so that each line counts once: how
   far it was read, and which of our messages are under way.  All of it is
   written in the transaction of what the lines did.  Neither names a person by
   address. */

#define FEED_DIGEST 32

/* How far a feed was read. */
typedef struct FeedPosition {
	int64_t inode;
	int64_t offset;
	uint8_t digest[FEED_DIGEST]; /* of the last octets before OFFSET */
	int64_t at;                  /* the time of the last line */
	int64_t repeats;             /* lines of that second so far */
} FeedPosition;

/* What came of it so far. */
typedef struct FeedTotals {
	int64_t lines;     /* read */
	int64_t delivered; /* our mail: taken by a host that is not ours */
	int64_t changed;   /* of which lifted or reset something */
	int64_t deferred;
	int64_t bounced;
	int64_t expired;
	int64_t counted; /* of the last three: became soft or hard evidence */
} FeedTotals;

/* A message of ours in the queue: what its envelope sender says. */
typedef struct FeedJoin {
	const char *queue_id;
	int64_t at;           /* when it was last seen */
	const char *campaign; /* "": by id */
	int64_t campaign_id;
	int64_t recipient_id;   /* of an opaque token, else 0 */
	int64_t recipient_hash; /* of a readable one, else 0 */
	int64_t token_day;      /* 0: unsigned */
	Trust trust;
} FeedJoin;

/* One of its recipients who is still waiting for it. */
typedef struct FeedWaiting {
	int64_t recipient_id;
	int64_t at; /* when it came in */
	const char *status;
	const char *said;
	const char *relay;
} FeedWaiting;

typedef bool (*StoreEachJoin)(const FeedJoin *row, void *data);
typedef bool (*StoreEachWaiting)(const FeedWaiting *row, void *data);

/* *RET_FOUND: feed NAME was read before; then its joins follow, oldest
   first.  Rows are lent for the call. */
bool store_feed_load(Store *store, const char *name, FeedPosition *ret_position,
    FeedTotals *ret_totals, bool *ret_found, StoreEachJoin each, void *data,
    GError **error);

/* The rest inside a transaction. */
bool store_feed_save(Store *store, const char *name,
    const FeedPosition *position, const FeedTotals *totals, GError **error);
/* Opens the join of row->queue_id, or writes it anew; who waits goes on
   waiting. */
bool store_feed_join(Store *store, const char *name, const FeedJoin *row,
    GError **error);
/* Ends it, and with it all waiting. */
bool store_feed_part(Store *store, const char *name, const char *queue_id,
    GError **error);
/* The join must be open; the recipient's row is replaced. */
bool store_feed_wait(Store *store, const char *name, const char *queue_id,
    const FeedWaiting *row, GError **error);
bool store_feed_unwait(Store *store, const char *name, const char *queue_id,
    int64_t recipient_id, GError **error);
bool store_feed_each_waiting(Store *store, const char *name,
    const char *queue_id, StoreEachWaiting each, void *data, GError **error);
