/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many tokens a second one core mints and decodes, beside the HMAC-SHA-256
   that it cannot do without: the machine's speed falls out of the ratio. */

#include "token.h"

#include <stdio.h>
#include <string.h>

enum { NOW = 1795294382, SECONDS_EACH = 1, BATCH = 1000 };

#define KEY "0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static const uint8_t key[32] = { 0, 1, 2, 3 };
static const uint8_t epoch[TOKEN_EPOCH] = { 1 };

typedef struct Bench {
	TokenSpace *space;
	char *address;
} Bench;

static void run_hmac(Bench *bench, unsigned i)
{
	static const char text[] = "verpd-token\n1\nreadable\nb\n0\n"
				   "bounces.example\n20778\nnews-42\n"
				   "ana@example.org\n";
	uint8_t digest[32];
	gsize len = sizeof digest;
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key, sizeof key);

	g_hmac_update(hmac, (const guchar *)text, sizeof text - 1);
	g_hmac_get_digest(hmac, digest, &len);
	g_hmac_unref(hmac);
}

static void run_readable(Bench *bench, unsigned i)
{
	char recipient[32];

	g_snprintf(recipient, sizeof recipient, "Ana%u@example.org", i);
	g_free(token_mint_readable(bench->space, TOKEN_BOUNCE, "news-42",
	    recipient, NOW, NULL));
}

static void run_opaque(Bench *bench, unsigned i)
{
	g_free(token_mint_opaque(bench->space, TOKEN_BOUNCE, 42, i + 1, NOW,
	    NULL));
}

static void run_decode(Bench *bench, unsigned i)
{
	g_auto(Token) token = { 0 };

	token_decode(bench->space, bench->address, &token);
}

static double per_second(void (*run)(Bench *bench, unsigned i), Bench *bench)
{
	gint64 start = g_get_monotonic_time();
	gint64 spent;
	unsigned n = 0;

	do {
		for (unsigned i = 0; i < BATCH; i++)
			run(bench, n++);
		spent = g_get_monotonic_time() - start;
	} while (spent < SECONDS_EACH * G_USEC_PER_SEC);
	return (double)n * G_USEC_PER_SEC / (double)spent;
}

int main(void)
{
	static const char *const domains[] = { "bounces.example", NULL };
	const ForeignPattern postfix = { "postfix", NULL, false };
	g_autoptr(KeyRing) keys = keyring_parse("-", KEY, strlen(KEY), NULL);
	g_autoptr(TokenSpace)
	    space = token_space_new(&(TokenSpaceSpec){ keys, domains, "", epoch,
					&postfix, 1 },
		NULL);
	g_autofree char *readable = token_mint_readable(space, TOKEN_BOUNCE,
	    "news-42", "ana@example.org", NOW, NULL);
	g_autofree char *opaque = token_mint_opaque(space, TOKEN_BOUNCE, 42, 23,
	    NOW, NULL);
	g_autofree char *wrapped = g_strdup_printf(
	    "SRS0=HHHH=TT=bounces.example=%.31s@forwarder.example", opaque);
	char xverp[] = "news-42+ana=example.org@bounces.example";
	char other[] = "ana@example.org";
	const struct {
		const char *name;
		void (*run)(Bench *bench, unsigned i);
		char *address;
	} rows[] = {
		{ "mint readable", run_readable, NULL },
		{ "mint opaque", run_opaque, NULL },
		{ "decode readable", run_decode, readable },
		{ "decode opaque", run_decode, opaque },
		{ "decode opaque in SRS0", run_decode, wrapped },
		{ "decode XVERP", run_decode, xverp },
		{ "decode not ours", run_decode, other },
	};
	double hmac = per_second(run_hmac, NULL);

	printf("%-24s %10.0f/s\n", "HMAC-SHA-256 alone", hmac);
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		Bench bench = { space, rows[i].address };
		double rate = per_second(rows[i].run, &bench);

		printf("%-24s %10.0f/s  x %.2f\n", rows[i].name, rate,
		    rate / hmac);
	}
	return 0;
}
