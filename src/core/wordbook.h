/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/* The words by which notices are recognised and read, in every language they
   are written in: lists that the rule files' [words ...] stanzas fill, as
   verpd-rules(5) describes them.  What a list is asked for is the business of
   whoever reads messages. */
typedef enum WordList {
	/* makes, by how they begin */
	WORDS_OPENING,             /* written by a mail system */
	WORDS_OPENING_FROM_ANYONE, /* no person begins a mail so */
	WORDS_BOUNCE,              /* anywhere in the notice */
	/* mail systems */
	WORDS_SENDER,      /* local parts */
	WORDS_SENDER_NAME, /* in From: */
	WORDS_SUBJECT,     /* anywhere in Subject: */
	WORDS_SUBJECT_ALONE,
	/* what stands beside an address */
	WORDS_RECIPIENT_LABEL,
	WORDS_ADDRESSEE_LABEL,
	WORDS_OTHER_LABEL,
	WORDS_RECIPIENT_LEAD,
	WORDS_ADDRESSEE_LEAD,
	WORDS_OTHER_LEAD,
	WORDS_RECIPIENT_TAIL,
	WORDS_ANNOUNCEMENT,
	WORDS_REQUEST,
	/* what happened */
	WORDS_FAILED,
	WORDS_FAILED_FOR_GOOD,
	WORDS_DELAYED,
	WORDS_DELAYED_SUBJECT,
	WORDS_DELAYED_SUBJECT_START,
	WORDS_DELIVERED,
	/* what is no statement of the notice's */
	WORDS_DIVIDER,
	WORDS_SUBJECT_LABEL,
	WORDS_ADVICE,
	WORDS_ADVICE_WITHIN,
	WORDS_BANNER,        /* begins with it */
	WORDS_BANNER_WITHIN, /* and has this in it */
	/* other mail */
	WORDS_LIST_HELD,
	WORDS_LIST_REFUSAL,
	WORDS_LIST_REFUSAL_FROM_ANYONE,
	WORDS_CHALLENGE_SERVICE,
	WORDS_CHALLENGE_SUBJECT,
	WORDS_CHALLENGE,
	WORDS_ABSENCE,
	WORDS_ABSENCE_SUBJECT,
	WORDS_ABSENCE_SUBJECT_END,
	WORDS_UNSUBSCRIBE,
} WordList;
#define WORD_LISTS (WORDS_UNSUBSCRIBE + 1)

/* One entry: in lower case (but in the lists of advice and of subject labels),
   "'" for every apostrophe, one blank for any run of white space. */
typedef struct Word {
	char *text;
	size_t len; /* octets */
	char *of;   /* the name of its stanza */
} Word;

/* Built by one thread, then read by any number. */
typedef struct WordBook WordBook;

WordBook *wordbook_new(void);
void wordbook_free(WordBook *book);

/* Which list the key NAME of a stanza fills.  False: none. */
bool wordbook_list_from_name(const char *name, WordList *ret_list);
const char *wordbook_list_name(WordList list);

/* Adds TEXT (UTF-8), which stanza OF says, folded as the list has it.  False
   when it was in the list already; it is kept all the same, for the other may be
   told to forget. */
bool wordbook_add(WordBook *book, WordList list, const char *of,
    const char *text);
/* Takes away all that stanza OF has said so far. */
void wordbook_forget(WordBook *book, const char *of);

/* The words of LIST in the order in which they were said.  Lent. */
const Word *wordbook_words(const WordBook *book, WordList list,
    unsigned *ret_n);

/* Whether any word of LIST stands in TEXT, at its beginning, or is all of it.
   TEXT is folded by words_fold(). */
bool wordbook_in(const WordBook *book, WordList list, const char *text);
bool wordbook_begins(const WordBook *book, WordList list, const char *text);
bool wordbook_is(const WordBook *book, WordList list, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WordBook, wordbook_free)
