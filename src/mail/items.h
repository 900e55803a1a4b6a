/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

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

/* The next address between *P and END, which *P is left behind; false when there
   is none. */
bool mention_next(const char **p, const char *end, const char **ret_start,
    size_t *ret_len);

/* Whether only a comma, an "and" or the like stands between an address that ends
   at P and the next, which begins at ADDRESS. */
bool mention_is_joined(const char *p, const char *address);

/* An item of a list: "<ana@example.org>: reason", or the address alone with the
   reason in the lines below. */
typedef struct Item {
	char *address;
	const char *text; /* the address included; lent */
	size_t len;
} Item;

/* The next item from *LINE on, which is left behind it; false at END.  TEXT is
   where the list may have been announced. */
bool items_next(const char *text, const char **line, const char *end,
    Item *ret_item);
void item_clear(Item *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Items, items_free)
