/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the keys and rules that a program names.  The library reads nothing
   else, and writes nothing. */

#include "lib_private.h"

#include "bounds.h"
#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool lib_file_fail(const char *path, GError **error)
{
	int code = VP_ERROR_TEMPORARY;

	if (errno == ENOENT || errno == ENOTDIR)
		code = VP_ERROR_NOT_FOUND;
	else if (errno == EACCES || errno == EPERM)
		code = VP_ERROR_CONFIG;
	g_set_error(error, VP_ERROR, code, "%s: %s", path, g_strerror(errno));
	return false;
}

static bool read_fd(int fd, char *text, size_t size, gsize *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	*ret_len = len;
	return true;
}

bool lib_read_file(const char *path, char **ret_text, gsize *ret_len,
    mode_t *ret_mode, GError **error)
{
	/* a FIFO must not hold us */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	g_autofree char *text = NULL;
	struct stat status;
	bool is_read = false;

	if (fd < 0)
		return lib_file_fail(path, error);
	if (fstat(fd, &status) != 0) {
		lib_file_fail(path, error);
	} else if (!S_ISREG(status.st_mode) || status.st_size > BOUND_FILE) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: not an ordinary file of at most %d octets", path,
		    BOUND_FILE);
	} else {
		text = g_malloc((gsize)status.st_size + 1);
		is_read = read_fd(fd, text, (size_t)status.st_size, ret_len);
		if (!is_read)
			lib_file_fail(path, error);
	}
	(void)close(fd); /* only read */
	if (!is_read)
		return false;
	*ret_mode = status.st_mode;
	*ret_text = g_steal_pointer(&text);
	return true;
}
