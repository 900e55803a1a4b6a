/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Forgetting one address.  First what is of it goes: all but a few of its
   events and changes in small transactions, the rest with itself in one.  If it
   is to stay blocked, its suppressions stand until that one lays them down anew
   under a hash, by audit rows that name nobody, so a recount comes to the same;
   ended before that, it is erased by the next erase.  Then its name
   is taken out of whatever others' rows say: reports name those they were
   forwarded to, reasons name whom they are about.  What is deleted is
   overwritten (secure_delete), and its id is never given out again. */

#include "store_sqlite.h"

#include "errors.h"

#include <string.h>

enum {
	ERASE_ROWS = 1000,
	SOME_ROWS = 500,   /* of its own, looked for at once */
	FEW_ROWS = 100,    /* that go with itself */
	BUSY_USEC = 10000, /* then a transaction takes no more */
	ERASED_IN = 7,     /* tables whose texts are looked through */
};
#define ERASED "(erased)"

typedef struct Erasure {
	const ManualChange *change;
	const char *folded;
	bool keeps_block;
	GPtrArray *needles; /* lower case */
	StatementId rows;
	int64_t after;
	int64_t recipient_id; /* 0: nobody is known by that address */
	bool is_more;         /* of its rows than FEW_ROWS */
	StoreErased done;
} Erasure;

/* ---- the name in a text ---- */

static bool needle_at(const Erasure *erasure, const char *text, size_t len,
    size_t i, size_t *ret_len)
{
	for (unsigned k = 0; k < erasure->needles->len; k++) {
		const char *needle = g_ptr_array_index(erasure->needles, k);
		size_t n = strlen(needle);

		if (n <= len - i && g_ascii_tolower(text[i]) == needle[0] &&
		    g_ascii_strncasecmp(text + i, needle, n) == 0) {
			*ret_len = n;
			return true;
		}
	}
	return false;
}

static void sql_names(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const Erasure *erasure = sqlite3_user_data(context);
	const char *text = sqlite3_value_blob(argv[0]);
	size_t len = (size_t)sqlite3_value_bytes(argv[0]);
	size_t n;

	for (size_t i = 0; i < len; i++)
		if (needle_at(erasure, text, len, i, &n)) {
			sqlite3_result_int(context, 1);
			return;
		}
	sqlite3_result_int(context, 0);
}

static char *erased_text(const Erasure *erasure, const char *text, size_t len)
{
	GString *left = g_string_sized_new(len);

	for (size_t i = 0; i < len;) {
		size_t n;

		if (needle_at(erasure, text, len, i, &n)) {
			g_string_append(left, ERASED);
			i += n;
		} else {
			g_string_append_c(left, text[i++]);
		}
	}
	return g_string_free(left, FALSE);
}

static void sql_erased(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *text = sqlite3_value_blob(argv[0]);

	sqlite3_result_text(context,
	    erased_text(sqlite3_user_data(context), text,
		(size_t)sqlite3_value_bytes(argv[0])),
	    -1, g_free);
}

static void needle_add(GPtrArray *needles, const char *address)
{
	g_autofree char *lower = g_ascii_strdown(address, -1);
	g_autofree char *verp = g_strdup(lower);
	char *at = strrchr(verp, '@');

	g_ptr_array_add(needles, g_strdup(lower));
	if (at == NULL)
		return;
	*at = '='; /* as return paths spell it */
	g_ptr_array_add(needles, g_strdup(verp));
}

/* ---- rows of its own ---- */

static bool run_of(StoreSqlite *self, StatementId id, int64_t recipient_id,
    uint64_t *n, GError **error)
{
	Statement *stmt = statement_use(self, id, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	if (!statement_run(self, stmt, error))
		return false;
	if (n != NULL)
		*n += (uint64_t)sqlite3_changes(self->db);
	return true;
}

static bool run_guard(StoreSqlite *self, StatementId id, GError **error)
{
	Statement *stmt = statement_use(self, id, error);

	return stmt != NULL && statement_run(self, stmt, error);
}

typedef struct KeptHold {
	char *stream;
	Cause cause;
	Hold hold;
} KeptHold;

static void kept_hold_clear(void *data)
{
	g_free(((KeptHold *)data)->stream);
}

static bool holds_of(StoreSqlite *self, int64_t id, int64_t now, GArray *kept,
    GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_HOLDS_OF_RECIPIENT, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	for (;;) {
		KeptHold one;
		int cause;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		cause = cause_from_name(column_text(stmt, 1));
		one.hold = (Hold){ column_int(stmt, 2), column_until(stmt, 3) };
		if (cause < 0 || !hold_is_active(one.hold, now))
			continue;
		one.cause = (Cause)cause;
		one.stream = g_strdup(column_text(stmt, 0));
		g_array_append_val(kept, one);
	}
}

static bool keep_holds(StoreSqlite *self, Erasure *erasure, const GArray *kept,
    GError **error)
{
	static const char reason[] = "kept when its address was erased";
	g_autofree char *hash = NULL;
	g_auto(StoreRecipient) recipient = { 0 };

	if (kept->len == 0)
		return true;
	hash = address_hash(self, erasure->folded);
	if (!address_key_note(self, error) ||
	    !store_sqlite_recipient_ensure(&self->base, hash, hash,
		erasure->change->now, &recipient, error))
		return false;
	for (unsigned i = 0; i < kept->len; i++) {
		const KeptHold *one = &g_array_index(kept, KeptHold, i);
		AuditRow row = { .action = "import",
			.recipient_id = recipient.id,
			.stream = one->stream,
			.cause = (int)one->cause,
			.until = one->hold.until,
			.since = one->hold.since,
			.reason = reason };
		Hold hold = hold_import((Hold){ 0 }, erasure->change->now,
		    one->hold.since, one->hold.until);

		if (!hold_put(self, recipient.id, one->stream, one->cause, hold,
			0, one->cause == CAUSE_MANUAL ? reason : "", error) ||
		    !audit_write(self, erasure->change, &row, error))
			return false;
	}
	erasure->done.kept = kept->len;
	return true;
}

static bool audit_erasure(StoreSqlite *self, const Erasure *erasure,
    GError **error)
{
	const StoreErased *done = &erasure->done;
	g_autofree char *hash = self->key != NULL
				    ? address_hash(self, erasure->folded)
				    : g_strdup("");
	g_autofree char *reason = erased_text(erasure, erasure->change->reason,
	    strlen(erasure->change->reason));
	g_autofree char *detail =
	    g_strdup_printf("%" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT
			    " changes by hand, %" G_GUINT64_FORMAT " messages; "
			    "%" G_GUINT64_FORMAT " suppressions kept",
		done->events, done->changes, done->messages, done->kept);
	AuditRow row = { .action = "erase",
		.stream = "",
		.cause = -1,
		.subject = hash,
		.detail = detail,
		.reason = reason };

	return audit_write(self, erasure->change, &row, error);
}

/* ---- its events and changes, which may be many ---- */

static bool some_ids(StoreSqlite *self, StatementId id, int64_t recipient_id,
    GArray *ret_ids, GError **error)
{
	Statement *stmt = statement_use(self, id, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, recipient_id);
	bind_int(stmt, 2, SOME_ROWS);
	g_array_set_size(ret_ids, 0);
	return statement_numbers(self, stmt, ret_ids, error);
}

static bool event_erase(StoreSqlite *self, Erasure *erasure, int64_t id,
    GError **error)
{
	StoreErased *done = &erasure->done;

	return run_of(self, SQL_ERASE_MESSAGE, id, &done->messages, error) &&
	       run_of(self, SQL_PURGE_EVENT, id, &done->events, error);
}

static bool change_erase(StoreSqlite *self, Erasure *erasure, int64_t id,
    GError **error)
{
	return run_of(self, SQL_ERASE_AUDIT_ROW, id, &erasure->done.changes,
	    error);
}

/* The events first: amendments of them point at changes. */
static const struct {
	StatementId which;
	bool (*erase)(StoreSqlite *self, Erasure *erasure, int64_t id,
	    GError **error);
} own_rows[] = {
	{ SQL_ERASE_SOME_EVENTS, event_erase },
	{ SQL_ERASE_SOME_AUDIT, change_erase },
};

/* Some of one kind; *RET_LEFT: there are more than FEW of it. */
static bool erase_kind(StoreSqlite *self, Erasure *erasure, unsigned kind,
    unsigned few, bool *ret_left, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	int64_t began = g_get_monotonic_time();

	if (!some_ids(self, own_rows[kind].which, erasure->recipient_id, ids,
		error))
		return false;
	*ret_left = ids->len > few;
	for (unsigned i = 0;
	     *ret_left && i < ids->len &&
	     (few == 0 || g_get_monotonic_time() - began < BUSY_USEC);
	     i++)
		if (!own_rows[kind].erase(self, erasure,
			g_array_index(ids, int64_t, i), error))
			return false;
	return true;
}

static bool erase_some(StoreSqlite *self, void *data, GError **error)
{
	Erasure *erasure = data;

	erasure->is_more = false;
	if (!run_guard(self, SQL_ERASE_BEGIN, error))
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(own_rows) && !erasure->is_more;
	     i++)
		if (!erase_kind(self, erasure, i, FEW_ROWS, &erasure->is_more,
			error))
			return false;
	return run_guard(self, SQL_ERASE_END, error);
}

static bool erase_most(StoreSqlite *self, Erasure *erasure, GError **error)
{
	for (erasure->is_more = erasure->recipient_id != 0; erasure->is_more;)
		if (!in_transaction(self, erase_some, erasure, error) ||
		    !wal_shorten(self, error))
			return false;
	return true;
}

/* ---- the rest, with itself ---- */

static bool delete_all(StoreSqlite *self, Erasure *erasure, GError **error)
{
	int64_t id = erasure->recipient_id;

	for (unsigned i = 0; i < G_N_ELEMENTS(own_rows); i++)
		for (bool left = true; left;)
			if (!erase_kind(self, erasure, i, 0, &left, error))
				return false;
	return run_of(self, SQL_ERASE_HOLDS, id, NULL, error) &&
	       run_of(self, SQL_ERASE_ENTRIES, id, NULL, error) &&
	       run_of(self, SQL_ERASE_JOINS, id, NULL, error) &&
	       run_of(self, SQL_ERASE_RECIPIENT, id, NULL, error);
}

static bool erase_recipient(StoreSqlite *self, void *data, GError **error)
{
	Erasure *erasure = data;
	g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(KeptHold));

	g_array_set_clear_func(kept, kept_hold_clear);
	return (!erasure->keeps_block ||
		   holds_of(self, erasure->recipient_id, erasure->change->now,
		       kept, error)) &&
	       run_guard(self, SQL_ERASE_BEGIN, error) &&
	       delete_all(self, erasure, error) &&
	       keep_holds(self, erasure, kept, error) &&
	       audit_erasure(self, erasure, error) &&
	       run_guard(self, SQL_ERASE_END, error);
}

/* Whoever asks that a block be kept believes that there is one. */
static bool check_held(StoreSqlite *self, const Erasure *erasure, int64_t id,
    GError **error)
{
	g_autoptr(GArray) held = g_array_new(FALSE, FALSE, sizeof(KeptHold));

	g_array_set_clear_func(held, kept_hold_clear);
	if (id != 0 && !holds_of(self, id, erasure->change->now, held, error))
		return false;
	if (held->len > 0)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
	    "%s is not suppressed, so there is no block to keep; nothing was "
	    "erased",
	    erasure->folded);
	return false;
}

/* Who it is, and what others may call them.  Nobody may be known by the
   address, and be named by others all the same. */
static bool find_recipient(StoreSqlite *self, Erasure *erasure, GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) unknown = NULL;

	needle_add(erasure->needles, erasure->folded);
	if (!store_sqlite_recipient_find(&self->base, 0, erasure->folded,
		&recipient, &unknown)) {
		if (g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
			return !erasure->keeps_block ||
			       check_held(self, erasure, 0, error);
		g_propagate_error(error, g_steal_pointer(&unknown));
		return false;
	}
	if (!store_is_hash(recipient.original))
		needle_add(erasure->needles, recipient.original);
	if (erasure->keeps_block &&
	    !check_held(self, erasure, recipient.id, error))
		return false;
	/* blocked, and nothing else: it was erased before */
	if (!erasure->keeps_block || self->is_hashed ||
	    !store_is_hash(recipient.stored))
		erasure->recipient_id = recipient.id;
	return true;
}

static bool erase_own(StoreSqlite *self, Erasure *erasure, GError **error)
{
	return find_recipient(self, erasure, error) &&
	       (erasure->recipient_id == 0 ||
		   (erase_most(self, erasure, error) &&
		       in_transaction(self, erase_recipient, erasure, error)));
}

/* ---- in the rows of others ---- */

static bool erase_texts(StoreSqlite *self, void *data, GError **error)
{
	Erasure *erasure = data;
	Statement *stmt;

	if (!run_guard(self, SQL_ERASE_BEGIN, error))
		return false;
	stmt = statement_use(self, erasure->rows, error);
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, erasure->after);
	bind_int(stmt, 2, erasure->after + ERASE_ROWS);
	if (!statement_run(self, stmt, error))
		return false;
	erasure->done.texts += (uint64_t)sqlite3_changes(self->db);
	return run_guard(self, SQL_ERASE_END, error);
}

static bool last_row(StoreSqlite *self, int64_t *ret_last, GError **error)
{
	return statement_number(self,
	    statement_use(self, SQL_ERASE_LAST, error), ret_last, error);
}

static bool erase_from_others(StoreSqlite *self, Erasure *erasure,
    StoreProgress progress, void *data, GError **error)
{
	static const StatementId tables[ERASED_IN] = { SQL_ERASE_IN_EVENTS,
		SQL_ERASE_IN_AUDIT, SQL_ERASE_IN_FORGED, SQL_ERASE_IN_MESSAGES,
		SQL_ERASE_IN_HOLDS, SQL_ERASE_IN_ENTRIES,
		SQL_ERASE_IN_WAITING };
	int64_t last;

	if (!last_row(self, &last, error))
		return false;
	for (unsigned i = 0; i < ERASED_IN; i++) {
		erasure->rows = tables[i];
		for (erasure->after = 0; erasure->after < last;
		     erasure->after += ERASE_ROWS) {
			if (!in_transaction(self, erase_texts, erasure, error))
				return false;
			if (progress != NULL)
				progress((uint64_t)(i * last + erasure->after),
				    (uint64_t)(ERASED_IN * last), data);
		}
	}
	return true;
}

static bool erase(StoreSqlite *self, Erasure *erasure, StoreProgress progress,
    void *data, GError **error)
{
	int rc;

	if (erasure->keeps_block && self->key == NULL)
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "a block can be kept only with an address key", error);
	if (!erase_own(self, erasure, error) ||
	    !erase_from_others(self, erasure, progress, data, error))
		return false;
	/* The log and old pages have it still. */
	rc = sqlite3_wal_checkpoint_v2(self->db, "main",
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ||
	       sqlite_fail(self, rc, "checkpoint", error);
}

bool store_sqlite_erase(Store *store, const ManualChange *change,
    const char *folded, bool keeps_block, StoreProgress progress, void *data,
    StoreErased *ret_erased, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autoptr(GPtrArray) needles = g_ptr_array_new_with_free_func(g_free);
	Erasure erasure = { .change = change,
		.folded = folded,
		.keeps_block = keeps_block,
		.needles = needles };
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC |
			  SQLITE_DIRECTONLY;
	bool ok;
	int rc;

	rc = sqlite3_create_function(self->db, "names", 1, flags, &erasure,
	    sql_names, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(self->db, "erased", 1, flags,
		    &erasure, sql_erased, NULL, NULL);
	if (rc != SQLITE_OK)
		return sqlite_fail(self, rc, "erase", error);
	ok = erase(self, &erasure, progress, data, error);
	/* Statements that use them are prepared anew if need be. */
	(void)sqlite3_create_function(self->db, "names", 1, flags, NULL, NULL,
	    NULL, NULL);
	(void)sqlite3_create_function(self->db, "erased", 1, flags, NULL, NULL,
	    NULL, NULL);
	if (ok)
		*ret_erased = erasure.done;
	return ok;
}
