/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "mime.h"

/* RFC 3834's Auto-Submitted, or a header of its kind, says that no person sent
   this. */
bool auto_is_submitted(const Mail *mail);
