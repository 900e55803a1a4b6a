/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The names that fields carry, taken out of what programs put round them.
   Each returns new text, "" when there is none; g_free() it. */

/* The address in "Ana <ana@example.org>", "ana@example.org (Ana)",
   "<ana@example.org>:" and the like; of several the first. */
char *name_address(const char *text);

/* The address in a typed field (RFC 3464, 2.1.2): "rfc822; ana@example.org",
   "utf-8; jos\x{E9}@example.org", also without its type.  xtext that a program
   has left in is decoded. */
char *name_typed_address(const char *text);

/* The host in "dns; mx.example.org (192.0.2.1)", also without its type. */
char *name_typed_host(const char *text);

/* The identifier in "<id@example.org>". */
char *name_message_id(const char *text);

/* The queue id in "by mx.example.org (Postfix) id 4XYZ12; date" (RFC 5321,
   4.4: ID). */
char *name_received_id(const char *text);

/* "type; rest" in two: RET_TYPE in lower case and "" when there is none. */
void name_split_type(const char *text, char **ret_type, char **ret_rest);
