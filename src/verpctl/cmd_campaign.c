/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl campaign`: what each sent and what came back, and whether it goes
   on. */
#include "commands.h"
#include "held_mail.h"
#include "row.h"

#include "errors.h"
#include "pause_map.h"
#include "site.h"
#include "token.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

/* ---- list ---- */

static Row *campaign_json(const CampaignRow *row)
{
	Row *json = row_new();

	row_text(json, "campaign", row->name);
	row_text(json, "stream", row->stream);
	row_time(json, "created", row->created);
	row_number(json, "accepted", row->accepted);
	row_bool(json, "is_paused", row->paused != 0);
	row_time(json, "paused", row->paused);
	row_text(json, "paused_by", row->paused != 0 ? row->paused_by : NULL);
	row_text(json, "paused_why", row->paused != 0 ? row->paused_why : NULL);
	row_time(json, "resumed", row->resumed);
	row_time(json, "marked", row->marked);
	row_bool(json, "may_pause", row->may_pause);
	return json;
}

static void campaign_line(const CampaignRow *row)
{
	g_autofree char *name = printable(row->name);
	g_autofree char *since = time_format(row->paused);
	g_autofree char *by = printable(row->paused_by);
	g_autofree char *why = printable(row->paused_why);

	printf("%-24s  %-14s  accepted %-9" G_GINT64_FORMAT "%s", name,
	    row->stream, row->accepted,
	    row->may_pause ? "" : "  never pauses by itself");
	if (row->paused != 0)
		printf("  PAUSED since %s by %s: %s", since, by, why);
	else if (row->marked != 0)
		printf("  marked for pause");
	printf("\n");
}

static bool list_one(const CampaignRow *row, void *data)
{
	const Ctl *ctl = data;

	if (ctl->is_json)
		row_print(campaign_json(row));
	else
		campaign_line(row);
	return ferror(stdout) == 0;
}

int cmd_campaign_list(Ctl *ctl, int argc, char **argv)
{
	gboolean only_paused = FALSE;
	const GOptionEntry entries[] = {
		{ "paused", 0, 0, G_OPTION_ARG_NONE, &only_paused,
		    "only those that are paused", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL ||
	    !store_each_campaign(store, only_paused, list_one, ctl, &error))
		return ctl_fail(ctl, error);
	return EX_OK;
}

/* ---- show ---- */

static bool show_hour(const CountedHour *row, void *data)
{
	const Ctl *ctl = data;
	g_autofree char *at = time_format(row->hour * 3600);

	if (ctl->is_json) {
		Row *json = row_new();

		row_text(json, "type", "hour");
		row_time(json, "at", row->hour * 3600);
		row_number(json, "accepted", row->counts.accepted);
		row_number(json, "delivered", row->counts.delivered);
		row_number(json, "hard", row->counts.hard);
		row_number(json, "soft", row->counts.soft);
		row_number(json, "block", row->counts.block);
		row_number(json, "complaint", row->counts.complaint);
		row_print(json);
		return true;
	}
	printf("  %s  accepted %" G_GINT64_FORMAT
	       "  delivered %" G_GINT64_FORMAT "  hard %" G_GINT64_FORMAT
	       "  soft %" G_GINT64_FORMAT "  block %" G_GINT64_FORMAT
	       "  complaint %" G_GINT64_FORMAT "\n",
	    at, row->counts.accepted, row->counts.delivered, row->counts.hard,
	    row->counts.soft, row->counts.block, row->counts.complaint);
	return true;
}

int cmd_campaign_show(Ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	const Settings *settings;
	int64_t hour = ctl->now / 3600;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	settings = ctl_settings(ctl, &error);
	store = settings != NULL ? ctl_store(ctl, STORE_READ, &error) : NULL;
	if (store == NULL ||
	    !store_campaign_row(store, argv[1], list_one, ctl, &error) ||
	    !store_each_count(store, COUNTER_CAMPAIGN, argv[1],
		hour - settings->breaker.pause_window / 3600, hour, show_hour,
		ctl, &error))
		return ctl_fail(ctl, error);
	return EX_OK;
}

/* ---- one campaign, to be changed ---- */

static bool take_id(const CampaignRow *row, void *data)
{
	*(int64_t *)data = row->id;
	return true;
}

/* The store with NAME in it; one that nobody has seen is made known, for
   whoever knows what comes. */
static Store *open_with(Ctl *ctl, const char *name, const char *stream,
    int64_t *ret_id, GError **error)
{
	const Settings *settings = ctl_settings(ctl, error);
	g_autoptr(Store) store = NULL;
	g_autoptr(Judge) streams = NULL;
	g_autoptr(GError) unknown = NULL;
	g_auto(StoreCampaign) campaign = { 0 };

	if (settings == NULL)
		return NULL;
	if (!campaign_name_is_valid(name)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		    "\"%s\" is not the name of a campaign", name);
		return NULL;
	}
	store = ctl_store(ctl, ctl->is_dry_run ? STORE_READ : STORE_WRITE,
	    error);
	if (store == NULL)
		return NULL;
	if (store_campaign_row(store, name, take_id, ret_id, &unknown))
		return g_steal_pointer(&store);
	if (!g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&unknown));
		return NULL;
	}
	if (ctl->is_dry_run)
		return g_steal_pointer(&store);
	streams = site_streams(settings);
	if (!store_begin(store, error) ||
	    !store_campaign_ensure(store, name,
		stream != NULL ? stream : judge_stream(streams, name), ctl->now,
		&campaign, error) ||
	    !store_commit(store, error)) {
		store_rollback(store);
		return NULL;
	}
	*ret_id = campaign.id;
	return g_steal_pointer(&store);
}

typedef struct Change {
	const char *name;
	const char *past; /* "paused" */
	bool changed;
	const char *why;      /* said before COMMANDS */
	const char *commands; /* lines, or "" */
	bool is_run;
} Change;

static void tell(const Ctl *ctl, const Change *change)
{
	if (ctl->is_json) {
		Row *json = row_new();

		row_text(json, "campaign", change->name);
		row_bool(json, change->past, change->changed);
		row_bool(json, "dry_run", ctl->is_dry_run);
		row_text(json, "commands", change->commands);
		row_bool(json, "is_run", change->is_run);
		row_print(json);
		return;
	}
	printf("campaign %s: %s%s\n", change->name,
	    !change->changed  ? "is already "
	    : ctl->is_dry_run ? "would be "
			      : "",
	    change->past);
	if (change->commands[0] != '\0' && change->is_run)
		printf("was run:\n%s", change->commands);
	else if (change->commands[0] != '\0')
		printf("%s%s", change->why, change->commands);
}

/* ---- pause and resume ---- */

static bool take_paused(const CampaignRow *row, void *data)
{
	*(bool *)data = row->paused != 0 || row->marked != 0;
	return true;
}

static bool set_paused(Ctl *ctl, Store *store, const char *name, bool is_pause,
    bool *ret_changed, GError **error)
{
	ManualChange change = ctl_change(ctl);
	g_autoptr(GError) unknown = NULL;
	PauseMap map = pause_map_of(ctl->settings);
	bool was = false;

	if (!ctl->is_dry_run)
		return store_campaign_pause(store, &change, name, is_pause,
			   ret_changed, error) &&
		       pause_map_write(&map, store, error);
	/* one that is not there is not paused */
	(void)store_campaign_row(store, name, take_paused, &was, &unknown);
	*ret_changed = was != is_pause;
	return true;
}

int cmd_campaign_pause(Ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	Change done = { .past = "paused", .commands = "" };
	int64_t id = 0;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	done.name = argv[1];
	store = open_with(ctl, argv[1], NULL, &id, &error);
	if (store == NULL ||
	    !set_paused(ctl, store, argv[1], true, &done.changed, &error))
		return ctl_fail(ctl, error);
	if (pause_map_has(ctl->settings->pause_map, TABLE_TEXTHASH) &&
	    done.changed)
		done.commands = "postfix reload\n";
	done.why = pause_map_has(ctl->settings->pause_map, TABLE_CDB)
		       ? "Postfix sees it within 10 s; if it reads the "
			 "texthash, what sendmail(1) sends goes on until "
			 "you run\n"
		       : "what sendmail(1) sends goes on until you run\n";
	tell(ctl, &done);
	return done.changed ? EX_OK : EXIT_NO;
}

/* What waits in the queue, as commands; run at once if IS_RUN. */
static bool release(const Ctl *ctl, Store *store, const char *name, int64_t id,
    const char *directory, bool is_run, char **ret_commands, GError **error)
{
	g_autoptr(TokenSpace)
	    tokens = site_tokens(ctl->settings, store_epoch(store), error);
	bool has_map = ctl->settings->pause_map[0] != '\0';
	g_auto(HeldMail) mail = { 0 };

	if (tokens == NULL ||
	    !held_mail_find(tokens, directory, name, id, &mail, error))
		return false;
	*ret_commands = held_mail_commands(&mail, directory, has_map);
	return !is_run || held_mail_release(&mail, directory, has_map, error);
}

int cmd_campaign_resume(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *directory = NULL;
	gboolean is_run = FALSE;
	const GOptionEntry entries[] = {
		{ "run", 0, 0, G_OPTION_ARG_NONE, &is_run,
		    "release its held mail, too (as root)", NULL },
		{ "postfix", 0, 0, G_OPTION_ARG_FILENAME, &directory,
		    "the Postfix whose configuration is in DIR", "DIR" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) silent = NULL;
	g_autoptr(Store) store = NULL;
	g_autofree char *commands = NULL;
	Change done = { .past = "resumed",
		.why = "its mail waits until you run\n" };
	int64_t id = 0;
	bool found;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	done.name = argv[1];
	store = open_with(ctl, argv[1], NULL, &id, &error);
	if (store == NULL ||
	    !set_paused(ctl, store, argv[1], false, &done.changed, &error))
		return ctl_fail(ctl, error);
	found = release(ctl, store, argv[1], id, directory,
	    is_run && !ctl->is_dry_run, &commands, &silent);
	done.commands = commands != NULL ? commands : "";
	done.is_run = is_run && found && !ctl->is_dry_run;
	tell(ctl, &done);
	if (!found) {
		ctl_warn(ctl, "held mail was not released: %s",
		    silent->message);
		if (is_run)
			return EX_TEMPFAIL;
	}
	return done.changed ? EX_OK : EXIT_NO;
}

/* ---- set ---- */

static bool parse_may_pause(const char *text, int *ret_may)
{
	*ret_may = -1;
	if (text == NULL)
		return true;
	if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0)
		*ret_may = strcmp(text, "yes") == 0;
	return *ret_may >= 0;
}

int cmd_campaign_set(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *stream = NULL;
	g_autofree char *may_pause = NULL;
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &stream,
		    "its mail is of this stream", "STREAM" },
		{ "auto-pause", 0, 0, G_OPTION_ARG_FILENAME, &may_pause,
		    "yes or no: whether it may be paused by itself", "YES" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	Change done = { .past = "set", .changed = true, .commands = "" };
	ManualChange change;
	int64_t id = 0;
	int status, may;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!parse_may_pause(may_pause, &may))
		return ctl_usage(ctl, "--auto-pause is yes or no");
	if (stream == NULL && may < 0)
		return ctl_usage(ctl, "nothing is to be set");
	if (stream != NULL && ctl_known_stream(ctl, stream, &error) == NULL)
		return ctl_fail(ctl, error);
	done.name = argv[1];
	change = ctl_change(ctl);
	store = open_with(ctl, argv[1], stream, &id, &error);
	if (store == NULL ||
	    (!ctl->is_dry_run && !store_campaign_set(store, &change, argv[1],
				     stream, may, &error)))
		return ctl_fail(ctl, error);
	tell(ctl, &done);
	return EX_OK;
}
