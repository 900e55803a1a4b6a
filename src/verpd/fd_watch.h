/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Waits for a file descriptor in the loop of the thread's default GMainContext.  Unlike g_unix_fd_add() what
   is waited for can change, and change often. */
typedef struct FdWatch FdWatch;

typedef void (*FdWatchFunc)(void *data, GIOCondition condition);

/* Calls FUNC when FD is in one of CONDITIONS, or broken (G_IO_HUP, G_IO_ERR),
   which is always waited for.  Does not own FD. */
FdWatch *fd_watch_new(int fd, GIOCondition conditions, FdWatchFunc func,
    void *data);
void fd_watch_set(FdWatch *watch, GIOCondition conditions);
/* FUNC is not called any more; close FD after this.  May be called from FUNC.
 */
void fd_watch_free(FdWatch *watch);
