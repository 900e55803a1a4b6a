/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* pipe(8) takes exit 0 for delivered and 75 for "try again"; nearly all else
   bounces the message, and a bounce of a bounce is thrown away.  From here on
   every signal that can be caught, GLib's abort for want of memory included,
   and every other exit status ends in `4.3.0 ...` and exit 75. */
void deliver_guard(void);
/* Gives up SECONDS from now. */
void deliver_guard_alarm(int64_t seconds);
