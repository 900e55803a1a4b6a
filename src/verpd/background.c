/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who goes first.  A bounce may wait a second and nobody sees it; a question of
   smtpd(8) holds up the one who submits mail.  On a machine that has nothing
   else to do a bounce is as quick as ever; where all processors are busy, a
   thread that wakes up to answer would otherwise wait until the one that
   classifies has used up its slice, which is some milliseconds: that alone was
   the slowest hundredth of all answers. */
#include "background.h"

#include <sys/resource.h>

/* The share of a processor is a tenth of the others', not nothing: intake must
   go on beside whatever else runs there. */
enum { STEPS = 10 };

int background_priority(void)
{
	return getpriority(PRIO_PROCESS, 0) + STEPS;
}

void background_enter(int priority)
{
	/* Of the calling thread alone: setpriority(2), "C library/kernel
	   differences".  Should it fail, only the order is lost. */
	(void)setpriority(PRIO_PROCESS, 0, priority);
}
