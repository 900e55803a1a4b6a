/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LMTP dialogues: what a client sends, what it must be answered, and what
   message comes of it.  Each script is fed in one piece, octet by octet, in
   random pieces, and with every verdict held back until all is fed. */
#include "bounds.h"
#include "main.h"
#include "session.h"

#include <string.h>

#define GREETING "220 mx.test LMTP verpd\r\n"
#define LHLO_REPLY                                                             \
	"250-mx.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n"         \
	"250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 1000\r\n"                    \
	"250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n250 DSN\r\n"
#define OK       "250 2.0.0 Ok\r\n"
#define MAIL_OK  "250 2.1.0 Ok\r\n"
#define RCPT_OK  "250 2.1.5 Ok\r\n"
#define DATA_OK  "354 End with <CRLF>.<CRLF>\r\n"
#define RECORDED "250 2.0.0 recorded\r\n"
#define BYE      "221 2.0.0 Bye\r\n"
#define NOT_NOW  "503 5.5.1 Not now\r\n"
#define NO_RCPTS "503 5.5.1 No valid recipients\r\n"
#define TOO_MANY "421 4.7.0 Too many errors\r\n"

/* The start of most dialogues, and what it is answered. */
#define OPEN    "LHLO a.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
#define OPEN_OK GREETING LHLO_REPLY MAIL_OK RCPT_OK DATA_OK

typedef struct Script {
	const char *label;
	const char *client;
	const char *server;
	/* "sender|recipient,original;...|text" of each message */
	const char *messages;
	size_t client_len; /* 0: strlen */
} Script;

static char *check_recipient(void *data, const char *address,
    const char *original)
{
	if (g_str_has_prefix(address, "no-"))
		return g_strdup("451 4.3.5 Not\n\tours \xc3\xa9");
	return NULL;
}

static const LmtpConfig config = {
	.hostname = "mx.test",
	.size_limit = 1000,
	.check_recipient = check_recipient,
};

/* Somebody who records messages, and the wire to it. */
typedef struct Peer {
	LmtpSession *session;
	GString *server;
	GString *messages;
	bool holds_verdict;
} Peer;

static void peer_init(Peer *peer)
{
	*peer = (Peer){ .session = lmtp_session_new(&config),
		.server = g_string_new(NULL),
		.messages = g_string_new(NULL) };
}

static void peer_clear(Peer *peer)
{
	lmtp_session_free(peer->session);
	g_string_free(peer->server, TRUE);
	g_string_free(peer->messages, TRUE);
}

static void peer_drain(Peer *peer)
{
	size_t len;
	const char *output;

	while (output = lmtp_session_output(peer->session, &len), len > 0) {
		size_t some = MIN(len, 7000);

		g_string_append_len(peer->server, output, (gssize)some);
		(void)lmtp_session_sent(peer->session, some);
	}
}

static void peer_record(Peer *peer)
{
	g_autoptr(Envelope) envelope = NULL;
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GPtrArray) replies = g_ptr_array_new();
	size_t len;
	const char *text;

	lmtp_session_take(peer->session, &envelope, &message);
	ck_assert_uint_gt(envelope->recipients->len, 0);
	g_string_append_printf(peer->messages, "%s|", envelope->sender);
	for (unsigned i = 0; i < envelope->recipients->len; i++) {
		const EnvelopeRecipient *recipient =
		    envelope_recipient(envelope, i);
		const char *reply = "250 2.0.0 recorded";

		if (g_str_has_prefix(recipient->address, "t-"))
			reply = "451 4.3.0 later";
		if (g_str_has_prefix(recipient->address, "p-"))
			reply = "550 5.0.0 never";
		g_ptr_array_add(replies, (gpointer)(uintptr_t)reply);
		g_string_append_printf(peer->messages, "%s%s,%s",
		    i > 0 ? ";" : "", recipient->address, recipient->original);
	}
	text = g_bytes_get_data(message, &len);
	ck_assert_uint_eq(envelope->size, len);
	g_string_append_c(peer->messages, '|');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0')
			g_string_append(peer->messages, "{NUL}");
		else
			g_string_append_c(peer->messages, text[i]);
	}
	(void)lmtp_session_finish(peer->session,
	    (const char *const *)replies->pdata, replies->len);
}

static void peer_settle(Peer *peer)
{
	do {
		peer_drain(peer);
		if (lmtp_session_wants(peer->session) == LMTP_WANTS_VERDICT)
			peer_record(peer);
		peer_drain(peer);
	} while (lmtp_session_wants(peer->session) == LMTP_WANTS_VERDICT);
}

static void peer_feed(Peer *peer, const char *bytes, size_t len)
{
	(void)lmtp_session_feed(peer->session, bytes, len);
	if (!peer->holds_verdict)
		peer_settle(peer);
}

static const char long_line[BOUND_COMMAND + 100];

static const Script scripts[] = {
	{ "nothing", "", GREETING, "" },
	{ "goodbye", "QUIT\r\nNOOP\r\n", GREETING BYE, "" },
	{ "one message", OPEN "Hi\r\n\r\nthere\r\n.\r\nQUIT\r\n",
	    OPEN_OK RECORDED BYE, "|b@x,|Hi\r\n\r\nthere\r\n" },
	{ "two on one connection",
	    OPEN "1\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
		 "2\r\n.\r\nQUIT\r\n",
	    OPEN_OK RECORDED MAIL_OK RCPT_OK DATA_OK RECORDED BYE,
	    "|b@x,|1\r\na@b|c@d,|2\r\n" },
	{ "one reply a recipient, in order, mixed",
	    "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<t-1@x>\r\nRCPT TO:<no-@x>\r\n"
	    "RCPT TO:<b@x>\r\nRCPT TO:<p-1@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
	    ".\r\nNOOP\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK
	    "451 4.3.5 Not??ours ??\r\n" RCPT_OK RCPT_OK RCPT_OK DATA_OK
	    "451 4.3.0 later\r\n" RECORDED "550 5.0.0 never\r\n" RECORDED OK,
	    "|t-1@x,;b@x,;p-1@x,;b@x,|" },
	{ "DATA pipelined though every recipient was refused",
	    "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<no-@x>\r\nDATA\r\nRSET\r\n"
	    "QUIT\r\n",
	    GREETING LHLO_REPLY MAIL_OK
	    "451 4.3.5 Not??ours ??\r\n" NO_RCPTS OK BYE,
	    "" },
	{ "case does not count, nor a blank more or less",
	    "lhlo  a \r\nmail from: <A@b> \r\nRcPt tO:<C@d>\r\ndata \r\n.\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK DATA_OK RECORDED, "A@b|C@d,|" },
	{ "a bare LF ends a command", "LHLO a\nNOOP\n", GREETING LHLO_REPLY OK,
	    "" },
	{ "SMTP is not spoken here", "HELO a\r\nEHLO a\r\n",
	    GREETING "500 5.5.1 This is LMTP: say LHLO\r\n"
		     "500 5.5.1 This is LMTP: say LHLO\r\n",
	    "" },
	{ "commands of others", "STARTTLS\r\nAUTH PLAIN\r\nBDAT 5\r\nWHAT\r\n",
	    GREETING "502 5.5.1 Not implemented\r\n"
		     "502 5.5.1 Not implemented\r\n"
		     "502 5.5.1 Not implemented\r\n"
		     "500 5.5.2 Unknown command\r\n",
	    "" },
	{ "VRFY and NOOP take anything", "VRFY ana\r\nNOOP now\r\n",
	    GREETING "252 2.5.0 Send some mail, and see\r\n" OK, "" },
	{ "LHLO wants a name, DATA and RSET want none",
	    "LHLO\r\nLHLO a\r\nRSET now\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\n"
	    "DATA now\r\nDATA\r\n.\r\n",
	    GREETING "501 5.5.4 Argument expected\r\n" LHLO_REPLY
		     "501 5.5.4 No argument expected\r\n" MAIL_OK RCPT_OK
		     "501 5.5.4 No argument expected\r\n" DATA_OK RECORDED,
	    "|b@x,|" },
	{ "nothing before LHLO",
	    "MAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\nXFORWARD NAME=a\r\n"
	    "RSET\r\n",
	    GREETING NOT_NOW NOT_NOW NOT_NOW NOT_NOW OK, "" },
	{ "order of a transaction",
	    "LHLO a\r\nRCPT TO:<b@x>\r\nDATA\r\nMAIL FROM:<>\r\nDATA\r\n"
	    "MAIL FROM:<c@d>\r\nXFORWARD NAME=a\r\n",
	    GREETING LHLO_REPLY NOT_NOW NOT_NOW MAIL_OK NO_RCPTS NOT_NOW
		NOT_NOW,
	    "" },
	{ "RSET forgets the transaction",
	    "LHLO a\r\nMAIL FROM:<1@x>\r\nRCPT TO:<1@x>\r\nRSET\r\nDATA\r\n"
	    "MAIL FROM:<2@x>\r\nRCPT TO:<2@x>\r\nDATA\r\n.\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK OK NOT_NOW MAIL_OK RCPT_OK
		DATA_OK RECORDED,
	    "2@x|2@x,|" },
	{ "so does LHLO",
	    "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<1@x>\r\nLHLO a\r\nDATA\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK LHLO_REPLY NOT_NOW, "" },
	{ "every parameter of MAIL and RCPT",
	    "LHLO a\r\nMAIL FROM:<> SIZE=99999999999 BODY=8BITMIME SMTPUTF8 "
	    "RET=HDRS ENVID=a+2Bb\r\nRCPT TO:<b@x> NOTIFY=SUCCESS,delay "
	    "ORCPT=rfc822;v+2Btok9+3Da@va.test\r\nDATA\r\n.\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK DATA_OK RECORDED,
	    "|b@x,v+tok9=a@va.test|" },
	{ "bad parameters",
	    "LHLO a\r\nMAIL FROM:<> SIZE\r\nMAIL FROM:<> SIZE=-1\r\n"
	    "MAIL FROM:<> BODY=BINARYMIME\r\nMAIL FROM:<> AUTH=<>\r\n"
	    "MAIL FROM:<> RET=FULL RET=FULL\r\nMAIL FROM:<> =\r\n"
	    "MAIL FROM:<> ENVID=+FF=\r\nRCPT TO:<b@x> NOTIFY=NEVER,DELAY\r\n"
	    "RCPT TO:<b@x> SIZE=1\r\nRCPT TO:<b@x> ORCPT\r\n",
	    GREETING LHLO_REPLY "501 5.5.4 Bad value of a parameter\r\n"
				"501 5.5.4 Bad value of a parameter\r\n"
				"501 5.5.4 Bad value of a parameter\r\n"
				"555 5.5.4 Unsupported parameter\r\n"
				"501 5.5.4 Parameter given twice\r\n"
				"501 5.5.4 Bad parameter\r\n" MAIL_OK
				"501 5.5.4 Bad value of a parameter\r\n"
				"555 5.5.4 Unsupported parameter\r\n"
				"501 5.5.4 Bad value of a parameter\r\n",
	    "" },
	{ "addresses: quotes, a source route, UTF-8, no domain",
	    "LHLO a\r\nMAIL FROM:<@r.test,@s.test:a@b>\r\n"
	    "RCPT TO:<\"a>\\\"b c\"@x>\r\nRCPT TO:<jos\xc3\xa9@x>\r\n"
	    "RCPT TO:<b\xff@x>\r\nRCPT TO:<Postmaster>\r\nDATA\r\n.\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK DATA_OK
		RECORDED RECORDED RECORDED RECORDED,
	    "a@b|\"a>\\\"b c\"@x,;jos\xc3\xa9@x,;b\xef\xbf\xbd@x,;"
	    "Postmaster,|" },
	{ "what is no address",
	    "LHLO a\r\nMAIL FROM:a@b\r\nMAIL FROM:<a@b\r\nMAIL FROM <a@b>\r\n"
	    "MAIL FROM:<a@b>x\r\nMAIL FROM:<@r>\r\nMAIL\r\nMAIL FROM:<>\r\n"
	    "RCPT TO:<>\r\n",
	    GREETING LHLO_REPLY
	    "501 5.5.4 Bad sender address\r\n501 5.5.4 Bad sender address\r\n"
	    "501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
	    "501 5.5.4 Bad sender address\r\n501 5.5.4 Bad sender address\r\n"
	    "501 5.5.4 Syntax: MAIL FROM:<address>\r\n" MAIL_OK
	    "501 5.5.4 Bad recipient address\r\n",
	    "" },
	{ "ten bad commands",
	    "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\nNOOP\r\n",
	    GREETING
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n" TOO_MANY,
	    "" },
	{ "nothing but line ends is bad, too",
	    "\r\n\n\r\n\n\r\n\n\r\n\n\r\n\n\r\n",
	    GREETING
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n500 5.5.2 Unknown command\r\n"
	    "500 5.5.2 Unknown command\r\n" TOO_MANY,
	    "" },
#define NUL_SCRIPT "NOOP\0\r\nNOOP a\rb\r\nNOOP\r\n"
	{ "NUL in a command", NUL_SCRIPT,
	    GREETING "500 5.5.2 NUL in a command\r\n" OK OK, "",
	    sizeof(NUL_SCRIPT) - 1 },
	{ "control characters in an address",
	    "LHLO a\r\nMAIL FROM:<\"a\x01z\"@b>\r\n"
	    "RCPT TO:<\"b\x7f\"@x>\r\nRCPT TO:<\"b\rc\"@x>\r\n"
	    "DATA\r\n.\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK RCPT_OK DATA_OK RECORDED
		RECORDED,
	    "\"a\xef\xbf\xbdz\"@b|\"b\xef\xbf\xbd\"@x,;"
	    "\"b\xef\xbf\xbd"
	    "c\"@x,|" },
	{ "a line too long, and still in step", NULL,
	    GREETING "500 5.5.2 Line too long\r\n" OK, "" },

	/* end of data */
	{ "the empty message", OPEN ".\r\n", OPEN_OK RECORDED, "|b@x,|" },
	{ "dots at line starts",
	    OPEN "..\r\n...\r\n.a\r\na.\r\n. \r\n.\r\r\n..\r\n.\r\n",
	    OPEN_OK RECORDED, "|b@x,|.\r\n..\r\na\r\na.\r\n \r\n\r\r\n.\r\n" },
	{ "LF . CRLF is text", OPEN "a\n.\r\nb\r\n.\r\n", OPEN_OK RECORDED,
	    "|b@x,|a\n.\r\nb\r\n" },
	{ "LF . LF is text", OPEN "a\n.\nb\r\n.\r\n", OPEN_OK RECORDED,
	    "|b@x,|a\n.\nb\r\n" },
	{ "CRLF . LF is text", OPEN "a\r\n.\nb\r\n.\r\n", OPEN_OK RECORDED,
	    "|b@x,|a\r\n\nb\r\n" },
	{ "CR . CR is text", OPEN "a\r.\rb\r\n.\r\n", OPEN_OK RECORDED,
	    "|b@x,|a\r.\rb\r\n" },
	{ "CR . CRLF is text", OPEN "a\r.\r\nb\r\n.\r\n", OPEN_OK RECORDED,
	    "|b@x,|a\r.\r\nb\r\n" },
	{ "CRLF . CR is text", OPEN "a\r\n.\rb\r\n.\r\n", OPEN_OK RECORDED,
	    "|b@x,|a\r\n\rb\r\n" },
	{ "CRLF . CR CRLF is text, and a line starts then",
	    OPEN "a\r\n.\r\r\n.\r\nNOOP\r\n", OPEN_OK RECORDED OK,
	    "|b@x,|a\r\n\r\r\n" },
	{ "a smuggled transaction stays text",
	    OPEN "a\n.\r\nMAIL FROM:<e@v>\r\nRCPT TO:<e@x>\r\nDATA\r\nb"
		 "\r\n.\r\n",
	    OPEN_OK RECORDED,
	    "|b@x,|a\n.\r\nMAIL FROM:<e@v>\r\nRCPT TO:<e@x>\r\nDATA\r\nb\r\n" },
#define NUL_DATA OPEN "a\0b\xff\r\n.\r\n"
	{ "NUL and 8-bit octets are text", NUL_DATA, OPEN_OK RECORDED,
	    "|b@x,|a{NUL}b\xff\r\n", sizeof(NUL_DATA) - 1 },
};

static void script_run(const Script *script, unsigned way)
{
	Peer peer;
	g_autoptr(GString) client = g_string_new(NULL);
	g_autoptr(GRand) random = g_rand_new_with_seed(way);
	size_t len;

	if (script->client == NULL) {
		g_string_append_len(client, long_line, sizeof(long_line));
		g_string_append(client, "\r\nNOOP\r\n");
	} else {
		len = script->client_len > 0 ? script->client_len
					     : strlen(script->client);
		g_string_append_len(client, script->client, (gssize)len);
	}

	peer_init(&peer);
	peer.holds_verdict = way == 2;
	peer_settle(&peer);
	for (size_t at = 0; at < client->len; at += len) {
		if (way == 0)
			len = client->len;
		else if (way == 1)
			len = 1;
		else
			len = (size_t)g_rand_int_range(random, 1, 30);
		len = MIN(len, client->len - at);
		peer_feed(&peer, client->str + at, len);
	}
	peer_settle(&peer);
	ck_assert_msg(strcmp(peer.server->str, script->server) == 0,
	    "%s (way %u): answered\n%s\nand not\n%s", script->label, way,
	    peer.server->str, script->server);
	ck_assert_msg(strcmp(peer.messages->str, script->messages) == 0,
	    "%s (way %u): received\n%s\nand not\n%s", script->label, way,
	    peer.messages->str, script->messages);
	peer_clear(&peer);
}

START_TEST(test_scripts)
{
	for (unsigned way = 0; way < 20; way++)
		script_run(&scripts[_i], way);
}
END_TEST

/* ---- XFORWARD and ORCPT ---- */

typedef struct XforwardCase {
	const char *lines;
	const char *address, *name, *queue_id;
	bool is_local;
} XforwardCase;

static const XforwardCase xforward_cases[] = {
	{ "", "", "", "", false },
	{ "XFORWARD NAME=mx.example.org ADDR=192.0.2.7\r\n"
	  "XFORWARD PROTO=ESMTP HELO=\xff+FF IDENT=4XYZ12 SOURCE=REMOTE\r\n",
	    "192.0.2.7", "mx.example.org", "4XYZ12", false },
	{ "XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] "
	  "PORT=[UNAVAILABLE]\r\n"
	  "XFORWARD PROTO=[UNAVAILABLE] HELO=[UNAVAILABLE] IDENT=4AB SOURCE="
	  "LOCAL\r\n",
	    "", "", "4AB", true },
	{ "XFORWARD addr=IPv6:2001:db8::1 name=[TEMPUNAVAIL] source=local\r\n",
	    "2001:db8::1", "", "", true },
	{ "XFORWARD NAME=a+20b\r\n", "", "a b", "", false },
	/* what one transaction said is not said of the next */
	{ "XFORWARD ADDR=192.0.2.7 SOURCE=LOCAL\r\nMAIL FROM:<>\r\nRSET\r\n",
	    "", "", "", false },
	/* a bad line says nothing, and nobody is local after it */
	{ "XFORWARD ADDR=192.0.2.7 COLOR=red\r\nXFORWARD SOURCE=LOCAL\r\n", "",
	    "", "", false },
	{ "XFORWARD ADDR=192.0.2.7 COLOR=red\r\nXFORWARD\r\n"
	  "XFORWARD ADDR\r\nXFORWARD ADDR=+0\r\nXFORWARD ADDR=+0A\r\n",
	    "", "", "", false },
};

START_TEST(test_xforward)
{
	const XforwardCase *c = &xforward_cases[_i];
	g_autofree char *client = g_strconcat("LHLO a\r\n", c->lines,
	    "MAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\n", NULL);
	g_autoptr(LmtpSession) session = lmtp_session_new(&config);
	g_autoptr(Envelope) envelope = NULL;
	g_autoptr(GBytes) message = NULL;

	ck_assert_int_eq(lmtp_session_feed(session, client, strlen(client)),
	    LMTP_WANTS_VERDICT);
	ck_assert_str_eq(lmtp_session_queue_id(session), c->queue_id);
	lmtp_session_take(session, &envelope, &message);
	ck_assert_str_eq(lmtp_session_queue_id(session), "");
	ck_assert_str_eq(envelope->client_address, c->address);
	ck_assert_str_eq(envelope->client_name, c->name);
	ck_assert_str_eq(envelope->queue_id, c->queue_id);
	ck_assert_int_eq(envelope->is_local, c->is_local);
}
END_TEST

typedef struct OrcptCase {
	const char *value;
	const char *original; /* "": cannot be read, and nobody is refused */
} OrcptCase;

static const OrcptCase orcpt_cases[] = {
	{ "rfc822;b@x", "b@x" },
	{ "RFC822;b+2Bt+3Da@x", "b+t=a@x" },
	{ "rfc822;b+2bt@x", "" },
	{ "rfc822;b=t@x", "" },
	{ "rfc822;", "" },
	{ "rfc822;a+C3+A9@x", "a\xc3\xa9@x" },
	{ "rfc822;a+FF@x", "" },
	{ "rfc822;b+2@x", "" },
	{ "rfc822;b+GG@x", "" },
	{ "rfc822;b+", "" },
	{ "rfc822;b+00@x", "" },
	{ "rfc822;b+0D+0A@x", "b\xef\xbf\xbd\xef\xbf\xbd@x" },
	{ "utf-8;jos\\x{E9}@x", "jos\xc3\xa9@x" },
	{ "utf-8;jos\xc3\xa9@x", "jos\xc3\xa9@x" },
	{ "UTF-8;b\\x{2B}t\\x{3D}a@x", "b+t=a@x" },
	{ "utf-8;\\x{1F600}@x", "\xf0\x9f\x98\x80@x" },
	{ "utf-8;\\x{0D}@x", "\xef\xbf\xbd@x" },
	{ "utf-8;a\xff@x", "a\xef\xbf\xbd@x" },
	{ "x400;c=us", "" },
	{ ";b@x", "" },
	{ "b@x", "" },
};

START_TEST(test_orcpt)
{
	const OrcptCase *c = &orcpt_cases[_i];
	g_autofree char *client = g_strdup_printf(
	    "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<z@x> ORCPT=%s\r\n"
	    "RCPT TO:<y@x>\r\nDATA\r\n.\r\n",
	    c->value);
	g_autofree char *expected = g_strdup_printf("|z@x,%s;y@x,|",
	    c->original);
	Peer peer;

	peer_init(&peer);
	peer_feed(&peer, client, strlen(client));
	ck_assert_str_eq(peer.messages->str, expected);
	peer_clear(&peer);
}
END_TEST

/* ---- bounds ---- */

/* What Postfix takes for an address, and says again in ORCPT. */
START_TEST(test_long_address)
{
	g_autofree char *local = g_strnfill(2000, '+');
	g_autoptr(GString) original = g_string_new(NULL);
	g_autofree char *client = NULL;
	g_autofree char *expected = NULL;
	Peer peer;

	for (unsigned i = 0; i < 2000; i++)
		g_string_append(original, "+2B");
	client = g_strdup_printf("LHLO a\r\nMAIL FROM:<%s@x>\r\n"
				 "RCPT TO:<%s@x> ORCPT=rfc822;%s@x\r\n"
				 "DATA\r\n.\r\n",
	    local, local, original->str);
	expected = g_strdup_printf("%s@x|%s@x,|", local, local);
	peer_init(&peer);
	peer_feed(&peer, client, strlen(client));
	ck_assert_str_eq(peer.messages->str, expected);
	peer_clear(&peer);
}
END_TEST

START_TEST(test_recipients)
{
	Peer peer;
	unsigned taken = 0;
	unsigned recorded = 0;
	const char *line;

	peer_init(&peer);
	peer_feed(&peer, "LHLO a\r\nMAIL FROM:<>\r\n", 22);
	for (unsigned i = 0; i < BOUND_RECIPIENTS + 10; i++)
		peer_feed(&peer, "RCPT TO:<b@x>\r\n", 15);
	for (line = peer.server->str; (line = strstr(line, RCPT_OK)) != NULL;
	     line++)
		taken++;
	ck_assert_uint_eq(taken, BOUND_RECIPIENTS);
	ck_assert(g_str_has_suffix(peer.server->str,
	    "452 4.5.3 Too many recipients\r\n"));
	peer_feed(&peer, "DATA\r\n.\r\n", 9);
	for (line = peer.server->str; (line = strstr(line, RECORDED)) != NULL;
	     line++)
		recorded++;
	ck_assert_uint_eq(recorded, BOUND_RECIPIENTS);
	peer_clear(&peer);
}
END_TEST

START_TEST(test_envelope)
{
	g_autofree char *local = g_strnfill(BOUND_ADDRESS - 2, 'a');
	g_autofree char *line = g_strdup_printf("RCPT TO:<%s@x>\r\n", local);
	Peer peer;
	unsigned taken = 0;

	peer_init(&peer);
	peer_feed(&peer, "LHLO a\r\nMAIL FROM:<>\r\n", 22);
	while (g_string_truncate(peer.server, 0),
	    peer_feed(&peer, line, strlen(line)),
	    strcmp(peer.server->str, RCPT_OK) == 0)
		taken++;
	ck_assert_str_eq(peer.server->str, "452 4.5.3 Too many recipients\r\n");
	ck_assert_uint_eq(taken, BOUND_ENVELOPE / BOUND_ADDRESS);
	peer_clear(&peer);
}
END_TEST

START_TEST(test_long_message)
{
	g_autoptr(LmtpSession) session = lmtp_session_new(&config);
	g_autoptr(Envelope) envelope = NULL;
	g_autoptr(GBytes) message = NULL;
	g_autofree char *line = g_strnfill(1000, 'x');
	const char *reply = "250 2.0.0 recorded";
	size_t fed = 0;
	const char *text;
	size_t len;

	line[0] = '.';
	line[1] = '.';
	line[998] = '\r';
	line[999] = '\n';
	(void)lmtp_session_feed(session, OPEN, strlen(OPEN));
	while (fed < 4 * BOUND_MESSAGE) {
		ck_assert_int_eq(lmtp_session_feed(session, line, 1000),
		    LMTP_WANTS_BYTES);
		ck_assert(lmtp_session_is_in_data(session));
		fed += 999; /* one dot less */
	}
	ck_assert_int_eq(lmtp_session_feed(session, ".\r\n", 3),
	    LMTP_WANTS_VERDICT);
	lmtp_session_take(session, &envelope, &message);
	text = g_bytes_get_data(message, &len);
	ck_assert_uint_eq(envelope->size, fed);
	ck_assert_uint_eq(len, BOUND_MESSAGE);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(text[i], line[1 + i % 999]);
	ck_assert_int_eq(lmtp_session_finish(session, &reply, 1),
	    LMTP_WANTS_BYTES);
	ck_assert(!lmtp_session_is_in_data(session));
}
END_TEST

/* A peer that sends and sends, and reads nothing. */
START_TEST(test_unread_replies)
{
	g_autoptr(LmtpSession) session = lmtp_session_new(&config);
	g_autoptr(GString) lines = g_string_new(NULL);
	size_t len;
	size_t n_noops = 0;

	while (lines->len + 6 <= BOUND_PIPELINE) {
		g_string_append(lines, "NOOP\r\n");
		n_noops++;
	}
	ck_assert_int_eq(lmtp_session_feed(session, lines->str, lines->len),
	    LMTP_WANTS_WRITE);
	(void)lmtp_session_output(session, &len);
	ck_assert_uint_gt(len, BOUND_OUTPUT);
	ck_assert_uint_lt(len, BOUND_OUTPUT + 100);

	size_t answered = 0;
	const char *output;

	while (output = lmtp_session_output(session, &len), len > 0) {
		answered += len;
		ck_assert_int_eq(output[len - 1], '\n');
		(void)lmtp_session_sent(session, len);
	}
	ck_assert_uint_eq(answered, strlen(GREETING) + n_noops * strlen(OK));
	ck_assert_int_eq(lmtp_session_wants(session), LMTP_WANTS_BYTES);
}
END_TEST

/* Told to wait, and going on all the same. */
START_TEST(test_flood)
{
	g_autofree char *noise = g_strnfill(BOUND_PIPELINE + 1, 'x');
	Peer peer;

	peer_init(&peer);
	peer.holds_verdict = true;
	peer_settle(&peer);
	peer_feed(&peer, OPEN ".\r\n", strlen(OPEN) + 3);
	for (unsigned i = 0; i < 10; i++)
		peer_feed(&peer, noise, strlen(noise));
	peer_settle(&peer);
	ck_assert_str_eq(peer.server->str,
	    OPEN_OK RECORDED "421 4.7.0 Too much sent unasked\r\n");
	ck_assert_int_eq(lmtp_session_wants(peer.session), LMTP_WANTS_CLOSE);
	peer_clear(&peer);
}
END_TEST

START_TEST(test_reply_is_bounded)
{
	g_autoptr(LmtpSession) session = lmtp_session_new(&config);
	g_autoptr(Envelope) envelope = NULL;
	g_autoptr(GBytes) message = NULL;
	g_autofree char *reply = g_strnfill(5000, 'x');
	const char *line = reply;
	const char *output;
	size_t len;

	(void)lmtp_session_feed(session, OPEN ".\r\n", strlen(OPEN) + 3);
	lmtp_session_take(session, &envelope, &message);
	(void)lmtp_session_output(session, &len);
	(void)lmtp_session_sent(session, len);
	(void)lmtp_session_finish(session, &line, 1);
	output = lmtp_session_output(session, &len);
	ck_assert_uint_eq(len, BOUND_REPLY_TEXT + 2);
	ck_assert(memcmp(output + len - 2, "\r\n", 2) == 0);
}
END_TEST

/* ---- ending from our side ---- */

typedef struct AbortCase {
	const char *label;
	const char *client;
	const char *server;
	const char *messages;
} AbortCase;

#define SHUTDOWN "421 4.3.2 Shutting down\r\n"
static const AbortCase abort_cases[] = {
	{ "new", "", GREETING SHUTDOWN, "" },
	{ "in a line", "LHLO", GREETING SHUTDOWN, "" },
	{ "idle", "LHLO a\r\n", GREETING LHLO_REPLY SHUTDOWN, "" },
	{ "after MAIL", "LHLO a\r\nMAIL FROM:<>\r\n",
	    GREETING LHLO_REPLY MAIL_OK SHUTDOWN, "" },
	{ "after RCPT", "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\n",
	    GREETING LHLO_REPLY MAIL_OK RCPT_OK SHUTDOWN, "" },
	{ "in DATA", OPEN "hello", OPEN_OK SHUTDOWN, "" },
	{ "recording", OPEN ".\r\n", OPEN_OK RECORDED SHUTDOWN, "|b@x,|" },
	{ "recording, with more pipelined", OPEN ".\r\nMAIL FROM:<>\r\n",
	    OPEN_OK RECORDED SHUTDOWN, "|b@x,|" },
	{ "closed", "QUIT\r\n", GREETING BYE, "" },
};

START_TEST(test_abort)
{
	const AbortCase *c = &abort_cases[_i];
	Peer peer;

	peer_init(&peer);
	peer.holds_verdict = true;
	peer_feed(&peer, c->client, strlen(c->client));
	(void)lmtp_session_abort(peer.session, "421 4.3.2 Shutting down");
	(void)lmtp_session_abort(peer.session, "421 4.3.2 Twice");
	peer_feed(&peer, "NOOP\r\n", 6);
	peer_settle(&peer);
	ck_assert_str_eq(peer.server->str, c->server);
	ck_assert_str_eq(peer.messages->str, c->messages);
	ck_assert_int_eq(lmtp_session_wants(peer.session), LMTP_WANTS_CLOSE);
	peer_clear(&peer);
}
END_TEST

/* Whatever it is left with is freed (leak checkers see the rest). */
START_TEST(test_free_anywhere)
{
	static const char all[] = OPEN "text\r\n.\r\nMAIL FROM:<>\r\n";

	for (size_t len = 0; len < sizeof(all); len++) {
		LmtpSession *session = lmtp_session_new(&config);

		(void)lmtp_session_feed(session, all, len);
		lmtp_session_free(session);
	}
	lmtp_session_free(NULL);
}
END_TEST

static Suite *session_suite(void)
{
	Suite *suite = suite_create("session");
	TCase *tcase = tcase_create("session");

	tcase_add_loop_test(tcase, test_scripts, 0, (int)G_N_ELEMENTS(scripts));
	tcase_add_loop_test(tcase, test_xforward, 0,
	    (int)G_N_ELEMENTS(xforward_cases));
	tcase_add_loop_test(tcase, test_orcpt, 0,
	    (int)G_N_ELEMENTS(orcpt_cases));
	tcase_add_test(tcase, test_long_address);
	tcase_add_test(tcase, test_recipients);
	tcase_add_test(tcase, test_envelope);
	tcase_add_test(tcase, test_long_message);
	tcase_add_test(tcase, test_unread_replies);
	tcase_add_test(tcase, test_flood);
	tcase_add_test(tcase, test_reply_is_bounded);
	tcase_add_loop_test(tcase, test_abort, 0,
	    (int)G_N_ELEMENTS(abort_cases));
	tcase_add_test(tcase, test_free_anywhere);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(session_suite)
