/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deliver.h"

/* What one envelope recipient claims to be, and how much of it is proven. */
typedef struct Claim {
	Token token;
	bool is_believed; /* else forged, and `why` says what failed */
	Trust trust;      /* when believed */
	char *why;
} Claim;

/* Weighs the address that the report came to: RECIPIENT's, or where that is
   no token of ours its ORCPT, or for a complaint the return path of the mail
   complained of. */
Claim *claim_weigh(const Judge *judge, const Envelope *envelope,
    const EnvelopeRecipient *recipient, const Report *report);
void claim_free(Claim *claim);

/* The delivery key of REPORT for this claim: SHA-256 over the token, the
   report's Message-ID and its digest.  Neither the queue id nor the raw octets:
   both change when Postfix requeues. */
void claim_key(const Claim *claim, const Report *report,
    uint8_t ret_key[STORE_KEY]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Claim, claim_free)
