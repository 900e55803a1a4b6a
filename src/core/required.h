/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a text must have in it for a pattern to match.  A pattern matches in
   one of several ways (its outermost alternatives); each way has sets of
   literals, and of every set one literal is in the text. */
typedef struct Required {
	unsigned way; /* from 0, ascending */
	unsigned set; /* of that way, from 0, ascending */
	char *text;   /* folded, LITERAL_MIN octets or more */
} Required;

/* No way has more sets; those that say least are left out. */
#define REQUIRED_SETS 8

/* Of Required, for PATTERN (PCRE2, caseless).  NULL when a way requires
   nothing, or the pattern is beyond this reader: any text may match. */
GArray *required_read(const char *pattern);
