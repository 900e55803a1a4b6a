/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of RFC 3464's fields, read alike wherever they are met: in a
   status part, in a notice for people, in somebody's JSON. */

#include "dsn_words.h"

#include "status.h"

#include <string.h>

#include <gmime/gmime.h>

/* The first code that stands by itself: not "5.7.1.25", "15.1.1"
   or "5.1.1-2026". */
char *dsn_find_status(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		StatusCode code;
		const char *end;

		if (p > text && (g_ascii_isalnum(p[-1]) || p[-1] == '.'))
			continue;
		if (!status_parse(p, &code, &end) || g_ascii_isalnum(*end) ||
		    ((*end == '.' || *end == '-') && g_ascii_isdigit(end[1])))
			continue;
		return g_strndup(p, (gsize)(end - p));
	}
	return g_strdup("");
}

/* action-field = "Action" ":" action-value                 [RFC 3464, 2.3.3]
   The spellings beside the five are those of programs in the wild. */
ReportAction dsn_read_action(const char *text)
{
	static const struct {
		const char *prefix;
		ReportAction action;
	} actions[] = {
		{ "fail", ACTION_FAILED },
		{ "delay", ACTION_DELAYED },
		{ "deferred", ACTION_DELAYED },
		{ "delivered", ACTION_DELIVERED },
		{ "relayed", ACTION_RELAYED },
		{ "expanded", ACTION_EXPANDED },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++)
		if (g_ascii_strncasecmp(text, actions[i].prefix,
			strlen(actions[i].prefix)) == 0)
			return actions[i].action;
	return ACTION_NONE;
}

int64_t dsn_read_date(const char *text)
{
	g_autoptr(GDateTime) date = NULL;

	if (*text != '\0')
		date = g_mime_utils_header_decode_date(text);
	return date != NULL ? g_date_time_to_unix(date) : 0;
}
