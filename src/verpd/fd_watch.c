/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GSource for one file descriptor.  It has a GPollFD of its own and lets
   nobody block it while it is dispatched: for each change of what
   g_source_add_unix_fd() made, and twice for each dispatch of another, GLib
   2.74 wakes its own loop by a write, a read and a turn for nothing, which was
   eight writes for each message. */
#include "fd_watch.h"

struct FdWatch {
	GSource source; /* first: GLib's cast */
	GPollFD poll;
	FdWatchFunc func;
	void *data;
};

static gboolean watch_check(GSource *source)
{
	const FdWatch *watch = (FdWatch *)source;

	return watch->poll.revents != 0;
}

static gboolean watch_dispatch(GSource *source, GSourceFunc callback,
    gpointer data)
{
	const FdWatch *watch = (FdWatch *)source;

	watch->func(watch->data, watch->poll.revents);
	return G_SOURCE_CONTINUE;
}

FdWatch *fd_watch_new(int fd, GIOCondition conditions, FdWatchFunc func,
    void *data)
{
	static GSourceFuncs funcs = { .check = watch_check,
		.dispatch = watch_dispatch };
	GSource *source = g_source_new(&funcs, sizeof(FdWatch));
	FdWatch *watch = (FdWatch *)source;

	watch->poll = (GPollFD){ .fd = fd, .events = (gushort)conditions };
	watch->func = func;
	watch->data = data;
	g_source_add_poll(source, &watch->poll);
	g_source_set_can_recurse(source, TRUE);
	(void)g_source_attach(source,
	    g_main_context_get_thread_default()); /* found by its pointer */
	return watch;
}

void fd_watch_set(FdWatch *watch, GIOCondition conditions)
{
	/* it is read before each poll(2), and this thread is not in one */
	watch->poll.events = (gushort)conditions;
}

void fd_watch_free(FdWatch *watch)
{
	if (watch == NULL)
		return;
	g_source_destroy(&watch->source);
	g_source_unref(&watch->source);
}
