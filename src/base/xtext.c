/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The two spellings in which a mail address travels inside a parameter or a
   field that is itself ASCII. */

#include "xtext.h"

#include <stdbool.h>
#include <string.h>

/* xtext = *( xchar / hexchar )
   xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for
           "+" and "="
   hexchar = ASCII "+" immediately followed by two upper case hexadecimal
             digits                                        [RFC 3461, 4] */
char *xtext_decode(const char *text)
{
	g_autoptr(GString) plain = g_string_sized_new(strlen(text));

	for (const char *p = text; *p != '\0'; p++) {
		int octet;

		if (*p != '+') {
			if (*p < '!' || *p > '~' || *p == '=')
				return NULL;
			g_string_append_c(plain, *p);
			continue;
		}
		if (!g_ascii_isxdigit(p[1]) || !g_ascii_isxdigit(p[2]) ||
		    g_ascii_islower(p[1]) || g_ascii_islower(p[2]))
			return NULL;
		octet = g_ascii_xdigit_value(p[1]) * 16 +
			g_ascii_xdigit_value(p[2]);
		if (octet == 0)
			return NULL;
		g_string_append_c(plain, (char)octet);
		p += 2;
	}
	if (!g_utf8_validate(plain->str, (gssize)plain->len, NULL))
		return NULL;
	return g_strdup(plain->str);
}

/* EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"           [RFC 6533, 3]
   Leaves *ENDP behind the brace. */
static bool read_embedded(const char *p, gunichar *ret_c, const char **endp)
{
	gunichar c = 0;
	int digits = 0;

	if (strncmp(p, "\\x{", 3) != 0)
		return false;
	for (p += 3; g_ascii_isxdigit(*p) && digits < 6; p++, digits++)
		c = c * 16 + (gunichar)g_ascii_xdigit_value(*p);
	if (digits < 2 || *p != '}' || c == 0 || !g_unichar_validate(c))
		return false;
	*ret_c = c;
	*endp = p + 1;
	return true;
}

char *unitext_decode(const char *text)
{
	g_autoptr(GString) plain = g_string_sized_new(strlen(text));
	const char *p = text;

	while (*p != '\0') {
		gunichar c;

		if (*p == '\\' && read_embedded(p, &c, &p))
			g_string_append_unichar(plain, c);
		else
			g_string_append_c(plain, *p++);
	}
	return g_strdup(plain->str);
}
