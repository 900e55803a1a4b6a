/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "fields.h"
#include "reader.h"

/* The words of RFC 3464, for every reader that meets them. */

/* The first enhanced status code in TEXT, or "".  g_free() it. */
char *dsn_find_status(const char *text);
ReportAction dsn_read_action(const char *text);
/* Seconds since the Epoch, 0 for what is no date. */
int64_t dsn_read_date(const char *text);

/* Adds the per-message and per-recipient fields among FIELDS to REPORT; they
   stood in MIME part PART. */
void dsn_read_fields(Report *report, const Fields *fields, unsigned part);
