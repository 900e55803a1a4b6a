/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Walking over rows of a table, a page at a time. */

#include "store_sqlite_walk.h"

#include "errors.h"

Walk walk_new(StoreSqlite *self, const WalkKind *kind,
    const StoreFilter *filter)
{
	return (Walk){
		.self = self,
		.kind = kind,
		.filter = filter,
		.rows = g_array_new(FALSE, FALSE, kind->row_size),
		.texts = g_string_chunk_new(16 * 1024),
	};
}

void walk_clear(Walk *walk)
{
	g_array_unref(walk->rows);
	g_string_chunk_free(walk->texts);
}

bool walk_find_recipient(Walk *walk, GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) why = NULL;

	if (walk->filter->address == NULL)
		return true;
	if (store_sqlite_recipient_find(&walk->self->base, 0,
		walk->filter->address, &recipient, &why)) {
		walk->recipient_id = recipient.id;
		return true;
	}
	walk->is_at_end = true;
	if (g_error_matches(why, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

static Statement *page_query(const Walk *walk, GError **error)
{
	Statement *stmt;

	if (walk->kind->query != NULL)
		return walk->kind->query(walk, error);
	stmt = statement_use(walk->self, walk->kind->by_id, error);
	if (stmt == NULL)
		return NULL;
	bind_int(stmt, 1, walk->last_id);
	bind_int(stmt, 2, WALK_ROWS);
	return stmt;
}

static bool page_read(Walk *walk, GError **error)
{
	const WalkKind *kind = walk->kind;
	g_autoptr(Statement) stmt = page_query(walk, error);
	unsigned n = 0, size = kind->row_size;
	bool row;

	if (stmt == NULL)
		return false;
	g_string_chunk_clear(walk->texts);
	walk->next = 0;
	g_array_set_size(walk->rows, WALK_ROWS);
	for (unsigned seen = 1; seen <= WALK_ROWS; seen++) {
		if (!statement_step(walk->self, stmt, &row, error))
			return false;
		if (!row) {
			walk->is_at_end = true;
			break;
		}
		if (kind->turn == NULL &&
		    !cursor_move(walk->self, &walk->last_id,
			column_int(stmt, 0), error))
			return false;
		n += kind->take(walk, stmt,
		    walk->rows->data + (size_t)n * size);
		/* what it stood at is bound to the statement until now */
		if (seen == WALK_ROWS && kind->turn != NULL &&
		    !kind->turn(walk, stmt, error))
			return false;
	}
	g_array_set_size(walk->rows, n);
	return true;
}

static bool is_enough(const Walk *walk)
{
	return walk->filter != NULL && walk->filter->limit != 0 &&
	       walk->given == walk->filter->limit;
}

bool walk_next(Walk *walk, const void **ret_row, GError **error)
{
	*ret_row = NULL;
	if (is_enough(walk))
		return true;
	while (walk->next == walk->rows->len) {
		if (walk->is_at_end)
			return true;
		if (!page_read(walk, error))
			return false;
	}
	walk->given++;
	*ret_row = walk->rows->data +
		   (size_t)walk->next++ * walk->kind->row_size;
	return true;
}

const char *walk_text(Walk *walk, Statement *stmt, int i)
{
	return g_string_chunk_insert(walk->texts, column_text(stmt, i));
}
