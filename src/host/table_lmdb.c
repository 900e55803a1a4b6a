/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LMDB, as Postfix has it: one file, and no lock file beside it. */
#include "table_private.h"

#include <lmdb.h>
#include <string.h>

/* Room in the address space; the file grows as it is filled. */
#define ROOM ((size_t)1 << (sizeof(size_t) > 4 ? 36 : 30))

typedef struct Making {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
} Making;

static const char *words(int rc)
{
	return rc == 0 ? NULL : mdb_strerror(rc);
}

static const char *begin(const char *path, int fd, void **ret_made)
{
	Making *making = g_new0(Making, 1);
	int rc = mdb_env_create(&making->env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(making->env, ROOM);
	if (rc == 0)
		/* it is synced before it is put into its place */
		rc = mdb_env_open(making->env, path,
		    MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(making->env, NULL, 0, &making->txn);
	if (rc == 0)
		rc = mdb_dbi_open(making->txn, NULL, 0, &making->dbi);
	if (rc != 0) {
		if (making->txn != NULL)
			mdb_txn_abort(making->txn);
		if (making->env != NULL)
			mdb_env_close(making->env);
		g_free(making);
		return words(rc);
	}
	*ret_made = making;
	return NULL;
}

/* With its NUL, as postmap(1) writes it; Postfix finds either. */
static MDB_val value_of(const char *text)
{
	union {
		const char *in;
		void *out;
	} both = { text };

	return (MDB_val){ strlen(text) + 1, both.out };
}

static const char *add(void *made, const char *key, const char *value)
{
	Making *making = made;
	MDB_val of = value_of(key);
	MDB_val is = value_of(value);
	int rc = mdb_put(making->txn, making->dbi, &of, &is, MDB_NOOVERWRITE);

	return rc == MDB_KEYEXIST ? NULL : words(rc);
}

static const char *end(void *made, bool is_whole)
{
	Making *making = made;
	int rc = 0;

	if (is_whole)
		rc = mdb_txn_commit(making->txn);
	else
		mdb_txn_abort(making->txn);
	mdb_env_close(making->env);
	g_free(making);
	return words(rc);
}

const TableMaker table_lmdb = { "lmdb", ".lmdb", begin, add, end };
