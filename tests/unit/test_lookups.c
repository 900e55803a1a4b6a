/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `sign` and `token` answer. */
#include "lookups.h"
#include "main.h"
#include "units.h"

#include <string.h>

#define KEY "0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

enum { NOW = 1795294382 };
#define LIFETIME ((int64_t)365 * SECONDS_PER_DAY)

static const uint8_t epoch[TOKEN_EPOCH] = { 1, 2, 3 };

static TokenSpace *space_new(const uint8_t *its_epoch)
{
	static const char *const domains[] = { "bounces.example", NULL };
	static const ForeignPattern pattern = { "postfix", NULL, false };
	g_autoptr(KeyRing) keys = keyring_parse("k", KEY, strlen(KEY), NULL);
	TokenSpaceSpec spec = { keys, domains, "", its_epoch, &pattern, 1 };

	return token_space_new(&spec, NULL);
}

/* Knows the campaign "news", and the ids of ana alone. */
static SignNames look(void *data, const char *campaign, const char *recipient,
    SignIds *ret_ids)
{
	unsigned *asked = data;

	(*asked)++;
	if (strcmp(campaign, "news") != 0)
		return SIGN_UNKNOWN;
	if (strcmp(recipient, "ana@x.test") != 0)
		return SIGN_NO_IDS;
	*ret_ids = (SignIds){ 7, 42 };
	return SIGN_IDS;
}

#define LONG "a-local-part-that-is-as-long-as-local-parts-may-be-and-then-some"

static const struct {
	const char *address;
	const char *begins; /* of the reply, NULL: not found */
	unsigned asked;
} sign_cases[] = {
	{ "news+ana=x.test@bounces.example", "b-", 1 },
	{ "NEWS+Ana=X.test@Bounces.Example", "b-", 1 },
	{ "news+ben=x.test@bounces.example", "news+ben=x.test+", 1 },
	{ "other+ana=x.test@bounces.example", NULL, 1 },
	/* parts of an address, other domains, no recipient, no token at all */
	{ "news+ana=x.test", NULL, 0 },
	{ "@bounces.example", NULL, 0 },
	{ "news", NULL, 0 },
	{ "", NULL, 0 },
	{ "news+ana=x.test@elsewhere.example", NULL, 0 },
	{ "news@bounces.example", NULL, 0 },
	{ "postmaster@bounces.example", NULL, 0 },
	/* fits in neither form */
	{ "news+" LONG "=x.test@bounces.example", NULL, 1 },
};

START_TEST(test_sign)
{
	g_autoptr(TokenSpace) tokens = space_new(epoch);
	const char *begins = sign_cases[_i].begins;
	unsigned asked = 0;
	MapReply reply = map_sign(tokens, look, &asked, sign_cases[_i].address,
	    NOW);

	ck_assert_uint_eq(asked, sign_cases[_i].asked);
	if (begins == NULL) {
		ck_assert_int_eq(reply.status, MAP_NOTFOUND);
	} else {
		ck_assert_int_eq(reply.status, MAP_OK);
		ck_assert(g_str_has_prefix(reply.text, begins));
		/* what we signed is genuine, and is not signed again */
		g_autofree char *minted = reply.text;
		MapReply token = map_token(tokens, minted, LIFETIME, NOW);
		MapReply again = map_sign(tokens, look, &asked, minted, NOW);

		ck_assert_int_eq(token.status, MAP_OK);
		ck_assert_str_eq(token.text, "OK");
		ck_assert_int_eq(again.status, MAP_NOTFOUND);
		g_free(token.text);
	}
}
END_TEST

/* Without the store's epoch, ids or not: readable. */
START_TEST(test_sign_without_store)
{
	g_autoptr(TokenSpace) tokens = space_new(NULL);
	unsigned asked = 0;
	MapReply reply = map_sign(tokens, look, &asked,
	    "news+ana=x.test@bounces.example", NOW);
	g_autofree char *text = reply.text;

	ck_assert_int_eq(reply.status, MAP_OK);
	ck_assert(g_str_has_prefix(text, "news+ana=x.test+"));
}
END_TEST

START_TEST(test_token)
{
	g_autoptr(TokenSpace) tokens = space_new(epoch);
	g_autofree char *minted = token_mint_readable(tokens, TOKEN_BOUNCE,
	    "news", "ana@x.test", NOW, NULL);
	char *digit = strrchr(minted, '@') - 1;

	MapReply reply = map_token(tokens, minted, LIFETIME, NOW + LIFETIME);
	ck_assert_int_eq(reply.status, MAP_OK);
	g_free(reply.text);
	/* too old by a day; of another domain; unsigned; one letter changed */
	reply = map_token(tokens, minted, LIFETIME,
	    NOW + LIFETIME + SECONDS_PER_DAY);
	ck_assert_int_eq(reply.status, MAP_NOTFOUND);
	reply = map_token(tokens, "news+ana=x.test@bounces.example", LIFETIME,
	    NOW);
	ck_assert_int_eq(reply.status, MAP_NOTFOUND);
	reply = map_token(tokens, "b-x@elsewhere.example", LIFETIME, NOW);
	ck_assert_int_eq(reply.status, MAP_NOTFOUND);
	*digit = *digit == 'a' ? 'b' : 'a';
	reply = map_token(tokens, minted, LIFETIME, NOW);
	ck_assert_int_eq(reply.status, MAP_NOTFOUND);
}
END_TEST

static Suite *lookups_suite(void)
{
	Suite *suite = suite_create("lookups");
	TCase *tcase = tcase_create("lookups");

	tcase_add_loop_test(tcase, test_sign, 0, (int)G_N_ELEMENTS(sign_cases));
	tcase_add_test(tcase, test_sign_without_store);
	tcase_add_test(tcase, test_token);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(lookups_suite)
