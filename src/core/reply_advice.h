/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Where in TEXT, normalised as in reply.h, advice begins ("Please see
   https://..."), behind something that was said; LEN if nowhere. */
size_t reply_advice(const char *text, size_t len);
