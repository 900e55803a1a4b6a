/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deliver.h"
#include "dialogue.h"
#include "recorder.h"
#include "settings.h"
#include "watcher.h"

/* What verpd answers to Postfix's questions.  All functions are the
   responder's thread's, but answers_new() and answers_free().*/
typedef struct Answers Answers;

/* RECORDER and WATCHER are lent, and must live longer; JUDGE is referenced. */
Answers *answers_new(const Settings *settings, Judge *judge, Recorder *recorder,
    Watcher *watcher);
void answers_free(Answers *answers);
/* To be called every ANSWERS_TICK seconds: looks which campaigns are paused, and
   has written what was counted. */
#define ANSWERS_TICK 1
void answers_tick(Answers *answers);
/* From any thread: has written what was counted so far. */
void answers_flush(Answers *answers);
void answers_judge(Answers *answers, Judge *judge);
/* They look at one moment of the store; to be let go once no question waits. */
bool answers_are_looking(const Answers *answers);
void answers_let_go(Answers *answers);
/* Lets go what belongs to the thread. */
void answers_stop(Answers *answers);

/* The MapLookUp and the PolicyDecide of a dialogue; DATA is an Answers. */
MapReply answers_look_up(void *data, const char *map, const char *key);
char *answers_decide(void *data, const PolicyRequest *request);
