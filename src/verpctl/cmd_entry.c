/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole domains, the allow-list, and what overrides one cause in one stream. */
#include "entry.h"

#include "commands.h"
#include "row.h"

#include "address.h"
#include "errors.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

char *entry_domain(const Ctl *ctl, const char *domain, int *ret_status)
{
	const char *name = domain + (domain[0] == '@');
	g_autofree char *address = g_strconcat("x@", name, NULL);
	g_autofree char *folded = address_fold(address, NULL);
	bool means_below = name[0] == '.' || name[0] == '*';

	if (folded != NULL)
		return g_strdup(address_domain(folded));
	ctl_warn(ctl, "--domain: \"%s\" is not a domain%s", domain,
	    means_below ? "; --subdomains is for those below it" : "");
	*ret_status = EX_DATAERR;
	return NULL;
}

bool parse_until(const char *text, int64_t now, int64_t *ret_until,
    GError **error)
{
	int64_t seconds, until = 0;

	if (text == NULL || strcmp(text, "forever") == 0) {
		*ret_until = HOLD_FOREVER;
		return true;
	}
	if (duration_parse(text, &seconds, NULL))
		until = seconds < TIME_LAST - now ? now + seconds
						  : TIME_LAST + 1;
	else if (!time_parse(text, now, &until, error))
		return false;
	if (until > now && until <= TIME_LAST) {
		*ret_until = until;
		return true;
	}
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX, "\"%s\" is %s", text,
	    until <= now ? "over already"
			 : "beyond the year 9999; say \"forever\"");
	return false;
}

/* ---- telling ---- */

static Row *entry_row(const Entry *entry)
{
	g_autofree char *subject = entry_subject(entry);
	g_autofree char *causes = causes_encode(entry->causes);
	bool is_allow = entry->kind == ENTRY_ALLOW;
	Row *row = row_new();

	row_text(row, is_allow ? "allow" : "address", subject);
	row_text(row, "stream", entry->stream != NULL ? entry->stream : "");
	row_text(row, is_allow ? "sets_aside" : "cause",
	    is_allow ? causes : cause_name(CAUSE_MANUAL));
	row_time(row, "since", entry->hold.since);
	row_time(row, "until", entry->hold.until);
	row_text(row, "note", entry->note);
	return row;
}

bool entry_print(const Entry *entry, void *data)
{
	const Ctl *ctl = data;
	g_autofree char *subject = entry_subject(entry);
	g_autofree char *shown = subject_text(subject);
	g_autofree char *note = printable(entry->note);
	g_autofree char *since = time_format(entry->hold.since);
	g_autofree char *until = until_text(entry->hold.until);

	if (ctl->is_json)
		row_print(entry_row(entry));
	else
		printf("%s  %-26s  %-11s  %-13s  %s%s%s\n", since, until,
		    entry->kind == ENTRY_ALLOW ? "allow" : "manual",
		    entry->stream[0] != '\0' ? entry->stream : "(all)", shown,
		    note[0] != '\0' ? "  # " : "", note);
	return ferror(stdout) == 0;
}

/* ASKED is until when it was to hold; it may hold longer. */
static void tell_put(const Ctl *ctl, const Entry *entry, int64_t asked)
{
	g_autofree char *subject = entry_subject(entry);
	g_autofree char *shown = subject_text(subject);
	g_autofree char *until = until_text(entry->hold.until);

	if (ctl->is_json) {
		Row *row = entry_row(entry);

		row_time(row, "asked_until", asked);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	printf("%s: %s%s in %s, %s", shown, ctl->is_dry_run ? "would be " : "",
	    entry->kind == ENTRY_ALLOW ? "allowed" : "suppressed",
	    entry->stream[0] != '\0' ? entry->stream : "all streams", until);
	if (entry->hold.until > asked) {
		g_autofree char *wanted = until_text(asked);

		printf(" (asked: %s; what holds is never made shorter)",
		    wanted);
	}
	if (entry->kind == ENTRY_ALLOW) {
		g_autofree char *causes = causes_encode(entry->causes);

		printf("; sets aside: %s", causes);
	}
	putchar('\n');
}

static void tell_removed(const Ctl *ctl, const Entry *entry, unsigned n)
{
	g_autofree char *subject = entry_subject(entry);
	g_autofree char *shown = subject_text(subject);

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, entry->kind == ENTRY_ALLOW ? "allow" : "address",
		    subject);
		row_number(row, "removed", (int64_t)n);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	printf("%s: %u entr%s %s\n", shown, n, n == 1 ? "y" : "ies",
	    ctl->is_dry_run ? "would be removed" : "removed");
}

/* ---- changing ---- */

typedef struct Counting {
	const Entry *which;
	unsigned n;
	Hold hold; /* of one of them */
} Counting;

static bool count_same(const Entry *entry, void *data)
{
	Counting *counting = data;
	const Entry *which = counting->which;

	if (entry->kind != which->kind ||
	    strcmp(entry->address, which->address) != 0 ||
	    strcmp(entry->domain, which->domain) != 0 ||
	    (which->stream != NULL &&
		strcmp(entry->stream, which->stream) != 0))
		return true;
	counting->n++;
	counting->hold = entry->hold;
	return true;
}

static bool remove_entries(Ctl *ctl, Store *store, const Entry *which,
    unsigned *ret_n, GError **error)
{
	Counting counting = { which, 0 };
	StoreFilter filter = STORE_FILTER_ANY;
	ManualChange change = ctl_change(ctl);
	g_autoptr(GError) unknown = NULL;
	bool ok;

	*ret_n = 0;
	filter.with_expired = true;
	if (ctl->is_dry_run) {
		ok = store_each_entry(store, &filter, count_same, &counting,
		    error);
		*ret_n = counting.n;
		return ok;
	}
	if (store_entry_remove(store, &change, which, ret_n, &unknown) ||
	    g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&unknown));
	return false;
}

/* Lays it down, and tells until when it holds, which what was there already
   may have made longer. */
static bool put_entry(Ctl *ctl, Store *store, const Entry *entry,
    const char *original, GError **error)
{
	ManualChange change = ctl_change(ctl);
	Counting counting = { .which = entry };
	StoreFilter filter = STORE_FILTER_ANY;
	Entry put = *entry;

	if (!ctl->is_dry_run &&
	    !store_entry_put(store, &change, entry, original, error))
		return false;
	filter.now = ctl->now;
	if (entry->kind == ENTRY_SUPPRESS &&
	    !store_each_entry(store, &filter, count_same, &counting, error))
		return false;
	put.hold.since = counting.n > 0 ? counting.hold.since : ctl->now;
	put.hold.until = MAX(entry->hold.until, counting.hold.until);
	tell_put(ctl, &put, entry->hold.until);
	return true;
}

int entry_change(Ctl *ctl, const Entry *entry, const char *original,
    bool is_removal)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl,
	    ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	unsigned n;

	if (store == NULL)
		return ctl_fail(ctl, error);
	if (is_removal) {
		if (!remove_entries(ctl, store, entry, &n, &error))
			return ctl_fail(ctl, error);
		tell_removed(ctl, entry, n);
		return n > 0 ? EX_OK : EXIT_NO;
	}
	return put_entry(ctl, store, entry, original, &error)
		   ? EX_OK
		   : ctl_fail(ctl, error);
}

/* ---- allow, disallow ---- */

typedef struct AllowOptions {
	char *domain;
	char *stream;
	char *until;
	char *note;
	char **causes;
	gboolean everyone;
	gboolean subdomains;
} AllowOptions;

static void allow_options_clear(AllowOptions *options)
{
	g_free(options->domain);
	g_free(options->stream);
	g_free(options->until);
	g_free(options->note);
	g_strfreev(options->causes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AllowOptions, allow_options_clear)

/* NULL, or why it cannot be. */
static const char *contradiction(const AllowOptions *options, int argc,
    bool is_removal)
{
	int targets = (argc > 1) + (options->domain != NULL) +
		      options->everyone;

	if (targets != 1)
		return "name one of an address, --domain or --everyone";
	if (options->subdomains && options->domain == NULL)
		return "--subdomains goes with --domain";
	if (options->stream == NULL && options->everyone && !is_removal)
		return "--everyone is for one stream: name it (--stream)";
	if (options->stream == NULL && options->causes != NULL)
		return "--cause is for one stream: name it (--stream)";
	return NULL;
}

static bool add_causes(char **names, CauseSet *causes, GError **error)
{
	for (; names != NULL && *names != NULL; names++) {
		int cause = cause_from_name(*names);

		if (cause < 0) {
			g_autofree char *what = unknown_cause(*names);

			g_set_error_literal(error, VP_ERROR, VP_ERROR_SYNTAX,
			    what);
			return false;
		}
		*causes |= CAUSE_BIT(cause);
	}
	return true;
}

/* What all commands about entries say in the same way. */
static int change_allow(Ctl *ctl, AllowOptions *options, int argc, char **argv,
    bool is_removal)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *address = NULL;
	g_autofree char *domain = NULL;
	const char *wrong = contradiction(options, argc, is_removal);
	Entry entry = { .kind = ENTRY_ALLOW,
		.address = "",
		.domain = "",
		.with_subdomains = options->subdomains != FALSE,
		.note = options->note != NULL ? options->note : "" };
	int status = EX_OK;

	if (wrong != NULL)
		return ctl_usage(ctl, "%s", wrong);
	if (!parse_until(options->until, ctl->now, &entry.hold.until, &error))
		return ctl_usage(ctl, "--until: %s", error->message);
	entry.causes = causes_of_bounces();
	if (!add_causes(options->causes, &entry.causes, &error))
		return ctl_usage(ctl, "%s", error->message);
	if (argc > 1 && (address = ctl_address(ctl, argv[1], &status)) == NULL)
		return status;
	if (options->domain != NULL &&
	    (domain = entry_domain(ctl, options->domain, &status)) == NULL)
		return status;
	entry.address = address != NULL ? address : "";
	entry.domain = domain != NULL ? domain : "";
	entry.stream = options->stream;
	if (!is_removal && entry.stream != NULL &&
	    ctl_known_stream(ctl, entry.stream, &error) == NULL)
		return ctl_fail(ctl, error);
	if (!is_removal && entry.stream == NULL)
		entry.stream = "";
	return entry_change(ctl, &entry, argc > 1 ? argv[1] : "", is_removal);
}

int cmd_allow(Ctl *ctl, int argc, char **argv)
{
	g_auto(AllowOptions) options = { 0 };
	const GOptionEntry entries[] = {
		{ "domain", 0, 0, G_OPTION_ARG_FILENAME, &options.domain,
		    "every address of this domain", "DOMAIN" },
		{ "subdomains", 0, 0, G_OPTION_ARG_NONE, &options.subdomains,
		    "and of all domains below it", NULL },
		{ "everyone", 0, 0, G_OPTION_ARG_NONE, &options.everyone,
		    "every address, in one stream", NULL },
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &options.stream,
		    "in this stream alone (default: in all)", "STREAM" },
		{ "cause", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.causes,
		    "set this aside, too: unsubscribe, complaint or manual",
		    "CAUSE" },
		{ "until", 0, 0, G_OPTION_ARG_FILENAME, &options.until,
		    "for a time (30d) or until one (2026-12-24); default: for "
		    "good",
		    "TIME" },
		{ "note", 0, 0, G_OPTION_ARG_FILENAME, &options.note,
		    "kept with the entry (default: the reason)", "TEXT" },
		{ 0 },
	};
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	return change_allow(ctl, &options, argc, argv, false);
}

int cmd_disallow(Ctl *ctl, int argc, char **argv)
{
	g_auto(AllowOptions) options = { 0 };
	const GOptionEntry entries[] = {
		{ "domain", 0, 0, G_OPTION_ARG_FILENAME, &options.domain,
		    "what allows this domain", "DOMAIN" },
		{ "everyone", 0, 0, G_OPTION_ARG_NONE, &options.everyone,
		    "what allows everyone", NULL },
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &options.stream,
		    "only what is of this stream alone (default: all)",
		    "STREAM" },
		{ 0 },
	};
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	return change_allow(ctl, &options, argc, argv, true);
}
