/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "ctl.h"
#include "rules.h"

/* Which rules a command goes by. */

#define RULES_OPTION(directories)                                              \
	{                                                                      \
		"rules", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, (directories),     \
		    "read *.rules of DIR, not of the configuration; may be "   \
		    "repeated",                                                \
		    "DIR"                                                      \
	}

/* The rules of DIRECTORIES, or those of the configuration (its defaults where
   there is none) for NULL. */
RuleSet *rules_of(Ctl *ctl, char **directories, GError **error);
