/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Where in a line of the message we are. */
typedef enum DataState {
	DATA_LINE_START, /* after CRLF, or before the first octet */
	DATA_IN_LINE,
	DATA_CR,     /* after a CR of the text */
	DATA_DOT,    /* a dot at the start, held back */
	DATA_DOT_CR, /* the same, and a CR, both held back */
} DataState;

/* Reads a message as it comes after DATA, up to CRLF "." CRLF. */
typedef struct DataReader {
	DataState state;
	GByteArray *message; /* the first BOUND_MESSAGE octets; NULL outside */
	uint64_t size;       /* all of them */
} DataReader;

/* Once for each DATA; a message that was not taken is dropped. */
void data_reader_begin(DataReader *reader);
/* Reads of BYTES, and returns how many octets; fewer than LEN only when the
   message ended there, which *RET_IS_END says. */
size_t data_reader_feed(DataReader *reader, const char *bytes, size_t len,
    bool *ret_is_end);
/* The message, the caller's from now on. */
GBytes *data_reader_take(DataReader *reader);
void data_reader_clear(DataReader *reader);
