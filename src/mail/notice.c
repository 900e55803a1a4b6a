/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bounces for people, of any make: what all makes have in common.  makes.c knows
   the makes apart. */

#include "notice.h"

#include "action.h"
#include "bounds.h"
#include "daemon.h"
#include "dsn.h"
#include "items.h"
#include "names.h"
#include "prose.h"
#include "returned.h"
#include "text.h"
#include "transcript.h"
#include "wordlist.h"

#include <string.h>

/* "----- Original message -----", "--- Below this line is a copy of the
   message.", "|--- Message text follows: ---|" */
static bool is_dashed_divider(const char *lower)
{
	static const char *const whats[] = { "message", "header", "mail" };
	static const char *const hows[] = { "copy", "original", "text follow",
		"message follow", "header follow", "mail follow",
		"is following", "below", "unsent", "returned", "forwarded",
		"undelivered", "rejected", "attached", "start of" };

	if (*lower == '|')
		lower++;
	return g_str_has_prefix(lower, "--") &&
	       words_in(lower, whats, G_N_ELEMENTS(whats)) &&
	       words_in(lower, hows, G_N_ELEMENTS(hows)) &&
	       strstr(lower, "transcript") == NULL;
}

/* The others say it in words, or begin with the header at once. */
static bool is_divider(const char *line, size_t len)
{
	static const char *const prefixes[] = { "original message header",
		"original message follows", "original message as received",
		"original message:", "old message:", "original headers:",
		"message headers follow", "headers follow:", "headers follow.",
		"received headers follow", "your original message",
		"your message follows", "returned message follows",
		"returned content",
		"the original message was:", "the original message follows",
		"copy of the original", "here is a copy of the original",
		"a copy of your message", "a copy of the message",
		"this is a copy of the message",
		"the header of the original message", "ursprüngliche nachricht",
		"originalnachricht", "message d'origine", "message original",
		"mensaje original", "messaggio originale", "mensagem original",
		"--- 以下", "*** original message", "from mailer-daemon ",
		"a copy of the original message",
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
		if (p == text || strchr(" :;#=<('\"[", p[-1]) != NULL)
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
	const char *p = about + strspn(about, " \t<*-(\"'[+");
	size_t len = strlen(address);

	if (len == 0 || g_ascii_strncasecmp(p, address, len) != 0)
		return about;
	p += len;
	return p + strspn(p, ">\"')]:. \t-");
}

/* "(expanded from: <list@example.org>)", "(generated from ...)": whom the mail
   was for before an alias. */
static void read_expanded(ReportRecipient *recipient, const char *about)
{
	static const char *const words[] = { "expanded from", "generated from",
		"generated by", "originally addressed to", "forwarded from" };

	if (*recipient->original_recipient != '\0')
		return;
	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
		const char *at = strstr(about, words[i]);
		const char *start;
		size_t len;

		if (at == NULL)
			continue;
		at += strlen(words[i]);
		if (!mention_next(&at, at + MIN(strlen(at), BOUND_NAME), &start,
			&len))
			continue;
		text_take(&recipient->original_recipient,
		    g_strndup(start, len));
		return;
	}
}

/* REPLY to its end, but for what closes the quote: "<gw.example #5.1.1 smtp;550
   no such user>", "#550 5.1.1 no such user ##". */
static char *quoted_reply(const char *reply)
{
	size_t len = strlen(reply);

	if (len > 0 && strchr(">]", reply[len - 1]) != NULL &&
	    strpbrk(reply, "<[") == NULL)
		len--;
	while (len > 1 && (reply[len - 1] == '#' || reply[len - 1] == ' '))
		len--;
	return g_strndup(reply, len);
}

/* Fills in what ABOUT says of RECIPIENT. */
static void describe(ReportRecipient *recipient, const char *about)
{
	const char *reason = skip_address(about, recipient->final_recipient);
	const char *reply = find_reply(reason);

	text_take(&recipient->text, g_strdup(about));
	text_take(&recipient->diagnostic,
	    reply != NULL ? quoted_reply(reply) : g_strdup(reason));
	if (reply != NULL)
		text_take(&recipient->diagnostic_type, g_strdup("smtp"));
	text_take(&recipient->status, dsn_find_status(recipient->diagnostic));
	/* "<mx.example.org #5.1.1 smtp;550 no such user>" */
	if (*recipient->status == '\0')
		text_take(&recipient->status, dsn_find_status(reason));
	text_take(&recipient->remote_mta, find_remote(reason));
	read_expanded(recipient, about);
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

/* "ana@example.org; ben@example.org" at the beginning of an item. */
static void read_joined(Report *report, const Item *item, const char *about)
{
	const char *p = item->text;
	const char *stop = p + MIN(strcspn(p, "\n"), item->len);
	const char *last = NULL;
	const char *start;
	size_t len;

	while (mention_next(&p, stop, &start, &len)) {
		g_autofree char *address = g_strndup(start, len);

		if (last == NULL) {
			if (g_ascii_strcasecmp(address, item->address) != 0)
				return;
		} else if (memchr(last, '<', (size_t)(start - last)) != NULL &&
			   memchr(last, ',', (size_t)(start - last)) == NULL &&
			   memchr(last, ';', (size_t)(start - last)) == NULL) {
			return; /* "ana@example.org <ana@home.example>" */
		} else if (!mention_is_joined(last, start)) {
			return;
		} else if (notice_find(report, address) == NULL) {
			(void)notice_add(report, address, about);
		}
		last = start + len;
	}
}

void notice_read_items(Report *report, const char *text, const char *end)
{
	const char *line = text;
	Item item;

	while (items_next(text, &line, end, &item)) {
		ReportRecipient *known = notice_find(report, item.address);
		g_autofree char *about = text_printable(item.text, item.len,
		    BOUND_FIELD);

		/* a list of names may come first, and the reasons later */
		if (known == NULL && prose_is_other(text, item.text))
			; /* "A message sent by <ben@example.net>" */
		else if (known == NULL) {
			(void)notice_add(report, item.address, about);
			read_joined(report, &item, about);
		} else if (*known->diagnostic == '\0')
			describe(known, about);
		item_clear(&item);
	}
}

/* The address is the reporter's, or that of the mail it answers. */
static bool is_party(const Mail *mail, const Report *report,
    const char *address)
{
	g_autofree char *to = name_address(mail_header(mail, "To"));

	return g_ascii_strcasecmp(address, report->from) == 0 ||
	       g_ascii_strcasecmp(address, to) == 0 ||
	       daemon_is_address(address);
}

/* Those whom the sentences speak of; when there is none such, the one address
   that they name at all. */
static void read_prose(const Mail *mail, Report *report, const char *text,
    const char *end)
{
	g_autoptr(GPtrArray) names = prose_read(text, end);
	g_autofree char *notice = NULL;
	g_autoptr(Items) items = NULL;
	ProseRole best = PROSE_OTHER;
	unsigned n_unsaid = 0;

	for (guint i = 0; i < names->len; i++) {
		ProseName *name = g_ptr_array_index(names, i);

		if (is_party(mail, report, name->address))
			name->role = PROSE_OTHER;
		best = MAX(best, name->role);
		n_unsaid += name->role == PROSE_UNSAID;
	}
	if (best == PROSE_OTHER) {
		if (n_unsaid != 1)
			return;
		best = PROSE_UNSAID;
	}
	notice = g_strndup(text, (gsize)(end - text));
	items = items_new(notice);
	for (guint i = 0; i < names->len; i++) {
		const ProseName *name = g_ptr_array_index(names, i);
		g_autofree char *about = NULL;

		if (name->role != best)
			continue;
		about = items_about(items, name->address);
		(void)notice_add(report, name->address, about);
	}
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
		text_take(&recipient->diagnostic, quoted_reply(reply));
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

static void set_action(Report *report, ReportAction action)
{
	for (guint i = 0; i < report->recipients->len; i++) {
		ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		if (recipient->action == ACTION_NONE)
			recipient->action = action;
	}
}

void notice_read_only(Report *report)
{
	const char *text = report->text;
	const char *returned;
	const char *end = notice_end(text, &returned);

	read_only_recipient(report, text, end);
	set_action(report, action_find(report, text, (size_t)(end - text)));
}

bool notice_lists_recipient(const Report *report)
{
	g_autoptr(Report) trial = report_new();
	const char *returned;

	notice_read_items(trial, report->text,
	    notice_end(report->text, &returned));
	return trial->recipients->len > 0;
}

bool notice_names_recipient(const Mail *mail, const Report *report)
{
	g_autoptr(Report) trial = report_new();
	const char *returned;
	const char *end;

	text_take(&trial->from, g_strdup(report->from));
	end = notice_end(report->text, &returned);
	notice_read_items(trial, report->text, end);
	if (trial->recipients->len == 0)
		read_prose(mail, trial, report->text, end);
	return trial->recipients->len > 0;
}

void notice_read(const Mail *mail, Report *report)
{
	const char *text = report->text;
	const char *returned;
	const char *end = notice_end(text, &returned);

	if (report->recipients->len == 0)
		notice_read_items(report, text, end);
	transcript_read(report, text, end);
	if (report->recipients->len == 0)
		notice_read_failed_recipients(mail, report);
	if (report->recipients->len == 0)
		read_prose(mail, report, text, end);
	if (report->recipients->len == 1)
		read_only_recipient(report, text, end);
	set_action(report, action_find(report, text, (size_t)(end - text)));
	returned_read_text(returned, strlen(returned), report);
}

void notice_read_local_names(Report *report)
{
	static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789._-";
	const char *domain = strchr(report->from, '@');
	const char *line = strstr(report->text, ":\n");

	if (domain == NULL || line == NULL)
		return;
	line += 2;
	while (*line != '\0') {
		const char *name = line + strspn(line, " \t");
		size_t len = strspn(name, name_chars);
		g_autofree char *address = NULL;

		if (len == 0 || len > BOUND_LOCAL ||
		    (name[len] != '\n' && name[len] != '\0'))
			break;
		address = g_strdup_printf("%.*s%s", (int)len, name, domain);
		if (notice_add(report, address, "") == NULL)
			return;
		line = name + len;
		line += *line == '\n';
	}
	if (report->recipients->len == 1)
		notice_read_only(report);
	set_action(report, ACTION_FAILED);
}
