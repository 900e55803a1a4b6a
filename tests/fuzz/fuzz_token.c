/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The first octet says what the rest is: an address to decode, or campaign and
   recipient, NUL between them, to mint from and to wrap. */

#include "address.h"
#include "bounds.h"
#include "token.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

enum { NOW = 1795294382 };

static TokenSpace *space_new(const char *sub_address)
{
	static const char *const domains[] = { "b.test", "c.example", NULL };
	static const uint8_t epoch[TOKEN_EPOCH] = { 1 };
	static const ForeignPattern patterns[] = {
		{ "mailman", NULL, false },
		{ "sympa", NULL, true },
		{ "civimail", NULL, true },
		{ "own", "(?<campaign>[a-z]+)\\.(?<recipient>.+)", true },
		{ "postfix", NULL, false },
		{ "qmail", NULL, false },
	};
	g_autoptr(KeyRing) keys = keyring_parse("-", KEY, strlen(KEY), NULL);

	return token_space_new(&(TokenSpaceSpec){ keys, domains, sub_address,
				   epoch, patterns, G_N_ELEMENTS(patterns) },
	    NULL);
}

/* What holds of any token, whatever the address was. */
static void token_check(const Token *token)
{
	g_autofree char *folded = NULL;

	g_assert(token->campaign != NULL && token->recipient != NULL &&
		 token->base != NULL && token->pattern != NULL &&
		 token->why != NULL);
	g_assert((token->why[0] != '\0') == (token->check == TOKEN_FORGED ||
						token->check == TOKEN_UNKNOWN));
	if (token->check >= TOKEN_FORGED) {
		g_assert(token->campaign[0] == '\0' && token->base[0] == '\0');
		g_assert(token->recipient[0] == '\0' && token->day == 0);
		return;
	}
	if (token->form != TOKEN_OPAQUE)
		g_assert(campaign_name_is_valid(token->campaign));
	if (token->form == TOKEN_READABLE || token->form == TOKEN_FOREIGN) {
		/* folded is folded: the store compares octets */
		folded = address_fold(token->recipient, NULL);
		g_assert(folded != NULL);
		g_assert(strcmp(folded, token->recipient) == 0);
	}
	if (token->check == TOKEN_GENUINE)
		g_assert(token->form <= TOKEN_READABLE);
	else
		g_assert(token->form >= TOKEN_FOREIGN && token->day == 0 &&
			 strchr(token->base, '@') != NULL);
}

static void decode(const TokenSpace *space, const char *address)
{
	g_auto(Token) token = { 0 };

	token_decode(space, address, &token);
	token_check(&token);
}

/* What was minted is read, also in a wrapper and in the other case. */
static void mint(const TokenSpace *space, const char *campaign,
    const char *recipient, TokenKind kind)
{
	g_autofree char *address = token_mint_readable(space, kind, campaign,
	    recipient, NOW, NULL);
	g_autofree char *folded = address_fold(recipient, NULL);

	if (address == NULL)
		return;
	g_autofree char *upper = g_ascii_strup(address, -1);
	g_auto(GStrv) parts = g_strsplit(address, "@", 2);
	g_autofree char *srs = g_strdup_printf("SRS0=H=T=%s=%s@x.test",
	    parts[1], parts[0]);
	g_autofree char *prvs = g_strdup_printf("\"prvs=1234567890=%s\"@b.test",
	    parts[0]);
	const char *const spellings[] = { address, upper, srs, prvs };

	g_assert(strlen(parts[0]) <= BOUND_LOCAL);
	for (unsigned i = 0; i < G_N_ELEMENTS(spellings); i++) {
		g_auto(Token) token = { 0 };

		token_decode(space, spellings[i], &token);
		token_check(&token);
		g_assert(token.check == TOKEN_GENUINE);
		g_assert(token.kind == kind);
		g_assert(strcmp(token.campaign, campaign) == 0);
		g_assert(strcmp(token.recipient, folded) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static TokenSpace *plain;
	static TokenSpace *sub;

	if (plain == NULL) {
		plain = space_new("");
		sub = space_new("b");
	}
	if (size < 1)
		return 0;
	g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
	const TokenSpace *space = data[0] & 1 ? sub : plain;
	size_t len = strlen(text);

	if (data[0] & 2)
		mint(space, text, len + 1 < size ? text + len + 1 : "",
		    data[0] & 4 ? TOKEN_UNSUBSCRIBE : TOKEN_BOUNCE);
	else
		decode(space, text);
	return 0;
}
