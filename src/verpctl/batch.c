/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads standard input line by line for the commands that work in bulk. */
#include "batch.h"

#include "errors.h"

#include <errno.h>
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
	ssize_t n;

	do {
		n = read(STDIN_FILENO, bytes, sizeof(bytes));
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY,
		    "standard input: %s", g_strerror(errno));
		return false;
	}
	if (n == 0)
		batch->is_at_end = true;
	g_string_append_len(batch->input, bytes, n);
	return true;
}

static void take_line(Batch *batch, const char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	g_ptr_array_add(batch->lines, g_strndup(line, len));
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
			g_set_error(error, VP_ERROR, VP_ERROR_LIMIT,
			    "a line of more than %d octets", BATCH_LINE);
			return false;
		}
	}
	if (batch->is_at_end && batch->input->len > 0) {
		take_line(batch, batch->input->str, batch->input->len);
		g_string_truncate(batch->input, 0);
	}
	return true;
}
