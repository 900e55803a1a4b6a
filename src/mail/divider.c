/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a notice ends and the message that came back begins, when both are in
   one text. */

#include "divider.h"

#include "wordlist.h"

/* "----- Original message -----", "--- Below this line is a copy of the
   message.", "|--- Message text follows: ---|" */
static bool is_dashed_divider(const char *lower)
{
	static const char *const whats[] = { "message", "header", "mail" };
	static const char *const hows[] = { "copy", "original", "text follow",
		"message follow", "header follow", "mail follow",
		"is following", "below", "unsent", "returned", "forwarded",
		"undelivered", "rejected", "attached", "start of" };

	/* "-- The recipient's server rejected the message" is a bullet */
	if (*lower == '|')
		lower++;
	return word_begins(lower, "--") && !word_begins(lower, "-- ") &&
	       words_in(lower, whats, G_N_ELEMENTS(whats)) &&
	       words_in(lower, hows, G_N_ELEMENTS(hows)) &&
	       strstr(lower, "transcript") == NULL;
}

/* The others say it in words, or begin with the header at once. */
static bool is_divider(const WordBook *book, const char *line, size_t len)
{
	char lower[200];
	bool is_indented = len > 0 && (*line == ' ' || *line == '\t');

	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	if (len < 8)
		return false;
	len = MIN(len, sizeof(lower) - 1);
	for (size_t i = 0; i < len; i++)
		lower[i] = text_lower(line[i]);
	lower[len] = '\0';
	/* a notice that tells of some fields in its own words indents them */
	if (is_indented && (word_begins(lower, "received:") ||
			       word_begins(lower, "return-path:")))
		return false;
	return wordbook_begins(book, WORDS_DIVIDER, lower) ||
	       is_dashed_divider(lower);
}

/* Whether a message's header begins at LINE, whatever it begins with: three
   fields that are not indented (of what a notice itself tells in that way most
   is), and among them one that only messages have. */
static bool is_header(const char *line)
{
	static const char *const marks[] = { "received:", "return-path:",
		"message-id:", "mime-version:", "x-mailer:", "delivered-to:",
		"dkim-signature:" };
	unsigned n_fields = 0;
	bool is_marked = false;

	for (unsigned i = 0; i < 40 && *line != '\0' && *line != '\n'; i++) {
		size_t len = strcspn(line, "\n");

		if (*line != ' ' && *line != '\t') {
			size_t name = strspn(line,
			    "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

			if (name == 0 || line[name] != ':')
				return false;
			n_fields++;
			for (unsigned j = 0; j < G_N_ELEMENTS(marks); j++)
				if (g_ascii_strncasecmp(line, marks[j],
					strlen(marks[j])) == 0)
					is_marked = true;
			if (n_fields >= 3 && is_marked)
				return true;
		}
		line += len;
		line += *line == '\n';
	}
	return false;
}

const char *divider_find(const WordBook *book, const char *text,
    const char **ret_returned)
{
	const char *line = text;
	bool is_after_blank = false;

	while (*line != '\0') {
		size_t len = strcspn(line, "\n");
		const char *next = line[len] == '\n' ? line + len + 1
						     : line + len;

		if (is_divider(book, line, len)) {
			/* the line may be the header's first */
			*ret_returned = memchr(line, ':', len) != NULL &&
						*line != '-' && *line != '|'
					    ? line
					    : next + strspn(next, "\n-");
			return line;
		}
		if (is_after_blank && is_header(line)) {
			*ret_returned = line;
			return line;
		}
		is_after_blank = strspn(line, " \t") >= len;
		line = next;
	}
	*ret_returned = line;
	return line;
}
