/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Literals that patterns require, and a filter over them.

   literals_required() reads the part of PCRE2's syntax that rules are written
   in (groups, alternatives, classes, quantifiers, escapes); at anything else it
   gives up and the pattern is always tried, which costs time and no match.
   One thing is lost knowingly: PCRE2 lets U+017F match "s" and U+212A "k".

   The filter is a hash over windows of three octets.  Each literal is filed
   under that of its windows which is rarest so far, so that "mail" and "user"
   do not gather everything in one chain. */

#include "literals.h"

#include "text.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 16

/* ---- what a pattern requires ---- */

typedef struct Reader {
	const char *p;
	unsigned depth;
	bool has_failed; /* syntax beyond us */
} Reader;

static GPtrArray *read_alternatives(Reader *reader);

static size_t shortest(const GPtrArray *set)
{
	size_t least = SIZE_MAX;

	for (unsigned i = 0; i < set->len; i++)
		least = MIN(least, strlen(g_ptr_array_index(set, i)));
	return set->len == 0 ? 0 : least;
}

/* Keeps in *BEST the set whose shortest literal is longest; takes SET. */
static void keep_better(GPtrArray **best, GPtrArray *set)
{
	if (set == NULL)
		return;
	if (*best == NULL || shortest(set) > shortest(*best)) {
		if (*best != NULL)
			g_ptr_array_unref(*best);
		*best = set;
	} else {
		g_ptr_array_unref(set);
	}
}

/* Ends a run of literal octets: it is a set of one. */
static void end_run(GPtrArray **best, GString *run)
{
	if (run->len > 0) {
		GPtrArray *set = g_ptr_array_new_with_free_func(g_free);

		g_ptr_array_add(set, g_strdup(run->str));
		keep_better(best, set);
		g_string_truncate(run, 0);
	}
}

typedef enum Quantifier { ONCE, AT_LEAST_ONCE, PERHAPS } Quantifier;

static Quantifier read_quantifier(Reader *reader)
{
	Quantifier found = ONCE;
	const char *p = reader->p;

	if (*p == '?' || *p == '*') {
		found = PERHAPS;
		p++;
	} else if (*p == '+') {
		found = AT_LEAST_ONCE;
		p++;
	} else if (*p == '{' && (g_ascii_isdigit(p[1]) || p[1] == ',')) {
		found = p[1] == '0' || p[1] == ',' ? PERHAPS : AT_LEAST_ONCE;
		p += strcspn(p, "}");
		if (*p == '}')
			p++;
	}
	if (found != ONCE && (*p == '?' || *p == '+'))
		p++; /* lazy or possessive */
	reader->p = p;
	return found;
}

/* Behind "[". */
static void skip_class(Reader *reader)
{
	const char *p = reader->p;

	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']') {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '[' && p[1] == ':' && strstr(p, ":]") != NULL)
			p = strstr(p, ":]") + 1;
		p++;
	}
	if (*p == ']')
		p++;
	reader->p = p;
}

/* Behind "(": the set it requires, NULL for none; leaves behind ")". */
static GPtrArray *read_group(Reader *reader)
{
	bool is_assertion = false;
	GPtrArray *set;

	if (*reader->p == '?') {
		const char *p = reader->p + 1;
		size_t flags = strspn(p, "ims-");

		if (flags > 0 && p[flags] == ')') {
			reader->p = p + flags + 1;
			return NULL;
		}
		if (*p == ':' || *p == '>') {
			p++;
		} else if (*p == '=' || *p == '!') {
			is_assertion = true;
			p++;
		} else if (*p == '<' && (p[1] == '=' || p[1] == '!')) {
			is_assertion = true;
			p += 2;
		} else {
			reader->has_failed = true;
			return NULL;
		}
		reader->p = p;
	} else if (*reader->p == '*') {
		reader->has_failed = true;
		return NULL;
	}
	set = read_alternatives(reader);
	if (*reader->p == ')')
		reader->p++;
	if (set != NULL &&
	    (read_quantifier(reader) == PERHAPS || is_assertion)) {
		g_ptr_array_unref(set);
		set = NULL;
	} else if (set == NULL) {
		(void)read_quantifier(reader);
	}
	return set;
}

/* One literal character at reader->p, of which LEN octets are to be kept. */
static void read_literal(Reader *reader, GPtrArray **best, GString *run)
{
	const char *at = reader->p;
	size_t before = run->len;
	gunichar c = g_utf8_get_char_validated(at, -1);

	if (c == (gunichar)-1 || c == (gunichar)-2) {
		reader->has_failed = true;
		return;
	}
	reader->p = at + g_utf8_skip[(unsigned char)*at];
	if (c >= 0x80 &&
	    (g_unichar_tolower(c) != c || g_unichar_toupper(c) != c)) {
		end_run(best, run); /* has another case: the scan cannot tell */
		(void)read_quantifier(reader);
		return;
	}
	for (; at < reader->p; at++)
		g_string_append_c(run, g_ascii_tolower(*at));
	switch (read_quantifier(reader)) {
	case ONCE:
		break;
	case PERHAPS:
		g_string_truncate(run, before);
		end_run(best, run);
		break;
	case AT_LEAST_ONCE:
		end_run(best, run);
		break;
	}
}

static void read_item(Reader *reader, GPtrArray **best, GString *run)
{
	char c = *reader->p;

	if (c == '(') {
		end_run(best, run);
		reader->p++;
		keep_better(best, read_group(reader));
	} else if (c == '[') {
		end_run(best, run);
		reader->p++;
		skip_class(reader);
		(void)read_quantifier(reader);
	} else if (c == '.' || c == '^' || c == '$') {
		end_run(best, run);
		reader->p++;
		(void)read_quantifier(reader);
	} else if (c == '\\' && g_ascii_isalnum(reader->p[1])) {
		if (strchr("bBdDsSwWAzZ", reader->p[1]) == NULL) {
			reader->has_failed = true;
			return;
		}
		end_run(best, run);
		reader->p += 2;
		(void)read_quantifier(reader);
	} else {
		if (c == '\\' && reader->p[1] != '\0')
			reader->p++;
		read_literal(reader, best, run);
	}
}

static GPtrArray *read_sequence(Reader *reader)
{
	g_autoptr(GString) run = g_string_new(NULL);
	GPtrArray *best = NULL;

	while (*reader->p != '\0' && *reader->p != '|' && *reader->p != ')' &&
	       !reader->has_failed)
		read_item(reader, &best, run);
	end_run(&best, run);
	return best;
}

static GPtrArray *read_alternatives(Reader *reader)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	bool is_complete = true;

	if (++reader->depth > DEPTH_MAX)
		reader->has_failed = true;
	while (!reader->has_failed) {
		g_autoptr(GPtrArray) one = read_sequence(reader);

		if (one == NULL)
			is_complete = false;
		for (unsigned i = 0; one != NULL && i < one->len; i++)
			g_ptr_array_add(all,
			    g_strdup(g_ptr_array_index(one, i)));
		if (*reader->p != '|')
			break;
		reader->p++;
	}
	reader->depth--;
	if (!is_complete || reader->has_failed)
		return NULL;
	return g_steal_pointer(&all);
}

GPtrArray *literals_required(const char *pattern)
{
	Reader reader = { .p = pattern };
	g_autoptr(GPtrArray) set = read_alternatives(&reader);

	if (set == NULL || reader.has_failed || *reader.p != '\0' ||
	    shortest(set) < LITERAL_MIN)
		return NULL;
	return g_steal_pointer(&set);
}

/* ---- the filter ---- */

#define BUCKETS 4096

typedef struct Entry {
	uint32_t window; /* the octets it is filed under */
	unsigned offset; /* of the window in the literal */
	unsigned len;
	char *literal;
	unsigned id;
	int next; /* in the same bucket, -1 ends */
} Entry;

struct LiteralFilter {
	GArray *entries;
	int heads[BUCKETS];
	unsigned used[BUCKETS];
};

static inline unsigned bucket_of(uint32_t window)
{
	return (window * UINT32_C(2654435761)) >> 20;
}

static inline uint32_t window_push(uint32_t window, char c)
{
	return (window << 8 | (unsigned char)text_lower(c)) & 0xffffff;
}

static void entry_clear(void *entry)
{
	g_free(((Entry *)entry)->literal);
}

LiteralFilter *literal_filter_new(void)
{
	LiteralFilter *filter = g_new0(LiteralFilter, 1);

	filter->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
	g_array_set_clear_func(filter->entries, entry_clear);
	for (unsigned i = 0; i < BUCKETS; i++)
		filter->heads[i] = -1;
	return filter;
}

void literal_filter_free(LiteralFilter *filter)
{
	if (filter == NULL)
		return;
	g_array_unref(filter->entries);
	g_free(filter);
}

void literal_filter_add(LiteralFilter *filter, const char *literal, unsigned id)
{
	Entry entry = { .len = (unsigned)strlen(literal), .id = id };
	unsigned least = UINT_MAX;
	uint32_t window = 0;
	unsigned bucket;

	g_assert(entry.len >= LITERAL_MIN);
	for (unsigned i = 0; i < entry.len; i++) {
		window = window_push(window, literal[i]);
		if (i + 1 < LITERAL_MIN ||
		    filter->used[bucket_of(window)] >= least)
			continue;
		least = filter->used[bucket_of(window)];
		entry.window = window;
		entry.offset = i + 1 - LITERAL_MIN;
	}
	bucket = bucket_of(entry.window);
	entry.literal = g_ascii_strdown(literal, -1);
	entry.next = filter->heads[bucket];
	filter->heads[bucket] = (int)filter->entries->len;
	filter->used[bucket]++;
	g_array_append_val(filter->entries, entry);
}

/* Whether ENTRY lies in TEXT with its window at WINDOW_AT. */
static bool entry_is_at(const Entry *entry, const char *text, size_t len,
    size_t window_at)
{
	size_t start;

	if (window_at < entry->offset)
		return false;
	start = window_at - entry->offset;
	if (entry->len > len - start)
		return false;
	for (unsigned i = 0; i < entry->len; i++)
		if (text_lower(text[start + i]) != entry->literal[i])
			return false;
	return true;
}

void literal_filter_scan(const LiteralFilter *filter, const char *text,
    size_t len, uint8_t *hits)
{
	uint32_t window = 0;

	for (size_t i = 0; i < len; i++) {
		int at;

		window = window_push(window, text[i]);
		if (i + 1 < LITERAL_MIN)
			continue;
		at = filter->heads[bucket_of(window)];
		while (at >= 0) {
			const Entry *entry = &g_array_index(filter->entries,
			    Entry, at);

			if (entry->window == window &&
			    !literal_is_hit(hits, entry->id) &&
			    entry_is_at(entry, text, len, i + 1 - LITERAL_MIN))
				hits[entry->id / 8] |=
				    (uint8_t)(1U << (entry->id % 8));
			at = entry->next;
		}
	}
}

unsigned literal_next_hit(const uint8_t *hits, unsigned id, unsigned end)
{
	while (id < end && !literal_is_hit(hits, id)) {
		/* hardly any octet has a bit set */
		if (hits[id / 8] >> (id % 8) == 0)
			id = (id / 8 + 1) * 8;
		else
			id++;
	}
	return MIN(id, end);
}
