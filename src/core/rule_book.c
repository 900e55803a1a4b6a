/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules and providers as files state them, before they are made quick to
   try. */

#include "rule_book.h"

#include <string.h>

static const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_FIRST] = "first",
	[LEVEL_PROVIDER] = "provider",
	[LEVEL_PHRASE] = "phrase",
	[LEVEL_DOUBT] = "doubt",
	[LEVEL_CODE] = "code",
	[LEVEL_WEAK] = "weak",
	[LEVEL_LAST] = "last",
};

const char *level_name(RuleLevel level)
{
	return level_names[level];
}

static void example_free(Example *example)
{
	g_free(example->text);
	g_free(example);
}

static Rule *rule_new(const char *id, const char *file, unsigned line)
{
	Rule *rule = g_new0(Rule, 1);

	rule->id = g_strdup(id);
	rule->file = g_strdup(file);
	rule->line = line;
	rule->provider_names = g_new0(char *, 1);
	rule->types = g_new0(char *, 1);
	rule->feedback = g_new0(char *, 1);
	rule->status = g_array_new(FALSE, FALSE, sizeof(StatusGlob));
	rule->codes = g_array_new(FALSE, FALSE, sizeof(CodeRange));
	rule->matches =
	    g_ptr_array_new_with_free_func((GDestroyNotify)pattern_free);
	rule->unlesses =
	    g_ptr_array_new_with_free_func((GDestroyNotify)pattern_free);
	rule->examples =
	    g_ptr_array_new_with_free_func((GDestroyNotify)example_free);
	rule->pattern = g_strdup("");
	rule->confidence = -1;
	return rule;
}

static void rule_free(Rule *rule)
{
	g_free(rule->id);
	g_free(rule->file);
	g_free(rule->replaced_file);
	g_strfreev(rule->provider_names);
	g_free(rule->providers);
	g_array_unref(rule->status);
	g_array_unref(rule->codes);
	g_strfreev(rule->types);
	g_strfreev(rule->feedback);
	g_ptr_array_unref(rule->matches);
	g_ptr_array_unref(rule->unlesses);
	g_ptr_array_unref(rule->examples);
	g_free(rule->pattern);
	g_free(rule);
}

static Provider *provider_new(const char *name)
{
	Provider *provider = g_new0(Provider, 1);

	provider->name = g_strdup(name);
	provider->mtas = g_new0(char *, 1);
	provider->domains = g_new0(char *, 1);
	provider->texts = g_ptr_array_new_with_free_func(g_free);
	return provider;
}

static void provider_free(Provider *provider)
{
	g_free(provider->name);
	g_strfreev(provider->mtas);
	g_strfreev(provider->domains);
	g_ptr_array_unref(provider->texts);
	g_free(provider);
}

RuleBook *rule_book_new(void)
{
	RuleBook *book = g_new0(RuleBook, 1);

	book->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	book->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	book->words = wordbook_new();
	book->providers =
	    g_ptr_array_new_with_free_func((GDestroyNotify)provider_free);
	return book;
}

void rule_book_free(RuleBook *book)
{
	if (book == NULL)
		return;
	g_ptr_array_unref(book->rules);
	g_ptr_array_unref(book->providers);
	wordbook_free(book->words);
	g_hash_table_unref(book->places);
	g_free(book);
}

/* Remembers in RULE which one it takes the place of, for lint. */
static void rule_replace(Rule *rule, Rule *old)
{
	rule->replaced_file = g_strdup(old->file);
	rule->replaced_line = old->line;
	rule_free(old);
}

/* Puts THING where one of its NAME stands in LIST, or at the end.  KIND tells
   rules from providers, for both live in one table of names. */
static void book_put(RuleBook *book, GPtrArray *list, char kind,
    const char *name, void *thing)
{
	g_autofree char *key = g_strdup_printf("%c%s", kind, name);
	void *place;

	if (g_hash_table_lookup_extended(book->places, key, NULL, &place)) {
		void **at = &g_ptr_array_index(list, GPOINTER_TO_UINT(place));

		if (kind == 'r')
			rule_replace(thing, *at);
		else
			provider_free(*at);
		*at = thing;
		return;
	}
	g_hash_table_insert(book->places, g_steal_pointer(&key),
	    GUINT_TO_POINTER(list->len));
	g_ptr_array_add(list, thing);
}

Rule *rule_book_add_rule(RuleBook *book, const char *id, const char *file,
    unsigned line)
{
	Rule *rule = rule_new(id, file, line);

	book_put(book, book->rules, 'r', id, rule);
	return rule;
}

Provider *rule_book_add_provider(RuleBook *book, const char *name)
{
	Provider *provider = provider_new(name);

	book_put(book, book->providers, 'p', name, provider);
	return provider;
}

void rule_book_drop_disabled(RuleBook *book)
{
	for (unsigned i = book->rules->len; i-- > 0;) {
		const Rule *rule = g_ptr_array_index(book->rules, i);

		if (rule->is_disabled)
			g_ptr_array_remove_index(book->rules, i);
	}
	for (unsigned i = book->providers->len; i-- > 0;) {
		const Provider *provider = g_ptr_array_index(book->providers,
		    i);

		if (provider->is_disabled)
			g_ptr_array_remove_index(book->providers, i);
	}
}
