/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "feeds.h"

/* Reads a log on from where it was left, whatever became of the file since:
   renamed, copied and truncated, compressed, once or several times. */
typedef struct LogReader LogReader;

LogReader *log_reader_new(const char *path);
void log_reader_free(LogReader *reader);

/* Finds POSITION (NULL: the beginning) in the log or in one of the files it
   became; what is in later ones follows.  *RET_LOST: it is nowhere, and reading
   begins at the beginning of what there is. */
bool log_reader_open(LogReader *reader, const FeedPosition *position,
    bool *ret_lost, GError **error);
/* Begins behind the last whole line there is. */
bool log_reader_open_at_end(LogReader *reader, GError **error);

/* The next whole lines, lent until the next call; *RET_LEN 0: there are none
   now. */
bool log_reader_next(LogReader *reader, const char **ret_text, size_t *ret_len,
    GError **error);
/* LEN more octets of them are done with. */
void log_reader_take(LogReader *reader, size_t len);
void log_reader_position(const LogReader *reader, FeedPosition *ret_position);

/* When there was nothing more: whether the log is another file by now, or was
   cut, so that log_reader_open() is due. */
bool log_reader_is_moved(const LogReader *reader);

/* Octets that were to be read when it was opened, and that have been. */
uint64_t log_reader_total(const LogReader *reader);
uint64_t log_reader_done(const LogReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogReader, log_reader_free)
