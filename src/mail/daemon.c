/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mail systems by the names they go by. */

#include "daemon.h"

#include "names.h"
#include "wordlist.h"

bool daemon_is_address(const Mail *mail, const char *address)
{
	size_t len = strcspn(address, "@");
	g_autofree char *local = words_fold(address, (gssize)len);

	return wordbook_is(mail_words(mail), WORDS_SENDER, local);
}

bool daemon_has_subject(const Mail *mail, const Report *report)
{
	g_autofree char *subject = words_flatten(report->subject, -1);

	return wordbook_in(mail_words(mail), WORDS_SUBJECT, subject);
}

/* "Mail Delivery System <>", "Courier mail server <@>"; only programs leave the
   address empty. */
static bool is_daemon_name(const Mail *mail)
{
	const char *from = mail_header(mail, "From");
	g_autofree char *lower = NULL;

	if (g_str_has_suffix(from, "<>") || g_str_has_suffix(from, "<@>"))
		return true;
	lower = words_flatten(from, -1);
	return wordbook_in(mail_words(mail), WORDS_SENDER_NAME, lower);
}

bool daemon_is_from(const Mail *mail, const Report *report)
{
	return daemon_is_address(mail, report->from) || is_daemon_name(mail);
}

bool daemon_is_sender(const Mail *mail, const Report *report)
{
	const char *return_path = mail_header(mail, "Return-Path");
	g_autofree char *sender = name_address(return_path);

	if (daemon_is_from(mail, report) || daemon_is_address(mail, sender))
		return true;
	if (*return_path != '\0' && *sender == '\0')
		return true;
	if (*mail_header(mail, "X-Failed-Recipients") != '\0')
		return true;
	return report->is_auto_submitted && daemon_has_subject(mail, report);
}
