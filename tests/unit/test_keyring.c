/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token.h"

#include "errors.h"
#include "main.h"

#include <string.h>

#define K32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K31 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="

/* Every secret of the texts below has this in it. */
#define SECRET "CAwQFBg"

static const struct {
	const char *label;
	const char *text;
	const char *ids;   /* "0 5", or "" when it must fail */
	const char *wrong; /* then, what the error says */
} texts[] = {
	{ "one key", "0:" K32 "\n", "0", "" },
	{ "no LF at the end", "31:" K32, "31", "" },
	{ "first signs", "5:" K32 "\n0:" K32 "\n31:" K32 "\n", "5 0 31", "" },
	{ "comments and blanks",
	    "# keys\n\n  7:" K32 "  # spring\r\n\t\n#8:" K32 "\n", "7", "" },
	{ "empty", "", "", "k:1: no key" },
	{ "only comments", "#\n# x\n", "", "k:3: no key" },
	{ "no colon", "0" K32 "\n", "", "k:1: expected id:base64" },
	{ "id too big", "0:" K32 "\n32:" K32 "\n", "", "k:2: the id" },
	{ "id of three digits", "003:" K32 "\n", "", "k:1: the id" },
	{ "id with a leading zero", "03:" K32 "\n", "", "k:1: the id" },
	{ "no id", ":" K32 "\n", "", "k:1: the id" },
	{ "signed id", "+3:" K32 "\n", "", "k:1: the id" },
	{ "blank before the key", "3: " K32 "\n", "", "k:1: the key is not" },
	{ "id twice", "3:" K32 "\n3:" K32 "\n", "", "k:2: this id" },
	{ "31 octets", "3:" K31 "\n", "", "k:1: the key is shorter" },
	{ "no key", "3:\n", "", "k:1: the key is not" },
	{ "padding lost", "3:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", "",
	    "k:1: the key is not" },
	{ "padding inside", "3:AAEC=wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
	    "", "k:1: the key is not" },
	{ "not base64", "3:AAEC!wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", "",
	    "k:1: the key is not" },
	{ "url alphabet", "3:AAEC-wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
	    "", "k:1: the key is not" },
};

START_TEST(reads_text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) ids = g_string_new(NULL);
	g_autoptr(KeyRing) keys = keyring_parse("k", texts[_i].text,
	    strlen(texts[_i].text), &error);

	if (keys == NULL) {
		ck_assert_msg(texts[_i].ids[0] == '\0', "%s: %s",
		    texts[_i].label, error->message);
		ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
		ck_assert_msg(g_str_has_prefix(error->message, texts[_i].wrong),
		    "%s: %s", texts[_i].label, error->message);
		ck_assert_msg(strstr(error->message, SECRET) == NULL,
		    "%s: tells the key", texts[_i].label);
		return;
	}
	for (unsigned i = 0; i < keyring_count(keys); i++)
		g_string_append_printf(ids, "%s%u", i > 0 ? " " : "",
		    keyring_id(keys, i));
	ck_assert_str_eq(ids->str, texts[_i].ids);
}
END_TEST

START_TEST(refuses_nul)
{
	g_autoptr(GError) error = NULL;
	char text[] = "0:" K32 "\n1:\0" K32 "\n";

	ck_assert_ptr_null(keyring_parse("k", text, sizeof text - 1, &error));
	ck_assert_str_eq(error->message, "k:2: NUL in a text file");
}
END_TEST

START_TEST(takes_all_ids)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned id = 0; id < 32; id++)
		g_string_append_printf(text, "%u:" K32 "\n", (id + 30) % 32);
	g_autoptr(KeyRing)
	    keys = keyring_parse("k", text->str, text->len, NULL);
	ck_assert_uint_eq(keyring_count(keys), 32);
	ck_assert_uint_eq(keyring_id(keys, 0), 30);
	ck_assert_int_eq(keyring_next_id(keys), -1);
}
END_TEST

static int next_id(const char *text)
{
	g_autoptr(KeyRing) keys = keyring_parse("k", text, strlen(text), NULL);

	return keyring_next_id(keys);
}

START_TEST(finds_next_id)
{
	ck_assert_int_eq(next_id("0:" K32), 1);
	ck_assert_int_eq(next_id("31:" K32), 0);
	ck_assert_int_eq(next_id("31:" K32 "\n0:" K32 "\n1:" K32), 2);
	ck_assert_int_eq(next_id("4:" K32 "\n2:" K32), 5);
}
END_TEST

START_TEST(writes_what_it_reads)
{
	uint8_t key[32];

	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	g_autofree char *line = keyring_format(9, key, sizeof key);
	ck_assert_str_eq(line, "9:" K32 "\n");
	g_autoptr(KeyRing) keys = keyring_parse("k", line, strlen(line), NULL);
	ck_assert_uint_eq(keyring_id(keys, 0), 9);
}
END_TEST

static Suite *keyring_suite(void)
{
	Suite *suite = suite_create("keyring");
	TCase *tcase = tcase_create("keyring");

	tcase_add_loop_test(tcase, reads_text, 0, G_N_ELEMENTS(texts));
	tcase_add_test(tcase, refuses_nul);
	tcase_add_test(tcase, takes_all_ids);
	tcase_add_test(tcase, finds_next_id);
	tcase_add_test(tcase, writes_what_it_reads);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(keyring_suite)
