/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* The configuration of a Postfix as its own postconf(1) tells it: read, never
   written. */
typedef struct Postconf Postconf;

/* A line of master.cf. */
typedef struct PostfixService {
	char *name; /* "smtp", "127.0.0.1:10025", "private/verpd" */
	char *type; /* inet, unix, fifo, pass */
	char *is_private, *is_unprivileged, *is_chrooted; /* "y", "n" or "-" */
	char *process_limit;                              /* or "-" */
	char *command;        /* the program, without its arguments */
	GHashTable *options;  /* of `-o name=value`, by name, as written */
	GHashTable *expanded; /* the same with $names expanded */
} PostfixService;

/* Asks the Postfix whose configuration is in DIRECTORY, or NULL for its
   default.  VP_ERROR_NOT_FOUND when there is no postconf(1), VP_ERROR_CONFIG
   and its words when it fails. */
Postconf *postconf_read(const char *directory, GError **error);
/* What postconf(1) prints: alone, -x, -M, -P, -Px and -m. */
typedef struct PostconfTexts {
	const char *raw, *expanded, *services, *options, *expanded_options;
	const char *types;
} PostconfTexts;
Postconf *postconf_parse(const PostconfTexts *texts);
void postconf_free(Postconf *postconf);

/* The value of a parameter as it is written, and with its $names expanded; ""
   when it has none.  Lent. */
const char *postconf_raw(const Postconf *postconf, const char *name);
const char *postconf_value(const Postconf *postconf, const char *name);
/* What holds for SERVICE: its own -o, else main.cf's; with $names expanded.
   Lent. */
const char *postconf_of(const Postconf *postconf, const PostfixService *service,
    const char *name);
/* A time of Postfix in seconds: a number and s, m, h, d or w; without, in UNIT.
 */
int64_t postconf_seconds(const char *text, int64_t unit);
/* Whether it has look-up tables of TYPE ("cdb"). */
bool postconf_has_type(const Postconf *postconf, const char *type);
/* A path of the queue directory, PATH below it; g_free() it. */
char *postconf_queue_path(const Postconf *postconf, const char *path);

/* What ARGV prints, a program of Postfix and its words (NULL-ended): g_free() it.
   *RET_STATUS (may be NULL) is its exit status.  VP_ERROR_NOT_FOUND when it
   cannot be run, VP_ERROR_CONFIG and its complaint when its status is above
   MAX_STATUS. */
char *postconf_output(char **argv, int max_status, int *ret_status,
    GError **error);

/* Runs ARGV, a program of Postfix, for this one (-c or sendmail(1)'s -C is put
   in), with INPUT on its standard input.  What it printed on both outputs is
   *RET_OUTPUT; g_free() it.  Its exit status; -1 when it cannot be run. */
int postconf_run(const Postconf *postconf, const char *const *argv,
    const char *input, char **ret_output, GError **error);

/* What KEY is in VALUE's tables ("hash:/x, inline:{a=b}"), asked in turn of
   postmap(1); "" when in none.  NULL with the words of the table that cannot be
   asked.  g_free() it. */
char *postconf_look_up(const Postconf *postconf, const char *value,
    const char *key, GError **error);

/* Of PostfixService, in the order of master.cf; lent. */
const GPtrArray *postconf_services(const Postconf *postconf);
/* The first of NAME and TYPE, or NULL. */
const PostfixService *postconf_service(const Postconf *postconf,
    const char *name, const char *type);

/* VALUE's items, which are parted by commas and blanks that no braces hold
   together; g_strfreev() it. */
char **postconf_items(const char *value);
/* Whether ITEM, in any number of blanks, is one of VALUE's. */
bool postconf_has_item(const char *value, const char *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Postconf, postconf_free)
