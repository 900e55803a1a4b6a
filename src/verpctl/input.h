/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

/* What commands read: a file that was named to them, or standard input. */

#define INPUT_STDIN "-"

/* NAME as messages have it. */
const char *input_name(const char *name);
/* Opens NAME, or takes standard input.  -1: VP_ERROR_NOT_FOUND, also for a
   directory, with the name. */
int input_open(const char *name, GError **error);
/* Whether input_open() would; for what opens the file itself. */
bool input_is_there(const char *name, GError **error);
/* What input_open() gave; standard input stays open. */
void input_close(int fd);
/* How many octets there will be; 0: nobody knows. */
uint64_t input_size(int fd);
/* As read(2), but signals do not end it. */
ssize_t input_read(int fd, const char *name, void *to, size_t len,
    GError **error);
