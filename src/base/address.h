/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/* Mail addresses as RFC 5321 paths carry them: local part, "@", domain.  The
   last "@" divides; a quoted local part keeps its quotes. */

/* The octet after the "@" of ADDRESS (its domain), or NULL if it has none or
   either side is empty. */
const char *address_domain(const char *address);

/* ADDRESS as it is compared everywhere: domain in lower case and IDNA (RFC
   5891's A-labels), local part in lower case, quotes that need not be there
   taken off ("ana"@x is ana@x, RFC 5322 3.4.1), angle brackets and blanks
   round it dropped.  Free with g_free().  NULL with VP_ERROR_SYNTAX when it
   has no local part or domain, VP_ERROR_LIMIT when it is longer than
   BOUND_ADDRESS; bytes that are not UTF-8 are a syntax error. */
char *address_fold(const char *address, GError **error);

/* The same, quickly, for the plain kind: LEN octets of ASCII that need no quotes
   round one "@".  RET_FOLDED has room for LEN + 1; its length is returned.  0
   when it is not of that kind: ask address_fold(). */
size_t address_fold_plain(const char *address, size_t len, char *ret_folded);

/* TEXT with "(address)" in the place of everything that looks like an address,
   also as return paths spell it (ana=example.org), or NULL: there is none in
   it. */
char *address_mask(const char *text);

/* Whether two host or domain names are the same: ASCII case and one trailing
   dot do not count. */
bool domain_equal(const char *a, const char *b);
