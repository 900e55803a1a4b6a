/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include <confuse.h>

/* Takes TEXT, of FILE, apart: which sections and parameters it sets, and to
   which words.  NULL and VP_ERROR_CONFIG, with the line, for what is no
   settings file or names what is not in the table; cfg_free() the result. */
cfg_t *confuse_read(const char *file, const char *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cfg_t, cfg_free)
