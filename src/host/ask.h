/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postconf.h"

/* Questions to a socket as Postfix asks them; NAME is "unix:private/...",
   "unix:/..." or "inet:HOST:PORT".  POSTCONF may be NULL. */

/* A connection, or -1 with errno. */
int socket_connect(const Postconf *postconf, const char *name);
/* What comes within two seconds of QUESTION ("": of nothing), "" if nothing
   does; NULL with errno when nobody listens.  g_free() it. */
char *socket_ask(const Postconf *postconf, const char *name,
    const char *question);
