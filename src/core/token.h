/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Return-path tokens, as verp-token(7) describes them: minted for one
   recipient of one campaign, decoded when a report comes back. */

/* ---- keys ---- */

/* The signing keys, first signs, all verify.  Immutable, shared by threads. */
typedef struct KeyRing KeyRing;

/* Reads the text of a keys file: one `id:base64` a line (id 0 to 31, at least
   32 octets of key), "#" comments and blank lines.  NULL with VP_ERROR_CONFIG
   and "NAME:line: what"; the text of a key is never part of an error. */
KeyRing *keyring_parse(const char *name, const char *text, gsize len,
    GError **error);
KeyRing *keyring_ref(KeyRing *keys);
void keyring_unref(KeyRing *keys);
unsigned keyring_count(const KeyRing *keys);
unsigned keyring_id(const KeyRing *keys, unsigned i); /* 0 is the signer */
/* The id that a rotation gives its new key: the first unused one after the
   signer's, round the end.  -1 when all 32 are taken. */
int keyring_next_id(const KeyRing *keys);
/* The line of a keys file that holds KEY, with its LF; g_free() it. */
char *keyring_format(unsigned id, const uint8_t *key, gsize len);

/* ---- the space of addresses that are ours ---- */

/* One pattern of unsigned return paths (`pattern` in verpd.conf(5)). */
typedef struct ForeignPattern {
	const char *name;
	const char *regex; /* matches the whole local part, case-blind, with
			      named groups campaign and either recipient or
			      local and domain, if it likes base too; NULL
			      for a built-in NAME: postfix qmail mailman sympa
			      civimail */
	bool is_trusted;   /* counts although nothing proves it */
} ForeignPattern;

/* What is needed to mint and decode.  Immutable, shared by threads. */
typedef struct TokenSpace TokenSpace;

typedef struct TokenSpaceSpec {
	KeyRing *keys;              /* a reference is taken */
	const char *const *domains; /* bounce domains, NULL-ended; the first
				       is minted, all are decoded */
	const char *sub_address; /* "b": every address of ours is b+...; "" */
	const uint8_t *epoch;    /* 16 octets, the store's; NULL: opaque tokens
				 can neither be minted nor proven */
	const ForeignPattern *patterns; /* tried in order */
	unsigned n_patterns;
} TokenSpaceSpec;
#define TOKEN_EPOCH 16

/* NULL with VP_ERROR_CONFIG (a pattern does not compile, or lacks its named
   groups; no domain). */
TokenSpace *token_space_new(const TokenSpaceSpec *spec, GError **error);
void token_space_free(TokenSpace *space);
/* Its first bounce domain, with which we mint; NULL: there is none.  Lent. */
const char *token_space_first_domain(const TokenSpace *space);

/* ---- tokens ---- */

typedef enum TokenKind {
	TOKEN_BOUNCE,      /* b- */
	TOKEN_UNSUBSCRIBE, /* u- */
} TokenKind;

typedef enum TokenForm {
	TOKEN_OPAQUE,   /* ids, signed */
	TOKEN_READABLE, /* campaign and recipient in words, signed */
	TOKEN_FOREIGN,  /* campaign and recipient in words, unsigned */
	TOKEN_BASE,     /* a campaign's own address, no recipient; also
			   CiviMail's, which names him by a number only */
} TokenForm;

typedef enum TokenCheck {
	TOKEN_GENUINE,  /* signed by a key of ours */
	TOKEN_TRUSTED,  /* unsigned, of a pattern the admin trusts */
	TOKEN_UNSIGNED, /* foreign or base form: proves nothing */
	TOKEN_FORGED,   /* bears the shape of a signed token, and is none */
	TOKEN_UNKNOWN,  /* of our domain, but nothing we would mint */
	TOKEN_NOT_OURS, /* another domain */
} TokenCheck;

/* A decoded token.  Absent text is "". */
typedef struct Token {
	TokenCheck check;
	TokenKind kind;
	TokenForm form;
	unsigned key_id;
	int64_t day; /* minted on, days since the Epoch; 0 when unsigned */
	int64_t campaign_id; /* opaque form, else 0 */
	int64_t recipient_id;
	char *campaign;  /* readable, foreign and base form */
	char *recipient; /* readable and foreign form, folded */
	char *base;      /* foreign and base: the address before the recipient
			    was put into it: what Postfix writes into
			    X-Postfix-Sender when it was Postfix that did it */
	char *pattern;   /* foreign, and base if one knew it: its name */
	char *why;       /* forged and unknown: what is wrong, one clause */
} Token;

void token_clear(Token *token);

/* Decodes ADDRESS (an envelope recipient of ours, wrapped by SRS0=, SRS1=,
   prvs=, btv1== or quotes or not, in any case).  Never fails: *RET_TOKEN says
   what it is.  Clear it with token_clear().  Does not look at the day.  A
   forged or unknown token names neither ids nor campaign nor recipient. */
void token_decode(const TokenSpace *space, const char *address,
    Token *ret_token);

/* Whether a token minted on DAY is still good at NOW for LIFETIME seconds,
   counted from the end of that day.  A day in the future (a clock set back) is good while it is at most two days
   ahead. */
bool token_is_current(int64_t day, int64_t now, int64_t lifetime);

/* Mints with the first key on the day of NOW: the whole address, g_free() it.
   NULL with VP_ERROR_SYNTAX (campaign or recipient cannot be written) or
   VP_ERROR_LIMIT (local part over 64 octets; use the opaque form.  Or NOW is
   outside of 1970 to 2149). */
char *token_mint_readable(const TokenSpace *space, TokenKind kind,
    const char *campaign, const char *recipient, int64_t now, GError **error);
/* IDs are the store's: campaign 1 to 2^24-1, recipient 1 to 2^32-1; others are
   VP_ERROR_LIMIT.  VP_ERROR_CONFIG when the space has no epoch. */
char *token_mint_opaque(const TokenSpace *space, TokenKind kind,
    int64_t campaign_id, int64_t recipient_id, int64_t now, GError **error);

/* Whether NAME is [a-z0-9][a-z0-9._-]{0,31}. */
bool campaign_name_is_valid(const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyRing, keyring_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TokenSpace, token_space_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Token, token_clear)
