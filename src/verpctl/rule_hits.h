/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"
#include "row.h"

/* Hits of rules, as `rules list --hits` and `rules stats` tell of them. */

/* RuleHits by rule, from the store; NULL with the failure. */
GHashTable *rule_hits_read(Ctl *ctl, GError **error);
/* RULE's: none, where it has no row. */
RuleHits rule_hits_of(GHashTable *hits, const char *rule);
void rule_hits_json(RuleHits hits, Row *row);
/* How many and the last, in columns; g_free() it. */
char *rule_hits_text(RuleHits hits);
