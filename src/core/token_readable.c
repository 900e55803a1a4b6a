/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The readable form: campaign+local=domain+tag, "u-" before it to unsubscribe;
   the tag is 18 digits for header(1), day(2) and MAC(8). */

#include "address.h"
#include "base32.h"
#include "bounds.h"
#include "errors.h"
#include "token_private.h"

#include <string.h>

G_STATIC_ASSERT((int)TAG_DIGITS == BASE32_LENGTH((int)TAG_OCTETS));

enum { WORDS_MAX = BOUND_ADDRESS + 2 };

static bool readable_mac(const TokenSpace *space, const TokenSeal *seal,
    const char *campaign, const char *recipient, uint8_t mac[TOKEN_MAC])
{
	char words[WORDS_MAX];

	g_snprintf(words, sizeof words, "%s\n%s", campaign, recipient);
	return token_mac(space->keys, seal, words, mac);
}

/* Where the tag of LOCAL begins: 18 letters or digits after the last "+"; NULL
   when there are none. */
static const char *tag_find(const char *local)
{
	const char *plus = strrchr(local, '+');
	size_t len = 0;

	if (plus == NULL)
		return NULL;
	while (g_ascii_isalnum(plus[1 + len]))
		len++;
	return len == TAG_DIGITS && plus[1 + len] == '\0' ? plus + 1 : NULL;
}

/* Whether the first digit of TAG says our version: five bits, the upper three
   of them 001. */
static bool tag_is_ours(const char *tag)
{
	return tag[0] >= 'e' && tag[0] <= 'h';
}

bool readable_has_shape(const char *local)
{
	return tag_find(local) != NULL;
}

/* The recipient as written between campaign and tag, "=" for its "@"; NULL when
   there is none. */
static char *recipient_read(const char *start, const char *end)
{
	g_autofree char *recipient = NULL;
	char *equals;

	if (start >= end)
		return NULL;
	recipient = g_strndup(start, (size_t)(end - start));
	equals = strrchr(recipient, '=');
	if (equals == NULL)
		return NULL;
	*equals = '@';
	return g_steal_pointer(&recipient);
}

/* Whether SEAL's kind, CAMPAIGN and RECIPIENT are what MAC was made for; TOKEN
   is filled then. */
static bool words_prove(const TokenSpace *space, const TokenSeal *seal,
    const char *campaign, const char *recipient, const uint8_t *mac,
    Token *token)
{
	uint8_t wanted[TOKEN_MAC];

	if (!readable_mac(space, seal, campaign, recipient, wanted) ||
	    !token_mac_equal(wanted, mac))
		return false;
	/* whoever has a key may have minted what we would not */
	char *folded = address_fold(recipient, NULL);
	if (folded == NULL || !campaign_name_is_valid(campaign)) {
		g_free(folded);
		return false;
	}
	token->kind = seal->kind;
	token->key_id = seal->key_id;
	token->day = seal->day;
	token_set_take(&token->campaign, g_strdup(campaign));
	token_set_take(&token->recipient, folded);
	return true;
}

/* What is wrong with the token whose tag begins at TAG of LOCAL; NULL when all
   is well and TOKEN is filled. */
static char *tag_decode(const TokenSpace *space, const char *local,
    const char *tag, const char *domain, Token *token)
{
	const char *plus = strchr(local, '+');
	uint8_t octets[TAG_OCTETS];
	TokenSeal seal = { .form = TOKEN_READABLE, .domain = domain };

	g_autofree char *campaign = g_strndup(local, (size_t)(plus - local));
	g_autofree char *recipient = recipient_read(plus + 1, tag - 1);

	if (!base32_decode(tag, TAG_DIGITS, octets, sizeof octets))
		return g_strdup("not base32 in its one spelling");
	if (recipient == NULL)
		return g_strdup("signed, but names no recipient");
	seal.key_id = octets[0] & 31;
	seal.day = (unsigned)octets[1] << 8 | octets[2];
	if (keyring_find(space->keys, seal.key_id) == NULL)
		return g_strdup_printf("unknown key %u", seal.key_id);
	/* "u-x" is the campaign x to unsubscribe from, or a campaign of that
	   name: the signature knows */
	if (g_str_has_prefix(campaign, "u-")) {
		seal.kind = TOKEN_UNSUBSCRIBE;
		if (words_prove(space, &seal, campaign + 2, recipient,
			octets + 3, token))
			return NULL;
	}
	seal.kind = TOKEN_BOUNCE;
	if (!words_prove(space, &seal, campaign, recipient, octets + 3, token))
		return g_strdup("bad signature");
	return NULL;
}

bool readable_decode(const TokenSpace *space, const char *local,
    const char *domain, Token *token)
{
	const char *tag = tag_find(local);
	char *why;

	if (tag == NULL || !tag_is_ours(tag))
		return false;
	token->form = TOKEN_READABLE;
	token->check = TOKEN_GENUINE;
	why = tag_decode(space, local, tag, domain, token);
	if (why != NULL)
		token_refuse_take(token, TOKEN_FORGED, why);
	return true;
}

/* What a recipient may consist of to stand in a local part bare: atext, less
   what Postfix takes for UUCP and source routes ("!", "%"). */
static bool is_writable(const char *recipient)
{
	const char *at = strrchr(recipient, '@');
	size_t local = strspn(recipient,
	    "abcdefghijklmnopqrstuvwxyz0123456789#$&'*+-/=?^_`{|}~.");
	size_t domain = strspn(at + 1,
	    "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return recipient + local == at && at[1 + domain] == '\0';
}

/* RECIPIENT folded, when it can be written in this form. */
static char *recipient_fold(const char *campaign, const char *recipient,
    GError **error)
{
	g_autofree char *folded = NULL;

	if (!campaign_name_is_valid(campaign) ||
	    strstr(campaign, "..") != NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "a campaign's name is [a-z0-9][a-z0-9._-]{0,31}, "
		    "without two dots in a row");
		return NULL;
	}
	folded = address_fold(recipient, error);
	if (folded == NULL)
		return NULL;
	if (!is_writable(folded)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "the recipient has characters that the readable form "
		    "cannot bear; use the opaque form");
		return NULL;
	}
	return g_steal_pointer(&folded);
}

char *token_mint_readable(const TokenSpace *space, TokenKind kind,
    const char *campaign, const char *recipient, int64_t now, GError **error)
{
	TokenSeal seal = {
		.form = TOKEN_READABLE,
		.kind = kind,
		.key_id = keyring_id(space->keys, 0),
		.domain = space->domains[0],
	};
	const char *mark = kind == TOKEN_UNSUBSCRIBE ? "u-" : "";
	uint8_t octets[TAG_OCTETS];
	char tag[TAG_DIGITS + 1];
	const char *quote;

	g_autofree char *folded = recipient_fold(campaign, recipient, error);
	if (folded == NULL || !token_day(now, &seal.day, error))
		return NULL;
	/* the one thing of an address like docomo's that needs them here (RFC
	   5321, 4.1.2); "+" and tag stand before and behind its other dots */
	quote = strstr(folded, "..") != NULL ? "\"" : "";
	if (2 * strlen(quote) + strlen(space->prefix) + strlen(mark) +
		strlen(campaign) + 1 + strlen(folded) + 1 + TAG_DIGITS >
	    BOUND_LOCAL) {
		g_set_error(error, VP_ERROR, VP_ERROR_LIMIT,
		    "the local part would be longer than %d octets; use the "
		    "opaque form",
		    BOUND_LOCAL);
		return NULL;
	}
	octets[0] = token_header(seal.key_id);
	octets[1] = (uint8_t)(seal.day >> 8);
	octets[2] = (uint8_t)seal.day;
	readable_mac(space, &seal, campaign, folded, octets + 3);
	base32_encode(octets, sizeof octets, tag);
	*strrchr(folded, '@') = '=';
	return g_strconcat(quote, space->prefix, mark, campaign, "+", folded,
	    "+", tag, quote, "@", seal.domain, NULL);
}
