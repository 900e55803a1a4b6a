/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Feedback reports, RFC 5965: what a provider sends when a person calls a
   message junk.  Most of them leave out most of it. */

#include "reader.h"

#include "bounds.h"
#include "divider.h"
#include "dsn_words.h"
#include "fields.h"
#include "names.h"
#include "text.h"

#include <string.h>

/* Original-Rcpt-To may stand there several times (RFC 5965, 3.2);
   Removal-Recipient is of the drafts. */
static void read_recipients(Report *report, const Fields *fields, unsigned part,
    const char *name)
{
	for (guint i = 0; i < fields->groups->len; i++) {
		const FieldGroup *group = fields_group(fields, i);

		for (guint j = 0; j < group->fields->len; j++) {
			Field *field = group_field(group, j);
			ReportRecipient *recipient;

			if (!field_is(field, name) ||
			    *field_value(field) == '\0')
				continue;
			if (report->recipients->len >= BOUND_GROUPS) {
				report->is_truncated = true;
				return;
			}
			recipient = report_add_recipient(report);
			recipient->part = part;
			text_take(&recipient->final_recipient,
			    name_typed_address(field_value(field)));
		}
	}
}

static void read_feedback(Report *report, const Fields *fields, unsigned part)
{
	const char *arrival = fields_value(fields, "Arrival-Date");

	if (fields->is_truncated)
		report->is_truncated = true;
	text_take(&report->feedback_type,
	    g_ascii_strdown(fields_value(fields, "Feedback-Type"), -1));
	text_take(&report->original_mail_from,
	    name_typed_address(fields_value(fields, "Original-Mail-From")));
	text_take(&report->reporting_mta,
	    name_typed_host(fields_value(fields, "Reporting-MTA")));
	text_take(&report->envelope_id,
	    g_strdup(fields_value(fields, "Original-Envelope-Id")));
	if (*arrival == '\0')
		arrival = fields_value(fields, "Received-Date");
	report->arrival = dsn_read_date(arrival);
	read_recipients(report, fields, part, "Original-Rcpt-To");
	if (report->recipients->len == 0)
		read_recipients(report, fields, part, "Removal-Recipient");
}

static bool has_feedback(const Fields *fields)
{
	return *fields_value(fields, "Feedback-Type") != '\0' &&
	       *fields_value(fields, "User-Agent") != '\0';
}

/* feedback-report = *( feedback-type / user-agent / version )
   [RFC 5965, 3.1], and nothing before them. */
static bool is_all_feedback(const MailPart *part, const Fields *fields)
{
	size_t start = 0;

	while (start < part->len && g_ascii_isspace(part->octets[start]))
		start++;
	return has_feedback(fields) &&
	       *fields_value(fields, "Version") != '\0' &&
	       fields->groups->len == 1 &&
	       group_field(fields_group(fields, 0), 0)->name ==
		   part->octets + start;
}

/* The fields in a part that says it is text: some write them there, or a
   gateway has renamed it.  A whole mail may be about feedback: then it is one
   only if it has another mail within it, or the part has nothing else. */
static bool read_text_feedback(const Mail *mail, Report *report, bool has_mail)
{
	for (unsigned i = 0; i < mail_n_parts(mail); i++) {
		const MailPart *part = mail_part(mail, i);
		g_autoptr(Fields) fields = NULL;

		if (part->is_message || part->len == 0 ||
		    part->len > BOUND_FIELD)
			continue;
		fields = fields_read(part->octets, part->len);
		if (!is_all_feedback(part, fields) &&
		    !(has_mail && has_feedback(fields)))
			continue;
		read_feedback(report, fields, part->number);
		return true;
	}
	return false;
}

/* Fields by which nobody is asked about feedback reports: of a mail of its own
   that names the person and how the message came. */
static bool is_whole_feedback(const Mail *mail, const Fields *fields)
{
	return *fields_value(fields, "Original-Rcpt-To") != '\0' &&
	       (*fields_value(fields, "Source-IP") != '\0' ||
		   *fields_value(fields, "Original-Mail-From") != '\0') &&
	       *mail_header(mail, "In-Reply-To") == '\0';
}

/* All of it in one text: fields, and a message's header below them. */
static bool read_flat_feedback(const Mail *mail, Report *report)
{
	const char *returned;
	const char *end;
	g_autoptr(Fields) fields = NULL;

	if (strcasestr(report->text, "feedback-type:") == NULL)
		return false;
	end = divider_find(mail_words(mail), report->text, &returned);
	fields = fields_read(report->text, (size_t)(end - report->text));
	if (*fields_value(fields, "Feedback-Type") == '\0' ||
	    *fields_value(fields, "Version") == '\0')
		return false;
	if (!(*returned != '\0' && has_feedback(fields)) &&
	    !is_whole_feedback(mail, fields))
		return false;
	read_feedback(report, fields, report->text_part);
	return true;
}

bool read_arf(const Mail *mail, Report *report)
{
	const MailPart *part = mail_find(mail, "message/feedback-report");
	bool is_typed = g_ascii_strcasecmp(mail_report_type(mail),
			    "feedback-report") == 0;
	bool has_mail = is_typed || mail_find(mail, "message/rfc822") != NULL ||
			mail_find(mail, "text/rfc822-headers") != NULL;

	if (part != NULL) {
		g_autoptr(Fields) fields = fields_read(part->octets, part->len);

		read_feedback(report, fields, part->number);
	} else if (!read_text_feedback(mail, report, has_mail) &&
		   !read_flat_feedback(mail, report) && !is_typed) {
		return false;
	}
	report->kind = REPORT_COMPLAINT;
	return true;
}

/* Microsoft's Junk Mail Reporting Program: the message as it came, with the
   person's address in a header of its own; attached, or sent on as it is by
   programs that unpack it.  Where that header is missing, the report's own
   words are all there is. */
static bool is_jmrp_cover(const Report *report)
{
	return g_str_has_suffix(report->from, "@hotmail.com") &&
	       g_str_has_prefix(report->subject, "complaint about message");
}

bool read_jmrp(const Mail *mail, Report *report)
{
	static const char header[] = "X-HmXmrOriginalRecipient";
	const MailPart *part = mail_find(mail, "message/rfc822");
	g_autofree char *person = NULL;
	ReportRecipient *recipient;

	if (part != NULL) {
		g_autoptr(Fields)
		    fields = fields_read_header(part->octets, part->len);

		person = g_strdup(fields_value(fields, header));
	}
	if (person == NULL || *person == '\0')
		text_take(&person, g_strdup(mail_header(mail, header)));
	if (*person == '\0' && (part == NULL || !is_jmrp_cover(report)))
		return false;
	report->kind = REPORT_COMPLAINT;
	text_take(&report->feedback_type, g_strdup("abuse"));
	if (*person == '\0')
		return true;
	recipient = report_add_recipient(report);
	recipient->part = part != NULL ? part->number : 0;
	text_take(&recipient->final_recipient, name_address(person));
	return true;
}
