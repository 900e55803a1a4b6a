/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a message, dots unstuffed, to its end and no further.  Only CRLF
   ends a line here; a bare LF or CR is text like any other octet, so no line
   of two dialects can end a message for one reader and not for the other
   (CVE-2023-51764). */
#include "data.h"

#include "bounds.h"

#include <string.h>

void data_reader_begin(DataReader *reader)
{
	data_reader_clear(reader);
	/* most reports are of this size */
	reader->message = g_byte_array_sized_new(4096);
}

void data_reader_clear(DataReader *reader)
{
	g_clear_pointer(&reader->message, g_byte_array_unref);
	reader->state = DATA_LINE_START;
	reader->size = 0;
}

GBytes *data_reader_take(DataReader *reader)
{
	return g_byte_array_free_to_bytes(g_steal_pointer(&reader->message));
}

static void message_append(DataReader *reader, const char *bytes, size_t len)
{
	size_t room = BOUND_MESSAGE - reader->message->len;

	reader->size += len;
	g_byte_array_append(reader->message, (const guint8 *)bytes,
	    (guint)MIN(len, room));
}

/* RFC 5321, 4.5.2.  Takes the octet C at the start of a line or near a CR;
   true when it was the last of the message. */
static bool message_octet(DataReader *reader, char c)
{
	switch (reader->state) {
	case DATA_LINE_START:
		if (c == '.') {
			reader->state = DATA_DOT;
			return false;
		}
		break;
	case DATA_DOT:
		if (c == '\r') {
			reader->state = DATA_DOT_CR;
			return false;
		}
		/* something follows, so that dot was stuffed */
		break;
	case DATA_DOT_CR:
		if (c == '\n')
			return true;
		message_append(reader, "\r", 1);
		break;
	case DATA_CR:
		if (c == '\n') {
			message_append(reader, "\n", 1);
			reader->state = DATA_LINE_START;
			return false;
		}
		break;
	case DATA_IN_LINE:
		break;
	}
	message_append(reader, &c, 1);
	reader->state = c == '\r' ? DATA_CR : DATA_IN_LINE;
	return false;
}

/* How many of BYTES, which begin inside a line, are text for certain: up to the
   first CR but that of a CRLF which no dot follows. */
static size_t plain_length(const char *bytes, size_t len)
{
	const char *end = bytes + len;
	const char *cr = memchr(bytes, '\r', len);

	while (cr != NULL && end - cr > 2 && cr[1] == '\n' && cr[2] != '.')
		cr = memchr(cr + 2, '\r', (size_t)(end - cr - 2));
	return cr != NULL ? (size_t)(cr - bytes) : len;
}

size_t data_reader_feed(DataReader *reader, const char *bytes, size_t len,
    bool *ret_is_end)
{
	size_t at = 0;

	*ret_is_end = false;
	while (at < len && !*ret_is_end) {
		if (reader->state == DATA_IN_LINE) {
			size_t n = plain_length(bytes + at, len - at);

			message_append(reader, bytes + at, n);
			at += n;
		}
		if (at < len)
			*ret_is_end = message_octet(reader, bytes[at++]);
	}
	return at;
}
