/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl breaker` and `verpctl alert`: receivers that are not believed just
   now, and what a person says to that. */
#include "commands.h"
#include "progress.h"
#include "row.h"
#include "ticks.h"

#include "errors.h"
#include "held.h"
#include "site.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which breaker ---- */

/* A copy of one, for longer than its row is lent. */
typedef struct Found {
	int64_t id; /* 0: none */
	CounterKind kind;
	char *name;
	int64_t opened, closed;
	char *closed_by, *why, *fate;
	bool looks_back;
} Found;

static void found_clear(Found *found)
{
	g_clear_pointer(&found->name, g_free);
	g_clear_pointer(&found->closed_by, g_free);
	g_clear_pointer(&found->why, g_free);
	g_clear_pointer(&found->fate, g_free);
	found->id = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Found, found_clear)

typedef struct Search {
	const char *wanted; /* a number, a name, or "host example.org" */
	Found *found;       /* the last such: numbers only grow */
	bool is_ambiguous;  /* of several kinds */
} Search;

static bool is_wanted(const Breaker *row, const char *wanted)
{
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, row->id);
	g_autofree char *both = g_strconcat(counter_kind_name(row->kind), " ",
	    row->name, NULL);

	return strcmp(wanted, id) == 0 || strcmp(wanted, row->name) == 0 ||
	       strcmp(wanted, both) == 0;
}

static bool take_wanted(const Breaker *row, void *data)
{
	Search *search = data;

	if (!is_wanted(row, search->wanted))
		return true;
	if (search->found->id != 0 && search->found->kind != row->kind)
		search->is_ambiguous = true;
	found_clear(search->found);
	*search->found = (Found){ row->id, row->kind, g_strdup(row->name),
		row->opened, row->closed, g_strdup(row->closed_by),
		g_strdup(row->why), g_strdup(row->fate), row->looks_back };
	return true;
}

static bool breaker_find(Store *store, const char *wanted, Found *ret_found,
    GError **error)
{
	Search search = { wanted, ret_found, false };

	if (!store_each_breaker(store, false, take_wanted, &search, error))
		return false;
	if (ret_found->id == 0)
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "there is no breaker \"%s\"", wanted);
	else if (search.is_ambiguous)
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "\"%s\" is of several kinds: give its number", wanted);
	return ret_found->id != 0 && !search.is_ambiguous;
}

/* ---- list, and alert check ---- */

typedef struct Listing {
	const Ctl *ctl;
	Store *store;
	bool is_alert; /* only what is open, and a line for each */
	int64_t only;  /* this one; 0: all */
	uint64_t n;
	GError *error;
} Listing;

static const char *state_of(const Breaker *row)
{
	if (row->closed != 0)
		return row->fate[0] != '\0' ? row->fate : "closed";
	return row->kind == COUNTER_CAMPAIGN ? "marked" : "open";
}

static void list_json(const Breaker *row, uint64_t held)
{
	Row *json = row_new();

	row_number(json, "id", row->id);
	row_text(json, "kind", counter_kind_name(row->kind));
	row_text(json, "name", row->name);
	row_text(json, "state", state_of(row));
	row_time(json, "opened", row->opened);
	row_time(json, "closed", row->closed);
	row_text(json, "closed_by",
	    row->closed_by[0] != '\0' ? row->closed_by : NULL);
	row_text(json, "fate", row->fate[0] != '\0' ? row->fate : NULL);
	row_number(json, "held", (int64_t)held);
	row_bool(json, "looks_back", row->looks_back);
	row_text(json, "why", row->why);
	row_print(json);
}

static void list_line(const Listing *listing, const Breaker *row, uint64_t held)
{
	g_autofree char *name = printable(row->name);
	g_autofree char *why = printable(row->why);
	g_autofree char *opened = time_format(row->opened);

	if (listing->is_alert && row->kind == COUNTER_CAMPAIGN)
		printf("campaign %s is marked for pause since %s: %s\n", name,
		    opened, why);
	else if (listing->is_alert)
		printf("circuit breaker %" G_GINT64_FORMAT " open, %s %s, "
		       "since %s: %s; %" G_GUINT64_FORMAT " held\n",
		    row->id, counter_kind_name(row->kind), name, opened, why,
		    held);
	else
		printf("%5" G_GINT64_FORMAT "  %-9s  %s %s  since %s  "
		       "held %" G_GUINT64_FORMAT "\n       %s%s\n",
		    row->id, state_of(row), counter_kind_name(row->kind), name,
		    opened, held, why,
		    row->looks_back ? "; still looks back" : "");
}

static bool list_row(const Breaker *row, void *data)
{
	Listing *listing = data;
	uint64_t held = 0;

	if (listing->only != 0 && listing->only != row->id)
		return true;
	if (row->kind != COUNTER_CAMPAIGN &&
	    !held_count(listing->store, row->id, listing->ctl->now, &held,
		&listing->error))
		return false;
	listing->n++;
	if (listing->ctl->is_json)
		list_json(row, held);
	else
		list_line(listing, row, held);
	return true;
}

static bool list_all(Listing *listing, bool only_open, GError **error)
{
	if (!store_each_breaker(listing->store, only_open, list_row, listing,
		error))
		return false;
	if (listing->error == NULL)
		return true;
	g_propagate_error(error, listing->error);
	return false;
}

int cmd_breaker_list(Ctl *ctl, int argc, char **argv)
{
	gboolean all = FALSE;
	const GOptionEntry entries[] = {
		{ "all", 'a', 0, G_OPTION_ARG_NONE, &all,
		    "those that are closed, too", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	Listing listing = { .ctl = ctl };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	listing.store = store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL || !list_all(&listing, !all, &error))
		return ctl_fail(ctl, error);
	return EX_OK;
}

/* A campaign that verpd paused: somebody is to look at it.  Of one that a
   person did people know. */
static bool alert_campaign(const CampaignRow *row, void *data)
{
	Listing *listing = data;
	g_autofree char *since = time_format(row->paused);
	g_autofree char *why = printable(row->paused_why);

	if (strcmp(row->paused_by, "verpd") != 0)
		return true;
	listing->n++;
	if (listing->ctl->is_json) {
		Row *json = row_new();

		row_text(json, "kind", "campaign");
		row_text(json, "name", row->name);
		row_text(json, "state", "paused");
		row_time(json, "opened", row->paused);
		row_text(json, "why", row->paused_why);
		row_print(json);
	} else {
		printf("campaign %s is paused since %s: %s\n", row->name, since,
		    why);
	}
	return true;
}

int cmd_alert_check(Ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	Listing listing = { .ctl = ctl, .is_alert = true };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	listing.store = store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL || !list_all(&listing, true, &error) ||
	    !store_each_campaign(store, true, alert_campaign, &listing, &error))
		return ctl_fail(ctl, error);
	if (listing.n == 0 && !ctl->is_json)
		printf("nothing to tell\n");
	return listing.n == 0 ? EX_OK : EXIT_NO;
}

/* ---- show ---- */

typedef struct Showing {
	Ctl *ctl;
	uint64_t left; /* rows to print yet */
} Showing;

static bool show_hour(const CountedHour *row, void *data)
{
	const Showing *showing = data;
	g_autofree char *at = time_format(row->hour * 3600);

	if (showing->ctl->is_json) {
		Row *json = row_new();

		row_text(json, "type", "hour");
		row_time(json, "at", row->hour * 3600);
		row_number(json, "refused", row->counts.people);
		row_number(json, "hard", row->counts.hard);
		row_number(json, "soft", row->counts.soft);
		row_number(json, "block", row->counts.block);
		row_number(json, "complaint", row->counts.complaint);
		row_number(json, "delivered", row->counts.delivered);
		row_print(json);
	} else {
		printf("  %s  refused %" G_GINT64_FORMAT
		       "  hard %" G_GINT64_FORMAT "  soft %" G_GINT64_FORMAT
		       "  block %" G_GINT64_FORMAT
		       "  delivered %" G_GINT64_FORMAT "\n",
		    at, row->counts.people, row->counts.hard, row->counts.soft,
		    row->counts.block, row->counts.delivered);
	}
	return true;
}

static bool show_held(const Event *event, void *data)
{
	const Showing *showing = data;
	g_autofree char *address = printable(event->address);
	g_autofree char *said = printable(event->diagnostic);

	if (showing->ctl->is_json) {
		Row *json = row_new();

		row_text(json, "type", "held");
		row_number(json, "event", event->id);
		row_text(json, "address", event->address);
		row_text(json, "campaign", event->campaign);
		row_text(json, "diagnostic", event->diagnostic);
		row_print(json);
	} else {
		printf("%7" G_GINT64_FORMAT "  %s: %s\n", event->id, address,
		    said);
	}
	return false;
}

static bool show_all_held(Showing *showing, Store *store, int64_t id,
    GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	int64_t after = 0;

	while (showing->left > 0) {
		unsigned max = (unsigned)MIN(showing->left, 500);

		g_array_set_size(ids, 0);
		if (!store_held(store, id, after, max, showing->ctl->now, ids,
			error))
			return false;
		for (unsigned i = 0; i < ids->len; i++) {
			StoreFilter filter = STORE_FILTER_ANY;

			filter.event_id = after = g_array_index(ids, int64_t,
			    i);
			if (!store_each_event(store, &filter, show_held,
				showing, error))
				return false;
		}
		showing->left -= ids->len;
		if (ids->len < max)
			break;
	}
	return true;
}

static bool show(Showing *showing, Store *store, const Found *found,
    GError **error)
{
	Listing listing = {
		.ctl = showing->ctl, .store = store, .only = found->id
	};
	int64_t hour = showing->ctl->now / 3600;

	if (!list_all(&listing, false, error))
		return false;
	if (!showing->ctl->is_json)
		printf("the last two days, hour by hour\n");
	if (!store_each_count(store, found->kind, found->name, hour - 47, hour,
		show_hour, showing, error))
		return false;
	if (found->kind == COUNTER_CAMPAIGN)
		return true;
	if (!showing->ctl->is_json)
		printf("held\n");
	return show_all_held(showing, store, found->id, error);
}

int cmd_breaker_show(Ctl *ctl, int argc, char **argv)
{
	gint64 limit = 50;
	const GOptionEntry entries[] = {
		{ "limit", 'n', 0, G_OPTION_ARG_INT64, &limit,
		    "at most N of what it holds (50)", "N" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_auto(Found) found = { 0 };
	Showing showing = { .ctl = ctl };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (limit < 0)
		return ctl_usage(ctl, "--limit must not be negative");
	showing.left = (uint64_t)limit;
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL || !breaker_find(store, argv[1], &found, &error) ||
	    !show(&showing, store, &found, &error))
		return ctl_fail(ctl, error);
	return EX_OK;
}

/* ---- confirm, drop, close ---- */

static void did(uint64_t done, void *data)
{
	progress_set(data, done);
}

typedef struct Settle {
	Ctl *ctl;
	Store *store;
	const Found *found;
	bool is_confirm;
	HeldCount count;
} Settle;

static bool settle(Settle *settle_, GError **error)
{
	const Settings *settings = ctl_settings(settle_->ctl, error);
	ManualChange change = ctl_change(settle_->ctl);
	const Found *found = settle_->found;
	const char *fate = settle_->is_confirm ? "confirmed" : "dropped";
	bool is_dry_run = settle_->ctl->is_dry_run;
	g_autoptr(Progress) progress = NULL;
	g_autoptr(Judge) judge = NULL;
	uint64_t total = 0;

	if (settings == NULL)
		return false;
	judge = site_judge(settings, store_epoch(settle_->store), error);
	if (judge == NULL ||
	    (!is_dry_run &&
		!ticks_finish(settle_->ctl, settings, settle_->store, error)))
		return false;
	/* First what it was: then nothing more is held under it, and whoever
	   is killed here finds it again by its name. */
	if (!is_dry_run && strcmp(found->fate, fate) != 0 &&
	    !store_breaker_fate(settle_->store, &change, found->id, fate,
		error))
		return false;
	if (!is_dry_run && settle_->is_confirm && found->closed == 0 &&
	    !store_breaker_close(settle_->store, &change, found->id, error))
		return false;
	if (!held_count(settle_->store, found->id, change.now, &total, error))
		return false;
	progress = progress_new(PROGRESS_ROWS, total, settle_->ctl->is_json);
	return held_settle(judge, settle_->store, &change, found->id,
	    settle_->is_confirm, is_dry_run, &settle_->count, did, progress,
	    error);
}

static void tell_settled(const Settle *settle_)
{
	const Found *found = settle_->found;
	g_autofree char *name = printable(found->name);
	const char *would = settle_->ctl->is_dry_run ? "would be " : "";

	if (settle_->ctl->is_json) {
		Row *json = row_new();

		row_number(json, "id", found->id);
		row_text(json, "kind", counter_kind_name(found->kind));
		row_text(json, "name", found->name);
		row_text(json, "fate",
		    settle_->is_confirm ? "confirmed" : "dropped");
		row_number(json, "settled", (int64_t)settle_->count.settled);
		row_number(json, "held_elsewhere",
		    (int64_t)settle_->count.left);
		row_bool(json, "dry_run", settle_->ctl->is_dry_run);
		row_print(json);
		return;
	}
	printf("breaker %" G_GINT64_FORMAT ", %s %s: %" G_GUINT64_FORMAT
	       " %s%s",
	    found->id, counter_kind_name(found->kind), name,
	    settle_->count.settled, would,
	    settle_->is_confirm ? "suppressed as hard bounces" : "released");
	if (settle_->count.left > 0)
		printf(", %" G_GUINT64_FORMAT " held by another breaker still",
		    settle_->count.left);
	printf("\n");
}

static int run_settle(Ctl *ctl, int argc, char **argv, bool is_confirm)
{
	const GOptionEntry entries[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_auto(Found) found = { 0 };
	Settle settle_ = {
		.ctl = ctl, .found = &found, .is_confirm = is_confirm
	};
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	settle_.store = store = ctl_store(ctl,
	    ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	if (store == NULL || !breaker_find(store, argv[1], &found, &error))
		return ctl_fail(ctl, error);
	if (found.kind == COUNTER_CAMPAIGN)
		return ctl_usage(ctl, "a campaign holds nobody: close it");
	if (!settle(&settle_, &error))
		return ctl_fail(ctl, error);
	tell_settled(&settle_);
	return settle_.count.settled > 0 ? EX_OK : EXIT_NO;
}

int cmd_breaker_confirm(Ctl *ctl, int argc, char **argv)
{
	return run_settle(ctl, argc, argv, true);
}

int cmd_breaker_drop(Ctl *ctl, int argc, char **argv)
{
	return run_settle(ctl, argc, argv, false);
}

int cmd_breaker_close(Ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_auto(Found) found = { 0 };
	g_autofree char *name = NULL;
	ManualChange change;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	change = ctl_change(ctl);
	store = ctl_store(ctl, ctl->is_dry_run ? STORE_READ : STORE_WRITE,
	    &error);
	if (store == NULL || !breaker_find(store, argv[1], &found, &error) ||
	    (!ctl->is_dry_run && found.closed == 0 &&
		!store_breaker_close(store, &change, found.id, &error)))
		return ctl_fail(ctl, error);
	name = printable(found.name);
	if (ctl->is_json) {
		Row *json = row_new();

		row_number(json, "id", found.id);
		row_text(json, "kind", counter_kind_name(found.kind));
		row_text(json, "name", found.name);
		row_bool(json, "closed", found.closed == 0);
		row_bool(json, "dry_run", ctl->is_dry_run);
		row_print(json);
	} else {
		printf("breaker %" G_GINT64_FORMAT ", %s %s: %s\n", found.id,
		    counter_kind_name(found.kind), name,
		    found.closed != 0 ? "is closed already"
		    : ctl->is_dry_run ? "would be closed"
				      : "closed");
	}
	return found.closed == 0 ? EX_OK : EXIT_NO;
}
