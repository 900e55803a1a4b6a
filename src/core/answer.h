/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "policy.h"

/* The one answer to "may I mail this address in this stream now?".  answer.c
   opens with the order in prose.  Pure: whoever asks brings the recipient's
   state and the entries. */

typedef enum EntryKind {
	ENTRY_SUPPRESS, /* of a domain: nobody there is mailed */
	ENTRY_ALLOW,    /* sets causes aside */
} EntryKind;

/* What was laid down by hand for more than one recipient's holds.  It is of one
   address, of a domain (with all below it, or not), or, with neither, of
   everyone.  Absent text is "". */
typedef struct Entry {
	int64_t id;
	EntryKind kind;
	const char *address; /* as the store has it */
	const char *domain;  /* in lower case and A-labels */
	bool with_subdomains;
	const char *stream; /* "" is all */
	CauseSet causes;    /* of ENTRY_ALLOW: those set aside */
	Hold hold;
	const char *note;
} Entry;

/* What bounces alone bring about: an allow entry sets it aside unless it says
   otherwise. */
CauseSet causes_of_bounces(void);
/* "unsubscribe complaint", as the store keeps them; g_free() it.  And back:
   names that nobody knows are passed over. */
char *causes_encode(CauseSet causes);
CauseSet causes_decode(const char *text);

/* "@example.org", "@.example.org" with all below, "@" for everyone; the
   address itself where it is of one.  g_free() it. */
char *entry_subject(const Entry *entry);

/* Many entries, found by address and domain. */
typedef struct EntrySet EntrySet;
EntrySet *entry_set_new(void);
void entry_set_free(EntrySet *set);
/* Takes a copy. */
void entry_set_add(EntrySet *set, const Entry *entry);
unsigned entry_set_count(const EntrySet *set);

typedef enum AnswerScope {
	ANSWER_NOTHING,   /* nothing stands against it */
	ANSWER_RECIPIENT, /* the recipient's own hold */
	ANSWER_DOMAIN,    /* an entry of the domain */
} AnswerScope;

typedef enum AnswerBy {
	ANSWER_BY_NOTHING,
	ANSWER_BY_STREAM, /* the stream ignores it */
	ANSWER_BY_ENTRY,  /* ENTRY_ALLOW */
} AnswerBy;

/* CAUSE, SCOPE and HOLD are of what decides: of the strongest that stands, or
   if all are set aside (may_send) of the strongest of those, and then BY says
   what set it aside. */
typedef struct Answer {
	bool may_send;
	AnswerScope scope;
	int cause; /* Cause, or -1 with ANSWER_NOTHING */
	Hold hold;
	AnswerBy by;
	const Entry *domain_entry; /* ANSWER_DOMAIN; lent by the set */
	const Entry *allow_entry;  /* ANSWER_BY_ENTRY; lent by the set */
} Answer;

/* ADDRESS as the store has it, its DOMAIN in lower case and A-labels (the
   address may be hashed, so it is asked for apart).  STATE: the recipient's in
   STREAM, all zero for one that nobody knows.  IGNORED: what does not keep
   mail of STREAM back. */
Answer answer_give(const EntrySet *entries, const char *address,
    const char *domain, const RecipientState *state, const char *stream,
    CauseSet ignored, int64_t now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EntrySet, entry_set_free)
