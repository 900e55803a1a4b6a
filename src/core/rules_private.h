/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "globs.h"
#include "literals.h"
#include "rule_book.h"
#include "rules.h"

/* What the files of rules share. */

/* Adds what FILE says to BOOK; a mistake is told with its line. */
bool rule_book_read(RuleBook *book, const RuleFile *file, GError **error);

struct RuleSet {
	RuleBook *book;
	GPtrArray *levels[LEVEL_COUNT]; /* of Rule, borrowed from the book */
	/* of providers, by their number in the book */
	GlobIndex *hosts;
	GlobIndex *domains;
	/* patterns are numbered level by level, and then come the texts of
	   providers */
	unsigned first[LEVEL_COUNT + 1];
	GPtrArray *owners; /* of Rule, by number of pattern */
	unsigned n_bits;
	LiteralFilter *filter;
	uint8_t *always; /* by number: it is worth a try in any text */
};

/* The number of the first pattern behind all levels'. */
static inline unsigned rules_n_patterns(const RuleSet *rules)
{
	return rules->first[LEVEL_COUNT];
}

/* Judges as rules_judge() does, as if provider number PROVIDER (of the book)
   had been recognised; -1 for none. */
Verdict *rules_judge_as(const RuleSet *rules, const Report *report,
    const ReportRecipient *recipient, int provider, GPtrArray *trace);
