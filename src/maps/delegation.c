/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Postfix policy delegation (SMTPD_POLICY_README): lines "name=value" up to an
   empty one; the reply is "action=..." and an empty line. */

#include "dialogue_private.h"

#include "bounds.h"
#include "text.h"

#include <stddef.h>
#include <string.h>

/* The attributes that PolicyRequest has. */
static const struct {
	const char *name;
	size_t offset;
} attributes[] = {
	{ "protocol_state", offsetof(PolicyRequest, protocol_state) },
	{ "sender", offsetof(PolicyRequest, sender) },
	{ "recipient", offsetof(PolicyRequest, recipient) },
	{ "recipient_count", offsetof(PolicyRequest, recipient_count) },
	{ "client_address", offsetof(PolicyRequest, client_address) },
	{ "client_name", offsetof(PolicyRequest, client_name) },
	{ "sasl_username", offsetof(PolicyRequest, sasl_username) },
	{ "queue_id", offsetof(PolicyRequest, queue_id) },
	{ "instance", offsetof(PolicyRequest, instance) },
};

static const char **attribute(PolicyRequest *request, unsigned i)
{
	return (const char **)(void *)((char *)request + attributes[i].offset);
}

static void reply(Dialogue *dialogue, const char *action)
{
	g_autofree char *line = text_printable(action, strlen(action),
	    BOUND_MAP_VALUE);

	g_string_append_printf(dialogue->output, "action=%s\n\n", line);
}

/* One line, "name=value" or none; false when it says that this is another
   kind of question. */
static bool read_line(PolicyRequest *request, char *line)
{
	char *value = strchr(line, '=');

	if (value == NULL)
		return true; /* "ignore what you do not know" */
	*value++ = '\0';
	if (strcmp(line, "request") == 0)
		return strcmp(value, "smtpd_access_policy") == 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(attributes); i++)
		if (strcmp(line, attributes[i].name) == 0 &&
		    g_utf8_validate(value, -1, NULL))
			*attribute(request, i) = value;
	return true;
}

static void answer(Dialogue *dialogue, char *question)
{
	PolicyRequest request;
	g_autofree char *action = NULL;
	bool is_known = true;

	for (unsigned i = 0; i < G_N_ELEMENTS(attributes); i++)
		*attribute(&request, i) = "";
	while (*question != '\0') {
		char *end = strchr(question, '\n');

		*end = '\0';
		is_known = read_line(&request, question) && is_known;
		question = end + 1;
	}
	/* Somebody else's question is none to refuse mail for. */
	if (is_known)
		action = dialogue->decide(dialogue->data, &request);
	reply(dialogue, is_known ? action : "DUNNO");
}

static Taken take(Dialogue *dialogue, const char *bytes, size_t len,
    size_t *ret_used)
{
	const char *end;
	size_t length;
	g_autofree char *question = NULL;

	/* An empty line at once is a question without a word. */
	end = len > 0 && bytes[0] == '\n' ? bytes
					  : memmem(bytes, len, "\n\n", 2);
	if (end == NULL)
		return TAKEN_NONE;
	length = end == bytes ? 0 : (size_t)(end - bytes) + 1;
	if (length > BOUND_REQUEST || memchr(bytes, '\0', length) != NULL) {
		reply(dialogue, "DEFER_IF_PERMIT 4.3.0 not a policy request");
		return TAKEN_BROKEN;
	}
	question = g_strndup(bytes, length);
	answer(dialogue, question);
	*ret_used = length + 1;
	return TAKEN_ONE;
}

Dialogue *dialogue_new_policy(PolicyDecide decide, void *data)
{
	Dialogue *dialogue = dialogue_new(take, data);

	dialogue->decide = decide;
	return dialogue;
}
