/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reader of lists: it keeps what was fed and not yet taken, finds out which
   shape a list has, and counts its lines. */

#include "list_reader.h"

#include "list_private.h"

#include "bounds.h"

#include <string.h>

struct ListReader {
	ListShape shape;
	bool by_line;
	bool is_shaped;
	bool is_past_start; /* and past any byte order mark */
	bool is_finished;
	char delimiter;
	GString *input; /* from START on it is not yet taken */
	size_t start;
	size_t taken; /* of the record last given, from START */
	uint64_t line;
	bool is_member;    /* JSON: what follows is of a wrapper, by name */
	uint64_t n_open;   /* JSON: arrays and wrappers that have not ended */
	bool is_unsure;    /* JSON: some may have, in what was bad */
	bool is_skipping;  /* the rest of a line that was too long */
	bool had_first;    /* CSV: the first line was seen */
	GPtrArray *header; /* CSV: names of the columns */
	FieldList list;
};

/* ---- the octets ---- */

ListReader *list_reader_new(ListShape shape, bool by_line)
{
	ListReader *reader = g_new0(ListReader, 1);

	reader->shape = shape;
	reader->by_line = by_line;
	reader->line = 1;
	reader->input = g_string_new(NULL);
	field_list_init(&reader->list);
	return reader;
}

void list_reader_free(ListReader *reader)
{
	if (reader == NULL)
		return;
	g_string_free(reader->input, TRUE);
	g_clear_pointer(&reader->header, g_ptr_array_unref);
	field_list_clear(&reader->list);
	g_free(reader);
}

static const char *unread(const ListReader *reader)
{
	return reader->input->str + reader->start;
}

static size_t n_unread(const ListReader *reader)
{
	return reader->input->len - reader->start;
}

static void skip(ListReader *reader, size_t len)
{
	const char *p = unread(reader);
	const char *end = p + len;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		reader->line++;
		p++;
	}
	reader->start += len;
	reader->is_past_start = reader->is_past_start || len > 0;
}

/* The record last given is not asked for any more. */
static void drop_taken(ListReader *reader)
{
	skip(reader, reader->taken);
	reader->taken = 0;
}

void list_reader_feed(ListReader *reader, const char *bytes, size_t len)
{
	drop_taken(reader);
	g_string_erase(reader->input, 0, (gssize)reader->start);
	reader->start = 0;
	g_string_append_len(reader->input, bytes, (gssize)len);
}

void list_reader_finish(ListReader *reader)
{
	reader->is_finished = true;
}

/* ---- which shape ---- */

#define BOM "\xef\xbb\xbf"

/* How much of what is unread is a byte order mark. */
static size_t bom_length(const ListReader *reader)
{
	return !reader->is_past_start && n_unread(reader) >= 3 &&
		       memcmp(unread(reader), BOM, 3) == 0
		   ? 3
		   : 0;
}

static bool is_name_of_address(const char *line, size_t len)
{
	g_autoptr(GString) name = g_string_new(NULL);

	name_append(name, line, len);
	return list_name_is_address(name->str);
}

/* By the first line that says anything, which is LINE. */
static void decide_shape(ListReader *reader, const char *line, size_t len)
{
	if (reader->shape == LIST_AUTO && (*line == '{' || *line == '['))
		reader->shape = LIST_JSON;
	if (reader->shape == LIST_JSON && reader->by_line)
		reader->shape = LIST_JSON_LINES;
	if (reader->shape == LIST_AUTO || reader->shape == LIST_CSV)
		reader->delimiter = csv_delimiter(line, len);
	if (reader->shape == LIST_AUTO)
		reader->shape = reader->delimiter != '\0' || *line == '"' ||
					is_name_of_address(line, len)
				    ? LIST_CSV
				    : LIST_PLAIN;
	if (reader->delimiter == '\0')
		reader->delimiter = ',';
	reader->is_shaped = true;
}

static bool is_blank_char(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_blank_or_comment(const char *line, size_t len)
{
	while (len > 0 && is_blank_char(*line)) {
		line++;
		len--;
	}
	return len == 0 || (*line == '#' && memchr(line, '@', len) == NULL);
}

/* How long the line at P is with its end; 0: it goes on beyond what is there. */
static size_t line_length(const ListReader *reader, const char *p, size_t len)
{
	const char *lf = memchr(p, '\n', len);

	if (lf != NULL)
		return (size_t)(lf + 1 - p);
	return reader->is_finished || len >= BOUND_LIST_RECORD ? len : 0;
}

/* Looks for a line to tell the shape by.  False: there is none as yet. */
static bool find_shape(ListReader *reader)
{
	const char *p = unread(reader) + bom_length(reader);
	const char *end = unread(reader) + n_unread(reader);

	if (n_unread(reader) < 4 && !reader->is_finished)
		return false;
	while (p < end) {
		size_t len = line_length(reader, p, (size_t)(end - p));
		size_t text = len;

		if (len == 0)
			return false;
		while (text > 0 &&
		       (p[text - 1] == '\n' || is_blank_char(p[text - 1])))
			text--;
		if (!is_blank_or_comment(p, text)) {
			while (is_blank_char(*p)) {
				p++;
				text--;
			}
			decide_shape(reader, p, text);
			return true;
		}
		p += len;
	}
	if (reader->is_finished)
		decide_shape(reader, "", 0);
	return reader->is_finished;
}

/* ---- records ---- */

static void give(ListReader *reader, size_t len, ListRecord *record)
{
	record->raw = unread(reader);
	record->raw_len = len;
	record->line = reader->line;
	reader->taken = len;
}

static void give_wrong(ListReader *reader, size_t len, const char *why,
    ListRecord *record)
{
	give(reader, len, record);
	record->wrong = why;
	if (len > 0 && record->raw[len - 1] != '\n' &&
	    reader->shape != LIST_JSON)
		reader->is_skipping = true;
}

static void give_fields(ListReader *reader, ListRecord *record)
{
	field_list_settle(&reader->list);
	record->fields = (const ListField *)(void *)reader->list.fields->data;
	record->n_fields = reader->list.fields->len;
}

/* A line, its end and the mark of the first not counted in *RET_TEXT. */
static bool next_line(ListReader *reader, size_t bom, ListRecord *record,
    const char **ret_text, size_t *ret_len)
{
	size_t len = line_length(reader, unread(reader), n_unread(reader));
	const char *text = unread(reader) + bom;
	size_t n = len - bom;

	if (len == 0)
		return false;
	while (n > 0 && (text[n - 1] == '\n' || is_blank_char(text[n - 1])))
		n--;
	while (n > 0 && is_blank_char(*text)) {
		text++;
		n--;
	}
	if (len >= BOUND_LIST_RECORD)
		give_wrong(reader, len, "too long", record);
	else
		give(reader, len, record);
	record->is_blank = record->wrong == NULL &&
			   is_blank_or_comment(text, n);
	*ret_text = text;
	*ret_len = n;
	return true;
}

static bool next_plain(ListReader *reader, size_t bom, ListRecord *record)
{
	const char *text;
	size_t len;

	if (!next_line(reader, bom, record, &text, &len))
		return false;
	if (record->wrong != NULL || record->is_blank)
		return true;
	field_list_add(&reader->list, "", 0, text, len);
	give_fields(reader, record);
	return true;
}

static bool next_json_line(ListReader *reader, size_t bom, ListRecord *record)
{
	const char *text;
	size_t len;

	if (!next_line(reader, bom, record, &text, &len))
		return false;
	if (record->wrong == NULL && !record->is_blank)
		record->wrong = json_members(text, len, &reader->list);
	give_fields(reader, record);
	return true;
}

/* ---- CSV ---- */

static bool has_at(const ListRecord *record)
{
	for (unsigned i = 0; i < record->n_fields; i++)
		if (memchr(record->fields[i].value, '@',
			record->fields[i].len) != NULL)
			return true;
	return false;
}

static void take_header(ListReader *reader, const ListRecord *record)
{
	reader->header = g_ptr_array_new_with_free_func(g_free);
	for (unsigned i = 0; i < record->n_fields; i++) {
		GString *name = g_string_new(NULL);

		name_append(name, record->fields[i].value,
		    record->fields[i].len);
		g_ptr_array_add(reader->header, g_string_free(name, FALSE));
	}
}

static void name_fields(ListReader *reader)
{
	GArray *fields = reader->list.fields;

	for (unsigned i = 0; i < fields->len && i < reader->header->len; i++)
		g_array_index(fields, ListField, i).name =
		    g_ptr_array_index(reader->header, i);
}

static bool next_csv(ListReader *reader, size_t bom, ListRecord *record)
{
	size_t len;

	switch (csv_record(unread(reader) + bom, n_unread(reader) - bom,
	    reader->is_finished, reader->delimiter, &reader->list, &len,
	    &record->wrong)) {
	case FOUND_MORE:
		return false;
	case FOUND_WRONG:
		give_wrong(reader, bom + len, record->wrong, record);
		return true;
	case FOUND_RECORD:
		break;
	}
	give(reader, bom + len, record);
	record->is_blank = is_blank_or_comment(record->raw + bom,
	    len - (record->raw[bom + len - 1] == '\n'));
	give_fields(reader, record);
	if (record->is_blank) {
		record->n_fields = 0;
		return true;
	}
	if (!reader->had_first && !has_at(record)) {
		take_header(reader, record);
		record->is_names = true;
	}
	reader->had_first = true;
	if (reader->header != NULL)
		name_fields(reader);
	return true;
}

/* ---- JSON in a stream ---- */

/* What is between objects: brackets, commas, the members of wrappers.  False:
   there is no more as yet, or, with record->wrong, nothing that belongs there.
 */
static bool skip_between(ListReader *reader, ListRecord *record)
{
	const char *p = unread(reader);
	const char *end = p + n_unread(reader);
	size_t len;

	for (; p < end && *p != '{'; p++) {
		const char *close;

		if (*p == ':')
			reader->is_member = true;
		else if (*p == ',' || *p == ']' || *p == '}' || *p == '[')
			reader->is_member = false;
		if (*p == '[')
			reader->n_open++;
		else if ((*p == ']' || *p == '}') && reader->n_open > 0)
			reader->n_open--;
		if (*p != '"') {
			if (g_ascii_isspace(*p) || g_ascii_isdigit(*p) ||
			    (reader->is_member && g_ascii_isalpha(*p)) ||
			    (*p != '\0' && strchr(",:[]}+-.", *p) != NULL))
				continue;
			break;
		}
		close = p + 1;
		while (close < end && *close != '"' && *close != '\n')
			close += *close == '\\' && close + 1 < end ? 2 : 1;
		if (close >= end && !reader->is_finished &&
		    end - p < BOUND_LIST_RECORD)
			break;
		p = MIN(close, end - 1);
	}
	skip(reader, (size_t)(p - unread(reader)));
	if (p < end && *p == '{')
		return true;
	if (p == end || *p == '"')
		return false;
	len = line_length(reader, p, (size_t)(end - p));
	if (len > 0)
		give_wrong(reader, len, "neither object nor array", record);
	return false;
}

static bool is_record(const ListRecord *record)
{
	for (unsigned i = 0; i < record->n_fields; i++)
		if (list_name_is_address(record->fields[i].name))
			return true;
	return false;
}

/* "paging": {...} and the like, and a wrapper of nothing. */
static bool is_beside(const ListReader *reader, size_t len)
{
	return reader->is_member || memchr(unread(reader), '[', len) != NULL;
}

/* At the end: a download that was cut off looks whole otherwise. */
static bool next_missing(ListReader *reader, ListRecord *record)
{
	if (!reader->is_finished || n_unread(reader) > 0 ||
	    reader->n_open == 0 || reader->is_unsure)
		return false;
	reader->n_open = 0;
	*record = (ListRecord){ 0 };
	give_wrong(reader, 0, "the list ends in its middle", record);
	if (reader->start > 0 && reader->input->str[reader->start - 1] == '\n')
		record->line--;
	return true;
}

static bool next_json(ListReader *reader, size_t bom, ListRecord *record)
{
	bool wraps;
	size_t len;

	if (bom > 0)
		skip(reader, bom);
	for (;;) {
		if (!skip_between(reader, record)) {
			reader->is_unsure = reader->is_unsure ||
					    record->wrong != NULL;
			return record->wrong != NULL;
		}
		switch (json_object(unread(reader), n_unread(reader),
		    reader->is_finished, &len, &wraps, &record->wrong)) {
		case FOUND_MORE:
			return false;
		case FOUND_WRONG:
			reader->is_unsure = true;
			give_wrong(reader, len, record->wrong, record);
			return true;
		case FOUND_RECORD:
			break;
		}
		if (wraps) {
			reader->n_open += json_open_brackets(unread(reader),
			    len);
			skip(reader, len);
			reader->is_member = false;
			continue;
		}
		field_list_reset(&reader->list);
		record->wrong = json_members(unread(reader), len,
		    &reader->list);
		give_fields(reader, record);
		if (record->wrong == NULL && !is_record(record) &&
		    is_beside(reader, len)) {
			skip(reader, len);
			*record = (ListRecord){ 0 };
			continue;
		}
		give(reader, len, record);
		reader->is_member = false;
		return true;
	}
}

/* Throws away the rest of a line too long to be a record. */
static bool skip_line(ListReader *reader)
{
	size_t len = n_unread(reader);
	const char *lf = memchr(unread(reader), '\n', len);

	skip(reader, lf != NULL ? (size_t)(lf + 1 - unread(reader)) : len);
	if (lf != NULL)
		reader->is_skipping = false;
	return lf != NULL;
}

static bool next_of_shape(ListReader *reader, size_t bom, ListRecord *record)
{
	switch (reader->shape) {
	case LIST_AUTO:
	case LIST_PLAIN:
		return next_plain(reader, bom, record);
	case LIST_CSV:
		return next_csv(reader, bom, record);
	case LIST_JSON:
		return next_json(reader, bom, record);
	case LIST_JSON_LINES:
		return next_json_line(reader, bom, record);
	}
	return false;
}

static bool next_record(ListReader *reader, ListRecord *record)
{
	size_t bom;

	if (reader->is_skipping && !skip_line(reader))
		return false;
	bom = bom_length(reader);
	if (n_unread(reader) == 0 ||
	    (!reader->is_shaped && !find_shape(reader)) ||
	    n_unread(reader) <= bom)
		return false;
	field_list_reset(&reader->list);
	return next_of_shape(reader, bom, record);
}

bool list_reader_next(ListReader *reader, ListRecord *ret_record)
{
	ListRecord record = { 0 };

	drop_taken(reader);
	if (!next_record(reader, &record) && !next_missing(reader, &record))
		return false;
	*ret_record = record;
	return true;
}
