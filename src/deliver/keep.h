/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* MESSAGE as the quarantine keeps it: the header without what relays wrote
   into it, texts, reports and the header of what was returned, each cut to a
   share of BOUND_KEPT; attachments and the returned message's body are gone.
   Still a message: report_read() finds in it what it found before, as far as
   nothing was cut.  Lines end in LF. */
GBytes *keep_trim(GBytes *message);
