/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Campaigns as a person sees them: what they sent, and whether they go on. */

#include "store_sqlite_walk.h"

#include "errors.h"

#include <string.h>

/* ---- asking ---- */

static bool campaign_take(Walk *walk, Statement *stmt, void *ret_row)
{
	*(CampaignRow *)ret_row = (CampaignRow){
		.id = column_int(stmt, 0),
		.name = walk_text(walk, stmt, 1),
		.stream = walk_text(walk, stmt, 2),
		.created = column_int(stmt, 3),
		.paused = column_int(stmt, 4),
		.paused_by = walk_text(walk, stmt, 5),
		.paused_why = walk_text(walk, stmt, 6),
		.resumed = column_int(stmt, 7),
		.may_pause = column_int(stmt, 8) != 0,
		.accepted = column_int(stmt, 9),
		.marked = column_int(stmt, 10),
	};
	return true;
}

static const WalkKind campaigns = { .row_size = sizeof(CampaignRow),
	.by_id = SQL_CAMPAIGNS,
	.take = campaign_take };
static const WalkKind paused_campaigns = { .row_size = sizeof(CampaignRow),
	.by_id = SQL_CAMPAIGNS_PAUSED,
	.take = campaign_take };

bool store_sqlite_each_campaign(Store *store, bool only_paused,
    StoreEachCampaign each, void *data, GError **error)
{
	g_auto(Walk) walk = walk_new((StoreSqlite *)store,
	    only_paused ? &paused_campaigns : &campaigns, NULL);
	const void *row;

	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}

static Statement *named_query(const Walk *walk, GError **error)
{
	const char *const *name = walk->place;
	Statement *stmt = statement_use(walk->self, SQL_CAMPAIGN, error);

	if (stmt != NULL)
		bind_text(stmt, 1, *name);
	return stmt;
}

static const WalkKind named_campaign = { .row_size = sizeof(CampaignRow),
	.query = named_query,
	.take = campaign_take };

bool store_sqlite_campaign_row(Store *store, const char *name,
    StoreEachCampaign each, void *data, GError **error)
{
	g_auto(Walk)
	    walk = walk_new((StoreSqlite *)store, &named_campaign, NULL);
	const void *row;

	walk.place = &name;
	if (!walk_next(&walk, &row, error))
		return false;
	if (row == NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "there is no campaign \"%s\"", name);
		return false;
	}
	(void)each(row, data); /* there is but one */
	return true;
}

/* ---- counting ---- */

bool store_sqlite_campaign_accepted(Store *store, const char *name,
    const char *stream, int64_t at, uint64_t n, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	const Counts counts = { .accepted = (int64_t)n };
	g_auto(StoreCampaign) campaign = { 0 };
	Statement *stmt;

	if (!store_sqlite_campaign_ensure(store, name, stream, at, &campaign,
		error) ||
	    !store_sqlite_count(store, COUNTER_CAMPAIGN, name, at, &counts,
		error))
		return false;
	stmt = statement_use(self, SQL_CAMPAIGN_ACCEPTED, error);
	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_int(stmt, 2, (int64_t)n);
	return statement_run(self, stmt, error);
}

/* ---- changes ---- */

bool campaign_mark(StoreSqlite *self, const char *name, int64_t at,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_CAMPAIGN_MARK, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_int(stmt, 2, at);
	return statement_run(self, stmt, error);
}

typedef struct Being {
	int64_t id, paused;
	bool is_by_rule, may_pause;
	int64_t marked;
	char *stream;
} Being;

static void standing_clear(Being *standing)
{
	g_free(standing->stream);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Being, standing_clear)

static bool take_standing(const CampaignRow *row, void *data)
{
	Being *standing = data;

	*standing = (Being){ row->id, row->paused,
		strcmp(row->paused_by, RULE_ACTOR) == 0, row->may_pause,
		row->marked, g_strdup(row->stream) };
	return true;
}

static bool standing_of(StoreSqlite *self, const char *name, Being *standing,
    GError **error)
{
	return store_sqlite_campaign_row(&self->base, name, take_standing,
	    standing, error);
}

static bool note(StoreSqlite *self, const ManualChange *change,
    const char *action, const char *name, const char *detail, GError **error)
{
	g_autofree char *subject = g_strconcat("campaign ", name, NULL);
	const AuditRow row = { .action = action,
		.stream = "",
		.cause = -1,
		.subject = subject,
		.detail = detail };

	return audit_write(self, change, &row, error);
}

static bool set_paused(StoreSqlite *self, const ManualChange *change,
    int64_t id, const char *name, GError **error)
{
	Statement *stmt = statement_use(self, SQL_CAMPAIGN_PAUSE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	bind_int(stmt, 2, change->now);
	bind_text(stmt, 3, change->actor);
	bind_text(stmt, 4, change->reason);
	return statement_run(self, stmt, error) &&
	       note(self, change, "campaign pause", name, "", error);
}

/* Its breaker ends with the mark, or would never mark it again. */
static bool end_mark(StoreSqlite *self, const ManualChange *change,
    const char *name, GError **error)
{
	Statement *stmt = statement_use(self, SQL_BREAKER_CAMPAIGN_CLOSE,
	    error);

	self->is_open_known = false;
	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_int(stmt, 2, change->now);
	bind_text(stmt, 3, change->actor);
	return statement_run(self, stmt, error);
}

static bool set_resumed(StoreSqlite *self, const ManualChange *change,
    int64_t id, const char *name, GError **error)
{
	Statement *stmt = statement_use(self, SQL_CAMPAIGN_RESUME, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	bind_int(stmt, 2, change->now);
	return statement_run(self, stmt, error) &&
	       end_mark(self, change, name, error) &&
	       note(self, change, "campaign resume", name, "", error);
}

typedef struct Pausing {
	const ManualChange *change;
	const char *name;
	bool is_pause;
	bool changed;
} Pausing;

static bool pause_or_resume(StoreSqlite *self, void *data, GError **error)
{
	Pausing *what = data;
	g_auto(Being) standing = { 0 };

	if (!standing_of(self, what->name, &standing, error))
		return false;
	what->changed = what->is_pause
			    ? standing.paused == 0
			    : standing.paused != 0 || standing.marked != 0;
	if (!what->changed)
		return true;
	return what->is_pause ? set_paused(self, what->change, standing.id,
				    what->name, error)
			      : set_resumed(self, what->change, standing.id,
				    what->name, error);
}

bool store_sqlite_campaign_pause(Store *store, const ManualChange *change,
    const char *name, bool is_pause, bool *ret_changed, GError **error)
{
	Pausing what = { change, name, is_pause, false };

	if (!in_any_transaction((StoreSqlite *)store, pause_or_resume, &what,
		error))
		return false;
	*ret_changed = what.changed;
	return true;
}

bool campaign_pause_by_rule(StoreSqlite *self, const char *name,
    const char *why, int64_t now, bool *ret_changed, GError **error)
{
	const ManualChange change = { RULE_ACTOR, why, now };
	g_auto(Being) standing = { 0 };

	*ret_changed = false;
	if (!standing_of(self, name, &standing, error))
		return false;
	if (standing.paused != 0 || !standing.may_pause)
		return true;
	*ret_changed = true;
	return set_paused(self, &change, standing.id, name, error);
}

bool campaign_resume_by_rule(StoreSqlite *self, const ManualChange *change,
    const char *name, GError **error)
{
	g_auto(Being) standing = { 0 };

	if (!standing_of(self, name, &standing, error))
		return false;
	return standing.paused == 0 || !standing.is_by_rule ||
	       set_resumed(self, change, standing.id, name, error);
}

/* ---- settings of its own ---- */

typedef struct CampaignSetting {
	const ManualChange *change;
	const char *name;
	const char *stream;
	int may_pause;
} CampaignSetting;

/* A recount would come to something else in another stream. */
static bool check_unused(StoreSqlite *self, int64_t id, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_CAMPAIGN_EVENT, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	if (!statement_step(self, stmt, &row, error))
		return false;
	if (row)
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "something has come back of it already, so it stays in "
		    "its stream");
	return !row;
}

static bool set_one(StoreSqlite *self, void *data, GError **error)
{
	const CampaignSetting *what = data;
	g_auto(Being) standing = { 0 };
	g_autofree char *detail = NULL;
	const char *stream;
	bool may_pause;
	Statement *stmt;

	if (!standing_of(self, what->name, &standing, error))
		return false;
	stream = what->stream != NULL ? what->stream : standing.stream;
	may_pause = what->may_pause >= 0 ? what->may_pause != 0
					 : standing.may_pause;
	if (strcmp(stream, standing.stream) != 0 &&
	    !check_unused(self, standing.id, error))
		return false;
	stmt = statement_use(self, SQL_CAMPAIGN_SET, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, standing.id);
	bind_text(stmt, 2, stream);
	bind_int(stmt, 3, may_pause);
	if (!statement_run(self, stmt, error))
		return false;
	detail = g_strdup_printf("stream %s, %s pause by itself", stream,
	    may_pause ? "may" : "may not");
	return note(self, what->change, "campaign set", what->name, detail,
	    error);
}

bool store_sqlite_campaign_set(Store *store, const ManualChange *change,
    const char *name, const char *stream, int may_pause, GError **error)
{
	CampaignSetting what = { change, name, stream, may_pause };

	return in_any_transaction((StoreSqlite *)store, set_one, &what, error);
}
