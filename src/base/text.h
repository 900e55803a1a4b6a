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
