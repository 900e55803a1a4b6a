/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writing what lines of the log did.  A delivery, a bounce or a recipient
   given up is a fact for the feed; who was only deferred is kept waiting in the
   store, for when his message expires no line names him. */

#include "log_op.h"

#include "bounds.h"
#include "errors.h"
#include "text.h"
#include "units.h"

#include <string.h>

void op_clear(Op *op)
{
	join_unref(op->join);
	g_free(op->address);
}

static char *text_of(MaillogText text, size_t max)
{
	return text_utf8(text.len > 0 ? text.text : "", text.len, max);
}

bool join_store(const Writing *writing, Join *join, GError **error)
{
	const FeedJoin row = {
		.queue_id = join->id.text,
		.at = join->at,
		.campaign = text_or_empty(join->sender->campaign),
		.campaign_id = join->sender->campaign_id,
		.recipient_id = join->sender->recipient_id,
		.recipient_hash = join->sender->recipient_hash,
		.token_day = join->sender->token_day,
		.trust = join->sender->trust,
	};

	if (!store_feed_join(writing->store, writing->name, &row, error))
		return false;
	join->is_stored = !writing->is_dry_run;
	return true;
}

static FeedFact fact_of(const Join *join, int64_t arrival)
{
	return (FeedFact){
		.campaign = text_or_empty(join->sender->campaign),
		.campaign_id = join->sender->campaign_id,
		.recipient_id = join->sender->recipient_id,
		.token_day = join->sender->token_day != 0
				 ? join->sender->token_day
				 : day_of(arrival),
		.trust = join->sender->trust,
		.source = "log",
		.queue_id = join->id.text,
		.original = "",
		.status = "",
		.said = "",
		.relay = "",
	};
}

static bool record(const Writing *writing, const FeedFact *fact,
    int64_t *changed, GError **error)
{
	FeedResult result;

	if (!feed_record(writing->feed, writing->store, fact, writing->now,
		&result, error))
		return false;
	*changed += result == FEED_CHANGED;
	return true;
}

/* The recipient waits for this mail; or does so no more. */
static bool note_waiting(const Writing *writing, const Op *op,
    const FeedFact *fact, GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	Join *join = op->join;
	const FeedWaiting row = {
		.at = op->at - op->delay,
		.status = fact->status,
		.said = fact->said,
		.relay = fact->relay,
	};
	FeedWaiting waiting = row;

	if (!join->is_stored && !join_store(writing, join, error))
		return false;
	if (!store_recipient_ensure(writing->store, op->address, fact->original,
		writing->now, &recipient, error))
		return false;
	if (fact->recipient_id != 0 && fact->recipient_id != recipient.id)
		return true; /* a copy for somebody else */
	waiting.recipient_id = recipient.id;
	join->waits = true;
	return store_feed_wait(writing->store, writing->name, join->id.text,
	    &waiting, error);
}

static bool note_done(const Writing *writing, const Op *op, GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) unknown = NULL;

	if (!op->join->waits || !op->join->is_stored)
		return true;
	if (store_recipient_find(writing->store, 0, op->address, &recipient,
		&unknown))
		return store_feed_unwait(writing->store, writing->name,
		    op->join->id.text, recipient.id, error);
	if (g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&unknown));
	return false;
}

static bool write_sent(const Writing *writing, const Op *op, FeedFact *fact,
    GError **error)
{
	FeedTotals *totals = writing->totals;

	if (!note_done(writing, op, error))
		return false;
	if (!op->has_left)
		return true;
	fact->kind = FEED_DELIVERED;
	totals->delivered++;
	return record(writing, fact, &totals->changed, error);
}

static bool write_bounced(const Writing *writing, const Op *op, FeedFact *fact,
    GError **error)
{
	FeedTotals *totals = writing->totals;

	totals->bounced++;
	fact->kind = FEED_BOUNCED;
	return note_done(writing, op, error) &&
	       (!feed_options(writing->feed)->takes_bounces ||
		   record(writing, fact, &totals->counted, error));
}

static bool write_deferred(const Writing *writing, const Op *op, FeedFact *fact,
    GError **error)
{
	const FeedOptions *options = feed_options(writing->feed);
	FeedTotals *totals = writing->totals;

	totals->deferred++;
	fact->kind = FEED_DEFERRED;
	if (options->deferred_after > 0 &&
	    op->delay >= options->deferred_after &&
	    !record(writing, fact, &totals->counted, error))
		return false;
	return !options->takes_bounces ||
	       note_waiting(writing, op, fact, error);
}

static bool write_attempt(const Writing *writing, const Op *op, GError **error)
{
	g_autofree char *original = text_of(op->original, BOUND_ADDRESS);
	g_autofree char *said = text_of(op->said, BOUND_FIELD);
	g_autofree char *dsn = text_of(op->dsn, BOUND_NAME);
	g_autofree char *relay = text_of(op->relay, BOUND_NAME);
	FeedFact fact = fact_of(op->join, op->at - op->delay);

	fact.at = op->at;
	fact.address = op->address;
	fact.original = original;
	fact.said = said;
	fact.status = dsn;
	fact.relay = relay;
	switch (op->status) {
	case MAILLOG_SENT:
		return write_sent(writing, op, &fact, error);
	case MAILLOG_BOUNCED:
		return write_bounced(writing, op, &fact, error);
	case MAILLOG_DEFERRED:
	case MAILLOG_SOFTBOUNCE:
		return write_deferred(writing, op, &fact, error);
	case MAILLOG_PROBED:
		break;
	}
	g_assert_not_reached();
}

typedef struct Waiting {
	int64_t recipient_id;
	int64_t arrival;
	char *status;
	char *said;
	char *relay;
} Waiting;

static void waiting_free(Waiting *waiting)
{
	g_free(waiting->status);
	g_free(waiting->said);
	g_free(waiting->relay);
	g_free(waiting);
}

static bool collect_waiting(const FeedWaiting *row, void *data)
{
	Waiting *waiting = g_new0(Waiting, 1);

	waiting->recipient_id = row->recipient_id;
	waiting->arrival = row->at;
	waiting->status = g_strdup(row->status);
	waiting->said = g_strdup(row->said);
	waiting->relay = g_strdup(row->relay);
	g_ptr_array_add(data, waiting);
	return true;
}

/* Given up for all who still waited. */
static bool write_expired(const Writing *writing, const Op *op, GError **error)
{
	g_autoptr(GPtrArray)
	    rows = g_ptr_array_new_with_free_func((GDestroyNotify)waiting_free);

	writing->totals->expired++;
	if (!feed_options(writing->feed)->takes_bounces || !op->join->is_stored)
		return true;
	if (!store_feed_each_waiting(writing->store, writing->name,
		op->join->id.text, collect_waiting, rows, error))
		return false;
	for (unsigned i = 0; i < rows->len; i++) {
		const Waiting *row = g_ptr_array_index(rows, i);
		FeedFact fact = fact_of(op->join, row->arrival);

		fact.kind = FEED_EXPIRED;
		fact.at = op->at;
		fact.recipient_id = row->recipient_id;
		fact.status = row->status;
		fact.said = row->said;
		fact.relay = row->relay;
		if (!record(writing, &fact, &writing->totals->counted, error) ||
		    !store_feed_unwait(writing->store, writing->name,
			op->join->id.text, row->recipient_id, error))
			return false;
	}
	return true;
}

bool op_write(const Writing *writing, const Op *op, GError **error)
{
	switch (op->kind) {
	case OP_ATTEMPT:
		return write_attempt(writing, op, error);
	case OP_EXPIRE:
		return write_expired(writing, op, error);
	case OP_PART:
		return !op->join->is_stored ||
		       store_feed_part(writing->store, writing->name,
			   op->join->id.text, error);
	}
	g_assert_not_reached();
}
