/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON (RFC 8259) as lists have it: where an object ends, without reading it,
   and then its members, flat.  Written for speed and for input of any size; it
   takes a little more than the grammar allows (an extra comma), never less. */

#include "list_private.h"

#include "bounds.h"

#include <string.h>

enum { MAX_DEPTH = 16 };

/* ---- where an object ends ---- */

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p;
}

/* Behind the string whose quote P is on; END if it goes beyond, NULL if a line
   ends in it, which JSON does not allow. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\n')
			return NULL;
		if (*p == '\\')
			p++;
	}
	return end;
}

static Found wrong_until_line_end(const char *bytes, const char *p,
    const char *end, const char *why, size_t *ret_len, const char **ret_wrong)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	*ret_len = (size_t)((lf != NULL ? lf + 1 : end) - bytes);
	*ret_wrong = why;
	return FOUND_WRONG;
}

/* An object that begins a line within another: the other was cut off. */
static bool begins_anew(const char *bytes, const char *p)
{
	const char *before = p;

	if (p == bytes || p[-1] != '\n')
		return false;
	while (before > bytes && (before[-1] == ' ' || before[-1] == '\t' ||
				     before[-1] == '\r' || before[-1] == '\n'))
		before--;
	return before[-1] != ':' && before[-1] != '[' && before[-1] != ',' &&
	       before[-1] != '{';
}

Found json_object(const char *bytes, size_t len, bool is_end, size_t *ret_len,
    bool *ret_wraps, const char **ret_wrong)
{
	const char *end = bytes + MIN(len, (size_t)BOUND_LIST_RECORD);
	const char *p = bytes, *next;
	bool has_address = false;
	unsigned depth = 0;

	*ret_wraps = false;
	is_end = is_end && end == bytes + len;
	while (p < end) {
		switch (*p) {
		case '"':
			next = skip_string(p, end);
			if (next == NULL)
				return wrong_until_line_end(bytes, p, end,
				    "a string is not closed", ret_len,
				    ret_wrong);
			has_address = has_address ||
				      memchr(p, '@', (size_t)(next - p)) !=
					  NULL;
			p = next;
			continue;
		case '[':
			next = skip_blanks(p + 1, end);
			if (next < end && *next == '{' && !has_address) {
				*ret_wraps = true;
				*ret_len = (size_t)(p + 1 - bytes);
				return FOUND_RECORD;
			}
			if (next == end)
				p = end - 1; /* cannot be told yet */
			break;
		case '{':
			if (depth > 0 && begins_anew(bytes, p)) {
				*ret_len = (size_t)(p - bytes);
				*ret_wrong = "an object is not closed";
				return FOUND_WRONG;
			}
			depth++;
			break;
		case '}':
			if (--depth == 0) {
				*ret_len = (size_t)(p + 1 - bytes);
				return FOUND_RECORD;
			}
			break;
		default:
			break;
		}
		p++;
	}
	if (!is_end && end - bytes < BOUND_LIST_RECORD)
		return FOUND_MORE;
	return wrong_until_line_end(bytes, bytes, end,
	    is_end ? "an object is not closed" : "too long", ret_len,
	    ret_wrong);
}

unsigned json_open_brackets(const char *bytes, size_t len)
{
	const char *end = bytes + len;
	unsigned open = 0;

	for (const char *p = bytes; p != NULL && p < end;
	     p = *p == '"' ? skip_string(p, end) : p + 1)
		if (*p == '[' || *p == '{')
			open++;
		else if ((*p == ']' || *p == '}') && open > 0)
			open--;
	return open;
}

/* ---- its members ---- */

typedef struct Parser {
	const char *p;
	const char *end;
	FieldList *list;
	const char *wrong;
	unsigned depth;
} Parser;

static bool fail(Parser *parser, const char *why)
{
	if (parser->wrong == NULL)
		parser->wrong = why;
	return false;
}

static bool take_char(Parser *parser, char c)
{
	parser->p = skip_blanks(parser->p, parser->end);
	if (parser->p == parser->end || *parser->p != c)
		return false;
	parser->p++;
	return true;
}

/* Four hexadecimal digits at P, or -1. */
static int hex4(const char *p, const char *end)
{
	int code = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(p[i]);

		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

/* \uXXXX, a pair of surrogates where it is one; P is behind the "u". */
static bool take_unicode(Parser *parser, GString *out)
{
	int code = hex4(parser->p, parser->end);
	int low;

	if (code < 0)
		return fail(parser, "a wrong \\u in a string");
	parser->p += 4;
	if (code >= 0xd800 && code < 0xdc00 && parser->end - parser->p >= 6 &&
	    parser->p[0] == '\\' && parser->p[1] == 'u') {
		low = hex4(parser->p + 2, parser->end);
		if (low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) +
			       (low - 0xdc00);
			parser->p += 6;
		}
	}
	if ((code >= 0xd800 && code < 0xe000) || code == 0)
		code = 0xfffd;
	g_string_append_unichar(out, (gunichar)code);
	return true;
}

static bool take_escape(Parser *parser, GString *out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *which;

	if (parser->p == parser->end)
		return fail(parser, "a string is not closed");
	if (*parser->p == 'u') {
		parser->p++;
		return take_unicode(parser, out);
	}
	which = *parser->p != '\0' ? strchr(from, *parser->p) : NULL;
	if (which == NULL)
		return fail(parser, "a wrong escape in a string");
	g_string_append_c(out, to[which - from]);
	parser->p++;
	return true;
}

/* string = quotation-mark *char quotation-mark; appended to OUT. */
static bool take_string(Parser *parser, GString *out)
{
	if (!take_char(parser, '"'))
		return fail(parser, "a string is missing");
	while (parser->p < parser->end) {
		const char *start = parser->p;

		while (parser->p < parser->end && *parser->p != '"' &&
		       *parser->p != '\\')
			parser->p++;
		g_string_append_len(out, start, parser->p - start);
		if (parser->p == parser->end)
			break;
		if (*parser->p++ == '"')
			return true;
		if (!take_escape(parser, out))
			return false;
	}
	return fail(parser, "a string is not closed");
}

static bool take_value(Parser *parser, const char *name);

static bool take_member(Parser *parser)
{
	g_autoptr(GString) raw = g_string_new(NULL);
	g_autoptr(GString) name = g_string_new(NULL);

	if (!take_string(parser, raw))
		return false;
	if (!take_char(parser, ':'))
		return fail(parser, "a colon is missing");
	name_append(name, raw->str, raw->len);
	return take_value(parser, name->str);
}

/* What is between the brackets, the first of which was taken. */
static bool take_items(Parser *parser, char close, const char *name)
{
	if (++parser->depth > MAX_DEPTH)
		return fail(parser, "objects too deep in one another");
	while (!take_char(parser, close)) {
		if (close == '}' ? !take_member(parser)
				 : !take_value(parser, name))
			return false;
		if (take_char(parser, ','))
			continue;
		if (!take_char(parser, close))
			return fail(parser, "a comma or bracket is missing");
		break;
	}
	parser->depth--;
	return true;
}

/* number, true, false, null. */
static bool take_word(Parser *parser, const char *name)
{
	const char *start = parser->p;

	while (parser->p < parser->end &&
	       (g_ascii_isalnum(*parser->p) ||
		   strchr("+-.", *parser->p) != NULL) &&
	       *parser->p != '\0')
		parser->p++;
	if (parser->p == start)
		return fail(parser, "a value is missing");
	if (parser->p - start != 4 || memcmp(start, "null", 4) != 0)
		field_list_add(parser->list, name, parser->depth, start,
		    (size_t)(parser->p - start));
	return true;
}

static bool take_value(Parser *parser, const char *name)
{
	GString *scratch = parser->list->scratch;
	size_t offset = scratch->len;

	if (take_char(parser, '{'))
		return take_items(parser, '}', name);
	if (take_char(parser, '['))
		return take_items(parser, ']', name);
	if (parser->p == parser->end)
		return fail(parser, "a value is missing");
	if (*parser->p != '"')
		return take_word(parser, name);
	if (!take_string(parser, scratch))
		return false;
	field_list_add_scratch(parser->list, name, parser->depth, offset);
	return true;
}

const char *json_members(const char *bytes, size_t len, FieldList *list)
{
	Parser parser = { bytes, bytes + len, list, NULL, 0 };

	if (!take_char(&parser, '{'))
		return "not an object";
	if (!take_items(&parser, '}', ""))
		return parser.wrong;
	parser.p = skip_blanks(parser.p, parser.end);
	return parser.p == parser.end ? NULL : "something behind the object";
}
