/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "report.h"

/* Where the SMTP dialogue ended, by what a mail system's own words in TEXT (one
   line) say of it; STAGE_UNKNOWN when they do not. */
SmtpStage stage_find(const char *text);
