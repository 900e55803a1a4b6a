/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "delivery.h"
#include "settings.h"
#include "store.h"

/* The one thread that writes to the store.  It takes analysed messages one by
   one, each its own transaction, syncs once for as many as were waiting, and
   only then hands them back. */
typedef struct Recorder Recorder;

/* Called in the main loop. */
typedef struct RecorderHooks {
	/* Each of DELIVERIES (taken, of Delivery) has its replies. */
	void (*recorded)(void *data, GPtrArray *deliveries);
	/* A sync failed.  Nothing may be acknowledged any more. */
	void (*failed)(void *data, const GError *error);
	/* After recorder_stop(): everything is recorded, the store closed. */
	void (*stopped)(void *data);
	/* In the recorder's thread, and once it is committed: mail to ADDRESS
	   is held back by what was recorded. */
	void (*held)(void *data, const char *address);
	void *data;
} RecorderHooks;

/* Opens the store of SETTINGS (in its own thread) and waits for that.  NULL
   with the error of store_open(). */
Recorder *recorder_new(const Settings *settings, const RecorderHooks *hooks,
    GError **error);
/* The store's, STORE_EPOCH octets, lent. */
const uint8_t *recorder_epoch(const Recorder *recorder);
/* From any thread; DELIVERY is the recorder's until it hands it back. */
void recorder_take(Recorder *recorder, Delivery *delivery);
/* Something else that is to be done to the store: a transaction of its own of
   at most 50 ms, after which it is synced.  *RET_MORE: there is more to do, once
   the messages that wait have had their turn.  It fails as the store does, and
   nobody is told but the log. */
typedef bool (*RecorderChore)(void *data, Store *store, bool *ret_more,
    GError **error);
/* From any thread; DATA must live as long as the recorder does. */
void recorder_chore(Recorder *recorder, RecorderChore chore, void *data);
/* The greatest ids that no power loss takes back; from any thread. */
void recorder_durable(Recorder *recorder, StoreIds *ret_ids);
/* How often it has synced; from any thread.  While that is the same, nothing
   more was acknowledged. */
int recorder_syncs(Recorder *recorder);
/* Ends the thread once all that it was given is recorded. */
void recorder_stop(Recorder *recorder);
/* Only after `stopped`. */
void recorder_free(Recorder *recorder);
