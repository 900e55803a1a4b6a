/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list: its shape, then its octets, fed in two ways.  Records must be the
   same however it comes, and by line their octets must be those that came. */

#include "list_entry.h"
#include "list_reader.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void append_record(GString *out, const ListRecord *record,
    ListEntries *entries)
{
	g_string_append_printf(out, "%" G_GUINT64_FORMAT " %d%d %s\n",
	    record->line, record->is_names, record->is_blank,
	    record->wrong != NULL ? record->wrong : "");
	for (unsigned i = 0; i < record->n_fields; i++) {
		const ListField *field = &record->fields[i];

		g_string_append_printf(out, "%u %s ", field->depth,
		    field->name);
		g_string_append_len(out, field->value, (gssize)field->len);
		g_string_append_c(out, '\n');
	}
	if (record->wrong == NULL && !record->is_blank && !record->is_names) {
		ListEntry entry = list_entries_read(entries, record, 1000);

		g_assert(entry.fate <= FATE_WRONG);
		g_assert(entry.fate != FATE_WRONG || entry.wrong != NULL);
		g_assert(entry.cause < (int)CAUSE_COUNT);
		g_assert(g_utf8_validate(entry.note, -1, NULL));
		g_string_append_printf(out, "%d %d\n", entry.fate, entry.cause);
	}
}

/* Returns the records; RAW gets what they stood in. */
static GString *read_all(const char *text, size_t len, ListShape shape,
    bool by_line, size_t step, GString *raw)
{
	g_autoptr(ListReader) reader = list_reader_new(shape, by_line);
	g_autoptr(ListEntries) entries = list_entries_new(SERVICE_ANY, "");
	GString *out = g_string_new(NULL);
	ListRecord record;

	for (size_t i = 0; i < len; i += step) {
		list_reader_feed(reader, text + i, MIN(step, len - i));
		while (list_reader_next(reader, &record)) {
			append_record(out, &record, entries);
			g_string_append_len(raw, record.raw,
			    (gssize)record.raw_len);
		}
	}
	list_reader_finish(reader);
	while (list_reader_next(reader, &record)) {
		append_record(out, &record, entries);
		g_string_append_len(raw, record.raw, (gssize)record.raw_len);
	}
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	ListShape shape;

	/* what is too long is cut where the feeding ends */
	if (size < 2 || size > 16 * 1024)
		return 0;
	size--;
	shape = data[0] % (LIST_JSON_LINES + 1);
	for (unsigned by_line = 0; by_line < 2; by_line++) {
		g_autoptr(GString) raw = g_string_new(NULL);
		g_autoptr(GString) same = g_string_new(NULL);
		g_autoptr(GString)
		    whole = read_all(text, size, shape, by_line, size, raw);
		g_autoptr(GString)
		    pieces = read_all(text, size, shape, by_line, 7, same);

		g_assert(g_string_equal(whole, pieces));
		g_assert(g_string_equal(raw, same));
		/* a byte order mark alone is no record of anything */
		if (by_line && shape != LIST_JSON &&
		    !(size == 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0))
			g_assert(raw->len == size &&
				 memcmp(raw->str, text, size) == 0);
	}
	return 0;
}
