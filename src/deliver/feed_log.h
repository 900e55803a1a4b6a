/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "feed.h"
#include "feeds.h"
#include "maillog.h"

/* Postfix's log as a feed: lines are joined by queue id, and what they say of
   our mail is recorded.  Taking lines reads no store and writes none; one
   transaction then holds all that they did, the position among it. */
typedef struct FeedLog FeedLog;

/* FEED is lent.  IS_DRY_RUN: every transaction will be rolled back. */
FeedLog *feed_log_new(Feed *feed, const char *name, bool is_dry_run);
void feed_log_free(FeedLog *log);

/* Begins where the store says; *RET_FOUND: it says so. */
bool feed_log_load(FeedLog *log, Store *store, FeedPosition *ret_position,
    bool *ret_found, GError **error);

/* Takes a line of LEN octets, without its end; TEXT must stay as it is until
   feed_log_settle().  False when it is no line of a log. */
bool feed_log_take(FeedLog *log, MaillogClock *clock, const char *text,
    size_t len);
/* How many things wait to be written. */
unsigned feed_log_pending(const FeedLog *log);

/* Writes them, and that everything up to POSITION was read (its time is the
   last line's), into the open transaction.  After a failure LOG is of no more
   use. */
bool feed_log_write(FeedLog *log, Store *store, const FeedPosition *position,
    int64_t now, GError **error);
/* The transaction is over: lines that were taken may go. */
void feed_log_settle(FeedLog *log);

const FeedTotals *feed_log_totals(const FeedLog *log);
/* Of our mail, what hosts took that only hand it on; since feed_log_new(). */
uint64_t feed_log_handed_on(const FeedLog *log);
/* Messages of ours that are in the queue. */
unsigned feed_log_joins(const FeedLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeedLog, feed_log_free)
