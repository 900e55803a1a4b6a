/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wordbook.h"

/* Where the words of TEXT end: at a line such as "--- Below this line is a copy
   of the message.", at the header of a message, or at the end.  RET_RETURNED is
   where the returned message (or its header) begins.  Both are lent. */
const char *divider_find(const WordBook *book, const char *text,
    const char **ret_returned);
