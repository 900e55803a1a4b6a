/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl revert`: takes back what a provider's bad day did. */
#include "commands.h"
#include "progress.h"
#include "row.h"
#include "selector.h"

#include "units.h"

#include <stdio.h>
#include <string.h>

typedef struct RevertOptions {
	char *since;
	char *until;
	Selector which;
} RevertOptions;

static void revert_options_clear(RevertOptions *options)
{
	g_free(options->since);
	g_free(options->until);
	selector_clear(&options->which);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RevertOptions, revert_options_clear)

static bool filter_of(const Ctl *ctl, const RevertOptions *options,
    EventSelection *ret_filter, GError **error)
{
	EventSelection filter;

	if (!selector_filter(&options->which, &filter, error) ||
	    !ctl_time(ctl, "--since", options->since, &filter.since, error) ||
	    !ctl_time(ctl, "--until", options->until, &filter.until, error))
		return false;
	*ret_filter = filter;
	return true;
}

/* What was asked, as the audit keeps it: times as they were understood. */
static char *detail_of(const RevertOptions *options,
    const EventSelection *filter)
{
	g_autofree char *since = time_format(filter->since);
	g_autofree char *until = time_format(filter->until);
	GString *text = g_string_new(NULL);

	if (filter->since != 0)
		g_string_append_printf(text, " --since %s", since);
	if (filter->until != 0)
		g_string_append_printf(text, " --until %s", until);
	selector_describe(&options->which, text);
	if (text->len > 0)
		g_string_erase(text, 0, 1);
	return g_string_free(text, FALSE);
}

/* ---- telling ---- */

static void tell(const Ctl *ctl, const StoreReverted *done)
{
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "events", (int64_t)done->events);
		row_number(row, "amended", (int64_t)done->amended);
		row_number(row, "recipients", (int64_t)done->recipients);
		row_number(row, "freed", (int64_t)done->freed);
		row_number(row, "holds_ended", (int64_t)done->holds);
		row_number(row, "counts_changed", (int64_t)done->counts);
		event_counts_json(&done->which, row);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	printf("%s %" G_GUINT64_FORMAT " events of %" G_GUINT64_FORMAT
	       " recipients: %" G_GUINT64_FORMAT
	       " holds end, %" G_GUINT64_FORMAT
	       " recipients are free, %" G_GUINT64_FORMAT
	       " counts change, %" G_GUINT64_FORMAT
	       " later events are decided anew\n",
	    ctl->is_dry_run ? "would take back" : "took back", done->events,
	    done->recipients, done->holds, done->freed, done->counts,
	    done->amended);
	event_counts_print(&done->which);
}

static void on_progress(uint64_t events, void *data)
{
	progress_set(data, events);
}

static int revert(Ctl *ctl, const RevertOptions *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_autofree char *detail = NULL;
	g_autoptr(Progress) progress = NULL;
	ManualChange change = ctl_change(ctl);
	EventSelection filter;
	g_auto(StoreReverted) done = { 0 };
	bool ok;

	if (!filter_of(ctl, options, &filter, &error))
		return ctl_usage(ctl, "%s", error->message);
	detail = detail_of(options, &filter);
	if (detail[0] == '\0')
		return ctl_usage(ctl,
		    "say what: --since, --provider, --rule, ...");
	store = ctl_store(ctl, ctl->is_dry_run ? STORE_READ : STORE_WRITE,
	    &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	progress = progress_new(PROGRESS_ROWS, 0, false);
	ok = store_revert(store, &change, &ctl->settings->policy, &filter,
	    detail, ctl->is_dry_run != FALSE, on_progress, progress, &done,
	    &error);
	progress_hide(progress);
	if (!ok)
		return ctl_fail(ctl, error);
	tell(ctl, &done);
	return done.events > 0 ? EX_OK : EXIT_NO;
}

int cmd_revert(Ctl *ctl, int argc, char **argv)
{
	g_auto(RevertOptions) options = { 0 };
	const GOptionEntry entries[] = {
		{ "since", 0, 0, G_OPTION_ARG_FILENAME, &options.since,
		    "from TIME on (2026-11-21, or an age: 7d)", "TIME" },
		{ "until", 0, 0, G_OPTION_ARG_FILENAME, &options.until,
		    "before TIME", "TIME" },
		SELECTOR_OPTIONS(&options.which),
		{ 0 },
	};
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	return revert(ctl, &options);
}
