/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists as commands are given them. */
#include "list_file.h"

#include "input.h"

#include "errors.h"

#include <string.h>

enum {
	READ_OCTETS = 256 * 1024,
	TELL_WRONG = 100, /* bad lines told one by one */
};

bool list_file_open(ListFile *file, const Ctl *ctl, const char *name,
    ListShape shape, bool by_line, GError **error)
{
	*file = (ListFile){ .ctl = ctl, .name = name };
	file->fd = input_open(name, error);
	if (file->fd < 0)
		return false;
	file->size = input_size(file->fd);
	file->reader = list_reader_new(shape, by_line);
	file->progress = progress_new(PROGRESS_OCTETS, file->size, false);
	return true;
}

void list_file_clear(ListFile *file)
{
	input_close(file->fd);
	file->fd = -1;
	g_clear_pointer(&file->reader, list_reader_free);
	g_clear_pointer(&file->progress, progress_free);
}

void list_file_worked(ListFile *file, uint64_t worked)
{
	file->worked = worked;
	progress_set(file->progress, file->read / 2 + file->worked / 2);
}

static bool read_some(ListFile *file, GError **error)
{
	g_autofree char *bytes = g_malloc(READ_OCTETS);
	ssize_t n = input_read(file->fd, file->name, bytes, READ_OCTETS, error);

	if (n < 0)
		return false;
	if (file->read == 0 && n >= 2 &&
	    (memcmp(bytes, "\xff\xfe", 2) == 0 ||
		memcmp(bytes, "\xfe\xff", 2) == 0)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "%s is UTF-16; give it as: iconv -f UTF-16 -t UTF-8",
		    input_name(file->name));
		return false;
	}
	if (n == 0)
		list_reader_finish(file->reader);
	else
		list_reader_feed(file->reader, bytes, (size_t)n);
	file->read += (uint64_t)n;
	progress_set(file->progress,
	    file->is_worked ? file->read / 2 + file->worked / 2 : file->read);
	return true;
}

bool list_file_next(ListFile *file, ListRecord *ret_record, bool *ret_any,
    GError **error)
{
	bool is_last = false;

	while (!list_reader_next(file->reader, ret_record)) {
		uint64_t before = file->read;

		*ret_any = false;
		if (is_last)
			return true;
		if (!read_some(file, error))
			return false;
		is_last = file->read == before;
	}
	*ret_any = true;
	if (!ret_record->is_blank && !ret_record->is_names)
		file->n_records++;
	return true;
}

void list_file_tell(ListFile *file, const ListRecord *record, const char *why)
{
	if (++file->n_wrong > TELL_WRONG)
		return;
	progress_hide(file->progress);
	ctl_warn(file->ctl, "%s:%" G_GUINT64_FORMAT ": %s",
	    input_name(file->name), record->line, why);
}

void list_file_tell_rest(ListFile *file)
{
	progress_hide(file->progress);
	if (file->n_wrong > TELL_WRONG)
		ctl_warn(file->ctl, "%s: %" G_GUINT64_FORMAT " more bad lines",
		    input_name(file->name), file->n_wrong - TELL_WRONG);
}
