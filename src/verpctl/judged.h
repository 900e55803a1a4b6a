/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "judgement.h"
#include "row.h"

/* One message as `classify` and `rules test` tell of it. */

/* DESIGN's object: file, kind, events; with TRACE the parts and evidence. */
void judged_json(const Judgement *judged, Row *row);
/* The same for people. */
void judged_print(const Judgement *judged, const char *title);
