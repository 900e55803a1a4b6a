/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ask.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fd_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	int saved;

	if (fd < 0 || connect(fd, address, len) == 0)
		return fd;
	saved = errno;
	(void)close(fd); /* nothing was done with it */
	errno = saved;
	return -1;
}

static int unix_connect(const Postconf *postconf, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *path = name[0] == '/' || postconf == NULL
				    ? g_strdup(name)
				    : postconf_queue_path(postconf, name);

	(void)g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	return fd_connect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    (const struct sockaddr *)&address, sizeof(address));
}

/* "127.0.0.1:2424" or "[::1]:2424" */
static int inet_connect(const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	const char *port = strrchr(name, ':');
	bool has_brackets = name[0] == '[';
	g_autofree char *host = g_strndup(name + has_brackets,
	    (gsize)(port - name) - 2 * has_brackets);
	struct addrinfo *info = NULL;
	int fd;

	if (getaddrinfo(host, port + 1, &hints, &info) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = fd_connect(socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    info->ai_addr, info->ai_addrlen);
	freeaddrinfo(info);
	return fd;
}

int socket_connect(const Postconf *postconf, const char *name)
{
	return g_str_has_prefix(name, "unix:")
		   ? unix_connect(postconf, name + strlen("unix:"))
		   : inet_connect(name + strlen("inet:"));
}

/* What comes within two seconds, or "". */
static char *read_some(int fd)
{
	struct pollfd wait = { fd, POLLIN, 0 };
	char bytes[512];
	ssize_t n = 0;

	if (poll(&wait, 1, 2000) > 0)
		n = recv(fd, bytes, sizeof(bytes) - 1, 0);
	return g_strndup(bytes, n > 0 ? (gsize)n : 0);
}

char *socket_ask(const Postconf *postconf, const char *name,
    const char *question)
{
	int fd = socket_connect(postconf, name);
	char *got;

	if (fd < 0)
		return NULL;
	if (question[0] != '\0')
		(void)!send(fd, question, strlen(question), MSG_NOSIGNAL);
	got = read_some(fd);
	(void)close(fd); /* all is read that we want */
	return got;
}
