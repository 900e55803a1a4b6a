/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <string.h>

#include <glib.h>

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
