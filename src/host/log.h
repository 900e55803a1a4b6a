/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef enum LogLevel {
	LOG_LEVEL_ERROR,   /* someone must act */
	LOG_LEVEL_WARNING, /* we coped */
	LOG_LEVEL_INFO,    /* a delivery */
	LOG_LEVEL_DEBUG,
} LogLevel;

/* Opens syslog (facility mail, as Postfix) or standard error under the name
   PROGRAM; GLib's own messages go there too.  Only programs log. */
void log_open(const char *program, bool to_syslog, LogLevel level);
void log_line(LogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool log_level_parse(const char *name, LogLevel *ret_level);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
