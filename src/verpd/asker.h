/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "dialogue.h"

/* One smtpd(8) or smtp(8) that asks: its socket and its dialogue.  Belongs to
   the responder's thread.  It frees itself when it ends, after telling
   `closed`. */
typedef struct Asker Asker;

typedef void (*AskerClosed)(void *data, Asker *asker);

/* FD and DIALOGUE are taken. */
Asker *asker_new(int fd, Dialogue *dialogue, AskerClosed closed, void *data);
void asker_close(Asker *asker);
/* When it last asked: monotonic microseconds. */
gint64 asker_last_asked(const Asker *asker);
