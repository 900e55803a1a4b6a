/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"
#include "token.h"

/* What waits in Postfix's queue of one campaign. */
typedef struct HeldMail {
	GPtrArray *ids;    /* of char *: in the hold queue */
	unsigned deferred; /* so many in the deferred queue */
} HeldMail;
void held_mail_clear(HeldMail *mail);

/* Asks postqueue(1) of the Postfix whose configuration is in DIRECTORY (NULL:
   the default) for mail that TOKENS say is of campaign NAME or ID. */
bool held_mail_find(const TokenSpace *tokens, const char *directory,
    const char *name, int64_t id, HeldMail *ret_mail, GError **error);
/* The same from what postqueue -j prints. */
bool held_mail_parse(const TokenSpace *tokens, const char *listing,
    const char *name, int64_t id, HeldMail *ret_mail, GError **error);
/* The commands that let it go, one a line; g_free() it. */
char *held_mail_commands(const HeldMail *mail, const char *directory,
    bool has_map);
/* Runs them; postsuper(1) is root's. */
bool held_mail_release(const HeldMail *mail, const char *directory,
    bool has_map, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeldMail, held_mail_clear)
