/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "ctl.h"
#include "list_reader.h"
#include "progress.h"

/* A list in a file or on standard input: its records one by one, with progress,
   and its bad lines told by number. */
typedef struct ListFile {
	const Ctl *ctl;
	const char *name; /* "-" is standard input */
	int fd;
	uint64_t size; /* octets; 0: nobody knows */
	uint64_t read; /* of those */
	uint64_t
	    worked; /* and of those, what is done with; the bar shows both */
	bool is_worked;
	uint64_t n_records; /* neither blank nor names */
	uint64_t n_wrong;
	ListReader *reader;
	Progress *progress;
} ListFile;

/* CTL, NAME are lent.  Nothing is read yet.  list_file_clear() it, also
   after a failure (VP_ERROR_NOT_FOUND: it cannot be opened). */
bool list_file_open(ListFile *file, const Ctl *ctl, const char *name,
    ListShape shape, bool by_line, GError **error);
void list_file_clear(ListFile *file);
/* *RET_ANY false: that was the last. */
bool list_file_next(ListFile *file, ListRecord *ret_record, bool *ret_any,
    GError **error);
/* WORKED of the octets that were read are done with, where that takes time. */
void list_file_worked(ListFile *file, uint64_t worked);
/* Tells that RECORD is a bad line, and why; the first of them. */
void list_file_tell(ListFile *file, const ListRecord *record, const char *why);
/* How many were not told. */
void list_file_tell_rest(ListFile *file);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListFile, list_file_clear)
