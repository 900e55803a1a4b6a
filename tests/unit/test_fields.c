/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fields.h"

#include "bounds.h"
#include "main.h"
#include "report_read.h"

#include <string.h>

/* A text with its length, which may hold NUL; and what is read there:
   "name=value|name=value" with " // " between groups. */
#define TEXT(s) s, sizeof(s) - 1
static const struct {
	const char *label;
	const char *text;
	size_t len;
	const char *read;
} cases[] = {
	{ "nothing", TEXT(""), "" },
	{ "no octets at all", NULL, 0, "" },
	{ "one", TEXT("A: b"), "A=b" },
	{ "LF", TEXT("A: b\nC: d\n\nE: f\n"), "A=b|C=d // E=f" },
	{ "CRLF", TEXT("A: b\r\nC: d\r\n\r\nE: f\r\n"), "A=b|C=d // E=f" },
	{ "CR", TEXT("A: b\rC: d\r\rE: f\r"), "A=b|C=d // E=f" },
	{ "mixed ends", TEXT("A: b\rC: d\n\r\nE: f"), "A=b|C=d // E=f" },
	{ "folded", TEXT("A: b\n c\n\td\nE: f\n"), "A=b c d|E=f" },
	{ "folded at once", TEXT("A:\n b\n"), "A=b" },
	{ "blank line of blanks", TEXT("A: b\n \t\nC: d\n"), "A=b // C=d" },
	{ "leading blank lines", TEXT("\n\n\nA: b\n"), "A=b" },
	{ "many blank lines", TEXT("A: b\n\n\n\nC: d\n"), "A=b // C=d" },
	{ "no value", TEXT("A:\nB: \n"), "A=|B=" },
	{ "blank before the colon", TEXT("A : b\n"), "A=b" },
	{ "colons in the value", TEXT("A: b: c\n"), "A=b: c" },
	{ "no field", TEXT("hello\nA: b\nhello world: x\n"), "A=b" },
	{ "indented first", TEXT("  A: b\n"), "A=b" },
	{ "no name", TEXT(": b\nA: c\n"), "A=c" },
	{ "twice", TEXT("A: b\nA: c\n"), "A=b|A=c" },
	{ "NUL", TEXT("A: b\0c\nD\0: e\nF: g\n"),
	    "A=b\xef\xbf\xbd"
	    "c|F=g" },
	{ "Latin-1", TEXT("A: Bo\xeete\n"), "A=Boîte" },
	{ "UTF-8", TEXT("A: Boîte\n"), "A=Boîte" },
	{ "controls", TEXT("A: b\x1b[31m\x7f\n"), "A=b?[31m?" },
	{ "encoded word", TEXT("A: =?utf-8?Q?Bo=C3=AEte?= x\n"), "A=Boîte x" },
	{ "ISO-2022-JP", TEXT("A: \x1b$B08@hITL@\x1b(B\n"), "A=宛先不明" },
	{ "cut in a name", TEXT("A: b\nDiagno"), "A=b" },
};

static char *spell(const Fields *fields)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < fields->groups->len; i++) {
		const FieldGroup *group = fields_group(fields, i);

		if (i > 0)
			g_string_append(text, " // ");
		for (guint j = 0; j < group->fields->len; j++) {
			Field *field = group_field(group, j);

			g_string_append_printf(text, "%s%.*s=%s",
			    j > 0 ? "|" : "", (int)field->name_len, field->name,
			    field_value(field));
		}
	}
	return g_strdup(text->str);
}

START_TEST(fields_are_read)
{
	g_autoptr(Fields) fields = fields_read(cases[_i].text, cases[_i].len);
	g_autofree char *read = spell(fields);

	ck_assert_msg(strcmp(read, cases[_i].read) == 0, "%s: %s, not %s",
	    cases[_i].label, read, cases[_i].read);
	ck_assert(!fields->is_truncated);
}
END_TEST

START_TEST(a_header_ends_at_an_empty_line)
{
	static const struct {
		const char *text;
		const char *read;
	} headers[] = {
		{ "A: b\nC: d\n\nE: f\n", "A=b|C=d" },
		{ "\n\nA: b\r\n\r\nE: f\n", "A=b" },
		/* a blank that folds, and one that does not */
		{ "A: b\n \n c\nD: e\n\nF: g\n", "A=b c|D=e" },
		{ "  A: b\n  \n  C: d\n\nE: f\n", "A=b // C=d" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autoptr(Fields) fields = fields_read_header(headers[i].text,
		    strlen(headers[i].text));
		g_autofree char *read = spell(fields);

		ck_assert_str_eq(read, headers[i].read);
	}
}
END_TEST

START_TEST(values_are_found)
{
	g_autoptr(Fields)
	    fields = fields_read(TEXT("A: 1\nB: 2\n\na: 3\nC: 4\n"));

	ck_assert_str_eq(fields_value(fields, "a"), "1");
	ck_assert_str_eq(fields_value(fields, "c"), "4");
	ck_assert_str_eq(fields_value(fields, "D"), "");
	ck_assert_str_eq(group_value(fields_group(fields, 1), "A"), "3");
	ck_assert_str_eq(group_value(fields_group(fields, 1), "B"), "");
}
END_TEST

static GString *repeat(const char *text, unsigned n)
{
	GString *all = g_string_new(NULL);

	while (n-- > 0)
		g_string_append(all, text);
	return all;
}

START_TEST(lines_are_bounded)
{
	g_autoptr(GString) text = repeat("A: b\n", BOUND_FIELD_LINES + 10);
	g_autoptr(Fields) fields = fields_read(text->str, text->len);

	ck_assert(fields->is_truncated);
	ck_assert_uint_eq(fields_group(fields, 0)->fields->len,
	    BOUND_FIELD_LINES);
}
END_TEST

START_TEST(groups_are_bounded)
{
	g_autoptr(GString) text = repeat("A: b\n\n", BOUND_GROUPS + 10);
	g_autoptr(Fields) fields = fields_read(text->str, text->len);

	ck_assert(fields->is_truncated);
	ck_assert_uint_eq(fields->groups->len, BOUND_GROUPS + 2);
}
END_TEST

START_TEST(a_value_is_bounded)
{
	g_autoptr(GString) text = repeat(" 0123456789abcdef\n", 2000);
	g_autoptr(Fields) fields = NULL;

	g_string_prepend(text, "A: b\n");
	fields = fields_read(text->str, text->len);
	ck_assert(fields->is_truncated);
	ck_assert_uint_le(strlen(fields_value(fields, "A")), BOUND_FIELD);
}
END_TEST

static Suite *fields_suite(void)
{
	Suite *suite = suite_create("fields");
	TCase *tcase = tcase_create("fields");

	mail_init();
	tcase_add_loop_test(tcase, fields_are_read, 0, G_N_ELEMENTS(cases));
	tcase_add_test(tcase, a_header_ends_at_an_empty_line);
	tcase_add_test(tcase, values_are_found);
	tcase_add_test(tcase, lines_are_bounded);
	tcase_add_test(tcase, groups_are_bounded);
	tcase_add_test(tcase, a_value_is_bounded);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(fields_suite)
