/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The message that came back: who had sent it, to whom, and which it was. */

#include "returned.h"

#include "fields.h"
#include "names.h"
#include "text.h"

#include <string.h>

static void take_header(Report *report, const char *id, const char *return_path,
    const char *to)
{
	text_take(&report->returned_message_id, name_message_id(id));
	text_take(&report->returned_return_path, name_address(return_path));
	text_take(&report->returned_to, name_address(to));
}

static bool is_returned(const char *type)
{
	static const char *const types[] = { "message/rfc822",
		"text/rfc822-headers", "message/global",
		"message/global-headers", "text/rfc822-header",
		"message/rfc822-headers" };

	for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

void returned_read_text(const char *text, size_t len, Report *report)
{
	g_autoptr(Fields) fields = fields_read(text, len);
	const FieldGroup *header;

	if (fields->groups->len == 0)
		return;
	header = fields_group(fields, 0);
	take_header(report, group_value(header, "Message-ID"),
	    group_value(header, "Return-Path"), group_value(header, "To"));
}

/* GMime gives a message part with an encoding, or one too deep, as a plain
   part: so it is asked what it is, not what it says it is. */
void returned_read(const Mail *mail, Report *report)
{
	for (unsigned i = 0; i < mail_n_parts(mail); i++) {
		const MailPart *part = mail_part(mail, i);
		g_autofree char *id = NULL;
		g_autofree char *return_path = NULL;
		g_autofree char *to = NULL;

		if (!is_returned(part->type))
			continue;
		if (part->message == NULL) {
			returned_read_text((const char *)part->octets->data,
			    part->octets->len, report);
			return;
		}
		id = mail_part_header(part, "Message-ID");
		return_path = mail_part_header(part, "Return-Path");
		to = mail_part_header(part, "To");
		take_header(report, id, return_path, to);
		return;
	}
}
