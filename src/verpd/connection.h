/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "delivery.h"
#include "session.h"

/* One client: its socket and its LMTP session.  Main thread only.  It frees
   itself when it ends, after telling `closed`. */
typedef struct Connection Connection;

typedef struct ConnectionHooks {
	/* A message is complete: both are taken.  Answer later with
	   connection_answer().  What is returned is set free of CONNECTION
	   (its owner NULL) should that end first. */
	Delivery *(*deliver)(void *data, Connection *connection,
	    Envelope *envelope, GBytes *message);
	void (*closed)(void *data, Connection *connection);
	void *data;
} ConnectionHooks;

typedef struct ConnectionTimeouts {
	gint64 command, data, session; /* microseconds */
} ConnectionTimeouts;

/* FD is taken; CONFIG and HOOKS are borrowed for its life. */
Connection *connection_new(int fd, const LmtpConfig *config,
    const ConnectionHooks *hooks, gint64 now);
/* Greets.  It may have ended, and be gone, when this returns; so with each of
   the following. */
void connection_start(Connection *connection);
/* Answers the message that waits. */
void connection_answer(Connection *connection, const Delivery *delivery);
/* Ends it with REPLY: at once, or when a message that is being recorded has
   been answered. */
void connection_abort(Connection *connection, const char *reply);
/* Ends it if it has waited too long at NOW. */
void connection_check(Connection *connection,
    const ConnectionTimeouts *timeouts, gint64 now);

/* When the client last got anywhere; G_MAXINT64 while it waits for us. */
gint64 connection_stalled_since(const Connection *connection);
