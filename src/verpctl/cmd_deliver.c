/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl deliver`: what pipe(8) starts for one message.  The same two calls
   as the daemon's, in a row: analyse, record; then sync, and only then leave
   with 0, also when the message was a duplicate: its first copy may be
   another process's unsynced commit. */
#include "commands.h"
#include "deliver_guard.h"

#include "bounds.h"
#include "deliver.h"
#include "errors.h"
#include "log.h"
#include "site.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Arguments {
	char *sender;
	char **recipients;
	char **originals;
	char *client_address;
	char *client_name;
	char *queue_id;
} Arguments;

static void arguments_clear(Arguments *arguments)
{
	g_free(arguments->sender);
	g_strfreev(arguments->recipients);
	g_strfreev(arguments->originals);
	g_free(arguments->client_address);
	g_free(arguments->client_name);
	g_free(arguments->queue_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

/* Reads to the end, for a writer that is cut off might think we failed; keeps
   what is judged. */
static GBytes *read_message(uint64_t *ret_size, GError **error)
{
	g_autoptr(GByteArray) kept = g_byte_array_new();
	uint8_t bytes[65536];
	uint64_t size = 0;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
		unsigned room = BOUND_MESSAGE - kept->len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY,
			    "standard input: %s", g_strerror(errno));
			return NULL;
		}
		if (n == 0)
			break;
		size += (uint64_t)n;
		g_byte_array_append(kept, bytes, MIN((unsigned)n, room));
	}
	*ret_size = size;
	return g_byte_array_free_to_bytes(g_steal_pointer(&kept));
}

static void set_utf8(char **field, const char *value)
{
	g_autofree char *text = value != NULL ? text_utf8(value, strlen(value),
						    4 * BOUND_ADDRESS)
					      : NULL;

	envelope_set(field, text);
}

/* Without null_sender= in master.cf pipe(8) writes MAILER-DAEMON for the null
   sender.  An address of that local part has a domain. */
static bool is_null_sender(const char *sender)
{
	return sender == NULL || sender[0] == '\0' ||
	       strcmp(sender, "<>") == 0 ||
	       g_ascii_strcasecmp(sender, "MAILER-DAEMON") == 0;
}

static Envelope *envelope_of(const Arguments *arguments, GError **error)
{
	g_autoptr(Envelope) envelope = envelope_new();
	unsigned n = arguments->recipients != NULL
			 ? g_strv_length(arguments->recipients)
			 : 0;
	unsigned n_originals = arguments->originals != NULL
				   ? g_strv_length(arguments->originals)
				   : 0;

	if (n == 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "--recipient is missing");
		return NULL;
	}
	if (n > BOUND_RECIPIENTS || (n_originals != 0 && n_originals != n)) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%u times --recipient, %u times --original-recipient", n,
		    n_originals);
		return NULL;
	}
	if (!is_null_sender(arguments->sender))
		set_utf8(&envelope->sender, arguments->sender);
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *address = g_strdup("");
		g_autofree char *original = g_strdup("");

		set_utf8(&address, arguments->recipients[i]);
		if (n_originals != 0)
			set_utf8(&original, arguments->originals[i]);
		envelope_add(envelope, address, original);
	}
	set_utf8(&envelope->client_address, arguments->client_address);
	set_utf8(&envelope->client_name, arguments->client_name);
	set_utf8(&envelope->queue_id, arguments->queue_id);
	/* given, and empty; left out it says nothing */
	envelope->is_local = arguments->client_address != NULL &&
			     arguments->client_address[0] == '\0';
	return g_steal_pointer(&envelope);
}

/* What is printed would end up in Postfix's own line. */
static void start_log(const Settings *settings)
{
	LogLevel level = LOG_LEVEL_INFO;

	if (strcmp(settings->log, "syslog") != 0)
		return;
	(void)log_level_parse(settings->log_level, &level); /* was checked */
	log_open("verpctl", true, level);
}

static void log_outcomes(const Settings *settings, const Envelope *envelope,
    GPtrArray *outcomes)
{
	if (strcmp(settings->log, "syslog") != 0)
		return;
	for (unsigned i = 0; i < outcomes->len; i++) {
		g_autofree char *line =
		    outcome_log_line(g_ptr_array_index(outcomes, i), envelope,
			i);

		log_info("%s", line);
	}
}

/* What the circuit breaker has to do beside; it may fail, and is the next
   process's then. */
static void tick(const Settings *settings, Store *store, int64_t now)
{
	g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
	bool more;

	(void)store_tick(store, &settings->breaker, now, false, notices, &more,
	    NULL);
	if (strcmp(settings->log, "syslog") != 0)
		return;
	for (unsigned i = 0; i < notices->len; i++)
		log_warning("%s", (char *)g_ptr_array_index(notices, i));
}

static bool deliver(Ctl *ctl, const Arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) outcomes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_autoptr(Envelope) envelope = envelope_of(arguments, error);
	const Settings *settings = envelope != NULL ? ctl_settings(ctl, error)
						    : NULL;
	g_autoptr(GBytes) message = NULL;
	g_autoptr(Store) store = NULL;
	g_autoptr(Judge) judge = NULL;
	g_autoptr(Analysis) analysis = NULL;
	g_autoptr(RuleTally) tally = tally_new(0);

	if (settings == NULL)
		return false;
	deliver_guard_alarm(settings->deliver_timeout);
	message = read_message(&envelope->size, error);
	if (message == NULL)
		return false;
	store = ctl_store(ctl, STORE_WRITE, error);
	if (store == NULL)
		return false;
	judge = site_judge_late(settings, store_epoch(store), error);
	if (judge == NULL)
		return false;
	analysis = deliver_analyse(judge, envelope, message);
	start_log(settings);
	tick(settings, store, ctl->now);
	if (!deliver_record(judge, store, analysis, ctl->now, tally, outcomes,
		error) ||
	    !store_sync(store, error))
		return false;
	log_outcomes(settings, envelope, outcomes);
	return true;
}

/* "451 4.3.5 text" without the reply code, and what really happened: the line
   goes into Postfix's log and nowhere else. */
static void say_failure(const GError *error)
{
	g_autofree char *reply = deliver_failure_reply(error);
	g_autofree char *what = text_printable(error->message,
	    strlen(error->message), BOUND_REPLY_TEXT);
	char **words = g_strsplit(reply, " ", 3);

	printf("%s %s\n",
	    g_strv_length(words) == 3 && words[1][0] == '4' ? words[1]
							    : "4.3.0",
	    what);
	g_strfreev(words);
}

int cmd_deliver(Ctl *ctl, int argc, char **argv)
{
	g_auto(Arguments) arguments = { 0 };
	const GOptionEntry entries[] = {
		{ "sender", 0, 0, G_OPTION_ARG_FILENAME, &arguments.sender,
		    "${sender}; empty or MAILER-DAEMON: the null sender",
		    "ADDRESS" },
		{ "recipient", 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
		    &arguments.recipients, "${recipient}; may be repeated",
		    "ADDRESS" },
		{ "original-recipient", 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
		    &arguments.originals,
		    "${original_recipient}; as often as --recipient",
		    "ADDRESS" },
		{ "client-address", 0, 0, G_OPTION_ARG_FILENAME,
		    &arguments.client_address,
		    "${client_address}; empty: born on this host", "ADDRESS" },
		{ "client-name", 0, 0, G_OPTION_ARG_FILENAME,
		    &arguments.client_name, "${client_hostname}", "NAME" },
		{ "queue-id", 0, 0, G_OPTION_ARG_FILENAME, &arguments.queue_id,
		    "${queue_id}, for the log", "ID" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	int given = argc;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status)) {
		/* 0 is "delivered": only for one who asks for help alone */
		return status == EX_OK && given == 2 ? EX_OK : EX_TEMPFAIL;
	}
	if (argc > 1)
		return ctl_usage(ctl,
		    "\"%s\": with several recipients write "
		    "--recipient=${recipient}",
		    argv[1]);
	if (deliver(ctl, &arguments, &error))
		return EX_OK;
	say_failure(error);
	return EX_TEMPFAIL;
}
