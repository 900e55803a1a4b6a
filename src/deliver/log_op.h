/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "feed.h"
#include "feeds.h"
#include "log_join.h"

/* What one line of the log did, to be written.  Private to feed_log.c. */

typedef enum OpKind {
	OP_ATTEMPT,
	OP_EXPIRE,
	OP_PART,
} OpKind;

typedef struct Op {
	OpKind kind;
	Join *join; /* a reference */
	int64_t at;
	int64_t delay;
	MaillogStatus status;
	bool has_left;
	char *address; /* folded */
	MaillogText original;
	MaillogText said;
	MaillogText dsn;
	MaillogText relay;
} Op;

/* Frees what OP holds, but not OP. */
void op_clear(Op *op);

/* What is common to all that one transaction writes. */
typedef struct Writing {
	Feed *feed;
	Store *store;
	const char *name; /* of the feed */
	FeedTotals *totals;
	int64_t now;
	bool is_dry_run;
} Writing;

/* Writes OP into the open transaction and counts it among the totals. */
bool op_write(const Writing *writing, const Op *op, GError **error);
/* Writes JOIN itself, new or as it is by now. */
bool join_store(const Writing *writing, Join *join, GError **error);
