/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* socketmap_table(5): netstrings "LEN:octets,".  A question is "MAP KEY", a
   reply "OK value", "NOTFOUND ", "TEMP reason" or "PERM reason". */

#include "dialogue_private.h"

#include "bounds.h"
#include "text.h"

#include <string.h>

enum { DIGITS_MAX = 6 }; /* of BOUND_REQUEST, and some */

static void reply(Dialogue *dialogue, MapStatus status, const char *text)
{
	static const char *const words[] = {
		[MAP_OK] = "OK ",
		[MAP_NOTFOUND] = "NOTFOUND ",
		[MAP_TEMP] = "TEMP ",
		[MAP_PERM] = "PERM ",
	};
	g_autofree char *line = text_printable(text, strlen(text),
	    BOUND_MAP_VALUE);

	g_string_append_printf(dialogue->output, "%zu:%s%s,",
	    strlen(words[status]) + strlen(line), words[status], line);
}

/* The number before the colon.  Taken is of that alone. */
static Taken take_length(const char *bytes, size_t len, size_t *ret_length,
    size_t *ret_used)
{
	size_t digits = 0, length = 0;

	while (digits < len && digits < DIGITS_MAX &&
	       g_ascii_isdigit(bytes[digits]))
		length = length * 10 + (size_t)(bytes[digits++] - '0');
	if (digits == len)
		return TAKEN_NONE;
	if (digits == 0 || bytes[digits] != ':' || length > BOUND_REQUEST)
		return TAKEN_BROKEN;
	*ret_length = length;
	*ret_used = digits + 1;
	return TAKEN_ONE;
}

/* What an address or a name of a map may consist of. */
static bool is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (g_ascii_iscntrl(text[i]))
			return false;
	return g_utf8_validate(text, (gssize)len, NULL);
}

/* QUESTION is "MAP KEY"; it is written into. */
static void answer(Dialogue *dialogue, char *question, size_t len)
{
	char *blank = memchr(question, ' ', len);
	MapReply found;

	if (blank == NULL || blank == question) {
		reply(dialogue, MAP_PERM, "the question is not \"map key\"");
		return;
	}
	/* No address of ours is like that: no need to ask. */
	if (!is_text(question, len)) {
		reply(dialogue, MAP_NOTFOUND, "");
		return;
	}
	*blank = '\0';
	found = dialogue->look_up(dialogue->data, question, blank + 1);
	reply(dialogue, found.status, text_or_empty(found.text));
	g_free(found.text);
}

static Taken take(Dialogue *dialogue, const char *bytes, size_t len,
    size_t *ret_used)
{
	g_autofree char *question = NULL;
	size_t length = 0, used = 0;
	Taken taken = take_length(bytes, len, &length, &used);

	if (taken == TAKEN_BROKEN)
		reply(dialogue, MAP_PERM, "not a netstring, or too long");
	if (taken != TAKEN_ONE)
		return taken;
	if (len - used <= length)
		return TAKEN_NONE;
	if (bytes[used + length] != ',') {
		reply(dialogue, MAP_PERM, "a netstring does not end so");
		return TAKEN_BROKEN;
	}
	question = g_strndup(bytes + used, length);
	answer(dialogue, question, length);
	*ret_used = used + length + 1;
	return TAKEN_ONE;
}

Dialogue *dialogue_new_socketmap(MapLookUp look_up, void *data)
{
	Dialogue *dialogue = dialogue_new(take, data);

	dialogue->look_up = look_up;
	return dialogue;
}
