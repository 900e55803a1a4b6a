/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>
#include <sqlite3.h>

/* The tables of the store, one step of SQL for each version.  A version that
   was released never changes; the next is appended. */
typedef struct Schema {
	const char *const *steps; /* STEPS[i] leads from version i to i + 1 */
	int version;              /* how many there are */
} Schema;

extern const Schema schema_current;

/* "vrpd" in the file's header (PRAGMA application_id): this is our store. */
#define SCHEMA_APPLICATION_ID 0x76727064

/* The version of the database open in DB, 0 for an empty one.  An SQLite
   result code; SQLITE_NOTADB when it is another program's. */
int schema_version(sqlite3 *db, int *ret_version);

/* Brings DB to SCHEMA's version, forward only, in one transaction: all of it
   or nothing.  An SQLite result code. */
int schema_migrate(sqlite3 *db, const Schema *schema);
