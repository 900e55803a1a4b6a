/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Which of several hundred patterns can be in a text at all?  Most need some
   literals; one pass over the text finds every literal there is. */
typedef struct LiteralFilter LiteralFilter;

LiteralFilter *literal_filter_new(void);
void literal_filter_free(LiteralFilter *filter);

/* LITERAL (LITERAL_MIN octets or more, in any case) is to report ID. */
#define LITERAL_MIN 3
void literal_filter_add(LiteralFilter *filter, const char *literal,
    unsigned id);

/* What PATTERN (PCRE2, caseless) requires is to report ID.  False when it
   requires nothing that can be looked for: any text may match. */
bool literal_filter_add_pattern(LiteralFilter *filter, const char *pattern,
    unsigned id);

/* Sets in HITS the bit of every ID that TEXT (valid UTF-8) is worth a try
   for. */
void literal_filter_scan(const LiteralFilter *filter, const char *text,
    size_t len, uint8_t *hits);

/* The same for all characters that PCRE2 takes for one without regard to
   case, be there two of them or three. */
static inline gunichar literal_fold_char(gunichar c)
{
	return g_unichar_tolower(g_unichar_toupper(c));
}

static inline void literal_set_hit(uint8_t *hits, unsigned id)
{
	hits[id / 8] |= (uint8_t)(1U << (id % 8));
}

static inline bool literal_is_hit(const uint8_t *hits, unsigned id)
{
	return (hits[id / 8] >> (id % 8)) & 1;
}

/* The first of bits ID to END in HITS that is set, or END. */
unsigned literal_next_hit(const uint8_t *hits, unsigned id, unsigned end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LiteralFilter, literal_filter_free)
