/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/* One connection on which Postfix asks and we answer at once, without I/O:
   bytes go in, replies come out.  It speaks one of two protocols, and has never
   heard of a socket or a store. */
typedef struct Dialogue Dialogue;

/* ---- socketmap_table(5) ---- */

typedef enum MapStatus {
	MAP_OK,       /* TEXT is the value */
	MAP_NOTFOUND, /* there is none, and that is all */
	MAP_TEMP,     /* not now: TEXT says why */
	MAP_PERM,     /* never: TEXT says why */
} MapStatus;

typedef struct MapReply {
	MapStatus status;
	char *text; /* NULL is ""; freed by the dialogue */
} MapReply;

/* Looks KEY up in MAP.  Both are lent, valid UTF-8 without controls: what is
   not is MAP_NOTFOUND without asking. */
typedef MapReply (*MapLookUp)(void *data, const char *map, const char *key);

/* DATA is lent for the dialogue's life. */
Dialogue *dialogue_new_socketmap(MapLookUp look_up, void *data);

/* ---- SMTPD_POLICY_README ---- */

/* What smtpd(8) tells of the mail in hand, as far as we ask.  Absent is "". */
typedef struct PolicyRequest {
	const char *protocol_state; /* "RCPT", "DATA", "END-OF-MESSAGE"… */
	const char *sender;         /* of the envelope, "" is the null sender */
	const char *recipient;      /* empty in DATA when there are several */
	const char *recipient_count;
	const char *client_address;
	const char *client_name;
	const char *sasl_username;
	const char *queue_id;
	const char *instance; /* the same for all questions on one message */
} PolicyRequest;

/* Decides: an access(5) action of one line ("DUNNO", "550 5.7.1 …"), g_free()d
   by the dialogue. */
typedef char *(*PolicyDecide)(void *data, const PolicyRequest *request);

/* DATA is lent to DECIDE, which is called from dialogue_feed(). */
Dialogue *dialogue_new_policy(PolicyDecide decide, void *data);

/* ---- both ---- */

void dialogue_free(Dialogue *dialogue);

/* Feeds LEN octets, any split, and answers every question that is complete.
   False when the peer does not speak this protocol, or asks at more than
   BOUND_REQUEST octets: write what is left, then close.  Feed no more while
   BOUND_OUTPUT octets of output wait. */
bool dialogue_feed(Dialogue *dialogue, const char *bytes, size_t len);

/* Replies waiting to be written, lent until the next call; after writing N of
   them call _sent(). */
const char *dialogue_output(const Dialogue *dialogue, size_t *ret_len);
void dialogue_sent(Dialogue *dialogue, size_t n);

/* Inside a question: for time-outs. */
bool dialogue_is_in_request(const Dialogue *dialogue);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dialogue, dialogue_free)
