/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fresh keys, and the file they are kept in. */
#include "key_file.h"

#include "errors.h"
#include "files.h"
#include "token.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_OCTETS 32

char *key_file_line(unsigned id, GError **error)
{
	unsigned char key[KEY_OCTETS];
	char *line;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY,
		    "getrandom: %s", g_strerror(errno));
		return NULL;
	}
	line = keyring_format(id, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return line;
}

/* What root makes must be the daemon's to use, whose directory it is in. */
static void give_to_directory(const char *path, bool with_owner)
{
	g_autofree char *directory = g_path_get_dirname(path);
	struct stat status;
	int ignored;

	if (geteuid() != 0 || stat(directory, &status) != 0)
		return;
	/* a failure is seen where the file is used, and said there */
	ignored = chown(path, with_owner ? status.st_uid : (uid_t)-1,
	    status.st_gid);
	(void)ignored;
}

void store_give_to_directory(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };

	for (unsigned i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *file = g_strconcat(path, suffixes[i], NULL);

		if (g_file_test(file, G_FILE_TEST_EXISTS))
			give_to_directory(file, true);
	}
}

/* Makes PATH of HEAD and a fresh key: its line of a keys file, or the secret
   of that line alone. */
static bool key_write(const char *path, const char *head, bool has_id,
    GError **error)
{
	g_autofree char *line = key_file_line(0, error);
	g_autofree char *text = NULL;
	bool ok;

	if (line == NULL)
		return false;
	text = g_strconcat(head, has_id ? line : strchr(line, ':') + 1, NULL);
	ok = file_replace(path, text, strlen(text), 0640, error);
	if (ok)
		give_to_directory(path, false);
	explicit_bzero(line, strlen(line));
	explicit_bzero(text, strlen(text));
	return ok;
}

bool key_file_create(const char *path, GError **error)
{
	static const char head[] =
	    "# Signing keys of verpd, one id:base64 a line.  The first signs, "
	    "all verify.\n";

	return key_write(path, head, true, error);
}

bool address_key_ensure(const char *path, bool *ret_made, GError **error)
{
	static const char head[] =
	    "# The key of verpd's hashed addresses.  Without it nobody who was "
	    "erased stays\n# blocked; with it and the store, addresses can be "
	    "tried out.\n";
	bool is_there = g_file_test(path, G_FILE_TEST_EXISTS);

	if (ret_made != NULL)
		*ret_made = !is_there;
	return is_there || key_write(path, head, false, error);
}
