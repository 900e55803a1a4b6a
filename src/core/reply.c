/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads what a server said: reply code, enhanced codes, where one reply ends
   and the next begins.

	Reply-line = *( Reply-code "-" [ textstring ] CRLF )
		     Reply-code [ SP textstring ] CRLF     [RFC 5321, 4.2]
	textstring = status-code SP text                   [RFC 2034, 4]

   By the time it reaches us the lines are often joined, prefixed by gateways,
   put in quotes and mixed with prose.  So nothing is required here; a number is
   taken for a code only where a code may stand. */

#include "reply.h"

#include "bounds.h"
#include "status.h"
#include "text.h"

#include <string.h>

/* ---- cleaning ---- */

static bool is_blank(gunichar c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' ||
	       c == 0x3000;
}

/* Drawn as nothing: soft hyphen, zero-width characters, byte order mark. */
static bool is_invisible(gunichar c)
{
	return c == 0xad || (c >= 0x200b && c <= 0x200f) || c == 0xfeff;
}

static char ascii_quote(gunichar c)
{
	if (c == 0x2018 || c == 0x2019 || c == 0xb4 || c == '`')
		return '\'';
	if (c == 0x201c || c == 0x201d || c == 0x201e)
		return '"';
	return '\0';
}

/* Takes the local part that ends TEXT off; its "@" comes next.  Only ASCII:
   Chinese is written without blanks, and the sentence must stay. */
static void drop_local_part(GString *text)
{
	size_t len = text->len;

	while (len > 0 &&
	       (g_ascii_isalnum(text->str[len - 1]) ||
		   strchr(".!#$%&*+/=?^_{|}~-", text->str[len - 1]) != NULL))
		len--;
	g_string_truncate(text, len);
}

/* In the place of every domain of an address, whose labels may be words
   ("@unknown-senders.example"). */
static const char stand_in[] = "example.org";

/* Takes the domain that begins at P, if one does, to DOMAINS; returns what is
   behind it. */
static const char *take_domain(const char *p, GString *clean, GString *domains)
{
	const char *end = p;

	while (g_ascii_isalnum(*end) || *end == '.' || *end == '-')
		end++;
	while (end > p && !g_ascii_isalnum(end[-1]))
		end--;
	if (end == p)
		return p;
	g_string_append_printf(domains, "@%.*s ", (int)(end - p), p);
	g_string_append(clean, stand_in);
	return end;
}

/* One blank, or one line end if there was any, for each run of white space. */
static GString *clean_text(const char *text, GString *domains)
{
	GString *clean = g_string_sized_new(256);
	const char *end = text + BOUND_JUDGED;

	for (const char *p = text, *next; *p != '\0' && p < end; p = next) {
		gunichar c = text_plain(g_utf8_get_char(p));
		size_t size = (size_t)g_utf8_skip[(unsigned char)*p];
		char last = clean->len > 0 ? clean->str[clean->len - 1] : '\n';

		next = p + size;
		if (c < 0x80 && g_ascii_isalnum((char)c)) {
			g_string_append_c(clean, (char)c); /* most of it */
		} else if (c == '\n' || c == 0x2028 || c == 0x2029) {
			if (last == ' ')
				clean->str[clean->len - 1] = '\n';
			else if (last != '\n')
				g_string_append_c(clean, '\n');
		} else if (is_blank(c)) {
			if (last != ' ' && last != '\n')
				g_string_append_c(clean, ' ');
		} else if (is_invisible(c)) {
			continue;
		} else if (ascii_quote(c) != '\0') {
			g_string_append_c(clean, ascii_quote(c));
		} else {
			if (c == '@')
				drop_local_part(clean);
			if (c < 0x80)
				g_string_append_c(clean, (char)c);
			else
				g_string_append_len(clean, p, (gssize)size);
			if (c == '@')
				next = take_domain(next, clean, domains);
		}
	}
	while (clean->len > 0 && (clean->str[clean->len - 1] == ' ' ||
				     clean->str[clean->len - 1] == '\n'))
		g_string_truncate(clean, clean->len - 1);
	return clean;
}

/* Behind "host mx.example.org[192.0.2.1] said:", or NULL. */
static const char *skip_speaker(const char *p)
{
	static const struct {
		const char *before, *behind;
	} frames[] = {
		{ "host ", " said:" },
		{ "host ", " refused to talk to me:" },
		{ "connect to ", ": server refused to talk to me:" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(frames); i++) {
		const char *at = p + strlen(frames[i].before);

		if (!g_str_has_prefix(p, frames[i].before))
			continue;
		at += strcspn(at, " \n[");
		if (*at == ' ' && at[1] == '[')
			at++;
		if (*at == '[')
			at += strcspn(at, "]\n");
		at += *at == ']';
		if (!g_str_has_prefix(at, frames[i].behind))
			continue;
		at += strlen(frames[i].behind);
		return at + strspn(at, " \n");
	}
	return NULL;
}

/* A host with its address, "mx.example.org[192.0.2.1]", is as good as the
   address: takes the name off the end of TEXT, for "[" and P come next. */
static void drop_host_name(GString *text, const char *p)
{
	size_t digits = strspn(p, "0123456789abcdefABCDEF");
	size_t len = text->len;

	if (digits == 0 || (p[digits] != '.' && p[digits] != ':'))
		return;
	while (len > 0 && (g_ascii_isalnum(text->str[len - 1]) ||
			      strchr(".-_", text->str[len - 1]) != NULL))
		len--;
	g_string_truncate(text, len);
}

/* Takes out what a mail system, Postfix or another, writes round a reply that
   it quotes: a host's name, or "command", would be words of the reply.

	"host" SP name "[" address "]" SP "said:" SP reply SP
	"(in reply to" SP command SP "command)"
	"host" SP name "[" address "]" SP "refused to talk to me:" SP reply */
static GString *cut_frames(const GString *text)
{
	static const char after[] = "(in reply to ";
	GString *cut = g_string_sized_new(text->len + 1);
	const char *p = text->str;

	/* most prose has none of it */
	if (strchr(p, '[') == NULL && strstr(p, "host ") == NULL &&
	    strstr(p, after) == NULL)
		return g_string_append_len(cut, p, (gssize)text->len);
	while (*p != '\0') {
		bool is_start = cut->len == 0 ||
				strchr(" \n", cut->str[cut->len - 1]) != NULL;
		const char *behind = is_start ? skip_speaker(p) : NULL;

		if (behind != NULL) {
			if (cut->len > 0)
				cut->str[cut->len - 1] = '\n';
			p = behind;
		} else if (strncmp(p, after, strlen(after)) == 0) {
			p += strcspn(p, ")");
			p += *p == ')';
		} else {
			if (*p == '[')
				drop_host_name(cut, p + 1);
			g_string_append_c(cut, *p++);
		}
	}
	while (cut->len > 0 && strchr(" \n", cut->str[cut->len - 1]) != NULL)
		g_string_truncate(cut, cut->len - 1);
	return cut;
}

/* ---- codes ---- */

unsigned status_vagueness(const char *status)
{
	StatusCode code;

	if (!status_parse(status, &code, NULL))
		return 3;
	if (code.detail != 0)
		return 0;
	if (code.subject == 0)
		return 2;
	return code.subject == 1 || code.subject == 3 || code.subject == 5;
}

/* Whether an enhanced code begins at P, and where it ends.  An address
   (5.7.1.25), a date or a version (5.1.1b) is none. */
static bool read_enhanced(const char *p, const char **ret_end)
{
	StatusCode code;
	const char *end;

	if (!status_parse(p, &code, &end) || code.subject > 7)
		return false;
	if (g_ascii_isalnum(*end) || *end == '_' || *end == '@' ||
	    (*end == '.' && g_ascii_isalnum(end[1])) ||
	    (*end == '-' && g_ascii_isalnum(end[1])))
		return false;
	*ret_end = end;
	return true;
}

/* Behind a reply code: the enhanced code that belongs to it, however it is
   dressed: "550-5.1.1", "550 #5.1.1", "550 (#5.1.1", "550 <5.1.1". */
static bool read_enhanced_after(const char *p, const char **ret_start,
    const char **ret_end)
{
	for (int i = 0; i < 3 && *p != '\0'; i++, p++) {
		if (read_enhanced(p, ret_end)) {
			*ret_start = p;
			return true;
		}
		if (strchr(" \n-#(<[:'\"", *p) == NULL)
			return false;
	}
	return false;
}

/* Three digits that may be a reply code, as such; else 0.  Of successes only
   250 and its kin: "222" is a size. */
static unsigned read_code(const char *p)
{
	if (*p == '2' && p[1] != '5')
		return 0;
	if ((*p != '2' && *p != '4' && *p != '5') || !g_ascii_isdigit(p[1]) ||
	    !g_ascii_isdigit(p[2]))
		return 0;
	if (p[3] != '\0' && strchr(" \n-#:;,.)]'\"", p[3]) == NULL)
		return 0;
	if (p[3] == '.' && g_ascii_isdigit(p[4]))
		return 0;
	return (unsigned)(p[0] - '0') * 100 + (unsigned)(p[1] - '0') * 10 +
	       (unsigned)(p[2] - '0');
}

/* Words that are followed by a version, not by a code. */
static bool follows_product(const char *text, const char *p)
{
	static const char *const products[] = { "version", "ver", "release",
		"exim", "postfix", "sendmail", "build", "mailer", "server",
		"service", "gateway" };

	while (p > text && p[-1] == ' ')
		p--;
	for (unsigned i = 0; i < G_N_ELEMENTS(products); i++) {
		size_t len = strlen(products[i]);

		if ((size_t)(p - text) >= len &&
		    g_ascii_strncasecmp(p - len, products[i], len) == 0)
			return true;
	}
	return false;
}

/* Whether the number from P to END, in the midst of prose, is none of a mail
   system's: behind a plain word and before a comma or a bracket, as in "ticket
   5.1.1, " and "MailGate 5.1.1 (". */
static bool is_mere_number(const char *text, const char *p, const char *end)
{
	static const char *const leads[] = { "error", "code", "status", "dsn",
		"smtp", "reply", "response", "failure" };
	const char *word;
	size_t len;

	if (*end == ' ')
		end++;
	if (*end == '\0' || strchr(",;()[", *end) == NULL)
		return false;
	if (p == text || p[-1] != ' ')
		return false;
	word = --p;
	while (word > text && g_ascii_isalpha(word[-1]))
		word--;
	len = (size_t)(p - word);
	for (unsigned i = 0; i < G_N_ELEMENTS(leads); i++)
		if (strlen(leads[i]) == len &&
		    g_ascii_strncasecmp(word, leads[i], len) == 0)
			return false;
	return len > 0;
}

/* ---- the transcript ---- */

typedef struct Scan {
	const char *text; /* cleaned */
	const char *p;
	GString *out;
	Reply *reply;
	char line_status[REPLY_STATUS]; /* that began the reply's lines */
	bool is_continued;              /* last line was "550-" */
	bool is_strong; /* reply->status stood where a code must stand */
} Scan;

static void note_status(Scan *scan, const char *start, const char *end,
    bool is_strong, bool is_first)
{
	char status[REPLY_STATUS];
	size_t len = MIN((size_t)(end - start), sizeof(status) - 1);

	memcpy(status, start, len);
	status[len] = '\0';
	/* a success on the way does not tell why it failed */
	if (status[0] == '2')
		return;
	if (scan->is_strong && !is_strong)
		return;
	if (scan->reply->status[0] != '\0' && scan->is_strong == is_strong &&
	    status_vagueness(status) > status_vagueness(scan->reply->status))
		return;
	memcpy(scan->reply->status, status, sizeof(status));
	scan->reply->is_status_first = is_first;
	scan->is_strong = is_strong;
}

/* The last octet before scan->p that is no blank, '\n' at the start. */
static char char_before(const Scan *scan)
{
	const char *p = scan->p;

	while (p > scan->text && p[-1] == ' ')
		p--;
	return p > scan->text ? p[-1] : '\n';
}

static bool is_token_start(const Scan *scan)
{
	return scan->p == scan->text ||
	       strchr(" \n;:(<[>'\"=#,|", scan->p[-1]) != NULL;
}

static void begin_span(Scan *scan, unsigned code)
{
	Reply *reply = scan->reply;

	/* the words before the first reply belong to it */
	if (reply->code != 0 && reply->n_spans < REPLY_SPANS)
		reply->span[reply->n_spans++] = scan->out->len;
	/* what an earlier attempt was told is not what this one was */
	if (reply->status[0] != '\0' &&
	    (unsigned)(reply->status[0] - '0') != code / 100) {
		reply->status[0] = '\0';
		scan->is_strong = false;
	}
	reply->code = code;
}

/* "[SMTP Error Code 550]": said to be one, behind the words. */
static bool is_announced_code(const Scan *scan)
{
	static const char words[] = "error code ";
	size_t len = strlen(words);

	return scan->reply->code == 0 &&
	       (size_t)(scan->p - scan->text) >= len &&
	       g_ascii_strncasecmp(scan->p - len, words, len) == 0;
}

/* Reads a reply code at scan->p, if one can stand here. */
static bool take_code(Scan *scan)
{
	Reply *reply = scan->reply;
	unsigned code = read_code(scan->p);
	const char *start, *end;
	bool has_status, is_same;
	char line_status[REPLY_STATUS] = "";

	if (code == 0)
		return false;
	has_status = read_enhanced_after(scan->p + 3, &start, &end);
	if (has_status && (size_t)(end - start) < sizeof(line_status))
		memcpy(line_status, start, (size_t)(end - start));
	is_same = code == reply->code;
	if (!has_status && !is_same &&
	    strchr("\n;:'\"<>", char_before(scan)) == NULL &&
	    !is_announced_code(scan))
		return false;
	if (!has_status && is_same && !scan->is_continued &&
	    strchr("\n;:'\"<>", char_before(scan)) == NULL)
		return false;
	if (is_same && (scan->is_continued || !has_status ||
			   strcmp(line_status, scan->line_status) == 0)) {
		/* one more line of the same reply: its codes are dropped */
		scan->is_continued = scan->p[3] == '-';
		scan->p += 3;
		if (*scan->p == '-')
			scan->p++;
		if (has_status) {
			note_status(scan, start, end, true, true);
			scan->p = end;
		}
		while (*scan->p == ' ')
			scan->p++;
		return true;
	}
	begin_span(scan, code);
	scan->is_continued = scan->p[3] == '-';
	memcpy(scan->line_status, line_status, sizeof(line_status));
	if (has_status)
		note_status(scan, start, end, true, true);
	else
		end = scan->p + 3;
	g_string_append_len(scan->out, scan->p, end - scan->p);
	scan->p = end;
	return true;
}

/* Reads an enhanced code at scan->p that follows no reply code. */
static bool take_status(Scan *scan)
{
	const char *end;
	char before = char_before(scan);

	if (!read_enhanced(scan->p, &end) ||
	    follows_product(scan->text, scan->p) ||
	    is_mere_number(scan->text, scan->p, end))
		return false;
	note_status(scan, scan->p, end, strchr("\n;#", before) != NULL,
	    strchr("\n;", before) != NULL);
	g_string_append_len(scan->out, scan->p, end - scan->p);
	scan->p = end;
	return true;
}

/* ---- the stage ---- */

typedef struct StageWord {
	const char *word;
	SmtpStage stage;
} StageWord;

/* What follows "in reply to", "while sending", "after", ">>>". */
static const StageWord after_words[] = {
	{ "rcpt", STAGE_RCPT },
	{ "mail from", STAGE_MAIL },
	{ "mail command", STAGE_MAIL },
	{ "end of data", STAGE_DOT },
	{ "message body", STAGE_DOT },
	{ "pipelined sending data block", STAGE_DOT },
	{ "sending data block", STAGE_DOT },
	{ "i sent the message", STAGE_DOT },
	{ "data", STAGE_DATA },
	{ "starttls", STAGE_TLS },
	{ "ehlo", STAGE_HELO },
	{ "helo", STAGE_HELO },
	{ "lhlo", STAGE_HELO },
	{ "auth", STAGE_AUTH },
	{ "initial connection", STAGE_CONNECT },
	{ "the initial server greeting", STAGE_CONNECT },
	{ "the helo", STAGE_HELO },
	{ "the ehlo", STAGE_HELO },
	{ "the starttls", STAGE_TLS },
	{ "the lhlo", STAGE_HELO },
};

static const char *const leads[] = { "in reply to ", "while sending ",
	"while receiving ", "while performing ", " after pipelined ", " after ",
	">>> ", "SMTP command" };

/* Phrases that say it whole. */
static const StageWord phrases[] = {
	{ "refused to talk to me", STAGE_CONNECT },
	{ "but greeting failed", STAGE_CONNECT },
	{ "but my name was rejected", STAGE_HELO },
	{ "but sender was rejected", STAGE_MAIL },
	{ "does not like recipient", STAGE_RCPT },
	{ "[RCPT_TO]", STAGE_RCPT }, /* Yahoo's reports */
	{ "[MAIL_FROM]", STAGE_MAIL },
	{ "Cannot start TLS", STAGE_TLS },
	{ "TLS is required", STAGE_TLS },
};

SmtpStage reply_stage(const char *text)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(phrases); i++)
		if (strstr(text, phrases[i].word) != NULL)
			return phrases[i].stage;
	for (unsigned i = 0; i < G_N_ELEMENTS(leads); i++) {
		const char *p = text;
		SmtpStage found = STAGE_UNKNOWN;

		/* the last one: a transcript goes downwards */
		while ((p = strstr(p, leads[i])) != NULL) {
			p += strlen(leads[i]);
			p += strspn(p, " \t\n:");
			for (unsigned k = 0; k < G_N_ELEMENTS(after_words);
			     k++) {
				const StageWord *at = &after_words[k];

				if (g_ascii_strncasecmp(p, at->word,
					strlen(at->word)) == 0) {
					found = at->stage;
					break;
				}
			}
		}
		if (found != STAGE_UNKNOWN)
			return found;
	}
	return STAGE_UNKNOWN;
}

/* ---- the whole ---- */

void reply_read(const char *text, Reply *ret_reply)
{
	/* matching relies on it, so it is not left to callers */
	g_autofree char *valid = g_utf8_validate(text, -1, NULL)
				     ? NULL
				     : g_utf8_make_valid(text, -1);
	g_autoptr(GString) domains = g_string_new(NULL);
	g_autoptr(GString)
	    clean = clean_text(valid != NULL ? valid : text, domains);
	g_autoptr(GString) bare = cut_frames(clean);
	Reply reply = { .n_spans = 1 };
	Scan scan = { .text = bare->str, .p = bare->str, .reply = &reply };

	scan.out = g_string_sized_new(clean->len + 1);
	while (*scan.p != '\0') {
		if (g_ascii_isdigit(*scan.p) && is_token_start(&scan) &&
		    (take_code(&scan) || take_status(&scan)))
			continue;
		g_string_append_c(scan.out, *scan.p == '\n' ? ' ' : *scan.p);
		scan.p++;
	}
	reply.len = scan.out->len;
	reply.text = g_string_free(scan.out, FALSE);
	for (char *lf = clean->str; (lf = strchr(lf, '\n')) != NULL;)
		*lf = ' ';
	reply.stage = reply_stage(clean->str);
	reply.domains = g_string_free(g_steal_pointer(&domains), FALSE);
	*ret_reply = reply;
}

void reply_clear(Reply *reply)
{
	g_clear_pointer(&reply->text, g_free);
	g_clear_pointer(&reply->domains, g_free);
	reply->len = 0;
}
