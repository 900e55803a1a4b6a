/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl key`: the file of signing keys, made and rotated.  A key is
   printed by nothing but `key new --print`. */
#include "key_file.h"

#include "commands.h"
#include "row.h"

#include "errors.h"
#include "files.h"
#include "site.h"
#include "token.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

/* Also in the store, if there is one yet: the key is made in any case. */
static void audit(Ctl *ctl, const char *action, int id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_autofree char *subject = g_strdup_printf("key %d", id);
	ManualChange change = ctl_change(ctl);

	if (!g_file_test(ctl->settings->store, G_FILE_TEST_EXISTS))
		return;
	store = ctl_store(ctl, STORE_WRITE, &error);
	if (store == NULL || !store_audit(store, &change, action, subject,
				 ctl->settings->keys, &error))
		ctl_warn(ctl, "the audit knows nothing of this: %s",
		    error->message);
}

int cmd_key_new(Ctl *ctl, int argc, char **argv)
{
	gboolean only_print = FALSE;
	const GOptionEntry entries[] = {
		{ "print", 0, 0, G_OPTION_ARG_NONE, &only_print,
		    "print a fresh key and write nothing", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	const Settings *settings;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (only_print) {
		g_autofree char *line = key_file_line(0, &error);

		if (line == NULL)
			return ctl_fail(ctl, error);
		fputs(line, stdout);
		explicit_bzero(line, strlen(line));
		return EX_OK;
	}
	settings = ctl_settings(ctl, &error);
	if (settings == NULL)
		return ctl_fail(ctl, error);
	if (g_file_test(settings->keys, G_FILE_TEST_EXISTS)) {
		ctl_warn(ctl, "%s is there already; see verpctl key rotate",
		    settings->keys);
		return EX_CANTCREAT;
	}
	if (!key_file_create(settings->keys, &error))
		return ctl_fail(ctl, error);
	audit(ctl, "key new", 0);
	printf("%s: made, with one fresh key\n", settings->keys);
	return EX_OK;
}

/* TEXT with LINE and NOTE before its first key: comments at the top stay. */
static char *with_line(const char *text, const char *line, const char *note)
{
	const char *at = text;

	while (*at != '\0') {
		const char *end = at + strcspn(at, "\n");
		const char *word = at + strspn(at, " \t\r");

		if (*word != '#' && word < end)
			break;
		at = *end != '\0' ? end + 1 : end;
	}
	return g_strdup_printf("%.*s%s%s%s", (int)(at - text), text, line, note,
	    at);
}

/* Below the key, so that the next one goes above both. */
static char *note_of(const Ctl *ctl, int id)
{
	ManualChange change = ctl_change(ctl);
	g_autofree char *actor = printable(change.actor);
	g_autofree char *reason = printable(change.reason);
	g_autofree char *at = time_format(change.now);

	return g_strdup_printf("# key %d signs since %s, by %s%s%s\n", id, at,
	    actor, reason[0] != '\0' ? ": " : "", reason);
}

static bool rotate(const Ctl *ctl, const char *path, int id, GError **error)
{
	g_autofree char *line = key_file_line((unsigned)id, error);
	g_autofree char *note = note_of(ctl, id);
	g_autofree char *text = NULL;
	g_autofree char *changed = NULL;
	KeyRing *read_back;
	gsize len;
	bool ok;

	if (line == NULL || !file_read(path, &text, &len, NULL, error))
		return false;
	changed = with_line(text, line, note);
	/* what cannot be read back must not get there */
	read_back = keyring_parse(path, changed, strlen(changed), error);
	ok = read_back != NULL &&
	     file_replace(path, changed, strlen(changed), 0640, error);
	keyring_unref(read_back);
	explicit_bzero(line, strlen(line));
	explicit_bzero(text, len);
	explicit_bzero(changed, strlen(changed));
	return ok;
}

int cmd_key_rotate(Ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KeyRing) keys = NULL;
	const Settings *settings;
	int status;
	int id;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	settings = ctl_settings(ctl, &error);
	keys = settings != NULL ? site_keys(settings, &error) : NULL;
	if (keys == NULL)
		return ctl_fail(ctl, error);
	id = keyring_next_id(keys);
	if (id < 0) {
		ctl_warn(ctl,
		    "%s: all 32 ids are in use; delete the last "
		    "lines, whose return paths are too old to count",
		    settings->keys);
		return EX_CONFIG;
	}
	if (!ctl->is_dry_run && !rotate(ctl, settings->keys, id, &error))
		return ctl_fail(ctl, error);
	if (!ctl->is_dry_run)
		audit(ctl, "key rotate", id);
	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "keys", settings->keys);
		row_number(row, "signs", id);
		row_number(row, "signed_before", (int64_t)keyring_id(keys, 0));
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
	} else {
		printf("%s: key %d %s, %u %s verifying\n"
		       "Reload verpd (SIGHUP) and whatever else mints.\n",
		    settings->keys, id,
		    ctl->is_dry_run ? "would sign" : "signs",
		    keyring_count(keys),
		    keyring_count(keys) == 1 ? "goes on" : "go on");
	}
	return EX_OK;
}

int cmd_key_list(Ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KeyRing) keys = NULL;
	const Settings *settings;
	int status;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	settings = ctl_settings(ctl, &error);
	keys = settings != NULL ? site_keys(settings, &error) : NULL;
	if (keys == NULL)
		return ctl_fail(ctl, error);
	for (unsigned i = 0; i < keyring_count(keys); i++) {
		if (ctl->is_json) {
			Row *row = row_new();

			row_number(row, "id", (int64_t)keyring_id(keys, i));
			row_bool(row, "signs", i == 0);
			row_print(row);
		} else {
			printf("%2u  %s\n", keyring_id(keys, i),
			    i == 0 ? "signs and verifies" : "verifies");
		}
	}
	return EX_OK;
}
