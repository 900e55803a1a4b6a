/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Challenges: a filter holds the mail back until its sender has proved to be a
   person.  Some services write them as delivery status notifications, although
   nothing has failed, or begin like a mail system's notice; these are known by
   who they are, or by what they ask for in Subject: and in the text. */

#include "auto.h"
#include "reader.h"
#include "wordlist.h"

/* In lower case; the domain they send from, or one above it. */
static const char *const services[] = { "boxbe.com", "spamarrest.com",
	"mailinblack.com", "bluebottle.com", "0spam.com", "0spam.fr",
	"sendio.com", "knowspam.net", "vanquish.com", "digiportal.com",
	"cashette.com", "spamfence.net", "altospam.com", "earthlink-mail.net" };

static bool is_service(const char *address)
{
	const char *at = strrchr(address, '@');
	g_autofree char *domain = at != NULL ? g_ascii_strdown(at + 1, -1)
					     : NULL;

	if (domain == NULL)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
		size_t len = strlen(domain);
		size_t end = strlen(services[i]);

		if (g_str_has_suffix(domain, services[i]) &&
		    (len == end || domain[len - end - 1] == '.'))
			return true;
	}
	return false;
}

static bool has_header(const Mail *mail)
{
	static const char *const headers[] = { "X-Boxtrapper",
		"X-TMDA-Fingerprint", "X-ASK-Info", "X-Spamarrest-noauth",
		"X-Spamarrest-speedcode", "X-ChoiceMail-Registration-Request",
		"X-Bluebottle-Request", "X-MIB-Challenge",
		"X-Mailinblack-Challenge", "X-Challenge-Response",
		"X-CR-Hashedpuzzle-Request" };

	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++)
		if (*mail_header(mail, headers[i]) != '\0')
			return true;
	return false;
}

/* What they ask for, in lower case. */
static bool asks_to_confirm(const Report *report)
{
	static const char *const words[] = { "guest list", "waitlisted",
		"whitelist", "white list", "allowed list", "allow list",
		"approved list", "approved sender", "trusted sender",
		"verify that you are", "prove that you are",
		"click on the following link", "click the link below",
		"to confirm that you", "confirm your", "verify your",
		"to be delivered", "to release your message",
		"cliquez sur le lien", "auf den folgenden link",
		"haga clic en" };
	g_autofree char *lower = words_fold(report->text,
	    (gssize)MIN(strlen(report->text), 4000));

	return words_in(lower, words, G_N_ELEMENTS(words));
}

/* Anybody's, by what stands in Subject:. */
static bool has_subject(const Mail *mail)
{
	static const char *const subjects[] = {
		"your email requires verification",
		"your e-mail requires verification",
		"please confirm your message", "please confirm your email to",
		"please confirm your e-mail to", "please verify your message",
		"please verify your email to", "please authenticate your",
		"sender address verification", "sender verification",
		"verification required for your email",
		"verification of your email", "message verification",
		"your message requires confirmation",
		"your message awaits confirmation",
		"your mail requires confirmation", "confirm your message to",
		"confirmation required for", "challenge-response",
		"confirmation needed for your e-mail",
		"action required to deliver your", "spam blocker: please",
		"authentification de votre", "veuillez vous authentifier",
		"merci de confirmer votre message",
		"bitte bestätigen sie ihre nachricht",
		"por favor confirme su mensaje", "antispam uol",
		"confirme sua mensagem"
	};
	g_autofree char *subject = auto_bare_subject(mail);

	return words_begin(subject, subjects, G_N_ELEMENTS(subjects));
}

bool read_challenge_service(const Mail *mail, Report *report)
{
	if (!has_header(mail) &&
	    !((is_service(report->from) || has_subject(mail)) &&
		asks_to_confirm(report)))
		return false;
	report->kind = REPORT_CHALLENGE;
	return true;
}

bool read_challenge(const Mail *mail, Report *report)
{
	if (!has_subject(mail))
		return false;
	report->kind = REPORT_CHALLENGE;
	return true;
}
