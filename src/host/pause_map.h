/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"
#include "store.h"

/* The file that tells Postfix itself of paused campaigns, for mail that
   smtpd(8) never sees: `pause_map` in verpd.conf(5). */

/* What it says is said of; all is lent. */
typedef struct PauseMap {
	const char *path; /* "": there is none */
	char *const *domains;
	const char *sub_address;
} PauseMap;
PauseMap pause_map_of(const Settings *settings);

/* The table, as texthash and as transport(5): TEXT for NAME is what Postfix
   does with mail from a base address of that campaign.  g_free() it. */
bool pause_map_text(const PauseMap *map, Store *store, char **ret_text,
    GError **error);
/* Puts it into its place, unless it says the same already.  Nothing where
   there is no `pause_map`. */
bool pause_map_write(const PauseMap *map, Store *store, GError **error);
