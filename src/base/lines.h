/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A walk over lines of any end: LF, CRLF, CR.  A run of CRs before an LF is one
   end: "\r\r\n" is what a gateway makes of CRLF. */
typedef struct Lines {
	const char *p; /* where the next line begins */
	const char *end;
	const char *lf;      /* the next at or behind P, or END */
	const char *cr_stop; /* behind the last run of CRs */
} Lines;

/* LEN octets of TEXT, which is borrowed. */
Lines lines_of(const char *text, size_t len);

/* The next line without its end; false when there is none. */
bool lines_next(Lines *lines, const char **ret_line, size_t *ret_len);
