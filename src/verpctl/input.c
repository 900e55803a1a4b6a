/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that were named on the command line, read as they come. */
#include "input.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stdin(const char *name)
{
	return strcmp(name, INPUT_STDIN) == 0;
}

const char *input_name(const char *name)
{
	return is_stdin(name) ? "standard input" : name;
}

static int fail(const char *name, VpError code, GError **error)
{
	int saved = errno;

	/* as standard input it is seen no sooner than it is read */
	if (saved == EISDIR)
		code = VP_ERROR_NOT_FOUND;
	g_set_error(error, VP_ERROR, (int)code, "%s: %s", input_name(name),
	    g_strerror(saved));
	return -1;
}

int input_open(const char *name, GError **error)
{
	int fd = is_stdin(name) ? STDIN_FILENO
				: open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return fail(name, VP_ERROR_NOT_FOUND, error);
	/* open(2) has nothing against it */
	if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return fd;
	input_close(fd);
	errno = EISDIR;
	return fail(name, VP_ERROR_NOT_FOUND, error);
}

bool input_is_there(const char *name, GError **error)
{
	int fd = input_open(name, error);

	if (fd >= 0)
		input_close(fd);
	return fd >= 0;
}

void input_close(int fd)
{
	if (fd > STDIN_FILENO)
		(void)close(fd); /* it was only read */
}

uint64_t input_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
		   ? (uint64_t)MAX(st.st_size, 1)
		   : 0;
}

ssize_t input_read(int fd, const char *name, void *to, size_t len,
    GError **error)
{
	ssize_t n;

	do {
		n = read(fd, to, len);
	} while (n < 0 && errno == EINTR);
	return n >= 0 ? n : fail(name, VP_ERROR_TEMPORARY, error);
}
