/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Entries, which are wider than a recipient's own holds, and the one answer
   that is given from both. */

#include "store_sqlite_walk.h"

#include "address.h"
#include "errors.h"
#include "text.h"

#include <string.h>

/* Those of bounces are not written: there may be more of them some day. */
CauseSet entry_causes(const char *overrides)
{
	return causes_decode(overrides) | causes_of_bounces();
}

static char *overrides_of(const Entry *entry)
{
	return causes_encode(entry->kind == ENTRY_ALLOW
				 ? entry->causes & ~causes_of_bounces()
				 : 0);
}

/* ENTRY borrows from the row that STMT stands on. */
static Entry entry_read(Statement *stmt)
{
	bool is_allow = strcmp(column_text(stmt, 1), "allow") == 0;

	return (Entry){
		.id = column_int(stmt, 0),
		.kind = is_allow ? ENTRY_ALLOW : ENTRY_SUPPRESS,
		.address = column_text(stmt, 2),
		.domain = column_text(stmt, 3),
		.with_subdomains = column_int(stmt, 4) != 0,
		.stream = column_text(stmt, 5),
		.causes = is_allow ? entry_causes(column_text(stmt, 6)) : 0,
		.hold = { column_int(stmt, 7), column_until(stmt, 8) },
		.note = column_text(stmt, 9),
	};
}

/* Adds all rows of STMT to SET. */
static bool take_rows(StoreSqlite *self, Statement *stmt, EntrySet *set,
    GError **error)
{
	bool row;

	for (;;) {
		Entry entry;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		entry = entry_read(stmt);
		entry_set_add(set, &entry);
	}
}

static bool take_of_domain(StoreSqlite *self, const char *domain, EntrySet *set,
    GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_ENTRIES_OF_DOMAIN, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, domain);
	return take_rows(self, stmt, set, error);
}

static bool take_of_recipient(StoreSqlite *self, int64_t id, EntrySet *set,
    GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_ENTRIES_OF_RECIPIENT, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	return take_rows(self, stmt, set, error);
}

static bool has_entries(StoreSqlite *self, bool *ret_any, GError **error)
{
	int64_t any;

	if (!statement_number(self, statement_use(self, SQL_ENTRY_ANY, error),
		&any, error))
		return false;
	*ret_any = any != 0;
	return true;
}

/* All that may bear on an address of DOMAIN. */
static bool take_bearing(StoreSqlite *self, int64_t recipient_id,
    const char *domain, EntrySet *set, GError **error)
{
	bool any;

	if (!has_entries(self, &any, error))
		return false;
	if (!any)
		return true;
	if (recipient_id != 0 &&
	    !take_of_recipient(self, recipient_id, set, error))
		return false;
	for (const char *at = domain; at != NULL && *at != '\0';) {
		if (!take_of_domain(self, at, set, error))
			return false;
		at = strchr(at, '.');
		at = at != NULL ? at + 1 : NULL;
	}
	return take_of_domain(self, "", set, error);
}

/* ---- the answer ---- */

static bool give(StoreSqlite *self, const char *folded, const char *stream,
    CauseSet ignored, int64_t now, StoreAnswer *answer, GError **error)
{
	const char *domain = text_or_empty(address_domain(folded));
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) unknown = NULL;

	if (store_sqlite_recipient_find(&self->base, 0, folded, &recipient,
		&unknown)) {
		answer->recipient_id = recipient.id;
		if (!store_sqlite_load(&self->base, recipient.id, stream,
			&answer->state, error))
			return false;
	} else if (!g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&unknown));
		return false;
	}
	if (!take_bearing(self, answer->recipient_id, domain, answer->entries,
		error))
		return false;
	answer->answer = answer_give(answer->entries,
	    answer->recipient_id != 0 ? recipient.stored : folded, domain,
	    &answer->state, stream, ignored, now);
	return true;
}

bool store_sqlite_answer(Store *store, const char *folded, const char *stream,
    CauseSet ignored, int64_t now, StoreAnswer *ret_answer, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(StoreAnswer) answer = { .entries = entry_set_new() };
	bool is_own = sqlite3_get_autocommit(self->db) != 0;
	bool ok;

	/* One moment for all that is read. */
	if (is_own && !store_sqlite_begin_read(self, error))
		return false;
	ok = give(self, folded, stream, ignored, now, &answer, error);
	if (is_own)
		store_sqlite_rollback(store);
	if (!ok)
		return false;
	*ret_answer = answer;
	answer.entries = NULL;
	return true;
}

static bool keep_entry(const Entry *row, void *data)
{
	entry_set_add(data, row);
	return true;
}

bool store_sqlite_entries(Store *store, int64_t now, EntrySet **ret_entries,
    GError **error)
{
	g_autoptr(EntrySet) set = entry_set_new();
	StoreFilter filter = STORE_FILTER_ANY;

	filter.now = now;
	if (!store_sqlite_each_entry(store, &filter, keep_entry, set, error))
		return false;
	*ret_entries = g_steal_pointer(&set);
	return true;
}

/* ---- changes ---- */

typedef struct EntryChange {
	const ManualChange *change;
	Entry entry;
	const char *original;
	int64_t recipient_id;
	unsigned removed;
} EntryChange;

static const char *kind_name(EntryKind kind)
{
	return kind == ENTRY_ALLOW ? "allow" : "suppress";
}

static bool is_same(const Entry *entry, const Entry *which)
{
	return entry->kind == which->kind &&
	       (which->stream == NULL ||
		   strcmp(entry->stream, which->stream) == 0);
}

/* Calls for each entry that is of what->entry's address or domain, its kind and
   its stream; *RET_ONE is the last of them, and its id 0 when there is none. */
static bool find_ids(StoreSqlite *self, const EntryChange *what, GArray *ids,
    Entry *ret_one, GError **error)
{
	bool of_one = what->entry.address[0] != '\0';
	g_autoptr(Statement) stmt = statement_use(self,
	    of_one ? SQL_ENTRIES_OF_RECIPIENT : SQL_ENTRIES_OF_DOMAIN, error);
	bool row;

	*ret_one = (Entry){ 0 };
	if (stmt == NULL)
		return false;
	if (of_one)
		bind_int(stmt, 1, what->recipient_id);
	else
		bind_text(stmt, 1, what->entry.domain);
	for (;;) {
		Entry entry;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		entry = entry_read(stmt);
		if (!is_same(&entry, &what->entry))
			continue;
		g_array_append_val(ids, entry.id);
		*ret_one = (Entry){ .id = entry.id,
			.with_subdomains = entry.with_subdomains,
			.hold = entry.hold };
	}
}

/* Rows that a recount reads: the subject of a recipient's is his own. */
static bool audit_entry(StoreSqlite *self, const EntryChange *what,
    const char *action, GError **error)
{
	const Entry *entry = &what->entry;
	g_autofree char *subject = entry_subject(entry);
	g_autofree char *overrides = overrides_of(entry);
	AuditRow row = {
		.action = action,
		.recipient_id = what->recipient_id,
		.stream = text_or_empty(entry->stream),
		.cause = entry->kind == ENTRY_SUPPRESS ? CAUSE_MANUAL : -1,
		.until = entry->hold.until,
		.subject = what->recipient_id == 0 ? subject : "",
		.detail = overrides,
	};

	return audit_write(self, what->change, &row, error);
}

void entry_merge(Entry *entry, const Entry *old, int64_t now)
{
	if (entry->kind == ENTRY_SUPPRESS && old != NULL) {
		/* A wide one that is over is no reason to be wide again. */
		if (hold_is_active(old->hold, now))
			entry->with_subdomains |= old->with_subdomains;
		entry->hold = hold_lengthen(old->hold, now, entry->hold.until);
	} else {
		entry->hold.since = MAX(now, 1);
	}
}

static bool entry_save(StoreSqlite *self, const EntryChange *what,
    const Entry *entry, GError **error)
{
	g_autofree char *overrides = overrides_of(entry);
	Statement *stmt = statement_use(self, SQL_ENTRY_PUT, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, kind_name(entry->kind));
	if (what->recipient_id != 0) /* else it stays NULL */
		bind_int(stmt, 2, what->recipient_id);
	bind_text(stmt, 3, entry->domain);
	bind_int(stmt, 4, entry->with_subdomains);
	bind_text(stmt, 5, entry->stream);
	bind_text(stmt, 6, overrides);
	bind_int(stmt, 7, entry->hold.since);
	bind_until(stmt, 8, entry->hold.until);
	bind_text(stmt, 9,
	    entry->note[0] != '\0' ? entry->note : what->change->reason);
	return statement_run(self, stmt, error);
}

static bool put(StoreSqlite *self, void *data, GError **error)
{
	EntryChange *what = data;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_auto(StoreRecipient) recipient = { 0 };
	Entry entry = what->entry;
	Entry old;

	if (entry.address[0] != '\0') {
		if (!store_sqlite_recipient_ensure(&self->base, entry.address,
			what->original, what->change->now, &recipient, error))
			return false;
		what->recipient_id = recipient.id;
	}
	if (!find_ids(self, what, ids, &old, error))
		return false;
	entry_merge(&entry, old.id != 0 ? &old : NULL, what->change->now);
	return entry_save(self, what, &entry, error) &&
	       audit_entry(self, what,
		   entry.kind == ENTRY_ALLOW ? "allow" : "add", error);
}

bool store_sqlite_entry_put(Store *store, const ManualChange *change,
    const Entry *entry, const char *original, GError **error)
{
	EntryChange what = {
		.change = change, .entry = *entry, .original = original
	};

	return in_any_transaction((StoreSqlite *)store, put, &what, error);
}

static bool entry_delete(StoreSqlite *self, int64_t id, GError **error)
{
	Statement *stmt = statement_use(self, SQL_ENTRY_DELETE, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	return statement_run(self, stmt, error);
}

/* One audit row for all: a stream of NULL is written as "*", which is none's
   name. */
static bool remove_all(StoreSqlite *self, void *data, GError **error)
{
	EntryChange *what = data;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_auto(StoreRecipient) recipient = { 0 };
	EntryChange noted;
	Entry last;

	if (what->entry.address[0] != '\0') {
		if (!store_sqlite_recipient_find(&self->base, 0,
			what->entry.address, &recipient, error))
			return false;
		what->recipient_id = recipient.id;
	}
	if (!find_ids(self, what, ids, &last, error))
		return false;
	what->removed = ids->len;
	if (ids->len == 0)
		return true;
	for (unsigned i = 0; i < ids->len; i++)
		if (!entry_delete(self, g_array_index(ids, int64_t, i), error))
			return false;
	noted = *what;
	if (noted.entry.stream == NULL)
		noted.entry.stream = "*";
	noted.entry.with_subdomains = last.with_subdomains;
	noted.entry.hold = (Hold){ 0 };
	noted.entry.causes = 0;
	return audit_entry(self, &noted,
	    what->entry.kind == ENTRY_ALLOW ? "disallow" : "release", error);
}

bool store_sqlite_entry_remove(Store *store, const ManualChange *change,
    const Entry *which, unsigned *ret_removed, GError **error)
{
	EntryChange what = { .change = change, .entry = *which };

	if (!in_any_transaction((StoreSqlite *)store, remove_all, &what, error))
		return false;
	*ret_removed = what.removed;
	return true;
}

/* ---- listing ---- */

static bool entry_matches(const Entry *entry, const StoreFilter *filter)
{
	if (!filter->with_expired && !hold_is_active(entry->hold, filter->now))
		return false;
	if (filter->stream != NULL && entry->stream[0] != '\0' &&
	    strcmp(entry->stream, filter->stream) != 0)
		return false;
	return (filter->since == 0 || entry->hold.since >= filter->since) &&
	       (filter->until == 0 || entry->hold.since < filter->until);
}

static bool entry_take(Walk *walk, Statement *stmt, void *ret_row)
{
	Entry entry = entry_read(stmt);

	if (!entry_matches(&entry, walk->filter))
		return false;
	entry.address = g_string_chunk_insert(walk->texts, entry.address);
	entry.domain = g_string_chunk_insert(walk->texts, entry.domain);
	entry.stream = g_string_chunk_insert(walk->texts, entry.stream);
	entry.note = g_string_chunk_insert(walk->texts, entry.note);
	*(Entry *)ret_row = entry;
	return true;
}

static const WalkKind listed_entries = {
	.row_size = sizeof(Entry), .by_id = SQL_ENTRIES, .take = entry_take
};

bool store_sqlite_each_entry(Store *store, const StoreFilter *filter,
    StoreEachEntry each, void *data, GError **error)
{
	g_auto(Walk)
	    walk = walk_new((StoreSqlite *)store, &listed_entries, filter);
	const void *row;

	while (walk_next(&walk, &row, error))
		if (row == NULL || !each(row, data))
			return true;
	return false;
}

/* ---- streams ---- */

typedef struct StreamList {
	const StoreStream *streams;
	unsigned n;
	GHashTable *stored; /* name to CauseSet */
} StreamList;

static bool read_streams(StoreSqlite *self, GHashTable *stored, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_STREAMS, error);
	bool row;

	if (stmt == NULL)
		return false;
	for (;;) {
		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		(void)g_hash_table_insert(stored,
		    g_strdup(column_text(stmt, 0)),
		    GUINT_TO_POINTER(causes_decode(column_text(stmt, 1))));
	}
}

static bool differs(const StreamList *list)
{
	if (g_hash_table_size(list->stored) != list->n)
		return true;
	for (unsigned i = 0; i < list->n; i++) {
		void *ignored;

		if (!g_hash_table_lookup_extended(list->stored,
			list->streams[i].name, NULL, &ignored) ||
		    GPOINTER_TO_UINT(ignored) != list->streams[i].ignored)
			return true;
	}
	return false;
}

static bool replace_streams(StoreSqlite *self, void *data, GError **error)
{
	const StreamList *list = data;
	GHashTableIter iter;
	Statement *stmt;
	void *name;

	g_hash_table_iter_init(&iter, list->stored);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		stmt = statement_use(self, SQL_STREAM_DELETE, error);
		if (stmt == NULL)
			return false;
		bind_text(stmt, 1, name);
		if (!statement_run(self, stmt, error))
			return false;
	}
	for (unsigned i = 0; i < list->n; i++) {
		g_autofree char *ignored =
		    causes_encode(list->streams[i].ignored);

		stmt = statement_use(self, SQL_STREAM_PUT, error);
		if (stmt == NULL)
			return false;
		bind_text(stmt, 1, list->streams[i].name);
		bind_text(stmt, 2, ignored);
		if (!statement_run(self, stmt, error))
			return false;
	}
	return true;
}

bool store_sqlite_streams_set(Store *store, const StoreStream *streams,
    unsigned n, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autoptr(GHashTable) stored = g_hash_table_new_full(g_str_hash,
	    g_str_equal, g_free, NULL);
	StreamList list = { streams, n, stored };

	if (!read_streams(self, stored, error))
		return false;
	return !differs(&list) ||
	       in_any_transaction(self, replace_streams, &list, error);
}
