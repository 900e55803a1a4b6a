/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
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

/* The character at P, and how long it is; a bad octet is U+FFFD. */
static gunichar character_at(const char *p, const char *end, size_t *ret_len)
{
	gunichar c = (unsigned char)*p;

	*ret_len = 1;
	if (c != 0 && c < 0x80)
		return c;
	c = c != 0 ? g_utf8_get_char_validated(p, end - p) : (gunichar)-1;
	if (c == (gunichar)-1 || c == (gunichar)-2)
		return 0xfffd;
	*ret_len = (size_t)g_utf8_skip[(unsigned char)*p];
	return c;
}

/* How many octets of TEXT are one character each that is printed as it is, and
   no blank. */
static size_t graphic_span(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] > ' ' && text[i] < 0x7f)
		i++;
	return i;
}

char *text_printable(const char *text, size_t len, size_t max)
{
	GString *line = g_string_sized_new(MIN(len, max) + 8);
	const char *end = text + len;
	bool is_blank_due = false;
	size_t step;

	for (const char *p = text; p < end && line->len <= max; p += step) {
		gunichar c = character_at(p, end, &step);

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			is_blank_due = line->len > 0;
			continue;
		}
		if (is_blank_due)
			g_string_append_c(line, ' ');
		is_blank_due = false;
		if (is_unprintable(c)) {
			g_string_append_c(line, '?');
		} else if (c >= 0x80) {
			g_string_append_unichar(line, c);
		} else {
			step = graphic_span(p, MIN((size_t)(end - p), max + 1));
			g_string_append_len(line, p, (gssize)step);
		}
	}
	cut_at_character(line, max);
	return g_string_free(line, FALSE);
}

size_t text_ascii_span(const char *text, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;

	/* eight at a time: a borrow into a high bit shows a NUL */
	for (uint64_t word; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, text + i, sizeof(word));
		if (((word | (word - ones)) & ones << 7) != 0)
			break;
	}
	while (i < len && text[i] != '\0' && (unsigned char)text[i] < 0x80)
		i++;
	return i;
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
	if (text_ascii_span(text, keep) == keep)
		return g_strndup(text, keep);
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
