/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads in the background what the set of suppressed addresses is made of: when
   the first question comes, and whenever one finds it old.  Should it come too late, or
   not be able to read, the set says "maybe", and the one who asked finds out for
   itself: nothing here can be in the way. */
#include "watcher.h"

#include "background.h"
#include "log.h"
#include "site_store.h"
#include "suppressed_set.h"

#include <errno.h>
#include <sys/random.h>

/* After a failure the store is tried again so much later. */
#define RETRY G_USEC_PER_SEC

struct Watcher {
	SiteStore site;
	SuppressedSet *set;
	GThread *thread;
	GMutex lock; /* of what follows */
	GCond wake;
	bool is_wanted;
	bool is_ending;
	/* the thread's own */
	Store *store; /* or NULL */
	StoreWatch watch;
	GArray *keys; /* of one read */
};

/* ---- in the thread ---- */

static void take_subject(const char *subject, void *data)
{
	Watcher *watcher = data;
	Hash128 key = suppressed_set_key(watcher->set, subject);

	g_array_append_val(watcher->keys, key);
}

static bool is_ending(Watcher *watcher)
{
	bool ending;

	g_mutex_lock(&watcher->lock);
	ending = watcher->is_ending;
	g_mutex_unlock(&watcher->lock);
	return ending;
}

static void begin_anew(Watcher *watcher)
{
	watcher->watch = (StoreWatch){ 0 };
	suppressed_set_begin(watcher->set, g_get_monotonic_time());
}

/* Reads until it has come by all there is. */
static bool catch_up(Watcher *watcher, GError **error)
{
	bool more = true;

	while (more && !is_ending(watcher)) {
		int64_t now = g_get_monotonic_time();

		if (suppressed_set_is_worn(watcher->set, now))
			begin_anew(watcher);
		g_array_set_size(watcher->keys, 0);
		if (!store_watch(watcher->store, &watcher->watch, take_subject,
			watcher, &more, error))
			return false;
		suppressed_set_add(watcher->set,
		    (const Hash128 *)(void *)watcher->keys->data,
		    watcher->keys->len);
		if (!more)
			suppressed_set_complete(watcher->set, now);
	}
	return true;
}

/* False when it failed; then all begins anew, in whatever store is there. */
static bool look(Watcher *watcher)
{
	g_autoptr(GError) error = NULL;

	if (watcher->store == NULL) {
		watcher->store = site_store_open(&watcher->site, STORE_READ, 0,
		    &error);
		begin_anew(watcher);
	}
	if (watcher->store != NULL && catch_up(watcher, &error))
		return true;
	/* whoever looks up what is "maybe" says what is wrong, too */
	log_debug("suppressed addresses are not known by heart: %s",
	    error->message);
	g_clear_pointer(&watcher->store, store_close);
	return false;
}

/* Until it is wanted.  False at the end. */
static bool wait(Watcher *watcher, bool has_failed)
{
	gint64 retry_at = g_get_monotonic_time() + RETRY;
	bool goes_on;

	g_mutex_lock(&watcher->lock);
	while (has_failed && !watcher->is_ending &&
	       g_cond_wait_until(&watcher->wake, &watcher->lock, retry_at))
		; /* wanted, but not yet */
	while (!watcher->is_wanted && !watcher->is_ending)
		g_cond_wait(&watcher->wake, &watcher->lock);
	watcher->is_wanted = false;
	goes_on = !watcher->is_ending;
	g_mutex_unlock(&watcher->lock);
	return goes_on;
}

static gpointer watcher_main(gpointer data)
{
	Watcher *watcher = data;
	bool has_failed = false;

	background_enter(background_priority());
	while (wait(watcher, has_failed))
		has_failed = !look(watcher);
	g_clear_pointer(&watcher->store, store_close);
	return NULL;
}

/* ---- any thread ---- */

/* When it is awake already, somebody has been here. */
static void wake(Watcher *watcher)
{
	if (!g_mutex_trylock(&watcher->lock))
		return;
	if (!watcher->is_wanted) {
		watcher->is_wanted = true;
		g_cond_signal(&watcher->wake);
	}
	g_mutex_unlock(&watcher->lock);
}

bool watcher_asked(Watcher *watcher, const char *address, const char *hash)
{
	int64_t now = g_get_monotonic_time();

	if (suppressed_set_is_due(watcher->set, now))
		wake(watcher);
	return suppressed_set_may_have(watcher->set, address, hash, now);
}

void watcher_note(Watcher *watcher, const char *address)
{
	suppressed_set_note(watcher->set, address);
}

Watcher *watcher_new(const Settings *settings)
{
	Watcher *watcher = g_new0(Watcher, 1);
	uint8_t key[SIPHASH_KEY];

	/* so few are always there at once: getrandom(2) */
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		g_error("getrandom: %s", g_strerror(errno));
	watcher->site = site_store_of(settings);
	watcher->set = suppressed_set_new(key);
	watcher->keys = g_array_new(FALSE, FALSE, sizeof(Hash128));
	g_mutex_init(&watcher->lock);
	g_cond_init(&watcher->wake);
	watcher->thread = g_thread_new("watcher", watcher_main, watcher);
	return watcher;
}

void watcher_free(Watcher *watcher)
{
	if (watcher == NULL)
		return;
	g_mutex_lock(&watcher->lock);
	watcher->is_ending = true;
	g_cond_signal(&watcher->wake);
	g_mutex_unlock(&watcher->lock);
	(void)g_thread_join(watcher->thread); /* returns nothing */
	g_cond_clear(&watcher->wake);
	g_mutex_clear(&watcher->lock);
	g_array_unref(watcher->keys);
	suppressed_set_free(watcher->set);
	site_store_clear(&watcher->site);
	g_free(watcher);
}
