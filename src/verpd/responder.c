/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A loop of its own, in a thread of its own, for questions that must be
   answered in a fraction of a millisecond while bounces pour in. */
#include "responder.h"

#include "caller.h"
#include "doors.h"
#include "log.h"

#include <sys/socket.h>

struct Responder {
	Answers *answers;
	GPtrArray *listeners[SERVICE_POLICY + 1]; /* until it starts */
	unsigned limit;
	GString *names;
	GMainContext *context;
	GMainLoop *loop;
	GThread *thread; /* or NULL: not started */
	/* the thread's own */
	GPtrArray *callers;
};

Responder *responder_new(Answers *answers, unsigned connection_limit)
{
	Responder *responder = g_new0(Responder, 1);

	responder->answers = answers;
	responder->limit = connection_limit;
	for (unsigned i = 0; i < G_N_ELEMENTS(responder->listeners); i++)
		responder->listeners[i] = g_ptr_array_new();
	responder->names = g_string_new(NULL);
	responder->context = g_main_context_new();
	responder->loop = g_main_loop_new(responder->context, FALSE);
	responder->callers = g_ptr_array_new();
	return responder;
}

void responder_add(Responder *responder, Service service, Listener *listener)
{
	g_string_append_printf(responder->names, "%s%s",
	    responder->names->len > 0 ? ", " : "", listener->name);
	g_ptr_array_add(responder->listeners[service], listener);
}

char *responder_names(const Responder *responder)
{
	return g_strdup(responder->names->str);
}

/* ---- in the thread ---- */

static void caller_closed(void *data, Caller *caller)
{
	Responder *responder = data;

	(void)g_ptr_array_remove_fast(responder->callers, caller);
}

/* Of too many the one that has not asked for longest goes: it connects again
   when it has a question. */
static void make_room(Responder *responder)
{
	Caller *oldest = NULL;

	if (responder->callers->len < responder->limit)
		return;
	for (unsigned i = 0; i < responder->callers->len; i++) {
		Caller *caller = g_ptr_array_index(responder->callers, i);

		if (oldest == NULL ||
		    caller_last_asked(caller) < caller_last_asked(oldest))
			oldest = caller;
	}
	if (oldest != NULL)
		caller_close(oldest);
}

static void admit(Responder *responder, int fd, Dialogue *dialogue)
{
	make_room(responder);
	g_ptr_array_add(responder->callers,
	    caller_new(fd, dialogue, caller_closed, responder));
}

static void admit_map(void *data, int fd, unsigned which)
{
	Responder *responder = data;

	admit(responder, fd,
	    dialogue_new_socketmap(answers_look_up, responder->answers));
}

static void admit_policy(void *data, int fd, unsigned which)
{
	Responder *responder = data;

	admit(responder, fd,
	    dialogue_new_policy(answers_decide, responder->answers));
}

static Doors *open_doors(Responder *responder, Service service,
    DoorsAdmit admit_one)
{
	Doors *doors = doors_new(admit_one, responder);
	GPtrArray *listeners = responder->listeners[service];

	for (unsigned i = 0; i < listeners->len; i++)
		doors_add(doors, g_ptr_array_index(listeners, i));
	g_ptr_array_set_size(listeners, 0);
	return doors;
}

static gboolean quit(gpointer data)
{
	const Responder *responder = data;

	g_main_loop_quit(responder->loop);
	return G_SOURCE_REMOVE;
}

static gboolean tick(gpointer data)
{
	const Responder *responder = data;

	answers_tick(responder->answers);
	return G_SOURCE_CONTINUE;
}

/* Runs when nobody asks. */
typedef struct Rest {
	GSource source; /* first: GLib's cast */
	Answers *answers;
} Rest;

static gboolean rest_check(GSource *source)
{
	const Rest *rest = (const Rest *)source;

	return answers_are_looking(rest->answers);
}

static gboolean rest_prepare(GSource *source, int *timeout)
{
	*timeout = -1;
	return rest_check(source);
}

static gboolean rest_dispatch(GSource *source, GSourceFunc callback,
    gpointer data)
{
	Rest *rest = (Rest *)source;

	answers_let_go(rest->answers);
	return G_SOURCE_CONTINUE;
}

static GSource *rest_new(Answers *answers)
{
	static GSourceFuncs funcs = { .prepare = rest_prepare,
		.check = rest_check,
		.dispatch = rest_dispatch };
	GSource *source = g_source_new(&funcs, sizeof(Rest));

	((Rest *)source)->answers = answers;
	g_source_set_priority(source, G_PRIORITY_DEFAULT_IDLE);
	return source;
}

static gpointer responder_main(gpointer data)
{
	Responder *responder = data;
	GSource *rest = rest_new(responder->answers);
	GSource *clock = g_timeout_source_new_seconds(ANSWERS_TICK);
	Doors *maps, *policies;

	g_main_context_push_thread_default(responder->context);
	/* before the first question */
	answers_tick(responder->answers);
	g_source_set_callback(clock, tick, responder, NULL);
	(void)g_source_attach(clock, responder->context);
	(void)g_source_attach(rest, responder->context);
	maps = open_doors(responder, SERVICE_MAP, admit_map);
	policies = open_doors(responder, SERVICE_POLICY, admit_policy);
	g_main_loop_run(responder->loop);
	doors_free(maps);
	doors_free(policies);
	while (responder->callers->len > 0)
		caller_close(g_ptr_array_index(responder->callers, 0));
	g_source_destroy(clock);
	g_source_unref(clock);
	g_source_destroy(rest);
	g_source_unref(rest);
	answers_stop(responder->answers);
	g_main_context_pop_thread_default(responder->context);
	return NULL;
}

/* ---- from the main thread ---- */

void responder_start(Responder *responder)
{
	if (responder->names->len == 0)
		return;
	responder->thread = g_thread_new("responder", responder_main,
	    responder);
}

void responder_flush(Responder *responder)
{
	answers_flush(responder->answers);
}

typedef struct Handover {
	Answers *answers;
	Judge *judge;
} Handover;

static gboolean hand_over(gpointer data)
{
	Handover *handover = data;

	answers_judge(handover->answers, handover->judge);
	return G_SOURCE_REMOVE;
}

static void handover_free(gpointer data)
{
	Handover *handover = data;

	judge_unref(handover->judge);
	g_free(handover);
}

void responder_judge(Responder *responder, Judge *judge)
{
	Handover *handover = g_new0(Handover, 1);

	handover->answers = responder->answers;
	handover->judge = judge_ref(judge);
	g_main_context_invoke_full(responder->context, G_PRIORITY_DEFAULT,
	    hand_over, handover, handover_free);
}

void responder_free(Responder *responder)
{
	if (responder == NULL)
		return;
	if (responder->thread != NULL) {
		/* it may not run yet: then quitting now would be forgotten */
		GSource *source = g_idle_source_new();

		g_source_set_callback(source, quit, responder, NULL);
		(void)g_source_attach(source, responder->context);
		g_source_unref(source);
		(void)g_thread_join(responder->thread); /* returns nothing */
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(responder->listeners); i++) {
		g_ptr_array_set_free_func(responder->listeners[i],
		    (GDestroyNotify)listener_free);
		g_ptr_array_unref(responder->listeners[i]);
	}
	g_ptr_array_unref(responder->callers);
	g_main_loop_unref(responder->loop);
	g_main_context_unref(responder->context);
	g_string_free(responder->names, TRUE);
	answers_free(responder->answers);
	g_free(responder);
}
