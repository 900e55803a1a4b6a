/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "envelope.h"

/* Sets in ENVELOPE what the attributes of an XFORWARD command say (Postfix's
   XFORWARD_README).  False when TEXT is not made of attributes that we offered;
   some may have been set by then. */
bool xforward_read(Envelope *envelope, const char *text);
