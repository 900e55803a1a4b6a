/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* HTML to words, for reports that are written in nothing else.  Not a parser:
   a report's words, in their order, is all that anyone wants of it. */

#include "html.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

typedef struct Words {
	GString *text;
	unsigned blanks_due; /* white space was seen and not yet written */
	unsigned lines_due;
	bool is_pre; /* lines are as they are, empty and indented ones, too */
} Words;

enum { BLANKS = 40, LINES = 2 }; /* as many are kept */

static void words_append(Words *words, const char *c, size_t len)
{
	bool is_begun = words->text->len > 0;
	unsigned blanks = words->lines_due == 0 || words->is_pre
			      ? words->blanks_due
			      : 0;

	for (unsigned i = 0; is_begun && i < words->lines_due; i++)
		g_string_append_c(words->text, '\n');
	for (unsigned i = 0; is_begun && i < blanks; i++)
		g_string_append_c(words->text, ' ');
	words->lines_due = 0;
	words->blanks_due = 0;
	g_string_append_len(words->text, c, (gssize)len);
}

static void words_space(Words *words, char c)
{
	if (!words->is_pre) {
		words->blanks_due = 1;
	} else if (c == '\n') {
		words->lines_due = MIN(words->lines_due + 1, LINES);
		words->blanks_due = 0;
	} else if (c != '\r') {
		words->blanks_due = MIN(words->blanks_due + 1, BLANKS);
	}
}

/* Elements that begin a line of their own. */
static bool is_block(const char *name, size_t len)
{
	static const char *const blocks[] = { "address", "blockquote", "body",
		"br", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4",
		"h5", "h6", "head", "hr", "html", "li", "ol", "p", "pre",
		"table", "td", "th", "title", "tr", "ul" };

	for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++)
		if (strlen(blocks[i]) == len &&
		    g_ascii_strncasecmp(name, blocks[i], len) == 0)
			return true;
	return false;
}

static size_t name_length(const char *name)
{
	size_t len = 0;

	while (g_ascii_isalnum(name[len]))
		len++;
	return len;
}

/* Behind "</NAME ...>", or at the text's end. */
static const char *skip_element(const char *p, const char *name, size_t len)
{
	while ((p = strstr(p, "</")) != NULL) {
		p += 2;
		if (g_ascii_strncasecmp(p, name, len) == 0) {
			const char *close = strchr(p, '>');

			return close != NULL ? close + 1 : p + strlen(p);
		}
	}
	return name + strlen(name);
}

/* P is at "<".  Returns what follows the tag; a "<" that opens none is text. */
static const char *read_tag(Words *words, const char *p)
{
	bool is_end = p[1] == '/';
	const char *name = p + 1 + is_end;
	size_t len = name_length(name);
	const char *close;

	if (strncmp(p, "<!--", 4) == 0) {
		close = strstr(p + 4, "-->");
		return close != NULL ? close + 3 : p + strlen(p);
	}
	if (len == 0 && p[1] != '!' && p[1] != '?') {
		words_append(words, "<", 1);
		return p + 1;
	}
	close = strchr(p, '>');
	if (close == NULL)
		return p + strlen(p);
	if (memchr(p, '@', (size_t)(close - p)) != NULL &&
	    memchr(p, '=', (size_t)(close - p)) == NULL) {
		/* <ana@example.org>: an address whose brackets nobody
		   escaped, not an element */
		words_append(words, p, (size_t)(close + 1 - p));
		return close + 1;
	}
	if (is_block(name, len))
		words->lines_due = MAX(words->lines_due, 1);
	if (len == 3 && g_ascii_strncasecmp(name, "pre", 3) == 0)
		words->is_pre = !is_end;
	if (!is_end &&
	    ((len == 6 && !g_ascii_strncasecmp(name, "script", 6)) ||
		(len == 5 && !g_ascii_strncasecmp(name, "style", 5))))
		return skip_element(close + 1, name, len);
	return close + 1;
}

/* HTML 4's names of U+00A0 and what follows. */
static const char *const latin_names[] = { "nbsp", "iexcl", "cent", "pound",
	"curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
	"not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute",
	"micro", "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14",
	"frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde",
	"Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml",
	"Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
	"Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave",
	"Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave",
	"aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
	"egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
	"iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
	"divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute",
	"thorn", "yuml" };

static const struct {
	const char *name;
	gunichar c;
} other_names[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' },
	{ "quot", '"' }, { "apos", '\'' }, { "OElig", 0x152 },
	{ "oelig", 0x153 }, { "Scaron", 0x160 }, { "scaron", 0x161 },
	{ "ndash", 0x2013 }, { "mdash", 0x2014 }, { "lsquo", 0x2018 },
	{ "rsquo", 0x2019 }, { "sbquo", 0x201a }, { "ldquo", 0x201c },
	{ "rdquo", 0x201d }, { "bdquo", 0x201e }, { "bull", 0x2022 },
	{ "hellip", 0x2026 }, { "euro", 0x20ac }, { "trade", 0x2122 } };

/* The character that LEN octets at NAME stand for, or 0.  Case tells letters
   apart; the rest may be shouted. */
static gunichar named_character(const char *name, size_t len)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(other_names); i++)
		if (strlen(other_names[i].name) == len &&
		    (strncmp(name, other_names[i].name, len) == 0 ||
			(other_names[i].c < 0x80 &&
			    g_ascii_strncasecmp(name, other_names[i].name,
				len) == 0)))
			return other_names[i].c;
	for (unsigned i = 0; i < G_N_ELEMENTS(latin_names); i++)
		if (strlen(latin_names[i]) == len &&
		    strncmp(name, latin_names[i], len) == 0)
			return 0xa0 + i;
	return len == 4 && g_ascii_strncasecmp(name, "nbsp", 4) == 0 ? 0xa0 : 0;
}

/* P is at "&".  Returns what follows the reference. */
static const char *read_reference(Words *words, const char *p)
{
	size_t len = name_length(p + 1);
	gunichar c = 0;
	const char *end = NULL;
	char *digits_end = NULL;
	char utf8[6];

	if (p[1] == '#' && g_ascii_isdigit(p[2])) {
		c = (gunichar)g_ascii_strtoull(p + 2, &digits_end, 10);
		end = digits_end;
	} else if (p[1] == '#' && (p[2] == 'x' || p[2] == 'X') &&
		   g_ascii_isxdigit(p[3])) {
		c = (gunichar)g_ascii_strtoull(p + 3, &digits_end, 16);
		end = digits_end;
	} else if (p[1 + len] == ';') {
		c = named_character(p + 1, len);
		end = p + 1 + len;
	}
	if (end == NULL || c == 0 || !g_unichar_validate(c)) {
		words_append(words, "&", 1);
		return p + 1;
	}
	if (g_unichar_isspace(c) || c == 0xa0)
		words_space(words, ' ');
	else if (c != 0xad) /* where a word may be broken */
		words_append(words, utf8, (size_t)g_unichar_to_utf8(c, utf8));
	return *end == ';' ? end + 1 : end;
}

char *html_words(const char *html)
{
	Words words = { .text = g_string_sized_new(strlen(html) / 2) };
	const char *p = html;

	while (*p != '\0') {
		if (*p == '<') {
			p = read_tag(&words, p);
		} else if (*p == '&') {
			p = read_reference(&words, p);
		} else if (g_ascii_isspace(*p)) {
			words_space(&words, *p++);
		} else {
			words_append(&words, p, 1);
			p++;
		}
	}
	g_string_append_c(words.text, '\n');
	return g_string_free(words.text, FALSE);
}
