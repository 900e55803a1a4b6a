/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

#define REPLY_STATUS 12 /* "5.999.999" and a NUL */
#define REPLY_SPANS  8  /* later ones join the last */

/* What a server said, as rules look at it. */
typedef struct Reply {
	char *text; /* normalised: see reply_read() */
	size_t len;
	char *domains; /* of the addresses in it: "@mx.test @b.example " */
	/* where each reply of a transcript begins in the text; the last one
	   decides.  At least one. */
	size_t span[REPLY_SPANS];
	unsigned n_spans;
	unsigned code; /* RFC 5321 reply code of the last reply, or 0 */
	/* the innermost enhanced code, or "": the last one, but one that
	   says nothing (5.0.0) never replaces one that does */
	char status[REPLY_STATUS];
	bool is_status_first; /* it came before the words (RFC 2034, 4) */
	SmtpStage stage;      /* if the words around it tell */
} Reply;

/* Reads at most BOUND_JUDGED octets of TEXT.  Normalised means: valid UTF-8;
   white space collapsed to single blanks; typographic quotes as ASCII ones;
   all addresses as "@example.org", so that no rule matches somebody's name, nor
   his domain's; nor names of hosts that have their address beside them, nor
   what Postfix writes round a reply ("host a said:", "(in reply to...)"); and of
   a reply of several lines ("550-5.1.1 ..." "550
   5.1.1 ...") the codes that begin its second and later lines, so that a phrase
   matches across them.  Clear with reply_clear(). */
void reply_read(const char *text, Reply *ret_reply);
void reply_clear(Reply *reply);

/* The stage that the words of TEXT tell of: "in reply to RCPT TO"... */
SmtpStage reply_stage(const char *text);

/* How little STATUS says: 0 something, 1 no more than its subject ("5.1.0"),
   2 no more than its class ("5.0.0"), 3 nothing ("", "bork"). */
unsigned status_vagueness(const char *status);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reply, reply_clear)
