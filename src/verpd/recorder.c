/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where messages become durable.  The order is the contract: record each,
   sync once, and only then write a log line or let anyone be told 250.  There
   is no timer: a batch is what was waiting when the last one was done, so one
   message alone waits for nobody. */
#include "recorder.h"

#include "background.h"
#include "clock.h"
#include "errors.h"
#include "log.h"
#include "pause_map.h"
#include "site_store.h"
#include "store.h"

#include <string.h>

/* A message that took this long to fail waited for a lock.  Those queued
   behind it have waited as well, and are deferred with it: else the last of
   a hundred would wait a hundred times as long, and Postfix give up first. */
#define STALL (G_USEC_PER_SEC / 2)

/* How long the thread waits for a message before it looks whether the circuit
   breaker has something to do: at all (or again, after a failure), and in the
   middle of it, since others are to come at the store, too. */
#define IDLE       (10 * G_USEC_PER_SEC)
#define TICK_PAUSE (G_USEC_PER_SEC / 50)

struct Recorder {
	RecorderHooks hooks;
	SiteStore site;
	unsigned busy_ms;
	unsigned batch;
	BreakerPolicy breaker; /* as the last message's judge has it */
	char *map_path;        /* of pause_map, and what stands in it */
	char **map_domains;
	char *sub_address;
	int64_t map_at;  /* when to look at it again */
	int64_t tick_at; /* when to go on with its work, or 0 */
	uint8_t epoch[STORE_EPOCH];
	RuleTally *tally;     /* the thread's own */
	GAsyncQueue *started; /* one answer: this recorder, or a GError */
	GAsyncQueue *queue;   /* of Delivery */
	Delivery end;         /* the last of the queue */
	Delivery chores_wait; /* in the queue while CHORES has any */
	GMutex lock;          /* of what follows */
	GQueue chores;        /* of Chore */
	StoreIds durable;
	int syncs; /* atomic */
	GThread *thread;
};

typedef struct Chore {
	RecorderChore run;
	void *data;
} Chore;

/* ---- towards the main loop ---- */

typedef struct Post {
	Recorder *recorder;
	GPtrArray *deliveries; /* or NULL */
	GError *error;         /* or NULL; with neither, it has stopped */
} Post;

static gboolean post_arrived(gpointer data)
{
	Post *post = data;
	const RecorderHooks *hooks = &post->recorder->hooks;

	if (post->deliveries != NULL)
		hooks->recorded(hooks->data, post->deliveries);
	else if (post->error != NULL)
		hooks->failed(hooks->data, post->error);
	else
		hooks->stopped(hooks->data);
	return G_SOURCE_REMOVE;
}

static void post_free(gpointer data)
{
	Post *post = data;

	g_clear_error(&post->error);
	g_free(post);
}

/* Not g_main_context_invoke(): that runs the function here and now when
   nobody runs the loop. */
static void post_take(Recorder *recorder, GPtrArray *deliveries, GError *error)
{
	Post *post = g_new0(Post, 1);
	GSource *source = g_idle_source_new();

	post->recorder = recorder;
	post->deliveries = deliveries;
	post->error = error;
	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, post_arrived, post, post_free);
	(void)g_source_attach(source, NULL);
	g_source_unref(source);
}

/* ---- one batch ---- */

static void tell_held(const Recorder *recorder, const Delivery *delivery)
{
	const RecorderHooks *hooks = &recorder->hooks;

	for (unsigned i = 0; i < delivery->outcomes->len; i++) {
		const Outcome *outcome = delivery->outcomes->pdata[i];

		if (outcome->effect.hold_until != 0)
			hooks->held(hooks->data, outcome->recipient);
	}
}

static void record(Recorder *recorder, Store *store, Delivery *delivery)
{
	int64_t now = clock_now();

	recorder->breaker = delivery->judge->breaker;
	if (!deliver_record(delivery->judge, store, delivery->analysis, now,
		recorder->tally, delivery->outcomes, &delivery->error))
		g_assert(delivery->error != NULL);
	else
		tell_held(recorder, delivery);
	g_clear_pointer(&delivery->analysis, analysis_free);
}

/* What a batch met at the end of the queue, beside messages. */
typedef struct Marks {
	bool is_end;     /* of everything */
	bool has_chores; /* they are to be done next */
} Marks;

/* Whether DELIVERY is no message but one of the marks. */
static bool is_mark(const Recorder *recorder, const Delivery *delivery,
    Marks *marks)
{
	if (delivery == &recorder->end)
		marks->is_end = true;
	else if (delivery == &recorder->chores_wait)
		marks->has_chores = true;
	else
		return false;
	return true;
}

static void defer_waiting(Recorder *recorder, GPtrArray *batch,
    const GError *error, Marks *marks)
{
	Delivery *delivery;

	while ((delivery = g_async_queue_try_pop(recorder->queue)) != NULL) {
		if (is_mark(recorder, delivery, marks))
			return;
		g_clear_pointer(&delivery->analysis, analysis_free);
		delivery->error = g_error_copy(error);
		g_ptr_array_add(batch, delivery);
	}
}

/* Records what waits, beginning with FIRST, up to a mark. */
static GPtrArray *record_waiting(Recorder *recorder, Store *store,
    Delivery *first, Marks *marks)
{
	GPtrArray *batch = g_ptr_array_new();
	Delivery *delivery = first;

	do {
		gint64 began = g_get_monotonic_time();

		record(recorder, store, delivery);
		g_ptr_array_add(batch, delivery);
		if (delivery->error != NULL &&
		    (delivery->error->code == VP_ERROR_FATAL ||
			g_get_monotonic_time() - began > STALL)) {
			defer_waiting(recorder, batch, delivery->error, marks);
			break;
		}
		if (batch->len >= recorder->batch)
			break;
		delivery = g_async_queue_try_pop(recorder->queue);
	} while (delivery != NULL && !is_mark(recorder, delivery, marks));
	return batch;
}

/* Whether anyone in BATCH may be told 250 after a sync; a fatal error of one
   is an error of all. */
static bool has_recorded(const GPtrArray *batch, GError **error)
{
	bool found = false;

	for (unsigned i = 0; i < batch->len; i++) {
		const Delivery *delivery = g_ptr_array_index(batch, i);

		if (delivery->error == NULL)
			found = true;
		else if (delivery->error->code == VP_ERROR_FATAL &&
			 *error == NULL)
			*error = g_error_copy(delivery->error);
	}
	return found;
}

static void report(Delivery *delivery)
{
	const Envelope *envelope = delivery->envelope;
	unsigned n = envelope->recipients->len;

	g_assert(delivery->error != NULL || delivery->outcomes->len == n);
	if (delivery->error != NULL)
		log_warning("%s%s%u recipient(s) deferred: %s",
		    envelope->queue_id, envelope->queue_id[0] ? ": " : "", n,
		    delivery->error->message);
	for (unsigned i = 0; i < n; i++) {
		const Outcome *outcome;

		if (delivery->error != NULL) {
			g_ptr_array_add(delivery->replies,
			    deliver_failure_reply(delivery->error));
			continue;
		}
		outcome = g_ptr_array_index(delivery->outcomes, i);
		g_autofree char *line = outcome_log_line(outcome, envelope, i);

		log_info("%s", line);
		g_ptr_array_add(delivery->replies, outcome_reply(outcome));
	}
}

/* Syncs, and lets others know of the ids that are durable by it. */
static bool sync_store(Recorder *recorder, Store *store, GError **error)
{
	g_autoptr(GError) unknown = NULL;
	StoreIds ids;
	/* asked before: what is given out meanwhile may not be synced */
	bool has_ids = store_ids(store, &ids, &unknown);

	if (!store_sync(store, error))
		return false;
	g_atomic_int_inc(&recorder->syncs);
	if (has_ids) {
		g_mutex_lock(&recorder->lock);
		recorder->durable = ids;
		g_mutex_unlock(&recorder->lock);
	}
	return true;
}

/* False when this process must not go on; the error is posted. */
static bool batch_finish(Recorder *recorder, Store *store, GPtrArray *batch)
{
	GError *error = NULL;
	bool must_sync = has_recorded(batch, &error);

	if (error == NULL && must_sync)
		(void)sync_store(recorder, store, &error); /* it says all */
	if (error != NULL) {
		/* Nobody is told anything: their connections end, and Postfix
		   keeps the mail. */
		g_ptr_array_set_free_func(batch, (GDestroyNotify)delivery_free);
		g_ptr_array_unref(batch);
		post_take(recorder, NULL, error);
		return false;
	}
	for (unsigned i = 0; i < batch->len; i++)
		report(g_ptr_array_index(batch, i));
	post_take(recorder, batch, NULL);
	return true;
}

/* ---- chores ---- */

static void chores_push(Recorder *recorder, const Chore *chore)
{
	bool is_first;

	g_mutex_lock(&recorder->lock);
	is_first = recorder->chores.length == 0;
	g_queue_push_tail(&recorder->chores, g_memdup2(chore, sizeof(*chore)));
	g_mutex_unlock(&recorder->lock);
	if (is_first)
		g_async_queue_push(recorder->queue, &recorder->chores_wait);
}

/* One of them, and what is left of it behind all that wait.  False as
   batch_finish(). */
static bool do_chore(Recorder *recorder, Store *store)
{
	g_autofree Chore *chore = NULL;
	GError *error = NULL;
	bool has_more = false, is_last;

	g_mutex_lock(&recorder->lock);
	chore = g_queue_pop_head(&recorder->chores);
	is_last = recorder->chores.length == 0;
	g_mutex_unlock(&recorder->lock);
	if (chore->run(chore->data, store, &has_more, &error))
		(void)sync_store(recorder, store, &error); /* it says all */
	if (g_error_matches(error, VP_ERROR, VP_ERROR_FATAL)) {
		post_take(recorder, NULL, error);
		return false;
	}
	if (error != NULL)
		log_warning("put off: %s", error->message);
	g_clear_error(&error);
	if (!is_last)
		g_async_queue_push(recorder->queue, &recorder->chores_wait);
	if (has_more)
		chores_push(recorder, chore);
	return true;
}

/* ---- the thread ---- */

/* Also of campaigns that others have paused: they may not have been able to. */
static void tell_paused(Recorder *recorder, Store *store, bool is_now)
{
	const PauseMap map = { recorder->map_path, recorder->map_domains,
		recorder->sub_address };
	g_autoptr(GError) error = NULL;
	int64_t now = g_get_monotonic_time();

	if (!is_now && now < recorder->map_at)
		return;
	recorder->map_at = now + IDLE;
	if (!pause_map_write(&map, store, &error))
		log_warning("%s", error->message);
}

/* What the circuit breaker has to do beside: it may fail, and is tried again.
   No message waits for more than one step of it. */
static void tick(Recorder *recorder, Store *store)
{
	g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
	int64_t now = clock_now();
	g_autoptr(GError) error = NULL;
	bool more;

	recorder->tick_at = 0;
	tell_paused(recorder, store, false);
	if (!store_tick_due(store, now))
		return;
	if (!store_tick(store, &recorder->breaker, now, false, notices, &more,
		&error)) {
		log_warning("circuit breaker: %s", error->message);
		recorder->tick_at = g_get_monotonic_time() + IDLE;
	} else if (more) {
		recorder->tick_at = g_get_monotonic_time() + TICK_PAUSE;
	}
	for (unsigned i = 0; i < notices->len; i++)
		log_warning("%s", (char *)g_ptr_array_index(notices, i));
	if (notices->len > 0)
		tell_paused(recorder, store, true);
}

/* The next delivery; while there is none, the breaker's work is done. */
static Delivery *next_delivery(Recorder *recorder, Store *store)
{
	for (;;) {
		int64_t now = g_get_monotonic_time();
		int64_t wait = IDLE;
		Delivery *delivery;

		if (recorder->tick_at <= now)
			tick(recorder, store);
		if (recorder->tick_at > now)
			wait = recorder->tick_at - now;
		delivery = g_async_queue_timeout_pop(recorder->queue,
		    (guint64)wait);
		if (delivery != NULL)
			return delivery;
	}
}

/* Until the end of the queue.  False when this process must not go on. */
static bool record_all(Recorder *recorder, Store *store)
{
	Marks marks = { 0 };

	while (!marks.is_end) {
		Delivery *first = next_delivery(recorder, store);

		marks.has_chores = false;
		if (!is_mark(recorder, first, &marks) &&
		    !batch_finish(recorder, store,
			record_waiting(recorder, store, first, &marks)))
			return false;
		if (marks.has_chores && !do_chore(recorder, store))
			return false;
	}
	return true;
}

static gpointer recorder_main(gpointer data)
{
	Recorder *recorder = data;
	GError *error = NULL;
	g_autoptr(Store) store = site_store_open(&recorder->site, STORE_DAEMON,
	    recorder->busy_ms, &error);

	background_enter(background_priority());
	/* Opened, it is recovered: all that is in it is durable. */
	if (store == NULL || !store_ids(store, &recorder->durable, &error)) {
		g_async_queue_push(recorder->started, error);
		return NULL;
	}
	memcpy(recorder->epoch, store_epoch(store), STORE_EPOCH);
	g_async_queue_push(recorder->started, recorder);
	if (!record_all(recorder, store))
		return NULL;
	/* Hits of rules alone: nobody waits for them, so no sync. */
	if (!tally_flush(recorder->tally, store, &error))
		log_warning("hits of rules are lost: %s", error->message);
	g_clear_error(&error);
	g_clear_pointer(&store, store_close);
	post_take(recorder, NULL, NULL);
	return NULL;
}

Recorder *recorder_new(const Settings *settings, const RecorderHooks *hooks,
    GError **error)
{
	Recorder *recorder = g_new0(Recorder, 1);
	gpointer answer;

	recorder->hooks = *hooks;
	recorder->site = site_store_of(settings);
	recorder->busy_ms = (unsigned)settings->busy_timeout * 1000;
	recorder->batch = settings->batch;
	recorder->map_path = g_strdup(settings->pause_map);
	recorder->map_domains = g_strdupv(settings->bounce_domains);
	recorder->sub_address = g_strdup(settings->sub_address);
	recorder->breaker = settings->breaker;
	recorder->tally = tally_new(TALLY_SECONDS);
	g_mutex_init(&recorder->lock);
	g_queue_init(&recorder->chores);
	recorder->started = g_async_queue_new();
	recorder->queue = g_async_queue_new();
	recorder->thread = g_thread_new("recorder", recorder_main, recorder);
	answer = g_async_queue_pop(recorder->started);
	if (answer == recorder)
		return recorder;
	g_propagate_error(error, answer);
	recorder_free(recorder);
	return NULL;
}

const uint8_t *recorder_epoch(const Recorder *recorder)
{
	return recorder->epoch;
}

void recorder_take(Recorder *recorder, Delivery *delivery)
{
	g_async_queue_push(recorder->queue, delivery);
}

void recorder_chore(Recorder *recorder, RecorderChore chore, void *data)
{
	const Chore wanted = { chore, data };

	chores_push(recorder, &wanted);
}

void recorder_durable(Recorder *recorder, StoreIds *ret_ids)
{
	g_mutex_lock(&recorder->lock);
	*ret_ids = recorder->durable;
	g_mutex_unlock(&recorder->lock);
}

int recorder_syncs(Recorder *recorder)
{
	return g_atomic_int_get(&recorder->syncs);
}

void recorder_stop(Recorder *recorder)
{
	g_async_queue_push(recorder->queue, &recorder->end);
}

void recorder_free(Recorder *recorder)
{
	if (recorder == NULL)
		return;
	Marks marks;
	Delivery *left;

	(void)g_thread_join(recorder->thread); /* it returns nothing */
	while ((left = g_async_queue_try_pop(recorder->queue)) != NULL)
		if (!is_mark(recorder, left, &marks))
			delivery_free(left);
	g_async_queue_unref(recorder->started);
	g_async_queue_unref(recorder->queue);
	g_queue_clear_full(&recorder->chores, g_free);
	g_mutex_clear(&recorder->lock);
	tally_free(recorder->tally);
	g_free(recorder->map_path);
	g_strfreev(recorder->map_domains);
	g_free(recorder->sub_address);
	site_store_clear(&recorder->site);
	g_free(recorder);
}
