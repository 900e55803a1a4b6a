/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All the SQL of the store but its schema.  Whatever may be long is asked for
   in chunks that begin after the last row of the one before: (at, id), id, or
   the primary key. */

#include "statements.h"

/* An event's effect is its own, or that of its latest amendment. */
#define AMENDED_JOIN                                                           \
	" LEFT JOIN amendments m ON m.event_id = e.id AND m.audit_id ="        \
	" (SELECT max(audit_id) FROM amendments WHERE event_id = e.id) "
#define EVENT_COLUMNS                                                          \
	"SELECT e.id, e.at, e.recipient_id, e.campaign_id, e.token_day,"       \
	" e.trust, e.class, e.reason, e.confidence, e.rule, e.source,"         \
	" e.matched, e.status, e.smtp_code, e.action, e.provider,"             \
	" e.remote_mta, e.diagnostic, e.via, e.message_id, e.queue_id,"        \
	" e.client, ifnull(m.step, e.step), e.is_disabled,"                    \
	" ifnull(m.hold_until, e.hold_until), ifnull(m.rung, e.rung),"         \
	" e.needs_review, c.name, c.stream, r.address, v.event_id,"            \
	" v.new_event, ifnull(m.is_counted, e.is_counted),"                    \
	" ifnull(m.policy, e.policy), e.confirm, h.breaker_id,"                \
	" m.is_reverted"                                                       \
	" FROM events e "
#define EVENT_JOINS                                                            \
	" CROSS JOIN campaigns c ON c.id = e.campaign_id"                      \
	" CROSS JOIN recipients r ON r.id = e.recipient_id"                    \
	" LEFT JOIN reviews v ON v.event_id = e.id "                           \
	" LEFT JOIN breaker_held h ON h.event_id = e.id " AMENDED_JOIN

/* No amendment took the step from it. */
#define STILL_STANDS                                                           \
	" AND NOT EXISTS (SELECT 1 FROM amendments m"                          \
	" WHERE m.event_id = events.id AND m.step <> events.step"              \
	" AND m.audit_id = (SELECT max(audit_id) FROM amendments"              \
	" WHERE event_id = events.id))"
#define EFFECT_COLUMNS                                                         \
	"SELECT e.id, e.at, c.stream, ifnull(m.step, e.step), e.is_disabled,"  \
	" ifnull(m.hold_until, e.hold_until), ifnull(m.rung, e.rung),"         \
	" ifnull(m.is_counted, e.is_counted), e.reason"

#define AUDIT_COLUMNS                                                          \
	"SELECT a.id, a.at, a.actor, a.action, ifnull(r.address, ''),"         \
	" a.stream, a.cause, a.until, a.reason, a.after_event, a.subject,"     \
	" a.detail"                                                            \
	" FROM audit a LEFT JOIN recipients r ON r.id = a.recipient_id "

#define ENTRY_COLUMNS                                                          \
	"SELECT e.id, e.kind, ifnull(r.address, ''), e.domain, e.subdomains,"  \
	" e.stream, e.overrides, e.since, e.until, e.note, e.recipient_id"     \
	" FROM entries e LEFT JOIN recipients r ON r.id = e.recipient_id "

/* Of recipient R nothing is known, and he was not used since BEFORE. */
#define UNUSED(before)                                                         \
	"max(r.created, r.used) < " before " AND r.soft = ''"                  \
	" AND r.rung = 0 AND r.counts = ''"                                    \
	" AND NOT EXISTS (SELECT 1 FROM events x"                              \
	" WHERE x.recipient_id = r.id)"                                        \
	" AND NOT EXISTS (SELECT 1 FROM suppressions x"                        \
	" WHERE x.recipient_id = r.id)"                                        \
	" AND NOT EXISTS (SELECT 1 FROM audit x"                               \
	" WHERE x.recipient_id = r.id)"                                        \
	" AND NOT EXISTS (SELECT 1 FROM entries x"                             \
	" WHERE x.recipient_id = r.id)"                                        \
	" AND NOT EXISTS (SELECT 1 FROM feed_waiting x"                        \
	" WHERE x.recipient_id = r.id)"

const StatementText statement_texts[STATEMENT_COUNT] = {
	[SQL_BEGIN] = { "begin", "BEGIN IMMEDIATE" },
	[SQL_BEGIN_READ] = { "begin", "BEGIN" },
	[SQL_COMMIT] = { "commit", "COMMIT" },
	[SQL_ROLLBACK] = { "rollback", "ROLLBACK" },

	/* recording */
	[SQL_SEEN_INSERT] = { "note delivery",
	    "INSERT INTO deliveries (key, at) VALUES (?1, ?2)"
	    " ON CONFLICT DO NOTHING" },
	[SQL_SEEN_HIT] = { "count duplicate",
	    "UPDATE deliveries SET hits = hits + 1 WHERE key = ?1" },
	[SQL_SEEN_DELETE] = { "forget delivery",
	    "DELETE FROM deliveries WHERE key = ?1" },
	[SQL_SEEN_LOOK] = { "look for delivery",
	    "SELECT 1 FROM deliveries WHERE key = ?1" },
	[SQL_CAMPAIGN_BY_ID] = { "find campaign",
	    "SELECT id, name, stream FROM campaigns WHERE id = ?1" },
	[SQL_CAMPAIGN_BY_NAME] = { "find campaign",
	    "SELECT id, name, stream FROM campaigns WHERE name = ?1" },
	[SQL_CAMPAIGN_INSERT] = { "add campaign",
	    "INSERT INTO campaigns (name, stream, created)"
	    " VALUES (?1, ?2, ?3)" },
	[SQL_RECIPIENT_BY_ID] = { "find recipient",
	    "SELECT id, address, original, max(created, used) FROM recipients"
	    " WHERE id = ?1" },
	[SQL_RECIPIENT_BY_ADDRESS] = { "find recipient",
	    "SELECT id, address, original, max(created, used) FROM recipients"
	    " WHERE address = ?1" },
	[SQL_RECIPIENT_INSERT] = { "add recipient",
	    "INSERT INTO recipients (address, original, created)"
	    " VALUES (?1, ?2, ?3)" },
	[SQL_RECIPIENT_USED] = { "note use of recipient",
	    "UPDATE recipients SET used = ?2 WHERE id = ?1" },
	[SQL_LAST_IDS] = { "find last ids",
	    "SELECT ifnull((SELECT seq FROM sqlite_sequence"
	    " WHERE name = 'campaigns'), 0), ifnull((SELECT seq FROM"
	    " sqlite_sequence WHERE name = 'recipients'), 0)" },
	[SQL_LOAD_COUNTS] = { "load recipient",
	    "SELECT soft, rung, rung_end, counts FROM recipients"
	    " WHERE id = ?1" },
	[SQL_LOAD_HOLDS] = { "load holds",
	    "SELECT cause, since, until FROM suppressions"
	    " WHERE recipient_id = ?1 AND stream IN ('', ?2)" },
	[SQL_SAVE_COUNTS] = { "save recipient",
	    "UPDATE recipients SET soft = ?2, rung = ?3, rung_end = ?4,"
	    " counts = ?5 WHERE id = ?1" },
	[SQL_HOLD_PUT] = { "save hold",
	    "INSERT INTO suppressions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	    " ON CONFLICT DO UPDATE SET since = excluded.since,"
	    " until = excluded.until, event_id = excluded.event_id,"
	    " note = excluded.note" },
	[SQL_HOLD_DELETE] = { "lift hold",
	    "DELETE FROM suppressions"
	    " WHERE recipient_id = ?1 AND stream = ?2 AND cause = ?3" },
	/* What was held has spent the hard step. */
	[SQL_STEP_HARD] = { "look for step",
	    "SELECT 1 FROM events WHERE recipient_id = ?1"
	    " AND campaign_id = ?2 AND token_day = ?3"
	    " AND step IN ('hard', 'held')" STILL_STANDS " LIMIT 1" },
	/* The expression is the index's: no other finds it there. */
	[SQL_STEP_LIMITED] = { "look for step",
	    "SELECT 1 FROM events WHERE recipient_id = ?1"
	    " AND campaign_id = ?2 AND token_day = ?3"
	    " AND CASE WHEN step IN"
	    " ('soft', 'hard', 'complaint', 'unsubscribe')"
	    " THEN step END = ?4" STILL_STANDS " LIMIT 1" },
	[SQL_STEP_OTHER] = { "look for step",
	    "SELECT 1 FROM events WHERE recipient_id = ?1"
	    " AND campaign_id = ?2 AND token_day = ?3 AND step = ?4"
	    " AND (step <> 'block' OR is_counted = 1 OR hold_until <> "
	    "0)" STILL_STANDS " LIMIT 1" },
	/* Those that take it by an amendment. */
	[SQL_STEP_AMENDED] = { "look for step",
	    "SELECT 1 FROM amendments m CROSS JOIN events e"
	    " ON e.id = m.event_id WHERE m.recipient_id = ?1"
	    " AND e.campaign_id = ?2 AND e.token_day = ?3 AND m.step IN (?4, "
	    "?5)"
	    " AND (m.step <> 'block' OR m.is_counted = 1)"
	    " AND m.audit_id = (SELECT max(audit_id) FROM amendments"
	    " WHERE event_id = e.id) LIMIT 1" },
	[SQL_EVENT_INSERT] = { "append event",
	    "INSERT INTO events (at, recipient_id, campaign_id, token_day,"
	    " trust, class, reason, confidence, rule, source, matched, status,"
	    " smtp_code, action, provider, remote_mta, diagnostic, via,"
	    " message_id, queue_id, client, step, is_disabled, hold_until,"
	    " rung, needs_review, is_counted, policy, confirm)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,"
	    " ?26, ?27, ?28, ?29)" },
	[SQL_HOUR_INSERT] = { "note hour",
	    "INSERT INTO hours (hour, first_event) VALUES (?1, ?2)"
	    " ON CONFLICT DO NOTHING" },
	/* The hours one by one: so the index is of use for the source, too. */
	[SQL_FORGED_TOLD] = { "look for forged",
	    "SELECT 1 FROM forged WHERE hour IN (?1, ?1 - 1, ?1 - 2)"
	    " AND source = ?2 AND queue_id = ?3 AND address = ?4 LIMIT 1" },
	[SQL_FORGED_OF_SOURCE] = { "count forged",
	    "SELECT count(*), max(id) FROM forged"
	    " WHERE hour = ?1 AND source = ?2" },
	[SQL_FORGED_OF_HOUR] = { "count forged",
	    "SELECT count(*), max(id) FROM forged WHERE hour = ?1" },
	[SQL_FORGED_INSERT] = { "record forged",
	    "INSERT INTO forged (at, hour, source, address, why, queue_id,"
	    " hits) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)" },
	[SQL_FORGED_HIT] = { "record forged",
	    "UPDATE forged SET hits = hits + ?2 WHERE id = ?1" },
	[SQL_KEPT_INSERT] = { "keep message",
	    "INSERT INTO quarantine VALUES (?1, ?2, ?3, ?4, ?5, ?6)" },
	[SQL_RULE_HIT] = { "count rule",
	    "INSERT INTO rule_hits VALUES (?1, ?2, ?3)"
	    " ON CONFLICT DO UPDATE SET hits = hits + excluded.hits,"
	    " last = max(last, excluded.last)" },

	/* counters */
	[SQL_COUNTER_ADD] = { "count",
	    "INSERT INTO counters VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " ?10)"
	    " ON CONFLICT DO UPDATE SET hard = hard + excluded.hard,"
	    " people = people + excluded.people, soft = soft + excluded.soft,"
	    " block = block + excluded.block,"
	    " complaint = complaint + excluded.complaint,"
	    " delivered = delivered + excluded.delivered,"
	    " accepted = accepted + excluded.accepted" },
	[SQL_COUNTER_MORE] = { "count",
	    "UPDATE counters SET hard = hard + ?4, people = people + ?5,"
	    " soft = soft + ?6, block = block + ?7,"
	    " complaint = complaint + ?8, delivered = delivered + ?9,"
	    " accepted = accepted + ?10"
	    " WHERE kind = ?1 AND name = ?2 AND hour = ?3" },
	[SQL_COUNTER_HOSTS] = { "count hosts",
	    "SELECT count(*) FROM counters INDEXED BY counters_hour"
	    " WHERE hour = ?1 AND kind = 'host'" },
	[SQL_COUNTER_EVENTS] = { "count events",
	    "SELECT e.id, e.at, e.recipient_id, e.trust, e.class, e.provider,"
	    " e.remote_mta, e.step, e.needs_review, c.name FROM events e"
	    " CROSS JOIN campaigns c ON c.id = e.campaign_id"
	    " WHERE e.id > ?1 ORDER BY e.id LIMIT ?2" },
	[SQL_COUNTER_KNOWN] = { "look for bounce",
	    "SELECT 1 FROM events INDEXED BY events_recipient"
	    " WHERE recipient_id = ?1 AND id < ?2 AND at > ?3"
	    " AND class = 'hard' AND trust <> 'record' AND needs_review = 0"
	    " AND NOT EXISTS (SELECT 1 FROM amendments m"
	    " WHERE m.event_id = events.id AND m.is_reverted)"
	    " LIMIT 1" },
	[SQL_COUNTERS_OF_NAME] = { "read counters",
	    "SELECT name, hour, hard, people, soft, block, complaint,"
	    " delivered, accepted FROM counters WHERE kind = ?1 AND name = ?2"
	    " AND hour BETWEEN ?3 AND ?4 ORDER BY hour LIMIT ?5" },
	[SQL_COUNTERS_OF_KIND] = { "read counters",
	    "SELECT name, hour, hard, people, soft, block, complaint,"
	    " delivered, accepted FROM counters WHERE kind = ?1"
	    " AND (name, hour) > (?2, ?3) AND hour BETWEEN ?6 AND ?4"
	    " ORDER BY name, hour LIMIT ?5" },
	[SQL_COUNTERS_OLD] = { "delete counters",
	    "DELETE FROM counters WHERE (kind, name, hour) IN"
	    " (SELECT kind, name, hour FROM counters WHERE hour < ?1"
	    " ORDER BY hour LIMIT ?2)" },
	[SQL_COUNTED] = { "read counters", "SELECT upto, at FROM counted" },
	[SQL_COUNTED_SET] = { "count",
	    "UPDATE counted SET upto = ?1, at = ?2" },
	/* feeds */
	[SQL_FEED_LOAD] = { "read feed",
	    "SELECT inode, offset, digest, at, repeats, lines, delivered,"
	    " changed, deferred, bounced, expired, counted FROM feeds"
	    " WHERE name = ?1" },
	[SQL_FEED_SAVE] = { "save feed",
	    "INSERT INTO feeds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " ?10, ?11, ?12, ?13) ON CONFLICT DO UPDATE SET"
	    " inode = excluded.inode, offset = excluded.offset,"
	    " digest = excluded.digest, at = excluded.at,"
	    " repeats = excluded.repeats, lines = excluded.lines,"
	    " delivered = excluded.delivered, changed = excluded.changed,"
	    " deferred = excluded.deferred, bounced = excluded.bounced,"
	    " expired = excluded.expired, counted = excluded.counted" },
	[SQL_FEED_JOIN] = { "save join",
	    "INSERT INTO feed_joins"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
	    " ON CONFLICT DO UPDATE SET at = excluded.at,"
	    " campaign = excluded.campaign,"
	    " campaign_id = excluded.campaign_id,"
	    " recipient_id = excluded.recipient_id,"
	    " recipient_hash = excluded.recipient_hash,"
	    " token_day = excluded.token_day, trust = excluded.trust" },
	[SQL_FEED_JOINS] = { "read joins",
	    "SELECT queue_id, at, campaign, campaign_id, recipient_id,"
	    " recipient_hash, token_day, trust FROM feed_joins"
	    " WHERE feed = ?1 ORDER BY at, queue_id" },
	[SQL_FEED_PART] = { "end join",
	    "DELETE FROM feed_joins WHERE feed = ?1 AND queue_id = ?2" },
	[SQL_FEED_WAIT] = { "save waiting",
	    "INSERT OR REPLACE INTO feed_waiting"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)" },
	[SQL_FEED_UNWAIT] = { "end waiting",
	    "DELETE FROM feed_waiting"
	    " WHERE feed = ?1 AND queue_id = ?2 AND recipient_id = ?3" },
	[SQL_FEED_WAITING] = { "read waiting",
	    "SELECT recipient_id, at, status, said, relay FROM feed_waiting"
	    " WHERE feed = ?1 AND queue_id = ?2 ORDER BY recipient_id" },

	/* the circuit breaker */
	[SQL_BREAKERS] = { "read breakers",
	    "SELECT id, kind, name, opened, ifnull(closed, 0), closed_by, why,"
	    " is_known, fate, recall_next <= recall_last FROM breakers"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2" },
	[SQL_BREAKERS_OPEN] = { "read breakers",
	    "SELECT id, kind, name FROM breakers WHERE closed IS NULL" },
	[SQL_BREAKER_OPENED] = { "read breaker",
	    "SELECT opened FROM breakers WHERE id = ?1" },
	[SQL_BREAKER_INSERT] = { "open breaker",
	    "INSERT INTO breakers (kind, name, opened, why, is_known,"
	    " recall_next, recall_last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)" },
	[SQL_BREAKER_CLOSE] = { "close breaker",
	    "UPDATE breakers SET closed = ?2, closed_by = ?3"
	    " WHERE id = ?1 AND closed IS NULL" },
	[SQL_BREAKER_FATE] = { "settle breaker",
	    "UPDATE breakers SET fate = ?2 WHERE id = ?1" },
	[SQL_BREAKER_RECALL] = { "read breaker",
	    "SELECT id, kind, name, recall_next, recall_last FROM breakers"
	    " WHERE recall_next <= recall_last LIMIT 1" },
	/* What began the hold that stands, and nothing before it. */
	[SQL_RECALL_EVENTS] = { "look back",
	    "SELECT e.id, e.recipient_id, e.provider, e.remote_mta"
	    " FROM events e CROSS JOIN suppressions s"
	    " ON s.recipient_id = e.recipient_id AND s.stream = ''"
	    " AND s.cause = 'hard' AND s.event_id = e.id"
	    " WHERE e.id BETWEEN ?1 AND ?2 AND e.step = 'hard'"
	    " AND (s.until IS NULL OR s.until > ?3)" },
	[SQL_RECALL_OTHERS] = { "look back",
	    "SELECT provider, remote_mta FROM events"
	    " WHERE recipient_id = ?1 AND id > ?2"
	    " AND step IN ('hard', 'confirm')" },
	[SQL_RECALL_DONE] = { "look back",
	    "UPDATE breakers SET recall_next = ?2 WHERE id = ?1" },
	[SQL_CAMPAIGN_MARK] = { "mark campaign",
	    "UPDATE campaigns SET marked = ?2 WHERE name = ?1" },
	/* campaigns */
	[SQL_CAMPAIGNS] = { "read campaigns",
	    "SELECT id, name, stream, created, paused, paused_by, paused_why,"
	    " resumed, may_pause, accepted, marked FROM campaigns"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2" },
	[SQL_CAMPAIGNS_PAUSED] = { "read campaigns",
	    "SELECT id, name, stream, created, paused, paused_by, paused_why,"
	    " resumed, may_pause, accepted, marked FROM campaigns"
	    " WHERE paused <> 0 AND id > ?1 ORDER BY id LIMIT ?2" },
	[SQL_CAMPAIGN] = { "read campaign",
	    "SELECT id, name, stream, created, paused, paused_by, paused_why,"
	    " resumed, may_pause, accepted, marked FROM campaigns"
	    " WHERE name = ?1" },
	[SQL_CAMPAIGN_PAUSE] = { "pause campaign",
	    "UPDATE campaigns SET paused = ?2, paused_by = ?3, paused_why = ?4"
	    " WHERE id = ?1" },
	[SQL_CAMPAIGN_RESUME] = { "resume campaign",
	    "UPDATE campaigns SET paused = 0, paused_by = '', paused_why = '',"
	    " resumed = ?2, marked = 0 WHERE id = ?1" },
	[SQL_CAMPAIGN_SET] = { "set campaign",
	    "UPDATE campaigns SET stream = ?2, may_pause = ?3 WHERE id = ?1" },
	[SQL_CAMPAIGN_ACCEPTED] = { "count accepted",
	    "UPDATE campaigns SET accepted = accepted + ?2 WHERE name = ?1" },
	[SQL_CAMPAIGN_EVENT] = { "read events",
	    "SELECT 1 FROM events WHERE campaign_id = ?1 LIMIT 1" },
	[SQL_BREAKER_CAMPAIGN_CLOSE] = { "close breaker",
	    "UPDATE breakers SET closed = ?2, closed_by = ?3"
	    " WHERE kind = 'campaign' AND name = ?1 AND closed IS NULL" },
	[SQL_HELD_INSERT] = { "hold",
	    "INSERT INTO breaker_held VALUES (?1, ?2, ?3)"
	    " ON CONFLICT DO NOTHING" },
	[SQL_BREAKER_HELD] = { "read held",
	    "SELECT h.event_id FROM breaker_held h CROSS JOIN suppressions s"
	    " ON s.recipient_id = h.recipient_id AND s.stream = ''"
	    " AND s.cause = 'held' AND s.until > ?4"
	    " WHERE h.breaker_id = ?1 AND h.event_id > ?2 AND NOT EXISTS"
	    " (SELECT 1 FROM reviews v WHERE v.event_id = h.event_id)"
	    " ORDER BY h.event_id LIMIT ?3" },
	[SQL_HELD_SETTLE] = { "settle held",
	    "INSERT INTO reviews VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING" },
	[SQL_HELD_OTHERS] = { "read held",
	    "SELECT 1 FROM breaker_held h WHERE h.recipient_id = ?1"
	    " AND h.breaker_id <> ?2 AND NOT EXISTS"
	    " (SELECT 1 FROM reviews v WHERE v.event_id = h.event_id)"
	    " LIMIT 1" },
	[SQL_COUNT_BREAKERS] = { "count breakers",
	    "SELECT ifnull(sum(kind <> 'campaign'), 0),"
	    " ifnull(sum(kind = 'campaign'), 0) FROM breakers"
	    " WHERE closed IS NULL" },

	/* asking */
	[SQL_HOUR_FIRST] = { "find hour",
	    "SELECT min(first_event) FROM hours WHERE hour >= ?1" },
	[SQL_EVENTS] = { "read events", EVENT_COLUMNS EVENT_JOINS
	    "WHERE e.id > ?1 ORDER BY e.id LIMIT ?2" },
	[SQL_EVENT] = { "read event", EVENT_COLUMNS EVENT_JOINS
	    "WHERE e.id = ?1 AND e.id > ?2 LIMIT ?3" },
	/* The ids come from the index alone; then a chunk of rows. */
	[SQL_EVENTS_OF_RECIPIENT] = { "read events", EVENT_COLUMNS EVENT_JOINS
	    "WHERE e.id IN (SELECT id FROM events"
	    " WHERE recipient_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3)"
	    " ORDER BY e.id" },
	[SQL_EVENTS_TO_REVIEW] = { "read events",
	    EVENT_COLUMNS "INDEXED BY events_review" EVENT_JOINS
			  "WHERE e.needs_review = 1 AND e.id > ?1"
			  " ORDER BY e.id LIMIT ?2" },
	[SQL_SUPPRESSIONS] = { "read suppressions",
	    "SELECT s.recipient_id, r.address, r.original, s.stream, s.cause,"
	    " s.since, s.until, s.event_id, s.note"
	    " FROM suppressions s"
	    " CROSS JOIN recipients r ON r.id = s.recipient_id"
	    " WHERE (s.recipient_id, s.stream, s.cause) > (?1, ?2, ?3)"
	    " AND s.recipient_id <= ?4"
	    " ORDER BY s.recipient_id, s.stream, s.cause LIMIT ?5" },
	[SQL_FORGERIES] = { "read forged",
	    "SELECT id, at, source, address, why, queue_id, hits FROM forged"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2" },
	[SQL_AUDITS] = { "read audit",
	    AUDIT_COLUMNS "WHERE a.id > ?1 ORDER BY a.id LIMIT ?2" },
	[SQL_AUDITS_OF_RECIPIENT] = { "read audit",
	    AUDIT_COLUMNS "WHERE a.recipient_id = ?1 AND a.id > ?2"
			  " ORDER BY a.id LIMIT ?3" },

	[SQL_KEPT] = { "read kept message",
	    "SELECT first_event, last_event, at, sender, message"
	    " FROM quarantine WHERE first_event <= ?1"
	    " ORDER BY first_event DESC LIMIT 1" },
	[SQL_RULES] = { "read hits",
	    "SELECT rule, hits, last FROM rule_hits"
	    " WHERE rule > ?1 ORDER BY rule LIMIT ?2" },

	/* counting */
	[SQL_COUNT_RECIPIENTS] = { "count recipients",
	    "SELECT count(*), max(id) FROM (SELECT id FROM recipients"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2)" },
	[SQL_COUNT_CAMPAIGNS] = { "count campaigns",
	    "SELECT count(*) FROM campaigns" },
	[SQL_COUNT_DELIVERIES] = { "count deliveries",
	    "SELECT count(*), max(key), ifnull(sum(at >= ?3), 0),"
	    " ifnull(sum(iif(at >= ?3, hits - 1, 0)), 0)"
	    " FROM (SELECT key, at, hits FROM deliveries"
	    " WHERE key > ?1 ORDER BY key LIMIT ?2)" },
	[SQL_COUNT_FORGED] = { "count forged",
	    "SELECT count(*), max(id), ifnull(sum(iif(at >= ?3, hits, 0)), 0)"
	    " FROM (SELECT id, at, hits FROM forged"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2)" },
	[SQL_COUNT_EVENTS] = { "count events",
	    "SELECT id, at, class, needs_review = 1 AND NOT EXISTS"
	    " (SELECT 1 FROM reviews v WHERE v.event_id = id)"
	    " FROM events WHERE id > ?1 ORDER BY id LIMIT ?2" },
	[SQL_COUNT_HOLDS] = { "count holds",
	    "SELECT recipient_id, stream, cause, since, until"
	    " FROM suppressions"
	    " WHERE (recipient_id, stream, cause) > (?1, ?2, ?3)"
	    " ORDER BY recipient_id, stream, cause LIMIT ?4" },

	[SQL_KEPT_TOTAL] = { "count kept messages",
	    "SELECT octets FROM quarantine_total" },

	/* entries */
	[SQL_ENTRIES] = { "read entries",
	    ENTRY_COLUMNS "WHERE e.id > ?1 ORDER BY e.id LIMIT ?2" },
	[SQL_ENTRIES_OF_RECIPIENT] = { "read entries",
	    ENTRY_COLUMNS "WHERE e.recipient_id = ?1" },
	[SQL_ENTRIES_OF_DOMAIN] = { "read entries",
	    ENTRY_COLUMNS "WHERE e.domain = ?1 AND"
			  " ifnull(e.recipient_id, 0) = 0" },
	[SQL_ENTRY_ANY] = { "read entries",
	    "SELECT EXISTS (SELECT 1 FROM entries)" },
	[SQL_ENTRY_PUT] = { "save entry",
	    "INSERT INTO entries (kind, recipient_id, domain, subdomains,"
	    " stream, overrides, since, until, note)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
	    " ON CONFLICT DO UPDATE SET subdomains = excluded.subdomains,"
	    " overrides = excluded.overrides, since = excluded.since,"
	    " until = excluded.until, note = excluded.note" },
	[SQL_ENTRY_DELETE] = { "delete entry",
	    "DELETE FROM entries WHERE id = ?1" },
	[SQL_ENTRIES_OVER_DELETE] = { "delete entries",
	    "DELETE FROM entries WHERE until IS NOT NULL AND until <= ?1" },
	/* revert */
	[SQL_REVERT_SCAN] = { "read events",
	    "SELECT e.id, e.at, e.recipient_id, e.class, e.reason, e.provider,"
	    " e.rule, c.name, ifnull(m.is_reverted, 0) FROM events e"
	    " CROSS JOIN campaigns c ON c.id = e.campaign_id" AMENDED_JOIN
	    " WHERE e.id > ?1 ORDER BY e.id LIMIT ?2" },
	[SQL_REVERT_EVENTS] = { "read events", EFFECT_COLUMNS
	    ", e.class, e.provider, e.rule, c.name,"
	    " e.campaign_id, e.token_day, e.confidence,"
	    " e.confirm, e.needs_review, e.trust,"
	    " ifnull(m.is_reverted, 0) FROM events e"
	    " CROSS JOIN campaigns c ON c.id = e.campaign_id" AMENDED_JOIN
	    " WHERE e.recipient_id = ?1 ORDER BY e.id" },
	[SQL_AMEND] = { "amend event",
	    "INSERT INTO amendments (event_id, audit_id, recipient_id,"
	    " is_reverted, step, is_counted, hold_until, rung, policy)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)" },
	[SQL_STREAMS] = { "read streams",
	    "SELECT name, ignored FROM streams ORDER BY name" },
	[SQL_STREAM_PUT] = { "save stream",
	    "INSERT INTO streams VALUES (?1, ?2)"
	    " ON CONFLICT DO UPDATE SET ignored = excluded.ignored" },
	[SQL_STREAM_DELETE] = { "delete stream",
	    "DELETE FROM streams WHERE name = ?1" },

	/* by hand */
	[SQL_AUDIT_INSERT] = { "write audit",
	    "INSERT INTO audit (at, actor, action, recipient_id, stream,"
	    " cause, until, reason, after_event, since, subject, detail)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)" },
	/* Of all ever written: events may be purged. */
	[SQL_LAST_EVENT] = { "find last event",
	    "SELECT seq FROM sqlite_sequence WHERE name = 'events'" },
	[SQL_HOLDS_OF_RECIPIENT] = { "read holds",
	    "SELECT stream, cause, since, until, event_id FROM suppressions"
	    " WHERE recipient_id = ?1" },
	[SQL_HOLDS_OVER] = { "count holds",
	    "SELECT (SELECT count(*) FROM suppressions"
	    " WHERE until IS NOT NULL AND until <= ?1) +"
	    " (SELECT count(*) FROM entries"
	    " WHERE until IS NOT NULL AND until <= ?1)" },
	[SQL_HOLDS_OVER_DELETE] = { "delete holds",
	    "DELETE FROM suppressions"
	    " WHERE (recipient_id, stream, cause) IN"
	    " (SELECT recipient_id, stream, cause FROM suppressions"
	    " WHERE until IS NOT NULL AND until <= ?1"
	    " ORDER BY until LIMIT ?2)" },
	[SQL_KEYS_RANGE] = { "read deliveries",
	    "SELECT key FROM deliveries WHERE key > ?1"
	    " ORDER BY key LIMIT 1 OFFSET ?2" },
	[SQL_KEYS_OLD_COUNT] = { "count deliveries",
	    "SELECT count(*) FROM deliveries"
	    " WHERE key > ?1 AND key <= ?2 AND at < ?3" },
	[SQL_KEYS_OLD_DELETE] = { "delete deliveries",
	    "DELETE FROM deliveries"
	    " WHERE key > ?1 AND key <= ?2 AND at < ?3" },

	[SQL_KEPT_NEXT] = { "read kept messages",
	    "SELECT first_event, at, octets FROM quarantine"
	    " WHERE first_event > ?1 ORDER BY first_event LIMIT 1" },
	[SQL_KEPT_DELETE] = { "delete kept message",
	    "DELETE FROM quarantine WHERE first_event = ?1" },
	[SQL_REVIEW_INSERT] = { "note review",
	    "INSERT INTO reviews SELECT id, ?2, ?3 FROM events"
	    " WHERE id = ?1 AND needs_review = 1"
	    " ON CONFLICT DO NOTHING" },
	/* Of the message of event ?1, unless another event waits for it. */
	[SQL_REVIEW_MESSAGE] = { "delete kept message",
	    "DELETE FROM quarantine WHERE first_event ="
	    " (SELECT first_event FROM quarantine WHERE first_event <= ?1"
	    " ORDER BY first_event DESC LIMIT 1)"
	    " AND last_event >= ?1 AND NOT EXISTS"
	    " (SELECT 1 FROM events e WHERE e.id BETWEEN first_event AND"
	    " last_event AND e.needs_review = 1 AND NOT EXISTS"
	    " (SELECT 1 FROM reviews v WHERE v.event_id = e.id))" },

	/* addresses that are hashed; names() and erased() are functions of our
	   own, of the address that is to go */
	[SQL_ADDRESS_KEY] = { "note key",
	    "INSERT INTO meta VALUES ('address_key', ?1)"
	    " ON CONFLICT DO NOTHING" },
	[SQL_ADDRESS_HASHES] = { "read recipients",
	    "SELECT address FROM recipients"
	    " WHERE address > '#' AND address < '$' AND address LIKE '#%@'" },
	[SQL_ERASE_BEGIN] = { "erase",
	    "INSERT INTO erasing VALUES (1) ON CONFLICT DO NOTHING" },
	[SQL_ERASE_END] = { "erase", "DELETE FROM erasing" },
	[SQL_ERASE_SOME_EVENTS] = { "read events",
	    "SELECT id FROM events WHERE recipient_id = ?1 LIMIT ?2" },
	[SQL_ERASE_SOME_AUDIT] = { "read audit",
	    "SELECT id FROM audit WHERE recipient_id = ?1 LIMIT ?2" },
	[SQL_ERASE_MESSAGE] = { "delete kept message",
	    "DELETE FROM quarantine WHERE first_event ="
	    " (SELECT max(first_event) FROM quarantine WHERE first_event <= ?1)"
	    " AND last_event >= ?1" },
	[SQL_ERASE_AUDIT_ROW] = { "delete audit",
	    "DELETE FROM audit WHERE id = ?1" },
	[SQL_ERASE_HOLDS] = { "delete holds",
	    "DELETE FROM suppressions WHERE recipient_id = ?1" },
	[SQL_ERASE_ENTRIES] = { "delete entries",
	    "DELETE FROM entries WHERE recipient_id = ?1" },
	[SQL_ERASE_JOINS] = { "delete joins",
	    "DELETE FROM feed_joins WHERE recipient_id = ?1" },
	[SQL_ERASE_RECIPIENT] = { "delete recipient",
	    "DELETE FROM recipients WHERE id = ?1" },
	[SQL_ERASE_IN_EVENTS] = { "erase in events",
	    "UPDATE events SET matched = erased(matched),"
	    " diagnostic = erased(diagnostic),"
	    " via = erased(via),"
	    " message_id = erased(message_id),"
	    " status = erased(status),"
	    " remote_mta = erased(remote_mta)"
	    " WHERE id > ?1 AND id <= ?2 AND (names(matched) OR"
	    " names(diagnostic) OR"
	    " names(via) OR"
	    " names(message_id) OR"
	    " names(status) OR"
	    " names(remote_mta))" },
	[SQL_ERASE_IN_AUDIT] = { "erase in audit",
	    "UPDATE audit SET reason = erased(reason),"
	    " subject = erased(subject),"
	    " detail = erased(detail)"
	    " WHERE id > ?1 AND id <= ?2 AND (names(reason) OR"
	    " names(subject) OR"
	    " names(detail))" },
	[SQL_ERASE_IN_FORGED] = { "erase in forged",
	    "UPDATE forged SET address = erased(address),"
	    " why = erased(why)"
	    " WHERE id > ?1 AND id <= ?2 AND (names(address) OR"
	    " names(why))" },
	[SQL_ERASE_IN_MESSAGES] = { "delete kept messages",
	    "DELETE FROM quarantine WHERE first_event > ?1"
	    " AND first_event <= ?2 AND (names(sender) OR names(message))" },
	[SQL_ERASE_IN_HOLDS] = { "erase in holds",
	    "UPDATE suppressions SET note = erased(note)"
	    " WHERE recipient_id > ?1 AND recipient_id <= ?2 AND "
	    "(names(note))" },
	[SQL_ERASE_IN_ENTRIES] = { "erase in entries",
	    "UPDATE entries SET note = erased(note)"
	    " WHERE id > ?1 AND id <= ?2 AND (names(note))" },
	[SQL_ERASE_IN_WAITING] = { "erase in joins",
	    "UPDATE feed_waiting SET said = erased(said)"
	    " WHERE recipient_id > ?1 AND recipient_id <= ?2 AND "
	    "(names(said))" },
	[SQL_ERASE_LAST] = { "erase",
	    "SELECT max(ifnull((SELECT max(id) FROM events), 0),"
	    " ifnull((SELECT max(id) FROM audit), 0),"
	    " ifnull((SELECT max(id) FROM forged), 0),"
	    " ifnull((SELECT max(first_event) FROM quarantine), 0),"
	    " ifnull((SELECT max(id) FROM recipients), 0),"
	    " ifnull((SELECT max(id) FROM entries), 0))" },

	/* retention */
	[SQL_PURGE_SCAN] = { "read events",
	    "SELECT e.id, e.at, e.recipient_id, e.class, e.step <> 'none' OR"
	    " EXISTS (SELECT 1 FROM amendments m WHERE m.event_id = e.id),"
	    " EXISTS (SELECT 1 FROM suppressions s WHERE"
	    " s.recipient_id = e.recipient_id AND s.event_id = e.id)"
	    " FROM events e WHERE e.id > ?1 AND e.id <= ?2"
	    " ORDER BY e.id LIMIT ?3" },
	/* Not those that a hold names, nor what is held and not settled. */
	[SQL_PURGE_CANDIDATES] = { "read events",
	    "SELECT e.id, e.at, e.class FROM events e"
	    " WHERE e.recipient_id = ?1 AND e.at < ?2 AND (e.step <> 'none'"
	    " OR EXISTS (SELECT 1 FROM amendments m WHERE m.event_id = e.id))"
	    " AND NOT EXISTS (SELECT 1 FROM suppressions s"
	    " WHERE s.recipient_id = e.recipient_id AND s.event_id = e.id)"
	    " AND NOT EXISTS (SELECT 1 FROM breaker_held h"
	    " WHERE h.event_id = e.id AND NOT EXISTS"
	    " (SELECT 1 FROM reviews v WHERE v.event_id = e.id))"
	    " ORDER BY e.id" },
	[SQL_PURGE_EVENT] = { "delete event",
	    "DELETE FROM events WHERE id = ?1" },
	[SQL_PURGE_RECIPIENTS] = { "read recipients",
	    "SELECT id FROM recipients AS r WHERE id > ?1 AND id <= ?2"
	    " AND " UNUSED("?3") " ORDER BY id" },
	[SQL_PURGE_RECIPIENT] = { "delete recipient",
	    "DELETE FROM recipients AS r WHERE id = ?1 AND " UNUSED("?2") },
	[SQL_PURGE_FORGED] = { "delete forged",
	    "DELETE FROM forged WHERE id IN (SELECT id FROM forged"
	    " WHERE hour < ?1 / 3600 ORDER BY hour LIMIT ?2)" },
	[SQL_PURGE_FORGED_COUNT] = { "count forged",
	    "SELECT count(*) FROM forged WHERE hour < ?1 / 3600" },
	[SQL_PURGE_RULES] = { "delete hits",
	    "DELETE FROM rule_hits WHERE rule IN"
	    " (SELECT rule FROM rule_hits WHERE last < ?1 LIMIT ?2)" },
	[SQL_PURGE_RULES_COUNT] = { "count hits",
	    "SELECT count(*) FROM rule_hits WHERE last < ?1" },
	[SQL_PURGE_JOINS] = { "delete joins",
	    "DELETE FROM feed_joins WHERE (feed, queue_id) IN"
	    " (SELECT feed, queue_id FROM feed_joins WHERE at < ?1 LIMIT ?2)" },
	[SQL_PURGE_JOINS_COUNT] = { "count joins",
	    "SELECT count(*) FROM feed_joins WHERE at < ?1" },

	/* lists */
	[SQL_HOLD_OF] = { "read hold",
	    "SELECT since, until FROM suppressions WHERE recipient_id = ?1"
	    " AND stream = ?2 AND cause = ?3" },
	/* A release writes a row for each hold that it lifts. */
	[SQL_RELEASED_SINCE] = { "look for release",
	    "SELECT 1 FROM audit WHERE recipient_id = ?1"
	    " AND action = 'release' AND stream = ?2 AND cause = ?3"
	    " AND at >= ?4 LIMIT 1" },
	[SQL_HELD] = { "read suppressions",
	    "SELECT s.recipient_id, s.stream, s.cause, s.since, s.until,"
	    " r.address FROM suppressions s"
	    " CROSS JOIN recipients r ON r.id = s.recipient_id"
	    " WHERE s.recipient_id > ?1"
	    " ORDER BY s.recipient_id, s.stream, s.cause LIMIT ?2" },
	[SQL_HELD_BOUND] = { "read suppressions",
	    "SELECT max(recipient_id) FROM suppressions" },

	/* keeping up */
	[SQL_DATA_VERSION] = { "read version", "PRAGMA data_version" },
	[SQL_LAST_AUDIT] = { "read audit",
	    "SELECT seq FROM sqlite_sequence WHERE name = 'audit'" },
	[SQL_WATCH_HOLDS] = { "read suppressions",
	    "SELECT s.recipient_id, r.address FROM suppressions s"
	    " CROSS JOIN recipients r ON r.id = s.recipient_id"
	    " WHERE s.recipient_id > ?1 ORDER BY s.recipient_id LIMIT ?2" },
	[SQL_WATCH_ENTRIES] = { "read entries",
	    "SELECT e.id, CASE WHEN e.kind = 'suppress'"
	    " THEN ifnull(r.address, '@' || e.domain) END FROM entries e"
	    " LEFT JOIN recipients r ON r.id = e.recipient_id"
	    " WHERE e.id > ?1 ORDER BY e.id LIMIT ?2" },
	[SQL_WATCH_EVENTS] = { "read events",
	    "SELECT e.id, (SELECT r.address FROM recipients r"
	    " WHERE r.id = e.recipient_id AND EXISTS (SELECT 1"
	    " FROM suppressions s WHERE s.recipient_id = r.id))"
	    " FROM events e WHERE e.id > ?1 ORDER BY e.id LIMIT ?2" },
	/* of an entry the subject is what entry_subject() makes of it */
	[SQL_WATCH_AUDITS] = { "read audit",
	    "SELECT a.id, ifnull(r.address, CASE"
	    " WHEN a.subject LIKE '@.%' THEN '@' || substr(a.subject, 3)"
	    " WHEN a.subject LIKE '@%' THEN a.subject END) FROM audit a"
	    " LEFT JOIN recipients r ON r.id = a.recipient_id"
	    " WHERE a.id > ?1 ORDER BY a.id LIMIT ?2" },

	/* recounting */
	[SQL_VERIFY_EXPIRES] = { "read audit",
	    "SELECT id, at, after_event FROM audit"
	    " WHERE action = 'expire' AND recipient_id IS NULL AND id > ?1"
	    " ORDER BY id" },
	[SQL_VERIFY_RECIPIENTS] = { "read recipients",
	    "SELECT id, address, soft, rung, rung_end, counts"
	    " FROM recipients WHERE id > ?1 ORDER BY id LIMIT 1" },
	[SQL_VERIFY_EVENTS] = { "read events", EFFECT_COLUMNS
	    " FROM events e"
	    " CROSS JOIN campaigns c ON c.id = e.campaign_id" AMENDED_JOIN
	    " WHERE e.recipient_id = ?1 ORDER BY e.id" },
	[SQL_VERIFY_AUDITS] = { "read audit",
	    "SELECT id, at, action, stream, cause, until, after_event,"
	    " since, detail FROM audit WHERE recipient_id = ?1 ORDER BY id" },
	[SQL_VERIFY_ENTRIES_OF_NOBODY] = { "read audit",
	    "SELECT id, at, action, subject, stream, until, detail,"
	    " after_event FROM audit WHERE recipient_id IS NULL AND"
	    " action IN ('add', 'release', 'allow', 'disallow')"
	    " ORDER BY id" },
	[SQL_VERIFY_ENTRIES_OF_RECIPIENTS] = { "read audit",
	    "SELECT a.id, a.at, a.action, r.address, a.stream, a.until,"
	    " a.detail, a.after_event"
	    " FROM audit a JOIN recipients r ON r.id = a.recipient_id"
	    " WHERE a.action IN ('allow', 'disallow') ORDER BY a.id" },
	[SQL_VERIFY_KEPT] = { "count kept messages",
	    "SELECT octets, (SELECT ifnull(sum(octets), 0) FROM quarantine)"
	    " FROM quarantine_total" },
};
