/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "report.h"

/* The first enhanced status code in TEXT, or "".  g_free() it. */
char *dsn_find_status(const char *text);
ReportAction dsn_read_action(const char *text);
/* Seconds since the Epoch, 0 for what is no date. */
int64_t dsn_read_date(const char *text);
