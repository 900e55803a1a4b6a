/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What became of a message, told to Postfix (a reply) and to the admin (a log
   line).  Text of strangers is made printable and bounded on the way. */

#include "deliver.h"

#include "bounds.h"
#include "errors.h"
#include "text.h"
#include "units.h"

#include <string.h>

void outcome_free(Outcome *outcome)
{
	if (outcome == NULL)
		return;
	g_free(outcome->queue_id);
	g_free(outcome->recipient);
	g_free(outcome->campaign);
	g_free(outcome->why);
	verdict_free(outcome->verdict);
	g_free(outcome);
}

char *outcome_reply(const Outcome *outcome)
{
	switch (outcome->kind) {
	case OUTCOME_STORED:
		if (outcome->event_id == 0)
			return g_strdup_printf("250 2.0.0 counted class=%s",
			    vp_class_name(outcome->verdict->class_));
		return g_strdup_printf("250 2.0.0 stored id=%" G_GINT64_FORMAT
				       " class=%s",
		    outcome->event_id, vp_class_name(outcome->verdict->class_));
	case OUTCOME_DUPLICATE:
		return g_strdup("250 2.0.0 duplicate");
	case OUTCOME_FORGED:
		return g_strdup("250 2.0.0 recorded as forged");
	case OUTCOME_SELFTEST:
		return g_strdup("250 2.0.0 selftest");
	}
	g_assert_not_reached();
}

char *deliver_failure_reply(const GError *error)
{
	if (g_error_matches(error, VP_ERROR, VP_ERROR_FULL))
		return g_strdup("452 4.3.1 Insufficient system storage");
	if (g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG))
		return g_strdup("451 4.3.5 Not configured for this");
	return g_strdup("451 4.3.0 Temporary failure, nothing was recorded");
}

/* What did not become an event. */
static const char *kind_name(OutcomeKind kind)
{
	switch (kind) {
	case OUTCOME_DUPLICATE:
		return "duplicate";
	case OUTCOME_FORGED:
		return "forged";
	case OUTCOME_SELFTEST:
		return "selftest";
	case OUTCOME_STORED:
		break;
	}
	g_assert_not_reached();
}

static void append(GString *line, const char *name, const char *value)
{
	g_autofree char *text = text_printable(value, strlen(value),
	    BOUND_NAME);

	if (text[0] != '\0')
		g_string_append_printf(line, ", %s=%s", name, text);
}

static const char *state_name(int cause)
{
	return cause < 0 ? "active" : cause_name((Cause)cause);
}

static void append_effect(GString *line, const Outcome *outcome)
{
	const Effect *effect = &outcome->effect;

	if (outcome->is_step_taken)
		append(line, "step", "taken-before");
	else
		append(line, "step", step_name(effect->step));
	g_string_append_printf(line, ", state=%s",
	    state_name(outcome->state_before));
	if (outcome->state_after != outcome->state_before)
		g_string_append_printf(line, "->%s",
		    state_name(outcome->state_after));
	if (effect->hold_until == HOLD_FOREVER) {
		append(line, "until", "forever");
	} else if (effect->hold_until != 0) {
		g_autofree char *until = time_format(effect->hold_until);

		append(line, "until", until);
	}
	if (effect->rung > 0)
		g_string_append_printf(line, ", rung=%u", effect->rung);
	/* a site's own; the built-in ones bear the name of their class */
	if (effect->policy != NULL && effect->policy[0] != '\0' &&
	    strcmp(effect->policy, vp_class_name(outcome->verdict->class_)) !=
		0)
		append(line, "policy", effect->policy);
	if (effect->needs_review)
		append(line, "review", "yes");
}

char *outcome_log_line(const Outcome *outcome, const Envelope *envelope,
    unsigned i)
{
	const char *given = envelope_recipient(envelope, i)->address;
	g_autofree char *queue_id = text_printable(outcome->queue_id,
	    strlen(outcome->queue_id), BOUND_NAME);
	g_autofree char *address = text_printable(given, strlen(given),
	    BOUND_NAME);
	g_autoptr(GString) line = g_string_new(queue_id);

	g_string_append(line, queue_id[0] != '\0' ? ": " : "");
	if (outcome->kind != OUTCOME_STORED) {
		g_string_append_printf(line, "rcpt=<%s>, %s", address,
		    kind_name(outcome->kind));
		append(line, "why", outcome->why);
		append(line, "client", envelope->client_address);
		return g_string_free(g_steal_pointer(&line), FALSE);
	}
	g_autofree char *to = text_printable(outcome->recipient,
	    strlen(outcome->recipient), BOUND_NAME);

	g_string_append_printf(line, "to=<%s>", to);
	append(line, "campaign", outcome->campaign);
	append(line, "class", vp_class_name(outcome->verdict->class_));
	append(line, "reason", vp_reason_name(outcome->verdict->reason));
	append(line, "rule", outcome->verdict->rule);
	append(line, "status", outcome->verdict->status);
	append_effect(line, outcome);
	if (outcome->event_id != 0)
		g_string_append_printf(line, ", event=%" G_GINT64_FORMAT,
		    outcome->event_id);
	return g_string_free(g_steal_pointer(&line), FALSE);
}
