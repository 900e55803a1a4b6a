/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl scrub`: a list in, the same list out without those lines whose
   address is not to be mailed.  What is kept is kept to the octet. */
#include "asker.h"
#include "commands.h"
#include "list_entry.h"
#include "list_file.h"

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	LINE_OCTETS = 24, /* about, of a list: to guess how many there are */
	NO_COLUMN = -1,
};

typedef struct Scrub {
	Ctl *ctl;
	Asker *asker;
	FILE *rejected; /* or NULL */
	const char *rejected_name;
	char *column_name; /* of --column, as ListField.name; or NULL */
	int column;        /* from 0; NO_COLUMN: not found yet */
	gboolean is_strict;
	uint64_t n_kept;
	uint64_t n_of[CAUSE_COUNT]; /* rejected, by cause */
	char folded[BOUND_ADDRESS + 1];
} Scrub;

/* ---- where the address is ---- */

static bool looks_like_address(const ListField *field)
{
	const char *at = memchr(field->value, '@', field->len);

	return at != NULL && at > field->value &&
	       at + 1 < field->value + field->len;
}

/* The column with the wanted name, or one of an address. */
static int column_by_name(const Scrub *scrub, const ListRecord *record)
{
	for (unsigned i = 0; i < record->n_fields; i++) {
		const char *name = record->fields[i].name;

		if (scrub->column_name != NULL
			? strcmp(scrub->column_name, name) == 0
			: list_name_is_address(name))
			return (int)i;
	}
	return NO_COLUMN;
}

static int column_by_content(const ListRecord *record)
{
	for (unsigned i = 0; i < record->n_fields; i++)
		if (looks_like_address(&record->fields[i]))
			return (int)i;
	return record->n_fields == 1 ? 0 : NO_COLUMN;
}

/* Of JSON each record has its own order. */
static const ListField *address_of(Scrub *scrub, const ListRecord *record)
{
	bool is_json = record->n_fields > 0 && record->fields[0].depth > 0;
	int column = is_json ? NO_COLUMN : scrub->column;

	if (column == NO_COLUMN)
		column = column_by_name(scrub, record);
	if (column == NO_COLUMN && scrub->column_name == NULL)
		column = column_by_content(record);
	if (!is_json)
		scrub->column = column;
	return column != NO_COLUMN && column < (int)record->n_fields
		   ? &record->fields[column]
		   : NULL;
}

/* ---- its answer ---- */

/* The address folded, in scrub->folded or *RET_FREE.  NULL: it is none. */
static const char *fold(Scrub *scrub, const ListField *field, char **ret_free,
    GError **error)
{
	if (field->len < sizeof(scrub->folded) &&
	    address_fold_plain(field->value, field->len, scrub->folded) > 0)
		return scrub->folded;
	*ret_free = list_address_fold(field->value, field->len, NULL, error);
	return *ret_free;
}

/* WHY, the line's number, and the line. */
static void reject(Scrub *scrub, const ListRecord *record, const char *why)
{
	if (scrub->rejected == NULL)
		return;
	/* ferror() is asked at the end */
	(void)fprintf(scrub->rejected, "%s\t%" G_GUINT64_FORMAT "\t", why,
	    record->line);
	(void)fwrite(record->raw, 1, record->raw_len, scrub->rejected);
	if (record->raw_len == 0 || record->raw[record->raw_len - 1] != '\n')
		(void)putc('\n', scrub->rejected);
}

static void keep(const ListRecord *record)
{
	/* ferror() is asked for every chunk */
	(void)fwrite(record->raw, 1, record->raw_len, stdout);
}

static bool bad_line(Scrub *scrub, ListFile *file, const ListRecord *record,
    const char *why, GError **error)
{
	list_file_tell(file, record, why);
	reject(scrub, record, "bad");
	if (!scrub->is_strict)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
	    "line %" G_GUINT64_FORMAT " is bad, and --strict was given",
	    record->line);
	return false;
}

static bool take(Scrub *scrub, ListFile *file, const ListRecord *record,
    GError **error)
{
	g_autofree char *folded_slowly = NULL;
	g_autoptr(GError) bad = NULL;
	const ListField *field;
	const char *folded;
	int cause;

	if (record->is_blank || record->is_names) {
		keep(record);
		return true;
	}
	field = record->wrong == NULL ? address_of(scrub, record) : NULL;
	if (field == NULL)
		return bad_line(scrub, file, record,
		    record->wrong != NULL ? record->wrong : "no address",
		    error);
	folded = fold(scrub, field, &folded_slowly, &bad);
	if (folded == NULL)
		return bad_line(scrub, file, record, bad->message, error);
	if (!asker_ask(scrub->asker, folded, &cause, error))
		return false;
	if (cause < 0) {
		keep(record);
		scrub->n_kept++;
	} else {
		reject(scrub, record, cause_name((Cause)cause));
		scrub->n_of[cause]++;
	}
	return true;
}

/* ---- the list ---- */

static bool output_is_good(const Scrub *scrub, GError **error)
{
	int saved = errno;

	if (ferror(stdout) == 0 &&
	    (scrub->rejected == NULL || ferror(scrub->rejected) == 0))
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY, "%s: %s",
	    ferror(stdout) != 0 ? "standard output" : scrub->rejected_name,
	    g_strerror(saved));
	return false;
}

/* A misspelt name would make a bad line of each. */
static bool has_column(const Scrub *scrub, const ListRecord *record,
    GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);
	g_autofree char *shown = NULL;

	if (scrub->column_name == NULL ||
	    column_by_name(scrub, record) != NO_COLUMN)
		return true;
	for (unsigned i = 0; i < record->n_fields; i++)
		g_string_append_printf(names, "%s%.*s", i > 0 ? ", " : "",
		    (int)record->fields[i].len, record->fields[i].value);
	shown = text_printable(names->str, names->len, BOUND_LIST_NOTE);
	g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
	    "--column: there is no such column, only %s", shown);
	return false;
}

static bool scrub_file(Scrub *scrub, ListFile *file, GError **error)
{
	ListRecord record;
	bool any = true;

	for (;;) {
		if (!list_file_next(file, &record, &any, error))
			return false;
		if (!any)
			break;
		if (record.is_names && !has_column(scrub, &record, error))
			return false;
		if (!take(scrub, file, &record, error) ||
		    !output_is_good(scrub, error))
			return false;
	}
	if (fflush(stdout) != 0 ||
	    (scrub->rejected != NULL && fflush(scrub->rejected) != 0))
		return output_is_good(scrub, error);
	return true;
}

static void tell(const Scrub *scrub, ListFile *file, const char *stream)
{
	g_autoptr(GString) why = g_string_new(NULL);
	uint64_t n = 0;

	for (int cause = CAUSE_COUNT - 1; cause >= 0; cause--) {
		if (scrub->n_of[cause] == 0)
			continue;
		n += scrub->n_of[cause];
		g_string_append_printf(why, "%s%" G_GUINT64_FORMAT " %s",
		    why->len > 0 ? ", " : " (", scrub->n_of[cause],
		    cause_name((Cause)cause));
	}
	if (why->len > 0)
		g_string_append_c(why, ')');
	list_file_tell_rest(file);
	(void)fprintf(stderr,
	    "verpctl scrub: %s: %" G_GUINT64_FORMAT
	    " records, %" G_GUINT64_FORMAT " kept, %" G_GUINT64_FORMAT
	    " rejected%s, %" G_GUINT64_FORMAT " bad\n",
	    stream, file->n_records, scrub->n_kept, n, why->str, file->n_wrong);
}

static int run(Scrub *scrub, const char *name, ListShape shape,
    const char *stream)
{
	g_autoptr(GError) error = NULL;
	g_auto(ListFile) file = { .fd = -1 };
	g_autoptr(Store) store = ctl_store(scrub->ctl, STORE_READ, &error);
	g_autoptr(Asker) asker = NULL;

	if (store == NULL ||
	    !list_file_open(&file, scrub->ctl, name, shape, true, &error))
		return ctl_fail(scrub->ctl, error);
	asker = asker_new(scrub->ctl, store, stream, file.size / LINE_OCTETS,
	    &error);
	if (asker == NULL)
		return ctl_fail(scrub->ctl, error);
	scrub->asker = asker;
	if (!scrub_file(scrub, &file, &error)) {
		int status;

		progress_hide(file.progress);
		status = ctl_fail(scrub->ctl, error);
		return output_is_good(scrub, NULL) ? status : EX_IOERR;
	}
	tell(scrub, &file, stream);
	return file.n_wrong > 0 ? EX_DATAERR : EX_OK;
}

/* ---- the command line ---- */

static int run_with_rejected(Scrub *scrub, const char *name, ListShape shape,
    const char *stream)
{
	int status;

	if (scrub->rejected_name == NULL)
		return run(scrub, name, shape, stream);
	scrub->rejected = fopen(scrub->rejected_name, "we");
	if (scrub->rejected == NULL) {
		ctl_warn(scrub->ctl, "%s: %s", scrub->rejected_name,
		    g_strerror(errno));
		return EX_CANTCREAT;
	}
	status = run(scrub, name, shape, stream);
	if (fclose(scrub->rejected) != 0 && status == EX_OK) {
		ctl_warn(scrub->ctl, "%s: %s", scrub->rejected_name,
		    g_strerror(errno));
		status = EX_IOERR;
	}
	return status;
}

static bool parse_shape(const char *format, ListShape *ret_shape)
{
	static const struct {
		const char *name;
		ListShape shape;
	} shapes[] = {
		{ "auto", LIST_AUTO },
		{ "csv", LIST_CSV },
		{ "jsonl", LIST_JSON_LINES },
		{ "plain", LIST_PLAIN },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++)
		if (strcmp(format, shapes[i].name) == 0) {
			*ret_shape = shapes[i].shape;
			return true;
		}
	return false;
}

/* A number counts from 1; anything else is a name. */
static bool parse_column(Scrub *scrub, const char *column)
{
	uint64_t n;
	GString *name;

	scrub->column = NO_COLUMN;
	if (column == NULL)
		return true;
	if (g_ascii_isdigit(column[0]) &&
	    g_ascii_string_to_unsigned(column, 10, 1, 10000, &n, NULL)) {
		scrub->column = (int)n - 1;
		return true;
	}
	name = g_string_new(NULL);
	for (const char *c = column; *c != '\0'; c++)
		if (g_ascii_isalnum(*c))
			g_string_append_c(name, g_ascii_tolower(*c));
	scrub->column_name = g_string_free(name, FALSE);
	return scrub->column_name[0] != '\0';
}

int cmd_scrub(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *format = NULL;
	g_autofree char *given = NULL;
	g_autofree char *rejected = NULL;
	g_autofree char *column = NULL;
	g_autofree char *column_name = NULL;
	Scrub scrub = { .ctl = ctl };
	const GOptionEntry entries[] = {
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &given,
		    "the kind of mail (default: default_stream)", "STREAM" },
		{ "rejected", 0, 0, G_OPTION_ARG_FILENAME, &rejected,
		    "write the other lines to FILE, each with why", "FILE" },
		{ "column", 0, 0, G_OPTION_ARG_FILENAME, &column,
		    "the column of addresses, by name or number (default: "
		    "found by itself)",
		    "COLUMN" },
		{ "format", 0, 0, G_OPTION_ARG_FILENAME, &format,
		    "auto (default), csv, jsonl or plain", "FORMAT" },
		{ "strict", 0, 0, G_OPTION_ARG_NONE, &scrub.is_strict,
		    "let a bad line end it; default: it is told and left out",
		    NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	ListShape shape = LIST_AUTO;
	const char *stream;
	bool column_ok;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (format != NULL && !parse_shape(format, &shape))
		return ctl_usage(ctl, "there is no format \"%s\"", format);
	column_ok = parse_column(&scrub, column);
	column_name = scrub.column_name;
	if (!column_ok)
		return ctl_usage(ctl, "\"%s\" is no column", column);
	stream = ctl_known_stream(ctl, given, &error);
	if (stream == NULL)
		return ctl_fail(ctl, error);
	scrub.rejected_name = rejected;
	return run_with_rejected(&scrub, argc > 1 ? argv[1] : "-", shape,
	    stream);
}
