/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a text must have in it for a pattern to match.  A pattern matches in
   one of several ways (its outermost alternatives); each way has sets of
   literals, and of every set one literal is in the text. */
typedef struct Required {
	unsigned way; /* from 0, ascending */
	unsigned set; /* of that way, from 0, ascending */
	size_t at;    /* of required_text() */
} Required;

/* No way has more sets; those that say least are left out. */
#define REQUIRED_SETS 8

typedef struct RequiredReader RequiredReader;

RequiredReader *required_reader_new(void);
void required_reader_free(RequiredReader *reader);

/* Of Required, for PATTERN (PCRE2, caseless).  NULL when a way requires
   nothing, or the pattern is beyond this reader: any text may match.  Lent
   until the next is read. */
const GArray *required_read(RequiredReader *reader, const char *pattern);
/* One of these literals: folded, LITERAL_MIN octets or more. */
const char *required_text(const RequiredReader *reader,
    const Required *required);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RequiredReader, required_reader_free)
