/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a reply stops saying what happened and begins to say what to do:

	550 5.1.1 User unknown. See our anti-spam policy at https://...
	550 No such user; if you think this is a mistake, ask the postmaster

   Advice is known by how it begins, at the beginning of a sentence or behind a
   comma, or with a capital letter where the stop was forgotten.  Who is advised
   to come again later, or to log in, has been told the reason by it. */

#include "reply_advice.h"

#include "text.h"

#include <string.h>

#include <glib.h>

static const char *const openings[] = {
	"see ",
	"visit ",
	"refer to ",
	"contact ",
	"consult ",
	"ask your ",
	"learn more",
	"more info",
	"further info",
	"for more ",
	"for further ",
	"for info",
	"for details",
	"for help",
	"for assistance",
	"for explanation",
	"for an explanation",
	"if you ",
	"if this is ",
	"senders should ",
	"senders must ",
	"the sender should ",
	"the sender must ",
	"the sender of this ",
	"to learn ",
	"questions?",
	"do not retry",
	"please see ",
	"please visit ",
	"please contact ",
	"please refer ",
	"please read ",
	"please check ",
	"please verify ",
	"please go to ",
	"please consult ",
	"please ask ",
	"please report ",
	"please call ",
	"please e-mail ",
	"please email ",
	"please forward ",
	"please inform ",
	"please notify ",
	"please correct ",
	"please remove ",
	"please make sure ",
	"please ensure ",
	"please double-check ",
	"please note ",
	"veuillez consulter ",
	"veuillez contacter ",
	"pour plus d",
	"bitte wenden ",
	"bitte kontaktieren ",
	"bitte lesen ",
	"weitere info",
	"fuer weitere ",
	"para m",
	"por favor consulte ",
	"per maggiori ",
};

/* What makes advice a reason. */
static const char *const reasons[] = {
	"try again",
	"again later",
	"again in ",
	"later",
	"retry",
	"wait",
	"slow",
	"authenti",
	"log in",
	"login",
	"tls",
	"relay",
};

static inline bool begins(const char *text, size_t len, const char *word)
{
	size_t n;

	/* hardly any does */
	if (len == 0 || text_lower(*text) != *word)
		return false;
	n = strlen(word);
	return n <= len && g_ascii_strncasecmp(text, word, n) == 0;
}

static bool is_stop(const char *p)
{
	return strchr(".;!?)]>:,-|", *p) != NULL;
}

/* Whether a sentence may begin at AT, of which words precede in the line. */
static bool may_begin(const char *text, size_t at)
{
	size_t before = at;

	if (at == 0 || text[at - 1] != ' ')
		return false;
	while (before > 0 && text[before - 1] == ' ')
		before--;
	return g_ascii_isupper(text[at]) ||
	       (before > 0 && is_stop(text + before - 1));
}

static size_t sentence_len(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if ((text[i] == '.' || text[i] == '!' || text[i] == '?') &&
		    text[i + 1] == ' ')
			return i + 1;
	return len;
}

static bool tells_reason(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		for (unsigned k = 0; k < G_N_ELEMENTS(reasons); k++)
			if (begins(text + i, len - i, reasons[k]))
				return !begins(text, len, "do not retry");
	return false;
}

static bool is_advice(const char *text, size_t len)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(openings); i++)
		if (begins(text, len, openings[i]))
			return !tells_reason(text, sentence_len(text, len));
	return false;
}

/* Enough to be a reason: three letters in a row, twice. */
static bool says_something(const char *text, size_t len)
{
	unsigned words = 0, run = 0;

	for (size_t i = 0; i < len; i++) {
		run = g_ascii_isalpha(text[i]) || (unsigned char)text[i] >= 0x80
			  ? run + 1
			  : 0;
		words += run == 3;
	}
	return words >= 2;
}

size_t reply_advice(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (may_begin(text, i) && is_advice(text + i, len - i) &&
		    says_something(text, i))
			return i;
	return len;
}
