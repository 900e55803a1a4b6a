/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A moment as some service writes it: "2026-11-21T20:33:02.5+01:00",
   "2026-11-21 20:33:02", "2026-11-21", "Fri, 21 Nov 2026 20:33:02 GMT", or
   seconds or milliseconds since the Epoch.  Without a zone it is UTC.  0: it
   is none of these. */
int64_t list_time(const char *text, size_t len);
