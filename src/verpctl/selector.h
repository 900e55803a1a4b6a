/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "row.h"
#include "store.h"

/* Which events are meant: those that `revert` takes back, those whose holds
   `release --query` lifts.  The strings are the command line's. */
typedef struct Selector {
	char *provider;
	char *rule;
	char *campaign;
	char *class_;
	char *reason;
} Selector;
void selector_clear(Selector *selector);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Selector, selector_clear)

/* Entries of an option table that fill SELECTOR. */
#define SELECTOR_OPTIONS(selector)                                             \
	{ "provider", 0, 0, G_OPTION_ARG_FILENAME, &(selector)->provider,      \
		"of this provider; \"*\" and \"?\" match here and below",      \
		"NAME" },                                                      \
	    { "rule", 0, 0, G_OPTION_ARG_FILENAME, &(selector)->rule,          \
		    "judged by this rule", "RULE" },                           \
	    { "campaign", 0, 0, G_OPTION_ARG_FILENAME, &(selector)->campaign,  \
		    "of this campaign", "NAME" },                              \
	    { "class", 0, 0, G_OPTION_ARG_FILENAME, &(selector)->class_,       \
		    "hard, soft, block, complaint or unsubscribe", "CLASS" },  \
	{                                                                      \
		"match-reason", 0, 0, G_OPTION_ARG_FILENAME,                   \
		    &(selector)->reason,                                       \
		    "judged to be of this reason (bad-mailbox, ...)", "REASON" \
	}

/* Whether none of the options was given. */
bool selector_is_empty(const Selector *selector);
/* Of any time; *RET_FILTER borrows from SELECTOR. */
bool selector_filter(const Selector *selector, EventSelection *ret_filter,
    GError **error);
/* " --provider x --rule y", for the audit. */
void selector_describe(const Selector *selector, GString *out);

/* What was found, as members of ROW, or as lines. */
void event_counts_json(const EventCounts *counts, Row *row);
void event_counts_print(const EventCounts *counts);
