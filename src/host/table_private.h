/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "table.h"

/* How a table of one type is made in the empty file PATH, open as FD.  Each
   returns what went wrong in words, or NULL.  After begin() comes end(), which
   has everything in the file if IS_WHOLE, and frees it all. */
typedef struct TableMaker {
	const char *name;
	const char *ending; /* of the file */
	const char *(*begin)(const char *path, int fd, void **ret_made);
	const char *(*add)(void *made, const char *key, const char *value);
	const char *(*end)(void *made, bool is_whole);
} TableMaker;

extern const TableMaker table_texthash, table_cdb, table_lmdb, table_sqlite;
