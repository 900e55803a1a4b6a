/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "pattern.h"
#include "report.h"
#include "verdict.h"
#include "wordbook.h"

/* Rules and providers as files state them.  Private to the files of rules. */

/* The order in which rules are tried.  A rule's level follows from what it
   asks about unless it says `level`. */
typedef enum RuleLevel {
	LEVEL_FIRST,    /* by `level = first` only */
	LEVEL_PROVIDER, /* a pattern, for certain providers */
	LEVEL_PHRASE,   /* a pattern */
	LEVEL_DOUBT,    /* by `level = doubt` only: a pattern, beside a code */
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

/* Each takes the place of one of that name, or the next place; lent. */
Rule *rule_book_add_rule(RuleBook *book, const char *id, const char *file,
    unsigned line);
Provider *rule_book_add_provider(RuleBook *book, const char *name);

/* Disabled rules and providers have done their work once all is read. */
void rule_book_drop_disabled(RuleBook *book);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RuleBook, rule_book_free)
