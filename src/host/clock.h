/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include <glib.h>

/* Seconds since 1970, by the clock that everybody goes by. */
static inline int64_t clock_now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}
