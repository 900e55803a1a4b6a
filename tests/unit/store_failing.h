/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "errors.h"
#include "store.h"

/* A store that hands every verb on to INNER (which it takes, and closes with
   itself) but fails the FAIL_AT-th call with CODE without making it; 0 fails
   none.  Rollback and close always work and are not counted.  After a failed
   call the ones that follow work again, except after VP_ERROR_FATAL. */
Store *store_failing_new(Store *inner, unsigned fail_at, VpError code);

/* Calls made so far, the failed one too: run once with 0 to learn how many
   there are to fail. */
unsigned store_failing_calls(const Store *store);
/* What the failed call was ("commit"), or NULL. */
const char *store_failing_verb(const Store *store);
