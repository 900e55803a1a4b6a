/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* qmail-send's bounces (QSBMF, the qmail-send bounce message format):

     Hi. This is the qmail-send program at mail.example.net.
     I'm afraid I wasn't able to deliver your message to ...

     <ana@example.org>:
     192.0.2.25 does not like recipient.
     Remote host said: 550 5.1.1 no such user
     Giving up on 192.0.2.25.

     --- Below this line is a copy of the message.

   The first paragraph begins with "Hi. This is the" whatever a site makes of
   the rest. */

#include "daemon.h"
#include "notice.h"

bool read_qmail(const Mail *mail, Report *report)
{
	const char *text = report->text;

	while (*text == '\n' || *text == ' ')
		text++;
	if (!g_str_has_prefix(text, "Hi. This is the") ||
	    !daemon_is_sender(mail, report))
		return false;
	report->kind = REPORT_DSN;
	notice_read(mail, report);
	return true;
}
