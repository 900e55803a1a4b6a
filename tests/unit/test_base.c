/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "main.h"

static Suite *base_suite(void)
{
	return suite_create("base");
}

RUN_SUITE(base_suite)
