/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XFORWARD: what Postfix tells of the client that a message came from, and the
   queue id it has there.

     xforward-command = XFORWARD 1*( SP attribute-name "=" attribute-value )
     attribute-value  = xtext

   "[UNAVAILABLE]" stands for what is not known, "[TEMPUNAVAIL]" for what is
   not known now; to us both are "". */
#include "xforward.h"

#include "bounds.h"
#include "path.h"
#include "text.h"
#include "xtext.h"

#include <string.h>

static bool is_unavailable(const char *value)
{
	return g_ascii_strcasecmp(value, "[UNAVAILABLE]") == 0 ||
	       g_ascii_strcasecmp(value, "[TEMPUNAVAIL]") == 0;
}

/* Sets what we use of one attribute in ENVELOPE.  False when the name or the
   value is none that XFORWARD knows. */
static bool xforward_set(Envelope *envelope, const char *name,
    const char *value)
{
	static const char *const unused[] = { "PORT", "PROTO", "HELO", NULL };
	g_autofree char *plain = NULL;
	g_autofree char *printable = NULL;
	const char *text;

	/* not even read: a client may HELO with any octets */
	for (unsigned i = 0; unused[i] != NULL; i++)
		if (g_ascii_strcasecmp(name, unused[i]) == 0)
			return true;
	plain = xtext_decode(value);
	if (plain == NULL)
		return false;
	printable = text_printable(plain, strlen(plain), BOUND_NAME);
	text = is_unavailable(printable) ? "" : printable;
	if (g_ascii_strcasecmp(name, "NAME") == 0) {
		envelope_set(&envelope->client_name, text);
	} else if (g_ascii_strcasecmp(name, "ADDR") == 0) {
		/* pipe(8) says the same address without the prefix */
		if (g_ascii_strncasecmp(text, "IPv6:", 5) == 0)
			text += 5;
		envelope_set(&envelope->client_address, text);
	} else if (g_ascii_strcasecmp(name, "IDENT") == 0) {
		envelope_set(&envelope->queue_id, text);
	} else if (g_ascii_strcasecmp(name, "SOURCE") == 0) {
		envelope->is_local = g_ascii_strcasecmp(text, "LOCAL") == 0;
	} else {
		return false;
	}
	return true;
}

bool xforward_read(Envelope *envelope, const char *text)
{
	g_autofree char *name = NULL;
	g_autofree char *value = NULL;

	while (parameter_next(&text, &name, &value)) {
		if (value == NULL || !xforward_set(envelope, name, value))
			return false;
		g_clear_pointer(&name, g_free);
		g_clear_pointer(&value, g_free);
	}
	return *text == '\0';
}
