/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A verpd.conf: it is refused with a line, or what is printed of it reads back
   the same. */

#include "settings.h"

#include "errors.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_and_read(const Settings *settings)
{
	g_autofree char *once = settings_print(settings, false);
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings)
	    again = settings_parse("fuzz", once, strlen(once), &error);
	g_autofree char *twice = NULL;

	g_assert_no_error(error);
	twice = settings_print(again, false);
	g_assert_cmpstr(once, ==, twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings)
	    settings = settings_parse("fuzz", (const char *)data, size, &error);

	if (settings != NULL) {
		print_and_read(settings);
		return 0;
	}
	g_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	g_assert(g_str_has_prefix(error->message, "fuzz:"));
	return 0;
}
