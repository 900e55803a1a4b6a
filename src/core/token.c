/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Decoding, in the order that lets nothing pass for what it is not: wrappers
   off, is the domain ours, sub-address off; a signed form is genuine or forged
   and never tried as anything else; only then the unsigned patterns, and last
   a campaign's own address.  The forms live in files of their own. */

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "token_private.h"
#include "units.h"

#include <string.h>

bool campaign_name_is_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return g_ascii_isalnum(name[0]) && name[len] == '\0' &&
	       len <= BOUND_CAMPAIGN;
}

void token_set_take(char **text, char *value)
{
	g_free(*text);
	*text = value;
}

void token_refuse_take(Token *token, TokenCheck check, char *why)
{
	token->check = check;
	token_set_take(&token->why, why);
}

static void token_init(Token *token)
{
	*token = (Token){
		.check = TOKEN_NOT_OURS,
		.campaign = g_strdup(""),
		.recipient = g_strdup(""),
		.base = g_strdup(""),
		.pattern = g_strdup(""),
		.why = g_strdup(""),
	};
}

void token_clear(Token *token)
{
	g_clear_pointer(&token->campaign, g_free);
	g_clear_pointer(&token->recipient, g_free);
	g_clear_pointer(&token->base, g_free);
	g_clear_pointer(&token->pattern, g_free);
	g_clear_pointer(&token->why, g_free);
}

/* A campaign's own address: no recipient in it, no signature on it. */
static bool base_decode(const char *prefix, const char *local,
    const char *domain, Token *token)
{
	if (!campaign_name_is_valid(local))
		return false;
	token->check = TOKEN_UNSIGNED;
	token->form = TOKEN_BASE;
	token_set_take(&token->campaign, g_strdup(local));
	token_set_take(&token->base,
	    g_strconcat(prefix, local, "@", domain, NULL));
	return true;
}

/* LOCAL after the sub-address; NULL when it lacks it.  Some systems turn the
   delimiter into "-". */
static const char *sub_address_skip(const TokenSpace *space, const char *local)
{
	size_t len = strlen(space->prefix);

	if (len == 0)
		return local;
	if (strncmp(local, space->prefix, len - 1) != 0 ||
	    (local[len - 1] != '+' && local[len - 1] != '-'))
		return NULL;
	return local + len;
}

static void local_decode(const TokenSpace *space, const char *local,
    const char *domain, Token *token)
{
	const char *bare = sub_address_skip(space, local);

	if (bare == NULL) {
		token_refuse_take(token, TOKEN_UNKNOWN,
		    g_strdup_printf("does not begin with %s", space->prefix));
		return;
	}
	if (opaque_decode(space, bare, domain, token) ||
	    readable_decode(space, bare, domain, token) ||
	    foreign_set_decode(space->foreign, space->prefix, bare, domain,
		token) ||
	    base_decode(space->prefix, bare, domain, token))
		return;
	if (readable_has_shape(bare)) {
		token->form = TOKEN_READABLE;
		token_refuse_take(token, TOKEN_FORGED,
		    g_strdup("signed, but of no version we know"));
		return;
	}
	token_refuse_take(token, TOKEN_UNKNOWN,
	    g_strdup("neither a token nor a campaign"));
}

/* The innermost of the wrapped addresses that is of one of our domains: a
   forwarder's SRS has its own domain outside and ours within.  NULL when none
   is; *RET_DOMAIN is ours otherwise. */
static char *address_unwrap(const TokenSpace *space, const char *address,
    const char **ret_domain)
{
	g_autofree char *current = g_strdup(address);
	g_autofree char *found = NULL;

	for (unsigned depth = 0; current != NULL; depth++) {
		const char *name = address_domain(current);
		const char *domain = name != NULL
					 ? token_space_domain(space, name)
					 : NULL;
		char *inner = depth < BOUND_WRAPPERS ? wrapper_remove(current)
						     : NULL;

		if (domain != NULL) {
			*ret_domain = domain;
			token_set_take(&found, g_steal_pointer(&current));
		}
		token_set_take(&current, inner);
	}
	return g_steal_pointer(&found);
}

void token_decode(const TokenSpace *space, const char *address,
    Token *ret_token)
{
	const char *domain = NULL;

	token_init(ret_token);
	if (strlen(address) > BOUND_ADDRESS) {
		const char *name = address_domain(address);

		if (name != NULL && token_space_domain(space, name) != NULL)
			token_refuse_take(ret_token, TOKEN_UNKNOWN,
			    g_strdup_printf("longer than %d octets",
				BOUND_ADDRESS));
		return;
	}
	g_autofree char *inner = address_unwrap(space, address, &domain);
	if (inner == NULL)
		return;
	g_autofree char *local = g_ascii_strdown(inner,
	    address_domain(inner) - 1 - inner);
	local_decode(space, local, domain, ret_token);
}

bool token_is_current(int64_t day, int64_t now, int64_t lifetime)
{
	enum { DAYS_AHEAD = 2 };
	int64_t today = day_of(now);

	if (day > today)
		return day - today <= DAYS_AHEAD;
	return now - (day + 1) * SECONDS_PER_DAY <= lifetime;
}

bool token_day(int64_t now, unsigned *ret_day, GError **error)
{
	int64_t day = day_of(now);

	if (day < 0 || day >= TOKEN_DAYS) {
		g_set_error(error, VP_ERROR, VP_ERROR_LIMIT,
		    "the clock shows a day that no token can bear");
		return false;
	}
	*ret_day = (unsigned)day;
	return true;
}
