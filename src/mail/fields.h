/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/* Field groups: what message/delivery-status (RFC 3464, 2.1),
   message/feedback-report (RFC 5965, 3), message/disposition-notification
   (RFC 8098, 3.1) and text/rfc822-headers are made of. */

/* Lent from the text that was read. */
typedef struct Field {
	const char *name;
	size_t name_len;
	const char *raw; /* behind the colon, folded as it came */
	size_t raw_len;
	char *value; /* of field_value(), or NULL */
} Field;

typedef struct FieldGroup {
	GArray *fields; /* of Field, in order; never empty */
} FieldGroup;

typedef struct Fields {
	GPtrArray *groups; /* of FieldGroup; may be empty */
	bool is_truncated; /* a bound cut something off */
} Fields;

/* Reads LEN octets with any line end, any damage: what is no field is
   skipped.  TEXT is borrowed. */
Fields *fields_read(const char *text, size_t len);
/* A header, which ends at an empty line: behind it nothing is read.  A line of
   blanks continues a field there (RFC 5322, 4.2). */
Fields *fields_read_header(const char *text, size_t len);
void fields_free(Fields *fields);

static inline const FieldGroup *fields_group(const Fields *fields, unsigned i)
{
	return g_ptr_array_index(fields->groups, i);
}

static inline Field *group_field(const FieldGroup *group, unsigned i)
{
	return &g_array_index(group->fields, Field, i);
}

/* Whether it is called NAME; ASCII case does not count. */
bool field_is(const Field *field, const char *name);
/* Unfolded, valid UTF-8, at most BOUND_FIELD; decoded when it is first asked
   for, for most never are.  Lent. */
const char *field_value(Field *field);

/* The value of the first field NAME in GROUP, or "".  Lent. */
const char *group_value(const FieldGroup *group, const char *name);
/* The same in the first group that has one. */
const char *fields_value(const Fields *fields, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fields, fields_free)
