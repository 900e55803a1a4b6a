/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asking: suppressions, events, forgeries, audit.  A result is read in chunks,
   each copied and its statement reset before the caller sees a row: however
   slow the caller is, no snapshot is held meanwhile and the log can be cut.
   The filter is applied here and not in the SQL, so that a chunk ends after so
   many rows looked at and not only after so many found. */

#include "store_sqlite.h"

#include "errors.h"

#include <string.h>

enum { CHUNK_ROWS = 500 };

/* A page of copied rows. */
typedef struct Page {
	GArray *rows;
	GStringChunk *texts;
	unsigned seen; /* rows looked at; fewer than CHUNK_ROWS: the last */
} Page;

static void page_clear(Page *page)
{
	g_array_set_size(page->rows, 0);
	g_string_chunk_clear(page->texts);
	page->seen = 0;
}

static void page_destroy(Page *page)
{
	g_array_unref(page->rows);
	g_string_chunk_free(page->texts);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Page, page_destroy)

static Page page_new(size_t row_size)
{
	return (Page){ g_array_new(FALSE, FALSE, (unsigned)row_size),
		g_string_chunk_new(16 * 1024), 0 };
}

static const char *page_text(Page *page, Statement *stmt, int i)
{
	return g_string_chunk_insert(page->texts, column_text(stmt, i));
}

static bool is_in_time(const StoreFilter *filter, int64_t at)
{
	return (filter->since == 0 || at >= filter->since) &&
	       (filter->until == 0 || at < filter->until);
}

/* The id of FILTER's address, 0 if there is no filter.  *RET_NONE: it is
   nobody's, so nothing can be found. */
static bool filter_recipient(StoreSqlite *self, const StoreFilter *filter,
    int64_t *ret_id, bool *ret_none, GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) why = NULL;

	*ret_id = 0;
	*ret_none = false;
	if (filter->address == NULL)
		return true;
	if (store_sqlite_recipient_find(&self->base, 0, filter->address,
		&recipient, &why)) {
		*ret_id = recipient.id;
		return true;
	}
	*ret_none = true;
	if (g_error_matches(why, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
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

static Statement *event_query(StoreSqlite *self, const StoreFilter *filter,
    int64_t recipient_id, int64_t last_id, GError **error)
{
	StatementId id = filter->event_id != 0  ? SQL_EVENT
			 : recipient_id != 0    ? SQL_EVENTS_OF_RECIPIENT
			 : filter->needs_review ? SQL_EVENTS_TO_REVIEW
						: SQL_EVENTS;
	Statement *stmt = statement_use(self, id, error);
	int i = 1;

	if (stmt == NULL)
		return NULL;
	if (filter->event_id != 0)
		bind_int(stmt, i++, filter->event_id);
	else if (recipient_id != 0)
		bind_int(stmt, i++, recipient_id);
	bind_int(stmt, i++, last_id);
	bind_int(stmt, i, CHUNK_ROWS);
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

static Effect event_effect(Page *page, Statement *stmt)
{
	static const EffectColumns columns = { .step = 22,
		.is_disabled = 23,
		.hold_until = 24,
		.rung = 25,
		.counted = 32,
		.reason = 7 };
	Effect effect = effect_read(stmt, &columns);

	effect.needs_review = column_int(stmt, 26) != 0;
	effect.policy = page_text(page, stmt, 33);
	return effect;
}

static void event_copy(Page *page, Statement *stmt)
{
	int trust = trust_from_name(column_text(stmt, 5));
	int class_ = vp_class_from_name(column_text(stmt, 6));
	int reason = vp_reason_from_name(column_text(stmt, 7));
	Event event = {
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
		.rule = page_text(page, stmt, 9),
		.source = page_text(page, stmt, 10),
		.matched = page_text(page, stmt, 11),
		.status = page_text(page, stmt, 12),
		.smtp_code = (unsigned)column_int(stmt, 13),
		.action = page_text(page, stmt, 14),
		.provider = page_text(page, stmt, 15),
		.remote_mta = page_text(page, stmt, 16),
		.diagnostic = page_text(page, stmt, 17),
		.via = page_text(page, stmt, 18),
		.message_id = page_text(page, stmt, 19),
		.queue_id = page_text(page, stmt, 20),
		.client = page_text(page, stmt, 21),
		.effect = event_effect(page, stmt),
		.campaign = page_text(page, stmt, 27),
		.stream = page_text(page, stmt, 28),
		.address = page_text(page, stmt, 29),
		.is_reviewed = is_reviewed(stmt),
		.reviewed_as = column_int(stmt, 31),
		.breaker_id = column_int(stmt, 35),
		.is_amended = sqlite3_column_type(stmt, 36) != SQLITE_NULL,
		.is_reverted = column_int(stmt, 36) != 0,
	};

	g_array_append_val(page->rows, event);
}

static bool event_page(StoreSqlite *self, const StoreFilter *filter,
    int64_t recipient_id, int64_t *last_id, Page *page, GError **error)
{
	g_autoptr(Statement)
	    stmt = event_query(self, filter, recipient_id, *last_id, error);
	bool row;

	if (stmt == NULL)
		return false;
	page_clear(page);
	for (;;) {
		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		page->seen++;
		if (!cursor_move(self, last_id, column_int(stmt, 0), error))
			return false;
		if (event_matches(stmt, filter))
			event_copy(page, stmt);
	}
}

bool store_sqlite_each_event(Store *store, const StoreFilter *filter,
    StoreEachEvent each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Page) page = page_new(sizeof(Event));
	int64_t recipient_id, last_id = 0;
	uint64_t given = 0;
	bool none;

	if (!filter_recipient(self, filter, &recipient_id, &none, error))
		return false;
	if (none)
		return true;
	if (filter->since != 0 &&
	    !events_since(self, filter->since, &last_id, error))
		return false;
	do {
		if (!event_page(self, filter, recipient_id, &last_id, &page,
			error))
			return false;
		for (unsigned i = 0; i < page.rows->len; i++) {
			if (!each(&g_array_index(page.rows, Event, i), data))
				return true;
			if (++given == filter->limit)
				return true;
		}
	} while (page.seen == CHUNK_ROWS);
	return true;
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

static void suppression_read(Page *page, Statement *stmt,
    const StoreFilter *filter)
{
	int cause = cause_from_name(column_text(stmt, 4));
	Suppression row = {
		.recipient_id = column_int(stmt, 0),
		.stream = column_text(stmt, 3),
		.cause = cause >= 0 ? (Cause)cause : CAUSE_MANUAL,
		.hold = { column_int(stmt, 5), column_until(stmt, 6) },
		.event_id = column_int(stmt, 7),
	};

	if (!suppression_matches(&row, filter))
		return;
	row.address = page_text(page, stmt, 1);
	row.original = page_text(page, stmt, 2);
	if (*row.original == '\0')
		row.original = row.address;
	row.stream = page_text(page, stmt, 3);
	row.note = page_text(page, stmt, 8);
	g_array_append_val(page->rows, row);
}

static bool suppression_page(StoreSqlite *self, const StoreFilter *filter,
    HoldCursor *cursor, Page *page, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_SUPPRESSIONS, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, cursor->first);
	bind_text(stmt, 2, cursor->stream);
	bind_text(stmt, 3, cursor->cause);
	bind_int(stmt, 4, cursor->last);
	bind_int(stmt, 5, CHUNK_ROWS);
	page_clear(page);
	for (;;) {
		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		suppression_read(page, stmt, filter);
		/* The cursor's texts are bound to the statement until then. */
		if (++page->seen == CHUNK_ROWS) {
			if (!hold_cursor_before(cursor, stmt))
				return cursor_fail(self, error);
			hold_cursor_set(cursor, column_int(stmt, 0),
			    column_text(stmt, 3), column_text(stmt, 4));
			return true;
		}
	}
}

bool store_sqlite_each_suppression(Store *store, const StoreFilter *filter,
    StoreEachSuppression each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Page) page = page_new(sizeof(Suppression));
	g_auto(HoldCursor) cursor = { .last = INT64_MAX };
	int64_t recipient_id;
	uint64_t given = 0;
	bool none;

	if (!filter_recipient(self, filter, &recipient_id, &none, error))
		return false;
	if (none)
		return true;
	hold_cursor_set(&cursor, recipient_id, "", "");
	if (recipient_id != 0)
		cursor.last = recipient_id;
	do {
		if (!suppression_page(self, filter, &cursor, &page, error))
			return false;
		for (unsigned i = 0; i < page.rows->len; i++) {
			if (!each(&g_array_index(page.rows, Suppression, i),
				data))
				return true;
			if (++given == filter->limit)
				return true;
		}
	} while (page.seen == CHUNK_ROWS);
	return true;
}

/* ---- forgeries ---- */

static bool forgery_page(StoreSqlite *self, const StoreFilter *filter,
    int64_t *last_id, Page *page, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self, SQL_FORGERIES, error);
	bool row;

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, *last_id);
	bind_int(stmt, 2, CHUNK_ROWS);
	page_clear(page);
	for (;;) {
		Forgery forgery;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		page->seen++;
		if (!cursor_move(self, last_id, column_int(stmt, 0), error))
			return false;
		if (!is_in_time(filter, column_int(stmt, 1)))
			continue;
		forgery = (Forgery){
			.id = column_int(stmt, 0),
			.at = column_int(stmt, 1),
			.source = page_text(page, stmt, 2),
			.address = page_text(page, stmt, 3),
			.why = page_text(page, stmt, 4),
			.queue_id = page_text(page, stmt, 5),
			.hits = (uint64_t)column_int(stmt, 6),
		};
		g_array_append_val(page->rows, forgery);
	}
}

bool store_sqlite_each_forgery(Store *store, const StoreFilter *filter,
    StoreEachForgery each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Page) page = page_new(sizeof(Forgery));
	int64_t last_id = 0;
	uint64_t given = 0;

	do {
		if (!forgery_page(self, filter, &last_id, &page, error))
			return false;
		for (unsigned i = 0; i < page.rows->len; i++) {
			if (!each(&g_array_index(page.rows, Forgery, i), data))
				return true;
			if (++given == filter->limit)
				return true;
		}
	} while (page.seen == CHUNK_ROWS);
	return true;
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

static bool audit_page(StoreSqlite *self, const StoreFilter *filter,
    int64_t recipient_id, int64_t *last_id, Page *page, GError **error)
{
	g_autoptr(Statement) stmt = statement_use(self,
	    recipient_id != 0 ? SQL_AUDITS_OF_RECIPIENT : SQL_AUDITS, error);
	int i = 1;
	bool row;

	if (stmt == NULL)
		return false;
	if (recipient_id != 0)
		bind_int(stmt, i++, recipient_id);
	bind_int(stmt, i++, *last_id);
	bind_int(stmt, i, CHUNK_ROWS);
	page_clear(page);
	for (;;) {
		AuditEntry entry;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			return true;
		page->seen++;
		if (!cursor_move(self, last_id, column_int(stmt, 0), error))
			return false;
		if (!audit_matches(stmt, filter))
			continue;
		entry = (AuditEntry){
			.id = column_int(stmt, 0),
			.at = column_int(stmt, 1),
			.actor = page_text(page, stmt, 2),
			.action = page_text(page, stmt, 3),
			.address = page_text(page, stmt, 4),
			.stream = page_text(page, stmt, 5),
			.cause = cause_from_name(column_text(stmt, 6)),
			.until = column_int(stmt, 7),
			.reason = page_text(page, stmt, 8),
			.after_event = column_int(stmt, 9),
			.subject = page_text(page, stmt, 10),
			.detail = page_text(page, stmt, 11),
		};
		g_array_append_val(page->rows, entry);
	}
}

bool store_sqlite_each_audit(Store *store, const StoreFilter *filter,
    StoreEachAudit each, void *data, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Page) page = page_new(sizeof(AuditEntry));
	int64_t recipient_id, last_id = 0;
	uint64_t given = 0;
	bool none;

	if (!filter_recipient(self, filter, &recipient_id, &none, error))
		return false;
	if (none)
		return true;
	do {
		if (!audit_page(self, filter, recipient_id, &last_id, &page,
			error))
			return false;
		for (unsigned i = 0; i < page.rows->len; i++) {
			if (!each(&g_array_index(page.rows, AuditEntry, i),
				data))
				return true;
			if (++given == filter->limit)
				return true;
		}
	} while (page.seen == CHUNK_ROWS);
	return true;
}

/* ---- rules ---- */

/* One page holds them all: as many as there are rules. */
bool store_sqlite_each_rule(Store *store, StoreEachRule each, void *data,
    GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Page) page = page_new(sizeof(RuleHits));
	g_autoptr(Statement) stmt = statement_use(self, SQL_RULES, error);
	bool row = true;

	while (stmt != NULL && row) {
		RuleHits hits;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			break;
		hits = (RuleHits){ page_text(&page, stmt, 0),
			(uint64_t)column_int(stmt, 1), column_int(stmt, 2) };
		g_array_append_val(page.rows, hits);
	}
	if (stmt == NULL)
		return false;
	g_clear_pointer(&stmt, statement_release);
	for (unsigned i = 0; i < page.rows->len; i++)
		if (!each(&g_array_index(page.rows, RuleHits, i), data))
			break;
	return true;
}
