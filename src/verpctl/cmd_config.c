/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl config`: the settings shown as postconf(1) shows its own, and all
   that the daemon would read, read. */
#include "commands.h"
#include "row.h"

#include "errors.h"
#include "rules.h"
#include "site.h"
#include "token.h"

#include <stdio.h>
#include <string.h>

int cmd_config(Ctl *ctl, int argc, char **argv)
{
	gboolean only_changed = FALSE, defaults = FALSE, sample = FALSE;
	const GOptionEntry entries[] = {
		{ "changed", 'n', 0, G_OPTION_ARG_NONE, &only_changed,
		    "only what differs from the defaults", NULL },
		{ "defaults", 'd', 0, G_OPTION_ARG_NONE, &defaults,
		    "the defaults", NULL },
		{ "sample", 0, 0, G_OPTION_ARG_NONE, &sample,
		    "a verpd.conf to start from", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	const Settings *settings;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (only_changed + defaults + sample > 1)
		return ctl_usage(ctl, "only one of -n, -d and --sample");
	if (sample) {
		text = settings_sample();
	} else if (defaults) {
		g_autoptr(Settings) fresh = settings_new();

		text = settings_print(fresh, false);
	} else {
		settings = ctl_settings(ctl, &error);
		if (settings == NULL)
			return ctl_fail(ctl, error);
		text = settings_print(settings, only_changed);
	}
	fputs(text, stdout);
	return EX_OK;
}

/* One thing looked at: what was found, or what is wrong with it. */
static void finding(const Ctl *ctl, const char *what, const GError *error,
    const char *good, int *status)
{
	g_autofree char *text = printable(error != NULL ? error->message
							: good);

	if (error != NULL)
		*status = ctl_status(error);
	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "what", what);
		row_bool(row, "good", error == NULL);
		row_text(row, "text", text);
		row_print(row);
	} else {
		printf("%-6s%-16s%s\n", error == NULL ? "ok" : "BAD", what,
		    text);
	}
}

static bool check_keys(const Ctl *ctl, const Settings *settings, int *status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KeyRing) keys = site_keys(settings, &error);
	g_autofree char *good = NULL;

	if (keys != NULL)
		good = g_strdup_printf("%s: %u, key %u signs", settings->keys,
		    keyring_count(keys), keyring_id(keys, 0));
	finding(ctl, "keys", error, good, status);
	return keys != NULL;
}

static void check_tokens(const Ctl *ctl, const Settings *settings, int *status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(TokenSpace) space = site_tokens(settings, NULL, &error);
	g_autofree char *domains = g_strjoinv(" ", settings->bounce_domains);
	g_autofree char *good = NULL;
	unsigned n = settings->patterns->len;

	if (space != NULL && n > 0)
		good = g_strdup_printf("%s; %u pattern%s", domains, n,
		    n == 1 ? "" : "s");
	else if (space != NULL)
		good = g_strdup(domains);
	finding(ctl, "bounce_domains", error, good, status);
}

static void check_rules(const Ctl *ctl, const Settings *settings, int *status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = site_rules(settings, &error);
	g_autofree char *directories = g_strjoinv(" ", settings->rules);
	g_autofree char *good = NULL;

	if (rules != NULL)
		good = g_strdup_printf("%u in %s", rules_count(rules),
		    directories);
	finding(ctl, "rules", error, good, status);
}

static void check_store(Ctl *ctl, const Settings *settings, int *status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl, STORE_READ, &error);

	finding(ctl, "store", error, store != NULL ? settings->store : NULL,
	    status);
}

int cmd_config_check(Ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const Settings *settings;
	int status;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	status = EX_OK;
	settings = ctl_settings(ctl, &error);
	finding(ctl, "settings", error, settings != NULL ? settings->file : "",
	    &status);
	if (settings == NULL)
		return status;
	/* without keys there is nothing to make tokens of */
	if (check_keys(ctl, settings, &status))
		check_tokens(ctl, settings, &status);
	check_rules(ctl, settings, &status);
	check_store(ctl, settings, &status);
	return status;
}
