/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* One line of Postfix's log: syslogd's, postlogd's, or `journalctl -o
   short-iso`.  Whoever may write to that log wrote it: octets of any kind. */

#define MAILLOG_QUEUE_ID 32 /* octets; Postfix makes at most 20 */

/* A stretch of the line that was read; lent, not ended by a NUL. */
typedef struct MaillogText {
	const char *text;
	size_t len;
} MaillogText;

typedef enum MaillogKind {
	MAILLOG_OTHER,   /* nothing of use here */
	MAILLOG_SENDER,  /* the queue manager begins with a message */
	MAILLOG_ATTEMPT, /* what became of one recipient, this time */
	MAILLOG_EXPIRED, /* the queue manager gives up */
	MAILLOG_REMOVED, /* the message has left the queue */
} MaillogKind;

typedef enum MaillogStatus {
	MAILLOG_SENT,
	MAILLOG_DEFERRED,
	MAILLOG_BOUNCED,
	MAILLOG_SOFTBOUNCE, /* soft_bounce=yes made it a deferral */
	MAILLOG_PROBED,     /* (un)deliverable: no mail, only a question */
} MaillogStatus;

/* When, as the line says it. */
typedef struct MaillogStamp {
	int year; /* 0: the line does not say */
	int month;
	int day;
	int hour;
	int minute;
	int second;
	bool has_zone; /* else it is the host's own time */
	int zone;      /* seconds east of Greenwich */
} MaillogStamp;

/* What is not in a line of its kind is empty. */
typedef struct MaillogLine {
	MaillogKind kind;
	MaillogStamp stamp;
	MaillogText service;  /* "smtp": the program, without syslog_name */
	MaillogText queue_id; /* letters and digits */
	MaillogText from;     /* SENDER, EXPIRED; may well be empty */
	/* ATTEMPT */
	MaillogText to;
	MaillogText orig_to;
	MaillogText relay; /* "host[address]:port", "none", "local"... */
	MaillogText dsn;
	MaillogText said; /* what stands in the parentheses */
	MaillogStatus status;
	int64_t delay; /* whole seconds since the mail arrived */
} MaillogLine;

/* Reads LEN octets of TEXT, without a line end; *RET_LINE lends from it.
   False when it does not even begin as a line of a log. */
bool maillog_read(const char *text, size_t len, MaillogLine *ret_line);

static inline bool maillog_text_is(MaillogText text, const char *literal)
{
	size_t i = 0;

	while (i < text.len && literal[i] != '\0' && literal[i] == text.text[i])
		i++;
	return i == text.len && literal[i] == '\0';
}

/* From stamps to seconds since the Epoch.  A stamp without a year is of the
   latest year that does not put it more than a day ahead of NOW. */
typedef struct MaillogClock {
	GTimeZone *zone; /* of this host; lent */
	int64_t now;
	/* of the local hour last asked about: zones do not come cheap */
	int64_t hour;
	int64_t offset;
	bool has_hour;
} MaillogClock;

/* Seconds of STAMP, which may be of any zone and lie ahead; remembers in CLOCK
   what it asked of its zone. */
int64_t maillog_time(MaillogClock *clock, const MaillogStamp *stamp);
