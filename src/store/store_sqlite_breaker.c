/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The circuit breaker's own work, a step at a time: count what was recorded,
   open and close, look back.  What it did is all in the store, so whoever
   comes next goes on where another process stopped. */

#include "store_sqlite.h"

#include "breaker_history.h"
#include "errors.h"
#include "units.h"

#include <string.h>

enum {
	TICK_SECONDS = 10,
	TICK_EVENTS = 2000,  /* or as many, whichever comes first */
	COUNT_EVENTS = 1000, /* counted in one transaction */
	FORGET_ROWS = 200,   /* counters deleted in one transaction */
};

/* ---- who is open ---- */

typedef struct OpenBreaker {
	int64_t id;
	CounterKind kind;
	char *name;
} OpenBreaker;

static void open_clear(void *data)
{
	OpenBreaker *open = data;

	g_free(open->name);
}

GArray *breakers_open_new(void)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(OpenBreaker));

	g_array_set_clear_func(open, open_clear);
	return open;
}

static bool breakers_read(StoreSqlite *self, GError **error)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_BREAKERS_OPEN, error);
	bool row;

	if (stmt == NULL)
		return false;
	g_array_set_size(self->open, 0);
	for (;;) {
		OpenBreaker open;
		int kind;

		if (!statement_step(self, stmt, &row, error))
			return false;
		if (!row)
			break;
		kind = counter_kind_from_name(column_text(stmt, 1));
		if (kind < 0)
			continue;
		open = (OpenBreaker){ column_int(stmt, 0), (CounterKind)kind,
			g_strdup(column_text(stmt, 2)) };
		g_array_append_val(self->open, open);
	}
	self->is_open_known = true;
	return true;
}

static const OpenBreaker *open_find(const StoreSqlite *self, CounterKind kind,
    const char *name)
{
	for (unsigned i = 0; i < self->open->len; i++) {
		const OpenBreaker *open = &g_array_index(self->open,
		    OpenBreaker, i);

		if (open->kind == kind && strcmp(open->name, name) == 0)
			return open;
	}
	return NULL;
}

bool breaker_covers(CounterKind kind, const char *name, const char *provider,
    const char *host)
{
	return strcmp(name, kind == COUNTER_PROVIDER
				? breaker_provider(provider)
				: host) == 0;
}

bool store_sqlite_breaker_over(Store *store, const char *provider,
    const char *remote_mta, int64_t *ret_id, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_autofree char *host = NULL;

	if (!self->is_open_known && !breakers_read(self, error))
		return false;
	*ret_id = 0;
	if (self->open->len == 0)
		return true;
	host = breaker_host(provider, remote_mta);
	for (unsigned i = 0; i < self->open->len && *ret_id == 0; i++) {
		const OpenBreaker *open = &g_array_index(self->open,
		    OpenBreaker, i);

		if (open->kind != COUNTER_CAMPAIGN &&
		    breaker_covers(open->kind, open->name, provider, host))
			*ret_id = open->id;
	}
	return true;
}

bool held_insert(StoreSqlite *self, int64_t event_id, int64_t breaker_id,
    int64_t recipient_id, GError **error)
{
	Statement *stmt = statement_use(self, SQL_HELD_INSERT, error);

	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, event_id);
	bind_int(stmt, 2, breaker_id);
	bind_int(stmt, 3, recipient_id);
	return statement_run(self, stmt, error);
}

/* ---- one tick ---- */

typedef struct Tick {
	StoreSqlite *self;
	const BreakerPolicy *policy;
	int64_t now;
	GPtrArray *notices; /* of char * */
	GHashTable *sums;   /* what was counted just now */
	History *history;   /* once read */
	bool more;
} Tick;

static void tick_clear(Tick *tick)
{
	g_clear_pointer(&tick->sums, g_hash_table_unref);
	g_clear_pointer(&tick->history, history_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tick, tick_clear)

static bool audit(const Tick *tick, const char *action, CounterKind kind,
    const char *name, const char *why, GError **error)
{
	const ManualChange change = { RULE_ACTOR, why, tick->now };
	g_autofree char *subject = g_strdup_printf("%s %s",
	    counter_kind_name(kind), name);
	const AuditRow row = {
		.action = action, .stream = "", .cause = -1, .subject = subject
	};

	return audit_write(tick->self, &change, &row, error);
}

static void notice(const Tick *tick, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void notice(const Tick *tick, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(tick->notices, g_strdup_vprintf(format, args));
	va_end(args);
}

static bool need_history(Tick *tick, GError **error)
{
	if (tick->history == NULL)
		tick->history = history_read(&tick->self->base, tick->policy,
		    tick->now, error);
	return tick->history != NULL;
}

/* ---- opening ---- */

static bool breaker_insert(StoreSqlite *self, CounterKind kind,
    const char *name, int64_t now, const char *why, bool is_known,
    int64_t first, int64_t last, GError **error)
{
	Statement *stmt = statement_use(self, SQL_BREAKER_INSERT, error);

	if (stmt == NULL)
		return false;
	bind_text(stmt, 1, counter_kind_name(kind));
	bind_text(stmt, 2, name);
	bind_int(stmt, 3, now);
	bind_text(stmt, 4, why);
	bind_int(stmt, 5, is_known);
	bind_int(stmt, 6, first);
	bind_int(stmt, 7, last);
	return statement_run(self, stmt, error);
}

/* A campaign is paused, unless that is off. */
static bool pause_campaign(Tick *tick, const char *name, const char *why,
    GError **error)
{
	bool is_new;

	if (!campaign_pause_by_rule(tick->self, name, why, tick->now, &is_new,
		error))
		return false;
	if (is_new)
		notice(tick, "campaign %s is paused: %s", name, why);
	return true;
}

static bool notice_marked(Tick *tick, const char *name, const char *why,
    GError **error)
{
	notice(tick, "campaign %s is marked for pause: %s", name, why);
	return !tick->policy->is_pause_on ||
	       pause_campaign(tick, name, why, error);
}

static bool breaker_open(Tick *tick, CounterKind kind, const char *name,
    const BreakerReading *reading, GError **error)
{
	bool is_campaign = kind == COUNTER_CAMPAIGN;
	g_autofree char *why = breaker_why(reading, is_campaign);
	int64_t before = INT64_MAX, last = 0;

	if (!is_campaign &&
	    (!events_since(tick->self, tick->now - tick->policy->recall,
		 &before, error) ||
		!last_event(tick->self, &last, error)))
		return false;
	/* no such event: nothing to look back at */
	if (before == INT64_MAX)
		before = last = 0;
	if (!breaker_insert(tick->self, kind, name, tick->now, why,
		reading->is_known, before + 1, last, error) ||
	    (is_campaign &&
		!campaign_mark(tick->self, name, tick->now, error)) ||
	    !audit(tick, "breaker open", kind, name, why, error))
		return false;
	tick->self->is_open_known = false;
	if (is_campaign)
		return notice_marked(tick, name, why, error);
	notice(tick,
	    "circuit breaker open: %s %s: %s; its hard bounces are held",
	    counter_kind_name(kind), name, why);
	return true;
}

/* The recipients refused, or the blocks, of one name in the long window: so
   few that no history is needed to tell? */
typedef struct Recent {
	bool is_campaign;
	int64_t bad;
} Recent;

static bool add_recent(const CountedHour *row, void *data)
{
	Recent *recent = data;

	recent->bad += recent->is_campaign ? row->counts.block
					   : row->counts.people;
	return true;
}

static bool is_candidate(const Tick *tick, const CountKey *key,
    const Counts *counts)
{
	switch (key->kind) {
	case COUNTER_PROVIDER:
		return counts->people > 0 &&
		       strcmp(key->name, BREAKER_OTHER) != 0;
	case COUNTER_HOST:
		return counts->people > 0 && key->name[0] != '(';
	case COUNTER_CAMPAIGN:
		return counts->block > 0 && tick->policy->is_campaign_on;
	case COUNTER_SITE:
		return false;
	}
	g_assert_not_reached();
}

static bool judge_key(Tick *tick, const CountKey *key, GError **error)
{
	int64_t window = (tick->policy->long_window + 3599) / 3600;
	int64_t hour = hour_of(tick->now);
	Recent recent = { key->kind == COUNTER_CAMPAIGN, 0 };
	unsigned minimum = recent.is_campaign ? tick->policy->campaign_minimum
					      : tick->policy->minimum;
	BreakerReading reading;
	bool opens;

	if (open_find(tick->self, key->kind, key->name) != NULL)
		return true;
	if (!store_sqlite_each_count(&tick->self->base, key->kind, key->name,
		hour - window, hour + window, add_recent, &recent, error))
		return false;
	if (recent.bad < minimum)
		return true;
	if (!need_history(tick, error) ||
	    !history_opens(tick->history, key->kind, key->name, &opens,
		&reading, error))
		return false;
	return !opens ||
	       breaker_open(tick, key->kind, key->name, &reading, error);
}

static bool open_some(Tick *tick, GError **error)
{
	g_autoptr(GHashTable) judged = g_hash_table_new_full(g_str_hash,
	    g_str_equal, g_free, NULL);
	GHashTableIter iter;
	void *key, *counts;

	g_hash_table_iter_init(&iter, tick->sums);
	while (g_hash_table_iter_next(&iter, &key, &counts)) {
		const CountKey *of = key;

		if (!is_candidate(tick, of, counts) ||
		    !g_hash_table_add(judged,
			g_strconcat(counter_kind_name(of->kind), " ", of->name,
			    NULL)))
			continue;
		if (!judge_key(tick, of, error))
			return false;
	}
	return true;
}

/* ---- pausing ---- */

/* What came of a campaign in the window that is judged. */
typedef struct Sent {
	int64_t resumed; /* hour: what came back before is known to a person */
	Counts back;
	int64_t accepted, delivered;
} Sent;

static bool add_sent(const CountedHour *row, void *data)
{
	Sent *sent = data;

	/* what was sent before may still come back */
	sent->accepted += row->counts.accepted;
	sent->delivered += row->counts.delivered;
	if (row->hour <= sent->resumed)
		return true;
	sent->back.hard += row->counts.hard;
	sent->back.block += row->counts.block;
	sent->back.complaint += row->counts.complaint;
	return true;
}

typedef struct Pausable {
	bool may; /* it is not paused, and may be */
	int64_t resumed;
} Pausable;

static bool take_pausable(const CampaignRow *row, void *data)
{
	Pausable *pausable = data;

	pausable->may = row->paused == 0 && row->may_pause;
	pausable->resumed = row->resumed;
	return true;
}

static bool judge_campaign(Tick *tick, const char *name, GError **error)
{
	Store *store = &tick->self->base;
	int64_t hour = hour_of(tick->now);
	int64_t window = (tick->policy->pause_window + 3599) / 3600;
	Pausable pausable = { 0 };
	g_autofree char *why = NULL;
	Sent sent = { 0 };

	if (!store_sqlite_campaign_row(store, name, take_pausable, &pausable,
		error))
		return false;
	if (!pausable.may)
		return true;
	sent.resumed = pausable.resumed != 0 ? hour_of(pausable.resumed)
					     : INT64_MIN;
	/* a clock that was set back leaves hours ahead of it */
	if (!store_sqlite_each_count(store, COUNTER_CAMPAIGN, name,
		hour - window, hour + window, add_sent, &sent, error))
		return false;
	why = pause_why(tick->policy, MAX(sent.accepted, sent.delivered),
	    &sent.back);
	return why == NULL || pause_campaign(tick, name, why, error);
}

static bool pause_some(Tick *tick, GError **error)
{
	g_autoptr(GHashTable)
	    judged = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	void *key, *value;

	g_hash_table_iter_init(&iter, tick->sums);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const CountKey *of = key;
		const Counts *counts = value;

		if (of->kind != COUNTER_CAMPAIGN ||
		    counts->hard + counts->block + counts->complaint == 0 ||
		    !g_hash_table_add(judged, of->own))
			continue;
		if (!judge_campaign(tick, of->name, error))
			return false;
	}
	return true;
}

/* ---- closing ---- */

bool breaker_end(StoreSqlite *self, int64_t id, int64_t at, const char *by,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_BREAKER_CLOSE, error);

	self->is_open_known = false;
	if (stmt == NULL)
		return false;
	bind_int(stmt, 1, id);
	bind_int(stmt, 2, at);
	bind_text(stmt, 3, by);
	return statement_run(self, stmt, error);
}

static bool close_one(Tick *tick, const OpenBreaker *open, int64_t opened,
    GError **error)
{
	const char *why;
	bool is_off = !tick->policy->is_on, is_calm = is_off;

	if (!is_off && tick->now >= opened &&
	    tick->now - opened < tick->policy->close_after)
		return true;
	if (!is_off && (!need_history(tick, error) ||
			   !history_is_calm(tick->history, open->kind,
			       open->name, &is_calm, error)))
		return false;
	if (!is_calm)
		return true;
	why = is_off ? "the breaker is switched off" : "as usual again";
	notice(tick, "circuit breaker closed: %s %s: %s",
	    counter_kind_name(open->kind), open->name, why);
	return breaker_end(tick->self, open->id, tick->now, "rule", error) &&
	       audit(tick, "breaker close", open->kind, open->name, why, error);
}

static bool opened_at(StoreSqlite *self, int64_t id, int64_t *ret_opened,
    GError **error)
{
	Statement *stmt = statement_use(self, SQL_BREAKER_OPENED, error);

	if (stmt != NULL)
		bind_int(stmt, 1, id);
	return statement_number(self, stmt, ret_opened, error);
}

static bool close_some(Tick *tick, GError **error)
{
	for (unsigned i = 0; i < tick->self->open->len; i++) {
		const OpenBreaker *open = &g_array_index(tick->self->open,
		    OpenBreaker, i);
		int64_t opened;

		/* a campaign is cleared by hand */
		if (open->kind == COUNTER_CAMPAIGN)
			continue;
		if (!opened_at(tick->self, open->id, &opened, error) ||
		    !close_one(tick, open, opened, error))
			return false;
	}
	return true;
}

/* ---- all of it ---- */

bool store_sqlite_tick_due(const Store *store, int64_t now)
{
	const StoreSqlite *self = (const StoreSqlite *)store;

	if (self->tick_more || self->uncounted >= TICK_EVENTS)
		return true;
	if (self->ticked_at != 0 && self->uncounted == 0 &&
	    self->is_open_known && self->open->len == 0)
		return false;
	return now - self->ticked_at >= TICK_SECONDS || now < self->ticked_at;
}

/* Another process may have done it a moment ago. */
static bool is_needed(StoreSqlite *self, int64_t now, bool at_once,
    bool *ret_needed, GError **error)
{
	int64_t upto, at, last;
	bool is_looking_back;

	*ret_needed = true;
	if (self->tick_more || self->uncounted >= TICK_EVENTS)
		return true;
	if (!recall_is_due(self, &is_looking_back, error) ||
	    !counted_get(self, &upto, &at, error) ||
	    !last_event(self, &last, error))
		return false;
	if (is_looking_back)
		return true;
	*ret_needed = (at_once || now - at >= TICK_SECONDS || now < at ||
			  last - upto >= TICK_EVENTS) &&
		      (last > upto || self->open->len > 0);
	return true;
}

static bool tick(Tick *tick_, GError **error)
{
	StoreSqlite *self = tick_->self;
	int64_t before = hour_of(tick_->now) - breaker_hours(tick_->policy) -
			 24;

	if (!count_events_chunk(self, tick_->policy->baseline, tick_->now,
		COUNT_EVENTS, tick_->sums, &tick_->more, error))
		return false;
	if (tick_->policy->is_on && !open_some(tick_, error))
		return false;
	if (tick_->policy->is_pause_on && !pause_some(tick_, error))
		return false;
	if (!close_some(tick_, error))
		return false;
	/* one of them is enough for one transaction */
	if (!tick_->more &&
	    !recall_some(self, tick_->policy, tick_->now, &tick_->more, error))
		return false;
	return counters_forget(self, before, FORGET_ROWS, error);
}

bool store_sqlite_tick(Store *store, const BreakerPolicy *policy, int64_t now,
    bool at_once, GPtrArray *notices, bool *ret_more, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	g_auto(Tick)
	    one = { self, policy, now, notices, count_sums_new(), NULL, false };
	unsigned had = notices->len;
	bool is_wanted;

	*ret_more = false;
	self->ticked_at = now;
	if (!breakers_read(self, error) ||
	    !is_needed(self, now, at_once, &is_wanted, error))
		return false;
	if (!is_wanted)
		return true;
	if (!store_sqlite_begin(store, error))
		return false;
	if (!breakers_read(self, error) || !tick(&one, error) ||
	    !store_sqlite_commit(store, error)) {
		store_sqlite_rollback(store);
		self->is_open_known = false;
		g_ptr_array_set_size(notices, (int)had);
		return false;
	}
	self->tick_more = *ret_more = one.more;
	if (!one.more)
		self->uncounted = 0;
	return true;
}
