/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "answer.h"

/* An answer in words: what `check` and `why` tell. */

/* What sets aside what would else stand: "the stream", "allow @example.org";
   "" when nothing does.  g_free() it. */
char *answer_by_text(const Answer *answer);
/* "may be mailed", "may be mailed: soft is set aside by the stream", or
   "SUPPRESSED, hard, since 2026-..., for good".  g_free() it. */
char *answer_text(const Answer *answer);
