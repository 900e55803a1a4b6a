/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl list`: suppressions, events or forgeries, row by row as the store
   yields them.  The address stands last, so columns stay aligned without
   knowing the longest. */
#include "commands.h"
#include "entry.h"
#include "event_row.h"
#include "row.h"

#include "address.h"
#include "errors.h"
#include "site.h"
#include "units.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct ListOptions {
	char *cause;
	char *stream;
	char *campaign;
	char *since;
	char *until;
	char *class_;
	gboolean review;
	gboolean events;
	gboolean forged;
	gboolean allowed;
	gboolean expired;
	gint64 limit;
} ListOptions;

static void list_options_clear(ListOptions *options)
{
	g_free(options->cause);
	g_free(options->stream);
	g_free(options->campaign);
	g_free(options->since);
	g_free(options->until);
	g_free(options->class_);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListOptions, list_options_clear)

/* What a suppression is shown by. */
typedef struct Holding {
	const Ctl *ctl;
	const StoreFilter *filter;
	const EntrySet *entries;
	const Judge *streams;
} Holding;

/* Whether the answer is given as though ROW were not there: in the stream that
   was asked about, or its own. */
static bool is_set_aside(const Holding *holding, const Suppression *row)
{
	const char *stream = row->stream;
	const char *domain = strrchr(row->address, '@');
	RecipientState state = { 0 };

	if (stream[0] == '\0' && holding->filter->stream != NULL)
		stream = holding->filter->stream;
	state.hold[row->cause] = row->hold;
	return hold_is_active(row->hold, holding->filter->now) &&
	       answer_give(holding->entries, row->address,
		   domain != NULL ? domain + 1 : "", &state, stream,
		   judge_ignored(holding->streams, stream),
		   holding->filter->now)
		       .by != ANSWER_BY_NOTHING;
}

static bool print_suppression(const Suppression *row, void *data)
{
	const Holding *holding = data;
	const Ctl *ctl = holding->ctl;
	bool is_aside = is_set_aside(holding, row);
	g_autofree char *address = printable(row->original);
	g_autofree char *note = printable(row->note);
	g_autofree char *since = time_format(row->hold.since);
	g_autofree char *until = until_text(row->hold.until);

	if (ctl->is_json) {
		Row *json = row_new();

		row_text(json, "address", row->address);
		row_text(json, "original", row->original);
		row_text(json, "stream", row->stream);
		row_text(json, "cause", cause_name(row->cause));
		row_time(json, "since", row->hold.since);
		row_time(json, "until", row->hold.until);
		row_number(json, "event", row->event_id);
		row_text(json, "note", row->note);
		row_bool(json, "set_aside", is_aside);
		row_print(json);
	} else {
		printf("%s  %-26s  %-11s  %-13s  %s%s%s%s\n", since, until,
		    cause_name(row->cause),
		    row->stream[0] != '\0' ? row->stream : "(all)", address,
		    is_aside ? "  (set aside)" : "",
		    note[0] != '\0' ? "  # " : "", note);
	}
	return ferror(stdout) == 0;
}

static bool print_event(const Event *event, void *data)
{
	const Ctl *ctl = data;

	if (ctl->is_json) {
		Row *row = row_new();

		event_json(event, row);
		row_print(row);
	} else {
		g_autofree char *at = time_format(event->at);
		g_autofree char *address = printable(event->address);
		g_autofree char *matched = printable(event->matched);

		printf("%s  %-11s %-14s %-7s %.2f  %-5s %-16s  %s  \"%s\"\n",
		    at, vp_class_name(event->class_),
		    vp_reason_name(event->reason),
		    event->status[0] != '\0' ? event->status : "-",
		    event->confidence,
		    event->effect.needs_review && !event->is_reviewed ? "look"
								      : "-",
		    event->campaign, address, matched);
	}
	return ferror(stdout) == 0;
}

static bool print_forgery(const Forgery *forgery, void *data)
{
	const Ctl *ctl = data;
	g_autofree char *at = time_format(forgery->at);
	g_autofree char *source = printable(forgery->source);
	g_autofree char *address = printable(forgery->address);
	g_autofree char *why = printable(forgery->why);

	if (ctl->is_json) {
		Row *row = row_new();

		row_time(row, "at", forgery->at);
		row_text(row, "source", forgery->source);
		row_text(row, "address", forgery->address);
		row_text(row, "why", forgery->why);
		row_text(row, "queue_id", forgery->queue_id);
		row_number(row, "hits", (int64_t)forgery->hits);
		row_print(row);
	} else {
		printf("%s  %6" G_GUINT64_FORMAT "  %-15s  %s  (%s)\n", at,
		    forgery->hits, source, address, why);
	}
	return ferror(stdout) == 0;
}

/* What OPTIONS ask for; *RET_FILTER borrows from them. */
static bool filter_of(const Ctl *ctl, const ListOptions *options,
    StoreFilter *ret_filter, GError **error)
{
	StoreFilter filter = STORE_FILTER_ANY;

	filter.now = ctl->now;
	filter.stream = options->stream;
	filter.campaign = options->campaign;
	filter.needs_review = options->review;
	filter.with_expired = options->expired;
	filter.limit = (uint64_t)options->limit;
	if (options->cause != NULL &&
	    (filter.cause = cause_from_name(options->cause)) < 0) {
		g_autofree char *what = unknown_cause(options->cause);

		g_set_error_literal(error, VP_ERROR, VP_ERROR_SYNTAX, what);
		return false;
	}
	if (options->class_ != NULL &&
	    (filter.class_ = vp_class_from_name(options->class_)) < 0) {
		g_autofree char *what = unknown_class(options->class_);

		g_set_error_literal(error, VP_ERROR, VP_ERROR_SYNTAX, what);
		return false;
	}
	if (!ctl_time(ctl, "--since", options->since, &filter.since, error) ||
	    !ctl_time(ctl, "--until", options->until, &filter.until, error))
		return false;
	*ret_filter = filter;
	return true;
}

/* NULL, or why OPTIONS do not go together. */
static const char *contradiction(const ListOptions *options, bool of_events)
{
	if (options->allowed &&
	    (options->forged || of_events || options->cause != NULL))
		return "--allowed goes with --stream, --since, --until, "
		       "--expired and --limit";
	if (options->forged && of_events)
		return "--forged does not go with what is asked of events";
	if (of_events && (options->cause != NULL || options->expired))
		return "--cause and --expired are of suppressions, not of "
		       "events";
	if (options->forged && (options->cause != NULL ||
				   options->stream != NULL || options->expired))
		return "only --since, --until and --limit go with --forged";
	return NULL;
}

/* For people alone: a program that counts lines is not to count one more. */
static void print_heading(const Ctl *ctl, bool of_forgeries, bool of_events)
{
	if (ctl->is_json || !isatty(STDOUT_FILENO))
		return;
	if (of_forgeries)
		printf("%-20s  %6s  %-15s  %s\n", "SINCE", "TIMES", "SOURCE",
		    "ADDRESS");
	else if (of_events)
		printf("%-20s  %-11s %-14s %-7s %s  %-5s %-16s  %s\n", "AT",
		    "CLASS", "REASON", "STATUS", "SURE", "LOOK", "CAMPAIGN",
		    "ADDRESS");
	else
		printf("%-20s  %-26s  %-11s  %-13s  %s\n", "SINCE", "UNTIL",
		    "CAUSE", "STREAM", "ADDRESS");
}

/* Entries of one kind, as many as are wanted. */
typedef struct OfKind {
	Ctl *ctl;
	EntryKind kind;
	uint64_t limit;
	uint64_t given;
} OfKind;

static bool print_of_kind(const Entry *entry, void *data)
{
	OfKind *kind = data;

	return entry->kind != kind->kind ||
	       (entry_print(entry, kind->ctl) && ++kind->given != kind->limit);
}

static bool list_kind(Store *store, const StoreFilter *filter, OfKind *kind,
    GError **error)
{
	StoreFilter all = *filter;

	all.limit = 0;
	kind->limit = filter->limit;
	return store_each_entry(store, &all, print_of_kind, kind, error);
}

/* Domains first: they are few, and stand for many. */
static bool list_held(Ctl *ctl, Store *store, StoreFilter *filter,
    GError **error)
{
	Holding holding = { .ctl = ctl, .filter = filter };
	OfKind domains = { .ctl = ctl, .kind = ENTRY_SUPPRESS };
	g_autoptr(EntrySet) entries = NULL;
	g_autoptr(Judge) streams = site_streams(ctl->settings);

	if (filter->address == NULL &&
	    (filter->cause < 0 || filter->cause == CAUSE_MANUAL) &&
	    !list_kind(store, filter, &domains, error))
		return false;
	if (filter->limit != 0 && domains.given == filter->limit)
		return true;
	filter->limit -= filter->limit != 0 ? domains.given : 0;
	if (!store_entries(store, ctl->now, &entries, error))
		return false;
	holding.entries = entries;
	holding.streams = streams;
	return store_each_suppression(store, filter, print_suppression,
	    &holding, error);
}

static int list(Ctl *ctl, const ListOptions *options, bool of_events)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	OfKind allowed = { .ctl = ctl, .kind = ENTRY_ALLOW };
	StoreFilter filter;
	bool ok;

	if (!filter_of(ctl, options, &filter, &error))
		return ctl_usage(ctl, "%s", error->message);
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	print_heading(ctl, options->forged, of_events);
	if (options->forged)
		ok = store_each_forgery(store, &filter, print_forgery, ctl,
		    &error);
	else if (of_events)
		ok = store_each_event(store, &filter, print_event, ctl, &error);
	else if (options->allowed)
		ok = list_kind(store, &filter, &allowed, &error);
	else
		ok = list_held(ctl, store, &filter, &error);
	return ok ? EX_OK : ctl_fail(ctl, error);
}

int cmd_list(Ctl *ctl, int argc, char **argv)
{
	g_auto(ListOptions) options = { 0 };
	const GOptionEntry entries[] = {
		{ "events", 0, 0, G_OPTION_ARG_NONE, &options.events,
		    "events, not suppressions", NULL },
		{ "review", 0, 0, G_OPTION_ARG_NONE, &options.review,
		    "events that wait for a person to look", NULL },
		{ "class", 0, 0, G_OPTION_ARG_FILENAME, &options.class_,
		    "events of this class (hard, soft, unknown, ...)",
		    "CLASS" },
		{ "campaign", 0, 0, G_OPTION_ARG_FILENAME, &options.campaign,
		    "events of this campaign", "NAME" },
		{ "allowed", 0, 0, G_OPTION_ARG_NONE, &options.allowed,
		    "the allow-list", NULL },
		{ "forged", 0, 0, G_OPTION_ARG_NONE, &options.forged,
		    "reports that proved nothing", NULL },
		{ "cause", 0, 0, G_OPTION_ARG_FILENAME, &options.cause,
		    "suppressions of this cause (hard, soft, manual, ...)",
		    "CAUSE" },
		{ "expired", 0, 0, G_OPTION_ARG_NONE, &options.expired,
		    "suppressions that are over, too", NULL },
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &options.stream,
		    "of this stream", "STREAM" },
		{ "since", 0, 0, G_OPTION_ARG_FILENAME, &options.since,
		    "from TIME on (2026-11-21, or an age: 7d)", "TIME" },
		{ "until", 0, 0, G_OPTION_ARG_FILENAME, &options.until,
		    "before TIME", "TIME" },
		{ "limit", 0, 0, G_OPTION_ARG_INT64, &options.limit,
		    "at most N rows", "N" },
		{ 0 },
	};
	const char *wrong;
	bool of_events;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	of_events = options.events || options.review ||
		    options.class_ != NULL || options.campaign != NULL;
	if (options.limit < 0)
		return ctl_usage(ctl, "--limit must not be negative");
	wrong = contradiction(&options, of_events);
	if (wrong != NULL)
		return ctl_usage(ctl, "%s", wrong);
	return list(ctl, &options, of_events);
}
