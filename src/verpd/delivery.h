/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deliver.h"
#include "envelope.h"

/* One message on its way through the daemon.  It has one holder at a time, so
   no lock: the server makes it, an analyst understands it, the recorder stores
   it, and the server answers for it. */
typedef struct Delivery {
	Judge *judge; /* the one of the moment it came in */
	Envelope *envelope;
	GBytes *message;     /* until analysed */
	Analysis *analysis;  /* until recorded */
	GPtrArray *outcomes; /* of Outcome, once recorded */
	GError *error;       /* or why it was not */
	GPtrArray *replies;  /* of char *, one for each recipient */
	/* the connection that waits for it, NULL if it has gone; only the
	   main thread looks here */
	void *owner;
} Delivery;

/* Takes ENVELOPE and MESSAGE. */
Delivery *delivery_new(Judge *judge, Envelope *envelope, GBytes *message);
void delivery_free(Delivery *delivery);
/* What it says: pure, on any thread.  The message itself is let go. */
void delivery_analyse(Delivery *delivery);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Delivery, delivery_free)
