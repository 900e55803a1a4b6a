/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "answers.h"
#include "listen.h"
#include "settings.h"

/* The thread that answers what Postfix asks: socketmaps and the policy service.
   It waits for nobody: neither for the recorder's transaction, nor for the main
   loop.  All functions are the main thread's. */
typedef struct Responder Responder;

/* Which protocol is spoken on a socket. */
typedef enum Service {
	SERVICE_MAP,
	SERVICE_POLICY,
} Service;

/* ANSWERS is taken. */
Responder *responder_new(Answers *answers, unsigned connection_limit);
/* LISTENER is taken; before responder_start() only. */
void responder_add(Responder *responder, Service service, Listener *listener);
/* Lets Postfix in.  Without a listener it does nothing. */
void responder_start(Responder *responder);
/* From now on as JUDGE (a reference is taken) says. */
/* Has what it counted written, before the recorder ends. */
void responder_flush(Responder *responder);
void responder_judge(Responder *responder, Judge *judge);
/* "unix:..., inet:..."; g_free() it. */
char *responder_names(const Responder *responder);
/* Hangs up on all and waits for the thread. */
void responder_free(Responder *responder);
