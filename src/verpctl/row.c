/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON as every command writes it: json-glib builds, one object a line. */
#include "row.h"

#include "policy.h"
#include "text.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

#include <json-glib/json-glib.h>

struct Row {
	JsonBuilder *builder;
};

Row *row_new(void)
{
	Row *row = g_new0(Row, 1);

	row->builder = json_builder_new();
	json_builder_begin_object(row->builder);
	return row;
}

static void name_member(Row *row, const char *name)
{
	if (name != NULL)
		json_builder_set_member_name(row->builder, name);
}

void row_text(Row *row, const char *name, const char *value)
{
	g_autofree char *text = NULL;

	name_member(row, name);
	if (value == NULL) {
		json_builder_add_null_value(row->builder);
		return;
	}
	/* argv and file names are octets; JSON is UTF-8 */
	text = text_utf8(value, strlen(value), SIZE_MAX);
	json_builder_add_string_value(row->builder, text);
}

void row_number(Row *row, const char *name, int64_t value)
{
	name_member(row, name);
	json_builder_add_int_value(row->builder, value);
}

void row_fraction(Row *row, const char *name, double value)
{
	name_member(row, name);
	json_builder_add_double_value(row->builder, value);
}

void row_bool(Row *row, const char *name, bool value)
{
	name_member(row, name);
	json_builder_add_boolean_value(row->builder, value);
}

void row_time(Row *row, const char *name, int64_t at)
{
	g_autofree char *text = NULL;

	if (at == 0) {
		row_text(row, name, NULL);
		return;
	}
	text = at == HOLD_FOREVER ? g_strdup("forever") : time_format(at);
	row_text(row, name, text);
}

void row_open_array(Row *row, const char *name)
{
	name_member(row, name);
	json_builder_begin_array(row->builder);
}

void row_close_array(Row *row)
{
	json_builder_end_array(row->builder);
}

void row_open_object(Row *row, const char *name)
{
	name_member(row, name);
	json_builder_begin_object(row->builder);
}

void row_close_object(Row *row)
{
	json_builder_end_object(row->builder);
}

static bool is_obeyed(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
	       type == G_UNICODE_LINE_SEPARATOR ||
	       type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* json-glib escapes C0 only.  What is left above stands inside strings, where
   an escape may take its place (RFC 8259, 7). */
static void append_character(GString *text, char *p)
{
	gunichar c = g_utf8_get_char(p);

	if (c < 0x7f || !is_obeyed(c))
		g_string_append_len(text, p, g_utf8_skip[(guchar)*p]);
	else if (c < 0x10000)
		g_string_append_printf(text, "\\u%04x", c);
	else
		g_string_append_printf(text, "\\u%04x\\u%04x",
		    0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

/* json-glib writes 0.94 as 0.93999999999999995.  Returns what follows the
   number at P. */
static char *append_number(GString *text, char *p)
{
	size_t len = strspn(p, "+-.0123456789eE");
	char digits[G_ASCII_DTOSTR_BUF_SIZE];

	if (memchr(p, '.', len) != NULL) {
		g_ascii_formatd(digits, sizeof(digits), "%.15g",
		    g_ascii_strtod(p, NULL));
		g_string_append(text, digits);
	} else {
		g_string_append_len(text, p, (gssize)len);
	}
	return p + len;
}

/* Behind what of a string needs no look. */
static char *skip_plain(char *p)
{
	while (*p >= ' ' && *p < 0x7f && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* JSON is not written to, but g_utf8_next_char() casts const away. */
static void append_fit(GString *text, char *json)
{
	bool in_string = false;

	for (char *p = json; *p != '\0';) {
		char *plain = in_string ? skip_plain(p) : p;

		g_string_append_len(text, p, plain - p);
		p = plain;
		if (*p == '\0')
			break;
		if (!in_string && (g_ascii_isdigit(*p) || *p == '-')) {
			p = append_number(text, p);
			continue;
		}
		if (*p == '"')
			in_string = !in_string;
		if (*p == '\\' && p[1] != '\0')
			g_string_append_c(text, *p++);
		append_character(text, p);
		p += g_utf8_skip[(guchar)*p];
	}
}

void row_append(Row *row, GString *text)
{
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *json = NULL;

	json_builder_end_object(row->builder);
	root = json_builder_get_root(row->builder);
	json_generator_set_root(generator, root);
	json = json_generator_to_data(generator, NULL);
	append_fit(text, json);
	g_string_append_c(text, '\n');
	g_object_unref(row->builder);
	g_free(row);
}

void row_print(Row *row)
{
	g_autoptr(GString) text = g_string_new(NULL);

	row_append(row, text);
	/* main() looks at ferror() */
	(void)fwrite(text->str, 1, text->len, stdout);
}
