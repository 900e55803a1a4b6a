/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The circuit breaker, whole.

   Now and then a large receiver answers "user unknown" for addresses that
   live: Google on two days of December 2020, Yahoo for days in 2018 and 2019.
   Believed, such a day takes thousands of good addresses off a list for ever.
   So a receiver is believed only as long as it refuses about as many people as
   it ever did.  What is counted is people: the first hard bounce of a
   recipient for as long as the baseline is.  One who bounces daily is one, and
   one who was held last week and bounces again now is told twice, days apart:
   no evidence against the receiver.

   What is usual.  Where deliveries are known, the share of refused among
   refused and delivered.  Where they are not, the number itself: against the
   worst window of the baseline, since mailings are not spread over the week;
   and against the others, since they are not of one size: how many for each
   that all other receivers refused, the largest of those set aside (it may be
   having its bad day, too).  A list full of old addresses raises all
   receivers together: what two thirds of the others do as well is not held
   against one.

   Two windows are judged, a short and a long one: what is too slow for the
   first adds up in the second.  The baseline ends a day before the window, so
   that a slow beginning is not taken for it.

   Without a baseline (a new site) there is less to go by, so more is asked
   for: a rate that no list of living people has, or as many as `first` at a
   receiver that refuses several times what all others do.

   It opens wrongly now and then, and is built so that this costs little: who
   is held is written to once more, some days later, and is then believed.  It
   would be worse to miss an outage.  An opening teaches: after `learn` its
   hours are baseline as well (at once if a person confirms it, never if one
   says it was an outage), so a lasting change opens it once or twice only.

   It closes when for close_after nothing was unusual.  Silence closes it, too;
   if the next mailing is refused again, it opens again, and looks back. */

#include "breaker.h"

#include "units.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[COUNTER_KIND_COUNT] = {
	[COUNTER_SITE] = "site",
	[COUNTER_PROVIDER] = "provider",
	[COUNTER_HOST] = "host",
	[COUNTER_CAMPAIGN] = "campaign",
};

const char *counter_kind_name(CounterKind kind)
{
	return (unsigned)kind < COUNTER_KIND_COUNT ? kind_names[kind] : "";
}

int counter_kind_from_name(const char *name)
{
	for (int i = 0; i < COUNTER_KIND_COUNT; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return i;
	return -1;
}

/* ---- under which names ---- */

const char *breaker_provider(const char *provider)
{
	return provider[0] != '\0' ? provider : BREAKER_OTHER;
}

/* Second-level labels under which a country gives out names: "co.uk",
   "com.br".  Without the whole list of them a short label is taken for one. */
static bool is_public_label(const char *label, size_t len)
{
	static const char *const known[] = { "asso", "gouv", "info", "mail",
		"firm", "nom", NULL };

	if (len <= 3)
		return true;
	for (const char *const *one = known; *one != NULL; one++)
		if (strlen(*one) == len && memcmp(*one, label, len) == 0)
			return true;
	return false;
}

/* The start of the last N labels of HOST, or HOST if there are fewer. */
static const char *last_labels(const char *host, unsigned n)
{
	const char *at = host + strlen(host);

	while (at > host) {
		if (at[-1] == '.' && --n == 0)
			return at;
		at--;
	}
	return host;
}

static const char *domain_of(const char *host)
{
	const char *top = last_labels(host, 1);
	const char *second = last_labels(host, 2);

	/* an address literal has no domain */
	if (host[0] == '[' || strchr(host, ':') != NULL ||
	    g_ascii_isdigit(top[0]))
		return host;
	if (strlen(top) == 2 && second < top &&
	    is_public_label(second, (size_t)(top - 1 - second)))
		return last_labels(host, 3);
	return second;
}

/* Where one customer's bounces say nothing of another's. */
static bool is_tenant(const char *host)
{
	return g_str_has_suffix(host, ".protection.outlook.com");
}

char *breaker_host(const char *provider, const char *remote_mta)
{
	g_autofree char *host = g_ascii_strdown(remote_mta, -1);
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		host[len - 1] = '\0';
	if (is_tenant(host))
		return g_steal_pointer(&host);
	if (provider[0] != '\0')
		return g_strdup("");
	/* refused before any host was reached, or nobody says by whom */
	if (host[0] == '\0')
		return g_strdup("none");
	return g_strdup(domain_of(host));
}

/* ---- judging ---- */

#define DAY_HOURS 24
#define FEW       20 /* refused at their worst; then each alone is chance */

const BreakerPolicy breaker_defaults = {
	.is_on = true,
	.window = 3600,
	.long_window = 86400,
	.baseline = 30 * 86400,
	.minimum = 10,
	.first = 100,
	.factor = 4,
	.floor = 0.01,
	.ceiling = 0.2,
	.recall = 86400,
	.hold = 3 * 86400,
	.close_after = 12 * 3600,
	.close_factor = 2,
	.learn = 14 * 86400,
	.is_campaign_on = true,
	.campaign_minimum = 50,
	.is_pause_on = true,
	.pause_minimum = 200,
	.pause_hits = 5,
	.pause_hard = 0.02,
	.pause_complaint = 0.001,
	.pause_block = 0.1,
	.pause_window = 7 * 86400,
};

/* The present hour has only begun: so many more before it. */
static unsigned hours_of(int64_t seconds)
{
	return (unsigned)((seconds + 3599) / 3600);
}

unsigned breaker_hours(const BreakerPolicy *policy)
{
	return hours_of(policy->baseline) + DAY_HOURS +
	       hours_of(MAX(policy->long_window, policy->close_after)) + 1;
}

/* The last hour of the window and how many more it has before that one. */
typedef struct Span {
	unsigned last;
	unsigned more;
} Span;

static int64_t sum(const int64_t *totals, Span span)
{
	return totals[span.last + 1] - totals[span.last - span.more];
}

/* What the rest refused, but for the one that refused most. */
static int64_t sum_rest(const BreakerView *view, Span span)
{
	int64_t total = 0, most = 0;

	for (unsigned i = 0; i < view->n_rest; i++) {
		int64_t one = sum(view->rest[i].bad, span);

		total += one;
		most = MAX(most, one);
	}
	return total - most;
}

/* The first hour that is not baseline of SERIES any more. */
static unsigned baseline_end(const BreakerSeries *series,
    const BreakerView *view, unsigned more)
{
	unsigned recent = more + 1 + DAY_HOURS;
	unsigned end = view->n_hours > recent ? view->n_hours - recent : 0;

	return MAX(end, MIN(series->learned, view->n_hours));
}

static bool is_baseline(const BreakerSeries *series, Span span)
{
	return series->left_out == NULL || sum(series->left_out, span) == 0;
}

/* The past of one key, in windows like the one that is judged. */
typedef struct Past {
	int64_t peak;      /* the most refused in one */
	int64_t bad, good; /* in all hours */
	double odds;       /* the most for each that the rest refused */
} Past;

static Past past_of(const BreakerView *view, const BreakerSeries *series,
    unsigned more, unsigned minimum, bool with_odds)
{
	unsigned end = baseline_end(series, view, more);
	Past past = { 0 };
	int64_t rest = 0;

	for (unsigned i = 0; i < end; i++) {
		Span hour = { i, 0 }, span = { i, more };
		int64_t bad;

		if (!is_baseline(series, hour))
			continue;
		past.bad += sum(series->bad, hour);
		past.good += sum(series->good, hour);
		if (with_odds)
			rest += sum_rest(view, hour);
		if (i < more || !is_baseline(series, span))
			continue;
		bad = sum(series->bad, span);
		past.peak = MAX(past.peak, bad);
		if (with_odds && bad > 0)
			past.odds = MAX(past.odds,
			    (double)bad /
				(double)(sum_rest(view, span) + minimum));
	}
	if (with_odds)
		past.odds = MAX(past.odds,
		    (double)past.bad / (double)(rest + 1));
	return past;
}

static double rate_of(int64_t bad, int64_t good)
{
	return bad + good > 0 ? (double)bad / (double)(bad + good) : 0;
}

/* How many times its usual one of the rest refused, and how much that says. */
typedef struct Growth {
	double times;
	double weight;
} Growth;

static int compare_growth(const void *a, const void *b)
{
	double x = ((const Growth *)a)->times, y = ((const Growth *)b)->times;

	return (x > y) - (x < y);
}

static Growth growth_of(const BreakerPolicy *policy, const BreakerView *view,
    const BreakerSeries *series, Span now, bool is_rate)
{
	Past past = past_of(view, series, now.more, 0, false);
	int64_t bad = sum(series->bad, now), good = sum(series->good, now);
	double usual;

	if (!is_rate)
		return (Growth){ past.peak > 0 ? (double)bad / (double)past.peak
					       : 0,
			(double)past.peak };
	usual = MAX(rate_of(past.bad, past.good), policy->floor);
	return (Growth){ rate_of(bad, good) / usual,
		usual * (double)(bad + good) };
}

/* Of so few that each alone is chance: all of them together. */
static double growth_of_few(const BreakerView *view, Span now)
{
	unsigned end = baseline_end(view->site, view, now.more);
	int64_t peak = 1;

	for (unsigned i = now.more; i < end; i++)
		peak = MAX(peak, sum_rest(view, (Span){ i, now.more }));
	return MAX(1, (double)sum_rest(view, now) / (double)peak);
}

/* What two thirds of the rest exceed: how much worse than ever the list or the
   mailing is, and not the receiver. */
static double growth_of_rest(const BreakerPolicy *policy,
    const BreakerView *view, Span now, bool is_rate)
{
	g_autofree Growth *all = g_new0(Growth, view->n_rest + 1);
	double weight = 0, below = 0;

	for (unsigned i = 0; i < view->n_rest; i++) {
		all[i] = growth_of(policy, view, &view->rest[i], now, is_rate);
		weight += all[i].weight;
	}
	if (weight < FEW)
		return is_rate ? 1 : growth_of_few(view, now);
	qsort(all, view->n_rest, sizeof(all[0]), compare_growth);
	for (unsigned i = 0; i < view->n_rest; i++) {
		below += all[i].weight;
		if (below * 3 >= weight)
			return MAX(all[i].times, 1);
	}
	return 1;
}

static void read_rate(const BreakerPolicy *policy, const BreakerView *view,
    Span now, unsigned factor, BreakerReading *reading)
{
	Past past = past_of(view, view->base, now.more, 0, false);
	double limit;

	reading->is_rate = true;
	reading->level = rate_of(reading->bad, reading->good);
	if (!reading->is_known) {
		reading->usual = policy->ceiling / factor;
		reading->score = reading->level / policy->ceiling;
		return;
	}
	/* never seen itself: as the whole site */
	if (past.good == 0)
		past = past_of(view, view->site, now.more, 0, false);
	reading->usual = MAX(rate_of(past.bad, past.good), policy->floor);
	limit = MIN(reading->usual * factor, reading->usual + policy->ceiling);
	reading->score = reading->level /
			 (limit * growth_of_rest(policy, view, now, true));
}

static void read_number(const BreakerPolicy *policy, const BreakerView *view,
    Span now, unsigned factor, BreakerReading *reading)
{
	Past past = past_of(view, view->base, now.more, policy->minimum, true);
	double bad = (double)reading->bad;
	double rest = (double)sum_rest(view, now);
	double by_peak, by_odds, odds;

	reading->level = bad;
	reading->usual = MAX((double)past.peak,
	    (double)policy->minimum / factor);
	by_peak = bad / (reading->usual * factor *
			    growth_of_rest(policy, view, now, false));
	odds = bad / (rest + policy->minimum);
	by_odds = odds / (MAX(past.odds, 1.0 / factor) * factor);
	reading->score = MAX(by_peak, by_odds);
}

static void read_unknown(const BreakerPolicy *policy, const BreakerView *view,
    Span now, unsigned factor, BreakerReading *reading)
{
	int64_t rest = 0;

	for (unsigned i = 0; i < view->n_rest; i++)
		rest += sum(view->rest[i].bad, now);
	reading->level = (double)reading->bad;
	reading->usual = (double)policy->first / factor;
	reading->score = MIN(reading->level / policy->first,
	    reading->level / ((double)factor * (double)(rest + 1)));
}

/* Some days of it: less is chance. */
static bool has_baseline(const BreakerView *view, unsigned more)
{
	unsigned end = baseline_end(view->site, view, more);
	unsigned old = end > 2 * DAY_HOURS ? end - 2 * DAY_HOURS : 0;

	return view->site->bad[old] + view->site->good[old] > 0;
}

/* The last SECONDS of VIEW's key, held against FACTOR times the usual. */
static BreakerReading breaker_read(const BreakerPolicy *policy,
    const BreakerView *view, int64_t seconds, unsigned factor)
{
	unsigned more = MIN(hours_of(seconds), view->n_hours - 1);
	unsigned fresh = view->key->fresh;
	Span now = { view->n_hours - 1, more };
	BreakerReading reading = { 0 };

	/* only what came since it was closed the last time */
	if (fresh <= now.last) {
		now.more = MIN(now.more, now.last - fresh);
		reading.bad = sum(view->key->bad, now);
		reading.good = sum(view->key->good, now);
	}
	reading.seconds = seconds;
	reading.is_known = has_baseline(view, more);
	now.more = more;
	if (sum(view->site->good, now) > 0 &&
	    (!reading.is_known ||
		past_of(view, view->site, more, 0, false).good > 0))
		read_rate(policy, view, now, factor, &reading);
	else if (reading.is_known)
		read_number(policy, view, now, factor, &reading);
	else
		read_unknown(policy, view, now, factor, &reading);
	return reading;
}

bool breaker_opens(const BreakerPolicy *policy, const BreakerView *view,
    BreakerReading *ret_reading)
{
	const int64_t windows[] = { policy->window, policy->long_window };

	for (unsigned i = 0; i < G_N_ELEMENTS(windows); i++) {
		BreakerReading reading = breaker_read(policy, view, windows[i],
		    policy->factor);

		if (reading.bad >= policy->minimum && reading.score > 1) {
			*ret_reading = reading;
			return true;
		}
	}
	return false;
}

bool breaker_is_calm(const BreakerPolicy *policy, const BreakerView *view)
{
	BreakerReading reading = breaker_read(policy, view, policy->close_after,
	    policy->close_factor);

	return reading.bad < policy->minimum ||
	       (reading.is_known && reading.score <= 1);
}

char *breaker_why(const BreakerReading *reading, bool is_campaign)
{
	const char *what = is_campaign ? "messages blocked"
				       : "recipients refused";
	g_autofree char *window = duration_format(reading->seconds);

	if (reading->is_rate)
		return g_strdup_printf("%" G_GINT64_FORMAT
				       " %s and %" G_GINT64_FORMAT
				       " delivered within %s,"
				       " %.1f %%; usual is %.1f %%%s",
		    reading->bad, what, reading->good, window,
		    reading->level * 100, reading->usual * 100,
		    reading->is_known ? "" : " at most");
	if (reading->is_known)
		return g_strdup_printf("%" G_GINT64_FORMAT " %s within %s; "
				       "usual is %.0f at most",
		    reading->bad, what, window, reading->usual);
	return g_strdup_printf("%" G_GINT64_FORMAT " %s within %s, "
			       "with nothing before to compare",
	    reading->bad, what, window);
}

Effect breaker_hold(const BreakerPolicy *policy, const RecipientState *state,
    Effect effect, int64_t now)
{
	if (effect.step != STEP_HARD || effect.hold_until == 0 ||
	    (hold_is_active(state->hold[CAUSE_HARD], now) &&
		state->hold[CAUSE_HARD].until >= effect.hold_until))
		return effect;
	return (Effect){
		.step = STEP_HELD,
		.hold_until = now + policy->hold,
	};
}
