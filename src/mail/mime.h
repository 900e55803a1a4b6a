/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include "wordbook.h"

/* A message taken apart: what the readers of reports read. */
typedef struct Mail Mail;

/* One MIME part, of the message itself: what stands inside a message/rfc822 is
   somebody else's and is not taken apart. */
typedef struct MailPart {
	unsigned number; /* from 1, in order of appearance */
	unsigned depth;
	char *type;         /* "text/plain", lower case */
	char *charset;      /* "" when it has none */
	bool is_attachment; /* Content-Disposition says so */
	bool is_message;    /* its octets are a message, as it came */
	bool is_wrapped;    /* a filter says that the mail came as this */
	const char *octets; /* decoded; none for a multipart */
	size_t len;
	GByteArray *decoded; /* what they lie in, or NULL: in the message */
} MailPart;

/* Never NULL: malformed mail has less in it.  WORDS, by which it is read, are
   lent for its life. */
Mail *mail_open(const WordBook *words, const char *bytes, size_t len);
void mail_close(Mail *mail);
const WordBook *mail_words(const Mail *mail);

/* A bound cut something off. */
bool mail_is_truncated(const Mail *mail);

/* A header field of the message, unfolded and decoded; "" when there is none
   such.  Lent. */
const char *mail_header(const Mail *mail, const char *name);
/* Whether a Received field says "from": it came by SMTP, once or more often
   (RFC 5321, 4.4).  What Postfix writes itself, or takes from a program of its
   host, says "by" alone. */
bool mail_has_travelled(const Mail *mail);
/* The report-type of a multipart/report (RFC 6522, 3), or "". */
const char *mail_report_type(const Mail *mail);

/* The parts, a multipart before its children. */
unsigned mail_n_parts(const Mail *mail);
const MailPart *mail_part(const Mail *mail, unsigned i);
/* The first part of TYPE, or NULL. */
const MailPart *mail_find(const Mail *mail, const char *type);

/* The part that a person would read first, or NULL: the first text/plain or
   text/html that is not empty; of an HTML text that has an alternative, that. */
const MailPart *mail_text_part(const Mail *mail);
/* What it says: UTF-8, lines ended by LF, HTML as words, at most BOUND_TEXT;
   "" when there is none.  A signature is blanks.  Lent. */
const char *mail_text(const Mail *mail);

/* PART's octets as text, as mail_text() gives them.  g_free() it. */
char *mail_part_text(const Mail *mail, const MailPart *part);

/* The body as it came, decoded by nobody, lines ended by LF. */
const char *mail_body(const Mail *mail, size_t *ret_len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mail, mail_close)
