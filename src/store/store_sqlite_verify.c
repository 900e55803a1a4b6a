/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recounting.  The state of every recipient follows from the effects of its
   events and from what was done by hand; this replays both in their common
   order, through the very policy_apply() that made the state, and says what
   differs.  One recipient at a time, each in a snapshot of its own, so memory
   is bounded and a daemon that goes on working causes no false findings.  */

#include "store_sqlite_replay.h"

#include "errors.h"
#include "units.h"

#include <string.h>

/* A recipient while it is recounted. */
typedef struct Recount {
	int64_t id;
	char *address;
	RecipientState stored; /* counts only */
	Replay replay;
} Recount;

static void recount_clear(Recount *recount)
{
	g_free(recount->address);
	replay_clear(&recount->replay);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Recount, recount_clear)

/* ---- comparing ---- */

static void found(GPtrArray *findings, const Recount *recount,
    const char *format, ...) G_GNUC_PRINTF(3, 4);

static void found(GPtrArray *findings, const Recount *recount,
    const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(findings,
	    g_strdup_printf("recipient %" G_GINT64_FORMAT " <%s>: %s",
		recount->id, recount->address, what));
}

static char *hold_text(Hold hold)
{
	g_autofree char *since = NULL;
	g_autofree char *until = NULL;

	if (hold.since == 0)
		return g_strdup("none");
	since = time_format(hold.since);
	until = hold.until == HOLD_FOREVER ? g_strdup("ever")
					   : time_format(hold.until);
	return g_strconcat(since, " until ", until, NULL);
}

static void compare_text(const Recount *recount, const char *name,
    const char *is, const char *should, GPtrArray *findings)
{
	if (strcmp(is, should) != 0)
		found(findings, recount, "%s are \"%s\", recounted \"%s\"",
		    name, is, should);
}

static void compare_counts(const Recount *recount, GPtrArray *findings)
{
	const Track *is = &recount->stored.track[CAUSE_SOFT];
	const Track *should = &recount->replay.state.track[CAUSE_SOFT];
	g_autofree char *soft_is = hits_encode(is);
	g_autofree char *soft_should = hits_encode(should);
	g_autofree char *counts_is = counts_encode(&recount->stored);
	g_autofree char *counts_should = counts_encode(&recount->replay.state);

	compare_text(recount, "soft bounces", soft_is, soft_should, findings);
	compare_text(recount, "counts", counts_is, counts_should, findings);
	if (is->rung != should->rung)
		found(findings, recount, "rung is %u, recounted %u", is->rung,
		    should->rung);
	if (is->rung_end != should->rung_end)
		found(findings, recount,
		    "end of the rung is %" G_GINT64_FORMAT
		    ", recounted %" G_GINT64_FORMAT,
		    is->rung_end, should->rung_end);
}

static void compare_hold(const Recount *recount, const char *name, Hold is,
    Hold should, int64_t now, GPtrArray *findings)
{
	g_autofree char *is_text = NULL;
	g_autofree char *should_text = NULL;

	/* What is over is as good as gone. */
	if (!hold_is_active(is, now))
		is = (Hold){ 0 };
	if (!hold_is_active(should, now))
		should = (Hold){ 0 };
	if (is.since == should.since && is.until == should.until)
		return;
	is_text = hold_text(is);
	should_text = hold_text(should);
	found(findings, recount, "hold \"%s\" is %s, recounted %s", name,
	    is_text, should_text);
}

/* Each hold stored, and then each that is not. */
static bool compare_holds(StoreSqlite *self, Recount *recount, int64_t now,
    GPtrArray *findings, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_HOLDS_OF_RECIPIENT, error);
	GHashTableIter iter;
	void *key;
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recount->id);
	for (;;) {
		g_autofree char *name = NULL;
		const char *stream;
		int cause;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			break;
		stream = column_text(stmt, 0);
		cause = cause_from_name(column_text(stmt, 1));
		if (cause < 0) {
			found(findings, recount, "hold of no known cause");
			continue;
		}
		name = hold_key((Cause)cause, stream);
		compare_hold(recount, name,
		    (Hold){ column_int(stmt, 2), column_until(stmt, 3) },
		    replay_hold(&recount->replay, (Cause)cause, stream,
			replay_end),
		    now, findings);
		(void)g_hash_table_remove(recount->replay.holds, name);
	}
	g_hash_table_iter_init(&iter, recount->replay.holds);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const Tracked *tracked =
		    g_hash_table_lookup(recount->replay.holds, key);

		if (!was_expired(recount->replay.runs, tracked, replay_end))
			compare_hold(recount, key, (Hold){ 0 }, tracked->hold,
			    now, findings);
	}
	return true;
}

/* ---- entries ---- */

/* An entry as the audit makes it. */
typedef struct TrackedEntry {
	Entry entry; /* of its texts, the overrides alone: as causes */
	Place place;
} TrackedEntry;

/* ADDRESS, or "@" and the domain whether or not all below it are meant. */
static char *entry_key(EntryKind kind, const char *subject, const char *stream)
{
	bool of_all = g_str_has_prefix(subject, "@.");

	return g_strconcat(kind == ENTRY_ALLOW ? "allow " : "suppress ",
	    of_all ? "@" : "", of_all ? subject + 2 : subject, " ", stream,
	    NULL);
}

/* "*" is every stream. */
static void entries_remove(GHashTable *entries, EntryKind kind,
    const char *subject, const char *stream)
{
	g_autofree char *key = entry_key(kind, subject,
	    strcmp(stream, "*") == 0 ? "" : stream);
	GHashTableIter iter;
	void *one;

	if (strcmp(stream, "*") != 0) {
		(void)g_hash_table_remove(entries, key);
		return;
	}
	g_hash_table_iter_init(&iter, entries);
	while (g_hash_table_iter_next(&iter, &one, NULL))
		if (g_str_has_prefix(one, key))
			g_hash_table_iter_remove(&iter);
}

static void replay_entry(GHashTable *entries, Statement *audit)
{
	const char *action = column_text(audit, 2);
	const char *subject = column_text(audit, 3);
	const char *stream = column_text(audit, 4);
	bool is_allow = g_str_has_suffix(action, "allow");
	EntryKind kind = is_allow ? ENTRY_ALLOW : ENTRY_SUPPRESS;
	g_autofree char *key = entry_key(kind, subject, stream);
	TrackedEntry *old = g_hash_table_lookup(entries, key);
	TrackedEntry *now;

	if (strchr(subject, '@') == NULL)
		return;
	if (strcmp(action, "release") == 0 || strcmp(action, "disallow") == 0) {
		entries_remove(entries, kind, subject, stream);
		return;
	}
	now = g_new0(TrackedEntry, 1);
	now->entry.kind = kind;
	now->entry.with_subdomains = g_str_has_prefix(subject, "@.");
	now->entry.causes = is_allow ? entry_causes(column_text(audit, 6)) : 0;
	now->entry.hold.until = column_int(audit, 5);
	now->place = (Place){ column_int(audit, 7), column_int(audit, 0) };
	entry_merge(&now->entry, old != NULL ? &old->entry : NULL,
	    column_int(audit, 1));
	(void)g_hash_table_insert(entries, g_steal_pointer(&key), now);
}

static bool replay_entries(StoreSqlite *self, StatementId id,
    GHashTable *entries, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, id, error);
	bool row;

	if (stmt == NULL)
		return false;
	for (;;) {
		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		replay_entry(entries, stmt);
	}
}

static void found_entry(GPtrArray *findings, const char *key, const char *what)
{
	g_ptr_array_add(findings,
	    g_strdup_printf("entry \"%s\": %s", key, what));
}

typedef struct EntryCheck {
	GHashTable *entries; /* "kind subject stream" to TrackedEntry */
	GPtrArray *findings;
	int64_t now;
} EntryCheck;

static bool compare_entry(const Entry *is, void *data)
{
	const EntryCheck *check = data;
	g_autofree char *subject = entry_subject(is);
	g_autofree char *key = entry_key(is->kind, subject, is->stream);
	const TrackedEntry *tracked = g_hash_table_lookup(check->entries, key);
	const Entry *should = tracked != NULL ? &tracked->entry : NULL;

	if (should == NULL || !hold_is_active(should->hold, check->now))
		found_entry(check->findings, key, "nobody laid it down");
	else if (is->hold.since != should->hold.since ||
		 is->hold.until != should->hold.until)
		found_entry(check->findings, key, "its time is another");
	else if (is->with_subdomains != should->with_subdomains ||
		 is->causes != should->causes)
		found_entry(check->findings, key, "it reaches otherwise");
	(void)g_hash_table_remove(check->entries, key);
	return true;
}

/* Entries follow from the audit alone.  They are as many as people laid down,
   so all are looked at in one snapshot. */
static bool check_entries(StoreSqlite *self, const GArray *runs, int64_t now,
    GPtrArray *findings, GError **error)
{
	g_autoptr(GHashTable) entries = g_hash_table_new_full(g_str_hash,
	    g_str_equal, g_free, g_free);
	EntryCheck check = { entries, findings, now };
	StoreFilter filter = STORE_FILTER_ANY;
	GHashTableIter iter;
	void *key, *value;

	filter.now = now;
	if (!replay_entries(self, SQL_VERIFY_ENTRIES_OF_NOBODY, entries,
		error) ||
	    !replay_entries(self, SQL_VERIFY_ENTRIES_OF_RECIPIENTS, entries,
		error) ||
	    !store_sqlite_each_entry(&self->base, &filter, compare_entry,
		&check, error))
		return false;
	g_hash_table_iter_init(&iter, entries);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const TrackedEntry *entry = value;
		Tracked gone = { entry->entry.hold, entry->place };

		if (hold_is_active(gone.hold, now) &&
		    !was_expired(runs, &gone, replay_end))
			found_entry(findings, key, "it is missing");
	}
	return true;
}

/* ---- everything ---- */

/* The next recipient after recount->id. */
static bool next_recipient(StoreSqlite *self, Recount *recount, bool *ret_any,
    GPtrArray *findings, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_VERIFY_RECIPIENTS, error);
	Track *soft;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recount->id);
	if (!statement_step(self, stmt, ret_any, error))
		return false;
	if (!*ret_any)
		return true;
	if (!cursor_move(self, &recount->id, column_int(stmt, 0), error))
		return false;
	g_free(recount->address);
	recount->address = g_strdup(column_text(stmt, 1));
	memset(&recount->replay.state, 0, sizeof(recount->replay.state));
	memset(&recount->stored, 0, sizeof(recount->stored));
	soft = &recount->stored.track[CAUSE_SOFT];
	soft->rung = (unsigned)column_int(stmt, 3);
	soft->rung_end = column_int(stmt, 4);
	g_hash_table_remove_all(recount->replay.holds);
	if (!hits_decode(column_text(stmt, 2), soft))
		found(findings, recount, "soft bounces cannot be read: \"%s\"",
		    column_text(stmt, 2));
	if (!counts_decode(column_text(stmt, 5), &recount->stored))
		found(findings, recount, "counts cannot be read: \"%s\"",
		    column_text(stmt, 5));
	return true;
}

static bool recount_next(StoreSqlite *self, Recount *recount, int64_t now,
    GPtrArray *findings, bool *ret_any, GError **error)
{
	if (!next_recipient(self, recount, ret_any, findings, error))
		return false;
	if (!*ret_any)
		return true;
	if (!replay_recipient(self, &recount->replay, recount->id, NULL, error))
		return false;
	compare_counts(recount, findings);
	return compare_holds(self, recount, now, findings, error);
}

/* Runs a PRAGMA; every row that is not "ok" is a finding. */
static bool check_pragma(StoreSqlite *self, const char *pragma,
    GPtrArray *findings, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(self->db, pragma, -1, &stmt, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW && strcmp(column_text(stmt, 0), "ok") != 0)
			g_ptr_array_add(findings,
			    g_strconcat(pragma + 7, ": ", column_text(stmt, 0),
				" ",
				sqlite3_column_count(stmt) > 1
				    ? column_text(stmt, 1)
				    : "",
				NULL));
	}
	(void)sqlite3_finalize(stmt); /* repeats the failure of the step */
	if (rc == SQLITE_DONE)
		return true;
	/* So damaged that the check itself ends: that is what was asked. */
	if ((rc & 0xff) == SQLITE_CORRUPT) {
		g_ptr_array_add(findings,
		    g_strconcat(pragma + 7, ": ", sqlite3_errstr(rc), NULL));
		return true;
	}
	return sqlite_fail(self, rc, "verify", error);
}

/* The sum of the kept messages, which the tables count themselves. */
static bool check_kept(StoreSqlite *self, GPtrArray *findings, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_VERIFY_KEPT, error);
	bool row;

	if (stmt == NULL || !statement_step(self, stmt, &row, error))
		return false;
	if (!row || column_int(stmt, 0) != column_int(stmt, 1))
		g_ptr_array_add(findings,
		    g_strdup_printf("quarantine: %" G_GINT64_FORMAT
				    " octets, recounted %" G_GINT64_FORMAT,
			row ? column_int(stmt, 0) : 0,
			row ? column_int(stmt, 1) : 0));
	return true;
}

bool store_sqlite_verify(Store *store, int64_t now, GPtrArray *findings,
    uint64_t *ret_recipients, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Recount) recount = { 0 };
	g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(ExpireRun));
	bool any = true;
	bool entries_ok;

	if (!check_pragma(self, "PRAGMA integrity_check", findings, error) ||
	    !check_pragma(self, "PRAGMA foreign_key_check", findings, error) ||
	    !check_kept(self, findings, error))
		return false;
	if (!store_sqlite_begin_read(self, error))
		return false;
	entries_ok = add_expire_runs(self, runs, error) &&
		     check_entries(self, runs, now, findings, error);
	store_sqlite_rollback(store);
	if (!entries_ok)
		return false;
	*ret_recipients = 0;
	replay_init(&recount.replay, runs);
	while (any) {
		bool ok;

		if (!store_sqlite_begin_read(self, error))
			return false;
		ok = add_expire_runs(self, runs, error) &&
		     recount_next(self, &recount, now, findings, &any, error);
		store_sqlite_rollback(store);
		if (!ok)
			return false;
		*ret_recipients += any;
	}
	return true;
}
