/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables for Postfix, read back by the libraries that Postfix reads them with;
   tests/postfix has Postfix itself read them. */
#include "main.h"

#include "table.h"

#include "errors.h"

#include <cdb.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

static char *root, *path; /* each test is a process */

static void set_up(void)
{
	root = g_dir_make_tmp("verpd-table-XXXXXX", NULL);
	path = g_build_filename(root, "table", NULL);
}

static unsigned count_files(void)
{
	g_autoptr(GDir) dir = g_dir_open(root, 0, NULL);
	unsigned n = 0;

	while (g_dir_read_name(dir) != NULL)
		n++;
	return n;
}

static void tear_down(void)
{
	g_autoptr(GDir) dir = g_dir_open(root, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file = g_build_filename(root, name, NULL);

		(void)g_remove(file);
	}
	(void)g_rmdir(root);
	g_free(root);
	g_free(path);
}

/* ---- reading ---- */

static char *read_text(const char *file, const char *key)
{
	g_autofree char *text = NULL;
	g_autofree char *start = g_strdup_printf("\n%s ", key);
	char *at;

	ck_assert(g_file_get_contents(file, &text, NULL, NULL));
	at = strstr(text, start);
	return at != NULL ? g_strndup(at + strlen(start),
				strcspn(at + strlen(start), "\n"))
			  : NULL;
}

static char *read_cdb(const char *file, const char *key)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct cdb cdb;
	char *value = NULL;

	ck_assert_int_eq(cdb_init(&cdb, fd), 0);
	if (cdb_find(&cdb, key, (unsigned)strlen(key)) > 0)
		value = g_strndup(cdb_getdata(&cdb), cdb_datalen(&cdb));
	cdb_free(&cdb);
	(void)close(fd);
	return value;
}

static char *read_lmdb(const char *file, const char *key)
{
	g_autofree char *copy = g_strdup(key);
	MDB_val of = { strlen(key) + 1, copy }, is;
	char *value = NULL;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_open(env, file,
			     MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY, 0),
	    0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	if (mdb_get(txn, dbi, &of, &is) == 0)
		value = g_strndup(is.mv_data, is.mv_size);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return value;
}

static char *read_sqlite(const char *file, const char *key)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	char *value = NULL;

	ck_assert_int_eq(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db,
			     "SELECT value FROM lookup WHERE key = ?", -1,
			     &stmt, NULL),
	    SQLITE_OK);
	(void)sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = g_strdup((const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return value;
}

typedef char *(*Reader)(const char *file, const char *key);
static const Reader readers[] = {
	[TABLE_TEXTHASH] = read_text,
	[TABLE_CDB] = read_cdb,
	[TABLE_LMDB] = read_lmdb,
	[TABLE_SQLITE] = read_sqlite,
};

static void check_value(TableType type, const char *key, const char *wanted)
{
	g_autofree char *file = table_file(type, path);
	g_autofree char *value = readers[type](file, key);

	ck_assert_msg(g_strcmp0(value, wanted) == 0, "%s: %s is \"%s\"",
	    table_type_name(type), key, value);
}

/* ---- writing ---- */

/* N rows, each with VALUE and its number. */
static TableWriter *begin(TableType type, unsigned n, const char *value)
{
	GError *error = NULL;
	TableWriter *writer = table_begin(type, path, &error);

	ck_assert_msg(writer != NULL, "%s", error ? error->message : "");
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *key = g_strdup_printf("u%u@x.test", i);
		g_autofree char *text = g_strdup_printf("%s %u", value, i);

		ck_assert(table_add(writer, key, text, NULL));
	}
	return writer;
}

static void write_rows(TableType type, unsigned n, const char *value)
{
	g_autoptr(TableWriter) writer = begin(type, n, value);

	ck_assert(table_commit(writer, NULL));
}

START_TEST(test_write)
{
	TableType type = (TableType)_i;
	g_autofree char *file = table_file(type, path);
	struct stat before, after;

	write_rows(type, 1, "first");
	check_value(type, "u0@x.test", "first 0");
	ck_assert_int_eq(stat(file, &before), 0);
	ck_assert_uint_eq(before.st_mode & 07777, 0644);
	ck_assert_int_eq(chmod(file, 0640), 0);

	/* a reader that holds the old one keeps it whole */
	write_rows(type, 5000, "second");
	check_value(type, "u0@x.test", "second 0");
	check_value(type, "u4999@x.test", "second 4999");
	check_value(type, "u5000@x.test", NULL);
	ck_assert_int_eq(stat(file, &after), 0);
	ck_assert_uint_eq(after.st_mode & 07777, 0640);
	ck_assert_uint_ne(before.st_ino, after.st_ino);

	/* nothing new: the very same file stays */
	before = after;
	write_rows(type, 5000, "second");
	ck_assert_int_eq(stat(file, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);

	write_rows(type, 0, "");
	check_value(type, "u0@x.test", NULL);
	ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(test_not_committed)
{
	TableType type = (TableType)_i;

	write_rows(type, 1, "first");
	table_free(begin(type, 100, "second"));
	check_value(type, "u0@x.test", "first 0");
	ck_assert_uint_eq(count_files(), 1);
}
END_TEST

/* What is damaged is written anew. */
START_TEST(test_damaged)
{
	TableType type = (TableType)_i;
	g_autofree char *file = table_file(type, path);

	write_rows(type, 10, "first");
	ck_assert_int_eq(truncate(file, 100), 0);
	write_rows(type, 10, "first");
	check_value(type, "u9@x.test", "first 9");
	ck_assert_int_eq(truncate(file, 0), 0);
	write_rows(type, 10, "first");
	check_value(type, "u9@x.test", "first 9");
}
END_TEST

START_TEST(test_twice)
{
	TableType type = (TableType)_i;
	g_autoptr(TableWriter) writer = begin(type, 0, "");

	ck_assert(table_add(writer, "a@x.test", "first", NULL));
	ck_assert(table_add(writer, "a@x.test", "second", NULL));
	ck_assert(table_commit(writer, NULL));
	check_value(type, "a@x.test", "first");
}
END_TEST

START_TEST(test_no_directory)
{
	g_autofree char *nowhere = g_build_filename(root, "no", "table", NULL);
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(table_begin((TableType)_i, nowhere, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_TEMPORARY));
	ck_assert_ptr_nonnull(strstr(error->message, nowhere));
}
END_TEST

START_TEST(test_names)
{
	ck_assert_int_eq(table_type_from_name("lmdb"), TABLE_LMDB);
	ck_assert_int_eq(table_type_from_name("hash"), -1);
	ck_assert_int_eq(table_type_from_name(""), -1);
}
END_TEST

static Suite *table_suite(void)
{
	Suite *suite = suite_create("table");
	TCase *tcase = tcase_create("table");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test_write, 0, TABLE_TYPES);
	tcase_add_loop_test(tcase, test_not_committed, 0, TABLE_TYPES);
	tcase_add_loop_test(tcase, test_damaged, 0, TABLE_TYPES);
	tcase_add_loop_test(tcase, test_twice, 0, TABLE_TYPES);
	tcase_add_loop_test(tcase, test_no_directory, 0, TABLE_TYPES);
	tcase_add_test(tcase, test_names);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(table_suite)
