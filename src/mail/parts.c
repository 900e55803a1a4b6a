/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The MIME walk, over the message as it lies in memory.

	multipart = [ preamble LF ] delimiter part *( delimiter part )
		    close-delimiter [ epilogue ]
	delimiter = "--" boundary *blank LF
	close-delimiter = "--" boundary "--" *blank LF
	part      = header LF octets                 [RFC 2046, 5.1.1]

   The line end before a delimiter belongs to it.  An outer delimiter ends all
   that is open inside.  Where a multipart has no delimiter of its own the one
   that is there is taken (see boundary.h), or its words for a text. */

#include "parts.h"

#include "boundary.h"
#include "bounds.h"
#include "text.h"

#include <string.h>

enum { GUESSES = 4 }; /* of boundaries */

typedef struct Delimiter {
	const char *boundary;
	size_t len;
	const struct Delimiter *outer;
} Delimiter;

/* Where the walk is. */
typedef struct Cursor {
	const char *p;
	const char *end;
	const Delimiter *at; /* the line at P, or NULL: no delimiter */
	bool is_close;       /* it is the last of its parts */
} Cursor;

typedef struct Walk {
	GPtrArray *parts;
	Cursor cursor;
	unsigned n_guessed; /* boundaries */
	bool is_truncated;
} Walk;

/* ---- parts ---- */

static void part_free(MailPart *part)
{
	g_free(part->type);
	g_free(part->charset);
	if (part->decoded != NULL)
		g_byte_array_unref(part->decoded);
	g_free(part);
}

GPtrArray *parts_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
}

static MailPart *part_add(GPtrArray *parts, unsigned depth, char *type)
{
	MailPart *part = g_new0(MailPart, 1);

	part->number = parts->len + 1;
	part->depth = depth;
	part->type = type;
	part->charset = g_strdup("");
	part->octets = "";
	g_ptr_array_add(parts, part);
	return part;
}

bool parts_add_text(GPtrArray *parts, unsigned depth, const char *octets,
    size_t len)
{
	MailPart *part;

	if (parts->len >= BOUND_PARTS)
		return false;
	part = part_add(parts, depth, g_strdup("text/plain"));
	part->octets = octets;
	part->len = len;
	return true;
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

/* ---- lines ---- */

/* Behind the line at P. */
static const char *next_line(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	return lf != NULL ? lf + 1 : end;
}

static bool is_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n'))
		p++;
	return p == end;
}

/* Whether the line from P to END is one of DELIMITERS; the cursor says which. */
static bool find_delimiter(Cursor *cursor, const char *p, const char *end,
    const Delimiter *delimiters)
{
	if (end - p < 2 || p[0] != '-' || p[1] != '-')
		return false;
	p += 2;
	for (const Delimiter *one = delimiters; one != NULL; one = one->outer) {
		const char *rest = p + one->len;

		if ((size_t)(end - p) < one->len ||
		    memcmp(p, one->boundary, one->len) != 0)
			continue;
		cursor->is_close = end - rest >= 2 && rest[0] == '-' &&
				   rest[1] == '-' && is_blank(rest + 2, end);
		if (!cursor->is_close && !is_blank(rest, end))
			continue;
		cursor->at = one;
		return true;
	}
	return false;
}

/* Goes to the next line that is one of DELIMITERS, or to the end; returns how
   many octets stand before it. */
static size_t take_octets(Cursor *cursor, const Delimiter *delimiters)
{
	const char *start = cursor->p;
	const char *line = start;

	cursor->at = NULL;
	while (line < cursor->end) {
		const char *next = next_line(line, cursor->end);

		if (find_delimiter(cursor, line, next, delimiters))
			break;
		line = next;
	}
	cursor->p = line;
	if (cursor->at != NULL && line > start)
		line--;
	return (size_t)(line - start);
}

/* Goes behind the empty line that ends a header; to a delimiter, if one comes
   before that.  Returns how long the header is. */
static size_t take_header(Cursor *cursor, const Delimiter *delimiters)
{
	const char *start = cursor->p;
	const char *line = start;

	cursor->at = NULL;
	while (line < cursor->end) {
		const char *next = next_line(line, cursor->end);

		if (*line == '\n') {
			cursor->p = next;
			return (size_t)(line - start);
		}
		if (find_delimiter(cursor, line, next, delimiters))
			break;
		line = next;
	}
	cursor->p = line;
	return (size_t)(line - start);
}

/* ---- the walk ---- */

static void walk_content(Walk *walk, const Content *content,
    const char *fallback, const Delimiter *delimiters, unsigned depth);

/* At the first of OWN delimiters or none: the parts behind each, and the
   epilogue.  Returns how many. */
static unsigned walk_parts(Walk *walk, const Delimiter *own,
    const char *fallback, unsigned depth)
{
	Cursor *cursor = &walk->cursor;
	unsigned n = 0;

	while (cursor->at == own && !cursor->is_close) {
		g_auto(Content) content = { 0 };
		const char *header = next_line(cursor->p, cursor->end);
		size_t len;

		cursor->p = header;
		len = take_header(cursor, own);
		/* nothing at all is no part */
		if (cursor->p == header)
			continue;
		content_read(header, len, &content);
		walk_content(walk, &content, fallback, own, depth);
		n++;
	}
	if (cursor->at == own) {
		cursor->p = next_line(cursor->p, cursor->end);
		(void)take_octets(cursor, own->outer);
	}
	return n;
}

/* "This is a MIME-encapsulated message.", or the report's own first words. */
static bool is_preamble(const char *words, size_t len)
{
	return len == 0 || g_strstr_len(words, (gssize)len, "MIME") != NULL;
}

/* BODY by the boundary it has itself.  False if it has none. */
static bool walk_guessed(Walk *walk, const char *body, size_t len,
    unsigned depth)
{
	g_autofree char *boundary = boundary_guess(body, len);
	const Cursor before = walk->cursor;
	Delimiter own = { .boundary = boundary };
	size_t words;

	if (boundary == NULL || walk->n_guessed >= GUESSES)
		return false;
	own.len = strlen(boundary);
	walk->n_guessed++;
	walk->cursor = (Cursor){ .p = body, .end = body + len };
	words = take_octets(&walk->cursor, &own);
	if (!is_preamble(body, words))
		(void)parts_add_text(walk->parts, depth, body, words);
	if (depth >= BOUND_DEPTH || walk->parts->len >= BOUND_PARTS) {
		walk->is_truncated = true;
	} else {
		(void)part_add(walk->parts, depth, g_strdup("multipart/mixed"));
		(void)walk_parts(walk, &own, "text/plain", depth + 1);
	}
	walk->cursor = before;
	return true;
}

static void walk_multipart(Walk *walk, const Content *content, const char *type,
    const Delimiter *delimiters, unsigned depth)
{
	g_autofree char *boundary = content_parameter(content, "boundary");
	const Delimiter own = { boundary, strlen(boundary), delimiters };
	bool is_digest = strcmp(type, "multipart/digest") == 0;
	const char *start = walk->cursor.p;
	size_t len = take_octets(&walk->cursor,
	    *boundary != '\0' ? &own : delimiters);
	bool is_empty = walk->cursor.p == start;
	unsigned n = walk_parts(walk, &own,
	    is_digest ? "message/rfc822" : "text/plain", depth + 1);

	/* no delimiter of its own: parts by another, or a text */
	if (n == 0 && !is_empty && !walk_guessed(walk, start, len, depth + 1))
		(void)parts_add_text(walk->parts, depth + 1, start, len);
}

static void walk_leaf(Walk *walk, const Content *content, MailPart *part,
    const Delimiter *delimiters)
{
	g_autofree char *wrapped = NULL;

	part->octets = walk->cursor.p;
	part->len = take_octets(&walk->cursor, delimiters);
	part->decoded = content_decode(content, part->octets, part->len);
	if (part->decoded != NULL) {
		part->octets = part->decoded->len > 0
				   ? (const char *)part->decoded->data
				   : "";
		part->len = part->decoded->len;
	}
	text_take(&part->charset, content_parameter(content, "charset"));
	part->is_attachment = content->is_attachment;
	/* SpamAssassin's, with a report of its own in front of it */
	wrapped = content_parameter(content, "x-spam-type");
	part->is_wrapped = g_ascii_strcasecmp(wrapped, "original") == 0;
}

/* What stands at the cursor, up to the next of DELIMITERS. */
static void walk_content(Walk *walk, const Content *content,
    const char *fallback, const Delimiter *delimiters, unsigned depth)
{
	MailPart *part;

	if (depth >= BOUND_DEPTH || walk->parts->len >= BOUND_PARTS) {
		walk->is_truncated = true;
		walk->cursor.p = walk->cursor.end;
		walk->cursor.at = NULL;
		return;
	}
	part = part_add(walk->parts, depth, content_type(content, fallback));
	part->is_message = is_message(part->type);
	if (g_str_has_prefix(part->type, "multipart/"))
		walk_multipart(walk, content, part->type, delimiters, depth);
	else
		walk_leaf(walk, content, part, delimiters);
}

bool parts_read(GPtrArray *parts, const TrimmedMessage *message,
    const Content *content)
{
	const char *body = message->text + message->body;
	size_t len = message->len - message->body;
	Walk walk = { .parts = parts,
		.cursor = { .p = body, .end = body + len } };

	/* a header that lost its Content-Type may stand over parts all the
	   same */
	if (content->type != NULL || !walk_guessed(&walk, body, len, 0))
		walk_content(&walk, content, "text/plain", NULL, 0);
	return !walk.is_truncated;
}
