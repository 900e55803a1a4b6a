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
#include "names.h"
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
static bool is_address_ascii(char c)
{
	return g_ascii_isalnum(c) ||
	       (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Beyond Latin letters nobody mixes scripts in a label of an address, but
   sentences run on from their own into ASCII without a blank. */
static bool is_address_wide(gunichar c, bool is_ascii)
{
	return (g_unichar_isalnum(c) || g_unichar_ismark(c)) &&
	       (c < 0x370 || !is_ascii);
}

/* Back from P, which is at an address's "@". */
static const char *address_first(const char *from, const char *p)
{
	bool is_ascii = false;

	while (p > from) {
		const char *before = p - 1;

		if ((unsigned char)*before < 0x80) {
			if (!is_address_ascii(*before))
				break;
			is_ascii = *before != '.' &&
				   (is_ascii || g_ascii_isalnum(*before));
		} else {
			while (before > from &&
			       ((unsigned char)*before & 0xc0) == 0x80)
				before--;
			if (!is_address_wide(g_utf8_get_char(before), is_ascii))
				break;
		}
		p = before;
	}
	return p;
}

/* Behind the local part, or the domain, that begins at P. */
static const char *address_last(const char *p, const char *end)
{
	bool is_ascii = false;
	bool is_wide = false;

	while (p < end) {
		if ((unsigned char)*p < 0x80) {
			if (!is_address_ascii(*p) ||
			    (is_wide && g_ascii_isalnum(*p)))
				break;
			is_ascii = *p != '.' &&
				   (is_ascii || g_ascii_isalnum(*p));
			is_wide = *p != '.' && is_wide;
			p++;
		} else {
			gunichar c = g_utf8_get_char(p);

			if (!is_address_wide(c, is_ascii))
				break;
			is_wide = is_wide || c >= 0x370;
			p += g_utf8_skip[(unsigned char)*p];
		}
	}
	return MIN(p, end);
}

/* What may stand before the address an item begins with. */
static const char leading[] = " \t<*-+(\"'[";

static bool is_beginning(const char *line, const char *address)
{
	for (const char *p = line; p < address; p++)
		if (strchr(leading, *p) == NULL)
			return false;
	return true;
}

/* "SMTP=" of an X.400 name (RFC 2156) is no part of the address. */
static const char *skip_attribute(const char *start, const char *at)
{
	if (at - start > 5 && g_ascii_strncasecmp(start, "smtp=", 5) == 0)
		return start + 5;
	return start;
}

bool mention_next(const char **p, const char *end, const char **ret_start,
    size_t *ret_len)
{
	const char *from = *p;
	const char *at;

	while ((at = memchr(from, '@', (size_t)(end - from))) != NULL) {
		const char *first = address_first(from, at);
		const char *last = address_last(at + 1, end);

		from = last;
		first = skip_attribute(first, at);
		/* the sentence's full stop is not the domain's */
		while (last > at + 1 && strchr(".!?'", last[-1]) != NULL)
			last--;
		while (first < at && (*first == '\'' || *first == '`'))
			first++;
		/* of "a@b@c" neither half is somebody's */
		if (first == at || last == at + 1 ||
		    (last < end && *last == '@') ||
		    last - first > BOUND_ADDRESS)
			continue;
		*p = from;
		*ret_start = first;
		*ret_len = (size_t)(last - first);
		return true;
	}
	*p = end;
	return false;
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
	const char *p = line;
	const char *start;
	size_t len;

	while (mention_next(&p, stop, &start, &len))
		mention_add(items, start, start + len, line);
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

/* Behind what a list puts before each of its lines: "-> ", "• ". */
static const char *skip_bullet(const char *line)
{
	static const char *const bullets[] = { "> ", "=> ", "• ", "· ", "– ",
		"— ", "● ", "■ ", "◆ ", "・" };
	const char *start = line + strspn(line, leading);

	for (unsigned i = 0; i < G_N_ELEMENTS(bullets); i++) {
		/* a quoted line has no dash before */
		if (bullets[i][0] == '>' && (start == line || start[-1] != '-'))
			continue;
		if (g_str_has_prefix(start, bullets[i])) {
			start += strlen(bullets[i]);
			return start + strspn(start, leading);
		}
	}
	return start;
}

/* A line whose first word holds an "@". */
static bool begins_with_address(const char *line)
{
	const char *word = skip_bullet(line);

	return memchr(word, '@', strcspn(word, " \t\n:>)]")) != NULL;
}

/* Where the lines between are indented further than the first of the item, the
   next that is indented as it is begins another: "  pipe to |filter". */
static const char *item_end(const char *line)
{
	size_t first = indent(line);
	const char *p = next_line(line);
	bool is_block = false;

	while (*p != '\0' && !is_blank_line(p)) {
		size_t here = indent(p);

		if (here <= first && begins_with_address(p))
			break;
		if (is_block && here == first)
			break;
		is_block = first > 0 && (is_block || here > first);
		p = next_line(p);
	}
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

/* "29/04/2010", "29.4.10", "2010-04-29" */
static bool is_day(const char *p)
{
	for (unsigned i = 0; i < 3; i++) {
		size_t len = strspn(p, "0123456789");

		if (len == 0 || len > 4)
			return false;
		p += len;
		if (i < 2 && (*p == '\0' || strchr("./-", *p) == NULL))
			return false;
		p += i < 2;
	}
	return true;
}

enum { DAY_WORDS = 2, DAY_WORD_OCTETS = 12 };

/* "on Thu, 29 Apr 2010 00:00:00 +0900", as Exchange 5.5 has it; "on 4/29/2010
   11:12 PM", "am 29.04.2010 23:12", "w dniu 2010-04-29", as those after it. */
static bool is_date_tail(const char *word)
{
	if (g_str_has_prefix(word, "on ") && g_ascii_isupper(word[3]) &&
	    g_ascii_islower(word[4]) && g_ascii_islower(word[5]) &&
	    word[6] == ',')
		return true;
	for (unsigned i = 0; i < DAY_WORDS && !is_day(word); i++) {
		size_t len = strcspn(word, " \t\n");

		if (len > DAY_WORD_OCTETS || word[len] != ' ')
			return false;
		word += len + 1;
	}
	return is_day(word);
}

/* What may follow the address that an item begins with. */
static bool is_item_tail(const char *p)
{
	const char *word = p + strspn(p, ">\"')]*");

	if (*word == '\0' || strchr("\n:;,", *word) != NULL ||
	    g_str_has_prefix(word, "<mailto:") || g_str_has_prefix(word, "..."))
		return true;
	if (*word != ' ' && *word != '\t')
		return false;
	/* brackets have made the address stand apart already */
	if (word > p)
		return true;
	word += strspn(word, " \t");
	return *word == '\0' || strchr("\n([<-:", *word) != NULL ||
	       is_date_tail(word);
}

/* The last line before LINE that is not blank ends in a colon. */
static bool is_announced(const char *text, const char *line)
{
	while (line > text && g_ascii_isspace(line[-1]))
		line--;
	return line > text && line[-1] == ':';
}

/* "c=US;a= ;p=Example;dda:SMTP=ana@example.org; on Thu, ...": the name of an
   X.400 system, with the address that it stands for. */
static bool read_x400(const char *line, char **ret_address)
{
	const char *name = line + strspn(line, " \t/");
	const char *end = name + strcspn(name, "\n");
	const char *start;
	size_t len;

	if (g_ascii_strncasecmp(name, "c=", 2) != 0 ||
	    memchr(name, '=', (size_t)(end - name - 2)) == NULL)
		return false;
	if (!mention_next(&name, end, &start, &len))
		return false;
	*ret_address = g_strndup(start, len);
	return true;
}

/* "Ana@example.net <ana@example.org>": a name that looks like an address. */
static const char *skip_display_name(const char *end)
{
	const char *p = end + strspn(end, " \t\"");

	if (*p != '<' || p == end || g_str_has_prefix(p, "<mailto:") ||
	    memchr(p, '@', strcspn(p, ">\n")) == NULL)
		return NULL;
	return p + 1;
}

static const char *address_end(const char *start)
{
	const char *line = start + strcspn(start, "\n");
	const char *end = address_last(start, line);

	while (*end == '@')
		end = address_last(end + 1, line);
	while (end > start && strchr(".'", end[-1]) != NULL)
		end--;
	return end;
}

/* <"ana b"@example.org> */
static bool read_quoted(const char *line, char **ret_address)
{
	const char *start = line + strspn(line, " \t");
	g_autofree char *first = NULL;
	g_autofree char *address = NULL;

	if (!g_str_has_prefix(start, "<\""))
		return false;
	first = text_utf8(start, strcspn(start, "\n"), BOUND_ADDRESS);
	address = name_address(first);
	if (strstr(address, "\"@") == NULL)
		return false;
	*ret_address = g_steal_pointer(&address);
	return true;
}

/* The next line has an address, too. */
static bool is_list(const char *line)
{
	const char *next = next_line(line);

	return memchr(next, '@', strcspn(next, "\n")) != NULL;
}

/* "Ana Beispiel (ana@example.org)<mailto:ana@example.org>", which is Exchange's,
   or "Ana Beispiel <ana@example.org>" below a line that ends in a colon. */
static bool read_named(const char *text, const char *line, char **ret_address)
{
	const char *stop = line + strcspn(line, "\n");
	const char *name = line + strspn(line, leading);
	const char *mailto = g_strstr_len(name, stop - name, "<mailto:");
	const char *p = mailto != NULL ? mailto : name;
	const char *start;
	size_t len;

	while (stop > line && strchr(" \t\r*", stop[-1]) != NULL)
		stop--;
	if (stop <= name || strchr(">)]", stop[-1]) == NULL ||
	    memchr(name, ':', (size_t)(p - name)) != NULL ||
	    !mention_next(&p, stop, &start, &len) || start + len + 1 != stop ||
	    strchr("<([:", start[-1]) == NULL)
		return false;
	if (mailto == NULL &&
	    (memchr(name, ':', (size_t)(stop - name)) != NULL ||
		!is_announced(text, line) || is_list(line)))
		return false;
	*ret_address = g_strndup(start, len);
	return true;
}

/* Behind "(generated from", where a pipe or a file failed that a recipient has
   his mail sent to, and stands by itself in the line above. */
static const char *skip_origin(const char *start)
{
	static const char *const words[] = { "generated by ", "generated from ",
		"expanded from: ", "expanded from " };

	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_str_has_prefix(start, words[i])) {
			start += strlen(words[i]);
			return start + strspn(start, leading);
		}
	return start;
}

static bool read_item_address(const char *text, const char *line,
    char **ret_address)
{
	const char *start = skip_origin(skip_bullet(line));
	const char *end;
	const char *named;
	const char *at;

	if (read_x400(line, ret_address) || read_quoted(line, ret_address))
		return true;
	/* ">>> ana@example.org <ana@example.org>", which is no SMTP command */
	if (g_str_has_prefix(start, ">>> "))
		start += 4;
	if (g_ascii_strncasecmp(start, "smtp:", 5) == 0)
		start += 5;
	end = address_end(start);
	named = memchr(start, '@', (size_t)(end - start)) != NULL
		    ? skip_display_name(end)
		    : NULL;
	if (named != NULL) {
		start = named;
		end = address_end(start);
	}
	at = memchr(start, '@', (size_t)(end - start));
	if (at == NULL || at == start || at + 1 == end ||
	    end - start > BOUND_ADDRESS ||
	    (!is_item_tail(end) && !is_announced(text, line)))
		return read_named(text, line, ret_address);
	*ret_address = g_strndup(start, (size_t)(end - start));
	return true;
}

bool mention_is_joined(const char *p, const char *address)
{
	static const char *const ands[] = { "and", "und", "et", "y", "e", "en",
		"и", "oraz", "och", "og", "&", "和", "と", "、", "，" };

	if (p >= address || address - p > 12)
		return false;
	while (p < address) {
		size_t len = strspn(p, " \t\n,;<>[]\"'()");
		bool is_and = false;

		p += len;
		if (p >= address)
			return true;
		for (unsigned i = 0; i < G_N_ELEMENTS(ands) && !is_and; i++) {
			len = strlen(ands[i]);
			is_and = strncmp(p, ands[i], len) == 0 &&
				 !g_ascii_isalnum(p[len]);
			if (is_and)
				p += len;
		}
		if (!is_and)
			return false;
	}
	return true;
}

bool items_next(const char *text, const char **line, const char *end,
    Item *ret_item)
{
	const char *p = *line;
	const char *last = p;

	while (p < end) {
		char *address;

		if (read_item_address(text, p, &address)) {
			const char *stop = MIN(item_end(p), end);
			const char *bare = skip_bullet(p);

			/* what failed stands in the line above */
			if (skip_origin(bare) == bare || is_blank_line(last))
				last = p;
			*ret_item = (Item){
				.address = address,
				.text = last,
				.len = (size_t)(stop - last),
			};
			*line = stop;
			return true;
		}
		last = p;
		p = next_line(p);
	}
	*line = end;
	return false;
}

void item_clear(Item *item)
{
	g_clear_pointer(&item->address, g_free);
}
