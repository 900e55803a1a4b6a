/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xtext.h"

#include "main.h"

static const struct {
	const char *text;
	const char *plain; /* NULL: not xtext */
} xtexts[] = {
	{ "", "" },
	{ "ana@example.org", "ana@example.org" },
	{ "ana+2Bnews@example.org", "ana+news@example.org" },
	{ "a+3Db+40c", "a=b@c" },
	{ "jos+C3+A9@example.org", "josé@example.org" },
	{ "ana+2bnews@example.org", NULL }, /* lower case */
	{ "ana+news@example.org", NULL },
	{ "ana+", NULL },
	{ "ana+2", NULL },
	{ "a=b", NULL },
	{ "a b", NULL },
	{ "a+00b", NULL },
	{ "a+FFb", NULL },
	{ "jos\xc3\xa9", NULL },
};

START_TEST(xtext_decodes)
{
	g_autofree char *plain = xtext_decode(xtexts[_i].text);

	ck_assert_pstr_eq(plain, xtexts[_i].plain);
}
END_TEST

static const struct {
	const char *text;
	const char *plain;
} unitexts[] = {
	{ "", "" },
	{ "ana@example.org", "ana@example.org" },
	{ "jos\\x{E9}@example.org", "josé@example.org" },
	{ "\\x{1F4E7}@example.org", "📧@example.org" },
	{ "jos\\x{E9", "jos\\x{E9" },
	{ "a\\x{}b", "a\\x{}b" },
	{ "a\\x{00}b", "a\\x{00}b" },
	{ "a\\x{D800}b", "a\\x{D800}b" },
	{ "a\\x{110000}b", "a\\x{110000}b" },
	{ "a\\b", "a\\b" },
	{ "\\", "\\" },
};

START_TEST(unitext_decodes)
{
	g_autofree char *plain = unitext_decode(unitexts[_i].text);

	ck_assert_str_eq(plain, unitexts[_i].plain);
}
END_TEST

static Suite *xtext_suite(void)
{
	Suite *suite = suite_create("xtext");
	TCase *tcase = tcase_create("xtext");

	tcase_add_loop_test(tcase, xtext_decodes, 0, G_N_ELEMENTS(xtexts));
	tcase_add_loop_test(tcase, unitext_decodes, 0, G_N_ELEMENTS(unitexts));
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(xtext_suite)
