/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "policy.h"

/* The circuit breaker: whether a receiver that says "user unknown" is to be
   believed.  breaker.c opens with the reasoning in prose.  Everything here is
   a pure function of its arguments. */

/* ---- what is counted, hour by hour ---- */

typedef enum CounterKind {
	COUNTER_SITE,     /* everything; its name is "" */
	COUNTER_PROVIDER, /* by Verdict.provider; BREAKER_OTHER: none known */
	COUNTER_HOST,     /* by breaker_host(), where that says more */
	COUNTER_CAMPAIGN,
} CounterKind;
#define COUNTER_KIND_COUNT (COUNTER_CAMPAIGN + 1)

const char *counter_kind_name(CounterKind kind);
int counter_kind_from_name(const char *name); /* -1 when there is none such */

typedef struct Counts {
	int64_t hard;   /* verdicts that count */
	int64_t people; /* of which the first on that recipient for long */
	int64_t soft;
	int64_t block; /* block, content, authentication, policy, our fault */
	int64_t complaint;
	int64_t delivered; /* as far as a success feed tells */
	int64_t accepted;  /* of a campaign: recipients taken at submission */
} Counts;

#define BREAKER_OTHER "other"

/* The provider a verdict is counted under. */
const char *breaker_provider(const char *provider);
/* The receiving host it is counted under, "" if the provider says it all:
   the domain of REMOTE_MTA, so that the MX hosts of one receiver are one;
   a whole name where each customer has one of his own.  g_free() it. */
char *breaker_host(const char *provider, const char *remote_mta);

/* ---- judging ---- */

typedef struct BreakerPolicy {
	bool is_on;
	int64_t window;        /* what is judged: the last hour, */
	int64_t long_window;   /* and the last day, for what is slow */
	int64_t baseline;      /* against so much before */
	unsigned minimum;      /* recipients refused, at least */
	unsigned first;        /* the same while there is no baseline */
	unsigned factor;       /* so many times the worst before */
	double floor;          /* a rate below which none is a baseline */
	double ceiling;        /* a rate too high, whatever the baseline */
	int64_t recall;        /* how far is looked back when one opens */
	int64_t hold;          /* how long what it refused is left alone */
	int64_t close_after;   /* so long nothing unusual closes it */
	unsigned close_factor; /* times the baseline that is usual again */
	int64_t learn;         /* then its own hours are baseline, too */
	bool is_campaign_on;
	unsigned campaign_minimum;
	/* a campaign by itself, of what it sent: see pause_why() */
	bool is_pause_on;
	unsigned pause_minimum; /* recipients sent to, at least */
	unsigned pause_hits;    /* bounces or complaints, at least */
	double pause_hard;      /* shares that pause it; 0: none does */
	double pause_complaint;
	double pause_block;
	int64_t pause_window; /* what is judged */
} BreakerPolicy;

extern const BreakerPolicy breaker_defaults;

/* One key hour by hour, the oldest first; all of one view are of the same
   hours, and the last is the present one.  The arrays are running totals: [i]
   is of the i hours before, so they have one entry more than there are hours.
   */
typedef struct BreakerSeries {
	const int64_t *bad;      /* recipients refused */
	const int64_t *good;     /* deliveries */
	const int64_t *left_out; /* hours that are no baseline; NULL: none */
	unsigned fresh;          /* what came before this hour is no evidence */
	unsigned learned;        /* before this hour all that is not left out is
			     baseline, however recent */
} BreakerSeries;

typedef struct BreakerView {
	unsigned n_hours;
	const BreakerSeries *key;
	const BreakerSeries *base; /* whose past counts: mostly the key's own */
	const BreakerSeries *site; /* of everything */
	const BreakerSeries *rest; /* the other receivers */
	unsigned n_rest;
} BreakerView;

typedef struct BreakerReading {
	int64_t seconds; /* the window that was read */
	int64_t bad, good;
	bool is_rate;  /* by deliveries; else by numbers alone */
	bool is_known; /* there was a baseline */
	double level;  /* rate or number */
	double usual;  /* what it must not exceed FACTOR times */
	double score;  /* above 1 is unusual */
} BreakerReading;

/* Whether the key's breaker is to open: the reading that says so. */
bool breaker_opens(const BreakerPolicy *policy, const BreakerView *view,
    BreakerReading *ret_reading);
/* Whether one that is open may close. */
bool breaker_is_calm(const BreakerPolicy *policy, const BreakerView *view);

/* In words; g_free() it. */
char *breaker_why(const BreakerReading *reading, bool is_campaign);

/* Why a campaign that came to SENT recipients is to be paused because of what
   came back, BACK, in words; g_free() it.  NULL: it is not. */
char *pause_why(const BreakerPolicy *policy, int64_t sent, const Counts *back);

/* Hours that the baseline needs, the window and the present one included. */
unsigned breaker_hours(const BreakerPolicy *policy);

/* EFFECT of a hard verdict under an open breaker at NOW: held, if it would
   have suppressed, and what holds already is not longer. */
Effect breaker_hold(const BreakerPolicy *policy, const RecipientState *state,
    Effect effect, int64_t now);
