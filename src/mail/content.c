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

/* Hardly any type needs more than this to be read:

	content = token "/" token *( ";" token "=" value )
	value   = token / DQUOTE *plain DQUOTE          [RFC 2045, 5.1]

   without comments, escapes and continued or encoded parameters (RFC 2231,
   RFC 2047), which GMime knows.  An object of its for each part took a
   twentieth of all that a message does. */

static const char *skip_blanks(const char *p)
{
	while (g_ascii_isspace(*p))
		p++;
	return p;
}

static const char *skip_token(const char *p)
{
	while (g_ascii_isalnum(*p) || *p == '-' || *p == '_' || *p == '.' ||
	       *p == '+')
		p++;
	return p;
}

/* Behind the value at P, or NULL. */
static const char *skip_value(const char *p, const char **ret_start,
    const char **ret_end)
{
	bool is_quoted = *p == '"';

	p += is_quoted;
	*ret_start = p;
	if (is_quoted)
		while (*p >= ' ' && *p < 0x7f && *p != '"' && *p != '\\' &&
		       !(*p == '=' && p[1] == '?'))
			p++;
	else
		p = skip_token(p);
	*ret_end = p;
	if (is_quoted ? *p != '"' : p == *ret_start)
		return NULL;
	return skip_blanks(p + is_quoted);
}

/* Behind ";" at P: the next parameter; NULL when it is of no plain form. */
static const char *next_parameter(const char *p, const char **ret_name,
    size_t *ret_name_len, const char **ret_start, const char **ret_end)
{
	const char *end;

	*ret_name = skip_blanks(p + 1);
	end = skip_token(*ret_name);
	*ret_name_len = (size_t)(end - *ret_name);
	if (*ret_name_len == 0 || *end != '=')
		return NULL;
	p = skip_value(end + 1, ret_start, ret_end);
	return p != NULL && (*p == '\0' || *p == ';') ? p : NULL;
}

/* Behind "type/subtype"; NULL when it is of no plain form. */
static const char *skip_type(const char *type)
{
	const char *slash = skip_token(type);
	const char *end;

	if (slash == type || *slash != '/')
		return NULL;
	end = skip_token(slash + 1);
	if (end == slash + 1)
		return NULL;
	return end;
}

static bool is_plain(const char *type)
{
	const char *p = skip_type(type);
	const char *name, *start, *end;
	size_t name_len;

	if (p == NULL)
		return false;
	p = skip_blanks(p);
	while (*p == ';' && *skip_blanks(p + 1) != '\0') {
		p = next_parameter(p, &name, &name_len, &start, &end);
		if (p == NULL)
			return false;
	}
	return *p == '\0' || *p == ';';
}

/* Of several the last counts. */
static void read_type(Content *content, const char *value)
{
	if (*value == '\0')
		return;
	content_clear(content);
	content->type = g_strdup(value);
	if (!is_plain(value))
		content->type_read = g_mime_content_type_parse(NULL, value);
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
	g_clear_pointer(&content->type, g_free);
	g_clear_object(&content->type_read);
}

char *content_type(const Content *content, const char *fallback)
{
	g_autofree char *name = NULL;

	if (content->type == NULL)
		return g_strdup(fallback);
	if (content->type_read == NULL)
		return g_ascii_strdown(content->type,
		    skip_type(content->type) - content->type);
	name = g_mime_content_type_get_mime_type(content->type_read);
	return g_ascii_strdown(name, -1);
}

static char *plain_parameter(const char *type, const char *wanted)
{
	const char *p = skip_blanks(skip_type(type));
	size_t wanted_len = strlen(wanted);
	const char *name, *start, *end;
	size_t len;

	while (*p == ';' && *skip_blanks(p + 1) != '\0') {
		p = next_parameter(p, &name, &len, &start, &end);
		if (len == wanted_len &&
		    g_ascii_strncasecmp(name, wanted, len) == 0)
			return g_strndup(start, (size_t)(end - start));
	}
	return g_strdup("");
}

char *content_parameter(const Content *content, const char *name)
{
	if (content->type == NULL)
		return g_strdup("");
	if (content->type_read == NULL)
		return plain_parameter(content->type, name);
	return g_strdup(text_or_empty(
	    g_mime_content_type_get_parameter(content->type_read, name)));
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
