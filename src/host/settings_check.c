/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Holds the values of settings against each other: each may be good by itself,
   and both together make no sense. */

#include "settings_private.h"

#include "errors.h"
#include "settings_table.h"
#include "units.h"

#include <arpa/inet.h>
#include <string.h>

bool reader_complain(const Reader *reader, const char *section,
    const char *title, const char *name, const char *what, GError **error)
{
	unsigned line = settings_lines_of(reader->lines, section, title, name);

	if (line != 0)
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG, "%s:%u: %s: %s",
		    reader->file, line, name[0] != '\0' ? name : section, what);
	else
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG, "%s: %s: %s",
		    reader->file, name[0] != '\0' ? name : section, what);
	return false;
}

static const Setting *row_of(const char *section, const char *name)
{
	const Setting *row = setting_find(section, name);

	g_assert(row != NULL);
	return row;
}

/* Pairs of which the first must not be greater than the second. */
typedef struct Order {
	const char *section;
	const char *small;
	const char *large;
	const char *why;
} Order;

static const Order orders[] = {
	{ "", "command_timeout", "session_timeout",
	    "the session would end first" },
	{ "", "data_timeout", "session_timeout",
	    "the session would end first" },
	{ "", "busy_timeout", "deliver_timeout",
	    "verpctl deliver would never get to say that the store is locked" },
	{ "", "bounce_lifetime", "delivery_key_retention",
	    "a report that comes twice could count twice" },
	{ "", "forged_per_source", "forged_total", "it could not be reached" },
	{ "policy", "soft_days", "soft_limit", "it could not be reached" },
	{ "breaker", "window", "long_window", "it would be the shorter one" },
	{ "breaker", "long_window", "baseline",
	    "there would be none to compare with" },
	{ "breaker", "minimum", "first",
	    "less would be asked for when less "
	    "is known" },
	{ "breaker", "close_factor", "factor",
	    "a breaker would close and open at once" },
	{ "breaker", "learn", "baseline", "it would never be learned" },
};

static const void *section_base(const Settings *settings, const char *section)
{
	if (strcmp(section, "policy") == 0)
		return &settings->policy;
	if (strcmp(section, "breaker") == 0)
		return &settings->breaker;
	return settings;
}

static bool check_order(const Reader *reader, const Settings *settings,
    const Order *order, GError **error)
{
	const Setting *small = row_of(order->section, order->small);
	const Setting *large = row_of(order->section, order->large);
	const void *base = section_base(settings, order->section);
	g_autofree char *what = NULL;

	if (setting_number(small, base) <= setting_number(large, base))
		return true;
	if (settings_lines_of(reader->lines, order->section, "",
		order->small) != 0) {
		what = g_strdup_printf("must not be more than %s: %s",
		    order->large, order->why);
		return reader_complain(reader, order->section, "", order->small,
		    what, error);
	}
	what = g_strdup_printf("must not be less than %s: %s", order->small,
	    order->why);
	return reader_complain(reader, order->section, "", order->large, what,
	    error);
}

static bool check_window(const Reader *reader, const Settings *settings,
    GError **error)
{
	const Policy *policy = &settings->policy;
	int64_t days = policy->soft_window / SECONDS_PER_DAY + 1;

	if (policy->soft_days <= days)
		return true;
	return reader_complain(reader, "policy", "",
	    settings_lines_of(reader->lines, "policy", "", "soft_window") != 0
		? "soft_window"
		: "soft_days",
	    "soft_days different days do not fit into soft_window", error);
}

/* 127.0.0.0/8, ::1 or "localhost" */
static bool is_loopback(const char *listen)
{
	const char *host = listen + strlen("inet:");
	const char *port = strrchr(host, ':');
	g_autofree char *name = NULL;
	struct in_addr v4;
	struct in6_addr v6;

	if (host[0] == '[' && port > host && port[-1] == ']')
		name = g_strndup(host + 1, (gsize)(port - host - 2));
	else
		name = g_strndup(host, (gsize)(port - host));
	if (inet_pton(AF_INET, name, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, name, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return g_ascii_strcasecmp(name, "localhost") == 0;
}

static bool check_remote(const Reader *reader, const Settings *settings,
    const char *name, char **listens, GError **error)
{
	for (char **listen = listens; *listen != NULL; listen++) {
		g_autofree char *what = NULL;

		if (g_str_has_prefix(*listen, "unix:") ||
		    settings->allow_remote || is_loopback(*listen))
			continue;
		what = g_strdup_printf(
		    "%s is not a loopback address, and allow_remote is off",
		    *listen);
		return reader_complain(reader, "", "", name, what, error);
	}
	return true;
}

static bool check_listen_remote(const Reader *reader, const Settings *settings,
    GError **error)
{
	return check_remote(reader, settings, "listen", settings->listen,
		   error) &&
	       check_remote(reader, settings, "map_listen",
		   settings->map_listen, error) &&
	       check_remote(reader, settings, "policy_listen",
		   settings->policy_listen, error);
}

/* A stream without campaigns is of use only as the one of all others. */
static bool check_streams(const Reader *reader, const Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < settings->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(settings->streams, i);

		if (stream->campaigns[0] == NULL &&
		    strcmp(stream->name, settings->default_stream) != 0)
			return reader_complain(reader, "stream", stream->name,
			    "", "it has no campaigns and is not default_stream",
			    error);
	}
	return true;
}

bool settings_check(const Reader *reader, const Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++)
		if (!check_order(reader, settings, &orders[i], error))
			return false;
	return check_window(reader, settings, error) &&
	       check_listen_remote(reader, settings, error) &&
	       check_streams(reader, settings, error);
}
