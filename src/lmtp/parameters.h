/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Read what TEXT holds behind a path: NULL, or the reply that refuses it.
   *ORIGINAL, NULL before, is set to the address of ORCPT if there is one;
   g_free() it, also after a refusal. */
const char *mail_parameters_read(const char *text);
const char *rcpt_parameters_read(const char *text, char **original);
