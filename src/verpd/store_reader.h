/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "recorder.h"
#include "settings.h"
#include "store.h"

/* The store as the thread that answers reads it: opened when it can be, closed
   when it failed, tried again a second later.

   Questions that come close behind each other look at one moment of it, for to
   begin and to end a look costs more than the look, and may have to wait for
   the recorder.  That moment is never before the last message that was
   acknowledged, and at most half a millisecond before the question; so an
   answer is as one that was given so much earlier, and nothing is remembered
   from one moment to the next. */
typedef struct StoreReader StoreReader;

/* RECORDER is lent, and must live longer.  The rest belongs to one thread. */
StoreReader *store_reader_new(const Settings *settings, Recorder *recorder);
void store_reader_free(StoreReader *reader);

/* A question came: what is too old for it is let go. */
void store_reader_refresh(StoreReader *reader);
/* NULL while it cannot be read.  Lent until the next question, or until it
   failed. */
Store *store_reader_store(StoreReader *reader);
/* It did, with ERROR. */
void store_reader_failed(StoreReader *reader, const GError *error);
/* It looks at one moment of the store; it should not once nothing more waits. */
bool store_reader_is_looking(const StoreReader *reader);
void store_reader_let_go(StoreReader *reader);
/* Until it is asked for again. */
void store_reader_close(StoreReader *reader);
