/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the part of PCRE2's syntax that rules are written in (groups,
   alternatives, classes, quantifiers, escapes) for the literals that a match
   must have.  At anything else it gives up: then the pattern is always tried,
   which costs time and no match. */

#include "required.h"

#include "literals.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 16

/* LEN octets of the pool. */
typedef struct Literal {
	unsigned at;
	unsigned len;
	int next; /* in the same set; -1 ends */
} Literal;

/* Literals of which one must be found. */
typedef struct Set {
	int first, last;
	unsigned shortest;
} Set;

/* Of each of which one must be found. */
typedef struct Sets {
	Set set[REQUIRED_SETS];
	unsigned n;
} Sets;

typedef struct Reader {
	const char *p;
	GString *pool;    /* of octets; the run that is being read ends it */
	size_t run;       /* where that begins */
	GArray *literals; /* of Literal */
	unsigned depth;
	bool has_failed; /* syntax beyond us */
} Reader;

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
static void end_run(Reader *reader, Sets *all)
{
	Literal literal = { .at = (unsigned)reader->run,
		.len = (unsigned)(reader->pool->len - reader->run),
		.next = -1 };
	int place = (int)reader->literals->len;

	reader->run = reader->pool->len;
	if (literal.len < LITERAL_MIN)
		return;
	g_array_append_val(reader->literals, literal);
	keep_set(all, (Set){ place, place, literal.len });
}

/* Whatever is in either. */
static Set join_sets(Reader *reader, Set a, Set b)
{
	g_array_index(reader->literals, Literal, a.last).next = b.first;
	return (Set){ a.first, b.last, MIN(a.shortest, b.shortest) };
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

static Sets read_sequence(Reader *reader);

/* Behind "(".  Of several alternatives each gives its best set to one. */
static Sets read_alternatives(Reader *reader)
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
static bool read_group_kind(Reader *reader, bool *ret_is_assertion)
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
static void read_group(Reader *reader, Sets *all)
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
static void read_literal(Reader *reader, Sets *all)
{
	size_t before = reader->pool->len;
	gunichar c = g_utf8_get_char_validated(reader->p, -1);

	if (c == (gunichar)-1 || c == (gunichar)-2) {
		reader->has_failed = true;
		return;
	}
	reader->p += g_utf8_skip[(unsigned char)*reader->p];
	g_string_append_unichar(reader->pool, literal_fold_char(c));
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

static void read_item(Reader *reader, Sets *all)
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

static Sets read_sequence(Reader *reader)
{
	Sets all = { .n = 0 };

	while (*reader->p != '\0' && *reader->p != '|' && *reader->p != ')' &&
	       !reader->has_failed)
		read_item(reader, &all);
	end_run(reader, &all);
	return all;
}

static void required_clear(void *required)
{
	g_free(((Required *)required)->text);
}

static void add_way(const Reader *reader, const Sets *all, unsigned way,
    GArray *found)
{
	for (unsigned i = 0; i < all->n; i++) {
		int place = all->set[i].first;

		while (place >= 0) {
			const Literal *literal =
			    &g_array_index(reader->literals, Literal, place);
			Required one = { way, i,
				g_strndup(reader->pool->str + literal->at,
				    literal->len) };

			g_array_append_val(found, one);
			place = literal->next;
		}
	}
}

GArray *required_read(const char *pattern)
{
	g_autoptr(GString) pool = g_string_sized_new(256);
	g_autoptr(GArray) literals = g_array_new(FALSE, FALSE, sizeof(Literal));
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Required));
	Reader reader = { .p = pattern, .pool = pool, .literals = literals };

	g_array_set_clear_func(found, required_clear);
	for (unsigned way = 0;; way++) {
		Sets all = read_sequence(&reader);

		if (reader.has_failed || all.n == 0)
			return NULL;
		add_way(&reader, &all, way, found);
		if (*reader.p != '|')
			break;
		reader.p++;
	}
	/* a ")" too many */
	return *reader.p == '\0' ? g_steal_pointer(&found) : NULL;
}
