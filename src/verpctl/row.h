/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* One JSON object on one line of standard output.  Whatever a terminal might
   obey in a string is written as \u escapes. */
typedef struct Row Row;

Row *row_new(void);
/* NAME is NULL inside an array.  NULL for VALUE is null. */
void row_text(Row *row, const char *name, const char *value);
void row_number(Row *row, const char *name, int64_t value);
void row_fraction(Row *row, const char *name, double value);
void row_bool(Row *row, const char *name, bool value);
/* 0 is null, HOLD_FOREVER is "forever". */
void row_time(Row *row, const char *name, int64_t at);
void row_open_array(Row *row, const char *name);
void row_close_array(Row *row);
void row_open_object(Row *row, const char *name);
void row_close_object(Row *row);

/* Writes the line, and frees ROW. */
void row_print(Row *row);
/* The same, to the end of TEXT. */
void row_append(Row *row, GString *text);
