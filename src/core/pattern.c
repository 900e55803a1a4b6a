/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* PCRE2 for rules: bounded, caseless, UTF-8.

   Not PCRE2_MATCH_INVALID_UTF: with it the JIT of 10.42 (Debian 12) does not
   find "\\S" on a character of two octets, and text is made valid once before
   any rule sees it (reply_read()). */

#include "pattern.h"

#include "bounds.h"
#include "errors.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A process that reads one message tries few of several hundred patterns, and
   each but once or twice: JIT would cost it more than all else it does. */
#define TRIES_BEFORE_JIT 8

/* What becomes of it as it is used, by any thread. */
typedef struct Heat {
	pcre2_code *code; /* atomic; NULL until it was compiled, never changed
			     then: others may be matching with it */
	int tries;        /* atomic */
	pcre2_code *fast; /* atomic; NULL until there were enough */
} Heat;

struct Pattern {
	char *text;
	Heat *heat;
};

struct PatternRoom {
	pcre2_match_context *limits;
	pcre2_match_data *data;
};

/* What is wrong with TEXT is told in ret_what. */
static pcre2_code *compile(const char *text, char **ret_what)
{
	const uint32_t options = PCRE2_CASELESS | PCRE2_UTF |
				 PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR what[160];
	PCRE2_SIZE offset;
	int rc;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text,
	    PCRE2_ZERO_TERMINATED, options, &rc, &offset, NULL);

	if (code == NULL) {
		pcre2_get_error_message(rc, what, sizeof(what));
		*ret_what = g_strdup_printf("%s at offset %zu of the pattern",
		    (const char *)what, (size_t)offset);
	}
	return code;
}

Pattern *pattern_new_late(const char *text)
{
	Pattern *pattern = g_new0(Pattern, 1);

	pattern->text = g_strdup(text);
	pattern->heat = g_new0(Heat, 1);
	return pattern;
}

Pattern *pattern_new(const char *text, GError **error)
{
	g_autoptr(Pattern) pattern = NULL;
	g_autofree char *what = NULL;

	if (strlen(text) > BOUND_PATTERN) {
		g_set_error(error, VP_ERROR, VP_ERROR_LIMIT,
		    "pattern longer than %d octets", BOUND_PATTERN);
		return NULL;
	}
	pattern = pattern_new_late(text);
	pattern->heat->code = compile(text, &what);
	if (pattern->heat->code == NULL) {
		g_set_error_literal(error, VP_ERROR, VP_ERROR_SYNTAX, what);
		return NULL;
	}
	return g_steal_pointer(&pattern);
}

void pattern_free(Pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_code_free(pattern->heat->fast);
	pcre2_code_free(pattern->heat->code);
	g_free(pattern->heat);
	g_free(pattern->text);
	g_free(pattern);
}

const char *pattern_text(const Pattern *pattern)
{
	return pattern->text;
}

PatternRoom *pattern_room_new(void)
{
	PatternRoom *room = g_new0(PatternRoom, 1);

	room->limits = pcre2_match_context_create(NULL);
	room->data = pcre2_match_data_create(1, NULL);
	if (room->limits == NULL || room->data == NULL)
		g_error("out of memory");
	pcre2_set_match_limit(room->limits, BOUND_MATCH);
	pcre2_set_depth_limit(room->limits, BOUND_MATCH_DEPTH);
	pcre2_set_heap_limit(room->limits, BOUND_MATCH_HEAP);
	return room;
}

void pattern_room_free(PatternRoom *room)
{
	if (room == NULL)
		return;
	pcre2_match_data_free(room->data);
	pcre2_match_context_free(room->limits);
	g_free(room);
}

/* Two threads may both compile it; one of them keeps its own to itself. */
static const pcre2_code *plain_code_of(const Pattern *pattern)
{
	Heat *heat = pattern->heat;
	pcre2_code *code = g_atomic_pointer_get(&heat->code);
	g_autofree char *what = NULL;

	if (code != NULL)
		return code;
	code = compile(pattern->text, &what);
	if (code == NULL)
		g_error("%s: %s", pattern->text, what);
	if (g_atomic_pointer_compare_and_exchange(&heat->code, NULL, code))
		return code;
	pcre2_code_free(code);
	return g_atomic_pointer_get(&heat->code);
}

/* The code to match with.  Adding is atomic, so one thread sees the number of
   tries at which JIT is due; the others go on without until it is there. */
static const pcre2_code *code_of(const Pattern *pattern)
{
	Heat *heat = pattern->heat;
	pcre2_code *fast = g_atomic_pointer_get(&heat->fast);

	if (fast != NULL)
		return fast;
	if (g_atomic_int_add(&heat->tries, 1) != TRIES_BEFORE_JIT)
		return plain_code_of(pattern);
	fast = pcre2_code_copy(plain_code_of(pattern));
	if (fast == NULL)
		return plain_code_of(pattern);
	/* where there is no JIT it is slower, and the same */
	(void)pcre2_jit_compile(fast, PCRE2_JIT_COMPLETE);
	g_atomic_pointer_set(&heat->fast, fast);
	return fast;
}

bool pattern_find(const Pattern *pattern, PatternRoom *room, const char *text,
    size_t len, size_t *ret_start, size_t *ret_end)
{
	const PCRE2_SIZE *at;

	if (pcre2_match(code_of(pattern), (PCRE2_SPTR)text, len, 0,
		PCRE2_NO_UTF_CHECK, room->data, room->limits) < 0)
		return false;
	at = pcre2_get_ovector_pointer(room->data);
	*ret_start = at[0];
	/* \K in a lookahead can set the start behind the end */
	*ret_end = MAX(at[0], at[1]);
	return true;
}
