/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the part of PCRE2's syntax that rules are written in (groups,
   alternatives, classes, quantifiers, escapes) for the literals that a match
   must have.  At anything else it gives up: then the pattern is always tried,
   which costs time and no match. */

#include "required.h"

#include "literals.h"
#include "text.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 16

typedef struct Literal {
	size_t at; /* in the pool, where a NUL ends it */
	int next;  /* in the same set; -1 ends */
} Literal;

/* Literals of which one must be found. */
typedef struct Set {
	int first, last;
	size_t shortest;
} Set;

/* Of each of which one must be found. */
typedef struct Sets {
	Set set[REQUIRED_SETS];
	unsigned n;
} Sets;

struct RequiredReader {
	const char *p;
	GString *pool;    /* of octets; the run that is being read ends it */
	size_t run;       /* where that begins */
	GArray *literals; /* of Literal */
	GArray *found;    /* of Required */
	unsigned depth;
	bool has_failed; /* syntax beyond us */
};

/* The set of ALL whose shortest literal is longest; -1 if there is none. */
static int find_best(const Sets *all)
{
	int best = -1;

	for (unsigned i = 0; i < all->n; i++)
		if (best < 0 || all->set[i].shortest > all->set[best].shortest)
			best = (int)i;
	return best;
}

/* Adds SET to ALL, in place of one that says less when ALL is full. */
static void keep_set(Sets *all, Set set)
{
	unsigned least = 0;

	if (all->n < REQUIRED_SETS) {
		all->set[all->n++] = set;
		return;
	}
	for (unsigned i = 1; i < all->n; i++)
		if (all->set[i].shortest < all->set[least].shortest)
			least = i;
	if (set.shortest > all->set[least].shortest)
		all->set[least] = set;
}

/* Ends a run of literal octets: it is a set of one. */
static void end_run(RequiredReader *reader, Sets *all)
{
	Literal literal = { .at = reader->run, .next = -1 };
	size_t len = reader->pool->len - reader->run;
	int place = (int)reader->literals->len;

	if (len < LITERAL_MIN) {
		g_string_truncate(reader->pool, reader->run);
		return;
	}
	g_string_append_c(reader->pool, '\0');
	reader->run = reader->pool->len;
	g_array_append_val(reader->literals, literal);
	keep_set(all, (Set){ place, place, len });
}

/* Whatever is in either. */
static Set join_sets(RequiredReader *reader, Set a, Set b)
{
	g_array_index(reader->literals, Literal, a.last).next = b.first;
	return (Set){ a.first, b.last, MIN(a.shortest, b.shortest) };
}

typedef enum Quantifier { ONCE, AT_LEAST_ONCE, PERHAPS } Quantifier;

static Quantifier read_quantifier(RequiredReader *reader)
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
static void skip_class(RequiredReader *reader)
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

static Sets read_sequence(RequiredReader *reader);

/* Behind "(".  Of several alternatives each gives its best set to one. */
static Sets read_alternatives(RequiredReader *reader)
{
	Sets all = read_sequence(reader);

	while (*reader->p == '|' && !reader->has_failed) {
		int mine = find_best(&all);
		Sets other;
		int its;

		reader->p++;
		other = read_sequence(reader);
		its = find_best(&other);
		if (mine >= 0 && its >= 0)
			all.set[0] = join_sets(reader, all.set[mine],
			    other.set[its]);
		all.n = mine >= 0 && its >= 0;
	}
	return all;
}

/* Behind "(?": whether a group begins there, at reader->p then; else it is an
   option or has failed. */
static bool read_group_kind(RequiredReader *reader, bool *ret_is_assertion)
{
	const char *p = reader->p + 1;
	size_t flags = strspn(p, "ims-");

	*ret_is_assertion = false;
	if (flags > 0 && p[flags] == ')') {
		reader->p = p + flags + 1;
		return false;
	}
	if (*p == ':' || *p == '>') {
		p++;
	} else if (*p == '=' || *p == '!') {
		*ret_is_assertion = true;
		p++;
	} else if (*p == '<' && (p[1] == '=' || p[1] == '!')) {
		*ret_is_assertion = true;
		p += 2;
	} else {
		reader->has_failed = true;
		return false;
	}
	reader->p = p;
	return true;
}

/* Behind "("; leaves behind ")". */
static void read_group(RequiredReader *reader, Sets *all)
{
	bool is_assertion = false;
	Sets inner;

	if (*reader->p == '?' && !read_group_kind(reader, &is_assertion))
		return;
	if (*reader->p == '*' || ++reader->depth > DEPTH_MAX) {
		reader->has_failed = true;
		return;
	}
	inner = read_alternatives(reader);
	reader->depth--;
	if (*reader->p == ')')
		reader->p++;
	if (read_quantifier(reader) == PERHAPS || is_assertion)
		return;
	for (unsigned i = 0; i < inner.n; i++)
		keep_set(all, inner.set[i]);
}

/* One literal character. */
static void read_literal(RequiredReader *reader, Sets *all)
{
	size_t before = reader->pool->len;

	if ((unsigned char)*reader->p < 0x80) {
		g_string_append_c(reader->pool, text_lower(*reader->p));
		reader->p++;
	} else {
		g_string_append_unichar(reader->pool,
		    literal_fold_char(g_utf8_get_char(reader->p)));
		reader->p += g_utf8_skip[(unsigned char)*reader->p];
	}
	switch (read_quantifier(reader)) {
	case ONCE:
		break;
	case PERHAPS:
		g_string_truncate(reader->pool, before);
		end_run(reader, all);
		break;
	case AT_LEAST_ONCE:
		end_run(reader, all);
		break;
	}
}

static void read_item(RequiredReader *reader, Sets *all)
{
	char c = *reader->p;

	if (c == '(') {
		end_run(reader, all);
		reader->p++;
		read_group(reader, all);
	} else if (c == '[') {
		end_run(reader, all);
		reader->p++;
		skip_class(reader);
		(void)read_quantifier(reader);
	} else if (c == '.' || c == '^' || c == '$') {
		end_run(reader, all);
		reader->p++;
		(void)read_quantifier(reader);
	} else if (c == '\\' && g_ascii_isalnum(reader->p[1])) {
		if (strchr("bBdDsSwWAzZ", reader->p[1]) == NULL) {
			reader->has_failed = true;
			return;
		}
		end_run(reader, all);
		reader->p += 2;
		(void)read_quantifier(reader);
	} else {
		if (c == '\\' && reader->p[1] != '\0')
			reader->p++;
		read_literal(reader, all);
	}
}

static Sets read_sequence(RequiredReader *reader)
{
	Sets all = { .n = 0 };

	while (*reader->p != '\0' && *reader->p != '|' && *reader->p != ')' &&
	       !reader->has_failed)
		read_item(reader, &all);
	end_run(reader, &all);
	return all;
}

static void add_way(RequiredReader *reader, const Sets *all, unsigned way)
{
	for (unsigned i = 0; i < all->n; i++) {
		int place = all->set[i].first;

		while (place >= 0) {
			const Literal *literal =
			    &g_array_index(reader->literals, Literal, place);
			Required one = { way, i, literal->at };

			g_array_append_val(reader->found, one);
			place = literal->next;
		}
	}
}

RequiredReader *required_reader_new(void)
{
	RequiredReader *reader = g_new0(RequiredReader, 1);

	reader->pool = g_string_new(NULL);
	reader->literals = g_array_new(FALSE, FALSE, sizeof(Literal));
	reader->found = g_array_new(FALSE, FALSE, sizeof(Required));
	return reader;
}

void required_reader_free(RequiredReader *reader)
{
	if (reader == NULL)
		return;
	(void)g_string_free(reader->pool, TRUE);
	g_array_unref(reader->literals);
	g_array_unref(reader->found);
	g_free(reader);
}

/* False when any text may match. */
static bool read_ways(RequiredReader *reader)
{
	for (unsigned way = 0;; way++) {
		Sets all = read_sequence(reader);

		if (reader->has_failed || all.n == 0)
			return false;
		add_way(reader, &all, way);
		if (*reader->p != '|')
			break;
		reader->p++;
	}
	return *reader->p == '\0'; /* not at a ")" too many */
}

const GArray *required_read(RequiredReader *reader, const char *pattern)
{
	reader->p = pattern;
	reader->run = 0;
	reader->depth = 0;
	reader->has_failed = !g_utf8_validate(pattern, -1, NULL);
	g_string_truncate(reader->pool, 0);
	g_array_set_size(reader->literals, 0);
	g_array_set_size(reader->found, 0);
	return read_ways(reader) ? reader->found : NULL;
}

const char *required_text(const RequiredReader *reader,
    const Required *required)
{
	return reader->pool->str + required->at;
}
