/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl why`: one address's story, oldest first: every event and every
   change by hand in the order they took effect, then how things stand, and
   what would happen next. */
#include "answer_text.h"
#include "commands.h"
#include "event_row.h"
#include "row.h"
#include "standing.h"

#include "errors.h"
#include "site.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

/* A change by hand, kept until its place among the events comes. */
typedef struct Change {
	int64_t after_event;
	int64_t at;
	char *actor;
	char *action;
	char *stream;
	char *reason;
	int cause;
	int64_t until;
} Change;

typedef struct Story {
	const Ctl *ctl;
	const Policy *policy;
	const Judge *streams;
	GPtrArray *changes; /* of Change */
	unsigned n_told;    /* of those */
	unsigned n_events;
	GPtrArray *names; /* streams that matter here */
	GPtrArray *nexts; /* what would happen next: mostly the same in all */
	RecipientState soft; /* replayed, for its counts alone */
	StandingOf standing; /* with what came last */
} Story;

static void change_free(Change *change)
{
	g_free(change->actor);
	g_free(change->action);
	g_free(change->stream);
	g_free(change->reason);
	g_free(change);
}

static bool keep_change(const AuditEntry *entry, void *data)
{
	Story *story = data;
	Change *change = g_new0(Change, 1);

	change->after_event = entry->after_event;
	change->at = entry->at;
	change->actor = g_strdup(entry->actor);
	change->action = g_strdup(entry->action);
	change->stream = g_strdup(entry->stream);
	change->reason = g_strdup(entry->reason);
	change->cause = entry->cause;
	change->until = entry->until;
	g_ptr_array_add(story->changes, change);
	return true;
}

static void note_stream(Story *story, const char *stream)
{
	if (stream[0] != '\0' && !g_ptr_array_find_with_equal_func(story->names,
				     stream, g_str_equal, NULL))
		g_ptr_array_add(story->names, g_strdup(stream));
}

/* ---- changes by hand ---- */

static void tell_change(const Ctl *ctl, const Change *change)
{
	g_autofree char *at = time_format(change->at);
	g_autofree char *actor = printable(change->actor);
	g_autofree char *reason = printable(change->reason);
	g_autoptr(GString) what = g_string_new(change->action);

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "type", "change");
		row_time(row, "at", change->at);
		row_text(row, "actor", change->actor);
		row_text(row, "action", change->action);
		row_text(row, "stream", change->stream);
		row_text(row, "cause",
		    change->cause >= 0 ? cause_name((Cause)change->cause)
				       : NULL);
		row_time(row, "until", change->until);
		row_text(row, "reason", change->reason);
		row_print(row);
		return;
	}
	if (change->cause >= 0)
		g_string_append_printf(what, " %s",
		    cause_name((Cause)change->cause));
	if (strcmp(change->action, "reclassify") != 0 &&
	    strcmp(change->action, "drop") != 0)
		g_string_append_printf(what, " in %s",
		    change->stream[0] != '\0' ? change->stream : "all streams");
	if (strcmp(change->action, "add") == 0 ||
	    strcmp(change->action, "import") == 0) {
		g_autofree char *until = until_text(change->until);

		g_string_append_printf(what, ", %s", until);
	}
	/* a breaker looks back by itself */
	printf("%s  %s: %s\n    %s: \"%s\"\n", at,
	    strcmp(change->action, "hold") == 0 ? "held instead" : "by hand",
	    what->str, actor, reason);
}

/* Those that came before event ID. */
static void tell_changes(Story *story, int64_t id)
{
	for (; story->n_told < story->changes->len; story->n_told++) {
		const Change *change = g_ptr_array_index(story->changes,
		    story->n_told);

		if (change->after_event >= id)
			return;
		if (strcmp(change->action, "release") == 0) {
			policy_forget(&story->soft);
			story->soft.hold[CAUSE_SOFT] = (Hold){ 0 };
		}
		tell_change(story->ctl, change);
	}
}

/* ---- events ---- */

static char *no_step_text(const Event *event)
{
	if (event->is_reverted)
		return g_strdup("taken back: it counts for nothing");
	if (event->is_reviewed && event->reviewed_as != 0)
		return g_strdup_printf(
		    "reviewed since, as event %" G_GINT64_FORMAT,
		    event->reviewed_as);
	if (event->is_reviewed)
		return g_strdup("reviewed since: dropped");
	if (event->effect.needs_review)
		return g_strdup(event->class_ == VP_CLASS_UNKNOWN
				    ? "not understood: waits for review"
				    : "not sure enough: waits for review");
	if (event->class_ == VP_CLASS_DELAYED)
		return g_strdup("recorded only: delivery is still being tried");
	if (policy_step(event->class_) == STEP_NONE)
		return g_strdup("recorded only");
	if (event->trust == TRUST_RECORD)
		return g_strdup("recorded only: the return path is too old, or "
				"a campaign's own address");
	return g_strdup("recorded only: this mail has counted before, or a "
			"suppression was in force");
}

/* As the policy of now counts it. */
static char *counted_text(const Story *story, const Event *event,
    const char *what)
{
	const PolicyCase case_ = { .class_ = event->class_,
		.reason = event->reason,
		.confidence = 1.0,
		.provider = event->provider,
		.confirm = event->confirm };
	CauseView view = policy_view(story->policy, &story->soft, &case_,
	    event->at);
	bool is_usual = event->effect.policy == NULL ||
			event->effect.policy[0] == '\0' ||
			strcmp(event->effect.policy,
			    vp_class_name(event->class_)) == 0;

	if (!event->effect.is_counted)
		return g_strdup("the policy only records this");
	return g_strdup_printf("%s %u of %u%s%s%s", what, view.hits, view.limit,
	    event->class_ == VP_CLASS_HARD ? ", to be confirmed on another day"
					   : "",
	    is_usual ? "" : ", by policy ",
	    is_usual ? "" : event->effect.policy);
}

/* What a person said of what was held. */
static const char *settled_text(const Event *event)
{
	if (!event->is_reviewed)
		return "";
	return event->reviewed_as != 0 ? "; confirmed since"
				       : "; dropped since";
}

/* What the policy made of it. */
static char *effect_text(const Story *story, const Event *event)
{
	const Effect *effect = &event->effect;
	g_autofree char *until = until_text(effect->hold_until);
	bool in_one = effect->step == STEP_UNSUBSCRIBE;

	switch (effect->step) {
	case STEP_NONE:
		return no_step_text(event);
	case STEP_RESET:
		return g_strdup("delivered: the soft count is zero again");
	case STEP_SOFT:
		if (effect->hold_until == 0)
			return counted_text(story, event, "soft bounce");
		return g_strdup_printf(
		    "enough soft bounces, rung %u: suppressed %s", effect->rung,
		    until);
	case STEP_BLOCK:
		if (effect->hold_until == 0 && effect->is_counted)
			return counted_text(story, event, "block");
		if (effect->hold_until == 0)
			return g_strdup("not the recipient's fault: recorded");
		return g_strdup_printf("blocked: suppressed %s", until);
	case STEP_HELD:
		return g_strdup_printf("held %s by circuit breaker "
				       "%" G_GINT64_FORMAT "%s",
		    until, event->breaker_id, settled_text(event));
	case STEP_CONFIRM:
	case STEP_HARD:
	case STEP_COMPLAINT:
	case STEP_UNSUBSCRIBE:
		if (effect->hold_until == 0 && effect->is_counted)
			return counted_text(story, event,
			    vp_class_name(event->class_));
		if (effect->hold_until == 0)
			return g_strdup("the policy only records this");
		return g_strdup_printf("suppressed%s%s %s",
		    in_one ? " in " : "", in_one ? event->stream : "", until);
	}
	return g_strdup("");
}

/* What the return path proved. */
static const char *trust_text(Trust trust)
{
	switch (trust) {
	case TRUST_SIGNED:
		return "return path signed";
	case TRUST_LOCAL:
		return "return path unsigned, bounced by this host";
	case TRUST_ADMIN:
		return "return path unsigned, of a trusted pattern";
	case TRUST_RECORD:
		return "return path proves nothing";
	}
	return "";
}

static void append_if(GString *line, const char *before, const char *value)
{
	g_autofree char *text = printable(value);

	if (text[0] != '\0')
		g_string_append_printf(line, "%s%s", before, text);
}

static void print_event(const Story *story, const Event *event)
{
	g_autofree char *at = time_format(event->at);
	g_autofree char *matched = printable(event->matched);
	g_autofree char *effect = effect_text(story, event);
	g_autoptr(GString) line = g_string_new(NULL);

	append_if(line, "  ", event->status);
	if (event->smtp_code != 0)
		g_string_append_printf(line, " %u", event->smtp_code);
	printf("%s  %s/%s%s  %s (%s)\n", at, vp_class_name(event->class_),
	    vp_reason_name(event->reason), line->str, event->campaign,
	    event->stream);
	printf("    \"%s\"\n", matched);
	g_string_truncate(line, 0);
	append_if(line, "rule ", event->rule);
	append_if(line, " in ", event->source);
	g_string_append_printf(line, ", %.2f sure", event->confidence);
	append_if(line, ", provider ", event->provider);
	append_if(line, ", from ", event->remote_mta);
	append_if(line, ", reported for ", event->via);
	append_if(line, ", queue id ", event->queue_id);
	append_if(line, ", ", trust_text(event->trust));
	printf("    event %" G_GINT64_FORMAT ", %s\n    => %s\n", event->id,
	    line->str, effect);
}

static bool tell_event(const Event *event, void *data)
{
	Story *story = data;

	story->n_events++;
	tell_changes(story, event->id);
	story->soft = policy_apply(story->soft, &event->effect, event->at);
	standing_note(&story->standing, event->class_, event->reason,
	    event->provider, event->confirm);
	note_stream(story, event->stream);
	if (story->ctl->is_json) {
		g_autofree char *effect = effect_text(story, event);
		Row *row = row_new();

		row_text(row, "type", "event");
		event_json(event, row);
		row_text(row, "effect", effect);
		row_print(row);
	} else {
		print_event(story, event);
	}
	return ferror(stdout) == 0;
}

/* ---- how things stand ---- */

static void tell_state(Story *story, const char *stream,
    const RecipientState *state, const Answer *answer)
{
	StandingOf standing = story->standing;
	Hold hold = answer->may_send ? (Hold){ 0 } : answer->hold;
	g_autofree char *text = answer_text(answer);
	g_autofree char *by = answer_by_text(answer);
	g_autofree char *word = NULL;
	g_autofree char *next = NULL;

	standing.state = state;
	word = standing_word(&standing, answer->cause, answer->hold);
	next = standing_next(&standing, answer->cause, answer->hold);

	if (story->ctl->is_json) {
		Row *row = row_new();

		row_text(row, "type", "state");
		row_text(row, "stream", stream);
		row_bool(row, "may_send", answer->may_send);
		row_text(row, "cause",
		    answer->may_send ? NULL : cause_name((Cause)answer->cause));
		row_text(row, "set_aside",
		    answer->may_send && answer->cause >= 0
			? cause_name((Cause)answer->cause)
			: NULL);
		row_text(row, "set_aside_by", by[0] != '\0' ? by : NULL);
		row_time(row, "since", hold.since);
		row_time(row, "until", hold.until);
		row_text(row, "standing", word);
		row_number(row, "soft_count",
		    (int64_t)state->track[CAUSE_SOFT].n_hits);
		row_number(row, "rung", (int64_t)state->track[CAUSE_SOFT].rung);
		row_text(row, "next", next);
		standing_json(&standing, row);
		row_print(row);
		return;
	}
	printf("now   %s: %s; %s\n", stream, text, word);
	if (!g_ptr_array_find_with_equal_func(story->nexts, next, g_str_equal,
		NULL))
		g_ptr_array_add(story->nexts, g_steal_pointer(&next));
}

/* What is counted is the same in all streams. */
static void tell_counts(Story *story, const RecipientState *state)
{
	StandingOf standing = story->standing;
	g_autoptr(GPtrArray) lines = NULL;

	standing.state = state;
	lines = standing_lines(&standing);
	for (unsigned i = 0; i < lines->len; i++)
		printf("count %s\n", (const char *)g_ptr_array_index(lines, i));
}

static bool tell_states(Story *story, Store *store, const char *folded,
    GError **error)
{
	if (!story->ctl->is_json)
		putchar('\n');
	for (unsigned i = 0; i < story->names->len; i++) {
		const char *stream = g_ptr_array_index(story->names, i);
		g_auto(StoreAnswer) answer = { 0 };

		if (!store_answer(store, folded, stream,
			judge_ignored(story->streams, stream), story->ctl->now,
			&answer, error))
			return false;
		tell_state(story, stream, &answer.state, &answer.answer);
		if (i + 1 == story->names->len && !story->ctl->is_json)
			tell_counts(story, &answer.state);
	}
	for (unsigned i = 0; i < story->nexts->len; i++)
		printf("next  %s\n",
		    (const char *)g_ptr_array_index(story->nexts, i));
	return true;
}

static bool tell_story(Story *story, Store *store,
    const StoreRecipient *recipient, const char *only_stream, GError **error)
{
	StoreFilter filter = STORE_FILTER_ANY;

	filter.address = recipient->address;
	filter.now = story->ctl->now;
	if (!store_each_audit(store, &filter, keep_change, story, error) ||
	    !store_each_event(store, &filter, tell_event, story, error))
		return false;
	tell_changes(story, INT64_MAX);
	if (story->n_events + story->n_told == 0 && !story->ctl->is_json)
		printf("nothing came back, and nothing was changed by hand\n");
	if (only_stream != NULL) {
		g_ptr_array_set_size(story->names, 0);
		note_stream(story, only_stream);
	}
	return tell_states(story, store, recipient->address, error);
}

static void print_title(const Ctl *ctl, const StoreRecipient *recipient)
{
	g_autofree char *address = printable(recipient->address);
	g_autofree char *original = printable(recipient->original);

	if (ctl->is_json)
		return;
	printf("%s", address);
	if (original[0] != '\0' && strcmp(address, original) != 0)
		printf("  (seen as %s)", original);
	printf("\n\n");
}

/* Its domain may be suppressed nevertheless. */
static int nothing_known(Ctl *ctl, Store *store, const char *folded,
    const char *stream)
{
	const char *in = stream != NULL ? stream
					: ctl->settings->default_stream;
	g_autoptr(Judge) streams = site_streams(ctl->settings);
	g_auto(StoreAnswer) answer = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!store_answer(store, folded, in, judge_ignored(streams, in),
		ctl->now, &answer, &error))
		return ctl_fail(ctl, error);
	text = answer_text(&answer.answer);
	ctl_warn(ctl, "nothing is known of %s; %s%s", folded,
	    answer.answer.may_send ? "it " : "", text);
	return EXIT_NO;
}

static int why(Ctl *ctl, const char *folded, const char *stream)
{
	Story story = { .ctl = ctl };
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl, STORE_READ, &error);
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(Judge) streams = NULL;
	g_autoptr(GPtrArray) changes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) nexts = g_ptr_array_new_with_free_func(g_free);

	if (store == NULL)
		return ctl_fail(ctl, error);
	if (!store_recipient_find(store, 0, folded, &recipient, &error)) {
		if (!g_error_matches(error, VP_ERROR, VP_ERROR_NOT_FOUND))
			return ctl_fail(ctl, error);
		return nothing_known(ctl, store, folded, stream);
	}
	streams = site_streams(ctl->settings);
	story.policy = &ctl->settings->policy;
	story.standing.policy = story.policy;
	story.standing.now = ctl->now;
	story.streams = streams;
	story.changes = changes;
	story.names = names;
	story.nexts = nexts;
	note_stream(&story, ctl->settings->default_stream);
	for (unsigned i = 0; i < streams->streams->len; i++) {
		const Stream *one = g_ptr_array_index(streams->streams, i);

		note_stream(&story, one->name);
	}
	print_title(ctl, &recipient);
	if (!tell_story(&story, store, &recipient, stream, &error))
		return ctl_fail(ctl, error);
	return EX_OK;
}

int cmd_why(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *given = NULL;
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &given,
		    "how things stand in this stream alone", "STREAM" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *folded = NULL;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	folded = ctl_address(ctl, argv[1], &status);
	if (folded == NULL)
		return status;
	if (given != NULL && ctl_known_stream(ctl, given, &error) == NULL)
		return ctl_fail(ctl, error);
	return why(ctl, folded, given);
}
