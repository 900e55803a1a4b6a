/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "list_reader.h"

/* Between the reader of lists and what it knows of each shape. */

/* Fields while they are found: values are spans of the input, or of SCRATCH
   where quotes and escapes were taken off. */
typedef struct FieldList {
	GArray *fields;  /* of ListField; of SCRATCH: VALUE is NULL */
	GArray *offsets; /* of size_t: where in SCRATCH */
	GString *scratch;
	GStringChunk *names;
} FieldList;

void field_list_init(FieldList *list);
void field_list_clear(FieldList *list);
/* For the next record: what was added is gone. */
void field_list_reset(FieldList *list);
/* VALUE is lent until the reset, NAME is copied. */
void field_list_add(FieldList *list, const char *name, unsigned depth,
    const char *value, size_t len);
/* A value that was written to SCRATCH from OFFSET on. */
void field_list_add_scratch(FieldList *list, const char *name, unsigned depth,
    size_t offset);
/* No more are added: spans of SCRATCH become pointers. */
void field_list_settle(FieldList *list);

/* TEXT as ListField.name has it, appended to OUT. */
void name_append(GString *out, const char *text, size_t len);

/* What became of looking for a record at the start of some octets. */
typedef enum Found {
	FOUND_MORE,   /* it does not end here */
	FOUND_RECORD, /* it does, *RET_LEN octets on, line end included */
	FOUND_WRONG,  /* it cannot be read; go on *RET_LEN octets on */
} Found;

/* RFC 4180, 2:
     record = field *(COMMA field)      field = (escaped / non-escaped)
     escaped = DQUOTE *(TEXTDATA / COMMA / CR / LF / 2DQUOTE) DQUOTE
   Text behind a closing quote is taken as it is. */
Found csv_record(const char *bytes, size_t len, bool is_end, char delimiter,
    FieldList *list, size_t *ret_len, const char **ret_wrong);
/* What sets the columns of a line apart, or 0 when nothing does. */
char csv_delimiter(const char *line, size_t len);

/* The object at the start of BYTES.  *RET_WRAPS: it is none, but wraps an array
   of such, which begins *RET_LEN octets on. */
Found json_object(const char *bytes, size_t len, bool is_end, size_t *ret_len,
    bool *ret_wraps, const char **ret_wrong);
/* How many brackets of BYTES are not closed in them; no string is cut off. */
unsigned json_open_brackets(const char *bytes, size_t len);
/* The members of the object that BYTES are, those of objects in it as well.
   NULL, or what is wrong. */
const char *json_members(const char *bytes, size_t len, FieldList *list);
