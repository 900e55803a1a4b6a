/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl rules stats`: which rules decide anything, the busiest first and
   those that never did last. */
#include "commands.h"
#include "row.h"
#include "rule_hits.h"
#include "rules_option.h"

#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool keep_hits(const RuleHits *row, void *data)
{
	RuleHits *copy = g_new0(RuleHits, 1);
	char *rule = g_strdup(row->rule);

	*copy = *row;
	copy->rule = rule;
	(void)g_hash_table_insert(data, rule, copy);
	return true;
}

GHashTable *rule_hits_read(Ctl *ctl, GError **error)
{
	g_autoptr(Store) store = ctl_store(ctl, STORE_READ, error);
	g_autoptr(GHashTable) hits = g_hash_table_new_full(g_str_hash,
	    g_str_equal, g_free, g_free);

	if (store == NULL || !store_each_rule(store, keep_hits, hits, error))
		return NULL;
	return g_steal_pointer(&hits);
}

RuleHits rule_hits_of(GHashTable *hits, const char *rule)
{
	const RuleHits *found = g_hash_table_lookup(hits, rule);

	return found != NULL ? *found : (RuleHits){ rule, 0, 0 };
}

void rule_hits_json(RuleHits hits, Row *row)
{
	row_number(row, "hits", (int64_t)hits.hits);
	row_time(row, "last", hits.last);
}

char *rule_hits_text(RuleHits hits)
{
	g_autofree char *last = hits.hits > 0 ? time_format(hits.last)
					      : g_strdup("never");

	return g_strdup_printf("%10" G_GUINT64_FORMAT "  %-20s", hits.hits,
	    last);
}

/* ---- stats ---- */

typedef struct RuleLine {
	RuleHits hits;
	bool is_in_force;
} RuleLine;

static int compare_lines(const void *a, const void *b)
{
	const RuleLine *one = a, *other = b;

	if (one->hits.hits != other->hits.hits)
		return one->hits.hits > other->hits.hits ? -1 : 1;
	return strcmp(one->hits.rule, other->hits.rule);
}

static void print_line(const Ctl *ctl, const RuleLine *line)
{
	g_autofree char *text = NULL;
	g_autofree char *rule = NULL;

	if (ctl->is_json) {
		Row *row = row_new();

		row_text(row, "id", line->hits.rule);
		rule_hits_json(line->hits, row);
		row_bool(row, "in_force", line->is_in_force);
		row_print(row);
		return;
	}
	text = rule_hits_text(line->hits);
	rule = printable(line->hits.rule);
	printf("%s  %s%s\n", text, rule,
	    line->is_in_force ? "" : "  (not in force)");
}

/* All rules in force, and those that hit and are not. */
static GArray *lines_of(const RuleSet *rules, GHashTable *hits)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(RuleLine));
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	void *value;

	for (unsigned i = 0; i < rules_count(rules); i++) {
		RuleInfo info = rules_info(rules, i);
		RuleLine line = { rule_hits_of(hits, info.id), true };

		(void)g_hash_table_add(known, (void *)(uintptr_t)info.id);
		g_array_append_val(lines, line);
	}
	g_hash_table_iter_init(&iter, hits);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		RuleLine line = { *(const RuleHits *)value, false };

		if (!g_hash_table_contains(known, line.hits.rule))
			g_array_append_val(lines, line);
	}
	g_array_sort(lines, compare_lines);
	return lines;
}

int cmd_rules_stats(Ctl *ctl, int argc, char **argv)
{
	g_auto(GStrv) directories = NULL;
	gboolean only_never = FALSE;
	const GOptionEntry entries[] = {
		{ "never", 0, 0, G_OPTION_ARG_NONE, &only_never,
		    "only rules that never hit", NULL },
		RULES_OPTION(&directories),
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = NULL;
	g_autoptr(GHashTable) hits = NULL;
	g_autoptr(GArray) lines = NULL;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	rules = rules_of(ctl, directories, &error);
	if (rules == NULL)
		return ctl_fail(ctl, error);
	hits = rule_hits_read(ctl, &error);
	if (hits == NULL)
		return ctl_fail(ctl, error);
	lines = lines_of(rules, hits);
	for (unsigned i = 0; i < lines->len; i++) {
		const RuleLine *line = &g_array_index(lines, RuleLine, i);

		if (!only_never || line->hits.hits == 0)
			print_line(ctl, line);
	}
	return EX_OK;
}
