/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mime.h"
#include "report.h"

/* Fills in what REPORT tells of the message that came back, from the first
   part that holds it or its header (RFC 6522, RFC 6533). */
void returned_read(const Mail *mail, Report *report);

/* The same from LEN octets of plain text that begin with its header; nothing
   is changed when there is none. */
void returned_read_text(const char *text, size_t len, Report *report);
