/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl ingest-log`: Postfix's log as the success feed.  Lines are read and
   joined without a lock; what they did, and how far they were read, goes into
   one short transaction after the other. */
#include "commands.h"
#include "input.h"

#include "bounds.h"
#include "clock.h"
#include "errors.h"
#include "feed_log.h"
#include "log_reader.h"
#include "progress.h"
#include "row.h"
#include "site.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	/* things in one transaction: as many as take about 10 ms */
	WRITE_FIRST = 128,
	WRITE_LEAST = 16,
	WRITE_MOST = 2048,
	WRITE_SHORT = 5000, /* microseconds */
	WRITE_LONG = 12000,
	LOOK_EVERY = 500, /* milliseconds, for new lines */
	SYNC_EVERY = 64,  /* transactions */
	INPUT = 1024 * 1024,
};

/* One run over one log. */
typedef struct Ingest {
	Ctl *ctl;
	Store *store;
	FeedLog *log;
	MaillogClock clock;
	FeedTotals before;
	int signals; /* descriptor */
	bool follows;
	bool is_stopped;
	unsigned write_at; /* how many things make a transaction */
	unsigned written;  /* transactions since the last sync */
	gint64 ended;      /* the last one, and how long it was */
	gint64 spent;
	/* standard input that begins with what was read before */
	bool skips;
	FeedPosition last;
} Ingest;

typedef struct IngestOptions {
	gboolean follows;
	gboolean is_quiet;
	gboolean at_end;
	gboolean resumes;
	char *name;
} IngestOptions;

/* ---- waiting ---- */

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Waits for TIMEOUT milliseconds (-1: for ever), a signal, or input on FD (-1:
   none).  Whether there is input. */
static bool wait_for(Ingest *ingest, int fd, int timeout)
{
	struct pollfd fds[] = {
		{ .fd = ingest->signals, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	if (poll(fds, 2, timeout) <= 0)
		return false;
	if (fds[0].revents != 0)
		ingest->is_stopped = true;
	return fds[1].revents != 0;
}

/* ---- writing ---- */

/* While the writer is somebody else's for long, a follower waits. */
static bool begin(Ingest *ingest, GError **error)
{
	bool is_told = false;

	for (;;) {
		g_autoptr(GError) busy = NULL;

		if (store_begin(ingest->store, &busy))
			return true;
		if (!ingest->follows || ingest->is_stopped ||
		    !g_error_matches(busy, VP_ERROR, VP_ERROR_TEMPORARY)) {
			g_propagate_error(error, g_steal_pointer(&busy));
			return false;
		}
		if (!is_told)
			ctl_warn(ingest->ctl, "%s; waiting", busy->message);
		is_told = true;
		(void)wait_for(ingest, -1, LOOK_EVERY);
	}
}

/* Whoever waits for the writer looks again only now and then: there must be a
   while, half as long as it was taken, in which it is free.  Reading lines is
   most of that. */
static void leave_room(Ingest *ingest)
{
	gint64 free = g_get_monotonic_time() - ingest->ended;

	if (ingest->spent / 2 > free)
		(void)wait_for(ingest, -1,
		    (int)((ingest->spent / 2 - free + 999) / 1000));
}

/* Smaller or larger next time. */
static void adapt(Ingest *ingest, gint64 spent)
{
	if (spent > WRITE_LONG)
		ingest->write_at = MAX(ingest->write_at / 2, WRITE_LEAST);
	else if (spent < WRITE_SHORT)
		ingest->write_at = MIN(ingest->write_at * 2, WRITE_MOST);
}

static bool write_all(Ingest *ingest, const FeedPosition *position,
    GError **error)
{
	gint64 start;
	bool ok;

	leave_room(ingest);
	if (!begin(ingest, error))
		return false;
	start = g_get_monotonic_time();
	ok = feed_log_write(ingest->log, ingest->store, position,
	    ingest->clock.now, error);
	if (ok && !ingest->ctl->is_dry_run)
		ok = store_commit(ingest->store, error);
	else
		store_rollback(ingest->store);
	ingest->ended = g_get_monotonic_time();
	ingest->spent = ingest->ended - start;
	adapt(ingest, ingest->spent);
	feed_log_settle(ingest->log);
	/* a sync also moves the log of the database into it when it is long */
	if (ok && ++ingest->written % SYNC_EVERY == 0)
		ok = store_sync(ingest->store, error);
	return ok;
}

/* ---- lines ---- */

/* Lines of before the last time are over when one is later, or all of its
   second have come again. */
static bool is_known(Ingest *ingest, const char *text, size_t len)
{
	MaillogLine line;
	int64_t at;

	if (!ingest->skips || !maillog_read(text, len, &line))
		return ingest->skips;
	at = maillog_time(&ingest->clock, &line.stamp);
	if (at < ingest->last.at ||
	    (at == ingest->last.at && ingest->last.repeats-- > 0))
		return true;
	ingest->skips = false;
	return false;
}

static void take_line(Ingest *ingest, const char *text, size_t len)
{
	if (ingest->skips && is_known(ingest, text, len))
		return;
	(void)feed_log_take(ingest->log, &ingest->clock, text, len);
}

/* Takes lines of TEXT until a transaction is full.  How many octets. */
static size_t take_lines(Ingest *ingest, const char *text, size_t len)
{
	size_t done = 0;

	ingest->clock.now = clock_now();
	while (done < len && feed_log_pending(ingest->log) < ingest->write_at) {
		const char *line = text + done;
		const char *end = memchr(line, '\n', len - done);
		size_t n = end != NULL ? (size_t)(end - line) : len - done;

		take_line(ingest, line, n);
		done += n + (end != NULL);
	}
	return done;
}

/* ---- a file ---- */

static bool take_piece(Ingest *ingest, LogReader *reader, const char *text,
    size_t len, Progress *progress, GError **error)
{
	while (len > 0 && !ingest->is_stopped) {
		size_t n = take_lines(ingest, text, len);
		FeedPosition position;

		log_reader_take(reader, n);
		log_reader_position(reader, &position);
		if (!write_all(ingest, &position, error))
			return false;
		text += n;
		len -= n;
		progress_set(progress, log_reader_done(reader));
		(void)wait_for(ingest, -1, 0);
	}
	return true;
}

static bool reopen(Ingest *ingest, LogReader *reader, const char *path,
    GError **error)
{
	g_autoptr(GError) missing = NULL;
	FeedPosition position;
	bool is_there = access(path, F_OK) == 0;
	bool is_lost;

	log_reader_position(reader, &position);
	if (log_reader_open(reader, &position, &is_lost, &missing)) {
		if (is_lost)
			ctl_warn(ingest->ctl,
			    "%s: the rest of what it was is gone", path);
		return true;
	}
	/* between a rename and a new file */
	if (!is_there)
		return true;
	g_propagate_error(error, g_steal_pointer(&missing));
	return false;
}

static bool read_file(Ingest *ingest, LogReader *reader, const char *path,
    bool is_quiet, GError **error)
{
	g_autoptr(Progress) progress = progress_new(PROGRESS_OCTETS,
	    log_reader_total(reader), is_quiet);

	while (!ingest->is_stopped) {
		const char *text;
		size_t len;

		if (!log_reader_next(reader, &text, &len, error))
			return false;
		if (len > 0) {
			if (!take_piece(ingest, reader, text, len, progress,
				error))
				return false;
			continue;
		}
		progress_hide(progress);
		if (!ingest->follows)
			return true;
		(void)wait_for(ingest, -1, LOOK_EVERY);
		if (log_reader_is_moved(reader) &&
		    !reopen(ingest, reader, path, error))
			return false;
	}
	return true;
}

static bool open_file(Ingest *ingest, LogReader *reader, const char *path,
    const FeedPosition *position, bool was_read, bool at_end, GError **error)
{
	bool is_lost = false;

	if (!was_read && at_end) {
		FeedPosition end;

		if (!log_reader_open_at_end(reader, error))
			return false;
		log_reader_position(reader, &end);
		return write_all(ingest, &end, error);
	}
	if (!log_reader_open(reader, was_read ? position : NULL, &is_lost,
		error))
		return false;
	if (is_lost)
		ctl_warn(ingest->ctl,
		    "%s: the place it was read to is gone; reading all of it",
		    path);
	return true;
}

/* ---- standard input ---- */

/* Reads what is there, and waits only when there is nothing. */
static bool read_input(Ingest *ingest, GString *input, bool *ret_end,
    GError **error)
{
	char bytes[65536];
	ssize_t n;

	while (input->len < INPUT &&
	       wait_for(ingest, STDIN_FILENO, input->len == 0 ? -1 : 0)) {
		n = input_read(STDIN_FILENO, INPUT_STDIN, bytes, sizeof(bytes),
		    error);
		if (n < 0)
			return false;
		if (n == 0) {
			*ret_end = true;
			return true;
		}
		g_string_append_len(input, bytes, n);
	}
	return true;
}

static bool take_input(Ingest *ingest, GString *input, bool is_end,
    uint64_t *done, Progress *progress, GError **error)
{
	const char *end = memrchr(input->str, '\n', input->len);
	size_t len = end != NULL ? (size_t)(end - input->str) + 1 : 0;
	size_t taken = 0;

	if (is_end || (len == 0 && input->len >= INPUT))
		len = input->len;
	while (taken < len) {
		size_t n = take_lines(ingest, input->str + taken, len - taken);
		const FeedPosition nowhere = { 0 };

		taken += n;
		if (!write_all(ingest, &nowhere, error))
			return false;
		*done += n;
		progress_set(progress, *done);
	}
	g_string_erase(input, 0, (gssize)taken);
	return true;
}

static bool read_standard_input(Ingest *ingest, bool is_quiet, GError **error)
{
	g_autoptr(GString) input = g_string_new(NULL);
	g_autoptr(Progress)
	    progress = progress_new(PROGRESS_OCTETS, 0, is_quiet);
	uint64_t done = 0;
	bool is_end = false;

	while (!is_end && !ingest->is_stopped) {
		size_t had = input->len;

		/* half a line waits for its other half */
		if (had > 0)
			(void)wait_for(ingest, STDIN_FILENO, -1);
		if (!read_input(ingest, input, &is_end, error) ||
		    !take_input(ingest, input, is_end, &done, progress, error))
			return false;
	}
	return true;
}

/* ---- telling ---- */

static void tell(const Ingest *ingest, const char *name)
{
	const FeedTotals *now = feed_log_totals(ingest->log);
	const FeedTotals *was = &ingest->before;
	const struct {
		const char *name;
		int64_t n;
	} counts[] = {
		{ "lines", now->lines - was->lines },
		{ "delivered", now->delivered - was->delivered },
		{ "changed", now->changed - was->changed },
		{ "deferred", now->deferred - was->deferred },
		{ "bounced", now->bounced - was->bounced },
		{ "expired", now->expired - was->expired },
		{ "counted", now->counted - was->counted },
	};
	g_autofree char *shown = NULL;
	g_autofree char *handed_on =
	    feed_log_handed_on(ingest->log) == 0
		? g_strdup("")
		: g_strdup_printf(
		      "; handed on within this host or by a relay "
		      "of ours (feed_inner_relays) %" G_GUINT64_FORMAT,
		      feed_log_handed_on(ingest->log));

	if (ingest->ctl->is_json) {
		Row *row = row_new();

		row_text(row, "feed", name);
		for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++)
			row_number(row, counts[i].name, counts[i].n);
		row_number(row, "handed_on",
		    (int64_t)feed_log_handed_on(ingest->log));
		row_number(row, "in_queue", feed_log_joins(ingest->log));
		row_bool(row, "dry_run", ingest->ctl->is_dry_run);
		row_print(row);
		return;
	}
	shown = printable(name);
	printf("%s: %" G_GINT64_FORMAT " lines; delivered %" G_GINT64_FORMAT
	       ", which changed %" G_GINT64_FORMAT
	       "; deferred %" G_GINT64_FORMAT ", bounced %" G_GINT64_FORMAT
	       ", expired %" G_GINT64_FORMAT
	       ", of which counted %" G_GINT64_FORMAT "%s%s\n",
	    shown, counts[0].n, counts[1].n, counts[2].n, counts[3].n,
	    counts[4].n, counts[5].n, counts[6].n, handed_on,
	    ingest->ctl->is_dry_run ? " (nothing was written)" : "");
}

/* ---- the command ---- */

static bool ingest_one(Ingest *ingest, const char *path, const char *name,
    const IngestOptions *options, GError **error)
{
	bool is_input = strcmp(path, "-") == 0;
	g_autoptr(LogReader) reader = is_input ? NULL : log_reader_new(path);
	FeedPosition position;
	bool was_read;

	if (!feed_log_load(ingest->log, ingest->store, &position, &was_read,
		error))
		return false;
	ingest->before = *feed_log_totals(ingest->log);
	if (is_input) {
		ingest->skips = options->resumes && was_read;
		ingest->last = position;
		if (!read_standard_input(ingest, options->is_quiet, error))
			return false;
	} else if (!open_file(ingest, reader, path, &position, was_read,
		       options->at_end, error) ||
		   !read_file(ingest, reader, path, options->is_quiet, error)) {
		return false;
	}
	tell(ingest, name);
	return store_sync(ingest->store, error);
}

static int ingest_all(Ctl *ctl, char **paths, const IngestOptions *options)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = ctl_store(ctl, STORE_WRITE, &error);
	g_autoptr(GTimeZone) zone = g_time_zone_new_local();
	g_autoptr(Judge) judge = NULL;
	g_autoptr(Feed) feed = NULL;
	const Settings *settings = ctl->settings;
	FeedOptions feed_options = { 0 };
	Ingest ingest = { .ctl = ctl, .signals = signals_open() };

	if (store == NULL)
		return ctl_fail(ctl, error);
	judge = site_judge(settings, store_epoch(store), &error);
	if (judge == NULL)
		return ctl_fail(ctl, error);
	feed_options.deferred_after = settings->feed_deferred_after;
	feed_options.takes_bounces = settings->feed_bounces;
	feed_options.inner_relays =
	    (const char *const *)settings->feed_inner_relays;
	feed = feed_new(judge, &feed_options);
	ingest.store = store;
	ingest.follows = options->follows;
	ingest.clock.zone = zone;
	ingest.clock.now = ctl->now;
	for (; *paths != NULL && !ingest.is_stopped; paths++) {
		g_autofree char *full = strcmp(*paths, "-") == 0
					    ? g_strdup("-")
					    : g_canonicalize_filename(*paths,
						  NULL);
		const char *name = options->name != NULL ? options->name : full;

		ingest.log = feed_log_new(feed, name, ctl->is_dry_run);
		ingest.write_at = WRITE_FIRST;
		if (!ingest_one(&ingest, full, name, options, &error)) {
			feed_log_free(ingest.log);
			return ctl_fail(ctl, error);
		}
		feed_log_free(ingest.log);
	}
	(void)close(ingest.signals);
	return EX_OK;
}

int cmd_ingest_log(Ctl *ctl, int argc, char **argv)
{
	IngestOptions options = { 0 };
	g_autofree char *name = NULL;
	const GOptionEntry entries[] = {
		{ "follow", 'f', 0, G_OPTION_ARG_NONE, &options.follows,
		    "go on with new lines as they come, until SIGTERM", NULL },
		{ "from-end", 0, 0, G_OPTION_ARG_NONE, &options.at_end,
		    "a log that was never read: only what comes from now on",
		    NULL },
		{ "resume", 0, 0, G_OPTION_ARG_NONE, &options.resumes,
		    "standard input: leave out what was read before, by time",
		    NULL },
		{ "name", 0, 0, G_OPTION_ARG_FILENAME, &name,
		    "what the log is remembered by (default: its path)",
		    "NAME" },
		{ "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.is_quiet,
		    "no progress line on a terminal", NULL },
		{ "dry-run", 0, 0, G_OPTION_ARG_NONE, &ctl->is_dry_run,
		    "write nothing, say what would be done", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	const Settings *settings;
	char *usual[] = { NULL, NULL };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (options.follows && argc > 2)
		return ctl_usage(ctl, "--follow takes one log");
	if (name != NULL && argc > 2)
		return ctl_usage(ctl, "--name is for one log");
	if (ctl->is_dry_run && options.follows)
		return ctl_usage(ctl, "--follow and --dry-run do not agree");
	settings = ctl_settings(ctl, &error);
	if (settings == NULL)
		return ctl_fail(ctl, error);
	options.name = name;
	usual[0] = settings->mail_log;
	return ingest_all(ctl, argc > 1 ? argv + 1 : usual, &options);
}
