/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"
#include "settings_lines.h"

/* What the files of settings share. */

/* What a value is read with: for complaints. */
typedef struct Reader {
	const char *file;
	const SettingsLines *lines;
} Reader;

/* False, with "file:line: name: what". */
bool reader_complain(const Reader *reader, const char *section,
    const char *title, const char *name, const char *what, GError **error);

/* The default of own_hosts, which follows hostname. */
void settings_set_own_hosts(Settings *settings);

/* Makes the rules of settings->policy of settings->policies, and says which of
   them contradicts itself or can never be reached. */
bool settings_take_policies(const Reader *reader, Settings *settings,
    GError **error);

/* Whether the values, each good by itself, are good together. */
bool settings_check(const Reader *reader, const Settings *settings,
    GError **error);
