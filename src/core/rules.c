/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A set of rules: files read into a book, put in order, made quick to try. */

#include "rules_private.h"

#include "bounds.h"
#include "errors.h"
#include "wildcard.h"

#include <string.h>

void rules_free(RuleSet *rules)
{
	if (rules == NULL)
		return;
	for (unsigned i = 0; i < LEVEL_COUNT; i++)
		g_clear_pointer(&rules->levels[i], g_ptr_array_unref);
	g_clear_pointer(&rules->hosts, glob_index_free);
	g_clear_pointer(&rules->domains, glob_index_free);
	g_clear_pointer(&rules->owners, g_ptr_array_unref);
	g_clear_pointer(&rules->filter, literal_filter_free);
	g_clear_pointer(&rules->always, g_free);
	g_clear_pointer(&rules->book, rule_book_free);
	g_free(rules);
}

static bool find_provider(const RuleBook *book, const char *name,
    unsigned *ret_index)
{
	for (unsigned i = 0; i < book->providers->len; i++) {
		const Provider *provider = g_ptr_array_index(book->providers,
		    i);

		if (strcmp(provider->name, name) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static bool bind_providers(const RuleBook *book, Rule *rule, GError **error)
{
	rule->n_providers = g_strv_length(rule->provider_names);
	rule->providers = g_new0(unsigned, rule->n_providers + 1);
	for (unsigned i = 0; i < rule->n_providers; i++) {
		if (!find_provider(book, rule->provider_names[i],
			&rule->providers[i])) {
			g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
			    "%s:%u: no such provider: %s", rule->file,
			    rule->provider_line, rule->provider_names[i]);
			return false;
		}
	}
	return true;
}

/* Numbers every pattern, then every provider. */
static void number_patterns(RuleSet *rules)
{
	rules->owners = g_ptr_array_new();
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		const GPtrArray *of_level = rules->levels[level];

		rules->first[level] = rules->owners->len;
		for (unsigned i = 0; i < of_level->len; i++) {
			Rule *rule = g_ptr_array_index(of_level, i);

			rule->first_pattern = rules->owners->len;
			for (unsigned k = 0; k < rule->matches->len; k++)
				g_ptr_array_add(rules->owners, rule);
		}
	}
	rules->first[LEVEL_COUNT] = rules->owners->len;
	rules->n_bits = rules->owners->len + rules->book->providers->len;
}

static void add_provider(RuleSet *rules, const Provider *provider, unsigned i)
{
	for (char **glob = provider->mtas; *glob != NULL; glob++)
		glob_index_add(rules->hosts, *glob, i);
	for (char **glob = provider->domains; *glob != NULL; glob++)
		glob_index_add(rules->domains, *glob, i);
	for (unsigned k = 0; k < provider->texts->len; k++)
		literal_filter_add(rules->filter,
		    g_ptr_array_index(provider->texts, k),
		    rules_n_patterns(rules) + i);
}

static void build_filter(RuleSet *rules)
{
	number_patterns(rules);
	rules->always = g_malloc0(rules->n_bits / 8 + 1);
	rules->filter = literal_filter_new();
	for (unsigned i = 0; i < rules->owners->len; i++) {
		const Rule *rule = g_ptr_array_index(rules->owners, i);

		const Pattern *pattern = g_ptr_array_index(rule->matches,
		    i - rule->first_pattern);

		if (!literal_filter_add_pattern(rules->filter,
			pattern_text(pattern), i))
			literal_set_hit(rules->always, i);
	}
	rules->hosts = glob_index_new();
	rules->domains = glob_index_new();
	for (unsigned i = 0; i < rules->book->providers->len; i++)
		add_provider(rules,
		    g_ptr_array_index(rules->book->providers, i), i);
}

RuleSet *rules_new(const RuleFile *files, unsigned n_files, GError **error)
{
	g_autoptr(RuleSet) rules = g_new0(RuleSet, 1);

	rules->book = rule_book_new();
	for (unsigned i = 0; i < LEVEL_COUNT; i++)
		rules->levels[i] = g_ptr_array_new();
	for (unsigned i = 0; i < n_files; i++)
		if (!rule_book_read(rules->book, &files[i], error))
			return NULL;
	rule_book_drop_disabled(rules->book);
	for (unsigned i = 0; i < rules->book->rules->len; i++) {
		Rule *rule = g_ptr_array_index(rules->book->rules, i);

		if (!bind_providers(rules->book, rule, error))
			return NULL;
		g_ptr_array_add(rules->levels[rule->level], rule);
	}
	build_filter(rules);
	return g_steal_pointer(&rules);
}

unsigned rules_count(const RuleSet *rules)
{
	return rules->book->rules->len;
}

const WordBook *rules_words(const RuleSet *rules)
{
	return rules->book->words;
}

bool rules_know_provider(const RuleSet *rules, const char *name)
{
	for (unsigned i = 0; i < rules->book->providers->len; i++) {
		const Provider *provider =
		    g_ptr_array_index(rules->book->providers, i);

		if (!provider->is_disabled &&
		    wildcard_match(name, provider->name))
			return true;
	}
	return false;
}

RuleInfo rules_info(const RuleSet *rules, unsigned i)
{
	const Rule *rule = g_ptr_array_index(rules->book->rules, i);

	return (RuleInfo){ .id = rule->id,
		.file = rule->file,
		.line = rule->line,
		.reason = rule->reason,
		.confidence = rule->confidence,
		.confirm = rule->confirm,
		.pattern = rule->pattern,
		.n_examples = rule->examples->len };
}
