/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The counts are written now and then: a crash loses those of some seconds,
   and no answer waits for them. */

#include "campaigns.h"

#include "clock.h"

/* So many campaigns are written in one transaction. */
enum { WRITE_AT_ONCE = 200 };

/* Longer reasons are cut: they become part of a reply. */
enum { WHY_MAX = 120 };

typedef struct Accepted {
	char *name;
	char *stream;
	uint64_t n;
} Accepted;

struct Campaigns {
	Recorder *recorder;
	GHashTable *paused;  /* name to reason */
	GHashTable *by_name; /* to StoreCampaign: asked for since the refresh */
	GHashTable *by_id;   /* the same ones */
	GMutex lock;         /* of what follows */
	GHashTable *accepted; /* of Accepted, by name */
	bool is_asked;        /* the recorder is to come for them */
};

static void accepted_free(gpointer data)
{
	Accepted *accepted = data;

	g_free(accepted->name);
	g_free(accepted->stream);
	g_free(accepted);
}

static void store_campaign_free(gpointer data)
{
	store_campaign_clear(data);
	g_free(data);
}

Campaigns *campaigns_new(Recorder *recorder)
{
	Campaigns *campaigns = g_new0(Campaigns, 1);

	campaigns->recorder = recorder;
	campaigns->paused = g_hash_table_new_full(g_str_hash, g_str_equal,
	    g_free, g_free);
	campaigns->by_name = g_hash_table_new_full(g_str_hash, g_str_equal,
	    NULL, store_campaign_free);
	campaigns->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_mutex_init(&campaigns->lock);
	campaigns->accepted = g_hash_table_new_full(g_str_hash, g_str_equal,
	    NULL, accepted_free);
	return campaigns;
}

void campaigns_free(Campaigns *campaigns)
{
	if (campaigns == NULL)
		return;
	g_hash_table_unref(campaigns->paused);
	g_hash_table_unref(campaigns->by_id);
	g_hash_table_unref(campaigns->by_name);
	g_hash_table_unref(campaigns->accepted);
	g_mutex_clear(&campaigns->lock);
	g_free(campaigns);
}

/* ---- paused ---- */

/* As it may stand in a reply: one line of ASCII. */
static char *one_line(const char *why)
{
	char *line = g_strndup(why, WHY_MAX);

	for (char *c = line; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return line;
}

static bool take_paused(const CampaignRow *row, void *data)
{
	GHashTable *paused = data;

	(void)g_hash_table_insert(paused, g_strdup(row->name),
	    one_line(row->paused_why));
	return true;
}

bool campaigns_refresh(Campaigns *campaigns, Store *store, GError **error)
{
	GHashTable *paused = g_hash_table_new_full(g_str_hash, g_str_equal,
	    g_free, g_free);

	if (!store_each_campaign(store, true, take_paused, paused, error)) {
		g_hash_table_unref(paused);
		return false;
	}
	g_hash_table_unref(campaigns->paused);
	campaigns->paused = paused;
	g_hash_table_remove_all(campaigns->by_id);
	g_hash_table_remove_all(campaigns->by_name);
	return true;
}

const char *campaigns_paused(const Campaigns *campaigns, const char *name)
{
	return g_hash_table_lookup(campaigns->paused, name);
}

/* ---- known ---- */

const StoreCampaign *campaigns_find(Campaigns *campaigns, Store *store,
    int64_t id, const char *name, GError **error)
{
	StoreCampaign *found = id != 0
				   ? g_hash_table_lookup(campaigns->by_id, &id)
				   : g_hash_table_lookup(campaigns->by_name,
					 name);

	if (found != NULL)
		return found;
	found = g_new0(StoreCampaign, 1);
	if (!store_campaign_find(store, id, name, found, error)) {
		g_free(found);
		return NULL;
	}
	(void)g_hash_table_replace(campaigns->by_id, &found->id, found);
	(void)g_hash_table_replace(campaigns->by_name, found->name, found);
	return found;
}

/* ---- accepted ---- */

/* Under the lock. */
static void add(Campaigns *campaigns, const char *name, const char *stream,
    uint64_t n)
{
	Accepted *accepted = g_hash_table_lookup(campaigns->accepted, name);

	if (accepted == NULL) {
		accepted = g_new0(Accepted, 1);
		accepted->name = g_strdup(name);
		accepted->stream = g_strdup(stream);
		(void)g_hash_table_insert(campaigns->accepted, accepted->name,
		    accepted);
	}
	accepted->n += n;
}

void campaigns_accepted(Campaigns *campaigns, const char *name,
    const char *stream)
{
	g_mutex_lock(&campaigns->lock);
	add(campaigns, name, stream, 1);
	g_mutex_unlock(&campaigns->lock);
}

static GPtrArray *take_some(Campaigns *campaigns, bool *ret_more)
{
	GPtrArray *taken = g_ptr_array_new_with_free_func(accepted_free);
	GHashTableIter iter;
	void *key, *value;

	g_mutex_lock(&campaigns->lock);
	g_hash_table_iter_init(&iter, campaigns->accepted);
	while (taken->len < WRITE_AT_ONCE &&
	       g_hash_table_iter_next(&iter, &key, &value)) {
		g_hash_table_iter_steal(&iter);
		g_ptr_array_add(taken, value);
	}
	*ret_more = g_hash_table_size(campaigns->accepted) > 0;
	campaigns->is_asked = *ret_more;
	g_mutex_unlock(&campaigns->lock);
	return taken;
}

static void put_back(Campaigns *campaigns, const GPtrArray *taken)
{
	g_mutex_lock(&campaigns->lock);
	for (unsigned i = 0; i < taken->len; i++) {
		const Accepted *one = taken->pdata[i];

		add(campaigns, one->name, one->stream, one->n);
	}
	campaigns->is_asked = false;
	g_mutex_unlock(&campaigns->lock);
}

/* A RecorderChore. */
static bool write_accepted(void *data, Store *store, bool *ret_more,
    GError **error)
{
	Campaigns *campaigns = data;
	int64_t now = clock_now();
	g_autoptr(GPtrArray) taken = take_some(campaigns, ret_more);
	bool ok = store_begin(store, error);

	for (unsigned i = 0; ok && i < taken->len; i++) {
		const Accepted *one = taken->pdata[i];

		ok = store_campaign_accepted(store, one->name, one->stream, now,
		    one->n, error);
	}
	ok = ok && store_commit(store, error);
	if (!ok) {
		store_rollback(store);
		put_back(campaigns, taken);
		*ret_more = false;
	}
	return ok;
}

void campaigns_flush(Campaigns *campaigns)
{
	bool is_due;

	g_mutex_lock(&campaigns->lock);
	is_due = !campaigns->is_asked &&
		 g_hash_table_size(campaigns->accepted) > 0;
	campaigns->is_asked = campaigns->is_asked || is_due;
	g_mutex_unlock(&campaigns->lock);
	if (is_due)
		recorder_chore(campaigns->recorder, write_accepted, campaigns);
}
