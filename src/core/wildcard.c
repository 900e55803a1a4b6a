/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Globs as rules use them for host names and domains. */

#include "wildcard.h"

#include <stddef.h>

#include <glib.h>

bool wildcard_match(const char *pattern, const char *text)
{
	const char *star = NULL;  /* behind the last "*" seen */
	const char *retry = NULL; /* where in TEXT it is to end next */

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == '?' ||
			   (*pattern != '\0' && g_ascii_tolower(*pattern) ==
						    g_ascii_tolower(*text))) {
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
