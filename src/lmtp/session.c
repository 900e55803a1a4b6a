/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The LMTP server side of RFC 2033, without I/O.

   The legal paths through a session are

     NEW -> IDLE -> MAIL -> RCPT -> DATA -> PENDING -> IDLE -> ...

   with RSET (and LHLO) from MAIL and RCPT back to IDLE, and an end from
   everywhere: QUIT, too many bad commands, or lmtp_session_abort().  PENDING
   is the time between the dot and its replies, when somebody else holds the
   message; whatever the peer pipelines meanwhile is kept unread.

   Each command is one row of commands[]: in which states it may come, a check
   of its argument that refuses with a reply, and what it does then.  Only
   session_enter() changes the state.

   A message ends with CRLF "." CRLF and with nothing that looks like it: a
   bare LF or CR is text, and takes part in no end and no dot-stuffing
   (CVE-2023-51764).  Commands may end with a bare LF, for hands that type. */
#include "session.h"

#include "bounds.h"
#include "data.h"
#include "parameters.h"
#include "path.h"
#include "text.h"
#include "xforward.h"

#include <string.h>

typedef enum State {
	STATE_NEW, /* greeted, not introduced */
	STATE_IDLE,
	STATE_MAIL, /* a sender, no recipient yet */
	STATE_RCPT, /* at least one recipient */
	STATE_DATA,
	STATE_PENDING,
	STATE_CLOSED,
} State;

enum {
	IN_NEW = 1 << STATE_NEW,
	IN_IDLE = 1 << STATE_IDLE,
	IN_MAIL = 1 << STATE_MAIL,
	IN_RCPT = 1 << STATE_RCPT,
	IN_ANY = IN_NEW | IN_IDLE | IN_MAIL | IN_RCPT,
};

struct LmtpSession {
	const LmtpConfig *config;
	State state;
	unsigned n_bad;        /* commands, since the last MAIL that was none */
	char *abort_reply;     /* to be said once nothing is pending */
	Envelope *envelope;    /* being built; NULL once taken */
	size_t envelope_len;   /* octets of the addresses in it */
	unsigned n_recipients; /* accepted */
	bool is_origin_unknown; /* an XFORWARD line was refused */
	GString *line;          /* the command being read */
	bool is_line_long;      /* it is over BOUND_COMMAND: skip to its end */
	DataReader data;
	GByteArray *kept; /* fed, and not read yet */
	bool is_flooded;  /* more was fed than may be kept */
	GString *output;
	size_t n_sent; /* of OUTPUT */
};

/* What a check found in a command's argument, for the command to use. */
typedef struct Request {
	const char *argument; /* behind the verb and its blanks */
	char *address;
	char *original;
} Request;

/* The only place where the state changes. */
static void session_enter(LmtpSession *session, State state)
{
	session->state = state;
	switch (state) {
	case STATE_IDLE:
		/* also forgets XFORWARD, which is of one message */
		g_clear_pointer(&session->envelope, envelope_free);
		session->envelope = envelope_new();
		session->envelope_len = 0;
		session->n_recipients = 0;
		session->is_origin_unknown = false;
		break;
	case STATE_DATA:
		data_reader_begin(&session->data);
		break;
	case STATE_CLOSED:
		data_reader_clear(&session->data);
		g_byte_array_set_size(session->kept, 0);
		break;
	case STATE_NEW:
	case STATE_MAIL:
	case STATE_RCPT:
	case STATE_PENDING:
		break;
	}
}

/* Every reply leaves through here: printable ASCII of bounded length,
   whatever it was made of. */
static void session_reply(LmtpSession *session, const char *reply)
{
	size_t len = strnlen(reply, BOUND_REPLY_TEXT);

	for (size_t i = 0; i < len; i++)
		g_string_append_c(session->output,
		    g_ascii_isprint(reply[i]) ? reply[i] : '?');
	g_string_append(session->output, "\r\n");
}

static void session_close(LmtpSession *session, const char *reply)
{
	session_reply(session, reply);
	session_enter(session, STATE_CLOSED);
}

static void session_refuse(LmtpSession *session, const char *reply)
{
	if (reply[0] == '5' && ++session->n_bad >= BOUND_BAD_COMMANDS)
		session_close(session, "421 4.7.0 Too many errors");
	else
		session_reply(session, reply);
}

/* ---- LHLO ---- */

static const char *check_argument(const LmtpSession *session, Request *request)
{
	return request->argument[0] == '\0' ? "501 5.5.4 Argument expected"
					    : NULL;
}

static void proceed_lhlo(LmtpSession *session, const Request *request)
{
	GString *output = session->output;

	session_enter(session, STATE_IDLE);
	g_string_append_printf(output, "250-%s\r\n", session->config->hostname);
	g_string_append(output, "250-PIPELINING\r\n"
				"250-ENHANCEDSTATUSCODES\r\n"
				"250-8BITMIME\r\n"
				"250-SMTPUTF8\r\n");
	if (session->config->size_limit > 0)
		g_string_append_printf(output, "250-SIZE %" G_GUINT64_FORMAT,
		    session->config->size_limit);
	else
		g_string_append(output, "250-SIZE");
	g_string_append(output,
	    "\r\n"
	    "250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n"
	    "250 DSN\r\n");
}

/* RFC 2033, 4.1: neither HELO nor EHLO may be answered otherwise. */
static const char *check_not_smtp(const LmtpSession *session, Request *request)
{
	return "500 5.5.1 This is LMTP: say LHLO";
}

/* ---- XFORWARD ---- */

/* What comes from this host itself is believed more than other mail, and is
   told from it by what is not said here: so a line that we could not read
   makes the message a stranger's. */
static void proceed_xforward(LmtpSession *session, const Request *request)
{
	g_autoptr(Envelope) trial = envelope_new();

	if (!xforward_read(trial, request->argument)) {
		session->is_origin_unknown = true;
		session_refuse(session, "501 5.5.4 Bad XFORWARD attribute");
		return;
	}
	(void)xforward_read(session->envelope, request->argument); /* tried */
	session_reply(session, "250 2.0.0 Ok");
}

/* ---- MAIL and RCPT ---- */

static const char *check_mail(const LmtpSession *session, Request *request)
{
	const char *text = request->argument;

	if (g_ascii_strncasecmp(text, "FROM:", 5) != 0)
		return "501 5.5.4 Syntax: MAIL FROM:<address>";
	text += 5;
	if (!path_parse(&text, &request->address))
		return "501 5.5.4 Bad sender address";
	return mail_parameters_read(text);
}

static void proceed_mail(LmtpSession *session, const Request *request)
{
	envelope_set(&session->envelope->sender, request->address);
	session->n_bad = 0;
	session_enter(session, STATE_MAIL);
	session_reply(session, "250 2.1.0 Ok");
}

static const char *check_rcpt(const LmtpSession *session, Request *request)
{
	const char *text = request->argument;

	if (g_ascii_strncasecmp(text, "TO:", 3) != 0)
		return "501 5.5.4 Syntax: RCPT TO:<address>";
	text += 3;
	if (!path_parse(&text, &request->address) ||
	    request->address[0] == '\0')
		return "501 5.5.4 Bad recipient address";
	return rcpt_parameters_read(text, &request->original);
}

static void proceed_rcpt(LmtpSession *session, const Request *request)
{
	const LmtpConfig *config = session->config;
	const char *original = request->original != NULL ? request->original
							 : "";
	size_t len = strlen(request->address) + strlen(original);
	g_autofree char *refusal = NULL;

	/* RFC 5321, 4.5.3.1.10: the client sends the others again */
	if (session->n_recipients >= BOUND_RECIPIENTS ||
	    session->envelope_len + len > BOUND_ENVELOPE) {
		session_reply(session, "452 4.5.3 Too many recipients");
		return;
	}
	if (config->check_recipient != NULL)
		refusal = config->check_recipient(config->data,
		    request->address, original);
	if (refusal != NULL) {
		session_reply(session, refusal);
		return;
	}
	envelope_add(session->envelope, request->address, original);
	session->envelope_len += len;
	session->n_recipients++;
	session_enter(session, STATE_RCPT);
	session_reply(session, "250 2.1.5 Ok");
}

/* ---- DATA ---- */

static const char *check_nothing(const LmtpSession *session, Request *request)
{
	return request->argument[0] != '\0' ? "501 5.5.4 No argument expected"
					    : NULL;
}

/* A pipelining client sends DATA before it knows that all its recipients were
   refused, but no text before it has read our reply: RFC 2920, 3.1. */
static const char *check_data(const LmtpSession *session, Request *request)
{
	if (session->state != STATE_RCPT)
		return "503 5.5.1 No valid recipients";
	return check_nothing(session, request);
}

static void proceed_data(LmtpSession *session, const Request *request)
{
	session_enter(session, STATE_DATA);
	session_reply(session, "354 End with <CRLF>.<CRLF>");
}

/* ---- the rest ---- */

static void proceed_rset(LmtpSession *session, const Request *request)
{
	if (session->state != STATE_NEW)
		session_enter(session, STATE_IDLE);
	session_reply(session, "250 2.0.0 Ok");
}

static void proceed_noop(LmtpSession *session, const Request *request)
{
	session_reply(session, "250 2.0.0 Ok");
}

static void proceed_vrfy(LmtpSession *session, const Request *request)
{
	session_reply(session, "252 2.5.0 Send some mail, and see");
}

static void proceed_quit(LmtpSession *session, const Request *request)
{
	session_close(session, "221 2.0.0 Bye");
}

static const char *check_missing(const LmtpSession *session, Request *request)
{
	return "502 5.5.1 Not implemented";
}

typedef struct Command {
	const char *verb;
	unsigned states; /* IN_... where it may come; elsewhere 503 */
	/* A reply that refuses, or NULL.  NULL: any argument will do. */
	const char *(*check)(const LmtpSession *session, Request *request);
	void (*proceed)(LmtpSession *session, const Request *request);
} Command;

static const Command commands[] = {
	{ "LHLO", IN_ANY, check_argument, proceed_lhlo },
	{ "XFORWARD", IN_IDLE, check_argument, proceed_xforward },
	{ "MAIL", IN_IDLE, check_mail, proceed_mail },
	{ "RCPT", IN_MAIL | IN_RCPT, check_rcpt, proceed_rcpt },
	{ "DATA", IN_MAIL | IN_RCPT, check_data, proceed_data },
	{ "RSET", IN_ANY, check_nothing, proceed_rset },
	{ "NOOP", IN_ANY, NULL, proceed_noop },
	{ "VRFY", IN_ANY, NULL, proceed_vrfy },
	{ "QUIT", IN_ANY, NULL, proceed_quit },
	{ "HELO", IN_ANY, check_not_smtp, NULL },
	{ "EHLO", IN_ANY, check_not_smtp, NULL },
	{ "STARTTLS", IN_ANY, check_missing, NULL },
	{ "AUTH", IN_ANY, check_missing, NULL },
	{ "BDAT", IN_ANY, check_missing, NULL },
	{ "EXPN", IN_ANY, check_missing, NULL },
	{ "HELP", IN_ANY, check_missing, NULL },
	{ "TURN", IN_ANY, check_missing, NULL },
};

static const Command *command_find(const char *verb, size_t len)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
		if (strlen(commands[i].verb) == len &&
		    g_ascii_strncasecmp(commands[i].verb, verb, len) == 0)
			return &commands[i];
	return NULL;
}

/* One command line, without its end. */
static void session_command(LmtpSession *session, const char *line, size_t len)
{
	size_t verb_len = strcspn(line, " ");
	const Command *command = command_find(line, verb_len);
	Request request = { .argument = line + verb_len };
	const char *refusal = NULL;

	/* Other control characters may stand in an address that a stranger has
	   quoted, and Postfix hands on (path.h). */
	if (strlen(line) != len)
		refusal = "500 5.5.2 NUL in a command";
	while (*request.argument == ' ')
		request.argument++;

	if (refusal == NULL && command == NULL)
		refusal = "500 5.5.2 Unknown command";
	if (refusal == NULL && (command->states & 1u << session->state) == 0)
		refusal = "503 5.5.1 Not now";
	if (refusal == NULL && command->check != NULL)
		refusal = command->check(session, &request);
	if (refusal != NULL)
		session_refuse(session, refusal);
	else
		command->proceed(session, &request);
	g_free(request.address);
	g_free(request.original);
}

/* Reads of BYTES up to the end of a command line; returns how many octets. */
static size_t session_read_line(LmtpSession *session, const char *bytes,
    size_t len)
{
	GString *line = session->line;
	const char *end = memchr(bytes, '\n', len);
	size_t n = end != NULL ? (size_t)(end - bytes) : len;

	if (line->len + n > BOUND_COMMAND) {
		session->is_line_long = true;
		g_string_truncate(line, 0);
	}
	if (!session->is_line_long)
		g_string_append_len(line, bytes, (gssize)n);
	if (end == NULL)
		return n;

	if (session->is_line_long) {
		session->is_line_long = false;
		session_refuse(session, "500 5.5.2 Line too long");
	} else {
		if (line->len > 0 && line->str[line->len - 1] == '\r')
			g_string_truncate(line, line->len - 1);
		/* blanks at the end mean nothing, and are common */
		while (line->len > 0 && line->str[line->len - 1] == ' ')
			g_string_truncate(line, line->len - 1);
		session_command(session, line->str, line->len);
	}
	g_string_truncate(line, 0);
	return n + 1;
}

static size_t session_read_data(LmtpSession *session, const char *bytes,
    size_t len)
{
	bool is_end = false;
	size_t n = data_reader_feed(&session->data, bytes, len, &is_end);

	if (is_end)
		session_enter(session, STATE_PENDING);
	return n;
}

/* ---- bytes in, bytes out ---- */

static bool session_may_read(const LmtpSession *session)
{
	return session->state != STATE_PENDING &&
	       session->state != STATE_CLOSED &&
	       session->output->len - session->n_sent <= BOUND_OUTPUT;
}

/* Reads of BYTES as much as may be read now; returns how many octets. */
static size_t session_read(LmtpSession *session, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && session_may_read(session))
		at += session->state == STATE_DATA
			  ? session_read_data(session, bytes + at, len - at)
			  : session_read_line(session, bytes + at, len - at);
	return session->state == STATE_CLOSED ? len : at;
}

static void session_read_kept(LmtpSession *session)
{
	GByteArray *kept = session->kept;
	size_t n = session_read(session, (const char *)kept->data, kept->len);

	/* closing has emptied it already */
	if (n > 0 && kept->len > 0)
		g_byte_array_remove_range(kept, 0, (guint)n);
	if (kept->len == 0 && session->is_flooded && session_may_read(session))
		session_close(session, "421 4.7.0 Too much sent unasked");
}

LmtpSession *lmtp_session_new(const LmtpConfig *config)
{
	LmtpSession *session = g_new0(LmtpSession, 1);

	session->config = config;
	session->envelope = envelope_new();
	session->line = g_string_new(NULL);
	session->kept = g_byte_array_new();
	session->output = g_string_new(NULL);
	session_enter(session, STATE_NEW);
	g_string_append_printf(session->output, "220 %s LMTP verpd\r\n",
	    config->hostname);
	return session;
}

void lmtp_session_free(LmtpSession *session)
{
	if (session == NULL)
		return;
	g_free(session->abort_reply);
	envelope_free(session->envelope);
	g_string_free(session->line, TRUE);
	data_reader_clear(&session->data);
	g_byte_array_unref(session->kept);
	g_string_free(session->output, TRUE);
	g_free(session);
}

LmtpWants lmtp_session_feed(LmtpSession *session, const char *bytes, size_t len)
{
	size_t n = 0;

	if (session->kept->len == 0)
		n = session_read(session, bytes, len);
	if (n < len && session->state != STATE_CLOSED) {
		size_t room = BOUND_PIPELINE - session->kept->len;

		if (len - n > room)
			session->is_flooded = true;
		if (!session->is_flooded)
			g_byte_array_append(session->kept,
			    (const guint8 *)bytes + n, (guint)(len - n));
	}
	return lmtp_session_wants(session);
}

LmtpWants lmtp_session_wants(const LmtpSession *session)
{
	if (session->state == STATE_CLOSED)
		return LMTP_WANTS_CLOSE;
	if (session->state == STATE_PENDING)
		return LMTP_WANTS_VERDICT;
	return session_may_read(session) ? LMTP_WANTS_BYTES : LMTP_WANTS_WRITE;
}

const char *lmtp_session_output(const LmtpSession *session, size_t *ret_len)
{
	*ret_len = session->output->len - session->n_sent;
	return session->output->str + session->n_sent;
}

LmtpWants lmtp_session_sent(LmtpSession *session, size_t n)
{
	g_assert(n <= session->output->len - session->n_sent);
	session->n_sent += n;
	if (session->n_sent == session->output->len) {
		g_string_truncate(session->output, 0);
		session->n_sent = 0;
	}
	session_read_kept(session);
	return lmtp_session_wants(session);
}

void lmtp_session_take(LmtpSession *session, Envelope **ret_envelope,
    GBytes **ret_message)
{
	g_assert(session->state == STATE_PENDING && session->envelope != NULL);
	session->envelope->size = session->data.size;
	if (session->is_origin_unknown)
		session->envelope->is_local = false;
	*ret_envelope = g_steal_pointer(&session->envelope);
	*ret_message = data_reader_take(&session->data);
}

LmtpWants lmtp_session_finish(LmtpSession *session, const char *const *replies,
    unsigned n_replies)
{
	g_assert(session->state == STATE_PENDING && session->envelope == NULL);
	g_assert(n_replies == session->n_recipients);
	for (unsigned i = 0; i < n_replies; i++)
		session_reply(session, replies[i]);
	session_enter(session, STATE_IDLE);
	if (session->abort_reply != NULL)
		session_close(session, session->abort_reply);
	else
		session_read_kept(session);
	return lmtp_session_wants(session);
}

LmtpWants lmtp_session_abort(LmtpSession *session, const char *reply)
{
	if (session->state == STATE_PENDING) {
		if (session->abort_reply == NULL)
			session->abort_reply = g_strdup(reply);
	} else if (session->state != STATE_CLOSED) {
		session_close(session, reply);
	}
	return lmtp_session_wants(session);
}

bool lmtp_session_is_in_data(const LmtpSession *session)
{
	return session->state == STATE_DATA || session->state == STATE_PENDING;
}

const char *lmtp_session_queue_id(const LmtpSession *session)
{
	return session->envelope != NULL ? session->envelope->queue_id : "";
}
