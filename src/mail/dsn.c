/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery status notifications as RFC 3464 has them (RFC 6533 for addresses
   beyond ASCII): the field groups of message/delivery-status.  Only a status
   part of the message itself counts.  A copy of somebody's report, as Postfix
   sends to postmaster or a person forwards, has it inside a message/rfc822. */

#include "dsn.h"

#include "bounds.h"
#include "daemon.h"
#include "divider.h"
#include "dsn_words.h"
#include "names.h"
#include "notice.h"
#include "text.h"
#include "transcript.h"

#include <string.h>

/* Where the reading of one status part has got to. */
typedef struct Builder {
	Report *report;
	ReportRecipient *recipient; /* NULL before the first */
	unsigned part;
	bool is_new_group;
} Builder;

static void set_once(char **text, char *value)
{
	if (**text == '\0') {
		g_free(*text);
		*text = value;
	} else {
		g_free(value);
	}
}

/* The recipient a field belongs to.  Blank lines part recipients, but programs
   leave them out, or put them inside a group: so one that has been named
   already makes room for the next, named or not. */
static ReportRecipient *recipient_for(Builder *builder, bool is_named)
{
	ReportRecipient *recipient = builder->recipient;

	if (recipient != NULL && !is_named)
		return recipient;
	if (builder->report->recipients->len >= BOUND_GROUPS) {
		builder->report->is_truncated = true;
		return recipient;
	}
	builder->recipient = report_add_recipient(builder->report);
	builder->recipient->part = builder->part;
	return builder->recipient;
}

static void read_diagnostic(ReportRecipient *recipient, const char *value)
{
	if (*recipient->diagnostic != '\0' || *value == '\0')
		return;
	g_free(recipient->diagnostic);
	g_free(recipient->diagnostic_type);
	name_split_type(value, &recipient->diagnostic_type,
	    &recipient->diagnostic);
}

/* IronPort: Diagnostic-Code says "bounced by administrator" and this field
   what the other side did say. */
static void read_supplement(ReportRecipient *recipient, const char *value)
{
	g_autofree char *before = recipient->diagnostic;

	recipient->diagnostic = *before != '\0'
				    ? g_strconcat(before, " ", value, NULL)
				    : g_strdup(value);
}

/* Named, and nothing has been said of it: a blank line too many. */
static bool is_unfinished(const ReportRecipient *recipient)
{
	return recipient->action == ACTION_NONE && *recipient->status == '\0' &&
	       *recipient->diagnostic == '\0' &&
	       *recipient->original_recipient == '\0';
}

/* per-recipient-fields                                       [RFC 3464, 2.3] */
static void read_recipient_field(Builder *builder, Field *field)
{
	ReportRecipient *now = builder->recipient;
	bool is_new = builder->is_new_group && now != NULL &&
		      *now->final_recipient != '\0';

	if (field_is(field, "Final-Recipient")) {
		now = recipient_for(builder,
		    now != NULL && *now->final_recipient != '\0');
		if (now != NULL)
			set_once(&now->final_recipient,
			    name_typed_address(field_value(field)));
	} else if (field_is(field, "Original-Recipient")) {
		now = recipient_for(builder,
		    (is_new && !is_unfinished(now)) ||
			(now != NULL && *now->original_recipient != '\0'));
		if (now != NULL)
			set_once(&now->original_recipient,
			    name_typed_address(field_value(field)));
	} else if (field_is(field, "Action")) {
		now = recipient_for(builder,
		    is_new && now->action != ACTION_NONE);
		if (now != NULL && now->action == ACTION_NONE)
			now->action = dsn_read_action(field_value(field));
	} else if (field_is(field, "Status")) {
		now = recipient_for(builder, is_new && *now->status != '\0');
		if (now != NULL)
			set_once(&now->status,
			    dsn_find_status(field_value(field)));
	} else if (now != NULL && field_is(field, "Diagnostic-Code")) {
		read_diagnostic(now, field_value(field));
	} else if (now != NULL && field_is(field, "X-Supplementary-Info")) {
		read_supplement(now, field_value(field));
	} else if (now != NULL && field_is(field, "Remote-MTA")) {
		set_once(&now->remote_mta, name_typed_host(field_value(field)));
	} else {
		return;
	}
	builder->is_new_group = false;
}

/* per-message-fields                                         [RFC 3464, 2.2] */
static void read_message_fields(Report *report, const Fields *fields)
{
	set_once(&report->reporting_mta,
	    name_typed_host(fields_value(fields, "Reporting-MTA")));
	set_once(&report->postfix_sender,
	    name_typed_address(fields_value(fields, "X-Postfix-Sender")));
	set_once(&report->envelope_id,
	    g_strdup(fields_value(fields, "Original-Envelope-Id")));
	if (report->arrival == 0)
		report->arrival = dsn_read_date(fields_value(fields,
		    "Arrival-Date"));
}

/* The place of the one Final-Recipient of GROUP, or 0.  The order of fields
   means nothing (RFC 3464, 2.1.1), so it is read before those it is about; of
   several, whose blank lines were left out, each stands before its own. */
static guint first_to_read(const FieldGroup *group)
{
	guint place = 0;
	unsigned n = 0;

	for (guint i = 0; i < group->fields->len; i++) {
		if (field_is(group_field(group, i), "Final-Recipient")) {
			place = i;
			n++;
		}
	}
	return n == 1 ? place : 0;
}

void dsn_read_fields(Report *report, const Fields *fields, unsigned part)
{
	Builder builder = { .report = report, .part = part };

	if (fields->is_truncated)
		report->is_truncated = true;
	read_message_fields(report, fields);
	for (guint i = 0; i < fields->groups->len; i++) {
		const FieldGroup *group = fields_group(fields, i);

		guint first = first_to_read(group);

		builder.is_new_group = true;
		read_recipient_field(&builder, group_field(group, first));
		for (guint j = 0; j < group->fields->len; j++)
			if (j != first)
				read_recipient_field(&builder,
				    group_field(group, j));
	}
}

static bool has_recipient_fields(const Fields *fields)
{
	return (*fields_value(fields, "Final-Recipient") != '\0' ||
		   *fields_value(fields, "Original-Recipient") != '\0') &&
	       (*fields_value(fields, "Action") != '\0' ||
		   *fields_value(fields, "Status") != '\0');
}

/* The fields under a wrong name: a "message" whose header they are. */
static bool is_mistaken_message(const MailPart *part)
{
	g_autoptr(Fields) fields = NULL;

	if (!part->is_message)
		return false;
	fields = fields_read_header(part->octets, part->len);
	return *fields_value(fields, "Reporting-MTA") != '\0' ||
	       *fields_value(fields, "Final-Recipient") != '\0';
}

/* The fields in the first text that has them.  What a text returns behind its
   divider is not searched: it may itself be a report. */
static bool read_text_fields(const Mail *mail, Report *report)
{
	for (unsigned i = 0; i < mail_n_parts(mail); i++) {
		const MailPart *part = mail_part(mail, i);
		g_autofree char *text = NULL;
		g_autoptr(Fields) fields = NULL;
		const char *returned;
		const char *end;

		if (is_mistaken_message(part))
			text = g_strndup(part->octets, part->len);
		else if (part->len == 0 || part->is_message ||
			 (!g_str_has_prefix(part->type, "text/") &&
			     strcmp(part->type, "application/octet-stream") !=
				 0))
			continue;
		else
			text = mail_part_text(mail, part);
		end = divider_find(mail_words(mail), text, &returned);
		fields = fields_read(text, (size_t)(end - text));
		if (!has_recipient_fields(fields))
			continue;
		dsn_read_fields(report, fields, part->number);
		return true;
	}
	return false;
}

/* A program, a file, a host: what some mail systems put for Final-Recipient
   when an alias leads there. */
static bool is_no_address(const char *final)
{
	const char *at = strrchr(final, '@');

	return *final == '\0' || at == NULL || at == final ||
	       strchr("|/:", *final) != NULL || strchr(final, ' ') != NULL;
}

/* Then the words may have the address. */
static void mend_recipient(const Mail *mail, Report *report)
{
	ReportRecipient *recipient;
	g_autoptr(Report) words = NULL;

	if (report->recipients->len != 1)
		return;
	recipient = g_ptr_array_index(report->recipients, 0);
	if (!is_no_address(recipient->final_recipient) ||
	    *recipient->original_recipient != '\0')
		return;
	words = report_new();
	notice_read_failed_recipients(mail, words);
	if (words->recipients->len == 0) {
		const char *returned;

		notice_read_items(mail, words, report->text,
		    divider_find(mail_words(mail), report->text, &returned));
	}
	if (words->recipients->len != 1)
		return;
	text_take(&recipient->final_recipient,
	    g_strdup(report_recipient(words, 0)->final_recipient));
}

/* MDaemon has no Diagnostic-Code, and the dialogue in the words; sendmail's
   shows which command was refused. */
static void read_transcript(const Mail *mail, Report *report)
{
	const char *returned;

	(void)transcript_read(report, report->text,
	    divider_find(mail_words(mail), report->text, &returned));
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		if (*recipient->remote_mta == '\0')
			text_take(&recipient->remote_mta,
			    notice_find_speaker(recipient->diagnostic));
	}
}

/* A person asks what that is, and attaches it. */
static bool is_forwarded(const Mail *mail, const Report *report,
    const MailPart *part)
{
	return part->is_attachment && !daemon_is_sender(mail, report);
}

bool read_rfc3464(const Mail *mail, Report *report)
{
	const char *type = mail_report_type(mail);
	bool is_dsn = g_ascii_strcasecmp(type, "delivery-status") == 0 ||
		      g_ascii_strcasecmp(type, "global-delivery-status") == 0;

	for (unsigned i = 0; i < mail_n_parts(mail); i++) {
		const MailPart *part = mail_part(mail, i);
		g_autoptr(Fields) fields = NULL;

		if (strcmp(part->type, "message/delivery-status") != 0 &&
		    strcmp(part->type, "message/global-delivery-status") != 0)
			continue;
		if (!is_dsn && is_forwarded(mail, report, part))
			continue;
		is_dsn = true;
		fields = fields_read(part->octets, part->len);
		dsn_read_fields(report, fields, part->number);
	}
	if (!is_dsn)
		return false;
	report->kind = REPORT_DSN;
	/* cut short, or damaged: the words may have what the fields lack */
	if (report->recipients->len == 0)
		(void)read_text_fields(mail, report);
	if (report->recipients->len == 0)
		notice_read(mail, report);
	mend_recipient(mail, report);
	read_transcript(mail, report);
	return true;
}

/* Some gateways turn the status part into plain text, and some programs write
   its fields into the text for people. */
bool read_plain_dsn(const Mail *mail, Report *report)
{
	if (!daemon_is_sender(mail, report) || !read_text_fields(mail, report))
		return false;
	report->kind = REPORT_DSN;
	mend_recipient(mail, report);
	read_transcript(mail, report);
	return true;
}
