/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "doctor.h"

/* One examination; the checks are in doctor_files.c,
   doctor_postfix.c, doctor_sockets.c, doctor_ways.c and doctor_asks.c. */
typedef struct Doctor {
	const Settings *settings;
	const Postconf *postconf; /* or NULL */
	int64_t now;
	const char *check; /* the one that runs */
	GPtrArray *findings;
	char *lmtp, *map, *policy; /* as Postfix calls our sockets; NULL
				      without one */
	char *transport; /* what transport_maps says of a bounce; NULL: not
			    asked yet */
	bool is_signing, is_verifying, is_enforcing; /* as Postfix is wired */
} Doctor;

/* Tells what is wrong; MEND is taken, NULL is "". */
void found(Doctor *doctor, FindingLevel level, char *mend, const char *format,
    ...) G_GNUC_PRINTF(4, 5);

/* Whether the socket NAME ("unix:private/x", "unix:/x", "inet:...") takes
   QUESTION ("" asks nothing) with an answer that begins with ANSWER; tells it
   if not. */
void ask_socket(Doctor *doctor, const char *name, const char *question,
    const char *answer);

/* A parameter of main.cf, expanded; "" without. */
const char *doctor_value(const Doctor *doctor, const char *name);
/* The first bounce domain, or "". */
const char *doctor_domain(const Doctor *doctor);
/* An address such as bounces come to, with BEFORE in front of it; g_free() it.
 */
char *doctor_return_path(const Doctor *doctor, const char *before);
/* What KEY is in TABLES of the parameter NAME; NULL when they cannot be asked,
   which is told.  g_free() it. */
char *doctor_ask_tables(Doctor *doctor, const char *name, const char *tables,
    const char *key);
/* TABLES without those whose file is not there; g_free() it. */
char *doctor_present(const char *tables);
/* Whether Postfix's user has BITS (of 7) on PATH and may go there; else
   *RET_WHERE (g_free() it) is what is in the way. */
bool postfix_may(const Doctor *doctor, const char *path, unsigned bits,
    char **ret_where);
/* The service that bounces are delivered by, or NULL. */
const PostfixService *doctor_transport(const Doctor *doctor);
bool doctor_is_yes(const char *text);
/* The command that mends NAME, of the wiring of PLACES (bits); NULL when that
   is in place.  g_free() it. */
char *doctor_mend(const Doctor *doctor, unsigned places, const char *name);
/* "postconf -e 'NAME = WANTED'"; g_free() it. */
char *doctor_set(const char *name, const char *wanted);
/* Whether bounces come by pipe(8), as far as check_transport() has seen. */
bool is_by_pipe(const Doctor *doctor);

/* Whether SERVICE has its addresses rewritten by our map `sign`. */
bool asks_to_sign(const Postconf *postconf, const PostfixService *service);

/* Whether RESTRICTIONS, expanded, ask our policy service. */
bool asks_policy(const Doctor *doctor, const char *restrictions);

typedef void (*DoctorCheck)(Doctor *doctor);

/* doctor_files.c: our side */
void check_files(Doctor *doctor);
void check_keys(Doctor *doctor);
void check_rules(Doctor *doctor);
void check_store(Doctor *doctor);
void check_store_writable(Doctor *doctor);
void check_disk(Doctor *doctor);
void check_clock(Doctor *doctor);
void check_daemon(Doctor *doctor);

/* The rest only when there is a Postfix.  doctor_postfix.c: intake, and what
   main.cf says */
void check_domain_taken(Doctor *doctor);
void check_transport(Doctor *doctor);
void check_transport_service(Doctor *doctor);
void check_soft_bounce(Doctor *doctor);
void check_notify(Doctor *doctor);
void check_own_hosts(Doctor *doctor);
void check_newline(Doctor *doctor);
void check_smtputf8(Doctor *doctor);
void check_delimiter(Doctor *doctor);
void check_lifetimes(Doctor *doctor);
void check_timeouts(Doctor *doctor);
void check_processes(Doctor *doctor);
void check_size(Doctor *doctor);

/* doctor_sockets.c */
void check_socket(Doctor *doctor);
void check_map_sockets(Doctor *doctor);

/* doctor_ways.c: what turns mail from its way */
void check_pause_map(Doctor *doctor);
void check_bypass(Doctor *doctor);
void check_deferred(Doctor *doctor);
void check_filter(Doctor *doctor);
void check_rewriting(Doctor *doctor);

/* doctor_asks.c: sign, verify, enforce */
void check_verp(Doctor *doctor);
void check_generic(Doctor *doctor);
void check_signing(Doctor *doctor);
void check_outsiders(Doctor *doctor);
void check_reinjection(Doctor *doctor);
void check_verifying(Doctor *doctor);
void check_enforcing(Doctor *doctor);
