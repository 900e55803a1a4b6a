/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl revert`: takes back what a provider's bad day did. */
#include "commands.h"
#include "progress.h"
#include "row.h"

#include "errors.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

typedef struct RevertOptions {
	char *since;
	char *until;
	char *provider;
	char *rule;
	char *campaign;
	char *class_;
	char *match_reason;
} RevertOptions;

static void revert_options_clear(RevertOptions *options)
{
	g_free(options->since);
	g_free(options->until);
	g_free(options->provider);
	g_free(options->rule);
	g_free(options->campaign);
	g_free(options->class_);
	g_free(options->match_reason);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RevertOptions, revert_options_clear)

static bool filter_of(const Ctl *ctl, const RevertOptions *options,
    RevertFilter *ret_filter, GError **error)
{
	RevertFilter filter = { .class_ = -1,
		.reason = -1,
		.provider = options->provider,
		.rule = options->rule,
		.campaign = options->campaign };

	if (!ctl_time(ctl, "--since", options->since, &filter.since, error) ||
	    !ctl_time(ctl, "--until", options->until, &filter.until, error))
		return false;
	if (options->class_ != NULL &&
	    (filter.class_ = vp_class_from_name(options->class_)) < 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "there is no class \"%s\"", options->class_);
		return false;
	}
	if (options->match_reason != NULL &&
	    (filter.reason = vp_reason_from_name(options->match_reason)) < 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "there is no reason \"%s\"", options->match_reason);
		return false;
	}
	*ret_filter = filter;
	return true;
}

/* What was asked, as the audit keeps it: times as they were understood. */
static char *detail_of(const RevertOptions *options, const RevertFilter *filter)
{
	g_autofree char *since = time_format(filter->since);
	g_autofree char *until = time_format(filter->until);
	const char *const pairs[][2] = {
		{ "--since", filter->since != 0 ? since : NULL },
		{ "--until", filter->until != 0 ? until : NULL },
		{ "--provider", options->provider },
		{ "--rule", options->rule },
		{ "--campaign", options->campaign },
		{ "--class", options->class_ },
		{ "--match-reason", options->match_reason },
	};
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
		if (pairs[i][1] != NULL)
			g_string_append_printf(text, "%s%s %s",
			    text->len > 0 ? " " : "", pairs[i][0], pairs[i][1]);
	return g_string_free(text, FALSE);
}

/* ---- telling ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *names_of(GHashTable *counts)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, counts);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, by_name);
	return names;
}

static unsigned count_of(GHashTable *counts, const char *name)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));
}

static void json_counts(Row *row, const char *member, GHashTable *counts)
{
	g_autoptr(GPtrArray) names = names_of(counts);

	row_open_object(row, member);
	for (unsigned i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		row_number(row, name, (int64_t)count_of(counts, name));
	}
	row_close_object(row);
}

static void print_counts(const char *what, GHashTable *counts)
{
	g_autoptr(GPtrArray) names = names_of(counts);

	for (unsigned i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *shown = printable(name);

		printf("  %-8s  %-32s %8u\n", what,
		    shown[0] != '\0' ? shown : "(unknown)",
		    count_of(counts, name));
	}
}

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
		json_counts(row, "by_class", done->by_class);
		json_counts(row, "by_provider", done->by_provider);
		json_counts(row, "by_rule", done->by_rule);
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
	print_counts("class", done->by_class);
	print_counts("provider", done->by_provider);
	print_counts("rule", done->by_rule);
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
	RevertFilter filter;
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
		{ "provider", 0, 0, G_OPTION_ARG_FILENAME, &options.provider,
		    "of this provider; \"*\" and \"?\" match here and below",
		    "NAME" },
		{ "rule", 0, 0, G_OPTION_ARG_FILENAME, &options.rule,
		    "judged by this rule", "RULE" },
		{ "campaign", 0, 0, G_OPTION_ARG_FILENAME, &options.campaign,
		    "of this campaign", "NAME" },
		{ "class", 0, 0, G_OPTION_ARG_FILENAME, &options.class_,
		    "hard, soft, block, complaint or unsubscribe", "CLASS" },
		{ "match-reason", 0, 0, G_OPTION_ARG_FILENAME,
		    &options.match_reason,
		    "judged to be of this reason (bad-mailbox, ...)",
		    "REASON" },
		{ 0 },
	};
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	return revert(ctl, &options);
}
