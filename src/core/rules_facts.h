/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "reply.h"
#include "rules_private.h"

/* What the conditions of rules ask about: the texts in which they look for
   words, codes and stage, and who runs the recipient's mail.  Private to
   rules_judge.c. */

typedef enum SourceId {
	SOURCE_DIAGNOSTIC,
	SOURCE_TEXT,    /* prose about this recipient */
	SOURCE_MESSAGE, /* prose of the report */
} SourceId;
#define SOURCE_COUNT (SOURCE_MESSAGE + 1)

typedef struct Source {
	bool is_read;
	const char *name;
	unsigned part;
	Reply reply;
	uint8_t *hits; /* by number: a pattern is worth a try in the text */
} Source;

typedef struct Facts {
	const RuleSet *rules;
	const Report *report;
	const ReportRecipient *recipient; /* or NULL */
	ReportAction action;
	SmtpStage stage;
	const char *type;
	unsigned code;
	const char *inner;   /* enhanced code of the reply, or "" */
	bool is_inner_first; /* before its words, where SMTP has it */
	const char *field;   /* Status field, or "" */
	const char *doubted; /* the code that words are asked about, or NULL */
	uint8_t
	    *evidence; /* by provider: how surely it is one; 0: it is none */
	int provider;  /* the one to name, or -1 */
	int given;     /* said to be recognised by the caller, or -1 */
	Source sources[SOURCE_COUNT];
} Facts;

/* Everything is lent.  RECIPIENT NULL: the message as a whole.  PROVIDER is
   taken for recognised, unless it is -1. */
void facts_init(Facts *facts, const RuleSet *rules, const Report *report,
    const ReportRecipient *recipient, int provider);
void facts_clear(Facts *facts);

/* Reads the prose about this recipient, if there is any yet unread. */
void facts_read_text(Facts *facts);
/* Reads the prose of the report, which is long, if that was not done yet. */
void facts_read_message(Facts *facts);

/* What was said that SOURCE, a finding's, is of: the words as they came, from the
   reply's code on; "" for prose that quotes no reply.  Lent by the report. */
const char *facts_said(const Facts *facts, const char *source);

/* Whether the remote server's own codes say "later". */
bool facts_are_temporary(const Facts *facts);
/* Whether the reply's own enhanced code is to be believed, and not the Status
   field. */
bool facts_believe_reply(const Facts *facts);
/* The enhanced code to believe, or "". */
const char *facts_status(const Facts *facts);
