/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mime.h"
#include "report.h"

/* Whether mail comes from a mail system and not from a person, as far as its
   header tells. */

/* "postmaster@example.org", "MAILER-DAEMON" and their kin. */
bool daemon_is_address(const Mail *mail, const char *address);

/* From: has such an address, or a name of the kind. */
bool daemon_is_from(const Mail *mail, const Report *report);

/* From:, Return-Path: or anything else of the header says so. */
bool daemon_is_sender(const Mail *mail, const Report *report);

/* Subject: is one that mail systems put over bounces. */
bool daemon_has_subject(const Mail *mail, const Report *report);
