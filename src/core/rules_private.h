/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "globs.h"
#include "literals.h"
#include "pattern.h"
#include "rules.h"
#include "status.h"
#include "wordbook.h"

/* What the files of rules share. */

/* The order in which rules are tried.  A rule's level follows from what it
   asks about unless it says `level`. */
typedef enum RuleLevel {
	LEVEL_FIRST,    /* by `level = first` only */
	LEVEL_PROVIDER, /* a pattern, for certain providers */
	LEVEL_PHRASE,   /* a pattern */
	LEVEL_CODE,     /* no pattern: status, reply code, stage... */
	LEVEL_WEAK,     /* by `level = weak` only: a pattern that says little */
	LEVEL_LAST,     /* by `level = last` only: when all else is silent */
} RuleLevel;
#define LEVEL_COUNT (LEVEL_LAST + 1)

const char *level_name(RuleLevel level);

typedef struct Provider {
	char *name;
	char **mtas;      /* globs on a host name; NULL-ended, as all lists */
	char **domains;   /* globs on the recipient's domain */
	GPtrArray *texts; /* of char *: literals in what was said */
	bool is_disabled;
} Provider;

/* Numbers that a condition allows: 55x is 550 to 559, "*" all. */
typedef struct CodeRange {
	unsigned first;
	unsigned last;
} CodeRange;

/* One alternative of `status`. */
typedef struct StatusGlob {
	CodeRange class;
	CodeRange subject;
	CodeRange detail;
} StatusGlob;

typedef struct Example {
	char *text;
	unsigned line;
} Example;

typedef struct Rule {
	char *id;
	char *file;
	unsigned line;
	char *replaced_file; /* where one of this id stood; NULL: nowhere */
	unsigned replaced_line;
	unsigned level_line; /* 0: level is by the conditions */
	RuleLevel level;
	/* conditions; an empty one always holds */
	char **provider_names;
	unsigned *providers; /* their indices, by rules_new() */
	unsigned n_providers;
	unsigned provider_line;
	GArray *status;         /* of StatusGlob */
	GArray *codes;          /* of CodeRange */
	unsigned stages;        /* bit (1 << SmtpStage) */
	unsigned actions;       /* bit (1 << ReportAction) */
	unsigned kinds;         /* bit (1 << ReportKind); DSN unless said */
	char **types;           /* diagnostic types */
	char **feedback;        /* feedback types */
	GPtrArray *matches;     /* of Pattern: one is to match */
	GPtrArray *unlesses;    /* of Pattern: none is to match */
	char *pattern;          /* all of matches, for people */
	unsigned first_pattern; /* number of matches[0] in the filter */
	/* what it says */
	bool has_reason;
	enum vp_reason reason;
	double confidence;
	unsigned confirm; /* days such a hard bounce must come on; 0: one */
	unsigned confirm_line;
	GPtrArray *examples; /* of Example */
	bool is_disabled;
} Rule;

/* All that files say, in the order of first mention. */
typedef struct RuleBook {
	GPtrArray *rules;     /* of Rule */
	GPtrArray *providers; /* of Provider */
	WordBook *words;
	unsigned n_words;   /* said so far */
	GHashTable *places; /* where each name stands, while reading */
} RuleBook;

RuleBook *rule_book_new(void);
void rule_book_free(RuleBook *book);

/* Adds what FILE says to BOOK; NULL FILE names are not allowed. */
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

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RuleBook, rule_book_free)
