/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The signing keys.  A key is kept only as the state of an HMAC that has seen
   it: the text it came from is wiped, and no error quotes it.  Reading the file
   and judging its mode is the host's. */

#include "bounds.h"
#include "errors.h"
#include "token_private.h"

#include <string.h>

enum {
	KEY_MIN = 32,   /* octets: RFC 2104 asks for the hash's length */
	KEY_MAX = 1024, /* beyond a block HMAC only hashes it */
};

typedef struct Key {
	unsigned id;
	GHmac *hmac;
} Key;

struct KeyRing {
	Key keys[BOUND_KEYS];
	unsigned n_keys;
	int ref_count;
};

G_STATIC_ASSERT((int)BOUND_KEYS == (int)TOKEN_KEY_IDS);

static const Key *key_of(const KeyRing *keys, unsigned id)
{
	for (unsigned i = 0; i < keys->n_keys; i++)
		if (keys->keys[i].id == id)
			return &keys->keys[i];
	return NULL;
}

const GHmac *keyring_find(const KeyRing *keys, unsigned id)
{
	const Key *key = key_of(keys, id);

	return key != NULL ? key->hmac : NULL;
}

/* "0" to "31", without sign, blanks or leading zeros. */
static bool id_parse(const char *text, size_t len, unsigned *ret_id)
{
	unsigned id = 0;

	if (len < 1 || len > 2 || (len == 2 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isdigit(text[i]))
			return false;
		id = id * 10 + (unsigned)(text[i] - '0');
	}
	if (id >= TOKEN_KEY_IDS)
		return false;
	*ret_id = id;
	return true;
}

/* RFC 4648 section 4 to the letter: g_base64_decode() skips what it does not
   know, so a mistyped key would be another key. */
static bool is_base64(const char *text, size_t len)
{
	size_t digits = len;

	if (len == 0 || len % 4 != 0)
		return false;
	while (digits > len - 2 && text[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++)
		if (!g_ascii_isalnum(text[i]) && text[i] != '+' &&
		    text[i] != '/')
			return false;
	return true;
}

/* Adds the key that LINE (`id:base64`) holds; otherwise what is wrong. */
static const char *add_line(KeyRing *keys, char *line)
{
	char *colon = strchr(line, ':');
	const char *wrong = NULL;
	unsigned id;
	gsize len;

	if (colon == NULL)
		return "expected id:base64";
	if (!id_parse(line, (size_t)(colon - line), &id))
		return "the id of a key is a number from 0 to 31";
	if (key_of(keys, id) != NULL)
		return "this id stands on an earlier line";
	if (!is_base64(colon + 1, strlen(colon + 1)))
		return "the key is not base64";
	g_base64_decode_inplace(colon + 1, &len);
	if (len < KEY_MIN)
		wrong = "the key is shorter than 32 octets";
	else if (len > KEY_MAX)
		wrong = "the key is longer than 1024 octets";
	else
		keys->keys[keys->n_keys++] = (Key){ id,
			g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)colon + 1,
			    len) };
	return wrong;
}

/* One line, with comment and blanks. */
static const char *read_line(KeyRing *keys, const char *start, size_t len)
{
	g_autofree char *line = g_strndup(start, len);
	const char *wrong = NULL;
	char *comment;

	if (strlen(line) != len)
		wrong = "NUL in a text file";
	comment = strchr(line, '#');
	if (comment != NULL)
		*comment = '\0';
	/* g_strstrip() moves the text within the same memory */
	g_strstrip(line);
	if (wrong == NULL && line[0] != '\0')
		wrong = add_line(keys, line);
	explicit_bzero(line, len);
	return wrong;
}

KeyRing *keyring_parse(const char *name, const char *text, gsize len,
    GError **error)
{
	g_autoptr(KeyRing) keys = g_new0(KeyRing, 1);
	const char *end = text + len;
	unsigned n = 1;

	keys->ref_count = 1;
	if (len > BOUND_FILE) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:1: too long for a keys file", name);
		return NULL;
	}
	for (const char *line = text; line < end; n++) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		const char *stop = lf != NULL ? lf : end;
		const char *wrong = read_line(keys, line,
		    (size_t)(stop - line));

		if (wrong != NULL) {
			g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
			    "%s:%u: %s", name, n, wrong);
			return NULL;
		}
		line = lf != NULL ? lf + 1 : end;
	}
	if (keys->n_keys == 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:%u: no key in it", name, n);
		return NULL;
	}
	return g_steal_pointer(&keys);
}

KeyRing *keyring_ref(KeyRing *keys)
{
	g_atomic_int_inc(&keys->ref_count);
	return keys;
}

void keyring_unref(KeyRing *keys)
{
	if (keys == NULL || !g_atomic_int_dec_and_test(&keys->ref_count))
		return;
	for (unsigned i = 0; i < keys->n_keys; i++)
		g_hmac_unref(keys->keys[i].hmac);
	g_free(keys);
}

unsigned keyring_count(const KeyRing *keys)
{
	return keys->n_keys;
}

unsigned keyring_id(const KeyRing *keys, unsigned i)
{
	g_assert(i < keys->n_keys);
	return keys->keys[i].id;
}

int keyring_next_id(const KeyRing *keys)
{
	for (unsigned step = 1; step < TOKEN_KEY_IDS; step++) {
		unsigned id = (keys->keys[0].id + step) % TOKEN_KEY_IDS;

		if (key_of(keys, id) == NULL)
			return (int)id;
	}
	return -1;
}

char *keyring_format(unsigned id, const uint8_t *key, gsize len)
{
	g_autofree char *digits = g_base64_encode(key, len);
	char *line;

	g_assert(id < TOKEN_KEY_IDS);
	line = g_strdup_printf("%u:%s\n", id, digits);
	explicit_bzero(digits, strlen(digits));
	return line;
}
