/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shapes of texts, word by word.  A word ends at a blank or before an opening
   bracket, as in "mx.example.org[192.0.2.7]"; its brackets and stops are kept
   as they are, for "<a@x>:" is not "a@x". */

#include "shape.h"

#include "bounds.h"

#include <stdbool.h>
#include <string.h>

enum {
	ID_LENGTH =
	    6, /* a shorter word with digits keeps its letters: "tls1" */
	QUOTED_LENGTH =
	    100, /* an opening quote farther from the next is none */
};

typedef struct Word {
	const char *text;
	size_t len;
} Word;

/* ---- what a word is ---- */

static bool has(Word word, const char *set)
{
	for (size_t i = 0; i < word.len; i++)
		if (strchr(set, word.text[i]) != NULL)
			return true;
	return false;
}

static bool is_only(Word word, const char *set)
{
	for (size_t i = 0; i < word.len; i++)
		if (strchr(set, word.text[i]) == NULL)
			return false;
	return word.len > 0;
}

#define DIGITS "0123456789"
#define HEX    DIGITS "abcdef"

static unsigned count(Word word, char c)
{
	unsigned n = 0;

	for (size_t i = 0; i < word.len; i++)
		n += word.text[i] == c;
	return n;
}

static bool is_address(Word word)
{
	const char *at = memchr(word.text, '@', word.len);

	return at != NULL && at > word.text && at < word.text + word.len - 1;
}

static bool is_ip(Word word)
{
	if (is_only(word, DIGITS ".") && count(word, '.') == 3)
		return true;
	return is_only(word, HEX ":.") && count(word, ':') >= 2 &&
	       !is_only(word, DIGITS ":"); /* 21:43:02 */
}

/* Labels of letters, digits and hyphens, the last of two letters or more. */
static bool is_host(Word word)
{
	size_t label = 0;
	bool is_alpha = true;

	if (memchr(word.text, '.', word.len) == NULL)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.text[i];

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			is_alpha = true;
		} else if (g_ascii_isalnum(c) || c == '-' || c == '_') {
			label++;
			is_alpha = is_alpha && g_ascii_isalpha(c);
		} else {
			return false;
		}
	}
	return label >= 2 && is_alpha;
}

/* "mon", "nov": a date's words, which are no number but change like one. */
static bool is_of_date(Word word)
{
	static const char names[] =
	    "mon tue wed thu fri sat sun "
	    "jan feb mar apr may jun jul aug sep oct nov dec ";

	for (const char *name = names; *name != '\0'; name += 4)
		if (word.len == 3 && memcmp(word.text, name, 3) == 0)
			return true;
	return false;
}

/* The mask for WORD, or NULL. */
static const char *mask_of(Word word)
{
	if (g_strstr_len(word.text, (gssize)word.len, "://") != NULL)
		return "URL";
	if (is_address(word))
		return "ADDRESS";
	if (is_ip(word))
		return "IP";
	if (is_only(word, DIGITS "+-.,:/#%"))
		return has(word, DIGITS) ? "N" : NULL;
	if (is_host(word))
		return "HOST";
	if (!has(word, DIGITS))
		return NULL;
	return word.len >= ID_LENGTH ? "ID" : NULL;
}

/* ---- writing ---- */

typedef struct Shaper {
	GString *shape;
	const char *last; /* the mask written last, if nothing came after it */
	bool is_blank;    /* a blank is due */
} Shaper;

static void put_blank(Shaper *shaper)
{
	if (shaper->is_blank && shaper->shape->len > 0)
		g_string_append_c(shaper->shape, ' ');
	shaper->is_blank = false;
}

/* Of equal masks in a row, one: lists have all lengths. */
static void put_mask(Shaper *shaper, const char *mask)
{
	if (shaper->last != NULL && strcmp(shaper->last, mask) == 0) {
		shaper->is_blank = false;
		return;
	}
	put_blank(shaper);
	g_string_append(shaper->shape, mask);
	shaper->last = mask;
}

static void put_text(Shaper *shaper, const char *text, size_t len)
{
	if (len == 0)
		return;
	put_blank(shaper);
	g_string_append_len(shaper->shape, text, (gssize)len);
	shaper->last = NULL;
}

/* A short word: its digits are masked, its letters stay. */
static void put_mixed(Shaper *shaper, Word word)
{
	size_t i = 0;

	while (i < word.len) {
		Word rest = { word.text + i, word.len - i };
		size_t letters = strcspn(rest.text, DIGITS);
		size_t digits;

		put_text(shaper, rest.text, MIN(letters, rest.len));
		if (letters >= rest.len)
			return;
		digits = strspn(rest.text + letters, DIGITS);
		put_mask(shaper, "N");
		i += MIN(letters + digits, rest.len);
	}
}

static void put_core(Shaper *shaper, Word word)
{
	const char *mask = mask_of(word);

	if (mask == NULL && is_of_date(word) && shaper->last != NULL &&
	    strcmp(shaper->last, "N") == 0)
		mask = "N";
	if (mask != NULL)
		put_mask(shaper, mask);
	else
		put_mixed(shaper, word);
}

/* WORD between its brackets and stops. */
static void put_word(Shaper *shaper, Word word)
{
	static const char open[] = "([{<'`*", close[] = ")]}>'`*.,;:!?";
	size_t from = 0, to = word.len;

	while (from < to && strchr(open, word.text[from]) != NULL)
		from++;
	while (to > from && strchr(close, word.text[to - 1]) != NULL)
		to--;
	put_text(shaper, word.text, from);
	if (to > from)
		put_core(shaper, (Word){ word.text + from, to - from });
	/* "1, 2, 3" is a list of numbers like "1 2 3" */
	if (shaper->last == NULL || word.len - to != 1 || word.text[to] != ',')
		put_text(shaper, word.text + to, word.len - to);
	shaper->is_blank = true;
}

/* Past what is quoted at TEXT, or TEXT when nothing is. */
static const char *skip_quoted(const char *text)
{
	const char *end;

	if (*text != '"')
		return text;
	end = strchr(text + 1, '"');
	return end != NULL && end - text <= QUOTED_LENGTH ? end + 1 : text;
}

/* A month or weekday before a number is of its date, too. */
static bool is_before_number(const char *rest)
{
	rest += strspn(rest, ", ");
	return g_ascii_isdigit(*rest);
}

char *shape_of(const char *text)
{
	g_autofree char *lower = g_utf8_strdown(text, -1);
	Shaper shaper = { .shape = g_string_sized_new(BOUND_SHAPE) };
	const char *at = lower;
	char *shape;

	while (*at != '\0' && shaper.shape->len < BOUND_SHAPE) {
		const char *end = skip_quoted(at);
		Word word = { at, 0 };

		if (g_ascii_isspace(*at)) {
			shaper.is_blank = true;
			at++;
			continue;
		}
		if (end > at) {
			put_mask(&shaper, "QUOTED");
			at = end;
			continue;
		}
		word.len = strcspn(at + 1, " \t\r\n\v\f\"[(<") + 1;
		at += word.len;
		if (is_of_date((Word){ word.text, strcspn(word.text, ", ") }) &&
		    word.len <= 4 && is_before_number(at))
			put_mask(&shaper, "N");
		else
			put_word(&shaper, word);
		shaper.is_blank = g_ascii_isspace(*at);
	}
	if (shaper.shape->len > BOUND_SHAPE) {
		const char *valid;

		g_string_truncate(shaper.shape, BOUND_SHAPE);
		(void)g_utf8_validate(shaper.shape->str, -1, &valid);
		g_string_truncate(shaper.shape,
		    (gsize)(valid - shaper.shape->str));
	}
	shape = g_string_free(shaper.shape, FALSE);
	return g_strchomp(shape);
}
