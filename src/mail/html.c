/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* HTML to words, for reports that are written in nothing else.  Not a parser:
   a report's words, in their order, is all that anyone wants of it. */

#include "html.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

typedef struct Words {
	GString *text;
	bool is_blank_due; /* white space was seen and not yet written */
	bool is_line_due;
	bool is_pre; /* lines are as they are */
} Words;

static void words_append(Words *words, const char *c, size_t len)
{
	if (words->text->len > 0) {
		if (words->is_line_due)
			g_string_append_c(words->text, '\n');
		else if (words->is_blank_due)
			g_string_append_c(words->text, ' ');
	}
	words->is_line_due = false;
	words->is_blank_due = false;
	g_string_append_len(words->text, c, (gssize)len);
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
		words->is_line_due = true;
	if (len == 3 && g_ascii_strncasecmp(name, "pre", 3) == 0)
		words->is_pre = !is_end;
	if (!is_end &&
	    ((len == 6 && !g_ascii_strncasecmp(name, "script", 6)) ||
		(len == 5 && !g_ascii_strncasecmp(name, "style", 5))))
		return skip_element(close + 1, name, len);
	return close + 1;
}

/* P is at "&".  Returns what follows the reference. */
static const char *read_reference(Words *words, const char *p)
{
	static const struct {
		const char *name;
		const char *text;
	} entities[] = {
		{ "amp;", "&" },
		{ "lt;", "<" },
		{ "gt;", ">" },
		{ "quot;", "\"" },
		{ "apos;", "'" },
	};
	gunichar c = 0;
	char *end = NULL;
	char utf8[6];

	for (unsigned i = 0; i < G_N_ELEMENTS(entities); i++) {
		size_t len = strlen(entities[i].name);

		if (g_ascii_strncasecmp(p + 1, entities[i].name, len) == 0) {
			words_append(words, entities[i].text, 1);
			return p + 1 + len;
		}
	}
	if (g_ascii_strncasecmp(p + 1, "nbsp;", 5) == 0) {
		words->is_blank_due = true;
		return p + 6;
	}
	if (p[1] == '#' && g_ascii_isdigit(p[2]))
		c = (gunichar)g_ascii_strtoull(p + 2, &end, 10);
	else if (p[1] == '#' && (p[2] == 'x' || p[2] == 'X') &&
		 g_ascii_isxdigit(p[3]))
		c = (gunichar)g_ascii_strtoull(p + 3, &end, 16);
	if (end == NULL || c == 0 || !g_unichar_validate(c)) {
		words_append(words, "&", 1);
		return p + 1;
	}
	if (g_unichar_isspace(c) || c == 0xa0)
		words->is_blank_due = true;
	else
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
			words.is_blank_due = true;
			if (words.is_pre && *p == '\n')
				words.is_line_due = true;
			p++;
		} else {
			words_append(&words, p, 1);
			p++;
		}
	}
	g_string_append_c(words.text, '\n');
	return g_string_free(words.text, FALSE);
}
