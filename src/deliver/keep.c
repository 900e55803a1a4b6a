/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is kept of a message that waits for review.  One walk over its lines:
   which part a line is in decides the share it is charged to, and a share that
   is used up takes no more. */

#include "keep.h"

#include "bounds.h"
#include "trim.h"

#include <string.h>

typedef enum Share {
	SHARE_HEADER,    /* of the message */
	SHARE_STRUCTURE, /* boundaries, and the headers of parts */
	SHARE_TEXT,
	SHARE_REPORT,   /* the machine-readable part */
	SHARE_RETURNED, /* the header of the returned message */
	SHARE_NONE,     /* what is in such a part goes */
} Share;

/* Together BOUND_KEPT. */
static const unsigned shares[SHARE_NONE + 1] = {
	[SHARE_HEADER] = 3 * 1024,
	[SHARE_STRUCTURE] = 2 * 1024,
	[SHARE_TEXT] = 5 * 1024,
	[SHARE_REPORT] = 4 * 1024,
	[SHARE_RETURNED] = 2 * 1024,
};
G_STATIC_ASSERT(3 + 2 + 5 + 4 + 2 == BOUND_KEPT / 1024);

typedef struct Line {
	const char *text;
	size_t len; /* with its end */
} Line;

typedef struct Keeper {
	const char *next;
	const char *end;
	GString *kept;
	size_t room[SHARE_NONE + 1];
	GPtrArray *boundaries; /* of char *, with "--" before them */
	bool is_report;        /* a multipart/report was opened */
} Keeper;

/* ---- lines ---- */

static bool next_line(Keeper *keeper, Line *ret_line)
{
	size_t left = (size_t)(keeper->end - keeper->next);
	const char *lf = memchr(keeper->next, '\n', left);

	if (left == 0)
		return false;
	ret_line->text = keeper->next;
	ret_line->len = lf != NULL ? (size_t)(lf - keeper->next) + 1 : left;
	keeper->next += ret_line->len;
	return true;
}

static bool is_blank(Line line)
{
	return line.text[0] == '\n';
}

static void keep_line(Keeper *keeper, Share share, Line line)
{
	if (line.len > keeper->room[share]) {
		/* No shorter line after it, either: nothing is to look
		   as if it followed what stood before. */
		keeper->room[share] = 0;
		return;
	}
	keeper->room[share] -= line.len;
	g_string_append_len(keeper->kept, line.text, (gssize)line.len);
}

typedef enum Mark {
	MARK_NONE,
	MARK_PART, /* a part begins */
	MARK_END,  /* the last has ended */
} Mark;

static Mark line_mark(const Keeper *keeper, Line line)
{
	if (line.len < 3 || line.text[0] != '-' || line.text[1] != '-')
		return MARK_NONE;
	for (unsigned i = 0; i < keeper->boundaries->len; i++) {
		const char *boundary = keeper->boundaries->pdata[i];
		size_t len = strlen(boundary);
		g_autofree char *rest = NULL;

		if (line.len < len || memcmp(line.text, boundary, len) != 0)
			continue;
		rest = g_strndup(line.text + len, line.len - len);
		g_strchomp(rest);
		if (rest[0] == '\0')
			return MARK_PART;
		if (strcmp(rest, "--") == 0)
			return MARK_END;
	}
	return MARK_NONE;
}

/* ---- header fields ---- */

static bool begins(Line line, const char *prefix)
{
	return line.len >= strlen(prefix) &&
	       g_ascii_strncasecmp(line.text, prefix, strlen(prefix)) == 0;
}

/* What relays and filters add: kilobytes that say nothing of the report. */
static bool is_bulk(Line field)
{
	static const char *const names[] = { "ARC-", "Authentication-Results",
		"DKIM-", "DomainKey-",
		"Received-SPF:", "References:", "X-Exchange-", "X-Forefront-",
		"X-Gm-", "X-Google-", "X-MS-", "X-Microsoft-",
		"X-OriginatorOrg:", "X-Received:", "X-Spam" };

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (begins(field, names[i]))
			return true;
	return false;
}

/* The field that begins with FIRST, with the lines that continue it. */
static Line whole_field(Keeper *keeper, Line first)
{
	Line field = first;

	while (keeper->next < keeper->end &&
	       (*keeper->next == ' ' || *keeper->next == '\t')) {
		Line more;

		if (!next_line(keeper, &more))
			break;
		field.len += more.len;
	}
	return field;
}

/* "boundary=x" or "boundary=\"x y\"" (RFC 2046, 5.1.1) of a Content-Type. */
static void note_boundary(Keeper *keeper, const char *type)
{
	const char *at = strstr(type, "boundary=");
	const char *end;

	if (at == NULL || keeper->boundaries->len >= BOUND_DEPTH)
		return;
	at += strlen("boundary=");
	if (*at == '"') {
		at++;
		end = strchr(at, '"');
	} else {
		end = at + strcspn(at, "; \t\n");
	}
	if (end != NULL && end > at)
		g_ptr_array_add(keeper->boundaries,
		    g_strdup_printf("--%.*s", (int)(end - at), at));
}

/* ---- parts ---- */

static bool is_type(const char *type, const char *prefix)
{
	return type != NULL &&
	       g_ascii_strncasecmp(type, prefix, strlen(prefix)) == 0;
}

static bool is_report_type(const char *type)
{
	return is_type(type, "message/delivery-status") ||
	       is_type(type, "message/global-delivery-status") ||
	       is_type(type, "message/feedback-report") ||
	       is_type(type, "message/disposition-notification") ||
	       is_type(type, "message/global-disposition-notification");
}

static bool is_message_type(const char *type)
{
	return is_type(type, "message/rfc822") ||
	       is_type(type, "message/global") || is_type(type, "text/rfc822");
}

/* The value of a Content-Type field; the parameter's name in lower case. */
static char *type_value(Line field)
{
	const char *colon = memchr(field.text, ':', field.len);
	g_autofree char *value = g_strndup(colon + 1,
	    field.len - (size_t)(colon + 1 - field.text));
	char *lower;
	char *at;

	g_strstrip(value);
	lower = g_ascii_strdown(value, -1);
	at = strstr(lower, "boundary=");
	if (at != NULL) {
		/* the boundary itself is as it is */
		size_t from = (size_t)(at - lower) + strlen("boundary=");

		memcpy(lower + from, value + from, strlen(value + from));
	}
	return lower;
}

/* Keeps a header of SHARE up to its blank line; g_free() the Content-Type. */
static char *keep_header(Keeper *keeper, Share share)
{
	g_autofree char *type = NULL;
	Line line;

	while (next_line(keeper, &line)) {
		Line field;

		if (is_blank(line)) {
			/* without it the text would become header */
			g_string_append_c(keeper->kept, '\n');
			return g_steal_pointer(&type);
		}
		field = whole_field(keeper, line);
		if (begins(field, "Content-Type:")) {
			g_free(type);
			type = type_value(field);
		}
		if (begins(field, "Content-") || begins(field, "MIME-"))
			keep_line(keeper, SHARE_STRUCTURE, field);
		else if (share == SHARE_STRUCTURE || is_bulk(field) ||
			 (begins(field, "Received:") &&
			     keeper->room[share] < shares[share] / 2))
			continue;
		else if (field.len <= keeper->room[share])
			keep_line(keeper, share, field);
	}
	return g_steal_pointer(&type);
}

/* Whether what follows is a report under a wrong name, octets or a message:
   such ones are read all the same (dsn.c). */
static bool is_misnamed_report(const Keeper *keeper, const char *type)
{
	const Line first = { keeper->next,
		(size_t)(keeper->end - keeper->next) };

	return (is_message_type(type) ||
		   is_type(type, "application/octet-stream")) &&
	       (begins(first, "Reporting-MTA:") ||
		   begins(first, "Final-Recipient:") ||
		   begins(first, "Original-Recipient:"));
}

/* The share of the body of TYPE, whose boundary, if it has one, is noted. */
static Share body_share(Keeper *keeper, const char *type)
{
	if (is_type(type, "multipart/")) {
		unsigned had = keeper->boundaries->len;
		const char *boundary;

		note_boundary(keeper, type);
		if (is_type(type, "multipart/report"))
			keeper->is_report = true;
		if (keeper->boundaries->len == had)
			return SHARE_TEXT;
		boundary = keeper->boundaries->pdata[had];
		/* One that is announced and never comes: all is text. */
		return g_strstr_len(keeper->next, keeper->end - keeper->next,
			   boundary) != NULL
			   ? SHARE_NONE
			   : SHARE_TEXT;
	}
	if (is_report_type(type) || is_misnamed_report(keeper, type))
		return SHARE_REPORT;
	if (type == NULL || type[0] == '\0' || is_type(type, "text/"))
		return SHARE_TEXT;
	return SHARE_NONE;
}

/* The header of a part and, where it is itself a message, of that.  Returns
   the share of what follows. */
static Share keep_part(Keeper *keeper)
{
	g_autofree char *type = keep_header(keeper, SHARE_STRUCTURE);

	for (unsigned depth = 0; depth < BOUND_DEPTH && is_message_type(type) &&
				 !is_misnamed_report(keeper, type);
	     depth++) {
		char *inner = keep_header(keeper, SHARE_RETURNED);

		g_free(type);
		type = inner;
		/* A report's own copy: its header says whose it was. */
		if (keeper->is_report)
			return SHARE_NONE;
	}
	return body_share(keeper, type);
}

GBytes *keep_trim(GBytes *message)
{
	g_auto(TrimmedMessage) trimmed = { 0 };
	g_autofree char *type = NULL;
	Keeper keeper = { 0 };
	Share share;
	Line line;
	gsize len;
	const char *bytes = g_bytes_get_data(message, &len);

	trim_message(bytes != NULL ? bytes : "", len, &trimmed);
	keeper.next = trimmed.text;
	keeper.end = keeper.next + trimmed.len;
	keeper.kept = g_string_sized_new(MIN(trimmed.len, BOUND_KEPT));
	for (unsigned i = 0; i < G_N_ELEMENTS(shares); i++)
		keeper.room[i] = shares[i];
	keeper.boundaries = g_ptr_array_new_with_free_func(g_free);
	if (trimmed.has_header)
		type = keep_header(&keeper, SHARE_HEADER);
	share = body_share(&keeper, type);
	if (keeper.boundaries->len == 0) {
		/* There will be no other part. */
		share = SHARE_TEXT;
		keeper.room[share] += shares[SHARE_REPORT] +
				      shares[SHARE_RETURNED];
	}
	while (keeper.room[SHARE_STRUCTURE] > 0 && next_line(&keeper, &line)) {
		Mark mark = line_mark(&keeper, line);

		keep_line(&keeper, mark == MARK_NONE ? share : SHARE_STRUCTURE,
		    line);
		if (mark == MARK_PART)
			share = keep_part(&keeper);
		else if (mark == MARK_END)
			share = SHARE_NONE;
	}
	g_ptr_array_unref(keeper.boundaries);
	g_string_truncate(keeper.kept, MIN(keeper.kept->len, BOUND_KEPT));
	return g_string_free_to_bytes(keeper.kept);
}
