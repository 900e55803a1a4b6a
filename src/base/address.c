/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#include "bounds.h"
#include "errors.h"

#include <arpa/inet.h>
#include <string.h>

const char *address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL && at > address && at[1] != '\0' ? at + 1 : NULL;
}

static bool refuse(GError **error, const char *why)
{
	g_set_error_literal(error, VP_ERROR, VP_ERROR_SYNTAX, why);
	return false;
}

static bool is_within_bound(const char *what, size_t len, int bound,
    GError **error)
{
	if (len <= (size_t)bound)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_LIMIT, "%s longer than %d octets",
	    what, bound);
	return false;
}

/* ---- the local part ---- */

/* atext (RFC 5322, 3.2.3), UTF-8 (RFC 6531, 3.3) and dots, wherever they stand:
   docomo and au gave out addresses like "ana..b." for years, people have them,
   and mail reaches them with and without quotes. */
static bool is_bare_octet(char c)
{
	return (unsigned char)c >= 0x80 || g_ascii_isalnum(c) ||
	       (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_bare(const char *local)
{
	while (is_bare_octet(*local))
		local++;
	return *local == '\0';
}

/* RFC 5321, 4.1.2:
     Quoted-string  = DQUOTE *QcontentSMTP DQUOTE
     QcontentSMTP   = qtextSMTP / quoted-pairSMTP

   Behind the quoted string that TEXT begins with, or NULL when it does not end.
   What is in it is appended to INNER. */
static const char *quoted_read(const char *text, GString *inner)
{
	for (text++; *text != '"'; text++) {
		if (*text == '\\')
			text++;
		if (*text == '\0')
			return NULL;
		g_string_append_c(inner, *text);
	}
	return text + 1;
}

/* Tells what of LOCAL may stand in quotes only, or not at all. */
static void refuse_octet(GError **error, const char *local)
{
	char wrong;

	while (is_bare_octet(*local))
		local++;
	wrong = *local;
	if (g_ascii_iscntrl(wrong))
		(void)refuse(error, "a control character is in it");
	else
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    wrong == ' ' ? "a blank is in it, not in quotes"
				 : "a \"%c\" is in it, not in quotes",
		    wrong);
}

/* Behind the local part of ADDRESS, at its "@"; LOCAL gets it, without quotes.
   NULL: there is none. */
static const char *local_read(const char *address, GString *local,
    GError **error)
{
	const char *end = address;

	if (*address == '"') {
		end = quoted_read(address, local);
		if (end == NULL) {
			(void)refuse(error, "the quotes do not end");
			return NULL;
		}
	} else {
		end += strcspn(address, "@");
		g_string_append_len(local, address, end - address);
		if (!is_bare(local->str)) {
			refuse_octet(error, local->str);
			return NULL;
		}
	}
	for (const char *c = local->str; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c)) {
			(void)refuse(error, "a control character is in it");
			return NULL;
		}
	if (end > address && *end == '@')
		return end;
	(void)refuse(error,
	    end == address ? "nothing stands before the @"
	    : *end == '\0' ? "there is no @"
			   : "something stands between the quotes and the @");
	return NULL;
}

/* In lower case, and as RFC 5198 wants text beyond ASCII: what looks the same
   is the same. */
static char *text_fold(const char *text)
{
	g_autofree char *lower = NULL;

	if (g_str_is_ascii(text))
		return g_ascii_strdown(text, -1);
	lower = g_utf8_strdown(text, -1);
	return g_utf8_normalize(lower, -1, G_NORMALIZE_NFC);
}

static char *text_quote(const char *local)
{
	g_autoptr(GString) quoted = g_string_new("\"");

	for (const char *c = local; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *c);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(g_steal_pointer(&quoted), FALSE);
}

/* LOCAL in quotes when it must be, and no more of them than must be. */
static char *local_write(const char *local)
{
	return *local != '\0' && is_bare(local) ? g_strdup(local)
						: text_quote(local);
}

/* ---- the domain ---- */

/* Labels of letters, digits, "-" and "_", which some have (RFC 5321 does not
   know it), one dot between them.  What IDNA cannot write is left in UTF-8. */
static bool is_name_of_domain(const char *name)
{
	bool after_dot = true;

	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '.' && after_dot)
			return false;
		if ((unsigned char)*c < 0x80 && !g_ascii_isalnum(*c) &&
		    strchr(".-_", *c) == NULL)
			return false;
		after_dot = *c == '.';
	}
	return !after_dot;
}

/* RFC 5321, 4.1.3:
     address-literal         = "[" ( IPv4 / "IPv6:" IPv6 / General ) "]"
     General-address-literal = Standardized-tag ":" 1*dcontent

   In its one spelling, or NULL: there is none in TEXT. */
static char *literal_fold(const char *text)
{
	g_autofree char *inner = g_ascii_strdown(text + 1, -1);
	size_t len = strlen(inner);
	const char *colon = strchr(inner, ':');
	bool is_v6 = g_str_has_prefix(inner, "ipv6:");
	const char *value = is_v6 ? colon + 1 : inner;
	unsigned char octets[sizeof(struct in6_addr)];
	char shown[INET6_ADDRSTRLEN];

	if (len == 0 || inner[len - 1] != ']')
		return NULL;
	inner[len - 1] = '\0';
	if (strpbrk(inner, "[]\\ ") != NULL)
		return NULL;
	if (!is_v6 && colon != NULL)
		return colon > inner && colon[1] != '\0'
			   ? g_strconcat("[", inner, "]", NULL)
			   : NULL;
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, value, octets) != 1 ||
	    inet_ntop(is_v6 ? AF_INET6 : AF_INET, octets, shown,
		sizeof(shown)) == NULL)
		return NULL;
	return g_strconcat(is_v6 ? "[ipv6:" : "[", shown, "]", NULL);
}

/* NULL when DOMAIN is none. */
static char *domain_fold(const char *domain, GError **error)
{
	g_autofree char *folded = NULL;
	size_t len;

	if (*domain == '\0') {
		(void)refuse(error, "no domain stands behind the @");
		return NULL;
	}
	if (strchr(domain, '@') != NULL) {
		(void)refuse(error, "a second @ is in it, not in quotes");
		return NULL;
	}
	if (*domain == '[') {
		folded = literal_fold(domain);
	} else {
		if (g_hostname_is_non_ascii(domain))
			folded = g_hostname_to_ascii(domain);
		/* what IDNA cannot write is still an address to compare */
		if (folded == NULL)
			folded = text_fold(domain);
		len = strlen(folded);
		if (len > 0 && folded[len - 1] == '.')
			folded[len - 1] = '\0';
		/* IDNA's mapping (RFC 3490, 4) makes an "@" of a fullwidth one
		 */
		if (!is_name_of_domain(folded))
			g_clear_pointer(&folded, g_free);
	}
	if (folded == NULL)
		(void)refuse(error, "what follows the @ is not a domain");
	else if (!is_within_bound("domain", strlen(folded), BOUND_NAME, error))
		g_clear_pointer(&folded, g_free);
	return g_steal_pointer(&folded);
}

/* ---- the whole ---- */

char *address_fold(const char *address, GError **error)
{
	g_autoptr(GString) inner = NULL;
	g_autofree char *bare = NULL;
	size_t len = strlen(address);
	const char *at;

	if (!is_within_bound("address", len, BOUND_ADDRESS, error))
		return NULL;
	bare = g_strstrip(g_strndup(address, len));
	len = strlen(bare);
	if (len >= 2 && bare[0] == '<' && bare[len - 1] == '>') {
		bare[len - 1] = '\0';
		memmove(bare, bare + 1, len - 1);
		g_strstrip(bare);
	}
	if (!g_utf8_validate(bare, -1, NULL)) {
		(void)refuse(error, "it is not UTF-8");
		return NULL;
	}
	inner = g_string_sized_new(len);
	at = local_read(bare, inner, error);
	if (at == NULL)
		return NULL;
	g_autofree char *host = domain_fold(at + 1, error);
	if (host == NULL)
		return NULL;
	g_autofree char *folded = text_fold(inner->str);
	g_autofree char *local = local_write(folded);

	/* lower case and A-labels may be longer */
	if (!is_within_bound("address", strlen(local) + 1 + strlen(host),
		BOUND_ADDRESS, error))
		return NULL;
	return g_strconcat(local, "@", host, NULL);
}

char *address_fold_unquoted(const char *address)
{
	const char *domain = address_domain(address);
	char *folded = address_fold(address, NULL);

	if (folded != NULL || domain == NULL)
		return folded;
	g_autofree char *local = g_strndup(address,
	    (size_t)(domain - 1 - address));
	g_autofree char *quoted = text_quote(local);
	g_autofree char *whole = g_strconcat(quoted, "@", domain, NULL);

	return address_fold(whole, NULL);
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
		else if (c == '.' && at != 0 && ret_folded[n - 1] == '.')
			return 0;
		else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			 c != '.' && c != '-' && c != '_' &&
			 (c != '+' || at != 0))
			return 0;
		ret_folded[n] = c;
	}
	if (at != 0 && ret_folded[n - 1] == '.')
		n--;
	if (at == 0 || n <= at + 1 || ret_folded[at + 1] == '.' ||
	    n - at - 1 > BOUND_NAME)
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
