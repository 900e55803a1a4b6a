/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dialogue.h"
#include "token.h"

/* What the maps of return paths answer.  Neither ever waits, and neither ever
   says TEMP: a look-up in smtp_generic_maps that fails stops smtp(8) for all
   mail. */

/* What is known by heart of whom a return path names. */
typedef enum SignNames {
	SIGN_UNKNOWN, /* no campaign of ours */
	SIGN_NO_IDS,  /* a campaign, but recipient or campaign has no durable
			 id yet */
	SIGN_IDS,     /* both ids are durable */
} SignNames;

typedef struct SignIds {
	int64_t campaign_id;
	int64_t recipient_id;
} SignIds;

/* Looks in memory, never in the store; where ids are lacking it may note that
   they are wanted, for somebody else to assign.  RECIPIENT is folded. */
typedef SignNames (*SignLook)(void *data, const char *campaign,
    const char *recipient, SignIds *ret_ids);

/* `sign`: ADDRESS, unsigned (XVERP or a foreign pattern of ours) and of a
   campaign that LOOK knows, as a signed token of NOW: opaque with ids, else
   readable.  Anything else, and what fits neither form, is not found. */
MapReply map_sign(const TokenSpace *tokens, SignLook look, void *data,
    const char *address, int64_t now);

/* `token`: whether ADDRESS bears a genuine token that is good at NOW for
   LIFETIME seconds, the longest of any kind of report.  Asks keys alone. */
MapReply map_token(const TokenSpace *tokens, const char *address,
    int64_t lifetime, int64_t now);
