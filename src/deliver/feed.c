/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One fact of a feed, and what follows from it.  All of it goes by the same
   event_decide() and event_write() as a report does, so the policy is the same
   and a recount finds what was done.

   Nothing counts twice.  A delivery that was told of changes nothing when told
   again, for what it clears is clear.  Soft and hard evidence takes the one
   step that its token has, as the report of the same mail would; and for a
   deferral there is a key of address and day. */

#include "feed.h"

#include "address.h"
#include "bounds.h"
#include "deliver_private.h"
#include "delivered.h"
#include "errors.h"
#include "reply.h"
#include "text.h"
#include "units.h"
#include "wildcard.h"

#include <string.h>

enum { CACHED = 10000 };

struct Feed {
	const Judge *judge;
	const FeedOptions *options;
	DeliveredCounts *counts;
	GHashTable *providers; /* of char *, by "host domain" */
	GHashTable *campaigns; /* of char *: names, by id */
};

Feed *feed_new(const Judge *judge, const FeedOptions *options)
{
	Feed *feed = g_new0(Feed, 1);

	feed->judge = judge;
	feed->options = options;
	feed->counts = delivered_counts_new();
	feed->providers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    g_free);
	feed->campaigns = g_hash_table_new_full(g_int64_hash, g_int64_equal,
	    g_free, g_free);
	return feed;
}

void feed_free(Feed *feed)
{
	if (feed == NULL)
		return;
	delivered_counts_free(feed->counts);
	g_hash_table_unref(feed->providers);
	g_hash_table_unref(feed->campaigns);
	g_free(feed);
}

const Judge *feed_judge(const Feed *feed)
{
	return feed->judge;
}

const FeedOptions *feed_options(const Feed *feed)
{
	return feed->options;
}

/* ---- relays ---- */

static bool is_inner(const Feed *feed, const char *name)
{
	for (const char *const *glob = feed->options->inner_relays;
	     glob != NULL && *glob != NULL; glob++)
		if (wildcard_match(*glob, name))
			return true;
	for (char **own = feed->judge->own_hosts; own != NULL && *own != NULL;
	     own++)
		if (domain_equal(*own, name))
			return true;
	return false;
}

/* relay = "none" / "local" / host "[" address "]" ":" port / host "[" path "]"
*/
bool feed_has_left(const Feed *feed, const char *relay, size_t len)
{
	const char *open = memchr(relay, '[', len);
	const char *close = open != NULL ? memchr(open, ']',
					       len - (size_t)(open - relay))
					 : NULL;
	g_autofree char *host = NULL;
	g_autofree char *address = NULL;
	g_autofree char *service = NULL;

	if (close == NULL || open[1] == '/')
		return false;
	host = g_strndup(relay, (size_t)(open - relay));
	address = g_strndup(open + 1, (size_t)(close - open - 1));
	service = g_strdup_printf("%s%.*s", address,
	    (int)(relay + len - close - 1), close + 1);
	return !is_inner(feed, host) && !is_inner(feed, address) &&
	       !is_inner(feed, service);
}

/* ---- who ---- */

/* *RET_FOUND false: nobody of that address, or it is not whom the token means:
   a copy that went to somebody else. */
static bool find_person(Store *store, const FeedFact *fact,
    StoreRecipient *ret_recipient, bool *ret_found, GError **error)
{
	g_autoptr(GError) unknown = NULL;

	*ret_found = store_recipient_find(store,
	    fact->address != NULL ? 0 : fact->recipient_id, fact->address,
	    ret_recipient, &unknown);
	if (*ret_found) {
		*ret_found = fact->recipient_id == 0 ||
			     fact->recipient_id == ret_recipient->id;
		return true;
	}
	if (g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&unknown));
	return false;
}

/* *RET_FOUND false: an id of a campaign that is gone. */
static bool find_campaign(const Feed *feed, Store *store, const FeedFact *fact,
    int64_t now, StoreCampaign *ret_campaign, bool *ret_found, GError **error)
{
	g_autoptr(GError) unknown = NULL;

	*ret_found = true;
	if (fact->campaign[0] != '\0')
		return store_campaign_ensure(store, fact->campaign,
		    judge_stream(feed->judge, fact->campaign), now,
		    ret_campaign, error);
	*ret_found = store_campaign_find(store, fact->campaign_id, NULL,
	    ret_campaign, &unknown);
	if (*ret_found ||
	    g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&unknown));
	return false;
}

/* ---- what it means ---- */

/* "mx.example.org[192.0.2.1]:25" to its host */
static char *host_of(const char *relay)
{
	return g_strndup(relay, strcspn(relay, "["));
}

/* host H[IP] said: REPLY (in reply to RCPT TO command)
   host H[IP] refused to talk to me: REPLY
   The reply, and whether there is one: what has none is Postfix's own word. */
static bool take_reply(const char *said, char **ret_reply)
{
	static const char *const before[] = { " said: ",
		" refused to talk to me: " };

	for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
		const char *found = g_str_has_prefix(said, "host ")
					? strstr(said, before[i])
					: NULL;
		const char *reply, *end;

		if (found == NULL)
			continue;
		reply = found + strlen(before[i]);
		end = g_strrstr(reply, " (in reply to ");
		*ret_reply = end != NULL
				 ? g_strndup(reply, (size_t)(end - reply))
				 : g_strdup(reply);
		return true;
	}
	*ret_reply = g_strdup(said);
	return false;
}

/* As Postfix's own report, to us, would say it. */
static Report *report_of(const Feed *feed, const FeedFact *fact)
{
	const char *domain = token_space_first_domain(feed->judge->tokens);
	Report *report = report_new();
	ReportRecipient *about = report_add_recipient(report);
	g_autofree char *said = text_utf8(fact->said, strlen(fact->said),
	    BOUND_FIELD);
	bool has_reply;

	report->kind = REPORT_DSN;
	if (domain != NULL && *text_or_empty(fact->campaign) != '\0')
		text_take(&report->to,
		    g_strconcat(fact->campaign, "@", domain, NULL));
	about->action = fact->kind == FEED_DELIVERED ? ACTION_RELAYED
						     : ACTION_FAILED;
	text_take(&about->final_recipient,
	    g_strdup(text_or_empty(fact->address)));
	text_take(&about->status, g_strdup(fact->status));
	text_take(&about->remote_mta, host_of(fact->relay));
	g_clear_pointer(&about->diagnostic, g_free);
	has_reply = take_reply(said, &about->diagnostic);
	text_take(&about->diagnostic_type,
	    g_strdup(has_reply ? "smtp" : "x-postfix"));
	about->stage = strstr(said, " refused to talk to me: ") != NULL
			   ? STAGE_CONNECT
			   : reply_stage(said);
	text_take(&about->text, g_steal_pointer(&said));
	return report;
}

static Verdict *verdict_of(const Feed *feed, const Report *report,
    const FeedFact *fact)
{
	Verdict *verdict = rules_judge(feed->judge->rules, report,
	    report_recipient(report, 0), NULL);

	if (fact->kind != FEED_DELIVERED)
		return verdict;
	verdict->class_ = VP_CLASS_DELIVERED;
	verdict->reason = VP_REASON_DELIVERED;
	verdict->confidence = 1.0;
	text_take(&verdict->rule, g_strconcat("feed.", fact->source, NULL));
	return verdict;
}

static const char *action_of(FeedKind kind)
{
	switch (kind) {
	case FEED_DELIVERED:
		return action_name(ACTION_RELAYED);
	case FEED_DEFERRED:
		return action_name(ACTION_DELAYED);
	case FEED_BOUNCED:
	case FEED_EXPIRED:
		return action_name(ACTION_FAILED);
	}
	g_assert_not_reached();
}

/* What is decided and, where it changes something, written. */
static bool write_event(const Feed *feed, Store *store, const FeedFact *fact,
    const Report *report, const Verdict *verdict, const StoreCampaign *campaign,
    const StoreRecipient *recipient, FeedResult *ret_result, GError **error)
{
	const ReportRecipient *about = report_recipient(report, 0);
	g_autoptr(Outcome) outcome = outcome_new(OUTCOME_STORED, "");
	g_autofree char *diagnostic = text_utf8(about->diagnostic,
	    strlen(about->diagnostic), BOUND_DIAGNOSTIC);
	Passage passage;
	Event event = {
		.at = fact->at,
		.recipient_id = recipient->id,
		.campaign_id = campaign->id,
		.token_day = fact->token_day,
		.trust = fact->trust,
		.class_ = verdict->class_,
		.reason = verdict->reason,
		.confidence = verdict->confidence,
		.rule = verdict->rule,
		.source = verdict->source,
		.matched = verdict->matched,
		.status = verdict->status,
		.smtp_code = verdict->smtp_code,
		.action = action_of(fact->kind),
		.provider = verdict->provider,
		.remote_mta = about->remote_mta,
		.diagnostic = diagnostic,
		.via = "",
		.message_id = "",
		.queue_id = fact->queue_id,
		.client = fact->source,
	};

	if (!event_decide(feed->judge, store, &event, campaign->stream,
		fact->trust != TRUST_RECORD, &passage, outcome, error))
		return false;
	if (event_is_idle(&event, &passage) ||
	    (fact->kind != FEED_BOUNCED && event.effect.step == STEP_NONE))
		return true;
	*ret_result = FEED_CHANGED;
	return event_write(store, &event, campaign->stream, &passage, outcome,
	    error);
}

/* ---- deliveries ---- */

/* Not what is younger than the delivery itself: a log may be read late. */
static bool clears_something(const RecipientState *state, int64_t at)
{
	const Effect reset = { .step = STEP_RESET };
	RecipientState after = policy_apply(*state, &reset, at);
	int64_t newest = state_lost(state, &after);

	return newest != INT64_MIN && newest <= at;
}

/* The provider of FACT, lent until the next call. */
static const char *provider_of(Feed *feed, const FeedFact *fact,
    const char *host)
{
	const char *domain = address_domain(fact->address);
	g_autofree char *key = g_strconcat(host, " ",
	    domain != NULL ? domain : "", NULL);
	char *provider = g_hash_table_lookup(feed->providers, key);
	g_autoptr(Report) report = NULL;
	g_autoptr(Verdict) verdict = NULL;

	if (provider != NULL)
		return provider;
	if (g_hash_table_size(feed->providers) >= CACHED)
		g_hash_table_remove_all(feed->providers);
	report = report_of(feed, fact);
	verdict = verdict_of(feed, report, fact);
	provider = g_strdup(verdict->provider);
	(void)g_hash_table_insert(feed->providers, g_steal_pointer(&key),
	    provider);
	return provider;
}

void feed_prepare(Feed *feed, const char *address, const char *relay)
{
	const FeedFact fact = {
		.kind = FEED_DELIVERED,
		.address = address,
		.source = "",
		.status = "",
		.said = "",
		.relay = relay,
	};
	g_autofree char *host = host_of(relay);

	(void)provider_of(feed, &fact, host);
}

/* *RET_NAME is lent until the next call, "" for a campaign that is gone. */
static bool name_campaign(Feed *feed, Store *store, const FeedFact *fact,
    const char **ret_name, GError **error)
{
	g_auto(StoreCampaign) campaign = { 0 };
	char *name;
	bool found;

	*ret_name = fact->campaign;
	if (fact->campaign[0] != '\0')
		return true;
	*ret_name = g_hash_table_lookup(feed->campaigns, &fact->campaign_id);
	if (*ret_name != NULL)
		return true;
	if (!find_campaign(feed, store, fact, 0, &campaign, &found, error))
		return false;
	if (g_hash_table_size(feed->campaigns) >= CACHED)
		g_hash_table_remove_all(feed->campaigns);
	name = g_strdup(text_or_empty(campaign.name));
	(void)g_hash_table_insert(feed->campaigns,
	    g_memdup2(&fact->campaign_id, sizeof(fact->campaign_id)), name);
	*ret_name = name;
	return true;
}

static bool count_delivered(Feed *feed, Store *store, const FeedFact *fact,
    GError **error)
{
	g_autofree char *host = host_of(fact->relay);
	const char *campaign;

	if (!name_campaign(feed, store, fact, &campaign, error))
		return false;
	delivered_counts_add(feed->counts, provider_of(feed, fact, host), host,
	    campaign, fact->at);
	return true;
}

static bool record_delivered(const Feed *feed, Store *store,
    const FeedFact *fact, int64_t now, FeedResult *ret_result, GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	g_auto(StoreCampaign) campaign = { 0 };
	g_autoptr(Report) report = NULL;
	g_autoptr(Verdict) verdict = NULL;
	RecipientState state;
	bool found;

	if (!find_person(store, fact, &recipient, &found, error))
		return false;
	if (!found)
		return true;
	if (!store_load(store, recipient.id, "", &state, error))
		return false;
	if (!clears_something(&state, fact->at))
		return true;
	if (!find_campaign(feed, store, fact, now, &campaign, &found, error))
		return false;
	if (!found)
		return true;
	report = report_of(feed, fact);
	verdict = verdict_of(feed, report, fact);
	return write_event(feed, store, fact, report, verdict, &campaign,
	    &recipient, ret_result, error);
}

/* ---- bounces and deferrals ---- */

/* Once for an address and a day, or for a mail. */
static bool is_first(Store *store, const FeedFact *fact,
    const StoreRecipient *recipient, int64_t now, bool *ret_first,
    GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *text =
	    fact->kind == FEED_DEFERRED
		? g_strdup_printf("feed deferred\n%" G_GINT64_FORMAT
				  "\n%" G_GINT64_FORMAT "\n",
		      recipient->id, day_of(fact->at))
		: g_strdup_printf("feed bounced\n%" G_GINT64_FORMAT
				  "\n%" G_GINT64_FORMAT "\n%s\n%s\n",
		      recipient->id, fact->at, fact->queue_id, fact->status);
	uint8_t key[STORE_KEY];
	gsize len = STORE_KEY;
	bool seen;

	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
	g_checksum_get_digest(sum, key, &len);
	if (!store_seen(store, key, now, &seen, error))
		return false;
	*ret_first = !seen;
	return true;
}

/* Only what is soft: a server that defers us for our own sake says nothing of
   the recipient. */
static bool is_soft_evidence(const Feed *feed, const Verdict *verdict)
{
	return verdict->class_ == VP_CLASS_SOFT &&
	       verdict->confidence >= feed->judge->policy.threshold;
}

static bool record_trouble(const Feed *feed, Store *store, const FeedFact *fact,
    int64_t now, FeedResult *ret_result, GError **error)
{
	g_autoptr(Report) report = report_of(feed, fact);
	g_autoptr(Verdict) verdict = verdict_of(feed, report, fact);
	g_auto(StoreRecipient) recipient = { 0 };
	g_auto(StoreCampaign) campaign = { 0 };
	bool found = true, first;

	if (fact->kind != FEED_BOUNCED && !is_soft_evidence(feed, verdict))
		return true;
	if (!find_campaign(feed, store, fact, now, &campaign, &found, error))
		return false;
	if (!found)
		return true;
	if (fact->recipient_id != 0) {
		if (!find_person(store, fact, &recipient, &found, error))
			return false;
		if (!found)
			return true;
	} else if (!store_recipient_ensure(store, fact->address, fact->original,
		       now, &recipient, error)) {
		return false;
	}
	if (!is_first(store, fact, &recipient, now, &first, error))
		return false;
	return !first || write_event(feed, store, fact, report, verdict,
			     &campaign, &recipient, ret_result, error);
}

bool feed_record(Feed *feed, Store *store, const FeedFact *fact, int64_t now,
    FeedResult *ret_result, GError **error)
{
	*ret_result = FEED_COUNTED;
	switch (fact->kind) {
	case FEED_DELIVERED:
		return record_delivered(feed, store, fact, now, ret_result,
			   error) &&
		       (*ret_result == FEED_CHANGED ||
			   count_delivered(feed, store, fact, error));
	case FEED_DEFERRED:
	case FEED_BOUNCED:
	case FEED_EXPIRED:
		return record_trouble(feed, store, fact, now, ret_result,
		    error);
	}
	g_assert_not_reached();
}

bool feed_flush(Feed *feed, Store *store, GError **error)
{
	return delivered_counts_flush(feed->counts, store, error);
}
