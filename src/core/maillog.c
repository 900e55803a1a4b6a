/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Postfix's log, read a line at a time and from left to right: the text of a
   reply is a stranger's and may look like any other part of a line.  Nothing
   is copied and nothing allocated. */

#include "maillog.h"

#include <string.h>

/* What is still to be read. */
typedef struct Rest {
	const char *p;
	const char *end;
} Rest;

static bool take(Rest *rest, const char *literal)
{
	size_t len = strlen(literal);

	if ((size_t)(rest->end - rest->p) < len ||
	    memcmp(rest->p, literal, len) != 0)
		return false;
	rest->p += len;
	return true;
}

static bool take_char(Rest *rest, char c)
{
	if (rest->p == rest->end || *rest->p != c)
		return false;
	rest->p++;
	return true;
}

/* Exactly N digits. */
static bool take_digits(Rest *rest, unsigned n, int *ret_number)
{
	int number = 0;

	if ((size_t)(rest->end - rest->p) < n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (!g_ascii_isdigit(rest->p[i]))
			return false;
		number = 10 * number + (rest->p[i] - '0');
	}
	rest->p += n;
	*ret_number = number;
	return true;
}

/* Up to, and over, C. */
static bool take_until(Rest *rest, char c, MaillogText *ret_text)
{
	const char *found = memchr(rest->p, c, (size_t)(rest->end - rest->p));

	if (found == NULL)
		return false;
	*ret_text = (MaillogText){ rest->p, (size_t)(found - rest->p) };
	rest->p = found + 1;
	return true;
}

/* ---- the stamp ---- */

static bool take_month(Rest *rest, int *ret_month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (rest->end - rest->p < 4 || rest->p[3] != ' ')
		return false;
	for (int i = 0; i < 12; i++)
		if (memcmp(rest->p, names + 3 * i, 3) == 0) {
			rest->p += 4;
			*ret_month = i + 1;
			return true;
		}
	return false;
}

/* "19:31:24" and perhaps ".123456" */
static bool take_clock(Rest *rest, MaillogStamp *stamp)
{
	if (!take_digits(rest, 2, &stamp->hour) || !take_char(rest, ':') ||
	    !take_digits(rest, 2, &stamp->minute) || !take_char(rest, ':') ||
	    !take_digits(rest, 2, &stamp->second))
		return false;
	if (take_char(rest, '.'))
		while (rest->p < rest->end && g_ascii_isdigit(*rest->p))
			rest->p++;
	return stamp->hour < 24 && stamp->minute < 60 && stamp->second < 61;
}

/* "Nov  1 19:31:24" (RFC 3164, 4.1.2) */
static bool take_classic(Rest *rest, MaillogStamp *stamp)
{
	if (!take_month(rest, &stamp->month))
		return false;
	if (take_char(rest, ' ')) {
		if (!take_digits(rest, 1, &stamp->day))
			return false;
	} else if (!take_digits(rest, 2, &stamp->day)) {
		return false;
	}
	return take_char(rest, ' ') && take_clock(rest, stamp);
}

/* time-offset = "Z" / ("+" / "-") 2DIGIT [":"] 2DIGIT
   as RFC 3339 (5.6), and journalctl(1), which has no colon */
static bool take_zone(Rest *rest, MaillogStamp *stamp)
{
	int hours, minutes;
	bool is_west;

	if (take_char(rest, 'Z')) {
		stamp->has_zone = true;
		return true;
	}
	is_west = take_char(rest, '-');
	if (!is_west && !take_char(rest, '+'))
		return true;
	if (!take_digits(rest, 2, &hours))
		return false;
	(void)take_char(rest, ':'); /* it need not be there */
	if (!take_digits(rest, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	stamp->has_zone = true;
	stamp->zone = (hours * 60 + minutes) * (is_west ? -60 : 60);
	return true;
}

/* "2026-11-21T19:31:24.123456+01:00" */
static bool take_iso(Rest *rest, MaillogStamp *stamp)
{
	return take_digits(rest, 4, &stamp->year) && take_char(rest, '-') &&
	       take_digits(rest, 2, &stamp->month) && take_char(rest, '-') &&
	       take_digits(rest, 2, &stamp->day) &&
	       (take_char(rest, 'T') || take_char(rest, ' ')) &&
	       take_clock(rest, stamp) && take_zone(rest, stamp);
}

static bool take_stamp(Rest *rest, MaillogStamp *stamp)
{
	bool is_read;

	/* <PRI> (RFC 3164, 4.1.1), where a relay kept it */
	if (take_char(rest, '<')) {
		MaillogText priority;

		if (!take_until(rest, '>', &priority) || priority.len > 3)
			return false;
	}
	is_read = rest->p < rest->end && g_ascii_isdigit(*rest->p)
		      ? take_iso(rest, stamp)
		      : take_classic(rest, stamp);
	return is_read && take_char(rest, ' ') && stamp->month >= 1 &&
	       stamp->month <= 12 && stamp->day >= 1 && stamp->day <= 31;
}

/* ---- who says it ---- */

/* "postfix/submission/smtpd[123]: ": the last name is the program's, what
   stands before it is syslog_name. */
static bool take_service(Rest *rest, MaillogText *ret_service)
{
	const char *name = rest->p;
	const char *p = rest->p;
	MaillogText rest_of_tag;

	while (p < rest->end && *p != '[' && *p != ':' && *p != ' ') {
		if (*p == '/')
			name = p + 1;
		p++;
	}
	*ret_service = (MaillogText){ name, (size_t)(p - name) };
	rest->p = p;
	return take_until(rest, ':', &rest_of_tag) && take_char(rest, ' ');
}

/* Short ones are hexadecimal, long ones of digits and most letters. */
static bool take_queue_id(Rest *rest, MaillogText *ret_id)
{
	const char *p = rest->p;

	while (p < rest->end && g_ascii_isalnum(*p))
		p++;
	*ret_id = (MaillogText){ rest->p, (size_t)(p - rest->p) };
	rest->p = p;
	return ret_id->len >= 5 && ret_id->len <= MAILLOG_QUEUE_ID &&
	       take(rest, ": ");
}

/* ---- what it says ---- */

/* An address after its "<", and the ">".  A quoted local part may hold both
   (RFC 5321, 4.1.2). */
static bool take_address(Rest *rest, MaillogText *ret_address)
{
	const char *start = rest->p;
	bool is_quoted = false;

	for (const char *p = start; p < rest->end; p++) {
		if (*p == '>' && !is_quoted) {
			*ret_address = (MaillogText){ start,
				(size_t)(p - start) };
			rest->p = p + 1;
			return true;
		}
		if (*p == '"')
			is_quoted = !is_quoted;
		else if (*p == '\\' && is_quoted && p + 1 < rest->end)
			p++;
	}
	return false;
}

/* from=<S>, size=N, nrcpt=N (queue active)
   from=<S>, status=expired, returned to sender */
static MaillogKind read_sender(Rest *rest, MaillogLine *line)
{
	if (!take_address(rest, &line->from))
		return MAILLOG_OTHER;
	if (take(rest, ", size="))
		return MAILLOG_SENDER;
	/* postsuper -e */
	if (take(rest, ", status=expired") ||
	    take(rest, ", status=force-expired"))
		return MAILLOG_EXPIRED;
	return MAILLOG_OTHER;
}

static bool status_named(MaillogText name, MaillogStatus *ret_status)
{
	static const struct {
		const char *name;
		MaillogStatus status;
	} rows[] = {
		{ "sent", MAILLOG_SENT },
		{ "deferred", MAILLOG_DEFERRED },
		{ "bounced", MAILLOG_BOUNCED },
		{ "SOFTBOUNCE", MAILLOG_SOFTBOUNCE },
		{ "deliverable", MAILLOG_PROBED },
		{ "undeliverable", MAILLOG_PROBED },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (maillog_text_is(name, rows[i].name)) {
			*ret_status = rows[i].status;
			return true;
		}
	return false;
}

/* "(text)" to the last ")"; of a line that was cut off, to its end. */
static void take_said(Rest *rest, MaillogText *ret_said)
{
	const char *end;

	if (!take_char(rest, '('))
		return;
	end = rest->end;
	while (end > rest->p && end[-1] != ')')
		end--;
	if (end > rest->p)
		end--;
	else
		end = rest->end;
	*ret_said = (MaillogText){ rest->p, (size_t)(end - rest->p) };
}

/* "7.9" to 7, "0" to 0 */
static int64_t whole_seconds(MaillogText text)
{
	int64_t seconds = 0;

	for (size_t i = 0; i < text.len && i < 10; i++) {
		if (!g_ascii_isdigit(text.text[i]))
			break;
		seconds = 10 * seconds + (text.text[i] - '0');
	}
	return seconds;
}

/* to=<R>, [orig_to=<O>,] relay=R, [conn_use=N,] delay=N, delays=A/B/C/D,
   dsn=X.Y.Z, status=WORD (text) */
static MaillogKind read_attempt(Rest *rest, MaillogLine *line)
{
	MaillogText name, value;

	if (!take_address(rest, &line->to))
		return MAILLOG_OTHER;
	if (take(rest, ", orig_to=<") && !take_address(rest, &line->orig_to))
		return MAILLOG_OTHER;
	for (;;) {
		if (!take(rest, ", "))
			return MAILLOG_OTHER;
		if (take(rest, "status="))
			break;
		if (!take_until(rest, '=', &name) ||
		    !take_until(rest, ',', &value))
			return MAILLOG_OTHER;
		rest->p--; /* the comma belongs to the next */
		if (maillog_text_is(name, "relay"))
			line->relay = value;
		else if (maillog_text_is(name, "delay"))
			line->delay = whole_seconds(value);
		else if (maillog_text_is(name, "dsn"))
			line->dsn = value;
	}
	if (!take_until(rest, ' ', &value)) {
		value = (MaillogText){ rest->p, (size_t)(rest->end - rest->p) };
		rest->p = rest->end;
	}
	if (!status_named(value, &line->status))
		return MAILLOG_OTHER;
	take_said(rest, &line->said);
	return MAILLOG_ATTEMPT;
}

static bool is_queue_manager(MaillogText service)
{
	return maillog_text_is(service, "qmgr") ||
	       maillog_text_is(service, "oqmgr");
}

static MaillogKind read_text(Rest *rest, MaillogLine *line)
{
	if (rest->p == rest->end)
		return MAILLOG_OTHER;
	if (*rest->p == 't' && take(rest, "to=<"))
		return read_attempt(rest, line);
	if (*rest->p == 'f' && is_queue_manager(line->service) &&
	    take(rest, "from=<"))
		return read_sender(rest, line);
	if (*rest->p == 'r' && take(rest, "removed") && rest->p == rest->end &&
	    (is_queue_manager(line->service) ||
		maillog_text_is(line->service, "postsuper")))
		return MAILLOG_REMOVED;
	return MAILLOG_OTHER;
}

bool maillog_read(const char *text, size_t len, MaillogLine *ret_line)
{
	Rest rest = { text, text + len };
	MaillogText host;

	*ret_line = (MaillogLine){ .kind = MAILLOG_OTHER };
	while (rest.end > rest.p &&
	       (rest.end[-1] == '\r' || rest.end[-1] == ' '))
		rest.end--;
	if (!take_stamp(&rest, &ret_line->stamp))
		return false;
	if (take_until(&rest, ' ', &host) &&
	    take_service(&rest, &ret_line->service) &&
	    take_queue_id(&rest, &ret_line->queue_id))
		ret_line->kind = read_text(&rest, ret_line);
	return true;
}

/* ---- time ---- */

/* Days from 1970-01-01 to a day of the Gregorian calendar; months count from
   March here, so that the leap day is the year's last. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	       1 - 719468;
}

static int64_t local_seconds(const MaillogStamp *stamp, int64_t year)
{
	return days_of(year, stamp->month, stamp->day) * 86400 +
	       stamp->hour * 3600 + stamp->minute * 60 + stamp->second;
}

/* LOCAL as the zone has it. */
static int64_t from_local(MaillogClock *clock, int64_t local)
{
	if (!clock->has_hour || clock->hour != local / 3600) {
		int interval = g_time_zone_find_interval(clock->zone,
		    G_TIME_TYPE_STANDARD, local);

		clock->hour = local / 3600;
		clock->has_hour = true;
		/* an hour that a change of clocks leaves out has none */
		clock->offset = interval >= 0
				    ? g_time_zone_get_offset(clock->zone,
					  interval)
				    : 0;
	}
	return local - clock->offset;
}

static int64_t year_of(int64_t at)
{
	int64_t year = 1970 + at / 31556952; /* of 400 years, the mean */

	while (days_of(year + 1, 1, 1) * 86400 <= at)
		year++;
	while (days_of(year, 1, 1) * 86400 > at)
		year--;
	return year;
}

int64_t maillog_time(MaillogClock *clock, const MaillogStamp *stamp)
{
	int64_t latest = clock->now + 86400;
	int64_t year, at;

	if (stamp->has_zone)
		return local_seconds(stamp, stamp->year) - stamp->zone;
	if (stamp->year != 0)
		return from_local(clock, local_seconds(stamp, stamp->year));
	/* no zone is a whole day away from Greenwich */
	for (year = year_of(latest + 86400);; year--) {
		at = local_seconds(stamp, year);
		if (at - 86400 > latest)
			continue;
		at = from_local(clock, at);
		if (at <= latest)
			return at;
	}
}
