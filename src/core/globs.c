/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of several hundred globs match a host.  Nearly all are of the form
   "*.example.org", so they are filed under the last two labels, and a host is
   held against those that end as it does; the others ("yahoo.*") against every
   host. */

#include "globs.h"

#include "wildcard.h"

#include <string.h>

typedef struct Entry {
	char *glob;
	unsigned id;
} Entry;

struct GlobIndex {
	GHashTable *entries; /* last labels in lower case, or "" → of Entry */
};

static void entry_clear(void *entry)
{
	g_free(((Entry *)entry)->glob);
}

GlobIndex *glob_index_new(void)
{
	GlobIndex *index = g_new0(GlobIndex, 1);

	index->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    (GDestroyNotify)g_array_unref);
	return index;
}

void glob_index_free(GlobIndex *index)
{
	if (index == NULL)
		return;
	g_hash_table_unref(index->entries);
	g_free(index);
}

/* The last two labels of HOST, or all of it. */
static const char *last_labels(const char *host)
{
	const char *p = host + strlen(host);
	unsigned n_dots = 0;

	for (; p > host; p--) {
		if (p[-1] == '.' && ++n_dots == 2)
			break;
	}
	return p;
}

/* Those that GLOB leaves open are "". */
static const char *fixed_labels(const char *glob)
{
	const char *labels = last_labels(glob);

	return strpbrk(labels, "*?") == NULL ? labels : "";
}

void glob_index_add(GlobIndex *index, const char *glob, unsigned id)
{
	g_autofree char *labels = g_ascii_strdown(fixed_labels(glob), -1);
	Entry entry = { .glob = g_strdup(glob), .id = id };
	GArray *filed = g_hash_table_lookup(index->entries, labels);

	if (filed == NULL) {
		filed = g_array_new(FALSE, FALSE, sizeof(Entry));
		g_array_set_clear_func(filed, entry_clear);
		g_hash_table_insert(index->entries, g_steal_pointer(&labels),
		    filed);
	}
	g_array_append_val(filed, entry);
}

static void mark_filed(const GlobIndex *index, const char *labels,
    const char *host, uint8_t mark, uint8_t *marks)
{
	const GArray *filed = g_hash_table_lookup(index->entries, labels);

	for (unsigned i = 0; filed != NULL && i < filed->len; i++) {
		const Entry *entry = &g_array_index(filed, Entry, i);

		if (marks[entry->id] < mark &&
		    wildcard_match(entry->glob, host))
			marks[entry->id] = mark;
	}
}

void glob_index_mark(const GlobIndex *index, const char *host, uint8_t mark,
    uint8_t *marks)
{
	g_autofree char *labels = NULL;

	if (*host == '\0')
		return;
	labels = g_ascii_strdown(last_labels(host), -1);
	mark_filed(index, labels, host, mark, marks);
	mark_filed(index, "", host, mark, marks);
}
