/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rules.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Reading the shipped rules is the test's business: the core does no I/O. */

static int shipped_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static RuleSet *shipped_rules(void)
{
	const char *dir = g_getenv("VERPD_RULES");
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) open = NULL;
	RuleSet *rules;
	RuleFile *files;
	const char *name;

	ck_assert_ptr_nonnull(dir);
	open = g_dir_open(dir, 0, &error);
	ck_assert_ptr_nonnull(open);
	while ((name = g_dir_read_name(open)) != NULL)
		if (g_str_has_suffix(name, ".rules"))
			g_ptr_array_add(names, g_strdup(name));
	qsort(names->pdata, names->len, sizeof(char *), shipped_compare);
	ck_assert_uint_gt(names->len, 0);
	files = g_new0(RuleFile, names->len);
	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *path = NULL;
		char *text;

		files[i].name = g_ptr_array_index(names, i);
		path = g_build_filename(dir, files[i].name, NULL);
		ck_assert(g_file_get_contents(path, &text, &files[i].len,
		    &error));
		files[i].text = text;
	}
	rules = rules_new(files, names->len, &error);
	ck_assert_msg(rules != NULL, "%s", error != NULL ? error->message : "");
	for (unsigned i = 0; i < names->len; i++)
		g_free((void *)(uintptr_t)files[i].text);
	g_free(files);
	return rules;
}
