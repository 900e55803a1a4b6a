/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables that Postfix reads by itself.  None is ever changed in place: a
   reader would see half of it, or wait for a lock. */
#include "postfix_table.h"

#include "errors.h"
#include "files.h"
#include "postconf.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACTION "550 5.7.1 suppressed by verpd"
#define MODE   0644

bool postfix_table_is_type(const char *type)
{
	static const char *const known[] = { "cdb", "lmdb", "texthash",
		"sqlite", NULL };

	return g_strv_contains(known, type);
}

static bool fail(const char *path, const char *what, GError **error)
{
	g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY, "%s: %s", path, what);
	return false;
}

static bool write_text(const char *path, const GPtrArray *addresses,
    GError **error)
{
	g_autoptr(GString) text = g_string_new("# verpctl export --postfix\n");

	for (unsigned i = 0; i < addresses->len; i++)
		g_string_append_printf(text, "%s\t" ACTION "\n",
		    (const char *)addresses->pdata[i]);
	return file_replace(path, text->str, text->len, MODE, error);
}

/* ---- postmap(1) ---- */

static bool postmap(const char *type, const char *path, GError **error)
{
	g_autofree char *table = g_strconcat(type, ":", path, NULL);
	char program[] = "postmap";
	char *argv[] = { program, table, NULL };
	g_auto(GStrv) env = postconf_environ();
	g_autofree char *complaint = NULL;
	int status;

	if (!g_spawn_sync(NULL, argv, env, G_SPAWN_SEARCH_PATH_FROM_ENVP, NULL,
		NULL, NULL, &complaint, &status, error))
		return false;
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	       fail(table, g_strchomp(complaint), error);
}

static bool write_mapped(const char *type, const char *path,
    const GPtrArray *addresses, GError **error)
{
	g_autofree char *beside = g_strconcat(path, ".new", NULL);
	g_autofree char *made = g_strconcat(beside, ".", type, NULL);
	g_autofree char *final = g_strconcat(path, ".", type, NULL);
	bool ok = write_text(beside, addresses, error) &&
		  postmap(type, beside, error) &&
		  (rename(made, final) == 0 ||
		      fail(final, "cannot be renamed to", error));

	(void)unlink(beside); /* either may not be there */
	(void)unlink(made);
	return ok;
}

/* ---- SQLite ---- */

static int fill(sqlite3 *db, const GPtrArray *addresses)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_exec(db,
	    "PRAGMA journal_mode = DELETE; BEGIN;"
	    "CREATE TABLE pf_suppress ("
	    "  addr TEXT COLLATE NOCASE PRIMARY KEY NOT NULL,"
	    "  action TEXT NOT NULL) WITHOUT ROWID",
	    NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db,
		    "INSERT OR IGNORE INTO pf_suppress VALUES (?1, '" ACTION
		    "')",
		    -1, &stmt, NULL);
	for (unsigned i = 0; rc == SQLITE_OK && i < addresses->len; i++) {
		(void)sqlite3_bind_text(stmt, 1, addresses->pdata[i], -1,
		    SQLITE_STATIC); /* the step would fail */
		rc = sqlite3_step(stmt) == SQLITE_DONE ? sqlite3_reset(stmt)
						       : SQLITE_ERROR;
	}
	(void)sqlite3_finalize(stmt); /* repeats the failure of the step */
	return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL)
			       : rc;
}

static bool write_sqlite(const char *path, const GPtrArray *addresses,
    GError **error)
{
	g_autofree char *beside = g_strconcat(path, ".new", NULL);
	sqlite3 *db = NULL;
	int rc;

	(void)unlink(beside); /* of one that was killed */
	rc = sqlite3_open(beside, &db);
	if (rc == SQLITE_OK)
		rc = fill(db, addresses);
	if (sqlite3_close(db) != SQLITE_OK || rc != SQLITE_OK ||
	    chmod(beside, MODE) != 0 || rename(beside, path) != 0) {
		(void)unlink(beside); /* may not be there */
		return fail(path, "cannot be written", error);
	}
	return true;
}

bool postfix_table_write(const char *type, const char *path,
    const GPtrArray *addresses, GError **error)
{
	if (strcmp(type, "texthash") == 0)
		return write_text(path, addresses, error);
	if (strcmp(type, "sqlite") == 0)
		return write_sqlite(path, addresses, error);
	return write_mapped(type, path, addresses, error);
}

char *postfix_table_lines(const char *type, const char *path)
{
	if (strcmp(type, "sqlite") == 0)
		return g_strdup_printf("# %s.cf\ndbpath = %s\n"
				       "query = SELECT action FROM pf_suppress "
				       "WHERE addr = '%%s'\n\n# main.cf\n"
				       "smtpd_recipient_restrictions = "
				       "check_recipient_access proxy:sqlite:"
				       "%s.cf, ...\n",
		    path, path, path);
	return g_strdup_printf("# main.cf\nsmtpd_recipient_restrictions = "
			       "check_recipient_access %s:%s, ...\n",
	    type, path);
}
