/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a JSON object. */
#include "event_row.h"

#include "units.h"

void event_json(const Event *event, Row *row)
{
	row_number(row, "id", event->id);
	row_time(row, "at", event->at);
	row_text(row, "address", event->address);
	row_text(row, "campaign", event->campaign);
	row_text(row, "stream", event->stream);
	row_text(row, "trust", trust_name(event->trust));
	row_time(row, "sent", event->token_day * SECONDS_PER_DAY);
	row_text(row, "class", vp_class_name(event->class_));
	row_text(row, "reason", vp_reason_name(event->reason));
	row_fraction(row, "confidence", event->confidence);
	row_number(row, "confirm", (int64_t)event->confirm);
	row_text(row, "rule", event->rule);
	row_text(row, "source", event->source);
	row_text(row, "matched", event->matched);
	row_text(row, "status", event->status);
	row_number(row, "smtp_code", (int64_t)event->smtp_code);
	row_text(row, "action", event->action);
	row_text(row, "provider", event->provider);
	row_text(row, "remote_mta", event->remote_mta);
	row_text(row, "diagnostic", event->diagnostic);
	row_text(row, "via", event->via);
	row_text(row, "message_id", event->message_id);
	row_text(row, "queue_id", event->queue_id);
	row_text(row, "client", event->client);
	row_text(row, "step", step_name(event->effect.step));
	row_time(row, "hold_until", event->effect.hold_until);
	row_number(row, "rung", (int64_t)event->effect.rung);
	row_bool(row, "counted", event->effect.is_counted);
	row_text(row, "policy", event->effect.policy);
	row_bool(row, "needs_review",
	    event->effect.needs_review && !event->is_reviewed);
	row_bool(row, "reviewed", event->is_reviewed);
	row_number(row, "reviewed_as", event->reviewed_as);
	if (event->breaker_id != 0)
		row_number(row, "breaker", event->breaker_id);
}
