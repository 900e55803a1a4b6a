/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* Lines of standard input, taken as they come: a program that writes one and
   waits for its answer gets it, one that writes a million is not slowed by
   that. */

#define BATCH_LINE 4096 /* longest line: an address and a campaign */

typedef struct Batch {
	GString *input;  /* read and not yet taken */
	uint64_t number; /* of the line last taken, from 1 */
	bool is_at_end;
	bool is_skipping; /* the rest of a line that is too long */
	GPtrArray *lines; /* of char *: what batch_read() found; NULL for a
			     line too long, or with a NUL in it */
} Batch;

void batch_init(Batch *batch);
void batch_clear(Batch *batch);
/* Waits for input and puts the whole lines of it, without their ends, into
   BATCH->lines; none at the end.  The first of them is line number + 1; the
   caller counts on.  False when reading fails. */
bool batch_read(Batch *batch, GError **error);
