/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client sends, after one octet that says how it is cut into pieces.
   However it is cut, the replies and the messages must be the same. */

#include "bounds.h"
#include "session.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *check_recipient(void *data, const char *address,
    const char *original)
{
	g_assert(address[0] != '\0');
	g_assert(g_utf8_validate(address, -1, NULL));
	g_assert(g_utf8_validate(original, -1, NULL));
	return g_str_has_prefix(address, "no") ? g_strdup("451 4.3.5 \r\nno")
					       : NULL;
}

static const LmtpConfig config = { .hostname = "mx.test",
	.size_limit = 1000,
	.check_recipient = check_recipient };

/* Replies are lines of printable ASCII, each with a code. */
static void check_output(const GString *output)
{
	const char *line = output->str;

	while (*line != '\0') {
		size_t len = strcspn(line, "\r");

		g_assert(line[len] == '\r' && line[len + 1] == '\n');
		g_assert(len >= 4 && len <= BOUND_REPLY_TEXT);
		for (size_t i = 0; i < len; i++)
			g_assert(g_ascii_isprint(line[i]));
		for (size_t i = 0; i < 3; i++)
			g_assert(g_ascii_isdigit(line[i]));
		line += len + 2;
	}
}

static void record(LmtpSession *session, GString *messages)
{
	g_autoptr(Envelope) envelope = NULL;
	g_autoptr(GBytes) message = NULL;
	const char *replies[BOUND_RECIPIENTS];
	size_t len;
	const char *text;

	lmtp_session_take(session, &envelope, &message);
	text = g_bytes_get_data(message, &len);
	g_assert(len <= BOUND_MESSAGE && len <= envelope->size);
	g_assert(envelope->recipients->len > 0);
	g_assert(envelope->recipients->len <= BOUND_RECIPIENTS);
	g_string_append_printf(messages, "%s %s %s %s %d\n", envelope->sender,
	    envelope->client_address, envelope->client_name, envelope->queue_id,
	    envelope->is_local);
	for (unsigned i = 0; i < envelope->recipients->len; i++) {
		const EnvelopeRecipient *to = envelope_recipient(envelope, i);

		g_string_append_printf(messages, "%s %s\n", to->address,
		    to->original);
		replies[i] = "250 2.0.0 recorded";
	}
	g_string_append_len(messages, text, (gssize)len);
	(void)lmtp_session_finish(session, replies, envelope->recipients->len);
}

static void settle(LmtpSession *session, GString *output, GString *messages)
{
	LmtpWants wants = lmtp_session_wants(session);
	const char *bytes;
	size_t len;

	for (;;) {
		bytes = lmtp_session_output(session, &len);
		if (wants == LMTP_WANTS_VERDICT)
			record(session, messages);
		else if (len > 0)
			g_string_append_len(output, bytes, (gssize)len);
		else
			return;
		if (wants != LMTP_WANTS_VERDICT)
			(void)lmtp_session_sent(session, len);
		wants = lmtp_session_wants(session);
	}
}

static void talk(const char *bytes, size_t size, unsigned cut, GString *output,
    GString *messages)
{
	g_autoptr(LmtpSession) session = lmtp_session_new(&config);
	size_t len;

	settle(session, output, messages);
	for (size_t at = 0; at < size; at += len) {
		/* a cheap row of lengths between 1 and 61 */
		cut = cut * 1103515245u + 12345u;
		len = cut == 12345u ? BOUND_PIPELINE : 1 + (cut >> 16) % 61;
		len = MIN(len, size - at);
		(void)lmtp_session_feed(session, bytes + at, len);
		settle(session, output, messages);
	}
	check_output(output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GString) output = g_string_new(NULL);
	g_autoptr(GString) messages = g_string_new(NULL);
	g_autoptr(GString) cut_output = g_string_new(NULL);
	g_autoptr(GString) cut_messages = g_string_new(NULL);
	const char *bytes = (const char *)data + 1;

	if (size < 1 || size > BOUND_PIPELINE)
		return 0;
	talk(bytes, size - 1, 0, output, messages);
	talk(bytes, size - 1, data[0] + 1u, cut_output, cut_messages);
	g_assert(g_string_equal(output, cut_output));
	g_assert(g_string_equal(messages, cut_messages));
	return 0;
}
