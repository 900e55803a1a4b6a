/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* What a message says, as facts and without judgement.  src/mail writes it
   from bytes, src/core judges it.  Absent text is "", never NULL; text is
   valid UTF-8, unfolded, bounded by bounds.h. */

typedef enum ReportKind {
	REPORT_NONE,       /* an ordinary message: not a report */
	REPORT_DSN,        /* delivery status, RFC 3464 or any other make */
	REPORT_COMPLAINT,  /* RFC 5965 feedback report */
	REPORT_AUTO_REPLY, /* RFC 3834 */
	REPORT_CHALLENGE,
	REPORT_UNSUBSCRIBE,
	REPORT_RECEIPT, /* RFC 8098 disposition notification */
} ReportKind;

/* RFC 3464, 2.3.3 */
typedef enum ReportAction {
	ACTION_NONE, /* no Action field, or one that is none of these */
	ACTION_FAILED,
	ACTION_DELAYED,
	ACTION_DELIVERED,
	ACTION_RELAYED,
	ACTION_EXPANDED,
} ReportAction;

/* Where the SMTP dialogue ended, when the report tells. */
typedef enum SmtpStage {
	STAGE_UNKNOWN,
	STAGE_CONNECT, /* connecting, greeting */
	STAGE_HELO,
	STAGE_TLS,
	STAGE_AUTH,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA, /* the DATA command itself */
	STAGE_DOT,  /* end of data */
} SmtpStage;

/* One recipient of a report: one per-recipient field group of RFC 3464, 2.3,
   or what another make says in its own way. */
typedef struct ReportRecipient {
	char *final_recipient;    /* the address alone, xtext/utf-8 decoded */
	char *original_recipient; /* the same */
	ReportAction action;
	char *status;          /* "5.1.1": the first code in the Status field */
	char *diagnostic_type; /* "smtp", "x-postfix", "x-unix": lower case */
	char *diagnostic; /* Diagnostic-Code behind the type; of a notice for
			     people the reply it quotes, or the reason */
	char *remote_mta; /* host name alone */
	SmtpStage stage;
	char *text;    /* what the human-readable part says of this one */
	unsigned part; /* MIME part it came from, counted from 1; 0 unknown */
} ReportRecipient;

/* One MIME part seen on the way, for `classify --explain`. */
typedef struct ReportPart {
	unsigned depth;
	char *content_type; /* "message/delivery-status", lower case */
	uint64_t size;      /* decoded octets */
} ReportPart;

#define REPORT_DIGEST 32 /* SHA-256 */

typedef struct Report {
	ReportKind kind;
	char *format; /* the reader that recognised it: "rfc3464", "arf"… */

	/* the message's own header */
	char *from; /* address alone */
	char *to; /* the same, or whom it was delivered to: of a bounce, who had
		     sent what came back */
	char *subject;          /* decoded */
	char *message_id;       /* without angle brackets */
	char *received_id;      /* queue id in the topmost Received field */
	bool has_travelled;     /* a Received field says that it came by SMTP */
	bool is_auto_submitted; /* RFC 3834 says so, or a header of its kind */

	/* per-message fields of RFC 3464, 2.2 */
	char *reporting_mta;  /* host name alone */
	char *postfix_sender; /* X-Postfix-Sender, address alone */
	char *envelope_id;    /* Original-Envelope-Id */
	int64_t arrival; /* Arrival-Date, seconds since the Epoch; 0 absent */
	GPtrArray *recipients; /* of ReportRecipient; may be empty */

	/* RFC 5965 */
	char *feedback_type;      /* "abuse", "not-spam"…: lower case */
	char *original_mail_from; /* address alone */

	/* the returned message, or as much of it as there is */
	char *returned_message_id;  /* without angle brackets */
	char *returned_return_path; /* address alone */
	char *returned_from;        /* first address of From: */
	char *returned_to;          /* the same of To: */
	bool is_returned_to_alone;  /* To: and Cc: name no other, and it came by
				       no discussion list */
	char *feedback_id;          /* CFBL-Feedback-ID (RFC 9477) */

	char *text;         /* first human-readable part, decoded */
	unsigned text_part; /* its number, 0 when there is none */
	GPtrArray *parts;   /* of ReportPart, in order of appearance */
	bool is_truncated;  /* a bound of bounds.h cut something off */

	/* What makes the report itself: its machine-readable part
	   (delivery-status, feedback-report), else the text, else the body.
	   Never headers that a requeue adds (reference/postfix.md: after
	   postsuper -r one more Received: and another queue id). */
	GBytes *substance;
} Report;

Report *report_new(void);
void report_free(Report *report);
/* Appends an empty recipient (or part) that REPORT owns, and lends it. */
ReportRecipient *report_add_recipient(Report *report);
ReportPart *report_add_part(Report *report);

/* SHA-256 of its substance. */
void report_digest(const Report *report, uint8_t ret_digest[REPORT_DIGEST]);

static inline const ReportRecipient *report_recipient(const Report *report,
    unsigned i)
{
	return g_ptr_array_index(report->recipients, i);
}

/* Names as in RFC 3464 ("failed") and in rules ("rcpt"); "" for none. */
const char *action_name(ReportAction action);
const char *stage_name(SmtpStage stage);
const char *report_kind_name(ReportKind kind);
bool stage_from_name(const char *name, SmtpStage *ret_stage);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)
