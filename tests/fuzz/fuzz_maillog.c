/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines of a log: each is read, and what is read lies inside it; then all of
   them are joined, whatever order their queue ids come in. */

#include "bounds.h"
#include "feed_log.h"
#include "maillog.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

#define RULE                                                                   \
	"[a]\nmatch = ok\nreason = system\nconfidence = 0.5\nexample = ok\n"

enum { NOW = 1795294382 };

static TokenSpace *space_new(void)
{
	static const char *const domains[] = { "b.test", NULL };
	static const uint8_t epoch[TOKEN_EPOCH] = { 1 };
	static const ForeignPattern patterns[] = { { "postfix", NULL, false } };
	g_autoptr(KeyRing) keys = keyring_parse("-", KEY, strlen(KEY), NULL);

	return token_space_new(&(TokenSpaceSpec){ keys, domains, "", epoch,
				   patterns, G_N_ELEMENTS(patterns) },
	    NULL);
}

static void check_inside(MaillogText text, const char *line, size_t len)
{
	if (text.len == 0)
		return;
	g_assert(text.text >= line && text.text + text.len <= line + len);
}

static void check_line(const char *text, size_t len, MaillogClock *clock)
{
	MaillogLine line;

	if (!maillog_read(text, len, &line)) {
		g_assert(line.kind == MAILLOG_OTHER);
		return;
	}
	check_inside(line.service, text, len);
	check_inside(line.queue_id, text, len);
	check_inside(line.from, text, len);
	check_inside(line.to, text, len);
	check_inside(line.orig_to, text, len);
	check_inside(line.relay, text, len);
	check_inside(line.dsn, text, len);
	check_inside(line.said, text, len);
	g_assert(line.delay >= 0);
	if (line.kind != MAILLOG_OTHER)
		g_assert(line.queue_id.len >= 5 &&
			 line.queue_id.len <= MAILLOG_QUEUE_ID);
	if (line.stamp.year == 0 && !line.stamp.has_zone)
		g_assert(maillog_time(clock, &line.stamp) <=
			 clock->now + 86400);
	else
		(void)maillog_time(clock, &line.stamp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const relays[] = { NULL };
	const FeedOptions options = { .inner_relays = relays };
	static const RuleFile file = { "fuzz", RULE, sizeof(RULE) - 1 };
	Judge *judge = judge_new();
	g_autoptr(Feed) feed = NULL;
	g_autoptr(FeedLog) log = NULL;
	g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
	MaillogClock clock = { .zone = zone, .now = NOW };
	const char *text = (const char *)data;
	size_t lines = 0;

	judge->tokens = space_new();
	judge->rules = rules_new(&file, 1, NULL);
	feed = feed_new(judge, &options);
	log = feed_log_new(feed, "fuzz", false);
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t len = end != NULL ? (size_t)(end - text) : size;

		check_line(text, len, &clock);
		(void)feed_log_take(log, &clock, text, len);
		lines++;
		g_assert(feed_log_joins(log) <= lines);
		size -= MIN(len + 1, size);
		text += len + 1;
	}
	feed_log_settle(log);
	g_clear_pointer(&log, feed_log_free);
	g_clear_pointer(&feed, feed_free);
	judge_unref(judge);
	return 0;
}
