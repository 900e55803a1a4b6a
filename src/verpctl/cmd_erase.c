/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl erase`: whoever asks to be forgotten is. */
#include "commands.h"
#include "key_file.h"
#include "progress.h"
#include "row.h"

#include "errors.h"

#include <stdio.h>

typedef struct Erasing {
	bool is_begun;
	Progress *progress;
} Erasing;

static void looked_at(uint64_t done, uint64_t total, void *data)
{
	Erasing *erasing = data;

	if (!erasing->is_begun)
		erasing->progress = progress_new(PROGRESS_ROWS, total, false);
	erasing->is_begun = true;
	progress_set(erasing->progress, done);
}

static void print_erased(const Ctl *ctl, const StoreErased *done)
{
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "events", (int64_t)done->events);
		row_number(row, "changes", (int64_t)done->changes);
		row_number(row, "messages", (int64_t)done->messages);
		row_number(row, "named_by_others", (int64_t)done->texts);
		row_number(row, "suppressions_kept", (int64_t)done->kept);
		row_print(row);
		return;
	}
	printf("erased %" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT
	       " changes by hand, %" G_GUINT64_FORMAT
	       " messages, and the name in %" G_GUINT64_FORMAT
	       " other rows; kept %" G_GUINT64_FORMAT " suppressions\n",
	    done->events, done->changes, done->messages, done->texts,
	    done->kept);
}

/* A daemon that has no key would let mail to the erased pass. */
static bool key_ready(Ctl *ctl, int *ret_status)
{
	g_autoptr(GError) error = NULL;
	const Settings *settings = ctl_settings(ctl, &error);
	bool is_made = false;

	if (settings == NULL ||
	    !address_key_ensure(settings->address_key, &is_made, &error)) {
		*ret_status = ctl_fail(ctl, error);
		return false;
	}
	if (!is_made)
		return true;
	ctl_warn(ctl,
	    "made %s, which verpd must have read before anybody is kept "
	    "blocked by it: restart verpd, and do this once more",
	    settings->address_key);
	*ret_status = EX_TEMPFAIL;
	return false;
}

int cmd_erase(Ctl *ctl, int argc, char **argv)
{
	gboolean keeps_block = FALSE;
	const GOptionEntry entries[] = {
		{ "keep-block", 0, 0, G_OPTION_ARG_NONE, &keeps_block,
		    "go on suppressing it, by a keyed hash of the address",
		    NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_autofree char *folded = NULL;
	Erasing erasing = { 0 };
	StoreErased done = { 0 };
	ManualChange change;
	int status;
	bool ok;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	folded = ctl_address(ctl, argv[1], &status);
	if (folded == NULL)
		return status;
	if (ctl->is_dry_run)
		return ctl_usage(ctl, "what would go tells `verpctl why`");
	if (keeps_block && !key_ready(ctl, &status))
		return status;
	store = ctl_store(ctl, STORE_WRITE, &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	change = ctl_change(ctl);
	ok = store_erase(store, &change, folded, keeps_block, looked_at,
	    &erasing, &done, &error);
	progress_free(erasing.progress);
	if (!ok && g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND)) {
		ctl_warn(ctl,
		    "%s: verpctl add it first, or leave out "
		    "--keep-block",
		    error->message);
		return EXIT_NO;
	}
	if (!ok)
		return ctl_fail(ctl, error);
	print_erased(ctl, &done);
	return EX_OK;
}
