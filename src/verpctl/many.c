/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many addresses in small transactions. */
#include "many.h"

#include "address.h"
#include "errors.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BOM "\xef\xbb\xbf" /* editors put it before the first line */

enum {
	BUSY_USEC = 20000, /* of 50,000 that others may have to wait */
	TELL_WRONG = 100,  /* lines told one by one */
	SHOW_WRONG = 256,  /* octets of one */
};

bool many_enter(Many *many, GError **error)
{
	if (many->ctl->is_dry_run || many->began != 0)
		return true;
	if (!store_begin(many->store, error))
		return false;
	many->began = g_get_monotonic_time();
	return true;
}

bool many_finish(Many *many, GError **error)
{
	if (many->began == 0)
		return true;
	many->began = 0;
	if (store_commit(many->store, error))
		return true;
	store_rollback(many->store);
	return false;
}

/* A daemon that polls for the lock must come through. */
bool many_leave(Many *many, GError **error)
{
	int64_t busy = g_get_monotonic_time() - many->began;

	if (many->began == 0 || busy < BUSY_USEC)
		return true;
	if (!many_finish(many, error))
		return false;
	g_usleep((gulong)MIN(busy, 50000));
	return true;
}

static void tell_wrong(Many *many, const char *text, const char *why)
{
	g_autofree char *shown = text_printable(text, strlen(text), SHOW_WRONG);

	many->failed++;
	if (many->line == 0)
		ctl_warn(many->ctl, "\"%s\": %s", shown, why);
	else if (many->failed <= TELL_WRONG)
		ctl_warn(many->ctl, "line %" G_GUINT64_FORMAT ": %s: %s",
		    many->line, shown, why);
	else if (many->failed == TELL_WRONG + 1)
		ctl_warn(many->ctl, "there are more such lines");
}

static bool take_one(Many *many, const char *text, ManyEach each, void *data,
    GError **error)
{
	g_autoptr(GError) wrong = NULL;
	g_autofree char *folded = address_fold(text, &wrong);

	if (folded == NULL) {
		tell_wrong(many, text, wrong->message);
		return true;
	}
	if (!many_enter(many, error))
		return false;
	if (!each(many, folded, text, data, error)) {
		if (many->began != 0)
			store_rollback(many->store);
		many->began = 0;
		return false;
	}
	many->done++;
	return many_leave(many, error);
}

static bool take_lines(Many *many, FILE *input, ManyEach each, void *data,
    GError **error)
{
	char *line = NULL;
	size_t size = 0;
	bool ok = true;

	while (ok && getline(&line, &size, input) >= 0) {
		bool has_bom = many->line++ == 0 && g_str_has_prefix(line, BOM);
		const char *text = g_strstrip(line +
					      (has_bom ? strlen(BOM) : 0));

		if (*text != '\0' && *text != '#')
			ok = take_one(many, text, each, data, error);
	}
	if (ok && ferror(input)) {
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY, "%s: %s",
		    many->file, g_strerror(errno));
		ok = false;
	}
	free(line);
	return ok;
}

static bool take_file(Many *many, ManyEach each, void *data, GError **error)
{
	bool is_stdin = strcmp(many->file, "-") == 0;
	FILE *input = is_stdin ? stdin : fopen(many->file, "re");
	bool ok;

	if (input == NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND, "%s: %s",
		    many->file, g_strerror(errno));
		return false;
	}
	ok = take_lines(many, input, each, data, error);
	if (!is_stdin)
		(void)fclose(input); /* it was only read */
	return ok;
}

bool many_each(Many *many, int argc, char **argv, ManyEach each, void *data,
    GError **error)
{
	bool ok = true;

	for (int i = 1; ok && i < argc; i++)
		ok = take_one(many, argv[i], each, data, error);
	if (ok && many->file != NULL)
		ok = take_file(many, each, data, error);
	if (ok)
		return many_finish(many, error);
	/* what was done before stays */
	(void)many_finish(many, NULL);
	return false;
}
