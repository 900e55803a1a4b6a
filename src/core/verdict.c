/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict.h"

Verdict *verdict_new(void)
{
	Verdict *verdict = g_new0(Verdict, 1);

	verdict->rule = g_strdup("");
	verdict->source = g_strdup("");
	verdict->matched = g_strdup("");
	verdict->status = g_strdup("");
	verdict->provider = g_strdup("");
	return verdict;
}

Verdict *verdict_copy(const Verdict *verdict)
{
	Verdict *copy = g_new(Verdict, 1);

	*copy = *verdict;
	copy->rule = g_strdup(verdict->rule);
	copy->source = g_strdup(verdict->source);
	copy->matched = g_strdup(verdict->matched);
	copy->status = g_strdup(verdict->status);
	copy->provider = g_strdup(verdict->provider);
	return copy;
}

void verdict_free(Verdict *verdict)
{
	if (verdict == NULL)
		return;
	g_free(verdict->rule);
	g_free(verdict->source);
	g_free(verdict->matched);
	g_free(verdict->status);
	g_free(verdict->provider);
	g_free(verdict);
}
