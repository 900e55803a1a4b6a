/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole store: copied while the daemon works on it, and made again of such
   a copy. */
#include "commands.h"
#include "input.h"
#include "key_file.h"
#include "progress.h"
#include "row.h"

#include "units.h"

#include <stdio.h>
#include <sys/stat.h>

/* PROGRESS is made when the first pages are there and the total is known. */
typedef struct Copying {
	bool is_quiet;
	Progress *progress;
	bool is_begun;
} Copying;

static void copied(uint64_t done, uint64_t total, void *data)
{
	Copying *copying = data;

	if (!copying->is_begun)
		copying->progress = progress_new(PROGRESS_ROWS, total,
		    copying->is_quiet);
	copying->is_begun = true;
	progress_set(copying->progress, done);
}

static void print_copied(const Ctl *ctl, const char *backup)
{
	g_autofree char *shown = printable(backup);
	g_autofree char *size = NULL;
	struct stat st;
	int64_t octets = stat(backup, &st) == 0 ? (int64_t)st.st_size : 0;

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "store", ctl->settings->store);
		row_text(row, "backup", backup);
		row_number(row, "octets", octets);
		row_print(row);
		return;
	}
	size = g_format_size_full((guint64)octets, G_FORMAT_SIZE_IEC_UNITS);
	printf("%s: a copy of %s, %s\n", shown, ctl->settings->store, size);
}

int cmd_backup(Ctl *ctl, int argc, char **argv)
{
	Copying copying = { 0 };
	gboolean replaces = FALSE, is_quiet = FALSE;
	const GOptionEntry entries[] = {
		{ "force", 'f', 0, G_OPTION_ARG_NONE, &replaces,
		    "take the place of FILE if it is there", NULL },
		{ "quiet", 'q', 0, G_OPTION_ARG_NONE, &is_quiet,
		    "no progress line on a terminal", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	bool ok;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	copying.is_quiet = is_quiet;
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	ok = store_backup(store, argv[1], replaces, ctl->now, copied, &copying,
	    &error);
	progress_free(copying.progress);
	if (!ok) {
		status = ctl_fail(ctl, error);
		return status == EX_CONFIG ? EX_CANTCREAT : status;
	}
	print_copied(ctl, argv[1]);
	return EX_OK;
}

static void print_restored(const Ctl *ctl, const char *backup, int64_t at)
{
	g_autofree char *time = time_format(at);

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "store", ctl->settings->store);
		row_text(row, "backup", backup);
		row_text(row, "of", time);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	if (ctl->is_dry_run) {
		g_autofree char *shown = printable(backup);

		printf("would make %s of %s, of %s\n", ctl->settings->store,
		    shown, time);
		return;
	}
	printf("%s: made of the backup of %s, with a new epoch: opaque return "
	       "paths made before no longer count\n",
	    ctl->settings->store, time);
}

static bool note_restored(Ctl *ctl, const char *backup, int64_t at,
    GError **error)
{
	g_autoptr(Store) store = ctl_store(ctl, STORE_WRITE, error);
	ManualChange change = ctl_change(ctl);
	g_autofree char *time = time_format(at);
	g_autofree char *detail = g_strconcat("backup of ", time, NULL);

	return store != NULL &&
	       store_audit(store, &change, "restore", backup, detail, error);
}

int cmd_restore(Ctl *ctl, int argc, char **argv)
{
	Copying copying = { 0 };
	g_autoptr(GError) error = NULL;
	const Settings *settings;
	int64_t at = 0;
	int status;
	bool ok;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	settings = ctl_settings(ctl, &error);
	if (settings == NULL || !input_is_there(argv[1], &error))
		return ctl_fail(ctl, error);
	if (g_file_test(settings->store, G_FILE_TEST_EXISTS)) {
		ctl_warn(ctl,
		    "%s is there already; stop verpd and move it away, with "
		    "all that lies beside it",
		    settings->store);
		return EX_CANTCREAT;
	}
	ok = store_restore(argv[1], settings->store, ctl->is_dry_run, copied,
	    &copying, &at, &error);
	progress_free(copying.progress);
	if (!ok) {
		status = ctl_fail(ctl, error);
		return status == EX_CONFIG ? EX_CANTCREAT : status;
	}
	if (ctl->is_dry_run) {
		print_restored(ctl, argv[1], at);
		return EX_OK;
	}
	if (!note_restored(ctl, argv[1], at, &error))
		return ctl_fail(ctl, error);
	store_give_to_directory(settings->store);
	print_restored(ctl, argv[1], at);
	return EX_OK;
}
