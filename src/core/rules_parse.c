/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads rule files: stanzas of `key = value` lines, as verpd-rules(5) has them.

	file     = *( comment / blank / stanza )
	stanza   = "[" [ kind SP ] name "]" EOL *( entry / comment / blank )
	kind     = "provider" / "words"
	entry    = key "=" value EOL
	comment  = "#" text EOL

   One mistake and the file is refused, with its name and line: a rule that an
   admin believes in and that is not there would be worse. */

#include "rules_private.h"

#include "bounds.h"
#include "errors.h"
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

typedef struct Parser {
	RuleBook *book;
	const char *file;
	bool is_proven; /* its patterns compile */
	unsigned line;
	GHashTable *seen; /* the stanzas of this file: once each */
	/* the one being read: one of these, or none */
	Rule *rule;
	Provider *provider;
	char *words;        /* its name */
	unsigned keys_seen; /* bits of those that may stand once */
	GError **error;
} Parser;

G_GNUC_PRINTF(2, 3)
static bool fail(Parser *parser, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(parser->error, VP_ERROR, VP_ERROR_CONFIG, "%s:%u: %s",
	    parser->file, parser->line, what);
	return false;
}

static char **split_words(const char *value)
{
	g_auto(GStrv) all = g_strsplit_set(value, " \t", -1);
	GPtrArray *words = g_ptr_array_new();

	for (char **word = all; *word != NULL; word++)
		if (**word != '\0')
			g_ptr_array_add(words, g_strdup(*word));
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

/* Appends the words of VALUE to *LIST. */
static void add_words(char ***list, const char *value)
{
	g_auto(GStrv) more = split_words(value);
	GPtrArray *words = g_ptr_array_new();

	for (char **word = *list; *word != NULL; word++)
		g_ptr_array_add(words, *word);
	for (char **word = more; *word != NULL; word++)
		g_ptr_array_add(words, g_steal_pointer(word));
	g_ptr_array_add(words, NULL);
	g_free(*list);
	*list = (char **)g_ptr_array_free(words, FALSE);
}

/* "550", "55x", "5xx"; "*" where MAY_BE_ANY. */
static bool parse_range(const char *word, bool may_be_any, CodeRange *ret_range)
{
	CodeRange range = { 0, 0 };
	size_t len = strlen(word);
	bool is_open = false;

	if (may_be_any && strcmp(word, "*") == 0) {
		*ret_range = (CodeRange){ 0, 999 };
		return true;
	}
	if (len == 0 || len > 3)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool is_wild = i > 0 && (word[i] == 'x' || word[i] == 'X');
		unsigned digit;

		if (!is_wild && (is_open || !g_ascii_isdigit(word[i])))
			return false;
		is_open = is_open || is_wild;
		digit = is_wild ? 0 : (unsigned)(word[i] - '0');
		range.first = range.first * 10 + digit;
		range.last = range.last * 10 + (is_wild ? 9 : digit);
	}
	*ret_range = range;
	return true;
}

/* "5.1.1", "5.1.*", "*.7.6xx", "5.*.*", "4" */
static bool parse_status_glob(const char *word, StatusGlob *ret_glob)
{
	g_auto(GStrv) fields = g_strsplit(word, ".", 4);
	StatusGlob glob = { { 0, 999 }, { 0, 999 }, { 0, 999 } };
	unsigned n = g_strv_length(fields);

	if ((n != 1 && n != 3) || !parse_range(fields[0], true, &glob.class))
		return false;
	if (glob.class.last != 999 && glob.class.last != 2 &&
	    glob.class.last != 4 && glob.class.last != 5)
		return false;
	if (n == 3 && (!parse_range(fields[1], true, &glob.subject) ||
			  !parse_range(fields[2], true, &glob.detail)))
		return false;
	*ret_glob = glob;
	return true;
}

static bool parse_code(const char *word, CodeRange *ret_range)
{
	return strlen(word) == 3 && word[0] >= '2' && word[0] <= '5' &&
	       parse_range(word, false, ret_range);
}

static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= BOUND_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == len;
}

/* ---- a rule's entries ---- */

static bool set_provider(Parser *parser, const char *value)
{
	add_words(&parser->rule->provider_names, value);
	parser->rule->provider_line = parser->line;
	return true;
}

static bool set_status(Parser *parser, const char *value)
{
	g_auto(GStrv) words = split_words(value);

	for (char **word = words; *word != NULL; word++) {
		StatusGlob glob;

		if (!parse_status_glob(*word, &glob))
			return fail(parser, "no status glob: %s", *word);
		g_array_append_val(parser->rule->status, glob);
	}
	return true;
}

static bool set_code(Parser *parser, const char *value)
{
	g_auto(GStrv) words = split_words(value);

	for (char **word = words; *word != NULL; word++) {
		CodeRange range;

		if (!parse_code(*word, &range))
			return fail(parser, "no reply code: %s", *word);
		g_array_append_val(parser->rule->codes, range);
	}
	return true;
}

static bool set_stage(Parser *parser, const char *value)
{
	g_auto(GStrv) words = split_words(value);

	for (char **word = words; *word != NULL; word++) {
		SmtpStage stage;

		if (!stage_from_name(*word, &stage))
			return fail(parser, "no SMTP stage: %s", *word);
		parser->rule->stages |= 1U << stage;
	}
	return true;
}

static bool set_action(Parser *parser, const char *value)
{
	g_auto(GStrv) words = split_words(value);

	for (char **word = words; *word != NULL; word++) {
		unsigned action = ACTION_NONE;

		if (strcmp(*word, "none") != 0) {
			while (++action <= ACTION_EXPANDED &&
			       strcmp(*word,
				   action_name((ReportAction)action)) != 0)
				;
			if (action > ACTION_EXPANDED)
				return fail(parser, "no action: %s", *word);
		}
		parser->rule->actions |= 1U << action;
	}
	return true;
}

static bool set_kind(Parser *parser, const char *value)
{
	g_auto(GStrv) words = split_words(value);

	for (char **word = words; *word != NULL; word++) {
		unsigned kind = REPORT_NONE;

		while (kind <= REPORT_RECEIPT &&
		       strcmp(*word, report_kind_name((ReportKind)kind)) != 0)
			kind++;
		if (kind > REPORT_RECEIPT)
			return fail(parser, "no kind of report: %s", *word);
		parser->rule->kinds |= 1U << kind;
	}
	return true;
}

static bool set_type(Parser *parser, const char *value)
{
	add_words(&parser->rule->types, value);
	return true;
}

static bool set_feedback(Parser *parser, const char *value)
{
	add_words(&parser->rule->feedback, value);
	return true;
}

static bool add_pattern(Parser *parser, GPtrArray *to, const char *value)
{
	g_autoptr(GError) why = NULL;
	Pattern *pattern = parser->is_proven ? pattern_new_late(value)
					     : pattern_new(value, &why);

	if (pattern == NULL)
		return fail(parser, "%s", why->message);
	g_ptr_array_add(to, pattern);
	return true;
}

static bool set_match(Parser *parser, const char *value)
{
	Rule *rule = parser->rule;
	char *all;

	if (!add_pattern(parser, rule->matches, value))
		return false;
	all = rule->pattern[0] == '\0'
		  ? g_strdup(value)
		  : g_strconcat(rule->pattern, "|", value, NULL);
	g_free(rule->pattern);
	rule->pattern = all;
	return true;
}

static bool set_unless(Parser *parser, const char *value)
{
	return add_pattern(parser, parser->rule->unlesses, value);
}

static bool set_level(Parser *parser, const char *value)
{
	for (unsigned i = 0; i < LEVEL_COUNT; i++) {
		if (strcmp(value, level_name((RuleLevel)i)) == 0) {
			parser->rule->level = (RuleLevel)i;
			parser->rule->level_line = parser->line;
			return true;
		}
	}
	return fail(parser, "no level: %s", value);
}

static bool set_reason(Parser *parser, const char *value)
{
	int reason = vp_reason_from_name(value);

	if (reason < 0)
		return fail(parser, "no reason: %s", value);
	parser->rule->reason = (enum vp_reason)reason;
	parser->rule->has_reason = true;
	return true;
}

static bool set_confidence(Parser *parser, const char *value)
{
	char *end;
	double confidence = g_ascii_strtod(value, &end);

	if (end == value || *end != '\0' ||
	    !(confidence >= 0 && confidence <= 1))
		return fail(parser, "confidence is not 0 to 1: %s", value);
	parser->rule->confidence = confidence;
	return true;
}

static bool set_confirm(Parser *parser, const char *value)
{
	if (value[0] < '2' || value[0] > '0' + POLICY_CONFIRM_MAX ||
	    value[1] != '\0')
		return fail(parser, "confirm is not 2 to %d: %s",
		    POLICY_CONFIRM_MAX, value);
	parser->rule->confirm = (unsigned)(value[0] - '0');
	parser->rule->confirm_line = parser->line;
	return true;
}

static bool set_example(Parser *parser, const char *value)
{
	Example *example = g_new0(Example, 1);

	example->text = g_strdup(value);
	example->line = parser->line;
	g_ptr_array_add(parser->rule->examples, example);
	return true;
}

static bool parse_yes(Parser *parser, const char *value, bool *ret_is)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return fail(parser, "neither yes nor no: %s", value);
	*ret_is = strcmp(value, "yes") == 0;
	return true;
}

static bool set_rule_disable(Parser *parser, const char *value)
{
	return parse_yes(parser, value, &parser->rule->is_disabled);
}

/* ---- a provider's entries ---- */

static bool set_mta(Parser *parser, const char *value)
{
	add_words(&parser->provider->mtas, value);
	return true;
}

static bool set_domain(Parser *parser, const char *value)
{
	add_words(&parser->provider->domains, value);
	return true;
}

static bool set_text(Parser *parser, const char *value)
{
	if (strlen(value) < LITERAL_MIN)
		return fail(parser, "text of fewer than %d octets: %s",
		    LITERAL_MIN, value);
	g_ptr_array_add(parser->provider->texts, g_strdup(value));
	return true;
}

static bool set_provider_disable(Parser *parser, const char *value)
{
	return parse_yes(parser, value, &parser->provider->is_disabled);
}

/* ---- entries of words ---- */

/* A value that begins or ends in a blank is in quotes. */
static char *unquote(char *value)
{
	size_t len = strlen(value);

	if (len < 2 || value[0] != '"' || value[len - 1] != '"')
		return value;
	value[len - 1] = '\0';
	return value + 1;
}

static bool read_words_entry(Parser *parser, const char *key, char *value)
{
	RuleBook *book = parser->book;
	WordList list;
	bool is_disabled = false;

	if (strcmp(key, "disable") == 0) {
		if (!parse_yes(parser, value, &is_disabled))
			return false;
		if (is_disabled)
			wordbook_forget(book->words, parser->words);
		return true;
	}
	if (!wordbook_list_from_name(key, &list))
		return fail(parser, "no such key: %s", key);
	value = unquote(value);
	if (*value == '\0')
		return fail(parser, "%s is empty", key);
	if (strlen(value) > BOUND_WORD)
		return fail(parser, "%s of more than %d octets", key,
		    BOUND_WORD);
	if (book->n_words++ >= BOUND_WORDS)
		return fail(parser, "more than %d words", BOUND_WORDS);
	(void)wordbook_add(book->words, list, parser->words, value);
	return true;
}

/* ---- stanzas ---- */

typedef struct Key {
	const char *name;
	bool may_repeat;
	bool (*set)(Parser *parser, const char *value);
} Key;

static const Key rule_keys[] = {
	{ "provider", false, set_provider },
	{ "status", false, set_status },
	{ "code", false, set_code },
	{ "stage", false, set_stage },
	{ "action", false, set_action },
	{ "kind", false, set_kind },
	{ "type", false, set_type },
	{ "feedback", false, set_feedback },
	{ "match", true, set_match },
	{ "unless", true, set_unless },
	{ "level", false, set_level },
	{ "reason", false, set_reason },
	{ "confidence", false, set_confidence },
	{ "confirm", false, set_confirm },
	{ "example", true, set_example },
	{ "disable", false, set_rule_disable },
};

static const Key provider_keys[] = {
	{ "mta", true, set_mta },
	{ "domain", true, set_domain },
	{ "text", true, set_text },
	{ "disable", false, set_provider_disable },
};

static RuleLevel level_of(const Rule *rule)
{
	if (rule->matches->len == 0)
		return LEVEL_CODE;
	return rule->provider_names[0] != NULL ? LEVEL_PROVIDER : LEVEL_PHRASE;
}

/* Checks the stanza just ended as a whole; mistakes are told of its first
   line. */
static bool end_stanza(Parser *parser)
{
	Rule *rule = parser->rule;

	parser->rule = NULL;
	parser->provider = NULL;
	g_clear_pointer(&parser->words, g_free);
	if (rule == NULL || rule->is_disabled)
		return true;
	parser->line = rule->line;
	if (!rule->has_reason)
		return fail(parser, "%s: no reason", rule->id);
	if (rule->confidence < 0)
		return fail(parser, "%s: no confidence", rule->id);
	if (rule->confirm != 0 &&
	    vp_reason_class(rule->reason) != VP_CLASS_HARD) {
		parser->line = rule->confirm_line;
		return fail(parser,
		    "%s: confirm is of hard bounces; %s is not one", rule->id,
		    vp_reason_name(rule->reason));
	}
	if (rule->kinds == 0)
		rule->kinds = 1U << REPORT_DSN;
	if (rule->level_line == 0)
		rule->level = level_of(rule);
	if (rule->matches->len == 0 &&
	    (rule->level == LEVEL_PROVIDER || rule->level == LEVEL_PHRASE ||
		rule->level == LEVEL_DOUBT || rule->level == LEVEL_WEAK))
		return fail(parser, "%s: level %s without match", rule->id,
		    level_name(rule->level));
	if (rule->matches->len != 0 && rule->level == LEVEL_CODE)
		return fail(parser, "%s: level code with match", rule->id);
	return true;
}

static bool begin_rule(Parser *parser, const char *name)
{
	if (parser->book->rules->len >= BOUND_RULES)
		return fail(parser, "more than %d rules", BOUND_RULES);
	parser->rule = rule_book_add_rule(parser->book, name, parser->file,
	    parser->line);
	return true;
}

static bool begin_provider(Parser *parser, const char *name)
{
	if (parser->book->providers->len >= BOUND_RULES)
		return fail(parser, "more than %d providers", BOUND_RULES);
	parser->provider = rule_book_add_provider(parser->book, name);
	return true;
}

/* Words are added to what stanzas of that name have said before. */
static bool begin_words(Parser *parser, const char *name)
{
	parser->words = g_strdup(name);
	return true;
}

static const struct {
	const char *prefix;
	bool (*begin)(Parser *parser, const char *name);
} stanzas[] = {
	{ "provider ", begin_provider },
	{ "words ", begin_words },
	{ "", begin_rule },
};

/* "[id]", "[provider name]" or "[words name]" */
static bool begin_stanza(Parser *parser, char *line)
{
	size_t len = strlen(line);
	unsigned at = parser->line;
	unsigned i = 0;
	char *name;

	if (!end_stanza(parser))
		return false;
	parser->line = at;
	parser->keys_seen = 0;
	if (line[len - 1] != ']')
		return fail(parser, "no \"]\" at the end");
	line[len - 1] = '\0';
	while (!g_str_has_prefix(line + 1, stanzas[i].prefix))
		i++;
	name = g_strstrip(line + 1 + strlen(stanzas[i].prefix));
	if (!name_is_valid(name))
		return fail(parser, "no name of [a-z0-9._-]: \"%s\"", name);
	if (!g_hash_table_add(parser->seen,
		g_strconcat(stanzas[i].prefix, name, NULL)))
		return fail(parser, "%s%s is in this file already",
		    stanzas[i].prefix, name);
	return stanzas[i].begin(parser, name);
}

static bool read_entry(Parser *parser, char *line)
{
	const Key *keys = parser->rule != NULL ? rule_keys : provider_keys;
	unsigned n = parser->rule != NULL ? G_N_ELEMENTS(rule_keys)
					  : G_N_ELEMENTS(provider_keys);
	char *value = strchr(line, '=');

	if (value == NULL)
		return fail(parser, "neither [name] nor key = value");
	*value++ = '\0';
	g_strstrip(line);
	g_strstrip(value);
	if (parser->words != NULL)
		return read_words_entry(parser, line, value);
	if (parser->rule == NULL && parser->provider == NULL)
		return fail(parser, "%s before any [name]", line);
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(line, keys[i].name) != 0)
			continue;
		if (!keys[i].may_repeat && (parser->keys_seen & 1U << i) != 0)
			return fail(parser, "%s again", line);
		if (*value == '\0')
			return fail(parser, "%s is empty", line);
		parser->keys_seen |= 1U << i;
		return keys[i].set(parser, value);
	}
	return fail(parser, "no such key: %s", line);
}

static bool read_line(Parser *parser, char *line)
{
	g_strstrip(line);
	if (*line == '\0' || *line == '#')
		return true;
	if (*line == '[')
		return begin_stanza(parser, line);
	return read_entry(parser, line);
}

/* Cuts TEXT up. */
static bool read_lines(Parser *parser, char *text)
{
	while (*text != '\0') {
		char *line = text;

		text += strcspn(text, "\n");
		if (*text == '\n')
			*text++ = '\0';
		parser->line++;
		if (!read_line(parser, line))
			return false;
	}
	return end_stanza(parser);
}

bool rule_book_read(RuleBook *book, const RuleFile *file, GError **error)
{
	g_autoptr(GHashTable)
	    seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Parser parser = {
		.book = book,
		.file = file->name,
		.is_proven = file->is_proven,
		.seen = seen,
		.error = error,
	};
	g_autofree char *text = NULL;
	const char *bad;
	bool is_read;

	if (file->len > BOUND_FILE)
		return fail(&parser, "larger than %d octets", BOUND_FILE);
	if (!g_utf8_validate(file->text, (gssize)file->len, &bad)) {
		for (const char *p = file->text; p < bad; p++)
			parser.line += *p == '\n';
		parser.line++;
		return fail(&parser, "not UTF-8");
	}
	text = g_strndup(file->text, file->len);
	is_read = read_lines(&parser, text);
	g_free(parser.words);
	return is_read;
}
