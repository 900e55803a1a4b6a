/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "maillog.h"

#include "main.h"

#include <string.h>

#define NOW ((int64_t)1795293182) /* 2026-11-21T20:33:02Z */

#define HEAD "Nov 21 19:31:24 mx postfix/"
#define TO   HEAD "smtp[123]: 4jX2Pm6by1z1cFVP: to=<"

static const char *text_of(MaillogText text)
{
	static char copies[8][4096];
	static unsigned n;
	char *copy = copies[n++ % 8];

	ck_assert_uint_lt(text.len, sizeof(copies[0]));
	if (text.len > 0)
		memcpy(copy, text.text, text.len);
	copy[text.len] = '\0';
	return copy;
}

static const struct {
	const char *line;
	MaillogKind kind;
	const char *service;
	const char *queue_id;
	const char *address; /* from, or to */
	const char *orig_to;
	const char *relay;
	const char *dsn;
	const char *said;
	MaillogStatus status;
	int64_t delay;
} lines[] = {
	{ HEAD "qmgr[7]: 4jX2Pm6by1z1cFVP: from=<b-abc@bounces.example>, "
	       "size=483, nrcpt=1 (queue active)",
	    MAILLOG_SENDER, "qmgr", "4jX2Pm6by1z1cFVP", "b-abc@bounces.example",
	    "", "", "", "", MAILLOG_SENT, 0 },
	{ HEAD "qmgr[7]: 9F3A01C2B4: from=<>, size=1, nrcpt=1 (queue active)",
	    MAILLOG_SENDER, "qmgr", "9F3A01C2B4", "", "", "", "", "",
	    MAILLOG_SENT, 0 },
	/* pickup's and smtpd's are no more than the queue manager's */
	{ HEAD "pickup[7]: 9F3A01C2B4: uid=0 from=<a@b.example>", MAILLOG_OTHER,
	    "pickup", "9F3A01C2B4", "", "", "", "", "", MAILLOG_SENT, 0 },
	{ HEAD "cleanup[7]: 9F3A01C2B4: message-id=<1@b.example>",
	    MAILLOG_OTHER, "cleanup", "9F3A01C2B4", "", "", "", "", "",
	    MAILLOG_SENT, 0 },
	{ HEAD "qmgr[7]: 9F3A01C2B4: removed", MAILLOG_REMOVED, "qmgr",
	    "9F3A01C2B4", "", "", "", "", "", MAILLOG_SENT, 0 },
	{ HEAD "postsuper[7]: 9F3A01C2B4: removed", MAILLOG_REMOVED,
	    "postsuper", "9F3A01C2B4", "", "", "", "", "", MAILLOG_SENT, 0 },
	{ HEAD "qmgr[7]: 9F3A01C2B4: from=<n@b.example>, status=expired, "
	       "returned to sender",
	    MAILLOG_EXPIRED, "qmgr", "9F3A01C2B4", "n@b.example", "", "", "",
	    "", MAILLOG_SENT, 0 },
	{ HEAD "qmgr[7]: 9F3A01C2B4: from=<n@b.example>, "
	       "status=force-expired, returned to sender",
	    MAILLOG_EXPIRED, "qmgr", "9F3A01C2B4", "n@b.example", "", "", "",
	    "", MAILLOG_SENT, 0 },
	/* syslog_name with a slash of its own, two programs deep */
	{ "Nov 21 19:31:24 mx postfix-out/campaign/lmtp[1]: 9F3A01C2B4: "
	  "to=<a@b.example>, relay=mx.b.example[192.0.2.1]:24, delay=0.1, "
	  "delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 <a@b> Ok)",
	    MAILLOG_ATTEMPT, "lmtp", "9F3A01C2B4", "a@b.example", "",
	    "mx.b.example[192.0.2.1]:24", "2.0.0", "250 2.0.0 <a@b> Ok",
	    MAILLOG_SENT, 0 },
	{ TO "a@b.example>, orig_to=<ali@c.example>, "
	     "relay=mx.b.example[2001:db8::1]:25, conn_use=7, delay=7.9, "
	     "delays=7.9/0/0/0, dsn=4.2.2, status=deferred (host "
	     "mx.b.example[2001:db8::1] said: 452 4.2.2 Mailbox full (in reply "
	     "to RCPT TO command))",
	    MAILLOG_ATTEMPT, "smtp", "4jX2Pm6by1z1cFVP", "a@b.example",
	    "ali@c.example", "mx.b.example[2001:db8::1]:25", "4.2.2",
	    "host mx.b.example[2001:db8::1] said: 452 4.2.2 Mailbox full (in "
	    "reply to RCPT TO command)",
	    MAILLOG_DEFERRED, 7 },
	/* a reply that looks like the rest of a line, and like its end */
	{ TO "a@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=432001, "
	     "delays=1/2/3/4, dsn=5.1.1, status=bounced (550 x), to=<e@vil>, "
	     "dsn=2.0.0, status=sent (250 ok) tail)",
	    MAILLOG_ATTEMPT, "smtp", "4jX2Pm6by1z1cFVP", "a@b.example", "",
	    "mx.b.example[192.0.2.1]:25", "5.1.1",
	    "550 x), to=<e@vil>, dsn=2.0.0, status=sent (250 ok) tail",
	    MAILLOG_BOUNCED, 432001 },
	/* an address that does */
	{ TO "\"a>, relay=evil, status=sent (x\\\"\"@b.example>, relay=none, "
	     "delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred (connect to "
	     "b.example[192.0.2.1]:25: Connection refused)",
	    MAILLOG_ATTEMPT, "smtp", "4jX2Pm6by1z1cFVP",
	    "\"a>, relay=evil, status=sent (x\\\"\"@b.example", "", "none",
	    "4.4.1", "connect to b.example[192.0.2.1]:25: Connection refused",
	    MAILLOG_DEFERRED, 1 },
	/* whatever Postfix may add between them one day */
	{ TO "a@b.example>, relay=r[192.0.2.1]:25, tls=secure, delay=1, "
	     "delays=1/0/0/0, dsn=5.0.0, status=SOFTBOUNCE (550 no)",
	    MAILLOG_ATTEMPT, "smtp", "4jX2Pm6by1z1cFVP", "a@b.example", "",
	    "r[192.0.2.1]:25", "5.0.0", "550 no", MAILLOG_SOFTBOUNCE, 1 },
	{ TO "a@b.example>, relay=r[192.0.2.1]:25, delay=1, delays=1/0/0/0, "
	     "dsn=2.1.5, status=deliverable (250 2.1.5 Ok)",
	    MAILLOG_ATTEMPT, "smtp", "4jX2Pm6by1z1cFVP", "a@b.example", "",
	    "r[192.0.2.1]:25", "2.1.5", "250 2.1.5 Ok", MAILLOG_PROBED, 1 },
	/* cut off by syslogd: what there is */
	{ TO "a@b.example>, relay=r[192.0.2.1]:25, delay=1, delays=1/0/0/0, "
	     "dsn=5.0.0, status=bounced (550 no such us",
	    MAILLOG_ATTEMPT, "smtp", "4jX2Pm6by1z1cFVP", "a@b.example", "",
	    "r[192.0.2.1]:25", "5.0.0", "550 no such us", MAILLOG_BOUNCED, 1 },
	/* cut off earlier: nothing */
	{ TO "a@b.example>, relay=r[192.0.2.1]:25, delay=1, dsn=5",
	    MAILLOG_OTHER, "smtp", "4jX2Pm6by1z1cFVP", "a@b.example", "",
	    "r[192.0.2.1]:25", "", "", MAILLOG_SENT, 1 },
	{ TO "a@b.example", MAILLOG_OTHER, "smtp", "4jX2Pm6by1z1cFVP", "", "",
	    "", "", "", MAILLOG_SENT, 0 },
	{ HEAD "smtpd[9]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550",
	    MAILLOG_OTHER, "smtpd", "NOQUEUE", "", "", "", "", "", MAILLOG_SENT,
	    0 },
	{ HEAD "smtpd[9]: connect from x[192.0.2.1]", MAILLOG_OTHER, "smtpd",
	    "", "", "", "", "", "", MAILLOG_SENT, 0 },
	/* only the queue manager removes */
	{ HEAD "smtp[9]: 9F3A01C2B4: removed", MAILLOG_OTHER, "smtp",
	    "9F3A01C2B4", "", "", "", "", "", MAILLOG_SENT, 0 },
	{ "Nov 21 19:31:24 mx kernel: eth0: link up", MAILLOG_OTHER, "kernel",
	    "", "", "", "", "", "", MAILLOG_SENT, 0 },
	{ "Nov 21 19:31:24 mx", MAILLOG_OTHER, "", "", "", "", "", "", "",
	    MAILLOG_SENT, 0 },
	{ "Nov 21 19:31:24 mx ", MAILLOG_OTHER, "", "", "", "", "", "", "",
	    MAILLOG_SENT, 0 },
};

START_TEST(test_lines)
{
	MaillogLine line;
	bool is_sender;

	ck_assert(maillog_read(lines[_i].line, strlen(lines[_i].line), &line));
	ck_assert_int_eq(line.kind, lines[_i].kind);
	ck_assert_str_eq(text_of(line.service), lines[_i].service);
	if (lines[_i].queue_id[0] != '\0')
		ck_assert_str_eq(text_of(line.queue_id), lines[_i].queue_id);
	is_sender = line.kind == MAILLOG_SENDER || line.kind == MAILLOG_EXPIRED;
	ck_assert_str_eq(text_of(is_sender ? line.from : line.to),
	    lines[_i].address);
	ck_assert_str_eq(text_of(line.orig_to), lines[_i].orig_to);
	ck_assert_str_eq(text_of(line.relay), lines[_i].relay);
	ck_assert_str_eq(text_of(line.dsn), lines[_i].dsn);
	ck_assert_str_eq(text_of(line.said), lines[_i].said);
	ck_assert_int_eq(line.status, lines[_i].status);
	ck_assert_int_eq(line.delay, lines[_i].delay);
}
END_TEST

/* A line cut off anywhere is no more than less of a line. */
START_TEST(test_cut)
{
	size_t len = strlen(lines[_i].line);

	for (size_t n = 0; n <= len; n++) {
		g_autofree char *copy = g_malloc(n + 1);
		MaillogLine line;

		memcpy(copy, lines[_i].line, n);
		(void)maillog_read(copy, n, &line);
		if (n < len && line.kind != MAILLOG_OTHER)
			ck_assert(line.kind == MAILLOG_ATTEMPT ||
				  line.kind == MAILLOG_SENDER ||
				  line.kind == MAILLOG_EXPIRED);
	}
}
END_TEST

static const struct {
	const char *stamp;
	const char *zone;
	int64_t now;
	int64_t at;
} stamps[] = {
	{ "Nov 21 19:31:24", "UTC", NOW, 1795289484 },
	{ "Nov  1 19:31:24", "UTC", NOW, 1795289484 - 20 * 86400 },
	{ "<22>Nov 21 19:31:24", "UTC", NOW, 1795289484 },
	{ "Nov 21 19:31:24.123456", "UTC", NOW, 1795289484 },
	{ "Nov 21 20:31:24", "+01:00", NOW, 1795289484 },
	{ "Nov 21 14:31:24", "-05:00", NOW, 1795289484 },
	/* a clock a little ahead is no clock a year behind */
	{ "Nov 22 19:31:24", "UTC", NOW, 1795289484 + 86400 },
	{ "Nov 24 19:31:24", "UTC", NOW, 1795289484 + 3 * 86400 - 365 * 86400 },
	{ "Dec 31 23:59:59", "UTC", 1798761600, 1798761599 },
	{ "Jan  1 00:30:00", "+01:00", 1798759860, 1798759800 },
	{ "Dec 31 18:59:59", "-05:00", 1798761600, 1798761599 },
	{ "2026-11-21T19:31:24Z", "+05:00", NOW, 1795289484 },
	{ "2026-11-21T19:31:24.5+00:00", "+05:00", NOW, 1795289484 },
	{ "2026-11-21T20:31:24+0100", "UTC", NOW, 1795289484 },
	{ "2026-11-21T14:01:24-05:30", "UTC", NOW, 1795289484 },
	{ "2026-11-21 20:31:24", "+01:00", NOW, 1795289484 },
	{ "2024-02-29T00:00:00Z", "UTC", NOW, 1709164800 },
	{ "1969-12-31T23:59:59Z", "UTC", NOW, -1 },
};

START_TEST(test_stamps)
{
	g_autofree char *text = g_strconcat(stamps[_i].stamp,
	    " mx postfix/qmgr[1]: 9F3A01C2B4: removed", NULL);
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(stamps[_i].zone);
	MaillogClock clock = { .zone = zone, .now = stamps[_i].now };
	MaillogLine line;

	ck_assert_ptr_nonnull(zone);
	ck_assert(maillog_read(text, strlen(text), &line));
	ck_assert_int_eq(line.kind, MAILLOG_REMOVED);
	ck_assert_int_eq(maillog_time(&clock, &line.stamp), stamps[_i].at);
	ck_assert_int_eq(maillog_time(&clock, &line.stamp), stamps[_i].at);
}
END_TEST

START_TEST(test_not_lines)
{
	static const char *const texts[] = { "", " ", "-- Journal begins --",
		"Nov 21 19:31 mx x", "Nov 32 19:31:24 mx x",
		"Now 21 19:31:24 mx x", "Nov 21 24:31:24 mx x",
		"2026-13-21T19:31:24Z mx x", "2026-11-21T19:31:24+1 mx x",
		"<1234>Nov 21 19:31:24 mx x", "<", "Nov 21 19:31:24" };
	MaillogLine line;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		ck_assert_msg(!maillog_read(texts[i], strlen(texts[i]), &line),
		    "%s", texts[i]);
}
END_TEST

static Suite *maillog_suite(void)
{
	Suite *suite = suite_create("maillog");
	TCase *tcase = tcase_create("maillog");

	tcase_add_loop_test(tcase, test_lines, 0, G_N_ELEMENTS(lines));
	tcase_add_loop_test(tcase, test_cut, 0, G_N_ELEMENTS(lines));
	tcase_add_loop_test(tcase, test_stamps, 0, G_N_ELEMENTS(stamps));
	tcase_add_test(tcase, test_not_lines);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(maillog_suite)
