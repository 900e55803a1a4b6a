/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Warnings that the receiving side puts on top of mail from outside.  Of the
   report they say nothing, and the address they may name is the sender's. */

#include "banner.h"

#include "wordlist.h"

#include <string.h>

enum { BANNER_OCTETS = 800 };

/* The octets of the paragraph TEXT begins with, if it is one. */
static size_t banner_len(const WordBook *book, const char *text)
{
	static const char marks[] = " \t\n*[]<>!#=-_|";
	const char *start = text + strspn(text, marks);
	const char *blank = strstr(start, "\n\n");
	size_t len = blank != NULL ? (size_t)(blank - start) : strlen(start);
	g_autofree char *lower = NULL;

	if (len > BANNER_OCTETS)
		return 0;
	lower = words_flatten(start, (gssize)len);
	if (!wordbook_begins(book, WORDS_BANNER, lower) ||
	    !wordbook_in(book, WORDS_BANNER_WITHIN, lower))
		return 0;
	return (size_t)(start - text) + len;
}

bool banner_is_all(const WordBook *book, const char *text)
{
	size_t len = banner_len(book, text);

	return len > 0 && text[len + strspn(text + len, " \t\n*=-_")] == '\0';
}

void banner_blank(const WordBook *book, char *text)
{
	size_t len = banner_len(book, text);

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n')
			text[i] = ' ';
}

size_t banner_tag_len(const WordBook *book, const char *subject)
{
	size_t open = strspn(subject, "[{*(");
	const char *end = subject + open + strcspn(subject + open, "]}*):");

	if (open == 0 || strspn(end, "]}*)") == 0 ||
	    !wordbook_begins(book, WORDS_BANNER, subject + open))
		return 0;
	end += strspn(end, "]}*)");
	return (size_t)(end + strspn(end, " ") - subject);
}
