/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accepting, and what to do when that cannot be done for now. */
#include "doors.h"

#include "fd_watch.h"
#include "log.h"

#include <errno.h>
#include <sys/socket.h>

#define ACCEPT_AT_ONCE 16

struct Doors {
	DoorsAdmit admit;
	void *data;
	GPtrArray *all;  /* of Door */
	GSource *resume; /* timer: accepting is paused; or NULL */
};

typedef struct Door {
	Doors *doors;
	unsigned which;
	Listener *listener;
	FdWatch *watch;
} Door;

static void door_free(gpointer data)
{
	Door *door = data;

	fd_watch_free(door->watch);
	listener_free(door->listener);
	g_free(door);
}

Doors *doors_new(DoorsAdmit admit, void *data)
{
	Doors *doors = g_new0(Doors, 1);

	doors->admit = admit;
	doors->data = data;
	doors->all = g_ptr_array_new_with_free_func(door_free);
	return doors;
}

static void set_accepting(Doors *doors, bool on)
{
	for (unsigned i = 0; i < doors->all->len; i++) {
		const Door *door = g_ptr_array_index(doors->all, i);

		fd_watch_set(door->watch, on ? G_IO_IN : 0);
	}
}

static void resume_forget(Doors *doors)
{
	if (doors->resume == NULL)
		return;
	g_source_destroy(doors->resume);
	g_clear_pointer(&doors->resume, g_source_unref);
}

static gboolean resume(gpointer data)
{
	Doors *doors = data;

	set_accepting(doors, true);
	resume_forget(doors);
	return G_SOURCE_REMOVE;
}

/* Out of descriptors or memory.  The client stays in the backlog, where poll(2)
   would find it again and again. */
static void pause_accepting(Doors *doors)
{
	log_warning("cannot accept: %s; trying again in a second",
	    g_strerror(errno));
	set_accepting(doors, false);
	doors->resume = g_timeout_source_new_seconds(1);
	g_source_set_callback(doors->resume, resume, doors, NULL);
	(void)g_source_attach(doors->resume,
	    g_main_context_get_thread_default()); /* found by its pointer */
}

static void accept_some(const Door *door)
{
	Doors *doors = door->doors;

	for (unsigned i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd = accept4(door->listener->fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			doors->admit(doors->data, fd, door->which);
		} else if (errno == EMFILE || errno == ENFILE ||
			   errno == ENOBUFS || errno == ENOMEM) {
			pause_accepting(doors);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
		/* else that one was gone before we looked: accept(2), "Error
		   handling" */
	}
}

static void door_ready(void *data, GIOCondition condition)
{
	if ((condition & G_IO_IN) != 0)
		accept_some(data);
}

void doors_add(Doors *doors, Listener *listener)
{
	Door *door = g_new0(Door, 1);

	door->doors = doors;
	door->which = doors->all->len;
	door->listener = listener;
	door->watch = fd_watch_new(listener->fd, G_IO_IN, door_ready, door);
	g_ptr_array_add(doors->all, door);
}

unsigned doors_count(const Doors *doors)
{
	return doors->all->len;
}

char *doors_names(const Doors *doors)
{
	GString *names = g_string_new(NULL);

	for (unsigned i = 0; i < doors->all->len; i++) {
		const Door *door = g_ptr_array_index(doors->all, i);

		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
		    door->listener->name);
	}
	return g_string_free(names, FALSE);
}

void doors_close(Doors *doors)
{
	resume_forget(doors);
	g_ptr_array_set_size(doors->all, 0);
}

void doors_free(Doors *doors)
{
	if (doors == NULL)
		return;
	doors_close(doors);
	g_ptr_array_unref(doors->all);
	g_free(doors);
}
