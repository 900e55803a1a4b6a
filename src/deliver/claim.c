/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whom a report may speak of.  A signed token proves that its bearer saw that
   mail.  An unsigned address proves nothing by itself: anybody can write it.
   It counts only as a local bounce, a report that this host's own bounce(8)
   wrote while the mail was still in its hands, and then all of this holds:

     - the sender is null;
     - it was handed over by this host: XFORWARD says SOURCE=LOCAL and knows
       neither ADDR nor NAME (pipe(8): an empty ${client_address});
     - it never came by SMTP: its Received fields say "by" and none "from";
     - the report's Reporting-MTA is this host;
     - its X-Postfix-Sender is the campaign's own address, from which XVERP
       made the one the report came to;
     - its Final-Recipient is the recipient that the address decodes to.

   None of them is enough alone.  Loopback reinjection and pickup(8) say LOCAL
   as well: behind a content filter that hands mail back by sendmail(1) all mail
   is without an address, and only its Received fields remember.  And an outsider can make bounce(8) write to any XVERP address, by
   sending from it to a domain that refuses; then the Final-Recipient is that
   domain's.  The Original-Recipient does not count: it is the ORCPT, which the
   outsider chooses. */

#include "claim.h"

#include "address.h"
#include "text.h"

#include <string.h>

static bool address_equal(const char *a, const char *b)
{
	g_autofree char *fold_a = address_fold(a, NULL);
	g_autofree char *fold_b = address_fold(b, NULL);

	return fold_a != NULL && fold_b != NULL && strcmp(fold_a, fold_b) == 0;
}

static bool is_own_host(const Judge *judge, const char *name)
{
	for (char **host = judge->own_hosts; host != NULL && *host != NULL;
	     host++)
		if (domain_equal(*host, name))
			return true;
	return false;
}

static bool names_recipient(const Report *report, const char *recipient)
{
	for (unsigned i = 0; i < report->recipients->len; i++)
		if (address_equal(report_recipient(report, i)->final_recipient,
			recipient))
			return true;
	return false;
}

/* NULL when the report is a local bounce for TOKEN, else what is missing. */
static const char *local_bounce_lacks(const Judge *judge,
    const Envelope *envelope, const Report *report, const Token *token)
{
	if (envelope->sender[0] != '\0')
		return "unsigned, and its sender is not null";
	if (!envelope->is_local || envelope->client_address[0] != '\0' ||
	    envelope->client_name[0] != '\0')
		return "unsigned, and not from this host";
	if (report->has_travelled)
		return "unsigned, and came by SMTP before";
	if (report->kind != REPORT_DSN)
		return "unsigned, and not a delivery status notification";
	if (!is_own_host(judge, report->reporting_mta))
		return "unsigned, and its Reporting-MTA is another host";
	if (!address_equal(report->postfix_sender, token->base))
		return "unsigned, and its X-Postfix-Sender is not the "
		       "campaign's address";
	if (token->form == TOKEN_FOREIGN &&
	    !names_recipient(report, token->recipient))
		return "unsigned, and its Final-Recipient is another address";
	return NULL;
}

/* A feedback report comes to an address of its own; the token is in the mail
   complained of.  Only what is signed is taken from there. */
static bool find_inside(const Judge *judge, const Report *report,
    Token *ret_token)
{
	const char *const places[] = {
		report->returned_return_path,
		report->original_mail_from,
	};

	if (report->kind != REPORT_COMPLAINT)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		g_auto(Token) token = { 0 };

		token_decode(judge->tokens, places[i], &token);
		if (token.check == TOKEN_GENUINE) {
			*ret_token = token;
			memset(&token, 0, sizeof(token));
			return true;
		}
	}
	return false;
}

static bool is_signed(const Token *token)
{
	return token->check == TOKEN_GENUINE || token->check == TOKEN_FORGED;
}

static void decode(const Judge *judge, const EnvelopeRecipient *recipient,
    const Report *report, Token *ret_token)
{
	Token token = { 0 };

	token_decode(judge->tokens, recipient->address, ret_token);
	if (is_signed(ret_token) || ret_token->form == TOKEN_FOREIGN)
		return;
	/* a virtual alias took the token's place; Postfix keeps it as ORCPT */
	token_decode(judge->tokens, recipient->original, &token);
	if (is_signed(&token) || token.form == TOKEN_FOREIGN) {
		token_clear(ret_token);
		*ret_token = token;
		return;
	}
	token_clear(&token);
	if (find_inside(judge, report, &token)) {
		token_clear(ret_token);
		*ret_token = token;
	}
}

Claim *claim_weigh(const Judge *judge, const Envelope *envelope,
    const EnvelopeRecipient *recipient, const Report *report)
{
	g_autoptr(Claim) claim = g_new0(Claim, 1);
	const char *lacks = NULL;

	decode(judge, recipient, report, &claim->token);
	switch (claim->token.check) {
	case TOKEN_GENUINE:
		claim->trust = TRUST_SIGNED;
		break;
	case TOKEN_TRUSTED:
		/* CiviMail names the recipient by a number of its own, so the
		   report has to; of several nobody knows which was meant */
		claim->trust = claim->token.form == TOKEN_BASE &&
				       report->recipients->len != 1
				   ? TRUST_RECORD
				   : TRUST_ADMIN;
		break;
	case TOKEN_UNSIGNED:
		lacks = local_bounce_lacks(judge, envelope, report,
		    &claim->token);
		/* Delay warnings of XVERP mail come to the base address, for
		   several recipients at once: worth recording, no more. */
		claim->trust = claim->token.form == TOKEN_BASE ? TRUST_RECORD
							       : TRUST_LOCAL;
		break;
	case TOKEN_FORGED:
	case TOKEN_UNKNOWN:
	case TOKEN_NOT_OURS:
		lacks = text_or_empty(claim->token.why);
		if (lacks[0] == '\0')
			lacks = "not an address of ours";
		break;
	}
	claim->is_believed = lacks == NULL;
	claim->why = g_strdup(text_or_empty(lacks));
	return g_steal_pointer(&claim);
}

void claim_free(Claim *claim)
{
	if (claim == NULL)
		return;
	token_clear(&claim->token);
	g_free(claim->why);
	g_free(claim);
}

void claim_key(const Claim *claim, const Report *report,
    uint8_t ret_key[STORE_KEY])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const Token *token = &claim->token;
	g_autofree char *text =
	    g_strdup_printf("%d %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
			    " %" G_GINT64_FORMAT "\n%s\n%s\n%s\n",
		(int)token->form, (int)token->kind, token->day,
		token->campaign_id, token->recipient_id, token->campaign,
		token->recipient, report->message_id);
	uint8_t digest[REPORT_DIGEST];
	gsize len = STORE_KEY;

	report_digest(report, digest);
	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
	g_checksum_update(sum, digest, sizeof(digest));
	g_checksum_get_digest(sum, ret_key, &len);
}
