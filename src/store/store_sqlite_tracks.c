/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is counted of a recipient, as columns keep it.  Soft bounces, by far the
   most, have columns of their own; all else stands in one text:

	hits   = hit *( SP hit )
	hit    = at [ ":" reason / "d" ]      ; "d": disabled, before version 3
	counts = track *( ";" track )
	track  = cause SP rung SP rung-end *( SP hit )
*/

#include "store_sqlite.h"

#include <string.h>

char *hits_encode(const Track *track)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < track->n_hits; i++) {
		const PolicyHit *hit = &track->hits[i];

		g_string_append_printf(text, "%s%" G_GINT64_FORMAT,
		    i > 0 ? " " : "", hit->at);
		if (hit->reason != VP_REASON_UNKNOWN)
			g_string_append_printf(text, ":%s",
			    vp_reason_name(hit->reason));
	}
	return g_string_free(text, FALSE);
}

static bool hit_decode(const char *word, PolicyHit *ret_hit)
{
	char *end;
	int64_t at = g_ascii_strtoll(word, &end, 10);
	int reason = VP_REASON_UNKNOWN;

	if (end == word)
		return false;
	if (strcmp(end, "d") == 0)
		reason = VP_REASON_DISABLED;
	else if (*end == ':')
		reason = vp_reason_from_name(end + 1);
	else if (*end != '\0')
		return false;
	if (reason < 0)
		return false;
	*ret_hit = (PolicyHit){ at, (enum vp_reason)reason };
	return true;
}

static bool words_decode(char *const *words, Track *track)
{
	for (; *words != NULL; words++)
		if (track->n_hits == POLICY_HITS_MAX ||
		    !hit_decode(*words, &track->hits[track->n_hits++]))
			return false;
	return true;
}

bool hits_decode(const char *text, Track *track)
{
	g_auto(GStrv) words = NULL;

	if (*text == '\0')
		return true;
	words = g_strsplit(text, " ", POLICY_HITS_MAX + 2);
	return words_decode(words, track);
}

char *counts_encode(const RecipientState *state)
{
	GString *text = g_string_new(NULL);

	for (Cause cause = 0; cause < CAUSE_COUNT; cause++) {
		const Track *track = &state->track[cause];
		g_autofree char *hits = NULL;

		if (cause == CAUSE_SOFT ||
		    (track->n_hits == 0 && track->rung == 0))
			continue;
		hits = hits_encode(track);
		g_string_append_printf(text, "%s%s %u %" G_GINT64_FORMAT "%s%s",
		    text->len > 0 ? ";" : "", cause_name(cause), track->rung,
		    track->rung_end, hits[0] != '\0' ? " " : "", hits);
	}
	return g_string_free(text, FALSE);
}

static bool track_decode(const char *text, RecipientState *state)
{
	g_auto(GStrv) words = g_strsplit(text, " ", POLICY_HITS_MAX + 5);
	int cause = words[0] != NULL ? cause_from_name(words[0]) : -1;
	Track *track;

	if (cause < 0 || cause == CAUSE_SOFT || g_strv_length(words) < 3)
		return false;
	track = &state->track[cause];
	track->rung = (unsigned)g_ascii_strtoull(words[1], NULL, 10);
	track->rung_end = g_ascii_strtoll(words[2], NULL, 10);
	return words_decode(words + 3, track);
}

bool counts_decode(const char *text, RecipientState *state)
{
	g_auto(GStrv) tracks = NULL;

	if (*text == '\0') /* of nearly everyone */
		return true;
	tracks = g_strsplit(text, ";", CAUSE_COUNT + 1);
	for (char **track = tracks; *track != NULL; track++)
		if (!track_decode(*track, state))
			return false;
	return true;
}

static bool tracks_are_equal(const Track *a, const Track *b)
{
	if (a->n_hits != b->n_hits || a->rung != b->rung ||
	    a->rung_end != b->rung_end)
		return false;
	for (unsigned i = 0; i < a->n_hits; i++)
		if (a->hits[i].at != b->hits[i].at ||
		    a->hits[i].reason != b->hits[i].reason)
			return false;
	return true;
}

bool counts_are_equal(const RecipientState *a, const RecipientState *b)
{
	for (Cause cause = 0; cause < CAUSE_COUNT; cause++)
		if (!tracks_are_equal(&a->track[cause], &b->track[cause]))
			return false;
	return true;
}

Effect effect_read(Statement *stmt, const EffectColumns *at)
{
	int step = step_from_name(column_text(stmt, at->step));
	int reason = vp_reason_from_name(column_text(stmt, at->reason));
	Effect effect = {
		.step = step >= 0 ? (Step)step : STEP_NONE,
		.is_counted = column_int(stmt, at->counted) != 0,
		.reason = reason >= 0 ? (enum vp_reason)reason
				      : VP_REASON_UNKNOWN,
		.hold_until = column_int(stmt, at->hold_until),
		.rung = (unsigned)column_int(stmt, at->rung),
	};

	/* Written before version 3, which counted soft bounces alone and
	   remembered of their reasons but one. */
	if (sqlite3_column_type(stmt, at->counted) == SQLITE_NULL) {
		effect.is_counted = effect.step == STEP_SOFT;
		effect.reason = column_int(stmt, at->is_disabled) != 0
				    ? VP_REASON_DISABLED
				    : VP_REASON_UNKNOWN;
	}
	return effect;
}
