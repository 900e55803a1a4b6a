/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VERPD_TOKEN_H
#define VERPD_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include <verpd/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Return-path tokens, as verp-token(7) describes them.  libverpd(3) tells of
   each function.  Absent text is "", never NULL. */

/* Sizes of buffers, the NUL included. */
#define VP_ADDRESS_SIZE  1025 /* any address that can be read */
#define VP_MINTED_SIZE   321  /* any address that is minted */
#define VP_CAMPAIGN_SIZE 33
#define VP_PATTERN_SIZE  64
#define VP_WHY_SIZE      128
#define VP_EPOCH_SIZE    16 /* octets, no NUL */

/* ---- the addresses that are ours ---- */

/* Return paths that other software mints, without a signature. */
struct vp_pattern {
	const char *name;  /* without REGEX: postfix qmail mailman sympa
			      civimail */
	const char *regex; /* or NULL */
	int is_trusted;    /* counts although nothing proves it */
};

/* All that is borrowed is borrowed for the call only.  Set what is not needed
   to zero. */
struct vp_tokens_spec {
	const char *keys_file;      /* either this */
	const char *keys_text;      /* or its contents */
	const char *const *domains; /* bounce domains, NULL-ended: the first
				       is minted, all are decoded */
	const char *sub_address;    /* "b": every address is b+...; or NULL */
	const unsigned char *epoch; /* VP_EPOCH_SIZE octets of the store, for
				       opaque tokens; or NULL */
	const struct vp_pattern *patterns; /* tried in order */
	size_t n_patterns;
};

/* Never changes once it is made: any number of threads may use it. */
struct vp_tokens;

VP_API enum vp_status vp_tokens_new(const struct vp_tokens_spec *spec,
    struct vp_tokens **ret_tokens, struct vp_error *ret_error);
VP_API void vp_tokens_free(struct vp_tokens *tokens);

/* ---- minting ---- */

enum vp_token_kind {
	VP_TOKEN_BOUNCE,      /* b- */
	VP_TOKEN_UNSUBSCRIBE, /* u- */
};

/* NOW is in seconds since the Epoch, SIZE that of ADDRESS. */
VP_API enum vp_status vp_token_mint(const struct vp_tokens *tokens,
    enum vp_token_kind kind, const char *campaign, const char *recipient,
    int64_t now, char *ret_address, size_t size, struct vp_error *ret_error);
VP_API enum vp_status vp_token_mint_opaque(const struct vp_tokens *tokens,
    enum vp_token_kind kind, int64_t campaign_id, int64_t recipient_id,
    int64_t now, char *ret_address, size_t size, struct vp_error *ret_error);

/* ---- decoding ---- */

enum vp_token_form {
	VP_TOKEN_OPAQUE,   /* ids, signed */
	VP_TOKEN_READABLE, /* campaign and recipient in words, signed */
	VP_TOKEN_FOREIGN,  /* campaign and recipient in words, unsigned */
	VP_TOKEN_BASE,     /* a campaign's own address, without recipient */
};

enum vp_token_check {
	VP_TOKEN_GENUINE,  /* signed by a key of ours */
	VP_TOKEN_TRUSTED,  /* unsigned, of a pattern that is trusted */
	VP_TOKEN_UNSIGNED, /* foreign or base form: proves nothing */
	VP_TOKEN_FORGED,   /* bears the shape of a signed token, is none */
	VP_TOKEN_UNKNOWN,  /* of our domain, but nothing we would mint */
	VP_TOKEN_NOT_OURS, /* of another domain */
};

/* A decoded token: plain memory, nothing in it is to be freed.  FORM means
   something only when CHECK is one of the first three. */
struct vp_token {
	enum vp_token_check check;
	enum vp_token_kind kind;
	enum vp_token_form form;
	unsigned key_id;
	int64_t day;         /* days since the Epoch; 0 when unsigned */
	int64_t campaign_id; /* opaque form, else 0 */
	int64_t recipient_id;
	char campaign[VP_CAMPAIGN_SIZE];
	char recipient[VP_ADDRESS_SIZE]; /* folded */
	char base[VP_ADDRESS_SIZE];      /* foreign and base form: the address
				       that the recipient was put into */
	char pattern[VP_PATTERN_SIZE];   /* the name of the one that matched */
	char why[VP_WHY_SIZE]; /* forged or unknown: what is wrong with it */
};

VP_API void vp_token_decode(const struct vp_tokens *tokens, const char *address,
    struct vp_token *ret_token);
VP_API int vp_token_is_current(const struct vp_token *token, int64_t now,
    int64_t lifetime);
VP_API enum vp_status vp_token_verify(const struct vp_tokens *tokens,
    const char *address, int64_t now, int64_t lifetime,
    struct vp_token *ret_token);

#ifdef __cplusplus
}
#endif

#endif
