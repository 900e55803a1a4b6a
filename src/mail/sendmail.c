/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sendmail's bounces without a status part:

        ----- The following addresses had permanent fatal errors -----
     <ana@example.org>

        ----- Transcript of session follows -----
     ... while talking to mx.example.org.:
     >>> RCPT To:<ana@example.org>
     <<< 550 5.1.1 <ana@example.org>... User unknown */

#include "daemon.h"
#include "notice.h"

#include <string.h>

bool read_sendmail(const Mail *mail, Report *report)
{
	if (strstr(report->text, "----- Transcript of session follows -----") ==
		NULL &&
	    strstr(report->text, "fatal errors -----") == NULL)
		return false;
	if (!daemon_is_sender(mail, report))
		return false;
	report->kind = REPORT_DSN;
	notice_read(mail, report);
	return true;
}
