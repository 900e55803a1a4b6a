/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The arguments of MAIL and RCPT: paths and parameters.  An address that comes
   out is valid UTF-8 without control characters; these, and octets that are
   not UTF-8, have become U+FFFD, for what no one can write is not one of
   ours. */

/* Reads a path in angle brackets at *TEXT and leaves *TEXT behind it, at a
   blank or the end.  *RET_ADDRESS is the mailbox without brackets and without
   a source route, "" for "<>"; g_free() it.  False, and nothing touched, when
   there is no path.  It may be longer than BOUND_ADDRESS: such a recipient is
   recorded as forged like any other that is none. */
bool path_parse(const char **text, char **ret_address);

/* Reads the next "keyword[=value]" at *TEXT.  *RET_KEYWORD and *RET_VALUE
   (NULL when there is no "=") are the caller's to g_free().  False at the end
   of TEXT, or with *TEXT not at its end when what stands there is no
   parameter. */
bool parameter_next(const char **text, char **ret_keyword, char **ret_value);

/* The address of an ORCPT parameter (RFC 3461, 4.2), "" when it cannot be
   read or is of a type that we do not know.  g_free() it. */
char *orcpt_decode(const char *value);
