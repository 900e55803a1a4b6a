/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "envelope.h"

static void recipient_free(EnvelopeRecipient *recipient)
{
	g_free(recipient->address);
	g_free(recipient->original);
	g_free(recipient);
}

Envelope *envelope_new(void)
{
	Envelope *envelope = g_new0(Envelope, 1);

	envelope->sender = g_strdup("");
	envelope->client_address = g_strdup("");
	envelope->client_name = g_strdup("");
	envelope->queue_id = g_strdup("");
	envelope->recipients =
	    g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	return envelope;
}

void envelope_free(Envelope *envelope)
{
	if (envelope == NULL)
		return;
	g_free(envelope->sender);
	g_free(envelope->client_address);
	g_free(envelope->client_name);
	g_free(envelope->queue_id);
	g_ptr_array_unref(envelope->recipients);
	g_free(envelope);
}

void envelope_add(Envelope *envelope, const char *address, const char *original)
{
	EnvelopeRecipient *recipient = g_new0(EnvelopeRecipient, 1);

	envelope_set(&recipient->address, address);
	envelope_set(&recipient->original, original);
	g_ptr_array_add(envelope->recipients, recipient);
}

void envelope_set(char **text, const char *value)
{
	char *copy = g_strdup(value != NULL ? value : "");

	g_free(*text);
	*text = copy;
}
