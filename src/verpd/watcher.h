/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "settings.h"

/* A thread that keeps in memory whom something stands against in the store, and
   sees what any process changes there: so that most questions need no store.
   It reads only while questions are asked. */
typedef struct Watcher Watcher;

Watcher *watcher_new(const Settings *settings);
/* Ends the thread. */
void watcher_free(Watcher *watcher);

/* Whether something may stand against ADDRESS, for which HASH (or NULL) may
   stand in the store: if so, look it up.  Never waits. */
bool watcher_asked(Watcher *watcher, const char *address, const char *hash);
/* Something may stand against ADDRESS from now on. */
void watcher_note(Watcher *watcher, const char *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watcher, watcher_free)
