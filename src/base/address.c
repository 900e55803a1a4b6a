/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#include "bounds.h"
#include "errors.h"

#include <string.h>

const char *address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL && at > address && at[1] != '\0' ? at + 1 : NULL;
}

/* atext and dots (RFC 5322, 3.2.3), or UTF-8 (RFC 6531): what needs no quotes.
 */
static bool is_dot_atom(const char *local, size_t len)
{
	bool after_dot = true;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)local[i];

		if (c == '.' && after_dot)
			return false;
		if (c != '.' && c < 0x80 && !g_ascii_isalnum((char)c) &&
		    strchr("!#$%&'*+-/=?^_`{|}~", (char)c) == NULL)
			return false;
		after_dot = c == '.';
	}
	return len > 0 && !after_dot;
}

/* quoted-string without quotes and backslashes, or NULL when LOCAL is none. */
static char *unquote(const char *local, size_t len)
{
	g_autoptr(GString) bare = g_string_sized_new(len);

	if (len < 2 || local[0] != '"' || local[len - 1] != '"')
		return NULL;
	for (size_t i = 1; i < len - 1; i++) {
		if (local[i] == '"')
			return NULL;
		if (local[i] == '\\' && ++i == len - 1)
			return NULL;
		g_string_append_c(bare, local[i]);
	}
	return g_strdup(bare->str);
}

static char *fold_local(const char *local, size_t len)
{
	g_autofree char *bare = unquote(local, len);

	if (bare != NULL && is_dot_atom(bare, strlen(bare)))
		return g_utf8_strdown(bare, -1);
	return g_utf8_strdown(local, (gssize)len);
}

/* What no domain has, whether by itself or after IDNA's mapping (RFC 3490, 4),
   which turns a fullwidth "@" into an "@": folding twice must change nothing.
 */
static bool is_domain(const char *domain)
{
	for (const char *c = domain; *c != '\0'; c++)
		if (g_ascii_isspace(*c) || g_ascii_iscntrl(*c) ||
		    strchr("<>\"(),;\\@", *c) != NULL)
			return false;
	return domain[0] != '\0';
}

static void strip_dots(char *domain)
{
	size_t len = strlen(domain);

	while (len > 0 && domain[len - 1] == '.')
		domain[--len] = '\0';
}

/* NULL when DOMAIN is none. */
static char *fold_domain(const char *domain)
{
	g_autofree char *folded = NULL;

	/* what IDNA cannot write is still an address to compare */
	if (g_hostname_is_non_ascii(domain))
		folded = g_hostname_to_ascii(domain);
	if (folded == NULL)
		folded = g_utf8_strdown(domain, -1);
	strip_dots(folded);
	return is_domain(folded) ? g_steal_pointer(&folded) : NULL;
}

static bool is_within_bound(size_t len, GError **error)
{
	if (len <= BOUND_ADDRESS)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_LIMIT,
	    "address longer than %d octets", BOUND_ADDRESS);
	return false;
}

char *address_fold(const char *address, GError **error)
{
	g_autofree char *bare = NULL;
	size_t len = strlen(address);
	const char *domain;

	if (!is_within_bound(len, error))
		return NULL;
	bare = g_strstrip(g_strndup(address, len));
	len = strlen(bare);
	if (len >= 2 && bare[0] == '<' && bare[len - 1] == '>') {
		bare[len - 1] = '\0';
		memmove(bare, bare + 1, len - 1);
		g_strstrip(bare);
	}
	domain = address_domain(bare);
	if (domain == NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "address lacks a local part or a domain");
		return NULL;
	}
	if (!g_utf8_validate(bare, -1, NULL)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "address is not UTF-8");
		return NULL;
	}
	g_autofree char *local = fold_local(bare, (size_t)(domain - 1 - bare));
	g_autofree char *host = fold_domain(domain);

	if (host == NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "what follows the @ is not a domain");
		return NULL;
	}
	/* lower case and A-labels may be longer */
	if (!is_within_bound(strlen(local) + 1 + strlen(host), error))
		return NULL;
	return g_strconcat(local, "@", host, NULL);
}

size_t address_fold_plain(const char *address, size_t len, char *ret_folded)
{
	size_t at = 0, n = 0;

	if (len >= 2 && address[0] == '<' && address[len - 1] == '>') {
		address++;
		len -= 2;
	}
	if (len > BOUND_ADDRESS)
		return 0;
	for (; n < len; n++) {
		char c = address[n];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		else if (c == '@' && at == 0 && n > 0)
			at = n;
		else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			 c != '.' && c != '-' && c != '_' &&
			 (c != '+' || at != 0))
			return 0;
		ret_folded[n] = c;
	}
	while (n > 0 && ret_folded[n - 1] == '.')
		n--;
	if (at == 0 || n <= at + 1)
		return 0;
	ret_folded[n] = '\0';
	return n;
}

static size_t bare_length(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

bool domain_equal(const char *a, const char *b)
{
	size_t len = bare_length(a);

	return len == bare_length(b) && g_ascii_strncasecmp(a, b, len) == 0;
}

/* ---- masking ---- */

static bool is_local_octet(char c)
{
	return (unsigned char)c >= 0x80 || g_ascii_isalnum(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_domain_octet(char c)
{
	return (unsigned char)c >= 0x80 || g_ascii_isalnum(c) ||
	       (c != '\0' && strchr("-.[]:_", c) != NULL);
}

/* Where the local part that ends before AT begins; no further back than FROM. */
static size_t local_begin(const char *text, size_t from, size_t at)
{
	size_t begin = at;

	if (at > from && text[at - 1] == '"') {
		for (begin = at - 1; begin > from; begin--)
			if (text[begin - 1] == '"')
				return begin - 1;
		return at;
	}
	while (begin > from && is_local_octet(text[begin - 1]))
		begin--;
	return begin;
}

/* "example.org" behind a "=": a name with a dot and letters at its end. */
static bool is_name(const char *text, size_t len)
{
	while (len > 0 && !g_ascii_isalnum(text[len - 1]))
		len--;
	return len > 0 && memchr(text, '.', len) != NULL &&
	       g_ascii_isalpha(text[len - 1]);
}

char *address_mask(const char *text)
{
	g_autoptr(GString) masked = g_string_new(NULL);
	bool any = false;
	size_t done = 0; /* copied up to here */

	for (size_t i = 0; text[i] != '\0';) {
		size_t begin, end = i + 1;

		if (text[i] != '@' && text[i] != '=') {
			i++;
			continue;
		}
		begin = local_begin(text, done, i);
		while (is_domain_octet(text[end]))
			end++;
		if (begin == i || end == i + 1 ||
		    (text[i] == '=' &&
			(text[end] == '@' || is_local_octet(text[end]) ||
			    !is_name(text + i + 1, end - i - 1)))) {
			i++;
			continue;
		}
		g_string_append_len(masked, text + done,
		    (gssize)(begin - done));
		g_string_append(masked, "(address)");
		any = true;
		i = done = end;
	}
	if (!any)
		return NULL;
	g_string_append(masked, text + done);
	return g_string_free(g_steal_pointer(&masked), FALSE);
}
