/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shape.h"

#include "bounds.h"

#include "main.h"

#include <glib.h>
#include <string.h>

static const struct {
	const char *text, *shape;
} cases[] = {
	{ "", "" },
	{ "   ", "" },
	{ "Mailbox is  full", "mailbox is full" },
	{ "550 5.1.1 No such user", "N no such user" },
	{ "<ana@example.org>: gone", "<ADDRESS>: gone" },
	{ "user=ana@example.org gone", "ADDRESS gone" },
	{ "host mx1.example.org[192.0.2.7] said: 550 no",
	    "host HOST[IP] said: N no" },
	{ "from mx1.example.org (192.0.2.7)", "from HOST (IP)" },
	{ "[2001:db8::1] is not welcome", "[IP] is not welcome" },
	{ "see https://help.example.org/e?id=42 for it", "see URL for it" },
	{ "queued as 4XYZ12ab, then AM6PR0502MB1", "queued as ID then ID" },
	{ "error 0x8004010f deadbeef01", "error ID" },
	{ "mailbox \"Ana Maria\" unknown", "mailbox QUOTED unknown" },
	{ "said \"one\" and \"two\"", "said QUOTED and QUOTED" },
	{ "an open \" quote", "an open \" quote" },
	{ "on Sat, 21 Nov 2026 21:43:02 +0000 (UTC)", "on N (utc)" },
	{ "you may try in may 2026", "you may try in N" },
	{ "quota 100, 200, 300 exceeded", "quota N exceeded" },
	{ "a@x.test, b@x.test; c@x.test", "ADDRESS; ADDRESS" },
	{ "tls1 needed, cs01", "tlsN needed, csN" },
	{ "ID N HOST", "id n host" },
	{ "Почтовый ящик 42 полон", "почтовый ящик N полон" },
	{ "用户 ana@example.cn 不存在", "用户 ADDRESS 不存在" },
	{ "full.Please try", "HOST try" },
};

START_TEST(shapes)
{
	g_autofree char *shape = shape_of(cases[_i].text);

	ck_assert_str_eq(shape, cases[_i].shape);
}
END_TEST

/* What differs only so has one shape. */
static const char *const same[][2] = {
	{ "<ana@example.org>: host mx.a.test[192.0.2.1] said: 550 #5.1.0"
	  " Address rejected, id 4XYZ12-7 (in reply to RCPT TO command)",
	    "<bob@b.example>: host in.b.test[198.51.100.9] said: 550 #5.7.13"
	    " Address rejected, id Q9ZZ81-12 (in reply to RCPT TO command)" },
	{ "Mailbox of \"ana\" is 104% full since Mon, 2 Mar 2026",
	    "Mailbox of \"bob x\" is 99% full since Fri, 13 Nov 2026" },
};

START_TEST(same_shape)
{
	g_autofree char *a = shape_of(same[_i][0]);
	g_autofree char *b = shape_of(same[_i][1]);

	ck_assert_str_eq(a, b);
}
END_TEST

/* Any octets of valid UTF-8: bounded, valid, and a shape's shape begins as it
   does (only masks were upper case). */
START_TEST(any_text)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	static const char *const bits[] = { "\"", "@", ".", "a", "é", "1", " ",
		"<", ">", ",", ":", "sat", "nov", "/", "-", "字" };

	for (unsigned k = 0; k < 500; k++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autofree char *shape = NULL;
		int n = g_rand_int_range(rand, 0, 400);

		for (int i = 0; i < n; i++)
			g_string_append(text, bits[g_rand_int_range(rand, 0,
						  (gint32)G_N_ELEMENTS(bits))]);
		shape = shape_of(text->str);
		ck_assert_uint_le(strlen(shape), BOUND_SHAPE);
		ck_assert(g_utf8_validate(shape, -1, NULL));
	}
}
END_TEST

static Suite *shape_suite(void)
{
	Suite *suite = suite_create("shape");
	TCase *tcase = tcase_create("shape");

	tcase_add_loop_test(tcase, shapes, 0, (int)G_N_ELEMENTS(cases));
	tcase_add_loop_test(tcase, same_shape, 0, (int)G_N_ELEMENTS(same));
	tcase_add_loop_test(tcase, any_text, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(shape_suite)
