/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where programs say what they do: one line a time, to syslog as Postfix does
   or to standard error.  Whatever is in the line, it is one line, and nothing
   in it moves a terminal. */
#include "log.h"

#include "bounds.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* Set by log_open() before there are threads, and read by all of them. */
static struct {
	char *program;
	bool to_syslog;
	LogLevel level;
} sink = { .level = LOG_LEVEL_INFO };

typedef struct LevelRow {
	const char *name;
	int priority;
	const char *prefix; /* as Postfix writes them */
} LevelRow;

static const LevelRow levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR, "error: " },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING, "warning: " },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO, "" },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG, "debug: " },
};

static void line_write(LogLevel level, const char *text)
{
	g_autofree char *line = text_printable(text, strlen(text),
	    BOUND_LOG_LINE);

	if (sink.to_syslog) {
		syslog(levels[level].priority, "%s%s", levels[level].prefix,
		    line);
		return;
	}

	g_autofree char *whole = g_strdup_printf("%s[%d]: %s%s\n",
	    text_or_empty(sink.program), (int)getpid(), levels[level].prefix,
	    line);
	/* One write, so that lines of threads do not mix.  There is nowhere
	   to say that it failed. */
	ssize_t written = write(STDERR_FILENO, whole, strlen(whole));

	(void)written;
}

static void handle_glib(const char *domain, GLogLevelFlags flags,
    const char *message, gpointer data)
{
	LogLevel level = LOG_LEVEL_DEBUG;

	if ((flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
		level = LOG_LEVEL_ERROR;
	else if ((flags & G_LOG_LEVEL_WARNING) != 0)
		level = LOG_LEVEL_WARNING;
	else if ((flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO)) != 0)
		level = LOG_LEVEL_INFO;
	log_line(level, "%s: %s", domain != NULL ? domain : "GLib", message);
}

/* What g_assert() says before it aborts. */
static void handle_printerr(const char *text)
{
	line_write(LOG_LEVEL_ERROR, text);
}

void log_open(const char *program, bool to_syslog, LogLevel level)
{
	g_free(sink.program);
	sink.program = g_strdup(program);
	sink.to_syslog = to_syslog;
	sink.level = level;
	if (to_syslog)
		openlog(sink.program, LOG_PID | LOG_NDELAY, LOG_MAIL);
	(void)g_log_set_default_handler(handle_glib, NULL);
	(void)g_set_printerr_handler(handle_printerr);
}

void log_line(LogLevel level, const char *format, ...)
{
	va_list args;

	if (level > sink.level)
		return;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);

	va_end(args);
	line_write(level, text);
}

bool log_level_parse(const char *name, LogLevel *ret_level)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*ret_level = (LogLevel)i;
			return true;
		}
	}
	return false;
}
