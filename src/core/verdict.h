/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include <verpd/verdict.h>

/* The judgement on one recipient of a report, with its grounds.  Absent text
   is "". */
typedef struct Verdict {
	enum vp_class class_;
	enum vp_reason reason;
	double confidence; /* 0 to 1 */
	unsigned confirm;  /* hard, from one who is known to lie: to be believed
			      when it came on so many days; 0: at once */
	char *rule;        /* id of the rule that said so */
	char *source; /* what it looked at: "diagnostic", "status", "text"… */
	char *matched; /* the text it matched, at most BOUND_MATCHED octets */
	unsigned part; /* MIME part that text is in; 0 unknown */
	char *status;  /* the enhanced code believed, RFC 3463, or "" */
	unsigned smtp_code; /* the basic reply code, 0 if none */
	char *provider;     /* who runs the recipient's mail, or "" */
} Verdict;

Verdict *verdict_new(void);
Verdict *verdict_copy(const Verdict *verdict);
void verdict_free(Verdict *verdict);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Verdict, verdict_free)
