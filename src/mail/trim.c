/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is never read.  A header of 200,000 lines would be kept in memory line
   by line, and a bare CR ends lines for some and not for others.  One pass over
   the message takes both away.  Nothing here understands MIME: a line counts
   as structure if it looks like a header field or a boundary, wherever it
   stands.  Reports say what they have to say long before the bound. */

#include "trim.h"

#include "bounds.h"
#include "lines.h"

#include <string.h>

typedef struct Trimmer {
	TrimmedMessage *to;
	bool is_in_header; /* the message's own */
	bool is_in_field;  /* a continuation line would belong to it */
	bool is_dropping;  /* the field has outgrown its bound */
	size_t header_octets;
	size_t field_octets;
	unsigned n_structure;
} Trimmer;

/* field-name = 1*ftext, ftext = %d33-57 / %d59-126      [RFC 5322, 3.6.8] */
static bool is_field(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len); /* most lines have none */
	const char *end = colon;

	if (colon == NULL)
		return false;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end == line)
		return false;
	while (line<end && * line> 32 && *line < 127)
		line++;
	return line == end;
}

static bool is_boundary(const char *line, size_t len)
{
	return len >= 2 && line[0] == '-' && line[1] == '-';
}

static bool is_continuation(const char *line, size_t len)
{
	return len > 0 && (line[0] == ' ' || line[0] == '\t');
}

/* Appends LINE and its end, for which there is room: a line never becomes
   longer, but for the last one's end. */
static void keep_line(TrimmedMessage *to, const char *line, size_t len)
{
	memcpy(to->text + to->len, line, len);
	to->text[to->len + len] = '\n';
	to->len += len + 1;
}

/* NUL becomes "?": what follows it in a header would otherwise vanish. */
static void replace_nuls(TrimmedMessage *to)
{
	const char *end = to->text + to->len;
	char *p = to->text;

	while ((p = memchr(p, '\0', (size_t)(end - p))) != NULL)
		*p = '?';
}

/* How much of LINE its field may still have; and the header, all in all. */
static size_t field_room(Trimmer *trimmer, size_t len)
{
	size_t room = BOUND_FIELD - MIN(trimmer->field_octets, BOUND_FIELD);

	if (trimmer->is_in_header)
		room = MIN(room,
		    BOUND_HEADERS - MIN(trimmer->header_octets, BOUND_HEADERS));
	trimmer->field_octets += len;
	if (trimmer->is_in_header)
		trimmer->header_octets += len + 1;
	return MIN(room, len);
}

/* False when the rest of the message is to be left out. */
static bool take_line(Trimmer *trimmer, const char *line, size_t len)
{
	size_t room = len;

	if (is_field(line, len)) {
		trimmer->is_in_field = true;
		trimmer->field_octets = 0;
		trimmer->n_structure++;
	} else if (!is_continuation(line, len)) {
		trimmer->is_in_field = false;
		if (is_boundary(line, len))
			trimmer->n_structure++;
	}
	if (trimmer->n_structure > BOUND_STRUCTURE) {
		trimmer->to->is_truncated = true;
		return false;
	}
	if (trimmer->is_in_field || (trimmer->is_in_header && len > 0))
		room = field_room(trimmer, len);
	if (room < len)
		trimmer->to->is_truncated = true;
	/* an empty rest would end the header */
	if (room > 0 || len == 0)
		keep_line(trimmer->to, line, room);
	if (len == 0 && trimmer->is_in_header) {
		trimmer->is_in_header = false;
		trimmer->to->body = trimmer->to->len;
	}
	return true;
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!g_ascii_isspace(line[i]))
			return false;
	return true;
}

/* What stands before the header: blank lines, and the "From " line of a
   mailbox (pipe(8) with flags=F writes one, with flags=> an escaped one). */
static bool is_preamble(const char *line, size_t len)
{
	bool is_escaped = len > 0 && *line == '>';

	return is_blank(line, len) ||
	       (len >= 5U + is_escaped &&
		   memcmp(line + is_escaped, "From ", 5) == 0);
}

void trim_message(const char *bytes, size_t len, TrimmedMessage *ret_trimmed)
{
	size_t kept = MIN(len, BOUND_MESSAGE);
	Lines lines = lines_of(bytes, kept);
	Trimmer trimmer = { .to = ret_trimmed };
	bool is_first = true;
	const char *line;
	size_t line_len;

	*ret_trimmed = (TrimmedMessage){
		.text = g_malloc(kept + 2),
		.is_truncated = len > kept,
	};
	while (lines_next(&lines, &line, &line_len)) {
		if (is_first && is_preamble(line, line_len))
			continue;
		if (is_first) {
			ret_trimmed->has_header = is_field(line, line_len);
			trimmer.is_in_header = ret_trimmed->has_header;
			is_first = false;
		}
		if (!take_line(&trimmer, line, line_len))
			break;
	}
	if (trimmer.is_in_header)
		ret_trimmed->body = ret_trimmed->len;
	replace_nuls(ret_trimmed);
	ret_trimmed->text[ret_trimmed->len] = '\0';
}

void trimmed_clear(TrimmedMessage *trimmed)
{
	g_clear_pointer(&trimmed->text, g_free);
}
