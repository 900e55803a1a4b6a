/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wordbook.h"

/* Makes blanks of the signature of TEXT, a notice's or a person's: from a line
   "-- " (RFC 3676, 4.3) to where a returned message begins.  What stands there is
   said of the sender and his house, never of this mail. */
void signature_blank(const WordBook *book, char *text);
