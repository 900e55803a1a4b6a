/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The shape of a text: what is left when that is masked which differs from one
   bounce to the next.  Numbers become N, and so do dates; addresses ADDRESS,
   URLs URL, host names HOST, IP addresses IP, queue ids and other words with
   digits ID, what stands in quotes QUOTED.  All else is in lower case, so a
   mask is not taken for a word of the text.  Two texts that differ in such
   things alone have one shape; TEXT is valid UTF-8, the shape has at most
   BOUND_SHAPE octets.  g_free() it. */
char *shape_of(const char *text);
