/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A message as readers see it: its header, its parts, and of these the one that
   a person would read first, as text. */

#include "mime.h"

#include "bounds.h"
#include "charset.h"
#include "content.h"
#include "fields.h"
#include "html.h"
#include "parts.h"
#include "signature.h"
#include "text.h"
#include "trim.h"

#include <string.h>

struct Mail {
	const WordBook *words;
	TrimmedMessage trimmed;
	Fields *header;
	char *report_type;
	GPtrArray *parts; /* of MailPart */
	const MailPart *text_part;
	char *text;
	bool is_truncated;
};

static bool is_all_multipart(const Mail *mail)
{
	for (guint i = 0; i < mail->parts->len; i++)
		if (!g_str_has_prefix(mail_part(mail, i)->type, "multipart/"))
			return false;
	return true;
}

static bool is_blank(const MailPart *part)
{
	for (size_t i = 0; i < part->len; i++)
		if (!g_ascii_isspace(part->octets[i]))
			return false;
	return true;
}

/* The multipart that PART stands in, or NULL. */
static const MailPart *find_parent(const Mail *mail, const MailPart *part)
{
	for (guint i = part->number - 1; i-- > 0;)
		if (mail_part(mail, i)->depth + 1 == part->depth)
			return mail_part(mail, i);
	return NULL;
}

/* Whether WORDS says the same as HTML, for who reads no HTML
   (RFC 2046, 5.1.4). */
static bool is_alternative(const Mail *mail, const MailPart *html,
    const MailPart *words)
{
	const MailPart *parent = find_parent(mail, html);

	return parent != NULL && parent == find_parent(mail, words) &&
	       strcmp(parent->type, "multipart/alternative") == 0;
}

static bool is_text(const MailPart *part, const char *type)
{
	return !part->is_attachment && strcmp(part->type, type) == 0 &&
	       !is_blank(part);
}

/* What comes first; a text behind HTML may be any gateway's disclaimer. */
static const MailPart *find_text_part(const Mail *mail)
{
	const MailPart *html = NULL;

	for (guint i = 0; i < mail->parts->len; i++) {
		const MailPart *part = mail_part(mail, i);

		if (html == NULL && is_text(part, "text/html"))
			html = part;
		if (is_text(part, "text/plain") &&
		    (html == NULL || is_alternative(mail, html, part)))
			return part;
	}
	return html;
}

/* CRLF and CR, which a transfer encoding may have hidden, become LF; blanks,
   letters and digits of another width (text_plain()) are plain ones, and so are
   tabs within a line. */
static void normalise(char *text)
{
	char *to = text;

	while (*to == '\n' || (*to >= ' ' && *to < 0x7f))
		to++; /* most texts to their end */
	for (const char *from = to, *next; *from != '\0'; from = next) {
		gunichar c;

		next = from + 1;
		if (*from == '\r' && *next == '\n')
			continue;
		if ((unsigned char)*from < 0x80) {
			*to = *from == '\r' ? '\n' : *from;
			if (*to == '\t' && to > text && to[-1] > ' ')
				*to = ' ';
			to++;
			continue;
		}
		next = from + g_utf8_skip[(unsigned char)*from];
		c = text_plain(g_utf8_get_char(from));
		if (c < 0x80)
			*to++ = (char)c;
		else
			while (from < next)
				*to++ = *from++;
	}
	*to = '\0';
}

static char *decode_text(const MailPart *part)
{
	g_autofree char *text = charset_decode(part->octets, part->len,
	    part->charset, BOUND_TEXT);

	if (strcmp(part->type, "text/html") == 0)
		text_take(&text, html_words(text));
	normalise(text);
	return g_steal_pointer(&text);
}

static void take_parts(Mail *mail)
{
	g_auto(Content) content = { 0 };

	content_read(mail->trimmed.text, mail->trimmed.body, &content);
	text_take(&mail->report_type,
	    content_parameter(&content, "report-type"));
	if (!parts_read(mail->parts, &mail->trimmed, &content))
		mail->is_truncated = true;
}

Mail *mail_open(const WordBook *words, const char *bytes, size_t len)
{
	Mail *mail = g_new0(Mail, 1);

	mail->words = words;
	trim_message(bytes, len, &mail->trimmed);
	mail->header = fields_read_header(mail->trimmed.text,
	    mail->trimmed.has_header ? mail->trimmed.body : 0);
	mail->is_truncated = mail->trimmed.is_truncated ||
			     mail->header->is_truncated;
	mail->parts = parts_new();
	mail->report_type = g_strdup("");
	if (mail->trimmed.has_header)
		take_parts(mail);
	/* there is no header that says what it is, or it says multipart and
	   no boundary of it is to be found */
	if (is_all_multipart(mail))
		(void)parts_add_text(mail->parts, 0,
		    mail->trimmed.text + mail->trimmed.body,
		    mail->trimmed.len - mail->trimmed.body);
	mail->text_part = find_text_part(mail);
	mail->text = mail->text_part != NULL ? decode_text(mail->text_part)
					     : g_strdup("");
	signature_blank(words, mail->text);
	return mail;
}

const WordBook *mail_words(const Mail *mail)
{
	return mail->words;
}

void mail_close(Mail *mail)
{
	if (mail == NULL)
		return;
	g_free(mail->text);
	g_ptr_array_unref(mail->parts);
	fields_free(mail->header);
	g_free(mail->report_type);
	trimmed_clear(&mail->trimmed);
	g_free(mail);
}

bool mail_is_truncated(const Mail *mail)
{
	return mail->is_truncated;
}

const char *mail_header(const Mail *mail, const char *name)
{
	return fields_value(mail->header, name);
}

static bool is_travel(Field *field)
{
	return field_is(field, "Received") &&
	       g_ascii_strncasecmp(field_value(field), "from ", 5) == 0;
}

bool mail_has_travelled(const Mail *mail)
{
	for (guint i = 0; i < mail->header->groups->len; i++) {
		const FieldGroup *group = fields_group(mail->header, i);

		for (guint j = 0; j < group->fields->len; j++)
			if (is_travel(group_field(group, j)))
				return true;
	}
	return false;
}

const char *mail_report_type(const Mail *mail)
{
	return mail->report_type;
}

unsigned mail_n_parts(const Mail *mail)
{
	return mail->parts->len;
}

const MailPart *mail_part(const Mail *mail, unsigned i)
{
	return g_ptr_array_index(mail->parts, i);
}

const MailPart *mail_find(const Mail *mail, const char *type)
{
	for (guint i = 0; i < mail->parts->len; i++)
		if (strcmp(mail_part(mail, i)->type, type) == 0)
			return mail_part(mail, i);
	return NULL;
}

const MailPart *mail_text_part(const Mail *mail)
{
	return mail->text_part;
}

const char *mail_text(const Mail *mail)
{
	return mail->text;
}

char *mail_part_text(const Mail *mail, const MailPart *part)
{
	return part == mail->text_part ? g_strdup(mail->text)
				       : decode_text(part);
}

const char *mail_body(const Mail *mail, size_t *ret_len)
{
	*ret_len = mail->trimmed.len - mail->trimmed.body;
	return mail->trimmed.text + mail->trimmed.body;
}
