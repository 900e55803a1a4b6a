/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many addresses in small transactions. */
#include "many.h"

#include "list_entry.h"
#include "list_file.h"

#include "address.h"
#include "errors.h"
#include "text.h"

#include <string.h>

enum {
	BUSY_USEC = 20000, /* of 50,000 that others may have to wait */
	SHOW_WRONG = 256,  /* octets of an argument that is none */
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

static bool change_one(Many *many, const char *folded, const char *original,
    ManyEach each, void *data, GError **error)
{
	if (!many_enter(many, error))
		return false;
	if (!each(many, folded, original, data, error)) {
		if (many->began != 0)
			store_rollback(many->store);
		many->began = 0;
		return false;
	}
	many->done++;
	return many_leave(many, error);
}

static bool take_argument(Many *many, const char *text, ManyEach each,
    void *data, GError **error)
{
	g_autoptr(GError) wrong = NULL;
	g_autofree char *folded = address_fold(text, &wrong);

	if (folded == NULL) {
		g_autofree char *shown = text_printable(text, strlen(text),
		    SHOW_WRONG);

		many->failed++;
		ctl_warn(many->ctl, "\"%s\": %s", shown, wrong->message);
		return true;
	}
	return change_one(many, folded, text, each, data, error);
}

static bool take_record(Many *many, ListFile *file, const ListRecord *record,
    ManyEach each, void *data, GError **error)
{
	g_autoptr(GError) wrong = NULL;
	g_autofree char *folded = NULL;
	g_autofree char *written = NULL;

	if (record->is_blank)
		return true;
	if (record->wrong == NULL)
		folded = list_address_fold(record->fields[0].value,
		    record->fields[0].len, &written, &wrong);
	if (folded != NULL)
		return change_one(many, folded, written, each, data, error);
	many->failed++;
	list_file_tell(file, record,
	    record->wrong != NULL ? record->wrong : wrong->message);
	return true;
}

static bool take_file(Many *many, ManyEach each, void *data, GError **error)
{
	g_auto(ListFile) file = { .fd = -1 };
	ListRecord record;
	bool any = true;

	if (!list_file_open(&file, many->ctl, many->file, LIST_PLAIN, true,
		error))
		return false;
	many->is_in_file = true;
	while (any) {
		if (!list_file_next(&file, &record, &any, error) ||
		    (any &&
			!take_record(many, &file, &record, each, data, error)))
			return false;
	}
	list_file_tell_rest(&file);
	return true;
}

bool many_each(Many *many, int argc, char **argv, ManyEach each, void *data,
    GError **error)
{
	bool ok = true;

	for (int i = 1; ok && i < argc; i++)
		ok = take_argument(many, argv[i], each, data, error);
	if (ok && many->file != NULL)
		ok = take_file(many, each, data, error);
	if (ok)
		return many_finish(many, error);
	/* what was done before stays */
	(void)many_finish(many, NULL);
	return false;
}
