/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include <glib.h>

/* Globs on host names and domains, many of them, each for an id. */
typedef struct GlobIndex GlobIndex;

GlobIndex *glob_index_new(void);
void glob_index_free(GlobIndex *index);

/* GLOB, in any case: a name, or one with "*" and "?".  Several may have one
   ID. */
void glob_index_add(GlobIndex *index, const char *glob, unsigned id);

/* Raises MARKS[id] to MARK for each glob that matches HOST; "" is none. */
void glob_index_mark(const GlobIndex *index, const char *host, uint8_t mark,
    uint8_t *marks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GlobIndex, glob_index_free)
