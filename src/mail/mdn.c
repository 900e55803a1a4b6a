/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Message disposition notifications, RFC 8098: somebody's mail program says
   that a message was shown, or deleted unread. */

#include "reader.h"

#include "bounds.h"
#include "fields.h"
#include "names.h"
#include "text.h"
#include "wordlist.h"

static void read_disposition(Report *report, const MailPart *part)
{
	g_autoptr(Fields) fields = fields_read(part->octets, part->len);
	const char *final = fields_value(fields, "Final-Recipient");
	const char *original = fields_value(fields, "Original-Recipient");
	ReportRecipient *recipient;

	if (*final == '\0' && *original == '\0')
		return;
	recipient = report_add_recipient(report);
	recipient->part = part->number;
	text_take(&recipient->final_recipient, name_typed_address(final));
	text_take(&recipient->original_recipient, name_typed_address(original));
}

static const MailPart *find_part(const Mail *mail)
{
	const MailPart *part = mail_find(mail,
	    "message/disposition-notification");

	return part != NULL
		   ? part
		   : mail_find(mail, "message/global-disposition-notification");
}

bool read_mdn(const Mail *mail, Report *report)
{
	const MailPart *part = find_part(mail);

	if (part == NULL && g_ascii_strcasecmp(mail_report_type(mail),
				"disposition-notification") != 0)
		return false;
	report->kind = REPORT_RECEIPT;
	if (part != NULL)
		read_disposition(report, part);
	return true;
}

/* Sieve's "reject" in its older form (RFC 5429, 2.1.2), and a full mailbox at
   Dovecot's: the message was not taken, and a disposition notification says
   so.  Outlook's "not read" has the same fields and means something else, so it
   is the words that count. */
bool read_refusal(const Mail *mail, Report *report)
{
	static const char *const words[] = { "automatically rejected",
		"was rejected", "was refused", "has been rejected",
		"has been refused", "message refused", "message rejected" };
	const MailPart *part = find_part(mail);
	g_autofree char *lower = NULL;
	const char *submitted;
	ReportRecipient *recipient;

	if (part == NULL)
		return false;
	submitted = mail_header(mail, "Auto-Submitted");
	lower = g_ascii_strdown(report->text,
	    (gssize)MIN(strlen(report->text), 1000));
	if (strstr(submitted, "(rejected)") == NULL &&
	    !words_in(lower, words, G_N_ELEMENTS(words)))
		return false;
	report->kind = REPORT_DSN;
	read_disposition(report, part);
	if (report->recipients->len == 0)
		return true;
	recipient = g_ptr_array_index(report->recipients, 0);
	recipient->action = ACTION_FAILED;
	text_take(&recipient->diagnostic,
	    text_printable(report->text, strlen(report->text), BOUND_FIELD));
	return true;
}
