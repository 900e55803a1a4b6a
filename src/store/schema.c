/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The SQL of every version of the store, and how an older file becomes a newer
   one.  Classes, causes, steps and degrees of trust are kept by name: the
   numbers of our enums may change, and people read these tables. */

#include "schema.h"

/* Ids of campaigns, recipients and events are AUTOINCREMENT: one that was
   deleted is never given out again, so no old token can come to mean another
   person. */
static const char version_1[] =
    "CREATE TABLE meta ("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  value BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('epoch', randomblob(16));"

    /* A campaign stays in the stream it was first seen in: a recount would
       otherwise move old unsubscriptions. */
    "CREATE TABLE campaigns ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL UNIQUE,"
    "  stream TEXT NOT NULL,"
    "  created INTEGER NOT NULL"
    ") STRICT;"

    "CREATE TABLE recipients ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  address TEXT NOT NULL UNIQUE," /* folded */
    "  original TEXT NOT NULL,"       /* '' when it is the same */
    "  created INTEGER NOT NULL,"
    "  soft TEXT NOT NULL DEFAULT ''," /* 'AT[d] AT[d] ...' */
    "  rung INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"

    "CREATE TABLE suppressions ("
    "  recipient_id INTEGER NOT NULL REFERENCES recipients,"
    "  stream TEXT NOT NULL," /* '' is all */
    "  cause TEXT NOT NULL,"
    "  since INTEGER NOT NULL,"
    "  until INTEGER,"    /* NULL is forever */
    "  event_id INTEGER," /* NULL: set by hand */
    "  note TEXT NOT NULL DEFAULT '',"
    "  PRIMARY KEY (recipient_id, stream, cause)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX suppressions_until ON suppressions (until)"
    "  WHERE until IS NOT NULL;"

    "CREATE TABLE events ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  at INTEGER NOT NULL,"
    "  recipient_id INTEGER NOT NULL REFERENCES recipients,"
    "  campaign_id INTEGER NOT NULL REFERENCES campaigns,"
    "  token_day INTEGER NOT NULL,"
    "  trust TEXT NOT NULL,"
    "  class TEXT NOT NULL,"
    "  reason TEXT NOT NULL,"
    "  confidence REAL NOT NULL,"
    "  rule TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  matched TEXT NOT NULL,"
    "  status TEXT NOT NULL,"
    "  smtp_code INTEGER NOT NULL,"
    "  action TEXT NOT NULL,"
    "  provider TEXT NOT NULL,"
    "  remote_mta TEXT NOT NULL,"
    "  diagnostic TEXT NOT NULL,"
    "  via TEXT NOT NULL,"
    "  message_id TEXT NOT NULL,"
    "  queue_id TEXT NOT NULL,"
    "  client TEXT NOT NULL,"
    "  step TEXT NOT NULL,"
    "  is_disabled INTEGER NOT NULL,"
    "  hold_until INTEGER NOT NULL," /* 0 none, 2^63-1 forever */
    "  rung INTEGER NOT NULL,"
    "  needs_review INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX events_review ON events (needs_review)"
    "  WHERE needs_review = 1;"
    /* At most one of each from one token, whatever the program believes: NULLs
       are all different.  It serves all that is asked of one recipient, too:
       one index less to write for each event. */
    "CREATE UNIQUE INDEX events_recipient ON events"
    "  (recipient_id, campaign_id, token_day,"
    "  CASE WHEN step IN ('soft', 'hard', 'complaint', 'unsubscribe')"
    "  THEN step END);"
    /* The first event of each hour: where to begin for a time, without an
       index on it.  Right also for a clock that was set back. */
    "CREATE TABLE hours ("
    "  hour INTEGER PRIMARY KEY,"
    "  first_event INTEGER NOT NULL"
    ") STRICT;"
    /* Retention may delete old events; nothing may rewrite one. */
    "CREATE TRIGGER events_append_only BEFORE UPDATE ON events"
    "  BEGIN SELECT raise(ABORT, 'events are append-only'); END;"

    "CREATE TABLE deliveries ("
    "  key BLOB PRIMARY KEY NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  hits INTEGER NOT NULL DEFAULT 1"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE forged ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  at INTEGER NOT NULL,"
    "  hour INTEGER NOT NULL,"
    "  source TEXT NOT NULL,"
    "  address TEXT NOT NULL,"
    "  why TEXT NOT NULL,"
    "  queue_id TEXT NOT NULL,"
    "  hits INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX forged_source ON forged (hour, source);"

    "CREATE TABLE audit ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  at INTEGER NOT NULL,"
    "  actor TEXT NOT NULL,"
    "  action TEXT NOT NULL,"
    "  recipient_id INTEGER REFERENCES recipients,"
    "  stream TEXT NOT NULL,"
    "  cause TEXT NOT NULL,"    /* '' is any */
    "  until INTEGER NOT NULL," /* as events.hold_until */
    "  reason TEXT NOT NULL,"
    "  after_event INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX audit_recipient ON audit (recipient_id)"
    "  WHERE recipient_id IS NOT NULL;"
    "CREATE INDEX audit_of_nobody ON audit (action)"
    "  WHERE recipient_id IS NULL;"
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
    "  BEGIN SELECT raise(ABORT, 'audit is append-only'); END;"
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
    "  BEGIN SELECT raise(ABORT, 'audit is append-only'); END;"

    /* For mailers: whom not to write to now.  Stream '' is all streams. */
    "CREATE VIEW suppressed (address, stream, cause, since, until) AS"
    "  SELECT r.address, s.stream, s.cause, s.since, s.until"
    "  FROM suppressions s JOIN recipients r ON r.id = s.recipient_id"
    "  WHERE s.until IS NULL OR"
    "    s.until > CAST(strftime('%s', 'now') AS INTEGER);";

/* Review.  Events are append-only, so what was reviewed is noted beside them.
   Messages are found by the events they gave; their sum is kept, so that a
   bound on it costs no scan.  Hits of rules are only ever added to. */
static const char version_2[] =
    "CREATE TABLE reviews ("
    "  event_id INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE,"
    "  at INTEGER NOT NULL,"
    "  new_event INTEGER" /* NULL: dropped */
    ") STRICT;"

    "CREATE TABLE quarantine ("
    "  first_event INTEGER PRIMARY KEY,"
    "  last_event INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  sender TEXT NOT NULL,"
    "  octets INTEGER NOT NULL,"
    "  message BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE quarantine_total ("
    "  octets INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO quarantine_total VALUES (0);"
    "CREATE TRIGGER quarantine_in AFTER INSERT ON quarantine"
    "  BEGIN UPDATE quarantine_total SET octets = octets + new.octets; END;"
    "CREATE TRIGGER quarantine_out AFTER DELETE ON quarantine"
    "  BEGIN UPDATE quarantine_total SET octets = octets - old.octets; END;"

    "CREATE TABLE rule_hits ("
    "  rule TEXT PRIMARY KEY NOT NULL,"
    "  hits INTEGER NOT NULL,"
    "  last INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;";

/* What an imported list says of when a hold began; 0: when the change was made.
   A recount takes it from here. */
#define V3_LISTS                                                               \
	"ALTER TABLE audit ADD COLUMN since INTEGER NOT NULL DEFAULT 0;"

/* The circuit breaker.  The counters follow from the events: `counted` says up
   to which they have been, so that a crash neither loses nor doubles any.  Of
   a store that comes from an older version what the breaker looks back at is
   counted first.  A breaker whose `closed` is NULL is open; it still has to
   look back at the events from recall_next to recall_last.  What is held names
   its breaker, and is settled in `reviews`.  A campaign is to be paused since
   `marked`, if that is not 0. */
#define V3_BREAKERS                                                            \
	"CREATE TABLE counters ("                                              \
	"  kind TEXT NOT NULL,"                                                \
	"  name TEXT NOT NULL,"                                                \
	"  hour INTEGER NOT NULL,"                                             \
	"  hard INTEGER NOT NULL,"                                             \
	"  people INTEGER NOT NULL,"                                           \
	"  soft INTEGER NOT NULL,"                                             \
	"  block INTEGER NOT NULL,"                                            \
	"  complaint INTEGER NOT NULL,"                                        \
	"  delivered INTEGER NOT NULL,"                                        \
	"  PRIMARY KEY (kind, name, hour)"                                     \
	") STRICT, WITHOUT ROWID;"                                             \
	"CREATE INDEX counters_hour ON counters (hour);"                       \
	"CREATE TABLE counted ("                                               \
	"  upto INTEGER NOT NULL,"                                             \
	"  at INTEGER NOT NULL"                                                \
	") STRICT;"                                                            \
	"INSERT INTO counted SELECT ifnull((SELECT min(first_event) - 1"       \
	"  FROM hours WHERE hour >="                                           \
	"  CAST(strftime('%s', 'now') AS INTEGER) / 3600 - 768),"              \
	"  (SELECT ifnull(max(id), 0) FROM events)), 0;"                       \
	"CREATE TABLE breakers ("                                              \
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"                              \
	"  kind TEXT NOT NULL,"                                                \
	"  name TEXT NOT NULL,"                                                \
	"  opened INTEGER NOT NULL,"                                           \
	"  closed INTEGER,"                                                    \
	"  closed_by TEXT NOT NULL DEFAULT '',"                                \
	"  why TEXT NOT NULL,"                                                 \
	"  is_known INTEGER NOT NULL,"                                         \
	"  fate TEXT NOT NULL DEFAULT '',"                                     \
	"  recall_next INTEGER NOT NULL,"                                      \
	"  recall_last INTEGER NOT NULL"                                       \
	") STRICT;"                                                            \
	"CREATE UNIQUE INDEX breakers_open ON breakers (kind, name)"           \
	"  WHERE closed IS NULL;"                                              \
	"CREATE INDEX breakers_recall ON breakers (id)"                        \
	"  WHERE recall_next <= recall_last;"                                  \
	"CREATE TABLE breaker_held ("                                          \
	"  event_id INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE,"  \
	"  breaker_id INTEGER NOT NULL REFERENCES breakers,"                   \
	"  recipient_id INTEGER NOT NULL REFERENCES recipients"                \
	") STRICT;"                                                            \
	"CREATE INDEX breaker_held_of ON breaker_held"                         \
	"  (breaker_id, event_id);"                                            \
	"CREATE INDEX breaker_held_recipient ON breaker_held (recipient_id);"  \
	"ALTER TABLE campaigns ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;"

/* More is counted than soft bounces.  An event says whether it was (NULL:
   written before this version, when soft ones were), by which policy, and on
   how many days a hard one must come to be believed.  When a rung is over the
   recipient is on probation: that end was so far in the hold alone, which
   expiry deletes; of the older ones it is in the event that set it.  "counts"
   is all that has no columns of its own. */
#define V3_POLICY                                                              \
	"ALTER TABLE events ADD COLUMN is_counted INTEGER;"                    \
	"ALTER TABLE events ADD COLUMN policy TEXT NOT NULL DEFAULT '';"       \
	"ALTER TABLE events ADD COLUMN confirm INTEGER NOT NULL DEFAULT 0;"    \
	"ALTER TABLE recipients ADD COLUMN rung_end INTEGER NOT NULL"          \
	"  DEFAULT 0;"                                                         \
	"ALTER TABLE recipients ADD COLUMN counts TEXT NOT NULL DEFAULT '';"   \
	"UPDATE recipients SET rung_end = ifnull((SELECT hold_until"           \
	"  FROM events WHERE recipient_id = recipients.id AND step = 'soft'"   \
	"  AND hold_until <> 0 ORDER BY id DESC LIMIT 1), 0) WHERE rung > 0;"

/* Scopes.  An entry is of one recipient, of a domain, or of everyone (neither);
   overrides names the causes that it sets aside beyond those of bounces.  The
   audit says what was done to whom that is no recipient (subject: "@" and a
   domain, a provider, a key) and how (detail), so that entries can be
   recounted, too.  The views need what the configuration says of streams. */
#define V3_SCOPES                                                              \
	"CREATE TABLE entries ("                                               \
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"                              \
	"  kind TEXT NOT NULL," /* 'suppress' or 'allow' */                    \
	"  recipient_id INTEGER REFERENCES recipients,"                        \
	"  domain TEXT NOT NULL,"                                              \
	"  subdomains INTEGER NOT NULL,"                                       \
	"  stream TEXT NOT NULL," /* '' is all */                              \
	"  overrides TEXT NOT NULL,"                                           \
	"  since INTEGER NOT NULL,"                                            \
	"  until INTEGER," /* NULL is forever */                               \
	"  note TEXT NOT NULL"                                                 \
	") STRICT;"                                                            \
	"CREATE UNIQUE INDEX entries_of ON entries"                            \
	"  (domain, ifnull(recipient_id, 0), kind, stream);"                   \
	"CREATE INDEX entries_recipient ON entries (recipient_id)"             \
	"  WHERE recipient_id IS NOT NULL;"                                    \
	"CREATE INDEX entries_wide ON entries (kind)"                          \
	"  WHERE recipient_id IS NULL;"                                        \
	"ALTER TABLE audit ADD COLUMN subject TEXT NOT NULL DEFAULT '';"       \
	"ALTER TABLE audit ADD COLUMN detail TEXT NOT NULL DEFAULT '';"        \
	"CREATE INDEX audit_allowed ON audit (recipient_id)"                   \
	"  WHERE action IN ('allow', 'disallow');"                             \
	"CREATE TABLE streams ("                                               \
	"  name TEXT PRIMARY KEY NOT NULL,"                                    \
	"  ignored TEXT NOT NULL" /* causes: they do not count there */        \
	") STRICT, WITHOUT ROWID;"                                             \
	"INSERT INTO streams SELECT DISTINCT stream, '' FROM campaigns;"

/* The way back.  What was reverted, and what would have come otherwise without
   it, is noted beside the events; the latest audit row's counts.  A token whose
   step was reverted may spend it again, so that can no longer be a unique
   index: a trigger sees to it. */
#define V3_REVERT                                                              \
	"CREATE TABLE amendments ("                                            \
	"  event_id INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,"     \
	"  audit_id INTEGER NOT NULL REFERENCES audit,"                        \
	"  recipient_id INTEGER NOT NULL REFERENCES recipients,"               \
	"  is_reverted INTEGER NOT NULL,"                                      \
	"  step TEXT NOT NULL,"                                                \
	"  is_counted INTEGER NOT NULL,"                                       \
	"  hold_until INTEGER NOT NULL,"                                       \
	"  rung INTEGER NOT NULL,"                                             \
	"  policy TEXT NOT NULL,"                                              \
	"  PRIMARY KEY (event_id, audit_id)"                                   \
	") STRICT, WITHOUT ROWID;"                                             \
	"CREATE INDEX amendments_recipient ON amendments (recipient_id);"      \
	"CREATE TRIGGER amendments_append_only BEFORE UPDATE ON amendments"    \
	"  BEGIN SELECT raise(ABORT, 'amendments are append-only'); END;"      \
	"DROP INDEX events_recipient;"                                         \
	"CREATE INDEX events_recipient ON events"                              \
	"  (recipient_id, campaign_id, token_day,"                             \
	"  CASE WHEN step IN ('soft', 'hard', 'complaint', 'unsubscribe')"     \
	"  THEN step END);"                                                    \
	"CREATE TRIGGER events_one_step BEFORE INSERT ON events"               \
	"  WHEN new.step IN ('soft', 'hard', 'complaint', 'unsubscribe')"      \
	"  AND EXISTS (SELECT 1 FROM events e"                                 \
	"    WHERE e.recipient_id = new.recipient_id"                          \
	"    AND e.campaign_id = new.campaign_id"                              \
	"    AND e.token_day = new.token_day"                                  \
	"    AND CASE WHEN e.step IN"                                          \
	"    ('soft', 'hard', 'complaint', 'unsubscribe')"                     \
	"    THEN e.step END = new.step"                                       \
	"    AND NOT EXISTS (SELECT 1 FROM amendments m"                       \
	"    WHERE m.event_id = e.id AND m.step <> e.step))"                   \
	"  BEGIN SELECT raise(ABORT, 'one such step of a token'); END;"

/* What mailers read, as answer.c tells it: WHERE address = A AND stream IN
   ('', S).  What stands in all streams and is set aside in some has a row for
   each of the others.  Addresses that nobody has seen can be in no view: their
   domains are in suppressed_domains.  The rtrim() leaves an address up to its
   last "@".  Of one address only its own rows are read: no condition may hide
   in a view what it is asked by. */
/* clang-format off */
#define V3_IS_NOW                                                              \
	"(until IS NULL OR"                                                    \
	" until > CAST(strftime('%s', 'now') AS INTEGER))"
#define V3_BELOW(domain)                                                       \
	"(e.subdomains = 1 AND"                                                \
	" substr(" domain ", -length(e.domain) - 1) = '.' || e.domain)"
/* Whether an entry in force sets aside what h holds, where WHEN. */
#define V3_ALLOW(when)                                                         \
	" e.kind = 'allow' AND (h.cause IN ('soft', 'block', 'held', 'hard')"  \
	" OR instr(' ' || e.overrides || ' ', ' ' || h.cause || ' ') > 0)"     \
	" AND " when
#define V3_ALLOWED(when) \
	"EXISTS (SELECT 1 FROM entries_now e" \
	" WHERE e.recipient_id = h.recipient_id AND" V3_ALLOW(when) ")" \
	" OR EXISTS (SELECT 1 FROM entries_now e" \
	" WHERE e.recipient_id IS NULL AND (e.domain IN ('', h.domain) OR" \
	" " V3_BELOW("h.domain") ") AND" V3_ALLOW(when) ")"
#define V3_IGNORES(stream) \
	"instr(' ' || " stream ".ignored || ' ', ' ' || h.cause || ' ') > 0"
#define V3_VIEWS \
	"CREATE VIEW entries_now AS SELECT * FROM entries" \
	"  WHERE " V3_IS_NOW ";" \
	"CREATE VIEW recipient_domains (id, address, domain) AS" \
	"  SELECT id, address, substr(address, length(rtrim(address," \
	"    replace(address, '@', ''))) + 1) FROM recipients;" \
	"CREATE VIEW held" \
	"  (recipient_id, address, domain, stream, cause, since, until) AS" \
	"  SELECT r.id, r.address, r.domain, s.stream, s.cause, s.since," \
	"    s.until" \
	"  FROM suppressions s JOIN recipient_domains r" \
	"    ON r.id = s.recipient_id WHERE " V3_IS_NOW \
	"  UNION ALL" \
	"  SELECT r.id, r.address, r.domain, e.stream, 'manual', e.since," \
	"    e.until" \
	"  FROM recipient_domains r JOIN entries_now e" \
	"    ON (r.domain = e.domain OR " V3_BELOW("r.domain") ")" \
	"  WHERE e.kind = 'suppress' AND e.recipient_id IS NULL;" \
	"DROP VIEW suppressed;" \
	"CREATE VIEW suppressed (address, stream, cause, since, until) AS" \
	"  SELECT h.address, h.stream, h.cause, h.since, h.until" \
	"  FROM held h WHERE NOT (" \
	V3_ALLOWED("(h.stream = '' OR e.stream IN ('', h.stream))") \
	"  OR EXISTS (SELECT 1 FROM streams y WHERE " V3_IGNORES("y") \
	"    AND h.stream IN ('', y.name)))" \
	"  UNION ALL" \
	"  SELECT h.address, x.name, h.cause, h.since, h.until" \
	"  FROM held h JOIN streams x WHERE h.stream = '' AND (" \
	V3_ALLOWED("1") \
	"  OR EXISTS (SELECT 1 FROM streams y WHERE " V3_IGNORES("y") "))" \
	"  AND NOT (" \
	V3_ALLOWED("e.stream IN ('', x.name)") \
	"  OR " V3_IGNORES("x") ");" \
	"CREATE VIEW suppressed_domains" \
	"  (domain, subdomains, stream, since, until, note) AS" \
	"  SELECT domain, subdomains, stream, since, until, note" \
	"  FROM entries_now WHERE kind = 'suppress';"
/* clang-format on */

/* How far each log was read, and which of our messages were in the queue then:
   written with what the lines did, or a line would count twice, or never.  A
   join that is ended takes those who wait with it. */
#define V3_FEEDS                                                               \
	"CREATE TABLE feeds ("                                                 \
	"  name TEXT PRIMARY KEY NOT NULL,"                                    \
	"  inode INTEGER NOT NULL,"                                            \
	"  offset INTEGER NOT NULL,"                                           \
	"  digest BLOB NOT NULL,"                                              \
	"  at INTEGER NOT NULL,"                                               \
	"  repeats INTEGER NOT NULL,"                                          \
	"  lines INTEGER NOT NULL,"                                            \
	"  delivered INTEGER NOT NULL,"                                        \
	"  changed INTEGER NOT NULL,"                                          \
	"  deferred INTEGER NOT NULL,"                                         \
	"  bounced INTEGER NOT NULL,"                                          \
	"  expired INTEGER NOT NULL,"                                          \
	"  counted INTEGER NOT NULL"                                           \
	") STRICT, WITHOUT ROWID;"                                             \
	"CREATE TABLE feed_joins ("                                            \
	"  feed TEXT NOT NULL,"                                                \
	"  queue_id TEXT NOT NULL,"                                            \
	"  at INTEGER NOT NULL,"                                               \
	"  campaign TEXT NOT NULL,"                                            \
	"  campaign_id INTEGER NOT NULL,"                                      \
	"  recipient_id INTEGER NOT NULL,"                                     \
	"  recipient_hash INTEGER NOT NULL,"                                   \
	"  token_day INTEGER NOT NULL,"                                        \
	"  trust TEXT NOT NULL,"                                               \
	"  PRIMARY KEY (feed, queue_id)"                                       \
	") STRICT, WITHOUT ROWID;"                                             \
	"CREATE TABLE feed_waiting ("                                          \
	"  feed TEXT NOT NULL,"                                                \
	"  queue_id TEXT NOT NULL,"                                            \
	"  recipient_id INTEGER NOT NULL"                                      \
	"    REFERENCES recipients ON DELETE CASCADE,"                         \
	"  at INTEGER NOT NULL,"                                               \
	"  status TEXT NOT NULL,"                                              \
	"  said TEXT NOT NULL,"                                                \
	"  relay TEXT NOT NULL,"                                               \
	"  PRIMARY KEY (feed, queue_id, recipient_id),"                        \
	"  FOREIGN KEY (feed, queue_id) REFERENCES feed_joins"                 \
	"    ON DELETE CASCADE"                                                \
	") STRICT, WITHOUT ROWID;"                                             \
	"CREATE INDEX feed_waiting_recipient ON feed_waiting (recipient_id);"

/* Campaigns.  One that is paused is so since `paused`, if that is not 0; of
   what came back before `resumed` nothing pauses it again, for a person has
   looked at it.  What it sent is counted by the hour, to be held against what
   came back, and as a whole. */
#define V3_CAMPAIGNS                                                           \
	"ALTER TABLE counters ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;" \
	"ALTER TABLE campaigns ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;"  \
	"ALTER TABLE campaigns ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';" \
	"ALTER TABLE campaigns ADD COLUMN paused_why TEXT NOT NULL"            \
	"  DEFAULT '';"                                                        \
	"ALTER TABLE campaigns ADD COLUMN resumed INTEGER NOT NULL DEFAULT 0;" \
	"ALTER TABLE campaigns ADD COLUMN may_pause INTEGER NOT NULL"          \
	"  DEFAULT 1;"                                                         \
	"ALTER TABLE campaigns ADD COLUMN accepted INTEGER NOT NULL"           \
	"  DEFAULT 0;"                                                         \
	"CREATE INDEX campaigns_paused ON campaigns (id) WHERE paused <> 0;"

/* Whoever is to be forgotten is forgotten in what is append-only, too: only
   while there is a row in `erasing`, which is so in one transaction alone and
   never outside it. */
#define V3_PRIVACY                                                             \
	"CREATE TABLE erasing (one INTEGER PRIMARY KEY) STRICT;"               \
	"DROP TRIGGER events_append_only;"                                     \
	"CREATE TRIGGER events_append_only BEFORE UPDATE ON events"            \
	"  WHEN NOT EXISTS (SELECT 1 FROM erasing)"                            \
	"  BEGIN SELECT raise(ABORT, 'events are append-only'); END;"          \
	"DROP TRIGGER audit_no_update;"                                        \
	"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"                \
	"  WHEN NOT EXISTS (SELECT 1 FROM erasing)"                            \
	"  BEGIN SELECT raise(ABORT, 'audit is append-only'); END;"            \
	"DROP TRIGGER audit_no_delete;"                                        \
	"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"                \
	"  WHEN NOT EXISTS (SELECT 1 FROM erasing)"                            \
	"  BEGIN SELECT raise(ABORT, 'audit is append-only'); END;"

/* When a recipient was last seen or signed for, to the month: who is forgotten
   must not be named by a return path that still counts.  Of those who were there
   before this version it is not known, so they count as used when it came. */
#define V4_RECIPIENTS                                                          \
	"ALTER TABLE recipients ADD COLUMN used INTEGER NOT NULL DEFAULT 0;"   \
	"INSERT INTO meta SELECT 'used_since',"                                \
	"  CAST(strftime('%s', 'now') AS BLOB)"                                \
	"  WHERE EXISTS (SELECT 1 FROM recipients);"

/* Dots need no quotes any more, wherever they stand: ".a."@x is .a.@x.  Where
   there are both, the one that was written with quotes is found no more. */
#define V5_BARE "substr(address, 2, instr(address, '\"@') - 2)"
#define V5_RECIPIENTS                                                          \
	"UPDATE OR IGNORE recipients SET address = " V5_BARE                   \
	"  || substr(address, instr(address, '\"@') + 1)"                      \
	"  WHERE address GLOB '\"?*\"@*' AND " V5_BARE "  NOT GLOB "           \
	"'*[^.!#$%&''*+/0-9=?^_`a-z{|}~\xc2\x80-\xf4\x8f\xbf\xbf-]*'"          \
	";"

/* C99 promises 4095 octets of a string; both our compilers take any. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
static const char version_3[] = V3_LISTS V3_BREAKERS V3_POLICY V3_SCOPES
    V3_REVERT V3_VIEWS V3_FEEDS V3_CAMPAIGNS V3_PRIVACY;
#pragma GCC diagnostic pop

static const char version_4[] = V4_RECIPIENTS;
static const char version_5[] = V5_RECIPIENTS;
static const char *const steps[] = { version_1, version_2, version_3, version_4,
	version_5 };

const Schema schema_current = { steps, G_N_ELEMENTS(steps) };

static int pragma_get(sqlite3 *db, const char *sql, int *ret_value)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_value = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats the failure of the step */
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int schema_version(sqlite3 *db, int *ret_version)
{
	int application = 0, objects = 0;
	int rc = pragma_get(db, "PRAGMA application_id", &application);

	if (rc == SQLITE_OK)
		rc = pragma_get(db, "SELECT count(*) FROM sqlite_schema",
		    &objects);
	if (rc != SQLITE_OK)
		return rc;
	if (application != SCHEMA_APPLICATION_ID &&
	    (application != 0 || objects != 0))
		return SQLITE_NOTADB;
	return pragma_get(db, "PRAGMA user_version", ret_version);
}

static int migrate_from(sqlite3 *db, const Schema *schema, int from)
{
	int rc = SQLITE_OK;

	for (int i = from; i < schema->version && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, schema->steps[i], NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		/* A pragma takes no parameter; these are our own numbers. */
		g_autofree char *sql =
		    g_strdup_printf("PRAGMA application_id = %d;"
				    "PRAGMA user_version = %d",
			SCHEMA_APPLICATION_ID, schema->version);

		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	}
	return rc;
}

int schema_migrate(sqlite3 *db, const Schema *schema)
{
	int from = 0;
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	/* Asked inside: another process may have been quicker. */
	rc = schema_version(db, &from);
	if (rc == SQLITE_OK && from < schema->version)
		rc = migrate_from(db, schema, from);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
		/* The first failure is the one to report. */
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}
