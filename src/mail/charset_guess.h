/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* The charset of LEN octets of which nobody has told it and which are no UTF-8:
   one of those that whole languages are written in without a letter of ASCII, or
   else Latin-1, which fits everything. */
const char *charset_guess(const char *bytes, size_t len);
