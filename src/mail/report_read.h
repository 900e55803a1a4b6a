/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "report.h"
#include "wordbook.h"

/* Call once, before any thread reads: GMime's own set-up (it calls srand()). */
void mail_init(void);

/* Reads a message by WORDS: LEN octets, CRLF, LF or CR lines, NUL and 8-bit octets
   allowed, cut anywhere.  Never fails and never returns NULL: malformed mail is
   a Report with less in it. */
Report *report_read(const WordBook *words, const char *bytes, size_t len);
