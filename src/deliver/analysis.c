/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pure half of a delivery: what a message says, what its addresses prove,
   and whether it will have to be kept for a person to look at. */

#include "deliver_private.h"

#include "address.h"
#include "claim.h"
#include "keep.h"
#include "report_read.h"
#include "text.h"

#include <string.h>

Analysis *analysis_new(const Judge *judge, const char *sender, const char *to,
    GBytes *message)
{
	Analysis *analysis = g_new0(Analysis, 1);
	gsize len;
	const char *bytes = g_bytes_get_data(message, &len);

	analysis->report = report_read(rules_words(judge->rules),
	    bytes != NULL ? bytes : "", len);
	if (*to != '\0')
		text_take(&analysis->report->to, g_strdup(to));
	analysis->verdicts =
	    g_ptr_array_new_with_free_func((GDestroyNotify)verdict_free);
	analysis->claims =
	    g_ptr_array_new_with_free_func((GDestroyNotify)claim_free);
	analysis->addresses = g_ptr_array_new_with_free_func(g_free);
	analysis->sender = g_strdup(sender);
	for (unsigned i = 0; i < analysis->report->recipients->len; i++)
		g_ptr_array_add(analysis->verdicts,
		    rules_judge(judge->rules, analysis->report,
			report_recipient(analysis->report, i), NULL));
	if (analysis->verdicts->len == 0)
		g_ptr_array_add(analysis->verdicts,
		    rules_judge(judge->rules, analysis->report, NULL, NULL));
	return analysis;
}

bool analysis_is_real_report(const Analysis *analysis)
{
	return analysis->sender[0] == '\0' &&
	       analysis->report->kind == REPORT_DSN &&
	       analysis->report->recipients->len > 0;
}

/* Whether a person may have to look at the message, as far as can be told
   before the store is asked.  What is kept is decided here and nowhere else;
   it is stored only if an event does wait. */
static bool wants_keeping(const Judge *judge, const Analysis *analysis)
{
	for (unsigned i = 0; i < analysis->claims->len; i++) {
		const Claim *claim = analysis->claims->pdata[i];

		if (claim->is_believed &&
		    claim->token.kind == TOKEN_UNSUBSCRIBE)
			return true;
	}
	for (unsigned i = 0; i < analysis->verdicts->len; i++) {
		const Verdict *verdict = analysis->verdicts->pdata[i];

		if (verdict->class_ == VP_CLASS_UNKNOWN ||
		    verdict->confidence < judge->policy.threshold ||
		    (verdict->class_ == VP_CLASS_HARD &&
			!analysis_is_real_report(analysis)))
			return true;
	}
	return false;
}

Analysis *deliver_analyse(const Judge *judge, const Envelope *envelope,
    GBytes *message)
{
	/* a report goes to whom the mail was from */
	const char *only = envelope->recipients->len == 1
			       ? envelope_recipient(envelope, 0)->address
			       : "";
	Analysis *analysis = analysis_new(judge, envelope->sender, only,
	    message);

	/* Of its own bounces Postfix does not tell the queue id (no XFORWARD
	   IDENT); it stands in the Received field that cleanup(8) put on top. */
	analysis->queue_id = g_strdup(envelope->queue_id[0] != '\0'
					  ? envelope->queue_id
					  : analysis->report->received_id);
	analysis->client = g_strdup(envelope->client_address[0] != '\0'
					? envelope->client_address
					: "local");
	for (unsigned i = 0; i < envelope->recipients->len; i++) {
		const EnvelopeRecipient *to = envelope_recipient(envelope, i);

		g_ptr_array_add(analysis->addresses, g_strdup(to->address));
		g_ptr_array_add(analysis->claims,
		    claim_weigh(judge, envelope, to, analysis->report));
	}
	if (judge->quarantine.octets > 0 && wants_keeping(judge, analysis))
		analysis->kept = keep_trim(message);
	return analysis;
}

void analysis_free(Analysis *analysis)
{
	if (analysis == NULL)
		return;
	report_free(analysis->report);
	g_ptr_array_unref(analysis->verdicts);
	g_ptr_array_unref(analysis->claims);
	g_ptr_array_unref(analysis->addresses);
	g_free(analysis->sender);
	g_free(analysis->client);
	g_free(analysis->queue_id);
	g_clear_pointer(&analysis->kept, g_bytes_unref);
	g_free(analysis);
}

bool analysis_is_address(const char *given, const char *folded)
{
	g_autofree char *fold = address_fold(given, NULL);

	return fold != NULL && strcmp(fold, folded) == 0;
}

/* How much harm a verdict does: of several that may concern a person the
   mildest is taken. */
static int severity(enum vp_class class_)
{
	static const int by_step[STEP_COUNT] = {
		[STEP_RESET] = 0,
		[STEP_NONE] = 1,
		[STEP_BLOCK] = 2,
		[STEP_SOFT] = 3,
		[STEP_HARD] = 4,
		[STEP_UNSUBSCRIBE] = 5,
		[STEP_COMPLAINT] = 6,
	};

	return by_step[policy_step(class_)];
}

/* The report recipient that speaks of FOLDED: by its final address, else by
   its original one.  A forwarded mailbox is reported under another address
   (`via`): the token names the person all the same, but of several such
   recipients only the mildest is believed. */
unsigned analysis_choose(const Analysis *analysis, const char *folded)
{
	const Report *report = analysis->report;
	unsigned mildest = 0;

	for (unsigned i = 0; i < report->recipients->len; i++)
		if (analysis_is_address(report_recipient(report, i)
					    ->final_recipient,
			folded))
			return i;
	for (unsigned i = 0; i < report->recipients->len; i++)
		if (analysis_is_address(report_recipient(report, i)
					    ->original_recipient,
			folded))
			return i;
	for (unsigned i = 1; i < analysis->verdicts->len; i++) {
		const Verdict *best = analysis->verdicts->pdata[mildest];
		const Verdict *verdict = analysis->verdicts->pdata[i];

		if (severity(verdict->class_) < severity(best->class_))
			mildest = i;
	}
	return mildest;
}
