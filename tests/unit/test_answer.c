/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "answer.h"

#include "main.h"

#include <string.h>

#include <glib.h>

#define NOW  INT64_C(1790000000)
#define DAY  INT64_C(86400)
#define EVER HOLD_FOREVER

/* Up to two entries and one hold against ana@mx.example.org in "news". */
typedef struct Case {
	const char *label;
	int cause; /* of a hold until NOW + DAY, or -1 */
	CauseSet ignored;
	Entry entries[2];
	bool may_send;
	int decides;
	AnswerScope scope;
	AnswerBy by;
} Case;

#define HOLD(until)                                                            \
	{                                                                      \
		1, (until)                                                     \
	}
#define SUPPRESS(of, below, in, end)                                           \
	{                                                                      \
		.kind = ENTRY_SUPPRESS, .address = "", .domain = (of),         \
		.with_subdomains = (below), .stream = (in), .note = "n",       \
		.hold = HOLD(end)                                              \
	}
#define ALLOW(who, of, below, in, what)                                        \
	{                                                                      \
		.kind = ENTRY_ALLOW, .address = (who), .domain = (of),         \
		.with_subdomains = (below), .stream = (in), .note = "n",       \
		.causes = (what), .hold = HOLD(EVER)                           \
	}
#define BOUNCES                                                                \
	(CAUSE_BIT(CAUSE_SOFT) | CAUSE_BIT(CAUSE_BLOCK) |                      \
	    CAUSE_BIT(CAUSE_HELD) | CAUSE_BIT(CAUSE_HARD))
#define ANA "ana@mx.example.org"
#define MX  "mx.example.org"

static const Case cases[] = {
	{ "nothing", -1, 0, { { 0 } }, true, -1, ANSWER_NOTHING,
	    ANSWER_BY_NOTHING },
	{ "a hold", CAUSE_HARD, 0, { { 0 } }, false, CAUSE_HARD,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "a complaint", CAUSE_COMPLAINT, 0, { { 0 } }, false, CAUSE_COMPLAINT,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "a complaint, exempt", CAUSE_COMPLAINT, CAUSE_BIT(CAUSE_COMPLAINT),
	    { { 0 } }, true, CAUSE_COMPLAINT, ANSWER_RECIPIENT,
	    ANSWER_BY_STREAM },
	{ "exempt from complaints alone", CAUSE_HARD,
	    CAUSE_BIT(CAUSE_COMPLAINT), { { 0 } }, false, CAUSE_HARD,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },

	{ "its domain", -1, 0, { SUPPRESS(MX, false, "", EVER) }, false,
	    CAUSE_MANUAL, ANSWER_DOMAIN, ANSWER_BY_NOTHING },
	{ "its domain, over", -1, 0, { SUPPRESS(MX, false, "", NOW) }, true, -1,
	    ANSWER_NOTHING, ANSWER_BY_NOTHING },
	{ "its domain, another stream", -1, 0,
	    { SUPPRESS(MX, false, "bills", EVER) }, true, -1, ANSWER_NOTHING,
	    ANSWER_BY_NOTHING },
	{ "its domain, this stream", -1, 0,
	    { SUPPRESS(MX, false, "news", EVER) }, false, CAUSE_MANUAL,
	    ANSWER_DOMAIN, ANSWER_BY_NOTHING },
	{ "above its domain, without those below", -1, 0,
	    { SUPPRESS("example.org", false, "", EVER) }, true, -1,
	    ANSWER_NOTHING, ANSWER_BY_NOTHING },
	{ "above its domain", -1, 0,
	    { SUPPRESS("example.org", true, "", EVER) }, false, CAUSE_MANUAL,
	    ANSWER_DOMAIN, ANSWER_BY_NOTHING },
	{ "an end of its name is not above it", -1, 0,
	    { SUPPRESS("ample.org", true, "", EVER) }, true, -1, ANSWER_NOTHING,
	    ANSWER_BY_NOTHING },
	{ "below its domain", -1, 0,
	    { SUPPRESS("a.mx.example.org", true, "", EVER) }, true, -1,
	    ANSWER_NOTHING, ANSWER_BY_NOTHING },
	{ "by hand, and its domain for longer", CAUSE_MANUAL, 0,
	    { SUPPRESS(MX, false, "", EVER) }, false, CAUSE_MANUAL,
	    ANSWER_DOMAIN, ANSWER_BY_NOTHING },
	{ "by hand, and its domain for less", CAUSE_MANUAL, 0,
	    { SUPPRESS(MX, false, "", NOW + 1) }, false, CAUSE_MANUAL,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },

	{ "allowed", CAUSE_HARD, 0, { ALLOW(ANA, "", false, "", BOUNCES) },
	    true, CAUSE_HARD, ANSWER_RECIPIENT, ANSWER_BY_ENTRY },
	{ "another is allowed", CAUSE_HARD, 0,
	    { ALLOW("bo@mx.example.org", "", false, "", BOUNCES) }, false,
	    CAUSE_HARD, ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "allowed in another stream", CAUSE_SOFT, 0,
	    { ALLOW(ANA, "", false, "bills", BOUNCES) }, false, CAUSE_SOFT,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "its domain is allowed", CAUSE_SOFT, 0,
	    { ALLOW("", "example.org", true, "news", BOUNCES) }, true,
	    CAUSE_SOFT, ANSWER_RECIPIENT, ANSWER_BY_ENTRY },
	{ "a domain above is allowed alone", CAUSE_SOFT, 0,
	    { ALLOW("", "example.org", false, "news", BOUNCES) }, false,
	    CAUSE_SOFT, ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "everyone is allowed", CAUSE_SOFT, 0,
	    { ALLOW("", "", false, "news", BOUNCES) }, true, CAUSE_SOFT,
	    ANSWER_RECIPIENT, ANSWER_BY_ENTRY },
	{ "allowed, but unsubscribed", CAUSE_UNSUBSCRIBE, 0,
	    { ALLOW(ANA, "", false, "", BOUNCES) }, false, CAUSE_UNSUBSCRIBE,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "allowed, but complained", CAUSE_COMPLAINT, 0,
	    { ALLOW(ANA, "", false, "", BOUNCES) }, false, CAUSE_COMPLAINT,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "allowed, but by hand", CAUSE_MANUAL, 0,
	    { ALLOW(ANA, "", false, "", BOUNCES) }, false, CAUSE_MANUAL,
	    ANSWER_RECIPIENT, ANSWER_BY_NOTHING },
	{ "allowed, but its domain", CAUSE_HARD, 0,
	    { ALLOW(ANA, "", false, "", BOUNCES),
		SUPPRESS(MX, false, "", EVER) },
	    false, CAUSE_MANUAL, ANSWER_DOMAIN, ANSWER_BY_NOTHING },
	{ "override of unsubscriptions", CAUSE_UNSUBSCRIBE, 0,
	    { ALLOW("", "", false, "news",
		BOUNCES | CAUSE_BIT(CAUSE_UNSUBSCRIBE)) },
	    true, CAUSE_UNSUBSCRIBE, ANSWER_RECIPIENT, ANSWER_BY_ENTRY },
	{ "override of what is by hand", CAUSE_HARD, 0,
	    { ALLOW(ANA, "", false, "news", BOUNCES | CAUSE_BIT(CAUSE_MANUAL)),
		SUPPRESS(MX, false, "", EVER) },
	    true, CAUSE_MANUAL, ANSWER_DOMAIN, ANSWER_BY_ENTRY },
};

START_TEST(test_answers)
{
	const Case *one = &cases[_i];
	g_autoptr(EntrySet) set = entry_set_new();
	RecipientState state = { 0 };
	Answer answer;

	for (unsigned i = 0; i < G_N_ELEMENTS(one->entries); i++)
		if (one->entries[i].address != NULL)
			entry_set_add(set, &one->entries[i]);
	if (one->cause >= 0)
		state.hold[one->cause] = (Hold){ 1, NOW + DAY };
	answer = answer_give(set, ANA, MX, &state, "news", one->ignored, NOW);
	ck_assert_msg(answer.may_send == one->may_send, "%s", one->label);
	ck_assert_msg(answer.cause == one->decides, "%s", one->label);
	ck_assert_msg(answer.scope == one->scope, "%s", one->label);
	ck_assert_msg(answer.by == one->by, "%s", one->label);
	ck_assert((answer.domain_entry != NULL) ==
		  (answer.scope == ANSWER_DOMAIN));
	ck_assert((answer.allow_entry != NULL) ==
		  (answer.by == ANSWER_BY_ENTRY));
	if (answer.domain_entry != NULL)
		ck_assert_str_eq(answer.domain_entry->note, "n");
}
END_TEST

/* What is set aside hides nothing behind it. */
START_TEST(test_what_stands_behind)
{
	const Entry allow = ALLOW(ANA, "", false, "", BOUNCES);
	g_autoptr(EntrySet) set = entry_set_new();
	RecipientState state = { 0 };
	Answer answer;

	entry_set_add(set, &allow);
	state.hold[CAUSE_HARD] = (Hold){ 1, EVER };
	state.hold[CAUSE_UNSUBSCRIBE] = (Hold){ 1, EVER };
	answer = answer_give(set, ANA, MX, &state, "news", 0, NOW);
	ck_assert(!answer.may_send);
	ck_assert_int_eq(answer.cause, CAUSE_UNSUBSCRIBE);
	answer = answer_give(NULL, ANA, MX, &state, "news", 0, NOW);
	ck_assert_int_eq(answer.cause, CAUSE_HARD);
}
END_TEST

START_TEST(test_causes)
{
	CauseSet all = CAUSE_BIT(CAUSE_COUNT) - 1;
	g_autofree char *text = causes_encode(all);

	ck_assert_uint_eq(causes_decode(text), all);
	ck_assert_uint_eq(causes_decode(""), 0);
	ck_assert_uint_eq(causes_decode("nonsense hard"),
	    CAUSE_BIT(CAUSE_HARD));
	ck_assert_uint_eq(causes_of_bounces(), BOUNCES);
}
END_TEST

static Suite *answer_suite(void)
{
	Suite *suite = suite_create("answer");
	TCase *tcase = tcase_create("answer");

	tcase_add_loop_test(tcase, test_answers, 0, G_N_ELEMENTS(cases));
	tcase_add_test(tcase, test_what_stands_behind);
	tcase_add_test(tcase, test_causes);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(answer_suite)
