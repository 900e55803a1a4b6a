/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

/* Has the circuit breaker do all that it has to do now. */
bool ticks_finish(const Ctl *ctl, const Settings *settings, Store *store,
    GError **error);
