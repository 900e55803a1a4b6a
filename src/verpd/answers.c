/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers, from memory where they are hot, else from a read-only
   connection to the store of this thread's own.  Nothing here writes: whoever
   has no id yet is put on a list that the recorder works off. */
#include "answers.h"

#include "bounds.h"
#include "errors.h"
#include "log.h"
#include "lookups.h"
#include "store.h"

#include <string.h>

/* A store that failed is tried again so often. */
#define RETRY (G_USEC_PER_SEC)

/* How many recipients may wait for an id.  One that finds no room has the
   readable form until it is asked about again. */
enum { WISHES_MAX = 20000 };

/* So many ids are given out in one transaction: some milliseconds. */
enum { WISHES_AT_ONCE = 500 };

typedef struct Wish {
	char *campaign;
	char *stream;
	char *recipient;
} Wish;

struct Answers {
	char *path;
	Recorder *recorder;
	Judge *judge;
	Store *store;      /* or NULL: it failed */
	gint64 retry_at;   /* monotonic */
	bool is_told;      /* of that failure */
	GMutex lock;       /* of what follows */
	GQueue *wishes;    /* of Wish */
	GHashTable *names; /* of those in WISHES, "campaign recipient" */
};

static void wish_free(gpointer data)
{
	Wish *wish = data;

	g_free(wish->campaign);
	g_free(wish->stream);
	g_free(wish->recipient);
	g_free(wish);
}

Answers *answers_new(const Settings *settings, Judge *judge, Recorder *recorder)
{
	Answers *answers = g_new0(Answers, 1);

	answers->path = g_strdup(settings->store);
	answers->recorder = recorder;
	answers->judge = judge_ref(judge);
	g_mutex_init(&answers->lock);
	answers->wishes = g_queue_new();
	answers->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	return answers;
}

void answers_free(Answers *answers)
{
	if (answers == NULL)
		return;
	g_queue_free_full(answers->wishes, wish_free);
	g_hash_table_unref(answers->names);
	g_mutex_clear(&answers->lock);
	judge_unref(answers->judge);
	g_free(answers->path);
	g_free(answers);
}

void answers_judge(Answers *answers, Judge *judge)
{
	judge_unref(answers->judge);
	answers->judge = judge_ref(judge);
}

void answers_stop(Answers *answers)
{
	g_clear_pointer(&answers->store, store_close);
}

/* ---- the store, if it is there ---- */

/* NULL while it cannot be read. */
static Store *store_of(Answers *answers)
{
	g_autoptr(GError) error = NULL;
	gint64 now;

	if (answers->store != NULL)
		return answers->store;
	now = g_get_monotonic_time();
	if (now < answers->retry_at)
		return NULL;
	/* no wait for a lock: in WAL mode a reader meets none */
	answers->store = store_open(answers->path, STORE_READ, 0, &error);
	if (answers->store != NULL) {
		if (answers->is_told)
			log_info("the store can be read again");
		answers->is_told = false;
		return answers->store;
	}
	answers->retry_at = now + RETRY;
	if (!answers->is_told)
		log_warning("questions are answered without the store: %s",
		    error->message);
	answers->is_told = true;
	return NULL;
}

static void store_failed(Answers *answers, const GError *error)
{
	log_warning("questions are answered without the store: %s",
	    error->message);
	answers->is_told = true;
	answers->retry_at = g_get_monotonic_time() + RETRY;
	g_clear_pointer(&answers->store, store_close);
}

/* Whether ERROR of a look-up only says that there is no such thing. */
static void note_failure(Answers *answers, const GError *error)
{
	if (!g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND))
		store_failed(answers, error);
}

/* ---- ids ---- */

static bool grant_wishes(void *data, Store *store, bool *ret_more,
    GError **error);

/* The recorder gives the ids out, when it comes to it. */
static void wish_for(Answers *answers, const char *campaign,
    const char *recipient)
{
	g_autofree char *name = g_strconcat(campaign, " ", recipient, NULL);
	bool is_first;

	g_mutex_lock(&answers->lock);
	is_first = answers->wishes->length == 0;
	if (answers->wishes->length < WISHES_MAX &&
	    g_hash_table_add(answers->names, g_steal_pointer(&name))) {
		Wish *wish = g_new0(Wish, 1);

		wish->campaign = g_strdup(campaign);
		wish->stream = g_strdup(judge_stream(answers->judge, campaign));
		wish->recipient = g_strdup(recipient);
		g_queue_push_tail(answers->wishes, wish);
	}
	g_mutex_unlock(&answers->lock);
	if (is_first)
		recorder_chore(answers->recorder, grant_wishes, answers);
}

static GPtrArray *take_wishes(Answers *answers)
{
	GPtrArray *taken = g_ptr_array_new_with_free_func(wish_free);

	g_mutex_lock(&answers->lock);
	while (taken->len < WISHES_AT_ONCE && answers->wishes->length > 0)
		g_ptr_array_add(taken, g_queue_pop_head(answers->wishes));
	if (answers->wishes->length == 0)
		g_hash_table_remove_all(answers->names);
	g_mutex_unlock(&answers->lock);
	return taken;
}

static bool grant(Store *store, const Wish *wish, int64_t now, GError **error)
{
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };

	return store_campaign_ensure(store, wish->campaign, wish->stream, now,
		   &campaign, error) &&
	       store_recipient_ensure(store, wish->recipient, wish->recipient,
		   now, &recipient, error);
}

/* A RecorderChore. */
static bool grant_wishes(void *data, Store *store, bool *ret_more,
    GError **error)
{
	Answers *answers = data;
	g_autoptr(GPtrArray) wishes = take_wishes(answers);
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	bool ok = store_begin(store, error);

	for (unsigned i = 0; ok && i < wishes->len; i++)
		ok = grant(store, g_ptr_array_index(wishes, i), now, error);
	ok = ok && store_commit(store, error);
	if (!ok)
		store_rollback(store);
	*ret_more = wishes->len == WISHES_AT_ONCE;
	return ok;
}

static bool is_campaign_name(const Judge *judge, const char *campaign)
{
	for (char **glob = judge->campaigns; *glob != NULL; glob++)
		if (g_pattern_match_simple(*glob, campaign))
			return true;
	return false;
}

/* The ids, where both are known and will survive a power loss: an id that does
   not would be given out again, to somebody else. */
static bool find_ids(Answers *answers, const char *campaign,
    const char *recipient, SignIds *ret_ids)
{
	Store *store = store_of(answers);
	g_auto(StoreCampaign) known_campaign = { 0 };
	g_auto(StoreRecipient) known_recipient = { 0 };
	g_autoptr(GError) error = NULL;
	StoreIds durable;

	if (store == NULL)
		return false;
	recorder_durable(answers->recorder, &durable);
	if (!store_campaign_find(store, 0, campaign, &known_campaign, &error) ||
	    !store_recipient_find(store, 0, recipient, &known_recipient,
		&error)) {
		note_failure(answers, error);
		return false;
	}
	*ret_ids = (SignIds){ known_campaign.id, known_recipient.id };
	return known_campaign.id <= durable.campaign &&
	       known_recipient.id <= durable.recipient;
}

static SignNames look(void *data, const char *campaign, const char *recipient,
    SignIds *ret_ids)
{
	Answers *answers = data;

	if (!is_campaign_name(answers->judge, campaign))
		return SIGN_UNKNOWN;
	if (find_ids(answers, campaign, recipient, ret_ids))
		return SIGN_IDS;
	wish_for(answers, campaign, recipient);
	return SIGN_NO_IDS;
}

/* ---- maps ---- */

MapReply answers_look_up(void *data, const char *map, const char *key)
{
	Answers *answers = data;
	const Judge *judge = answers->judge;
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;

	if (strcmp(map, "sign") == 0)
		return map_sign(judge->tokens, look, answers, key, now);
	if (strcmp(map, "token") == 0)
		return map_token(judge->tokens, key,
		    MAX(judge->bounce_lifetime, judge->complaint_lifetime),
		    now);
	return (MapReply){ MAP_PERM,
		g_strdup_printf("verpd has no map \"%s\"", map) };
}

char *answers_decide(void *data, const PolicyRequest *request)
{
	return g_strdup("DUNNO");
}
