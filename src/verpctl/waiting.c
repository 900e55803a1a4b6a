/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What waits for review, with the text it waits for: the diagnostic, or where
   there is none what stands in the message that was kept. */
#include "waiting.h"

#include "bounds.h"
#include "errors.h"
#include "report_read.h"
#include "shape.h"
#include "text.h"
#include "units.h"

#include <string.h>

static const char *const reason_names[] = {
	[WAIT_UNKNOWN] = "unknown",
	[WAIT_UNSURE] = "unsure",
	[WAIT_UNPROVEN] = "unproven",
};

const char *wait_reason_name(WaitReason why)
{
	return reason_names[why];
}

void waiting_filter_clear(WaitingFilter *filter)
{
	g_free(filter->why);
	g_free(filter->campaign);
	g_free(filter->provider);
	g_free(filter->shape);
	g_free(filter->since);
	g_free(filter->until);
}

static bool store_filter_of(const Ctl *ctl, const WaitingFilter *filter,
    StoreFilter *ret_filter, GError **error)
{
	StoreFilter found = STORE_FILTER_ANY;

	found.now = ctl->now;
	found.needs_review = true;
	found.campaign = filter->campaign;
	if (!ctl_time(ctl, "--since", filter->since, &found.since, error) ||
	    !ctl_time(ctl, "--until", filter->until, &found.until, error))
		return false;
	*ret_filter = found;
	return true;
}

bool waiting_filter_check(const Ctl *ctl, const WaitingFilter *filter,
    GError **error)
{
	StoreFilter ignored;

	if (!store_filter_of(ctl, filter, &ignored, error))
		return false;
	if (filter->limit < 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "--limit must not be negative");
		return false;
	}
	if (filter->why == NULL)
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(reason_names); i++)
		if (strcmp(filter->why, reason_names[i]) == 0)
			return true;
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
	    "nothing waits because \"%s\"", filter->why);
	return false;
}

typedef struct Walk {
	const WaitingFilter *filter;
	const WordBook *words;
	Store *store;
	double threshold;
	WaitingEach each;
	void *data;
	gint64 given;
	GError *error;
} Walk;

static WaitReason why_of(const Event *event, double threshold)
{
	if (event->class_ == VP_CLASS_UNKNOWN)
		return WAIT_UNKNOWN;
	return event->confidence < threshold ? WAIT_UNSURE : WAIT_UNPROVEN;
}

/* What KEPT says to people. */
static char *text_of(const WordBook *words, const KeptMessage *kept)
{
	gsize len;
	const char *bytes = g_bytes_get_data(kept->bytes, &len);
	g_autoptr(Report)
	    report = report_read(words, bytes != NULL ? bytes : "", len);
	const char *text = report->text[0] != '\0' ? report->text
						   : report->subject;

	return text_utf8(text, strlen(text), BOUND_DIAGNOSTIC);
}

static bool visit(const Event *event, void *data)
{
	Walk *walk = data;
	const WaitingFilter *filter = walk->filter;
	Waiting row = { .event = event, .why = why_of(event, walk->threshold) };
	g_auto(KeptMessage) kept = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_autofree char *shape = NULL;

	if (filter->why != NULL &&
	    strcmp(filter->why, wait_reason_name(row.why)) != 0)
		return true;
	if (filter->provider != NULL &&
	    strcmp(filter->provider, event->provider) != 0)
		return true;
	row.is_kept = store_kept(walk->store, event->id, &kept, &error);
	if (!row.is_kept &&
	    !g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND)) {
		walk->error = g_steal_pointer(&error);
		return false;
	}
	if (event->diagnostic[0] != '\0')
		text = g_strdup(event->diagnostic);
	else
		text = row.is_kept ? text_of(walk->words, &kept)
				   : g_strdup(event->matched);
	shape = shape_of(text);
	if (filter->shape != NULL && strstr(shape, filter->shape) == NULL)
		return true;
	row.text = text;
	row.shape = shape;
	return walk->each(&row, walk->data) && ++walk->given != filter->limit;
}

bool waiting_each(Ctl *ctl, Store *store, const WaitingFilter *filter,
    WaitingEach each, void *data, GError **error)
{
	Walk walk = { .filter = filter,
		.store = store,
		.threshold = ctl->settings->policy.threshold,
		.each = each,
		.data = data };
	const RuleSet *rules = ctl_rules(ctl, error);
	StoreFilter found;

	if (rules == NULL)
		return false;
	walk.words = rules_words(rules);
	if (!store_filter_of(ctl, filter, &found, error) ||
	    !store_each_event(store, &found, visit, &walk, error))
		return false;
	if (walk.error == NULL)
		return true;
	g_propagate_error(error, walk.error);
	return false;
}
