/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postconf.h"

/* What a selftest does with the mail system: hands in a bounce, asks smtpd(8)
   whom it takes mail for, and looks for the bounce in the queue. */

/* Hands a synthetic bounce for ADDRESS, about RECIPIENT, to sendmail(1), from
   the null sender. */
bool selftest_send(const Postconf *postconf, const char *address,
    const char *recipient, GError **error);

/* What smtpd(8) says to a null sender's RCPT TO:<ADDRESS>, "550 5.1.1 ...";
   g_free() it.  No message is sent.  "" when no smtpd(8) takes mail of others;
   NULL with VP_ERROR_TEMPORARY when it does not answer. */
char *selftest_ask_smtpd(const Postconf *postconf, const char *address,
    GError **error);

typedef struct QueuedBounce {
	char *id; /* "": it is not in the queue */
	char *reason;
} QueuedBounce;
void queued_bounce_clear(QueuedBounce *queued);
/* The message for ADDRESS.  VP_ERROR_TEMPORARY when the queue cannot be read:
   Postfix is down, or not ours to ask. */
bool selftest_find(const Postconf *postconf, const char *address,
    QueuedBounce *ret_queued, GError **error);
/* Takes it out of the queue; false when that could not be done. */
bool selftest_delete(const Postconf *postconf, const char *id);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QueuedBounce, queued_bounce_clear)
