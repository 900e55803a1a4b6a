/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* LEN octets in CHARSET (any name of MIME's, "" when none was given) as valid
   UTF-8 of at most MAX octets; what cannot be read becomes U+FFFD.  Without a
   charset that is known, UTF-8 is tried, ISO-2022-JP by its escapes, and at
   last what charset_guess() says.  Lines stay as they are.  g_free() it. */
char *charset_decode(const char *bytes, size_t len, const char *charset,
    size_t max);

/* A header field's value, unfolded: the same for what is outside of encoded
   words (RFC 2047), and these decoded; on one line and printable, at most
   BOUND_FIELD octets.  g_free() it. */
char *charset_decode_field(const char *value, size_t len);
