/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One read-only connection, and how long it looks at one moment.  SQLite has
   all connections of a process take the same lock for a moment whenever one
   begins to read and when it ends.  The recorder takes it, too, some dozens of
   times for each message, and is preempted with it in hand: who asked then
   waited for a millisecond, hundreds of times a second under full load. */
#include "store_reader.h"

#include "log.h"
#include "site_store.h"

/* A store that failed is tried again so often. */
#define RETRY (G_USEC_PER_SEC)

/* One moment is looked at for no longer: some dozens of questions if they come
   without a pause.  With ten times as much the log was not begun anew under
   load, and grew. */
enum { LOOK_USEC = 500 };

struct StoreReader {
	SiteStore site;
	Recorder *recorder;
	Store *store;    /* or NULL: it failed */
	gint64 retry_at; /* monotonic */
	bool is_told;    /* of that failure */
	bool is_looking;
	gint64 looks_since; /* monotonic */
	int syncs;          /* of the recorder, before it looked */
};

StoreReader *store_reader_new(const Settings *settings, Recorder *recorder)
{
	StoreReader *reader = g_new0(StoreReader, 1);

	reader->site = site_store_of(settings);
	reader->recorder = recorder;
	return reader;
}

void store_reader_free(StoreReader *reader)
{
	if (reader == NULL)
		return;
	store_reader_close(reader);
	site_store_clear(&reader->site);
	g_free(reader);
}

void store_reader_close(StoreReader *reader)
{
	reader->is_looking = false; /* closing rolls back */
	g_clear_pointer(&reader->store, store_close);
}

static void tell(StoreReader *reader, const GError *error)
{
	if (!reader->is_told)
		log_warning("questions are answered without the store: %s",
		    error->message);
	reader->is_told = true;
	reader->retry_at = g_get_monotonic_time() + RETRY;
}

void store_reader_failed(StoreReader *reader, const GError *error)
{
	reader->is_told = false; /* it worked until now */
	tell(reader, error);
	store_reader_close(reader);
}

static bool open_store(StoreReader *reader)
{
	g_autoptr(GError) error = NULL;

	if (g_get_monotonic_time() < reader->retry_at)
		return false;
	/* no wait for a lock: in WAL mode a reader meets none */
	reader->store = site_store_open(&reader->site, STORE_READ, 0, &error);
	if (reader->store == NULL) {
		tell(reader, error);
		return false;
	}
	if (reader->is_told)
		log_info("the store can be read again");
	reader->is_told = false;
	return true;
}

Store *store_reader_store(StoreReader *reader)
{
	g_autoptr(GError) error = NULL;

	if (reader->is_looking)
		return reader->store;
	if (reader->store == NULL && !open_store(reader))
		return NULL;
	/* asked before: what is acknowledged from now on may not be seen */
	reader->syncs = recorder_syncs(reader->recorder);
	reader->looks_since = g_get_monotonic_time();
	if (!store_look(reader->store, &error)) {
		store_reader_failed(reader, error);
		return NULL;
	}
	reader->is_looking = true;
	return reader->store;
}

bool store_reader_is_looking(const StoreReader *reader)
{
	return reader->is_looking;
}

void store_reader_let_go(StoreReader *reader)
{
	if (reader->is_looking)
		store_rollback(reader->store);
	reader->is_looking = false;
}

void store_reader_refresh(StoreReader *reader)
{
	if (reader->is_looking &&
	    (recorder_syncs(reader->recorder) != reader->syncs ||
		g_get_monotonic_time() - reader->looks_since > LOOK_USEC))
		store_reader_let_go(reader);
}
