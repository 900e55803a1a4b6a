/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mailing lists that turn a message away, or hold it for a moderator.  The
   address that did not take it is the list's; the message that came back has
   it, the words often do not. */

#include "divider.h"
#include "items.h"
#include "notice.h"
#include "returned.h"
#include "text.h"
#include "wordlist.h"

#include <string.h>

/* Mailman, Sympa, ezmlm and others mark what they say themselves. */
static bool is_list_software(const Mail *mail)
{
	static const char *const headers[] = { "X-List-Administrivia",
		"X-Mailman-Version", "X-Sympa-To", "X-ML-Name", "List-Id",
		"Mailing-List", "X-Listserver" };

	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++)
		if (*mail_header(mail, headers[i]) != '\0')
			return true;
	return false;
}

/* The addresses that list managers take their orders at. */
static bool is_manager(const char *address)
{
	static const char *const names[] = { "listserv@", "majordomo@",
		"sympa@", "listproc@", "ecartis@" };
	g_autofree char *lower = g_ascii_strdown(address, -1);

	return words_begin(lower, names, G_N_ELEMENTS(names));
}

static bool is_from_software(const Mail *mail, bool is_marked)
{
	return is_marked &&
	       (*mail_header(mail, "X-List-Administrivia") != '\0' ||
		   strcmp(mail_header(mail, "Return-Path"), "<>") == 0);
}

/* Mailman's header, or RFC 2369's. */
static void read_list_address(const Mail *mail, Report *report)
{
	static const char *const headers[] = { "X-BeenThere", "List-Post" };

	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++) {
		const char *value = mail_header(mail, headers[i]);
		const char *start;
		size_t len;

		if (!mention_next(&value, value + strlen(value), &start, &len))
			continue;
		text_take(&report_add_recipient(report)->final_recipient,
		    g_strndup(start, len));
		notice_read_only(mail, report);
		return;
	}
}

bool read_list_refusal(const Mail *mail, Report *report)
{
	const WordBook *book = mail_words(mail);
	bool is_marked = is_list_software(mail);
	g_autofree char *lower = NULL;
	const char *returned;
	const char *end;
	size_t len;

	/* what its members say goes through the same software */
	if (!report->is_auto_submitted && !is_manager(report->from) &&
	    !is_from_software(mail, is_marked))
		return false;
	end = divider_find(mail_words(mail), report->text, &returned);
	len = MIN((size_t)(end - report->text), 2000);
	lower = words_flatten(report->text, (gssize)len);
	if (report->is_auto_submitted && is_marked &&
	    wordbook_in(book, WORDS_LIST_HELD, lower)) {
		report->kind = REPORT_DSN; /* nothing has failed */
		return true;
	}
	if (!wordbook_in(book, WORDS_LIST_REFUSAL_FROM_ANYONE, lower) &&
	    (!is_marked || !wordbook_in(book, WORDS_LIST_REFUSAL, lower)))
		return false;
	report->kind = REPORT_DSN;
	returned_read_text(returned, strlen(returned), report);
	read_list_address(mail, report);
	/* nothing came back that would have it */
	if (report->recipients->len == 0 && *returned == '\0' &&
	    mail_find(mail, "message/rfc822") == NULL)
		notice_read(mail, report);
	return true;
}
