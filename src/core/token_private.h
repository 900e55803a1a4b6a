/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "token.h"

/* What the files of tokens share; nobody else includes it. */

enum {
	TOKEN_VERSION = 1, /* upper three bits of the header octet */
	TOKEN_KEY_IDS = 32,
	TOKEN_MAC = 8, /* octets of the HMAC kept */
	OPAQUE_OCTETS = 1 + 3 + 4 + 2 + TOKEN_MAC,
	OPAQUE_DIGITS = 29,
	TAG_OCTETS = 1 + 2 + TOKEN_MAC,
	TAG_DIGITS = 18,
	TOKEN_DAYS = 1 << 16, /* 1970-01-01 to 2149-06-06 */
};

/* ---- keyring.c ---- */

/* The HMAC-SHA-256 that has seen the key and nothing else: g_hmac_copy() it.
   NULL when there is no key of that id. */
const GHmac *keyring_find(const KeyRing *keys, unsigned id);

/* ---- foreign.c ---- */

typedef struct ForeignSet ForeignSet;

ForeignSet *foreign_set_new(const ForeignPattern *patterns, unsigned n,
    GError **error);
void foreign_set_free(ForeignSet *set);

/* Decodes LOCAL (lower case, without the sub-address) at DOMAIN by the first
   pattern that matches.  PREFIX is the sub-address with its "+", or "".
   False when none does; *TOKEN is untouched then. */
bool foreign_set_decode(const ForeignSet *set, const char *prefix,
    const char *local, const char *domain, Token *token);

/* ---- token_space.c ---- */

struct TokenSpace {
	KeyRing *keys;
	char **domains;                      /* folded */
	char *prefix;                        /* "b+" or "" */
	char epoch_hex[2 * TOKEN_EPOCH + 1]; /* "" when there is no epoch */
	ForeignSet *foreign;
};

/* The bounce domain of the space that NAME is, or NULL. */
const char *token_space_domain(const TokenSpace *space, const char *name);

/* ---- wrapper.c ---- */

/* ADDRESS without what other systems put round it, g_free() it; NULL when it
   bears no wrapper.  What is inside a wrapper may bear another. */
char *wrapper_remove(const char *address);

/* ---- token_mac.c ---- */

/* What a MAC says of a token besides its words. */
typedef struct TokenSeal {
	TokenForm form;
	TokenKind kind;
	unsigned key_id;
	unsigned day;
	const char *domain; /* in lower case */
} TokenSeal;

/* Writes the MAC over SEAL and WORDS (lines, the last without its LF).  False
   when there is no key of that id. */
bool token_mac(const KeyRing *keys, const TokenSeal *seal, const char *words,
    uint8_t mac[TOKEN_MAC]);
/* In constant time. */
bool token_mac_equal(const uint8_t *a, const uint8_t *b);

/* The header octet: version and key id. */
static inline uint8_t token_header(unsigned key_id)
{
	return (uint8_t)(TOKEN_VERSION << 5 | key_id);
}

/* ---- token_opaque.c, token_readable.c ---- */

/* Decode LOCAL (lower case, without the sub-address).  False when it has not
   the shape of a signed token; otherwise *TOKEN says whether it is genuine. */
bool opaque_decode(const TokenSpace *space, const char *local,
    const char *domain, Token *token);
bool readable_decode(const TokenSpace *space, const char *local,
    const char *domain, Token *token);
/* Whether LOCAL ends as readable tokens of any version do. */
bool readable_has_shape(const char *local);

/* ---- token.c ---- */

/* Frees *TEXT and takes VALUE. */
void token_set_take(char **text, char *value);
/* Marks TOKEN as CHECK because of WHY, which is taken. */
void token_refuse_take(Token *token, TokenCheck check, char *why);

/* The day of NOW as a token writes it.  False with VP_ERROR_LIMIT. */
bool token_day(int64_t now, unsigned *ret_day, GError **error);
