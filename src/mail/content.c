/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fields of a header that tell what a part is.  Their grammar, parameters
   and encodings are GMime's business. */

#include "content.h"

#include "text.h"

#include <string.h>

static const char prefix[] = "Content-";
#define PREFIX_LEN (sizeof(prefix) - 1)

/* Whether FIELD, behind the prefix, is called NAME; then its value. */
static bool is_called(const char *field, const char *end, const char *name,
    const char **ret_value)
{
	size_t len = strlen(name);

	if ((size_t)(end - field) <= len ||
	    g_ascii_strncasecmp(field, name, len) != 0)
		return false;
	field += len;
	while (field < end && (*field == ' ' || *field == '\t'))
		field++;
	if (field == end || *field != ':')
		return false;
	*ret_value = field + 1;
	return true;
}

/* Of several the last counts. */
static void read_type(Content *content, const char *value)
{
	if (*value == '\0')
		return;
	g_clear_object(&content->type);
	content->type = g_mime_content_type_parse(NULL, value);
}

/* disposition = "Content-Disposition" ":" type *(";" parm)  [RFC 2183, 2] */
static bool is_attachment(char *value)
{
	value[strcspn(value, ";")] = '\0';
	return g_ascii_strcasecmp(g_strstrip(value), "attachment") == 0;
}

static void read_field(Content *content, const char *field, const char *end)
{
	const char *value;
	g_autofree char *text = NULL;

	if (is_called(field, end, "Type", &value)) {
		text = g_strndup(value, (size_t)(end - value));
		read_type(content, g_strstrip(text));
	} else if (is_called(field, end, "Transfer-Encoding", &value)) {
		text = g_strndup(value, (size_t)(end - value));
		content->encoding =
		    g_mime_content_encoding_from_string(g_strstrip(text));
	} else if (is_called(field, end, "Disposition", &value)) {
		text = g_strndup(value, (size_t)(end - value));
		content->is_attachment = is_attachment(text);
	}
}

static const char *line_end(const char *line, const char *end)
{
	const char *lf = memchr(line, '\n', (size_t)(end - line));

	return lf != NULL ? lf : end;
}

static bool is_continued(const char *lf, const char *end)
{
	return end - lf >= 2 && (lf[1] == ' ' || lf[1] == '\t');
}

void content_read(const char *header, size_t len, Content *ret_content)
{
	const char *end = header + len;

	*ret_content = (Content){ .encoding = GMIME_CONTENT_ENCODING_DEFAULT };
	for (const char *line = header; line < end;) {
		const char *lf = line_end(line, end);

		while (is_continued(lf, end))
			lf = line_end(lf + 1, end);
		if (text_lower(*line) == 'c' &&
		    (size_t)(lf - line) > PREFIX_LEN &&
		    g_ascii_strncasecmp(line, prefix, PREFIX_LEN) == 0)
			read_field(ret_content, line + PREFIX_LEN, lf);
		line = lf < end ? lf + 1 : end;
	}
}

void content_clear(Content *content)
{
	g_clear_object(&content->type);
}

char *content_type(const Content *content, const char *fallback)
{
	g_autofree char *name = NULL;

	if (content->type == NULL)
		return g_strdup(fallback);
	name = g_mime_content_type_get_mime_type(content->type);
	return g_ascii_strdown(name, -1);
}

const char *content_parameter(const Content *content, const char *name)
{
	if (content->type == NULL)
		return "";
	return text_or_empty(g_mime_content_type_get_parameter(content->type,
	    name));
}

/* The filter may write into what it is given. */
static GByteArray *filter_all(GMimeFilter *filter, char *octets, size_t len)
{
	GByteArray *all = g_byte_array_sized_new((guint)len);
	size_t out_len, room;
	char *out;

	g_mime_filter_filter(filter, octets, len, 0, &out, &out_len, &room);
	g_byte_array_append(all, (const guint8 *)out, (guint)out_len);
	g_mime_filter_complete(filter, octets, 0, 0, &out, &out_len, &room);
	return g_byte_array_append(all, (const guint8 *)out, (guint)out_len);
}

GByteArray *content_decode(const Content *content, const char *octets,
    size_t len)
{
	g_autofree char *copy = NULL;
	GMimeFilter *filter;
	GByteArray *decoded;

	if (content->encoding != GMIME_CONTENT_ENCODING_BASE64 &&
	    content->encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
	    content->encoding != GMIME_CONTENT_ENCODING_UUENCODE)
		return NULL;
	copy = g_strndup(octets, len);
	filter = g_mime_filter_basic_new(content->encoding, FALSE);
	decoded = filter_all(filter, copy, len);
	g_object_unref(filter);
	return decoded;
}
