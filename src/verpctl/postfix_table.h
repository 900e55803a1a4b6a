/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"
#include "table.h"

/* The answers of `check` in one stream as a table, for a Postfix that is to ask
   nobody. */

typedef enum TableUse {
	TABLE_ACCESS,    /* check_recipient_access */
	TABLE_TRANSPORT, /* transport_maps */
} TableUse;
/* -1: there is none of that name. */
int table_use_from_name(const char *name);

typedef struct PostfixTable PostfixTable;
/* Of STREAM, which ignores IGNORED; in the place of PATH when all is done. */
PostfixTable *postfix_table_begin(Ctl *ctl, Store *store, const char *stream,
    CauseSet ignored, TableType type, TableUse use, const char *path,
    GError **error);
/* Everyone who has a hold in STREAM; STATE has them all. */
bool postfix_table_recipient(PostfixTable *table, const char *address,
    const RecipientState *state, GError **error);
/* Then what is said of domains and of those without a hold. */
bool postfix_table_end(PostfixTable *table, GError **error);
/* How many addresses it cannot hold. */
uint64_t postfix_table_unfit(const PostfixTable *table);
/* The lines of main.cf; g_free() it. */
char *postfix_table_lines(const PostfixTable *table);
/* Of how many labels a domain may be to be found by these lines, and whether
   that is more than usual: then those that are in main.cf may be too few. */
bool postfix_table_is_deep(const PostfixTable *table, unsigned *ret_labels);
void postfix_table_free(PostfixTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PostfixTable, postfix_table_free)
