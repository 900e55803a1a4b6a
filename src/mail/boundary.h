/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* The delimiter that a body uses although its header does not say so, without
   its dashes; NULL if it is not one of parts.  g_free() it. */
char *boundary_guess(const char *body, size_t len);
