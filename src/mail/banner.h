/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "wordbook.h"

/* What a gateway puts on top of mail from outside: "CAUTION: This email comes
   from outside. Do not click on links." */

/* TEXT has a banner and nothing else. */
bool banner_is_all(const WordBook *book, const char *text);
/* Makes blanks of the banner that TEXT begins with, if it does. */
void banner_blank(const WordBook *book, char *text);

/* The octets of a mark that a gateway has put before SUBJECT, which is in lower
   case, and of the blanks behind it: "[ext] ", "***spam*** ", "{spam?} "; 0 if
   there is none. */
size_t banner_tag_len(const WordBook *book, const char *subject);
