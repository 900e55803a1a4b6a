/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Challenges: a filter holds the mail back until its sender has proved to be a
   person.  Some services write them as delivery status notifications, although
   nothing has failed, or begin like a mail system's notice; these are known by
   who they are, or by what they ask for in Subject: and in the text. */

#include "auto.h"
#include "reader.h"
#include "wordlist.h"

static bool is_service(const WordBook *book, const char *address)
{
	unsigned n;
	const Word *services = wordbook_words(book, WORDS_CHALLENGE_SERVICE,
	    &n);
	const char *at = strrchr(address, '@');
	g_autofree char *domain = at != NULL ? g_ascii_strdown(at + 1, -1)
					     : NULL;

	if (domain == NULL)
		return false;
	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(domain);
		size_t end = services[i].len;

		if (g_str_has_suffix(domain, services[i].text) &&
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

/* What they ask for. */
static bool asks_to_confirm(const WordBook *book, const Report *report)
{
	g_autofree char *lower = words_flatten(report->text,
	    (gssize)MIN(strlen(report->text), 4000));

	return wordbook_in(book, WORDS_CHALLENGE, lower);
}

/* Anybody's, by what stands in Subject:. */
static bool has_subject(const Mail *mail)
{
	g_autofree char *subject = auto_bare_subject(mail);

	return wordbook_begins(mail_words(mail), WORDS_CHALLENGE_SUBJECT,
	    subject);
}

bool read_challenge_service(const Mail *mail, Report *report)
{
	if (!has_header(mail) &&
	    !((is_service(mail_words(mail), report->from) ||
		  has_subject(mail)) &&
		asks_to_confirm(mail_words(mail), report)))
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
