/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one answer, for lists.  In memory each suppressed address is its key and
   the set of its causes; what those mean in the stream, beside the entries of
   domains and the allow-list, is decided where it is decided for one address
   alone. */
#include "asker.h"

#include "address.h"
#include "key_set.h"
#include "progress.h"
#include "site.h"
#include "text.h"

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
	EntrySet *entries;
	Progress *progress;
	RecipientState state;            /* of the address asked about */
	int cause_of[1u << CAUSE_COUNT]; /* by the causes; without entries */
};

G_STATIC_ASSERT(CAUSE_COUNT <= 8);

/* What CAUSES come to for FOLDED. */
static int decide(Asker *asker, const EntrySet *entries, const char *folded,
    CauseSet causes)
{
	Answer answer;

	for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
		asker->state.hold[cause] = (causes & CAUSE_BIT(cause)) != 0
					       ? (Hold){ 1, HOLD_FOREVER }
					       : (Hold){ 0 };
	answer = answer_give(entries, folded,
	    text_or_empty(address_domain(folded)), &asker->state, asker->stream,
	    asker->ignored, asker->ctl->now);
	return answer.may_send ? -1 : answer.cause;
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
	for (CauseSet causes = 0; causes < 1u << CAUSE_COUNT; causes++)
		asker->cause_of[causes] = decide(asker, NULL, "", causes);
	return asker;
}

void asker_free(Asker *asker)
{
	if (asker == NULL)
		return;
	g_clear_pointer(&asker->set, key_set_free);
	g_clear_pointer(&asker->entries, entry_set_free);
	g_free(asker->stream);
	g_free(asker);
}

static bool add_held(const HeldRecipient *row, void *data)
{
	Asker *asker = data;
	CauseSet causes = 0;

	for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
		if (hold_is_active(row->hold[cause], asker->ctl->now))
			causes |= CAUSE_BIT(cause);
	/* an entry may set aside more, and never fewer */
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
	if (!store_entries(asker->store, asker->ctl->now, &asker->entries,
		error) ||
	    !store_each_held(asker->store, asker->stream, asker->ctl->now,
		add_held, asker, error))
		return false;
	asker->progress = NULL;
	key_set_seal(asker->set);
	return true;
}

static bool look_up(Asker *asker, const char *folded, int *ret_cause,
    GError **error)
{
	g_auto(StoreAnswer) answer = { 0 };

	if (!store_answer(asker->store, folded, asker->stream, asker->ignored,
		asker->ctl->now, &answer, error))
		return false;
	*ret_cause = answer.answer.may_send ? -1 : answer.answer.cause;
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
	causes = MAX(causes, 0);
	*ret_cause = entry_set_count(asker->entries) > 0
			 ? decide(asker, asker->entries, folded,
			       (CauseSet)causes)
			 : asker->cause_of[causes];
	return true;
}
