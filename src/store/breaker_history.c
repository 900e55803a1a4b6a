/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From rows of hours to what core/breaker.c judges: running totals, which
   hours are no baseline, and who the others are. */

#include "breaker_history.h"

#include "store_sqlite.h"

#include <string.h>

/* One name, hour by hour; running totals once it is complete. */
typedef struct Hours {
	int64_t *people;
	int64_t *delivered;
	int64_t *block;
	int64_t *other; /* hard and soft together */
	int64_t *left_out;
	unsigned fresh;
	unsigned learned;
} Hours;

/* What became of a breaker, for its own hours. */
typedef struct Spell {
	CounterKind kind;
	char *name;
	int64_t opened;
	int64_t closed; /* 0: it is open */
	bool is_known;
	bool is_dropped;
	bool is_confirmed;
} Spell;

struct History {
	Store *store;
	const BreakerPolicy *policy;
	int64_t now;
	int64_t first; /* hour */
	unsigned n;    /* hours */
	Hours *site;
	GHashTable *providers; /* of Hours, by name */
	GArray *spells;        /* of Spell */
};

static Hours *hours_new(unsigned n)
{
	Hours *hours = g_new0(Hours, 1);

	hours->people = g_new0(int64_t, n + 1);
	hours->delivered = g_new0(int64_t, n + 1);
	hours->block = g_new0(int64_t, n + 1);
	hours->other = g_new0(int64_t, n + 1);
	hours->left_out = g_new0(int64_t, n + 1);
	return hours;
}

static void hours_free(void *data)
{
	Hours *hours = data;

	if (hours == NULL)
		return;
	g_free(hours->people);
	g_free(hours->delivered);
	g_free(hours->block);
	g_free(hours->other);
	g_free(hours->left_out);
	g_free(hours);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hours, hours_free)

static void spell_clear(void *data)
{
	Spell *spell = data;

	g_free(spell->name);
}

void history_free(History *history)
{
	if (history == NULL)
		return;
	hours_free(history->site);
	g_hash_table_unref(history->providers);
	g_array_unref(history->spells);
	g_free(history);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(History, history_free)

/* ---- reading ---- */

/* Where HOUR stands: what a clock that was set back since has called the
   future is of the present. */
static unsigned index_of(const History *history, int64_t hour)
{
	return (unsigned)CLAMP(hour - history->first, 0,
	    (int64_t)history->n - 1);
}

/* One hour; a total of the hours before comes of it in hours_sum(). */
static void hours_add(const History *history, Hours *hours,
    const CountedHour *row)
{
	unsigned i = index_of(history, row->hour) + 1;

	hours->people[i] += row->counts.people;
	hours->delivered[i] += row->counts.delivered;
	hours->block[i] += row->counts.block;
	hours->other[i] += row->counts.hard + row->counts.soft;
}

static void leave_out(const History *history, Hours *hours, int64_t from,
    int64_t to)
{
	if (to < history->first || from > to)
		return;
	for (unsigned i = index_of(history, from); i <= index_of(history, to);
	     i++)
		hours->left_out[i + 1] = 1;
}

/* What the breaker's own past says of its hours (see core/breaker.c). */
static void hours_judge(const History *history, Hours *hours, CounterKind kind,
    const char *name)
{
	for (unsigned i = 0; i < history->spells->len; i++) {
		const Spell *spell = &g_array_index(history->spells, Spell, i);
		int64_t closed = spell->closed != 0 ? spell->closed
						    : history->now;
		bool is_old = history->now - spell->opened >=
			      history->policy->learn;

		if (spell->kind != kind || strcmp(spell->name, name) != 0)
			continue;
		if (spell->closed != 0 && closed <= history->now)
			hours->fresh = MAX(hours->fresh,
			    index_of(history, hour_of(closed)) + 1);
		if (spell->is_confirmed && closed <= history->now)
			hours->learned = MAX(hours->learned,
			    index_of(history, hour_of(closed)) + 1);
		else if (spell->is_dropped || (spell->is_known && !is_old))
			leave_out(history, hours,
			    hour_of(spell->opened - history->policy->recall),
			    hour_of(closed));
	}
}

static void hours_sum(const History *history, Hours *hours)
{
	int64_t *all[] = { hours->people, hours->delivered, hours->block,
		hours->other, hours->left_out };

	for (unsigned k = 0; k < G_N_ELEMENTS(all); k++)
		for (unsigned i = 0; i < history->n; i++)
			all[k][i + 1] += all[k][i];
}

typedef struct Reading {
	const History *history;
	Hours *hours; /* NULL: each provider's own */
} Reading;

static bool read_row(const CountedHour *row, void *data)
{
	const Reading *reading = data;
	Hours *hours = reading->hours;

	if (hours == NULL)
		hours = g_hash_table_lookup(reading->history->providers,
		    row->name);
	if (hours == NULL) {
		hours = hours_new(reading->history->n);
		(void)g_hash_table_insert(reading->history->providers,
		    g_strdup(row->name), hours);
	}
	hours_add(reading->history, hours, row);
	return true;
}

static bool read_hours(const History *history, CounterKind kind,
    const char *name, Hours *hours, GError **error)
{
	Reading reading = { history, hours };
	int64_t window = (history->policy->long_window + 3599) / 3600;

	return store_each_count(history->store, kind, name, history->first,
	    history->first + history->n - 1 + window, read_row, &reading,
	    error);
}

static bool add_spell(const Breaker *breaker, void *data)
{
	History *history = data;
	Spell spell = {
		.kind = breaker->kind,
		.name = g_strdup(breaker->name),
		.opened = breaker->opened,
		.closed = breaker->closed,
		.is_known = breaker->is_known,
		.is_dropped = strcmp(breaker->fate, "dropped") == 0,
		.is_confirmed = strcmp(breaker->fate, "confirmed") == 0,
	};

	g_array_append_val(history->spells, spell);
	return true;
}

History *history_read(Store *store, const BreakerPolicy *policy, int64_t now,
    GError **error)
{
	g_autoptr(History) history = g_new0(History, 1);
	GHashTableIter iter;
	void *name, *hours;

	history->store = store;
	history->policy = policy;
	history->now = now;
	history->n = breaker_hours(policy);
	history->first = hour_of(now) - history->n + 1;
	history->providers = g_hash_table_new_full(g_str_hash, g_str_equal,
	    g_free, hours_free);
	history->spells = g_array_new(FALSE, FALSE, sizeof(Spell));
	g_array_set_clear_func(history->spells, spell_clear);
	history->site = hours_new(history->n);
	if (!store_each_breaker(store, false, add_spell, history, error) ||
	    !read_hours(history, COUNTER_SITE, "", history->site, error) ||
	    !read_hours(history, COUNTER_PROVIDER, NULL, NULL, error))
		return NULL;
	hours_sum(history, history->site);
	g_hash_table_iter_init(&iter, history->providers);
	while (g_hash_table_iter_next(&iter, &name, &hours)) {
		hours_judge(history, hours, COUNTER_PROVIDER, name);
		hours_sum(history, hours);
	}
	return g_steal_pointer(&history);
}

/* ---- what is judged ---- */

static BreakerSeries series_of(const Hours *hours)
{
	return (BreakerSeries){
		.bad = hours->people,
		.good = hours->delivered,
		.left_out = hours->left_out,
		.fresh = hours->fresh,
		.learned = hours->learned,
	};
}

/* HOURS without those of PART. */
static Hours *hours_without(const History *history, const Hours *hours,
    const Hours *part)
{
	Hours *left = hours_new(history->n);

	for (unsigned i = 0; i <= history->n; i++) {
		left->people[i] = hours->people[i] - part->people[i];
		left->delivered[i] = hours->delivered[i] - part->delivered[i];
		left->left_out[i] = hours->left_out[i];
	}
	return left;
}

/* The provider that HOST is counted under, too. */
static const char *provider_of(const char *host)
{
	return g_str_has_suffix(host, ".outlook.com") ? "microsoft"
						      : BREAKER_OTHER;
}

/* All providers but the one that is judged, or that without the host that
   is. */
static GArray *rest_of(const History *history, CounterKind kind,
    const char *name, const Hours *key, Hours **ret_part)
{
	GArray *rest = g_array_new(FALSE, TRUE, sizeof(BreakerSeries));
	const char *mine = kind == COUNTER_HOST ? provider_of(name) : name;
	GHashTableIter iter;
	void *other, *hours;

	g_hash_table_iter_init(&iter, history->providers);
	while (g_hash_table_iter_next(&iter, &other, &hours)) {
		BreakerSeries series;

		if (strcmp(other, mine) != 0) {
			series = series_of(hours);
		} else if (kind == COUNTER_HOST) {
			*ret_part = hours_without(history, hours, key);
			series = series_of(*ret_part);
		} else {
			continue;
		}
		g_array_append_val(rest, series);
	}
	return rest;
}

typedef struct Question {
	bool is_calm; /* asked: is it calm?  else: does it open? */
	bool answer;
	BreakerReading reading;
} Question;

static void ask(const BreakerPolicy *policy, const BreakerView *view,
    Question *question)
{
	if (question->is_calm)
		question->answer = breaker_is_calm(policy, view);
	else
		question->answer = breaker_opens(policy, view,
		    &question->reading);
}

static void ask_receiver(const History *history, CounterKind kind,
    const char *name, const Hours *hours, Question *question)
{
	g_autoptr(Hours) part = NULL;
	g_autoptr(GArray) rest = rest_of(history, kind, name, hours, &part);
	BreakerSeries key = series_of(hours), site = series_of(history->site);
	const BreakerView view = { history->n, &key, &key, &site,
		(const BreakerSeries *)(const void *)rest->data, rest->len };

	ask(history->policy, &view, question);
}

/* Against what the whole site is used to: a campaign has no past.  Its other
   bounces stand where the other receivers do. */
static void ask_campaign(const History *history, const Hours *hours,
    Question *question)
{
	BreakerPolicy policy = *history->policy;
	g_autofree int64_t *none = g_new0(int64_t, history->n + 1);
	BreakerSeries key = { hours->block, hours->delivered, NULL,
		hours->fresh, 0 };
	BreakerSeries site = { history->site->block, history->site->delivered,
		NULL, 0, 0 };
	const BreakerSeries rest = { hours->other, none, NULL, 0, 0 };
	const BreakerView view = { history->n, &key, &site, &site, &rest, 1 };

	policy.minimum = policy.campaign_minimum;
	ask(&policy, &view, question);
}

static bool ask_key(History *history, CounterKind kind, const char *name,
    Question *question, GError **error)
{
	const Hours *known = kind == COUNTER_PROVIDER
				 ? g_hash_table_lookup(history->providers, name)
				 : NULL;
	g_autoptr(Hours) own = NULL;

	if (known == NULL) {
		known = own = hours_new(history->n);
		if (!read_hours(history, kind, name, own, error))
			return false;
		hours_judge(history, own, kind, name);
		hours_sum(history, own);
	}
	if (kind == COUNTER_CAMPAIGN)
		ask_campaign(history, known, question);
	else
		ask_receiver(history, kind, name, known, question);
	return true;
}

bool history_opens(History *history, CounterKind kind, const char *name,
    bool *ret_opens, BreakerReading *ret_reading, GError **error)
{
	Question question = { 0 };

	if (!ask_key(history, kind, name, &question, error))
		return false;
	*ret_opens = question.answer;
	*ret_reading = question.reading;
	return true;
}

bool history_is_calm(History *history, CounterKind kind, const char *name,
    bool *ret_calm, GError **error)
{
	Question question = { .is_calm = true };

	if (!ask_key(history, kind, name, &question, error))
		return false;
	*ret_calm = question.answer;
	return true;
}
