/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A filter of keys, and when it last was complete.  It errs on one side only:
   what it has too many of costs a look-up each.  Hence what it need not know:
   streams, causes, allow entries, and when something ends. */
#include "suppressed_set.h"

#include "address.h"
#include "bounds.h"
#include "key_filter.h"

#include <string.h>

/* It has room for so many at least; else for as many as there were last time,
   and such a part of them more. */
enum {
	ROOM = 64 * 1024,
	MORE = 8,
};

/* Made anew so often, for those who are free by now. */
#define WORN INT64_C(86400000000)

struct SuppressedSet {
	uint8_t key[SIPHASH_KEY];
	GMutex lock; /* of what follows */
	KeyFilter *filter;
	uint64_t room;
	uint64_t told;       /* of since it was begun, until it is complete */
	bool is_small;       /* and all were told, of which it has not all */
	int64_t begun_at;    /* 0: not yet */
	int64_t complete_at; /* all up to then is in it; 0: it is not */
};

SuppressedSet *suppressed_set_new(const uint8_t key[SIPHASH_KEY])
{
	SuppressedSet *set = g_new0(SuppressedSet, 1);

	memcpy(set->key, key, SIPHASH_KEY);
	g_mutex_init(&set->lock);
	set->room = ROOM;
	set->filter = key_filter_new(set->room);
	return set;
}

void suppressed_set_free(SuppressedSet *set)
{
	if (set == NULL)
		return;
	key_filter_free(set->filter);
	g_mutex_clear(&set->lock);
	g_free(set);
}

Hash128 suppressed_set_key(const SuppressedSet *set, const char *subject)
{
	return siphash(set->key, subject, strlen(subject));
}

/* ---- asking ---- */

static bool has(const SuppressedSet *set, const char *subject)
{
	return key_filter_may_have(set->filter,
	    suppressed_set_key(set, subject));
}

/* "@a.b.test", "@b.test", "@test", "@", of the domain at the end of ADDRESS. */
static bool has_domain(const SuppressedSet *set, const char *address)
{
	const char *domain = address_domain(address);
	g_autofree char *subject = NULL;
	char *at;

	if (domain == NULL)
		return has(set, "@");
	subject = g_strconcat("@", domain, NULL);
	for (at = subject; at != NULL; at = strchr(at + 1, '.')) {
		*at = '@';
		if (has(set, at))
			return true;
	}
	return has(set, "@");
}

bool suppressed_set_may_have(SuppressedSet *set, const char *address,
    const char *hash, int64_t now)
{
	bool may;

	if (!g_mutex_trylock(&set->lock))
		return true;
	may = set->complete_at == 0 || now - set->complete_at > BOUND_STALE ||
	      has(set, address) || (hash != NULL && has(set, hash)) ||
	      has_domain(set, address);
	g_mutex_unlock(&set->lock);
	return may;
}

bool suppressed_set_is_due(SuppressedSet *set, int64_t now)
{
	bool is_due;

	if (!g_mutex_trylock(&set->lock))
		return false;
	is_due = now - set->complete_at > BOUND_STALE / 2;
	g_mutex_unlock(&set->lock);
	return is_due;
}

/* ---- being told ---- */

void suppressed_set_add(SuppressedSet *set, const Hash128 *keys, unsigned n)
{
	g_mutex_lock(&set->lock);
	if (set->complete_at == 0)
		set->told += n;
	/* one that will not do for all only counts them */
	if (set->complete_at != 0 || !key_filter_is_full(set->filter))
		for (unsigned i = 0; i < n; i++)
			key_filter_add(set->filter, keys[i]);
	g_mutex_unlock(&set->lock);
}

void suppressed_set_note(SuppressedSet *set, const char *subject)
{
	Hash128 key = suppressed_set_key(set, subject);

	suppressed_set_add(set, &key, 1);
}

bool suppressed_set_is_worn(SuppressedSet *set, int64_t now)
{
	bool is_worn;

	g_mutex_lock(&set->lock);
	is_worn = set->begun_at == 0 || now - set->begun_at > WORN ||
		  set->is_small ||
		  (set->complete_at != 0 && key_filter_is_full(set->filter));
	g_mutex_unlock(&set->lock);
	return is_worn;
}

/* What it is to have room for, now that it is made anew. */
static uint64_t room_for(const SuppressedSet *set)
{
	uint64_t n = set->is_small ? set->told : key_filter_count(set->filter);

	if (!set->is_small && set->complete_at == 0)
		return set->room; /* it has not heard all */
	return MAX(n + n / MORE, ROOM);
}

void suppressed_set_begin(SuppressedSet *set, int64_t now)
{
	KeyFilter *old;

	g_mutex_lock(&set->lock);
	old = set->filter;
	set->room = room_for(set);
	set->filter = key_filter_new(set->room);
	set->told = 0;
	set->is_small = false;
	set->begun_at = now;
	set->complete_at = 0;
	g_mutex_unlock(&set->lock);
	key_filter_free(old);
}

void suppressed_set_complete(SuppressedSet *set, int64_t at)
{
	g_mutex_lock(&set->lock);
	if (set->complete_at == 0 && key_filter_is_full(set->filter))
		set->is_small = true;
	else
		set->complete_at = at;
	g_mutex_unlock(&set->lock);
}
