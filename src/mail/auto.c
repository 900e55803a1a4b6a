/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers of machines that are no reports: vacation notes (RFC 3834).  Headers
   say it best; where there is none, the subjects that mail programs put there,
   in the languages they are sold in. */

#include "auto.h"

#include "banner.h"
#include "reader.h"
#include "wordlist.h"

#include <string.h>

/* auto-submitted-field = "Auto-Submitted:" auto-submitted    [RFC 3834, 5] */
static bool is_auto_submitted(const char *value)
{
	return *value != '\0' && !(g_ascii_strncasecmp(value, "no", 2) == 0 &&
				     !g_ascii_isalnum(value[2]));
}

static bool has_precedence(const Mail *mail)
{
	const char *value = mail_header(mail, "Precedence");

	return g_ascii_strcasecmp(value, "auto_reply") == 0 ||
	       g_ascii_strcasecmp(value, "auto-reply") == 0;
}

bool auto_is_submitted(const Mail *mail)
{
	/* these say it by being there */
	static const char *const headers[] = { "X-Auto-Response-Suppress",
		"X-Autoreply", "X-Autorespond", "X-Autoresponder",
		"X-Auto-Reply", "X-Mail-Autoreply", "X-Autoreply-From",
		"X-Vacation", "X-AutoReply-From", "X-Apple-Action",
		"X-MS-Exchange-Inbox-Rules-Loop",
		"X-MS-Exchange-Generated-Message-Source" };

	if (is_auto_submitted(mail_header(mail, "Auto-Submitted")) ||
	    has_precedence(mail))
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++)
		if (*mail_header(mail, headers[i]) != '\0')
			return true;
	return false;
}

static bool is_absence_subject(const WordBook *book, const char *subject)
{
	unsigned n;
	const Word *ends = wordbook_words(book, WORDS_ABSENCE_SUBJECT_END, &n);

	for (unsigned i = 0; i < n; i++)
		if (g_str_has_suffix(subject, ends[i].text))
			return true;
	return wordbook_begins(book, WORDS_ABSENCE_SUBJECT, subject);
}

char *auto_bare_subject(const Mail *mail)
{
	g_autofree char *subject = words_flatten(mail_header(mail, "Subject"),
	    -1);
	const char *p = subject;

	for (;;) {
		size_t len = banner_tag_len(mail_words(mail), p);

		if (g_str_has_prefix(p, "re:"))
			p += 3;
		else if (len > 0)
			p += len;
		else if (*p == ' ' || *p == '[' || *p == '"')
			p += strspn(p, " [\"");
		else
			return g_strdup(p);
	}
}

/* What nobody but a program sends with the null sender, and is no bounce. */
static bool is_absence_text(const Mail *mail, const Report *report)
{
	const char *return_path = mail_header(mail, "Return-Path");
	g_autofree char *lower = NULL;

	if (strcmp(return_path, "<>") != 0)
		return false;
	lower = words_flatten(report->text,
	    (gssize)MIN(strlen(report->text), 2000));
	return wordbook_in(mail_words(mail), WORDS_ABSENCE, lower);
}

bool read_auto_reply(const Mail *mail, Report *report)
{
	g_autofree char *subject = NULL;

	if (!report->is_auto_submitted) {
		subject = auto_bare_subject(mail);
		if (!is_absence_subject(mail_words(mail), subject) &&
		    !is_absence_text(mail, report))
			return false;
	}
	report->kind = REPORT_AUTO_REPLY;
	return true;
}
