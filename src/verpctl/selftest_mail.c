/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "selftest_mail.h"

#include "ask.h"
#include "errors.h"

#include <json-glib/json-glib.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- in ---- */

bool selftest_send(const Postconf *postconf, const char *address,
    const char *recipient, GError **error)
{
	const char *const argv[] = { "sendmail", "-i", "-f", "<>", "--",
		address, NULL };
	const char *host = postconf_value(postconf, "myhostname");
	g_autofree char *output = NULL;
	g_autofree char *message = g_strdup_printf(
	    "From: MAILER-DAEMON@%s (verpctl selftest)\n"
	    "To: %s\nSubject: Undelivered Mail Returned to Sender\n"
	    "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=selftest\n\n"
	    "--selftest\nContent-Type: text/plain\n\n"
	    "A synthetic bounce of verpctl selftest.  It counts for nothing.\n"
	    "\n--selftest\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; %s\n\n"
	    "Final-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 User unknown (selftest)\n"
	    "\n--selftest--\n",
	    host, address, host, recipient);
	int status = postconf_run(postconf, argv, message, &output, error);

	if (status > 0)
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY, "sendmail: %s",
		    g_strchomp(output));
	return status == 0;
}

/* ---- smtpd(8) ---- */

/* Whether SERVICE takes mail of everybody: neither what filters hand back nor
   TLS from the first octet. */
static bool is_open_smtpd(const Postconf *postconf,
    const PostfixService *service)
{
	const char *filter = g_hash_table_lookup(service->options,
	    "content_filter");

	return strcmp(service->type, "inet") == 0 &&
	       (strcmp(service->command, "smtpd") == 0 ||
		   strcmp(service->command, "postscreen") == 0) &&
	       (filter == NULL || filter[0] != '\0') &&
	       strcmp(postconf_of(postconf, service, "smtpd_tls_wrappermode"),
		   "yes") != 0;
}

/* "inet:HOST:PORT" of the first such service, or NULL. */
static char *smtpd_name(const Postconf *postconf)
{
	const GPtrArray *services = postconf_services(postconf);
	const char *interfaces = postconf_value(postconf, "inet_interfaces");
	g_auto(GStrv) items = postconf_items(interfaces);
	const char *host = items[0] != NULL ? items[0] : "all";

	if (strcmp(host, "all") == 0 || strcmp(host, "loopback-only") == 0)
		host = strcmp(postconf_value(postconf, "inet_protocols"),
			   "ipv6") == 0
			   ? "[::1]"
			   : "127.0.0.1";
	for (unsigned i = 0; i < services->len; i++) {
		const PostfixService *service = services->pdata[i];

		if (!is_open_smtpd(postconf, service))
			continue;
		if (strchr(service->name, ':') != NULL)
			return g_strconcat("inet:", service->name, NULL);
		return g_strconcat("inet:", host, ":",
		    strcmp(service->name, "smtp") == 0 ? "25" : service->name,
		    NULL);
	}
	return NULL;
}

/* The last line of the next reply, "" when none comes. */
static char *read_reply(int fd)
{
	g_autoptr(GString) line = g_string_new(NULL);
	struct pollfd wait = { fd, POLLIN, 0 };
	char octet;

	while (line->len < 1000 && poll(&wait, 1, 10000) > 0 &&
	       recv(fd, &octet, 1, 0) == 1) {
		if (octet != '\n') {
			g_string_append_c(line, octet);
			continue;
		}
		if (line->len < 4 || line->str[3] != '-')
			return g_strchomp(g_string_free(g_steal_pointer(&line),
			    FALSE));
		g_string_truncate(line, 0);
	}
	return g_strdup("");
}

char *selftest_ask_smtpd(const Postconf *postconf, const char *address,
    GError **error)
{
	g_autofree char *name = smtpd_name(postconf);
	g_autofree char *rcpt = g_strdup_printf("RCPT TO:<%s>\r\n", address);
	const char *const lines[] = { "", "EHLO [127.0.0.1]\r\n",
		"MAIL FROM:<>\r\n", rcpt };
	g_autofree char *reply = NULL;
	int fd;

	if (name == NULL)
		return g_strdup("");
	fd = socket_connect(postconf, name);
	if (fd < 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY, "%s: %s", name,
		    g_strerror(errno));
		return NULL;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
		if (i > 0 && reply[0] != '2')
			break;
		(void)!send(fd, lines[i], strlen(lines[i]), MSG_NOSIGNAL);
		g_free(reply);
		reply = read_reply(fd);
	}
	(void)!send(fd, "QUIT\r\n", 6, MSG_NOSIGNAL);
	(void)close(fd); /* all is read that we want */
	if (reply[0] == '\0') {
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY,
		    "%s: no answer within 10 seconds", name);
		return NULL;
	}
	return g_steal_pointer(&reply);
}

/* ---- the queue ---- */

void queued_bounce_clear(QueuedBounce *queued)
{
	g_clear_pointer(&queued->id, g_free);
	g_clear_pointer(&queued->reason, g_free);
}

/* Whether LINE, of `postqueue -j`, is the message for ADDRESS. */
static bool parse_queued(const char *line, const char *address,
    QueuedBounce *queued)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonObject *object;
	JsonArray *recipients;

	if (strstr(line, address) == NULL ||
	    !json_parser_load_from_data(parser, line, -1, NULL))
		return false;
	object = json_node_get_object(json_parser_get_root(parser));
	recipients = json_object_get_array_member(object, "recipients");
	for (unsigned i = 0; i < json_array_get_length(recipients); i++) {
		JsonObject *each = json_array_get_object_element(recipients, i);

		if (strcmp(json_object_get_string_member(each, "address"),
			address) != 0)
			continue;
		queued->id = g_strdup(json_object_get_string_member(object,
		    "queue_id"));
		queued->reason =
		    g_strdup(json_object_get_string_member_with_default(each,
			"delay_reason", ""));
		return true;
	}
	return false;
}

bool selftest_find(const Postconf *postconf, const char *address,
    QueuedBounce *ret_queued, GError **error)
{
	static const char *const argv[] = { "postqueue", "-j", NULL };
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;
	int status = postconf_run(postconf, argv, "", &output, error);

	*ret_queued = (QueuedBounce){ 0 };
	if (status > 0)
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY, "%s",
		    g_strchomp(output));
	if (status != 0)
		return false;
	lines = g_strsplit(output, "\n", 0);
	for (char **line = lines; *line != NULL; line++)
		if (parse_queued(*line, address, ret_queued))
			return true;
	ret_queued->id = g_strdup("");
	ret_queued->reason = g_strdup("");
	return true;
}

bool selftest_delete(const Postconf *postconf, const char *id)
{
	const char *const argv[] = { "postsuper", "-d", id, NULL };
	g_autofree char *output = NULL;

	return postconf_run(postconf, argv, "", &output, NULL) == 0;
}
