/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The circuit breaker's own work, to its end: for commands that look at what
   it has done, and for a site where nothing else does it for long. */
#include "ticks.h"

#include "pause_map.h"

bool ticks_finish(const Ctl *ctl, const Settings *settings, Store *store,
    GError **error)
{
	g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
	bool more = true;
	PauseMap map;

	while (more) {
		int64_t began = g_get_monotonic_time();

		if (!store_tick(store, &settings->breaker, ctl->now, true,
			notices, &more, error))
			return false;
		if (more)
			g_usleep((unsigned long)CLAMP(g_get_monotonic_time() -
							  began,
			    0, 50000));
	}
	for (unsigned i = 0; i < notices->len; i++)
		ctl_warn(ctl, "%s", (char *)g_ptr_array_index(notices, i));
	/* one of them may have been paused */
	map = pause_map_of(settings);
	return notices->len == 0 || pause_map_write(&map, store, error);
}
