/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <check.h>
#include <stdlib.h>

/* Every unit test is one suite, printed as TAP (see meson.build). */
#define RUN_SUITE(suite)                                                       \
	int main(void)                                                         \
	{                                                                      \
		SRunner *runner = srunner_create(suite());                     \
		srunner_run_all(runner, CK_ENV);                               \
		int failed = srunner_ntests_failed(runner);                    \
		srunner_free(runner);                                          \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;              \
	}
