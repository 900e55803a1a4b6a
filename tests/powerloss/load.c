/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Puts a store under load as the daemon and as pipe(8) do, writing the number
   of each message it acknowledges to a file "ack-..." beside it.

     load create PATH
     load daemon PATH COUNT [no-sync | no-sync-in-checkpoint | any-id]
	 records messages 1 to COUNT (a known one is a duplicate, and
	 acknowledged), syncs and acknowledges every few of them; a thread
	 signs beside it: acknowledges the id of each recipient, as
	 "recipient=id", as soon as a sync has covered it
     load pipe PATH COUNT [no-sync]
	 a command beside the daemon that is handed each of its messages again:
	 waits until it is a duplicate, writes nothing, acknowledges
     load check PATH
	 opens the store as a daemon does, recounts it, and prints the number
	 of each message in it, and "recipient=id" of each recipient

   The words in brackets break one condition each, to prove that the test sees
   it.  Exit 0; 1 something failed; 2 a sync did. */

#include "errors.h"
#include "store.h"
#include "store_sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BATCH = 7,
	RECIPIENTS = 300,
	BUSY = 10000,   /* milliseconds */
	POLL = 100,     /* microseconds */
	POLLS = 200000, /* for one message of the daemon */
	PAUSE = 1000,   /* microseconds, before each sync of the daemon, so
			   that the command meets what is not yet synced */
};

#define NOW INT64_C(1790000000)

static int fail(const GError *error)
{
	fprintf(stderr, "load: %s\n", error->message);
	return g_error_matches(error, VP_ERROR, VP_ERROR_FATAL) ? 2 : 1;
}

static void key_of(unsigned i, uint8_t key[STORE_KEY])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	size_t len = STORE_KEY;

	g_checksum_update(sum, (const guchar *)&i, sizeof(i));
	g_checksum_get_digest(sum, key, &len);
}

static int ack_open(const char *path, const char *who)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *name = g_strconcat(dir, "/ack-", who, NULL);

	return open(name, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

static bool acknowledge(int ack, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool acknowledge(int ack, const char *format, ...)
{
	va_list arguments;
	g_autofree char *line = NULL;

	va_start(arguments, format);
	line = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return write(ack, line, strlen(line)) == (ssize_t)strlen(line);
}

static char *address_of(unsigned recipient)
{
	return g_strdup_printf("r%u@example.org", recipient);
}

/* The id of RECIPIENT, 0 when nobody knows him. */
static bool known_id(Store *store, unsigned recipient, int64_t *ret_id,
    GError **error)
{
	g_autofree char *address = address_of(recipient);
	g_auto(StoreRecipient) found = { 0 };
	g_autoptr(GError) failure = NULL;

	*ret_id = 0;
	if (store_recipient_find(store, 0, address, &found, &failure)) {
		*ret_id = found.id;
		return true;
	}
	if (g_error_matches(failure, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

/* ---- the signer ---- */

typedef struct Signer {
	const char *path;
	bool takes_any; /* also ids that no sync has covered */
	GMutex lock;
	int64_t durable;
	gint is_over;
} Signer;

static int64_t signer_durable(Signer *signer)
{
	int64_t durable;

	g_mutex_lock(&signer->lock);
	durable = signer->durable;
	g_mutex_unlock(&signer->lock);
	return signer->takes_any ? G_MAXINT64 : durable;
}

static void signer_tell(Signer *signer, int64_t durable)
{
	g_mutex_lock(&signer->lock);
	signer->durable = durable;
	g_mutex_unlock(&signer->lock);
}

/* The id of RECIPIENT, as long as there is none to be used 0. */
static bool find_id(Signer *signer, Store *store, unsigned recipient,
    int64_t *ret_id, GError **error)
{
	int64_t durable = signer_durable(signer);

	if (!known_id(store, recipient, ret_id, error))
		return false;
	if (*ret_id > durable)
		*ret_id = 0;
	return true;
}

static gpointer sign(gpointer data)
{
	Signer *signer = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(Store)
	    store = store_open(signer->path, STORE_READ, BUSY, &error);
	int ack = ack_open(signer->path, "signer");

	for (unsigned i = 1; store != NULL && i < RECIPIENTS;) {
		bool is_over = g_atomic_int_get(&signer->is_over);
		int64_t id = 0;

		if (!find_id(signer, store, i, &id, &error))
			break;
		if (id != 0) {
			if (!acknowledge(ack, "%u=%" G_GINT64_FORMAT "\n", i++,
				id))
				break;
		} else if (is_over) {
			break;
		} else {
			g_usleep(POLL);
		}
	}
	return GINT_TO_POINTER(error == NULL ? 0 : fail(error));
}

/* ---- the daemon ---- */

static bool record_new(Store *store, unsigned i, GError **error)
{
	g_autofree char *address = address_of(i % RECIPIENTS);
	g_autofree char *number = g_strdup_printf("%u", i);
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	Effect effect = { .step = i % 5 == 0 ? STEP_RESET : STEP_SOFT,
		.is_counted = true,
		.hold_until = i % 3 == 0 ? HOLD_FOREVER : 0,
		.rung = i % 3 == 0 ? 4 : 0 };
	Event event = { .at = NOW + i,
		.token_day = i, /* no step twice */
		.class_ = VP_CLASS_SOFT,
		.confidence = 1,
		.queue_id = number };
	RecipientState before, after;
	int64_t id;

	if (!store_campaign_ensure(store, "news-42", "news", NOW, &campaign,
		error) ||
	    !store_recipient_ensure(store, address, address, NOW, &recipient,
		error) ||
	    !store_load(store, recipient.id, "news", &before, error))
		return false;
	event.campaign_id = campaign.id;
	event.recipient_id = recipient.id;
	event.effect = effect;
	after = policy_apply(before, &effect, event.at);
	return store_append(store, &event, &id, error) &&
	       store_save(store, recipient.id, "news", &before, &after, id,
		   error);
}

static bool record(Store *store, unsigned i, GError **error)
{
	uint8_t key[STORE_KEY];
	bool seen;

	key_of(i, key);
	return store_begin(store, error) &&
	       store_seen(store, key, NOW, &seen, error) &&
	       (seen || record_new(store, i, error)) &&
	       store_commit(store, error);
}

/* What the recorder does: ids asked for before a sync are durable after it. */
static bool sync_store(Store *store, Signer *signer, GError **error)
{
	StoreIds ids;

	if (!store_ids(store, &ids, error) || !store_sync(store, error))
		return false;
	signer_tell(signer, ids.recipient);
	return true;
}

static int record_all(const char *path, unsigned count, const char *broken,
    Signer *signer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = store_open(path, STORE_DAEMON, BUSY, &error);
	int ack = ack_open(path, "daemon");
	unsigned acked = 0;

	if (store == NULL)
		return fail(error);
	if (strcmp(broken, "no-sync-in-checkpoint") == 0)
		(void)sqlite3_exec(((StoreSqlite *)store)->db,
		    "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	for (unsigned i = 1; i <= count; i++) {
		if (!record(store, i, &error))
			return fail(error);
		if (i % BATCH != 0 && i != count)
			continue;
		g_usleep(PAUSE);
		if (strcmp(broken, "no-sync") != 0 &&
		    !sync_store(store, signer, &error))
			return fail(error);
		while (acked < i)
			if (!acknowledge(ack, "%u\n", ++acked))
				return 1;
	}
	return 0;
}

static int run_daemon(const char *path, unsigned count, const char *broken)
{
	Signer signer = { .path = path,
		.takes_any = strcmp(broken, "any-id") == 0 };
	GThread *thread = g_thread_new("signer", sign, &signer);
	int status = record_all(path, count, broken, &signer);

	g_atomic_int_set(&signer.is_over, 1);
	return MAX(status, GPOINTER_TO_INT(g_thread_join(thread)));
}

/* ---- pipe(8) ---- */

/* Whether message I is there, leaving nothing behind. */
static bool is_known(Store *store, unsigned i, bool *ret_known, GError **error)
{
	uint8_t key[STORE_KEY];
	bool ok;

	key_of(i, key);
	ok = store_begin(store, error) &&
	     store_seen(store, key, NOW, ret_known, error);
	store_rollback(store);
	return ok;
}

static bool wait_known(Store *store, unsigned i, GError **error)
{
	bool known = false;

	for (unsigned n = 0; n < POLLS; n++) {
		if (!is_known(store, i, &known, error))
			return false;
		if (known)
			return true;
		g_usleep(POLL);
	}
	g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY,
	    "message %u never came", i);
	return false;
}

static int run_pipe(const char *path, unsigned count, const char *broken)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = store_open(path, STORE_WRITE, BUSY, &error);
	int ack = ack_open(path, "pipe");

	if (store == NULL)
		return fail(error);
	for (unsigned i = 1; i <= count; i++) {
		if (!wait_known(store, i, &error))
			return fail(error);
		if (strcmp(broken, "no-sync") != 0 &&
		    !store_sync(store, &error))
			return fail(error);
		if (!acknowledge(ack, "%u\n", i))
			return 1;
	}
	return 0;
}

/* ---- afterwards ---- */

static bool print_event(const Event *row, void *data)
{
	printf("%s\n", row->queue_id);
	return true;
}

static bool print_ids(Store *store, GError **error)
{
	for (unsigned i = 0; i < RECIPIENTS; i++) {
		int64_t id;

		if (!known_id(store, i, &id, error))
			return false;
		if (id != 0)
			printf("%u=%" G_GINT64_FORMAT "\n", i, id);
	}
	return true;
}

static int run_check(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = store_open(path, STORE_DAEMON, BUSY, &error);
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	StoreFilter filter = STORE_FILTER_ANY;
	StoreStats stats;
	uint64_t recipients;

	if (store == NULL ||
	    !store_verify(store, NOW, findings, &recipients, &error) ||
	    !store_stats(store, 0, NOW, &stats, &error) ||
	    !store_each_event(store, &filter, print_event, NULL, &error) ||
	    !print_ids(store, &error))
		return fail(error);
	for (unsigned i = 0; i < findings->len; i++)
		fprintf(stderr, "load: %s\n", (char *)findings->pdata[i]);
	if (stats.deliveries != stats.events)
		fprintf(stderr, "load: %d keys, %d events\n",
		    (int)stats.deliveries, (int)stats.events);
	return findings->len > 0 || stats.deliveries != stats.events;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const char *verb = argc > 2 ? argv[1] : "";
	unsigned count = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	const char *broken = argc > 4 ? argv[4] : "";

	if (strcmp(verb, "create") == 0)
		return store_create(argv[2], &error) ? 0 : fail(error);
	if (strcmp(verb, "daemon") == 0)
		return run_daemon(argv[2], count, broken);
	if (strcmp(verb, "pipe") == 0)
		return run_pipe(argv[2], count, broken);
	if (strcmp(verb, "check") == 0)
		return run_check(argv[2]);
	fprintf(stderr, "usage: load create|daemon|pipe|check PATH [COUNT "
			"[BROKEN]]\n");
	return 1;
}
