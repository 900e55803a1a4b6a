/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

/* Entries, which are wider than a recipient's own holds, for the commands that
   change and list them. */

/* DOMAIN as entries have it, or NULL with the failure told and *RET_STATUS
   set. */
char *entry_domain(const Ctl *ctl, const char *domain, int *ret_status);

/* Lays ENTRY down, or (IS_REMOVAL) takes away what is of its kind and target,
   and tells of it. */
int entry_change(Ctl *ctl, const Entry *entry, const char *original,
    bool is_removal);

/* One entry as `list` shows it; DATA is the Ctl. */
bool entry_print(const Entry *entry, void *data);

/* "30d" is a time ahead here, not an age; NULL is for good. */
bool parse_until(const char *text, int64_t now, int64_t *ret_until,
    GError **error);
