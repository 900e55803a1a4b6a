/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Breakers as a person sees them: asked for, closed, and what they hold
   settled one by one, so that whoever is killed midway goes on where he
   stopped. */

#include "store_sqlite_walk.h"

#include "errors.h"

#include <string.h>

/* ---- asking ---- */

static bool breaker_take(Walk *walk, Statement *stmt, void *ret_row)
{
	int kind = counter_kind_from_name(column_text(stmt, 1));

	if (kind < 0)
		return false;
	*(Breaker *)ret_row = (Breaker){
		.id = column_int(stmt, 0),
		.kind = (CounterKind)kind,
		.name = walk_text(walk, stmt, 2),
		.opened = column_int(stmt, 3),
		.closed = column_int(stmt, 4),
		.closed_by = walk_text(walk, stmt, 5),
		.why = walk_text(walk, stmt, 6),
		.is_known = column_int(stmt, 7) != 0,
		.fate = walk_text(walk, stmt, 8),
		.looks_back = column_int(stmt, 9) != 0,
	};
	return true;
}

static bool open_breaker_take(Walk *walk, Statement *stmt, void *ret_row)
{
	return column_int(stmt, 4) == 0 && breaker_take(walk, stmt, ret_row);
}

static const WalkKind breakers = {
	.row_size = sizeof(Breaker), .by_id = SQL_BREAKERS, .take = breaker_take
};
static const WalkKind open_breakers = { .row_size = sizeof(Breaker),
	.by_id = SQL_BREAKERS,
	.take = open_breaker_take };

bool store_sqlite_each_breaker(Store *store, bool only_open,
    StoreEachBreaker each, void *data, GError **error)
{
	g_auto(Walk) walk = walk_new((StoreSqlite *)store,
	    only_open ? &open_breakers : &breakers, NULL);
	const void *row;

	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}

bool store_sqlite_held(Store *store, int64_t id, int64_t after, unsigned max,
    int64_t now, GArray *ret_ids, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_BREAKER_HELD, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	bind_int(stmt, 2, after);
	bind_int(stmt, 3, max);
	bind_int(stmt, 4, now);
	return statement_numbers(self, stmt, ret_ids, error);
}

/* ---- settling ---- */

static bool note_settled(StoreSqlite *self, int64_t event_id, int64_t at,
    int64_t new_event, GError **error)
{
	Statement *stmt = statement_use(self, SQL_HELD_SETTLE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, event_id);
	bind_int(stmt, 2, at);
	if (new_event != 0) /* else it stays NULL */
		bind_int(stmt, 3, new_event);
	return statement_run(self, stmt, error);
}

static bool is_held_elsewhere(StoreSqlite *self, const Event *event,
    bool *ret_is, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_HELD_OTHERS, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, event->recipient_id);
	bind_int(stmt, 2, event->breaker_id);
	return statement_step(self, stmt, ret_is, error);
}

static bool lift(StoreSqlite *self, const ManualChange *change,
    const Event *event, bool *ret_lifted, GError **error)
{
	AuditRow row = { .action = "unhold",
		.recipient_id = event->recipient_id,
		.stream = "",
		.cause = CAUSE_HELD };
	RecipientState state;
	bool is_elsewhere;

	if (!store_sqlite_load(&self->base, event->recipient_id, "", &state,
		error) ||
	    !is_held_elsewhere(self, event, &is_elsewhere, error))
		return false;
	if (is_elsewhere ||
	    !hold_is_active(state.hold[CAUSE_HELD], change->now))
		return true;
	*ret_lifted = true;
	row.until = state.hold[CAUSE_HELD].until;
	return hold_delete(self, event->recipient_id, "", CAUSE_HELD, error) &&
	       audit_write(self, change, &row, error);
}

bool store_sqlite_held_settle(Store *store, const ManualChange *change,
    const Event *event, int64_t new_event, bool *ret_lifted, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;

	*ret_lifted = false;
	if (!note_settled(self, event->id, change->now, new_event, error))
		return false;
	return new_event != 0 || lift(self, change, event, ret_lifted, error);
}

/* ---- closing ---- */

/* The kind and name of breaker ID. */
static bool breaker_find(StoreSqlite *self, int64_t id, CounterKind *ret_kind,
    char **ret_name, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_BREAKERS, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id - 1);
	bind_int(stmt, 2, 1);
	if (!statement_step(self, stmt, &row, error))
		return false;
	if (!row || column_int(stmt, 0) != id) {
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "there is no breaker %" G_GINT64_FORMAT, id);
		return false;
	}
	*ret_kind = (CounterKind)MAX(0,
	    counter_kind_from_name(column_text(stmt, 1)));
	*ret_name = g_strdup(column_text(stmt, 2));
	return true;
}

static bool note_change(StoreSqlite *self, const ManualChange *change,
    const char *action, int64_t id, CounterKind kind, const char *name,
    GError **error)
{
	g_autofree char *subject = g_strdup_printf("%s %s",
	    counter_kind_name(kind), name);
	g_autofree char *detail = g_strdup_printf("breaker %" G_GINT64_FORMAT,
	    id);
	const AuditRow row = { .action = action,
		.stream = "",
		.cause = -1,
		.subject = subject,
		.detail = detail };

	return audit_write(self, change, &row, error);
}

static bool set_fate(StoreSqlite *self, int64_t id, const char *fate,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_BREAKER_FATE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	bind_text(stmt, 2, fate);
	return statement_run(self, stmt, error);
}

static bool change_breaker(StoreSqlite *self, const ManualChange *change,
    int64_t id, const char *fate, GError **error)
{
	g_autofree char *name = NULL;
	CounterKind kind;

	if (!breaker_find(self, id, &kind, &name, error))
		return false;
	if (fate != NULL)
		return set_fate(self, id, fate, error) &&
		       note_change(self, change,
			   strcmp(fate, "dropped") == 0 ? "breaker drop"
							: "breaker confirm",
			   id, kind, name, error);
	return breaker_end(self, id, change->now, change->actor, error) &&
	       (kind != COUNTER_CAMPAIGN ||
		   (campaign_mark(self, name, 0, error) &&
		       campaign_resume_by_rule(self, change, name, error))) &&
	       note_change(self, change, "breaker close", id, kind, name,
		   error);
}

typedef struct Change {
	const ManualChange *change;
	int64_t id;
	const char *fate;
} Change;

static bool change_one(StoreSqlite *self, void *data, GError **error)
{
	const Change *one = data;

	return change_breaker(self, one->change, one->id, one->fate, error);
}

bool store_sqlite_breaker_close(Store *store, const ManualChange *change,
    int64_t id, GError **error)
{
	Change one = { change, id, NULL };

	return in_any_transaction((StoreSqlite *)store, change_one, &one,
	    error);
}

bool store_sqlite_breaker_fate(Store *store, const ManualChange *change,
    int64_t id, const char *fate, GError **error)
{
	Change one = { change, id, fate };

	return in_any_transaction((StoreSqlite *)store, change_one, &one,
	    error);
}
