/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What both protocols share: octets that wait for the rest of their question,
   and replies that wait to be written. */

#include "dialogue_private.h"

#include "bounds.h"

Dialogue *dialogue_new(DialogueTake take, void *data)
{
	Dialogue *dialogue = g_new0(Dialogue, 1);

	dialogue->take = take;
	dialogue->data = data;
	dialogue->input = g_string_new(NULL);
	dialogue->output = g_string_new(NULL);
	return dialogue;
}

void dialogue_free(Dialogue *dialogue)
{
	if (dialogue == NULL)
		return;
	g_string_free(dialogue->input, TRUE);
	g_string_free(dialogue->output, TRUE);
	g_free(dialogue);
}

bool dialogue_feed(Dialogue *dialogue, const char *bytes, size_t len)
{
	size_t at = 0;

	if (dialogue->is_broken)
		return false;
	g_string_append_len(dialogue->input, bytes, (gssize)len);
	for (;;) {
		size_t used = 0;
		Taken taken = dialogue->take(dialogue,
		    dialogue->input->str + at, dialogue->input->len - at,
		    &used);

		at += used;
		if (taken == TAKEN_ONE)
			continue;
		dialogue->is_broken = taken == TAKEN_BROKEN;
		break;
	}
	g_string_erase(dialogue->input, 0, (gssize)at);
	if (dialogue->input->len > BOUND_REQUEST)
		dialogue->is_broken = true;
	return !dialogue->is_broken;
}

const char *dialogue_output(const Dialogue *dialogue, size_t *ret_len)
{
	*ret_len = dialogue->output->len;
	return dialogue->output->str;
}

void dialogue_sent(Dialogue *dialogue, size_t n)
{
	g_string_erase(dialogue->output, 0, (gssize)n);
}

bool dialogue_is_in_request(const Dialogue *dialogue)
{
	return dialogue->input->len > 0;
}
