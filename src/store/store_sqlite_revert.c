/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way back.  A recipient's history is played twice side by side: as it
   stands, and as though the events taken back had never come.  Where that makes
   a difference to what a later event meets, it is decided anew; where the two
   decisions differ, that event is amended.  Then what differs at the end is
   written.  So a recount, which plays by the amendments, comes to the same; and
   so does the store of one who never had those events.

   A decision is compared with what the same policy makes of the history as it
   stands, not with what was decided on the day: a policy that was changed since
   changes nothing that the reverted events did not. */

#include "store_sqlite_replay.h"

#include <string.h>

enum {
	CHUNK_EVENTS = 500,
	BUSY_USEC = 20000, /* then a transaction takes no further recipient */
};

/* Columns of SQL_REVERT_EVENTS behind those of SQL_VERIFY_EVENTS. */
enum {
	AT_CLASS = 9,
	AT_PROVIDER,
	AT_RULE,
	AT_CAMPAIGN,
	AT_CAMPAIGN_ID,
	AT_TOKEN_DAY,
	AT_CONFIDENCE,
	AT_CONFIRM,
	AT_NEEDS_REVIEW,
	AT_TRUST,
	AT_REVERTED,
};

typedef struct Amendment {
	int64_t event_id;
	bool is_reverted;
	Effect effect;
} Amendment;

/* One recipient, with and without. */
typedef struct Twice {
	int64_t recipient_id;
	Replay was;
	Replay is;
	GHashTable *taken_was; /* "campaign day step" */
	GHashTable *taken_is;
	GArray *amendments;
	unsigned reverted;
	unsigned silenced; /* had done nothing, and never will */
} Twice;

typedef struct Revert {
	const ManualChange *change;
	const Policy *policy;
	const EventSelection *filter;
	const char *detail;
	bool is_dry_run;
	bool is_audited;  /* the run has its row */
	GArray *runs;     /* of ExpireRun */
	GArray *waiting;  /* recipient ids of this chunk of events */
	GHashTable *seen; /* of a dry run, which leaves no trace to know by */
	unsigned next;    /* of WAITING */
	StoreReverted done;
} Revert;

static void twice_clear(Twice *twice)
{
	replay_clear(&twice->was);
	replay_clear(&twice->is);
	g_clear_pointer(&twice->taken_was, g_hash_table_unref);
	g_clear_pointer(&twice->taken_is, g_hash_table_unref);
	g_clear_pointer(&twice->amendments, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Twice, twice_clear)

/* ---- which ---- */

/* Only what can keep mail back.  What a person confirmed is by hand. */
static bool can_be_reverted(Step step)
{
	switch (step) {
	case STEP_SOFT:
	case STEP_HARD:
	case STEP_HELD:
	case STEP_COMPLAINT:
	case STEP_UNSUBSCRIBE:
	case STEP_BLOCK:
		return true;
	case STEP_NONE:
	case STEP_RESET:
	case STEP_CONFIRM:
		return false;
	}
	return false;
}

/* Where a statement has what an event is selected by. */
typedef struct EventColumns {
	int class_, reason, provider, rule, campaign;
} EventColumns;

/* Borrows from STMT. */
static Event event_of(Statement *stmt, const EventColumns *columns)
{
	int class_ = vp_class_from_name(column_text(stmt, columns->class_));
	int reason = vp_reason_from_name(column_text(stmt, columns->reason));

	return (Event){ .at = column_int(stmt, 1),
		.class_ = class_ >= 0 ? (enum vp_class)class_
				      : VP_CLASS_UNKNOWN,
		.reason = reason >= 0 ? (enum vp_reason)reason
				      : VP_REASON_UNKNOWN,
		.provider = column_text(stmt, columns->provider),
		.rule = column_text(stmt, columns->rule),
		.campaign = column_text(stmt, columns->campaign) };
}

/* What a person judged is by hand. */
static bool is_selected(const EventSelection *filter, const Event *event)
{
	return strcmp(event->rule, "by-hand") != 0 &&
	       event_is_selected(filter, event);
}

/* ---- deciding anew ---- */

static Effect event_effect(Statement *event)
{
	static const EffectColumns columns = { .step = 3,
		.is_disabled = 4,
		.hold_until = 5,
		.rung = 6,
		.counted = 7,
		.reason = 8 };

	return effect_read(event, &columns);
}

static bool effect_equal(const Effect *a, const Effect *b)
{
	return a->step == b->step && a->is_counted == b->is_counted &&
	       a->hold_until == b->hold_until && a->rung == b->rung;
}

/* What is held spends the hard step, and the reverse. */
static char *token_key(Statement *event, Step step)
{
	return g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
	    column_int(event, AT_CAMPAIGN_ID), column_int(event, AT_TOKEN_DAY),
	    step_name(step == STEP_HELD ? STEP_HARD : step));
}

static void take_step(GHashTable *taken, Statement *event, const Effect *effect)
{
	if (effect_is_once_per_token(effect))
		(void)g_hash_table_add(taken, token_key(event, effect->step));
}

/* What the policy of today makes of EVENT for one in STATE.  OWN tells that a
   circuit breaker was open then. */
static Effect decide(const Revert *revert, Statement *event,
    const RecipientState *state, GHashTable *taken, const Effect *own)
{
	int class_ = vp_class_from_name(column_text(event, AT_CLASS));
	int reason = vp_reason_from_name(column_text(event, 8));
	const PolicyCase case_ = {
		.class_ = class_ >= 0 ? (enum vp_class)class_
				      : VP_CLASS_UNKNOWN,
		.reason = reason >= 0 ? (enum vp_reason)reason
				      : VP_REASON_UNKNOWN,
		.confidence = sqlite3_column_double(event, AT_CONFIDENCE),
		.provider = column_text(event, AT_PROVIDER),
		.confirm = (unsigned)column_int(event, AT_CONFIRM),
	};
	Effect effect = policy_decide(revert->policy, state, &case_,
	    column_int(event, 1));
	g_autofree char *key = NULL;

	if (own->step == STEP_HELD && effect.step == STEP_HARD)
		effect = *own;
	key = token_key(event, effect.step);
	if (effect_is_once_per_token(&effect) &&
	    g_hash_table_contains(taken, key))
		return (Effect){ 0 };
	return effect;
}

/* What never acts, or is a person's own word, is as it was. */
static bool can_differ(Statement *event, const Effect *own)
{
	return own->step != STEP_CONFIRM && own->step != STEP_RESET &&
	       column_int(event, AT_NEEDS_REVIEW) == 0 &&
	       strcmp(column_text(event, AT_TRUST), "record") != 0 &&
	       strcmp(column_text(event, AT_RULE), "by-hand") != 0;
}

static Effect effect_without(const Revert *revert, Twice *twice,
    Statement *event, const Effect *own)
{
	const char *stream = column_text(event, 2);
	int64_t id = column_int(event, 0);
	RecipientState was = replay_before(&twice->was, stream, id);
	RecipientState is = replay_before(&twice->is, stream, id);
	Effect with, without;

	if (!can_differ(event, own))
		return *own;
	with = decide(revert, event, &was, twice->taken_was, own);
	without = decide(revert, event, &is, twice->taken_is, own);
	return effect_equal(&with, &without) ? *own : without;
}

/* It was an echo, or its token's step was spent: without the others it would
   do what those did. */
static bool is_silent(Statement *event, const Effect *own)
{
	int class_ = vp_class_from_name(column_text(event, AT_CLASS));

	return own->step == STEP_NONE && class_ >= 0 &&
	       can_be_reverted(policy_step((enum vp_class)class_)) &&
	       can_differ(event, own);
}

typedef struct Play {
	Revert *revert;
	Twice *twice;
} Play;

static void play_event(Revert *revert, Twice *twice, Statement *event)
{
	static const EventColumns columns = { AT_CLASS, 8, AT_PROVIDER, AT_RULE,
		AT_CAMPAIGN };
	const char *stream = column_text(event, 2);
	const Event which = event_of(event, &columns);
	Effect own = event_effect(event), effect = own;
	Amendment amendment = { .event_id = column_int(event, 0) };

	if (column_int(event, AT_REVERTED) != 0) {
		/* it stays so */
	} else if ((can_be_reverted(own.step) || is_silent(event, &own)) &&
		   is_selected(revert->filter, &which)) {
		effect = (Effect){ 0 };
		amendment.is_reverted = true;
	} else if (twice->reverted + twice->silenced > 0) {
		effect = effect_without(revert, twice, event, &own);
	}
	if (amendment.is_reverted && own.step == STEP_NONE) {
		twice->silenced++;
	} else if (amendment.is_reverted) {
		twice->reverted++;
		event_counts_add(&revert->done.which, &which);
	}
	if (amendment.is_reverted || !effect_equal(&effect, &own)) {
		effect.policy =
		    g_intern_string(effect.policy != NULL ? effect.policy : "");
		amendment.effect = effect;
		g_array_append_val(twice->amendments, amendment);
	}
	take_step(twice->taken_was, event, &own);
	take_step(twice->taken_is, event, &effect);
	replay_effect(&twice->was, stream, amendment.event_id,
	    column_int(event, 1), &own);
	replay_effect(&twice->is, stream, amendment.event_id,
	    column_int(event, 1), &effect);
}

static void play_event_row(Statement *event, void *data)
{
	const Play *play = data;

	play_event(play->revert, play->twice, event);
}

static void play_audit_row(Statement *audit, void *data)
{
	const Play *play = data;

	replay_audit(&play->twice->was, audit);
	replay_audit(&play->twice->is, audit);
}

static bool play_twice(StoreSqlite *self, Revert *revert, Twice *twice,
    GError **error)
{
	Play play = { revert, twice };

	return history_each(self, SQL_REVERT_EVENTS, twice->recipient_id,
	    play_event_row, play_audit_row, &play, error);
}

/* ---- writing ---- */

static bool amend(StoreSqlite *self, const Twice *twice, int64_t audit_id,
    const Amendment *amendment, GError **error)
{
	Statement *stmt = statement_use(self, SQL_AMEND, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, amendment->event_id);
	bind_int(stmt, 2, audit_id);
	bind_int(stmt, 3, twice->recipient_id);
	bind_int(stmt, 4, amendment->is_reverted);
	bind_text(stmt, 5, step_name(amendment->effect.step));
	bind_int(stmt, 6, amendment->effect.is_counted);
	bind_int(stmt, 7, amendment->effect.hold_until);
	bind_int(stmt, 8, amendment->effect.rung);
	bind_text(stmt, 9, amendment->effect.policy);
	return statement_run(self, stmt, error);
}

static bool write_amendments(StoreSqlite *self, Revert *revert,
    const Twice *twice, GError **error)
{
	g_autofree char *detail = g_strdup_printf("%u taken back, %u amended",
	    twice->reverted,
	    twice->amendments->len - twice->reverted - twice->silenced);
	AuditRow run = { .action = "revert",
		.stream = "",
		.cause = -1,
		.detail = revert->detail };
	AuditRow row = { .action = "revert",
		.stream = "",
		.cause = -1,
		.recipient_id = twice->recipient_id,
		.detail = detail };
	int64_t audit_id;

	if (!revert->is_audited &&
	    !audit_write(self, revert->change, &run, error))
		return false;
	revert->is_audited = true;
	if (!audit_write(self, revert->change, &row, error))
		return false;
	audit_id = sqlite3_last_insert_rowid(self->db);
	for (unsigned i = 0; i < twice->amendments->len; i++)
		if (!amend(self, twice, audit_id,
			&g_array_index(twice->amendments, Amendment, i), error))
			return false;
	return true;
}

/* The keys of A and B. */
static GPtrArray *keys_of_both(GHashTable *a, GHashTable *b)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	void *key;

	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(keys, g_strdup(key));
	g_hash_table_iter_init(&iter, b);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (!g_hash_table_contains(a, key))
			g_ptr_array_add(keys, g_strdup(key));
	return keys;
}

static bool write_hold(StoreSqlite *self, Twice *twice, Cause cause,
    const char *stream, Hold hold, GError **error)
{
	g_autofree char *key = hold_key(cause, stream);
	const Tracked *tracked = g_hash_table_lookup(twice->is.holds, key);

	if (hold.since == 0)
		return hold_delete(self, twice->recipient_id, stream, cause,
		    error);
	return hold_put(self, twice->recipient_id, stream, cause, hold,
	    tracked->place.audit == 0 ? tracked->place.event : 0, "", error);
}

/* Holds and counts that differ; what they come to is counted in any case. */
static bool settle(StoreSqlite *self, Revert *revert, Twice *twice,
    GError **error)
{
	g_autoptr(GPtrArray)
	    keys = keys_of_both(twice->was.holds, twice->is.holds);
	int64_t now = revert->change->now;
	unsigned before = 0, after = 0;

	for (unsigned i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);
		const char *stream = strchr(key, ' ') + 1;
		g_autofree char *name = g_strndup(key,
		    (gsize)(stream - 1 - key));
		Cause cause = (Cause)cause_from_name(name);
		Hold was = replay_hold(&twice->was, cause, stream, replay_end);
		Hold is = replay_hold(&twice->is, cause, stream, replay_end);

		before += hold_is_active(was, now);
		after += hold_is_active(is, now);
		revert->done.holds += hold_is_active(was, now) &&
				      !hold_is_active(is, now);
		if ((was.since != is.since || was.until != is.until) &&
		    !revert->is_dry_run &&
		    !write_hold(self, twice, cause, stream, is, error))
			return false;
	}
	revert->done.freed += before > 0 && after == 0;
	if (counts_are_equal(&twice->was.state, &twice->is.state))
		return true;
	revert->done.counts++;
	return revert->is_dry_run ||
	       counts_put(self, twice->recipient_id, &twice->is.state, error);
}

static bool revert_recipient(StoreSqlite *self, Revert *revert, int64_t id,
    GError **error)
{
	g_auto(Twice) twice = { .recipient_id = id };

	replay_init(&twice.was, revert->runs);
	replay_init(&twice.is, revert->runs);
	twice.taken_was = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	twice.taken_is = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	twice.amendments = g_array_new(FALSE, FALSE, sizeof(Amendment));
	if (!play_twice(self, revert, &twice, error))
		return false;
	if (twice.amendments->len == 0)
		return true;
	revert->done.recipients += twice.reverted > 0;
	revert->done.events += twice.reverted;
	revert->done.amended += twice.amendments->len - twice.reverted -
				twice.silenced;
	return (revert->is_dry_run ||
		   write_amendments(self, revert, &twice, error)) &&
	       settle(self, revert, &twice, error);
}

/* As many of those that wait as there is time for. */
static bool revert_some(StoreSqlite *self, void *data, GError **error)
{
	Revert *revert = data;
	int64_t began = g_get_monotonic_time();

	if (!add_expire_runs(self, revert->runs, error))
		return false;
	while (revert->next < revert->waiting->len &&
	       g_get_monotonic_time() - began < BUSY_USEC)
		if (!revert_recipient(self, revert,
			g_array_index(revert->waiting, int64_t, revert->next++),
			error))
			return false;
	return true;
}

static bool look_at_some(StoreSqlite *self, Revert *revert, GError **error)
{
	bool ok;

	if (!store_sqlite_begin_read(self, error))
		return false;
	ok = revert_some(self, revert, error);
	store_sqlite_rollback(&self->base);
	return ok;
}

/* ---- finding ---- */

static void note_waiting(Revert *revert, GHashTable *here, int64_t id)
{
	GHashTable *seen = revert->is_dry_run ? revert->seen : here;

	if (g_hash_table_contains(seen, &id))
		return;
	(void)g_hash_table_add(seen, g_memdup2(&id, sizeof(id)));
	g_array_append_val(revert->waiting, id);
}

/* The recipients of the next events that fit. */
static bool find_some(StoreSqlite *self, Revert *revert, int64_t *last_id,
    unsigned *ret_seen, GError **error)
{
	static const EventColumns columns = { 3, 4, 5, 6, 7 };
	g_autoptr(Statement) stmt = statement_use(self, SQL_REVERT_SCAN, error);
	g_autoptr(GHashTable) here = g_hash_table_new_full(g_int64_hash,
	    g_int64_equal, g_free, NULL);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *last_id);
	bind_int(stmt, 2, CHUNK_EVENTS);
	g_array_set_size(revert->waiting, 0);
	revert->next = 0;
	for (*ret_seen = 0;; (*ret_seen)++) {
		Event which;
		int class_;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		which = event_of(stmt, &columns);
		if (!cursor_move(self, last_id, column_int(stmt, 0), error))
			return false;
		class_ = vp_class_from_name(column_text(stmt, 3));
		if (class_ >= 0 && column_int(stmt, 8) == 0 &&
		    can_be_reverted(policy_step((enum vp_class)class_)) &&
		    is_selected(revert->filter, &which))
			note_waiting(revert, here, column_int(stmt, 2));
	}
}

static bool revert_all(StoreSqlite *self, Revert *revert,
    void (*progress)(uint64_t events, void *data), void *data, GError **error)
{
	int64_t last_id = 0;
	uint64_t looked_at = 0;
	unsigned seen;

	if (revert->filter->since != 0 &&
	    !events_since(self, revert->filter->since, &last_id, error))
		return false;
	do {
		if (!find_some(self, revert, &last_id, &seen, error))
			return false;
		while (revert->next < revert->waiting->len)
			if (revert->is_dry_run
				? !look_at_some(self, revert, error)
				: !in_transaction(self, revert_some, revert,
				      error))
				return false;
		looked_at += seen;
		if (progress != NULL)
			progress(looked_at, data);
	} while (seen == CHUNK_EVENTS);
	return true;
}

bool store_sqlite_revert(Store *store, const ManualChange *change,
    const Policy *policy, const EventSelection *filter, const char *detail,
    bool is_dry_run, void (*progress)(uint64_t events, void *data), void *data,
    StoreReverted *ret_reverted, GError **error)
{
	g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(ExpireRun));
	g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash,
	    g_int64_equal, g_free, NULL);
	Revert revert = { .change = change,
		.policy = policy,
		.filter = filter,
		.detail = detail,
		.is_dry_run = is_dry_run,
		.runs = runs,
		.waiting = waiting,
		.seen = seen };

	event_counts_init(&revert.done.which);
	if (!revert_all((StoreSqlite *)store, &revert, progress, data, error)) {
		store_reverted_clear(&revert.done);
		return false;
	}
	*ret_reverted = revert.done;
	return true;
}
