/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asking: suppressions, events, forgeries, audit, and the rules' hits. */

#include "store_sqlite_walk.h"

#include <string.h>

static bool is_in_time(const StoreFilter *filter, int64_t at)
{
	return (filter->since == 0 || at >= filter->since) &&
	       (filter->until == 0 || at < filter->until);
}

/* ---- events ---- */

/* The id before the first event that may be at SINCE or later: no event of that
   hour or a later one has a smaller id than the hour's first. */
bool events_since(StoreSqlite *self, int64_t since, int64_t *ret_before,
    GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_HOUR_FIRST, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, hour_of(since));
	if (!statement_step(self, stmt, &row, error))
		return false;
	/* No such hour, no such event. */
	*ret_before = sqlite3_column_type(stmt, 0) != SQLITE_NULL
			  ? column_int(stmt, 0) - 1
			  : INT64_MAX;
	return true;
}

static Statement *event_query(const Walk *walk, GError **error)
{
	const StoreFilter *filter = walk->filter;
	StatementId id = filter->event_id != 0     ? SQL_EVENT
			 : walk->recipient_id != 0 ? SQL_EVENTS_OF_RECIPIENT
			 : filter->needs_review    ? SQL_EVENTS_TO_REVIEW
						   : SQL_EVENTS;
	Statement *stmt = statement_use(walk->self, id, error);
	int i = 1;

	if (stmt == NULL)
		return NULL;
	if (filter->event_id != 0)
		bind_int(stmt, i++, filter->event_id);
	else if (walk->recipient_id != 0)
		bind_int(stmt, i++, walk->recipient_id);
	bind_int(stmt, i++, walk->last_id);
	bind_int(stmt, i, WALK_ROWS);
	return stmt;
}

static bool is_reviewed(Statement *stmt)
{
	return sqlite3_column_type(stmt, 30) != SQLITE_NULL;
}

static bool event_matches(Statement *stmt, const StoreFilter *filter)
{
	if (!is_in_time(filter, column_int(stmt, 1)))
		return false;
	if (filter->class_ >= 0 &&
	    vp_class_from_name(column_text(stmt, 6)) != filter->class_)
		return false;
	if (filter->needs_review &&
	    (column_int(stmt, 26) == 0 || is_reviewed(stmt)))
		return false;
	if (filter->campaign != NULL &&
	    strcmp(column_text(stmt, 27), filter->campaign) != 0)
		return false;
	return filter->stream == NULL ||
	       strcmp(column_text(stmt, 28), filter->stream) == 0;
}

static Effect event_effect(Walk *walk, Statement *stmt)
{
	static const EffectColumns columns = { .step = 22,
		.is_disabled = 23,
		.hold_until = 24,
		.rung = 25,
		.counted = 32,
		.reason = 7 };
	Effect effect = effect_read(stmt, &columns);

	effect.needs_review = column_int(stmt, 26) != 0;
	effect.policy = walk_text(walk, stmt, 33);
	return effect;
}

static bool event_take(Walk *walk, Statement *stmt, void *ret_row)
{
	int trust = trust_from_name(column_text(stmt, 5));
	int class_ = vp_class_from_name(column_text(stmt, 6));
	int reason = vp_reason_from_name(column_text(stmt, 7));

	if (!event_matches(stmt, walk->filter))
		return false;
	*(Event *)ret_row = (Event){
		.id = column_int(stmt, 0),
		.at = column_int(stmt, 1),
		.recipient_id = column_int(stmt, 2),
		.campaign_id = column_int(stmt, 3),
		.token_day = column_int(stmt, 4),
		.trust = trust >= 0 ? (Trust)trust : TRUST_RECORD,
		.class_ = class_ >= 0 ? (enum vp_class)class_
				      : VP_CLASS_UNKNOWN,
		.reason = reason >= 0 ? (enum vp_reason)reason
				      : VP_REASON_UNKNOWN,
		.confidence = sqlite3_column_double(stmt, 8),
		.confirm = (unsigned)column_int(stmt, 34),
		.rule = walk_text(walk, stmt, 9),
		.source = walk_text(walk, stmt, 10),
		.matched = walk_text(walk, stmt, 11),
		.status = walk_text(walk, stmt, 12),
		.smtp_code = (unsigned)column_int(stmt, 13),
		.action = walk_text(walk, stmt, 14),
		.provider = walk_text(walk, stmt, 15),
		.remote_mta = walk_text(walk, stmt, 16),
		.diagnostic = walk_text(walk, stmt, 17),
		.via = walk_text(walk, stmt, 18),
		.message_id = walk_text(walk, stmt, 19),
		.queue_id = walk_text(walk, stmt, 20),
		.client = walk_text(walk, stmt, 21),
		.effect = event_effect(walk, stmt),
		.campaign = walk_text(walk, stmt, 27),
		.stream = walk_text(walk, stmt, 28),
		.address = walk_text(walk, stmt, 29),
		.is_reviewed = is_reviewed(stmt),
		.reviewed_as = column_int(stmt, 31),
		.breaker_id = column_int(stmt, 35),
		.is_amended = sqlite3_column_type(stmt, 36) != SQLITE_NULL,
		.is_reverted = column_int(stmt, 36) != 0,
	};
	return true;
}

static const WalkKind events = {
	.row_size = sizeof(Event), .query = event_query, .take = event_take
};

bool store_sqlite_each_event(Store *store, const StoreFilter *filter,
    StoreEachEvent each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Walk) walk = walk_new(self, &events, filter);
	const void *row;

	if (!walk_find_recipient(&walk, error) ||
	    (filter->since != 0 &&
		!events_since(self, filter->since, &walk.last_id, error)))
		return false;
	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}

/* ---- suppressions ---- */

typedef struct HoldCursor {
	int64_t first; /* recipient_id of the last row */
	char *stream;
	char *cause;
	int64_t last; /* recipient_id to end with */
} HoldCursor;

static void hold_cursor_clear(HoldCursor *cursor)
{
	g_free(cursor->stream);
	g_free(cursor->cause);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HoldCursor, hold_cursor_clear)

static void hold_cursor_set(HoldCursor *cursor, int64_t recipient_id,
    const char *stream, const char *cause)
{
	hold_cursor_clear(cursor);
	cursor->first = recipient_id;
	cursor->stream = g_strdup(stream);
	cursor->cause = g_strdup(cause);
}

/* Whether the row that STMT stands on is beyond the cursor. */
static bool hold_cursor_before(const HoldCursor *cursor, Statement *stmt)
{
	int order;

	if (column_int(stmt, 0) != cursor->first)
		return column_int(stmt, 0) > cursor->first;
	order = strcmp(column_text(stmt, 3), cursor->stream);
	if (order == 0)
		order = strcmp(column_text(stmt, 4), cursor->cause);
	return order > 0;
}

static bool suppression_matches(const Suppression *row,
    const StoreFilter *filter)
{
	if (!filter->with_expired && !hold_is_active(row->hold, filter->now))
		return false;
	if (filter->cause >= 0 && (int)row->cause != filter->cause)
		return false;
	if (filter->stream != NULL && *row->stream != '\0' &&
	    strcmp(row->stream, filter->stream) != 0)
		return false;
	return is_in_time(filter, row->hold.since);
}

static Statement *suppression_query(const Walk *walk, GError **error)
{
	const HoldCursor *cursor = walk->place;
	Statement *stmt = statement_use(walk->self, SQL_SUPPRESSIONS, error);

	if (stmt == NULL)
		return NULL;
	bind_int(stmt, 1, cursor->first);
	bind_text(stmt, 2, cursor->stream);
	bind_text(stmt, 3, cursor->cause);
	bind_int(stmt, 4, cursor->last);
	bind_int(stmt, 5, WALK_ROWS);
	return stmt;
}

static bool suppression_take(Walk *walk, Statement *stmt, void *ret_row)
{
	int cause = cause_from_name(column_text(stmt, 4));
	Suppression row = {
		.recipient_id = column_int(stmt, 0),
		.stream = column_text(stmt, 3),
		.cause = cause >= 0 ? (Cause)cause : CAUSE_MANUAL,
		.hold = { column_int(stmt, 5), column_until(stmt, 6) },
		.event_id = column_int(stmt, 7),
	};

	if (!suppression_matches(&row, walk->filter))
		return false;
	row.address = walk_text(walk, stmt, 1);
	row.original = walk_text(walk, stmt, 2);
	if (*row.original == '\0')
		row.original = row.address;
	row.stream = walk_text(walk, stmt, 3);
	row.note = walk_text(walk, stmt, 8);
	*(Suppression *)ret_row = row;
	return true;
}

static bool suppression_turn(Walk *walk, Statement *stmt, GError **error)
{
	HoldCursor *cursor = walk->place;

	if (!hold_cursor_before(cursor, stmt))
		return cursor_fail(walk->self, error);
	hold_cursor_set(cursor, column_int(stmt, 0), column_text(stmt, 3),
	    column_text(stmt, 4));
	return true;
}

static const WalkKind suppressions = { .row_size = sizeof(Suppression),
	.query = suppression_query,
	.take = suppression_take,
	.turn = suppression_turn };

bool store_sqlite_each_suppression(Store *store, const StoreFilter *filter,
    StoreEachSuppression each, void *data, GError **error)
{
	g_auto(Walk)
	    walk = walk_new((StoreSqlite *)store, &suppressions, filter);
	g_auto(HoldCursor) cursor = { .last = INT64_MAX };
	const void *row;

	if (!walk_find_recipient(&walk, error))
		return false;
	hold_cursor_set(&cursor, walk.recipient_id, "", "");
	if (walk.recipient_id != 0)
		cursor.last = walk.recipient_id;
	walk.place = &cursor;
	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}

/* ---- forgeries ---- */

static bool forgery_take(Walk *walk, Statement *stmt, void *ret_row)
{
	if (!is_in_time(walk->filter, column_int(stmt, 1)))
		return false;
	*(Forgery *)ret_row = (Forgery){
		.id = column_int(stmt, 0),
		.at = column_int(stmt, 1),
		.source = walk_text(walk, stmt, 2),
		.address = walk_text(walk, stmt, 3),
		.why = walk_text(walk, stmt, 4),
		.queue_id = walk_text(walk, stmt, 5),
		.hits = (uint64_t)column_int(stmt, 6),
	};
	return true;
}

static const WalkKind forgeries = { .row_size = sizeof(Forgery),
	.by_id = SQL_FORGERIES,
	.take = forgery_take };

bool store_sqlite_each_forgery(Store *store, const StoreFilter *filter,
    StoreEachForgery each, void *data, GError **error)
{
	g_auto(Walk) walk = walk_new((StoreSqlite *)store, &forgeries, filter);
	const void *row;

	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}

/* ---- audit ---- */

static bool audit_matches(Statement *stmt, const StoreFilter *filter)
{
	if (!is_in_time(filter, column_int(stmt, 1)))
		return false;
	if (filter->stream != NULL &&
	    strcmp(column_text(stmt, 5), filter->stream) != 0)
		return false;
	if ((filter->actor != NULL &&
		strcmp(column_text(stmt, 2), filter->actor) != 0) ||
	    (filter->action != NULL &&
		strcmp(column_text(stmt, 3), filter->action) != 0))
		return false;
	return filter->cause < 0 ||
	       cause_from_name(column_text(stmt, 6)) == filter->cause;
}

static Statement *audit_query(const Walk *walk, GError **error)
{
	bool is_of_one = walk->recipient_id != 0;
	Statement *stmt = statement_use(walk->self,
	    is_of_one ? SQL_AUDITS_OF_RECIPIENT : SQL_AUDITS, error);
	int i = 1;

	if (stmt == NULL)
		return NULL;
	if (is_of_one)
		bind_int(stmt, i++, walk->recipient_id);
	bind_int(stmt, i++, walk->last_id);
	bind_int(stmt, i, WALK_ROWS);
	return stmt;
}

static bool audit_take(Walk *walk, Statement *stmt, void *ret_row)
{
	if (!audit_matches(stmt, walk->filter))
		return false;
	*(AuditEntry *)ret_row = (AuditEntry){
		.id = column_int(stmt, 0),
		.at = column_int(stmt, 1),
		.actor = walk_text(walk, stmt, 2),
		.action = walk_text(walk, stmt, 3),
		.address = walk_text(walk, stmt, 4),
		.stream = walk_text(walk, stmt, 5),
		.cause = cause_from_name(column_text(stmt, 6)),
		.until = column_int(stmt, 7),
		.reason = walk_text(walk, stmt, 8),
		.after_event = column_int(stmt, 9),
		.subject = walk_text(walk, stmt, 10),
		.detail = walk_text(walk, stmt, 11),
	};
	return true;
}

static const WalkKind audits = {
	.row_size = sizeof(AuditEntry), .query = audit_query, .take = audit_take
};

bool store_sqlite_each_audit(Store *store, const StoreFilter *filter,
    StoreEachAudit each, void *data, GError **error)
{
	g_auto(Walk) walk = walk_new((StoreSqlite *)store, &audits, filter);
	const void *row;

	if (!walk_find_recipient(&walk, error))
		return false;
	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}

/* ---- rules ---- */

static Statement *rule_query(const Walk *walk, GError **error)
{
	char *const *after = walk->place;
	Statement *stmt = statement_use(walk->self, SQL_RULES, error);

	if (stmt == NULL)
		return NULL;
	bind_text(stmt, 1, *after);
	bind_int(stmt, 2, WALK_ROWS);
	return stmt;
}

static bool rule_take(Walk *walk, Statement *stmt, void *ret_row)
{
	*(RuleHits *)ret_row = (RuleHits){ walk_text(walk, stmt, 0),
		(uint64_t)column_int(stmt, 1), column_int(stmt, 2) };
	return true;
}

static bool rule_turn(Walk *walk, Statement *stmt, GError **error)
{
	char **after = walk->place;

	if (strcmp(column_text(stmt, 0), *after) <= 0)
		return cursor_fail(walk->self, error);
	g_free(*after);
	*after = g_strdup(column_text(stmt, 0));
	return true;
}

static const WalkKind rules = { .row_size = sizeof(RuleHits),
	.query = rule_query,
	.take = rule_take,
	.turn = rule_turn };

bool store_sqlite_each_rule(Store *store, StoreEachRule each, void *data,
    GError **error)
{
	g_auto(Walk) walk = walk_new((StoreSqlite *)store, &rules, NULL);
	g_autofree char *after = g_strdup("");
	const void *row;

	walk.place = &after;
	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}
