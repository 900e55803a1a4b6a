/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

/* A line "ID:base64" with 32 fresh random octets, newline included; wipe and
   g_free() it. */
char *key_file_line(unsigned id, GError **error);

/* Makes PATH with one fresh key, mode 0640, in its directory's group: there
   the daemon's user is expected. */
bool key_file_create(const char *path, GError **error);
/* Makes PATH with a fresh key for addresses, unless it is there: *RET_MADE (may
   be NULL). */
bool address_key_ensure(const char *path, bool *ret_made, GError **error);
/* Gives the store at PATH, and what lies beside it, to the owner and group of
   its directory, where we may: what root makes must be the daemon's to use. */
void store_give_to_directory(const char *path);
