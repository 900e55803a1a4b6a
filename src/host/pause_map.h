/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"
#include "store.h"
#include "table.h"

/* The table that tells Postfix itself of paused campaigns, for mail that
   smtpd(8) never sees: `pause_map` in verpd.conf(5). */

/* What it says is said of; all is lent. */
typedef struct PauseMap {
	const char *setting; /* "": there is none */
	char *const *domains;
	const char *sub_address;
} PauseMap;
PauseMap pause_map_of(const Settings *settings);

/* SETTING is "TYPE:PATH", or PATH alone: then there are both types that
   Postfix may have, and wiring.c names the better.  The path of it; lent. */
const char *pause_map_path(const char *setting);
/* Whether there is a table of TYPE by SETTING. */
bool pause_map_has(const char *setting, TableType type);

/* As transport(5): the result for NAME@DOMAIN is what Postfix does with mail
   from a base address of that campaign.  Puts it into its place, unless it
   says the same already.  Nothing where there is no `pause_map`. */
bool pause_map_write(const PauseMap *map, Store *store, GError **error);
