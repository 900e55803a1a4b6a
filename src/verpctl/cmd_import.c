/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl import`: takes over the suppressions of somebody's list. */
#include "commands.h"
#include "list_entry.h"
#include "list_file.h"
#include "row.h"

#include "address.h"
#include "errors.h"
#include "token.h"

#include <stdio.h>
#include <string.h>

enum {
	/* Rows are put in order by address, this many at a time: neighbours
	   are on one page of the database then, which is written once. */
	BATCH = 1000000,
	SLICE = 8192, /* given to the store at once */
};

typedef struct Import {
	Ctl *ctl;
	Store *store; /* NULL: only look whether all can be read */
	ListShape shape;
	ListService service;
	int cause;          /* of --cause, or -1 */
	const char *stream; /* of --stream, or NULL */
	const char *default_stream;
	gboolean is_strict;
	gboolean again;
	/* what was found in one file */
	GArray *rows;        /* of ImportRow */
	GStringChunk *texts; /* of the rows */
	ListFile *file;
	ImportCounts counts;
	uint64_t fates[FATE_WRONG + 1];
	uint64_t causes[CAUSE_COUNT]; /* of FATE_HOLD */
	ListService found;
} Import;

/* ---- one record ---- */

/* Only these are of one stream. */
static bool is_of_stream(Cause cause)
{
	return cause == CAUSE_UNSUBSCRIBE || cause == CAUSE_MANUAL;
}

static const char *stream_of(const Import *import, const ListEntry *entry,
    Cause cause)
{
	if (!is_of_stream(cause))
		return "";
	if (import->stream != NULL)
		return import->stream;
	if (entry->stream != NULL)
		return entry->stream;
	return cause == CAUSE_UNSUBSCRIBE ? import->default_stream : "";
}

/* NULL, or what is wrong with the stream that a list of ours names. */
static const char *stream_fault(const ListEntry *entry, Cause cause,
    const char *stream)
{
	if (entry->stream != NULL && entry->stream[0] != '\0' &&
	    !is_of_stream(cause))
		return "its cause is of all streams, not of one";
	if (cause == CAUSE_UNSUBSCRIBE && stream[0] == '\0')
		return "an unsubscription is of one stream, not of all";
	if (stream[0] != '\0' && !campaign_name_is_valid(stream))
		return "its stream cannot be a stream's name";
	return NULL;
}

static int compare_rows(const void *a, const void *b, void *data)
{
	return strcmp(((const ImportRow *)a)->folded,
	    ((const ImportRow *)b)->folded);
}

/* The row among the N before ROW that is of the same hold, or NULL. */
static ImportRow *twin_of(ImportRow *row, unsigned n)
{
	for (ImportRow *twin = row; n > 0; n--) {
		twin--;
		if (strcmp(twin->folded, row->folded) != 0)
			return NULL;
		if (twin->cause == row->cause &&
		    strcmp(twin->stream, row->stream) == 0)
			return twin;
	}
	return NULL;
}

/* What stands in the list twice finds itself in the store the second time; in a
   dry run, which writes nothing, it is found here.  Returns how many are left
   of N rows in order. */
static unsigned drop_twins(Import *import, ImportRow *rows, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		ImportRow *twin;

		rows[left] = rows[i];
		twin = twin_of(&rows[left], left);
		if (twin == NULL) {
			left++;
		} else if (twin->until >= rows[i].until) {
			import->counts.unchanged++;
		} else {
			import->counts.lengthened++;
			twin->until = rows[i].until;
		}
	}
	return left;
}

static bool flush(Import *import, GError **error)
{
	ManualChange change = ctl_change(import->ctl);
	ImportRow *rows = (ImportRow *)(void *)import->rows->data;
	uint64_t worked = import->file->worked;
	uint64_t octets = import->file->read - worked;
	unsigned n = import->rows->len;

	/* GLib's sort is stable: of one address the first comes first */
	g_qsort_with_data(rows, (int)n, sizeof(*rows), compare_rows, NULL);
	if (import->ctl->is_dry_run)
		n = drop_twins(import, rows, n);
	for (unsigned i = 0; i < n; i += SLICE) {
		if (!store_import(import->store, &change, rows + i,
			MIN(n - i, (unsigned)SLICE), import->again,
			import->ctl->is_dry_run, &import->counts, error))
			return false;
		list_file_worked(import->file, worked + octets * i / n);
	}
	list_file_worked(import->file, worked + octets);
	g_array_set_size(import->rows, 0);
	g_string_chunk_clear(import->texts);
	return true;
}

static bool add_row(Import *import, const ListEntry *entry, Cause cause,
    const char *folded, GError **error)
{
	GStringChunk *texts = import->texts;
	const char *stream = stream_of(import, entry, cause);

	ImportRow row;

	if (import->store == NULL)
		return true;
	row = (ImportRow){
		.folded = g_string_chunk_insert(texts, folded),
		.original = g_string_chunk_insert(texts, entry->address),
		.stream = g_string_chunk_insert_const(texts, stream),
		.cause = cause,
		.since = entry->since,
		.until = entry->until,
		.note = g_string_chunk_insert_const(texts, entry->note),
	};
	g_array_append_val(import->rows, row);
	return import->rows->len < BATCH || flush(import, error);
}

/* What the list means, with what the command line says it means. */
static bool decide(const Import *import, ListEntry *entry, GError **error)
{
	if (import->cause >= 0 && entry->fate == FATE_SOFT)
		entry->fate = FATE_HOLD;
	if (import->cause >= 0)
		entry->cause = import->cause;
	if (entry->fate != FATE_HOLD || entry->cause >= 0)
		return true;
	entry->cause = CAUSE_MANUAL;
	if (import->found == SERVICE_ANY)
		return true;
	g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
	    "this list of %s does not say what it is of: say it with --cause",
	    list_service_name(import->found));
	return false;
}

/* *RET_WRONG: NULL, or why the record is a bad line. */
static bool take(Import *import, ListEntry entry, char **ret_wrong,
    GError **error)
{
	g_autoptr(GError) bad = NULL;
	g_autofree char *folded = NULL;
	g_autofree char *written = NULL;
	const char *fault = entry.wrong;

	if (entry.fate != FATE_WRONG && !decide(import, &entry, error))
		return false;
	if (entry.fate == FATE_HOLD || entry.fate == FATE_SOFT) {
		folded = list_address_fold(entry.address, entry.address_len,
		    &written, &bad);
		if (folded == NULL)
			fault = bad->message;
	}
	if (fault == NULL && entry.fate == FATE_HOLD)
		fault = stream_fault(&entry, (Cause)entry.cause,
		    stream_of(import, &entry, (Cause)entry.cause));
	import->fates[fault != NULL ? FATE_WRONG : entry.fate]++;
	*ret_wrong = g_strdup(fault);
	if (fault != NULL || entry.fate != FATE_HOLD)
		return true;
	entry.address = written;
	import->causes[entry.cause]++;
	return add_row(import, &entry, (Cause)entry.cause, folded, error);
}

/* ---- one file ---- */

static bool take_record(Import *import, ListFile *file, ListEntries *entries,
    const ListRecord *record, GError **error)
{
	g_autofree char *wrong = NULL;

	if (record->is_blank || record->is_names)
		return true;
	if (record->wrong != NULL) {
		wrong = g_strdup(record->wrong);
		import->fates[FATE_WRONG]++;
	} else {
		ListEntry entry = list_entries_read(entries, record,
		    import->ctl->now);

		import->found = list_entries_service(entries);
		if (!take(import, entry, &wrong, error))
			return false;
	}
	if (wrong != NULL && (import->store != NULL || import->is_strict))
		list_file_tell(file, record, wrong);
	if (wrong == NULL || !import->is_strict)
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
	    "line %" G_GUINT64_FORMAT " is bad, and --strict was given",
	    record->line);
	return false;
}

static bool read_file(Import *import, const char *name, GError **error)
{
	g_autoptr(ListEntries)
	    entries = list_entries_new(import->service, name);
	g_auto(ListFile) file = { .fd = -1 };
	ListRecord record;
	bool any = true;

	if (!list_file_open(&file, import->ctl, name, import->shape, false,
		error))
		return false;
	file.is_worked = import->store != NULL;
	import->file = &file;
	while (any) {
		if (!list_file_next(&file, &record, &any, error))
			return false;
		if (any && !take_record(import, &file, entries, &record, error))
			return false;
	}
	list_file_tell_rest(&file);
	return import->store == NULL || flush(import, error);
}

static void reset(Import *import)
{
	g_array_set_size(import->rows, 0);
	g_string_chunk_clear(import->texts);
	import->counts = (ImportCounts){ 0 };
	memset(import->fates, 0, sizeof(import->fates));
	memset(import->causes, 0, sizeof(import->causes));
	import->found = SERVICE_ANY;
}

/* ---- what became of it ---- */

static void append_count(GString *text, uint64_t n, const char *what)
{
	if (n > 0)
		g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s",
		    text->len > 0 ? ", " : "", n, what);
}

static void tell_json(const Import *import, const char *name)
{
	const ImportCounts *counts = &import->counts;
	Row *row = row_new();

	row_text(row, "file", name);
	row_text(row, "service", list_service_name(import->found));
	row_number(row, "added", (int64_t)counts->added);
	row_number(row, "lengthened", (int64_t)counts->lengthened);
	row_number(row, "unchanged", (int64_t)counts->unchanged);
	row_number(row, "released", (int64_t)counts->released);
	row_number(row, "soft", (int64_t)import->fates[FATE_SOFT]);
	row_number(row, "active", (int64_t)import->fates[FATE_ACTIVE]);
	row_number(row, "over", (int64_t)import->fates[FATE_OVER]);
	row_number(row, "bad", (int64_t)import->fates[FATE_WRONG]);
	row_bool(row, "dry_run", import->ctl->is_dry_run);
	row_open_object(row, "by_cause");
	for (unsigned i = 0; i < CAUSE_COUNT; i++)
		row_number(row, cause_name((Cause)i),
		    (int64_t)import->causes[i]);
	row_close_object(row);
	row_print(row);
}

/* "; 2 hard, 1 complaint": a list that was taken for another is seen here. */
static char *causes_text(const Import *import)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (int i = CAUSE_COUNT - 1; i >= 0; i--)
		if (import->causes[i] > 0)
			g_string_append_printf(text,
			    "%s%" G_GUINT64_FORMAT " %s",
			    text->len > 0 ? ", " : "; ", import->causes[i],
			    cause_name((Cause)i));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void tell(const Import *import, const char *name)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *shown = printable(name);
	g_autofree char *causes = causes_text(import);
	const ImportCounts *counts = &import->counts;

	if (import->ctl->is_json) {
		tell_json(import, name);
		return;
	}
	append_count(text, counts->added, "added");
	append_count(text, counts->lengthened, "made longer");
	append_count(text, counts->unchanged, "as they were");
	append_count(text, counts->released, "released by hand since, left so");
	append_count(text, import->fates[FATE_SOFT],
	    "soft bounces or blocks, left out");
	append_count(text, import->fates[FATE_ACTIVE], "not suppressed there");
	append_count(text, import->fates[FATE_OVER], "over");
	append_count(text, import->fates[FATE_WRONG], "bad lines");
	printf("%s%s%s%s: %s%s%s\n", shown,
	    import->found != SERVICE_ANY ? " (" : "",
	    list_service_name(import->found),
	    import->found != SERVICE_ANY ? ")" : "",
	    text->len > 0 ? text->str : "nothing in it", causes,
	    import->ctl->is_dry_run ? " (dry run, nothing changed)" : "");
}

/* With --strict a file that can be read twice is read through first, so that a
   bad line stops it before anything is changed. */
static bool import_file(Import *import, const char *name, GError **error)
{
	Store *store = import->store;

	reset(import);
	if (import->is_strict && strcmp(name, "-") != 0 &&
	    g_file_test(name, G_FILE_TEST_IS_REGULAR)) {
		bool ok;

		import->store = NULL;
		ok = read_file(import, name, error);
		import->store = store;
		if (!ok)
			return false;
		reset(import);
	}
	return read_file(import, name, error);
}

static int import_all(Import *import, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(import->ctl,
	    import->ctl->is_dry_run ? STORE_READ : STORE_WRITE, &error);
	int status = EX_OK;

	if (store == NULL)
		return ctl_fail(import->ctl, error);
	import->store = store;
	import->default_stream = import->ctl->settings->default_stream;
	for (int i = 1; i < argc; i++) {
		bool ok = import_file(import, argv[i], &error);

		/* what came before the failure is done */
		if (ok || import->counts.added + import->counts.lengthened > 0)
			tell(import, argv[i]);
		if (!ok)
			return ctl_fail(import->ctl, error);
		if (import->fates[FATE_WRONG] > 0)
			status = EX_DATAERR;
	}
	return status;
}

/* ---- the command line ---- */

static bool parse_format(Import *import, const char *format)
{
	static const struct {
		const char *name;
		ListShape shape;
	} shapes[] = {
		{ "auto", LIST_AUTO },
		{ "csv", LIST_CSV },
		{ "jsonl", LIST_JSON },
		{ "json", LIST_JSON },
		{ "plain", LIST_PLAIN },
	};
	int service;

	if (format == NULL)
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++)
		if (strcmp(format, shapes[i].name) == 0) {
			import->shape = shapes[i].shape;
			return true;
		}
	service = list_service_from_name(format);
	if (service < 0)
		return false;
	import->service = (ListService)service;
	return true;
}

int cmd_import(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *format = NULL;
	g_autofree char *stream = NULL;
	g_autofree char *cause = NULL;
	g_autofree Import *import = g_new0(Import, 1);
	g_autoptr(GStringChunk) texts = g_string_chunk_new(64 * 1024);
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(ImportRow));
	const GOptionEntry entries[] = {
		{ "format", 0, 0, G_OPTION_ARG_FILENAME, &format,
		    "auto, csv, jsonl, plain, or the service that wrote it: "
		    "ses, sendgrid, mailgun, postmark, mailchimp, listmonk, "
		    "verpd",
		    "FORMAT" },
		{ "cause", 0, 0, G_OPTION_ARG_FILENAME, &cause,
		    "what being on the list means, whatever it says itself",
		    "CAUSE" },
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &stream,
		    "of unsubscriptions (default: default_stream) and of holds "
		    "by hand (default: all)",
		    "STREAM" },
		{ "strict", 0, 0, G_OPTION_ARG_NONE, &import->is_strict,
		    "let a bad line end it; default: it is told and left out",
		    NULL },
		{ "again", 0, 0, G_OPTION_ARG_NONE, &import->again,
		    "suppress also what was released by hand since", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	import->ctl = ctl;
	import->cause = -1;
	import->texts = texts;
	import->rows = rows;
	if (!parse_format(import, format))
		return ctl_usage(ctl, "there is no format \"%s\"", format);
	if (cause != NULL && (import->cause = cause_from_name(cause)) < 0)
		return ctl_unknown(ctl, unknown_cause(cause));
	if (stream != NULL && import->cause >= 0 &&
	    !is_of_stream((Cause)import->cause))
		return ctl_usage(ctl, "%s is of all streams, not of one",
		    cause);
	if (stream != NULL && ctl_known_stream(ctl, stream, &error) == NULL)
		return ctl_fail(ctl, error);
	import->stream = stream;
	return import_all(import, argc, argv);
}
