/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

/* Sockets that clients connect to.  All are non-blocking and close on exec. */

typedef struct Listener {
	int fd;
	char *name;    /* "unix:/run/verpd/lmtp", "inet:127.0.0.1:2424" */
	char *service; /* what systemd calls it (FileDescriptorName=), or "" */
	/* the socket file that we made, which goes when we go */
	char *path; /* "" when there is none, or it is not ours */
	guint64 device, inode;
} Listener;

typedef struct ListenOptions {
	unsigned mode;     /* of a unix socket */
	const char *group; /* of a unix socket; "" leaves it */
	bool allow_remote; /* other than loopback is all right */
} ListenOptions;

/* Opens ADDRESS: "unix:/path", "inet:192.0.2.1:2424", "inet:[::1]:2424".  A
   socket file that nobody answers on any more is replaced.  NULL with
   VP_ERROR_CONFIG when ADDRESS is none or not allowed (RFC 2033, 5 forbids
   port 25), VP_ERROR_TEMPORARY when it is taken. */
Listener *listener_open(const char *address, const ListenOptions *options,
    GError **error);

/* Appends to LISTENERS those sockets that systemd hands over (sd_listen_fds(3):
   $LISTEN_PID, $LISTEN_FDS, $LISTEN_FDNAMES), none when there are none, and
   forgets the variables.  What is not allowed above is not allowed here. */
bool listener_adopt(GPtrArray *listeners, const ListenOptions *options,
    GError **error);

/* Closes it, and removes the socket file if it is still the one we made. */
void listener_free(Listener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)
