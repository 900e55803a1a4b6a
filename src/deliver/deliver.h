/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "breaker.h"
#include "envelope.h"
#include "policy.h"
#include "report.h"
#include "rules.h"
#include "store.h"
#include "tally.h"
#include "token.h"
#include "verdict.h"

/* One message, from bytes to store.  Two halves: deliver_analyse() is pure and
   may run on any core; deliver_record() is the transaction.  The daemon's
   recorder and pipe(8)'s front end call the same two, then store_sync(), and
   only then tell anyone. */

/* A stream of mail, and which campaigns are of it. */
typedef struct Stream {
	char *name;
	char **campaigns; /* glob patterns, NULL-ended */
	bool is_exempt;   /* complaints do not suppress here */
	char **ignore;    /* names of causes that do not, either; NULL-ended */
	CauseSet ignored; /* both */
} Stream;

/* All that a message is judged by.  Immutable, shared by threads; a reload
   builds another one and swaps. */
typedef struct Judge {
	TokenSpace *tokens;
	RuleSet *rules;
	Policy policy;
	BreakerPolicy breaker;
	GPtrArray *streams; /* of Stream; the first that matches */
	char *default_stream;
	char *enforce_failure;   /* "defer" or "accept" */
	char *pause_action;      /* "hold" or "defer" */
	char **campaigns;        /* glob patterns: names that are one of ours */
	char **own_hosts;        /* Reporting-MTA names that are this host */
	int64_t bounce_lifetime; /* seconds a token is good for, by class */
	int64_t complaint_lifetime;
	int64_t recipient_retention; /* of those not used; 0: for ever */
	unsigned forged_per_source;  /* rows an hour */
	unsigned forged_total;
	StoreQuota quarantine;
	int ref_count;
} Judge;

/* A judge with nothing in it, to be filled before it is shared. */
Judge *judge_new(void);
Judge *judge_ref(Judge *judge);
void judge_unref(Judge *judge);
/* Appends a stream; takes copies. */
void judge_add_stream(Judge *judge, const char *name,
    const char *const *campaigns, CauseSet ignored);

/* The stream that CAMPAIGN belongs to. */
const char *judge_stream(const Judge *judge, const char *campaign);
/* The causes that do not keep mail of STREAM back. */
CauseSet judge_ignored(const Judge *judge, const char *stream);

/* A message understood: what it says and what each of its envelope recipients
   proves. */
typedef struct Analysis Analysis;

/* Never NULL, whatever MESSAGE is: what cannot be read says less.  All are
   lent for the call. */
Analysis *deliver_analyse(const Judge *judge, const Envelope *envelope,
    GBytes *message);
void analysis_free(Analysis *analysis);

typedef enum OutcomeKind {
	OUTCOME_STORED,    /* an event, or a delivery that changed nothing */
	OUTCOME_DUPLICATE, /* seen before: nothing changed */
	OUTCOME_FORGED,    /* proves nothing: recorded apart */
	OUTCOME_SELFTEST,  /* verpd's own: its key is noted, and no more */
} OutcomeKind;

/* What became of one envelope recipient; for its reply and its log line. */
typedef struct Outcome {
	OutcomeKind kind;
	int64_t event_id; /* 0: a delivery that was only counted */
	char *queue_id;   /* in our Postfix; "" when nothing tells */
	char *recipient;  /* the person, "" when forged */
	char *campaign;
	char *why;        /* forged: what failed */
	Verdict *verdict; /* NULL when duplicate or forged */
	Effect effect;
	bool is_step_taken; /* the token's one step of this kind was spent */
	int state_before;   /* policy_strongest() before and after, or -1 */
	int state_after;
} Outcome;
void outcome_free(Outcome *outcome);

/* Records ANALYSIS in one transaction at NOW.  On success one Outcome per
   envelope recipient, in order, is appended to OUTCOMES, and the caller must
   store_sync() before telling anyone.  On failure nothing is stored.  TALLY
   counts the rules that decided, and is stored when it is due; NULL counts
   none. */
bool deliver_record(const Judge *judge, Store *store, const Analysis *analysis,
    int64_t now, RuleTally *tally, GPtrArray *outcomes, GError **error);

/* The LMTP reply line for one recipient, g_free() it. */
char *outcome_reply(const Outcome *outcome);
/* The reply (and pipe(8)'s output) for a failure: "452 4.3.1 ...",
   "451 4.3.0 ..."; never 5xx. */
char *deliver_failure_reply(const GError *error);
/* One log line: "4XYZ12: to=<...>, campaign=..., class=..., ..." */
char *outcome_log_line(const Outcome *outcome, const Envelope *envelope,
    unsigned i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Judge, judge_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Analysis, analysis_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)
