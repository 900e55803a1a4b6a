/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "deliver.h"
#include "errors.h"
#include "report_read.h"
#include "shipped_rules.h"

/* What messages are delivered to: a store, keys and a few rules of its own. */

#define NOW ((int64_t)1795293182) /* 2026-11-21T20:33:02Z */
#define DAY ((int64_t)86400)

static const char keys_text[] =
    "1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";

/* Rules of this test's own: what is shipped may change. */
static const char rules_text[] = "[t.nobody]\n"
				 "match = no such user\n"
				 "reason = bad-mailbox\n"
				 "confidence = 0.98\n"
				 "example = no such user\n"
				 "\n"
				 "[t.full]\n"
				 "match = over quota\n"
				 "reason = mailbox-full\n"
				 "confidence = 0.98\n"
				 "example = over quota\n"
				 "\n"
				 "[t.maybe]\n"
				 "match = perhaps gone\n"
				 "reason = bad-mailbox\n"
				 "confidence = 0.5\n"
				 "example = perhaps gone\n"
				 "\n"
				 "[t.complaint]\n"
				 "kind = complaint\n"
				 "reason = complaint\n"
				 "confidence = 0.99\n"
				 "example = (feedback=abuse) a complaint\n";

/* ---- a site: a store in a directory of its own, and a judge ---- */

static char *directory;
static Store *store;
static Judge *judge;

static void site_up(void)
{
	static const char *const domains[] = { "bounces.test", NULL };
	static const char *const campaigns[] = { "receipt-*", NULL };
	static const ForeignPattern patterns[] = {
		{ "postfix", NULL, false },
		{ "mine",
		    "^old-(?<local>[^=]+)=(?<domain>.+)-(?<campaign>\\w+)$",
		    true },
	};
	static const RuleFile file = { "test.rules", rules_text,
		sizeof(rules_text) - 1 };
	g_autoptr(KeyRing) keys = NULL;
	TokenSpaceSpec spec = { 0 };
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	mail_init();
	directory = g_dir_make_tmp("verpd-test-XXXXXX", NULL);
	path = g_build_filename(directory, "verpd.db", NULL);
	ck_assert(store_create(path, &error));
	store = store_open(path, STORE_WRITE, 1000, &error);
	ck_assert_msg(store != NULL, "%s", error ? error->message : "");
	keys = keyring_parse("keys", keys_text, sizeof(keys_text) - 1, &error);
	ck_assert_msg(keys != NULL, "%s", error ? error->message : "");
	spec = (TokenSpaceSpec){ .keys = keys,
		.domains = domains,
		.sub_address = "",
		.epoch = store_epoch(store),
		.patterns = patterns,
		.n_patterns = G_N_ELEMENTS(patterns) };
	judge = judge_new();
	judge->tokens = token_space_new(&spec, &error);
	ck_assert_msg(judge->tokens != NULL, "%s", error ? error->message : "");
	judge->rules = shipped_rules_and(SHIPPED_WORDS, &file);
	judge_add_stream(judge, "transactional", campaigns,
	    CAUSE_BIT(CAUSE_COMPLAINT));
	judge->default_stream = g_strdup("marketing");
	judge->own_hosts = g_strsplit("mx.sender.test", ",", 0);
	judge->bounce_lifetime = 30 * DAY;
	judge->complaint_lifetime = 365 * DAY;
	judge->forged_per_source = 60;
	judge->forged_total = 600;
	judge->quarantine = (StoreQuota){ 30 * DAY, 1000000 };
}

static void site_down(void)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	store_close(store);
	judge_unref(judge);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(directory, name, NULL);

		(void)g_unlink(path); /* a scratch file */
	}
	(void)g_rmdir(directory);
	g_free(directory);
}

static inline char *mint(TokenKind kind, const char *campaign,
    const char *recipient, int64_t at)
{
	g_autoptr(GError) error = NULL;
	char *address = token_mint_readable(judge->tokens, kind, campaign,
	    recipient, at, &error);

	ck_assert_msg(address != NULL, "%s", error ? error->message : "");
	return address;
}
