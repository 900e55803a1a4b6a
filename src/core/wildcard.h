/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Whether TEXT as a whole fits PATTERN: "*" is any run of octets, "?" any one,
   ASCII letters in either case.  Linear for one "*", never worse than the
   product of the lengths. */
bool wildcard_match(const char *pattern, const char *text);
