/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Joining the lines of Postfix's log.  Who sent a message stands in one line,
   what became of it in others; between them there is only the queue id.  A
   join begins when the queue manager takes up a message of ours and ends when
   it is removed: short ids are used again at once.  Mail of others is not
   remembered at all.

   The envelope sender is a token of ours, or the base address of a campaign
   whose mail Postfix expands (XVERP); the log never shows what it is expanded
   to.  The recipient is the one the mail was for before any alias, as in the
   return path.  Behind a content filter a message has two queue ids and two
   joins: the hop into the filter leaves nothing behind, for its relay is an
   inner one. */

#include "feed_log.h"

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "siphash.h"
#include "text.h"
#include "units.h"

#include <string.h>

enum { JOIN_SECONDS = SECONDS_PER_DAY, SAID_KEPT = BOUND_DIAGNOSTIC };

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
	int64_t recipient_hash;
	int64_t token_day;
	Trust trust;
} Sender;

typedef struct Join {
	QueueId id; /* first: the table's key */
	int64_t at;
	Sender *sender;
	GList link; /* in log->order */
	unsigned ref_count;
	bool is_open;   /* in the table */
	bool is_dirty;  /* in log->dirty */
	bool is_stored; /* the store has it */
	bool waits;     /* and, perhaps, somebody waiting for it */
} Join;

typedef enum OpKind {
	OP_ATTEMPT,
	OP_EXPIRE,
	OP_PART,
} OpKind;

/* What one line did, to be written. */
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

struct FeedLog {
	Feed *feed;
	const Judge *judge;
	char *name;
	uint8_t key[SIPHASH_KEY];
	GHashTable *joins;   /* of Join, by queue id; owns a reference */
	GQueue order;        /* by when they were last seen */
	GPtrArray *dirty;    /* of Join; each a reference */
	GArray *ops;         /* of Op */
	GHashTable *senders; /* of Sender, by address: no signed ones */
	GHashTable *relays;  /* has it left?  by relay */
	FeedTotals totals;
	int64_t at;
	int64_t repeats;
	bool is_dry_run;
};

/* ---- joins ---- */

static void sender_free(Sender *sender)
{
	g_free(sender->campaign);
	g_free(sender);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sender, sender_free)

static Sender *sender_copy(const Sender *sender)
{
	Sender *copy = g_memdup2(sender, sizeof(*sender));

	copy->campaign = g_strdup(sender->campaign);
	return copy;
}

static void join_unref(Join *join)
{
	if (--join->ref_count > 0)
		return;
	sender_free(join->sender);
	g_free(join);
}

static Join *join_ref(Join *join)
{
	join->ref_count++;
	return join;
}

static guint queue_id_hash(gconstpointer key)
{
	const QueueId *id = key;
	guint hash = 2166136261U; /* FNV-1a */

	for (unsigned i = 0; i < id->len; i++)
		hash = (hash ^ (guint8)id->text[i]) * 16777619U;
	return hash;
}

static gboolean queue_id_equal(gconstpointer a, gconstpointer b)
{
	const QueueId *x = a, *y = b;

	return x->len == y->len && memcmp(x->text, y->text, x->len) == 0;
}

static QueueId queue_id_of(MaillogText text)
{
	QueueId id = { .len = (uint8_t)MIN(text.len, MAILLOG_QUEUE_ID) };

	memcpy(id.text, text.text, id.len);
	return id;
}

static Join *join_find(const FeedLog *log, MaillogText text)
{
	const QueueId id = queue_id_of(text);

	return g_hash_table_lookup(log->joins, &id);
}

static void clear_op(gpointer data)
{
	Op *op = data;

	join_unref(op->join);
	g_free(op->address);
}

/* Out of the table; the store forgets it with the next transaction. */
static void join_close(FeedLog *log, Join *join)
{
	Op part = { .kind = OP_PART, .join = join_ref(join) };

	g_array_append_val(log->ops, part);
	g_queue_unlink(&log->order, &join->link);
	join->is_open = false;
	(void)g_hash_table_remove(log->joins, &join->id);
}

static void join_mark(FeedLog *log, Join *join)
{
	if (join->is_dirty)
		return;
	join->is_dirty = true;
	g_ptr_array_add(log->dirty, join_ref(join));
}

static void joins_trim(FeedLog *log, int64_t now)
{
	GList *oldest;

	while ((oldest = g_queue_peek_head_link(&log->order)) != NULL) {
		Join *join = oldest->data;

		if (join->at > now - JOIN_SECONDS &&
		    log->order.length <= BOUND_LOG_JOINS)
			return;
		join_close(log, join);
	}
}

static Join *join_open(FeedLog *log, const QueueId *id, int64_t at,
    Sender *sender_take)
{
	Join *join = g_new0(Join, 1);

	join->id = *id;
	join->at = at;
	join->sender = sender_take;
	join->ref_count = 1;
	join->is_open = true;
	join->link.data = join;
	g_queue_push_tail_link(&log->order, &join->link);
	(void)g_hash_table_insert(log->joins, &join->id, join);
	return join;
}

/* ---- the feed ---- */

FeedLog *feed_log_new(Feed *feed, const char *name, bool is_dry_run)
{
	FeedLog *log = g_new0(FeedLog, 1);

	log->feed = feed;
	log->judge = feed_judge(feed);
	log->name = g_strdup(name);
	log->is_dry_run = is_dry_run;
	log->joins = g_hash_table_new_full(queue_id_hash, queue_id_equal, NULL,
	    (GDestroyNotify)join_unref);
	log->dirty = g_ptr_array_new_with_free_func((GDestroyNotify)join_unref);
	log->ops = g_array_new(FALSE, FALSE, sizeof(Op));
	g_array_set_clear_func(log->ops, clear_op);
	log->senders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    (GDestroyNotify)sender_free);
	log->relays = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	g_queue_init(&log->order);
	log->at = INT64_MIN;
	return log;
}

void feed_log_free(FeedLog *log)
{
	if (log == NULL)
		return;
	g_array_unref(log->ops);
	g_ptr_array_unref(log->dirty);
	g_hash_table_unref(log->joins);
	g_hash_table_unref(log->senders);
	g_hash_table_unref(log->relays);
	g_free(log->name);
	g_free(log);
}

static bool load_join(const FeedJoin *row, void *data)
{
	FeedLog *log = data;
	const QueueId id = queue_id_of((MaillogText){
	    row->queue_id, strlen(row->queue_id) });
	g_autofree char *campaign = g_strdup(row->campaign);
	const Sender sender = {
		.is_ours = true,
		.campaign = campaign,
		.campaign_id = row->campaign_id,
		.recipient_id = row->recipient_id,
		.recipient_hash = row->recipient_hash,
		.token_day = row->token_day,
		.trust = row->trust,
	};
	Join *join = join_open(log, &id, row->at, sender_copy(&sender));

	join->is_stored = true;
	join->waits = true;
	return true;
}

bool feed_log_load(FeedLog *log, Store *store, FeedPosition *ret_position,
    bool *ret_found, GError **error)
{
	G_STATIC_ASSERT(SIPHASH_KEY == STORE_EPOCH);
	FeedPosition position = { .at = INT64_MIN };

	memcpy(log->key, store_epoch(store), SIPHASH_KEY);
	if (!store_feed_load(store, log->name, &position, &log->totals,
		ret_found, load_join, log, error))
		return false;
	log->at = position.at;
	log->repeats = position.repeats;
	*ret_position = position;
	return true;
}

const FeedTotals *feed_log_totals(const FeedLog *log)
{
	return &log->totals;
}

unsigned feed_log_joins(const FeedLog *log)
{
	return g_hash_table_size(log->joins);
}

unsigned feed_log_pending(const FeedLog *log)
{
	return log->ops->len + log->dirty->len;
}

/* ---- senders ---- */

static int64_t address_hash(const FeedLog *log, const char *folded)
{
	Hash128 hash = siphash(log->key, folded, strlen(folded));

	/* 0 means that there is none */
	return (int64_t)(hash.word[0] | 1);
}

static void sender_of_token(const FeedLog *log, const Token *token,
    Sender *ret_sender)
{
	switch (token->check) {
	case TOKEN_GENUINE:
		ret_sender->trust = TRUST_SIGNED;
		break;
	case TOKEN_TRUSTED:
		ret_sender->trust = TRUST_ADMIN;
		break;
	case TOKEN_UNSIGNED:
		/* Postfix here says that it sent it */
		ret_sender->trust = TRUST_LOCAL;
		break;
	case TOKEN_FORGED:
	case TOKEN_UNKNOWN:
	case TOKEN_NOT_OURS:
		return;
	}
	if (token->kind != TOKEN_BOUNCE)
		return;
	ret_sender->is_ours = true;
	ret_sender->campaign = g_strdup(token->campaign);
	ret_sender->campaign_id = token->campaign_id;
	ret_sender->recipient_id = token->recipient_id;
	ret_sender->token_day = token->day;
	if (token->recipient[0] != '\0')
		ret_sender->recipient_hash = address_hash(log,
		    token->recipient);
}

/* The sender FROM is; free it. */
static Sender *sender_read(FeedLog *log, MaillogText from)
{
	g_autofree char *address = g_strndup(from.text, from.len);
	const Sender *known = g_hash_table_lookup(log->senders, address);
	g_auto(Token) token = { 0 };
	Sender *sender;

	if (known != NULL)
		return sender_copy(known);
	sender = g_new0(Sender, 1);
	token_decode(log->judge->tokens, address, &token);
	sender_of_token(log, &token, sender);
	if (token.check == TOKEN_GENUINE)
		return sender; /* no other message bears it */
	if (g_hash_table_size(log->senders) >= BOUND_LOG_SENDERS)
		g_hash_table_remove_all(log->senders);
	(void)g_hash_table_insert(log->senders, g_steal_pointer(&address),
	    sender_copy(sender));
	return sender;
}

static bool sender_equal(const Sender *a, const Sender *b)
{
	return a->is_ours && b->is_ours && a->campaign_id == b->campaign_id &&
	       a->recipient_id == b->recipient_id &&
	       a->recipient_hash == b->recipient_hash &&
	       a->token_day == b->token_day &&
	       g_strcmp0(a->campaign, b->campaign) == 0;
}

/* ---- lines ---- */

static void take_sender(FeedLog *log, const MaillogLine *line, int64_t at)
{
	Join *join = join_find(log, line->queue_id);
	g_autoptr(Sender) sender = NULL;

	if (line->from.len > 0 && line->from.len <= BOUND_ADDRESS)
		sender = sender_read(log, line->from);
	/* the same message once more, or another that got its id */
	if (join != NULL &&
	    (sender == NULL || !sender_equal(sender, join->sender))) {
		join_close(log, join);
		join = NULL;
	}
	if (join != NULL) {
		join->at = MAX(join->at, at);
		g_queue_unlink(&log->order, &join->link);
		g_queue_push_tail_link(&log->order, &join->link);
		join_mark(log, join);
	} else if (sender != NULL && sender->is_ours) {
		const QueueId id = queue_id_of(line->queue_id);

		join_mark(log,
		    join_open(log, &id, at, g_steal_pointer(&sender)));
		joins_trim(log, at);
	}
}

/* Asked for each delivery, of few relays. */
static bool has_left(FeedLog *log, const MaillogLine *line)
{
	g_autofree char *relay = NULL;
	void *known;

	if (line->relay.len == 0 ||
	    (!maillog_text_is(line->service, "smtp") &&
		!maillog_text_is(line->service, "lmtp")))
		return false;
	relay = g_strndup(line->relay.text, line->relay.len);
	if (!g_hash_table_lookup_extended(log->relays, relay, NULL, &known)) {
		bool left = feed_has_left(log->feed, relay, line->relay.len);

		if (g_hash_table_size(log->relays) >= BOUND_LOG_SENDERS)
			g_hash_table_remove_all(log->relays);
		known = GINT_TO_POINTER(left);
		(void)g_hash_table_insert(log->relays, g_steal_pointer(&relay),
		    known);
	}
	return GPOINTER_TO_INT(known) != 0;
}

/* Deferrals and bounces say something of the recipient where they come from
   his host, or on the way to it. */
static bool is_on_the_way(const MaillogLine *line, bool left)
{
	return left || maillog_text_is(line->relay, "none");
}

static void take_attempt(FeedLog *log, const MaillogLine *line, int64_t at)
{
	Join *join = join_find(log, line->queue_id);
	MaillogText to = line->orig_to.len > 0 ? line->orig_to : line->to;
	g_autofree char *given = NULL;
	Op op = { .kind = OP_ATTEMPT };

	if (join == NULL || line->status == MAILLOG_PROBED ||
	    to.len > BOUND_ADDRESS)
		return;
	op.has_left = has_left(log, line);
	if (line->status != MAILLOG_SENT && !is_on_the_way(line, op.has_left))
		return;
	given = g_strndup(to.text, to.len);
	op.address = address_fold(given, NULL);
	if (op.address == NULL)
		return;
	/* a copy for somebody else, under this recipient's token */
	if (join->sender->recipient_hash != 0 &&
	    join->sender->recipient_hash != address_hash(log, op.address)) {
		g_free(op.address);
		return;
	}
	if (line->status == MAILLOG_SENT && op.has_left) {
		g_autofree char *relay = g_strndup(line->relay.text,
		    line->relay.len);

		feed_prepare(log->feed, op.address, relay);
	}
	op.join = join_ref(join);
	op.at = at;
	op.delay = line->delay;
	op.status = line->status;
	op.original = to;
	op.said = line->said;
	op.dsn = line->dsn;
	op.relay = line->relay;
	g_array_append_val(log->ops, op);
}

static void take_expired(FeedLog *log, const MaillogLine *line, int64_t at)
{
	Join *join = join_find(log, line->queue_id);
	Op op = { .kind = OP_EXPIRE, .at = at };

	if (join == NULL)
		return;
	op.join = join_ref(join);
	g_array_append_val(log->ops, op);
}

bool feed_log_take(FeedLog *log, MaillogClock *clock, const char *text,
    size_t len)
{
	MaillogLine line;
	Join *join;
	int64_t at;

	log->totals.lines++;
	if (!maillog_read(text, MIN(len, BOUND_LOG_READ), &line))
		return false;
	at = maillog_time(clock, &line.stamp);
	log->repeats = at == log->at ? log->repeats + 1 : 1;
	log->at = at;
	at = MIN(at, clock->now);
	switch (line.kind) {
	case MAILLOG_OTHER:
		break;
	case MAILLOG_SENDER:
		take_sender(log, &line, at);
		break;
	case MAILLOG_ATTEMPT:
		take_attempt(log, &line, at);
		break;
	case MAILLOG_EXPIRED:
		take_expired(log, &line, at);
		break;
	case MAILLOG_REMOVED:
		join = join_find(log, line.queue_id);
		if (join != NULL)
			join_close(log, join);
		break;
	}
	return true;
}

/* ---- writing ---- */

/* What is common to all that one transaction writes. */
typedef struct Writing {
	FeedLog *log;
	Store *store;
	int64_t now;
} Writing;

static char *text_of(MaillogText text, size_t max)
{
	return text_utf8(text.len > 0 ? text.text : "", text.len, max);
}

static bool join_store(const Writing *writing, Join *join, GError **error)
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

	if (!store_feed_join(writing->store, writing->log->name, &row, error))
		return false;
	join->is_stored = !writing->log->is_dry_run;
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

	if (!feed_record(writing->log->feed, writing->store, fact, writing->now,
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
	return store_feed_wait(writing->store, writing->log->name,
	    join->id.text, &waiting, error);
}

static bool note_done(const Writing *writing, const Op *op, GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) unknown = NULL;

	if (!op->join->waits || !op->join->is_stored)
		return true;
	if (store_recipient_find(writing->store, 0, op->address, &recipient,
		&unknown))
		return store_feed_unwait(writing->store, writing->log->name,
		    op->join->id.text, recipient.id, error);
	if (g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&unknown));
	return false;
}

static bool write_sent(const Writing *writing, const Op *op, FeedFact *fact,
    GError **error)
{
	FeedTotals *totals = &writing->log->totals;

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
	FeedTotals *totals = &writing->log->totals;

	totals->bounced++;
	fact->kind = FEED_BOUNCED;
	return note_done(writing, op, error) &&
	       (!feed_options(writing->log->feed)->takes_bounces ||
		   record(writing, fact, &totals->counted, error));
}

static bool write_deferred(const Writing *writing, const Op *op, FeedFact *fact,
    GError **error)
{
	const FeedOptions *options = feed_options(writing->log->feed);
	FeedTotals *totals = &writing->log->totals;

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
	FeedLog *log = writing->log;
	g_autoptr(GPtrArray)
	    rows = g_ptr_array_new_with_free_func((GDestroyNotify)waiting_free);

	log->totals.expired++;
	if (!feed_options(log->feed)->takes_bounces || !op->join->is_stored)
		return true;
	if (!store_feed_each_waiting(writing->store, log->name,
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
		if (!record(writing, &fact, &log->totals.counted, error) ||
		    !store_feed_unwait(writing->store, log->name,
			op->join->id.text, row->recipient_id, error))
			return false;
	}
	return true;
}

static bool write_op(const Writing *writing, const Op *op, GError **error)
{
	switch (op->kind) {
	case OP_ATTEMPT:
		return write_attempt(writing, op, error);
	case OP_EXPIRE:
		return write_expired(writing, op, error);
	case OP_PART:
		return !op->join->is_stored ||
		       store_feed_part(writing->store, writing->log->name,
			   op->join->id.text, error);
	}
	g_assert_not_reached();
}

bool feed_log_write(FeedLog *log, Store *store, const FeedPosition *position,
    int64_t now, GError **error)
{
	const Writing writing = { log, store, now };
	FeedPosition reached = *position;

	for (unsigned i = 0; i < log->ops->len; i++)
		if (!write_op(&writing, &g_array_index(log->ops, Op, i), error))
			return false;
	for (unsigned i = 0; i < log->dirty->len; i++) {
		Join *join = g_ptr_array_index(log->dirty, i);

		join->is_dirty = false;
		if (join->is_open && !join_store(&writing, join, error))
			return false;
	}
	if (!feed_flush(log->feed, store, error))
		return false;
	reached.at = log->at;
	reached.repeats = log->repeats;
	return store_feed_save(store, log->name, &reached, &log->totals, error);
}

void feed_log_settle(FeedLog *log)
{
	g_array_set_size(log->ops, 0);
	g_ptr_array_set_size(log->dirty, 0);
}
