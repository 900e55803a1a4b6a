/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

/* Events that wait for review, as `quarantine` and `unknown` see them. */

/* Why an event waits. */
typedef enum WaitReason {
	WAIT_UNKNOWN,  /* nobody knows what it says */
	WAIT_UNSURE,   /* below the threshold */
	WAIT_UNPROVEN, /* clear, but its return path or make proves too little
			*/
} WaitReason;
const char *wait_reason_name(WaitReason why);

typedef struct Waiting {
	const Event *event;
	WaitReason why;
	const char *text;  /* what it says, as far as it is known */
	const char *shape; /* of that */
	bool is_kept;      /* the message is there */
} Waiting;

/* Which of them; the strings are the command line's. */
typedef struct WaitingFilter {
	char *why;
	char *campaign;
	char *provider;
	char *shape;
	char *since;
	char *until;
	gint64 limit;
} WaitingFilter;
void waiting_filter_clear(WaitingFilter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaitingFilter, waiting_filter_clear)

/* Entries of an option table that fill FILTER. */
#define WAITING_OPTIONS(filter)                                                \
	{ "why", 0, 0, G_OPTION_ARG_FILENAME, &(filter)->why,                  \
		"those that wait because: unknown, unsure or unproven",        \
		"WHY" },                                                       \
	    { "campaign", 0, 0, G_OPTION_ARG_FILENAME, &(filter)->campaign,    \
		    "of this campaign", "NAME" },                              \
	    { "provider", 0, 0, G_OPTION_ARG_FILENAME, &(filter)->provider,    \
		    "of this provider (google, microsoft, ...)", "NAME" },     \
	    { "shape", 0, 0, G_OPTION_ARG_FILENAME, &(filter)->shape,          \
		    "with TEXT in the shape of what they say", "TEXT" },       \
	    { "since", 0, 0, G_OPTION_ARG_FILENAME, &(filter)->since,          \
		    "from TIME on (2026-11-21, or an age: 7d)", "TIME" },      \
	{                                                                      \
		"until", 0, 0, G_OPTION_ARG_FILENAME, &(filter)->until,        \
		    "before TIME", "TIME"                                      \
	}

/* False with VP_ERROR_SYNTAX when FILTER asks for what there is not. */
bool waiting_filter_check(const Ctl *ctl, const WaitingFilter *filter,
    GError **error);

/* Return false to stop; ROW is lent for the call. */
typedef bool (*WaitingEach)(const Waiting *row, void *data);
bool waiting_each(Ctl *ctl, Store *store, const WaitingFilter *filter,
    WaitingEach each, void *data, GError **error);
