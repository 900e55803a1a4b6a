/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gateways write another boundary into the header than into the body, fold the
   header so that it is lost, or leave the header out.  The body shows it: a
   line of dashes with the header of a part below. */

#include "boundary.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

enum {
	PREAMBLE_LINES = 4, /* "This is a multi-part message in MIME format." */
	BOUNDARY_OCTETS = 200,
};

/* The octets of LINE's boundary, 0 if it is no delimiter.  Blanks at its end
   are padding (RFC 2046, 5.1.1). */
static size_t delimiter_len(const char *line, size_t len)
{
	if (len < 3 || line[0] != '-' || line[1] != '-')
		return 0;
	while (len > 2 && g_ascii_isspace(line[len - 1]))
		len--;
	for (size_t i = 2; i < len; i++)
		if (!g_ascii_isgraph(line[i]) || line[i] == '"' ||
		    line[i] == '\\')
			return 0;
	return len - 2 <= BOUNDARY_OCTETS ? len - 2 : 0;
}

static bool is_part_header(const char *line, size_t len)
{
	return len > 8 && g_ascii_strncasecmp(line, "Content-", 8) == 0;
}

char *boundary_guess(const char *body, size_t len)
{
	const char *end = body + len;
	unsigned n_lines = 0;

	for (const char *line = body;
	     line < end && n_lines <= PREAMBLE_LINES;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t found;

		if (stop == NULL)
			return NULL;
		found = delimiter_len(line, (size_t)(stop - line));
		if (found > 0 &&
		    is_part_header(stop + 1, (size_t)(end - stop - 1)))
			return g_strndup(line + 2, found);
		n_lines += stop > line;
		line = stop + 1;
	}
	return NULL;
}
