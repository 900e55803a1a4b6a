/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl unknown`: what nobody understood, grouped by shape, the most
   frequent first: a rule for the first line clears the most. */
#include "commands.h"
#include "row.h"
#include "waiting.h"

#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_TOP = 20,
	MAX_SHAPES = 100000, /* remembered; what comes then is counted alone */
	MAX_PROVIDERS = 8,   /* named for one shape */
};

typedef struct Group {
	char *shape;
	char *example; /* the last */
	int64_t event_id;
	int64_t last;
	uint64_t count;
	GPtrArray *providers; /* of char * */
} Group;

typedef struct Groups {
	GHashTable *by_shape; /* of Group */
	uint64_t events;
	uint64_t others; /* beyond MAX_SHAPES */
} Groups;

static void group_free(Group *group)
{
	g_free(group->shape);
	g_free(group->example);
	g_ptr_array_unref(group->providers);
	g_free(group);
}

static Group *group_of(Groups *groups, const char *shape)
{
	Group *group = g_hash_table_lookup(groups->by_shape, shape);

	if (group != NULL || g_hash_table_size(groups->by_shape) >= MAX_SHAPES)
		return group;
	group = g_new0(Group, 1);
	group->shape = g_strdup(shape);
	group->providers = g_ptr_array_new_with_free_func(g_free);
	(void)g_hash_table_insert(groups->by_shape, group->shape, group);
	return group;
}

static bool count_one(const Waiting *row, void *data)
{
	Groups *groups = data;
	const char *provider = row->event->provider;
	Group *group;

	/* What is clear and only not proven needs no rule. */
	if (row->why == WAIT_UNPROVEN)
		return true;
	groups->events++;
	group = group_of(groups, row->shape);
	if (group == NULL) {
		groups->others++;
		return true;
	}
	group->count++;
	group->event_id = row->event->id;
	group->last = row->event->at;
	g_free(group->example);
	group->example = g_strdup(row->text);
	if (provider[0] != '\0' && group->providers->len < MAX_PROVIDERS &&
	    !g_ptr_array_find_with_equal_func(group->providers, provider,
		g_str_equal, NULL))
		g_ptr_array_add(group->providers, g_strdup(provider));
	return true;
}

static int compare_groups(const void *a, const void *b)
{
	const Group *one = *(Group *const *)a, *other = *(Group *const *)b;

	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return strcmp(one->shape, other->shape);
}

static void print_group(const Ctl *ctl, const Group *group)
{
	if (ctl->is_json) {
		Row *row = row_new();

		row_number(row, "count", (int64_t)group->count);
		row_text(row, "shape", group->shape);
		row_text(row, "example", group->example);
		row_open_array(row, "providers");
		for (unsigned i = 0; i < group->providers->len; i++)
			row_text(row, NULL, group->providers->pdata[i]);
		row_close_array(row);
		row_time(row, "last", group->last);
		row_number(row, "event", group->event_id);
		row_print(row);
	} else {
		g_autofree char *shape = printable(group->shape);
		g_autofree char *example = printable(group->example);
		g_autofree char *last = time_format(group->last);

		printf("%7" G_GUINT64_FORMAT "  %s\n", group->count,
		    shape[0] != '\0' ? shape : "(no text)");
		printf("         event %" G_GINT64_FORMAT ", %s",
		    group->event_id, last);
		for (unsigned i = 0; i < group->providers->len; i++) {
			g_autofree char *name =
			    printable(group->providers->pdata[i]);

			printf("%s%s", i == 0 ? ", of " : " ", name);
		}
		printf(": \"%s\"\n", example);
	}
}

static void print_top(const Ctl *ctl, const Groups *groups, uint64_t top)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	GHashTableIter iter;
	uint64_t covered = 0;
	void *group;

	g_hash_table_iter_init(&iter, groups->by_shape);
	while (g_hash_table_iter_next(&iter, NULL, &group))
		g_ptr_array_add(sorted, group);
	if (sorted->len > 0)
		qsort(sorted->pdata, sorted->len, sizeof(void *),
		    compare_groups);
	for (unsigned i = 0; i < sorted->len && i < top; i++) {
		print_group(ctl, sorted->pdata[i]);
		covered += ((const Group *)sorted->pdata[i])->count;
	}
	if (!ctl->is_json)
		printf("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
		       " events shown, of %u%s shapes\n",
		    covered, groups->events, sorted->len,
		    groups->others > 0 ? " or more" : "");
}

static bool parse_top(const char *text, uint64_t *ret_top)
{
	return g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, ret_top,
	    NULL);
}

int cmd_unknown(Ctl *ctl, int argc, char **argv)
{
	g_auto(WaitingFilter) filter = { 0 };
	gboolean is_top = FALSE; /* what it does is done anyway */
	const GOptionEntry entries[] = {
		{ "top", 0, 0, G_OPTION_ARG_NONE, &is_top,
		    "the N most frequent shapes (20); as without it", NULL },
		WAITING_OPTIONS(&filter),
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = NULL;
	Groups groups = { 0 };
	uint64_t top = DEFAULT_TOP;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (argc > 1 && !parse_top(argv[1], &top))
		return ctl_usage(ctl, "\"%s\" is not a number of shapes",
		    argv[1]);
	if (!waiting_filter_check(ctl, &filter, &error))
		return ctl_usage(ctl, "%s", error->message);
	store = ctl_store(ctl, STORE_READ, &error);
	if (store == NULL)
		return ctl_fail(ctl, error);
	groups.by_shape = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
	    (GDestroyNotify)group_free);
	if (waiting_each(ctl, store, &filter, count_one, &groups, &error))
		print_top(ctl, &groups, top);
	g_hash_table_unref(groups.by_shape);
	return error != NULL ? ctl_fail(ctl, error) : EX_OK;
}
