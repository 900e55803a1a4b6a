/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

#include "store.h"

/* When another mail has a chance, after the bounces that came last. */
typedef struct Advice {
	int64_t not_before; /* 0: now */
	enum vp_reason reason;
	const char *provider; /* "" unknown; lives as long as the program */
	unsigned in_a_row;    /* such bounces since the last delivery */
} Advice;

/* For FOLDED, which may be unknown.  It keeps nothing back. */
bool advice_ask(const Ctl *ctl, Store *store, const char *folded,
    Advice *ret_advice, GError **error);
/* "not before 2026-..: throttled at yahoo, the 2nd in a row"; g_free() it. */
char *advice_text(const Advice *advice);
