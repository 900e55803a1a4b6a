/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which events are meant, and how many of what there were. */
#include "store.h"

#include "wildcard.h"

static bool fits(const char *pattern, const char *text)
{
	return pattern == NULL || wildcard_match(pattern, text);
}

bool event_is_selected(const EventSelection *selection, const Event *event)
{
	return (selection->since == 0 || event->at >= selection->since) &&
	       (selection->until == 0 || event->at < selection->until) &&
	       (selection->class_ < 0 ||
		   (int)event->class_ == selection->class_) &&
	       (selection->reason < 0 ||
		   (int)event->reason == selection->reason) &&
	       fits(selection->provider, event->provider) &&
	       fits(selection->rule, event->rule) &&
	       fits(selection->campaign, event->campaign);
}

void event_counts_init(EventCounts *counts)
{
	GHashTable **const tables[] = { &counts->by_class, &counts->by_provider,
		&counts->by_rule };

	for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
		*tables[i] = g_hash_table_new_full(g_str_hash, g_str_equal,
		    g_free, NULL);
}

void event_counts_clear(EventCounts *counts)
{
	g_clear_pointer(&counts->by_class, g_hash_table_unref);
	g_clear_pointer(&counts->by_provider, g_hash_table_unref);
	g_clear_pointer(&counts->by_rule, g_hash_table_unref);
}

static void count_name(GHashTable *counts, const char *name)
{
	unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));

	g_hash_table_insert(counts, g_strdup(name), GUINT_TO_POINTER(n + 1));
}

void event_counts_add(EventCounts *counts, const Event *event)
{
	count_name(counts->by_class, vp_class_name(event->class_));
	count_name(counts->by_provider, event->provider);
	count_name(counts->by_rule, event->rule);
}
