/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wiring.h"

typedef struct Wiring {
	const Settings *settings;
	const Postconf *postconf; /* or NULL */
	WiringWish wish;
	char *lmtp, *map, *policy;
	char *ours; /* regexp of our addresses below sub_address, or NULL */
	GPtrArray *lines;
} Wiring;

/* NAME as main.cf has it; "" without a Postfix. */
const char *wiring_raw(const Postconf *postconf, const char *name);

/* LISTEN as Postfix calls it: a path in the queue directory relative to that,
   for its programs may be chrooted there.  g_free() it. */
char *wiring_from_here(const char *listen, const Postconf *postconf);

/* ---- lines: each is appended to those of WIRING ---- */

/* Takes VALUE; WHY is lent for ever.  Lent. */
WiringLine *wiring_add(Wiring *wiring, WiringPlace place, WiringKind kind,
    const char *name, char *value, const char *why);
/* NAME of main.cf must be VALUE. */
void wiring_set(Wiring *wiring, WiringPlace place, const char *name,
    const char *value, const char *why);
/* The list NAME must have ITEM, which is searched IS_FIRST if that matters. */
void wiring_list(Wiring *wiring, WiringPlace place, const char *name,
    const char *item, bool is_first, const char *why);
/* The service NAME of type unix that runs the last of FIELDS; OPTIONS are
   "name=value", ended by NULL, and ARGUMENTS those of pipe(8) or "". */
void wiring_service(Wiring *wiring, WiringPlace place, const char *name,
    const char *fields, const char *const *options, const char *arguments,
    const char *why);
/* SERVICE's own smtpd_recipient_restrictions, if it has any, begin with ITEM.
 */
void wiring_restrict_in(Wiring *wiring, WiringPlace place,
    const PostfixService *service, const char *item);
/* The last line so far that is about NAME of main.cf, or NULL.  Lent. */
WiringLine *wiring_line_of(const Wiring *wiring, const char *name);

/* ---- what stands in them ---- */

/* What stands behind the domain, or in a table the pattern, of our addresses:
   "inline:{bounces.test=X}" or "regexp:{{/^b\+...$/ X}}".  g_free() it. */
char *wiring_table_of(const Wiring *wiring, const char *before,
    const char *result);
/* DOMAIN as one more alternative of a regexp. */
void wiring_append_domain(GString *domains, const char *domain);

/* ---- services that are there ---- */

bool wiring_is_smtpd(const PostfixService *service);
/* Whether a content filter hands its mail back there. */
bool wiring_is_reinjection(const PostfixService *service);

/* ---- places with a file of their own ---- */

void wiring_sign(Wiring *wiring);
