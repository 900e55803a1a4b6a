/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What messages are judged by: held together, counted, and asked which stream
   a campaign is of.  Built by src/host/site.c. */

#include "deliver.h"

#include "text.h"

static void stream_free(Stream *stream)
{
	g_free(stream->name);
	g_strfreev(stream->campaigns);
	g_strfreev(stream->ignore);
	g_free(stream);
}

Judge *judge_new(void)
{
	Judge *judge = g_new0(Judge, 1);

	judge->ref_count = 1;
	judge->policy = policy_defaults;
	judge->breaker = breaker_defaults;
	judge->streams =
	    g_ptr_array_new_with_free_func((GDestroyNotify)stream_free);
	return judge;
}

Judge *judge_ref(Judge *judge)
{
	g_atomic_int_inc(&judge->ref_count);
	return judge;
}

void judge_unref(Judge *judge)
{
	if (judge == NULL || !g_atomic_int_dec_and_test(&judge->ref_count))
		return;
	token_space_free(judge->tokens);
	rules_free(judge->rules);
	g_ptr_array_unref(judge->streams);
	g_free(judge->default_stream);
	g_strfreev(judge->own_hosts);
	g_strfreev(judge->campaigns);
	g_free(judge->enforce_failure);
	g_free(judge->pause_action);
	g_free(judge);
}

void judge_add_stream(Judge *judge, const char *name,
    const char *const *campaigns, CauseSet ignored)
{
	Stream *stream = g_new0(Stream, 1);
	g_autoptr(GStrvBuilder) copy = g_strv_builder_new();

	for (const char *const *glob = campaigns; *glob != NULL; glob++)
		g_strv_builder_add(copy, *glob);
	stream->name = g_strdup(name);
	stream->campaigns = g_strv_builder_end(copy);
	stream->ignored = ignored;
	g_ptr_array_add(judge->streams, stream);
}

const char *judge_stream(const Judge *judge, const char *campaign)
{
	for (unsigned i = 0; i < judge->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(judge->streams, i);

		for (char **glob = stream->campaigns; *glob != NULL; glob++)
			if (g_pattern_match_simple(*glob, campaign))
				return stream->name;
	}
	return text_or_empty(judge->default_stream);
}

CauseSet judge_ignored(const Judge *judge, const char *name)
{
	for (unsigned i = 0; i < judge->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(judge->streams, i);

		if (g_ascii_strcasecmp(stream->name, name) == 0)
			return stream->ignored;
	}
	return 0;
}
