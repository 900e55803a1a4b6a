/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reader of field groups.  It takes what stands there: any of LF, CR and
   CRLF ends a line, blank lines part groups, a line that is indented deeper than
   the field before continues it, and a line that is no field is skipped. */

#include "fields.h"

#include "bounds.h"
#include "charset.h"
#include "lines.h"

#include <string.h>

static void field_clear(void *field)
{
	g_free(((Field *)field)->value);
}

static void group_free(FieldGroup *group)
{
	g_array_unref(group->fields);
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
	Field *field;      /* that a line may continue, or NULL */
	size_t indent;     /* of its first line: some programs indent all */
	bool is_header;
} Reader;

static void add_field(Reader *reader, const Field *field)
{
	if (reader->group == NULL) {
		reader->group = g_new0(FieldGroup, 1);
		reader->group->fields = g_array_new(FALSE, FALSE,
		    sizeof(Field));
		g_array_set_clear_func(reader->group->fields, field_clear);
		g_ptr_array_add(reader->fields->groups, reader->group);
	}
	g_array_append_vals(reader->group->fields, field, 1);
	reader->field = group_field(reader->group,
	    reader->group->fields->len - 1);
}

/* field = field-name ":" value; blanks before the colon are RFC 822's. */
static bool read_field(const char *line, size_t len, Field *ret_field)
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
	*ret_field = (Field){
		.name = line,
		.name_len = name_len,
		.raw = line + colon + 1,
		.raw_len = len - colon - 1,
	};
	return true;
}

static void read_line(Reader *reader, const char *line, size_t len)
{
	size_t blanks = 0;
	Field field;

	while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
		blanks++;
	if (blanks == len && !(reader->is_header && blanks > reader->indent)) {
		reader->field = NULL;
		reader->group = NULL;
	} else if (reader->field != NULL && blanks > reader->indent) {
		reader->field->raw_len = (size_t)(line + len -
						  reader->field->raw);
	} else if (read_field(line + blanks, len - blanks, &field)) {
		add_field(reader, &field);
		reader->indent = blanks;
	} else {
		reader->field = NULL;
	}
	if (reader->field != NULL && reader->field->raw_len > BOUND_FIELD)
		reader->fields->is_truncated = true;
}

static Fields *read_all(const char *text, size_t len, bool is_header)
{
	Fields *fields = g_new0(Fields, 1);
	Reader reader = { .fields = fields, .is_header = is_header };
	Lines lines = lines_of(text, len);
	unsigned n_lines = 0;
	const char *line;
	size_t line_len;

	fields->groups =
	    g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
	while (lines_next(&lines, &line, &line_len)) {
		if (++n_lines > BOUND_FIELD_LINES ||
		    fields->groups->len > BOUND_GROUPS + 1) {
			fields->is_truncated = true;
			break;
		}
		read_line(&reader, line, line_len);
		if (is_header && line_len == 0 && fields->groups->len > 0)
			break;
	}
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

static bool has_name(const Field *field, const char *name, size_t len)
{
	return field->name_len == len &&
	       g_ascii_strncasecmp(field->name, name, len) == 0;
}

bool field_is(const Field *field, const char *name)
{
	return has_name(field, name, strlen(name));
}

const char *field_value(Field *field)
{
	if (field->value == NULL)
		field->value = charset_decode_field(field->raw, field->raw_len);
	return field->value;
}

const char *group_value(const FieldGroup *group, const char *name)
{
	size_t len = strlen(name);

	for (guint i = 0; i < group->fields->len; i++)
		if (has_name(group_field(group, i), name, len))
			return field_value(group_field(group, i));
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
