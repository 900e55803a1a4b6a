/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what stands behind MAIL FROM: and RCPT TO:.  Knows the grammar and
   nothing of the session; the lines it is given hold no NUL. */
#include "path.h"

#include "bounds.h"
#include "xtext.h"

#include <glib.h>
#include <string.h>

/* TEXT made valid, its control characters as unreadable as its bad octets. */
static char *text_clean(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) clean = g_string_sized_new(strlen(valid));

	for (const char *c = valid; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			g_string_append(clean, "\xef\xbf\xbd"); /* U+FFFD */
		else
			g_string_append_c(clean, *c);
	return g_string_free(g_steal_pointer(&clean), FALSE);
}

/* RFC 5321, 4.1.2:
     Reverse-path = Path / "<>"
     Path         = "<" [ A-d-l ":" ] Mailbox ">"
     A-d-l        = At-domain *( "," At-domain )
     Mailbox      = Local-part "@" ( Domain / address-literal )
     Local-part   = Dot-string / Quoted-string

   Of all this only what divides is looked at: brackets, the quotes that may
   hide one, and the source route, "to be ignored" (appendix C).  Whether a
   mailbox is one of ours is asked of others, and a sender is only noted. */
bool path_parse(const char **text, char **ret_address)
{
	const char *from = *text;
	const char *to;
	bool is_quoted = false;

	while (*from == ' ')
		from++;
	if (*from++ != '<')
		return false;
	for (to = from; *to != '\0' && (is_quoted || *to != '>'); to++) {
		if (is_quoted && *to == '\\' && to[1] != '\0')
			to++;
		else if (*to == '"')
			is_quoted = !is_quoted;
	}
	if (*to != '>' || (to[1] != ' ' && to[1] != '\0'))
		return false;
	if (*from == '@') {
		const char *colon = memchr(from, ':', (size_t)(to - from));

		if (colon == NULL)
			return false;
		from = colon + 1;
	}
	g_autofree char *raw = g_strndup(from, (size_t)(to - from));

	*ret_address = text_clean(raw);
	*text = to + 1;
	return true;
}

/* RFC 5321, 4.1.2:
     esmtp-param   = esmtp-keyword [ "=" esmtp-value ]
     esmtp-keyword = ( ALPHA / DIGIT ) *( ALPHA / DIGIT / "-" )
     esmtp-value   = 1*( %d33-60 / %d62-126 )

   A "=" inside a value is taken, too: it can mean nothing else. */
bool parameter_next(const char **text, char **ret_keyword, char **ret_value)
{
	const char *at = *text;
	size_t len = 0;
	size_t value_len = 0;

	while (*at == ' ')
		at++;
	if (*at == '\0') {
		*text = at;
		return false;
	}
	while (g_ascii_isalnum(at[len]) || (len > 0 && at[len] == '-'))
		len++;
	if (len == 0)
		return false;
	if (at[len] == '=') {
		value_len = strcspn(at + len + 1, " ");
		if (value_len == 0)
			return false;
		*ret_keyword = g_strndup(at, len);
		*ret_value = g_strndup(at + len + 1, value_len);
		*text = at + len + 1 + value_len;
		return true;
	}
	if (at[len] != ' ' && at[len] != '\0')
		return false;
	*ret_keyword = g_strndup(at, len);
	*ret_value = NULL;
	*text = at + len;
	return true;
}

/* RFC 3461, 4.2:
     orcpt-parameter            = "ORCPT=" original-recipient-address
     original-recipient-address = addr-type ";" xtext
   and RFC 6533, 3 for the addr-type "utf-8".

   Postfix hands on whatever the client said, octets that are no text among
   them, and a refusal would lose the report. */
char *orcpt_decode(const char *value)
{
	const char *semicolon = strchr(value, ';');
	g_autofree char *plain = NULL;

	if (g_ascii_strncasecmp(value, "rfc822;", 7) == 0)
		plain = xtext_decode(semicolon + 1);
	else if (g_ascii_strncasecmp(value, "utf-8;", 6) == 0)
		plain = unitext_decode(semicolon + 1);
	if (plain == NULL || strlen(plain) > BOUND_ADDRESS)
		return g_strdup("");
	return text_clean(plain);
}
