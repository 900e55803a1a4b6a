/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A person asks in plain words to be taken off: in Subject: of a mail that says
   nothing else, or in the first lines of a reply, before anything quoted (our
   own campaign has "unsubscribe" at its foot).  A request is a short line that
   says only this, or has a clause of three words or more that does; a sentence
   about unsubscribing is none. */

#include "auto.h"
#include "reader.h"
#include "text.h"
#include "wordlist.h"

enum {
	REQUEST_LINES = 6,   /* a person's own words, before a quote */
	REQUEST_OCTETS = 80, /* of such a line or clause */
	REQUEST_LINE = 300   /* a longer one is no request at all */
};

/* LINE in lower case, without blanks, quotes and stops at either end. */
static char *bare(const char *line, size_t len)
{
	static const char *const ends[] = { " ", "\t", "\r", ".", "!", ",", ";",
		"\"", "'", "*", "-", "_", "(", ")", "[", "]", "。", "！", "“",
		"”", "’" };
	g_autofree char *lower = words_fold(line, (gssize)len);
	char *start = lower;
	size_t left = strlen(lower);
	bool is_trimming = true;

	while (is_trimming) {
		is_trimming = false;
		for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
			size_t n = strlen(ends[i]);

			if (left >= n && memcmp(start, ends[i], n) == 0) {
				start += n;
				left -= n;
				is_trimming = true;
			}
			if (left >= n &&
			    memcmp(start + left - n, ends[i], n) == 0) {
				left -= n;
				is_trimming = true;
			}
		}
	}
	return g_strndup(start, left);
}

static bool has_three_words(const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);

	if (blank == NULL)
		return false;
	return memchr(blank + 1, ' ', len - (size_t)(blank + 1 - line)) != NULL;
}

/* "de votre liste" */
static bool is_object(const char *words)
{
	static const char *const begins[] = { " from ", " de votre ",
		" de vos ", " de cette ", " de la ", " de su ", " de esta ",
		" aus ihrem ", " aus dem ", " von ihrer ", " dalla ", " dal ",
		" da vostra ", " da lista", " da sua ", " z listy", " z bazy",
		" van de ", " uit uw ", " от ", " из " };

	return words_begin(words, begins, G_N_ELEMENTS(begins));
}

static bool is_request_alone(const WordBook *book, const char *line, size_t len)
{
	g_autofree char *words = NULL;
	const Word *requests;
	unsigned n;

	if (len == 0 || len > REQUEST_OCTETS)
		return false;
	words = bare(line, len);
	requests = wordbook_words(book, WORDS_UNSUBSCRIBE, &n);
	for (unsigned i = 0; i < n; i++) {
		const Word *request = &requests[i];

		if (!word_begins(words, request->text))
			continue;
		if (words[request->len] == '\0' ||
		    (has_three_words(request->text, request->len) &&
			is_object(words + request->len)))
			return true;
	}
	return false;
}

/* "Hello, please remove me from your list. Thanks" */
static bool is_request(const WordBook *book, const char *line, size_t len)
{
	if (is_request_alone(book, line, len))
		return true;
	if (len > REQUEST_LINE)
		return false;
	for (size_t i = 0; i < len;) {
		size_t n = 0;

		while (i + n < len && strchr(",.;!:", line[i + n]) == NULL)
			n++;
		while (n > 0 && line[i] == ' ') {
			i++;
			n--;
		}
		if (has_three_words(line + i, n) &&
		    is_request_alone(book, line + i, n))
			return true;
		i += n + 1;
	}
	return false;
}

/* Behind this line the words are somebody else's. */
static bool is_quote(const char *line, size_t len)
{
	static const char *const begins[] = { ">", "|", "-----", "_____",
		"from:", "von:", "de :", "de:", "da:", "van:", "от:", "发件人",
		"寄件者", "差出人", "on ", "am ", "le ", "el ", "il ", "em ",
		"op ", "в ", "begin forwarded", "--" };
	g_autofree char *lower = words_fold(line, (gssize)MIN(len, 200));
	const char *p = lower + strspn(lower, " \t");

	if (len == 0 || !words_begin(p, begins, G_N_ELEMENTS(begins)))
		return false;
	/* "On Monday, Ana wrote:"; a person's sentence may begin so, too */
	if (g_ascii_isalpha(*p) && p[strcspn(p, " :")] == ' ')
		return strchr(p, ':') != NULL;
	return true;
}

/* RET_N: the lines of her own, before a quote. */
static bool has_request(const WordBook *book, const char *text, unsigned *ret_n)
{
	bool is_found = false;
	unsigned n = 0;

	while (*text != '\0' && n < REQUEST_LINES) {
		size_t len = strcspn(text, "\n");
		size_t blank = strspn(text, " \t\r");

		if (is_quote(text, len))
			break;
		if (blank < len) {
			n++;
			is_found = is_found || is_request(book, text, len);
		}
		text += len;
		text += *text == '\n';
	}
	*ret_n = n;
	return is_found;
}

/* Apple Mail's and others' button, where the campaign gave an address. */
static bool is_button(const Mail *mail)
{
	return g_ascii_strcasecmp(mail_header(mail, "X-Apple-Unsubscribe"),
		   "true") == 0;
}

bool read_unsubscribe(const Mail *mail, Report *report)
{
	g_autofree char *subject = NULL;
	unsigned n = 0;
	bool is_asked;

	if (!is_button(mail)) {
		if (report->is_auto_submitted)
			return false;
		is_asked = has_request(mail_words(mail), report->text, &n);
		subject = auto_bare_subject(mail);
		/* a subject counts if the person says nothing else */
		if (!is_asked && !(n == 0 && is_request(mail_words(mail),
						 subject, strlen(subject))))
			return false;
	}
	report->kind = REPORT_UNSUBSCRIBE;
	if (strchr(report->from, '@') != NULL) {
		ReportRecipient *person = report_add_recipient(report);

		text_take(&person->final_recipient, g_strdup(report->from));
		person->part = report->text_part;
	}
	return true;
}
