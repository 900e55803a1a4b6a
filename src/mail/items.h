/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a human-readable text says of each address it names: the item that
   begins with the address, or else the paragraph it stands in. */
typedef struct Items Items;

/* TEXT is borrowed: lines ended by LF. */
Items *items_new(const char *text);
void items_free(Items *items);

/* On one line, at most BOUND_FIELD octets; "" when the text does not name
   ADDRESS (ASCII case does not count).  g_free() it. */
char *items_about(const Items *items, const char *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Items, items_free)
