/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "dialogue.h"

/* One smtpd(8) or smtp(8) that asks: its socket and its dialogue.  Belongs to
   the responder's thread.  It frees itself when it ends, after telling
   `closed`. */
typedef struct Caller Caller;

typedef void (*CallerClosed)(void *data, Caller *caller);

/* FD and DIALOGUE are taken. */
Caller *caller_new(int fd, Dialogue *dialogue, CallerClosed closed, void *data);
void caller_close(Caller *caller);
/* When it last asked: monotonic microseconds. */
gint64 caller_last_asked(const Caller *caller);
