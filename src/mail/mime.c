/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The MIME walk: a message's parts, decoded, within BOUND_PARTS and
   BOUND_DEPTH.  All that knows GMime, its quirks included, is here. */

#include "mime.h"

#include "boundary.h"
#include "bounds.h"
#include "charset.h"
#include "fields.h"
#include "gmime_auto.h"
#include "html.h"
#include "text.h"
#include "trim.h"

#include <string.h>

struct Mail {
	const WordBook *words;
	TrimmedMessage trimmed;
	Fields *header;
	GMimeObject *top; /* NULL when there is no header */
	size_t shown;     /* where its body begins in what GMime saw of it */
	GPtrArray *parts; /* of MailPart */
	const MailPart *text_part;
	char *text;
	unsigned n_guessed; /* boundaries */
	bool is_guessing;   /* what GMime sees now is a copy */
	bool is_truncated;
};

enum { GUESSES = 4 }; /* each is another copy of what is inside */

static void part_free(MailPart *part)
{
	g_free(part->type);
	g_free(part->charset);
	if (part->decoded != NULL)
		g_byte_array_unref(part->decoded);
	g_free(part);
}

static MailPart *part_add(Mail *mail, unsigned depth, char *type)
{
	MailPart *part = g_new0(MailPart, 1);

	part->number = mail->parts->len + 1;
	part->depth = depth;
	part->type = type;
	part->charset = g_strdup("");
	part->octets = "";
	g_ptr_array_add(mail->parts, part);
	return part;
}

/* GMime takes a message apart that is a part of another, with an object for
   each line of its header; here it is wanted as it came.  So GMime is not told
   which parts are messages. */
static const char message_type[] = "message/", hidden_type[] = "massage/";

static void replace_types(GByteArray *octets, const char *from, const char *to)
{
	const size_t len = strlen(from);
	char *const text = (char *)octets->data;
	const char *end;

	/* an empty array has no octets to point at */
	if (octets->len == 0)
		return;
	end = text + octets->len;
	for (char *p = text; p < end;) {
		p = memchr(p, '/', (size_t)(end - p));
		if (p == NULL)
			break;
		p++;
		if ((size_t)(p - text) >= len &&
		    g_ascii_strncasecmp(p - len, from, len) == 0)
			memcpy(p - len, to, len);
	}
}

static void hide_messages(GByteArray *shown)
{
	replace_types(shown, message_type, hidden_type);
}

/* In lower case. */
static char *content_type(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	g_autofree char *name = NULL;
	char *lower;

	if (type == NULL)
		return g_strdup("text/plain");
	name = g_mime_content_type_get_mime_type(type);
	lower = g_ascii_strdown(name, -1);
	if (g_str_has_prefix(lower, hidden_type))
		memcpy(lower, message_type, strlen(message_type));
	return lower;
}

static bool is_message(const char *type)
{
	static const char *const types[] = { "message/rfc822",
		"message/rfc2822", "message/global", "message/news" };

	for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* What GMime found at STREAM, in the message itself. */
static void lend_octets(const Mail *mail, MailPart *part, GMimeStream *stream)
{
	size_t start = (size_t)stream->bound_start - mail->shown;

	part->octets = mail->trimmed.text + mail->trimmed.body + start;
	part->len = (size_t)(stream->bound_end - stream->bound_start);
}

static void take_octets(MailPart *part, GByteArray *octets)
{
	part->decoded = octets;
	part->octets = octets->len > 0 ? (const char *)octets->data : "";
	part->len = octets->len;
}

/* Decoding never makes more of it than the message had. */
static void decode_content(MailPart *part, GMimeDataWrapper *content)
{
	GByteArray *octets = g_byte_array_new();
	g_autoptr(GMimeStream)
	    stream = g_mime_stream_mem_new_with_byte_array(octets);

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	/* a memory stream takes all; a broken encoding gives what it can */
	(void)g_mime_data_wrapper_write_to_stream(content, stream);
	take_octets(part, octets);
}

static bool is_encoded(GMimeDataWrapper *content)
{
	GMimeContentEncoding encoding =
	    g_mime_data_wrapper_get_encoding(content);

	return encoding == GMIME_CONTENT_ENCODING_BASE64 ||
	       encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
	       encoding == GMIME_CONTENT_ENCODING_UUENCODE;
}

/* A part of a part that was shown to GMime once more: what it calls a message
   is one again. */
static void copy_octets(MailPart *part, GMimeDataWrapper *content)
{
	decode_content(part, content);
	replace_types(part->decoded, hidden_type, message_type);
}

static void read_leaf(const Mail *mail, MailPart *part, GMimePart *leaf)
{
	GMimeDataWrapper *content = g_mime_part_get_content(leaf);
	const char *charset;

	if (content == NULL)
		return;
	if (is_encoded(content))
		decode_content(part, content);
	else if (mail->is_guessing)
		copy_octets(part, content);
	else
		lend_octets(mail, part,
		    g_mime_data_wrapper_get_stream(content));
	charset = g_mime_object_get_content_type_parameter(GMIME_OBJECT(leaf),
	    "charset");
	text_take(&part->charset, g_strdup(text_or_empty(charset)));
	part->is_attachment = g_mime_part_is_attachment(leaf);
	/* SpamAssassin's, with a report of its own in front of it */
	part->is_wrapped =
	    g_ascii_strcasecmp(
		text_or_empty(g_mime_object_get_content_type_parameter(
		    GMIME_OBJECT(leaf), "x-spam-type")),
		"original") == 0;
}

/* One that does not say what it is: in a multipart/digest (RFC 2046, 5.1.5). */
static void read_message(MailPart *part, GMimeMessagePart *wrapper)
{
	GMimeMessage *message = g_mime_message_part_get_message(wrapper);
	char *text = NULL;

	if (message != NULL)
		text = g_mime_object_to_string(GMIME_OBJECT(message), NULL);
	if (text != NULL)
		take_octets(part,
		    g_byte_array_new_take((guint8 *)text, strlen(text)));
}

static void walk(Mail *mail, GMimeObject *object, unsigned depth);

/* A text that is in no part. */
static void add_words(Mail *mail, const char *words, unsigned depth)
{
	MailPart *part;

	if (mail->parts->len >= BOUND_PARTS)
		return;
	part = part_add(mail, depth, g_strdup("text/plain"));
	take_octets(part,
	    g_byte_array_new_take((guint8 *)g_strdup(words), strlen(words)));
	replace_types(part->decoded, hidden_type, message_type);
}

/* "This is a MIME-encapsulated message.", or the report's own first words. */
static bool is_preamble(const char *words)
{
	return *words == '\0' || strstr(words, "MIME") != NULL;
}

/* BODY by the boundary it has itself.  False if it has none. */
static bool walk_guessed(Mail *mail, const char *body, size_t len,
    unsigned depth)
{
	g_autofree char *boundary = boundary_guess(body, len);
	g_autofree char *header = NULL;
	GByteArray *shown;
	g_autoptr(GMimeStream) stream = NULL;
	g_autoptr(GMimeParser) parser = NULL;
	g_autoptr(GMimeObject) object = NULL;
	bool was_guessing = mail->is_guessing;
	const char *words;

	if (boundary == NULL || mail->n_guessed >= GUESSES)
		return false;
	header = g_strdup_printf("Content-Type: multipart/mixed; "
				 "boundary=\"%s\"\n\n",
	    boundary);
	shown = g_byte_array_sized_new((guint)(strlen(header) + len));
	g_byte_array_append(shown, (const guint8 *)header,
	    (guint)strlen(header));
	g_byte_array_append(shown, (const guint8 *)body, (guint)len);
	hide_messages(shown);
	stream = g_mime_stream_mem_new_with_byte_array(shown); /* takes it */
	parser = g_mime_parser_new_with_stream(stream);
	object = g_mime_parser_construct_part(parser, NULL);
	words = GMIME_IS_MULTIPART(object)
		    ? g_mime_multipart_get_prologue(GMIME_MULTIPART(object))
		    : NULL;
	mail->n_guessed++;
	mail->is_guessing = true;
	if (words != NULL && !is_preamble(words))
		add_words(mail, words, depth);
	walk(mail, object, depth);
	mail->is_guessing = was_guessing;
	return true;
}

/* A multipart in which no boundary of its own was found: all it has is before
   the first, parts by another boundary or a text. */
static void walk_lost(Mail *mail, GMimeMultipart *multipart, unsigned depth)
{
	const char *body = g_mime_multipart_get_prologue(multipart);

	if (body != NULL && !walk_guessed(mail, body, strlen(body), depth))
		add_words(mail, body, depth);
}

static void walk(Mail *mail, GMimeObject *object, unsigned depth)
{
	MailPart *part;

	if (object == NULL)
		return;
	if (depth >= BOUND_DEPTH || mail->parts->len >= BOUND_PARTS) {
		mail->is_truncated = true;
		return;
	}
	part = part_add(mail, depth, content_type(object));
	part->is_message = is_message(part->type);
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		int n = g_mime_multipart_get_count(multipart);

		for (int i = 0; i < n && !mail->is_truncated; i++)
			walk(mail, g_mime_multipart_get_part(multipart, i),
			    depth + 1);
		if (n == 0)
			walk_lost(mail, multipart, depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		read_message(part, GMIME_MESSAGE_PART(object));
	} else if (GMIME_IS_PART(object)) {
		read_leaf(mail, part, GMIME_PART(object));
	}
}

/* A header that lost its Content-Type may stand over parts all the same. */
static void walk_top(Mail *mail)
{
	size_t len;
	const char *body = mail_body(mail, &len);

	if (mail->top == NULL || *mail_header(mail, "Content-Type") != '\0' ||
	    !walk_guessed(mail, body, len, 0))
		walk(mail, mail->top, 0);
}

/* The body as text: there is no header that says what it is, or it says
   multipart and no boundary of it is to be found. */
static void take_bare_text(Mail *mail)
{
	MailPart *part;

	if (mail->parts->len >= BOUND_PARTS)
		return;
	part = part_add(mail, 0, g_strdup("text/plain"));
	part->octets = mail_body(mail, &part->len);
}

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

/* CRLF and CR, which a transfer encoding may have hidden, become LF; the blanks
   that do not break a line (U+00A0) are blanks. */
static void normalise_blanks(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '\r' && from[1] == '\n')
			continue;
		if (*from == '\xc2' && from[1] == '\xa0') {
			from++;
			*to++ = ' ';
			continue;
		}
		*to++ = *from == '\r' ? '\n' : *from;
	}
	*to = '\0';
}

static char *decode_text(const MailPart *part)
{
	g_autofree char *text = charset_decode(part->octets, part->len,
	    part->charset, BOUND_TEXT);

	if (strcmp(part->type, "text/html") == 0)
		return html_words(text);
	normalise_blanks(text);
	return g_steal_pointer(&text);
}

/* What GMime is shown: the fields that say what the message is made of, and
   its body.  Of the others it would make objects that nobody looks at. */
static GByteArray *shown_new(const TrimmedMessage *trimmed, size_t *ret_body)
{
	const char *body = trimmed->text + trimmed->body;
	size_t body_len = trimmed->len - trimmed->body;
	GByteArray *shown = g_byte_array_sized_new((guint)trimmed->len + 1);
	bool is_shown = false;

	for (const char *p = trimmed->text; p < body;) {
		size_t len = strcspn(p, "\n") + 1;

		if (*p != ' ' && *p != '\t')
			is_shown = g_ascii_strncasecmp(p, "Content-", 8) == 0;
		if (is_shown)
			g_byte_array_append(shown, (const guint8 *)p,
			    (guint)len);
		p += len;
	}
	g_byte_array_append(shown, (const guint8 *)"\n", 1);
	*ret_body = shown->len;
	g_byte_array_append(shown, (const guint8 *)body, (guint)body_len);
	hide_messages(shown);
	return shown;
}

static GMimeObject *parse(Mail *mail)
{
	GByteArray *shown = shown_new(&mail->trimmed, &mail->shown);
	/* takes it */
	g_autoptr(GMimeStream)
	    stream = g_mime_stream_mem_new_with_byte_array(shown);
	g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);

	return g_mime_parser_construct_part(parser, NULL);
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
	mail->parts = g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
	if (mail->trimmed.has_header)
		mail->top = parse(mail);
	walk_top(mail);
	if (is_all_multipart(mail))
		take_bare_text(mail);
	mail->text_part = find_text_part(mail);
	mail->text = mail->text_part != NULL ? decode_text(mail->text_part)
					     : g_strdup("");
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
	g_clear_object(&mail->top);
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

const char *mail_type_parameter(const Mail *mail, const char *name)
{
	if (mail->top == NULL)
		return "";
	return text_or_empty(g_mime_object_get_content_type_parameter(mail->top,
	    name));
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
