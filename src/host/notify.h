/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

/* Tells whoever started us (systemd, or who understands sd_notify(3)) how we
   are.  Without $NOTIFY_SOCKET each of these does nothing; that nobody hears
   is never an error. */

/* Listening; STATUS is a line of text for `systemctl status`. */
void notify_ready(const char *status);
/* Before a reload; notify_ready() ends it. */
void notify_reloading(void);
void notify_stopping(void);
