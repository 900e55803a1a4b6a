/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The circuit breaker's judgement. */
#include "breaker.h"

#include "main.h"

/* ---- under which names ---- */

static const struct {
	const char *provider, *mta, *host;
} hosts[] = {
	{ "", "mx1.example.org", "example.org" },
	{ "", "MX2.Example.ORG.", "example.org" },
	{ "", "example.org", "example.org" },
	{ "", "a.b.mx.example.co.uk", "example.co.uk" },
	{ "", "mx.example.com.br", "example.com.br" },
	{ "", "mx.example.de", "example.de" },
	{ "", "mx.examples.de", "examples.de" },
	{ "", "localhost", "localhost" },
	{ "", "192.0.2.7", "192.0.2.7" },
	{ "", "[192.0.2.7]", "[192.0.2.7]" },
	{ "", "2001:db8::7", "2001:db8::7" },
	{ "", "", "none" },
	{ "google", "gmail-smtp-in.l.google.com", "" },
	{ "google", "", "" },
	{ "microsoft", "example-org.mail.protection.outlook.com",
	    "example-org.mail.protection.outlook.com" },
};

START_TEST(host_names)
{
	g_autofree char *host = breaker_host(hosts[_i].provider, hosts[_i].mta);

	ck_assert_str_eq(host, hosts[_i].host);
}
END_TEST

START_TEST(names)
{
	for (int kind = 0; kind < COUNTER_KIND_COUNT; kind++)
		ck_assert_int_eq(counter_kind_from_name(
				     counter_kind_name((CounterKind)kind)),
		    kind);
	ck_assert_int_eq(counter_kind_from_name(""), -1);
	ck_assert_str_eq(breaker_provider(""), BREAKER_OTHER);
	ck_assert_str_eq(breaker_provider("google"), "google");
}
END_TEST

/* ---- holding ---- */

#define NOW INT64_C(1790000000)

START_TEST(holds_what_would_suppress)
{
	const BreakerPolicy *policy = &breaker_defaults;
	const Effect hard = { .step = STEP_HARD, .hold_until = HOLD_FOREVER };
	const Effect recorded = { .step = STEP_HARD };
	const Effect soft = { .step = STEP_SOFT, .hold_until = NOW + 9 };
	RecipientState state = { 0 };
	Effect held = breaker_hold(policy, &state, hard, NOW);

	ck_assert_int_eq(held.step, STEP_HELD);
	ck_assert_int_eq(held.hold_until, NOW + policy->hold);
	ck_assert_int_eq(breaker_hold(policy, &state, recorded, NOW).step,
	    STEP_HARD);
	ck_assert_int_eq(breaker_hold(policy, &state, soft, NOW).step,
	    STEP_SOFT);

	/* each by itself, and a delivery ends it */
	state = policy_apply(state, &held, NOW);
	ck_assert_int_eq(policy_strongest(&state, false, NOW + 1), CAUSE_HELD);
	ck_assert_int_eq(policy_strongest(&state, false, NOW + policy->hold),
	    -1);
	state = policy_apply(state, &(Effect){ .step = STEP_RESET }, NOW + 5);
	ck_assert_int_eq(policy_strongest(&state, false, NOW + 5), -1);

	state = policy_apply(state, &held, NOW);
	state = policy_apply(state,
	    &(Effect){ .step = STEP_CONFIRM, .hold_until = HOLD_FOREVER },
	    NOW + 5);
	ck_assert_int_eq(policy_strongest(&state, false, NOW + 5), CAUSE_HARD);
	ck_assert_int_eq(state.hold[CAUSE_HELD].since, 0);
	/* what holds for ever already needs no days */
	ck_assert_int_eq(breaker_hold(policy, &state, hard, NOW + 6).step,
	    STEP_HARD);
}
END_TEST

/* ---- pausing a campaign ---- */

static const struct {
	int64_t sent;
	Counts back;
	const char *why; /* how it begins, or NULL: it goes on */
} pauses[] = {
	{ 1000, { .hard = 19 }, NULL },
	{ 1000, { .hard = 20 }, "20 of 1000 bounced hard (2.00 %, 2 % pause)" },
	{ 200, { .hard = 5 }, "5 of 200 bounced" },
	{ 200, { .hard = 4 }, NULL },   /* too few to be a share */
	{ 199, { .hard = 199 }, NULL }, /* of too few */
	{ 0, { .hard = 100 }, NULL },   /* nobody counted what it sent */
	{ 5000, { .complaint = 4 }, NULL },
	{ 5000, { .complaint = 5 }, "5 of 5000 complained (0.10 %, 0.1 %" },
	{ 5001, { .complaint = 5 }, NULL },
	{ 1000, { .block = 99 }, NULL },
	{ 1000, { .block = 100 }, "100 of 1000 were blocked (10.00 %" },
	{ 1000, { .soft = 900 }, NULL },
};

START_TEST(pauses_by_share)
{
	BreakerPolicy policy = breaker_defaults;
	g_autofree char *why = pause_why(&policy, pauses[_i].sent,
	    &pauses[_i].back);
	const char *wanted = pauses[_i].why;

	if (wanted == NULL)
		ck_assert_ptr_null(why);
	else
		ck_assert_msg(g_str_has_prefix(why, wanted), "%s", why);
	policy.is_pause_on = false;
	ck_assert_ptr_null(pause_why(&policy, pauses[_i].sent,
	    &pauses[_i].back));
	policy.is_pause_on = true;
	policy.pause_hard = policy.pause_block = policy.pause_complaint = 0;
	ck_assert_ptr_null(pause_why(&policy, pauses[_i].sent,
	    &pauses[_i].back));
}
END_TEST

static Suite *breaker_suite(void)
{
	Suite *suite = suite_create("breaker");
	TCase *tcase = tcase_create("breaker");

	tcase_add_loop_test(tcase, host_names, 0, G_N_ELEMENTS(hosts));
	tcase_add_loop_test(tcase, pauses_by_share, 0, G_N_ELEMENTS(pauses));
	tcase_add_test(tcase, names);
	tcase_add_test(tcase, holds_what_would_suppress);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(breaker_suite)
