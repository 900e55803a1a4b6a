/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One address's suppressions: asked for, set and lifted by hand. */
#include "advice.h"
#include "answer_text.h"
#include "commands.h"
#include "row.h"

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

/* "30d" is a time ahead here, not an age. */
static bool parse_until(const char *text, int64_t now, int64_t *ret_until,
    GError **error)
{
	int64_t seconds;

	if (text == NULL || strcmp(text, "forever") == 0) {
		*ret_until = HOLD_FOREVER;
		return true;
	}
	if (duration_parse(text, &seconds, NULL))
		*ret_until = seconds < HOLD_FOREVER - now ? now + seconds
							  : HOLD_FOREVER;
	else if (!time_parse(text, now, ret_until, error))
		return false;
	if (*ret_until > now)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX, "\"%s\" is over already",
	    text);
	return false;
}

static void added(const Ctl *ctl, const char *folded, const char *stream,
    int64_t until)
{
	g_autofree char *shown = printable(folded);
	g_autofree char *end = until_text(until);

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "address", folded);
		row_text(row, "stream", stream);
		row_text(row, "cause", cause_name(CAUSE_MANUAL));
		row_time(row, "until", until);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
	} else {
		printf("%s: %ssuppressed in %s, %s\n", shown,
		    ctl->is_dry_run ? "would be " : "",
		    stream[0] != '\0' ? stream : "all streams", end);
	}
}

/* Several addresses are several transactions: what is told is done. */
static int add_all(Ctl *ctl, int argc, char **argv, const char *stream,
    int64_t until)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl,
	    ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	ManualChange change = ctl_change(ctl);
	int worst = EX_OK;

	if (store == NULL)
		return ctl_fail(ctl, error);
	for (int i = 1; i < argc; i++) {
		g_autofree char *folded = ctl_address(ctl, argv[i], &worst);

		if (folded == NULL)
			continue;
		if (!ctl->is_dry_run && !store_add(store, &change, folded,
					    argv[i], stream, until, &error))
			return ctl_fail(ctl, error);
		added(ctl, folded, stream, until);
	}
	return worst;
}

int cmd_add(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *given = NULL;
	g_autofree char *until_given = NULL;
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &given,
		    "in this stream alone (default: in all)", "STREAM" },
		{ "until", 0, 0, G_OPTION_ARG_FILENAME, &until_given,
		    "for a time (30d) or until one (2026-12-24); default: "
		    "for good",
		    "TIME" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	const char *stream;
	int64_t until;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!parse_until(until_given, ctl->now, &until, &error))
		return ctl_usage(ctl, "--until: %s", error->message);
	stream = given != NULL ? ctl_known_stream(ctl, given, &error) : "";
	if (stream == NULL)
		return ctl_fail(ctl, error);
	return add_all(ctl, argc, argv, stream, until);
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

static int release_all(Ctl *ctl, int argc, char **argv, const char *stream,
    int cause)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl,
	    ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	int worst = EX_OK;

	if (store == NULL)
		return ctl_fail(ctl, error);
	for (int i = 1; i < argc; i++) {
		g_autofree char *folded = ctl_address(ctl, argv[i], &worst);
		unsigned lifted = 0;

		if (folded == NULL)
			continue;
		if (!release_one(ctl, store, folded, stream, cause, &lifted,
			&error))
			return ctl_fail(ctl, error);
		released(ctl, folded, lifted);
		if (lifted == 0 && worst == EX_OK)
			worst = EXIT_NO;
	}
	return worst;
}

int cmd_release(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *given = NULL;
	g_autofree char *cause_given = NULL;
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &given,
		    "only what holds in this stream alone (default: all)",
		    "STREAM" },
		{ "cause", 0, 0, G_OPTION_ARG_FILENAME, &cause_given,
		    "only soft, block, unsubscribe, complaint, hard or manual",
		    "CAUSE" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	int cause = -1;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (cause_given != NULL && (cause = cause_from_name(cause_given)) < 0)
		return ctl_usage(ctl, "there is no cause \"%s\"", cause_given);
	if (given != NULL && ctl_stream(ctl, given, &error) == NULL)
		return ctl_fail(ctl, error);
	return release_all(ctl, argc, argv, given, cause);
}
