/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 4648 section 6 in lower case and without padding: the alphabet that
   survives mail systems which fold case. */

/* Digits that LEN octets take. */
#define BASE32_LENGTH(len) (((len)*8 + 4) / 5)

/* Writes BASE32_LENGTH(LEN) digits and a NUL to TO. */
void base32_encode(const uint8_t *bytes, size_t len, char *to);

/* Reads exactly BASE32_LENGTH(LEN) digits of TEXT, in any case, into LEN
   octets at TO.  False when TEXT_LEN is another length, a digit is none, or
   the unused low bits of the last digit are not zero: an octet string has one
   spelling only (RFC 4648, 3.5). */
bool base32_decode(const char *text, size_t text_len, uint8_t *to, size_t len);
