/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A campaign's mail that Postfix holds or put off, and how it goes on. */
#include "held_mail.h"

#include "errors.h"
#include "postconf.h"

#include <json-glib/json-glib.h>
#include <string.h>

enum { IDS_AT_ONCE = 100 };

void held_mail_clear(HeldMail *mail)
{
	g_clear_pointer(&mail->ids, g_ptr_array_unref);
	mail->deferred = 0;
}

static bool is_of(const TokenSpace *tokens, const char *sender,
    const char *name, int64_t id)
{
	g_auto(Token) token = { 0 };

	token_decode(tokens, sender, &token);
	return token.check != TOKEN_FORGED && token.check != TOKEN_UNKNOWN &&
	       token.check != TOKEN_NOT_OURS &&
	       (strcmp(token.campaign, name) == 0 ||
		   (id != 0 && token.campaign_id == id));
}

static const char *member(JsonObject *object, const char *name)
{
	return json_object_get_string_member_with_default(object, name, "");
}

static bool take_line(const TokenSpace *tokens, const char *line,
    const char *name, int64_t id, HeldMail *mail, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) wrong = NULL;
	JsonNode *root = NULL;
	JsonObject *object;

	if (json_parser_load_from_data(parser, line, -1, &wrong))
		root = json_parser_get_root(parser);
	if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "postqueue -j prints what is no JSON object: %.60s", line);
		return false;
	}
	object = json_node_get_object(root);
	if (!is_of(tokens, member(object, "sender"), name, id))
		return true;
	if (strcmp(member(object, "queue_name"), "hold") == 0)
		g_ptr_array_add(mail->ids,
		    g_strdup(member(object, "queue_id")));
	else if (strcmp(member(object, "queue_name"), "deferred") == 0)
		mail->deferred++;
	return true;
}

bool held_mail_parse(const TokenSpace *tokens, const char *listing,
    const char *name, int64_t id, HeldMail *ret_mail, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(listing, "\n", 0);

	ret_mail->ids = g_ptr_array_new_with_free_func(g_free);
	for (char **line = lines; *line != NULL; line++)
		if ((*line)[0] != '\0' &&
		    !take_line(tokens, *line, name, id, ret_mail, error))
			return false;
	return true;
}

/* ---- Postfix's commands ---- */

static char *run(GPtrArray *words, GError **error)
{
	g_ptr_array_add(words, NULL);
	return postconf_output((char **)words->pdata, 0, NULL, error);
}

static GPtrArray *command(const char *program, const char *directory)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(words, g_strdup(program));
	if (directory != NULL) {
		g_ptr_array_add(words, g_strdup("-c"));
		g_ptr_array_add(words, g_strdup(directory));
	}
	return words;
}

bool held_mail_find(const TokenSpace *tokens, const char *directory,
    const char *name, int64_t id, HeldMail *ret_mail, GError **error)
{
	g_autoptr(GPtrArray) words = command("postqueue", directory);
	g_autofree char *output = NULL;

	g_ptr_array_add(words, g_strdup("-j"));
	output = run(words, error);
	return output != NULL &&
	       held_mail_parse(tokens, output, name, id, ret_mail, error);
}

/* Each of GPtrArray of words, in the order to be run. */
static GPtrArray *commands(const HeldMail *mail, const char *directory,
    bool has_map)
{
	GPtrArray *all =
	    g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	GPtrArray *words = NULL;

	/* trivial-rewrite(8) reads such a table once */
	if (has_map) {
		words = command("postfix", directory);
		g_ptr_array_add(words, g_strdup("reload"));
		g_ptr_array_add(all, words);
	}
	for (unsigned i = 0; i < mail->ids->len; i++) {
		if (i % IDS_AT_ONCE == 0) {
			words = command("postsuper", directory);
			g_ptr_array_add(all, words);
		}
		g_ptr_array_add(words, g_strdup("-H"));
		g_ptr_array_add(words, g_strdup(mail->ids->pdata[i]));
	}
	if (mail->deferred > 0) {
		words = command("postqueue", directory);
		g_ptr_array_add(words, g_strdup("-f"));
		g_ptr_array_add(all, words);
	}
	return all;
}

char *held_mail_commands(const HeldMail *mail, const char *directory,
    bool has_map)
{
	g_autoptr(GPtrArray) all = commands(mail, directory, has_map);
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < all->len; i++) {
		const GPtrArray *words = all->pdata[i];

		for (unsigned k = 0; k < words->len; k++) {
			/* shell words, but for what needs no quotes */
			const char *word = words->pdata[k];
			g_autofree char *quoted = g_shell_quote(word);
			bool is_plain =
			    word[strspn(word, G_CSET_A_2_Z G_CSET_a_2_z
				"0123456789-_./")] == '\0';

			g_string_append_printf(text, "%s%s", k > 0 ? " " : "",
			    is_plain ? word : quoted);
		}
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}

bool held_mail_release(const HeldMail *mail, const char *directory,
    bool has_map, GError **error)
{
	g_autoptr(GPtrArray) all = commands(mail, directory, has_map);

	for (unsigned i = 0; i < all->len; i++) {
		g_autofree char *output = run(all->pdata[i], error);

		if (output == NULL)
			return false;
	}
	return true;
}
