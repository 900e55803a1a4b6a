/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may be mailed, in which stream, now.

   Two things stand against mail.  A recipient's holds, each of one cause: of
   unsubscriptions in their own stream, of the others in all streams, by hand in
   one or all.  And suppress entries of whole domains, which count as a hold by
   hand of everyone there.  What is over counts for nothing, whether or not
   anyone has cleaned it away.

   Two things set a cause aside.  A stream may ignore it (complaints, or what is
   held for a time).  An allow entry (of the address, its domain, or everyone;
   in one stream or all) sets aside what bounces bring about (soft, block, held
   and hard) and never the will of a person (unsubscription, complaint, a hold by
   hand) but where it names that cause itself, which it can do for one
   stream only.

   Mail is refused while one cause stands that nothing sets aside; the strongest
   of them is the answer.  So an allow entry for bounces does not hide a
   complaint, and the end of one cause does not end another.  */

#include "answer.h"

#include <string.h>

/* Whether bounces alone bring it about. */
static bool cause_is_of_bounces(Cause cause)
{
	switch (cause) {
	case CAUSE_SOFT:
	case CAUSE_BLOCK:
	case CAUSE_HELD:
	case CAUSE_HARD:
		return true;
	case CAUSE_UNSUBSCRIBE:
	case CAUSE_COMPLAINT:
	case CAUSE_MANUAL:
		return false;
	}
	return false;
}

CauseSet causes_of_bounces(void)
{
	CauseSet causes = 0;

	for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
		if (cause_is_of_bounces(cause))
			causes |= CAUSE_BIT(cause);
	return causes;
}

char *causes_encode(CauseSet causes)
{
	GString *text = g_string_new(NULL);

	for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
		if ((causes & CAUSE_BIT(cause)) != 0)
			g_string_append_printf(text, "%s%s",
			    text->len > 0 ? " " : "", cause_name(cause));
	return g_string_free(text, FALSE);
}

CauseSet causes_decode(const char *text)
{
	g_auto(GStrv) names = g_strsplit(text, " ", -1);
	CauseSet causes = 0;

	for (unsigned i = 0; names[i] != NULL; i++) {
		int cause = cause_from_name(names[i]);

		if (cause >= 0)
			causes |= CAUSE_BIT(cause);
	}
	return causes;
}

char *entry_subject(const Entry *entry)
{
	if (entry->address[0] != '\0')
		return g_strdup(entry->address);
	return g_strconcat("@", entry->with_subdomains ? "." : "",
	    entry->domain, NULL);
}

/* ---- sets ---- */

struct EntrySet {
	unsigned count;
	GStringChunk *texts;
	GHashTable *by_address; /* to GPtrArray of Entry */
	GHashTable *by_domain;  /* the same; "" is everyone */
};

static void list_unref(void *list)
{
	g_ptr_array_unref(list);
}

EntrySet *entry_set_new(void)
{
	EntrySet *set = g_new0(EntrySet, 1);

	set->texts = g_string_chunk_new(1024);
	set->by_address = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    list_unref);
	set->by_domain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    list_unref);
	return set;
}

void entry_set_free(EntrySet *set)
{
	if (set == NULL)
		return;
	g_hash_table_unref(set->by_address);
	g_hash_table_unref(set->by_domain);
	g_string_chunk_free(set->texts);
	g_free(set);
}

unsigned entry_set_count(const EntrySet *set)
{
	return set->count;
}

void entry_set_add(EntrySet *set, const Entry *entry)
{
	bool is_address = entry->address[0] != '\0';
	GHashTable *table = is_address ? set->by_address : set->by_domain;
	const char *key = is_address ? entry->address : entry->domain;
	GPtrArray *list = g_hash_table_lookup(table, key);
	Entry *copy = g_new(Entry, 1);

	if (list == NULL) {
		list = g_ptr_array_new_with_free_func(g_free);
		(void)g_hash_table_insert(table, g_strdup(key), list);
	}
	*copy = *entry;
	copy->address = g_string_chunk_insert_const(set->texts, entry->address);
	copy->domain = g_string_chunk_insert_const(set->texts, entry->domain);
	copy->stream = g_string_chunk_insert_const(set->texts, entry->stream);
	copy->note = g_string_chunk_insert_const(set->texts, entry->note);
	g_ptr_array_add(list, copy);
	set->count++;
}

/* ---- answering ---- */

/* The entries that bear on one question. */
typedef struct Bearing {
	const char *stream;
	int64_t now;
	const Entry *suppress;
	const Entry *allow[CAUSE_COUNT];
} Bearing;

static void bear(Bearing *bearing, GHashTable *table, const char *key,
    bool is_below)
{
	const GPtrArray *list = g_hash_table_lookup(table, key);

	for (unsigned i = 0; list != NULL && i < list->len; i++) {
		const Entry *entry = g_ptr_array_index(list, i);

		if ((is_below && !entry->with_subdomains) ||
		    !hold_is_active(entry->hold, bearing->now) ||
		    (entry->stream[0] != '\0' &&
			strcmp(entry->stream, bearing->stream) != 0))
			continue;
		if (entry->kind == ENTRY_SUPPRESS) {
			if (bearing->suppress == NULL ||
			    entry->hold.until > bearing->suppress->hold.until)
				bearing->suppress = entry;
			continue;
		}
		for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
			if ((entry->causes & CAUSE_BIT(cause)) != 0 &&
			    (bearing->allow[cause] == NULL ||
				entry->hold.until >
				    bearing->allow[cause]->hold.until))
				bearing->allow[cause] = entry;
	}
}

/* The address, its domain and every domain above, everyone. */
static void bear_all(Bearing *bearing, const EntrySet *entries,
    const char *address, const char *domain)
{
	bear(bearing, entries->by_address, address, false);
	for (const char *at = domain; at != NULL && *at != '\0';) {
		bear(bearing, entries->by_domain, at, at != domain);
		at = strchr(at, '.');
		at = at != NULL ? at + 1 : NULL;
	}
	bear(bearing, entries->by_domain, "", false);
}

/* What stands of CAUSE, whether or not it is set aside. */
static Answer answer_of(const Bearing *bearing, const RecipientState *state,
    Cause cause)
{
	Answer answer = { .cause = -1 };
	const Entry *entry = cause == CAUSE_MANUAL ? bearing->suppress : NULL;
	Hold hold = state->hold[cause];

	if (hold_is_active(hold, bearing->now)) {
		answer.scope = ANSWER_RECIPIENT;
		answer.cause = (int)cause;
		answer.hold = hold;
	}
	if (entry != NULL &&
	    (answer.cause < 0 || entry->hold.until > answer.hold.until)) {
		answer.scope = ANSWER_DOMAIN;
		answer.cause = (int)cause;
		answer.hold = entry->hold;
		answer.domain_entry = entry;
	}
	return answer;
}

Answer answer_give(const EntrySet *entries, const char *address,
    const char *domain, const RecipientState *state, const char *stream,
    CauseSet ignored, int64_t now)
{
	Bearing bearing = { .stream = stream, .now = now };
	Answer aside = { .may_send = true, .cause = -1 };

	if (entries != NULL && entries->count > 0)
		bear_all(&bearing, entries, address, domain);
	for (int cause = CAUSE_COUNT - 1; cause >= 0; cause--) {
		Answer answer = answer_of(&bearing, state, (Cause)cause);

		if (answer.cause < 0)
			continue;
		if (bearing.allow[cause] != NULL) {
			answer.by = ANSWER_BY_ENTRY;
			answer.allow_entry = bearing.allow[cause];
		} else if ((ignored & CAUSE_BIT(cause)) != 0) {
			answer.by = ANSWER_BY_STREAM;
		} else {
			return answer;
		}
		answer.may_send = true;
		if (aside.cause < 0)
			aside = answer;
	}
	return aside;
}
