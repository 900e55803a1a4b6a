/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <stdbool.h>
#include <string.h>

/* What a terminal may obey, or a reader be deceived by. */
static bool is_unprintable(gunichar c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return true;
	if (c == 0x2028 || c == 0x2029) /* line and paragraph separators */
		return true;
	/* bidirectional controls: UAX 9, 2.1 to 2.5 */
	return c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void cut_at_character(GString *text, size_t max)
{
	static const char dots[] = "...";
	size_t keep;

	if (text->len <= max)
		return;
	keep = max > strlen(dots) ? max - strlen(dots) : 0;
	while (keep > 0 && ((unsigned char)text->str[keep] & 0xc0) == 0x80)
		keep--;
	g_string_truncate(text, keep);
	if (max > strlen(dots))
		g_string_append(text, dots);
}

char *text_printable(const char *text, size_t len, size_t max)
{
	/* enough for MAX octets even if all of them are bad bytes */
	g_autofree char *valid = text_utf8(text, len, max * 4 + 16);
	g_autoptr(GString) line = g_string_sized_new(MIN(len, max) + 4);
	bool after_blank = true;

	for (char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			if (!after_blank)
				g_string_append_c(line, ' ');
			after_blank = true;
			continue;
		}
		after_blank = false;
		if (is_unprintable(c))
			g_string_append_c(line, '?');
		else
			g_string_append_unichar(line, c);
	}
	if (line->len > 0 && line->str[line->len - 1] == ' ')
		g_string_truncate(line, line->len - 1);
	cut_at_character(line, max);
	return g_string_free(g_steal_pointer(&line), FALSE);
}

char *text_utf8(const char *text, size_t len, size_t max)
{
	size_t keep = MIN(len, max);
	char *valid;

	while (keep > 0 && keep < len &&
	       ((unsigned char)text[keep] & 0xc0) == 0x80)
		keep--;
	if (keep == 0)
		return g_strdup("");
	valid = g_utf8_make_valid(text, (gssize)keep);
	if (strlen(valid) > max) {
		/* U+FFFD is longer than the octet it stands for */
		size_t cut = max;

		while (cut > 0 && ((unsigned char)valid[cut] & 0xc0) == 0x80)
			cut--;
		valid[cut] = '\0';
	}
	return valid;
}

const char *text_or_empty(const char *text)
{
	return text != NULL ? text : "";
}

void text_take(char **text, char *value)
{
	g_free(*text);
	*text = value;
}
