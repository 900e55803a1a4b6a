/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "report.h"
#include "verdict.h"
#include "wordbook.h"

/* The rules, as verpd-rules(5) describes them: ordered data, the first match
   in the order of evidence wins.  A RuleSet is immutable once built and may be
   read by any number of threads. */
typedef struct RuleSet RuleSet;

/* One file's text, with the name that errors are to bear.  Borrowed. */
typedef struct RuleFile {
	const char *name;
	const char *text;
	gsize len;
	/* Its patterns are known to compile, and are compiled when they are
	   first tried: most never are, by a process that reads one message. */
	bool is_proven;
} RuleFile;

/* Builds a set from FILES in the order given; a later file's rule with an id
   already seen replaces the earlier one in its place.  NULL with
   VP_ERROR_CONFIG and "file:line: what" for the first mistake. */
RuleSet *rules_new(const RuleFile *files, unsigned n_files, GError **error);
void rules_free(RuleSet *rules);

/* Those that are not disabled. */
unsigned rules_count(const RuleSet *rules);

/* The words by which messages are read.  Lent for the life of the set. */
const WordBook *rules_words(const RuleSet *rules);

/* Whether a provider that the rules know is named so; "*" and "?" match. */
bool rules_know_provider(const RuleSet *rules, const char *name);

/* What one rule is, for `rules list`.  Lent for the life of the set. */
typedef struct RuleInfo {
	const char *id;
	const char *file;
	unsigned line;
	enum vp_reason reason;
	double confidence;
	unsigned confirm;    /* days a hard bounce must come on; 0: one */
	const char *pattern; /* "" when it has none */
	unsigned n_examples;
} RuleInfo;
RuleInfo rules_info(const RuleSet *rules, unsigned i);

/* Checks what loading does not: each rule has an example, each example is won
   by its own rule against all the others, no `unless` stands without a `match`,
   and no two files of one folder have rules of one id.  Findings, as "file:line: id:
   what", are appended to FINDINGS (of char *, g_free).  True if there were
   none. */
bool rules_lint(const RuleSet *rules, GPtrArray *findings);

/* Each piece of evidence considered, in order, for `classify --explain`. */
typedef struct Evidence {
	char *source; /* as Verdict's */
	char *rule;
	char *matched;
	unsigned offset; /* of MATCHED in the text looked at, octets */
	enum vp_reason reason;
	double confidence;
	bool is_winner;
} Evidence;
void evidence_free(Evidence *evidence);

/* Judges one recipient of REPORT, or the message as a whole when RECIPIENT is
   NULL (an auto-reply, a complaint, a message that is no report).  Never
   fails: what nobody understands is VP_CLASS_UNKNOWN.  When TRACE is not NULL
   every Evidence considered is appended to it.  Order of evidence: Action,
   SMTP stage, provider phrase, generic phrase, innermost enhanced code of the
   diagnostic, Status, reply code, bare text. */
Verdict *rules_judge(const RuleSet *rules, const Report *report,
    const ReportRecipient *recipient, GPtrArray *trace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RuleSet, rules_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Evidence, evidence_free)
