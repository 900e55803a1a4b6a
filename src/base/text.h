/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include <glib.h>

/* Text from mail is written by strangers.  Whatever leaves for a log, a
   terminal or a reply goes through here. */

/* TEXT (LEN octets, NUL allowed) as valid UTF-8 on one line that no terminal
   obeys: C0, DEL, C1, line and paragraph separators and bidirectional controls
   (Unicode TR 36) become "?", runs of white space one blank; cut to at most
   MAX octets at a character's end, with "..." when cut.  g_free() it. */
char *text_printable(const char *text, size_t len, size_t max);

/* LEN octets as valid UTF-8, nothing else changed but NUL and bad sequences,
   which become U+FFFD; cut at a character's end to at most MAX octets.  Never
   NULL.  g_free() it. */
char *text_utf8(const char *text, size_t len, size_t max);

/* How many octets TEXT begins with that are ASCII and not NUL, of LEN. */
size_t text_ascii_span(const char *text, size_t len);

/* The ASCII character that C is drawn like: blanks of any width, hyphens, letters,
   digits and "@" as wide as Chinese ones; any other is itself. */
static inline gunichar text_plain(gunichar c)
{
	if (c < 0xa0)
		return c;
	if (c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f ||
	    c == 0x205f)
		return ' ';
	if (c == 0x2010 || c == 0x2011)
		return '-';
	if ((c >= 0xff10 && c <= 0xff19) || (c >= 0xff21 && c <= 0xff3a) ||
	    (c >= 0xff41 && c <= 0xff5a) || c == 0xff20)
		return c - 0xfee0;
	return c;
}

/* "" for NULL: absent text is never NULL inside our structs. */
const char *text_or_empty(const char *text);

/* Frees *TEXT and puts VALUE there, which is taken. */
void text_take(char **text, char *value);

/* g_ascii_tolower() in line: it is asked for every octet of every text. */
static inline char text_lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	return c;
}
