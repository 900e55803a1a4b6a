/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "maillog.h"
#include "store.h"

/* What feed_log.c knows of the messages of ours that are in the queue.
   Private to it and log_op.c. */

typedef struct QueueId {
	uint8_t len;
	char text[MAILLOG_QUEUE_ID + 1];
} QueueId;

/* What an envelope sender tells. */
typedef struct Sender {
	bool is_ours;
	char *campaign;
	int64_t campaign_id;
	int64_t recipient_id;
	int64_t recipient_hash; /* 0: none is known */
	int64_t token_day;
	Trust trust;
} Sender;

void sender_free(Sender *sender);
Sender *sender_copy(const Sender *sender);
/* Whether both are ours and tell the same. */
bool sender_equal(const Sender *a, const Sender *b);

/* One message in the queue: what its sender's line told those that follow. */
typedef struct Join {
	QueueId id; /* first: the table's key */
	int64_t at; /* last taken up by the queue manager */
	Sender *sender;
	GList link; /* in the table's order */
	unsigned ref_count;
	bool is_open;   /* in the table */
	bool is_dirty;  /* feed_log.c has it among those to be written */
	bool is_stored; /* the store has it */
	bool waits;     /* and, perhaps, somebody waiting for it */
} Join;

Join *join_ref(Join *join);
void join_unref(Join *join);

/* Joins by queue id, in the order in which they were last taken up. */
typedef struct JoinTable JoinTable;

JoinTable *join_table_new(void);
void join_table_free(JoinTable *table);
/* How many joins are in it. */
unsigned join_table_size(const JoinTable *table);

/* Each lends the join, or gives NULL when there is none. */
Join *join_table_find(const JoinTable *table, MaillogText id);
Join *join_table_oldest(JoinTable *table);
Join *join_table_add(JoinTable *table, MaillogText id, int64_t at,
    Sender *sender_take);

/* JOIN was taken up once more, at AT. */
void join_table_touch(JoinTable *table, Join *join, int64_t at);
/* Drops the table's reference. */
void join_table_remove(JoinTable *table, Join *join);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sender, sender_free)
