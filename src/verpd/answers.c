/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers, from memory where they are hot, else from a read-only
   connection to the store of this thread's own.  Nothing here writes: whoever
   has no id yet is put on a list that the recorder works off. */
#include "answers.h"

#include "address.h"
#include "bounds.h"
#include "campaigns.h"
#include "clock.h"
#include "errors.h"
#include "log.h"
#include "lookups.h"
#include "selftest.h"
#include "store.h"
#include "store_reader.h"
#include "units.h"

#include <string.h>

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
	StoreReader *reader;
	Recorder *recorder;
	Watcher *watcher;
	Judge *judge;
	Campaigns *campaigns;
	unsigned ticks;
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

Answers *answers_new(const Settings *settings, Judge *judge, Recorder *recorder,
    Watcher *watcher)
{
	Answers *answers = g_new0(Answers, 1);

	answers->reader = store_reader_new(settings, recorder);
	answers->recorder = recorder;
	answers->watcher = watcher;
	answers->judge = judge_ref(judge);
	answers->campaigns = campaigns_new(recorder);
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
	campaigns_free(answers->campaigns);
	judge_unref(answers->judge);
	store_reader_free(answers->reader);
	g_free(answers);
}

void answers_judge(Answers *answers, Judge *judge)
{
	judge_unref(answers->judge);
	answers->judge = judge_ref(judge);
}

void answers_stop(Answers *answers)
{
	store_reader_close(answers->reader);
}

bool answers_are_looking(const Answers *answers)
{
	return store_reader_is_looking(answers->reader);
}

void answers_let_go(Answers *answers)
{
	store_reader_let_go(answers->reader);
}

/* Whether ERROR of a look-up only says that there is no such thing. */
static void note_failure(Answers *answers, const GError *error)
{
	if (!g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND))
		store_reader_failed(answers->reader, error);
}

/* ---- campaigns ---- */

/* What was accepted is written so often. */
enum { TICKS_TO_WRITE = 3 };

void answers_flush(Answers *answers)
{
	campaigns_flush(answers->campaigns);
}

void answers_tick(Answers *answers)
{
	g_autoptr(GError) error = NULL;
	Store *store;

	store_reader_refresh(answers->reader);
	store = store_reader_store(answers->reader);
	if (store != NULL &&
	    !campaigns_refresh(answers->campaigns, store, &error))
		store_reader_failed(answers->reader, error);
	if (++answers->ticks % TICKS_TO_WRITE == 0)
		answers_flush(answers);
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
	int64_t now = clock_now();
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
   not would be given out again, to somebody else.  From its last use an id is
   kept for recipient_retention and as long as a return path counts; so where
   that began too long ago, the new use must be on record first. */
static bool find_ids(Answers *answers, const char *campaign,
    const char *recipient, SignIds *ret_ids)
{
	Store *store = store_reader_store(answers->reader);
	const StoreCampaign *known_campaign;
	g_auto(StoreRecipient) known_recipient = { 0 };
	g_autoptr(GError) error = NULL;
	StoreIds durable;
	int64_t age;

	if (store == NULL)
		return false;
	recorder_durable(answers->recorder, &durable);
	known_campaign = campaigns_find(answers->campaigns, store, 0, campaign,
	    &error);
	if (known_campaign == NULL || !store_recipient_find(store, 0, recipient,
					  &known_recipient, &error)) {
		note_failure(answers, error);
		return false;
	}
	*ret_ids = (SignIds){ known_campaign->id, known_recipient.id };
	if (known_campaign->id > durable.campaign ||
	    known_recipient.id > durable.recipient)
		return false;
	age = clock_now() - known_recipient.used;
	if (age >= STORE_USE_NOTED)
		wish_for(answers, campaign, recipient);
	return answers->judge->recipient_retention == 0 ||
	       age < answers->judge->recipient_retention;
}

static SignNames look(void *data, const char *campaign, const char *recipient,
    SignIds *ret_ids)
{
	Answers *answers = data;

	if (selftest_names(campaign, recipient))
		return SIGN_NO_IDS; /* and none are wanted */
	if (!is_campaign_name(answers->judge, campaign))
		return SIGN_UNKNOWN;
	if (find_ids(answers, campaign, recipient, ret_ids))
		return SIGN_IDS;
	wish_for(answers, campaign, recipient);
	return SIGN_NO_IDS;
}

/* ---- suppression ---- */

typedef enum Known {
	KNOWN_SENDABLE,
	KNOWN_SUPPRESSED,
	KNOWN_NOT, /* nobody can be asked */
} Known;

/* Whether ADDRESS may be mailed in STREAM; *RET_WHY (g_free() it) says why not,
   for people who read their mail log. */
static Known ask_store(Answers *answers, const char *address,
    const char *stream, char **ret_why)
{
	Store *store = store_reader_store(answers->reader);
	int64_t now = clock_now();
	g_autofree char *folded = address_fold_unquoted(address);
	g_autofree char *hash = NULL;
	g_auto(StoreAnswer) found = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree char *since = NULL;

	*ret_why = NULL;
	if (folded == NULL) /* it is no address: others will say so */
		return KNOWN_SENDABLE;
	if (store == NULL)
		return KNOWN_NOT;
	hash = store_hash(store, folded);
	if (!watcher_asked(answers->watcher, folded, hash))
		return KNOWN_SENDABLE;
	if (!store_answer(store, folded, stream,
		judge_ignored(answers->judge, stream), now, &found, &error)) {
		store_reader_failed(answers->reader, error);
		return KNOWN_NOT;
	}
	if (found.answer.may_send)
		return KNOWN_SENDABLE;
	since = time_format(found.answer.hold.since);
	*ret_why = g_strdup_printf("5.7.1 suppressed by verpd: %s%s since %s",
	    found.answer.scope == ANSWER_DOMAIN ? "domain, " : "",
	    cause_name((Cause)found.answer.cause), since);
	return KNOWN_SUPPRESSED;
}

static bool is_accepting(const Answers *answers)
{
	return strcmp(answers->judge->enforce_failure, "accept") == 0;
}

/* The stream that "NAME.STREAM" or "NAME" asks for, or NULL: MAP is not NAME.
 */
static const char *stream_asked(const Answers *answers, const char *map,
    const char *name)
{
	size_t len = strlen(name);

	if (strncmp(map, name, len) != 0)
		return NULL;
	if (map[len] == '\0')
		return answers->judge->default_stream;
	return map[len] == '.' && map[len + 1] != '\0' ? map + len + 1 : NULL;
}

/* ---- maps ---- */

/* Whether KEY is a whole address: Postfix asks for parts as well, where a table
   is not a socketmap or the admin lists it elsewhere. */
static bool is_address(const char *key)
{
	const char *at = strrchr(key, '@');

	return at != NULL && at != key && at[1] != '\0';
}

/* BEFORE and why, for an address that is not to be mailed in STREAM. */
static MapReply map_refusal(Answers *answers, const char *key,
    const char *stream, const char *before)
{
	g_autofree char *why = NULL;

	if (!is_address(key))
		return (MapReply){ MAP_NOTFOUND, NULL };
	switch (ask_store(answers, key, stream, &why)) {
	case KNOWN_SUPPRESSED:
		return (MapReply){ MAP_OK, g_strconcat(before, why, NULL) };
	case KNOWN_NOT:
		if (!is_accepting(answers))
			return (MapReply){ MAP_TEMP,
				g_strdup("the store cannot be read") };
		break;
	case KNOWN_SENDABLE:
		break;
	}
	return (MapReply){ MAP_NOTFOUND, NULL };
}

MapReply answers_look_up(void *data, const char *map, const char *key)
{
	Answers *answers = data;
	const Judge *judge = answers->judge;
	int64_t now = clock_now();
	const char *stream;

	store_reader_refresh(answers->reader);
	if (strcmp(map, "sign") == 0)
		return map_sign(judge->tokens, look, answers, key, now);
	if (strcmp(map, "token") == 0)
		return map_token(judge->tokens, key,
		    MAX(judge->bounce_lifetime, judge->complaint_lifetime),
		    now);
	/* an access(5) action */
	stream = stream_asked(answers, map, "suppressed");
	if (stream != NULL)
		return map_refusal(answers, key, stream, "550 ");
	/* a transport(5), for mail that never passes smtpd(8) */
	stream = stream_asked(answers, map, "route");
	if (stream != NULL)
		return map_refusal(answers, key, stream, "error:");
	return (MapReply){ MAP_PERM,
		g_strdup_printf("verpd has no map \"%s\"", map) };
}

/* ---- policy ---- */

/* The campaign that SENDER is of: its name and its stream, g_free() both.
   False when it is none of ours, *RET_KNOWN_NOT when only the store could
   tell. */
static bool campaign_of(Answers *answers, const char *sender, char **ret_name,
    char **ret_stream, bool *ret_known_not)
{
	const Judge *judge = answers->judge;
	g_auto(Token) token = { 0 };
	const StoreCampaign *campaign;
	g_autoptr(GError) error = NULL;
	Store *store;

	*ret_known_not = false;
	token_decode(judge->tokens, sender, &token);
	if (token.check == TOKEN_NOT_OURS || token.check == TOKEN_FORGED ||
	    token.check == TOKEN_UNKNOWN ||
	    (token.campaign[0] != '\0' && !selftest_is(&token) &&
		!is_campaign_name(judge, token.campaign)))
		return false;
	store = store_reader_store(answers->reader);
	if (store == NULL) {
		*ret_known_not = true;
		*ret_name = g_strdup(token.campaign);
		*ret_stream = g_strdup(judge_stream(judge, token.campaign));
		return true;
	}
	campaign = campaigns_find(answers->campaigns, store, token.campaign_id,
	    token.campaign[0] != '\0' ? token.campaign : NULL, &error);
	if (campaign != NULL) {
		/* a campaign stays in the stream it began in */
		*ret_name = g_strdup(campaign->name);
		*ret_stream = g_strdup(campaign->stream);
		return true;
	}
	note_failure(answers, error);
	*ret_known_not = store_reader_store(answers->reader) == NULL;
	if (token.campaign[0] == '\0' && !*ret_known_not)
		return false;
	*ret_name = g_strdup(token.campaign);
	*ret_stream = g_strdup(judge_stream(judge, token.campaign));
	return true;
}

/* What is done with mail of campaign NAME, which is not suppressed. */
static char *go_on(Answers *answers, const char *name, const char *stream)
{
	const char *why = campaigns_paused(answers->campaigns, name);
	bool is_deferred = why != NULL &&
			   strcmp(answers->judge->pause_action, "defer") == 0;

	/* it asks and sends nothing */
	if (strcmp(name, SELFTEST_CAMPAIGN) == 0)
		return g_strdup("DUNNO");
	if (is_deferred)
		return g_strdup_printf("451 4.7.1 campaign %s is paused: %s",
		    name, why);
	/* what is held goes out later, or never: it was sent */
	if (name[0] != '\0')
		campaigns_accepted(answers->campaigns, name, stream);
	return why != NULL ? g_strdup_printf("HOLD campaign %s is paused: %s",
				 name, why)
			   : g_strdup("DUNNO");
}

char *answers_decide(void *data, const PolicyRequest *request)
{
	Answers *answers = data;
	g_autofree char *campaign = NULL;
	g_autofree char *stream = NULL;
	g_autofree char *why = NULL;
	bool known_not;
	Known known;

	store_reader_refresh(answers->reader);
	if (strcmp(request->protocol_state, "RCPT") != 0 ||
	    request->sender[0] == '\0' ||
	    !campaign_of(answers, request->sender, &campaign, &stream,
		&known_not))
		return g_strdup("DUNNO");
	known = known_not
		    ? KNOWN_NOT
		    : ask_store(answers, request->recipient, stream, &why);
	switch (known) {
	case KNOWN_SENDABLE:
		break;
	case KNOWN_SUPPRESSED:
		return g_strconcat("550 ", why, NULL);
	case KNOWN_NOT:
		if (!is_accepting(answers))
			return g_strdup("451 4.3.0 verpd cannot read its "
					"store; campaign mail waits");
		break;
	}
	return go_on(answers, campaign, stream);
}
