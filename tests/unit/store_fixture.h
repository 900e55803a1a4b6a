/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "errors.h"
#include "store.h"

/* A directory of its own for each test, with a new store in it. */

#define NOW  INT64_C(1790000000)
#define DAY  INT64_C(86400)
#define BUSY 50 /* milliseconds a lock is waited for */

static char *fixture_dir;
static char *fixture_path;

static void fixture_set_up(void)
{
	GError *error = NULL;

	fixture_dir = g_dir_make_tmp("verpd-store-XXXXXX", &error);
	g_assert_no_error(error);
	fixture_path = g_build_filename(fixture_dir, "verpd.db", NULL);
	store_create(fixture_path, &error);
	g_assert_no_error(error);
}

static void fixture_tear_down(void)
{
	GDir *dir = g_dir_open(fixture_dir, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		char *path = g_build_filename(fixture_dir, name, NULL);

		(void)g_unlink(path);
		g_free(path);
	}
	if (dir != NULL)
		g_dir_close(dir);
	(void)g_rmdir(fixture_dir);
	g_clear_pointer(&fixture_dir, g_free);
	g_clear_pointer(&fixture_path, g_free);
}

static inline TCase *fixture_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, fixture_set_up, fixture_tear_down);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static inline Store *fixture_open(StoreMode mode)
{
	GError *error = NULL;
	Store *store = store_open(fixture_path, mode, BUSY, &error);

	g_assert_no_error(error);
	return store;
}

#define ck_no_error(error)                                                     \
	ck_assert_msg((error) == NULL, "%s",                                   \
	    (error) != NULL ? (error)->message : "")
#define ck_error(error, its_code)                                              \
	ck_assert_msg(g_error_matches((error), VP_ERROR, (its_code)),          \
	    "wanted %d, got %d: %s", (its_code),                               \
	    (error) != NULL ? (error)->code : -1,                              \
	    (error) != NULL ? (error)->message : "no error")

/* An event of RECIPIENT in CAMPAIGN, with every text set. */
static inline Event fixture_event(int64_t campaign_id, int64_t recipient_id,
    int64_t at, enum vp_class class_, Effect effect)
{
	return (Event){
		.at = at,
		.recipient_id = recipient_id,
		.campaign_id = campaign_id,
		.token_day = at / DAY,
		.trust = TRUST_SIGNED,
		.class_ = class_,
		.reason = effect.reason,
		.confidence = 0.98,
		.rule = "status-5.1.1",
		.source = "status",
		.matched = "5.1.1",
		.status = "5.1.1",
		.smtp_code = 550,
		.action = "failed",
		.provider = "google",
		.remote_mta = "mx.example.org",
		.diagnostic = "smtp; 550 5.1.1 no such user",
		.via = "",
		.message_id = "<1@mx.example.org>",
		.queue_id = "4XYZ12",
		.client = "192.0.2.1",
		.effect = effect,
	};
}

/* One message as the recorder does it, in a transaction of its own: NULL key
   means no delivery key.  Returns the event's id. */
static inline int64_t fixture_record(Store *store, const char *campaign_name,
    const char *stream, const char *address, int64_t at, enum vp_class class_,
    Effect effect)
{
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	RecipientState before, after;
	GError *error = NULL;
	int64_t id = 0;
	Event event;
	bool ok = store_begin(store, &error) &&
		  store_campaign_ensure(store, campaign_name, stream, at,
		      &campaign, &error) &&
		  store_recipient_ensure(store, address, address, at,
		      &recipient, &error) &&
		  store_load(store, recipient.id, campaign.stream, &before,
		      &error);

	ck_no_error(error);
	event = fixture_event(campaign.id, recipient.id, at, class_, effect);
	after = policy_apply(before, &effect, at);
	ok = ok && store_append(store, &event, &id, &error) &&
	     store_save(store, recipient.id, campaign.stream, &before, &after,
		 id, &error) &&
	     store_commit(store, &error);
	ck_no_error(error);
	ck_assert(ok);
	return id;
}

static inline Effect fixture_soft(int64_t hold_until, unsigned rung)
{
	return (Effect){ .step = STEP_SOFT,
		.is_counted = true,
		.hold_until = hold_until,
		.rung = rung };
}

static inline Effect fixture_hard(void)
{
	return (Effect){ .step = STEP_HARD, .hold_until = HOLD_FOREVER };
}
