/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "listen.h"

/* The sockets that one kind of client comes in by.  Belongs to the thread that
   made it, and to that thread's default GMainContext. */
typedef struct Doors Doors;

/* FD, non-blocking and close-on-exec, is taken; it came in by listener WHICH,
   in the order they were added. */
typedef void (*DoorsAdmit)(void *data, int fd, unsigned which);

Doors *doors_new(DoorsAdmit admit, void *data);
/* LISTENER is taken. */
void doors_add(Doors *doors, Listener *listener);
unsigned doors_count(const Doors *doors);
/* "unix:/run/verpd/lmtp, inet:..." ; g_free() it. */
char *doors_names(const Doors *doors);
/* Nobody is let in any more. */
void doors_close(Doors *doors);
void doors_free(Doors *doors);
