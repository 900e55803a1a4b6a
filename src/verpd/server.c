/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main thread: lets clients in, passes their messages to the analysts and
   on to the recorder, and answers when they come back.  Everything here runs
   in one GMainContext; only `analyse` does not. */
#include "server.h"

#include "background.h"
#include "bounds.h"
#include "connection.h"
#include "doors.h"
#include "errors.h"
#include "listen.h"
#include "log.h"
#include "notify.h"
#include "recorder.h"
#include "reload.h"
#include "responder.h"
#include "site.h"
#include "token.h"
#include "watcher.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Descriptors for everything but connections: the store's files, sockets to
   listen on, the loop's own, the log; and some to spare, for SQLite opens a
   file now and then, and a store that cannot is a temporary failure. */
#define SPARE_FDS 24

/* A session that got nowhere for so long makes way when there are too many. */
#define STALLED (10 * G_USEC_PER_SEC)

/* How long what was received may still be recorded after SIGTERM. */
#define DRAIN_SECONDS 25

/* The same warning at most so often. */
#define WARN_EVERY (60 * G_USEC_PER_SEC)

struct Server {
	Settings *settings;
	Judge *judge;
	GMainLoop *loop;
	LmtpConfig lmtp;
	ConnectionHooks connection_hooks;
	Doors *doors;
	GPtrArray *adopted[SERVICE_POLICY + 1]; /* of Listener: not LMTP's */
	Watcher *watcher;
	Responder *responder;
	guint tick; /* timer: there are connections; or 0 */
	GPtrArray *connections;
	unsigned connection_limit; /* as far as descriptors allow */
	GThreadPool *analysts;
	int background; /* priority of all but the responder */
	Recorder *recorder;
	unsigned n_deliveries; /* with analysts and recorder */
	bool is_stopping;
	bool is_drained; /* the recorder was told so */
	bool is_late;    /* it did not finish in time */
	GError *error;   /* a sync failed */
	gint64 warned_at;
};

/* ---- deliveries ---- */

/* The one function here that runs elsewhere: in the analysts' threads. */
static void analyse(gpointer data, gpointer user_data)
{
	Delivery *delivery = data;
	const Server *server = user_data;

	/* a pool makes its threads when it likes */
	background_enter(server->background);
	delivery_analyse(delivery);
	recorder_take(server->recorder, delivery);
}

static Delivery *server_deliver(void *data, Connection *connection,
    Envelope *envelope, GBytes *message)
{
	Server *server = data;
	Delivery *delivery = delivery_new(server->judge, envelope, message);

	delivery->owner = connection;
	server->n_deliveries++;
	/* it fails only to start another thread, and the others go on */
	(void)g_thread_pool_push(server->analysts, delivery, NULL);
	return delivery;
}

static void server_settle(Server *server);

static void server_recorded(void *data, GPtrArray *deliveries)
{
	Server *server = data;

	for (unsigned i = 0; i < deliveries->len; i++) {
		Delivery *delivery = g_ptr_array_index(deliveries, i);

		server->n_deliveries--;
		if (delivery->owner != NULL)
			connection_answer(delivery->owner, delivery);
		delivery_free(delivery);
	}
	g_ptr_array_unref(deliveries);
	server_settle(server);
}

static void server_failed(void *data, const GError *error)
{
	Server *server = data;

	server->error = g_error_copy(error);
	g_main_loop_quit(server->loop);
}

static void server_stopped(void *data)
{
	const Server *server = data;

	g_main_loop_quit(server->loop);
}

/* In the recorder's thread. */
static void server_held(void *data, const char *address)
{
	const Server *server = data;

	watcher_note(server->watcher, address);
}

/* ---- RCPT ---- */

static bool is_ours(const Server *server, const char *address)
{
	g_auto(Token) token = { 0 };

	if (address[0] == '\0')
		return false;
	token_decode(server->judge->tokens, address, &token);
	return token.check != TOKEN_NOT_OURS;
}

/* Everything of our domains is taken, the forged too: it is recorded.  What
   was sent here by mistake is not lost by it: it waits in Postfix's queue. */
static char *server_check_recipient(void *data, const char *address,
    const char *original)
{
	Server *server = data;
	gint64 now = g_get_monotonic_time();

	if (is_ours(server, address) || is_ours(server, original))
		return NULL;
	if (server->warned_at == 0 || now - server->warned_at > WARN_EVERY) {
		server->warned_at = now;
		log_warning("to=<%s>: not of our bounce_domains; does Postfix "
			    "route too much to us?",
		    address);
	}
	return g_strdup("451 4.3.5 Not configured for this domain");
}

/* ---- connections ---- */

static void server_closed(void *data, Connection *connection)
{
	Server *server = data;

	(void)g_ptr_array_remove_fast(server->connections, connection);
	if (server->is_stopping)
		server_settle(server);
}

/* The session that has got nowhere for longest, if that is long. */
static Connection *server_stalled(const Server *server, gint64 now)
{
	Connection *stalled = NULL;
	gint64 since = now - STALLED;

	for (unsigned i = 0; i < server->connections->len; i++) {
		Connection *connection = g_ptr_array_index(server->connections,
		    i);

		if (connection_stalled_since(connection) < since) {
			since = connection_stalled_since(connection);
			stalled = connection;
		}
	}
	return stalled;
}

/* Says NO to FD as well as it can be said at once. */
static void refuse_fd(int fd, const char *reply)
{
	g_autofree char *line = g_strconcat(reply, "\r\n", NULL);
	ssize_t sent = send(fd, line, strlen(line),
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)sent; /* it is told, or it is not */
	(void)close(fd);
}

static gboolean server_tick(gpointer data);

/* A message whose client has gone takes as much room as one that waits. */
static bool server_is_full(const Server *server)
{
	return MAX(server->connections->len, server->n_deliveries) >=
	       server->connection_limit;
}

static void server_admit(void *data, int fd, unsigned which)
{
	Server *server = data;
	gint64 now = g_get_monotonic_time();
	Connection *connection;

	if (server->connections->len >= server->connection_limit) {
		Connection *stalled = server_stalled(server, now);

		if (stalled != NULL)
			connection_abort(stalled,
			    "421 4.3.2 Too slow for so many");
	}
	if (server_is_full(server)) {
		log_debug("connection refused: %u are open, %u messages wait",
		    server->connections->len, server->n_deliveries);
		refuse_fd(fd, "421 4.3.2 Too many connections");
		return;
	}
	connection = connection_new(fd, &server->lmtp,
	    &server->connection_hooks, now);
	g_ptr_array_add(server->connections, connection);
	if (server->tick == 0)
		server->tick = g_timeout_add_seconds(1, server_tick, server);
	connection_start(connection);
}

/* ---- listening ---- */

static ListenOptions listen_options(const Settings *settings)
{
	return (ListenOptions){ .mode = settings->listen_mode,
		.group = settings->listen_group,
		.allow_remote = settings->allow_remote };
}

/* What systemd hands over.  Before there are threads: it changes the
   environment. */
static bool server_adopt(Server *server, GError **error)
{
	const ListenOptions options = listen_options(server->settings);
	g_autoptr(GPtrArray) adopted = g_ptr_array_new();
	bool is_good = listener_adopt(adopted, &options, error);

	for (unsigned i = 0; i < adopted->len; i++) {
		Listener *listener = g_ptr_array_index(adopted, i);

		if (strcmp(listener->service, "map") == 0)
			g_ptr_array_add(server->adopted[SERVICE_MAP], listener);
		else if (strcmp(listener->service, "policy") == 0)
			g_ptr_array_add(server->adopted[SERVICE_POLICY],
			    listener);
		else
			doors_add(server->doors, listener);
	}
	return is_good;
}

/* Else what the configuration says.  After the store: until that is sound
   nobody shall find us there. */
static bool server_listen(Server *server, GError **error)
{
	const Settings *settings = server->settings;
	const ListenOptions options = listen_options(settings);

	if (doors_count(server->doors) > 0)
		return true;
	for (char **address = settings->listen; *address != NULL; address++) {
		Listener *listener = listener_open(*address, &options, error);

		if (listener == NULL)
			return false;
		doors_add(server->doors, listener);
	}
	return true;
}

/* The same for one kind of question. */
static bool server_listen_for(Server *server, Service service, char **listen,
    GError **error)
{
	const ListenOptions options = listen_options(server->settings);
	GPtrArray *adopted = server->adopted[service];

	for (; adopted->len == 0 && *listen != NULL; listen++) {
		Listener *listener = listener_open(*listen, &options, error);

		if (listener == NULL)
			return false;
		responder_add(server->responder, service, listener);
	}
	while (adopted->len > 0)
		responder_add(server->responder, service,
		    g_ptr_array_steal_index(adopted, 0));
	return true;
}

static bool server_answer(Server *server, GError **error)
{
	const Settings *settings = server->settings;
	unsigned limit = settings->map_connection_limit;

	server->watcher = watcher_new(settings);
	server->responder = responder_new(answers_new(settings, server->judge,
					      server->recorder,
					      server->watcher),
	    limit);
	return server_listen_for(server, SERVICE_MAP, settings->map_listen,
		   error) &&
	       server_listen_for(server, SERVICE_POLICY,
		   settings->policy_listen, error);
}

/* As many as there may be descriptors for. */
static unsigned limit_connections(const Settings *settings)
{
	unsigned wanted = settings->connection_limit;
	rlim_t others = SPARE_FDS + settings->map_connection_limit;
	rlim_t needed = wanted + others;
	struct rlimit limit;
	unsigned possible;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return wanted;
	if (limit.rlim_cur < needed) {
		limit.rlim_cur = MIN(needed, limit.rlim_max);
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			(void)getrlimit(RLIMIT_NOFILE, &limit); /* as above */
	}
	if (limit.rlim_cur >= needed)
		return wanted;
	possible = limit.rlim_cur > others ? (unsigned)(limit.rlim_cur - others)
					   : 1;
	log_warning("connection_limit is %u, but only %u file descriptors may "
		    "be open: %u connections",
	    wanted, (unsigned)limit.rlim_cur, possible);
	return possible;
}

static unsigned count_workers(const Settings *settings)
{
	return settings->workers > 0 ? settings->workers
				     : g_get_num_processors();
}

/* ---- time and signals ---- */

static gboolean server_tick(gpointer data)
{
	Server *server = data;
	const Settings *settings = server->settings;
	const ConnectionTimeouts timeouts = {
		.command = settings->command_timeout * G_USEC_PER_SEC,
		.data = settings->data_timeout * G_USEC_PER_SEC,
		.session = settings->session_timeout * G_USEC_PER_SEC,
	};
	gint64 now = g_get_monotonic_time();

	if (server->connections->len == 0) {
		server->tick = 0;
		return G_SOURCE_REMOVE;
	}
	/* backwards: each may remove itself, and the last takes its place */
	for (unsigned i = server->connections->len; i > 0; i--)
		connection_check(g_ptr_array_index(server->connections, i - 1),
		    &timeouts, now);
	return G_SOURCE_CONTINUE;
}

static void server_tell_ready(const Server *server)
{
	g_autofree char *names = doors_names(server->doors);
	g_autofree char *maps = responder_names(server->responder);
	g_autofree char *status = g_strconcat("listening on ", names,
	    maps[0] != '\0' ? "; answering on " : "", maps, NULL);

	log_info("%s", status);
	notify_ready(status);
}

/* What mailers read knows the streams; that it could not be told now is no
   reason not to take mail. */
static void tell_streams(const Settings *settings)
{
	enum { WAIT = 500 }; /* milliseconds */
	g_autoptr(GError) error = NULL;
	g_autoptr(Store)
	    store = store_open(settings->store, STORE_WRITE, WAIT, &error);

	if (store == NULL || !site_tell_streams(settings, store, &error))
		log_warning("the view \"suppressed\" may not know the "
			    "streams: %s",
		    error->message);
}

static gboolean server_reload(gpointer data)
{
	Server *server = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = NULL;
	Judge *judge = NULL;

	notify_reloading();
	settings = settings_read(server->settings->file, &error);
	if (settings != NULL)
		judge = site_judge(settings, recorder_epoch(server->recorder),
		    &error);
	if (judge == NULL) {
		log_error("not reloaded, the old configuration stays: %s",
		    error->message);
		server_tell_ready(server);
		return G_SOURCE_CONTINUE;
	}
	reload_warn(server->settings, settings);
	judge_unref(server->judge);
	server->judge = judge;
	tell_streams(settings);
	responder_judge(server->responder, judge);
	server->lmtp.hostname = settings->hostname;
	server->lmtp.size_limit = settings->message_size_limit;
	server->connection_limit = limit_connections(settings);
	(void)g_thread_pool_set_max_threads(server->analysts,
	    (int)count_workers(settings), NULL); /* as g_thread_pool_push() */
	settings_free(server->settings);
	server->settings = g_steal_pointer(&settings);
	log_info("configuration reloaded");
	server_tell_ready(server);
	return G_SOURCE_CONTINUE;
}

/* When the last connection and the last delivery are gone, the recorder goes.
 */
static void server_settle(Server *server)
{
	if (!server->is_stopping || server->is_drained ||
	    server->connections->len > 0 || server->n_deliveries > 0)
		return;
	server->is_drained = true;
	responder_flush(server->responder);
	recorder_stop(server->recorder);
}

static gboolean server_too_late(gpointer data)
{
	Server *server = data;

	log_warning("%u connections and %u messages are given up: not done "
		    "within %d s; Postfix will bring them again",
	    server->connections->len, server->n_deliveries, DRAIN_SECONDS);
	server->is_late = true;
	g_main_loop_quit(server->loop);
	return G_SOURCE_REMOVE;
}

static gboolean server_stop(gpointer data)
{
	Server *server = data;

	if (server->is_stopping)
		return G_SOURCE_CONTINUE;
	server->is_stopping = true;
	log_info("stopping: %u connections, %u messages to record",
	    server->connections->len, server->n_deliveries);
	notify_stopping();
	doors_close(server->doors);
	for (unsigned i = server->connections->len; i > 0; i--)
		connection_abort(g_ptr_array_index(server->connections, i - 1),
		    "421 4.3.2 Shutting down");
	(void)g_timeout_add_seconds(DRAIN_SECONDS, server_too_late, server);
	server_settle(server);
	return G_SOURCE_CONTINUE;
}

/* ---- all of it ---- */

Server *server_new(Settings *settings, GError **error)
{
	g_autoptr(Server) server = g_new0(Server, 1);
	const RecorderHooks hooks = { .recorded = server_recorded,
		.failed = server_failed,
		.stopped = server_stopped,
		.held = server_held,
		.data = server };

	server->settings = settings;
	server->background = background_priority();
	server->loop = g_main_loop_new(NULL, FALSE);
	server->connections = g_ptr_array_new();
	server->doors = doors_new(server_admit, server);
	for (unsigned i = 0; i < G_N_ELEMENTS(server->adopted); i++)
		server->adopted[i] =
		    g_ptr_array_new_with_free_func((GDestroyNotify)
			    listener_free);
	server->connection_hooks = (ConnectionHooks){
		.deliver = server_deliver,
		.closed = server_closed,
		.data = server,
	};
	server->lmtp = (LmtpConfig){
		.hostname = settings->hostname,
		.size_limit = settings->message_size_limit,
		.check_recipient = server_check_recipient,
		.data = server,
	};
	if (!server_adopt(server, error))
		return NULL;
	server->connection_limit = limit_connections(settings);
	server->recorder = recorder_new(settings, &hooks, error);
	if (server->recorder == NULL)
		return NULL;
	server->judge = site_judge(settings, recorder_epoch(server->recorder),
	    error);
	if (server->judge == NULL)
		return NULL;
	tell_streams(settings);
	/* Of our own threads: those that GLib shares it gives the priority of
	   the thread that asked first, which a background thread may not. */
	server->analysts = g_thread_pool_new(analyse, server,
	    (int)count_workers(settings), TRUE, error);
	if (error != NULL && *error != NULL)
		return NULL;
	if (!server_listen(server, error) || !server_answer(server, error))
		return NULL;
	return g_steal_pointer(&server);
}

bool server_run(Server *server, GError **error)
{
	(void)g_unix_signal_add(SIGTERM, server_stop, server);
	(void)g_unix_signal_add(SIGINT, server_stop, server);
	(void)g_unix_signal_add(SIGHUP, server_reload, server);
	responder_start(server->responder);
	background_enter(server->background);
	server_tell_ready(server);
	g_main_loop_run(server->loop);
	if (server->error == NULL)
		return true;
	g_propagate_error(error, g_steal_pointer(&server->error));
	return false;
}

void server_free(Server *server)
{
	/* threads that are not done still look at all this */
	if (server == NULL || server->is_late)
		return;
	doors_free(server->doors);
	/* before the recorder, which it asks */
	responder_free(server->responder);
	for (unsigned i = 0; i < G_N_ELEMENTS(server->adopted); i++)
		g_ptr_array_unref(server->adopted[i]);
	if (server->analysts != NULL)
		g_thread_pool_free(server->analysts, FALSE, TRUE);
	if (server->recorder != NULL && !server->is_drained)
		recorder_stop(server->recorder);
	recorder_free(server->recorder);
	watcher_free(server->watcher);
	judge_unref(server->judge);
	g_ptr_array_unref(server->connections);
	g_main_loop_unref(server->loop);
	settings_free(server->settings);
	g_free(server);
}
