/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/* A PCRE2 pattern, compiled once and shared by threads; by JIT when it has been
   tried a few times. */
typedef struct Pattern Pattern;

/* What a match needs besides: one for each thread, or each call. */
typedef struct PatternRoom PatternRoom;

/* NULL with VP_ERROR_SYNTAX and what PCRE2 says of it.  Letters match in
   either case. */
Pattern *pattern_new(const char *text, GError **error);
/* Compiled when it is first tried, which ends the process if it cannot be: for
   what is known to compile. */
Pattern *pattern_new_late(const char *text);
void pattern_free(Pattern *pattern);
const char *pattern_text(const Pattern *pattern);

PatternRoom *pattern_room_new(void);
void pattern_room_free(PatternRoom *room);

/* Whether PATTERN is found in LEN octets of valid UTF-8 at TEXT, and where.  A match that
   reaches a bound of bounds.h is none. */
bool pattern_find(const Pattern *pattern, PatternRoom *room, const char *text,
    size_t len, size_t *ret_start, size_t *ret_end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pattern, pattern_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PatternRoom, pattern_room_free)
