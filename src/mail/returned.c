/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The message that came back: who had sent it, to whom, and which it was. */

#include "returned.h"

#include "fields.h"
#include "names.h"
#include "text.h"

#include <string.h>

/* What is read of a returned header, in the order of `names`. */
enum {
	ID,
	RETURN_PATH,
	FROM,
	TO,
	CC,
	FEEDBACK_ID,
	LIST_POST,
	BEEN_THERE,
	N_NAMES
};

static const char *const names[N_NAMES] = {
	[ID] = "Message-ID",
	[RETURN_PATH] = "Return-Path",
	[FROM] = "From",
	[TO] = "To",
	[CC] = "Cc",
	[FEEDBACK_ID] = "CFBL-Feedback-ID",
	[LIST_POST] = "List-Post",
	[BEEN_THERE] = "X-BeenThere",
};

/* One "@" in both: a display name that has one makes it two, which errs on the
   side of saying less. */
static bool is_alone(const char *const *values)
{
	const char *at = strchr(values[TO], '@');

	return at != NULL && strchr(at + 1, '@') == NULL &&
	       strchr(values[CC], '@') == NULL && *values[LIST_POST] == '\0' &&
	       *values[BEEN_THERE] == '\0';
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
	g_autoptr(Fields) fields = fields_read_header(text, len);
	const char *values[N_NAMES];

	if (fields->groups->len == 0)
		return;
	for (unsigned i = 0; i < N_NAMES; i++)
		values[i] = fields_value(fields, names[i]);
	text_take(&report->returned_message_id, name_message_id(values[ID]));
	text_take(&report->returned_return_path,
	    name_address(values[RETURN_PATH]));
	text_take(&report->returned_from, name_address(values[FROM]));
	text_take(&report->returned_to, name_address(values[TO]));
	text_take(&report->feedback_id, g_strdup(values[FEEDBACK_ID]));
	report->is_returned_to_alone = is_alone(values);
}

void returned_read(const Mail *mail, Report *report)
{
	for (unsigned i = 0; i < mail_n_parts(mail); i++) {
		const MailPart *part = mail_part(mail, i);

		if (!is_returned(part->type))
			continue;
		returned_read_text(part->octets, part->len, report);
		return;
	}
}
