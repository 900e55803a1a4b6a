/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between a socket and a Dialogue.  Postfix keeps such a connection for as long
   as its process lives, asks one question at a time and waits for the answer;
   so there is nothing to time out, and whoever is in the way of others can be
   hung up on: Postfix connects again and asks again. */
#include "asker.h"

#include "bounds.h"
#include "fd_watch.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

struct Asker {
	int fd;
	FdWatch *watch;
	Dialogue *dialogue;
	AskerClosed closed;
	void *data;
	gint64 asked_at;
	bool is_ending; /* what is left is written, then it is over */
};

static void asker_ready(void *data, GIOCondition condition);

Asker *asker_new(int fd, Dialogue *dialogue, AskerClosed closed, void *data)
{
	Asker *asker = g_new0(Asker, 1);

	asker->fd = fd;
	asker->dialogue = dialogue;
	asker->closed = closed;
	asker->data = data;
	asker->asked_at = g_get_monotonic_time();
	asker->watch = fd_watch_new(fd, G_IO_IN, asker_ready, asker);
	return asker;
}

void asker_close(Asker *asker)
{
	asker->closed(asker->data, asker);
	fd_watch_free(asker->watch);
	(void)close(asker->fd); /* nothing to be done about it */
	dialogue_free(asker->dialogue);
	g_free(asker);
}

gint64 asker_last_asked(const Asker *asker)
{
	return asker->asked_at;
}

/* Writes what there is, and waits for what comes next. */
static void asker_write(Asker *asker)
{
	const char *bytes;
	size_t len;

	while (bytes = dialogue_output(asker->dialogue, &len), len > 0) {
		ssize_t n = send(asker->fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			asker_close(asker);
			return;
		}
		dialogue_sent(asker->dialogue, (size_t)n);
	}
	if (asker->is_ending && len == 0) {
		asker_close(asker);
		return;
	}
	/* One that does not read its answers is not asked for more. */
	fd_watch_set(asker->watch,
	    (asker->is_ending || len > BOUND_OUTPUT ? 0 : G_IO_IN) |
		(len > 0 ? G_IO_OUT : 0));
}

static void asker_read(Asker *asker)
{
	char bytes[BOUND_REQUEST];
	ssize_t n = recv(asker->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	asker->asked_at = g_get_monotonic_time();
	asker->is_ending = n <= 0 ||
			   !dialogue_feed(asker->dialogue, bytes, (size_t)n);
	asker_write(asker);
}

static void asker_ready(void *data, GIOCondition condition)
{
	Asker *asker = data;

	if ((condition & G_IO_IN) != 0)
		asker_read(asker);
	else if ((condition & (G_IO_HUP | G_IO_ERR)) != 0)
		asker_close(asker);
	else
		asker_write(asker);
}
