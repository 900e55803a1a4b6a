/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A message becomes a Report.  The readers, one for each make, are tried in
   the order of the table and the first that knows the message wins; what is
   the same for all (the returned message, what the human-readable text says of
   each recipient, what makes the digest) is done here after it. */

#include "report_read.h"

#include "auto.h"
#include "banner.h"
#include "daemon.h"
#include "divider.h"
#include "hints.h"
#include "items.h"
#include "names.h"
#include "notice.h"
#include "returned.h"
#include "stage.h"
#include "text.h"
#include "transcript.h"
#include "wordlist.h"

#include <string.h>

#include <gmime/gmime.h>

/* Machine-readable makes first, then those with words of their own, then what
   only looks like a bounce; an auto-reply is what is left when nothing
   better is known of it, for most bounces are auto-submitted too. */
static const struct {
	const char *format;
	ReaderFunc *read;
} readers[] = {
	{ "arf", read_arf },
	{ "jmrp", read_jmrp },
	{ "events", read_events },
	{ "refusal", read_refusal },
	{ "mdn", read_mdn },
	{ "challenge", read_challenge_service },
	{ "rfc3464", read_rfc3464 },
	{ "plain-dsn", read_plain_dsn },
	{ "qmail", read_qmail },
	{ "exim", read_exim },
	{ "sendmail", read_sendmail },
	{ "postfix", read_postfix },
	{ "list", read_list_refusal },
	{ "", read_make },
	{ "notice", read_notice },
	{ "unsubscribe", read_unsubscribe },
	{ "challenge", read_challenge },
	{ "auto-reply", read_auto_reply },
};

void mail_init(void)
{
	g_mime_init();
}

static void read_header(const Mail *mail, Report *report)
{
	text_take(&report->from, name_address(mail_header(mail, "From")));
	text_take(&report->to, name_address(mail_header(mail, "To")));
	text_take(&report->subject, g_strdup(mail_header(mail, "Subject")));
	text_take(&report->message_id,
	    name_message_id(mail_header(mail, "Message-ID")));
	text_take(&report->received_id,
	    name_received_id(mail_header(mail, "Received")));
	report->is_auto_submitted = auto_is_submitted(mail);
	report->has_travelled = mail_has_travelled(mail);
}

/* Our own gateway may have put a part of its own before the report. */
static void read_text(const Mail *mail, Report *report)
{
	const MailPart *text = mail_text_part(mail);
	g_autofree char *words = g_strdup(mail_text(mail));

	for (unsigned i = text != NULL ? text->number : 0;
	     i < mail_n_parts(mail) && banner_is_all(mail_words(mail), words);
	     i++) {
		const MailPart *next = mail_part(mail, i);

		if (next->is_attachment ||
		    !g_str_has_prefix(next->type, "text/"))
			continue;
		text = next;
		text_take(&words, mail_part_text(mail, next));
	}
	banner_blank(mail_words(mail), words);
	text_take(&report->text, g_steal_pointer(&words));
	report->text_part = text != NULL ? text->number : 0;
}

static void read_parts(const Mail *mail, Report *report)
{
	for (unsigned i = 0; i < mail_n_parts(mail); i++) {
		const MailPart *part = mail_part(mail, i);
		ReportPart *seen = report_add_part(report);

		seen->depth = part->depth;
		seen->size = part->len;
		text_take(&seen->content_type, g_strdup(part->type));
	}
	read_text(mail, report);
	report->is_truncated = mail_is_truncated(mail);
}

/* TEXT names a recipient that is not OWN; ALL has those there are, in lower
   case.  Of such text we could not tell whose words they are. */
static bool names_another(const char *text, const char *own, GHashTable *all)
{
	const char *end = text + strlen(text);
	const char *start;
	size_t len;

	while (mention_next(&text, end, &start, &len)) {
		g_autofree char *address = g_ascii_strdown(start, (gssize)len);

		if (g_ascii_strcasecmp(address, own) != 0 &&
		    g_hash_table_contains(all, address))
			return true;
	}
	return false;
}

static void take_about(ReportRecipient *recipient, const char *address,
    const Items *items, GHashTable *all)
{
	g_autofree char *about = NULL;

	if (*recipient->text != '\0')
		return;
	about = items_about(items, address);
	if (!names_another(about, recipient->final_recipient, all))
		text_take(&recipient->text, g_steal_pointer(&about));
}

/* What the text says of each recipient, and where SMTP ended by it. */
static void read_items(Report *report)
{
	g_autoptr(Items) items = items_new(report->text);
	g_autoptr(GHashTable)
	    all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < report->recipients->len; i++)
		g_hash_table_add(all,
		    g_ascii_strdown(report_recipient(report, i)
					->final_recipient,
			-1));
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		take_about(recipient, recipient->final_recipient, items, all);
		take_about(recipient, recipient->original_recipient, items,
		    all);
		if (recipient->stage == STAGE_UNKNOWN)
			recipient->stage = stage_find(recipient->text);
		if (recipient->stage == STAGE_UNKNOWN)
			recipient->stage = stage_find(recipient->diagnostic);
	}
}

/* The part that a program wrote for programs. */
static const MailPart *find_machine_part(const Mail *mail)
{
	static const char *const types[] = { "message/delivery-status",
		"message/global-delivery-status", "message/feedback-report",
		"message/disposition-notification",
		"message/global-disposition-notification" };

	for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
		const MailPart *part = mail_find(mail, types[i]);

		if (part != NULL && part->len > 0)
			return part;
	}
	return NULL;
}

static void read_substance(const Mail *mail, Report *report)
{
	const MailPart *part = find_machine_part(mail);
	size_t len = strlen(report->text);
	const char *octets = report->text;

	if (part != NULL) {
		octets = part->octets;
		len = part->len;
	} else if (len == 0) {
		octets = mail_body(mail, &len);
	}
	g_bytes_unref(report->substance);
	report->substance = g_bytes_new(octets, len);
}

/* What one report says of recipients, taken over by another that holds it. */
static void adopt(Report *report, Report *inner, unsigned part)
{
	GPtrArray *was = report->recipients;

	report->recipients = inner->recipients;
	inner->recipients = was;
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		recipient->part = part;
	}
	if (*report->reporting_mta == '\0')
		text_take(&report->reporting_mta,
		    g_steal_pointer(&inner->reporting_mta));
	if (report->arrival == 0)
		report->arrival = inner->arrival;
	text_take(&report->returned_message_id,
	    g_steal_pointer(&inner->returned_message_id));
	text_take(&report->returned_return_path,
	    g_steal_pointer(&inner->returned_return_path));
	text_take(&report->returned_from,
	    g_steal_pointer(&inner->returned_from));
	text_take(&report->returned_to, g_steal_pointer(&inner->returned_to));
	report->is_returned_to_alone = inner->is_returned_to_alone;
}

static Report *read_message(const WordBook *words, const char *bytes,
    size_t len, unsigned depth);

/* What came back, as a part or behind the text; "" if nothing did.  g_free()
   it. */
static char *returned_bytes(const Mail *mail, const Report *report,
    unsigned *ret_part)
{
	const MailPart *part = mail_find(mail, "message/rfc822");
	const char *returned;

	if (part != NULL) {
		*ret_part = part->number;
		return g_strndup(part->octets, part->len);
	}
	*ret_part = report->text_part;
	(void)divider_find(mail_words(mail), report->text, &returned);
	return g_strdup(returned);
}

/* A report that nothing names a recipient of, because a gateway has wrapped it
   up again: the report is what was "returned". */
static void read_wrapped(const Mail *mail, Report *report, unsigned depth)
{
	g_autoptr(Report) inner = NULL;
	g_autofree char *bytes = NULL;
	unsigned part;

	bytes = returned_bytes(mail, report, &part);
	if (*bytes == '\0')
		return;
	inner = read_message(mail_words(mail), bytes, strlen(bytes), depth + 1);
	if ((inner->kind != REPORT_DSN && inner->kind != REPORT_COMPLAINT) ||
	    inner->recipients->len == 0)
		return;
	report->kind = inner->kind;
	text_take(&report->feedback_type,
	    g_steal_pointer(&inner->feedback_type));
	text_take(&report->original_mail_from,
	    g_steal_pointer(&inner->original_mail_from));
	adopt(report, inner, part);
}

/* A gateway that names the recipient and no reason may have let the dialogue
   come back with the message: what it says of that recipient counts. */
static void read_returned_dialogue(const Mail *mail, Report *report)
{
	g_autoptr(Mail) inner = NULL;
	g_autoptr(Report) said = NULL;
	g_autofree char *bytes = NULL;
	ReportRecipient *recipient = g_ptr_array_index(report->recipients, 0);
	ReportRecipient *of;
	unsigned part;

	if (*recipient->status != '\0' || *recipient->diagnostic_type != '\0')
		return;
	bytes = returned_bytes(mail, report, &part);
	if (strstr(bytes, "<<< ") == NULL)
		return;
	inner = mail_open(mail_words(mail), bytes, strlen(bytes));
	said = report_new();
	(void)transcript_read(said, mail_text(inner),
	    mail_text(inner) + strlen(mail_text(inner)));
	of = notice_find(said, recipient->final_recipient);
	if (of == NULL || *of->diagnostic_type == '\0')
		return;
	recipient->part = part;
	recipient->stage = of->stage;
	text_take(&recipient->status, g_steal_pointer(&of->status));
	text_take(&recipient->remote_mta, g_steal_pointer(&of->remote_mta));
	text_take(&recipient->diagnostic, g_steal_pointer(&of->diagnostic));
	text_take(&recipient->diagnostic_type,
	    g_steal_pointer(&of->diagnostic_type));
}

/* A mail system that says nothing of a failure, and sends a report within: a
   filter that hands on what it suspects as an attachment. */
static bool is_bare_wrapper(const Mail *mail, const Report *report)
{
	return (report->kind == REPORT_NONE ||
		   (report->kind == REPORT_AUTO_REPLY &&
		       daemon_is_from(mail, report))) &&
	       mail_find(mail, "message/rfc822") != NULL &&
	       daemon_is_sender(mail, report);
}

/* Not "redacted@example.org", "<undisclosed>". */
static bool is_telling(const char *address)
{
	static const char *const hidden[] = { "redact", "undisclosed",
		"x-redact", "hidden", "anonym" };
	const char *at = strchr(address, '@');
	g_autofree char *lower = g_ascii_strdown(address, -1);

	return at != NULL && at > address && at[1] != '\0' &&
	       !words_begin(lower, hidden, G_N_ELEMENTS(hidden));
}

/* Who is left when nobody is named: the one person the message was for. */
static void read_only_addressee(const Mail *mail, Report *report)
{
	ReportRecipient *recipient;

	if (!report->is_returned_to_alone || !is_telling(report->returned_to) ||
	    g_ascii_strcasecmp(report->returned_to, report->from) == 0)
		return;
	recipient = report_add_recipient(report);
	text_take(&recipient->final_recipient, g_strdup(report->returned_to));
	if (report->kind != REPORT_DSN)
		return;
	notice_read_only(mail, report);
}

/* The words of the message that came back are ours, not the reporter's: no
   evidence of anything. */
static void cut_returned(const Mail *mail, Report *report)
{
	const char *returned;
	const char *end = divider_find(mail_words(mail), report->text,
	    &returned);

	if (report->kind == REPORT_DSN && *end != '\0' && end > report->text)
		report->text[end - report->text] = '\0';
}

/* What is left to judge are statements. */
static void cut_advice(const WordBook *book, Report *report)
{
	if (report->kind != REPORT_DSN)
		return;
	hints_blank(book, report->text);
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		hints_blank(book, recipient->text);
		if (*recipient->diagnostic_type == '\0')
			hints_blank(book, recipient->diagnostic);
	}
}

/* Where the value of a line "Subject: March issue" begins, or NULL. */
static const char *find_subject(const WordBook *book, const char *line)
{
	unsigned n;
	const Word *labels = wordbook_words(book, WORDS_SUBJECT_LABEL, &n);

	line += strspn(line, " \t*");
	for (unsigned i = 0; i < n; i++)
		if (g_ascii_strncasecmp(line, labels[i].text, labels[i].len) ==
		    0)
			return line + labels[i].len;
	return NULL;
}

static bool begins_field(const char *line, const char *const *names,
    unsigned n_names)
{
	line += strspn(line, " \t");
	for (unsigned i = 0; i < n_names; i++)
		if (g_ascii_strncasecmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Where the paragraph ends that TEXT begins with. */
static char *paragraph_end(char *text)
{
	char *blank = strstr(text, "\n\n");

	return blank != NULL ? blank + 1 : text + strlen(text);
}

/* The paragraph quotes our message's header: its "To:" says nothing of anyone. */
static bool is_header(const char *text, const char *end)
{
	static const char *const names[] = { "Message-ID:" };

	while (text < end) {
		if (begins_field(text, names, G_N_ELEMENTS(names)))
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

static void blank_lines(const WordBook *book, char *text, char *end)
{
	static const char *const names[] = {
		"Message-ID:", "Date:", "From:", "To:", "Cc:"
	};
	unsigned n = is_header(text, end) ? G_N_ELEMENTS(names) : 0;

	while (text < end) {
		char *stop = text + strcspn(text, "\n");
		const char *value = find_subject(book, text);

		if (begins_field(text, names, n))
			value = text;
		if (value != NULL && value < stop)
			memset(text + (value - text), ' ',
			    (size_t)(stop - value));
		text = stop + (*stop == '\n');
	}
}

/* So are the fields of its header, and its subject wherever it is quoted: "Your
   account has been disabled". */
static void blank_own_fields(const WordBook *book, Report *report)
{
	if (report->kind != REPORT_DSN)
		return;
	for (char *text = report->text; *text != '\0';) {
		char *end = paragraph_end(text);

		blank_lines(book, text, end);
		text = end + strspn(end, "\n");
	}
}

static bool wants_recipient(const Report *report)
{
	return (report->kind == REPORT_DSN ||
		   report->kind == REPORT_COMPLAINT) &&
	       report->recipients->len == 0;
}

static void read_by_make(const Mail *mail, Report *report)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(readers); i++) {
		if (!readers[i].read(mail, report))
			continue;
		if (*report->format == '\0')
			text_take(&report->format, g_strdup(readers[i].format));
		return;
	}
}

/* The mail that a filter on this side has wrapped up, or NULL. */
static const MailPart *find_original(const Mail *mail)
{
	for (unsigned i = 0; i < mail_n_parts(mail); i++)
		if (mail_part(mail, i)->is_wrapped)
			return mail_part(mail, i);
	return NULL;
}

static Report *read_message(const WordBook *words, const char *bytes,
    size_t len, unsigned depth)
{
	g_autoptr(Mail) mail = mail_open(words, bytes, len);
	const MailPart *original = depth == 0 ? find_original(mail) : NULL;
	Report *report;

	if (original != NULL) {
		report = read_message(words, original->octets, original->len,
		    depth + 1);
		/* what is within proves nothing of how it came */
		if (mail_has_travelled(mail))
			report->has_travelled = true;
		return report;
	}
	report = report_new();

	read_header(mail, report);
	read_parts(mail, report);
	read_by_make(mail, report);
	returned_read(mail, report);
	if (depth == 0 && is_bare_wrapper(mail, report)) {
		read_wrapped(mail, report, depth);
		if (report->recipients->len > 0)
			text_take(&report->format, g_strdup("wrapped"));
	} else if (depth == 0 && report->kind == REPORT_DSN &&
		   report->recipients->len == 0) {
		read_wrapped(mail, report, depth);
	} else if (depth == 0 && report->kind == REPORT_DSN &&
		   report->recipients->len == 1) {
		read_returned_dialogue(mail, report);
	}
	if (wants_recipient(report))
		read_only_addressee(mail, report);
	if (report->kind == REPORT_DSN && report->recipients->len == 0)
		notice_read_subject(mail, report);
	read_substance(mail, report);
	cut_returned(mail, report);
	blank_own_fields(words, report);
	read_items(report);
	cut_advice(words, report);
	return report;
}

Report *report_read(const WordBook *words, const char *bytes, size_t len)
{
	return read_message(words, bytes, len, 0);
}
