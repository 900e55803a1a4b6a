/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store_sqlite.h"

/* Walking over rows of a table.  They are read a page at a time, each copied
   and its statement reset before the caller sees a row: however slow the caller
   is, no snapshot is held meanwhile and the log can be cut.  Filters are
   applied here and not in the SQL, so that a page ends after so many rows
   looked at and not only after so many found. */

enum { WALK_ROWS = 500 };

typedef struct Walk Walk;

/* How rows of one kind are asked for and copied. */
typedef struct WalkKind {
	unsigned row_size;
	/* Asks for WALK_ROWS rows beyond where WALK stands: for ?2 rows with
	   ids beyond ?1, unless there is query(). */
	StatementId by_id;
	Statement *(*query)(const Walk *walk, GError **error);
	/* Copies the row that STMT stands on, its texts by walk_text(); false:
	   it is not wanted. */
	bool (*take)(Walk *walk, Statement *stmt, void *ret_row);
	/* WALK is to stand at this row, the last of a full page.  NULL: it
	   stands at LAST_ID, for column 0 is an id and rows come in its
	   order. */
	bool (*turn)(Walk *walk, Statement *stmt, GError **error);
} WalkKind;

struct Walk {
	StoreSqlite *self;
	const WalkKind *kind;
	const StoreFilter *filter; /* NULL for a kind that needs none */
	int64_t recipient_id;      /* whom the filter names, or 0 */
	int64_t last_id;
	void *place; /* what query() and turn() need besides */
	GArray *rows;
	GStringChunk *texts;
	unsigned next; /* of ROWS */
	uint64_t given;
	bool is_at_end; /* no more pages */
};

/* KIND, FILTER are lent. */
Walk walk_new(StoreSqlite *self, const WalkKind *kind,
    const StoreFilter *filter);
void walk_clear(Walk *walk);

/* Looks the filter's address up; nobody's ends the walk before it begins. */
bool walk_find_recipient(Walk *walk, GError **error);

/* The next row, lent until the next call; NULL behind the last, or behind as
   many as the filter wants. */
bool walk_next(Walk *walk, const void **ret_row, GError **error);

/* A column's text, kept as long as its row. */
const char *walk_text(Walk *walk, Statement *stmt, int i);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)
