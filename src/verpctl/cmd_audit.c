/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl audit`: who changed what by hand or in the mass, when and why. */
#include "commands.h"
#include "row.h"

#include "units.h"

#include <stdio.h>
#include <string.h>

static bool print_json(const AuditEntry *entry)
{
	Row *row = row_new();

	row_number(row, "id", entry->id);
	row_time(row, "at", entry->at);
	row_text(row, "actor", entry->actor);
	row_text(row, "action", entry->action);
	row_text(row, "address",
	    entry->address[0] != '\0' ? entry->address : NULL);
	row_text(row, "subject",
	    entry->subject[0] != '\0' ? entry->subject : NULL);
	row_text(row, "stream", entry->stream);
	row_text(row, "cause",
	    entry->cause >= 0 ? cause_name((Cause)entry->cause) : NULL);
	row_time(row, "until", entry->until);
	row_text(row, "detail", entry->detail);
	row_text(row, "reason", entry->reason);
	row_print(row);
	return ferror(stdout) == 0;
}

static bool print_audit(const AuditEntry *entry, void *data)
{
	const Ctl *ctl = data;
	g_autofree char *at = time_format(entry->at);
	g_autofree char *actor = printable(entry->actor);
	g_autofree char *whom = subject_text(entry->address[0] != '\0'
						 ? entry->address
						 : entry->subject);
	g_autofree char *detail = printable(entry->detail);
	g_autofree char *reason = printable(entry->reason);

	if (ctl->is_json)
		return print_json(entry);
	printf("%s  %-10s  %s%s%s%s%s%s%s%s  %s: \"%s\"\n", at, entry->action,
	    whom[0] != '\0' ? whom : "-", entry->cause >= 0 ? " " : "",
	    entry->cause >= 0 ? cause_name((Cause)entry->cause) : "",
	    entry->stream[0] != '\0' ? " in " : "",
	    strcmp(entry->stream, "*") == 0 ? "all streams" : entry->stream,
	    detail[0] != '\0' ? " (" : "", detail, detail[0] != '\0' ? ")" : "",
	    actor, reason);
	return ferror(stdout) == 0;
}

static int no_such_action(const Ctl *ctl, const char *action)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (const char *const *name = store_actions(); *name != NULL; name++)
		g_string_append_printf(known, "%s%s",
		    known->len > 0 ? ", " : "", *name);
	return ctl_usage(ctl, "there is no action \"%s\", only %s", action,
	    known->str);
}

int cmd_audit(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *actor = NULL;
	g_autofree char *action = NULL;
	g_autofree char *since = NULL;
	g_autofree char *until = NULL;
	g_autofree char *folded = NULL;
	gint64 limit = 0;
	const GOptionEntry entries[] = {
		{ "by", 0, 0, G_OPTION_ARG_FILENAME, &actor,
		    "what this actor did", "NAME" },
		{ "action", 0, 0, G_OPTION_ARG_FILENAME, &action,
		    "add, release, revert, \"key rotate\", ...", "ACTION" },
		{ "since", 0, 0, G_OPTION_ARG_FILENAME, &since,
		    "from TIME on (2026-11-21, or an age: 7d)", "TIME" },
		{ "until", 0, 0, G_OPTION_ARG_FILENAME, &until, "before TIME",
		    "TIME" },
		{ "limit", 0, 0, G_OPTION_ARG_INT64, &limit, "at most N rows",
		    "N" },
		{ 0 },
	};
	StoreFilter filter = STORE_FILTER_ANY;
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (argc > 1 && (folded = ctl_address(ctl, argv[1], &status)) == NULL)
		return status;
	if (limit < 0)
		return ctl_usage(ctl, "--limit must not be negative");
	if (action != NULL && !g_strv_contains(store_actions(), action))
		return no_such_action(ctl, action);
	if (!ctl_time(ctl, "--since", since, &filter.since, &error) ||
	    !ctl_time(ctl, "--until", until, &filter.until, &error))
		return ctl_usage(ctl, "%s", error->message);
	filter.address = folded;
	filter.actor = actor;
	filter.action = action;
	filter.limit = (uint64_t)limit;
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL ||
	    !store_each_audit(store, &filter, print_audit, ctl, &error))
		return ctl_fail(ctl, error);
	return EX_OK;
}
