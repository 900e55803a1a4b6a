/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lookups.h"

static const MapReply not_found = { MAP_NOTFOUND, NULL };

/* The signed form of what TOKEN names, or NULL: it fits neither. */
static char *mint(const TokenSpace *tokens, const Token *token, SignNames known,
    SignIds ids, int64_t now)
{
	char *minted = NULL;

	if (known == SIGN_IDS)
		minted = token_mint_opaque(tokens, TOKEN_BOUNCE,
		    ids.campaign_id, ids.recipient_id, now, NULL);
	if (minted == NULL)
		minted = token_mint_readable(tokens, TOKEN_BOUNCE,
		    token->campaign, token->recipient, now, NULL);
	return minted;
}

MapReply map_sign(const TokenSpace *tokens, SignLook look, void *data,
    const char *address, int64_t now)
{
	g_auto(Token) token = { 0 };
	SignIds ids = { 0 };
	SignNames known;
	char *minted;

	/* Generic maps are asked for parts of an address, too: those, and
	   what is signed already, name no recipient here. */
	token_decode(tokens, address, &token);
	if (token.form != TOKEN_FOREIGN ||
	    (token.check != TOKEN_UNSIGNED && token.check != TOKEN_TRUSTED) ||
	    token.recipient[0] == '\0')
		return not_found;
	known = look(data, token.campaign, token.recipient, &ids);
	if (known == SIGN_UNKNOWN)
		return not_found;
	minted = mint(tokens, &token, known, ids, now);
	return minted != NULL ? (MapReply){ MAP_OK, minted } : not_found;
}

MapReply map_token(const TokenSpace *tokens, const char *address,
    int64_t lifetime, int64_t now)
{
	g_auto(Token) token = { 0 };

	token_decode(tokens, address, &token);
	if (token.check != TOKEN_GENUINE ||
	    !token_is_current(token.day, now, lifetime))
		return not_found;
	return (MapReply){ MAP_OK, g_strdup("OK") };
}
