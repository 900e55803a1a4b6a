/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded (LD_PRELOAD) into a program, this records what it does to the files
   of one directory, for replay.py to play again up to a power cut.

     POWERLOSS_DIR        the directory, absolute
     POWERLOSS_LOG        the record; several processes may append to it
     POWERLOSS_FAIL_SYNC  NAME:N, the N-th sync of the file NAME in this
			  process fails with EIO, and no other does
     POWERLOSS_LIE        if set, syncs are neither made nor recorded

   A record is the header below, the file's name and, of a write, its octets.
   What is written to a file whose name begins with "ack" is an acknowledgement.
   Shared memory and lock files are left out: they do not survive. */

/* Else open is open64 by another name, and we need to define both. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { FDS = 1024, NAME_SIZE = 64 };

/* W write, T truncate to OFFSET, C create, s sync begins, S sync done, F sync
   failed, A acknowledge.  A sync makes durable what was recorded before its
   beginning. */
typedef struct __attribute__((packed)) Header {
	char op;
	uint8_t name_len;
	uint16_t reserved;
	uint32_t data_len;
	uint64_t offset;
	uint64_t sync; /* the same for the s and the S or F of one sync */
} Header;

static struct {
	pthread_mutex_t lock;
	int log;
	uint64_t syncs;
	unsigned counted;           /* towards POWERLOSS_FAIL_SYNC */
	char names[FDS][NAME_SIZE]; /* "" is a file we do not watch */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .log = -1 };

/* ISO C has no way to turn dlsym()'s result into a function. */
#define REAL(name) real_function(#name)
static void *real_function(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (function == NULL)
		abort();
	return function;
}
#define DECLARE_REAL(type, name, ...)                                          \
	type (*real)(__VA_ARGS__);                                             \
	*(void **)&real = REAL(name)

static void emit(char op, const char *name, uint64_t offset, uint64_t sync,
    const void *data, size_t len)
{
	Header header = {
		.op = op,
		.name_len = (uint8_t)strlen(name),
		.data_len = (uint32_t)len,
		.offset = offset,
		.sync = sync,
	};
	struct iovec parts[3] = {
		{ &header, sizeof(header) },
		{ NULL, header.name_len },
		{ NULL, len },
	};
	size_t whole = sizeof(header) + header.name_len + len;

	memcpy(&parts[1].iov_base, &name, sizeof(name));
	memcpy(&parts[2].iov_base, &data, sizeof(data));
	/* One call: records of several processes do not mix. */
	if (writev(state.log, parts, 3) != (ssize_t)whole)
		abort();
}

static const char *watched(int fd)
{
	return fd >= 0 && fd < FDS && state.names[fd][0] != '\0'
		   ? state.names[fd]
		   : NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The name to watch PATH by, or NULL: the directory itself is ".". */
static const char *name_of(const char *path)
{
	const char *dir = getenv("POWERLOSS_DIR");
	size_t len = dir != NULL ? strlen(dir) : 0;

	if (len == 0 || strncmp(path, dir, len) != 0)
		return NULL;
	if (path[len] == '\0')
		return ".";
	if (path[len] != '/' || strchr(path + len + 1, '/') != NULL ||
	    ends_with(path, "-shm") || ends_with(path, ".lock"))
		return NULL;
	return path + len + 1;
}

static int open_watched(const char *path, int flags, mode_t mode)
{
	const char *name = name_of(path);
	bool is_new = name != NULL && access(path, F_OK) != 0;
	DECLARE_REAL(int, open64, const char *, int, ...);
	int fd = real(path, flags, mode);

	if (fd < 0 || fd >= FDS)
		return fd;
	state.names[fd][0] = '\0';
	if (name == NULL || strlen(name) >= NAME_SIZE)
		return fd;
	if (state.log < 0)
		state.log = real(getenv("POWERLOSS_LOG"),
		    O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	memcpy(state.names[fd], name, strlen(name) + 1);
	if (is_new)
		emit('C', name, 0, 0, NULL, 0);
	return fd;
}

EXPORT int open64(const char *path, int flags, ...);
EXPORT int open(const char *path, int flags, ...);

EXPORT int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	return open_watched(path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	return open_watched(path, flags, mode);
}

EXPORT int close(int fd)
{
	DECLARE_REAL(int, close, int);

	if (fd >= 0 && fd < FDS)
		state.names[fd][0] = '\0';
	return real(fd);
}

EXPORT ssize_t pwrite64(int fd, const void *from, size_t len, off64_t offset)
{
	DECLARE_REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
	ssize_t done = real(fd, from, len, offset);

	if (done > 0 && watched(fd) != NULL)
		emit('W', watched(fd), (uint64_t)offset, 0, from, (size_t)done);
	return done;
}

EXPORT ssize_t write(int fd, const void *from, size_t len)
{
	DECLARE_REAL(ssize_t, write, int, const void *, size_t);
	const char *name = watched(fd);
	off_t offset = name != NULL ? lseek(fd, 0, SEEK_CUR) : 0;
	ssize_t done = real(fd, from, len);

	if (done > 0 && name != NULL)
		emit(strncmp(name, "ack", 3) == 0 ? 'A' : 'W', name,
		    (uint64_t)offset, 0, from, (size_t)done);
	return done;
}

/* Whether this sync of NAME is the one that was asked to fail. */
static bool is_to_fail(const char *name)
{
	const char *wanted = getenv("POWERLOSS_FAIL_SYNC");
	const char *colon = wanted != NULL ? strrchr(wanted, ':') : NULL;

	if (colon == NULL || strlen(name) != (size_t)(colon - wanted) ||
	    strncmp(name, wanted, strlen(name)) != 0)
		return false;
	return ++state.counted == (unsigned)atoi(colon + 1);
}

static int sync_watched(int fd, int (*real)(int))
{
	const char *name = watched(fd);
	uint64_t sync;
	int rc;

	if (name == NULL)
		return real(fd);
	if (getenv("POWERLOSS_LIE") != NULL)
		return 0;
	(void)pthread_mutex_lock(&state.lock);
	sync = (uint64_t)getpid() << 32 | ++state.syncs;
	emit('s', name, 0, sync, NULL, 0);
	if (is_to_fail(name)) {
		emit('F', name, 0, sync, NULL, 0);
		(void)pthread_mutex_unlock(&state.lock);
		errno = EIO;
		return -1;
	}
	rc = real(fd);
	if (rc == 0)
		emit('S', name, 0, sync, NULL, 0);
	(void)pthread_mutex_unlock(&state.lock);
	return rc;
}

EXPORT int fsync(int fd)
{
	DECLARE_REAL(int, fsync, int);

	return sync_watched(fd, real);
}

EXPORT int fdatasync(int fd)
{
	DECLARE_REAL(int, fdatasync, int);

	return sync_watched(fd, real);
}

EXPORT int ftruncate64(int fd, off64_t size)
{
	DECLARE_REAL(int, ftruncate64, int, off64_t);
	int rc = real(fd, size);

	if (rc == 0 && watched(fd) != NULL)
		emit('T', watched(fd), (uint64_t)size, 0, NULL, 0);
	return rc;
}
