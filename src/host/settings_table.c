/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parameters, and what each will have for a value. */

#include "settings_table.h"

#include "address.h"
#include "errors.h"
#include "pause_map.h"
#include "policy.h"
#include "settings.h"
#include "token.h"
#include "units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* pipe(8) runs us in the queue directory, the daemon lives in "/": a relative
   path would mean another file to each. */
static bool check_path(const char *value, GError **error)
{
	return value[0] == '/' ||
	       setting_refuse(error, value, "an absolute path");
}

/* Labels of letters, digits, "-" and "_", as A-labels: anything else would
   be minted, and no mail ever come back. */
static bool check_domain(const char *value, GError **error)
{
	g_autofree char *address = g_strconcat("x@", value, NULL);
	g_autofree char *folded = NULL;
	g_auto(GStrv) labels = NULL;

	if (value[0] != '\0' && strpbrk(value, "@ <>\t") == NULL)
		folded = address_fold(address, NULL);
	if (folded == NULL || g_str_has_suffix(value, "."))
		return setting_refuse(error, value, "a domain");
	labels = g_strsplit(folded + strlen("x@"), ".", 0);
	for (char **label = labels; *label != NULL; label++)
		if ((*label)[0] == '\0' ||
		    (*label)[strspn(*label, "abcdefghijklmnopqrstuvwxyz"
					    "0123456789-_")] != '\0')
			return setting_refuse(error, value, "a domain");
	return true;
}

static bool check_host(const char *value, GError **error)
{
	if (value[0] == '\0' || strpbrk(value, "@ <>\t/") != NULL)
		return setting_refuse(error, value, "a host name");
	return true;
}

static bool check_word(const char *value, GError **error)
{
	if (value[0] == '\0' || strpbrk(value, "@ <>\t+") != NULL)
		return setting_refuse(error, value,
		    "a local part without \"+\"");
	return true;
}

static bool check_sub_address(const char *value, GError **error)
{
	return value[0] == '\0' || check_word(value, error);
}

static bool check_stream(const char *value, GError **error)
{
	return campaign_name_is_valid(value) ||
	       setting_refuse(error, value,
		   "a stream's name (a-z, 0-9, \".\", \"_\", \"-\")");
}

static bool check_glob(const char *value, GError **error)
{
	return value[0] != '\0' || setting_refuse(error, value, "a campaign");
}

/* What stands against the address itself, or is a person's own word, holds in
   every stream. */
static bool check_ignored(const char *value, GError **error)
{
	int cause = cause_from_name(value);

	return (cause >= 0 && (CAUSES_IGNORABLE & CAUSE_BIT(cause)) != 0) ||
	       setting_refuse(error, value,
		   "one of soft, block, held, complaint");
}

static bool class_counts(int class_)
{
	return class_ == VP_CLASS_HARD || class_ == VP_CLASS_SOFT ||
	       class_ == VP_CLASS_BLOCK || class_ == VP_CLASS_COMPLAINT ||
	       class_ == VP_CLASS_UNSUBSCRIBE;
}

static bool check_class(const char *value, GError **error)
{
	return class_counts(vp_class_from_name(value)) ||
	       setting_refuse(error, value,
		   "one of hard, soft, block, complaint, unsubscribe");
}

static bool check_reason(const char *value, GError **error)
{
	int reason = vp_reason_from_name(value);

	return (reason >= 0 &&
		   class_counts((int)
			   vp_reason_class((enum vp_reason)reason))) ||
	       setting_refuse(error, value, "a reason that is counted");
}

/* unix:PATH or inet:HOST:PORT, HOST an address (IPv6 in brackets) or
   "localhost" */
static bool check_listen(const char *value, GError **error)
{
	const char *port = strrchr(value, ':');
	int64_t number;
	char *end = NULL;

	if (g_str_has_prefix(value, "unix:/"))
		return true;
	if (!g_str_has_prefix(value, "inet:") || port < value + 6)
		return setting_refuse(error, value,
		    "unix:/PATH or inet:ADDRESS:PORT");
	if (memchr(value + 5, ':', (size_t)(port - value - 5)) != NULL &&
	    (value[5] != '[' || port[-1] != ']'))
		return setting_refuse(error, value,
		    "inet:[ADDRESS]:PORT, with IPv6 in brackets");
	number = g_ascii_strtoll(port + 1, &end, 10);
	if (!g_ascii_isdigit(port[1]) || *end != '\0' || number < 1 ||
	    number > 65535)
		return setting_refuse(error, value,
		    "unix:/PATH or inet:ADDRESS:PORT");
	/* RFC 2033, 5 */
	if (number == 25)
		return setting_refuse(error, value,
		    "allowed: LMTP must not use port 25");
	return true;
}

static bool check_relay(const char *value, GError **error)
{
	if (value[0] == '\0' || strpbrk(value, "@ <>\t[]/") != NULL)
		return setting_refuse(error, value,
		    "a host, an address or address:port");
	return true;
}

/* WORDS: "this, that". */
static bool check_one_of(const char *value, const char *words, GError **error)
{
	g_auto(GStrv) known = g_strsplit(words, ", ", 0);
	g_autofree char *what = NULL;

	if (g_strv_contains((const char *const *)known, value))
		return true;
	what = g_strconcat("one of ", words, NULL);
	return setting_refuse(error, value, what);
}

static bool check_addresses(const char *value, GError **error)
{
	return check_one_of(value, "plain, hashed", error);
}

static bool check_log(const char *value, GError **error)
{
	return check_one_of(value, "syslog, stderr", error);
}

static bool check_log_level(const char *value, GError **error)
{
	return check_one_of(value, "error, warning, info, debug", error);
}

static bool check_pause(const char *value, GError **error)
{
	return check_one_of(value, "hold, defer", error);
}

static bool check_map(const char *value, GError **error)
{
	if (strpbrk(value, " \t,{}\"$") != NULL)
		return setting_refuse(error, value,
		    "a path that main.cf can name");
	if (pause_map_has(value, TABLE_SQLITE))
		return setting_refuse(error, value,
		    "a table of cdb, lmdb or texthash");
	return value[0] == '\0' || check_path(pause_map_path(value), error);
}

static bool check_failure(const char *value, GError **error)
{
	return check_one_of(value, "defer, accept", error);
}

#define TOP(field)    "", #field
#define MINUTE        60
#define HOUR          3600
#define DAY           SECONDS_PER_DAY
#define YEAR          (365 * (int64_t)SECONDS_PER_DAY)
#define AT(field)     offsetof(Settings, field)
#define POLICY(field) "policy", #field
#define POLICY_AT(f)  offsetof(Policy, f)
#define BREAKER_AT(f) offsetof(BreakerPolicy, f)
#define BREAKER(f)    "breaker", #f
#define STREAM_AT(f)  offsetof(Stream, f)
#define PATTERN_AT(f) offsetof(SettingsPattern, f)
#define RULE          SECTION_POLICY_RULE
#define RULE_AT(f)    offsetof(SettingsPolicy, f)
#define RETRY_AT(f)   offsetof(SettingsProvider, retry.f)

/* clang-format off */
const Setting settings_table[] = {
{ TOP(bounce_domains), SETTING_LIST, AT(bounce_domains), "", 0, 0, check_domain,
  "domains of our return paths; the first is minted, all are understood" },
{ TOP(sub_address), SETTING_STRING, AT(sub_address), "", 0, 0, check_sub_address,
  "every return path is NAME+token@...; empty: the domain is ours alone" },
{ TOP(own_hosts), SETTING_LIST, AT(own_hosts), NULL, 0, 0, check_host,
  "names Postfix here reports under: its myhostname" },
{ TOP(store), SETTING_STRING, AT(store), STATEDIR "/verpd.db", 0, 0, check_path,
  "the suppression store" },
{ TOP(keys), SETTING_STRING, AT(keys), CONFDIR "/keys", 0, 0, check_path,
  "the signing keys, one id:base64 a line" },
{ TOP(addresses), SETTING_STRING, AT(addresses), "plain", 0, 0, check_addresses,
  "how the store keeps addresses: plain, or hashed; chosen once, before init" },
{ TOP(address_key), SETTING_STRING, AT(address_key), CONFDIR "/address.key", 0, 0, check_path,
  "the key of hashed addresses, which is in no store and no backup" },
{ TOP(rules), SETTING_LIST, AT(rules), RULESDIR " " CONFDIR "/rules.d", 0, 0, check_path,
  "directories of *.rules files; later rules override earlier ones" },

{ TOP(listen), SETTING_LIST, AT(listen), "unix:/run/verpd/lmtp", 0, 0, check_listen,
  "where LMTP is spoken: unix:/PATH or inet:ADDRESS:PORT" },
{ TOP(listen_mode), SETTING_MODE, AT(listen_mode), "0660", 0, 0777, NULL,
  "permissions of a unix socket" },
{ TOP(listen_group), SETTING_STRING, AT(listen_group), "", 0, 0, NULL,
  "group of a unix socket; empty leaves it" },
{ TOP(map_listen), SETTING_LIST, AT(map_listen), "", 0, 0, check_listen,
  "where Postfix asks its socketmaps; empty: nowhere" },
{ TOP(policy_listen), SETTING_LIST, AT(policy_listen), "", 0, 0, check_listen,
  "where smtpd(8) asks the policy service; empty: nowhere" },
{ TOP(map_connection_limit), SETTING_INTEGER, AT(map_connection_limit), "400", 1, 10000, NULL,
  "Postfix processes that may hold a connection to ask on" },
{ TOP(allow_remote), SETTING_BOOL, AT(allow_remote), "false", 0, 0, NULL,
  "listen on addresses other than loopback, too" },
{ TOP(hostname), SETTING_STRING, AT(hostname), NULL, 0, 0, check_host,
  "the name in the LMTP greeting" },
{ TOP(message_size_limit), SETTING_SIZE, AT(message_size_limit), "0", 0, INT64_MAX, NULL,
  "octets of a message offered as SIZE; 0: no limit" },
{ TOP(connection_limit), SETTING_INTEGER, AT(connection_limit), "100", 1, 10000, NULL,
  "LMTP sessions at a time" },
{ TOP(command_timeout), SETTING_DURATION, AT(command_timeout), "300s", 1, DAY, NULL,
  "longest wait for the next command" },
{ TOP(data_timeout), SETTING_DURATION, AT(data_timeout), "180s", 1, DAY, NULL,
  "longest wait inside a message" },
{ TOP(session_timeout), SETTING_DURATION, AT(session_timeout), "600s", 1, DAY, NULL,
  "longest time one transaction may take" },
{ TOP(workers), SETTING_INTEGER, AT(workers), "0", 0, 256, NULL,
  "threads that analyse messages; 0: one for each core" },
{ TOP(batch), SETTING_INTEGER, AT(batch), "256", 1, 10000, NULL,
  "messages that may share one disk sync" },
{ TOP(busy_timeout), SETTING_DURATION, AT(busy_timeout), "5s", 0, 5 * MINUTE, NULL,
  "wait for a store that another process has locked" },
{ TOP(deliver_timeout), SETTING_DURATION, AT(deliver_timeout), "60s", 1, 15 * MINUTE, NULL,
  "verpctl deliver gives up after this; far below command_time_limit of pipe(8)" },

{ TOP(bounce_lifetime), SETTING_DURATION, AT(bounce_lifetime), "30d", HOUR, 10 * YEAR, NULL,
  "age at which a return path no longer counts for bounces" },
{ TOP(complaint_lifetime), SETTING_DURATION, AT(complaint_lifetime), "1y", HOUR, 10 * YEAR, NULL,
  "the same for complaints and unsubscriptions" },
{ TOP(delivery_key_retention), SETTING_DURATION, AT(delivery_key_retention), "60d", HOUR, 10 * YEAR, NULL,
  "how long a report is known again when it comes twice" },
{ TOP(forged_per_source), SETTING_INTEGER, AT(forged_per_source), "60", 1, 1000000, NULL,
  "forged reports of one source recorded one by one in an hour" },
{ TOP(forged_total), SETTING_INTEGER, AT(forged_total), "600", 1, 1000000, NULL,
  "forged reports of all sources recorded one by one in an hour" },
{ TOP(quarantine_retention), SETTING_DURATION, AT(quarantine_retention), "30d", HOUR, 10 * YEAR, NULL,
  "how long a message that waits for review is kept" },
{ TOP(quarantine_size), SETTING_SIZE, AT(quarantine_size), "64m", 0, INT64_C(1) << 40, NULL,
  "how much of such messages; the oldest go first, 0: keep none" },
{ TOP(event_retention), SETTING_DURATION, AT(event_retention), "2y", 0, 100 * YEAR, NULL,
  "how long bounces, complaints and unsubscriptions are kept that nothing rests on; 0: for ever" },
{ TOP(reply_retention), SETTING_DURATION, AT(reply_retention), "90d", 0, 100 * YEAR, NULL,
  "the same for replies, delays, receipts and deliveries" },
{ TOP(unknown_retention), SETTING_DURATION, AT(unknown_retention), "180d", 0, 100 * YEAR, NULL,
  "the same for what was not understood" },
{ TOP(recipient_retention), SETTING_DURATION, AT(recipient_retention), "2y", 0, 100 * YEAR, NULL,
  "an address of which nothing is known is forgotten so long after its last mail; 0: never" },
{ TOP(forged_retention), SETTING_DURATION, AT(forged_retention), "30d", 0, 100 * YEAR, NULL,
  "how long forged reports are kept; 0: for ever" },
{ TOP(rule_hit_retention), SETTING_DURATION, AT(rule_hit_retention), "2y", 0, 100 * YEAR, NULL,
  "hits of a rule are forgotten so long after its last; 0: never" },
{ TOP(feed_retention), SETTING_DURATION, AT(feed_retention), "30d", 2 * DAY, 100 * YEAR, NULL,
  "how long mail is waited for that the log says is under way" },

{ TOP(default_stream), SETTING_STRING, AT(default_stream), "marketing", 0, 0, check_stream,
  "the stream of campaigns that no stream section names" },
{ TOP(mail_log), SETTING_STRING, AT(mail_log), "/var/log/mail.log", 0, 0, check_path,
  "Postfix's log, for verpctl ingest-log" },
{ TOP(feed_inner_relays), SETTING_LIST, AT(feed_inner_relays), "127.* ::1 localhost", 0, 0, check_relay,
  "what these took in has not arrived: filters, relays that hand mail on" },
{ TOP(feed_deferred_after), SETTING_DURATION, AT(feed_deferred_after), "0", 0, YEAR, NULL,
  "deferrals of mail so old are soft bounces, one a day and address; 0: none is" },
{ TOP(feed_bounces), SETTING_BOOL, AT(feed_bounces), "false", 0, 0, NULL,
  "bounces in the log count, too: only where reports do not come here" },

{ TOP(enforce_failure), SETTING_STRING, AT(enforce_failure), "defer", 0, 0, check_failure,
  "campaign mail when nobody can be asked: defer or accept" },
{ TOP(pause_action), SETTING_STRING, AT(pause_action), "hold", 0, 0, check_pause,
  "mail of a paused campaign: hold or defer" },
{ TOP(pause_map), SETTING_STRING, AT(pause_map), "", 0, 0, check_map,
  "a table of paused campaigns, for Postfix: a path, or cdb:path; empty: none" },
{ TOP(campaigns), SETTING_LIST, AT(campaigns), "*", 0, 0, check_glob,
  "names that are campaigns of ours: others are not signed; \"*\" and \"?\" match" },
{ TOP(log), SETTING_STRING, AT(log), "syslog", 0, 0, check_log,
  "where the daemon logs: syslog or stderr" },
{ TOP(log_level), SETTING_STRING, AT(log_level), "info", 0, 0, check_log_level,
  "error, warning, info or debug" },

{ POLICY(threshold), SETTING_FRACTION, POLICY_AT(threshold), NULL, 0, 1, NULL,
  "confidence below which nothing is suppressed" },
{ POLICY(soft_limit), SETTING_INTEGER, POLICY_AT(soft_limit), NULL, 1, POLICY_HITS_MAX, NULL,
  "soft bounces that suppress" },
{ POLICY(soft_days), SETTING_INTEGER, POLICY_AT(soft_days), NULL, 1, POLICY_HITS_MAX, NULL,
  "different days they must have come on" },
{ POLICY(soft_window), SETTING_DURATION, POLICY_AT(soft_window), NULL, HOUR, 10 * YEAR, NULL,
  "time within which they must have come" },
{ POLICY(disabled_limit), SETTING_INTEGER, POLICY_AT(disabled_limit), NULL, 1, POLICY_HITS_MAX, NULL,
  "soft bounces of reason disabled that suppress" },
{ POLICY(ladder), SETTING_LADDER, POLICY_AT(ladder), NULL, 0, 0, NULL,
  "how long each soft suppression lasts, one after the other" },
{ POLICY(decay), SETTING_DURATION, POLICY_AT(decay), NULL, 0, 10 * YEAR, NULL,
  "a rung over for this long without a bounce counts one less; 0: never" },
{ POLICY(block_hold), SETTING_DURATION, POLICY_AT(block_hold), NULL, 0, YEAR, NULL,
  "how long a block suppresses; 0: it is recorded only" },
{ POLICY(hard_window), SETTING_DURATION, POLICY_AT(hard_window), NULL, HOUR, 10 * YEAR, NULL,
  "time within which a doubtful hard bounce is confirmed by another" },
{ POLICY(hard_hold), SETTING_BOOL, POLICY_AT(hard_hold), NULL, 0, 0, NULL,
  "whether hard bounces suppress; otherwise they are recorded only" },
{ POLICY(complaint_hold), SETTING_BOOL, POLICY_AT(complaint_hold), NULL, 0, 0, NULL,
  "the same for complaints" },
{ POLICY(unsubscribe_hold), SETTING_BOOL, POLICY_AT(unsubscribe_hold), NULL, 0, 0, NULL,
  "the same for unsubscriptions" },

{ RULE, "class", SETTING_LIST, RULE_AT(classes), "", 0, 0, check_class,
  "hard, soft, block, complaint, unsubscribe: bounces of these" },
{ RULE, "reason", SETTING_LIST, RULE_AT(reasons), "", 0, 0, check_reason,
  "and of these reasons; none: all" },
{ RULE, "provider", SETTING_LIST, RULE_AT(providers), "", 0, 0, check_glob,
  "at these providers; none: all.  \"*\" and \"?\" match" },
{ RULE, "limit", SETTING_INTEGER, RULE_AT(limit), NULL, 0, POLICY_HITS_MAX, NULL,
  "so many suppress; 0: they are recorded only" },
{ RULE, "days", SETTING_INTEGER, RULE_AT(days), NULL, 1, POLICY_HITS_MAX, NULL,
  "different days they must have come on" },
{ RULE, "window", SETTING_DURATION, RULE_AT(window), NULL, HOUR, 10 * YEAR, NULL,
  "time within which they must have come" },
{ RULE, "ladder", SETTING_LADDER, RULE_AT(ladder), NULL, 0, 0, NULL,
  "how long each suppression lasts, one after the other" },
{ RULE, "continue", SETTING_BOOL, RULE_AT(continues), "false", 0, 0, NULL,
  "what is not enough here is counted by the next that matches, too" },

{ "provider", "retry", SETTING_LADDER, RETRY_AT(waits), NULL, 0, YEAR, NULL,
  "waits advised after the first soft bounce in a row, the second..." },
{ "provider", "full_retry", SETTING_LADDER, RETRY_AT(full_waits), NULL, 0, YEAR, NULL,
  "the same where the mailbox is full or switched off" },

{ "breaker", "enabled", SETTING_BOOL, BREAKER_AT(is_on), NULL, 0, 0, NULL,
  "hold hard bounces of a receiver that suddenly refuses many" },
{ BREAKER(window), SETTING_DURATION, BREAKER_AT(window), NULL, HOUR, 7 * DAY, NULL,
  "judge what it refused in this time" },
{ BREAKER(long_window), SETTING_DURATION, BREAKER_AT(long_window), NULL, HOUR, 7 * DAY, NULL,
  "and in this, for what comes slowly" },
{ BREAKER(baseline), SETTING_DURATION, BREAKER_AT(baseline), NULL, DAY, 90 * DAY, NULL,
  "against windows of this much time before" },
{ BREAKER(minimum), SETTING_INTEGER, BREAKER_AT(minimum), NULL, 1, 1000000, NULL,
  "recipients refused within a window, at least" },
{ BREAKER(first), SETTING_INTEGER, BREAKER_AT(first), NULL, 1, 1000000, NULL,
  "the same while nothing is there to compare with" },
{ BREAKER(factor), SETTING_INTEGER, BREAKER_AT(factor), NULL, 2, 100, NULL,
  "so many times what is usual opens a breaker" },
{ BREAKER(floor), SETTING_FRACTION, BREAKER_AT(floor), NULL, 0, 1, NULL,
  "share of refused that is usual anywhere, where deliveries are known" },
{ BREAKER(ceiling), SETTING_FRACTION, BREAKER_AT(ceiling), NULL, 0, 1, NULL,
  "so much more than usual opens it in any case" },
{ BREAKER(recall), SETTING_DURATION, BREAKER_AT(recall), NULL, HOUR, 7 * DAY, NULL,
  "hold what it refused in this time before it opened, too" },
{ BREAKER(hold), SETTING_DURATION, BREAKER_AT(hold), NULL, HOUR, 90 * DAY, NULL,
  "how long what is held is not mailed" },
{ BREAKER(close_after), SETTING_DURATION, BREAKER_AT(close_after), NULL, HOUR, 7 * DAY, NULL,
  "close when nothing was unusual for this time" },
{ BREAKER(close_factor), SETTING_INTEGER, BREAKER_AT(close_factor), NULL, 1, 100, NULL,
  "so many times what is usual is no longer unusual" },
{ BREAKER(learn), SETTING_DURATION, BREAKER_AT(learn), NULL, DAY, 90 * DAY, NULL,
  "then the hours of an open breaker are usual, too" },
{ "breaker", "mark_campaigns", SETTING_BOOL, BREAKER_AT(is_campaign_on), NULL, 0, 0, NULL,
  "mark campaigns for pause that are suddenly blocked" },
{ BREAKER(campaign_minimum), SETTING_INTEGER, BREAKER_AT(campaign_minimum), NULL, 1, 1000000, NULL,
  "messages of a campaign blocked within a window, at least" },
{ "breaker", "pause_campaigns", SETTING_BOOL, BREAKER_AT(is_pause_on), NULL, 0, 0, NULL,
  "pause campaigns of which too much comes back" },
{ BREAKER(pause_minimum), SETTING_INTEGER, BREAKER_AT(pause_minimum), NULL, 1, 1000000, NULL,
  "recipients a campaign went to, at least" },
{ BREAKER(pause_hits), SETTING_INTEGER, BREAKER_AT(pause_hits), NULL, 1, 1000000, NULL,
  "bounces, blocks or complaints, at least" },
{ BREAKER(pause_hard), SETTING_FRACTION, BREAKER_AT(pause_hard), NULL, 0, 1, NULL,
  "share of hard bounces that pauses it; 0: none does" },
{ BREAKER(pause_complaint), SETTING_FRACTION, BREAKER_AT(pause_complaint), NULL, 0, 1, NULL,
  "the same of complaints" },
{ BREAKER(pause_block), SETTING_FRACTION, BREAKER_AT(pause_block), NULL, 0, 1, NULL,
  "the same of blocks" },
{ BREAKER(pause_window), SETTING_DURATION, BREAKER_AT(pause_window), NULL, HOUR, 30 * DAY, NULL,
  "what is judged: the last so much" },

{ "stream", "campaigns", SETTING_LIST, STREAM_AT(campaigns), "", 0, 0, check_glob,
  "campaigns of this stream; \"*\" and \"?\" match" },
{ "stream", "complaint_exempt", SETTING_BOOL, STREAM_AT(is_exempt), "false", 0, 0, NULL,
  "complaints do not suppress in this stream" },
{ "stream", "ignore", SETTING_LIST, STREAM_AT(ignore), "", 0, 0, check_ignored,
  "what else does not: soft, block, held; complaint is complaint_exempt" },

{ "pattern", "regex", SETTING_STRING, PATTERN_AT(regex), NULL, 0, 0, NULL,
  "PCRE2 on the local part; absent: the built-in of the section's name" },
{ "pattern", "trusted", SETTING_BOOL, PATTERN_AT(is_trusted), "false", 0, 0, NULL,
  "reports to such addresses count although nothing proves them" },
};
/* clang-format on */
const unsigned settings_table_len = G_N_ELEMENTS(settings_table);

const Setting *setting_find(const char *section, const char *name)
{
	for (unsigned i = 0; i < settings_table_len; i++)
		if (strcmp(settings_table[i].section, section) == 0 &&
		    strcmp(settings_table[i].name, name) == 0)
			return &settings_table[i];
	return NULL;
}
