/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a line of main.cf or master.cf comes to be: what is there already is kept
   and added to. */
#include "wiring_private.h"

#include "text.h"

#include <string.h>

const char *wiring_raw(const Postconf *postconf, const char *name)
{
	return postconf != NULL ? postconf_raw(postconf, name) : "";
}

WiringLine *wiring_add(Wiring *wiring, WiringPlace place, WiringKind kind,
    const char *name, char *value, const char *why)
{
	WiringLine *line = g_new0(WiringLine, 1);

	line->place = place;
	line->kind = kind;
	line->name = g_strdup(name);
	line->value = value;
	line->why = why;
	g_ptr_array_add(wiring->lines, line);
	return line;
}

void wiring_set(Wiring *wiring, WiringPlace place, const char *name,
    const char *value, const char *why)
{
	WiringLine *line = wiring_add(wiring, place, WIRING_MAIN, name,
	    g_strdup(value), why);

	line->is_done = strcmp(wiring_raw(wiring->postconf, name), value) == 0;
}

WiringLine *wiring_line_of(const Wiring *wiring, const char *name)
{
	for (unsigned i = wiring->lines->len; i-- > 0;) {
		WiringLine *line = wiring->lines->pdata[i];

		if (line->kind == WIRING_MAIN && strcmp(line->name, name) == 0)
			return line;
	}
	return NULL;
}

/* ITEM and what OLD has. */
static char *joined(const char *item, const char *old, bool is_first)
{
	if (old[0] == '\0')
		return g_strdup(item);
	return is_first ? g_strconcat(item, ", ", old, NULL)
			: g_strconcat(old, ", ", item, NULL);
}

void wiring_list(Wiring *wiring, WiringPlace place, const char *name,
    const char *item, bool is_first, const char *why)
{
	WiringLine *before = wiring_line_of(wiring, name);
	const char *old = before != NULL ? before->value
					 : wiring_raw(wiring->postconf, name);
	bool is_done = postconf_has_item(old, item);
	char *value = is_done ? g_strdup(old) : joined(item, old, is_first);

	if (before != NULL && before->place == place) {
		/* one line for all that it is to have */
		text_take(&before->value, value);
		before->is_done = before->is_done && is_done;
		return;
	}
	wiring_add(wiring, place, WIRING_MAIN, name, value, why)->is_done =
	    is_done;
}

void wiring_service(Wiring *wiring, WiringPlace place, const char *name,
    const char *fields, const char *const *options, const char *arguments,
    const char *why)
{
	const PostfixService *there = wiring->postconf != NULL
					  ? postconf_service(wiring->postconf,
						name, "unix")
					  : NULL;
	g_autofree char *key = g_strconcat(name, "/unix", NULL);
	GString *value = g_string_new(name);
	bool is_done = there != NULL;
	WiringLine *line;

	g_string_append_printf(value, " unix %s", fields);
	for (; *options != NULL; options++) {
		g_auto(GStrv) pair = g_strsplit(*options, "=", 2);
		const char *has = there != NULL
				      ? g_hash_table_lookup(there->options,
					    pair[0])
				      : NULL;

		g_string_append_printf(value,
		    strchr(*options, ' ') != NULL ? " -o {%s}" : " -o %s",
		    *options);
		is_done = is_done && has != NULL && strcmp(has, pair[1]) == 0;
	}
	if (arguments[0] != '\0')
		g_string_append_printf(value, " %s", arguments);
	line = wiring_add(wiring, place, WIRING_SERVICE, key,
	    g_string_free(value, FALSE), why);
	line->is_done = is_done;
}

char *wiring_table_of(const Wiring *wiring, const char *before,
    const char *result)
{
	g_autoptr(GString) table = NULL;

	if (wiring->ours != NULL)
		return g_strdup_printf("regexp:{{%s %s}}", wiring->ours,
		    result);
	table = g_string_new("inline:{");
	for (char **domain = wiring->settings->bounce_domains; *domain != NULL;
	     domain++)
		/* a value with blanks needs braces of its own */
		g_string_append_printf(table,
		    strchr(result, ' ') != NULL ? "%s{%s%s = %s}" : "%s%s%s=%s",
		    domain > wiring->settings->bounce_domains ? ", " : "",
		    before, *domain, result);
	g_string_append_c(table, '}');
	return g_string_free(g_steal_pointer(&table), FALSE);
}

void wiring_append_domain(GString *domains, const char *domain)
{
	g_autofree char *escaped = g_regex_escape_string(domain, -1);

	g_string_append_printf(domains, "%s%s", domains->len > 0 ? "|" : "",
	    escaped);
}

bool wiring_is_reinjection(const PostfixService *service)
{
	const char *filter = g_hash_table_lookup(service->options,
	    "content_filter");

	return strcmp(service->command, "smtpd") == 0 && filter != NULL &&
	       filter[0] == '\0';
}

bool wiring_is_smtpd(const PostfixService *service)
{
	return strcmp(service->command, "smtpd") == 0;
}

/* The line so far that is about the option NAME, or NULL. */
static const WiringLine *option_of(const Wiring *wiring, const char *name)
{
	for (unsigned i = wiring->lines->len; i-- > 0;) {
		const WiringLine *line = wiring->lines->pdata[i];

		if (line->kind == WIRING_OPTION &&
		    strcmp(line->name, name) == 0)
			return line;
	}
	return NULL;
}

/* ITEM before OLD's, without a blank: postconf -Pe takes none. */
static char *joined_tight(const char *item, const char *old)
{
	g_auto(GStrv) items = postconf_items(old);
	g_autofree char *rest = g_strjoinv(",", items);

	return g_strconcat(item, rest[0] != '\0' ? "," : "", rest, NULL);
}

void wiring_restrict_in(Wiring *wiring, WiringPlace place,
    const PostfixService *service, const char *item)
{
	const char *own = g_hash_table_lookup(service->options,
	    "smtpd_recipient_restrictions");
	g_autofree char *key = NULL;
	const WiringLine *before;
	bool is_done;

	if (own == NULL)
		return;
	key = g_strdup_printf("%s/%s/smtpd_recipient_restrictions",
	    service->name, service->type);
	before = option_of(wiring, key);
	if (before != NULL)
		own = before->value;
	is_done = postconf_has_item(own, item);
	wiring_add(wiring, place, WIRING_OPTION, key,
	    is_done ? g_strdup(own) : joined_tight(item, own),
	    "this service has restrictions of its own")
	    ->is_done = is_done;
}
