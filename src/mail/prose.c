/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices for people in every language they are written in.  Nothing here
   understands a sentence: lists have the labels that stand before an
   address in a line of its own, the words that lead up to one in a sentence and
   those that follow it.  Of two that match the longer wins, and a sentence that
   asks the reader to do something names nobody the mail was for. */

#include "prose.h"

#include "bounds.h"
#include "items.h"
#include "wordlist.h"

#include <string.h>

/* What each list of words makes of the address beside them. */
typedef struct Cue {
	WordList list;
	ProseRole role;
} Cue;

enum { REACH = 240 }; /* octets looked at on either side */

/* Quotes and brackets that stand between words and address. */
static void trim_end(char *text)
{
	static const char *const ends[] = { " ", "<", "[", "(", "\"", "'", "`",
		"*", "smtp:", "mailto:", "“", "‘", "«", "「", "『", "＜",
		"（" };
	size_t len = strlen(text);
	bool is_trimming = true;

	while (is_trimming) {
		is_trimming = false;
		for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
			size_t end = strlen(ends[i]);

			if (len < end || memcmp(text + len - end, ends[i], end))
				continue;
			len -= end;
			is_trimming = true;
		}
	}
	text[len] = '\0';
}

static const char *skip_start(const char *text)
{
	static const char *const starts[] = { " ", ">", "]", ")", "\"", "'",
		":", ",", "*", "-", ".", "”", "’", "»", "」", "』", "＞", "）",
		"さん", "様" };
	bool is_skipping = true;

	while (is_skipping) {
		is_skipping = false;
		for (unsigned i = 0; i < G_N_ELEMENTS(starts); i++) {
			if (!g_str_has_prefix(text, starts[i]))
				continue;
			text += strlen(starts[i]);
			is_skipping = true;
		}
	}
	return text;
}

/* "Recipient: <ana@example.org>" */
static ProseRole find_label(const WordBook *book, const char *before)
{
	static const Cue cues[] = { { WORDS_RECIPIENT_LABEL, PROSE_RECIPIENT },
		{ WORDS_ADDRESSEE_LABEL, PROSE_ADDRESSEE },
		{ WORDS_OTHER_LABEL, PROSE_OTHER } };
	g_autofree char *label = g_strdup(before + strspn(before, " *-+>|#."));
	size_t len;

	trim_end(label);
	len = strlen(label);
	if (len == 0 || len > 60)
		return PROSE_UNSAID;
	if (label[len - 1] == ':' || label[len - 1] == '=')
		label[len - 1] = '\0';
	else if (g_str_has_suffix(label, "：") || g_str_has_suffix(label, "】"))
		label[len - strlen("：")] = '\0';
	else
		return PROSE_UNSAID;
	trim_end(label);
	for (unsigned i = 0; i < G_N_ELEMENTS(cues); i++)
		if (wordbook_is(book, cues[i].list, label))
			return cues[i].role;
	return PROSE_UNSAID;
}

/* Whether TEXT, of LEN octets, ends in WORDS, at a word's beginning. */
static bool ends_in(const char *text, size_t len, const Word *words)
{
	size_t end = words->len;

	if (len < end || memcmp(text + len - end, words->text, end) != 0)
		return false;
	return len == end || (words->text[0] & 0x80) != 0 ||
	       !g_ascii_isalnum(text[len - end - 1]);
}

/* The longest of LIST that TEXT ends in; 0: none does. */
static size_t longest_lead(const WordBook *book, WordList list,
    const char *text)
{
	size_t len = strlen(text);
	size_t longest = 0;
	unsigned n;
	const Word *words = wordbook_words(book, list, &n);

	for (unsigned i = 0; i < n; i++)
		if (words[i].len > longest && ends_in(text, len, &words[i]))
			longest = words[i].len;
	return longest;
}

static ProseRole find_lead(const WordBook *book, const char *before)
{
	static const Cue cues[] = { { WORDS_RECIPIENT_LEAD, PROSE_RECIPIENT },
		{ WORDS_ADDRESSEE_LEAD, PROSE_ADDRESSEE },
		{ WORDS_OTHER_LEAD, PROSE_OTHER } };
	g_autofree char *text = g_strdup(before);
	ProseRole role = PROSE_UNSAID;
	size_t longest = 0;

	trim_end(text);
	if (g_str_has_suffix(text, ":")) {
		text[strlen(text) - 1] = '\0';
		trim_end(text);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(cues); i++) {
		size_t len = longest_lead(book, cues[i].list, text);

		if (len <= longest)
			continue;
		longest = len;
		role = cues[i].role;
	}
	return role;
}

/* "The following recipients could not be reached: ana@example.org" */
static bool is_announced(const WordBook *book, const char *before)
{
	g_autofree char *text = g_strdup(before);
	const char *sentence = strrchr(before, '.');

	trim_end(text);
	return (g_str_has_suffix(text, ":") || g_str_has_suffix(text, "：")) &&
	       wordbook_in(book, WORDS_ANNOUNCEMENT,
		   sentence != NULL ? sentence : before);
}

static bool has_tail(const WordBook *book, const char *after)
{
	return wordbook_begins(book, WORDS_RECIPIENT_TAIL, skip_start(after));
}

static bool is_request(const WordBook *book, const char *before)
{
	const char *sentence = before;

	for (const char *p = before; (p = strstr(p, ". ")) != NULL;) {
		p += 2;
		sentence = p;
	}
	return wordbook_in(book, WORDS_REQUEST, sentence);
}

static const char *character_start(const char *text, const char *p)
{
	while (p > text && ((unsigned char)*p & 0xc0) == 0x80)
		p--;
	return p;
}

/* Where the line begins that P stands in. */
static const char *line_start(const char *text, const char *p)
{
	while (p > text && p[-1] != '\n')
		p--;
	return p;
}

/* Where its paragraph begins, or as far back as anyone looks. */
static const char *paragraph_start(const char *text, const char *p)
{
	const char *reach = p - text > REACH ? p - REACH : text;

	while (p > reach && !(p[-1] == '\n' && p - 1 > text && p[-2] == '\n'))
		p--;
	return character_start(text, p);
}

/* Behind the words, before a source route: "@gw.example:ana@example.org" */
static const char *route_start(const char *text, const char *start)
{
	const char *p = start;

	if (p == text || p[-1] != ':')
		return start;
	p--;
	while (p > text && (g_ascii_isalnum(p[-1]) || strchr(".-_,@", p[-1])))
		p--;
	return *p == '@' ? p : start;
}

static ProseRole role_of(const WordBook *book, const char *text,
    const char *end, const char *start, const char *stop)
{
	const char *line = line_start(text, start);
	const char *reach = end - stop > REACH ? stop + REACH : end;
	g_autofree char *label = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	ProseRole role = PROSE_UNSAID;

	start = route_start(line, start);
	if (start - line < REACH) {
		label = words_flatten(line, start - line);
		role = find_label(book, label);
	}
	if (role != PROSE_UNSAID)
		return role;
	line = paragraph_start(text, start);
	before = words_flatten(line, start - line);
	if (is_request(book, before))
		return PROSE_OTHER;
	role = find_lead(book, before);
	if (role != PROSE_UNSAID)
		return role;
	if (is_announced(book, before))
		return PROSE_RECIPIENT;
	reach = character_start(stop, reach);
	after = words_flatten(stop, reach - stop);
	return has_tail(book, after) ? PROSE_RECIPIENT : PROSE_UNSAID;
}

static void prose_name_free(gpointer data)
{
	ProseName *name = data;

	g_free(name->address);
	g_free(name);
}

static bool is_stronger(ProseRole role, ProseRole than)
{
	return role == PROSE_OTHER || (than != PROSE_OTHER && role > than);
}

/* The entry of ADDRESS, which is taken. */
static ProseName *take_name(GPtrArray *names, char *address)
{
	ProseName *name;

	for (guint i = 0; i < names->len; i++) {
		name = g_ptr_array_index(names, i);
		if (g_ascii_strcasecmp(name->address, address) != 0)
			continue;
		g_free(address);
		return name;
	}
	name = g_new(ProseName, 1);
	*name = (ProseName){ .address = address, .role = PROSE_UNSAID };
	g_ptr_array_add(names, name);
	return name;
}

/* Names joined by "and" are of one role. */
static void end_run(GPtrArray *run, ProseRole role)
{
	for (guint i = 0; i < run->len; i++) {
		ProseName *name = g_ptr_array_index(run, i);

		if (is_stronger(role, name->role))
			name->role = role;
	}
	g_ptr_array_set_size(run, 0);
}

GPtrArray *prose_read(const WordBook *book, const char *text, const char *end)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(prose_name_free);
	g_autoptr(GPtrArray) run = g_ptr_array_new();
	ProseRole run_role = PROSE_UNSAID;
	const char *last = text;
	const char *p = text;
	const char *start;
	size_t len;

	for (unsigned i = 0;
	     i < 2 * BOUND_GROUPS && mention_next(&p, end, &start, &len); i++) {
		ProseRole role = role_of(book, text, end, start, start + len);

		if (run->len > 0 && !mention_is_joined(last, start)) {
			end_run(run, run_role);
			run_role = PROSE_UNSAID;
		}
		g_ptr_array_add(run, take_name(names, g_strndup(start, len)));
		if (is_stronger(role, run_role))
			run_role = role;
		last = start + len;
	}
	end_run(run, run_role);
	return names;
}

bool prose_is_other(const WordBook *book, const char *text, const char *address)
{
	const char *start = address;
	g_autofree char *before = NULL;

	while (start > text && g_ascii_isspace(start[-1]))
		start--;
	address = start;
	start = paragraph_start(text, address);
	before = words_flatten(start, address - start);
	return find_lead(book, before) == PROSE_OTHER;
}
