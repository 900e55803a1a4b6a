/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Globs as rules use them for host names and domains. */

#include "wildcard.h"

#include "text.h"

#include <stddef.h>
#include <string.h>

/* Whether what follows the last "*" of PATTERN can end TEXT: nearly all globs
   are "*.example.org", and nearly none fits. */
static bool tail_fits(const char *pattern, const char *text)
{
	size_t p = strlen(pattern), t = strlen(text);

	while (p > 0 && pattern[p - 1] != '*') {
		if (t == 0)
			return false;
		p--;
		t--;
		if (pattern[p] != '?' &&
		    text_lower(pattern[p]) != text_lower(text[t]))
			return false;
	}
	return p > 0 || t == 0;
}

bool wildcard_match(const char *pattern, const char *text)
{
	const char *star = NULL;  /* behind the last "*" seen */
	const char *retry = NULL; /* where in TEXT it is to end next */

	if (!tail_fits(pattern, text))
		return false;
	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == '?' ||
			   (*pattern != '\0' &&
			       text_lower(*pattern) == text_lower(*text))) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
