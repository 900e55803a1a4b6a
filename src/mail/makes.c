/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bounces for people, told apart by their opening words, which are data; how an address stands in its text is the same few ways for all of
   them (items.c, transcript.c, prose.c).  Behind them is the reader of
   last resort, for what no word tells: it takes a message for a bounce only if
   both its sender and its words say so, because ordinary mail talks about
   bounces, too. */

#include "banner.h"
#include "daemon.h"
#include "divider.h"
#include "names.h"
#include "notice.h"
#include "text.h"
#include "wordlist.h"

typedef struct Make {
	const char *format;  /* NULL: none */
	bool is_from_anyone; /* else it must have come from a mail system, for a
				person may write the same words */
} Make;

/* Who leaves the domain out when it is the reporter's own. */
static bool has_local_names(const char *format)
{
	return strcmp(format, "aol") == 0;
}

enum {
	OPENING_OCTETS = 4096, /* openings are not looked for behind these */
	OPENING_LINES = 60,
	COVER_LINES = 2, /* a person who quotes one says something before */
};

/* Whether TEXT begins with OPENING, in which a blank is any white space. */
static bool opens(const char *text, const char *opening)
{
	for (; *opening != '\0'; opening++) {
		if (*opening != ' ') {
			if (*text++ != *opening)
				return false;
			continue;
		}
		if (!g_ascii_isspace(*text))
			return false;
		while (g_ascii_isspace(*text))
			text++;
	}
	return true;
}

/* The longest of LIST that TEXT begins with, if it is longer than BEST. */
static const Word *longest_opening(const WordBook *book, WordList list,
    const char *text, const Word *best)
{
	unsigned n;
	const Word *words = wordbook_words(book, list, &n);

	for (unsigned i = 0; i < n; i++)
		if ((best == NULL || words[i].len > best->len) &&
		    opens(text, words[i].text))
			best = &words[i];
	return best;
}

static Make make_at(const WordBook *book, const char *text)
{
	const Word *of_daemon = longest_opening(book, WORDS_OPENING, text,
	    NULL);
	const Word *of_anyone = longest_opening(book, WORDS_OPENING_FROM_ANYONE,
	    text, of_daemon);

	return (Make){ of_anyone != NULL ? of_anyone->of : NULL,
		of_anyone != of_daemon };
}

/* The make of which the line between P and STOP has the opening. */
static Make make_in(const WordBook *book, const char *p, const char *stop)
{
	Make make = { 0 };

	while (p < stop && make.format == NULL) {
		const char *dot = strstr(p, ". ");

		make = make_at(book, p);
		if (dot == NULL)
			break;
		p = dot + 2;
	}
	return make;
}

/* The make whose opening stands between TEXT and END; of several the first in
   the text.  RET_LINE: how many lines, but empty ones, are before. */
static Make find_make(const WordBook *book, const char *text, const char *end,
    unsigned *ret_line)
{
	size_t len = MIN((size_t)(end - text), OPENING_OCTETS);
	g_autofree char *lower = words_fold(text, (gssize)len);
	const char *line = lower;

	*ret_line = 0;
	for (unsigned i = 0; *line != '\0' && i < OPENING_LINES; i++) {
		const char *stop = line + strcspn(line, "\n");
		const char *p = line + strspn(line, " \t");

		if (*p != '>') {
			Make make = make_in(book, p, stop);

			if (make.format != NULL)
				return make;
		}
		*ret_line += p < stop;
		line = *stop == '\n' ? stop + 1 : stop;
	}
	return (Make){ 0 };
}

bool read_make(const Mail *mail, Report *report)
{
	const char *returned;
	const char *end = divider_find(mail_words(mail), report->text,
	    &returned);
	unsigned line;
	Make make = find_make(mail_words(mail), report->text, end, &line);

	if (make.format == NULL)
		return false;
	if (daemon_is_sender(mail, report)) {
		/* a person's auto-reply comes from the null sender, too */
		if (report->is_auto_submitted &&
		    !daemon_is_from(mail, report) &&
		    !daemon_has_subject(mail, report))
			return false;
	} else if (!make.is_from_anyone || line >= COVER_LINES ||
		   !notice_names_recipient(mail, report)) {
		return false;
	}
	report->kind = REPORT_DSN;
	text_take(&report->format, g_strdup(make.format));
	notice_read(mail, report);
	if (report->recipients->len == 0 && has_local_names(make.format))
		notice_read_local_names(mail, report);
	return true;
}

static bool has_bounce_words(const Mail *mail, const Report *report)
{
	const char *returned;
	const char *end = divider_find(mail_words(mail), report->text,
	    &returned);
	g_autofree char *lower = words_flatten(report->text,
	    end - report->text);

	return wordbook_in(mail_words(mail), WORDS_BOUNCE, lower);
}

/* A subject that has nothing of a person's own before it. */
static bool has_plain_subject(const Mail *mail, const Report *report)
{
	g_autofree char *lower = words_flatten(report->subject, -1);
	const char *subject = lower + banner_tag_len(mail_words(mail), lower);
	unsigned n;
	const Word *words = wordbook_words(mail_words(mail),
	    WORDS_SUBJECT_ALONE, &n);

	for (unsigned i = 0; i < n; i++) {
		const char *behind = subject + words[i].len;

		/* "Undeliverable: March issue", "... (Failure)" */
		if (g_str_has_prefix(subject, words[i].text) &&
		    (*behind == '\0' || *behind == ':' ||
			g_str_has_prefix(behind, " (")))
			return true;
	}
	return false;
}

/* What many have subscribed to, and can be rid of: talk, even if of bounces. */
static bool is_newsletter(const Mail *mail)
{
	return *mail_header(mail, "List-Unsubscribe") != '\0' ||
	       *mail_header(mail, "List-Id") != '\0';
}

/* From an address that could be anybody's: a gateway's administrator.  Then
   everything else has to be there. */
static bool is_from_gateway(const Mail *mail, const Report *report)
{
	return has_plain_subject(mail, report) &&
	       has_bounce_words(mail, report) &&
	       *mail_header(mail, "In-Reply-To") == '\0' &&
	       (report->is_auto_submitted || !is_newsletter(mail)) &&
	       notice_lists_recipient(mail, report);
}

/* "Re: ", "Fwd: " and the like: a person's. */
static bool has_answer_subject(const Report *report)
{
	size_t len = strcspn(report->subject, " :[");

	return len > 0 && len <= 3 && report->subject[len] == ':';
}

/* A mail system that writes of an address it was sent nothing by, in whatever
   language: no words are needed.  With a way back it may be a person of that
   name, who seldom makes a list of addresses and codes. */
static bool is_about_recipient(const Mail *mail, const Report *report)
{
	const char *return_path = mail_header(mail, "Return-Path");

	if (!daemon_is_from(mail, report) ||
	    *mail_header(mail, "In-Reply-To") != '\0')
		return false;
	if (*return_path == '\0' || strcmp(return_path, "<>") == 0)
		return notice_names_recipient(mail, report);
	return !has_answer_subject(report) && !is_newsletter(mail) &&
	       notice_lists_refusal(mail, report);
}

/* A postmaster is a person, too: with a way back to him, and with words that no
   notice begins with. */
static bool is_from_person(const Mail *mail, const Report *report)
{
	const char *return_path = mail_header(mail, "Return-Path");

	return strchr(return_path, '@') != NULL &&
	       g_ascii_strncasecmp(report->from, "postmaster@", 11) == 0 &&
	       !report->is_auto_submitted && !has_plain_subject(mail, report) &&
	       *mail_header(mail, "X-Failed-Recipients") == '\0' &&
	       !notice_names_recipient(mail, report);
}

/* A mail system by name alone, with a way back to its address: so spam calls
   itself. */
static bool is_only_named_daemon(const Mail *mail, const Report *report)
{
	g_autofree char *sender = name_address(mail_header(mail,
	    "Return-Path"));

	return strchr(sender, '@') != NULL && !report->is_auto_submitted &&
	       !daemon_is_address(mail, sender) &&
	       !daemon_is_address(mail, report->from) &&
	       *mail_header(mail, "X-Failed-Recipients") == '\0';
}

bool read_notice(const Mail *mail, Report *report)
{
	if (!daemon_is_sender(mail, report) ||
	    is_only_named_daemon(mail, report)) {
		if (!is_from_gateway(mail, report))
			return false;
	} else if (!daemon_has_subject(mail, report) &&
		   !is_about_recipient(mail, report) &&
		   (!has_bounce_words(mail, report) ||
		       (report->is_auto_submitted &&
			   !daemon_is_from(mail, report)))) {
		/* a person's auto-reply comes from the null sender, too */
		return false;
	} else if (is_from_person(mail, report)) {
		return false;
	}
	report->kind = REPORT_DSN;
	notice_read(mail, report);
	return true;
}
