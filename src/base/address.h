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

/* ADDRESS as it is compared everywhere, and the one place that says what is an
   address at all:
   - domain in lower case and IDNA (RFC 5891's A-labels), one final dot dropped;
     an address literal in its one spelling (RFC 5321, 4.1.3)
   - local part in lower case, UTF-8 (RFC 6531) in NFC; in quotes only where it
     must be, so "ana"@x is ana@x (RFC 5322, 3.4.1).  Dots need no quotes
     wherever they stand: ".a..b."@x and .a..b.@x are one person's address.
     What else must be in quotes and is not is an error, a second "@" above all
   - angle brackets and blanks round it dropped
   Free with g_free().  NULL with VP_ERROR_SYNTAX and what is wrong, or
   VP_ERROR_LIMIT when it is longer than BOUND_ADDRESS, or its domain than
   BOUND_NAME.  A local part may be longer than the 64 octets of RFC 5321:
   those are the least that must be taken. */
char *address_fold(const char *address, GError **error);

/* The same of an address out of Postfix's hands, which asks its tables and
   services without the quotes and writes return paths with and without: the
   last "@" divides, whatever stands before it.  NULL when it is none all the
   same. */
char *address_fold_unquoted(const char *address);

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
