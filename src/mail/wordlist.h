/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <string.h>

#include <glib.h>

/* Word lists are in lower case and have "'" for every apostrophe. */

/* LEN octets of TEXT, or all for -1, as such lists want them.  g_free() it. */
static inline char *words_fold(const char *text, gssize len)
{
	static const char curly[] = "\xe2\x80\x99"; /* U+2019 */
	char *folded = g_utf8_strdown(text, len);
	char *to = folded;

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
		if (g_str_has_prefix(text, words[i]))
			return true;
	return false;
}
