/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl purge`: what is older than it is to be kept, and the space it took.
 */
#include "commands.h"
#include "progress.h"
#include "row.h"

#include "site.h"

#include <stdio.h>

typedef struct Purging {
	bool is_quiet;
	bool is_begun;
	Progress *progress;
} Purging;

static void looked_at(uint64_t done, uint64_t total, void *data)
{
	Purging *purging = data;

	if (!purging->is_begun)
		purging->progress = progress_new(PROGRESS_ROWS, total,
		    purging->is_quiet);
	purging->is_begun = true;
	progress_set(purging->progress, done);
}

static void print_purged(const Ctl *ctl, const StorePurged *gone,
    bool is_compact)
{
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "events", (int64_t)gone->events);
		row_number(row, "forged", (int64_t)gone->forged);
		row_number(row, "rules", (int64_t)gone->rules);
		row_number(row, "under_way", (int64_t)gone->joins);
		row_number(row, "recipients", (int64_t)gone->recipients);
		row_bool(row, "compacted", is_compact);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	printf("%s %" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT
	       " forged reports, the hits of %" G_GUINT64_FORMAT
	       " rules, %" G_GUINT64_FORMAT
	       " messages under way, %" G_GUINT64_FORMAT " addresses%s\n",
	    ctl->is_dry_run ? "would delete" : "deleted", gone->events,
	    gone->forged, gone->rules, gone->joins, gone->recipients,
	    is_compact ? "; gave the space back" : "");
}

int cmd_purge(Ctl *ctl, int argc, char **argv)
{
	gboolean is_compact = FALSE, is_quiet = FALSE;
	const GOptionEntry entries[] = {
		{ "compact", 0, 0, G_OPTION_ARG_NONE, &is_compact,
		    "give the space back to the disk; verpd must not run",
		    NULL },
		{ "quiet", 'q', 0, G_OPTION_ARG_NONE, &is_quiet,
		    "no progress line on a terminal", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	Purging purging = { 0 };
	StoreRetention retention;
	StorePurged gone = { 0 };
	ManualChange change;
	int status;
	bool ok;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (is_compact && ctl->is_dry_run)
		return ctl_usage(ctl, "--compact and --dry-run do not agree");
	store = ctl_store(ctl, ctl->is_dry_run ? STORE_READ : STORE_WRITE,
	    &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	purging.is_quiet = is_quiet;
	change = ctl_change(ctl);
	retention = site_retention(ctl->settings);
	ok = store_purge(store, &change, &retention, ctl->is_dry_run, looked_at,
	    &purging, &gone, &error);
	progress_free(purging.progress);
	if (!ok || (is_compact && !store_compact(store, &error)))
		return ctl_fail(ctl, error);
	print_purged(ctl, &gone, is_compact);
	return EX_OK;
}
