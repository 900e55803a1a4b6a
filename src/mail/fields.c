/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reader of field groups.  It takes what stands there: any of LF, CR and
   CRLF ends a line, blank lines part groups, a line that is indented deeper than
   the field before continues it, and a line that is no field is skipped. */

#include "fields.h"

#include "bounds.h"
#include "charset.h"

static void field_free(Field *field)
{
	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

static void group_free(FieldGroup *group)
{
	g_ptr_array_unref(group->fields);
	g_free(group);
}

void fields_free(Fields *fields)
{
	if (fields == NULL)
		return;
	g_ptr_array_unref(fields->groups);
	g_free(fields);
}

typedef struct Reader {
	Fields *fields;
	FieldGroup *group; /* NULL between groups */
	char *name;        /* of the field being read, or NULL */
	size_t indent;     /* of its first line: some programs indent all */
	GString *value;
	bool is_header;
} Reader;

static void end_field(Reader *reader)
{
	Field *field;

	if (reader->name == NULL)
		return;
	if (reader->group == NULL) {
		reader->group = g_new0(FieldGroup, 1);
		reader->group->fields =
		    g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
		g_ptr_array_add(reader->fields->groups, reader->group);
	}
	field = g_new0(Field, 1);
	field->name = g_steal_pointer(&reader->name);
	field->value = charset_decode_field(reader->value->str,
	    reader->value->len);
	g_ptr_array_add(reader->group->fields, field);
	g_string_truncate(reader->value, 0);
}

static void append_value(Reader *reader, const char *text, size_t len)
{
	size_t room = BOUND_FIELD - MIN(reader->value->len, BOUND_FIELD);

	if (len > room)
		reader->fields->is_truncated = true;
	g_string_append_len(reader->value, text, (gssize)MIN(len, room));
}

/* field = field-name ":" value; blanks before the colon are RFC 822's. */
static bool begin_field(Reader *reader, const char *line, size_t len)
{
	size_t name_len = 0;
	size_t colon;

	while (name_len < len && line[name_len] > 32 && line[name_len] < 127 &&
	       line[name_len] != ':')
		name_len++;
	colon = name_len;
	while (colon < len && (line[colon] == ' ' || line[colon] == '\t'))
		colon++;
	if (name_len == 0 || name_len > BOUND_NAME || colon == len ||
	    line[colon] != ':')
		return false;
	reader->name = g_strndup(line, name_len);
	append_value(reader, line + colon + 1, len - colon - 1);
	return true;
}

static void read_line(Reader *reader, const char *line, size_t len)
{
	size_t blanks = 0;

	while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
		blanks++;
	if (blanks == len && !(reader->is_header && blanks > reader->indent)) {
		end_field(reader);
		reader->group = NULL;
		return;
	}
	if (reader->name != NULL && blanks > reader->indent) {
		append_value(reader, " ", 1);
		append_value(reader, line + blanks, len - blanks);
		return;
	}
	end_field(reader);
	if (begin_field(reader, line + blanks, len - blanks))
		reader->indent = blanks;
}

static Fields *read_all(const char *text, size_t len, bool is_header)
{
	Fields *fields = g_new0(Fields, 1);
	g_autoptr(GString) value = g_string_new(NULL);
	Reader reader = {
		.fields = fields, .value = value, .is_header = is_header
	};
	/* an empty part may be no octets at all */
	const char *start = len > 0 ? text : "";
	const char *end = start + len;
	unsigned n_lines = 0;

	fields->groups =
	    g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
	for (const char *p = start; p < end;) {
		const char *line = p;

		if (++n_lines > BOUND_FIELD_LINES ||
		    fields->groups->len > BOUND_GROUPS + 1) {
			fields->is_truncated = true;
			break;
		}
		while (p < end && *p != '\r' && *p != '\n')
			p++;
		read_line(&reader, line, (size_t)(p - line));
		if (is_header && p == line && fields->groups->len > 0)
			break;
		if (p < end && *p == '\r' && p + 1 < end && p[1] == '\n')
			p++;
		p++;
	}
	end_field(&reader);
	return fields;
}

Fields *fields_read(const char *text, size_t len)
{
	return read_all(text, len, false);
}

Fields *fields_read_header(const char *text, size_t len)
{
	return read_all(text, len, true);
}

bool field_is(const Field *field, const char *name)
{
	return g_ascii_strcasecmp(field->name, name) == 0;
}

const char *group_value(const FieldGroup *group, const char *name)
{
	for (guint i = 0; i < group->fields->len; i++)
		if (field_is(group_field(group, i), name))
			return group_field(group, i)->value;
	return "";
}

const char *fields_value(const Fields *fields, const char *name)
{
	for (guint i = 0; i < fields->groups->len; i++) {
		const char *value = group_value(fields_group(fields, i), name);

		if (*value != '\0')
			return value;
	}
	return "";
}
