/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between a socket and a Dialogue.  Postfix keeps such a connection for as long
   as its process lives, asks one question at a time and waits for the answer;
   so there is nothing to time out, and whoever is in the way of others can be
   hung up on: Postfix connects again and asks again. */
#include "caller.h"

#include "bounds.h"
#include "fd_watch.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

struct Caller {
	int fd;
	FdWatch *watch;
	Dialogue *dialogue;
	CallerClosed closed;
	void *data;
	gint64 asked_at;
	bool is_ending; /* what is left is written, then it is over */
};

static void caller_ready(void *data, GIOCondition condition);

Caller *caller_new(int fd, Dialogue *dialogue, CallerClosed closed, void *data)
{
	Caller *caller = g_new0(Caller, 1);

	caller->fd = fd;
	caller->dialogue = dialogue;
	caller->closed = closed;
	caller->data = data;
	caller->asked_at = g_get_monotonic_time();
	caller->watch = fd_watch_new(fd, G_IO_IN, caller_ready, caller);
	return caller;
}

void caller_close(Caller *caller)
{
	caller->closed(caller->data, caller);
	fd_watch_free(caller->watch);
	(void)close(caller->fd); /* nothing to be done about it */
	dialogue_free(caller->dialogue);
	g_free(caller);
}

gint64 caller_last_asked(const Caller *caller)
{
	return caller->asked_at;
}

/* Writes what there is, and waits for what comes next. */
static void caller_write(Caller *caller)
{
	const char *bytes;
	size_t len;

	while (bytes = dialogue_output(caller->dialogue, &len), len > 0) {
		ssize_t n = send(caller->fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			caller_close(caller);
			return;
		}
		dialogue_sent(caller->dialogue, (size_t)n);
	}
	if (caller->is_ending && len == 0) {
		caller_close(caller);
		return;
	}
	/* One that does not read its answers is not asked for more. */
	fd_watch_set(caller->watch,
	    (caller->is_ending || len > BOUND_OUTPUT ? 0 : G_IO_IN) |
		(len > 0 ? G_IO_OUT : 0));
}

static void caller_read(Caller *caller)
{
	char bytes[BOUND_REQUEST];
	ssize_t n = recv(caller->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	caller->asked_at = g_get_monotonic_time();
	caller->is_ending = n <= 0 ||
			    !dialogue_feed(caller->dialogue, bytes, (size_t)n);
	caller_write(caller);
}

static void caller_ready(void *data, GIOCondition condition)
{
	Caller *caller = data;

	if ((condition & G_IO_IN) != 0)
		caller_read(caller);
	else if ((condition & (G_IO_HUP | G_IO_ERR)) != 0)
		caller_close(caller);
	else
		caller_write(caller);
}
