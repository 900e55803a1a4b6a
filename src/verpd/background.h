/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The priority, as nice(1) counts, of all that gives way to answering: some
   steps behind the calling thread's, which must not be there itself. */
int background_priority(void);
/* From now on the calling thread has it, and whom it makes from then on. */
void background_enter(int priority);
