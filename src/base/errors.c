/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "errors.h"

/* clang-format would put blanks round the hyphens of a bare word. */
/* clang-format off */
G_DEFINE_QUARK(vp-error-quark, vp_error)
/* clang-format on */
