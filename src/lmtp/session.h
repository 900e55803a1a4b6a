/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "envelope.h"

/* One LMTP session (RFC 2033) without I/O: bytes go in, replies come out, and
   at the dot at most one message.  It has never heard of a socket, a clock or
   a store. */
typedef struct LmtpSession LmtpSession;

/* What the session offers and asks of others; borrowed for its life. */
typedef struct LmtpConfig {
	const char *hostname; /* of the greeting */
	uint64_t size_limit;  /* SIZE offered, octets; 0 is "no limit known".
				 Nobody is refused for more: a report without
				 a sender would be lost */
	/* Decides RCPT.  Returns a reply of a whole line ("550 5.1.1 ...")
	   to refuse, g_free()d by the session, or NULL to accept.  NULL here
	   accepts all. */
	char *(*check_recipient)(void *data, const char *address,
	    const char *original);
	void *data;
} LmtpConfig;

typedef enum LmtpWants {
	LMTP_WANTS_BYTES,   /* feed more */
	LMTP_WANTS_VERDICT, /* a message is complete: take it, record it, then
			       lmtp_session_finish() */
	LMTP_WANTS_WRITE,   /* the peer does not read its replies: write some,
			       and ask again what is wanted */
	LMTP_WANTS_CLOSE,   /* write what is left, then close */
} LmtpWants;

/* A new session has its greeting ready as output. */
LmtpSession *lmtp_session_new(const LmtpConfig *config);
void lmtp_session_free(LmtpSession *session);

/* Feeds LEN octets, any split.  Never fails and never needs all of them at
   once.  What cannot be read yet (pipelining) is kept: up to BOUND_PIPELINE
   octets, so feed no more than that at once, and only when it wants bytes.
   Whoever is fed more ends with 421. */
LmtpWants lmtp_session_feed(LmtpSession *session, const char *bytes,
    size_t len);
LmtpWants lmtp_session_wants(const LmtpSession *session);

/* Replies waiting to be written.  Lent until the next call of any other
   function; after writing N of them call _sent(), which may read on in what
   was kept. */
const char *lmtp_session_output(const LmtpSession *session, size_t *ret_len);
LmtpWants lmtp_session_sent(LmtpSession *session, size_t n);

/* The complete message: the first BOUND_MESSAGE octets, dots unstuffed, CRLF
   as received.  Both are the caller's from now on.  Only while it wants a
   verdict, once. */
void lmtp_session_take(LmtpSession *session, Envelope **ret_envelope,
    GBytes **ret_message);

/* One reply line ("250 2.0.0 ...", no CRLF) for each accepted recipient, in
   the order of their RCPT; RFC 2033, 4.2. */
LmtpWants lmtp_session_finish(LmtpSession *session, const char *const *replies,
    unsigned n_replies);

/* Ends the session from our side ("421 4.3.2 ..."): at once when idle, after
   the replies when a message is being recorded.  Inside DATA nothing was
   acknowledged, so it closes at once as well. */
LmtpWants lmtp_session_abort(LmtpSession *session, const char *reply);

/* For time-outs and logs: inside DATA (or with a message pending). */
bool lmtp_session_is_in_data(const LmtpSession *session);
/* The queue id of XFORWARD IDENT, or "" (also when the message was taken). */
const char *lmtp_session_queue_id(const LmtpSession *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LmtpSession, lmtp_session_free)
