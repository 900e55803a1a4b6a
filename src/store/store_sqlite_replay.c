/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Playing a recipient's history again.  It goes through the very policy_apply()
   that made the state, by the effects kept with the events (or what amends
   them) and the audit rows alone. */

#include "store_sqlite_replay.h"

#include <string.h>

const Place replay_end = { INT64_MAX, INT64_MAX };

void replay_init(Replay *replay, const GArray *runs)
{
	*replay = (Replay){ .runs = runs };
	replay->holds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    g_free);
}

void replay_clear(Replay *replay)
{
	g_clear_pointer(&replay->holds, g_hash_table_unref);
}

char *hold_key(Cause cause, const char *stream)
{
	return g_strconcat(cause_name(cause), " ", stream, NULL);
}

/* Where in RUNS those after PLACE begin. */
static unsigned runs_after(const GArray *runs, Place place)
{
	unsigned low = 0, high = runs->len;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (place_before(place,
			g_array_index(runs, ExpireRun, middle).place))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Whether an expire run between TRACKED and NOW_AT deleted it: that matters
   only where the run's clock was ahead, for what is over counts for nothing
   anyway. */
bool was_expired(const GArray *runs, const Tracked *tracked, Place now_at)
{
	for (unsigned i = runs_after(runs, tracked->place); i < runs->len;
	     i++) {
		const ExpireRun *run = &g_array_index(runs, ExpireRun, i);

		if (run->latest < tracked->hold.until ||
		    !place_before(run->place, now_at))
			return false;
		if (run->at >= tracked->hold.until)
			return true;
	}
	return false;
}

Hold replay_hold(Replay *replay, Cause cause, const char *stream, Place now_at)
{
	g_autofree char *key = hold_key(cause, stream);
	const Tracked *tracked = g_hash_table_lookup(replay->holds, key);

	if (tracked == NULL || was_expired(replay->runs, tracked, now_at))
		return (Hold){ 0 };
	return tracked->hold;
}

static void hold_set(Replay *replay, Cause cause, const char *stream, Hold hold,
    Place place)
{
	char *key = hold_key(cause, stream);
	Tracked *tracked;

	if (hold.since == 0) {
		(void)g_hash_table_remove(replay->holds, key);
		g_free(key);
		return;
	}
	tracked = g_new(Tracked, 1);
	*tracked = (Tracked){ hold, place };
	(void)g_hash_table_insert(replay->holds, key, tracked);
}

/* ---- replaying ---- */

static const char *stream_of(Cause cause, const char *stream)
{
	return cause == CAUSE_UNSUBSCRIBE ? stream : "";
}

RecipientState replay_before(Replay *replay, const char *stream,
    int64_t event_id)
{
	const Place place = { event_id, 0 };
	RecipientState before = replay->state;

	for (Cause cause = 0; cause < CAUSE_MANUAL; cause++)
		before.hold[cause] = replay_hold(replay, cause,
		    stream_of(cause, stream), place);
	return before;
}

void replay_effect(Replay *replay, const char *stream, int64_t event_id,
    int64_t at, const Effect *effect)
{
	const Place place = { event_id, 0 };
	RecipientState before = replay_before(replay, stream, event_id);
	RecipientState after = policy_apply(before, effect, at);

	for (Cause cause = 0; cause < CAUSE_MANUAL; cause++) {
		Hold was = before.hold[cause], is = after.hold[cause];

		if (was.since != is.since || was.until != is.until)
			hold_set(replay, cause, stream_of(cause, stream), is,
			    place);
	}
	replay->state = after;
	memset(replay->state.hold, 0, sizeof(replay->state.hold));
}

/* A row of SQL_VERIFY_EVENTS. */
static void replay_event(Replay *replay, Statement *event)
{
	static const EffectColumns columns = { .step = 3,
		.is_disabled = 4,
		.hold_until = 5,
		.rung = 6,
		.counted = 7,
		.reason = 8 };
	Effect effect = effect_read(event, &columns);

	replay_effect(replay, column_text(event, 2), column_int(event, 0),
	    column_int(event, 1), &effect);
}

static gboolean is_automatic(void *key, void *value, void *data)
{
	return !g_str_has_prefix(key, "manual ");
}

void replay_audit(Replay *replay, Statement *audit)
{
	Place place = { column_int(audit, 6), column_int(audit, 0) };
	const char *action = column_text(audit, 2);
	const char *stream = column_text(audit, 3);
	int cause = cause_from_name(column_text(audit, 4));

	if (strcmp(action, "add") == 0) {
		Hold hold = replay_hold(replay, CAUSE_MANUAL, stream, place);

		hold = hold_lengthen(hold, column_int(audit, 1),
		    column_int(audit, 5));
		hold_set(replay, CAUSE_MANUAL, stream, hold, place);
	} else if (strcmp(action, "import") == 0 && cause >= 0) {
		Hold hold = replay_hold(replay, (Cause)cause, stream, place);

		hold = hold_import(hold, column_int(audit, 1),
		    column_int(audit, 7), column_int(audit, 5));
		hold_set(replay, (Cause)cause, stream, hold, place);
	} else if (strcmp(action, "hold") == 0) {
		/* a circuit breaker looked back: at a bounce that may have been
		   taken back since */
		Hold hold = replay_hold(replay, CAUSE_HELD, "", place);

		if (replay_hold(replay, CAUSE_HARD, "", place).since == 0)
			return;
		hold = hold_lengthen(hold, column_int(audit, 1),
		    column_int(audit, 5));
		hold_set(replay, CAUSE_HELD, "", hold, place);
		hold_set(replay, CAUSE_HARD, "", (Hold){ 0 }, place);
	} else if (strcmp(action, "unhold") == 0) {
		hold_set(replay, CAUSE_HELD, "", (Hold){ 0 }, place);
	} else if (strcmp(action, "release") == 0) {
		policy_forget(&replay->state);
		/* Also what had been there, had some bounces not been. */
		if (strcmp(column_text(audit, 8), RELEASE_ALL) == 0)
			(void)g_hash_table_foreach_remove(replay->holds,
			    is_automatic, NULL);
		if (cause >= 0)
			hold_set(replay, (Cause)cause, stream, (Hold){ 0 },
			    place);
	}
}

/* ---- a whole history ---- */

bool history_each(StoreSqlite *self, StatementId events_id,
    int64_t recipient_id, HistoryRow each_event, HistoryRow each_audit,
    void *data, GError **error)
{
	g_autoptr(Statement) events = statement_use(self, events_id, error);
	g_autoptr(Statement) audits = NULL;
	bool event = false, audit = false;

	if (events == NULL)
		return false;
	audits = statement_use(self, SQL_VERIFY_AUDITS, error);
	if (audits == NULL)
		return false;
	bind_int(events, 1, recipient_id);
	bind_int(audits, 1, recipient_id);
	if (!statement_step(self, events, &event, error) ||
	    !statement_step(self, audits, &audit, error))
		return false;
	while (event || audit) {
		bool is_event = event && (!audit || column_int(events, 0) <=
							column_int(audits, 6));
		Statement *next = is_event ? events : audits;

		(is_event ? each_event : each_audit)(next, data);
		if (!statement_step(self, next, is_event ? &event : &audit,
			error))
			return false;
	}
	return true;
}

typedef struct Replaying {
	Replay *replay;
	GHashTable *without; /* or NULL */
} Replaying;

static void replay_row(Statement *event, void *data)
{
	const Replaying *replaying = data;
	int64_t id = column_int(event, 0);

	if (replaying->without == NULL ||
	    !g_hash_table_contains(replaying->without, &id))
		replay_event(replaying->replay, event);
}

static void replay_audit_row(Statement *audit, void *data)
{
	const Replaying *replaying = data;

	replay_audit(replaying->replay, audit);
}

bool replay_recipient(StoreSqlite *self, Replay *replay, int64_t recipient_id,
    GHashTable *without, GError **error)
{
	Replaying replaying = { replay, without };

	return history_each(self, SQL_VERIFY_EVENTS, recipient_id, replay_row,
	    replay_audit_row, &replaying, error);
}

/* ---- runs of expire ---- */

static void runs_set_latest(GArray *runs)
{
	int64_t latest = INT64_MIN;

	for (unsigned i = runs->len; i-- > 0;) {
		ExpireRun *run = &g_array_index(runs, ExpireRun, i);

		latest = MAX(latest, run->at);
		run->latest = latest;
	}
}

/* Adds the runs of expire since the last in RUNS: a few thousand in as many
   days. */
bool add_expire_runs(StoreSqlite *self, GArray *runs, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_VERIFY_EXPIRES, error);
	unsigned before = runs->len;
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1,
	    before > 0 ? g_array_index(runs, ExpireRun, before - 1).place.audit
		       : 0);
	for (;;) {
		ExpireRun run = { 0 };

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			break;
		run.place = (Place){ column_int(stmt, 2), column_int(stmt, 0) };
		run.at = column_int(stmt, 1);
		g_array_append_val(runs, run);
	}
	if (runs->len > before)
		runs_set_latest(runs);
	return true;
}
