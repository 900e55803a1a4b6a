/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "errors.h"

/* The files of a store, before SQLite sees them.  Private to this directory. */

/* "PATH: WHY"; always false. */
bool path_fail(VpError code, const char *path, const char *why, GError **error);
/* "PATH: WHAT: " and what errno means; CODE, unless the disk is full. */
bool path_fail_errno(VpError code, const char *path, const char *what,
    GError **error);

/* VP_ERROR_CONFIG if there is a database at PATH, or the log of one. */
bool check_nothing_there(const char *path, GError **error);
/* VP_ERROR_CONFIG if there is nothing at PATH that could be a database. */
bool check_something_there(const char *path, GError **error);

/* Fills the empty file DRAFT. */
typedef bool (*FileFill)(const char *draft, void *data, GError **error);
/* Makes PATH, readable by owner and group, by FILL: it gets its name when it is
   whole and on disk, so nobody sees it before.  REPLACES: it may take the place
   of another; else that is VP_ERROR_CONFIG. */
bool file_make(const char *path, bool replaces, FileFill fill, void *data,
    GError **error);

/* Takes the daemon's lock on the store at STORE_PATH: a descriptor, to be held
   open.  -1 and VP_ERROR_CONFIG when another has it. */
int daemon_lock(const char *store_path, GError **error);
bool daemon_is_running(const char *store_path);
