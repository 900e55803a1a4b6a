/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include <verpd/status.h>

/* What the files of libverpd share. */

/* Frees *WRONG, tells RET_ERROR (may be NULL) of it. */
enum vp_status lib_fail(GError **wrong, struct vp_error *ret_error);

/* Tells of errno at PATH; false. */
bool lib_file_fail(const char *path, GError **error);

/* Reads all of the ordinary file PATH, at most BOUND_FILE octets.  *RET_MODE
   is that of the file that was read.  g_free() *RET_TEXT. */
bool lib_read_file(const char *path, char **ret_text, gsize *ret_len,
    mode_t *ret_mode, GError **error);
