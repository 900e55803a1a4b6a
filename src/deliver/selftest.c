/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "selftest.h"

#include <string.h>

bool selftest_names(const char *campaign, const char *recipient)
{
	return strcmp(campaign, SELFTEST_CAMPAIGN) == 0 &&
	       g_str_has_suffix(recipient, "@" SELFTEST_DOMAIN);
}

bool selftest_is(const Token *token)
{
	return token->check == TOKEN_GENUINE && token->kind == TOKEN_BOUNCE &&
	       token->form == TOKEN_READABLE &&
	       selftest_names(token->campaign, token->recipient);
}

void selftest_key(const char *recipient, uint8_t ret_key[STORE_KEY])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	static const char name[] = SELFTEST_CAMPAIGN "\n";
	gsize len = STORE_KEY;

	g_checksum_update(sum, (const guchar *)name, sizeof(name) - 1);
	g_checksum_update(sum, (const guchar *)recipient,
	    (gssize)strlen(recipient));
	g_checksum_get_digest(sum, ret_key, &len);
}
