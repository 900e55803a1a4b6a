/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "report.h"

/* Reads the SMTP dialogue that sendmail quotes (">>> RCPT To:<...>",
   "<<< 550 ...") between TEXT and END: completes the recipients REPORT knows,
   or adds those it names when REPORT knows none.  True if there was one. */
bool transcript_read(Report *report, const char *text, const char *end);
