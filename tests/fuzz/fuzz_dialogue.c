/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What smtpd(8) and smtp(8) may ask: the first octet chooses the protocol and
   how the rest is cut into pieces.  However it is cut, questions and answers
   must be the same. */

#include "bounds.h"
#include "dialogue.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static MapReply look_up(void *data, const char *map, const char *key)
{
	g_assert(g_utf8_validate(map, -1, NULL));
	g_assert(g_utf8_validate(key, -1, NULL));
	g_string_append_printf(data, "[%s|%s]", map, key);
	return (MapReply){ (MapStatus)(strlen(key) % 4), g_strdup(key) };
}

static char *decide(void *data, const PolicyRequest *request)
{
	g_assert(g_utf8_validate(request->sender, -1, NULL));
	g_assert(g_utf8_validate(request->recipient, -1, NULL));
	g_string_append_printf(data, "[%s|%s]", request->sender,
	    request->recipient);
	return g_strdup(request->sender);
}

static void talk(bool is_policy, const char *bytes, size_t size, unsigned cut,
    GString *said)
{
	g_autoptr(Dialogue)
	    dialogue = is_policy ? dialogue_new_policy(decide, said)
				 : dialogue_new_socketmap(look_up, said);
	bool is_open = true;
	const char *output;
	size_t len;

	for (size_t at = 0; at < size && is_open; at += len) {
		cut = cut * 1103515245u + 12345u;
		len = cut == 12345u ? size : 1 + (cut >> 16) % 61;
		len = MIN(len, size - at);
		is_open = dialogue_feed(dialogue, bytes + at, len);
	}
	output = dialogue_output(dialogue, &len);
	g_string_append_len(said, output, (gssize)len);
	for (size_t i = 0; i < len; i++)
		g_assert(output[i] == '\n' || !g_ascii_iscntrl(output[i]));
	dialogue_sent(dialogue, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GString) whole = g_string_new(NULL);
	g_autoptr(GString) pieces = g_string_new(NULL);

	/* beyond the bound it matters where the cut is */
	if (size < 1 || size > BOUND_REQUEST)
		return 0;
	talk((data[0] & 1) != 0, (const char *)data + 1, size - 1, 0, whole);
	talk((data[0] & 1) != 0, (const char *)data + 1, size - 1, data[0] + 1u,
	    pieces);
	g_assert(g_string_equal(whole, pieces));
	return 0;
}
