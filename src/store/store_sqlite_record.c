/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one message does to the store: the verbs of recording, all inside the
   caller's transaction. */

#include "store_sqlite.h"

#include "errors.h"

#include <string.h>

bool store_sqlite_seen(Store *store, const uint8_t key[STORE_KEY], int64_t now,
    bool *ret_seen, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_SEEN_INSERT, error);

	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, key, STORE_KEY);
	bind_int(stmt, 2, now);
	if (!statement_run(self, stmt, error))
		return false;
	*ret_seen = sqlite3_changes(self->db) == 0;
	if (!*ret_seen)
		return true;
	stmt = statement_use(self, SQL_SEEN_HIT, error);
	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, key, STORE_KEY);
	return statement_run(self, stmt, error);
}

bool store_sqlite_unsee(Store *store, const uint8_t key[STORE_KEY],
    bool *ret_seen, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_SEEN_DELETE, error);

	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, key, STORE_KEY);
	if (!statement_run(self, stmt, error))
		return false;
	*ret_seen = sqlite3_changes(self->db) != 0;
	return true;
}

bool store_sqlite_knows(Store *store, const uint8_t key[STORE_KEY],
    bool *ret_known, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autoptr(Statement) stmt = statement_use(self, SQL_SEEN_LOOK, error);

	if (stmt == NULL)
		return false;
	bind_blob(stmt, 1, key, STORE_KEY);
	return statement_step(self, stmt, ret_known, error);
}

/* ---- campaigns and recipients ---- */

/* The one row that ID (or, if that is 0, TEXT) names; *RET_ROW false: none. */
static Statement *find(StoreSqlite *self, StatementId by_id,
    StatementId by_text, int64_t id, const char *text, bool *ret_row,
    GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, id != 0 ? by_id : by_text, error);

	if (stmt == NULL)
		return NULL;
	if (id != 0)
		bind_int(stmt, 1, id);
	else
		bind_text(stmt, 1, text);
	if (!statement_step(self, stmt, ret_row, error))
		return NULL;
	return g_steal_pointer(&stmt);
}

static bool campaign_look(StoreSqlite *self, int64_t id, const char *name,
    StoreCampaign *ret_campaign, bool *ret_found, GError **error)
{
	g_autoptr(Statement) stmt = find(self, SQL_CAMPAIGN_BY_ID,
	    SQL_CAMPAIGN_BY_NAME, id, name, ret_found, error);

	if (stmt == NULL)
		return false;
	if (*ret_found) {
		ret_campaign->id = column_int(stmt, 0);
		ret_campaign->name = g_strdup(column_text(stmt, 1));
		ret_campaign->stream = g_strdup(column_text(stmt, 2));
	}
	return true;
}

bool store_sqlite_campaign_find(Store *store, int64_t id, const char *name,
    StoreCampaign *ret_campaign, GError **error)
{
	bool found;

	if (!campaign_look((StoreSqlite *)store, id, name, ret_campaign, &found,
		error))
		return false;
	if (!found)
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "no such campaign");
	return found;
}

bool store_sqlite_campaign_ensure(Store *store, const char *name,
    const char *stream, int64_t now, StoreCampaign *ret_campaign,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt;
	bool found;

	if (!campaign_look(self, 0, name, ret_campaign, &found, error))
		return false;
	if (found)
		return true;
	stmt = statement_use(self, SQL_CAMPAIGN_INSERT, error);
	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, name);
	bind_text(stmt, 2, stream);
	bind_int(stmt, 3, now);
	if (!statement_run(self, stmt, error))
		return false;
	ret_campaign->id = sqlite3_last_insert_rowid(self->db);
	ret_campaign->name = g_strdup(name);
	ret_campaign->stream = g_strdup(stream);
	return true;
}

/* By ID, or if that is 0 by what is stored. */
static bool recipient_row(StoreSqlite *self, int64_t id, const char *stored,
    StoreRecipient *ret_recipient, bool *ret_found, GError **error)
{
	g_autoptr(Statement) stmt = find(self, SQL_RECIPIENT_BY_ID,
	    SQL_RECIPIENT_BY_ADDRESS, id, stored, ret_found, error);
	const char *original;

	if (stmt == NULL)
		return false;
	if (!*ret_found)
		return true;
	original = column_text(stmt, 2);
	ret_recipient->id = column_int(stmt, 0);
	ret_recipient->used = MAX(column_int(stmt, 3), self->used_since);
	ret_recipient->stored = g_strdup(column_text(stmt, 1));
	ret_recipient->original =
	    g_strdup(*original != '\0' ? original : ret_recipient->stored);
	return true;
}

/* One who was erased and is blocked still is there as a hash; and in some
   stores everyone is. */
static bool recipient_look(StoreSqlite *self, int64_t id, const char *folded,
    StoreRecipient *ret_recipient, bool *ret_found, GError **error)
{
	bool by_hash = id == 0 && self->key != NULL && !store_is_hash(folded);

	if (id == 0 && !addresses_check(self, error))
		return false;
	*ret_found = false;
	if (!(by_hash && self->is_hashed) &&
	    !recipient_row(self, id, folded, ret_recipient, ret_found, error))
		return false;
	if (!*ret_found && by_hash) {
		g_autofree char *hash = address_hash(self, folded);

		if (!recipient_row(self, 0, hash, ret_recipient, ret_found,
			error))
			return false;
	}
	if (!*ret_found)
		return true;
	self->is_masking = store_is_hash(ret_recipient->stored);
	ret_recipient->address = g_strdup(id == 0 ? folded
						  : ret_recipient->stored);
	return true;
}

bool store_sqlite_recipient_find(Store *store, int64_t id, const char *folded,
    StoreRecipient *ret_recipient, GError **error)
{
	bool found;

	if (!recipient_look((StoreSqlite *)store, id, folded, ret_recipient,
		&found, error))
		return false;
	if (!found)
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "no such recipient");
	return found;
}

/* A row is not written for every mail. */
static bool note_use(StoreSqlite *self, StoreRecipient *recipient, int64_t now,
    GError **error)
{
	Statement *stmt;

	if (now - recipient->used < STORE_USE_NOTED)
		return true;
	stmt = statement_use(self, SQL_RECIPIENT_USED, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient->id);
	bind_int(stmt, 2, now);
	recipient->used = now;
	return statement_run(self, stmt, error);
}

bool store_sqlite_recipient_ensure(Store *store, const char *folded,
    const char *original, int64_t now, StoreRecipient *ret_recipient,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	bool is_other = !self->is_hashed && original != NULL &&
			strcmp(original, folded) != 0;
	g_autofree char *stored = NULL;
	Statement *stmt;
	bool found;

	if (!recipient_look(self, 0, folded, ret_recipient, &found, error))
		return false;
	if (found)
		return note_use(self, ret_recipient, now, error);
	stored = self->is_hashed && !store_is_hash(folded)
		     ? address_hash(self, folded)
		     : g_strdup(folded);
	self->is_masking = store_is_hash(stored);
	stmt = statement_use(self, SQL_RECIPIENT_INSERT, error);
	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, stored);
	bind_text(stmt, 2, is_other ? original : "");
	bind_int(stmt, 3, now);
	if (!statement_run(self, stmt, error))
		return false;
	ret_recipient->id = sqlite3_last_insert_rowid(self->db);
	ret_recipient->used = now;
	ret_recipient->address = g_strdup(folded);
	ret_recipient->stored = g_steal_pointer(&stored);
	ret_recipient->original =
	    g_strdup(is_other && *original != '\0' ? original : folded);
	return true;
}

bool store_sqlite_ids(Store *store, StoreIds *ret_ids, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autoptr(Statement) stmt = statement_use(self, SQL_LAST_IDS, error);
	bool row;

	if (stmt == NULL || !statement_step(self, stmt, &row, error))
		return false;
	ret_ids->campaign = row ? column_int(stmt, 0) : 0;
	ret_ids->recipient = row ? column_int(stmt, 1) : 0;
	return true;
}

/* ---- events ---- */

int step_from_name(const char *name)
{
	for (int step = 0; step < STEP_COUNT; step++)
		if (strcmp(name, step_name((Step)step)) == 0)
			return step;
	return -1;
}

/* What is held spends the hard step, and the reverse. */
static bool look_for_step(StoreSqlite *self, StatementId id,
    int64_t campaign_id, int64_t recipient_id, int64_t token_day, Step step,
    bool *ret_found, GError **error)
{
	bool is_hard = step == STEP_HARD || step == STEP_HELD;
	g_autoptr(Statement) stmt = statement_use(self, id, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_int(stmt, 2, campaign_id);
	bind_int(stmt, 3, token_day);
	if (id != SQL_STEP_HARD)
		bind_text(stmt, 4, step_name(is_hard ? STEP_HARD : step));
	if (id == SQL_STEP_AMENDED)
		bind_text(stmt, 5, step_name(is_hard ? STEP_HELD : step));
	return statement_step(self, stmt, ret_found, error);
}

bool store_sqlite_step_taken(Store *store, int64_t campaign_id,
    int64_t recipient_id, int64_t token_day, Step step, bool *ret_taken,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	bool is_hard = step == STEP_HARD || step == STEP_HELD;
	bool is_limited = step == STEP_SOFT || step == STEP_COMPLAINT ||
			  step == STEP_UNSUBSCRIBE;

	if (!look_for_step(self,
		is_hard      ? SQL_STEP_HARD
		: is_limited ? SQL_STEP_LIMITED
			     : SQL_STEP_OTHER,
		campaign_id, recipient_id, token_day, step, ret_taken, error))
		return false;
	return *ret_taken ||
	       look_for_step(self, SQL_STEP_AMENDED, campaign_id, recipient_id,
		   token_day, step, ret_taken, error);
}

/* Texts that others wrote, without the addresses in them. */
typedef struct MaskedTexts {
	char *matched, *diagnostic, *via;
} MaskedTexts;

static void masked_clear(MaskedTexts *masked)
{
	g_free(masked->matched);
	g_free(masked->diagnostic);
	g_free(masked->via);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MaskedTexts, masked_clear)

static void bind_verdict(Statement *stmt, const Event *event)
{
	bind_text(stmt, 6, vp_class_name(event->class_));
	bind_text(stmt, 7, vp_reason_name(event->reason));
	(void)sqlite3_bind_double(stmt, 8, event->confidence);
	bind_text(stmt, 9, event->rule);
	bind_text(stmt, 10, event->source);
	bind_text(stmt, 11, event->matched);
	bind_text(stmt, 12, event->status);
	bind_int(stmt, 13, event->smtp_code);
	bind_text(stmt, 14, event->action);
	bind_text(stmt, 15, event->provider);
	bind_text(stmt, 16, event->remote_mta);
	bind_text(stmt, 17, event->diagnostic);
	bind_text(stmt, 18, event->via);
	bind_text(stmt, 19, event->message_id);
	bind_text(stmt, 20, event->queue_id);
	bind_text(stmt, 21, event->client);
}

static void bind_effect(Statement *stmt, const Effect *effect)
{
	bind_text(stmt, 22, step_name(effect->step));
	/* as older versions wrote and read it; the reason says more */
	bind_int(stmt, 23,
	    effect->step == STEP_SOFT && effect->reason == VP_REASON_DISABLED);
	bind_int(stmt, 24, effect->hold_until);
	bind_int(stmt, 25, effect->rung);
	bind_int(stmt, 26, effect->needs_review);
	bind_int(stmt, 27, effect->is_counted);
	bind_text(stmt, 28, effect->policy != NULL ? effect->policy : "");
}

/* Once an hour, and once after each rollback. */
static bool note_hour(StoreSqlite *self, int64_t at, int64_t id, GError **error)
{
	int64_t hour = hour_of(at);
	Statement *stmt;

	if (hour == self->hour_noted)
		return true;
	stmt = statement_use(self, SQL_HOUR_INSERT, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, hour);
	bind_int(stmt, 2, id);
	if (!statement_run(self, stmt, error))
		return false;
	self->hour_noted = hour;
	return true;
}

bool store_sqlite_append(Store *store, const Event *event, int64_t *ret_id,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(MaskedTexts) masked = { 0 };
	Statement *stmt = statement_use(self, SQL_EVENT_INSERT, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, event->at);
	bind_int(stmt, 2, event->recipient_id);
	bind_int(stmt, 3, event->campaign_id);
	bind_int(stmt, 4, event->token_day);
	bind_text(stmt, 5, trust_name(event->trust));
	bind_verdict(stmt, event);
	if (self->is_masking) {
		bind_text(stmt, 11,
		    address_masked(event->matched, &masked.matched));
		bind_text(stmt, 17,
		    address_masked(event->diagnostic, &masked.diagnostic));
		bind_text(stmt, 18, address_masked(event->via, &masked.via));
	}
	bind_effect(stmt, &event->effect);
	bind_int(stmt, 29, event->confirm);
	if (!statement_run(self, stmt, error))
		return false;
	*ret_id = sqlite3_last_insert_rowid(self->db);
	self->uncounted++;
	return (event->breaker_id == 0 ||
		   held_insert(self, *ret_id, event->breaker_id,
		       event->recipient_id, error)) &&
	       note_hour(self, event->at, *ret_id, error);
}

/* ---- rules ---- */

bool store_sqlite_rule_hits(Store *store, const char *rule, uint64_t hits,
    int64_t last, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	Statement *stmt = statement_use(self, SQL_RULE_HIT, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, rule);
	bind_int(stmt, 2, (int64_t)hits);
	bind_int(stmt, 3, last);
	return statement_run(self, stmt, error);
}
