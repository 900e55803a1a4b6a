/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Postfix asks over socketmap and policy delegation, and what it must be
   answered; each in one piece, octet by octet, and in pieces of any length. */
#include "bounds.h"
#include "dialogue.h"
#include "main.h"

#include <string.h>

typedef struct Script {
	const char *label;
	const char *asked;
	const char *answered;
	bool is_broken;
	size_t len; /* 0: strlen */
} Script;

static MapReply look_up(void *data, const char *map, const char *key)
{
	GString *log = data;

	g_string_append_printf(log, "[%s|%s]", map, key);
	if (strcmp(map, "token") != 0)
		return (MapReply){ MAP_PERM, g_strdup("no such map") };
	if (strcmp(key, "busy") == 0)
		return (MapReply){ MAP_TEMP, g_strdup("not\nnow") };
	if (strcmp(key, "good") == 0)
		return (MapReply){ MAP_OK, g_strdup("OK") };
	return (MapReply){ MAP_NOTFOUND, NULL };
}

static const Script socketmap_scripts[] = {
	{ "found", "10:token good,", "5:OK OK,", false, 0 },
	{ "not found", "9:token bad,", "9:NOTFOUND ,", false, 0 },
	{ "temporary, on one line", "10:token busy,", "12:TEMP not now,", false,
	    0 },
	{ "no such map", "6:mint x,", "16:PERM no such map,", false, 0 },
	{ "two at once", "10:token good,9:token bad,", "5:OK OK,9:NOTFOUND ,",
	    false, 0 },
	{ "a key with blanks", "11:token a b c,", "9:NOTFOUND ,", false, 0 },
	{ "an empty key", "6:token ,", "9:NOTFOUND ,", false, 0 },
	{ "no blank", "5:token,", "34:PERM the question is not \"map key\",",
	    false, 0 },
	{ "nothing", "0:,", "34:PERM the question is not \"map key\",", false,
	    0 },
	{ "a comma in the key", "9:token a,b,", "9:NOTFOUND ,", false, 0 },
	{ "a NUL in the key", "9:token a\0b,", "9:NOTFOUND ,", false, 12 },
	{ "not UTF-8", "8:token \xff\xfe,", "9:NOTFOUND ,", false, 0 },
	{ "half", "10:token go", "", false, 0 },
	{ "half a length", "10", "", false, 0 },
	{ "as many digits as may be", "000010:token good,", "5:OK OK,", false,
	    0 },
	{ "those alone", "000010", "", false, 0 },
	{ "no length", "token good", "33:PERM not a netstring, or too long,",
	    true, 0 },
	{ "a long length", "99999:", "33:PERM not a netstring, or too long,",
	    true, 0 },
	{ "many digits", "0000000000:", "33:PERM not a netstring, or too long,",
	    true, 0 },
	{ "no comma", "10:token good;9:token bad,",
	    "32:PERM a netstring does not end so,", true, 0 },
};

static char *decide(void *data, const PolicyRequest *request)
{
	GString *log = data;

	g_string_append_printf(log, "[%s %s %s %s]", request->protocol_state,
	    request->sender, request->recipient, request->client_address);
	if (strcmp(request->recipient, "dead@x.test") == 0)
		return g_strdup("550 5.7.1 sup\npressed");
	return g_strdup("DUNNO");
}

#define POLICY "request=smtpd_access_policy\n"

static const Script policy_scripts[] = {
	{ "dunno", POLICY "sender=a@b.test\nrecipient=x@x.test\n\n",
	    "action=DUNNO\n\n", false, 0 },
	{ "refused, on one line",
	    POLICY "protocol_state=RCPT\nrecipient=dead@x.test\n\n",
	    "action=550 5.7.1 sup pressed\n\n", false, 0 },
	{ "two", POLICY "\n" POLICY "recipient=dead@x.test\n\n",
	    "action=DUNNO\n\naction=550 5.7.1 sup pressed\n\n", false, 0 },
	{ "a value with =", POLICY "sender=a=b@c.test\nunknown=1\n\n",
	    "action=DUNNO\n\n", false, 0 },
	{ "a line without =", POLICY "what\nrecipient=dead@x.test\n\n",
	    "action=550 5.7.1 sup pressed\n\n", false, 0 },
	{ "another request", "request=other\nrecipient=dead@x.test\n\n",
	    "action=DUNNO\n\n", false, 0 },
	{ "without a word", "\n", "action=DUNNO\n\n", false, 0 },
	{ "half", POLICY "recipient=dead@x.test\n", "", false, 0 },
	{ "a NUL", POLICY "recipient=\0x\n\n",
	    "action=DEFER_IF_PERMIT 4.3.0 not a policy request\n\n", true,
	    sizeof(POLICY "recipient=\0x\n\n") - 1 },
};

/* Feeds SCRIPT in pieces of STEP octets (0: all at once). */
static char *talk(Dialogue *dialogue, const Script *script, size_t step,
    bool *ret_open)
{
	size_t total = script->len != 0 ? script->len : strlen(script->asked);
	GString *answered = g_string_new(NULL);
	const char *output;
	size_t len, n;

	*ret_open = true;
	for (size_t at = 0; at < total && *ret_open; at += n) {
		n = step == 0 ? total : MIN(step, total - at);
		*ret_open = dialogue_feed(dialogue, script->asked + at, n);
		output = dialogue_output(dialogue, &len);
		/* half of it first: what is left must stay */
		g_string_append_len(answered, output, (gssize)(len / 2));
		dialogue_sent(dialogue, len / 2);
		output = dialogue_output(dialogue, &len);
		g_string_append_len(answered, output, (gssize)len);
		dialogue_sent(dialogue, len);
	}
	return g_string_free(answered, FALSE);
}

static void check_script(const Script *script, bool is_policy)
{
	g_autoptr(GString) asked_whole = g_string_new(NULL);

	for (size_t step = 0; step < 8; step++) {
		g_autoptr(GString) asked = g_string_new(NULL);
		g_autoptr(Dialogue)
		    dialogue = is_policy
				   ? dialogue_new_policy(decide, asked)
				   : dialogue_new_socketmap(look_up, asked);
		bool is_open;
		g_autofree char *answered = talk(dialogue, script, step,
		    &is_open);

		ck_assert_msg(strcmp(answered, script->answered) == 0,
		    "%s, by %zu: \"%s\"", script->label, step, answered);
		ck_assert_msg(is_open == !script->is_broken, "%s, by %zu",
		    script->label, step);
		if (step == 0)
			g_string_append(asked_whole, asked->str);
		ck_assert_str_eq(asked->str, asked_whole->str);
	}
}

START_TEST(test_socketmap)
{
	check_script(&socketmap_scripts[_i], false);
}
END_TEST

START_TEST(test_policy)
{
	check_script(&policy_scripts[_i], true);
}
END_TEST

/* What is asked is what was sent. */
START_TEST(test_request)
{
	static const Script script = { "all",
		POLICY "protocol_state=RCPT\nsender=a=b@c.test\n"
		       "recipient=x@x.test\nclient_address=192.0.2.1\n\n",
		"action=DUNNO\n\n", false, 0 };
	g_autoptr(GString) asked = g_string_new(NULL);
	g_autoptr(Dialogue) dialogue = dialogue_new_policy(decide, asked);
	bool is_open;
	g_autofree char *answered = talk(dialogue, &script, 0, &is_open);

	ck_assert_str_eq(asked->str, "[RCPT a=b@c.test x@x.test 192.0.2.1]");
	ck_assert_str_eq(answered, script.answered);
}
END_TEST

/* A question without an end is not kept for ever. */
START_TEST(test_endless)
{
	g_autoptr(GString) asked = g_string_new(NULL);
	g_autoptr(Dialogue)
	    dialogue = _i == 0 ? dialogue_new_policy(decide, asked)
			       : dialogue_new_socketmap(look_up, asked);
	bool is_open = true;
	size_t fed = 0;

	if (_i == 1)
		is_open = dialogue_feed(dialogue, "16384:", 6);
	ck_assert(is_open && (_i == 0 || dialogue_is_in_request(dialogue)));
	while (is_open && fed < 4 * BOUND_REQUEST) {
		is_open = dialogue_feed(dialogue, "abcdefgh", 8);
		fed += 8;
	}
	ck_assert(!is_open);
	ck_assert_uint_le(fed, BOUND_REQUEST + 8);
	ck_assert(!dialogue_feed(dialogue, "x", 1));
	ck_assert_str_eq(asked->str, "");
}
END_TEST

static Suite *dialogue_suite(void)
{
	Suite *s = suite_create("dialogue");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, test_socketmap, 0,
	    G_N_ELEMENTS(socketmap_scripts));
	tcase_add_loop_test(tc, test_policy, 0, G_N_ELEMENTS(policy_scripts));
	tcase_add_test(tc, test_request);
	tcase_add_loop_test(tc, test_endless, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

RUN_SUITE(dialogue_suite)
