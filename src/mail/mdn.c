/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Message disposition notifications, RFC 8098: somebody's mail program says
   that a message was shown, or deleted unread. */

#include "reader.h"

#include "fields.h"
#include "names.h"
#include "text.h"

static void read_disposition(Report *report, const MailPart *part)
{
	g_autoptr(Fields) fields = fields_read((const char *)part->octets->data,
	    part->octets->len);
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

bool read_mdn(const Mail *mail, Report *report)
{
	const MailPart *part = mail_find(mail,
	    "message/disposition-notification");

	if (part == NULL)
		part = mail_find(mail,
		    "message/global-disposition-notification");
	if (part == NULL &&
	    g_ascii_strcasecmp(mail_type_parameter(mail, "report-type"),
		"disposition-notification") != 0)
		return false;
	report->kind = REPORT_RECEIPT;
	if (part != NULL)
		read_disposition(report, part);
	return true;
}
