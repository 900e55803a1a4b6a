/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "content.h"
#include "mime.h"
#include "trim.h"

/* The parts of a message, in place. */

/* An array of MailPart, whose octets lie in the message where they are not
   decoded. */
GPtrArray *parts_new(void);

/* Appends the parts of MESSAGE, whose header says CONTENT, to PARTS.  False
   when BOUND_PARTS or BOUND_DEPTH cut some off. */
bool parts_read(GPtrArray *parts, const TrimmedMessage *message,
    const Content *content);

/* Appends a text/plain of LEN octets; false when there is no more room. */
bool parts_add_text(GPtrArray *parts, unsigned depth, const char *octets,
    size_t len);
