/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constant databases, by libcdb. */
#include "table_private.h"

#include <cdb.h>
#include <errno.h>
#include <string.h>

static const char *begin(const char *path, int fd, void **ret_made)
{
	struct cdb_make *make = g_new0(struct cdb_make, 1);

	if (cdb_make_start(make, fd) != 0) {
		g_free(make);
		return g_strerror(errno);
	}
	*ret_made = make;
	return NULL;
}

/* cdb_find() gives the first of a key. */
static const char *add(void *made, const char *key, const char *value)
{
	return cdb_make_add(made, key, (unsigned)strlen(key), value,
		   (unsigned)strlen(value)) == 0
		   ? NULL
		   : g_strerror(errno);
}

static const char *end(void *made, bool is_whole)
{
	/* also what frees it */
	int status = cdb_make_finish(made);
	int saved = errno;

	g_free(made);
	return status == 0 ? NULL : g_strerror(saved);
}

const TableMaker table_cdb = { "cdb", ".cdb", begin, add, end };
