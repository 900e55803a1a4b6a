/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GSource for one file descriptor. */
#include "fd_watch.h"

struct FdWatch {
	GSource source; /* first: GLib's cast */
	gpointer tag;
	GIOCondition conditions;
	FdWatchFunc func;
	void *data;
};

static gboolean watch_dispatch(GSource *source, GSourceFunc callback,
    gpointer data)
{
	FdWatch *watch = (FdWatch *)source;
	GIOCondition condition = g_source_query_unix_fd(source, watch->tag);

	if (condition != 0)
		watch->func(watch->data, condition);
	return G_SOURCE_CONTINUE;
}

FdWatch *fd_watch_new(int fd, GIOCondition conditions, FdWatchFunc func,
    void *data)
{
	/* without prepare and check GLib dispatches when FD is ready */
	static GSourceFuncs funcs = { .dispatch = watch_dispatch };
	GSource *source = g_source_new(&funcs, sizeof(FdWatch));
	FdWatch *watch = (FdWatch *)source;

	watch->tag = g_source_add_unix_fd(source, fd, conditions);
	watch->conditions = conditions;
	watch->func = func;
	watch->data = data;
	(void)g_source_attach(source,
	    g_main_context_get_thread_default()); /* found by its pointer */
	return watch;
}

void fd_watch_set(FdWatch *watch, GIOCondition conditions)
{
	if (watch->conditions == conditions)
		return;
	watch->conditions = conditions;
	g_source_modify_unix_fd(&watch->source, watch->tag, conditions);
}

void fd_watch_free(FdWatch *watch)
{
	if (watch == NULL)
		return;
	g_source_destroy(&watch->source);
	g_source_unref(&watch->source);
}
