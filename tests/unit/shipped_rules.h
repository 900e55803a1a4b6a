/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rules.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Reading the shipped rules is the test's business: the core does no I/O. */

static inline int shipped_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline GPtrArray *shipped_names(const char *prefix)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(g_getenv("VERPD_RULES"), 0, NULL);
	const char *name;

	ck_assert_ptr_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".rules") &&
		    g_str_has_prefix(name, prefix))
			g_ptr_array_add(names, g_strdup(name));
	ck_assert_uint_gt(names->len, 0);
	qsort(names->pdata, names->len, sizeof(char *), shipped_compare);
	return names;
}

/* The shipped files whose names begin with PREFIX, and behind them MORE, which
   may be NULL. */
static inline RuleSet *shipped_rules_and(const char *prefix,
    const RuleFile *more)
{
	g_autoptr(GPtrArray) names = shipped_names(prefix);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autofree RuleFile *files = g_new0(RuleFile, names->len + 1);
	g_autoptr(GError) error = NULL;
	RuleSet *rules;

	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *path = NULL;
		char *text;

		files[i].name = g_ptr_array_index(names, i);
		path = g_build_filename(g_getenv("VERPD_RULES"), files[i].name,
		    NULL);
		ck_assert(g_file_get_contents(path, &text, &files[i].len,
		    &error));
		files[i].text = text;
		g_ptr_array_add(texts, text);
	}
	if (more != NULL)
		files[names->len] = *more;
	rules = rules_new(files, names->len + (more != NULL), &error);
	ck_assert_msg(rules != NULL, "%s", error != NULL ? error->message : "");
	return rules;
}

static inline RuleSet *shipped_rules(void)
{
	return shipped_rules_and("", NULL);
}

/* The files of words come first. */
#define SHIPPED_WORDS "0"

/* Kept for the life of the program. */
static inline const WordBook *shipped_words(void)
{
	static RuleSet *rules;

	if (rules == NULL)
		rules = shipped_rules_and(SHIPPED_WORDS, NULL);
	return rules_words(rules);
}
