/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The signature of a token: the first octets of an HMAC-SHA-256 over lines of
   text, so that any language mints the same (verp-token(7), RECIPE). */

#include "bounds.h"
#include "token_private.h"

#include <string.h>

/* Room for every field but the words. */
enum { HEAD_MAX = BOUND_NAME + 64 };

bool token_mac(const KeyRing *keys, const TokenSeal *seal, const char *words,
    uint8_t mac[TOKEN_MAC])
{
	const GHmac *keyed = keyring_find(keys, seal->key_id);
	char head[HEAD_MAX];
	uint8_t digest[32];
	gsize len = sizeof digest;

	if (keyed == NULL)
		return false;
	/* most of the price of an HMAC is the key, and that is paid */
	g_autoptr(GHmac) hmac = g_hmac_copy(keyed);
	int head_len = g_snprintf(head, sizeof head,
	    "verpd-token\n1\n%s\n%c\n%u\n%s\n%u\n",
	    seal->form == TOKEN_OPAQUE ? "opaque" : "readable",
	    seal->kind == TOKEN_UNSUBSCRIBE ? 'u' : 'b', seal->key_id,
	    seal->domain, seal->day);

	g_assert(head_len > 0 && head_len < HEAD_MAX);
	g_hmac_update(hmac, (const guchar *)head, head_len);
	g_hmac_update(hmac, (const guchar *)words, (gssize)strlen(words));
	g_hmac_update(hmac, (const guchar *)"\n", 1);
	g_hmac_get_digest(hmac, digest, &len);
	memcpy(mac, digest, TOKEN_MAC);
	return true;
}

bool token_mac_equal(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;

	for (unsigned i = 0; i < TOKEN_MAC; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}
