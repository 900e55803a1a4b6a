/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "main.h"

static Suite *policy_suite(void)
{
	return suite_create("policy");
}

RUN_SUITE(policy_suite)
