/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The things all commands do alike. */
#include "ctl.h"

#include "input.h"

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "site.h"
#include "site_store.h"
#include "text.h"
#include "token.h"
#include "units.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool ctl_time(const Ctl *ctl, const char *option, const char *text,
    int64_t *ret_at, GError **error)
{
	if (text == NULL || time_parse(text, ctl->now, ret_at, error))
		return true;
	g_prefix_error(error, "%s: ", option);
	return false;
}

char *printable(const char *text)
{
	return text_printable(text, strlen(text), 2 * BOUND_DIAGNOSTIC);
}

char *subject_text(const char *subject)
{
	return strcmp(subject, "@") == 0 ? g_strdup("everyone")
					 : printable(subject);
}

char *until_text(int64_t until)
{
	g_autofree char *end = NULL;

	if (until == HOLD_FOREVER)
		return g_strdup("for good");
	end = time_format(until);
	return g_strconcat("until ", end, NULL);
}

/* ---- telling ---- */

static void tell(const Ctl *ctl, const char *text)
{
	g_autofree char *line = printable(text);

	/* pipe(8) takes the first line it is given for the status */
	if (ctl->is_delivery)
		printf("4.3.0 %s\n", line);
	else
		fprintf(stderr, "verpctl%s%s: %s\n",
		    ctl->command != NULL ? " " : "",
		    ctl->command != NULL ? ctl->command->name : "", line);
}

void ctl_warn(const Ctl *ctl, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	tell(ctl, text);
}

int ctl_status(const GError *error)
{
	if (error->domain != VP_ERROR)
		return EX_USAGE; /* GOption's */
	switch ((VpError)error->code) {
	case VP_ERROR_TEMPORARY:
	case VP_ERROR_FULL:
	case VP_ERROR_FATAL:
		return EX_TEMPFAIL;
	case VP_ERROR_SYNTAX:
	case VP_ERROR_LIMIT:
		return EX_DATAERR;
	case VP_ERROR_CONFIG:
		return EX_CONFIG;
	case VP_ERROR_NOT_FOUND:
		return EX_NOINPUT;
	}
	return EX_SOFTWARE;
}

/* Whoever is refused a file of ours is, most often, merely the wrong user. */
static bool is_wrong_user(const GError *error)
{
	return geteuid() != 0 &&
	       (strstr(error->message, g_strerror(EACCES)) != NULL ||
		   strstr(error->message, "readonly database") != NULL);
}

int ctl_fail(const Ctl *ctl, const GError *error)
{
	tell(ctl, error->message);
	if (!ctl->is_delivery && is_wrong_user(error))
		fprintf(stderr,
		    "Try it as root, or as the user verpd runs as\n");
	return ctl_status(error);
}

int ctl_usage(const Ctl *ctl, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	tell(ctl, text);
	if (!ctl->is_delivery)
		fprintf(stderr, "Try: verpctl help%s%s\n",
		    ctl->command != NULL ? " " : "",
		    ctl->command != NULL ? ctl->command->name : "");
	return EX_USAGE;
}

/* ---- names that nobody knows ---- */

static char *unknown_name(const char *kind, const char *given,
    const char *(*name)(int value), int count)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *shown = printable(given);

	g_string_printf(text, "there is no %s \"%s\", only", kind, shown);
	for (int i = 0; i < count; i++)
		g_string_append_printf(text, "%s %s", i > 0 ? "," : "",
		    name(i));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static const char *name_of_cause(int cause)
{
	return cause_name((Cause)cause);
}

static const char *name_of_class(int class_)
{
	return vp_class_name((enum vp_class)class_);
}

static const char *name_of_reason(int reason)
{
	return vp_reason_name((enum vp_reason)reason);
}

int ctl_unknown(const Ctl *ctl, char *text)
{
	g_autofree char *owned = text;

	return ctl_usage(ctl, "%s", owned);
}

char *unknown_cause(const char *name)
{
	return unknown_name("cause", name, name_of_cause, CAUSE_COUNT);
}

char *unknown_class(const char *name)
{
	return unknown_name("class", name, name_of_class, VP_CLASS_COUNT);
}

char *unknown_reason(const char *name)
{
	return unknown_name("reason", name, name_of_reason, VP_REASON_COUNT);
}

/* ---- options ---- */

static void add_common(Ctl *ctl, GOptionContext *context)
{
	const GOptionEntry always[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &ctl->own_config,
		    "read FILE instead of verpd.conf", "FILE" },
		{ "help", 'h', 0, G_OPTION_ARG_NONE, &ctl->wants_help,
		    "say what this command does", NULL },
		{ 0 },
	};
	const GOptionEntry json[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &ctl->is_json,
		    "write JSON, one object a line", NULL },
		{ 0 },
	};
	const GOptionEntry changes[] = {
		{ "actor", 0, 0, G_OPTION_ARG_FILENAME, &ctl->actor,
		    "who does it (default: the user)", "NAME" },
		{ "reason", 0, 0, G_OPTION_ARG_FILENAME, &ctl->reason,
		    "why; kept with the change", "TEXT" },
		{ "dry-run", 0, 0, G_OPTION_ARG_NONE, &ctl->is_dry_run,
		    "change nothing, say what would be done", NULL },
		{ 0 },
	};

	if ((ctl->command->flags & COMMAND_JSON) != 0)
		g_option_context_add_main_entries(context, json, NULL);
	if ((ctl->command->flags & COMMAND_CHANGES) != 0)
		g_option_context_add_main_entries(context, changes, NULL);
	g_option_context_add_main_entries(context, always, NULL);
}

static void print_help(const Ctl *ctl, GOptionContext *context)
{
	g_autofree char *options = g_option_context_get_help(context, TRUE,
	    NULL);
	const char *list = strstr(options, "\n\n"); /* behind GLib's usage */

	printf("usage: verpctl %s [OPTION...]%s%s\n\n%s%s", ctl->command->name,
	    ctl->command->arguments[0] != '\0' ? " " : "",
	    ctl->command->arguments, ctl->command->help,
	    list != NULL ? list : "");
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

bool ctl_parse(Ctl *ctl, const GOptionEntry *entries, int *argc, char ***argv,
    int *ret_status)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	unsigned n;

	g_option_context_set_help_enabled(context, FALSE);
	if (entries != NULL)
		g_option_context_add_main_entries(context, entries, NULL);
	add_common(ctl, context);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		*ret_status = ctl_usage(ctl, "%s", error->message);
		return false;
	}
	if (ctl->wants_help) {
		print_help(ctl, context);
		*ret_status = EX_OK;
		return false;
	}
	n = (unsigned)*argc - 1;
	if (n < ctl->command->min_arguments ||
	    n > ctl->command->max_arguments) {
		*ret_status = ctl_usage(ctl, "%s",
		    n < ctl->command->min_arguments
			? "an argument is missing"
			: "there are too many arguments");
		return false;
	}
	if ((ctl->command->flags & COMMAND_REASON) != 0 &&
	    (ctl->reason == NULL || is_blank(ctl->reason))) {
		*ret_status = ctl_usage(ctl, "--reason is missing");
		return false;
	}
	return true;
}

/* ---- settings, store, arguments ---- */

static const char *given_config(const Ctl *ctl)
{
	return ctl->own_config != NULL ? ctl->own_config : ctl->config;
}

const Settings *ctl_settings(Ctl *ctl, GError **error)
{
	const char *file = given_config(ctl);

	if (ctl->settings == NULL)
		ctl->settings =
		    settings_read(file != NULL ? file : settings_default_file(),
			error);
	return ctl->settings;
}

/* The site's own rules stand beside the keys, where not everybody may look. */
static void leave_out_closed(const Ctl *ctl, Settings *settings)
{
	g_autoptr(GStrvBuilder) open = g_strv_builder_new();

	for (char **rules = settings->rules; *rules != NULL; rules++)
		if (access(*rules, R_OK | X_OK) == 0 || errno != EACCES)
			g_strv_builder_add(open, *rules);
		else
			ctl_warn(ctl, "without the rules in %s: %s", *rules,
			    g_strerror(EACCES));
	g_strfreev(settings->rules);
	settings->rules = g_strv_builder_end(open);
}

const Settings *ctl_settings_or_defaults(Ctl *ctl, GError **error)
{
	if (ctl->settings == NULL && given_config(ctl) == NULL &&
	    access(settings_default_file(), F_OK) != 0) {
		ctl->settings = settings_new();
		leave_out_closed(ctl, ctl->settings);
	}
	return ctl_settings(ctl, error);
}

const RuleSet *ctl_rules(Ctl *ctl, GError **error)
{
	const Settings *settings = ctl_settings(ctl, error);

	if (settings != NULL && ctl->rules == NULL)
		ctl->rules = site_rules(settings, error);
	return ctl->rules;
}

/* Whether it is the file that was named, and not the site's own, which is no
   good. */
static bool is_about(const GError *error, const char *path)
{
	g_autofree char *whole = g_canonicalize_filename(path, NULL);

	return g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG) &&
	       g_str_has_prefix(error->message, whole) &&
	       error->message[strlen(whole)] == ':';
}

Store *ctl_store_at(Ctl *ctl, const char *path, StoreMode mode, GError **error)
{
	const Settings *settings = ctl_settings(ctl, error);
	g_autoptr(GError) wrong = NULL;
	g_autoptr(Store) store = NULL;
	g_auto(SiteStore) site = { 0 };

	if (settings == NULL || (path != NULL && !input_is_there(path, error)))
		return NULL;
	site = site_store_of(settings);
	if (path != NULL) {
		g_free(site.path);
		site.path = g_strdup(path);
	}
	store = site_store_open(&site, mode,
	    (unsigned)settings->busy_timeout * 1000, &wrong);
	if (store == NULL) {
		if (path != NULL && is_about(wrong, path))
			wrong->code = VP_ERROR_SYNTAX;
		g_propagate_error(error, g_steal_pointer(&wrong));
		return NULL;
	}
	if (mode == STORE_WRITE &&
	    (ctl->command->flags & COMMAND_CHANGES) != 0 &&
	    !site_tell_streams(settings, store, error))
		return NULL;
	return g_steal_pointer(&store);
}

Store *ctl_store(Ctl *ctl, StoreMode mode, GError **error)
{
	return ctl_store_at(ctl, NULL, mode, error);
}

ManualChange ctl_change(const Ctl *ctl)
{
	const char *actor = ctl->actor;

	if (actor == NULL)
		actor = g_getenv("SUDO_USER");
	if (actor == NULL || actor[0] == '\0')
		actor = g_get_user_name();
	return (ManualChange){
		.actor = actor,
		.reason = text_or_empty(ctl->reason),
		.now = ctl->now,
	};
}

char *ctl_address(const Ctl *ctl, const char *address, int *ret_status)
{
	g_autoptr(GError) error = NULL;
	char *folded = address_fold(address, &error);

	if (folded == NULL) {
		g_prefix_error(&error, "\"%s\": ", address);
		*ret_status = ctl_fail(ctl, error);
	}
	return folded;
}

static bool is_stream_of(const Settings *settings, const char *name)
{
	for (unsigned i = 0; i < settings->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(settings->streams, i);

		if (strcmp(stream->name, name) == 0)
			return true;
	}
	return strcmp(settings->default_stream, name) == 0;
}

const char *ctl_known_stream(Ctl *ctl, const char *given, GError **error)
{
	const Settings *settings = ctl_settings(ctl, error);

	if (settings == NULL)
		return NULL;
	if (given == NULL)
		return settings->default_stream;
	if (is_stream_of(settings, given))
		return given;
	g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
	    "there is no stream \"%s\" in %s", given, settings->file);
	return NULL;
}

const char *ctl_stream(Ctl *ctl, const char *given, GError **error)
{
	const Settings *settings;

	if (given != NULL && !campaign_name_is_valid(given)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		    "\"%s\" is not the name of a stream", given);
		return NULL;
	}
	if (given != NULL)
		return given;
	settings = ctl_settings(ctl, error);
	return settings != NULL ? settings->default_stream : NULL;
}
