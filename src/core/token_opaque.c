/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The opaque form: "b-" or "u-" and 29 digits for header(1), campaign id(3),
   recipient id(4), day(2) and MAC(8), numbers in network order.  In a space
   with a sub-address a bounce has no "b-": the sub-address says as much. */

#include "base32.h"
#include "errors.h"
#include "token_private.h"

#include <string.h>

G_STATIC_ASSERT((int)OPAQUE_DIGITS == BASE32_LENGTH((int)OPAQUE_OCTETS));

enum {
	CAMPAIGN_ID_MAX = (1 << 24) - 1,
	WORDS_MAX = 64 + 2 * TOKEN_EPOCH,
};

typedef struct OpaqueIds {
	int64_t campaign;
	int64_t recipient;
} OpaqueIds;

static void number_write(uint8_t *to, unsigned n_octets, int64_t number)
{
	while (n_octets-- > 0) {
		to[n_octets] = (uint8_t)number;
		number >>= 8;
	}
}

static int64_t number_read(const uint8_t *from, unsigned n_octets)
{
	int64_t number = 0;

	for (unsigned i = 0; i < n_octets; i++)
		number = number << 8 | from[i];
	return number;
}

static bool opaque_mac(const TokenSpace *space, const TokenSeal *seal,
    OpaqueIds ids, uint8_t mac[TOKEN_MAC])
{
	char words[WORDS_MAX];

	g_snprintf(words, sizeof words,
	    "%" G_GINT64_FORMAT "\n%" G_GINT64_FORMAT "\n%s", ids.campaign,
	    ids.recipient, space->epoch_hex);
	return token_mac(space->keys, seal, words, mac);
}

/* Where the digits begin, or NULL when LOCAL has not the shape.  Letters and
   digits that base32 has not still have the shape: nothing else of ours has
   just as many. */
static const char *digits_find(const TokenSpace *space, const char *local,
    TokenKind *ret_kind)
{
	const char *digits = local;
	TokenKind kind = TOKEN_BOUNCE;
	size_t len = 0;

	if (g_str_has_prefix(local, "u-")) {
		kind = TOKEN_UNSUBSCRIBE;
		digits += 2;
	} else if (space->prefix[0] == '\0') {
		if (!g_str_has_prefix(local, "b-"))
			return NULL;
		digits += 2;
	}
	while (g_ascii_isalnum(digits[len]))
		len++;
	if (len != OPAQUE_DIGITS || digits[len] != '\0')
		return NULL;
	*ret_kind = kind;
	return digits;
}

/* What is wrong with the token that DIGITS spell; NULL when all is well and
   TOKEN is filled. */
static char *digits_decode(const TokenSpace *space, const char *digits,
    const char *domain, Token *token)
{
	uint8_t octets[OPAQUE_OCTETS];
	uint8_t mac[TOKEN_MAC];
	TokenSeal seal = {
		.form = TOKEN_OPAQUE,
		.kind = token->kind,
		.domain = domain,
	};

	if (!base32_decode(digits, OPAQUE_DIGITS, octets, sizeof octets))
		return g_strdup("not base32 in its one spelling");
	if (octets[0] >> 5 != TOKEN_VERSION)
		return g_strdup_printf("unknown version %d", octets[0] >> 5);
	if (space->epoch_hex[0] == '\0')
		return g_strdup("no store to prove it with");
	seal.key_id = octets[0] & 31;
	seal.day = (unsigned)number_read(octets + 8, 2);
	OpaqueIds ids = {
		.campaign = number_read(octets + 1, 3),
		.recipient = number_read(octets + 4, 4),
	};
	if (!opaque_mac(space, &seal, ids, mac))
		return g_strdup_printf("unknown key %u", seal.key_id);
	if (!token_mac_equal(mac, octets + 10))
		return g_strdup("bad signature");
	token->key_id = seal.key_id;
	token->day = seal.day;
	token->campaign_id = ids.campaign;
	token->recipient_id = ids.recipient;
	return NULL;
}

bool opaque_decode(const TokenSpace *space, const char *local,
    const char *domain, Token *token)
{
	TokenKind kind;
	const char *digits = digits_find(space, local, &kind);
	char *why;

	if (digits == NULL)
		return false;
	token->form = TOKEN_OPAQUE;
	token->kind = kind;
	token->check = TOKEN_GENUINE;
	why = digits_decode(space, digits, domain, token);
	if (why != NULL)
		token_refuse_take(token, TOKEN_FORGED, why);
	return true;
}

char *token_mint_opaque(const TokenSpace *space, TokenKind kind,
    int64_t campaign_id, int64_t recipient_id, int64_t now, GError **error)
{
	OpaqueIds ids = { campaign_id, recipient_id };
	TokenSeal seal = {
		.form = TOKEN_OPAQUE,
		.kind = kind,
		.key_id = keyring_id(space->keys, 0),
		.domain = space->domains[0],
	};
	uint8_t octets[OPAQUE_OCTETS];
	char digits[OPAQUE_DIGITS + 1];
	const char *mark = kind == TOKEN_UNSUBSCRIBE  ? "u-"
			   : space->prefix[0] == '\0' ? "b-"
						      : "";

	if (space->epoch_hex[0] == '\0') {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "opaque tokens need a store");
		return NULL;
	}
	if (campaign_id < 1 || campaign_id > CAMPAIGN_ID_MAX ||
	    recipient_id < 1 || recipient_id > UINT32_MAX) {
		g_set_error(error, VP_ERROR, VP_ERROR_LIMIT,
		    "an id is outside of what a token can bear");
		return NULL;
	}
	if (!token_day(now, &seal.day, error))
		return NULL;
	octets[0] = token_header(seal.key_id);
	number_write(octets + 1, 3, ids.campaign);
	number_write(octets + 4, 4, ids.recipient);
	number_write(octets + 8, 2, seal.day);
	opaque_mac(space, &seal, ids, octets + 10);
	base32_encode(octets, sizeof octets, digits);
	return g_strconcat(space->prefix, mark, digits, "@", seal.domain, NULL);
}
