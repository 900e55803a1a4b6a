/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One address's suppressions: asked for, set and lifted by hand. */
#include "advice.h"
#include "answer_text.h"
#include "commands.h"
#include "entry.h"
#include "many.h"
#include "row.h"
#include "selector.h"

#include "errors.h"
#include "site.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

/* ---- check ---- */

static bool ask(Ctl *ctl, const char *folded, const char *stream,
    StoreAnswer *ret_answer, Advice *ret_advice, GError **error)
{
	g_autoptr(Store) store = ctl_store(ctl, STORE_READ, error);
	g_autoptr(Judge) streams = NULL;

	if (store == NULL)
		return false;
	streams = site_streams(ctl->settings);
	return store_answer(store, folded, stream,
		   judge_ignored(streams, stream), ctl->now, ret_answer,
		   error) &&
	       advice_ask(ctl, store, folded, ret_advice, error);
}

/* What holds it back and what is advised, whichever is later; 0: nothing. */
static int64_t not_before(const Answer *answer, const Advice *advice)
{
	int64_t until = answer->may_send ? 0 : answer->hold.until;

	return MAX(until, advice->not_before);
}

static void answer_json(const char *folded, const char *stream,
    const Answer *answer, const Advice *advice)
{
	const Entry *domain = answer->domain_entry;
	g_autofree char *subject = domain != NULL ? entry_subject(domain)
						  : NULL;
	g_autofree char *by = answer->by != ANSWER_BY_NOTHING
				  ? answer_by_text(answer)
				  : NULL;
	const char *cause = answer->cause >= 0
				? cause_name((Cause)answer->cause)
				: NULL;
	Row *row = row_new();

	row_text(row, "address", folded);
	row_text(row, "stream", stream);
	row_bool(row, "may_send", answer->may_send);
	row_text(row, "cause", answer->may_send ? NULL : cause);
	row_time(row, "since", answer->may_send ? 0 : answer->hold.since);
	row_time(row, "until", answer->may_send ? 0 : answer->hold.until);
	row_text(row, "domain", subject);
	row_text(row, "note", domain != NULL ? domain->note : NULL);
	row_text(row, "set_aside", answer->may_send ? cause : NULL);
	row_text(row, "set_aside_by", by);
	row_time(row, "not_before", not_before(answer, advice));
	row_text(row, "retry_reason",
	    advice->not_before != 0 ? vp_reason_name(advice->reason) : NULL);
	row_text(row, "retry_provider",
	    advice->not_before != 0 ? advice->provider : NULL);
	row_print(row);
}

static void answer_print(const char *folded, const char *stream,
    const Answer *answer, const Advice *advice)
{
	const Entry *domain = answer->domain_entry;
	g_autofree char *shown = printable(folded);
	g_autofree char *since = time_format(answer->hold.since);
	g_autofree char *until = until_text(answer->hold.until);
	g_autofree char *subject = domain != NULL ? entry_subject(domain)
						  : NULL;
	g_autofree char *by = answer_by_text(answer);

	if (answer->cause < 0) {
		printf("%s: may be mailed (%s)\n", shown, stream);
	} else if (answer->may_send) {
		printf("%s: may be mailed (%s): %s is set aside by %s\n", shown,
		    stream, cause_name((Cause)answer->cause), by);
	} else {
		printf("%s: SUPPRESSED (%s): %s%s%s, since %s, %s\n", shown,
		    stream, cause_name((Cause)answer->cause),
		    subject != NULL ? " of " : "",
		    subject != NULL ? subject : "", since, until);
	}
	if (answer->may_send && advice->not_before != 0) {
		g_autofree char *when = advice_text(advice);

		printf("    %s\n", when);
	}
}

int cmd_check(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *given = NULL;
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &given,
		    "the kind of mail (default: default_stream)", "STREAM" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *folded = NULL;
	const char *stream;
	g_auto(StoreAnswer) answer = { 0 };
	Advice advice = { 0 };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status == EX_OK ? EX_OK : EXIT_CHECK_ERROR;
	folded = ctl_address(ctl, argv[1], &status);
	if (folded == NULL)
		return EXIT_CHECK_ERROR;
	stream = ctl_known_stream(ctl, given, &error);
	if (stream == NULL ||
	    !ask(ctl, folded, stream, &answer, &advice, &error)) {
		(void)ctl_fail(ctl, error); /* any failure is "no answer" */
		return EXIT_CHECK_ERROR;
	}
	if (ctl->is_json)
		answer_json(folded, stream, &answer.answer, &advice);
	else
		answer_print(folded, stream, &answer.answer, &advice);
	return answer.answer.may_send ? EX_OK : EXIT_NO;
}

/* ---- add ---- */

/* What stands against an address where ADDITION asked for it. */
typedef struct AddedHold {
	const char *stream;
	int64_t until;       /* by hand */
	int64_t other_until; /* the longest of the others; 0: there is none */
	Cause other;
} AddedHold;

static bool note_hold(const Suppression *row, void *data)
{
	AddedHold *held = data;

	if (row->cause == CAUSE_MANUAL &&
	    strcmp(row->stream, held->stream) == 0) {
		held->until = MAX(held->until, row->hold.until);
	} else if ((row->stream[0] == '\0' ||
		       strcmp(row->stream, held->stream) == 0) &&
		   row->hold.until >= held->other_until) {
		held->other_until = row->hold.until;
		held->other = row->cause;
	}
	return true;
}

static void added(const Ctl *ctl, const char *folded, int64_t asked,
    const AddedHold *held)
{
	const char *stream = held->stream;
	g_autofree char *shown = printable(folded);
	g_autofree char *end = until_text(held->until);
	bool is_longer = held->until > asked;
	bool is_outlasted = held->other_until > held->until;

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "address", folded);
		row_text(row, "stream", stream);
		row_text(row, "cause", cause_name(CAUSE_MANUAL));
		row_time(row, "until", held->until);
		row_time(row, "asked_until", asked);
		row_text(row, "outlasted_by",
		    is_outlasted ? cause_name(held->other) : NULL);
		row_time(row, "outlasted_until",
		    is_outlasted ? held->other_until : 0);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	printf("%s: %ssuppressed in %s, %s", shown,
	    ctl->is_dry_run ? "would be " : "",
	    stream[0] != '\0' ? stream : "all streams", end);
	if (is_longer) {
		g_autofree char *wanted = until_text(asked);

		printf(" (asked: %s; what holds is never made shorter)",
		    wanted);
	}
	if (is_outlasted) {
		g_autofree char *longer = until_text(held->other_until);

		printf("; %s holds %s", cause_name(held->other), longer);
	}
	putchar('\n');
}

typedef struct Addition {
	const char *stream;
	int64_t until;
} Addition;

static bool add_one(Many *many, const char *folded, const char *original,
    void *data, GError **error)
{
	const Addition *addition = data;
	ManualChange change = ctl_change(many->ctl);
	StoreFilter filter = STORE_FILTER_ANY;
	AddedHold held = { .stream = addition->stream,
		.until = many->ctl->is_dry_run ? addition->until : 0 };

	if (!many->ctl->is_dry_run &&
	    !store_add(many->store, &change, folded, original, addition->stream,
		addition->until, error))
		return false;
	/* Told of one by one where they were named so. */
	if (many->is_in_file)
		return true;
	filter.address = folded;
	filter.now = many->ctl->now;
	if (!store_each_suppression(many->store, &filter, note_hold, &held,
		error))
		return false;
	added(many->ctl, folded, addition->until, &held);
	return true;
}

/* What became of many. */
static void tell_count(const Ctl *ctl, const char *done, const char *what,
    uint64_t n, uint64_t unreadable)
{
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, done, (int64_t)n);
		row_number(row, "unreadable", (int64_t)unreadable);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
	} else {
		printf("%" G_GUINT64_FORMAT " %s %s%s\n", n, what,
		    ctl->is_dry_run ? "would be " : "", done);
	}
}

static int add_all(Ctl *ctl, int argc, char **argv, char *file,
    const char *stream, int64_t until)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl,
	    ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	Many many = { .ctl = ctl, .store = store, .file = file };
	Addition addition = { stream, until };

	if (store == NULL ||
	    !many_each(&many, argc, argv, add_one, &addition, &error))
		return ctl_fail(ctl, error);
	if (file != NULL)
		tell_count(ctl, "suppressed", "addresses", many.done,
		    many.failed);
	return many.failed > 0 ? EX_DATAERR : EX_OK;
}

static int add_domain(Ctl *ctl, const char *given, bool with_subdomains,
    const char *stream, int64_t until, const char *note)
{
	int status = EX_OK;
	g_autofree char *domain = entry_domain(ctl, given, &status);
	const Entry entry = { .kind = ENTRY_SUPPRESS,
		.address = "",
		.domain = domain,
		.with_subdomains = with_subdomains,
		.stream = stream,
		.hold = { .until = until },
		.note = note != NULL ? note : "" };

	return domain != NULL ? entry_change(ctl, &entry, "", false) : status;
}

int cmd_add(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *given = NULL;
	g_autofree char *until_given = NULL;
	g_autofree char *file = NULL;
	g_autofree char *domain = NULL;
	g_autofree char *note = NULL;
	gboolean subdomains = FALSE;
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &given,
		    "in this stream alone (default: in all)", "STREAM" },
		{ "until", 0, 0, G_OPTION_ARG_FILENAME, &until_given,
		    "for a time (30d) or until one (2026-12-24); default: "
		    "for good",
		    "TIME" },
		{ "file", 0, 0, G_OPTION_ARG_FILENAME, &file,
		    "the addresses in FILE, too, one a line; \"-\" reads "
		    "standard input",
		    "FILE" },
		{ "domain", 0, 0, G_OPTION_ARG_FILENAME, &domain,
		    "every address of DOMAIN, also those nobody has seen",
		    "DOMAIN" },
		{ "subdomains", 0, 0, G_OPTION_ARG_NONE, &subdomains,
		    "and of all domains below it", NULL },
		{ "note", 0, 0, G_OPTION_ARG_FILENAME, &note,
		    "kept with the domain (default: the reason)", "TEXT" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	const char *stream;
	int64_t until;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if ((domain != NULL) == (argc > 1 || file != NULL))
		return ctl_usage(ctl, "name addresses, --file or --domain");
	if (domain == NULL && (subdomains || note != NULL))
		return ctl_usage(ctl,
		    "--subdomains and --note go with --domain");
	if (!parse_until(until_given, ctl->now, &until, &error))
		return ctl_usage(ctl, "--until: %s", error->message);
	stream = given != NULL ? ctl_known_stream(ctl, given, &error) : "";
	if (stream == NULL)
		return ctl_fail(ctl, error);
	if (domain != NULL)
		return add_domain(ctl, domain, subdomains != FALSE, stream,
		    until, note);
	return add_all(ctl, argc, argv, file, stream, until);
}

/* ---- release ---- */

typedef struct Release {
	const Ctl *ctl;
	const char *stream; /* NULL: any */
	unsigned n;
} Release;

/* What a dry run tells: the filter also takes holds of all streams, which
   --stream does not lift. */
static bool count_hold(const Suppression *row, void *data)
{
	Release *release = data;

	if (release->stream == NULL ||
	    strcmp(row->stream, release->stream) == 0)
		release->n++;
	return true;
}

static bool release_one(Ctl *ctl, Store *store, const char *folded,
    const char *stream, int cause, unsigned *ret_lifted, GError **error)
{
	StoreFilter filter = STORE_FILTER_ANY;
	Release release = { .ctl = ctl, .stream = stream };
	ManualChange change = ctl_change(ctl);
	g_autoptr(GError) unknown = NULL;

	*ret_lifted = 0;
	if (ctl->is_dry_run) {
		filter.address = folded;
		filter.cause = cause;
		filter.now = ctl->now;
		if (!store_each_suppression(store, &filter, count_hold,
			&release, error))
			return false;
		*ret_lifted = release.n;
		return true;
	}
	if (store_release(store, &change, folded, stream, cause, ret_lifted,
		&unknown))
		return true;
	if (g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&unknown));
	return false;
}

static void released(const Ctl *ctl, const char *folded, unsigned lifted)
{
	g_autofree char *shown = printable(folded);

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "address", folded);
		row_number(row, "lifted", (int64_t)lifted);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
	} else if (lifted == 0) {
		printf("%s: nothing to lift\n", shown);
	} else {
		printf("%s: %u suppression%s %s\n", shown, lifted,
		    lifted == 1 ? "" : "s",
		    ctl->is_dry_run ? "would be lifted" : "lifted");
	}
}

typedef struct Releasing {
	const char *stream;
	int cause;
	unsigned with; /* addresses that something was lifted from */
	uint64_t holds;
} Releasing;

static bool release_given(Many *many, const char *folded, const char *original,
    void *data, GError **error)
{
	Releasing *what = data;
	unsigned lifted = 0;

	if (!release_one(many->ctl, many->store, folded, what->stream,
		what->cause, &lifted, error))
		return false;
	if (!many->is_in_file)
		released(many->ctl, folded, lifted);
	what->with += lifted > 0;
	what->holds += lifted;
	return true;
}

/* The holds that a query found. */
typedef struct Query {
	Many *many;
	Releasing *what;
	const EventSelection *events; /* that brought them; NULL: any */
	EventCounts found;            /* of EVENTS */
	GError *wrong;
} Query;

typedef struct Origin {
	Query *query;
	bool fits;
} Origin;

static bool look_at_origin(const Event *event, void *data)
{
	Origin *origin = data;

	origin->fits = event_is_selected(origin->query->events, event);
	if (origin->fits)
		event_counts_add(&origin->query->found, event);
	return true;
}

/* Whether the event that a hold came of is one of those meant.  What was laid
   down by hand came of none. */
static bool is_of_events(Query *query, const Suppression *row, bool *ret_fits)
{
	Origin origin = { .query = query };
	StoreFilter filter = STORE_FILTER_ANY;

	*ret_fits = query->events == NULL;
	if (query->events == NULL || row->event_id == 0)
		return true;
	filter.event_id = row->event_id;
	filter.now = query->many->ctl->now;
	if (!store_each_event(query->many->store, &filter, look_at_origin,
		&origin, &query->wrong))
		return false;
	*ret_fits = origin.fits;
	return true;
}

/* Each hold by itself: the address may have others. */
static bool release_found(const Suppression *row, void *data)
{
	Query *query = data;
	Many *many = query->many;
	ManualChange change = ctl_change(many->ctl);
	unsigned lifted = 1;
	const char *stream = query->what->stream;
	bool fits;

	/* the filter also takes what holds in all streams */
	if (stream != NULL && strcmp(row->stream, stream) != 0)
		return true;
	if (!is_of_events(query, row, &fits))
		return false;
	if (!fits)
		return true;
	if (!many_enter(many, &query->wrong))
		return false;
	if (!many->ctl->is_dry_run &&
	    !store_release(many->store, &change, row->address, row->stream,
		(int)row->cause, &lifted, &query->wrong)) {
		store_rollback(many->store);
		many->began = 0;
		return false;
	}
	query->what->holds += lifted;
	many->done++;
	return many_leave(many, &query->wrong);
}

static bool release_query(Query *query, const StoreFilter *filter,
    GError **error)
{
	bool ok = store_each_suppression(query->many->store, filter,
	    release_found, query, error);

	if (ok && query->wrong == NULL)
		return many_finish(query->many, error);
	/* what was done before stays */
	(void)many_finish(query->many, NULL);
	if (query->wrong != NULL)
		g_propagate_error(error, g_steal_pointer(&query->wrong));
	return false;
}

static void tell_query(const Ctl *ctl, const Query *query)
{
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "lifted", (int64_t)query->what->holds);
		if (query->events != NULL)
			event_counts_json(&query->found, row);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	tell_count(ctl, "lifted", "suppressions", query->what->holds, 0);
	if (query->events != NULL)
		event_counts_print(&query->found);
}

static int release_domain(Ctl *ctl, const char *given, const char *stream)
{
	int status = EX_OK;
	g_autofree char *domain = entry_domain(ctl, given, &status);
	const Entry entry = { .kind = ENTRY_SUPPRESS,
		.address = "",
		.domain = domain,
		.stream = stream,
		.note = "" };

	return domain != NULL ? entry_change(ctl, &entry, "", true) : status;
}

/* What the audit keeps of an appeal stands before the reason. */
static void note_appeal(Ctl *ctl, const char *appeal)
{
	char *reason;

	if (appeal == NULL)
		return;
	reason = g_strdup_printf("appeal: %s; %s", appeal, ctl->reason);
	g_free(ctl->reason);
	ctl->reason = reason;
}

typedef struct ReleaseOptions {
	char *stream;
	char *cause;
	char *file;
	char *domain;
	char *appeal;
	char *since;
	char *until;
	Selector events;
	gboolean query;
} ReleaseOptions;

static void release_options_clear(ReleaseOptions *options)
{
	g_free(options->stream);
	g_free(options->cause);
	g_free(options->file);
	g_free(options->domain);
	g_free(options->appeal);
	g_free(options->since);
	g_free(options->until);
	selector_clear(&options->events);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ReleaseOptions, release_options_clear)

static int release_by_query(Ctl *ctl, const ReleaseOptions *options, int cause)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	g_auto(EventCounts) found = { 0 };
	StoreFilter filter = STORE_FILTER_ANY;
	EventSelection events;
	Many many = { .ctl = ctl };
	Releasing what = { .stream = options->stream, .cause = cause };
	Query query = { .many = &many, .what = &what };

	filter.now = ctl->now;
	filter.cause = cause;
	filter.stream = options->stream;
	if (!ctl_time(ctl, "--since", options->since, &filter.since, &error) ||
	    !ctl_time(ctl, "--until", options->until, &filter.until, &error) ||
	    !selector_filter(&options->events, &events, &error))
		return ctl_usage(ctl, "%s", error->message);
	store = ctl_store(ctl, ctl->is_dry_run ? STORE_READ : STORE_WRITE,
	    &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	many.store = store;
	event_counts_init(&found);
	query.found = found;
	if (!selector_is_empty(&options->events))
		query.events = &events;
	if (!release_query(&query, &filter, &error))
		return ctl_fail(ctl, error);
	tell_query(ctl, &query);
	return what.holds > 0 ? EX_OK : EXIT_NO;
}

static int release_many(Ctl *ctl, int argc, char **argv, char *file,
    const char *stream, int cause)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl,
	    ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	Many many = { .ctl = ctl, .store = store, .file = file };
	Releasing what = { .stream = stream, .cause = cause };

	if (store == NULL ||
	    !many_each(&many, argc, argv, release_given, &what, &error))
		return ctl_fail(ctl, error);
	if (file != NULL)
		tell_count(ctl, "lifted", "suppressions", what.holds,
		    many.failed);
	if (many.failed > 0)
		return EX_DATAERR;
	return what.holds > 0 &&
		       (file != NULL || what.with == (unsigned)(argc - 1))
		   ? EX_OK
		   : EXIT_NO;
}

int cmd_release(Ctl *ctl, int argc, char **argv)
{
	g_auto(ReleaseOptions) options = { 0 };
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &options.stream,
		    "only what holds in this stream alone (default: all)",
		    "STREAM" },
		{ "cause", 0, 0, G_OPTION_ARG_FILENAME, &options.cause,
		    "only soft, block, held, unsubscribe, complaint, hard or "
		    "manual",
		    "CAUSE" },
		{ "file", 0, 0, G_OPTION_ARG_FILENAME, &options.file,
		    "the addresses in FILE, too, one a line; \"-\" reads "
		    "standard input",
		    "FILE" },
		{ "domain", 0, 0, G_OPTION_ARG_FILENAME, &options.domain,
		    "what `add --domain` laid down", "DOMAIN" },
		{ "query", 0, 0, G_OPTION_ARG_NONE, &options.query,
		    "all that `list` shows for --cause, --stream, --since, "
		    "--until; and of those, what came of the events that the "
		    "options behind --until name",
		    NULL },
		{ "since", 0, 0, G_OPTION_ARG_FILENAME, &options.since,
		    "with --query: held since TIME or later", "TIME" },
		{ "until", 0, 0, G_OPTION_ARG_FILENAME, &options.until,
		    "with --query: held since before TIME", "TIME" },
		SELECTOR_OPTIONS(&options.events),
		{ "appeal", 0, 0, G_OPTION_ARG_FILENAME, &options.appeal,
		    "what the recipient said; kept with the change", "NOTE" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	int cause = -1;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if ((argc > 1 || options.file != NULL) + (options.domain != NULL) +
		(options.query != FALSE) !=
	    1)
		return ctl_usage(ctl,
		    "name addresses, --file, --domain or --query");
	if (!options.query && (options.since != NULL || options.until != NULL ||
				  !selector_is_empty(&options.events)))
		return ctl_usage(ctl,
		    "--since, --until and what is said of events go with "
		    "--query");
	if (options.query && options.cause == NULL && options.stream == NULL &&
	    options.since == NULL && options.until == NULL &&
	    selector_is_empty(&options.events))
		return ctl_usage(ctl, "--query of everything: say which");
	if (options.cause != NULL &&
	    (cause = cause_from_name(options.cause)) < 0)
		return ctl_unknown(ctl, unknown_cause(options.cause));
	if (options.stream != NULL &&
	    ctl_stream(ctl, options.stream, &error) == NULL)
		return ctl_fail(ctl, error);
	note_appeal(ctl, options.appeal);
	if (options.domain != NULL)
		return release_domain(ctl, options.domain, options.stream);
	if (options.query)
		return release_by_query(ctl, &options, cause);
	return release_many(ctl, argc, argv, options.file, options.stream,
	    cause);
}
