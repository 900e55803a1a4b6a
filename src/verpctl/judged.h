/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "report.h"
#include "row.h"
#include "rules.h"
#include "verdict.h"

/* One message as `classify` and `rules test` tell of it: a verdict for each
   recipient the report names, with the evidence that was weighed. */
typedef struct Judged {
	Report *report;
	GPtrArray *items; /* of JudgedItem */
} Judged;

typedef struct JudgedItem {
	const ReportRecipient *about; /* NULL: the message as a whole */
	const char *recipient;        /* of the report; may be "" */
	Verdict *verdict;
	GPtrArray *trace; /* of Evidence, or NULL */
} JudgedItem;

/* Takes REPORT. */
Judged *judged_new(const RuleSet *rules, Report *report_take, bool with_trace);
void judged_free(Judged *judged);

/* "bounce", "delay", "delivered", "complaint", "auto-reply", "challenge",
   "unsubscribe", "receipt", or "not-a-report", which has no events. */
const char *judged_kind(const Judged *judged);

/* DESIGN's object: file, kind, events; with TRACE the parts and evidence. */
void judged_json(const Judged *judged, Row *row);
/* The same for people. */
void judged_print(const Judged *judged, const char *title);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Judged, judged_free)
