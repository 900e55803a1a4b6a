/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Comma-separated values, as RFC 4180 has them and as programs write them. */

#include "list_private.h"

#include "bounds.h"

#include <string.h>

char csv_delimiter(const char *line, size_t len)
{
	static const char delimiters[] = { ',', ';', '\t' };
	unsigned counts[G_N_ELEMENTS(delimiters)] = { 0 };
	unsigned best = 0;
	bool in_quotes = false;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"')
			in_quotes = !in_quotes;
		for (unsigned k = 0; k < G_N_ELEMENTS(delimiters); k++)
			if (!in_quotes && line[i] == delimiters[k])
				counts[k]++;
	}
	for (unsigned k = 1; k < G_N_ELEMENTS(delimiters); k++)
		if (counts[k] > counts[best])
			best = k;
	return counts[best] > 0 ? delimiters[best] : '\0';
}

/* The octet after the line that P is in, or NULL. */
static const char *line_end(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	return lf != NULL ? lf + 1 : NULL;
}

/* A field that is what it says, from START on: up to the delimiter or the end
   of the line, neither of which is before P. */
static const char *take_plain(const char *start, const char *p, const char *end,
    char delimiter, FieldList *list)
{
	size_t len;

	while (p < end && *p != delimiter && *p != '\n')
		p++;
	len = (size_t)(p - start);
	if (len > 0 && (p == end || *p == '\n') && start[len - 1] == '\r')
		len--;
	field_list_add(list, "", 0, start, len);
	return p;
}

/* A field whose opening quote P is behind.  NULL: it is not closed.  The quotes
   of "ana b"@example.org are the address's own (RFC 5321, 4.1.2). */
static const char *take_quoted(const char *p, const char *end, char delimiter,
    FieldList *list)
{
	GString *scratch = list->scratch;
	size_t offset = scratch->len;
	const char *open = p - 1;
	const char *quote;

	for (;; p = quote + 2) {
		quote = memchr(p, '"', (size_t)(end - p));
		if (quote == NULL)
			return NULL;
		g_string_append_len(scratch, p, quote - p);
		if (quote + 1 == end || quote[1] != '"')
			break;
		g_string_append_c(scratch, '"');
	}
	p = quote + 1;
	if (p < end && *p == '@') {
		g_string_truncate(scratch, offset);
		return take_plain(open, p, end, delimiter, list);
	}
	while (p < end && *p != delimiter && *p != '\n') {
		if (*p != '\r' || (p + 1 < end && p[1] != '\n'))
			g_string_append_c(scratch, *p);
		p++;
	}
	field_list_add_scratch(list, "", 0, offset);
	return p;
}

/* Nothing closes the quote within the bound: only this line is lost. */
static Found not_closed(const char *bytes, const char *end, bool is_end,
    size_t *ret_len, const char **ret_wrong)
{
	const char *next = line_end(bytes, end);

	if (!is_end && end - bytes < BOUND_LIST_RECORD)
		return FOUND_MORE;
	*ret_len = next != NULL ? (size_t)(next - bytes)
				: (size_t)(end - bytes);
	*ret_wrong = next != NULL || is_end ? "a quote is never closed"
					    : "too long";
	return FOUND_WRONG;
}

Found csv_record(const char *bytes, size_t len, bool is_end, char delimiter,
    FieldList *list, size_t *ret_len, const char **ret_wrong)
{
	const char *end = bytes + MIN(len, (size_t)BOUND_LIST_RECORD);
	const char *p = bytes;

	is_end = is_end && end == bytes + len;
	for (;;) {
		bool is_quoted = p < end && *p == '"';

		p = is_quoted ? take_quoted(p + 1, end, delimiter, list)
			      : take_plain(p, p, end, delimiter, list);
		if (p == NULL || (p == end && !is_end))
			return not_closed(bytes, end, is_end, ret_len,
			    ret_wrong);
		if (p == end || *p == '\n')
			break;
		p++;
	}
	*ret_len = (size_t)(p - bytes) + (p < end);
	return FOUND_RECORD;
}
