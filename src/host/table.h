/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

/* Look-up tables that Postfix reads by itself, written without its help: it
   need not be there, nor know the type. */

typedef enum TableType {
	TABLE_TEXTHASH,
	TABLE_CDB,
	TABLE_LMDB,
	TABLE_SQLITE, /* CREATE TABLE lookup (key, value) */
} TableType;
#define TABLE_TYPES (TABLE_SQLITE + 1)

const char *table_type_name(TableType type);
/* -1: there is none of that name. */
int table_type_from_name(const char *name);
/* The file in which Postfix looks for "TYPE:PATH"; g_free() it. */
char *table_file(TableType type, const char *path);

/* A new table, beside the one that is there: whoever reads has the old one or
   the new one, whole. */
typedef struct TableWriter TableWriter;
TableWriter *table_begin(TableType type, const char *path, GError **error);
/* KEY in lower case, as Postfix asks; a texthash takes "#" in front for a
   comment.  The first of a KEY counts. */
bool table_add(TableWriter *writer, const char *key, const char *value,
    GError **error);
/* Puts it into its place, readable by all (or as the old one was), on the disk;
   one that says the same is left alone, for Postfix starts some of its processes
   anew for every change.  A file that was not there becomes its directory's
   owner's. */
bool table_commit(TableWriter *writer, GError **error);
/* What was not put into its place goes. */
void table_free(TableWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TableWriter, table_free)
