/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Which of several hundred patterns can be in a text at all?  Most need some
   literal; one pass over the text finds every literal there is. */

/* The literals of which at least one is in whatever PATTERN (a PCRE2 pattern,
   caseless) matches, in lower case: of char *, g_free.  NULL when there is no
   such set of long enough ones, or the pattern is beyond this reader. */
GPtrArray *literals_required(const char *pattern);

typedef struct LiteralFilter LiteralFilter;

LiteralFilter *literal_filter_new(void);
void literal_filter_free(LiteralFilter *filter);

/* LITERAL (LITERAL_MIN octets or more) is to report ID. */
#define LITERAL_MIN 3
void literal_filter_add(LiteralFilter *filter, const char *literal,
    unsigned id);

/* Sets bit ID in HITS for every literal found in TEXT, ASCII letters in either
   case. */
void literal_filter_scan(const LiteralFilter *filter, const char *text,
    size_t len, uint8_t *hits);

static inline bool literal_is_hit(const uint8_t *hits, unsigned id)
{
	return (hits[id / 8] >> (id % 8)) & 1;
}

/* The first of bits ID to END in HITS that is set, or END. */
unsigned literal_next_hit(const uint8_t *hits, unsigned id, unsigned end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LiteralFilter, literal_filter_free)
