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
#include "log_join.h"
#include "log_op.h"
#include "siphash.h"
#include "text.h"
#include "units.h"

#include <string.h>

enum { JOIN_SECONDS = SECONDS_PER_DAY };

struct FeedLog {
	Feed *feed;
	const Judge *judge;
	char *name;
	uint8_t key[SIPHASH_KEY];
	JoinTable *joins;
	GPtrArray *dirty;    /* of Join; each a reference */
	GArray *ops;         /* of Op */
	GHashTable *senders; /* of Sender, by address: no signed ones */
	GHashTable *relays;  /* has it left?  by relay */
	FeedTotals totals;
	uint64_t handed_on;
	int64_t at;
	int64_t repeats;
	bool is_dry_run;
};

/* ---- joins ---- */

/* Out of the table; the store forgets it with the next transaction. */
static void join_close(FeedLog *log, Join *join)
{
	Op part = { .kind = OP_PART, .join = join_ref(join) };

	g_array_append_val(log->ops, part);
	join_table_remove(log->joins, join);
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
	Join *oldest;

	while ((oldest = join_table_oldest(log->joins)) != NULL) {
		if (oldest->at > now - JOIN_SECONDS &&
		    join_table_size(log->joins) <= BOUND_LOG_JOINS)
			return;
		join_close(log, oldest);
	}
}

/* ---- the feed ---- */

FeedLog *feed_log_new(Feed *feed, const char *name, bool is_dry_run)
{
	FeedLog *log = g_new0(FeedLog, 1);

	log->feed = feed;
	log->judge = feed_judge(feed);
	log->name = g_strdup(name);
	log->is_dry_run = is_dry_run;
	log->joins = join_table_new();
	log->dirty = g_ptr_array_new_with_free_func((GDestroyNotify)join_unref);
	log->ops = g_array_new(FALSE, FALSE, sizeof(Op));
	g_array_set_clear_func(log->ops, (GDestroyNotify)op_clear);
	log->senders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    (GDestroyNotify)sender_free);
	log->relays = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	log->at = INT64_MIN;
	return log;
}

void feed_log_free(FeedLog *log)
{
	if (log == NULL)
		return;
	g_array_unref(log->ops);
	g_ptr_array_unref(log->dirty);
	join_table_free(log->joins);
	g_hash_table_unref(log->senders);
	g_hash_table_unref(log->relays);
	g_free(log->name);
	g_free(log);
}

static bool load_join(const FeedJoin *row, void *data)
{
	FeedLog *log = data;
	const MaillogText id = { row->queue_id, strlen(row->queue_id) };
	Sender *sender = g_new0(Sender, 1);
	Join *join;

	*sender = (Sender){ .is_ours = true,
		.campaign = g_strdup(row->campaign),
		.campaign_id = row->campaign_id,
		.recipient_id = row->recipient_id,
		.recipient_hash = row->recipient_hash,
		.token_day = row->token_day,
		.trust = row->trust };
	join = join_table_add(log->joins, id, row->at, sender);
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

uint64_t feed_log_handed_on(const FeedLog *log)
{
	return log->handed_on;
}

unsigned feed_log_joins(const FeedLog *log)
{
	return join_table_size(log->joins);
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

/* ---- lines ---- */

static void take_sender(FeedLog *log, const MaillogLine *line, int64_t at)
{
	Join *join = join_table_find(log->joins, line->queue_id);
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
		join_table_touch(log->joins, join, at);
		join_mark(log, join);
	} else if (sender != NULL && sender->is_ours) {
		join_mark(log, join_table_add(log->joins, line->queue_id, at,
				   g_steal_pointer(&sender)));
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
	Join *join = join_table_find(log->joins, line->queue_id);
	MaillogText to = line->orig_to.len > 0 ? line->orig_to : line->to;
	g_autofree char *given = NULL;
	Op op = { .kind = OP_ATTEMPT };

	if (join == NULL || line->status == MAILLOG_PROBED ||
	    to.len > BOUND_ADDRESS)
		return;
	op.has_left = has_left(log, line);
	log->handed_on += line->status == MAILLOG_SENT && !op.has_left;
	if (line->status != MAILLOG_SENT && !is_on_the_way(line, op.has_left))
		return;
	given = g_strndup(to.text, to.len);
	op.address = address_fold_unquoted(given);
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
	Join *join = join_table_find(log->joins, line->queue_id);
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
		join = join_table_find(log->joins, line.queue_id);
		if (join != NULL)
			join_close(log, join);
		break;
	}
	return true;
}

/* ---- writing ---- */

bool feed_log_write(FeedLog *log, Store *store, const FeedPosition *position,
    int64_t now, GError **error)
{
	const Writing writing = { .feed = log->feed,
		.store = store,
		.name = log->name,
		.totals = &log->totals,
		.now = now,
		.is_dry_run = log->is_dry_run };
	FeedPosition reached = *position;

	for (unsigned i = 0; i < log->ops->len; i++)
		if (!op_write(&writing, &g_array_index(log->ops, Op, i), error))
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
