/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Exim's own words (before 4.80 there was no status part, and providers that
   run it still leave it out): X-Failed-Recipients, then

     This is a permanent error. The following address(es) failed:

       ana@example.org
         SMTP error from remote mail server after RCPT TO:<ana@example.org>:
         host mx.example.org [192.0.2.25]: 550 5.1.1 no such user */

#include "daemon.h"
#include "notice.h"

#include <string.h>

bool read_exim(const Mail *mail, Report *report)
{
	static const char intro[] =
	    "This message was created automatically by mail delivery software";
	const char *at = strstr(report->text, intro);

	if (at == NULL || !daemon_is_sender(mail, report))
		return false;
	if (at > report->text && at[-1] != '\n')
		return false; /* quoted */
	report->kind = REPORT_DSN;
	notice_read(mail, report);
	return true;
}
