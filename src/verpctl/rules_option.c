/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which rules a command goes by. */

#include "rules_option.h"

#include "site.h"

RuleSet *rules_of(Ctl *ctl, char **directories, GError **error)
{
	const Settings *settings;
	g_autoptr(Settings) given = NULL;

	if (directories != NULL) {
		given = settings_new();
		g_strfreev(given->rules);
		given->rules = g_strdupv(directories);
		settings = given;
	} else {
		settings = ctl_settings_or_defaults(ctl, error);
		if (settings == NULL)
			return NULL;
	}
	return site_rules(settings, error);
}
