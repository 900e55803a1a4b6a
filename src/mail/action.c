/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A notice without an Action field: has the mail failed, is it late, or has it
   arrived?  What says that it failed overrules the rest. */

#include "action.h"

#include "banner.h"
#include "wordlist.h"

#include <string.h>

/* "Warning: could not send message for past 4 hours", not "Warning:
   ana@example.org - User unknown!" */
static bool warns_of_delay(const char *subject)
{
	static const char *const words[] = { "hour", "minute", "day",
		"could not send", "still", "not yet", "retr", "queue" };

	return g_str_has_prefix(subject, "warning:") &&
	       words_in(subject, words, G_N_ELEMENTS(words));
}

static bool has_delay_subject(const WordBook *book, const char *subject)
{
	subject += banner_tag_len(book, subject);
	return warns_of_delay(subject) ||
	       wordbook_begins(book, WORDS_DELAYED_SUBJECT_START, subject) ||
	       wordbook_in(book, WORDS_DELAYED_SUBJECT, subject);
}

/* Where the word begins that ends at END, not before TEXT. */
static const char *word_start(const char *text, const char *end)
{
	while (end > text && strchr(" .,:;!?", end[-1]) == NULL)
		end--;
	return end;
}

/* "no se ha entregado a los siguientes", "не было доставлено следующим": one of
   the two words before AT, in its sentence, is a "not", or AT begins in one as
   "nebyla" does. */
static bool is_denied(const char *text, const char *at)
{
	static const char *const nots[] = { "not", "no", "non", "não", "nie",
		"ne", "не", "ni", "δεν", "nu", "nem", "inte", "ikke", "niet",
		"nicht", "לא" };

	for (unsigned n = 0; n < 3; n++) {
		const char *start = word_start(text, at);

		for (unsigned i = 0; i < G_N_ELEMENTS(nots); i++)
			if ((size_t)(at - start) == strlen(nots[i]) &&
			    memcmp(start, nots[i], (size_t)(at - start)) == 0)
				return true;
		if (start == text || start[-1] != ' ')
			return false;
		at = start - 1;
	}
	return false;
}

static bool says_delivered(const WordBook *book, const char *text)
{
	unsigned n;
	const Word *words = wordbook_words(book, WORDS_DELIVERED, &n);

	for (unsigned i = 0; i < n; i++) {
		const char *at = strstr(text, words[i].text);

		if (at != NULL && !is_denied(text, at))
			return true;
	}
	return false;
}

ReportAction action_find(const WordBook *book, const Report *report,
    const char *text, size_t len)
{
	g_autofree char *lower = words_flatten(text, (gssize)len);
	g_autofree char *subject = words_flatten(report->subject, -1);

	/* words of delay are often "could not be ... yet" */
	bool is_for_good = wordbook_in(book, WORDS_FAILED_FOR_GOOD, lower);

	if (says_delivered(book, lower) && !is_for_good &&
	    !wordbook_in(book, WORDS_FAILED, lower))
		return ACTION_DELIVERED;
	if (!is_for_good && wordbook_in(book, WORDS_DELAYED, lower))
		return ACTION_DELAYED;
	return has_delay_subject(book, subject) ? ACTION_DELAYED
						: ACTION_FAILED;
}
