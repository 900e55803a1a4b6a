/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "mime.h"

/* Whether the header says that a program sent the message (RFC 3834 and what
   was there before it). */
bool auto_is_submitted(const Mail *mail);

/* Subject in lower case, behind a "Re: " and a gateway's mark ("[EXT]") that say
   nothing here.  g_free() it. */
char *auto_bare_subject(const Mail *mail);
