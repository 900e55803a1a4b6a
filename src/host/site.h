/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"
#include "token.h"

/* From settings to what messages are judged by: the files they name are read,
   checked and built.  All or nothing, so a reload can keep the old. */

/* Reads the keys file.  VP_ERROR_CONFIG when it is missing, malformed, or
   readable or writable by others than its owner and group. */
KeyRing *site_keys(const Settings *settings, GError **error);
/* Reads every *.rules file of the rule directories, each directory in the
   order of names.  Not one rule, or not one opening of a notice, is
   VP_ERROR_CONFIG. */
RuleSet *site_rules(const Settings *settings, GError **error);
/* The same with FILES (NULL-ended) behind them. */
RuleSet *site_rules_and(const Settings *settings, const char *const *files,
    GError **error);
/* EPOCH may be NULL (no store): opaque tokens can then not be proven. */
TokenSpace *site_tokens(const Settings *settings, const uint8_t *epoch,
    GError **error);
/* A judge that knows the streams alone, for those who only ask which stream a
   campaign is of. */
Judge *site_streams(const Settings *settings);
/* Tells STORE of the streams, for the views that mailers read. */
bool site_tell_streams(const Settings *settings, Store *store, GError **error);
/* How long what is kept. */
StoreRetention site_retention(const Settings *settings);
Judge *site_judge(const Settings *settings, const uint8_t *epoch,
    GError **error);
/* The same for a process that reads one message: the patterns of the shipped
   rules are compiled when they are first tried, and one that somebody has
   broken there ends the process. */
Judge *site_judge_late(const Settings *settings, const uint8_t *epoch,
    GError **error);
