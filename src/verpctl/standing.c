/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a recipient stands with the policy, and what would happen next.  Nothing
   is reckoned here: policy_view() and policy_forecast() are asked, and they
   ask policy_decide(). */
#include "standing.h"

#include "units.h"

/* What people call the bounces of a cause, and those that stand for them when
   none came yet. */
static const struct {
	Cause cause;
	enum vp_class class_;
	enum vp_reason reason;
	const char *one;
} counted[] = {
	{ CAUSE_SOFT, VP_CLASS_SOFT, VP_REASON_MAILBOX_FULL, "soft bounce" },
	{ CAUSE_BLOCK, VP_CLASS_BLOCK, VP_REASON_BLOCKED, "block" },
	{ CAUSE_HARD, VP_CLASS_HARD, VP_REASON_BAD_MAILBOX, "hard bounce" },
	{ CAUSE_COMPLAINT, VP_CLASS_COMPLAINT, VP_REASON_COMPLAINT,
	    "complaint" },
};

void standing_note(StandingOf *of, enum vp_class class_, enum vp_reason reason,
    const char *provider, unsigned confirm)
{
	int cause = step_cause(policy_step(class_));

	if (cause >= 0)
		of->last[cause] = (PolicyCase){ .class_ = class_,
			.reason = reason,
			.confidence = 1.0,
			.provider = g_intern_string(provider),
			.confirm = confirm };
}

static PolicyCase case_of(const StandingOf *of, unsigned i)
{
	PolicyCase usual = { .class_ = counted[i].class_,
		.reason = counted[i].reason,
		.confidence = 1.0,
		.provider = "" };

	return of->last[counted[i].cause].class_ != VP_CLASS_UNKNOWN
		   ? of->last[counted[i].cause]
		   : usual;
}

static CauseView view_of(const StandingOf *of, unsigned i)
{
	PolicyCase case_ = case_of(of, i);

	return policy_view(of->policy, of->state, &case_, of->now);
}

char *standing_word(const StandingOf *of, int cause, Hold hold)
{
	char *word = NULL;

	if (cause == CAUSE_HELD)
		return g_strdup("held");
	if (cause >= 0)
		return g_strdup(standing_name(hold.until == HOLD_FOREVER
						  ? STANDING_INACTIVE
						  : STANDING_PAUSED));
	for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++) {
		CauseView view = view_of(of, i);

		if (view.standing == STANDING_REVALIDATE) {
			g_free(word);
			return g_strdup(standing_name(view.standing));
		}
		if (view.standing == STANDING_COUNTED && word == NULL)
			word = g_strdup_printf("%s %u",
			    cause_name(counted[i].cause), view.hits);
	}
	return word != NULL ? word : g_strdup(standing_name(STANDING_ACTIVE));
}

/* ---- what is counted ---- */

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static char *count_text(const CauseView *view, const char *one)
{
	g_autofree char *window = duration_format(view->window);

	if (view->limit == 0)
		return g_strdup_printf("%ss are recorded only", one);
	return g_strdup_printf("%u of %u %ss, on %u of %u day%s, within %s",
	    view->hits, view->limit, one, view->days, view->on_days,
	    plural(view->on_days), window);
}

static char *rung_text(const CauseView *view)
{
	g_autofree char *end = time_format(view->rung_end);
	g_autofree char *probation = view->probation_end == HOLD_FOREVER
					 ? g_strdup("until a delivery")
				     : view->probation_end != 0
					 ? time_format(view->probation_end)
					 : NULL;

	if (view->hold.since != 0)
		return g_strdup_printf(", rung %u of %u", view->rung,
		    view->n_ladder);
	if (view->standing == STANDING_REVALIDATE)
		return g_strdup_printf(", on probation %s%s: rung %u of %u was "
				       "over %s",
		    view->probation_end == HOLD_FOREVER ? "" : "until ",
		    probation, view->rung, view->n_ladder, end);
	return g_strdup_printf(", rung %u of %u is left", view->rung,
	    view->n_ladder);
}

static char *line_of(const StandingOf *of, unsigned i)
{
	CauseView view = view_of(of, i);
	g_autofree char *count = NULL;
	g_autofree char *rung = NULL;
	const char *name = cause_name(counted[i].cause);

	if (view.hits == 0 && view.rung == 0)
		return NULL;
	count = count_text(&view, counted[i].one);
	rung = view.rung > 0 ? rung_text(&view) : g_strdup("");
	return g_strdup_printf("%s%s%s%s%s", count, rung,
	    g_strcmp0(view.policy, name) != 0 ? " (policy " : "",
	    g_strcmp0(view.policy, name) != 0 ? view.policy : "",
	    g_strcmp0(view.policy, name) != 0 ? ")" : "");
}

GPtrArray *standing_lines(const StandingOf *of)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++) {
		char *line = line_of(of, i);

		if (line != NULL)
			g_ptr_array_add(lines, line);
	}
	return lines;
}

/* ---- what would happen ---- */

static char *hold_text(int64_t seconds, int64_t from)
{
	g_autofree char *length = NULL;
	g_autofree char *until = NULL;

	if (seconds == HOLD_FOREVER)
		return g_strdup("for good");
	length = duration_format(seconds);
	until = time_format(from + seconds);
	return g_strdup_printf("for %s (until %s)", length, until);
}

/* Whole days, or less finely what is left. */
static char *left_text(int64_t seconds)
{
	if (seconds >= 2 * SECONDS_PER_DAY)
		return g_strdup_printf("%" G_GINT64_FORMAT " days",
		    seconds / SECONDS_PER_DAY);
	if (seconds >= 2 * 3600)
		return g_strdup_printf("%" G_GINT64_FORMAT " hours",
		    seconds / 3600);
	return g_strdup_printf("%" G_GINT64_FORMAT " minutes",
	    MAX(seconds / 60, 1));
}

static char *forecast_text(const Forecast *forecast, const char *one,
    int64_t now)
{
	g_autofree char *hold = hold_text(forecast->hold,
	    forecast->more == 1 ? forecast->from : now);
	g_autofree char *length = NULL;
	g_autofree char *left = NULL;
	bool is_later = forecast->from > now;

	if (forecast->more == 0)
		return g_strdup_printf("%ss would not suppress it", one);
	if (forecast->more > 1) {
		length = forecast->hold == HOLD_FOREVER
			     ? g_strdup("for good")
			     : duration_format(forecast->hold);
		return g_strdup_printf("%u more %ss%s would suppress it (%s)",
		    forecast->more, one,
		    forecast->is_one_a_day ? ", one a day," : "", length);
	}
	if (forecast->before != HOLD_FOREVER)
		left = left_text(forecast->before - now);
	return g_strdup_printf("one more %s%s%s%s%s suppresses it %s", one,
	    is_later ? " on another day" : "", left != NULL ? " within " : "",
	    left != NULL ? left : "", "", hold);
}

static char *next_of(const StandingOf *of, unsigned i, int64_t at)
{
	PolicyCase case_ = case_of(of, i);
	Forecast forecast = policy_forecast(of->policy, of->state, &case_, at);

	return forecast_text(&forecast, counted[i].one, at);
}

static bool is_of_use(const StandingOf *of, unsigned i)
{
	CauseView view = view_of(of, i);

	return counted[i].cause == CAUSE_SOFT ||
	       counted[i].cause == CAUSE_HARD || view.hits > 0 || view.rung > 0;
}

/* A doubtful one waits: a certain one would not. */
static void append_certain(const StandingOf *of, GString *text)
{
	PolicyCase certain = of->last[CAUSE_HARD];
	Forecast forecast;

	if (certain.confirm <= 1)
		return;
	certain.confirm = 0;
	forecast = policy_forecast(of->policy, of->state, &certain, of->now);
	if (forecast.more == 1)
		g_string_append(text, "; one that is beyond doubt does so at "
				      "once");
}

char *standing_next(const StandingOf *of, int cause, Hold hold)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (cause >= 0 && hold.until == HOLD_FOREVER)
		return g_strdup("nothing, until someone releases it");
	if (cause == CAUSE_SOFT) {
		g_autofree char *then = next_of(of, 0, hold.until);

		return g_strdup_printf("it ends by itself; a delivery or a "
				       "release ends it sooner; then %s",
		    then);
	}
	if (cause == CAUSE_HELD)
		return g_strdup(
		    "it ends by itself, or when the circuit breaker "
		    "is confirmed or dropped");
	if (cause >= 0)
		return g_strdup("it ends by itself; a release ends it sooner");
	for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++) {
		g_autofree char *one = NULL;

		if (!is_of_use(of, i))
			continue;
		one = next_of(of, i, of->now);
		g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "",
		    one);
		if (counted[i].cause == CAUSE_HARD)
			append_certain(of, text);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void forecast_json(const StandingOf *of, unsigned i, Row *row)
{
	PolicyCase case_ = case_of(of, i);
	Forecast forecast = policy_forecast(of->policy, of->state, &case_,
	    of->now);

	row_number(row, "more", (int64_t)forecast.more);
	row_time(row, "more_from", forecast.from);
	row_time(row, "more_before", forecast.before);
	if (forecast.hold == HOLD_FOREVER)
		row_text(row, "would_hold", "forever");
	else
		row_number(row, "would_hold", forecast.hold);
}

void standing_json(const StandingOf *of, Row *row)
{
	row_open_array(row, "counters");
	for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++) {
		CauseView view = view_of(of, i);

		row_open_object(row, NULL);
		row_text(row, "cause", cause_name(counted[i].cause));
		row_text(row, "standing", standing_name(view.standing));
		row_text(row, "policy", view.policy);
		row_number(row, "count", (int64_t)view.hits);
		row_number(row, "limit", (int64_t)view.limit);
		row_number(row, "on_days", (int64_t)view.days);
		row_number(row, "days", (int64_t)view.on_days);
		row_number(row, "window", view.window);
		row_number(row, "rung", (int64_t)view.rung);
		row_number(row, "rungs", (int64_t)view.n_ladder);
		row_time(row, "rung_end", view.rung_end);
		row_time(row, "probation_end", view.probation_end);
		forecast_json(of, i, row);
		row_close_object(row);
	}
	row_close_array(row);
}
