/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and replaces the small files of the configuration. */
#include "files.h"

#include "bounds.h"
#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

static bool file_fail(const char *path, const char *what, int code,
    GError **error)
{
	g_set_error(error, VP_ERROR, code, "%s: %s%s%s", path, what,
	    errno != 0 ? ": " : "", errno != 0 ? g_strerror(errno) : "");
	return false;
}

static bool read_fd(const char *path, int fd, GString *text, GError **error)
{
	char bytes[4096];
	ssize_t n;

	for (;;) {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_fail(path, "read", VP_ERROR_CONFIG, error);
		if (n == 0)
			return true;
		if (text->len + (size_t)n > BOUND_FILE) {
			errno = 0;
			return file_fail(path, "the file is too large",
			    VP_ERROR_CONFIG, error);
		}
		g_string_append_len(text, bytes, n);
	}
}

bool file_read(const char *path, char **ret_text, gsize *ret_len,
    mode_t *ret_mode, GError **error)
{
	g_autoptr(GString) text = NULL;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_read;

	if (fd < 0)
		return file_fail(path, "open",
		    errno == ENOENT ? VP_ERROR_NOT_FOUND : VP_ERROR_CONFIG,
		    error);
	text = g_string_new(NULL);
	if (fstat(fd, &status) != 0)
		is_read = file_fail(path, "stat", VP_ERROR_CONFIG, error);
	else
		is_read = read_fd(path, fd, text, error);
	(void)close(fd); /* nothing was written */
	if (!is_read)
		return false;
	if (ret_mode != NULL)
		*ret_mode = status.st_mode;
	*ret_len = text->len;
	*ret_text = g_string_free(g_steal_pointer(&text), FALSE);
	return true;
}

void file_missing_is(GError **error, const char *hint)
{
	if (error == NULL ||
	    !g_error_matches(*error, VP_ERROR, VP_ERROR_NOT_FOUND))
		return;
	(*error)->code = VP_ERROR_CONFIG;
	if (hint[0] != '\0') {
		g_autofree char *before = (*error)->message;

		(*error)->message = g_strconcat(before, "; ", hint, NULL);
	}
}

static bool write_all(int fd, const char *text, gsize len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		len -= (gsize)n;
	}
	return true;
}

/* As an old file is, or MODE: readable by its owner alone until it has its
   contents' owner; a key must never be open to anyone else, not for a moment.
 */
static bool be_like(int fd, const char *path, mode_t mode)
{
	struct stat old;

	if (stat(path, &old) == 0) {
		mode = old.st_mode & 07777;
		/* what all may read need not stay its old owner's */
		if (fchown(fd, old.st_uid, old.st_gid) != 0 &&
		    (mode & S_IROTH) == 0)
			return false;
	}
	return fchmod(fd, mode) == 0;
}

static bool sync_directory(const char *path)
{
	g_autofree char *directory = g_path_get_dirname(path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_synced;

	if (fd < 0)
		return false;
	is_synced = fsync(fd) == 0;
	(void)close(fd); /* only read */
	return is_synced;
}

int file_beside(const char *path, char **ret_temporary, GError **error)
{
	g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
	int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) {
		(void)file_fail(path, "write", VP_ERROR_TEMPORARY, error);
		return -1;
	}
	*ret_temporary = g_steal_pointer(&temporary);
	return fd;
}

bool file_put(int fd, const char *temporary, const char *path, mode_t mode,
    GError **error)
{
	if (!be_like(fd, path, mode) || fsync(fd) != 0 ||
	    rename(temporary, path) != 0)
		return file_fail(path, "write", VP_ERROR_TEMPORARY, error);
	if (!sync_directory(path))
		return file_fail(path, "sync", VP_ERROR_TEMPORARY, error);
	return true;
}

bool file_replace(const char *path, const char *text, gsize len, mode_t mode,
    GError **error)
{
	g_autofree char *temporary = NULL;
	int fd = file_beside(path, &temporary, error);
	bool ok;

	if (fd < 0)
		return false;
	ok = (write_all(fd, text, len) ||
		 file_fail(path, "write", VP_ERROR_TEMPORARY, error)) &&
	     file_put(fd, temporary, path, mode, error);
	(void)close(fd); /* fsync() has said all */
	if (!ok)
		(void)unlink(temporary); /* there is nothing more to do */
	return ok;
}
