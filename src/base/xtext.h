/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* xtext (RFC 3461, 4) as the text it stands for; g_free() it.  NULL when TEXT
   is not xtext, or stands for NUL or for what is not UTF-8. */
char *xtext_decode(const char *text);

/* TEXT with each \x{HEX} (RFC 6533, 3: EmbeddedUnicodeChar) as the character
   it stands for; anything else is copied as it is.  g_free() it. */
char *unitext_decode(const char *text);
