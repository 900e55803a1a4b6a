/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base32.h"

#include <glib.h>

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

void base32_encode(const uint8_t *bytes, size_t len, char *to)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (n_bits += 8; n_bits >= 5; n_bits -= 5)
			*to++ = digits[bits >> (n_bits - 5) & 31];
	}
	if (n_bits > 0)
		*to++ = digits[bits << (5 - n_bits) & 31];
	*to = '\0';
}

static int digit_value(char c)
{
	if (g_ascii_isalpha(c))
		return g_ascii_tolower(c) - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

bool base32_decode(const char *text, size_t text_len, uint8_t *to, size_t len)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;

	if (text_len != BASE32_LENGTH(len))
		return false;
	for (size_t i = 0; i < text_len; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return false;
		bits = bits << 5 | (uint32_t)value;
		n_bits += 5;
		if (n_bits >= 8) {
			n_bits -= 8;
			*to++ = (uint8_t)(bits >> n_bits);
		}
	}
	return (bits & ((1u << n_bits) - 1)) == 0;
}
