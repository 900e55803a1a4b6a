/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

#include <glib.h>

#include "rules.h"
#include "settings.h"
#include "store.h"

/* What every command of verpctl(8) shares: its row in the table, the options
   all have, settings and store, and how failures are told. */

typedef struct Ctl Ctl;

enum {
	COMMAND_JSON = 1,    /* takes --json */
	COMMAND_CHANGES = 2, /* takes --actor, --reason and --dry-run */
	COMMAND_REASON = 4,  /* and --reason must be there */
};

/* One row per command; the only place it is listed.  NAME is one or two
   words. */
typedef struct Command {
	const char *name;
	const char *arguments; /* as in the usage line */
	const char *help;      /* one line */
	unsigned flags;
	unsigned min_arguments;
	unsigned max_arguments;
	int (*run)(Ctl *ctl, int argc, char **argv);
} Command;

struct Ctl {
	const Command *command;
	const char *config; /* of -c before the command, lent; or NULL */
	char *own_config;   /* of -c behind it, which wins; or NULL */
	gboolean is_json;
	gboolean is_dry_run;
	gboolean wants_help;
	char *actor;
	char *reason; /* NULL when not given */
	bool is_delivery;
	int64_t now;
	Settings *settings; /* once read */
	RuleSet *rules;     /* the same */
};

/* Exit statuses beside those of sysexits.h; verpctl(8) has them all. */
enum {
	EXIT_NO = 1,          /* the answer is no */
	EXIT_CHECK_ERROR = 2, /* `check` alone: there is no answer */
};

/* Takes ENTRIES and the common options out of *ARGV.  False when the command
   is over before it began: --help, or a mistake that has been told; the
   status is then in *RET_STATUS.  Entries that hold addresses or paths must be
   G_OPTION_ARG_FILENAME: pipe(8) passes octets, in no locale. */
bool ctl_parse(Ctl *ctl, const GOptionEntry *entries, int *argc, char ***argv,
    int *ret_status);

/* Tells on standard error what went wrong (pipe(8)'s way when delivering) and
   returns the exit status for it. */
int ctl_fail(const Ctl *ctl, const GError *error);
int ctl_usage(const Ctl *ctl, const char *format, ...) G_GNUC_PRINTF(2, 3);
int ctl_status(const GError *error);
/* One line on standard error, "verpctl COMMAND: ...". */
void ctl_warn(const Ctl *ctl, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The settings, read when first asked for; lent. */
const Settings *ctl_settings(Ctl *ctl, GError **error);
/* The same, but the defaults where nobody gave a file and there is none: for
   commands that need no site. */
const Settings *ctl_settings_or_defaults(Ctl *ctl, GError **error);
/* The rules that the settings name, read when first asked for; lent. */
const RuleSet *ctl_rules(Ctl *ctl, GError **error);
Store *ctl_store(Ctl *ctl, StoreMode mode, GError **error);
/* The store at PATH, a backup perhaps; NULL: the configured one. */
Store *ctl_store_at(Ctl *ctl, const char *path, StoreMode mode, GError **error);
/* Who makes this change, and why. */
ManualChange ctl_change(const Ctl *ctl);

/* ADDRESS folded, or NULL with the failure told and *RET_STATUS set. */
char *ctl_address(const Ctl *ctl, const char *address, int *ret_status);
/* The stream that --stream or else the configuration names. */
const char *ctl_stream(Ctl *ctl, const char *given, GError **error);

/* The same, but one that the configuration names: nothing is suppressed in a
   stream that is misspelt, so the answer would be "may be mailed". */
const char *ctl_known_stream(Ctl *ctl, const char *given, GError **error);

/* The moment that TEXT, the value of OPTION ("--since"), names; NULL leaves
   *RET_AT as it is.  The error names the option. */
bool ctl_time(const Ctl *ctl, const char *option, const char *text,
    int64_t *ret_at, GError **error);

/* ctl_usage() of TEXT, one of the three below; takes it. */
int ctl_unknown(const Ctl *ctl, char *text);
/* That there is no cause (class, reason) of that name, and which there are;
   g_free() it. */
char *unknown_cause(const char *name);
char *unknown_class(const char *name);
char *unknown_reason(const char *name);

/* TEXT made fit for a terminal; g_free() it. */
char *printable(const char *text);
/* The same of what an entry is of (entry_subject()): "@" is "everyone". */
char *subject_text(const char *subject);
/* "for good", or "until" a time as time_format(); g_free() it. */
char *until_text(int64_t until);
