/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The MIME walk: a message's parts, decoded, within BOUND_PARTS and
   BOUND_DEPTH.  All that knows GMime, its quirks included, is here. */

#include "mime.h"

#include "bounds.h"
#include "charset.h"
#include "gmime_auto.h"
#include "html.h"
#include "text.h"
#include "trim.h"

#include <string.h>

struct Mail {
	TrimmedMessage trimmed;
	GMimeMessage *message; /* NULL when there is no header */
	GHashTable *headers;   /* decoded, by name, as they were asked for */
	GPtrArray *parts;      /* of MailPart */
	const MailPart *text_part;
	char *text;
	bool is_truncated;
};

static void part_free(MailPart *part)
{
	g_free(part->type);
	g_free(part->charset);
	g_byte_array_unref(part->octets);
	g_free(part);
}

static MailPart *part_add(Mail *mail, unsigned depth, char *type)
{
	MailPart *part = g_new0(MailPart, 1);

	part->number = mail->parts->len + 1;
	part->depth = depth;
	part->type = type;
	part->charset = g_strdup("");
	part->octets = g_byte_array_new();
	g_ptr_array_add(mail->parts, part);
	return part;
}

static char *content_type(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	g_autofree char *name = NULL;

	if (type == NULL)
		return g_strdup("text/plain");
	name = g_mime_content_type_get_mime_type(type);
	return g_ascii_strdown(name, -1);
}

/* Decoding never makes more of it than the message had. */
static void decode_content(MailPart *part, GMimePart *leaf)
{
	GMimeDataWrapper *content = g_mime_part_get_content(leaf);
	g_autoptr(GMimeStream) stream = NULL;
	const char *charset;

	if (content == NULL)
		return;
	stream = g_mime_stream_mem_new_with_byte_array(part->octets);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	/* a memory stream takes all; a broken encoding gives what it can */
	(void)g_mime_data_wrapper_write_to_stream(content, stream);
	charset = g_mime_object_get_content_type_parameter(GMIME_OBJECT(leaf),
	    "charset");
	g_free(part->charset);
	part->charset = g_strdup(text_or_empty(charset));
	part->is_attachment = g_mime_part_is_attachment(leaf);
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
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		int n = g_mime_multipart_get_count(multipart);

		for (int i = 0; i < n && !mail->is_truncated; i++)
			walk(mail, g_mime_multipart_get_part(multipart, i),
			    depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		part->message =
		    g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
	} else if (GMIME_IS_PART(object)) {
		decode_content(part, GMIME_PART(object));
	}
}

/* The body as text: there is no header that says what it is, or it says
   multipart and no boundary of it is to be found. */
static void take_bare_text(Mail *mail)
{
	MailPart *part;
	size_t len;
	const char *body = mail_body(mail, &len);

	if (mail->parts->len >= BOUND_PARTS)
		return;
	part = part_add(mail, 0, g_strdup("text/plain"));
	g_byte_array_append(part->octets, (const guint8 *)body, (guint)len);
}

static bool is_all_multipart(const Mail *mail)
{
	for (guint i = 0; i < mail->parts->len; i++)
		if (!g_str_has_prefix(mail_part(mail, i)->type, "multipart/"))
			return false;
	return true;
}

static bool is_blank(const GByteArray *octets)
{
	for (guint i = 0; i < octets->len; i++)
		if (!g_ascii_isspace(octets->data[i]))
			return false;
	return true;
}

static const MailPart *find_text_part(const Mail *mail)
{
	const MailPart *html = NULL;

	for (guint i = 0; i < mail->parts->len; i++) {
		const MailPart *part = mail_part(mail, i);

		if (part->is_attachment || is_blank(part->octets))
			continue;
		if (strcmp(part->type, "text/plain") == 0)
			return part;
		if (html == NULL && strcmp(part->type, "text/html") == 0)
			html = part;
	}
	return html;
}

Mail *mail_open(const char *bytes, size_t len)
{
	Mail *mail = g_new0(Mail, 1);

	trim_message(bytes, len, &mail->trimmed);
	mail->is_truncated = mail->trimmed.is_truncated;
	mail->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    g_free);
	mail->parts = g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
	if (mail->trimmed.has_header) {
		g_autoptr(GMimeStream) stream =
		    g_mime_stream_mem_new_with_buffer(mail->trimmed.text->str,
			mail->trimmed.text->len);
		g_autoptr(GMimeParser)
		    parser = g_mime_parser_new_with_stream(stream);

		mail->message = g_mime_parser_construct_message(parser, NULL);
	}
	if (mail->message != NULL)
		walk(mail, g_mime_message_get_mime_part(mail->message), 0);
	if (is_all_multipart(mail))
		take_bare_text(mail);
	mail->text_part = find_text_part(mail);
	mail->text = mail->text_part != NULL ? mail_part_text(mail->text_part)
					     : g_strdup("");
	return mail;
}

void mail_close(Mail *mail)
{
	if (mail == NULL)
		return;
	g_free(mail->text);
	g_ptr_array_unref(mail->parts);
	g_hash_table_unref(mail->headers);
	g_clear_object(&mail->message);
	trimmed_clear(&mail->trimmed);
	g_free(mail);
}

bool mail_is_truncated(const Mail *mail)
{
	return mail->is_truncated;
}

/* The raw value is decoded here: GMime's own accessor rewrites addresses. */
static char *header_decode(GMimeMessage *message, const char *name)
{
	GMimeHeaderList *headers =
	    g_mime_object_get_header_list(GMIME_OBJECT(message));
	GMimeHeader *header = g_mime_header_list_get_header(headers, name);
	const char *raw = NULL;

	if (header != NULL)
		raw = g_mime_header_get_raw_value(header);
	if (raw == NULL)
		return g_strdup("");
	return charset_decode_field(raw, strlen(raw));
}

const char *mail_header(const Mail *mail, const char *name)
{
	char *value = g_hash_table_lookup(mail->headers, name);

	if (value != NULL)
		return value;
	if (mail->message == NULL)
		return "";
	value = header_decode(mail->message, name);
	g_hash_table_insert(mail->headers, g_strdup(name), value);
	return value;
}

bool mail_has_travelled(const Mail *mail)
{
	GMimeHeaderList *headers;
	int n;

	if (mail->message == NULL)
		return false;
	headers = g_mime_object_get_header_list(GMIME_OBJECT(mail->message));
	n = g_mime_header_list_get_count(headers);
	for (int i = 0; i < n; i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(headers,
		    i);
		const char *raw = g_mime_header_get_raw_value(header);

		if (g_ascii_strcasecmp(g_mime_header_get_name(header),
			"Received") != 0 ||
		    raw == NULL)
			continue;
		while (g_ascii_isspace(*raw))
			raw++;
		if (g_ascii_strncasecmp(raw, "from", 4) == 0 &&
		    g_ascii_isspace(raw[4]))
			return true;
	}
	return false;
}

char *mail_part_bytes(const MailPart *part)
{
	char *text;

	if (part->message == NULL && part->octets->len == 0)
		return g_strdup("");
	if (part->message == NULL)
		return g_strndup((const char *)part->octets->data,
		    part->octets->len);
	text = g_mime_object_to_string(GMIME_OBJECT(part->message), NULL);
	return text != NULL ? text : g_strdup("");
}

char *mail_part_header(const MailPart *part, const char *name)
{
	if (part->message == NULL)
		return g_strdup("");
	return header_decode(part->message, name);
}

const char *mail_type_parameter(const Mail *mail, const char *name)
{
	GMimeObject *top = NULL;

	if (mail->message != NULL)
		top = g_mime_message_get_mime_part(mail->message);
	if (top == NULL)
		return "";
	return text_or_empty(g_mime_object_get_content_type_parameter(top,
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

/* CRLF and CR, which a transfer encoding may have hidden, become LF. */
static void normalise_lines(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '\r' && from[1] == '\n')
			continue;
		*to++ = *from == '\r' ? '\n' : *from;
	}
	*to = '\0';
}

char *mail_part_text(const MailPart *part)
{
	g_autofree char *text = charset_decode((const char *)part->octets->data,
	    part->octets->len, part->charset, BOUND_TEXT);

	if (strcmp(part->type, "text/html") == 0)
		return html_words(text);
	normalise_lines(text);
	return g_steal_pointer(&text);
}

const char *mail_body(const Mail *mail, size_t *ret_len)
{
	*ret_len = mail->trimmed.text->len - mail->trimmed.body;
	return mail->trimmed.text->str + mail->trimmed.body;
}
