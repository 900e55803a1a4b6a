/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <verpd/verdict.h>

/* What a verdict does to a recipient.  policy.c opens with the policy in
   prose.  Everything here is a pure function of its arguments; times are
   seconds since the Epoch. */

/* Why a recipient is not to be mailed.  One recipient may have several holds;
   each begins and ends by itself, so none can weaken another. */
typedef enum Cause {
	CAUSE_SOFT,        /* a rung of the ladder, all streams */
	CAUSE_BLOCK,       /* only where a site sets block_hold, all streams */
	CAUSE_HELD,        /* hard bounces under an open breaker, all streams */
	CAUSE_UNSUBSCRIBE, /* one stream */
	CAUSE_COMPLAINT,   /* all streams but the exempt */
	CAUSE_HARD,        /* all streams */
	CAUSE_MANUAL,      /* by an admin: one stream or all */
} Cause;
#define CAUSE_COUNT (CAUSE_MANUAL + 1)

const char *cause_name(Cause cause);
int cause_from_name(const char *name); /* -1 when there is none such */

#define HOLD_FOREVER INT64_MAX

typedef struct Hold {
	int64_t since; /* 0: there is none */
	int64_t until; /* HOLD_FOREVER, or the first second it is over */
} Hold;

static inline bool hold_is_active(Hold hold, int64_t now)
{
	return hold.since != 0 && hold.until > now;
}

#define POLICY_SOFT_MAX  16 /* soft bounces remembered, and the largest limit */
#define POLICY_RUNGS_MAX 8

typedef struct SoftHit {
	int64_t at;
	bool is_disabled; /* the reason was `disabled` */
} SoftHit;

/* One recipient as the policy sees it, in the stream the mail was of:
   hold[CAUSE_UNSUBSCRIBE] is that stream's. */
typedef struct RecipientState {
	SoftHit soft[POLICY_SOFT_MAX]; /* since the last reset, oldest first */
	unsigned n_soft;
	unsigned rung; /* rungs of the ladder climbed so far */
	Hold hold[CAUSE_COUNT];
} RecipientState;

typedef struct Policy {
	double threshold;        /* confidence below which nothing is held */
	unsigned soft_limit;     /* this many */
	unsigned soft_days;      /* on this many different days */
	int64_t soft_window;     /* within this many seconds */
	unsigned disabled_limit; /* or this many of reason `disabled` */
	int64_t ladder[POLICY_RUNGS_MAX]; /* seconds, or HOLD_FOREVER */
	unsigned n_ladder;
	int64_t block_hold; /* seconds; 0: blocks are only recorded */
	bool hard_hold;     /* hard bounces suppress; off: only recorded */
	bool complaint_hold;
	bool unsubscribe_hold;
} Policy;

/* DESIGN's defaults. */
extern const Policy policy_defaults;

/* The countable part of what a verdict does: at most one each of soft, hard
   and complaint is taken from one token. */
typedef enum Step {
	STEP_NONE,
	STEP_SOFT,
	STEP_HARD,
	STEP_COMPLAINT,
	STEP_UNSUBSCRIBE,
	STEP_BLOCK,
	STEP_RESET,   /* delivered */
	STEP_HELD,    /* a hard bounce under an open circuit breaker; it spends
			 the token's hard step as well */
	STEP_CONFIRM, /* by hand: what was held is a hard bounce */
} Step;
#define STEP_COUNT (STEP_CONFIRM + 1)

const char *step_name(Step step);

/* What policy_decide() decided: kept with the event, so that a recount needs
   no configuration of the day. */
typedef struct Effect {
	Step step;
	bool is_disabled;   /* for STEP_SOFT */
	int64_t hold_until; /* 0: no hold set; else as Hold.until */
	unsigned rung;      /* STEP_SOFT that set a hold: the rung climbed to */
	bool needs_review;  /* confidence below the threshold, or unknown */
} Effect;

/* What VERDICT (with CONFIDENCE) does to a recipient in STATE at NOW. */
Effect policy_decide(const Policy *policy, const RecipientState *state,
    enum vp_class class_, enum vp_reason reason, double confidence,
    int64_t now);

/* The step that CLASS would take, whatever the state: what "at most one per
   token" is asked about before anything is decided. */
Step policy_step(enum vp_class class_);

/* STATE after EFFECT of an event at NOW.  Knows no policy: the same effects in
   the same order give the same state, whatever the configuration. */
RecipientState policy_apply(RecipientState state, const Effect *effect,
    int64_t now);

/* The strongest hold active at NOW, or -1.  IS_EXEMPT: complaints do not count
   in this stream. */
int policy_strongest(const RecipientState *state, bool is_exempt, int64_t now);
