/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "row.h"
#include "store.h"

/* Adds all of EVENT to ROW, as `list --events` and `why` show it. */
void event_json(const Event *event, Row *row);
