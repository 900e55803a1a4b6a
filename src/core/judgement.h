/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "report.h"
#include "rules.h"
#include "verdict.h"

/* A report with a verdict on each recipient it names, or on the message as a
   whole when it names none: what `verpctl classify` and libverpd tell of. */
typedef struct Judgement {
	Report *report;
	GPtrArray *items; /* of JudgementItem, at least one */
} Judgement;

typedef struct JudgementItem {
	const ReportRecipient *about; /* NULL: the message as a whole */
	const char *recipient;        /* the report's; may be "" */
	Verdict *verdict;
	GPtrArray *trace; /* of Evidence, or NULL */
} JudgementItem;

/* Takes REPORT. */
Judgement *judgement_new(const RuleSet *rules, Report *report_take,
    bool with_trace);
void judgement_free(Judgement *judgement);

static inline const JudgementItem *judgement_item(const Judgement *judgement,
    unsigned i)
{
	return g_ptr_array_index(judgement->items, i);
}

enum vp_kind judgement_kind(const Judgement *judgement);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Judgement, judgement_free)
