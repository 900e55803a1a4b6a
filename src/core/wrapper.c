/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What other people's systems put round a return path: quotes, SRS (a forwarder
   writes itself in), BATV (the sender signs itself).  Nothing here proves
   anything; it only finds the address inside. */

#include "address.h"
#include "token_private.h"

#include <string.h>

static bool is_alnum(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!g_ascii_isalnum(text[i]))
			return false;
	return len > 0;
}

/* The text after the next "=", or NULL. */
static char *after_equals(char *text)
{
	char *equals = strchr(text, '=');

	if (equals == NULL)
		return NULL;
	*equals = '\0';
	return equals + 1;
}

static bool is_srs_separator(char c)
{
	return c == '=' || c == '+' || c == '-';
}

/* SRS0=HHHH=TT=domain=local, the first separator being any of = + -
   (Shevek, "The Sender Rewriting Scheme"); the hash may hold + and /. */
static char *unwrap_srs0(char *rest, const char *domain)
{
	if (!is_srs_separator(rest[0]))
		return NULL;
	char *hash = rest + 1;
	char *stamp = after_equals(hash);
	char *inner = stamp != NULL ? after_equals(stamp) : NULL;
	char *local = inner != NULL ? after_equals(inner) : NULL;

	if (local == NULL || hash[0] == '\0' || stamp[0] == '\0' ||
	    inner[0] == '\0' || local[0] == '\0')
		return NULL;
	return g_strconcat(local, "@", inner, NULL);
}

/* SRS1=HHHH=forwarder==HHHH=TT=domain=local: after "forwarder=" comes what
   followed "SRS0" at that forwarder. */
static char *unwrap_srs1(char *rest, const char *domain)
{
	if (!is_srs_separator(rest[0]))
		return NULL;
	char *hash = rest + 1;
	char *forwarder = after_equals(hash);
	char *tail = forwarder != NULL ? after_equals(forwarder) : NULL;

	if (tail == NULL || hash[0] == '\0' || forwarder[0] == '\0' ||
	    !is_srs_separator(tail[0]))
		return NULL;
	return g_strconcat("SRS0", tail, "@", forwarder, NULL);
}

/* prvs=TAG=local, or prvs=local/TAG as the first drafts and some products
   write it (draft-levine-smtp-batv, 5); a tag has ten octets. */
static char *unwrap_prvs(char *rest, const char *domain)
{
	size_t tag = strcspn(rest, "=");
	char *slash = strrchr(rest, '/');

	if (rest[tag] == '=' && is_alnum(rest, tag) && rest[tag + 1] != '\0')
		return g_strconcat(rest + tag + 1, "@", domain, NULL);
	if (slash == NULL || slash == rest || !is_alnum(slash + 1, 10) ||
	    slash[11] != '\0')
		return NULL;
	*slash = '\0';
	return g_strconcat(rest, "@", domain, NULL);
}

/* btv1==TAG==local */
static char *unwrap_btv1(char *rest, const char *domain)
{
	char *end = strstr(rest, "==");

	if (end == NULL || !is_alnum(rest, (size_t)(end - rest)) ||
	    end[2] == '\0')
		return NULL;
	return g_strconcat(end + 2, "@", domain, NULL);
}

/* A quoted-string (RFC 5321, 4.1.2), without its quotes and backslashes. */
static char *unwrap_quotes(char *rest, const char *domain)
{
	char *to = rest;
	char *from;

	for (from = rest; *from != '"'; from++) {
		if (*from == '\\')
			from++;
		if (*from == '\0')
			return NULL;
		*to++ = *from;
	}
	if (from[1] != '\0' || to == rest)
		return NULL;
	*to = '\0';
	return g_strconcat(rest, "@", domain, NULL);
}

static const struct {
	const char *begin;
	char *(*unwrap)(char *rest, const char *domain);
} wrappers[] = {
	{ "\"", unwrap_quotes },
	{ "srs0", unwrap_srs0 },
	{ "srs1", unwrap_srs1 },
	{ "prvs=", unwrap_prvs },
	{ "btv1==", unwrap_btv1 },
};

char *wrapper_remove(const char *address)
{
	const char *domain = address_domain(address);

	for (unsigned i = 0; domain != NULL && i < G_N_ELEMENTS(wrappers);
	     i++) {
		size_t begin = strlen(wrappers[i].begin);

		if (g_ascii_strncasecmp(address, wrappers[i].begin, begin) != 0)
			continue;
		g_autofree char *local = g_strndup(address,
		    (size_t)(domain - 1 - address));

		return strlen(local) < begin
			   ? NULL
			   : wrappers[i].unwrap(local + begin, domain);
	}
	return NULL;
}
