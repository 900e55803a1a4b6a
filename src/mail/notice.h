/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "reader.h"

/* A bounce written for people: text that lists the addresses that failed, the
   reasons, and often the message itself behind a line of dashes.  What the
   readers of such makes have in common. */

/* Adds a recipient to REPORT, with what ABOUT (one line, not NULL) says of it:
   the reply of the remote side, a code, a host.  NULL when there are too many. */
ReportRecipient *notice_add(Report *report, const char *address,
    const char *about);

/* The recipient of REPORT with this address (ASCII case does not count), or
   NULL. */
ReportRecipient *notice_find(const Report *report, const char *address);

/* The host that TEXT begins with, "host mx.example.org[192.0.2.1] said:", or "".
   g_free() it. */
char *notice_find_speaker(const char *text);

/* Adds the recipients that stand at the beginning of items in TEXT, up to END. */
void notice_read_items(const Mail *mail, Report *report, const char *text,
    const char *end);

/* Whether the text has one in a list. */
bool notice_lists_recipient(const Mail *mail, const Report *report);

/* Whether it lists one with the code of a refusal. */
bool notice_lists_refusal(const Mail *mail, const Report *report);

/* Whether the text of MAIL names one; REPORT is left as it is. */
bool notice_names_recipient(const Mail *mail, const Report *report);

/* Adds those that X-Failed-Recipients names and nobody has added. */
void notice_read_failed_recipients(const Mail *mail, Report *report);

/* All of it: for a reader that has recognised its make.  Looks for recipients
   only if none are known, sets Action where it is missing, reads the returned
   message behind the text. */
void notice_read(const Mail *mail, Report *report);

/* Adds the one address that Subject: names, if it is no party's. */
void notice_read_subject(const Mail *mail, Report *report);

/* Adds the names that stand alone in a line below one that ends in a colon; their
   domain is the reporter's. */
void notice_read_local_names(const Mail *mail, Report *report);

/* Fills in what the text says, for REPORT has one recipient: sets Action, too. */
void notice_read_only(const Mail *mail, Report *report);
