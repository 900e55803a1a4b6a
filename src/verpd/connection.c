/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between a socket and an LmtpSession: reads when the session wants to, writes
   what it says, and watches the clock.  What is said is the session's affair.

   A connection ends in one of three ways: the client leaves; the session wants
   to close and its last reply is written; or it lingers first.  To close a
   socket that has unread input resets it, and a reset may overtake the reply
   that says why; so where the client may still be sending, our side is shut
   and the rest read for LINGER. */
#include "connection.h"

#include "bounds.h"
#include "fd_watch.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER (2 * G_USEC_PER_SEC)

/* A client inside DATA gets somewhere if it sends this much at a time: with
   one octet now and then it could stay for ever. */
#define PROGRESS_OCTETS 4096

struct Connection {
	int fd;
	FdWatch *watch;
	LmtpSession *session;
	const ConnectionHooks *hooks;
	Delivery *delivery; /* being recorded, or NULL */
	bool is_eof;        /* the client sends no more */
	bool must_linger;   /* it may be sending, whatever we see now */
	bool is_lingering;
	size_t octets;         /* read since PROGRESSED_AT */
	gint64 progressed_at;  /* or when lingering began */
	gint64 transaction_at; /* since when a transaction may have lasted */
};

static void connection_ready(void *data, GIOCondition condition);

Connection *connection_new(int fd, const LmtpConfig *config,
    const ConnectionHooks *hooks, gint64 now)
{
	Connection *connection = g_new0(Connection, 1);

	connection->fd = fd;
	connection->hooks = hooks;
	connection->session = lmtp_session_new(config);
	connection->progressed_at = now;
	connection->transaction_at = now;
	connection->watch = fd_watch_new(fd, G_IO_IN, connection_ready,
	    connection);
	return connection;
}

static void connection_close(Connection *connection)
{
	connection->hooks->closed(connection->hooks->data, connection);
	if (connection->delivery != NULL)
		connection->delivery->owner = NULL;
	fd_watch_free(connection->watch);
	(void)close(connection->fd); /* nothing to be done about it */
	lmtp_session_free(connection->session);
	g_free(connection);
}

static void connection_progress(Connection *connection)
{
	connection->progressed_at = g_get_monotonic_time();
	connection->octets = 0;
}

/* Whether input waits that nobody will read. */
static bool has_unread(const Connection *connection)
{
	char octet;

	return recv(connection->fd, &octet, 1, MSG_PEEK) > 0;
}

/* The last reply is written. */
static void connection_end(Connection *connection)
{
	bool is_cut = lmtp_session_wants(connection->session) ==
			  LMTP_WANTS_CLOSE &&
		      !connection->is_eof &&
		      (connection->must_linger || has_unread(connection));

	if (!is_cut || shutdown(connection->fd, SHUT_WR) < 0) {
		connection_close(connection);
		return;
	}
	connection->is_lingering = true;
	connection_progress(connection);
	fd_watch_set(connection->watch, G_IO_IN);
}

/* Writes what there is.  False when the socket takes no more for now, or is
   broken, which *RET_IS_BROKEN says. */
static bool connection_write(Connection *connection, bool *ret_is_broken)
{
	const char *bytes;
	size_t len;

	*ret_is_broken = false;
	while (bytes = lmtp_session_output(connection->session, &len),
	    len > 0) {
		ssize_t n = send(connection->fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*ret_is_broken = errno != EAGAIN;
			return false;
		}
		connection_progress(connection);
		(void)lmtp_session_sent(connection->session, (size_t)n);
	}
	return true;
}

/* Does what the session wants, as far as it goes. */
static void connection_advance(Connection *connection)
{
	LmtpSession *session = connection->session;
	bool is_broken;
	bool is_written = connection_write(connection, &is_broken);
	GIOCondition writing = is_written ? 0 : G_IO_OUT;

	if (is_broken) {
		connection_close(connection);
		return;
	}
	switch (lmtp_session_wants(session)) {
	case LMTP_WANTS_BYTES:
		if (connection->is_eof && is_written)
			connection_end(connection);
		else
			fd_watch_set(connection->watch,
			    connection->is_eof ? writing : G_IO_IN | writing);
		return;
	case LMTP_WANTS_WRITE:
		fd_watch_set(connection->watch, G_IO_OUT);
		return;
	case LMTP_WANTS_CLOSE:
		if (is_written)
			connection_end(connection);
		else
			fd_watch_set(connection->watch, G_IO_OUT);
		return;
	case LMTP_WANTS_VERDICT:
		break;
	}
	fd_watch_set(connection->watch, writing);
	if (connection->delivery == NULL) {
		Envelope *envelope;
		GBytes *message;

		lmtp_session_take(session, &envelope, &message);
		connection->delivery =
		    connection->hooks->deliver(connection->hooks->data,
			connection, envelope, message);
	}
}

static void connection_read(Connection *connection)
{
	char bytes[BOUND_PIPELINE];
	ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);
	size_t waiting;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (lmtp_session_is_in_data(connection->session))
			log_info("%s%slost connection inside a message",
			    lmtp_session_queue_id(connection->session),
			    lmtp_session_queue_id(connection->session)[0] != 0
				? ": "
				: "");
		connection->is_eof = true;
		connection_advance(connection);
		return;
	}
	(void)lmtp_session_feed(connection->session, bytes, (size_t)n);
	(void)lmtp_session_output(connection->session, &waiting);
	connection->octets += (size_t)n;
	/* an answered command is progress, or a good piece of a message */
	if (waiting > 0 || connection->octets >= PROGRESS_OCTETS)
		connection_progress(connection);
	connection_advance(connection);
}

/* Reads and forgets, until the client has seen that we are gone. */
static void connection_linger(Connection *connection)
{
	char bytes[BOUND_PIPELINE];
	ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		connection_close(connection);
}

static void connection_ready(void *data, GIOCondition condition)
{
	Connection *connection = data;

	if ((condition & G_IO_IN) != 0 && connection->is_lingering)
		connection_linger(connection);
	else if ((condition & G_IO_IN) != 0)
		connection_read(connection);
	else if ((condition & (G_IO_HUP | G_IO_ERR)) != 0)
		/* Nobody is there any more.  What is being recorded will be,
		   and will be known again when it comes a second time. */
		connection_close(connection);
	else
		connection_advance(connection);
}

void connection_start(Connection *connection)
{
	connection_advance(connection);
}

void connection_answer(Connection *connection, const Delivery *delivery)
{
	g_assert(connection->delivery == delivery);
	connection->delivery = NULL;
	connection->transaction_at = g_get_monotonic_time();
	connection_progress(connection);
	(void)lmtp_session_finish(connection->session,
	    (const char *const *)delivery->replies->pdata,
	    delivery->replies->len);
	connection_advance(connection);
}

void connection_abort(Connection *connection, const char *reply)
{
	if (connection->is_lingering)
		return;
	if (connection->delivery == NULL)
		connection->must_linger =
		    lmtp_session_is_in_data(connection->session);
	(void)lmtp_session_abort(connection->session, reply);
	connection_advance(connection);
}

gint64 connection_stalled_since(const Connection *connection)
{
	return connection->delivery != NULL ? G_MAXINT64
					    : connection->progressed_at;
}

void connection_check(Connection *connection,
    const ConnectionTimeouts *timeouts, gint64 now)
{
	LmtpSession *session = connection->session;
	gint64 stalled = now - connection->progressed_at;
	size_t waiting;

	if (connection->delivery != NULL)
		return;
	(void)lmtp_session_output(session, &waiting);
	if (connection->is_lingering ||
	    lmtp_session_wants(session) == LMTP_WANTS_CLOSE) {
		if (stalled > LINGER)
			connection_close(connection);
	} else if (waiting > 0) {
		/* it does not read, so it would not read a reason */
		if (stalled > timeouts->command)
			connection_close(connection);
	} else if (stalled > (lmtp_session_is_in_data(session)
				     ? timeouts->data
				     : timeouts->command)) {
		connection_abort(connection, "421 4.4.2 Timed out");
	} else if (now - connection->transaction_at > timeouts->session) {
		connection_abort(connection,
		    "421 4.4.2 Transaction takes too long");
	}
}
