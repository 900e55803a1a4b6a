/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "report.h"
#include "wordbook.h"

/* What has happened, by LEN octets of TEXT in a notice and its Subject: ACTION_
   DELAYED or DELIVERED if the words say so, else ACTION_FAILED. */
ReportAction action_find(const WordBook *book, const Report *report,
    const char *text, size_t len);
