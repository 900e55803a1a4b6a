/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon: options, configuration, and the status it leaves with. */
#include "errors.h"
#include "log.h"
#include "report_read.h"
#include "server.h"
#include "settings.h"
#include "site.h"
#include "store.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

typedef struct Options {
	char *file;
	gboolean to_stderr;
	gboolean is_verbose;
	gboolean is_check;
	gboolean is_version;
	gboolean is_help;
	gboolean allow_root;
} Options;

static void help_print(GOptionContext *context)
{
	g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
	const char *list = strstr(text, "\n\n"); /* behind GLib's usage */

	(void)printf("usage: verpd [OPTION...]\n\n"
		     "take bounces from Postfix over LMTP; see verpd(8)\n"
		     "Without -c it reads %s.%s",
	    settings_default_file(), list != NULL ? list : "");
}

static bool options_parse(Options *options, int *argc, char ***argv,
    GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->file,
		    "Read FILE instead of the default verpd.conf", "FILE" },
		{ "foreground", 'f', 0, G_OPTION_ARG_NONE, &options->to_stderr,
		    "Log to standard error", NULL },
		{ "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->is_verbose,
		    "Log debugging messages, too", NULL },
		{ "check", 'n', 0, G_OPTION_ARG_NONE, &options->is_check,
		    "Check the configuration and leave", NULL },
		{ "version", 'V', 0, G_OPTION_ARG_NONE, &options->is_version,
		    "Print the version and leave", NULL },
		{ "allow-root", 0, 0, G_OPTION_ARG_NONE, &options->allow_root,
		    "Run as root all the same", NULL },
		{ "help", 'h', 0, G_OPTION_ARG_NONE, &options->is_help,
		    "List the options and leave", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	if (*argc > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
		    "Unexpected argument \"%s\"", (*argv)[1]);
		return false;
	}
	if (options->is_help)
		help_print(context);
	return true;
}

/* What to leave with; verpd(8), EXIT STATUS. */
static int exit_status(const GError *error)
{
	switch ((VpError)error->code) {
	case VP_ERROR_CONFIG:
	case VP_ERROR_SYNTAX:
	case VP_ERROR_LIMIT:
	case VP_ERROR_NOT_FOUND:
		return EX_CONFIG;
	case VP_ERROR_FATAL:
		return EX_IOERR;
	case VP_ERROR_TEMPORARY:
	case VP_ERROR_FULL:
		break;
	}
	return EX_TEMPFAIL;
}

/* Whoever started us looks at standard error, whatever `log` says. */
static int leave(const GError *error, bool to_syslog)
{
	log_error("%s", error->message);
	if (to_syslog)
		(void)fprintf(stderr, "verpd: %s\n", error->message);
	return exit_status(error);
}

/* What can be checked without the store. */
static int check(const Settings *settings)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Judge) judge = site_judge(settings, NULL, &error);

	if (judge == NULL)
		return leave(error, false);
	(void)printf("%s: all right\n", settings->file);
	return EX_OK;
}

static LogLevel level_of(const Options *options, const Settings *settings)
{
	LogLevel level = LOG_LEVEL_INFO;

	if (options->is_verbose)
		return LOG_LEVEL_DEBUG;
	(void)log_level_parse(settings->log_level, &level); /* was checked */
	return level;
}

static int run(const Options *options)
{
	const char *file = options->file != NULL ? options->file
						 : settings_default_file();
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = settings_read(file, &error);
	g_autoptr(Server) server = NULL;
	bool to_syslog;

	if (settings == NULL)
		return leave(error, false);
	if (options->is_check)
		return check(settings);
	if (geteuid() == 0 && !options->allow_root) {
		(void)fprintf(stderr, "verpd: not as root: it needs nothing "
				      "that root alone may do; "
				      "try runuser -u verpd -- verpd\n");
		return EX_NOPERM;
	}
	to_syslog = !options->to_stderr && strcmp(settings->log, "syslog") == 0;
	log_open("verpd", to_syslog, level_of(options, settings));
	mail_init();
	server = server_new(g_steal_pointer(&settings), &error);
	if (server == NULL)
		return leave(error, to_syslog);
	if (server_run(server, &error)) {
		log_info("stopped");
		return EX_OK;
	}
	/* Other threads may be anywhere, and nothing is left to be saved. */
	g_steal_pointer(&server);
	log_error("nothing more is acknowledged: %s", error->message);
	return exit_status(error);
}

/* A hundred sessions with a message of BOUND_MESSAGE each leave no trace when
   they are over: such buffers are mapped by themselves, and not every thread
   keeps a heap.  Some do: who shares one waits for its lock, and the thread that
   answers would wait for one of a lower priority that was preempted with it in
   hand. */
static void memory_keep_small(void)
{
#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, 8); /* a wish */
	(void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

int main(int argc, char **argv)
{
	Options options = { 0 };
	g_autoptr(GError) error = NULL;
	int status;

	memory_keep_small();
	store_use_threads();
	(void)umask(077);
	log_open("verpd", false, LOG_LEVEL_INFO);
	if (!options_parse(&options, &argc, &argv, &error)) {
		(void)fprintf(stderr, "verpd: %s\n", error->message);
		status = EX_USAGE;
	} else if (options.is_help) {
		status = EX_OK;
	} else if (options.is_version) {
		(void)printf("verpd %s\n", VERSION);
		status = EX_OK;
	} else {
		status = run(&options);
	}
	g_free(options.file);
	return status;
}
