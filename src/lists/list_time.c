/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Times of other people's lists. */

#include "list_time.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

enum { LONGEST = 40 };

/* N digits at *P as a number; *P is then behind them.  -1: there are fewer. */
static int take_digits(const char **p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!g_ascii_isdigit((*p)[i]))
			return -1;
		value = value * 10 + (*p)[i] - '0';
	}
	*p += n;
	return value;
}

static bool take(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

typedef struct Moment {
	int year, month, day, hour, minute, second;
	int offset; /* seconds east of Greenwich */
} Moment;

static int64_t moment_seconds(const Moment *moment)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) at = NULL;

	at = g_date_time_new(utc, moment->year, moment->month, moment->day,
	    moment->hour, moment->minute, MIN(moment->second, 59));
	return at != NULL ? g_date_time_to_unix(at) - moment->offset : 0;
}

/* "20:33", "20:33:02", "20:33:02.123" */
static bool take_clock(const char **p, Moment *moment)
{
	moment->hour = take_digits(p, 2);
	if (moment->hour < 0 || !take(p, ':'))
		return false;
	moment->minute = take_digits(p, 2);
	if (moment->minute < 0)
		return false;
	if (!take(p, ':'))
		return true;
	moment->second = take_digits(p, 2);
	if (take(p, '.'))
		while (g_ascii_isdigit(**p))
			(*p)++;
	return moment->second >= 0;
}

/* "Z", "+01:00", "-0500", "UTC", "GMT" or nothing, to the end. */
static bool take_zone(const char **p, Moment *moment)
{
	int sign, hours, minutes;

	while (take(p, ' '))
		;
	if (**p == '\0' || strcmp(*p, "Z") == 0 || strcmp(*p, "UTC") == 0 ||
	    strcmp(*p, "GMT") == 0 || strcmp(*p, "+0000 UTC") == 0)
		return true;
	if (**p != '+' && **p != '-')
		return false;
	sign = *(*p)++ == '-' ? -1 : 1;
	hours = take_digits(p, 2);
	(void)take(p, ':');
	minutes = **p != '\0' ? take_digits(p, 2) : 0;
	if (hours < 0 || minutes < 0 || **p != '\0')
		return false;
	moment->offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* RFC 3339, and with a blank for the "T". */
static int64_t iso_time(const char *p)
{
	Moment moment = { 0 };

	moment.year = take_digits(&p, 4);
	if (moment.year < 0 || !take(&p, '-'))
		return 0;
	moment.month = take_digits(&p, 2);
	if (moment.month < 0 || !take(&p, '-'))
		return 0;
	moment.day = take_digits(&p, 2);
	if (moment.day < 0)
		return 0;
	if (*p != '\0' &&
	    ((!take(&p, 'T') && !take(&p, ' ')) || !take_clock(&p, &moment)))
		return 0;
	return take_zone(&p, &moment) ? moment_seconds(&moment) : 0;
}

/* "[Fri, ]21 Nov 2026 20:33:02 GMT" (RFC 5322, 3.3) */
static int64_t mail_time(const char *p)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *comma = strchr(p, ',');
	Moment moment = { 0 };

	if (comma != NULL)
		p = comma + 1;
	while (take(&p, ' '))
		;
	moment.day = take_digits(&p,
	    g_ascii_isdigit(p[0]) && g_ascii_isdigit(p[1]) ? 2 : 1);
	if (moment.day < 0 || !take(&p, ' '))
		return 0;
	for (int i = 0; i < 12; i++)
		if (strncmp(p, months + 3 * i, 3) == 0)
			moment.month = i + 1;
	if (moment.month == 0)
		return 0;
	p += 3;
	if (!take(&p, ' '))
		return 0;
	moment.year = take_digits(&p, 4);
	if (moment.year < 0 || !take(&p, ' ') || !take_clock(&p, &moment))
		return 0;
	return take_zone(&p, &moment) ? moment_seconds(&moment) : 0;
}

/* "1795294382", "1795294382.123", "1795294382123" */
static int64_t epoch_time(const char *p)
{
	char *end;
	int64_t at = g_ascii_strtoll(p, &end, 10);

	if (*end == '.')
		for (end++; g_ascii_isdigit(*end);)
			end++;
	if (*end != '\0' || at < 0)
		return 0;
	return at >= INT64_C(100000000000) ? at / 1000 : at;
}

int64_t list_time(const char *text, size_t len)
{
	char copy[LONGEST + 1];
	size_t digits;

	while (len > 0 && g_ascii_isspace(*text)) {
		text++;
		len--;
	}
	while (len > 0 && g_ascii_isspace(text[len - 1]))
		len--;
	if (len == 0 || len > LONGEST)
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	digits = strspn(copy, "0123456789");
	if (digits >= 8)
		return epoch_time(copy);
	if (digits == 4)
		return iso_time(copy);
	return mail_time(copy);
}
