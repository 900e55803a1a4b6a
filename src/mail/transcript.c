/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The SMTP dialogue, as sendmail and others quote it in a bounce:

     ... while talking to mx.example.org.:
     >>> RCPT To:<ana@example.org>
     <<< 550 5.1.1 <ana@example.org>... User unknown
     550 5.1.1 <ana@example.org>... User unknown

   With PIPELINING the reply to RCPT comes after ">>> DATA", and only what it
   says shows whose it is.

   sendmail 5 has a summary of its own for every refusal that was none of RCPT,
   and what the other side said is above it:

     >>> MAIL From:<news@lists.example>
     <<< 501 <news@lists.example>... no access
     554 <ana@example.org>... Remote protocol error */

#include "transcript.h"

#include "bounds.h"
#include "dsn_words.h"
#include "names.h"
#include "notice.h"
#include "text.h"

#include <string.h>

typedef struct Transcript {
	Report *report;
	bool is_adding; /* nobody has named the recipients */
	bool is_seen;   /* a line of dialogue was */
	SmtpStage stage;
	char *address;     /* of the last RCPT, or NULL */
	char *sender;      /* of the last MAIL, or NULL */
	char *host;        /* or NULL */
	unsigned n_hosts;  /* talked to so far */
	GHashTable *heard; /* recipient → n_hosts when its reply was taken */
	GString *reply;    /* its lines so far */
	char *unclaimed;   /* a reply about nobody, from this host; or NULL */
	SmtpStage unclaimed_stage;
} Transcript;

/* The address that REPLY names in angle brackets, or NULL. */
static char *named_address(const char *reply)
{
	const char *open = strchr(reply, '<');
	const char *close = open != NULL ? strchr(open, '>') : NULL;

	if (close == NULL || close - open > BOUND_ADDRESS ||
	    memchr(open, '@', (size_t)(close - open)) == NULL)
		return NULL;
	return name_address(open);
}

/* Whom a reply is about, or NULL. */
static ReportRecipient *recipient_of(Transcript *transcript, const char *reply)
{
	Report *report = transcript->report;
	g_autofree char *named = named_address(reply);
	const char *address = named;
	ReportRecipient *recipient = NULL;

	/* "<<< 501 <ben@example.net>... no access" refuses the sender */
	if (named != NULL && transcript->sender != NULL &&
	    g_ascii_strcasecmp(named, transcript->sender) == 0)
		return NULL;

	if (address != NULL)
		recipient = notice_find(report, address);
	if (recipient == NULL && transcript->address != NULL) {
		recipient = notice_find(report, transcript->address);
		address = transcript->address;
	}
	if (recipient == NULL && transcript->is_adding && address != NULL &&
	    *address != '\0')
		recipient = notice_add(report, address, "");
	if (recipient == NULL && report->recipients->len == 1)
		recipient = g_ptr_array_index(report->recipients, 0);
	return recipient;
}

/* The code that the diagnostic had is not the one that replaces it has. */
static void set_diagnostic(ReportRecipient *recipient, const char *reply)
{
	g_autofree char *was = dsn_find_status(recipient->diagnostic);

	text_take(&recipient->diagnostic,
	    text_printable(reply, strlen(reply), BOUND_FIELD));
	text_take(&recipient->diagnostic_type, g_strdup("smtp"));
	if (strcmp(recipient->status, was) == 0)
		text_take(&recipient->status,
		    dsn_find_status(recipient->diagnostic));
}

/* REPLY may be the one that the report gives as RECIPIENT's: another code is
   what another host said. */
static bool is_told(const ReportRecipient *recipient, const char *reply)
{
	const char *told = recipient->diagnostic;

	return !g_ascii_isdigit(*told) || strncmp(told, reply, 3) == 0;
}

static void take_reply(Transcript *transcript, ReportRecipient *recipient,
    const char *reply, SmtpStage stage)
{
	unsigned heard = GPOINTER_TO_UINT(g_hash_table_lookup(transcript->heard,
	    recipient));
	/* the first host was busy, and the next one was asked */
	bool is_again = heard != 0 && heard < transcript->n_hosts;

	if (heard == 0 && !is_told(recipient, reply))
		return;
	/* pipelined: see above */
	if (stage == STAGE_DATA && strchr(reply, '<') != NULL)
		stage = STAGE_RCPT;
	if (recipient->stage == STAGE_UNKNOWN || is_again)
		recipient->stage = stage;
	if ((*recipient->remote_mta == '\0' || is_again) &&
	    transcript->host != NULL)
		text_take(&recipient->remote_mta, g_strdup(transcript->host));
	if (*recipient->diagnostic != '\0' && !is_again) {
		if (*recipient->status == '\0' && is_told(recipient, reply))
			text_take(&recipient->status, dsn_find_status(reply));
		return;
	}
	set_diagnostic(recipient, reply);
	g_hash_table_insert(transcript->heard, recipient,
	    GUINT_TO_POINTER(MAX(transcript->n_hosts, 1)));
}

/* A whole reply of the other side. */
static void end_reply(Transcript *transcript)
{
	const char *reply = transcript->reply->str;
	ReportRecipient *recipient = recipient_of(transcript, reply);

	if (recipient != NULL) {
		take_reply(transcript, recipient, reply, transcript->stage);
	} else {
		text_take(&transcript->unclaimed, g_strdup(reply));
		transcript->unclaimed_stage = transcript->stage;
	}
	g_string_truncate(transcript->reply, 0);
}

/* sendmail's own summary: "550 <ana@example.org>... why" */
static void read_summary(Transcript *transcript, const char *line)
{
	ReportRecipient *recipient = recipient_of(transcript, line);

	if (recipient == NULL)
		return;
	if (transcript->unclaimed != NULL &&
	    (strstr(line, "... Remote protocol error") != NULL ||
		strstr(line, "... Service unavailable") != NULL))
		take_reply(transcript, recipient, transcript->unclaimed,
		    transcript->unclaimed_stage);
	else
		take_reply(transcript, recipient, line, STAGE_UNKNOWN);
	/* said of a refused RCPT alone: what seemed to answer a pipelined DATA
	   was for RCPT */
	if (recipient->stage == STAGE_DATA &&
	    strstr(line, "... User unknown") != NULL)
		recipient->stage = STAGE_RCPT;
}

static bool is_refusal(const char *line)
{
	return (*line == '4' || *line == '5') && g_ascii_isdigit(line[1]) &&
	       g_ascii_isdigit(line[2]) && (line[3] == ' ' || line[3] == '-');
}

static SmtpStage command_stage(const char *command)
{
	static const struct {
		const char *verb;
		SmtpStage stage;
	} verbs[] = {
		{ "EHLO", STAGE_HELO },
		{ "HELO", STAGE_HELO },
		{ "LHLO", STAGE_HELO },
		{ "STARTTLS", STAGE_TLS },
		{ "AUTH", STAGE_AUTH },
		{ "MAIL", STAGE_MAIL },
		{ "RCPT", STAGE_RCPT },
		{ "DATA", STAGE_DATA },
		{ ".", STAGE_DOT },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(verbs); i++)
		if (g_ascii_strncasecmp(command, verbs[i].verb,
			strlen(verbs[i].verb)) == 0)
			return verbs[i].stage;
	return STAGE_UNKNOWN;
}

static void read_command(Transcript *transcript, const char *command)
{
	transcript->stage = command_stage(command);
	if (transcript->stage == STAGE_MAIL) {
		g_free(transcript->sender);
		transcript->sender = named_address(command);
	}
	if (transcript->stage != STAGE_RCPT)
		return;
	g_free(transcript->address);
	transcript->address = named_address(command);
}

static void read_reply(Transcript *transcript, const char *reply)
{
	if (!is_refusal(reply))
		return;
	if (transcript->reply->len > 0)
		g_string_append_c(transcript->reply, ' ');
	if (transcript->reply->len < BOUND_FIELD)
		g_string_append(transcript->reply, reply);
	if (reply[3] == '-')
		return;
	end_reply(transcript);
}

/* How programs mark what was said, and what was answered.  Of those that begin
   with a blank something stands before, such as a time. */
static const struct {
	const char *command;
	const char *reply;
} marks[] = {
	{ ">>> ", "<<< " },               /* sendmail */
	{ "In:  ", "Out: " },             /* Postfix, smtpd(8) */
	{ " --> ", " <-- " },             /* MDaemon */
	{ "Sent <<< ", "Received >>> " }, /* InterScan */
	{ "Sent >>> ", "Received <<< " },
	{ "hMailServer sent: ", "Remote server replied: " },
	{ "-> ", "<- " },
};

/* Behind MARK in LINE, or NULL. */
static const char *skip_mark(const char *line, const char *mark)
{
	const char *at = *mark == ' ' ? strstr(line, mark) : line;

	if (at == NULL || !g_str_has_prefix(at, mark))
		return NULL;
	return at + strlen(mark);
}

static bool read_dialogue(Transcript *transcript, const char *line)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(marks); i++) {
		const char *said = skip_mark(line, marks[i].command);
		const char *answer = skip_mark(line, marks[i].reply);

		if (said != NULL)
			read_command(transcript, said);
		else if (answer != NULL)
			read_reply(transcript, answer);
		else
			continue;
		return true;
	}
	return false;
}

/* One of several has been refused for good: what the next host says is of
   another, whose accepted RCPT the transcript does not show. */
static void forget_refused(Transcript *transcript)
{
	const ReportRecipient *recipient;

	if (transcript->address == NULL ||
	    transcript->report->recipients->len < 2)
		return;
	recipient = notice_find(transcript->report, transcript->address);
	if (recipient != NULL && *recipient->diagnostic == '5')
		g_clear_pointer(&transcript->address, g_free);
}

static void read_line(Transcript *transcript, const char *line)
{
	static const char talking[] = "while talking to ";
	const char *host = strstr(line, talking);

	if (host == NULL && g_str_has_prefix(line, "While talking to "))
		host = line; /* sendmail 5 */
	if (host != NULL) {
		size_t len;

		host += strlen(talking);
		len = strcspn(host, " \t:");
		while (len > 0 && host[len - 1] == '.')
			len--;
		g_free(transcript->host);
		transcript->host = text_utf8(host, len, BOUND_NAME);
		transcript->stage = STAGE_CONNECT;
		transcript->n_hosts++;
		g_clear_pointer(&transcript->unclaimed, g_free);
		forget_refused(transcript);
	} else if (read_dialogue(transcript, line)) {
		transcript->is_seen = true;
	} else if (is_refusal(line) && strstr(line, "...") != NULL) {
		read_summary(transcript, line);
	}
}

bool transcript_read(Report *report, const char *text, const char *end)
{
	g_autoptr(GString) reply = g_string_new(NULL);
	g_autoptr(GHashTable) heard = g_hash_table_new(NULL, NULL);
	Transcript transcript = {
		.report = report,
		.is_adding = report->recipients->len == 0,
		.heard = heard,
		.reply = reply,
	};

	for (const char *p = text; p < end;) {
		size_t len = strcspn(p, "\n");
		g_autofree char *line = text_utf8(p, len, BOUND_FIELD);

		read_line(&transcript, g_strchug(line));
		p += len;
		p += *p == '\n';
	}
	g_free(transcript.address);
	g_free(transcript.sender);
	g_free(transcript.host);
	g_free(transcript.unclaimed);
	return transcript.is_seen;
}
