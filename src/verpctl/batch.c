/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads standard input line by line for the commands that work in bulk. */
#include "batch.h"

#include "input.h"

#include <string.h>
#include <unistd.h>

void batch_init(Batch *batch)
{
	*batch = (Batch){ 0 };
	batch->input = g_string_new(NULL);
	batch->lines = g_ptr_array_new_with_free_func(g_free);
}

void batch_clear(Batch *batch)
{
	g_string_free(batch->input, TRUE);
	g_ptr_array_unref(batch->lines);
}

static bool read_some(Batch *batch, GError **error)
{
	char bytes[65536];
	ssize_t n = input_read(STDIN_FILENO, INPUT_STDIN, bytes, sizeof(bytes),
	    error);

	if (n < 0)
		return false;
	if (n == 0)
		batch->is_at_end = true;
	g_string_append_len(batch->input, bytes, n);
	return true;
}

static void take_line(Batch *batch, const char *line, size_t len)
{
	bool is_line = !batch->is_skipping && len <= BATCH_LINE &&
		       memchr(line, '\0', len) == NULL;

	batch->is_skipping = false;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	g_ptr_array_add(batch->lines, is_line ? g_strndup(line, len) : NULL);
}

bool batch_read(Batch *batch, GError **error)
{
	size_t start = 0;
	const char *end;

	g_ptr_array_set_size(batch->lines, 0);
	while (batch->lines->len == 0 && !batch->is_at_end) {
		if (!read_some(batch, error))
			return false;
		while ((end = memchr(batch->input->str + start, '\n',
			    batch->input->len - start)) != NULL) {
			size_t stop = (size_t)(end - batch->input->str);

			take_line(batch, batch->input->str + start,
			    stop - start);
			start = stop + 1;
		}
		g_string_erase(batch->input, 0, (gssize)start);
		start = 0;
		if (batch->input->len > BATCH_LINE) {
			batch->is_skipping = true;
			g_string_truncate(batch->input, 0);
		}
	}
	if (batch->is_at_end && (batch->input->len > 0 || batch->is_skipping)) {
		take_line(batch, batch->input->str, batch->input->len);
		g_string_truncate(batch->input, 0);
	}
	return true;
}
