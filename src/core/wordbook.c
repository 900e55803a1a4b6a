/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists of words, and the three questions that are asked of them.  The lists
   are short and the texts are, too: a list is gone through. */

#include "wordbook.h"

#include "wordlist.h"

#include <string.h>

static const struct {
	const char *name;
	bool keeps_case;
} lists[WORD_LISTS] = {
	[WORDS_OPENING] = { "opening", false },
	[WORDS_OPENING_FROM_ANYONE] = { "opening-from-anyone", false },
	[WORDS_BOUNCE] = { "bounce", false },
	[WORDS_SENDER] = { "sender", false },
	[WORDS_SENDER_NAME] = { "sender-name", false },
	[WORDS_SUBJECT] = { "subject", false },
	[WORDS_SUBJECT_ALONE] = { "subject-alone", false },
	[WORDS_RECIPIENT_LABEL] = { "recipient-label", false },
	[WORDS_ADDRESSEE_LABEL] = { "addressee-label", false },
	[WORDS_OTHER_LABEL] = { "other-label", false },
	[WORDS_RECIPIENT_LEAD] = { "recipient-lead", false },
	[WORDS_ADDRESSEE_LEAD] = { "addressee-lead", false },
	[WORDS_OTHER_LEAD] = { "other-lead", false },
	[WORDS_RECIPIENT_TAIL] = { "recipient-tail", false },
	[WORDS_ANNOUNCEMENT] = { "announcement", false },
	[WORDS_REQUEST] = { "request", false },
	[WORDS_FAILED] = { "failed", false },
	[WORDS_FAILED_FOR_GOOD] = { "failed-for-good", false },
	[WORDS_DELAYED] = { "delayed", false },
	[WORDS_DELAYED_SUBJECT] = { "delayed-subject", false },
	[WORDS_DELAYED_SUBJECT_START] = { "delayed-subject-start", false },
	[WORDS_DELIVERED] = { "delivered", false },
	[WORDS_DIVIDER] = { "divider", false },
	[WORDS_SUBJECT_LABEL] = { "subject-label", true },
	[WORDS_ADVICE] = { "advice", true },
	[WORDS_ADVICE_WITHIN] = { "advice-within", true },
	[WORDS_BANNER] = { "banner", false },
	[WORDS_BANNER_WITHIN] = { "banner-within", false },
	[WORDS_LIST_HELD] = { "list-held", false },
	[WORDS_LIST_REFUSAL] = { "list-refusal", false },
	[WORDS_LIST_REFUSAL_FROM_ANYONE] = { "list-refusal-from-anyone",
	    false },
	[WORDS_CHALLENGE_SERVICE] = { "challenge-service", false },
	[WORDS_CHALLENGE_SUBJECT] = { "challenge-subject", false },
	[WORDS_CHALLENGE] = { "challenge", false },
	[WORDS_ABSENCE] = { "absence", false },
	[WORDS_ABSENCE_SUBJECT] = { "absence-subject", false },
	[WORDS_ABSENCE_SUBJECT_END] = { "absence-subject-end", false },
	[WORDS_UNSUBSCRIBE] = { "unsubscribe", false },
};

struct WordBook {
	GArray *lists[WORD_LISTS]; /* of Word */
	/* octets that words have begun with: hardly any text begins so */
	bool starts[WORD_LISTS][256];
};

static void word_clear(gpointer data)
{
	Word *word = data;

	g_free(word->text);
	g_free(word->of);
}

WordBook *wordbook_new(void)
{
	WordBook *book = g_new0(WordBook, 1);

	for (unsigned i = 0; i < WORD_LISTS; i++) {
		book->lists[i] = g_array_new(FALSE, FALSE, sizeof(Word));
		g_array_set_clear_func(book->lists[i], word_clear);
	}
	return book;
}

void wordbook_free(WordBook *book)
{
	if (book == NULL)
		return;
	for (unsigned i = 0; i < WORD_LISTS; i++)
		g_array_unref(book->lists[i]);
	g_free(book);
}

bool wordbook_list_from_name(const char *name, WordList *ret_list)
{
	for (unsigned i = 0; i < WORD_LISTS; i++) {
		if (strcmp(name, lists[i].name) == 0) {
			*ret_list = (WordList)i;
			return true;
		}
	}
	return false;
}

const char *wordbook_list_name(WordList list)
{
	return lists[list].name;
}

bool wordbook_add(WordBook *book, WordList list, const char *of,
    const char *text)
{
	Word word = { 0 };
	bool is_new;

	word.text = lists[list].keeps_case ? g_strdup(text)
					   : words_fold(text, -1);
	words_squeeze(word.text);
	is_new = !wordbook_is(book, list, word.text);
	word.len = strlen(word.text);
	word.of = g_strdup(of);
	g_array_append_val(book->lists[list], word);
	book->starts[list][(unsigned char)*word.text] = true;
	return is_new;
}

void wordbook_forget(WordBook *book, const char *of)
{
	for (unsigned i = 0; i < WORD_LISTS; i++)
		for (unsigned k = book->lists[i]->len; k-- > 0;)
			if (strcmp(g_array_index(book->lists[i], Word, k).of,
				of) == 0)
				g_array_remove_index(book->lists[i], k);
}

const Word *wordbook_words(const WordBook *book, WordList list, unsigned *ret_n)
{
	*ret_n = book->lists[list]->len;
	return (const Word *)(const void *)book->lists[list]->data;
}

bool wordbook_in(const WordBook *book, WordList list, const char *text)
{
	unsigned n;
	const Word *words = wordbook_words(book, list, &n);

	for (unsigned i = 0; i < n; i++)
		if (strstr(text, words[i].text) != NULL)
			return true;
	return false;
}

bool wordbook_begins(const WordBook *book, WordList list, const char *text)
{
	unsigned n;
	const Word *words = wordbook_words(book, list, &n);

	if (!book->starts[list][(unsigned char)*text])
		return false;
	for (unsigned i = 0; i < n; i++)
		if (word_begins(text, words[i].text))
			return true;
	return false;
}

bool wordbook_is(const WordBook *book, WordList list, const char *text)
{
	size_t len = strlen(text);
	unsigned n;
	const Word *words = wordbook_words(book, list, &n);

	for (unsigned i = 0; i < n; i++)
		if (words[i].len == len &&
		    memcmp(words[i].text, text, len) == 0)
			return true;
	return false;
}
