/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The files of a store: whether there is one, how one comes to be, and the lock
   beside it. */

#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool path_fail(VpError code, const char *path, const char *why, GError **error)
{
	g_set_error(error, VP_ERROR, (int)code, "%s: %s", path, why);
	return false;
}

bool path_fail_errno(VpError code, const char *path, const char *what,
    GError **error)
{
	int saved = errno;

	g_set_error(error, VP_ERROR,
	    (int)(saved == ENOSPC || saved == EDQUOT ? VP_ERROR_FULL : code),
	    "%s: %s: %s", path, what, g_strerror(saved));
	return false;
}

/* A log of a database that is gone would be played into the new one. */
bool check_nothing_there(const char *path, GError **error)
{
	static const char *const suffixes[] = { "", "-wal", "-journal" };

	for (unsigned i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *name = g_strconcat(path, suffixes[i], NULL);
		struct stat st;

		if (lstat(name, &st) == 0)
			return path_fail(VP_ERROR_CONFIG, name,
			    "is there already; stop verpd and move it away "
			    "with all that lies beside it",
			    error);
		if (errno != ENOENT)
			return path_fail_errno(VP_ERROR_CONFIG, name, "stat",
			    error);
	}
	return true;
}

bool check_something_there(const char *path, GError **error)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno == ENOENT)
			return path_fail(VP_ERROR_CONFIG, path,
			    "no store there; verpctl init makes one", error);
		return path_fail_errno(VP_ERROR_CONFIG, path, "open", error);
	}
	if (!S_ISREG(st.st_mode))
		return path_fail(VP_ERROR_CONFIG, path, "not a file", error);
	/* SQLite would take it for a new database. */
	if (st.st_size == 0)
		return path_fail(VP_ERROR_CONFIG, path, "is empty, not a store",
		    error);
	return true;
}

/* ---- making ---- */

static bool path_sync(const char *path, int flags, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		path_fail_errno(VP_ERROR_TEMPORARY, path, "sync", error);
	if (fd >= 0)
		(void)close(fd); /* nothing was written through it */
	return ok;
}

/* link() takes nobody else's. */
static bool give_name(const char *draft, const char *path, bool replaces,
    GError **error)
{
	if (replaces ? rename(draft, path) == 0 : link(draft, path) == 0)
		return true;
	if (errno == EEXIST)
		return path_fail(VP_ERROR_CONFIG, path, "is there already",
		    error);
	return path_fail_errno(VP_ERROR_CONFIG, path, "create", error);
}

bool file_make(const char *path, bool replaces, FileFill fill, void *data,
    GError **error)
{
	g_autofree char *draft = g_strconcat(path, ".new-XXXXXX", NULL);
	g_autofree char *directory = g_path_get_dirname(path);
	int fd = g_mkstemp_full(draft, O_RDWR | O_CLOEXEC, 0640);
	bool ok;

	if (fd < 0)
		return path_fail_errno(VP_ERROR_CONFIG, draft, "create", error);
	/* The umask does not widen or narrow it. */
	ok = fchmod(fd, 0640) == 0;
	if (close(fd) != 0)
		ok = false;
	if (!ok)
		path_fail_errno(VP_ERROR_TEMPORARY, draft, "create", error);
	ok = ok && fill(draft, data, error) && path_sync(draft, 0, error) &&
	     give_name(draft, path, replaces, error);
	(void)unlink(draft); /* at worst a draft is left lying */
	return ok && path_sync(directory, O_DIRECTORY, error);
}

/* ---- the lock of the daemon ---- */

/* An open file description lock: it can be asked about without taking it, and
   goes with the process. */
static int lock_command(int fd, int command, struct flock *ret_lock)
{
	*ret_lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fcntl(fd, command, ret_lock);
}

int daemon_lock(const char *store_path, GError **error)
{
	g_autofree char *path = g_strconcat(store_path, ".lock", NULL);
	struct flock lock;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0) {
		path_fail_errno(VP_ERROR_CONFIG, path, "open", error);
		return -1;
	}
	if (lock_command(fd, F_OFD_SETLK, &lock) == 0)
		return fd;
	if (errno != EAGAIN && errno != EACCES)
		path_fail_errno(VP_ERROR_TEMPORARY, path, "lock", error);
	else
		path_fail(VP_ERROR_CONFIG, path,
		    "another daemon runs on this store", error);
	(void)close(fd); /* nothing was written through it */
	return -1;
}

bool daemon_is_running(const char *store_path)
{
	g_autofree char *path = g_strconcat(store_path, ".lock", NULL);
	struct flock lock = { .l_type = F_UNLCK };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (lock_command(fd, F_OFD_GETLK, &lock) != 0)
		lock.l_type = F_UNLCK;
	(void)close(fd); /* nothing was written through it */
	return lock.l_type != F_UNLCK;
}
