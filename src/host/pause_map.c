/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paused campaigns as a table for sender_dependent_default_transport_maps.  It
   must always be there, and whole: a table that Postfix cannot read stops all
   mail. */
#include "pause_map.h"

#include <string.h>

PauseMap pause_map_of(const Settings *settings)
{
	return (PauseMap){ settings->pause_map, settings->bounce_domains,
		settings->sub_address };
}

/* The type that SETTING begins with, or -1. */
static int type_of(const char *setting)
{
	const char *colon = strchr(setting, ':');
	g_autofree char *name = g_strndup(setting,
	    colon != NULL ? (gsize)(colon - setting) : 0);

	return table_type_from_name(name);
}

const char *pause_map_path(const char *setting)
{
	return type_of(setting) < 0 ? setting : strchr(setting, ':') + 1;
}

bool pause_map_has(const char *setting, TableType type)
{
	int only = type_of(setting);

	if (setting[0] == '\0')
		return false;
	return only < 0 ? type == TABLE_TEXTHASH || type == TABLE_CDB
			: type == (TableType)only;
}

typedef struct Writing {
	const PauseMap *map;
	TableWriter *writer;
	GError **error;
	bool ok;
} Writing;

static bool add_campaign(const CampaignRow *row, void *data)
{
	Writing *writing = data;
	const char *sub = writing->map->sub_address;
	/* its name and the domains are plain ASCII; the reason may be anything,
	   so it stays out of Postfix's tables */
	g_autofree char *value =
	    g_strdup_printf("retry:4.7.1 campaign %s is paused", row->name);

	for (char *const *domain = writing->map->domains;
	     writing->ok && *domain != NULL; domain++) {
		g_autofree char *base = g_strdup_printf("%s%s%s@%s", sub,
		    sub[0] != '\0' ? "+" : "", row->name, *domain);
		g_autofree char *key = g_ascii_strdown(base, -1);

		writing->ok = table_add(writing->writer, key, value,
		    writing->error);
	}
	return writing->ok;
}

static bool write_one(const PauseMap *map, TableType type, Store *store,
    GError **error)
{
	g_autoptr(TableWriter)
	    writer = table_begin(type, pause_map_path(map->setting), error);
	Writing writing = { map, writer, error, true };

	return writer != NULL &&
	       store_each_campaign(store, true, add_campaign, &writing,
		   error) &&
	       writing.ok && table_commit(writer, error);
}

bool pause_map_write(const PauseMap *map, Store *store, GError **error)
{
	for (TableType type = 0; type < TABLE_TYPES; type++)
		if (pause_map_has(map->setting, type) &&
		    !write_one(map, type, store, error))
			return false;
	return true;
}
