/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"

/* Warns of each parameter that differs between OLD and NEW and that only a
   restart can change. */
void reload_warn(const Settings *old, const Settings *new);
