/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define SECONDS_PER_DAY 86400

/* "90", "90s", "15m", "12h", "30d", "2w", "1y" (365 days) to seconds. */
bool duration_parse(const char *text, int64_t *ret_seconds, GError **error);
/* The shortest such form ("30d"); g_free() it. */
char *duration_format(int64_t seconds);

/* "4096", "64k", "50m", "2g" (powers of 1024) to octets. */
bool size_parse(const char *text, int64_t *ret_bytes, GError **error);
char *size_format(int64_t bytes);

/* 9999-12-31T23:59:59Z: no later moment can be written. */
#define TIME_LAST INT64_C(253402300799)

/* Seconds since the Epoch as "2026-11-21T20:33:02Z"; g_free() it. */
char *time_format(int64_t at);
/* "2026-11-21", "2026-11-21T20:33:02Z" or an age before NOW such as "30d",
   which does not go back beyond the Epoch. */
bool time_parse(const char *text, int64_t now, int64_t *ret_at, GError **error);

/* The day of a moment: whole days since the Epoch, UTC. */
static inline int64_t day_of(int64_t at)
{
	return at >= 0 ? at / SECONDS_PER_DAY
		       : -1 - (-1 - at) / SECONDS_PER_DAY;
}
