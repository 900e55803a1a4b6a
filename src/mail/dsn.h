/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fields.h"
#include "reader.h"

/* Adds the per-message and per-recipient fields among FIELDS to REPORT; they
   stood in MIME part PART. */
void dsn_read_fields(Report *report, const Fields *fields, unsigned part);
