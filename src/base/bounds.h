/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every quantity a peer can choose has its bound here.  Not "limits.h": a
   private header must not bear the name of a system one. */
enum {
	/* LMTP (RFC 5321, 4.5.3.1) */
	BOUND_COMMAND = 10 * 1024, /* 512 in the RFC; Postfix takes addresses of
				      about 2,000 octets and says them again
				      in ORCPT, there in up to 6,000 */
	BOUND_RECIPIENTS = 1000,   /* at least 100 must be taken */
	BOUND_BAD_COMMANDS = 10,   /* then 421 and good-bye, as Dovecot */
	BOUND_ADDRESS = 1024, /* XVERP addresses outgrow the RFC's 64 + 255 */
	BOUND_ENVELOPE = 64 * 1024, /* octets of addresses in one envelope */
	BOUND_REPLY_TEXT = 200,     /* Postfix logs it whole */
	BOUND_PIPELINE = 32 * 1024, /* kept unread, the size of one read */
	BOUND_OUTPUT = 16 * 1024, /* replies unsent beyond which nothing is read
				     on */

	/* what smtpd(8) and smtp(8) ask */
	BOUND_REQUEST = 16 * 1024, /* one question, with all its attributes */
	BOUND_MAP_VALUE = 2000,    /* an address, or an action with its text */

	BOUND_STALE = 100 * 1000, /* microseconds that "not suppressed" may be
				     said from memory after another process
				     wrote otherwise */

	/* return-path tokens */
	BOUND_LOCAL = 64,   /* of what we mint (RFC 5321, 4.5.3.1.1) */
	BOUND_WRAPPERS = 4, /* SRS0 in SRS1 in prvs in quotes */

	/* a message */
	BOUND_MESSAGE = 256 * 1024, /* judged; the rest is read and dropped */
	BOUND_HEADERS = 64 * 1024,  /* of which this much header is parsed */
	BOUND_STRUCTURE = 4096,     /* lines that may be header or boundary */
	BOUND_PARTS = 64,           /* MIME parts looked at */
	BOUND_DEPTH = 16,           /* MIME levels looked into */
	BOUND_FIELD_LINES = 4096,   /* of a delivery-status part */
	BOUND_GROUPS = 200,         /* recipients of one report */
	BOUND_FIELD = 8 * 1024,     /* one field's value */
	BOUND_TEXT = 64 * 1024,     /* decoded human-readable text */

	/* what is kept of it */
	BOUND_DIAGNOSTIC = 1000, /* diagnostic text in the store */
	BOUND_MATCHED = 200,     /* the text that a rule matched */
	BOUND_KEPT = 16 * 1024,  /* a message that waits for review */
	BOUND_SHAPE = 300,       /* the shape of a text */
	BOUND_NAME = 255, /* a host name, a queue id, a message id's log form */

	/* lists of addresses that others wrote */
	BOUND_LIST_RECORD = 64 * 1024, /* one line or object */
	BOUND_LIST_NOTE = 300,         /* what one says of why */
	BOUND_LIST_SHOWN = 100,        /* of an address that is none */
	/* Postfix's log */
	BOUND_LOG_READ = 8 * 1024, /* of one line; the rest is dropped */
	BOUND_LOG_JOINS = 200000,  /* our messages in the queue at a time */
	BOUND_LOG_SENDERS = 10000, /* senders remembered */

	/* what is said of it */
	BOUND_LOG_LINE = 2000,

	/* PCRE2, per match (pcre2api(3), "Setting match limits") */
	BOUND_MATCH = 100000,
	BOUND_MATCH_DEPTH = 1000,
	BOUND_MATCH_HEAP = 1024, /* kibibytes */

	/* rules */
	BOUND_PATTERN = 4096,     /* octets of one pattern */
	BOUND_RULES = 10000,      /* in one set, and as many patterns */
	BOUND_WORDS = 5000,       /* in all lists of words */
	BOUND_WORD = 200,         /* octets of one entry */
	BOUND_DOUBTED = 600,      /* of one that is asked against its code */
	BOUND_JUDGED = 16 * 1024, /* of one text that patterns are tried on */

	/* configuration, keys and rules */
	BOUND_FILE = 4 * 1024 * 1024,
	BOUND_KEYS = 32,
	BOUND_CAMPAIGN = 32, /* a campaign's name */
};
