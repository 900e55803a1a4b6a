/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "report.h"

/* Whose address a refusal names.  "<news@sender.example>: user unknown" is said
   of the sender, by a server that called back, and takes nothing from the
   recipient, whatever its code is. */
typedef enum Party {
	PARTY_NOBODY,    /* nobody's, or somebody's whom nothing tells of */
	PARTY_RECIPIENT, /* the recipient's, perhaps among others */
	PARTY_SENDER,    /* the sender's alone */
	PARTY_OTHER,     /* another recipient's of this report */
} Party;

/* Compares the addresses in SAID, a reply about RECIPIENT, with those that
   REPORT tells of.  An address of the sender's domain is the sender's, but where
   the recipient is of the same domain, and then only the sender's own is.  Of
   addresses that people are to write to (postmaster@) none counts, nor does the
   returned message's id.  RET_ADDRESS is the first that decided, g_free() it; ""
   for nobody. */
Party party_named(const Report *report, const ReportRecipient *recipient,
    const char *said, char **ret_address);

/* The same of names of hosts and domains, for a refusal that says of a domain
   that there is none such. */
Party party_domain_named(const Report *report, const ReportRecipient *recipient,
    const char *said, char **ret_domain);
