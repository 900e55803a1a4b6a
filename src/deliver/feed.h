/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deliver.h"

/* What others than reports tell of a mail's fate: the sender itself, or
   Postfix's log.  A delivery is an event only where it changes something;
   otherwise it is only counted. */

typedef struct FeedOptions {
	/* A deferral of mail that has waited so long is a soft bounce, once a
	   day and address.  0: none is. */
	int64_t deferred_after;
	/* Bounces in the log are taken for bounces: for hosts whose reports
	   never come here. */
	bool takes_bounces;
	/* Relays that hand mail back, or on: globs on "host", "address" or
	   "address:port"; NULL-ended, lent. */
	const char *const *inner_relays;
} FeedOptions;

typedef enum FeedKind {
	FEED_DELIVERED,
	FEED_DEFERRED,
	FEED_BOUNCED,
	FEED_EXPIRED, /* the last deferral of what the queue gave up */
} FeedKind;

/* One mail to one recipient.  Absent text is "". */
typedef struct FeedFact {
	FeedKind kind;
	int64_t at;
	const char *campaign; /* "": campaign_id tells */
	int64_t campaign_id;
	const char *address;  /* folded; NULL: recipient_id tells */
	const char *original; /* as it was written */
	int64_t recipient_id; /* 0: not known */
	int64_t token_day;
	Trust trust;
	const char *source; /* "log" or "sender" */
	const char *queue_id;
	const char *status; /* RFC 3463 */
	const char *said;
	const char *relay; /* host[address]:port */
} FeedFact;

typedef enum FeedResult {
	FEED_COUNTED, /* nothing follows from it */
	FEED_CHANGED, /* an event was written */
} FeedResult;

/* What is known from fact to fact; holds nothing that is not in the store. */
typedef struct Feed Feed;

/* Both are lent. */
Feed *feed_new(const Judge *judge, const FeedOptions *options);
void feed_free(Feed *feed);
const Judge *feed_judge(const Feed *feed);
const FeedOptions *feed_options(const Feed *feed);

/* Records FACT inside the open transaction.  A delivery older than the newest
   of what it would clear says nothing of that, and clears nothing. */
bool feed_record(Feed *feed, Store *store, const FeedFact *fact, int64_t now,
    FeedResult *ret_result, GError **error);

/* Looks up outside of a transaction what feed_record() would have to: whose
   mail RELAY takes for ADDRESS. */
void feed_prepare(Feed *feed, const char *address, const char *relay);
/* Into the open transaction, at its end: what was only counted. */
bool feed_flush(Feed *feed, Store *store, GError **error);

/* Whether mail that RELAY took has left this site. */
bool feed_has_left(const Feed *feed, const char *relay, size_t len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Feed, feed_free)
