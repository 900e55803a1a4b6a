/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Minting and decoding for programs that are not ours.  What src/core keeps on
   the heap is copied into the caller's own memory here; what does not fit is
   refused, never cut. */

#include "lib_private.h"
#include "token.h"

#include "errors.h"

#include <string.h>

#include <verpd/token.h>

struct vp_tokens {
	TokenSpace *space;
};

G_STATIC_ASSERT(VP_EPOCH_SIZE == TOKEN_EPOCH);
G_STATIC_ASSERT((int)VP_TOKEN_UNSUBSCRIBE == (int)TOKEN_UNSUBSCRIBE);
G_STATIC_ASSERT((int)VP_TOKEN_OPAQUE == (int)TOKEN_OPAQUE);
G_STATIC_ASSERT((int)VP_TOKEN_READABLE == (int)TOKEN_READABLE);
G_STATIC_ASSERT((int)VP_TOKEN_FOREIGN == (int)TOKEN_FOREIGN);
G_STATIC_ASSERT((int)VP_TOKEN_BASE == (int)TOKEN_BASE);
G_STATIC_ASSERT((int)VP_TOKEN_GENUINE == (int)TOKEN_GENUINE);
G_STATIC_ASSERT((int)VP_TOKEN_TRUSTED == (int)TOKEN_TRUSTED);
G_STATIC_ASSERT((int)VP_TOKEN_UNSIGNED == (int)TOKEN_UNSIGNED);
G_STATIC_ASSERT((int)VP_TOKEN_FORGED == (int)TOKEN_FORGED);
G_STATIC_ASSERT((int)VP_TOKEN_UNKNOWN == (int)TOKEN_UNKNOWN);
G_STATIC_ASSERT((int)VP_TOKEN_NOT_OURS == (int)TOKEN_NOT_OURS);

/* ---- the addresses that are ours ---- */

static KeyRing *read_keys(const char *path, GError **error)
{
	KeyRing *keys = NULL;
	char *text;
	mode_t mode;
	gsize len;

	if (!lib_read_file(path, &text, &len, &mode, error))
		return NULL;
	if ((mode & 0007) != 0)
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: open to others than its owner and group", path);
	else
		keys = keyring_parse(path, text, len, error);
	explicit_bzero(text, len);
	g_free(text);
	return keys;
}

static KeyRing *load_keys(const struct vp_tokens_spec *spec, GError **error)
{
	if ((spec->keys_file == NULL) == (spec->keys_text == NULL)) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "either keys_file or keys_text is to be given");
		return NULL;
	}
	if (spec->keys_file != NULL)
		return read_keys(spec->keys_file, error);
	return keyring_parse("keys", spec->keys_text, strlen(spec->keys_text),
	    error);
}

static TokenSpace *space_new(const struct vp_tokens_spec *spec, GError **error)
{
	g_autofree ForeignPattern *patterns = g_new0(ForeignPattern,
	    spec->n_patterns + 1);
	g_autoptr(KeyRing) keys = NULL;

	for (size_t i = 0; i < spec->n_patterns; i++) {
		const struct vp_pattern *pattern = &spec->patterns[i];

		if (strlen(pattern->name) >= VP_PATTERN_SIZE) {
			g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
			    "the name of a pattern is too long: \"%s\"",
			    pattern->name);
			return NULL;
		}
		patterns[i] = (ForeignPattern){ pattern->name, pattern->regex,
			pattern->is_trusted != 0 };
	}
	keys = load_keys(spec, error);
	if (keys == NULL)
		return NULL;
	return token_space_new(
	    &(TokenSpaceSpec){
		.keys = keys,
		.domains = spec->domains,
		.sub_address = spec->sub_address,
		.epoch = spec->epoch,
		.patterns = patterns,
		.n_patterns = (unsigned)spec->n_patterns,
	    },
	    error);
}

enum vp_status vp_tokens_new(const struct vp_tokens_spec *spec,
    struct vp_tokens **ret_tokens, struct vp_error *ret_error)
{
	GError *wrong = NULL;
	TokenSpace *space = space_new(spec, &wrong);

	if (space == NULL)
		return lib_fail(&wrong, ret_error);
	*ret_tokens = g_new(struct vp_tokens, 1);
	(*ret_tokens)->space = space;
	return VP_STATUS_OK;
}

void vp_tokens_free(struct vp_tokens *tokens)
{
	if (tokens == NULL)
		return;
	token_space_free(tokens->space);
	g_free(tokens);
}

/* ---- minting ---- */

/* Takes what was minted, or what was WRONG. */
static enum vp_status give_take(char *minted, GError *wrong, char *ret_address,
    size_t size, struct vp_error *ret_error)
{
	g_autofree char *address = minted;

	if (address != NULL && strlen(address) >= size)
		g_set_error(&wrong, VP_ERROR, VP_ERROR_LIMIT,
		    "the address does not fit in %zu octets", size);
	if (wrong != NULL)
		return lib_fail(&wrong, ret_error);
	memcpy(ret_address, address, strlen(address) + 1);
	return VP_STATUS_OK;
}

enum vp_status vp_token_mint(const struct vp_tokens *tokens,
    enum vp_token_kind kind, const char *campaign, const char *recipient,
    int64_t now, char *ret_address, size_t size, struct vp_error *ret_error)
{
	GError *wrong = NULL;
	char *address = token_mint_readable(tokens->space, (TokenKind)kind,
	    campaign, recipient, now, &wrong);

	return give_take(address, wrong, ret_address, size, ret_error);
}

enum vp_status vp_token_mint_opaque(const struct vp_tokens *tokens,
    enum vp_token_kind kind, int64_t campaign_id, int64_t recipient_id,
    int64_t now, char *ret_address, size_t size, struct vp_error *ret_error)
{
	GError *wrong = NULL;
	char *address = token_mint_opaque(tokens->space, (TokenKind)kind,
	    campaign_id, recipient_id, now, &wrong);

	return give_take(address, wrong, ret_address, size, ret_error);
}

/* ---- decoding ---- */

/* Copies FROM unless it would have to be cut. */
static bool copy(char *to, size_t size, const char *from)
{
	return g_strlcpy(to, from, size) < size;
}

void vp_token_decode(const struct vp_tokens *tokens, const char *address,
    struct vp_token *ret_token)
{
	g_auto(Token) token = { 0 };
	struct vp_token copied = { .check = VP_TOKEN_UNKNOWN };
	bool fits;

	token_decode(tokens->space, address, &token);
	fits = copy(copied.campaign, VP_CAMPAIGN_SIZE, token.campaign) &&
	       copy(copied.recipient, VP_ADDRESS_SIZE, token.recipient) &&
	       copy(copied.base, VP_ADDRESS_SIZE, token.base) &&
	       copy(copied.pattern, VP_PATTERN_SIZE, token.pattern);
	if (!fits) {
		*ret_token = (struct vp_token){ .check = VP_TOKEN_UNKNOWN,
			.why = "longer than an address can be" };
		return;
	}
	/* a reason is for people, so this one may be cut */
	(void)copy(copied.why, VP_WHY_SIZE, token.why);
	copied.check = (enum vp_token_check)token.check;
	copied.kind = (enum vp_token_kind)token.kind;
	copied.form = (enum vp_token_form)token.form;
	copied.key_id = token.key_id;
	copied.day = token.day;
	copied.campaign_id = token.campaign_id;
	copied.recipient_id = token.recipient_id;
	*ret_token = copied;
}

int vp_token_is_current(const struct vp_token *token, int64_t now,
    int64_t lifetime)
{
	return token->check != VP_TOKEN_GENUINE ||
	       token_is_current(token->day, now, lifetime);
}

enum vp_status vp_token_verify(const struct vp_tokens *tokens,
    const char *address, int64_t now, int64_t lifetime,
    struct vp_token *ret_token)
{
	vp_token_decode(tokens, address, ret_token);
	if (ret_token->check != VP_TOKEN_GENUINE &&
	    ret_token->check != VP_TOKEN_TRUSTED)
		return VP_STATUS_UNPROVEN;
	return vp_token_is_current(ret_token, now, lifetime)
		   ? VP_STATUS_OK
		   : VP_STATUS_EXPIRED;
}
