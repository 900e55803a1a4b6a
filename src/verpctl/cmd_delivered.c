/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl delivered`: the sending program says itself what arrived, a line for
   each mail.  Lines are taken in parts of a fixed size, each one transaction,
   and each part has a delivery key: a file that is told again, or again after
   it broke off, changes nothing and is not counted twice.  The last part is
   shorter, and may have grown when it comes again: what it was then is how the
   part of now begins. */
#include "commands.h"
#include "input.h"

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "feed.h"
#include "progress.h"
#include "row.h"
#include "site.h"
#include "text.h"
#include "token.h"
#include "units.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <json-glib/json-glib.h>

enum {
	PART = 250,            /* lines in one transaction */
	TOLD_LINES = 20,       /* bad ones told one by one */
	LINE = 16 * 1024,      /* octets */
	LONGEST_PAUSE = 50000, /* microseconds */
};

/* One line understood. */
typedef struct Delivered {
	char *address; /* folded */
	char *original;
	char *campaign;
	int64_t at;
	char *queue_id;
	char *response;
	uint8_t key[STORE_KEY]; /* of the part up to this line */
} Delivered;

typedef struct Telling {
	Ctl *ctl;
	Store *store;
	Feed *feed;
	const char *name; /* of the file */
	Progress *progress;
	GPtrArray *part; /* of Delivered */
	GChecksum *sum;  /* over the lines of the part */
	uint64_t line, good, bad, changed, known;
	uint64_t done; /* octets */
	unsigned n_parts;
} Telling;

static void delivered_free(Delivered *row)
{
	if (row == NULL)
		return;
	g_free(row->address);
	g_free(row->original);
	g_free(row->campaign);
	g_free(row->queue_id);
	g_free(row->response);
	g_free(row);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Delivered, delivered_free)

/* ---- one line ---- */

/* Seconds since the Epoch, or as time_parse() has it, or with a zone. */
static bool read_time(const char *text, int64_t now, int64_t *ret_at,
    GError **error)
{
	size_t digits = strspn(text, "0123456789");
	g_autoptr(GDateTime) time = NULL;

	if (text[0] == '\0') {
		*ret_at = now;
		return true;
	}
	if (digits >= 9 && digits <= 11 &&
	    (text[digits] == '\0' || text[digits] == '.')) {
		*ret_at = g_ascii_strtoll(text, NULL, 10);
	} else if (strchr(text, 'T') != NULL &&
		   (time = g_date_time_new_from_iso8601(text, NULL)) != NULL) {
		*ret_at = g_date_time_to_unix(time);
	} else if (strchr(text, '-') == NULL ||
		   !time_parse(text, now, ret_at, NULL)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "\"%s\" is not a time", text);
		return false;
	}
	if (*ret_at > now + SECONDS_PER_DAY) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "%s is yet to come", text);
		return false;
	}
	*ret_at = MIN(*ret_at, now);
	return true;
}

static bool is_queue_id(const char *text)
{
	size_t len = 0;

	while (g_ascii_isalnum(text[len]))
		len++;
	return len >= 5 && len <= 32 && text[len] == '\0';
}

/* Takes the four fields as they stand in the line. */
static Delivered *read_fields(const char *address, const char *campaign,
    const char *time, const char *queue_id, const char *response, int64_t now,
    GError **error)
{
	g_autoptr(Delivered) row = g_new0(Delivered, 1);

	row->address = address_fold(address, error);
	if (row->address == NULL) {
		g_prefix_error(error, "\"%s\": ", address);
		return NULL;
	}
	if (!campaign_name_is_valid(campaign)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "\"%s\" is not the name of a campaign", campaign);
		return NULL;
	}
	if (!read_time(time, now, &row->at, error))
		return NULL;
	row->original = g_strdup(address);
	row->campaign = g_strdup(campaign);
	row->queue_id = g_strdup(queue_id);
	row->response = g_strdup(response);
	return g_steal_pointer(&row);
}

static const char *member(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
		       json_node_get_value_type(node) == G_TYPE_STRING
		   ? json_node_get_string(node)
		   : "";
}

/* As read_time() takes it.  Many a program writes seconds with a fraction. */
static char *member_time(JsonObject *object)
{
	JsonNode *node = json_object_get_member(object, "time");
	char text[512]; /* the largest double has 309 digits */

	if (node == NULL || JSON_NODE_HOLDS_NULL(node))
		return g_strdup("");
	if (JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == G_TYPE_STRING)
		return g_strdup(json_node_get_string(node));
	if (JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == G_TYPE_DOUBLE)
		return g_strdup(g_ascii_formatd(text, sizeof(text), "%.3f",
		    json_node_get_double(node)));
	return json_to_string(node, FALSE);
}

static Delivered *read_json(const char *line, int64_t now, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autofree char *time = NULL;
	JsonObject *object;
	JsonNode *root;

	if (!json_parser_load_from_data(parser, line, -1, NULL) ||
	    (root = json_parser_get_root(parser)) == NULL ||
	    !JSON_NODE_HOLDS_OBJECT(root)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "not a JSON object");
		return NULL;
	}
	object = json_node_get_object(root);
	time = member_time(object);
	return read_fields(member(object, "address"),
	    member(object, "campaign"), time, member(object, "queue_id"),
	    member(object, "response"), now, error);
}

static Delivered *read_tabs(const char *line, int64_t now, GError **error)
{
	g_auto(GStrv) fields = g_strsplit(line, "\t", 4);
	unsigned n = g_strv_length(fields);
	const char *more = n > 3 ? fields[3] : "";

	if (n < 3) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "not address, campaign and time with tabs between");
		return NULL;
	}
	return read_fields(fields[0], fields[1], fields[2],
	    is_queue_id(more) ? more : "", is_queue_id(more) ? "" : more, now,
	    error);
}

/* ---- a part ---- */

/* How many lines at the beginning of the part, not all of it, were a part of
   their own before. */
static bool count_known(const Telling *telling, unsigned *ret_n, GError **error)
{
	bool is_known = false;
	unsigned n = telling->part->len - 1;

	for (; n > 0; n--) {
		const Delivered *last = telling->part->pdata[n - 1];

		if (!store_knows(telling->store, last->key, &is_known, error))
			return false;
		if (is_known)
			break;
	}
	*ret_n = n;
	return true;
}

static bool record_part(Telling *telling, unsigned first, GError **error)
{
	for (unsigned i = first; i < telling->part->len; i++) {
		const Delivered *row = telling->part->pdata[i];
		const FeedFact fact = {
			.kind = FEED_DELIVERED,
			.at = row->at,
			.campaign = row->campaign,
			.address = row->address,
			.original = row->original,
			.token_day = day_of(row->at),
			.trust = TRUST_ADMIN,
			.source = "sender",
			.queue_id = row->queue_id,
			.status = "",
			.said = row->response,
			.relay = "",
		};
		FeedResult result;

		if (!feed_record(telling->feed, telling->store, &fact,
			telling->ctl->now, &result, error))
			return false;
		telling->changed += result == FEED_CHANGED;
	}
	return feed_flush(telling->feed, telling->store, error);
}

static bool write_part(Telling *telling, GError **error)
{
	unsigned n = telling->part->len, n_known = n;
	const Delivered *last;
	gint64 began;
	bool is_known = false, ok;

	if (n == 0)
		return true;
	last = telling->part->pdata[n - 1];
	if (!store_begin(telling->store, error))
		return false;
	began = g_get_monotonic_time();
	ok = store_seen(telling->store, last->key, telling->ctl->now, &is_known,
		 error) &&
	     (is_known || (count_known(telling, &n_known, error) &&
			      record_part(telling, n_known, error)));
	if (ok && !telling->ctl->is_dry_run)
		ok = store_commit(telling->store, error);
	else
		store_rollback(telling->store);
	/* whoever waits for the writer shall find it free now and then */
	g_usleep((unsigned long)CLAMP(g_get_monotonic_time() - began, 0,
		     LONGEST_PAUSE) /
		 2);
	if (ok)
		telling->known += n_known;
	g_ptr_array_set_size(telling->part, 0);
	g_checksum_reset(telling->sum);
	/* a sync also moves the log of the database into it when it is long */
	if (ok && ++telling->n_parts % 64 == 0)
		ok = store_sync(telling->store, error);
	return ok;
}

static void tell_bad(Telling *telling, const char *why)
{
	if (++telling->bad > TOLD_LINES)
		return;
	progress_hide(telling->progress);
	ctl_warn(telling->ctl, "line %" G_GUINT64_FORMAT ": %s", telling->line,
	    why);
}

static bool take_line(Telling *telling, const char *text, size_t len,
    GError **error)
{
	g_autoptr(GError) wrong = NULL;
	g_autofree char *line = NULL;
	g_autoptr(GChecksum) so_far = NULL;
	gsize key_len = STORE_KEY;
	Delivered *row;

	telling->line++;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (len == 0)
		return true;
	if (len > LINE) {
		tell_bad(telling, "too long");
		return true;
	}
	line = text_utf8(text, len, len + 1);
	/* names of columns */
	if (telling->line == 1 &&
	    g_ascii_strncasecmp(line, "address\t", 8) == 0)
		return true;
	row = line[0] == '{' ? read_json(line, telling->ctl->now, &wrong)
			     : read_tabs(line, telling->ctl->now, &wrong);
	if (row == NULL) {
		tell_bad(telling, wrong->message);
		return true;
	}
	telling->good++;
	g_checksum_update(telling->sum, (const guchar *)text, (gssize)len);
	g_checksum_update(telling->sum, (const guchar *)"\n", 1);
	so_far = g_checksum_copy(telling->sum);
	g_checksum_get_digest(so_far, row->key, &key_len);
	g_ptr_array_add(telling->part, row);
	return telling->part->len < PART || write_part(telling, error);
}

/* ---- the input ---- */

static bool is_ready(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, 0) != 0;
}

static bool take_lines(Telling *telling, GString *input, bool is_end,
    GError **error)
{
	const char *line = input->str;
	size_t left = input->len;
	const char *end;

	while ((end = memchr(line, '\n', left)) != NULL) {
		size_t len = (size_t)(end - line);

		if (!take_line(telling, line, len, error))
			return false;
		line = end + 1;
		left -= len + 1;
	}
	if (is_end && left > 0 && !take_line(telling, line, left, error))
		return false;
	/* of a line that does not end, enough to see that it is too long */
	if (is_end || left > 2 * LINE)
		left = is_end ? 0 : LINE + 1;
	if (left > 0)
		memmove(input->str, line, left);
	g_string_truncate(input, left);
	return true;
}

static bool read_all(Telling *telling, int fd, GError **error)
{
	g_autoptr(GString) input = g_string_new(NULL);
	char bytes[65536];
	ssize_t n;

	do {
		/* who writes a line and waits shall not wait for more */
		if (!is_ready(fd) && !write_part(telling, error))
			return false;
		n = input_read(fd, telling->name, bytes, sizeof(bytes), error);
		if (n < 0)
			return false;
		g_string_append_len(input, bytes, n);
		if (!take_lines(telling, input, n == 0, error))
			return false;
		telling->done += (uint64_t)n;
		progress_set(telling->progress, telling->done);
	} while (n > 0);
	return write_part(telling, error);
}

static void tell(const Telling *telling)
{
	if (telling->ctl->is_json) {
		Row *row = row_new();

		row_number(row, "delivered", (int64_t)telling->good);
		row_number(row, "changed", (int64_t)telling->changed);
		row_number(row, "known", (int64_t)telling->known);
		row_number(row, "bad", (int64_t)telling->bad);
		row_bool(row, "dry_run", telling->ctl->is_dry_run);
		row_print(row);
		return;
	}
	if (telling->bad > TOLD_LINES)
		ctl_warn(telling->ctl,
		    "and %" G_GUINT64_FORMAT " more bad lines",
		    telling->bad - TOLD_LINES);
	printf("%" G_GUINT64_FORMAT
	       " delivered, which changed %" G_GUINT64_FORMAT
	       "; %" G_GUINT64_FORMAT " known before, %" G_GUINT64_FORMAT
	       " bad lines%s\n",
	    telling->good, telling->changed, telling->known, telling->bad,
	    telling->ctl->is_dry_run ? " (nothing was written)" : "");
}

static int tell_all(Ctl *ctl, int fd, const char *name, bool is_quiet)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl, STORE_WRITE, &error);
	g_autoptr(Judge) judge = NULL;
	g_autoptr(Feed) feed = NULL;
	g_autoptr(Progress)
	    progress = progress_new(PROGRESS_OCTETS, input_size(fd), is_quiet);
	g_autoptr(GPtrArray) part =
	    g_ptr_array_new_with_free_func((GDestroyNotify)delivered_free);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const FeedOptions options = { 0 };
	Telling telling = {
		.ctl = ctl, .name = name, .part = part, .sum = sum
	};

	if (store == NULL)
		return ctl_fail(ctl, error);
	judge = site_judge(ctl->settings, store_epoch(store), &error);
	if (judge == NULL)
		return ctl_fail(ctl, error);
	feed = feed_new(judge, &options);
	telling.store = store;
	telling.feed = feed;
	telling.progress = progress;
	if (!read_all(&telling, fd, &error) || !store_sync(store, &error))
		return ctl_fail(ctl, error);
	progress_hide(progress);
	tell(&telling);
	return telling.bad > 0 ? EX_DATAERR : EX_OK;
}

int cmd_delivered(Ctl *ctl, int argc, char **argv)
{
	gboolean is_quiet = FALSE;
	const GOptionEntry entries[] = {
		{ "quiet", 'q', 0, G_OPTION_ARG_NONE, &is_quiet,
		    "no progress line on a terminal", NULL },
		{ "dry-run", 0, 0, G_OPTION_ARG_NONE, &ctl->is_dry_run,
		    "write nothing, say what would be done", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	const char *name;
	int result, fd;

	if (!ctl_parse(ctl, entries, &argc, &argv, &result))
		return result;
	name = argc > 1 ? argv[1] : INPUT_STDIN;
	fd = input_open(name, &error);
	if (fd < 0)
		return ctl_fail(ctl, error);
	result = tell_all(ctl, fd, name, is_quiet);
	input_close(fd);
	return result;
}
