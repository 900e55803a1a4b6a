/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "answer.h"
#include "breaker.h"
#include "policy.h"
#include "siphash.h"

/* The suppression store: a few verbs behind which a backend stands.

   A Store belongs to the thread that opened it.  Every verb fails with a
   GError and says "temporary" whenever it is not sure:
     VP_ERROR_FULL       no room on the disk (452)
     VP_ERROR_TEMPORARY  busy, read-only, I/O error, anything else (451)
     VP_ERROR_CONFIG     no store there, or of a newer schema
     VP_ERROR_FATAL      a sync or checkpoint failed: leave the process
   After a failure inside a transaction call store_rollback(). */
typedef struct Store Store;

typedef enum StoreMode {
	STORE_READ,   /* look only */
	STORE_WRITE,  /* a command: commits are durable one by one
			(synchronous=FULL) */
	STORE_DAEMON, /* the recorder: commits are durable after store_sync();
			 alone on this store (lock file PATH.lock), and opened
			 only after recovery and a full checkpoint */
} StoreMode;

/* For a process in which several threads have a store each: none waits for
   another that is counting memory.  Once, before all else. */
void store_use_threads(void);

/* Makes a new, empty store with a new epoch at PATH.  Fails with
   VP_ERROR_CONFIG if anything is there already. */
bool store_create(const char *path, GError **error);

/* Opens an existing store, migrating an older schema in one transaction
   (STORE_READ cannot, and says so).  BUSY_MS bounds each wait for a lock. */
Store *store_open(const char *path, StoreMode mode, unsigned busy_ms,
    GError **error);
/* NULL is nothing.  An open transaction is rolled back. */
void store_close(Store *store);

#define STORE_EPOCH 16
/* The epoch that goes into opaque tokens, STORE_EPOCH octets, lent. */
const uint8_t *store_epoch(const Store *store);

#define STORE_ADDRESS_KEY 32
/* Addresses that are kept as keyed hashes: those that were erased but for what
   keeps mail back, or (IS_HASHED) all.  KEY may be NULL: then none is.  Comes
   before all else that is done with the store; the key is in no database.
   VP_ERROR_CONFIG: the store keeps them otherwise, or under another key. */
bool store_use_addresses(Store *store, bool is_hashed, const uint8_t *key,
    GError **error);
/* Of an empty store: all its addresses will be kept as hashes under KEY. */
bool store_make_hashed(Store *store, const uint8_t *key, GError **error);
/* Whether ADDRESS is such a hash. */
bool store_is_hash(const char *address);

/* How far a long work is, and how far it goes. */
typedef void (*StoreProgress)(uint64_t done, uint64_t total, void *data);

/* Copies the store as it is now to the file PATH, mode 0640, which gets its
   name when it is whole and on the disk.  Nobody who writes is kept waiting;
   only the log cannot be cut off meanwhile.  VP_ERROR_CONFIG if PATH is there,
   unless REPLACES.  The copy is marked: it opens with STORE_READ alone. */
bool store_backup(Store *store, const char *path, bool replaces, int64_t now,
    StoreProgress progress, void *data, GError **error);
/* Makes a store at PATH, where there must be none, of the backup at FROM.  It
   has an epoch of its own: ids that were given out after the backup are given
   out again, and no old token may come to mean who has them then.  *RET_AT is
   when the backup was made.  With IS_DRY_RUN nothing is made, only looked at.
   VP_ERROR_SYNTAX: FROM is no backup, VP_ERROR_CONFIG: it is about PATH. */
bool store_restore(const char *from, const char *path, bool is_dry_run,
    StoreProgress progress, void *data, int64_t *ret_at, GError **error);

/* ---- transactions ---- */

/* Takes the writer's lock, and waits for it as long as store_open() was told;
   then VP_ERROR_TEMPORARY.  There is one transaction at a time. */
bool store_begin(Store *store, GError **error);
/* A failure leaves the transaction open: roll it back. */
bool store_commit(Store *store, GError **error);
/* Undoes what was written since store_begin(); nothing outside of one. */
void store_rollback(Store *store);
/* Until store_rollback() all is seen as it was at the first look, and the looks
   after that are quicker.  Meanwhile the log cannot be begun anew, so let it
   not last. */
bool store_look(Store *store, GError **error);
/* Makes every commit this process or another has made so far durable.  Call it
   before every acknowledgement, also of a duplicate.  Checkpoints when due.
   Its failure is VP_ERROR_FATAL. */
bool store_sync(Store *store, GError **error);

/* ---- recording; inside a transaction ---- */

#define STORE_KEY 32
/* Notes the delivery key of one report for one token.  *RET_SEEN: it was there
   before. */
bool store_seen(Store *store, const uint8_t key[STORE_KEY], int64_t now,
    bool *ret_seen, GError **error);
/* Forgets it again, as if that report had never come.  *RET_SEEN: it was
   there. */
bool store_unsee(Store *store, const uint8_t key[STORE_KEY], bool *ret_seen,
    GError **error);
/* Whether a key is noted; notes nothing. */
bool store_knows(Store *store, const uint8_t key[STORE_KEY], bool *ret_known,
    GError **error);

typedef struct StoreCampaign {
	int64_t id;
	char *name;
	char *stream;
} StoreCampaign;
void store_campaign_clear(StoreCampaign *campaign);

typedef struct StoreRecipient {
	int64_t id;
	char *address;  /* folded, as it was asked for; by id: as STORED */
	char *original; /* as first seen */
	char *stored;   /* the address, or a hash of it */
	int64_t used;   /* last ensured, to within STORE_USE_NOTED */
} StoreRecipient;
#define STORE_USE_NOTED (30 * INT64_C(86400))
void store_recipient_clear(StoreRecipient *recipient);

/* Find by id, or (id 0) by name or folded address.  VP_ERROR_NOT_FOUND. */
bool store_campaign_find(Store *store, int64_t id, const char *name,
    StoreCampaign *ret_campaign, GError **error);
bool store_recipient_find(Store *store, int64_t id, const char *folded,
    StoreRecipient *ret_recipient, GError **error);
/* Find, or make with a new id (never one used before), and note the use.  A
   campaign stays in the stream it was made with. */
bool store_campaign_ensure(Store *store, const char *name, const char *stream,
    int64_t now, StoreCampaign *ret_campaign, GError **error);
bool store_recipient_ensure(Store *store, const char *folded,
    const char *original, int64_t now, StoreRecipient *ret_recipient,
    GError **error);

/* The greatest ids given out so far. */
typedef struct StoreIds {
	int64_t campaign;
	int64_t recipient;
} StoreIds;
bool store_ids(Store *store, StoreIds *ret_ids, GError **error);

/* The state of a recipient in STREAM. */
bool store_load(Store *store, int64_t recipient_id, const char *stream,
    RecipientState *ret_state, GError **error);
/* Writes what differs from BEFORE; EVENT_ID is the event that did it.  A hold
   by hand is not touched. */
bool store_save(Store *store, int64_t recipient_id, const char *stream,
    const RecipientState *before, const RecipientState *after, int64_t event_id,
    GError **error);

/* Whether a step was already taken from the token (campaign, recipient, day);
   of a block, whether one was counted. */
bool store_step_taken(Store *store, int64_t campaign_id, int64_t recipient_id,
    int64_t token_day, Step step, bool *ret_taken, GError **error);

/* How far the address a report came to is believed. */
typedef enum Trust {
	TRUST_SIGNED, /* genuine token */
	TRUST_LOCAL,  /* unsigned, this host's own bounce, all checks passed */
	TRUST_ADMIN,  /* unsigned, of a pattern the admin trusts */
	TRUST_RECORD, /* recorded, never counted: expired token, base address */
} Trust;
const char *trust_name(Trust trust);

/* One verdict on one recipient, append-only.  Absent text is "". */
typedef struct Event {
	int64_t id; /* given by the store */
	int64_t at;
	int64_t recipient_id;
	int64_t campaign_id;
	int64_t token_day;
	Trust trust;
	enum vp_class class_;
	enum vp_reason reason;
	double confidence;
	unsigned confirm; /* as Verdict.confirm */
	const char *rule;
	const char *source; /* Verdict.source */
	const char *matched;
	const char *status;
	unsigned smtp_code;
	const char *action;
	const char *provider;
	const char *remote_mta;
	const char *diagnostic;
	const char *via;        /* Final-Recipient when it is another address */
	const char *message_id; /* of the report */
	const char *queue_id;
	const char *client; /* who handed it in: address or "local" */
	Effect effect;
	int64_t breaker_id; /* it was held under this breaker; 0: it was not */
	/* filled by store_each_event() only */
	const char *campaign;
	const char *stream;
	const char *address;
	bool is_amended;  /* EFFECT is not what it was at first: of a revert */
	bool is_reverted; /* and is none at all */
	bool is_reviewed; /* it needed review, and waits no longer */
	int64_t reviewed_as; /* the event it became, 0: dropped */
} Event;

/* Adds EVENT, whose texts are lent, as *RET_ID.  It changes no state: that is
   store_save()'s. */
bool store_append(Store *store, const Event *event, int64_t *ret_id,
    GError **error);

/* A report to an address of ours that proves nothing. */
typedef struct Forgery {
	int64_t id;
	int64_t at;
	const char *source;  /* client address, or "local" */
	const char *address; /* the envelope recipient */
	const char *why;
	const char *queue_id;
	uint64_t hits; /* how many this row stands for */
} Forgery;
/* Records it; beyond PER_SOURCE rows an hour of one source, or TOTAL of all,
   the source's (or the hour's) last row counts on instead.  What has a row of
   its own and is told again by Postfix, whose first pauses are far shorter
   than two hours, changes nothing. */
bool store_forged(Store *store, const Forgery *forgery, unsigned per_source,
    unsigned total, GError **error);

/* ---- quarantine ---- */

/* A message kept for review.  FIRST_EVENT to LAST_EVENT are all that it gave:
   one transaction's events follow each other. */
typedef struct KeptMessage {
	int64_t first_event;
	int64_t last_event;
	int64_t at;
	char *sender;  /* of the envelope */
	GBytes *bytes; /* the message, trimmed */
} KeptMessage;
void store_kept_clear(KeptMessage *kept);

/* How much of them is kept. */
typedef struct StoreQuota {
	int64_t seconds;
	uint64_t octets; /* of all together; the oldest go first */
} StoreQuota;

/* Keeps MESSAGE, inside a transaction, and deletes a few of those that are
   beyond QUOTA, itself if it must be; the rest is store_expire()'s. */
bool store_keep(Store *store, const KeptMessage *message,
    const StoreQuota *quota, GError **error);
/* The message that EVENT_ID came of.  VP_ERROR_NOT_FOUND: it is not kept, or
   not any more. */
bool store_kept(Store *store, int64_t event_id, KeptMessage *ret_message,
    GError **error);

/* ---- rules ---- */

/* HITS more of RULE, the last at LAST; inside a transaction. */
bool store_rule_hits(Store *store, const char *rule, uint64_t hits,
    int64_t last, GError **error);

/* ---- counters ---- */

/* Adds COUNTS to the hour of AT, under NAME of KIND and nowhere else; inside a
   transaction.  Events are counted by store_tick() alone; this is for what
   gives none, such as deliveries that change nothing. */
bool store_count(Store *store, CounterKind kind, const char *name, int64_t at,
    const Counts *counts, GError **error);

typedef struct CountedHour {
	CounterKind kind;
	const char *name;
	int64_t hour; /* since the Epoch */
	Counts counts;
} CountedHour;
typedef bool (*StoreEachCount)(const CountedHour *row, void *data);
/* The hours from FIRST to LAST of one name by hour, or (NULL) of all of KIND by
   name and hour. */
bool store_each_count(Store *store, CounterKind kind, const char *name,
    int64_t first, int64_t last, StoreEachCount each, void *data,
    GError **error);

/* Who makes a change by hand, why and when. */
typedef struct ManualChange {
	const char *actor;
	const char *reason;
	int64_t now;
} ManualChange;

/* ---- the circuit breaker ---- */

typedef struct Breaker {
	int64_t id;
	CounterKind kind; /* a provider, a host or a campaign */
	const char *name;
	int64_t opened;
	int64_t closed;        /* 0: it is open */
	const char *closed_by; /* "rule", or who did it */
	const char *why;       /* it opened */
	bool is_known;         /* there was a baseline to hold it against */
	const char *fate;      /* "", "confirmed" or "dropped", by hand */
	bool looks_back;       /* it is not done with the time before yet */
} Breaker;
typedef bool (*StoreEachBreaker)(const Breaker *row, void *data);
bool store_each_breaker(Store *store, bool only_open, StoreEachBreaker each,
    void *data, GError **error);

/* Whether store_tick() may have something to do.  Does not ask the disk. */
bool store_tick_due(const Store *store, int64_t now);
/* One step of the breaker's own work, in a transaction of its own of at most
   50 ms: counts events, opens and closes, looks back at what came before.
   AT_ONCE: also if it was done a moment ago.  What an admin should read in the
   log is appended to NOTICES (char *).
   *RET_MORE: there is more to do at once. */
bool store_tick(Store *store, const BreakerPolicy *policy, int64_t now,
    bool at_once, GPtrArray *notices, bool *ret_more, GError **error);
/* The open breaker that a hard verdict of PROVIDER at REMOTE_MTA falls under,
   0 for none, as of the last tick. */
bool store_breaker_over(Store *store, const char *provider,
    const char *remote_mta, int64_t *ret_id, GError **error);

/* At most MAX events after AFTER that breaker ID still holds at NOW and nobody
   settled: their ids (int64_t) are appended to RET_IDS. */
bool store_held(Store *store, int64_t id, int64_t after, unsigned max,
    int64_t now, GArray *ret_ids, GError **error);
/* EVENT is settled, inside the caller's transaction: as NEW_EVENT, or (0) it
   was nothing, and then its hold is lifted unless another breaker holds the
   recipient, too.  *RET_LIFTED: it was. */
bool store_held_settle(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, bool *ret_lifted, GError **error);
/* Closes breaker ID by hand, with its audit row; a campaign's mark ends with
   it.  FATE, unless NULL, is what a person says it was.  Each a transaction
   of its own.  VP_ERROR_NOT_FOUND: there is none such. */
bool store_breaker_close(Store *store, const ManualChange *change, int64_t id,
    GError **error);
bool store_breaker_fate(Store *store, const ManualChange *change, int64_t id,
    const char *fate, GError **error);

/* ---- campaigns ---- */

typedef struct CampaignRow {
	int64_t id;
	const char *name;
	const char *stream;
	int64_t created;
	int64_t paused;         /* since; 0: it is not */
	const char *paused_by;  /* "verpd": by itself */
	const char *paused_why; /* both "" unless paused */
	int64_t resumed;        /* the last time, or 0 */
	bool may_pause;         /* by itself */
	int64_t accepted;       /* recipients, ever, as far as counted */
	int64_t marked;         /* for pause by the breaker, or 0 */
} CampaignRow;
typedef bool (*StoreEachCampaign)(const CampaignRow *row, void *data);
/* All of them, or those that are paused, by id. */
bool store_each_campaign(Store *store, bool only_paused, StoreEachCampaign each,
    void *data, GError **error);
/* One more by name; VP_ERROR_NOT_FOUND.  EACH is called once. */
bool store_campaign_row(Store *store, const char *name, StoreEachCampaign each,
    void *data, GError **error);
/* N recipients more were accepted for NAME, which is made known if it is not;
   inside a transaction. */
bool store_campaign_accepted(Store *store, const char *name, const char *stream,
    int64_t at, uint64_t n, GError **error);
/* Pauses NAME, or (not IS_PAUSE) lets it go on, which takes its breaker's mark
   away, too.  *RET_CHANGED: it was not so before. */
bool store_campaign_pause(Store *store, const ManualChange *change,
    const char *name, bool is_pause, bool *ret_changed, GError **error);
/* Sets what is not NULL or -1.  A stream can be changed only until a bounce was
   recorded in it: VP_ERROR_SYNTAX after that. */
bool store_campaign_set(Store *store, const ManualChange *change,
    const char *name, const char *stream, int may_pause, GError **error);

/* ---- asking ---- */

typedef struct Suppression {
	int64_t recipient_id;
	const char *address;
	const char *original;
	const char *stream; /* "" is all */
	Cause cause;
	Hold hold;
	int64_t event_id; /* 0: set by hand */
	const char *note; /* by hand: the reason given */
} Suppression;

/* What to visit; zero or NULL is "any". */
typedef struct StoreFilter {
	int64_t event_id;     /* of events: this one alone */
	const char *address;  /* folded */
	const char *stream;   /* of suppressions: those of all streams, too */
	const char *campaign; /* of events */
	const char *actor;    /* of audit */
	const char *action;   /* of audit */
	int cause;            /* of suppressions and audit: Cause, or -1 */
	int class_;           /* of events: enum vp_class, or -1 */
	int64_t since;
	int64_t until;
	bool needs_review; /* of events: those that wait for it still */
	bool with_expired; /* suppressions that are over, too */
	int64_t now;
	uint64_t limit;
} StoreFilter;
#define STORE_FILTER_ANY                                                       \
	{                                                                      \
		.cause = -1, .class_ = -1                                      \
	}

/* Return false to stop.  Rows are lent for the call.  No read lock is held
   longer than 50 ms: long results are read in chunks, and the caller may write
   in between.  Suppressions come by recipient, all else by id. */
typedef bool (*StoreEachSuppression)(const Suppression *row, void *data);
typedef bool (*StoreEachEvent)(const Event *row, void *data);
typedef bool (*StoreEachForgery)(const Forgery *row, void *data);
bool store_each_suppression(Store *store, const StoreFilter *filter,
    StoreEachSuppression each, void *data, GError **error);
bool store_each_event(Store *store, const StoreFilter *filter,
    StoreEachEvent each, void *data, GError **error);
bool store_each_forgery(Store *store, const StoreFilter *filter,
    StoreEachForgery each, void *data, GError **error);

typedef struct AuditEntry {
	int64_t id;
	int64_t at;
	const char *actor;
	const char *action;  /* "add", "release", "expire", "key rotate"… */
	const char *address; /* folded, or "" */
	const char *subject; /* what it is about that is no recipient: "@" and
				a domain, a key, a provider; or "" */
	const char *detail;  /* how: filters, counts; or "" */
	const char *stream;
	int cause; /* Cause, or -1 */
	int64_t until;
	const char *reason;
	int64_t after_event; /* the last event before it: their common order */
} AuditEntry;
typedef bool (*StoreEachAudit)(const AuditEntry *row, void *data);
bool store_each_audit(Store *store, const StoreFilter *filter,
    StoreEachAudit each, void *data, GError **error);

typedef struct RuleHits {
	const char *rule;
	uint64_t hits;
	int64_t last;
} RuleHits;
typedef bool (*StoreEachRule)(const RuleHits *row, void *data);
/* Every rule that ever hit, by its name. */
bool store_each_rule(Store *store, StoreEachRule each, void *data,
    GError **error);

typedef struct StoreStats {
	int64_t recipients, campaigns, events, deliveries, duplicates, forged;
	int64_t by_class[VP_CLASS_COUNT];
	int64_t by_cause[CAUSE_COUNT]; /* active at NOW */
	int64_t needs_review;          /* and was not reviewed since */
	int64_t kept;                  /* octets of messages kept for review */
	int64_t breakers, marked;      /* open; campaigns to be paused */
} StoreStats;
bool store_stats(Store *store, int64_t since, int64_t now,
    StoreStats *ret_stats, GError **error);

/* ---- the one answer ---- */

typedef struct StoreAnswer {
	Answer answer; /* its entries are lent by ENTRIES */
	EntrySet *entries;
	int64_t recipient_id; /* 0: nobody knows that address */
	RecipientState state;
} StoreAnswer;
void store_answer_clear(StoreAnswer *answer);

/* Whether FOLDED may be mailed in STREAM, which ignores IGNORED, at NOW:
   answer_give() over what the store has.  An address that nobody knows is no
   error. */
bool store_answer(Store *store, const char *folded, const char *stream,
    CauseSet ignored, int64_t now, StoreAnswer *ret_answer, GError **error);
/* For many answers: every entry in force at NOW, to go with the suppressions
   of store_each_suppression(). */
bool store_entries(Store *store, int64_t now, EntrySet **ret_entries,
    GError **error);
/* Entries by id; of FILTER's stream, time and with_expired. */
typedef bool (*StoreEachEntry)(const Entry *row, void *data);
bool store_each_entry(Store *store, const StoreFilter *filter,
    StoreEachEntry each, void *data, GError **error);

/* What the configuration says of streams, for the SQL views; writes only what
   differs, in a transaction of its own. */
typedef struct StoreStream {
	const char *name;
	CauseSet ignored; /* what does not keep its mail back */
} StoreStream;
bool store_streams_set(Store *store, const StoreStream *streams, unsigned n,
    GError **error);

/* ---- by hand, each with its audit row ---- */

/* Each is inside the caller's transaction if there is one, else in one of its
   own (store_expire() always in its own). */

/* What the audit calls each of them; NULL is behind the last. */
const char *const *store_actions(void);

/* An audit row that changes nothing by itself, of a change to what is no
   recipient: a key, a breaker, a list that was imported. */
bool store_audit(Store *store, const ManualChange *change, const char *action,
    const char *subject, const char *detail, GError **error);

/* Lays down ENTRY from change->now on; id, since and, where NOTE is "", the
   note are given here.  What is there already is made longer and wider
   (ENTRY_SUPPRESS) or becomes this one (ENTRY_ALLOW).  An address is made
   known, with ORIGINAL as its spelling. */
bool store_entry_put(Store *store, const ManualChange *change,
    const Entry *entry, const char *original, GError **error);
/* Takes away the entries of WHICH's kind, address or domain, and stream (NULL:
   every one); *RET_REMOVED were there. */
bool store_entry_remove(Store *store, const ManualChange *change,
    const Entry *which, unsigned *ret_removed, GError **error);

/* Holds FOLDED in STREAM ("" all) until UNTIL (HOLD_FOREVER); an active hold is
   made longer, never shorter. */
bool store_add(Store *store, const ManualChange *change, const char *folded,
    const char *original, const char *stream, int64_t until, GError **error);
/* Lifts the active holds of CAUSE (-1: all) in STREAM (NULL: every one) and
   forgets the soft count and the rungs climbed, as a delivery does; *RET_LIFTED
   holds were lifted.  VP_ERROR_NOT_FOUND: nobody has that address. */
bool store_release(Store *store, const ManualChange *change, const char *folded,
    const char *stream, int cause, unsigned *ret_lifted, GError **error);
/* ---- lists ---- */

/* One line of somebody's list: FOLDED is not to be mailed in STREAM ("" all)
   because of CAUSE, which is since SINCE (0: now) and until UNTIL. */
typedef struct ImportRow {
	const char *folded;
	const char *original;
	const char *stream;
	Cause cause;
	int64_t since;
	int64_t until;
	const char *note; /* what the list says of why; or "" */
} ImportRow;

typedef struct ImportCounts {
	uint64_t added;      /* held now and not before */
	uint64_t lengthened; /* were held, for less long */
	uint64_t unchanged;  /* were held as long, or longer */
	uint64_t released;   /* lifted by hand since, so left alone */
} ImportCounts;

/* Adds N holds as the list has them, in transactions of at most some 20 ms, and
   what became of them to COUNTS.  Each stands for itself: none that is there is
   made shorter, and a row that changes nothing writes nothing.  One that was
   lifted by hand at or after its SINCE (0: at any time) stays lifted, unless
   AGAIN. */
bool store_import(Store *store, const ManualChange *change,
    const ImportRow *rows, unsigned n, bool again, bool is_dry_run,
    ImportCounts *counts, GError **error);

/* What stands for FOLDED wherever many addresses are compared. */
Hash128 store_address_key(Store *store, const char *folded);

/* A recipient with an active hold; those of one stream alone are STREAM's. */
typedef struct HeldRecipient {
	Hash128 key;
	Hold hold[CAUSE_COUNT];
} HeldRecipient;
typedef bool (*StoreEachHeld)(const HeldRecipient *row, void *data);
/* Every one of them, once, in chunks as the verbs of asking.  STREAM is asked
   about, and NOW. */
bool store_each_held(Store *store, const char *stream, int64_t now,
    StoreEachHeld each, void *data, GError **error);
/* At least as many as there are suppressed recipients; costs nothing. */
bool store_held_bound(Store *store, uint64_t *ret_bound, GError **error);

/* ---- keeping up ---- */

/* How far somebody has come who keeps in memory whom something stands against.
   All zero is the beginning; the fields are the store's. */
typedef struct StoreWatch {
	bool is_begun;
	bool has_holds;    /* come by all that were there */
	bool has_entries;  /* the same */
	bool is_complete;  /* and by all that changed up to VERSION */
	int64_t version;   /* of the data */
	int64_t recipient; /* the last of each come by */
	int64_t entry;
	int64_t event;
	int64_t audit;
} StoreWatch;
/* SUBJECT: an address as the store has it, or "@" and a domain, whose
   subdomains may be meant, too; "@" alone is everyone. */
typedef void (*StoreEachSubject)(const char *subject, void *data);
/* Goes on from WATCH by one short read.  EACH is told whom a hold or an entry
   stands against: first all of them, then those who were changed since, once or
   more, and of these some against whom nothing stands.  *RET_MORE false: EACH
   was told of all whom anything stood against when this call began. */
bool store_watch(Store *store, StoreWatch *watch, StoreEachSubject each,
    void *data, bool *ret_more, GError **error);
/* What may stand in the store for FOLDED, as it does in hashed ones and for
   those who were erased; NULL without a key: then nothing does.  g_free() it.
   Asks no disk. */
char *store_hash(const Store *store, const char *folded);

/* Which events are meant.  NULL, zero and -1 are "any"; "*" and "?" match in
   texts. */
typedef struct EventSelection {
	int64_t since;
	int64_t until;
	const char *provider;
	const char *rule;
	const char *campaign;
	int class_;
	int reason;
} EventSelection;
#define EVENT_SELECTION_ANY                                                    \
	{                                                                      \
		.class_ = -1, .reason = -1                                     \
	}
bool event_is_selected(const EventSelection *selection, const Event *event);

/* How many of what there were: names to GUINT_TO_POINTER. */
typedef struct EventCounts {
	GHashTable *by_class, *by_provider, *by_rule;
} EventCounts;
void event_counts_init(EventCounts *counts);
void event_counts_clear(EventCounts *counts);
void event_counts_add(EventCounts *counts, const Event *event);

typedef struct StoreReverted {
	uint64_t events;     /* taken back */
	uint64_t amended;    /* later ones, decided otherwise without those */
	uint64_t recipients; /* of them */
	uint64_t freed;      /* of those: nothing is held against them now */
	uint64_t holds;      /* that were in force, and are no more */
	uint64_t counts;     /* recipients whose counts changed */
	EventCounts which;   /* events taken back */
} StoreReverted;
void store_reverted_clear(StoreReverted *reverted);

/* Takes back what bounces, complaints and unsubscriptions like FILTER did, as
   though they had never come: what came after them is decided anew by POLICY
   where they made a difference.  Nothing done by hand is touched.  In
   transactions of at most 50 ms, each whole recipients: if it is ended midway,
   the same once more does the rest.  DETAIL says in the audit what was asked.
   PROGRESS, unless NULL, hears how many events were looked at. */
bool store_revert(Store *store, const ManualChange *change,
    const Policy *policy, const EventSelection *filter, const char *detail,
    bool is_dry_run, void (*progress)(uint64_t events, void *data), void *data,
    StoreReverted *ret_reverted, GError **error);

/* How long what is kept, in seconds. */
typedef struct StoreRetention {
	int64_t keys; /* of deliveries */
	StoreQuota quarantine;
	/* of store_purge(); 0: for ever */
	int64_t events[VP_CLASS_COUNT];
	int64_t acted;  /* no event that did something is younger than this
			   when it goes: its token lives, or it is counted */
	int64_t window; /* hits older than this count for nothing */
	int64_t forged;
	int64_t rule_hits; /* since the last of a rule */
	int64_t feeds;     /* messages under way, of Postfix's log */
	/* since a recipient of whom nothing is known was used; longer than any
	   return path counts, and STORE_USE_NOTED more */
	int64_t recipients;
} StoreRetention;
typedef struct StoreExpired {
	uint64_t holds;
	uint64_t keys;
	uint64_t messages;
} StoreExpired;
/* Deletes holds that are over, and delivery keys and kept messages beyond
   RETENTION, in transactions of at most 50 ms. */
bool store_expire(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreExpired *ret_expired,
    GError **error);
typedef struct StorePurged {
	uint64_t events;
	uint64_t forged;
	uint64_t rules;
	uint64_t joins;
	uint64_t recipients;
} StorePurged;
/* Deletes what is beyond RETENTION, in transactions of at most 50 ms.  No event
   goes without which a recipient's state could not be recounted. */
bool store_purge(Store *store, const ManualChange *change,
    const StoreRetention *retention, bool is_dry_run, StoreProgress progress,
    void *data, StorePurged *ret_purged, GError **error);
typedef struct StoreErased {
	uint64_t events;   /* of the address */
	uint64_t changes;  /* audit rows of it */
	uint64_t messages; /* kept for review */
	uint64_t texts;    /* rows of others that named it */
	uint64_t kept;     /* suppressions */
} StoreErased;
/* Forgets FOLDED: all that is of it, and its name wherever others' rows say it.
   Its id is never given out again.  KEEPS_BLOCK: its suppressions stay, under
   a keyed hash of it; VP_ERROR_CONFIG without a key, VP_ERROR_NOT_FOUND, and
   nothing is erased, where nothing suppresses it.  In transactions of at most
   50 ms; if it is ended midway, the same once more does the rest. */
bool store_erase(Store *store, const ManualChange *change, const char *folded,
    bool keeps_block, StoreProgress progress, void *data,
    StoreErased *ret_erased, GError **error);

/* Gives the space of what was deleted back to the disk.  Nobody can write
   meanwhile: VP_ERROR_CONFIG if a daemon runs. */
bool store_compact(Store *store, GError **error);

/* EVENT waits for review no longer: NEW_EVENT says what it is, or 0 drops it.
   Inside the caller's transaction.  A message that no event waits for is
   deleted.  VP_ERROR_NOT_FOUND: EVENT does not wait. */
bool store_review(Store *store, const ManualChange *change, const Event *event,
    int64_t new_event, GError **error);

/* Recounts every recipient from events and audit and compares; each difference
   is a line of text appended to FINDINGS.  Also integrity_check and
   foreign_key_check.  False with an error only when it could not look. */
bool store_verify(Store *store, int64_t now, GPtrArray *findings,
    uint64_t *ret_recipients, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StoreCampaign, store_campaign_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StoreRecipient, store_recipient_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeptMessage, store_kept_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StoreAnswer, store_answer_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EventCounts, event_counts_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StoreReverted, store_reverted_clear)
