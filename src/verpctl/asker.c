/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one answer, for lists.  In memory each suppressed address is its key and
   the set of its causes; what those mean in the stream is decided where it is
   decided for one address alone. */
#include "asker.h"

#include "errors.h"
#include "key_set.h"
#include "progress.h"
#include "site.h"

#include <string.h>

/* Reading all costs as much as looking up one in so many: measured. */
enum { READ_ALL_COSTS = 16 };

struct Asker {
	Ctl *ctl;
	Store *store;
	char *stream;
	CauseSet ignored;
	uint64_t bound; /* suppressed recipients, about */
	uint64_t n_asked;
	KeySet *set; /* NULL while addresses are looked up */
	Progress *progress;
	int cause_of[1u << CAUSE_COUNT]; /* by the set of causes */
};

G_STATIC_ASSERT(CAUSE_COUNT <= 8);

static int cause_of_state(const Asker *asker, const RecipientState *state)
{
	return policy_strongest(state, asker->ignored, asker->ctl->now);
}

/* What every set of active causes comes to. */
static void fill_causes(Asker *asker)
{
	for (unsigned causes = 0; causes < 1u << CAUSE_COUNT; causes++) {
		RecipientState state = { 0 };

		for (unsigned cause = 0; cause < CAUSE_COUNT; cause++)
			if ((causes >> cause & 1) != 0)
				state.hold[cause] = (Hold){ 1, HOLD_FOREVER };
		asker->cause_of[causes] = cause_of_state(asker, &state);
	}
}

Asker *asker_new(Ctl *ctl, Store *store, const char *stream, uint64_t expected,
    GError **error)
{
	g_autoptr(Judge) streams = NULL;
	Asker *asker;
	uint64_t bound;

	if (!store_held_bound(store, &bound, error))
		return NULL;
	streams = site_streams(ctl->settings);
	asker = g_new0(Asker, 1);
	asker->ctl = ctl;
	asker->store = store;
	asker->stream = g_strdup(stream);
	asker->ignored = judge_ignored(streams, stream);
	asker->bound = bound;
	asker->n_asked = expected;
	fill_causes(asker);
	return asker;
}

void asker_free(Asker *asker)
{
	if (asker == NULL)
		return;
	g_clear_pointer(&asker->set, key_set_free);
	g_free(asker->stream);
	g_free(asker);
}

static bool add_held(const HeldRecipient *row, void *data)
{
	Asker *asker = data;
	unsigned causes = 0;

	for (unsigned cause = 0; cause < CAUSE_COUNT; cause++)
		if (hold_is_active(row->hold[cause], asker->ctl->now))
			causes |= 1u << cause;
	if (asker->cause_of[causes] >= 0) {
		key_set_add(asker->set, row->key, causes);
		progress_set(asker->progress, key_set_size(asker->set));
	}
	return true;
}

static bool read_all(Asker *asker, GError **error)
{
	g_autoptr(Progress)
	    progress = progress_new(PROGRESS_ROWS, asker->bound, false);

	asker->set = key_set_new();
	asker->progress = progress;
	if (!store_each_held(asker->store, asker->stream, asker->ctl->now,
		add_held, asker, error))
		return false;
	asker->progress = NULL;
	key_set_seal(asker->set);
	return true;
}

static bool look_up(Asker *asker, const char *folded, int *ret_cause,
    GError **error)
{
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) unknown = NULL;
	RecipientState state;

	*ret_cause = -1;
	if (!store_recipient_find(asker->store, 0, folded, &recipient,
		&unknown)) {
		if (g_error_matches(unknown, VP_ERROR, VP_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&unknown));
		return false;
	}
	if (!store_load(asker->store, recipient.id, asker->stream, &state,
		error))
		return false;
	*ret_cause = cause_of_state(asker, &state);
	return true;
}

bool asker_ask(Asker *asker, const char *folded, int *ret_cause, GError **error)
{
	int causes;

	if (asker->set == NULL &&
	    ++asker->n_asked >= asker->bound / READ_ALL_COSTS &&
	    !read_all(asker, error))
		return false;
	if (asker->set == NULL)
		return look_up(asker, folded, ret_cause, error);
	causes = key_set_get(asker->set,
	    store_address_key(asker->store, folded));
	*ret_cause = causes >= 0 ? asker->cause_of[causes] : -1;
	return true;
}
