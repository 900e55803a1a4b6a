/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "reader.h"

/* A bounce written for people: text that lists the addresses that failed, the
   reasons, and often the message itself behind a line of dashes.  What the
   readers of such makes have in common. */

/* Whether the mail came from a mail system, as far as its header tells. */
bool notice_is_from_daemon(const Mail *mail, const Report *report);

/* Where the returned message (or its header) begins in TEXT: behind a line
   such as "--- Below this line is a copy of the message.", or at the end. */
const char *notice_end(const char *text, const char **ret_returned);

/* Adds a recipient to REPORT, with what ABOUT (one line, not NULL) says of it:
   the reply of the remote side, a code, a host.  NULL when there are too many. */
ReportRecipient *notice_add(Report *report, const char *address,
    const char *about);

/* The recipient of REPORT with this address (ASCII case does not count), or
   NULL. */
ReportRecipient *notice_find(const Report *report, const char *address);

/* Adds the recipients that stand at the beginning of items in TEXT, up to END. */
void notice_read_items(Report *report, const char *text, const char *end);

/* Adds those that X-Failed-Recipients names and nobody has added. */
void notice_read_failed_recipients(const Mail *mail, Report *report);

/* All of it: for a reader that has recognised its make.  Looks for recipients
   only if none are known, sets Action where it is missing, reads the returned
   message behind the text. */
void notice_read(const Mail *mail, Report *report);
