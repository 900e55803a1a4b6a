/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wordbook.h"

/* What a notice advises its reader to do is no evidence: "If the address does not
   exist, correct it" says of no address that it does not, and neither does
   "perhaps it does not exist".  Such sentences of TEXT become blanks, in place,
   but for those with an address, a page or a reply code in them. */
void hints_blank(const WordBook *book, char *text);
