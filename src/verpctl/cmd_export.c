/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl export`: the suppressions as a list for other programs, and for
   `verpctl import`. */
#include "commands.h"
#include "postfix_table.h"
#include "progress.h"
#include "row.h"

#include "address.h"
#include "site.h"
#include "text.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

typedef struct Export Export;

struct Export {
	Ctl *ctl;
	Progress *progress;
	bool (*write)(Export *export, const Suppression *row);
	/* plain: the recipient whose holds come now */
	const char *stream; /* NULL: in any */
	CauseSet ignored;
	EntrySet *entries;
	int64_t recipient_id;
	char *address;
	RecipientState state;
	bool is_any;
	uint64_t n_unfit;
	PostfixTable *table; /* for Postfix, instead; or NULL */
	GError **error;      /* of what writes */
};

/* ---- plain ---- */

static bool is_held(const Export *export)
{
	const char *domain = text_or_empty(address_domain(export->address));

	return export->stream == NULL
		   ? export->is_any
		   : !answer_give(export->entries, export->address, domain,
			 &export->state, export->stream, export->ignored,
			 export->ctl->now)
			  .may_send;
}

/* A line for the recipient that is complete now, if it is not to be mailed. */
static bool end_recipient(Export *export)
{
	if (export->address == NULL)
		return true;
	if (export->table != NULL)
		return postfix_table_recipient(export->table, export->address,
		    &export->state, export->error);
	if (!is_held(export))
		return true;
	/* only quotes could have brought one in */
	if (strpbrk(export->address, "\r\n") != NULL)
		export->n_unfit++;
	else
		puts(export->address);
	return true;
}

static void begin_recipient(Export *export, int64_t id, const char *address)
{
	g_free(export->address);
	export->address = g_strdup(address);
	export->recipient_id = id;
	export->is_any = false;
	memset(&export->state, 0, sizeof(export->state));
}

static bool write_plain(Export *export, const Suppression *row)
{
	Hold *hold = &export->state.hold[row->cause];

	if (row->recipient_id != export->recipient_id) {
		if (!end_recipient(export))
			return false;
		begin_recipient(export, row->recipient_id, row->address);
	}
	if (row->hold.until > hold->until)
		*hold = row->hold;
	export->is_any = true;
	return ferror(stdout) == 0;
}

/* ---- CSV ---- */

/* RFC 4180; and a spreadsheet takes what begins with one of these for a formula,
   so that, and whatever begins as our guard does, gets a quote in front, which
   `import` takes off again. */
static void put_csv(const char *text, char end)
{
	bool is_guarded = text[0] != '\0' &&
			  strchr("=+-@\t\r'", text[0]) != NULL;

	if (!is_guarded && strpbrk(text, ",\"\r\n") == NULL) {
		(void)fputs(text, stdout);
		putchar(end);
		return;
	}
	(void)fputs(is_guarded ? "\"'" : "\"", stdout);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '"')
			putchar('"');
		putchar(*c);
	}
	putchar('"');
	putchar(end);
}

static char *end_text(int64_t until)
{
	return until == HOLD_FOREVER ? g_strdup("forever") : time_format(until);
}

static bool write_csv(Export *export, const Suppression *row)
{
	g_autofree char *since = time_format(row->hold.since);
	g_autofree char *until = end_text(row->hold.until);

	put_csv(row->address, ',');
	put_csv(row->stream, ',');
	put_csv(cause_name(row->cause), ',');
	put_csv(since, ',');
	put_csv(until, ',');
	put_csv(row->note, '\n');
	return ferror(stdout) == 0;
}

/* ---- JSON lines ---- */

static bool write_json(Export *export, const Suppression *row)
{
	Row *json = row_new();

	row_text(json, "address", row->address);
	row_text(json, "stream", row->stream);
	row_text(json, "cause", cause_name(row->cause));
	row_time(json, "since", row->hold.since);
	row_time(json, "until", row->hold.until);
	row_text(json, "note", row->note);
	row_print(json);
	return ferror(stdout) == 0;
}

static bool write_row(const Suppression *row, void *data)
{
	Export *export = data;

	progress_set(export->progress, (uint64_t)row->recipient_id);
	return export->write(export, row);
}

/* ---- the command ---- */

static bool export_rows(Export *export, Store *store, const StoreFilter *filter,
    GError **error)
{
	g_autoptr(Progress) progress = NULL;
	g_autoptr(Judge) streams = site_streams(export->ctl->settings);
	uint64_t bound = 0;
	bool ok;

	if (!store_held_bound(store, &bound, error) ||
	    !store_entries(store, export->ctl->now, &export->entries, error))
		return false;
	if (export->stream != NULL)
		export->ignored = judge_ignored(streams, export->stream);
	progress = progress_new(PROGRESS_ROWS, bound, false);
	export->progress = progress;
	export->error = error;
	ok = store_each_suppression(store, filter, write_row, export, error) &&
	     *error == NULL &&
	     (export->write != write_plain || end_recipient(export));
	progress_hide(progress);
	g_clear_pointer(&export->address, g_free);
	g_clear_pointer(&export->entries, entry_set_free);
	return ok;
}

static int tell_unfit(const Ctl *ctl, uint64_t n)
{
	if (n > 0)
		ctl_warn(ctl,
		    "%" G_GUINT64_FORMAT
		    " addresses that the list cannot hold, or of which only "
		    "a hash was kept, are left out",
		    n);
	return EX_OK;
}

static int export_all(Export *export, const StoreFilter *filter)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(export->ctl, STORE_READ, &error);

	if (store == NULL)
		return ctl_fail(export->ctl, error);
	if (export->write == write_csv)
		puts("address,stream,cause,since,until,note");
	if (!export_rows(export, store, filter, &error))
		return ctl_fail(export->ctl, error);
	return tell_unfit(export->ctl, export->n_unfit);
}

static bool parse_format(Export *export, const char *format)
{
	if (format == NULL || strcmp(format, "csv") == 0)
		export->write = write_csv;
	else if (strcmp(format, "plain") == 0)
		export->write = write_plain;
	else if (strcmp(format, "jsonl") == 0)
		export->write = write_json;
	return export->write != NULL;
}

static int export_table(Export *export, const StoreFilter *filter,
    TableType type, TableUse use, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(export->ctl, STORE_READ, &error);
	g_autoptr(Judge) streams = NULL;
	g_autoptr(PostfixTable) table = NULL;
	g_autofree char *lines = NULL;
	unsigned labels;

	if (store == NULL)
		return ctl_fail(export->ctl, error);
	if (strcmp(export->ctl->settings->addresses, "hashed") == 0)
		return ctl_usage(export->ctl,
		    "the store keeps addresses as hashes, which Postfix would "
		    "find nobody by");
	streams = site_streams(export->ctl->settings);
	table = postfix_table_begin(export->ctl, store, export->stream,
	    judge_ignored(streams, export->stream), type, use, path, &error);
	export->table = table;
	export->write = write_plain;
	if (table == NULL || !export_rows(export, store, filter, &error) ||
	    !postfix_table_end(table, &error))
		return ctl_fail(export->ctl, error);
	lines = postfix_table_lines(table);
	printf("%s", lines);
	if (use == TABLE_ACCESS && postfix_table_is_deep(table, &labels))
		ctl_warn(export->ctl,
		    "something is said of a domain of %u labels: the lines in "
		    "main.cf must be these, shorter ones do not find it",
		    labels);
	return tell_unfit(export->ctl, postfix_table_unfit(table));
}

static bool is_for_main_cf(const char *path)
{
	return path[0] == '/' && strpbrk(path, " \t\r\n,{}\"$") == NULL;
}

int cmd_export(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *format = NULL;
	g_autofree char *stream = NULL;
	g_autofree char *cause = NULL;
	g_autofree char *type = NULL;
	g_autofree char *use = NULL;
	g_autofree char *path = NULL;
	gboolean with_expired = FALSE;
	const GOptionEntry entries[] = {
		{ "postfix", 0, 0, G_OPTION_ARG_FILENAME, &type,
		    "a table for Postfix: cdb, lmdb, texthash or sqlite",
		    "TYPE" },
		{ "as", 0, 0, G_OPTION_ARG_FILENAME, &use,
		    "access (default), or transport, for what smtpd(8) never "
		    "sees",
		    "USE" },
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &path,
		    "where that table is put", "FILE" },
		{ "format", 0, 0, G_OPTION_ARG_FILENAME, &format,
		    "csv (default), jsonl, or plain: addresses alone",
		    "FORMAT" },
		{ "stream", 0, 0, G_OPTION_ARG_FILENAME, &stream,
		    "what keeps mail of this stream back", "STREAM" },
		{ "cause", 0, 0, G_OPTION_ARG_FILENAME, &cause,
		    "of this cause alone", "CAUSE" },
		{ "include-expired", 0, 0, G_OPTION_ARG_NONE, &with_expired,
		    "also what is over", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	StoreFilter filter = STORE_FILTER_ANY;
	Export export = { .ctl = ctl };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!parse_format(&export, format))
		return ctl_usage(ctl, "there is no format \"%s\"", format);
	if (cause != NULL && (filter.cause = cause_from_name(cause)) < 0)
		return ctl_unknown(ctl, unknown_cause(cause));
	if (stream != NULL && ctl_known_stream(ctl, stream, &error) == NULL)
		return ctl_fail(ctl, error);
	if ((type == NULL) != (path == NULL) || (type == NULL && use != NULL) ||
	    (type != NULL && (format != NULL || cause != NULL || with_expired)))
		return ctl_usage(ctl, "--postfix goes with --output, --as and "
				      "--stream, and with nothing else");
	if (type != NULL && table_type_from_name(type) < 0)
		return ctl_usage(ctl, "there is no table type \"%s\"", type);
	if (use != NULL && table_use_from_name(use) < 0)
		return ctl_usage(ctl, "--as is access or transport");
	if (type != NULL && !is_for_main_cf(path))
		return ctl_usage(ctl, "--output must be an absolute path that "
				      "main.cf can name");
	if (with_expired && export.write == write_plain)
		return ctl_usage(ctl,
		    "--include-expired needs a format that tells of ends");
	export.stream = stream;
	if (type != NULL && stream == NULL)
		export.stream = stream = g_strdup(ctl_known_stream(ctl, NULL,
		    &error));
	if (error != NULL)
		return ctl_fail(ctl, error);
	filter.stream = stream;
	filter.with_expired = with_expired;
	filter.now = ctl->now;
	if (type != NULL)
		return export_table(&export, &filter,
		    (TableType)table_type_from_name(type),
		    use != NULL ? (TableUse)table_use_from_name(use)
				: TABLE_ACCESS,
		    path);
	return export_all(&export, &filter);
}
