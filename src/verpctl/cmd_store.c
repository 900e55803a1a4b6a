/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store as a whole: made, trimmed, counted, recounted. */
#include "commands.h"
#include "key_file.h"
#include "row.h"
#include "ticks.h"

#include "errors.h"
#include "site.h"
#include "site_store.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

/* ---- init ---- */

/* Empty, and with the addresses kept as the settings say. */
static bool make_store(const Settings *settings, GError **error)
{
	uint8_t key[STORE_ADDRESS_KEY];
	g_autoptr(Store) store = NULL;
	bool found, ok;

	if (!store_create(settings->store, error))
		return false;
	if (strcmp(settings->addresses, "hashed") != 0)
		return true;
	store = store_open(settings->store, STORE_WRITE, 1000, error);
	if (store == NULL ||
	    !site_address_key(settings->address_key, key, &found, error))
		return false;
	ok = store_make_hashed(store, key, error);
	explicit_bzero(key, sizeof(key));
	return ok;
}

/* Not opened, or it would have a log beside it. */
static bool is_database(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	FILE *file = fopen(path, "re");
	bool ok;

	if (file == NULL)
		return true; /* nobody knows */
	ok = fread(head, 1, sizeof(head), file) == sizeof(head) &&
	     memcmp(head, magic, sizeof(magic)) == 0;
	(void)fclose(file); /* it was only read */
	return ok;
}

int cmd_init(Ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *directory = NULL;
	const Settings *settings;
	bool has_keys;
	int status;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	settings = ctl_settings(ctl, &error);
	if (settings == NULL)
		return ctl_fail(ctl, error);
	if (g_file_test(settings->store, G_FILE_TEST_EXISTS)) {
		ctl_warn(ctl, "%s is there already, and stays as it is%s",
		    settings->store,
		    is_database(settings->store)
			? ""
			: " (it is empty, or not a store of verpd: move it "
			  "away)");
		return EX_CANTCREAT;
	}
	directory = g_path_get_dirname(settings->store);
	if (!g_file_test(directory, G_FILE_TEST_IS_DIR)) {
		ctl_warn(ctl,
		    "%s: there is no such directory; make it, and give it to "
		    "the user verpd runs as",
		    directory);
		return EX_CONFIG;
	}
	/* the key first: a store whose key cannot be made is no use */
	has_keys = g_file_test(settings->keys, G_FILE_TEST_EXISTS);
	if (strcmp(settings->addresses, "hashed") == 0 &&
	    !address_key_ensure(settings->address_key, NULL, &error))
		return ctl_fail(ctl, error);
	if ((!has_keys && !key_file_create(settings->keys, &error)) ||
	    !make_store(settings, &error))
		return ctl_fail(ctl, error);
	store_give_to_directory(settings->store);
	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "store", settings->store);
		row_text(row, "keys", settings->keys);
		row_bool(row, "keys_made", !has_keys);
		row_print(row);
	} else {
		printf("%s: made, empty\n", settings->store);
		printf("%s: %s\n", settings->keys,
		    has_keys ? "was there, and stays as it is"
			     : "made, with one fresh key");
	}
	return EX_OK;
}

/* ---- expire ---- */

int cmd_expire(Ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	StoreRetention retention;
	StoreExpired gone;
	ManualChange change;
	int status;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	store = ctl_store(ctl, ctl->is_dry_run ? STORE_READ : STORE_WRITE,
	    &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	change = ctl_change(ctl);
	retention = site_retention(ctl->settings);
	if ((!ctl->is_dry_run &&
		!ticks_finish(ctl, ctl->settings, store, &error)) ||
	    !store_expire(store, &change, &retention, ctl->is_dry_run, &gone,
		&error))
		return ctl_fail(ctl, error);
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "suppressions", (int64_t)gone.holds);
		row_number(row, "delivery_keys", (int64_t)gone.keys);
		row_number(row, "messages", (int64_t)gone.messages);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
	} else {
		printf("%s %" G_GUINT64_FORMAT
		       " suppressions that are over, %" G_GUINT64_FORMAT
		       " keys of old reports, %" G_GUINT64_FORMAT
		       " messages kept for review\n",
		    ctl->is_dry_run ? "would delete" : "deleted", gone.holds,
		    gone.keys, gone.messages);
	}
	return EX_OK;
}

/* ---- stats ---- */

static void stats_json(const StoreStats *stats)
{
	Row *row = row_new();

	row_number(row, "recipients", stats->recipients);
	row_number(row, "campaigns", stats->campaigns);
	row_number(row, "events", stats->events);
	row_number(row, "needs_review", stats->needs_review);
	row_number(row, "kept_octets", stats->kept);
	row_number(row, "deliveries", stats->deliveries);
	row_number(row, "duplicates", stats->duplicates);
	row_number(row, "forged", stats->forged);
	row_number(row, "breakers_open", stats->breakers);
	row_number(row, "campaigns_marked", stats->marked);
	row_open_object(row, "by_class");
	for (int i = 0; i < VP_CLASS_COUNT; i++)
		row_number(row, vp_class_name((enum vp_class)i),
		    stats->by_class[i]);
	row_close_object(row);
	row_open_object(row, "suppressed");
	for (int i = 0; i < CAUSE_COUNT; i++)
		row_number(row, cause_name((Cause)i), stats->by_cause[i]);
	row_close_object(row);
	row_print(row);
}

static void stats_line(const char *name, int64_t value)
{
	printf("  %-14s %10" G_GINT64_FORMAT "\n", name, value);
}

static void stats_print(const StoreStats *stats, int64_t since)
{
	g_autofree char *from = since != 0 ? time_format(since) : NULL;

	printf("store\n");
	stats_line("recipients", stats->recipients);
	stats_line("campaigns", stats->campaigns);
	printf("suppressed now\n");
	for (int i = CAUSE_COUNT - 1; i >= 0; i--)
		stats_line(cause_name((Cause)i), stats->by_cause[i]);
	printf("circuit breakers\n");
	stats_line("open", stats->breakers);
	stats_line("campaign marks", stats->marked);
	printf("events%s%s\n", from != NULL ? " since " : "",
	    from != NULL ? from : "");
	stats_line("all", stats->events);
	for (int i = 0; i < VP_CLASS_COUNT; i++)
		if (stats->by_class[i] > 0)
			stats_line(vp_class_name((enum vp_class)i),
			    stats->by_class[i]);
	stats_line("for review", stats->needs_review);
	printf("reports%s%s\n", from != NULL ? " since " : "",
	    from != NULL ? from : "");
	stats_line("taken", stats->deliveries);
	stats_line("duplicates", stats->duplicates);
	stats_line("forged", stats->forged);
}

int cmd_stats(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *since_text = NULL;
	const GOptionEntry entries[] = {
		{ "since", 0, 0, G_OPTION_ARG_FILENAME, &since_text,
		    "count from TIME on (2026-11-21, or an age: 7d)", "TIME" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	StoreStats stats = { 0 };
	int64_t since = 0;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!ctl_time(ctl, "--since", since_text, &since, &error))
		return ctl_usage(ctl, "%s", error->message);
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL ||
	    !store_stats(store, since, ctl->now, &stats, &error))
		return ctl_fail(ctl, error);
	if (ctl->is_json)
		stats_json(&stats);
	else
		stats_print(&stats, since);
	return EX_OK;
}

/* ---- verify ---- */

int cmd_verify(Ctl *ctl, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients = 0;
	int status;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	store = argc > 1 ? ctl_store_at(ctl, argv[1], STORE_READ, &error)
			 : ctl_store(ctl, STORE_READ, &error);
	if (store == NULL ||
	    !store_verify(store, ctl->now, findings, &recipients, &error))
		return ctl_fail(ctl, error);
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "recipients", (int64_t)recipients);
		row_open_array(row, "findings");
		for (unsigned i = 0; i < findings->len; i++)
			row_text(row, NULL, g_ptr_array_index(findings, i));
		row_close_array(row);
		row_print(row);
	} else {
		for (unsigned i = 0; i < findings->len; i++) {
			g_autofree char *text =
			    printable(g_ptr_array_index(findings, i));

			printf("%s\n", text);
		}
		printf("%" G_GUINT64_FORMAT
		       " recipients recounted, %u differences\n",
		    recipients, findings->len);
	}
	return findings->len > 0 ? EXIT_NO : EX_OK;
}
