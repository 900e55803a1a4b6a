/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/* A message as it is taken apart: every line ends in LF (CRLF, CR and LF are
   all taken for an end), no NUL, no "From " line before it, within
   BOUND_MESSAGE, BOUND_HEADERS, BOUND_FIELD and BOUND_STRUCTURE. */
typedef struct TrimmedMessage {
	char *text;
	size_t len;
	size_t body;       /* where the body begins in it */
	bool has_header;   /* the first line is a header field */
	bool is_truncated; /* a bound cut something off */
} TrimmedMessage;

/* Of any LEN octets; trimmed_clear() the result. */
void trim_message(const char *bytes, size_t len, TrimmedMessage *ret_trimmed);
void trimmed_clear(TrimmedMessage *trimmed);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TrimmedMessage, trimmed_clear)
