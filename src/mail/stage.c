/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The SMTP stage, from the words in which mail systems say it.  The remote
   side's reply is quoted in the same text, and what it says must not pass for
   what our side saw.  Postfix puts its words behind the reply, so of these the
   last one counts; all others put them before, so there it is the first. */

#include "stage.h"

#include <string.h>

typedef struct Phrase {
	const char *words;
	SmtpStage stage;
} Phrase;

/* smtp_proto.c and smtp_sasl_proto.c: "(in reply to %s)" ends the text */
static const Phrase after_reply[] = {
	{ "(in reply to RCPT TO command", STAGE_RCPT },
	{ "(in reply to MAIL FROM command", STAGE_MAIL },
	{ "(in reply to DATA command", STAGE_DATA },
	{ "(in reply to end of DATA command", STAGE_DOT },
	{ "(in reply to BDAT command", STAGE_DOT },
	{ "(in reply to EHLO command", STAGE_HELO },
	{ "(in reply to HELO command", STAGE_HELO },
	{ "(in reply to LHLO command", STAGE_HELO },
	{ "(in reply to STARTTLS command", STAGE_TLS },
	{ "(in reply to AUTH", STAGE_AUTH },
	{ "(in reply to initial server greeting", STAGE_CONNECT },
};

static const Phrase before_reply[] = {
	/* Postfix */
	{ "refused to talk to me", STAGE_CONNECT },
	{ "while receiving the initial server greeting", STAGE_CONNECT },
	{ "while performing the EHLO handshake", STAGE_HELO },
	{ "while performing the HELO handshake", STAGE_HELO },
	{ "while performing the LHLO handshake", STAGE_HELO },
	{ "while performing the initial protocol handshake", STAGE_HELO },
	{ "while sending MAIL FROM", STAGE_MAIL },
	{ "while sending RCPT TO", STAGE_RCPT },
	{ "while receiving the RCPT TO", STAGE_RCPT },
	{ "while sending DATA command", STAGE_DATA },
	{ "while sending message body", STAGE_DOT },
	{ "while sending end of data", STAGE_DOT },
	{ "while sending message", STAGE_DOT },
	{ "TLS is required", STAGE_TLS },
	{ "Cannot start TLS", STAGE_TLS },
	{ "Server certificate not", STAGE_TLS },
	{ "SASL authentication failed", STAGE_AUTH },
	{ ": connect to ", STAGE_CONNECT },
	/* Exim */
	{ "after RCPT TO", STAGE_RCPT },
	{ "after pipelined RCPT TO", STAGE_RCPT },
	{ "after MAIL FROM", STAGE_MAIL },
	{ "after pipelined MAIL FROM", STAGE_MAIL },
	{ "after end of data", STAGE_DOT },
	{ "after pipelined end of data", STAGE_DOT },
	{ "after DATA", STAGE_DATA },
	{ "after pipelined DATA", STAGE_DATA },
	{ "after initial connection", STAGE_CONNECT },
	{ "after EHLO", STAGE_HELO },
	{ "after HELO", STAGE_HELO },
	{ "after LHLO", STAGE_HELO },
	{ "after STARTTLS", STAGE_TLS },
	{ "after AUTH", STAGE_AUTH },
	/* qmail-remote */
	{ "does not like recipient", STAGE_RCPT },
	{ "does not like sender", STAGE_MAIL },
	{ "failed on DATA command", STAGE_DATA },
	{ "failed after I sent the message", STAGE_DOT },
	{ "but greeting failed", STAGE_CONNECT },
	{ "but my name was rejected", STAGE_HELO },
	{ "wasn't able to establish an SMTP connection", STAGE_CONNECT },
	/* others that name the command */
	{ "for RCPT TO command", STAGE_RCPT }, /* kundenserver.de, GMX */
	{ "for MAIL FROM command", STAGE_MAIL },
	{ "for TEXT command", STAGE_DOT },
	{ "for DATA command", STAGE_DATA },
	{ "RCPT TO generated following response", STAGE_RCPT }, /* IMail */
	{ "MAIL FROM generated following response", STAGE_MAIL },
	{ "BODY generated following response", STAGE_DOT },
	{ "during RCPT TO", STAGE_RCPT },
	{ "during MAIL FROM", STAGE_MAIL },
	{ "response to RCPT TO", STAGE_RCPT },
	{ "response to MAIL FROM", STAGE_MAIL },
	{ "in response to RCPT TO", STAGE_RCPT },
	{ "in response to MAIL FROM", STAGE_MAIL },
	{ "in response to DATA", STAGE_DATA },
	{ "in response to end of data", STAGE_DOT },
};

/* A phrase's place in TEXT, the last or the first of them. */
static const char *find_phrase(const char *text, const char *words,
    bool is_last)
{
	const char *at = strstr(text, words);

	while (is_last && at != NULL) {
		const char *next = strstr(at + 1, words);

		if (next == NULL)
			break;
		at = next;
	}
	return at;
}

static SmtpStage find_stage(const char *text, const Phrase *phrases, unsigned n,
    bool is_last)
{
	SmtpStage stage = STAGE_UNKNOWN;
	const char *best = NULL;

	for (unsigned i = 0; i < n; i++) {
		const char *at = find_phrase(text, phrases[i].words, is_last);

		if (at == NULL || (best != NULL && (at > best) != is_last))
			continue;
		best = at;
		stage = phrases[i].stage;
	}
	return stage;
}

SmtpStage stage_find(const char *text)
{
	SmtpStage stage = find_stage(text, after_reply,
	    G_N_ELEMENTS(after_reply), true);

	if (stage == STAGE_UNKNOWN)
		stage = find_stage(text, before_reply,
		    G_N_ELEMENTS(before_reply), false);
	if (stage == STAGE_UNKNOWN && g_str_has_prefix(text, "connect to "))
		stage = STAGE_CONNECT;
	return stage;
}
