/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paused campaigns as a table for sender_dependent_default_transport_maps.  It
   must always be there, and whole: a table that Postfix cannot read stops all
   mail. */
#include "pause_map.h"

#include "files.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0644

PauseMap pause_map_of(const Settings *settings)
{
	return (PauseMap){ settings->pause_map, settings->bounce_domains,
		settings->sub_address };
}

typedef struct Writing {
	const PauseMap *map;
	GString *text;
} Writing;

static bool add_campaign(const CampaignRow *row, void *data)
{
	const Writing *writing = data;
	const char *sub = writing->map->sub_address;

	/* its name and the domains are plain ASCII; the reason may be anything,
	   so it stays out of Postfix's tables */
	for (char *const *domain = writing->map->domains; *domain != NULL;
	     domain++)
		g_string_append_printf(writing->text,
		    "%s%s%s@%s retry:4.7.1 campaign %s is paused\n", sub,
		    sub[0] != '\0' ? "+" : "", row->name, *domain, row->name);
	return true;
}

bool pause_map_text(const PauseMap *map, Store *store, char **ret_text,
    GError **error)
{
	Writing writing = { map,
		g_string_new("# paused campaigns; verpd(8) writes this\n") };
	bool ok = store_each_campaign(store, true, add_campaign, &writing,
	    error);

	*ret_text = g_string_free(writing.text, !ok);
	return ok;
}

/* Made by root it is to be the daemon's, whose the directory is. */
static void give_away(const char *path)
{
	g_autofree char *directory = g_path_get_dirname(path);
	struct stat of;

	if (geteuid() == 0 && stat(directory, &of) == 0 &&
	    chown(path, of.st_uid, of.st_gid) != 0)
		g_debug("%s stays root's", path);
}

bool pause_map_write(const PauseMap *map, Store *store, GError **error)
{
	const char *path = map->path;
	g_autofree char *text = NULL;
	g_autofree char *old = NULL;
	bool is_new;

	if (path[0] == '\0')
		return true;
	if (!pause_map_text(map, store, &text, error))
		return false;
	is_new = !g_file_get_contents(path, &old, NULL, NULL);
	if (!is_new && strcmp(old, text) == 0)
		return true;
	if (!file_replace(path, text, strlen(text), MODE, error))
		return false;
	if (is_new)
		give_away(path);
	return true;
}
