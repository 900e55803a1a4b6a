/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy.h"

/* Advice to senders that schedule themselves: not before which moment another
   mail has a chance.  It keeps nothing back; holds do that. */

typedef struct RetryProfile {
	const char *provider; /* g_intern_string(); "*" and "?" match */
	Ladder waits;         /* after the first bounce in a row, the second…;
				 after the last the last again */
	Ladder full_waits;    /* the same where the mailbox is full, too small
				 for it, or switched off */
} RetryProfile;

#define RETRY_PROFILES_MAX 32

/* The advice of this program, for the provider; the last is of any. */
extern const RetryProfile retry_defaults[];
extern const unsigned retry_defaults_len;

/* The first of PROFILES that is of PROVIDER, with what it leaves out from
   this program's own. */
RetryProfile retry_profile(const RetryProfile *profiles, unsigned n,
    const char *provider);

/* When to try again after a bounce for REASON at AT, the IN_A_ROW-th of its
   sort (1 is the first). */
int64_t retry_not_before(const RetryProfile *profile, enum vp_reason reason,
    unsigned in_a_row, int64_t at);
