/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* One RCPT of the envelope. */
typedef struct EnvelopeRecipient {
	char *address;  /* as given, without the angle brackets */
	char *original; /* ORCPT (RFC 3461, 4.2) decoded from xtext, or "" */
} EnvelopeRecipient;

/* What the wire, or pipe(8)'s argv, said of one message before its first
   octet.  Absent text is "". */
typedef struct Envelope {
	char *sender;          /* "" is the null sender */
	GPtrArray *recipients; /* of EnvelopeRecipient, at least one */
	char *client_address;  /* XFORWARD ADDR, "" if [UNAVAILABLE] */
	char *client_name;     /* XFORWARD NAME, the same */
	char *queue_id;        /* XFORWARD IDENT */
	bool is_local; /* XFORWARD SOURCE=LOCAL; pipe: empty client address */
	uint64_t size; /* octets received, before any cut */
} Envelope;

/* An envelope with every text empty. */
Envelope *envelope_new(void);
void envelope_free(Envelope *envelope);
/* Copies both; ORIGINAL may be NULL. */
void envelope_add(Envelope *envelope, const char *address,
    const char *original);
/* Frees *TEXT and puts a copy of VALUE ("" for NULL) there. */
void envelope_set(char **text, const char *value);

static inline const EnvelopeRecipient *envelope_recipient(const Envelope
							      *envelope,
    unsigned i)
{
	return g_ptr_array_index(envelope->recipients, i);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Envelope, envelope_free)
