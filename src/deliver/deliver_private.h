/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deliver.h"

/* What the files of this directory share: a message understood, and how one
   event meets the policy. */

struct Analysis {
	Report *report;
	GPtrArray *verdicts;  /* of Verdict: one for each report recipient, or
				one for the message when it names none */
	GPtrArray *claims;    /* of Claim: one for each envelope recipient */
	GPtrArray *addresses; /* of char *: those envelope recipients */
	char *sender;
	char *client; /* who handed it in, for forgeries and events */
	char *queue_id;
	GBytes *kept; /* trimmed, for the quarantine; NULL: not wanted */
};

/* MESSAGE understood, with no envelope recipients yet.  TO: the one it was
   delivered to; "": its own header tells. */
Analysis *analysis_new(const Judge *judge, const char *sender, const char *to,
    GBytes *message);
/* The verdict (and report recipient) that speaks of FOLDED. */
unsigned analysis_choose(const Analysis *analysis, const char *folded);
/* Real reports have the null sender (RFC 3464, 2); and a hard bounce needs a
   report, not just words. */
bool analysis_is_real_report(const Analysis *analysis);
/* Whether GIVEN is the address FOLDED, written in any way. */
bool analysis_is_address(const char *given, const char *folded);

/* The rule of what came to an unsubscribe address and was not a person's wish:
   no rule may make it a bounce later. */
#define RULE_NOT_BY_A_PERSON "token.unsubscribe-not-by-a-person"

/* The rule of Postfix's report on what we refused ourselves. */
#define RULE_OWN_REFUSAL "verpd.own-refusal"

Outcome *outcome_new(OutcomeKind kind, const char *queue_id);

/* One event of a person, on its way through the policy. */
typedef struct Passage {
	RecipientState before;
	RecipientState after;
} Passage;

/* What the policy makes of EVENT in STREAM, at the time EVENT bears: sets
   event->effect and OUTCOME.  COUNTS: it may act on the person at all.
   Writes nothing. */
bool event_decide(const Judge *judge, Store *store, Event *event,
    const char *stream, bool counts, Passage *ret_passage, Outcome *outcome,
    GError **error);
/* When the newest happened of what is in BEFORE and a delivery left out of
   AFTER; INT64_MIN: it left out nothing. */
int64_t state_lost(const RecipientState *before, const RecipientState *after);
/* A delivery that changes nothing: it is counted, and is no event. */
bool event_is_idle(const Event *event, const Passage *passage);
/* Appends EVENT and saves what it changed. */
bool event_write(Store *store, const Event *event, const char *stream,
    const Passage *passage, Outcome *outcome, GError **error);
