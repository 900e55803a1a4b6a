/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <verpd/verdict.h>

/* What a verdict does to a recipient.  policy.c opens with the policy in
   prose, verpd-policy(7) argues it.  Everything here is a pure function of its
   arguments; times are seconds since the Epoch. */

/* Why a recipient is not to be mailed.  One recipient may have several holds;
   each begins and ends by itself, so none can weaken another. */
typedef enum Cause {
	CAUSE_SOFT,        /* a rung of the ladder, all streams */
	CAUSE_BLOCK,       /* only where a site asks for it, all streams */
	CAUSE_HELD,        /* hard bounces under an open breaker, all streams */
	CAUSE_UNSUBSCRIBE, /* one stream */
	CAUSE_COMPLAINT,   /* all streams but the exempt */
	CAUSE_HARD,        /* all streams */
	CAUSE_MANUAL,      /* by an admin: one stream or all */
} Cause;
#define CAUSE_COUNT (CAUSE_MANUAL + 1)

const char *cause_name(Cause cause);
int cause_from_name(const char *name); /* -1 when there is none such */

/* One bit a cause: those that do not keep mail back in some stream. */
typedef unsigned CauseSet;
#define CAUSE_BIT(cause) (1U << (cause))
/* What a stream may ignore.  A dead address and a person's own word are
   never: those stand against all mail, or against that very stream. */
#define CAUSES_IGNORABLE                                                       \
	(CAUSE_BIT(CAUSE_SOFT) | CAUSE_BIT(CAUSE_BLOCK) |                      \
	    CAUSE_BIT(CAUSE_HELD) | CAUSE_BIT(CAUSE_COMPLAINT))

#define HOLD_FOREVER INT64_MAX

typedef struct Hold {
	int64_t since; /* 0: there is none */
	int64_t until; /* HOLD_FOREVER, or the first second it is over */
} Hold;

static inline bool hold_is_active(Hold hold, int64_t now)
{
	return hold.since != 0 && hold.until > now;
}

#define POLICY_HITS_MAX      16 /* remembered, and the largest limit */
#define POLICY_RUNGS_MAX     8
#define POLICY_RULES_MAX     32 /* of a site, before the built-in ones */
#define POLICY_PROVIDERS_MAX 16 /* that one rule names */
#define POLICY_CONFIRM_MAX   4  /* that a classification rule may ask for */
#define POLICY_LIMIT_UNSET   UINT_MAX

/* Times, one after the other: in seconds, or HOLD_FOREVER. */
typedef struct Ladder {
	int64_t rungs[POLICY_RUNGS_MAX];
	unsigned n;
} Ladder;

/* A bounce that was counted. */
typedef struct PolicyHit {
	int64_t at;
	enum vp_reason reason;
} PolicyHit;

/* What was counted towards the holds of one cause. */
typedef struct Track {
	PolicyHit hits[POLICY_HITS_MAX]; /* since the last rung or reset, oldest
				      first */
	unsigned n_hits;
	unsigned rung;    /* of the ladder, climbed so far; 0: none */
	int64_t rung_end; /* when the hold of that rung is over */
} Track;

/* One recipient as the policy sees it, in the stream the mail was of:
   hold[CAUSE_UNSUBSCRIBE] is that stream's. */
typedef struct RecipientState {
	Track track[CAUSE_COUNT]; /* of CAUSE_UNSUBSCRIBE and CAUSE_MANUAL
				     nothing is counted */
	Hold hold[CAUSE_COUNT];
} RecipientState;

/* How bounces of one sort are counted, and what enough of them do.  A rule
   that has no limit, days, window or ladder of its own has those of the
   built-in rule for the class. */
typedef struct PolicyRule {
	const char *name; /* lives as long as the program: g_intern_string() */
	unsigned classes; /* bit (1U << enum vp_class); 0: all that count */
	unsigned reasons; /* bit (1U << enum vp_reason); 0: all */
	const char *providers[POLICY_PROVIDERS_MAX]; /* as name; "*" and "?"
						       match */
	unsigned n_providers;                        /* 0: all */
	unsigned limit; /* this many; 0: they are recorded only */
	unsigned days;  /* on this many different days; 0: not set */
	int64_t window; /* within this many seconds; 0: not set */
	Ladder ladder;  /* of none: not set */
	bool continues; /* what is not enough here is counted by the next rule
			   that matches, too */
} PolicyRule;

typedef struct Policy {
	double threshold; /* confidence below which nothing is held */
	int64_t decay;    /* a rung over for this long counts one less; 0:
			     never */
	/* The short way to set the built-in rules, which come last. */
	unsigned soft_limit;
	unsigned soft_days;
	int64_t soft_window;
	unsigned disabled_limit; /* of soft bounces of reason `disabled` */
	Ladder ladder;
	int64_t block_hold;  /* seconds; 0: blocks are only recorded */
	int64_t hard_window; /* within which one that needs it is confirmed */
	bool hard_hold;      /* hard bounces suppress; off: only recorded */
	bool complaint_hold;
	bool unsubscribe_hold;
	/* A site's own, in order; the first that matches counts. */
	PolicyRule rules[POLICY_RULES_MAX];
	unsigned n_rules;
} Policy;

/* DESIGN's defaults. */
extern const Policy policy_defaults;

/* The countable part of what a verdict does: at most one each of soft, hard,
   block and complaint is taken from one token. */
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
/* The cause that STEP counts towards and holds for, or -1. */
int step_cause(Step step);

/* What policy_decide() decided: kept with the event, so that a recount needs
   no configuration of the day. */
typedef struct Effect {
	Step step;
	bool is_counted;       /* it is a hit of its cause's track */
	enum vp_reason reason; /* the hit's */
	int64_t hold_until;    /* 0: no hold set; else as Hold.until */
	unsigned rung;         /* the rung climbed to; 0: none, or there is but
				  one and it is for good */
	bool needs_review;     /* confidence below the threshold, or unknown */
	const char *policy;    /* name of the PolicyRule that decided; "" or
				  NULL: none did */
} Effect;

/* What the policy wants to know of a verdict. */
typedef struct PolicyCase {
	enum vp_class class_;
	enum vp_reason reason;
	double confidence;
	const char *provider; /* "" or NULL: not known */
	unsigned confirm; /* a hard bounce that is to be believed only when it
			     came on this many days; 0 or 1: at once */
} PolicyCase;

/* What CASE does to a recipient in STATE at NOW. */
Effect policy_decide(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, int64_t now);

/* The step that CLASS would take, whatever the state: what "at most one per
   token" is asked about before anything is decided. */
Step policy_step(enum vp_class class_);
/* Whether EFFECT spends the token's step of its kind. */
bool effect_is_once_per_token(const Effect *effect);

/* STATE after EFFECT of an event at NOW.  Knows no policy: the same effects in
   the same order give the same state, whatever the configuration. */
RecipientState policy_apply(RecipientState state, const Effect *effect,
    int64_t now);
/* Forgets what is counted, and the rungs climbed: of every cause. */
void policy_forget(RecipientState *state);

/* The strongest hold active at NOW that is not of IGNORED, or -1. */
int policy_strongest(const RecipientState *state, CauseSet ignored,
    int64_t now);

/* ---- looking at a state ---- */

typedef enum Standing {
	STANDING_ACTIVE,
	STANDING_COUNTED,    /* bounces within the window, not yet enough */
	STANDING_REVALIDATE, /* a rung is over: the next bounce climbs at once,
				the next delivery clears it */
	STANDING_PAUSED,     /* held for a time */
	STANDING_INACTIVE,   /* held for good */
} Standing;

/* How one cause stands: counted, on probation, or held. */
typedef struct CauseView {
	Standing standing;
	unsigned hits;    /* counted by the rule that CASE would meet */
	unsigned days;    /* different ones these fell on */
	unsigned limit;   /* of that rule (and CASE's confirm); 0: none */
	unsigned on_days; /* it asks for */
	int64_t window;
	unsigned rung;         /* what decay has left of it */
	unsigned n_ladder;     /* rungs there are */
	int64_t rung_end;      /* 0: none */
	int64_t probation_end; /* of STANDING_REVALIDATE; HOLD_FOREVER: only a
				  delivery ends it */
	Hold hold;             /* active at NOW, or { 0 } */
	const char *policy;    /* the rule's name; "" */
} CauseView;

/* STATE as it would meet CASE (whose class names the cause) at NOW. */
CauseView policy_view(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, int64_t now);
const char *standing_name(Standing standing);

/* What bounces like CASE would do, found by asking policy_decide(). */
typedef struct Forecast {
	unsigned more;     /* so many more of them suppress; 0: none will */
	bool is_one_a_day; /* they must come on different days */
	int64_t from;      /* the first not before this moment */
	int64_t before;    /* MORE is 1: it must come before this moment;
			      HOLD_FOREVER: whenever */
	int64_t hold;      /* seconds it would then be held, or HOLD_FOREVER */
} Forecast;
Forecast policy_forecast(const Policy *policy, const RecipientState *state,
    const PolicyCase *case_, int64_t now);

/* ---- looking at a policy ---- */

/* The rules in the order they are asked: a site's, then the built-in; with
   what they leave to the built-in one of CLASS filled in.  I below
   policy_rule_count(). */
unsigned policy_rule_count(const Policy *policy);
PolicyRule policy_rule(const Policy *policy, unsigned i, enum vp_class class_);
/* The longest window that any rule counts within: older hits count for nothing.
 */
int64_t policy_longest_window(const Policy *policy);
/* Whether RULE is about such a case. */
bool policy_rule_matches(const PolicyRule *rule, enum vp_class class_,
    enum vp_reason reason, const char *provider);
