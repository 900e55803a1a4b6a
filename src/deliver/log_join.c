/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages of ours in Postfix's queue, by queue id: what is known of each
   from the line that named its sender.  Nothing is read or written here. */

#include "log_join.h"

#include <string.h>

struct JoinTable {
	GHashTable *by_id; /* of Join; owns a reference */
	GQueue order;
};

void sender_free(Sender *sender)
{
	g_free(sender->campaign);
	g_free(sender);
}

Sender *sender_copy(const Sender *sender)
{
	Sender *copy = g_memdup2(sender, sizeof(*sender));

	copy->campaign = g_strdup(sender->campaign);
	return copy;
}

bool sender_equal(const Sender *a, const Sender *b)
{
	return a->is_ours && b->is_ours && a->campaign_id == b->campaign_id &&
	       a->recipient_id == b->recipient_id &&
	       a->recipient_hash == b->recipient_hash &&
	       a->token_day == b->token_day &&
	       g_strcmp0(a->campaign, b->campaign) == 0;
}

Join *join_ref(Join *join)
{
	join->ref_count++;
	return join;
}

void join_unref(Join *join)
{
	if (--join->ref_count > 0)
		return;
	sender_free(join->sender);
	g_free(join);
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

JoinTable *join_table_new(void)
{
	JoinTable *table = g_new0(JoinTable, 1);

	table->by_id = g_hash_table_new_full(queue_id_hash, queue_id_equal,
	    NULL, (GDestroyNotify)join_unref);
	g_queue_init(&table->order);
	return table;
}

void join_table_free(JoinTable *table)
{
	/* the order's links are the joins' own */
	g_hash_table_unref(table->by_id);
	g_free(table);
}

unsigned join_table_size(const JoinTable *table)
{
	return g_hash_table_size(table->by_id);
}

Join *join_table_find(const JoinTable *table, MaillogText id)
{
	const QueueId key = queue_id_of(id);

	return g_hash_table_lookup(table->by_id, &key);
}

Join *join_table_oldest(JoinTable *table)
{
	return g_queue_peek_head(&table->order);
}

Join *join_table_add(JoinTable *table, MaillogText id, int64_t at,
    Sender *sender_take)
{
	Join *join = g_new0(Join, 1);

	join->id = queue_id_of(id);
	join->at = at;
	join->sender = sender_take;
	join->ref_count = 1;
	join->is_open = true;
	join->link.data = join;
	g_queue_push_tail_link(&table->order, &join->link);
	(void)g_hash_table_insert(table->by_id, &join->id, join);
	return join;
}

void join_table_touch(JoinTable *table, Join *join, int64_t at)
{
	join->at = MAX(join->at, at);
	g_queue_unlink(&table->order, &join->link);
	g_queue_push_tail_link(&table->order, &join->link);
}

void join_table_remove(JoinTable *table, Join *join)
{
	g_queue_unlink(&table->order, &join->link);
	join->is_open = false;
	(void)g_hash_table_remove(table->by_id, &join->id);
}
