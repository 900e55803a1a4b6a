/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "wordbook.h"

/* Addresses in sentences: whom a notice speaks of and whom it only names,
   because the words beside an address say so ("mailbox of ana@example.org is
   full", "please contact help@example.net"). */

typedef enum ProseRole {
	PROSE_UNSAID,    /* the words beside it are of no known kind */
	PROSE_OTHER,     /* a sender, a person to ask, a new address */
	PROSE_ADDRESSEE, /* what "To:" of the returned message says */
	PROSE_RECIPIENT, /* the mail did not reach it */
} ProseRole;

typedef struct ProseName {
	char *address;
	ProseRole role; /* OTHER once is OTHER always, else the strongest */
} ProseName;

/* The addresses between TEXT and END, in order, each of them once (ASCII case
   does not count), at most BOUND_GROUPS.  Of ProseName. */
GPtrArray *prose_read(const WordBook *book, const char *text, const char *end);

/* Whether the words before an item of a list, which begins at ADDRESS, say that
   it is no recipient ("A message sent by"); they begin at TEXT, or later. */
bool prose_is_other(const WordBook *book, const char *text,
    const char *address);
