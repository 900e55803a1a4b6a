/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* How far a long work is: one line on standard error, drawn anew a few times a
   second.  Only where that is a terminal, and not before the first second is
   over. */
typedef struct Progress Progress;

typedef enum ProgressUnit {
	PROGRESS_ROWS,
	PROGRESS_OCTETS,
} ProgressUnit;

/* TOTAL 0: nobody knows how much there is.  NULL, which all of these take,
   when there is no terminal or IS_QUIET. */
Progress *progress_new(ProgressUnit unit, uint64_t total, bool is_quiet);
/* DONE of it all; cheap enough for every row. */
void progress_set(Progress *progress, uint64_t done);
/* Takes the line away: before something else is printed. */
void progress_hide(Progress *progress);
void progress_free(Progress *progress);

/* What the line says: "45 %, 1.2 GB of 2.7 GB, 250 MB/s, 6 s left"; SECONDS
   since the beginning.  g_free() it. */
char *progress_text(ProgressUnit unit, uint64_t done, uint64_t total,
    double seconds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)
