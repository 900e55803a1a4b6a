/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

/* Many addresses changed by hand: arguments first, then the lines of a plain
   list; written in transactions that leave the store to others after a few
   milliseconds. */
typedef struct Many {
	Ctl *ctl;
	Store *store;
	char *file; /* "-": standard input; NULL: arguments alone */
	uint64_t done;
	uint64_t failed; /* could not be read as addresses */
	bool is_in_file;
	int64_t began; /* of the open transaction; 0: there is none */
} Many;

/* Does one thing, in the transaction that is open unless it is a dry run. */
typedef bool (*ManyEach)(Many *many, const char *folded, const char *original,
    void *data, GError **error);
/* What cannot be read is told, and passed over.  False with ERROR when it has
   to end; what was done before stays. */
bool many_each(Many *many, int argc, char **argv, ManyEach each, void *data,
    GError **error);
/* The same transactions round anything: before and after each change. */
bool many_enter(Many *many, GError **error);
bool many_leave(Many *many, GError **error);
bool many_finish(Many *many, GError **error);
