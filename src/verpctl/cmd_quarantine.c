/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl quarantine`: what waits for a person is listed and shown, and
   becomes something else: by the rules of today, by that person's word, or by
   being let go. */
#include "commands.h"
#include "event_row.h"
#include "row.h"
#include "waiting.h"

#include "bounds.h"
#include "errors.h"
#include "report_read.h"
#include "review.h"
#include "site.h"
#include "text.h"
#include "units.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- list ---- */

static bool print_waiting(const Waiting *row, void *data)
{
	const Ctl *ctl = data;
	const Event *event = row->event;

	if (ctl->is_json) {
		Row *json = row_new();

		event_json(event, json);
		row_text(json, "waits", wait_reason_name(row->why));
		row_bool(json, "kept", row->is_kept);
		row_text(json, "text", row->text);
		row_text(json, "shape", row->shape);
		row_print(json);
	} else {
		g_autofree char *at = time_format(event->at);
		g_autofree char *address = printable(event->address);
		g_autofree char *shape = printable(row->shape);

		printf("%7" G_GINT64_FORMAT "  %s  %-8s %-4s  %-16s  %s  %s\n",
		    event->id, at, wait_reason_name(row->why),
		    row->is_kept ? "kept" : "-", event->campaign, address,
		    shape);
	}
	return ferror(stdout) == 0;
}

int cmd_quarantine_list(Ctl *ctl, int argc, char **argv)
{
	g_auto(WaitingFilter) filter = { 0 };
	const GOptionEntry entries[] = {
		WAITING_OPTIONS(&filter),
		{ "limit", 0, 0, G_OPTION_ARG_INT64, &filter.limit,
		    "at most N rows", "N" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!waiting_filter_check(ctl, &filter, &error))
		return ctl_usage(ctl, "%s", error->message);
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	if (!ctl->is_json && isatty(STDOUT_FILENO))
		printf("%7s  %-20s  %-8s %-4s  %-16s  %s\n", "EVENT", "AT",
		    "WAITS", "KEPT", "CAMPAIGN", "ADDRESS AND SHAPE");
	if (!waiting_each(ctl, store, &filter, print_waiting, ctl, &error))
		return ctl_fail(ctl, error);
	return EX_OK;
}

/* ---- one event ---- */

static bool parse_id(const char *text, int64_t *ret_id)
{
	uint64_t id;

	if (!g_ascii_string_to_unsigned(text, 10, 1, INT64_MAX, &id, NULL))
		return false;
	*ret_id = (int64_t)id;
	return true;
}

/* NULL, or the first of ARGV that is no id. */
static const char *find_bad_id(int argc, char **argv)
{
	int64_t ignored;

	for (int i = 1; i < argc; i++)
		if (!parse_id(argv[i], &ignored))
			return argv[i];
	return NULL;
}

typedef struct Found {
	StoreEachEvent each;
	void *data;
	bool any;
} Found;

static bool found_one(const Event *event, void *data)
{
	Found *found = data;

	found->any = true;
	return found->each(event, found->data);
}

/* Calls EACH with event ID, if it is there and waits. */
static bool with_waiting(Store *store, int64_t id, StoreEachEvent each,
    void *data, bool *ret_any, GError **error)
{
	StoreFilter filter = STORE_FILTER_ANY;
	Found found = { each, data, false };

	filter.event_id = id;
	filter.needs_review = true;
	if (!store_each_event(store, &filter, found_one, &found, error))
		return false;
	*ret_any = found.any;
	return true;
}

/* ---- show ---- */

typedef struct Show {
	const Ctl *ctl;
	const WordBook *words;
	Store *store;
	bool is_raw;
	bool is_kept;
	GError *error;
} Show;

static void print_lines(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *lf = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((lf != NULL ? lf : end) - text);
		g_autofree char *shown = text_printable(text, line,
		    BOUND_FIELD);

		printf("    %s\n", shown);
		text += line + 1;
	}
}

static void print_message(const WordBook *words, const KeptMessage *kept)
{
	gsize len;
	const char *bytes = g_bytes_get_data(kept->bytes, &len);
	g_autoptr(Report)
	    report = report_read(words, bytes != NULL ? bytes : "", len);
	const char *body = g_strstr_len(bytes != NULL ? bytes : "", (gssize)len,
	    "\n\n");

	if (bytes != NULL)
		print_lines(bytes, body != NULL ? (size_t)(body - bytes) : len);
	printf("\n");
	print_lines(report->text, strlen(report->text));
	for (unsigned i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *about = report_recipient(report, i);
		g_autofree char *final = printable(about->final_recipient);
		g_autofree char *status = printable(about->status);
		g_autofree char *diagnostic = printable(about->diagnostic);

		printf("\n  %s  %s %s\n    %s\n", final,
		    action_name(about->action), status, diagnostic);
	}
}

static void show_json(const WordBook *words, const Event *event,
    const KeptMessage *kept)
{
	Row *row = row_new();
	gsize len = 0;
	const char *bytes = kept->bytes != NULL
				? g_bytes_get_data(kept->bytes, &len)
				: NULL;

	event_json(event, row);
	if (bytes != NULL) {
		g_autofree char *message = text_utf8(bytes, len, BOUND_KEPT);
		g_autoptr(Report) report = report_read(words, bytes, len);

		row_text(row, "sender", kept->sender);
		row_text(row, "subject", report->subject);
		row_text(row, "text", report->text);
		row_text(row, "message", message);
	}
	row_print(row);
}

static void show_words(const WordBook *words, const Event *event,
    const KeptMessage *kept)
{
	g_autofree char *at = time_format(event->at);
	g_autofree char *address = printable(event->address);
	g_autofree char *diagnostic = printable(event->diagnostic);
	g_autofree char *rule = printable(event->rule);

	printf("event %" G_GINT64_FORMAT ", %s, %s, %s (%s)\n", event->id, at,
	    address, event->campaign, event->stream);
	printf("  %s/%s, %.2f sure%s%s\n", vp_class_name(event->class_),
	    vp_reason_name(event->reason), event->confidence,
	    rule[0] != '\0' ? ", rule " : "", rule);
	if (diagnostic[0] != '\0')
		printf("  %s\n", diagnostic);
	if (kept->bytes == NULL)
		return;
	printf("\n");
	print_message(words, kept);
}

static bool show_event(const Event *event, void *data)
{
	Show *show = data;
	g_auto(KeptMessage) kept = { 0 };
	g_autoptr(GError) error = NULL;

	show->is_kept = store_kept(show->store, event->id, &kept, &error);
	if (!show->is_kept &&
	    !g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND)) {
		show->error = g_steal_pointer(&error);
		return false;
	}
	if (show->is_raw) {
		gsize len = 0;
		const void *bytes = show->is_kept
					? g_bytes_get_data(kept.bytes, &len)
					: NULL;

		if (bytes != NULL)
			(void)fwrite(bytes, 1, len, stdout); /* main() looks */
	} else if (show->ctl->is_json) {
		show_json(show->words, event, &kept);
	} else {
		show_words(show->words, event, &kept);
	}
	return true;
}

int cmd_quarantine_show(Ctl *ctl, int argc, char **argv)
{
	Show show = { .ctl = ctl };
	gboolean is_raw = FALSE;
	const GOptionEntry entries[] = {
		{ "raw", 0, 0, G_OPTION_ARG_NONE, &is_raw,
		    "write the message as it is kept, not to a terminal",
		    NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	const RuleSet *rules;
	int64_t id;
	bool any;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!parse_id(argv[1], &id))
		return ctl_usage(ctl, "\"%s\" is not the id of an event",
		    argv[1]);
	if (is_raw && isatty(STDOUT_FILENO))
		return ctl_usage(ctl, "--raw: not to a terminal, which might "
				      "obey what is in it");
	rules = ctl_rules(ctl, &error);
	store = rules != NULL ? ctl_store(ctl, STORE_READ, &error) : NULL;
	if (store == NULL)
		return ctl_fail(ctl, error);
	show.words = rules_words(rules);
	show.store = store;
	show.is_raw = is_raw;
	if (!with_waiting(store, id, show_event, &show, &any, &error))
		return ctl_fail(ctl, error);
	if (show.error != NULL) {
		error = show.error;
		return ctl_fail(ctl, error);
	}
	if (!any)
		ctl_warn(ctl, "event %s does not wait for review", argv[1]);
	else if (!show.is_kept)
		ctl_warn(ctl, "the message of event %s is not kept", argv[1]);
	return any && show.is_kept ? EX_OK : EXIT_NO;
}

/* ---- reclassify, drop ---- */

typedef struct Change {
	Ctl *ctl;
	Store *store;
	const Judge *judge;
	bool is_drop;
	bool is_all;
	int as; /* enum vp_reason, or -1: by the rules */
	unsigned done;
	unsigned left; /* of those named, or found: that wait on */
	GError *error;
} Change;

/* What became of EVENT: OUTCOME, or NULL with WHY. */
static void tell(const Change *change, const Event *event,
    const Outcome *outcome, const char *became)
{
	const Ctl *ctl = change->ctl;
	const Verdict *verdict = outcome != NULL ? outcome->verdict : NULL;
	g_autofree char *address = printable(event->address);

	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "id", event->id);
		row_text(row, "address", event->address);
		row_text(row, "became", became);
		row_number(row, "event",
		    outcome != NULL ? outcome->event_id : 0);
		row_text(row, "class",
		    verdict != NULL ? vp_class_name(verdict->class_) : NULL);
		row_text(row, "reason",
		    verdict != NULL ? vp_reason_name(verdict->reason) : NULL);
		row_text(row, "rule", verdict != NULL ? verdict->rule : NULL);
		row_text(row, "step",
		    outcome != NULL ? step_name(outcome->effect.step) : NULL);
		row_time(row, "hold_until",
		    outcome != NULL ? outcome->effect.hold_until : 0);
		row_bool(row, "dry_run", ctl->is_dry_run);
		row_print(row);
		return;
	}
	printf("%7" G_GINT64_FORMAT "  %s: %s%s", event->id, address,
	    ctl->is_dry_run ? "would be " : "", became);
	if (verdict != NULL && strcmp(became, "reclassified") == 0)
		printf(": %s/%s by %s, %s", vp_class_name(verdict->class_),
		    vp_reason_name(verdict->reason), verdict->rule,
		    outcome->effect.hold_until != 0 ? "suppressed"
						    : "not suppressed by it");
	printf("\n");
}

static bool drop_event(Change *change, const Event *event)
{
	ManualChange by = ctl_change(change->ctl);

	if (!change->ctl->is_dry_run) {
		if (!store_begin(change->store, &change->error) ||
		    !store_review(change->store, &by, event, 0,
			&change->error) ||
		    !store_commit(change->store, &change->error)) {
			store_rollback(change->store);
			return false;
		}
	}
	change->done++;
	tell(change, event, NULL, "dropped");
	return true;
}

/* The verdict on EVENT; *RET_HAS: there is one. */
static bool judge_event(Change *change, const Event *event, Review *ret_review,
    bool *ret_has)
{
	g_auto(KeptMessage) kept = { 0 };
	g_autoptr(GError) error = NULL;

	*ret_has = true;
	if (change->as >= 0) {
		review_by_hand(event, (enum vp_reason)change->as, ret_review);
		return true;
	}
	if (store_kept(change->store, event->id, &kept, &error)) {
		review_by_rules(change->judge, event, &kept, ret_review);
		return true;
	}
	*ret_has = false;
	if (g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	change->error = g_steal_pointer(&error);
	return false;
}

static bool reclassify_event(Change *change, const Event *event)
{
	ManualChange by = ctl_change(change->ctl);
	g_auto(Review) review = { 0 };
	g_autoptr(Outcome) outcome = NULL;
	bool has;

	if (!judge_event(change, event, &review, &has))
		return false;
	if (!has) {
		change->left++;
		if (!change->is_all)
			tell(change, event, NULL, "no longer kept");
		return true;
	}
	if (!review_record(change->judge, change->store, event, &review, &by,
		change->ctl->is_dry_run, &outcome, &change->error))
		return false;
	if (outcome->effect.needs_review) {
		change->left++;
		if (!change->is_all)
			tell(change, event, outcome, "left waiting");
		return true;
	}
	change->done++;
	tell(change, event, outcome, "reclassified");
	return true;
}

static bool change_event(const Event *event, void *data)
{
	Change *change = data;
	bool ok = change->is_drop ? drop_event(change, event)
				  : reclassify_event(change, event);

	/* Somebody was quicker: as if it had not waited. */
	if (!ok && change->error != NULL &&
	    g_error_matches(change->error, VP_ERROR, VP_ERROR_NOT_FOUND)) {
		g_clear_error(&change->error);
		return true;
	}
	return ok && ferror(stdout) == 0;
}

static bool collect_id(const Waiting *row, void *data)
{
	g_array_append_val((GArray *)data, row->event->id);
	return true;
}

/* The events to change: those of ARGV, or all that FILTER finds. */
static bool collect(const Change *change, const WaitingFilter *filter, int argc,
    char **argv, GArray *ids, GError **error)
{
	if (change->is_all)
		return waiting_each(change->ctl, change->store, filter,
		    collect_id, ids, error);
	for (int i = 1; i < argc; i++) {
		int64_t id = 0;

		if (parse_id(argv[i], &id))
			g_array_append_val(ids, id);
	}
	return true;
}

static bool change_all(Change *change, const GArray *ids, GError **error)
{
	for (unsigned i = 0; i < ids->len; i++) {
		int64_t id = g_array_index(ids, int64_t, i);
		bool any;

		if (!with_waiting(change->store, id, change_event, change, &any,
			error))
			return false;
		if (change->error != NULL) {
			g_propagate_error(error, change->error);
			change->error = NULL;
			return false;
		}
		if (!any && !change->is_all) {
			change->left++;
			ctl_warn(change->ctl,
			    "event %" G_GINT64_FORMAT
			    " does not wait for review",
			    id);
		}
	}
	return true;
}

static int change_run(Change *change, const WaitingFilter *filter, int argc,
    char **argv)
{
	Ctl *ctl = change->ctl;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl,
	    ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	g_autoptr(Judge) judge = NULL;

	if (store == NULL)
		return ctl_fail(ctl, error);
	change->store = store;
	judge = site_judge(ctl->settings, store_epoch(store), &error);
	if (judge == NULL)
		return ctl_fail(ctl, error);
	change->judge = judge;
	if (!collect(change, filter, argc, argv, ids, &error) ||
	    !change_all(change, ids, &error))
		return ctl_fail(ctl, error);
	if (!ctl->is_json)
		printf("%u %s%s, %u left waiting\n", change->done,
		    ctl->is_dry_run ? "would be " : "",
		    change->is_drop ? "dropped" : "reclassified", change->left);
	if (change->is_all)
		return change->done > 0 || ids->len == 0 ? EX_OK : EXIT_NO;
	return change->left == 0 ? EX_OK : EXIT_NO;
}

/* What both take, checked. */
static int change_start(Change *change, const WaitingFilter *filter,
    bool is_all, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const char *bad = find_bad_id(argc, argv);

	change->is_all = is_all;
	if (bad != NULL)
		return ctl_usage(change->ctl,
		    "\"%s\" is not the id of an event", bad);
	if (is_all == (argc > 1))
		return ctl_usage(change->ctl,
		    is_all ? "--all, or ids: not both"
			   : "an id or --all is missing");
	if (!is_all && (filter->why != NULL || filter->campaign != NULL ||
			   filter->provider != NULL || filter->shape != NULL ||
			   filter->since != NULL || filter->until != NULL))
		return ctl_usage(change->ctl,
		    "--why, --shape and the like go with --all");
	if (!waiting_filter_check(change->ctl, filter, &error))
		return ctl_usage(change->ctl, "%s", error->message);
	return change_run(change, filter, argc, argv);
}

int cmd_quarantine_reclassify(Ctl *ctl, int argc, char **argv)
{
	g_auto(WaitingFilter) filter = { 0 };
	g_autofree char *as = NULL;
	gboolean is_all = FALSE;
	Change change = { .ctl = ctl, .as = -1 };
	const GOptionEntry entries[] = {
		{ "all", 0, 0, G_OPTION_ARG_NONE, &is_all,
		    "all that wait, or of them those asked for", NULL },
		{ "as", 0, 0, G_OPTION_ARG_FILENAME, &as,
		    "by hand, as REASON (bad-mailbox), not by the rules",
		    "REASON" },
		WAITING_OPTIONS(&filter),
		{ 0 },
	};
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (as != NULL && (change.as = vp_reason_from_name(as)) < 0)
		return ctl_unknown(ctl, unknown_reason(as));
	if (change.as == (int)VP_REASON_FORGED)
		return ctl_usage(ctl, "what was recorded is not forged");
	return change_start(&change, &filter, is_all, argc, argv);
}

int cmd_quarantine_drop(Ctl *ctl, int argc, char **argv)
{
	g_auto(WaitingFilter) filter = { 0 };
	gboolean is_all = FALSE;
	Change change = { .ctl = ctl, .is_drop = true, .as = -1 };
	const GOptionEntry entries[] = {
		{ "all", 0, 0, G_OPTION_ARG_NONE, &is_all,
		    "all that wait, or of them those asked for", NULL },
		WAITING_OPTIONS(&filter),
		{ 0 },
	};
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	return change_start(&change, &filter, is_all, argc, argv);
}
