/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Events of mail services that come by mail: Amazon's SES says what happened in
   JSON, by way of SNS in a string of JSON within JSON; other services write
   other names for the same things.

     {"notificationType":"Bounce","bounce":{"bounceType":"Permanent",
       "bouncedRecipients":[{"emailAddress":"ana@example.org",
       "action":"failed","status":"5.1.1",
       "diagnosticCode":"smtp; 550 5.1.1 no such user"}]}}

   Objects are not followed.  All that counts are names, the strings and numbers
   behind them, and their order. */

#include "reader.h"

#include "bounds.h"
#include "dsn_words.h"
#include "names.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef enum Meaning {
	MEANS_EVENT,
	MEANS_ADDRESS, /* begins a recipient */
	MEANS_ACTION,
	MEANS_STATUS,
	MEANS_DIAGNOSTIC,
	MEANS_TEXT,
	MEANS_FEEDBACK,
	MEANS_REPORTER,
	MEANS_RETURN_PATH,
} Meaning;

/* ASCII case does not count. */
static const struct {
	const char *key;
	Meaning meaning;
} keys[] = {
	/* Amazon SES */
	{ "notificationType", MEANS_EVENT },
	{ "eventType", MEANS_EVENT },
	{ "emailAddress", MEANS_ADDRESS },
	{ "action", MEANS_ACTION },
	{ "status", MEANS_STATUS },
	{ "diagnosticCode", MEANS_DIAGNOSTIC },
	{ "smtpResponse", MEANS_DIAGNOSTIC },
	{ "bounceType", MEANS_TEXT },
	{ "bounceSubType", MEANS_TEXT },
	{ "delayType", MEANS_TEXT },
	{ "complaintFeedbackType", MEANS_FEEDBACK },
	{ "reportingMTA", MEANS_REPORTER },
	{ "source", MEANS_RETURN_PATH },
	{ "recipients", MEANS_ADDRESS },
	/* Mailgun, SendGrid, Mailjet, Postmark, SparkPost */
	{ "event", MEANS_EVENT },
	{ "RecordType", MEANS_EVENT },
	{ "type", MEANS_EVENT },
	{ "recipient", MEANS_ADDRESS },
	{ "email", MEANS_ADDRESS },
	{ "rcpt_to", MEANS_ADDRESS },
	{ "reason", MEANS_DIAGNOSTIC },
	{ "raw_reason", MEANS_DIAGNOSTIC },
	{ "message", MEANS_DIAGNOSTIC },
	{ "details", MEANS_DIAGNOSTIC },
	{ "severity", MEANS_TEXT },
	{ "error_related_to", MEANS_TEXT },
	{ "error", MEANS_TEXT },
	{ "description", MEANS_TEXT },
	{ "comment", MEANS_TEXT },
};

static const struct {
	const char *event;
	ReportKind kind;
	ReportAction action;
} events[] = {
	{ "bounce", REPORT_DSN, ACTION_FAILED },
	{ "bounced", REPORT_DSN, ACTION_FAILED },
	{ "failed", REPORT_DSN, ACTION_FAILED },
	{ "dropped", REPORT_DSN, ACTION_FAILED },
	{ "blocked", REPORT_DSN, ACTION_FAILED },
	{ "delivery", REPORT_DSN, ACTION_DELIVERED },
	{ "delivered", REPORT_DSN, ACTION_DELIVERED },
	{ "deliveryDelay", REPORT_DSN, ACTION_DELAYED },
	{ "deferred", REPORT_DSN, ACTION_DELAYED },
	{ "delay", REPORT_DSN, ACTION_DELAYED },
	{ "complaint", REPORT_COMPLAINT, ACTION_NONE },
	{ "complained", REPORT_COMPLAINT, ACTION_NONE },
	{ "spamreport", REPORT_COMPLAINT, ACTION_NONE },
	{ "spamComplaint", REPORT_COMPLAINT, ACTION_NONE },
	{ "spam", REPORT_COMPLAINT, ACTION_NONE },
};

typedef struct Event {
	Report *report;
	unsigned part;
	ReportKind kind;
	ReportAction action;
	ReportRecipient *recipient; /* the one read last, or NULL */
	GString *words;             /* what is said of all of them */
} Event;

/* string = %x22 *char %x22                                    [RFC 8259, 7]
   P is behind the first quote.  Every value is read as one line, so control
   characters are blanks.  sendmail breaks lines of more than 990 octets
   with "!" and a blank line's start: that is taken out. */
static const char *read_string(const char *p, GString *ret_string)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/     ";

	g_string_truncate(ret_string, 0);
	for (; *p != '\0' && *p != '"'; p++) {
		const char *escape;

		if (*p == '!' && p[1] == '\n') {
			p += p[2] == ' ' ? 2 : 1;
		} else if (*p == '\n') {
			continue;
		} else if (*p != '\\' || p[1] == '\0') {
			g_string_append_c(ret_string, *p);
		} else if ((escape = strchr(escapes, p[1])) != NULL) {
			g_string_append_c(ret_string, meant[escape - escapes]);
			p++;
		} else if (p[1] == 'u' && strspn(p + 2, "0123456789abcdef"
							"ABCDEF") >= 4) {
			char digits[5] = { p[2], p[3], p[4], p[5], '\0' };
			gunichar c = (gunichar)strtoul(digits, NULL, 16);

			if (c != 0 && g_unichar_validate(c))
				g_string_append_unichar(ret_string,
				    c < ' ' ? ' ' : c);
			p += 5;
		}
	}
	return *p == '"' ? p + 1 : p;
}

/* The next value that is a string or a number, and the name before it: that of
   the array if it stands in one.  False at the end. */
static bool read_pair(const char **text, GString *key, GString *value)
{
	const char *p = *text;

	while ((p += strcspn(p, "\"0123456789"), *p != '\0')) {
		if (*p != '"') {
			size_t len = strspn(p, "0123456789.");

			g_string_truncate(value, 0);
			g_string_append_len(value, p, (gssize)len);
			*text = p + len;
			return true;
		}
		p = read_string(p + 1, value);
		if (p[strspn(p, " \t\r\n")] != ':') {
			*text = p;
			return true;
		}
		g_string_assign(key, value->str);
	}
	*text = p;
	return false;
}

static void take_event(Event *event, const char *value)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(events); i++) {
		if (g_ascii_strcasecmp(events[i].event, value) != 0)
			continue;
		event->kind = events[i].kind;
		event->action = events[i].action;
	}
}

static void take_address(Event *event, const char *value)
{
	if (strchr(value, '@') == NULL)
		return;
	if (event->report->recipients->len >= BOUND_GROUPS) {
		event->report->is_truncated = true;
		return;
	}
	event->recipient = report_add_recipient(event->report);
	event->recipient->part = event->part;
	text_take(&event->recipient->final_recipient, name_address(value));
}

static void take_diagnostic(ReportRecipient *recipient, const char *value)
{
	g_autofree char *line = text_printable(value, strlen(value),
	    BOUND_FIELD);

	if (*recipient->diagnostic != '\0')
		return;
	g_free(recipient->diagnostic_type);
	g_free(recipient->diagnostic);
	name_split_type(line, &recipient->diagnostic_type,
	    &recipient->diagnostic);
	if (*recipient->status == '\0')
		text_take(&recipient->status,
		    dsn_find_status(recipient->diagnostic));
}

static void take_value(Event *event, Meaning meaning, const char *value)
{
	ReportRecipient *recipient = event->recipient;

	switch (meaning) {
	case MEANS_EVENT:
		take_event(event, value);
		break;
	case MEANS_ADDRESS:
		take_address(event, value);
		break;
	case MEANS_ACTION:
		if (recipient != NULL)
			recipient->action = dsn_read_action(value);
		break;
	case MEANS_STATUS:
		if (recipient != NULL)
			text_take(&recipient->status, dsn_find_status(value));
		break;
	case MEANS_DIAGNOSTIC:
		if (recipient != NULL)
			take_diagnostic(recipient, value);
		break;
	case MEANS_TEXT:
		if (event->words->len < BOUND_NAME && *value != '\0')
			g_string_append_printf(event->words, "%s%s",
			    event->words->len > 0 ? " " : "", value);
		break;
	case MEANS_FEEDBACK:
		text_take(&event->report->feedback_type,
		    text_utf8(value, strlen(value), BOUND_NAME));
		text_take(&event->report->feedback_type,
		    g_ascii_strdown(event->report->feedback_type, -1));
		break;
	case MEANS_REPORTER:
		text_take(&event->report->reporting_mta,
		    name_typed_host(value));
		break;
	case MEANS_RETURN_PATH:
		text_take(&event->report->original_mail_from,
		    name_address(value));
		break;
	}
}

static void read_event(Event *event, const char *text, unsigned depth)
{
	g_autoptr(GString) key = g_string_new(NULL);
	g_autoptr(GString) value = g_string_new(NULL);

	while (read_pair(&text, key, value)) {
		if (value->str[0] == '{') {
			if (depth == 0)
				read_event(event, value->str, depth + 1);
			continue;
		}
		for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
			if (g_ascii_strcasecmp(keys[i].key, key->str) != 0)
				continue;
			take_value(event, keys[i].meaning, value->str);
			break;
		}
	}
}

static void finish(Event *event)
{
	Report *report = event->report;
	g_autofree char *words = text_printable(event->words->str,
	    event->words->len, BOUND_FIELD);

	report->kind = event->kind;
	if (report->kind == REPORT_COMPLAINT && *report->feedback_type == '\0')
		text_take(&report->feedback_type, g_strdup("abuse"));
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		if (recipient->action == ACTION_NONE)
			recipient->action = event->action;
		if (*recipient->diagnostic == '\0' &&
		    report->kind == REPORT_DSN)
			text_take(&recipient->diagnostic, g_strdup(words));
		text_take(&recipient->text, g_strdup(words));
	}
}

static void text_swap(char **a, char **b)
{
	char *was = *a;

	*a = *b;
	*b = was;
}

static void recipients_swap(Report *a, Report *b)
{
	GPtrArray *was = a->recipients;

	a->recipients = b->recipients;
	b->recipients = was;
}

bool read_events(const Mail *mail, Report *report)
{
	const char *text = report->text + strspn(report->text, " \t\r\n");
	g_autoptr(GString) words = NULL;
	g_autoptr(Report) trial = NULL;
	Event event = { .part = report->text_part };

	if (*text != '{' && *text != '[')
		return false;
	words = g_string_new(NULL);
	trial = report_new();
	event.report = trial;
	event.words = words;
	read_event(&event, text, 0);
	if (event.kind == REPORT_NONE || trial->recipients->len == 0)
		return false;
	finish(&event);
	report->kind = trial->kind;
	report->is_truncated |= trial->is_truncated;
	text_swap(&report->feedback_type, &trial->feedback_type);
	text_swap(&report->reporting_mta, &trial->reporting_mta);
	text_swap(&report->original_mail_from, &trial->original_mail_from);
	recipients_swap(report, trial);
	return true;
}
