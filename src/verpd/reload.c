/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What SIGHUP cannot change, because it was done once at the start. */
#include "reload.h"

#include "log.h"

#include <string.h>

typedef struct Fixed {
	const char *name;
	bool is_same;
} Fixed;

static bool is_same_list(char **a, char **b)
{
	return g_strv_equal((const char *const *)a, (const char *const *)b);
}

void reload_warn(const Settings *old, const Settings *new)
{
	const Fixed fixed[] = {
		{ "store", strcmp(old->store, new->store) == 0 },
		{ "busy_timeout", old->busy_timeout == new->busy_timeout },
		{ "batch", old->batch == new->batch },
		{ "pause_map", strcmp(old->pause_map, new->pause_map) == 0 },
		{ "addresses", strcmp(old->addresses, new->addresses) == 0 },
		{ "address_key",
		    strcmp(old->address_key, new->address_key) == 0 },
		{ "listen", is_same_list(old->listen, new->listen) },
		{ "map_listen",
		    is_same_list(old->map_listen, new->map_listen) },
		{ "policy_listen",
		    is_same_list(old->policy_listen, new->policy_listen) },
		{ "allow_remote", old->allow_remote == new->allow_remote },
		{ "map_connection_limit",
		    old->map_connection_limit == new->map_connection_limit },
		{ "listen_mode", old->listen_mode == new->listen_mode },
		{ "listen_group",
		    strcmp(old->listen_group, new->listen_group) == 0 },
		{ "log", strcmp(old->log, new->log) == 0 },
		{ "log_level", strcmp(old->log_level, new->log_level) == 0 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(fixed); i++)
		if (!fixed[i].is_same)
			log_warning("%s has changed, and only a restart will "
				    "make it so",
			    fixed[i].name);
}
