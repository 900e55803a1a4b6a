/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines that wire this site's Postfix to verpd, for the admin to read and
   run.  Nothing is written here. */
#include "commands.h"
#include "row.h"

#include "errors.h"
#include "pause_map.h"
#include "wiring.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Printing {
	const Ctl *ctl;
	bool as_fragments;
	bool with_done; /* those that are in place, too */
} Printing;

/* "sign,verify" as bits; -1 when a word is none of the places. */
static int parse_places(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, ", ", 0);
	int bits = 0;

	for (char **word = words; *word != NULL; word++) {
		int found = -1;

		if ((*word)[0] == '\0')
			continue;
		if (strcmp(*word, "all") == 0)
			found = (1 << WIRING_PLACES) - 1;
		for (int i = 0; i < WIRING_PLACES; i++)
			if (strcmp(*word, wiring_place_name((WiringPlace)i)) ==
			    0)
				found = 1 << i;
		if (found < 0)
			return -1;
		bits |= found;
	}
	return bits;
}

static void print_command(const WiringLine *line)
{
	g_autofree char *command = wiring_command(line);

	printf("%s\n", command);
}

static void print_fragment(const WiringLine *line)
{
	switch (line->kind) {
	case WIRING_MAIN:
		printf("%s = %s\n", line->name, line->value);
		return;
	case WIRING_SERVICE:
		printf("%s\n", line->value);
		return;
	case WIRING_OPTION:
		printf("# last below the service of %s:\n    -o { %s = %s }\n",
		    line->name, strrchr(line->name, '/') + 1, line->value);
		return;
	}
}

static void print_json(const WiringLine *line)
{
	Row *row = row_new();

	row_text(row, "place", wiring_place_name(line->place));
	row_text(row, "file",
	    line->kind == WIRING_MAIN ? "main.cf" : "master.cf");
	row_text(row, "name", line->name);
	row_text(row, "value", line->value);
	row_text(row, "why", line->why);
	row_bool(row, "is_done", line->is_done);
	row_print(row);
}

static void print_line(const Printing *printing, const WiringLine *line)
{
	if (line->is_done && !printing->with_done)
		return;
	if (printing->ctl->is_json) {
		print_json(line);
		return;
	}
	printf("# %s: %s%s\n", wiring_place_name(line->place), line->why,
	    line->is_done ? " (in place)" : "");
	if (printing->as_fragments)
		print_fragment(line);
	else
		print_command(line);
}

/* Those of main.cf, or all others, or both. */
static void print_lines(const Printing *printing, const GPtrArray *lines)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		if (printing->as_fragments && !printing->ctl->is_json)
			printf("%s### %s\n", pass > 0 ? "\n" : "",
			    pass == 0 ? "main.cf" : "master.cf");
		for (unsigned i = 0; i < lines->len; i++) {
			const WiringLine *line = lines->pdata[i];
			bool is_main = line->kind == WIRING_MAIN;

			if (printing->as_fragments ? is_main == (pass == 0)
						   : pass == 0)
				print_line(printing, line);
		}
	}
}

static unsigned count_open(const GPtrArray *lines)
{
	unsigned open = 0;

	for (unsigned i = 0; i < lines->len; i++)
		open += !((const WiringLine *)lines->pdata[i])->is_done;
	return open;
}

/* What becomes of the pause map, where that is not all one would wish. */
static void print_pause(const Settings *settings, const Postconf *postconf)
{
	const char *setting = settings->pause_map;
	int type = wiring_pause_type(settings, postconf);

	if (setting[0] == '\0' || type == TABLE_CDB || type == TABLE_LMDB)
		return;
	if (type == TABLE_TEXTHASH)
		printf("# pause_map is a texthash, which Postfix reads once: "
		       "what sendmail(1) sends goes on after a pause until "
		       "`postfix reload`.\n# %s.\n",
		    pause_map_has(setting, TABLE_CDB)
			? "With the package postfix-cdb it is seen within 10 "
			  "s: "
			  "install it, then run this once more"
			: "pause_map = \"cdb:path\" is seen within 10 s");
	else
		printf("# pause_map is not named: %s is not there yet, or "
		       "this Postfix has no such tables, and it would stop "
		       "without it.  Start verpd, or install postfix-cdb, "
		       "then run this once more.\n",
		    setting);
}

static int print_all(const Printing *printing, const Postconf *postconf,
    const GPtrArray *lines)
{
	unsigned open = count_open(lines);

	if (!printing->ctl->is_json && postconf == NULL)
		printf("# There is no postconf(1) here: for a Postfix that has "
		       "its defaults.\n");
	else if (!printing->ctl->is_json && geteuid() != 0)
		printf("# Not run by root, who alone sees the sockets in "
		       "private/: look at them twice.\n");
	if (!printing->ctl->is_json)
		print_pause(printing->ctl->settings, postconf);
	print_lines(printing, lines);
	if (!printing->ctl->is_json && !printing->as_fragments)
		printf("%s\n",
		    open > 0 ? "postfix reload" : "# everything is in place");
	return EX_OK;
}

int cmd_postfix_config(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *places = NULL;
	g_autofree char *directory = NULL;
	gboolean is_pipe = FALSE, as_fragments = FALSE, with_done = FALSE;
	gboolean is_plain = FALSE;
	const GOptionEntry entries[] = {
		{ "places", 0, 0, G_OPTION_ARG_FILENAME, &places,
		    "which of intake, sign, verify, enforce (default: all)",
		    "LIST" },
		{ "pipe", 0, 0, G_OPTION_ARG_NONE, &is_pipe,
		    "bounces come by pipe(8), not LMTP", NULL },
		{ "fragments", 0, 0, G_OPTION_ARG_NONE, &as_fragments,
		    "lines for main.cf and master.cf, not commands", NULL },
		{ "all", 0, 0, G_OPTION_ARG_NONE, &with_done,
		    "what is in place, too", NULL },
		{ "postfix", 0, 0, G_OPTION_ARG_FILENAME, &directory,
		    "the Postfix whose configuration is in DIR", "DIR" },
		{ "from-defaults", 0, 0, G_OPTION_ARG_NONE, &is_plain,
		    "do not look at any Postfix: as if it had its defaults",
		    NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Postconf) postconf = NULL;
	g_autoptr(GPtrArray) lines = NULL;
	const Settings *settings;
	WiringWish wish = { 0 };
	int bits, status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	bits = parse_places(places != NULL ? places : "all");
	if (bits < 0)
		return ctl_usage(ctl,
		    "--places is a list of intake, sign, verify, enforce");
	settings = ctl_settings(ctl, &error);
	if (settings == NULL)
		return ctl_fail(ctl, error);
	if (settings->bounce_domains[0] == NULL)
		return ctl_usage(ctl, "bounce_domains is not set in %s",
		    settings->file);
	if (!is_plain)
		postconf = postconf_read(directory, &error);
	if (error != NULL &&
	    (directory != NULL ||
		!g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND)))
		return ctl_fail(ctl, error);
	wish.places = (unsigned)bits;
	wish.is_pipe = is_pipe;
	lines = wiring_lines(settings, postconf, &wish);
	return print_all(&(Printing){ ctl, as_fragments,
			     with_done || is_plain },
	    postconf, lines);
}
