/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Look-up tables for Postfix.  None is ever changed in place: a table of which
   half is there stops all mail. */
#include "table_private.h"

#include "errors.h"
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0644

static const TableMaker *const makers[] = {
	[TABLE_TEXTHASH] = &table_texthash,
	[TABLE_CDB] = &table_cdb,
	[TABLE_LMDB] = &table_lmdb,
	[TABLE_SQLITE] = &table_sqlite,
};

const char *table_type_name(TableType type)
{
	return makers[type]->name;
}

int table_type_from_name(const char *name)
{
	for (unsigned i = 0; i < TABLE_TYPES; i++)
		if (strcmp(makers[i]->name, name) == 0)
			return (int)i;
	return -1;
}

char *table_file(TableType type, const char *path)
{
	return g_strconcat(path, makers[type]->ending, NULL);
}

/* ---- writing ---- */

struct TableWriter {
	const TableMaker *maker;
	void *made; /* NULL when it is ended */
	char *file;
	char *temporary;
	int fd;
};

static bool fail(const TableWriter *writer, const char *what, GError **error)
{
	g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY, "%s: %s", writer->file,
	    what);
	return false;
}

TableWriter *table_begin(TableType type, const char *path, GError **error)
{
	g_autoptr(TableWriter) writer = g_new0(TableWriter, 1);
	const char *complaint;

	writer->maker = makers[type];
	writer->file = table_file(type, path);
	writer->fd = file_beside(writer->file, &writer->temporary, error);
	if (writer->fd < 0)
		return NULL;
	complaint = writer->maker->begin(writer->temporary, writer->fd,
	    &writer->made);
	if (complaint != NULL) {
		(void)fail(writer, complaint, error);
		return NULL;
	}
	return g_steal_pointer(&writer);
}

bool table_add(TableWriter *writer, const char *key, const char *value,
    GError **error)
{
	const char *complaint = writer->maker->add(writer->made, key, value);

	return complaint == NULL || fail(writer, complaint, error);
}

/* Whether FILE has the same octets; one that cannot be read has not. */
static bool is_same(int fd, const char *file)
{
	g_autoptr(GMappedFile)
	    ours = g_mapped_file_new_from_fd(fd, FALSE, NULL);
	g_autoptr(GMappedFile) old = g_mapped_file_new(file, FALSE, NULL);
	gsize len = ours != NULL ? g_mapped_file_get_length(ours) : 0;

	return len > 0 && old != NULL && g_mapped_file_get_length(old) == len &&
	       memcmp(g_mapped_file_get_contents(ours),
		   g_mapped_file_get_contents(old), len) == 0;
}

/* Made by root it is to be the daemon's, whose the directory is. */
static void give_away(const char *file)
{
	g_autofree char *directory = g_path_get_dirname(file);
	struct stat of;

	if (geteuid() == 0 && stat(directory, &of) == 0 &&
	    chown(file, of.st_uid, of.st_gid) != 0)
		g_debug("%s stays root's", file);
}

bool table_commit(TableWriter *writer, GError **error)
{
	const char *complaint =
	    writer->maker->end(g_steal_pointer(&writer->made), true);
	bool is_new = access(writer->file, F_OK) != 0;

	if (complaint != NULL)
		return fail(writer, complaint, error);
	if (is_same(writer->fd, writer->file))
		return true;
	if (!file_put(writer->fd, writer->temporary, writer->file, MODE, error))
		return false;
	g_clear_pointer(&writer->temporary, g_free);
	if (is_new)
		give_away(writer->file);
	return true;
}

void table_free(TableWriter *writer)
{
	if (writer == NULL)
		return;
	if (writer->made != NULL)
		(void)writer->maker->end(writer->made, false); /* it goes */
	if (writer->fd >= 0)
		(void)close(writer->fd); /* synced if it was put */
	if (writer->temporary != NULL)
		(void)unlink(writer->temporary); /* no more to be done */
	g_free(writer->temporary);
	g_free(writer->file);
	g_free(writer);
}

/* ---- texthash ---- */

static const char *text_begin(const char *path, int fd, void **ret_made)
{
	int copy = dup(fd);
	FILE *out = copy >= 0 ? fdopen(copy, "w") : NULL;

	if (out == NULL) {
		int saved = errno;

		if (copy >= 0)
			(void)close(copy); /* nothing is in it */
		return g_strerror(saved);
	}
	(void)fputs("# verpd(8) writes this\n", out);
	*ret_made = out;
	return NULL;
}

static const char *text_add(void *made, const char *key, const char *value)
{
	return fprintf(made, "%s %s\n", key, value) < 0 ? g_strerror(errno)
							: NULL;
}

static const char *text_end(void *made, bool is_whole)
{
	FILE *out = made;
	bool has_failed = ferror(out) != 0;

	if (fclose(out) != 0)
		return g_strerror(errno);
	return has_failed ? "it could not be written" : NULL;
}

const TableMaker table_texthash = { "texthash", "", text_begin, text_add,
	text_end };
