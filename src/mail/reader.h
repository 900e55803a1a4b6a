/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "mime.h"
#include "report.h"

/* One make of report and the function that knows it.  A reader is given a
   message and a Report with the message's own header, text and parts in it.
   It returns true when the message is of its make, with `kind` and what else
   it found filled in; false, and the Report untouched, when it is not. */
typedef bool ReaderFunc(const Mail *mail, Report *report);

/* A file for each make; report_read.c has the table. */
ReaderFunc read_arf;
ReaderFunc read_jmrp;
ReaderFunc read_events;
ReaderFunc read_refusal;
ReaderFunc read_mdn;
ReaderFunc read_rfc3464;
ReaderFunc read_plain_dsn;
ReaderFunc read_qmail;
ReaderFunc read_exim;
ReaderFunc read_sendmail;
ReaderFunc read_postfix;
ReaderFunc read_list_refusal;
ReaderFunc read_make;
ReaderFunc read_notice;
ReaderFunc read_challenge_service;
ReaderFunc read_challenge;
ReaderFunc read_unsubscribe;
ReaderFunc read_auto_reply;
