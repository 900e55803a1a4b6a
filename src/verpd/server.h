/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "settings.h"

/* The daemon: listeners, connections, analysts and the recorder. */
typedef struct Server Server;

/* Opens the store and what to listen on; nobody is let in yet.  SETTINGS is
   taken, even on failure. */
Server *server_new(Settings *settings, GError **error);
void server_free(Server *server);

/* Serves until SIGTERM or SIGINT, then drains; SIGHUP reloads.  False when a
   sync failed: the process must end, at once and without server_free(). */
bool server_run(Server *server, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)
