/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sd_notify(3) protocol: one datagram of "NAME=value" lines to the socket
   that $NOTIFY_SOCKET names.  No more of libsystemd is needed. */
#include "notify.h"

#include "bounds.h"
#include "text.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static void notify_send(const char *state)
{
	const char *path = g_getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* whoever asked for this and does not read it must not stop us */
	const struct timeval patience = { .tv_sec = 1 };
	size_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	/* unix(7): an abstract name begins with NUL, and has no other end than
	   its length */
	if (path[0] == '@')
		address.sun_path[0] = '\0';

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)); /* then it would wait */
	ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));

	(void)sent; /* whoever does not listen does not want to know */
	(void)close(fd);
}

void notify_ready(const char *status)
{
	g_autofree char *line = text_printable(status, strlen(status),
	    BOUND_LOG_LINE);
	g_autofree char *state = g_strdup_printf("READY=1\nSTATUS=%s", line);

	notify_send(state);
}

void notify_reloading(void)
{
	/* Type=notify-reload compares this with its own clock */
	g_autofree char *state =
	    g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
		g_get_monotonic_time());

	notify_send(state);
}

void notify_stopping(void)
{
	notify_send("STOPPING=1");
}
