/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looking back.  When a breaker opens, the first of the wrong hard bounces have
   been believed already.  Those of the hours before it are gone through a few
   at a time, and each that no other receiver has confirmed is held like those
   that come after. */

#include "store_sqlite.h"

/* Looked back at in one transaction. */
enum { RECALL_EVENTS = 300 };

/* The breaker that looks back, and what it has yet to look at. */
typedef struct Recall {
	int64_t breaker_id;
	CounterKind kind;
	char *name;
	int64_t next, last;
} Recall;

static void recall_clear(Recall *recall)
{
	g_free(recall->name);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Recall, recall_clear)

static bool recall_find(StoreSqlite *self, Recall *recall, bool *ret_any,
    GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_BREAKER_RECALL, error);

	if (stmt == NULL || !statement_step(self, stmt, ret_any, error))
		return false;
	if (*ret_any) {
		int kind = counter_kind_from_name(column_text(stmt, 1));

		recall->breaker_id = column_int(stmt, 0);
		recall->kind = kind >= 0 ? (CounterKind)kind : COUNTER_SITE;
		recall->name = g_strdup(column_text(stmt, 2));
		recall->next = column_int(stmt, 3);
		recall->last = column_int(stmt, 4);
	}
	return true;
}

typedef struct Recalled {
	int64_t event_id;
	int64_t recipient_id;
} Recalled;

/* The hard bounces of this receiver from FIRST to LAST whose hold still
   stands as they made it. */
static GArray *recall_read(StoreSqlite *self, const Recall *recall,
    int64_t last, int64_t now, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_RECALL_EVENTS, error);
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Recalled));
	bool row;

	if (stmt == NULL)
		return NULL;
	bind_int(stmt, 1, recall->next);
	bind_int(stmt, 2, last);
	bind_int(stmt, 3, now);
	for (;;) {
		Recalled one;
		g_autofree char *host = NULL;

		if (!statement_step(self, stmt, &row, error))
			return NULL;
		if (!row)
			return g_steal_pointer(&found);
		one = (Recalled){ column_int(stmt, 0), column_int(stmt, 1) };
		host = breaker_host(column_text(stmt, 2), column_text(stmt, 3));
		if (breaker_covers(recall->kind, recall->name,
			column_text(stmt, 2), host))
			g_array_append_val(found, one);
	}
}

/* Whether another receiver has said the same since. */
static bool is_told_elsewhere(StoreSqlite *self, const Recall *recall,
    const Recalled *one, bool *ret_told, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_RECALL_OTHERS, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, one->recipient_id);
	bind_int(stmt, 2, one->event_id);
	for (*ret_told = false; !*ret_told;) {
		g_autofree char *host = NULL;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		host = breaker_host(column_text(stmt, 0), column_text(stmt, 1));
		*ret_told = !breaker_covers(recall->kind, recall->name,
		    column_text(stmt, 0), host);
	}
	return true;
}

/* Its hold becomes one of some days.  A recount finds it in the audit. */
static bool recall_one(StoreSqlite *self, const Recall *recall,
    const Recalled *one, int64_t now, int64_t until, GError **error)
{
	g_autofree char *reason =
	    g_strdup_printf("circuit breaker %" G_GINT64_FORMAT ", %s %s",
		recall->breaker_id, counter_kind_name(recall->kind),
		recall->name);
	const ManualChange change = { RULE_ACTOR, reason, now };
	const AuditRow row = { .action = "hold",
		.recipient_id = one->recipient_id,
		.stream = "",
		.cause = CAUSE_HARD,
		.until = until };
	RecipientState state;
	bool told;

	if (!is_told_elsewhere(self, recall, one, &told, error))
		return false;
	if (told)
		return true;
	return store_sqlite_load(&self->base, one->recipient_id, "", &state,
		   error) &&
	       hold_delete(self, one->recipient_id, "", CAUSE_HARD, error) &&
	       hold_put(self, one->recipient_id, "", CAUSE_HELD,
		   hold_lengthen(state.hold[CAUSE_HELD], now, until),
		   one->event_id, "", error) &&
	       held_insert(self, one->event_id, recall->breaker_id,
		   one->recipient_id, error) &&
	       audit_write(self, &change, &row, error);
}

bool recall_is_due(StoreSqlite *self, bool *ret_is, GError **error)
{
	g_auto(Recall) recall = { 0 };

	return recall_find(self, &recall, ret_is, error);
}

bool recall_some(StoreSqlite *self, const BreakerPolicy *policy, int64_t now,
    bool *ret_any, GError **error)
{
	g_auto(Recall) recall = { 0 };
	g_autoptr(GArray) found = NULL;
	Statement *stmt;
	int64_t last;

	if (!recall_find(self, &recall, ret_any, error))
		return false;
	if (!*ret_any)
		return true;
	last = MIN(recall.last, recall.next + RECALL_EVENTS - 1);
	found = recall_read(self, &recall, last, now, error);
	if (found == NULL)
		return false;
	for (unsigned i = 0; i < found->len; i++)
		if (!recall_one(self, &recall,
			&g_array_index(found, Recalled, i), now,
			now + policy->hold, error))
			return false;
	stmt = statement_use(self, SQL_RECALL_DONE, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recall.breaker_id);
	bind_int(stmt, 2, last + 1);
	return statement_run(self, stmt, error);
}
