/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bounces for people list the addresses that failed, each with its reason:

     <ana@example.org>: host mx.example.org[192.0.2.1] said: 550 5.1.1
         User unknown (in reply to RCPT TO command)

       ana@example.org
         SMTP error from remote mail server after RCPT TO:<ana@example.org>

   An item ends at a blank line, or where a line that is indented no further
   begins with an address again. */

#include "items.h"

#include "bounds.h"
#include "text.h"

#include <stdbool.h>
#include <string.h>

typedef struct Mention {
	const char *line;  /* start of the line the address stands in */
	bool is_beginning; /* the line begins with it */
} Mention;

struct Items {
	const char *text;
	GHashTable *mentions; /* address in lower case → Mention */
};

/* As loose as addresses in bounces are; "=" and "+" are VERP's. */
static bool is_address_char(char c)
{
	return (unsigned char)c >= 0x80 || g_ascii_isalnum(c) ||
	       (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* What may stand before the address an item begins with. */
static bool is_beginning(const char *line, const char *address)
{
	for (const char *p = line; p < address; p++)
		if (strchr(" \t<*-(\"'", *p) == NULL)
			return false;
	return true;
}

static const char *line_start(const char *text, const char *p)
{
	while (p > text && p[-1] != '\n')
		p--;
	return p;
}

static void mention_add(Items *items, const char *start, const char *end,
    const char *line)
{
	g_autofree char *key = g_ascii_strdown(start, end - start);
	bool begins = is_beginning(line, start);
	Mention *seen = g_hash_table_lookup(items->mentions, key);

	if (seen != NULL && (seen->is_beginning || !begins))
		return;
	seen = g_new(Mention, 1);
	*seen = (Mention){ .line = line, .is_beginning = begins };
	g_hash_table_replace(items->mentions, g_steal_pointer(&key), seen);
}

/* Finds the addresses of a line, which ends at STOP. */
static void read_mentions(Items *items, const char *line, const char *stop)
{
	const char *start = line;
	const char *at;

	while ((at = memchr(start, '@', (size_t)(stop - start))) != NULL) {
		const char *first = at;
		const char *end = at + 1;

		while (first > start && is_address_char(first[-1]))
			first--;
		while (end < stop && is_address_char(*end))
			end++;
		start = end;
		/* the sentence's full stop is not the domain's */
		while (end > at + 1 && strchr(".!?", end[-1]) != NULL)
			end--;
		if (first < at && end > at + 1 && end - first <= BOUND_ADDRESS)
			mention_add(items, first, end, line);
	}
}

Items *items_new(const char *text)
{
	Items *items = g_new0(Items, 1);
	const char *line = text;

	items->text = text;
	items->mentions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    g_free);
	while (*line != '\0' &&
	       g_hash_table_size(items->mentions) < 4 * BOUND_GROUPS) {
		const char *stop = line + strcspn(line, "\n");

		read_mentions(items, line, stop);
		line = *stop == '\n' ? stop + 1 : stop;
	}
	return items;
}

void items_free(Items *items)
{
	if (items == NULL)
		return;
	g_hash_table_unref(items->mentions);
	g_free(items);
}

static size_t indent(const char *line)
{
	return strspn(line, " \t");
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL ? end + 1 : line + strlen(line);
}

static bool is_blank_line(const char *line)
{
	char c = line[indent(line)];

	return c == '\0' || c == '\n';
}

/* A line whose first word holds an "@". */
static bool begins_with_address(const char *line)
{
	const char *word = line + strspn(line, " \t<*-(\"'");

	return memchr(word, '@', strcspn(word, " \t\n:>)")) != NULL;
}

static const char *item_end(const char *line)
{
	size_t first = indent(line);
	const char *p = next_line(line);

	while (*p != '\0' && !is_blank_line(p) &&
	       !(indent(p) <= first && begins_with_address(p)))
		p = next_line(p);
	return p;
}

static const char *paragraph_start(const char *text, const char *line)
{
	while (line > text) {
		const char *before = line_start(text, line - 1);

		if (is_blank_line(before))
			break;
		line = before;
	}
	return line;
}

char *items_about(const Items *items, const char *address)
{
	g_autofree char *key = g_ascii_strdown(address, -1);
	const Mention *mention = g_hash_table_lookup(items->mentions, key);
	const char *start;
	const char *end;

	if (mention == NULL)
		return g_strdup("");
	start = mention->line;
	end = item_end(start);
	if (!mention->is_beginning) {
		start = paragraph_start(items->text, start);
		while (*end != '\0' && !is_blank_line(end))
			end = next_line(end);
	}
	return text_printable(start, (size_t)(end - start), BOUND_FIELD);
}

char *items_only_address(const Items *items, const char *from, const char *to)
{
	const char *only = NULL;
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, items->mentions);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		if (g_ascii_strcasecmp(key, from) == 0 ||
		    g_ascii_strcasecmp(key, to) == 0)
			continue;
		if (only != NULL)
			return g_strdup("");
		only = key;
	}
	return g_strdup(only != NULL ? only : "");
}

/* What may follow the address that an item begins with. */
static bool is_item_tail(const char *p)
{
	const char *word = p + strspn(p, ">\"')*");

	if (*word == '\0' || strchr("\n:;,", *word) != NULL ||
	    g_str_has_prefix(word, "<mailto:") || g_str_has_prefix(word, "..."))
		return true;
	if (*word != ' ' && *word != '\t')
		return false;
	/* brackets have made the address stand apart already */
	if (word > p)
		return true;
	word += strspn(word, " \t");
	return *word == '\0' || strchr("\n([<-:", *word) != NULL;
}

static bool read_item_address(const char *line, char **ret_address)
{
	const char *start = line + strspn(line, " \t<*-(\"'");
	const char *end = start;
	const char *at;

	while (is_address_char(*end) || *end == '@')
		end++;
	while (end > start && end[-1] == '.')
		end--;
	at = memchr(start, '@', (size_t)(end - start));
	if (at == NULL || at == start || at + 1 == end ||
	    end - start > BOUND_ADDRESS || !is_item_tail(end))
		return false;
	*ret_address = g_strndup(start, (size_t)(end - start));
	return true;
}

bool items_next(const char **line, const char *end, Item *ret_item)
{
	const char *p = *line;

	while (p < end) {
		char *address;

		if (read_item_address(p, &address)) {
			const char *stop = MIN(item_end(p), end);

			*ret_item = (Item){
				.address = address,
				.text = p,
				.len = (size_t)(stop - p),
			};
			*line = stop;
			return true;
		}
		p = next_line(p);
	}
	*line = end;
	return false;
}

void item_clear(Item *item)
{
	g_clear_pointer(&item->address, g_free);
}
