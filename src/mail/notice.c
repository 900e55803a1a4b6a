/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bounces for people, of any make: the parts that all makes share, and the
   reader of last resort.  It takes a message for a bounce only if both its
   sender and its words say so: ordinary mail talks about bounces, too. */

#include "notice.h"

#include "bounds.h"
#include "dsn.h"
#include "items.h"
#include "names.h"
#include "returned.h"
#include "text.h"
#include "transcript.h"

#include <string.h>

static bool contains_any(const char *text, const char *const *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

static bool is_daemon_address(const char *address)
{
	static const char *const locals[] = { "mailer-daemon", "mailerdaemon",
		"mailer_daemon", "mail-daemon", "maildaemon", "mdaemon",
		"daemon", "postmaster", "post_master", "double-bounce",
		/* Exchange 2007 and later */
		"microsoftexchange329e71ec88ae4615bbc36ab6ce41109e" };
	size_t len = strcspn(address, "@");

	for (unsigned i = 0; i < G_N_ELEMENTS(locals); i++)
		if (strlen(locals[i]) == len &&
		    g_ascii_strncasecmp(address, locals[i], len) == 0)
			return true;
	return false;
}

/* In lower case. */
static const char *const subjects[] = { "undeliver", "delivery fail",
	"failed delivery", "delivery status", "failure notice",
	"failure delivery", "returned mail", "mail delivery",
	"delivery notification", "delivery problem", "delivery error",
	"delivery report", "not be delivered", "not delivered", "non delivery",
	"non-delivery", "returned to sender", "return to sender",
	"mail failure", "message status", "mail system error", "mail failed",
	"been delivered", "during delivery", "nondeliverable",
	"non-deliverable", "could not send", "cannot send", "unknown user",
	"user unknown", "delayed", "mail error", "message delivery",
	"unzustellbar", "nicht zugestellt", "non remis", "échec de la remise",
	"non distribu", "no se puede", "no entregado", "mancato recapito",
	"falha na entrega", "не доставлен", "не может быть доставлен",
	"недоставлен", "退信", "无法投递", "無法投遞", "投递失败", "配信",
	"送信できません", "エラー" };

static bool has_bounce_subject(const Report *report)
{
	g_autofree char *subject = g_utf8_strdown(report->subject, -1);

	return contains_any(subject, subjects, G_N_ELEMENTS(subjects));
}

/* "Mail Delivery System <>" */
static bool is_daemon_name(const Mail *mail)
{
	static const char *const names[] = { "mailer-daemon", "mail delivery s",
		"mail deliver system", "postmaster" };
	g_autofree char *lower = g_ascii_strdown(mail_header(mail, "From"), -1);

	return contains_any(lower, names, G_N_ELEMENTS(names));
}

static bool is_from_daemon(const Mail *mail, const Report *report)
{
	return is_daemon_address(report->from) || is_daemon_name(mail);
}

bool notice_is_from_daemon(const Mail *mail, const Report *report)
{
	const char *return_path = mail_header(mail, "Return-Path");
	g_autofree char *sender = name_address(return_path);

	if (is_from_daemon(mail, report) || is_daemon_address(sender))
		return true;
	if (*return_path != '\0' && *sender == '\0')
		return true;
	if (*mail_header(mail, "X-Failed-Recipients") != '\0')
		return true;
	return report->is_auto_submitted && has_bounce_subject(report);
}

/* "----- Original message -----", "--- Below this line is a copy of the
   message.", "|--- Message text follows: ---|" */
static bool is_dashed_divider(const char *lower)
{
	static const char *const whats[] = { "message", "header", "mail" };
	static const char *const hows[] = { "copy", "original", "text follow",
		"message follow", "header follow", "mail follow",
		"is following", "below", "unsent", "returned", "forwarded",
		"undelivered" };

	if (*lower == '|')
		lower++;
	return g_str_has_prefix(lower, "--") &&
	       contains_any(lower, whats, G_N_ELEMENTS(whats)) &&
	       contains_any(lower, hows, G_N_ELEMENTS(hows)) &&
	       strstr(lower, "transcript") == NULL;
}

/* The others say it in words, or begin with the header at once. */
static bool is_divider(const char *line, size_t len)
{
	static const char *const prefixes[] = { "original message header",
		"original message follows", "original message as received",
		"original message:", "a copy of the original message",
		"included is a copy of the message", "message header follows",
		"received: from ", "received: by ", "return-path: <",
		"received:from " };
	char lower[200];

	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	if (len < 8)
		return false;
	len = MIN(len, sizeof(lower) - 1);
	for (size_t i = 0; i < len; i++)
		lower[i] = g_ascii_tolower(line[i]);
	lower[len] = '\0';
	for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(lower, prefixes[i]))
			return true;
	return is_dashed_divider(lower);
}

const char *notice_end(const char *text, const char **ret_returned)
{
	const char *line = text;

	while (*line != '\0') {
		size_t len = strcspn(line, "\n");
		const char *next = line[len] == '\n' ? line + len + 1
						     : line + len;

		if (is_divider(line, len)) {
			/* the line may be the header's first */
			*ret_returned = memchr(line, ':', len) != NULL &&
						*line != '-' && *line != '|'
					    ? line
					    : next + strspn(next, "\n-");
			return line;
		}
		line = next;
	}
	*ret_returned = line;
	return line;
}

/* reply-code of a refusal (RFC 5321, 4.2.1), standing by itself. */
static const char *find_reply(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if ((*p != '4' && *p != '5') || p[1] < '0' || p[1] > '5' ||
		    !g_ascii_isdigit(p[2]))
			continue;
		if (p[3] != ' ' && p[3] != '-' && p[3] != ':')
			continue;
		if (p == text || strchr(" :<('\"[", p[-1]) != NULL)
			return p;
	}
	return NULL;
}

/* "host mx.example.org[192.0.2.1] said", "host mx.example.org [192.0.2.1]:",
   "while talking to mx.example.org.:" */
static char *find_remote(const char *text)
{
	static const char *const words[] = { "host ", "while talking to ",
		"connect to ", "lost connection with " };

	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
		const char *at = strstr(text, words[i]);
		size_t len;

		if (at == NULL)
			continue;
		at += strlen(words[i]);
		len = strspn(at, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
		while (len > 0 && at[len - 1] == '.')
			len--;
		if (len > 0 && len <= BOUND_NAME &&
		    memchr(at, '.', len) != NULL)
			return g_strndup(at, len);
	}
	return g_strdup("");
}

/* What stands behind the address in "<ana@example.org>: reason". */
static const char *skip_address(const char *about, const char *address)
{
	const char *p = about + strspn(about, " \t<*-(\"'");
	size_t len = strlen(address);

	if (len == 0 || g_ascii_strncasecmp(p, address, len) != 0)
		return about;
	p += len;
	return p + strspn(p, ">\"')]:. \t-");
}

/* Fills in what ABOUT says of RECIPIENT. */
static void describe(ReportRecipient *recipient, const char *about)
{
	const char *reason = skip_address(about, recipient->final_recipient);
	const char *reply = find_reply(reason);

	text_take(&recipient->text, g_strdup(about));
	text_take(&recipient->diagnostic,
	    g_strdup(reply != NULL ? reply : reason));
	if (reply != NULL)
		text_take(&recipient->diagnostic_type, g_strdup("smtp"));
	text_take(&recipient->status, dsn_find_status(recipient->diagnostic));
	text_take(&recipient->remote_mta, find_remote(reason));
}

ReportRecipient *notice_add(Report *report, const char *address,
    const char *about)
{
	ReportRecipient *recipient;

	if (report->recipients->len >= BOUND_GROUPS) {
		report->is_truncated = true;
		return NULL;
	}
	recipient = report_add_recipient(report);
	recipient->part = report->text_part;
	text_take(&recipient->final_recipient, g_strdup(address));
	describe(recipient, about);
	return recipient;
}

ReportRecipient *notice_find(const Report *report, const char *address)
{
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		if (g_ascii_strcasecmp(recipient->final_recipient, address) ==
			0 ||
		    g_ascii_strcasecmp(recipient->original_recipient,
			address) == 0)
			return recipient;
	}
	return NULL;
}

void notice_read_items(Report *report, const char *text, const char *end)
{
	const char *line = text;
	Item item;

	while (items_next(&line, end, &item)) {
		ReportRecipient *known = notice_find(report, item.address);
		g_autofree char *about = text_printable(item.text, item.len,
		    BOUND_FIELD);

		/* a list of names may come first, and the reasons later */
		if (known == NULL)
			(void)notice_add(report, item.address, about);
		else if (*known->diagnostic == '\0')
			describe(known, about);
		item_clear(&item);
	}
}

/* The one address that the text names, when it names no other. */
static void read_only_mention(const Mail *mail, Report *report,
    const char *text, const char *end)
{
	g_autofree char *to = name_address(mail_header(mail, "To"));
	g_autofree char *notice = g_strndup(text, (gsize)(end - text));
	g_autoptr(Items) items = items_new(notice);
	g_autofree char *address = items_only_address(items, report->from, to);
	g_autofree char *about = NULL;

	if (*address == '\0' || is_daemon_address(address))
		return;
	about = items_about(items, address);
	(void)notice_add(report, address, about);
}

void notice_read_failed_recipients(const Mail *mail, Report *report)
{
	g_auto(GStrv)
	    list = g_strsplit(mail_header(mail, "X-Failed-Recipients"), ",",
		BOUND_GROUPS);

	for (char **text = list; *text != NULL; text++) {
		g_autofree char *address = name_address(*text);

		if (*address != '\0' && notice_find(report, address) == NULL)
			(void)notice_add(report, address, "");
	}
}

/* A warning that nothing has failed yet. */
static bool is_delay(const Report *report, const char *text, size_t len)
{
	static const char *const words[] = { "warning only", "will be retried",
		"still being retried", "not yet been delivered",
		"has been delayed", "is delayed", "no action is required",
		"will keep trying", "will continue to try",
		"delivery incomplete", "transient non-fatal", "will retry",
		"do not need to resend", "will be attempted again" };
	static const char *const failed[] = { "permanent", "giving up",
		"gave up", "has failed", "failed to", "fatal errors" };
	g_autofree char *lower = g_ascii_strdown(text, (gssize)len);
	g_autofree char *subject = g_ascii_strdown(report->subject, -1);

	if (contains_any(lower, words, G_N_ELEMENTS(words)) &&
	    !contains_any(lower, failed, G_N_ELEMENTS(failed)))
		return true;
	return g_str_has_prefix(subject, "warning:") ||
	       strstr(subject, "delayed") != NULL ||
	       strstr(subject, "(delay)") != NULL;
}

/* With one recipient, what its item does not say the rest of the text does. */
static void read_only_recipient(Report *report, const char *text,
    const char *end)
{
	ReportRecipient *recipient = g_ptr_array_index(report->recipients, 0);
	g_autofree char *about = NULL;
	const char *reply;

	if (*recipient->diagnostic_type != '\0')
		return;
	about = text_printable(text, (size_t)(end - text), BOUND_FIELD);
	reply = find_reply(about);
	if (reply != NULL) {
		text_take(&recipient->diagnostic, g_strdup(reply));
		text_take(&recipient->diagnostic_type, g_strdup("smtp"));
	}
	if (*recipient->status == '\0')
		text_take(&recipient->status,
		    dsn_find_status(reply != NULL ? reply : about));
	if (*recipient->remote_mta == '\0')
		text_take(&recipient->remote_mta, find_remote(about));
	if (*recipient->diagnostic == '\0' || reply != NULL)
		text_take(&recipient->text, g_steal_pointer(&about));
}

void notice_read(const Mail *mail, Report *report)
{
	const char *text = report->text;
	const char *returned;
	const char *end = notice_end(text, &returned);
	bool is_delayed = is_delay(report, text, (size_t)(end - text));

	if (report->recipients->len == 0)
		notice_read_items(report, text, end);
	transcript_read(report, text, end);
	if (report->recipients->len == 0)
		notice_read_failed_recipients(mail, report);
	if (report->recipients->len == 0)
		read_only_mention(mail, report, text, end);
	if (report->recipients->len == 1)
		read_only_recipient(report, text, end);
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		if (recipient->action == ACTION_NONE)
			recipient->action = is_delayed ? ACTION_DELAYED
						       : ACTION_FAILED;
	}
	returned_read_text(returned, strlen(returned), report);
}

static bool has_bounce_words(const Report *report)
{
	static const char *const words[] = { "be delivered", "not delivered",
		"been delivered", "no valid recipients", "failed recipients",
		"undeliverable", "delivery failed", "delivery has failed",
		"failed permanently", "unable to deliver", "unable to send",
		"returned to sender", "user unknown", "unknown user",
		"permanent error", "fatal error", "delivery to the following",
		"following address", "following recipient", "delivery attempt",
		"non remis", "zugestellt", "delivery errors",
		"transcript of session", "не может быть доставлен" };
	const char *returned;
	const char *end = notice_end(report->text, &returned);
	g_autofree char *lower = g_ascii_strdown(report->text,
	    end - report->text);

	return contains_any(lower, words, G_N_ELEMENTS(words));
}

bool read_notice(const Mail *mail, Report *report)
{
	if (!notice_is_from_daemon(mail, report))
		return false;
	/* a person's auto-reply comes from the null sender, too */
	if (!has_bounce_subject(report) &&
	    (!has_bounce_words(report) ||
		(report->is_auto_submitted && !is_from_daemon(mail, report))))
		return false;
	report->kind = REPORT_DSN;
	notice_read(mail, report);
	return true;
}
