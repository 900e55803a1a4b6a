/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Somebody's list, a record at a time, of whatever size: octets go in, records
   come out.  It has never heard of a file.

     plain   an address a line; lines that begin with "#" and have no "@" are
	     comments
     CSV     RFC 4180, set apart by commas, semicolons or TABs, with or without
	     a line of names
     JSON    an object a line; or objects in an array, also one within other
	     objects, as the answers of services are

   A UTF-8 byte order mark and CRLF are no part of any value. */

typedef enum ListShape {
	LIST_AUTO,
	LIST_PLAIN,
	LIST_CSV,
	LIST_JSON,       /* objects wherever they are */
	LIST_JSON_LINES, /* an object a line and nothing else */
} ListShape;

typedef struct ListField {
	const char *name;  /* in lower case, letters and digits alone; "" */
	const char *value; /* not ended by NUL */
	size_t len;
	unsigned depth; /* objects it is in, from 1; 0 for what is no JSON */
} ListField;

typedef struct ListRecord {
	const char *raw; /* as it stood there, with the end of its line */
	size_t raw_len;
	uint64_t line; /* where it begins, from 1 */
	const ListField *fields;
	unsigned n_fields;
	bool is_names;     /* these are the names of the columns */
	bool is_blank;     /* nothing, or a comment */
	const char *wrong; /* NULL, or why it could not be read */
} ListRecord;

typedef struct ListReader ListReader;

/* BY_LINE: of JSON, take LIST_JSON_LINES. */
ListReader *list_reader_new(ListShape shape, bool by_line);
void list_reader_free(ListReader *reader);

/* Adds LEN octets, any split, to what list_reader_next() reads; takes a copy. */
void list_reader_feed(ListReader *reader, const char *bytes, size_t len);
/* There is no more. */
void list_reader_finish(ListReader *reader);
/* The next record, lent until the next call.  False: feed more, or, after
   list_reader_finish(), that was all. */
bool list_reader_next(ListReader *reader, ListRecord *ret_record);

/* The field of NAME, the outermost if there are several, or NULL. */
const ListField *list_record_field(const ListRecord *record, const char *name);

/* Whether some service calls its column of addresses NAME (as in a ListField).
 */
bool list_name_is_address(const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListReader, list_reader_free)
