/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report_read.h"
