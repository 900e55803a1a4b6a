/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Addresses, hosts and identifiers as fields of reports spell them. */

#include "names.h"

#include "bounds.h"
#include "text.h"
#include "xtext.h"

#include <stdbool.h>
#include <string.h>

/* LEN octets within the bound of an address, at a character's end. */
static char *bounded(const char *text, size_t len, size_t max)
{
	g_autofree char *copy = text_utf8(text, len, max);

	return g_strdup(g_strstrip(copy));
}

/* The end of a word that may hold quoted strings (RFC 5322, 3.2.4). */
static const char *skip_word(const char *p, const char *stops)
{
	bool is_quoted = false;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && is_quoted && p[1] != '\0')
			p++;
		else if (*p == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted && strchr(stops, *p) != NULL)
			break;
	}
	return p;
}

/* Behind a comment (RFC 5322, 3.2.2), which may hold others. */
static const char *skip_comment(const char *p)
{
	unsigned depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
	}
	return p;
}

/* What stands between angle brackets outside of quotes, if anything does. */
static bool find_bracketed(const char *text, const char **ret_start,
    size_t *ret_len)
{
	const char *open = skip_word(text, "<(");
	const char *close;

	while (*open == '(')
		open = skip_word(skip_comment(open), "<(");
	if (*open == '\0' && strchr(text, '"') != NULL)
		open = strchr(text, '<'); /* a quote that never ends */
	if (open == NULL || *open == '\0')
		return false;
	close = skip_word(open + 1, ">");
	if (*close == '\0')
		close = strchr(open, '>');
	if (close == NULL)
		return false;
	/* "<<ana@example.org>>" */
	while (open[1] == '<')
		open++;
	/* a source route, "<@a,@b:ana@example.org>" (RFC 5321, 4.1.2) */
	if (open[1] == '@' && memchr(open, ':', (size_t)(close - open)) != NULL)
		open = memchr(open, ':', (size_t)(close - open));
	*ret_start = open + 1;
	*ret_len = (size_t)(close - open - 1);
	return true;
}

char *name_address(const char *text)
{
	const char *start = text;
	const char *end;
	size_t len;

	if (find_bracketed(text, &start, &len))
		return bounded(start, len, BOUND_ADDRESS);
	while (g_ascii_isspace(*start) || *start == '(' || *start == ',')
		start = *start == '(' ? skip_comment(start) : start + 1;
	if (g_ascii_strncasecmp(start, "mailto:", 7) == 0)
		start += 7;
	end = skip_word(start, " \t(,;");
	len = (size_t)(end - start);
	if (len > 0 && start[len - 1] == ':')
		len--;
	return bounded(start, len, BOUND_ADDRESS);
}

/* atom of RFC 3464's address-type and diagnostic-type: one word, and no reply
   code ("550 too many; try later" has no type). */
static bool is_type(const char *type)
{
	if (*type == '\0' || g_ascii_isdigit(*type))
		return false;
	for (const char *c = type; *c != '\0'; c++)
		if (!g_ascii_isalnum(*c) && strchr("-_/.+", *c) == NULL)
			return false;
	return true;
}

void name_split_type(const char *text, char **ret_type, char **ret_rest)
{
	const char *semicolon = strchr(text, ';');

	if (semicolon != NULL) {
		g_autofree char *type = g_ascii_strdown(text, semicolon - text);

		if (is_type(g_strstrip(type))) {
			*ret_type = g_steal_pointer(&type);
			*ret_rest = g_strstrip(g_strdup(semicolon + 1));
			return;
		}
	}
	*ret_type = g_strdup("");
	*ret_rest = g_strstrip(g_strdup(text));
}

/* RFC 3461 wants xtext decoded before an address enters a report, and not
   every program does it.  But "+2B" may also be what the address says: only
   what must have been written so ("+" and "=") is believed. */
static char *decode_leftover_xtext(const char *address)
{
	for (const char *p = address; (p = strchr(p, '+')) != NULL; p++)
		if (strncmp(p, "+2B", 3) != 0 && strncmp(p, "+3D", 3) != 0)
			return NULL;
	return strchr(address, '+') != NULL ? xtext_decode(address) : NULL;
}

char *name_typed_address(const char *text)
{
	g_autofree char *type = NULL;
	g_autofree char *rest = NULL;
	g_autofree char *address = NULL;
	char *decoded;

	name_split_type(text, &type, &rest);
	address = name_address(rest);
	/* the root of the DNS is no part of it (RFC 5321, 2.3.5) */
	if (g_str_has_suffix(address, ".") && strchr(address, '@') != NULL)
		address[strlen(address) - 1] = '\0';
	if (strcmp(type, "utf-8") == 0) {
		g_autofree char *plain = xtext_decode(address);

		return unitext_decode(plain != NULL ? plain : address);
	}
	decoded = decode_leftover_xtext(address);
	return decoded != NULL ? decoded : g_steal_pointer(&address);
}

char *name_typed_host(const char *text)
{
	g_autofree char *type = NULL;
	g_autofree char *rest = NULL;
	const char *start;

	name_split_type(text, &type, &rest);
	start = rest;
	while (*start == '(' || *start == '<' || *start == ' ')
		start = *start == '(' ? skip_comment(start) : start + 1;
	return bounded(start, strcspn(start, " \t(>,;"), BOUND_NAME);
}

char *name_message_id(const char *text)
{
	const char *start = strchr(text, '<');
	const char *end = start != NULL ? strchr(start, '>') : NULL;

	if (end != NULL)
		return bounded(start + 1, (size_t)(end - start - 1),
		    BOUND_ADDRESS);
	start = text + strspn(text, " \t<");
	return bounded(start, strcspn(start, " \t>"), BOUND_ADDRESS);
}

char *name_received_id(const char *text)
{
	const char *id = strstr(text, " id ");

	if (id == NULL)
		return g_strdup("");
	return bounded(id + 4, strcspn(id + 4, " \t;"), BOUND_NAME);
}
