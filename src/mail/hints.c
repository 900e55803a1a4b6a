/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Advice is known by how a sentence begins, with "If" or "Check that", and so is
   what is only perhaps so; in Japanese and Korean, where conditions end, by a word
   anywhere in it.  Text that is on one line has lost its headings' ends: there a
   capital letter says where a sentence begins. */

#include "hints.h"

#include "wordlist.h"

#include <string.h>

static bool begins_advice(const WordBook *book, const char *text)
{
	if (!g_ascii_isupper(*text) && (unsigned char)*text < 0x80)
		return false;
	return wordbook_begins(book, WORDS_ADVICE, text);
}

static bool has_advice(const WordBook *book, const char *text, size_t len)
{
	unsigned n;
	const Word *words = wordbook_words(book, WORDS_ADVICE_WITHIN, &n);

	if (text_ascii_span(text, len) == len)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (g_strstr_len(text, (gssize)len, words[i].text) != NULL)
			return true;
	return false;
}

/* Behind the sentence at TEXT: a full stop before white space, or a blank line. */
static const char *sentence_end(const char *text)
{
	static const char *const stops[] = { "。", "．", "！", "？" };

	for (const char *p = text; *p != '\0'; p++) {
		if ((*p == '.' || *p == '!' || *p == '?') &&
		    (p[1] == '\0' || g_ascii_isspace(p[1])))
			return p + 1;
		if (*p == '\n' && (p[1] == '\n' || p[1] == '\0'))
			return p;
		if ((unsigned char)*p < 0x80)
			continue;
		for (unsigned i = 0; i < G_N_ELEMENTS(stops); i++)
			if (word_begins(p, stops[i]))
				return p + strlen(stops[i]);
	}
	return text + strlen(text);
}

/* A reply code, an address and a page are facts, whatever stands around them. */
static bool has_facts(const char *text, size_t len)
{
	if (memchr(text, '@', len) != NULL ||
	    g_strstr_len(text, (gssize)len, "://") != NULL)
		return true;
	for (size_t i = 0; i + 3 <= len; i++)
		if ((text[i] == '4' || text[i] == '5') &&
		    g_ascii_isdigit(text[i + 1]) &&
		    g_ascii_isdigit(text[i + 2]) &&
		    (i == 0 || !g_ascii_isalnum(text[i - 1])) &&
		    (i + 3 == len || !g_ascii_isalnum(text[i + 3])))
			return true;
	return false;
}

static void blank(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n')
			text[i] = ' ';
}

/* Behind the last word of a sentence that has an address in it. */
static size_t behind_address(const char *text, size_t len)
{
	size_t at = len;

	while (at > 0 && text[at - 1] != '@')
		at--;
	while (at > 0 && at < len && !g_ascii_isspace(text[at]))
		at++;
	return at;
}

/* Within one sentence, advice may begin behind a heading. */
static size_t advice_offset(const WordBook *book, const char *text, size_t len)
{
	if (has_advice(book, text, len))
		return behind_address(text, len);
	for (size_t i = 0; i < len; i++)
		if ((i == 0 || g_ascii_isspace(text[i - 1]) ||
			((unsigned char)text[i] >= 0x80 &&
			    word_begins(text + i, "如果"))) &&
		    begins_advice(book, text + i))
			return i;
	return len;
}

/* Capitals alone, as lawyers write. */
static bool is_shouted(const char *text, size_t len)
{
	size_t letters = 0;

	for (size_t i = 0; i < len; i++) {
		if (g_ascii_islower(text[i]))
			return false;
		letters += g_ascii_isupper(text[i]);
	}
	return letters >= 20;
}

static size_t sentence_advice(const WordBook *book, const char *text,
    size_t len)
{
	g_autofree char *calm = NULL;

	if (!is_shouted(text, len))
		return advice_offset(book, text, len);
	calm = g_ascii_strdown(text, (gssize)len);
	*calm = g_ascii_toupper(*calm);
	return advice_offset(book, calm, len);
}

void hints_blank(const WordBook *book, char *text)
{
	while (*text != '\0') {
		size_t len = (size_t)(sentence_end(text) - text);
		size_t offset = sentence_advice(book, text, len);

		if (!has_facts(text + offset, len - offset))
			blank(text + offset, len - offset);
		text += len;
		while (g_ascii_isspace(*text))
			text++;
	}
}
