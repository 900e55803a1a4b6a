/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any charset to UTF-8. */

#include "charset.h"

#include "bounds.h"
#include "charset_guess.h"
#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <gmime/gmime.h>

/* Names go to iconv(3), which has been taught too many tricks ("//IGNORE",
   paths): only those that a registry could hold. */
static bool is_plain_name(const char *charset)
{
	size_t len = strlen(charset);

	if (len == 0 || len > 40)
		return false;
	for (const char *c = charset; *c != '\0'; c++)
		if (!g_ascii_isalnum(*c) && strchr("-_.:+", *c) == NULL)
			return false;
	return true;
}

static bool is_unicode(const char *charset)
{
	return g_ascii_strcasecmp(charset, "utf-8") == 0 ||
	       g_ascii_strcasecmp(charset, "utf8") == 0;
}

/* What many programs say when they have not asked themselves. */
static bool is_unsaid(const char *charset)
{
	return *charset == '\0' ||
	       g_ascii_strcasecmp(charset, "us-ascii") == 0 ||
	       g_ascii_strcasecmp(charset, "ascii") == 0 ||
	       g_ascii_strcasecmp(charset, "unknown-8bit") == 0;
}

/* Those of Western mail, in which ASCII is ASCII: most of it is nothing else. */
static bool has_ascii(const char *charset)
{
	return g_ascii_strncasecmp(charset, "iso-8859-", 9) == 0 ||
	       g_ascii_strncasecmp(charset, "windows-125", 11) == 0;
}

/* ESC "$" "B" and its like: nothing else has them (RFC 1468). */
static bool is_iso_2022_jp(const char *bytes, size_t len)
{
	const char *end = bytes + len;
	const char *p = bytes;

	while ((p = memchr(p, 0x1b, (size_t)(end - p))) != NULL) {
		if (end - p >= 3 && p[1] == '$' && (p[2] == 'B' || p[2] == '@'))
			return true;
		p++;
	}
	return false;
}

/* Takes what is ASCII at *IN as it is; returns how much is not, behind it. */
static size_t skip_ascii(GString *text, char **in, size_t *in_left)
{
	size_t len = text_ascii_span(*in, *in_left);

	g_string_append_len(text, *in, (gssize)len);
	*in += len;
	*in_left -= len;
	len = 0;
	while (len < *in_left &&
	       ((unsigned char)(*in)[len] >= 0x80 || (*in)[len] == '\0'))
		len++;
	return len;
}

/* iconv(3) in pieces, so that a bad sequence costs one U+FFFD, not all; and,
   where ASCII IS_ASCII, only on what is not. */
static char *convert(GIConv converter, const char *bytes, size_t len,
    bool is_ascii, size_t max)
{
	g_autoptr(GString) text = g_string_sized_new(MIN(len, max) + 16);
	char piece[1024];
	/* g_iconv() does not write to its input */
	char *in = (char *)(guintptr)bytes;
	gsize in_left = len;

	while (in_left > 0 && text->len <= max) {
		gsize run = is_ascii ? skip_ascii(text, &in, &in_left)
				     : in_left;
		gsize run_left = run;
		char *out = piece;
		gsize out_left = sizeof(piece);
		gsize n = g_iconv(converter, &in, &run_left, &out, &out_left);
		int code = n == (gsize)-1 ? errno : 0;

		g_string_append_len(text, piece, out - piece);
		in_left -= run - run_left;
		if (code == EINVAL)
			break;
		if (code == EILSEQ && in_left > 0) {
			g_string_append(text, "\xef\xbf\xbd");
			in++;
			in_left--;
		} else if (code != 0 && code != E2BIG) {
			break;
		}
	}
	return text_utf8(text->str, text->len, max);
}

static char *convert_from(const char *charset, const char *bytes, size_t len,
    size_t max)
{
	const char *name = g_mime_charset_iconv_name(charset);
	GIConv converter;
	char *text;

	if (name == NULL)
		return NULL;
	converter = g_iconv_open("UTF-8", name);
	if (converter == (GIConv)-1)
		return NULL;
	text = convert(converter, bytes, len, has_ascii(charset), max);
	g_iconv_close(converter);
	return text;
}

static char *guess(const char *bytes, size_t len, size_t max)
{
	const char *charset = NULL;
	char *text = NULL;

	if (is_iso_2022_jp(bytes, len))
		charset = "iso-2022-jp";
	else if (text_ascii_span(bytes, len) < len &&
		 !g_utf8_validate(bytes, (gssize)len, NULL) &&
		 memchr(bytes, '\0', len) == NULL)
		charset = charset_guess(bytes, len);
	if (charset != NULL)
		text = convert_from(charset, bytes, len, max);
	return text != NULL ? text : text_utf8(bytes, len, max);
}

char *charset_decode(const char *bytes, size_t len, const char *charset,
    size_t max)
{
	char *text = NULL;

	if (len == 0)
		return g_strdup("");
	/* what is UTF-8 by its octets is nothing else by chance */
	if (is_unicode(charset) ||
	    (has_ascii(charset) && g_utf8_validate(bytes, (gssize)len, NULL)))
		return text_utf8(bytes, len, max);
	if (!is_unsaid(charset) && is_plain_name(charset))
		text = convert_from(charset, bytes, len, max);
	return text != NULL ? text : guess(bytes, len, max);
}

/* "An 'encoded-word' MUST NOT appear in any portion of an 'addr-spec'" (RFC
   2047, 5): what looks like one there was sent as it stands, and is no other
   address. */
static bool has_encoded_address(const char *text)
{
	return strstr(text, "?=@") != NULL;
}

char *charset_decode_field(const char *value, size_t len)
{
	g_autofree char *text = charset_decode(value, len, "", BOUND_FIELD);

	if (strstr(text, "=?") != NULL && !has_encoded_address(text)) {
		g_autofree char *raw = g_steal_pointer(&text);

		text = g_mime_utils_header_decode_text(NULL, raw);
	}
	return text_printable(text, strlen(text), BOUND_FIELD);
}
