/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <string.h>

#include <glib.h>

#include "text.h"

/* Word lists are in lower case and have "'" for every apostrophe. */

/* LEN octets of TEXT, or all for -1, as such lists want them.  g_free() it. */
static inline char *words_fold(const char *text, gssize len)
{
	static const char curly[] = "\xe2\x80\x99"; /* U+2019 */
	size_t octets = len < 0 ? strlen(text) : (size_t)len;
	char *folded;
	char *to;

	if (text_ascii_span(text, octets) == octets) {
		folded = g_strndup(text, octets);
		for (to = folded; *to != '\0'; to++)
			*to = text_lower(*to);
		return folded;
	}
	to = folded = g_utf8_strdown(text, len);
	if (strstr(folded, curly) == NULL)
		return folded;
	for (const char *from = folded; *from != '\0';) {
		bool is_curly = g_str_has_prefix(from, curly);

		*to++ = is_curly ? '\'' : *from;
		from += is_curly ? sizeof(curly) - 1 : 1;
	}
	*to = '\0';
	return folded;
}

/* White space of TEXT becomes runs of one blank, in place. */
static inline void words_squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (!g_ascii_isspace(*from))
			*to++ = *from;
		else if (to == text || to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
}

/* As words_fold(), and squeezed: a phrase may be broken over lines.  g_free()
   it. */
static inline char *words_flatten(const char *text, gssize len)
{
	char *folded = words_fold(text, len);

	words_squeeze(folded);
	return folded;
}

static inline bool word_begins(const char *text, const char *word)
{
	/* hardly any does */
	return *text == *word && g_str_has_prefix(text, word);
}

/* Whether TEXT contains, or begins with, any of N words. */

static inline bool words_in(const char *text, const char *const *words,
    unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

static inline bool words_begin(const char *text, const char *const *words,
    unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (word_begins(text, words[i]))
			return true;
	return false;
}
