/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

/* Addresses as a table of access(5), for a Postfix that is to ask nobody. */

/* Whether TYPE is cdb, lmdb, texthash or sqlite. */
bool postfix_table_is_type(const char *type);
/* Writes ADDRESSES to PATH, beside it first, then renamed: whoever reads has
   the old table or the new one.  cdb and lmdb are made by postmap(1) and have
   their ending. */
bool postfix_table_write(const char *type, const char *path,
    const GPtrArray *addresses, GError **error);
/* The lines of main.cf, and of what else is needed; g_free() it. */
char *postfix_table_lines(const char *type, const char *path);
