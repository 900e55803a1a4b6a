/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists of words: how entries are folded, who said them, what they are found
   in. */

#include "wordbook.h"

#include "main.h"
#include "rules.h"
#include "wordlist.h"

#include <string.h>

static const struct {
	WordList list;
	const char *said;
	const char *kept;
} entries[] = {
	{ WORDS_OPENING, "Your MAIL", "your mail" },
	{ WORDS_OPENING, "your \t mail ", "your mail " },
	{ WORDS_OPENING, "ÉCHEC de la remise", "échec de la remise" },
	{ WORDS_BOUNCE, "couldn\xe2\x80\x99t", "couldn't" },
	{ WORDS_ADVICE, "If  ", "If " },
	{ WORDS_ADVICE_WITHIN, "S\xe2\x80\x99il ", "S\xe2\x80\x99il " },
	{ WORDS_SUBJECT_LABEL, "Тема:", "Тема:" },
};

START_TEST(entries_are_folded)
{
	g_autoptr(WordBook) book = wordbook_new();
	unsigned n;
	const Word *words;

	ck_assert(wordbook_add(book, entries[_i].list, "of", entries[_i].said));
	words = wordbook_words(book, entries[_i].list, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(words[0].text, entries[_i].kept);
	ck_assert_uint_eq(words[0].len, strlen(entries[_i].kept));
	ck_assert_str_eq(words[0].of, "of");
	/* once is enough, whoever says it and however it is spelt */
	ck_assert(!wordbook_add(book, entries[_i].list, "other",
	    entries[_i].kept));
}
END_TEST

static const struct {
	const char *text;
	bool is_in;
	bool begins;
	bool is;
} questions[] = {
	{ "mailbox full", true, true, true },
	{ "mailbox full!", true, true, false },
	{ "the mailbox full", true, false, false },
	{ "mailbox", false, false, false },
	{ "", false, false, false },
};

START_TEST(questions_are_answered)
{
	g_autoptr(WordBook) book = wordbook_new();
	const char *text = questions[_i].text;

	ck_assert(wordbook_add(book, WORDS_FAILED, "a", "nothing like it"));
	ck_assert(wordbook_add(book, WORDS_FAILED, "a", "mailbox full"));
	ck_assert_int_eq(wordbook_in(book, WORDS_FAILED, text),
	    questions[_i].is_in);
	ck_assert_int_eq(wordbook_begins(book, WORDS_FAILED, text),
	    questions[_i].begins);
	ck_assert_int_eq(wordbook_is(book, WORDS_FAILED, text),
	    questions[_i].is);
	/* of another list nobody has said anything */
	ck_assert(!wordbook_in(book, WORDS_DELAYED, text));
}
END_TEST

START_TEST(lists_have_names)
{
	for (unsigned i = 0; i < WORD_LISTS; i++) {
		const char *name = wordbook_list_name((WordList)i);
		WordList list;

		ck_assert_ptr_nonnull(name);
		ck_assert(wordbook_list_from_name(name, &list));
		ck_assert_int_eq(list, i);
	}
	ck_assert(!wordbook_list_from_name("bork", &(WordList){ 0 }));
}
END_TEST

/* ---- as files say them ---- */

static char *read_files(const char *one, const char *two, WordList list)
{
	RuleFile files[] = { { "1.rules", one, strlen(one) },
		{ "2.rules", two, strlen(two) } };
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = rules_new(files, 2, &error);
	GString *all = g_string_new(NULL);
	const Word *words;
	unsigned n;

	ck_assert_msg(rules != NULL, "%s", error != NULL ? error->message : "");
	words = wordbook_words(rules_words(rules), list, &n);
	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(all, "%s:%s|", words[i].of,
		    words[i].text);
	return g_string_free(all, FALSE);
}

static const struct {
	const char *one;
	const char *two;
	const char *failed;
} files[] = {
	{ "[words a]\nfailed = x\nfailed = Y z\n", "", "a:x|a:y z|" },
	{ "[words a]\nfailed = x\n", "[words a]\nfailed = y\n", "a:x|a:y|" },
	{ "[words a]\nfailed = x\n[words b]\nfailed = y\n",
	    "[words a]\ndisable = yes\n", "b:y|" },
	{ "[words a]\nfailed = x\n", "[words a]\ndisable = yes\nfailed = y\n",
	    "a:y|" },
	{ "[words a]\nfailed = x\n", "[words a]\ndisable = no\n", "a:x|" },
	{ "[words a]\nfailed = \" x \"\nfailed = \"\nfailed = \"y\n", "",
	    "a: x |a:\"|a:\"y|" },
	{ "[words a]\nfailed = x\n[words b]\nfailed = x\n",
	    "[words a]\ndisable = yes\n", "b:x|" },
	{ "[words a]\ndelayed = x\n", "", "" },
};

START_TEST(files_are_read)
{
	g_autofree char *failed = read_files(files[_i].one, files[_i].two,
	    WORDS_FAILED);

	ck_assert_str_eq(failed, files[_i].failed);
}
END_TEST

static Suite *wordbook_suite(void)
{
	Suite *s = suite_create("wordbook");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, entries_are_folded, 0, G_N_ELEMENTS(entries));
	tcase_add_loop_test(tc, questions_are_answered, 0,
	    G_N_ELEMENTS(questions));
	tcase_add_test(tc, lists_have_names);
	tcase_add_loop_test(tc, files_are_read, 0, G_N_ELEMENTS(files));
	suite_add_tcase(s, tc);
	return s;
}

RUN_SUITE(wordbook_suite)
