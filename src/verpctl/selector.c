/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events by what the command line says of them. */
#include "selector.h"

#include "ctl.h"

#include "errors.h"

#include <stdio.h>
#include <string.h>

void selector_clear(Selector *selector)
{
	g_free(selector->provider);
	g_free(selector->rule);
	g_free(selector->campaign);
	g_free(selector->class_);
	g_free(selector->reason);
}

bool selector_is_empty(const Selector *selector)
{
	return selector->provider == NULL && selector->rule == NULL &&
	       selector->campaign == NULL && selector->class_ == NULL &&
	       selector->reason == NULL;
}

bool selector_filter(const Selector *selector, EventSelection *ret_filter,
    GError **error)
{
	EventSelection filter = EVENT_SELECTION_ANY;

	filter.provider = selector->provider;
	filter.rule = selector->rule;
	filter.campaign = selector->campaign;
	if (selector->class_ != NULL &&
	    (filter.class_ = vp_class_from_name(selector->class_)) < 0) {
		g_autofree char *what = unknown_class(selector->class_);

		g_set_error_literal(error, VP_ERROR, VP_ERROR_SYNTAX, what);
		return false;
	}
	if (selector->reason != NULL &&
	    (filter.reason = vp_reason_from_name(selector->reason)) < 0) {
		g_autofree char *what = unknown_reason(selector->reason);

		g_set_error_literal(error, VP_ERROR, VP_ERROR_SYNTAX, what);
		return false;
	}
	*ret_filter = filter;
	return true;
}

void selector_describe(const Selector *selector, GString *out)
{
	const char *const pairs[][2] = {
		{ "--provider", selector->provider },
		{ "--rule", selector->rule },
		{ "--campaign", selector->campaign },
		{ "--class", selector->class_ },
		{ "--match-reason", selector->reason },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
		if (pairs[i][1] != NULL)
			g_string_append_printf(out, " %s %s", pairs[i][0],
			    pairs[i][1]);
}

/* ---- counts ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *names_of(GHashTable *counts)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, counts);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, by_name);
	return names;
}

static unsigned count_of(GHashTable *counts, const char *name)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));
}

static void json_counts(Row *row, const char *member, GHashTable *counts)
{
	g_autoptr(GPtrArray) names = names_of(counts);

	row_open_object(row, member);
	for (unsigned i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		row_number(row, name, (int64_t)count_of(counts, name));
	}
	row_close_object(row);
}

static void print_counts(const char *what, GHashTable *counts)
{
	g_autoptr(GPtrArray) names = names_of(counts);

	for (unsigned i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *shown = printable(name);

		printf("  %-8s  %-32s %8u\n", what,
		    shown[0] != '\0' ? shown : "(unknown)",
		    count_of(counts, name));
	}
}

void event_counts_json(const EventCounts *counts, Row *row)
{
	json_counts(row, "by_class", counts->by_class);
	json_counts(row, "by_provider", counts->by_provider);
	json_counts(row, "by_rule", counts->by_rule);
}

void event_counts_print(const EventCounts *counts)
{
	print_counts("class", counts->by_class);
	print_counts("provider", counts->by_provider);
	print_counts("rule", counts->by_rule);
}
