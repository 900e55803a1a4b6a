/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into verpd (LD_PRELOAD): a disk that fails while a file says so.
   In $VERPD_FAULTS, "full" makes writes fail with ENOSPC, "readonly" with
   EROFS, and "nosync" makes syncs fail with EIO. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at);
int fsync(int fd);
int fdatasync(int fd);

#define EXPORT __attribute__((visibility("default")))

static bool is_set(const char *fault)
{
	const char *directory = getenv("VERPD_FAULTS");
	char path[500];

	if (directory == NULL)
		return false;
	(void)snprintf(path, sizeof(path), "%s/%s", directory, fault);
	return access(path, F_OK) == 0;
}

static bool write_fails(void)
{
	if (is_set("full"))
		errno = ENOSPC;
	else if (is_set("readonly"))
		errno = EROFS;
	else
		return false;
	return true;
}

/* dlsym() returns a data pointer, and ISO C will not have it cast. */
#define NEXT(name)                                                             \
	const union {                                                          \
		void *found;                                                   \
		__typeof__(name) *function;                                    \
	} next = { .found = dlsym(RTLD_NEXT, #name) }

/* With 64-bit offsets this is the symbol pwrite64, which SQLite calls. */
EXPORT ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	NEXT(pwrite);

	return write_fails() ? -1 : next.function(fd, bytes, len, at);
}

static bool sync_fails(void)
{
	if (!is_set("nosync"))
		return false;
	errno = EIO;
	return true;
}

EXPORT int fsync(int fd)
{
	NEXT(fsync);

	return sync_fails() ? -1 : next.function(fd);
}

EXPORT int fdatasync(int fd)
{
	NEXT(fdatasync);

	return sync_fails() ? -1 : next.function(fd);
}
