/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the names that a configuration file sets, and their lines.  It shares
   libConfuse's idea of words, strings and comments and no more: values are
   stepped over, and what cannot be understood is left to libConfuse, which
   reads the same text next and complains better. */
#include "settings_lines.h"

#include "errors.h"

#include <stdbool.h>
#include <string.h>

struct SettingsLines {
	GHashTable *lines;    /* "section\1title\1name" to its line */
	GHashTable *untitled; /* "section" to where its "{" is; the first
				 octet is 1 */
	const char *text;     /* only while scanning */
	char *plain;          /* the same with blanks for its comments */
};

typedef struct Token {
	int type;         /* a character of "{}=+(),", 'w' a word, 0 the end */
	const char *text; /* of a word, without its quotes */
	size_t len;
	unsigned line;
} Token;

typedef struct Scanner {
	const char *at;
	const char *start;
	char *plain; /* a copy of START where comments become blanks */
	unsigned line;
	unsigned open_comment; /* the line of one that never ends, or 0 */
} Scanner;

/* To STOP, and nothing but its lines is left. */
static void skip_to(Scanner *scanner, const char *stop)
{
	for (; scanner->at < stop; scanner->at++)
		if (*scanner->at == '\n')
			scanner->line++;
		else
			scanner->plain[scanner->at - scanner->start] = ' ';
}

static void skip_comment(Scanner *scanner)
{
	const char *end = strstr(scanner->at + 2, "*/");
	const char *stop = end != NULL ? end + 2
				       : scanner->at + strlen(scanner->at);

	if (end == NULL)
		scanner->open_comment = scanner->line;
	skip_to(scanner, stop);
}

static void skip_blanks(Scanner *scanner)
{
	for (;;) {
		const char *at = scanner->at;

		if (*at == '\n')
			scanner->line++;
		if (g_ascii_isspace(*at))
			scanner->at++;
		else if (*at == '#' || strncmp(at, "//", 2) == 0)
			skip_to(scanner, at + strcspn(at, "\n"));
		else if (strncmp(at, "/*", 2) == 0)
			skip_comment(scanner);
		else
			return;
	}
}

/* A backslash keeps the next octet from ending the string, in both kinds of
   quotes. */
static void scan_quoted(Scanner *scanner, Token *token)
{
	char quote = *scanner->at++;

	token->text = scanner->at;
	while (*scanner->at != '\0' && *scanner->at != quote) {
		if (*scanner->at == '\\' && scanner->at[1] != '\0')
			scanner->at++;
		if (*scanner->at == '\n')
			scanner->line++;
		scanner->at++;
	}
	token->len = (size_t)(scanner->at - token->text);
	if (*scanner->at == quote)
		scanner->at++;
}

static Token scan_token(Scanner *scanner)
{
	Token token = { 0 };

	skip_blanks(scanner);
	token.line = scanner->line;
	token.text = scanner->at;
	if (*scanner->at == '\0')
		return token;
	token.type = 'w';
	if (*scanner->at == '"' || *scanner->at == '\'') {
		scan_quoted(scanner, &token);
		return token;
	}
	if (strncmp(scanner->at, "${", 2) == 0) /* the environment's */
		token.len = strcspn(scanner->at, "}\n") + 1;
	else if (strchr("{}=+(),", *scanner->at) != NULL)
		token.type = (unsigned char)*scanner->at;
	else
		token.len = strcspn(scanner->at, " \t\r\n\v\f\"'#={}()+,");
	token.len = CLAMP(token.len, 1, strlen(scanner->at));
	scanner->at += token.len;
	return token;
}

/* One section being read; the file itself is the first. */
typedef struct Place {
	char *section;
	char *title;
	unsigned line;
} Place;

static void place_clear(Place *place)
{
	g_free(place->section);
	g_free(place->title);
}

static char *lines_key(const char *section, const char *title, const char *name)
{
	return g_strjoin("\1", section, title, name, NULL);
}

static bool note(SettingsLines *lines, const char *file, const char *section,
    const char *title, const char *name, unsigned line, GError **error)
{
	g_autofree char *key = lines_key(section, title, name);
	unsigned before = GPOINTER_TO_UINT(g_hash_table_lookup(lines->lines,
	    key));

	if (before == 0) {
		g_hash_table_insert(lines->lines, g_steal_pointer(&key),
		    GUINT_TO_POINTER(line));
		return true;
	}
	if (name[0] != '\0')
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:%u: %s is set before, on line %u", file, line, name,
		    before);
	else
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:%u: section %s%s%s%s is there before, on line %u", file,
		    line, section, title[0] != '\0' ? " \"" : "", title,
		    title[0] != '\0' ? "\"" : "", before);
	return false;
}

/* value ::= word / "{" *( word / "," ) "}" */
static void skip_value(Scanner *scanner)
{
	Token token = scan_token(scanner);

	if (token.type != '{')
		return;
	while (token.type != '}' && token.type != 0)
		token = scan_token(scanner);
}

/* libConfuse would take a backslash or the environment's ${NAME} here, and the
   name be another than the one that is noted. */
static bool check_plain(const char *file, const Token *token, GError **error)
{
	if (memchr(token->text, '\\', token->len) == NULL &&
	    memchr(token->text, '$', token->len) == NULL)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
	    "%s:%u: neither \"\\\" nor \"$\" may be in a name", file,
	    token->line);
	return false;
}

/* What follows a name: "=" value, or [ title ] "{", which opens a section. */
static bool scan_after_name(SettingsLines *lines, const char *file,
    Scanner *scanner, GArray *places, const Token *name, GError **error)
{
	Place *place = &g_array_index(places, Place, places->len - 1);
	g_autofree char *text = g_strndup(name->text, name->len);
	g_autofree char *title = NULL;
	Token next = scan_token(scanner);
	Place inner;

	if (!check_plain(file, name, error))
		return false;
	if (next.type == '+') {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:%u: %s: \"+=\" is not known here; write the whole list",
		    file, next.line, text);
		return false;
	}
	if (next.type == '=') {
		skip_value(scanner);
		return note(lines, file, place->section, place->title, text,
		    name->line, error);
	}
	if (next.type == 'w') {
		if (!check_plain(file, &next, error))
			return false;
		title = g_strndup(next.text, next.len);
		next = scan_token(scanner);
	}
	if (next.type != '{')
		return true;
	if (title == NULL)
		g_hash_table_insert(lines->untitled, g_strdup(text),
		    GSIZE_TO_POINTER((gsize)(next.text - lines->text) + 1));
	inner.section = g_strdup(text);
	inner.title = g_strdup(title != NULL ? title : "");
	inner.line = name->line;
	g_array_append_val(places, inner);
	return note(lines, file, inner.section, inner.title, "", inner.line,
	    error);
}

SettingsLines *settings_lines_new(const char *file, const char *text,
    GError **error)
{
	g_autoptr(SettingsLines) lines = g_new0(SettingsLines, 1);
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
	Place whole = { .section = g_strdup(""), .title = g_strdup("") };
	Scanner scanner = { .at = text, .start = text, .line = 1 };
	Token token;

	lines->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	lines->untitled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	lines->text = text;
	lines->plain = scanner.plain = g_strdup(text);
	g_array_set_clear_func(places, (GDestroyNotify)place_clear);
	g_array_append_val(places, whole);
	while ((token = scan_token(&scanner)).type != 0) {
		if (token.type == '}' && places->len > 1)
			g_array_set_size(places, places->len - 1);
		if (token.type != 'w')
			continue;
		if (!scan_after_name(lines, file, &scanner, places, &token,
			error))
			return NULL;
	}
	if (scanner.open_comment != 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:%u: the comment is not closed", file,
		    scanner.open_comment);
		return NULL;
	}
	if (places->len > 1) {
		Place *open = &g_array_index(places, Place, places->len - 1);

		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:%u: section %s is not closed", file, open->line,
		    open->section);
		return NULL;
	}
	return g_steal_pointer(&lines);
}

void settings_lines_free(SettingsLines *lines)
{
	if (lines == NULL)
		return;
	g_clear_pointer(&lines->lines, g_hash_table_unref);
	g_clear_pointer(&lines->untitled, g_hash_table_unref);
	g_free(lines->plain);
	g_free(lines);
}

char *settings_lines_titled(const SettingsLines *lines, const char *section)
{
	gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(lines->untitled,
	    section));

	return at == 0 ? g_strdup(lines->plain)
		       : g_strdup_printf("%.*s\"\" %s", (int)(at - 1),
			     lines->plain, lines->plain + at - 1);
}

unsigned settings_lines_of(const SettingsLines *lines, const char *section,
    const char *title, const char *name)
{
	g_autofree char *key = lines_key(section, title, name);

	return GPOINTER_TO_UINT(g_hash_table_lookup(lines->lines, key));
}
