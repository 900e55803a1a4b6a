/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "units.h"

#include "errors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Unit {
	char letter;
	int64_t factor;
} Unit;

/* Longest first: the first that divides is the shortest way to write. */
static const Unit durations[] = {
	{ 'y', 365 * (int64_t)SECONDS_PER_DAY },
	{ 'w', 7 * SECONDS_PER_DAY },
	{ 'd', SECONDS_PER_DAY },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};
static const Unit sizes[] = {
	{ 'g', 1024 * 1024 * 1024 },
	{ 'm', 1024 * 1024 },
	{ 'k', 1024 },
	{ 'b', 1 },
};

static bool unit_parse(const char *text, const Unit *units, unsigned n_units,
    const char *what, int64_t *ret_value, GError **error)
{
	char *end = NULL;
	int64_t number;
	int64_t factor = 0;

	errno = 0;
	number = g_ascii_strtoll(text, &end, 10);
	if (!g_ascii_isdigit(text[0]) || errno != 0)
		goto bad;
	if (*end == '\0')
		factor = 1;
	for (unsigned i = 0; i < n_units && factor == 0; i++)
		if (g_ascii_tolower(*end) == units[i].letter && end[1] == '\0')
			factor = units[i].factor;
	if (factor == 0 || number > INT64_MAX / factor)
		goto bad;
	*ret_value = number * factor;
	return true;
bad:
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX, "\"%s\" is not %s", text,
	    what);
	return false;
}

static char *unit_format(int64_t value, const Unit *units, unsigned n_units)
{
	for (unsigned i = 0; i + 1 < n_units; i++)
		if (value != 0 && value % units[i].factor == 0)
			return g_strdup_printf("%" G_GINT64_FORMAT "%c",
			    value / units[i].factor, units[i].letter);
	return g_strdup_printf("%" G_GINT64_FORMAT, value);
}

bool duration_parse(const char *text, int64_t *ret_seconds, GError **error)
{
	return unit_parse(text, durations, G_N_ELEMENTS(durations),
	    "a duration (such as 90s, 15m, 12h, 30d, 2w, 1y)", ret_seconds,
	    error);
}

char *duration_format(int64_t seconds)
{
	char *text = unit_format(seconds, durations, G_N_ELEMENTS(durations));

	if (seconds != 0 && g_ascii_isdigit(text[strlen(text) - 1])) {
		char *with_unit = g_strconcat(text, "s", NULL);

		g_free(text);
		return with_unit;
	}
	return text;
}

bool size_parse(const char *text, int64_t *ret_bytes, GError **error)
{
	return unit_parse(text, sizes, G_N_ELEMENTS(sizes),
	    "a size (such as 4096, 64k, 50m, 2g)", ret_bytes, error);
}

char *size_format(int64_t bytes)
{
	return unit_format(bytes, sizes, G_N_ELEMENTS(sizes));
}

char *time_format(int64_t at)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at);

	return time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ")
			    : g_strdup_printf("%" G_GINT64_FORMAT, at);
}

bool time_parse(const char *text, int64_t now, int64_t *ret_at, GError **error)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autofree char *full = NULL;
	g_autoptr(GDateTime) time = NULL;
	int64_t age;

	if (strlen(text) == strlen("2026-11-21") && text[4] == '-')
		full = g_strconcat(text, "T00:00:00Z", NULL);
	time = g_date_time_new_from_iso8601(full != NULL ? full : text, utc);
	if (time != NULL) {
		*ret_at = g_date_time_to_unix(time);
		return true;
	}
	if (duration_parse(text, &age, NULL)) {
		/* 0 is no time wherever one may be missing */
		*ret_at = age < now ? now - age : 1;
		return true;
	}
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
	    "\"%s\" is not a time (such as 2026-11-21, "
	    "2026-11-21T20:00:00Z, or an age such as 30d)",
	    text);
	return false;
}
