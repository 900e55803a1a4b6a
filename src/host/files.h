/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/* Small files an admin keeps: the configuration, the keys, the rules. */

/* Reads all of PATH, at most BOUND_FILE octets; *RET_TEXT ends in a NUL that
   does not count and is to be g_free()d.  *RET_MODE (may be NULL) is its mode
   at that moment.  VP_ERROR_NOT_FOUND, or VP_ERROR_CONFIG, with the path. */
bool file_read(const char *path, char **ret_text, gsize *ret_len,
    mode_t *ret_mode, GError **error);

/* A VP_ERROR_NOT_FOUND of file_read() becomes VP_ERROR_CONFIG, for a file that
   must be there; HINT says how to get one, or is "". */
void file_missing_is(GError **error, const char *hint);

/* Puts TEXT in the place of PATH at once: written beside it, synced, renamed,
   the directory synced.  An old file's owner, group and mode are kept (the
   owner as far as we may, where all may read it); a new one gets MODE.  VP_ERROR_TEMPORARY when it fails; PATH is then as before. */
bool file_replace(const char *path, const char *text, gsize len, mode_t mode,
    GError **error);

/* The same in two steps, for what others write.  A file beside PATH, open and
   readable by its owner alone; *RET_TEMPORARY is to be g_free()d, and unlinked
   if it is not put.  -1 with VP_ERROR_TEMPORARY. */
int file_beside(const char *path, char **ret_temporary, GError **error);
/* Puts it into PATH's place.  FD stays open. */
bool file_put(int fd, const char *temporary, const char *path, mode_t mode,
    GError **error);
