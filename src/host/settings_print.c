/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings as text: as postconf(1) prints its own, and the sample file. */
#include "settings_private.h"

#include "settings_table.h"
#include "units.h"

#include <string.h>

static void print_rows(GString *text, const char *section, const char *indent,
    const void *base, const void *defaults)
{
	for (unsigned i = 0; i < settings_table_len; i++) {
		const Setting *row = &settings_table[i];
		g_autofree char *value = NULL;
		g_autofree char *fallback = NULL;

		if (strcmp(row->section, section) != 0)
			continue;
		value = setting_format(row, base);
		if (defaults != NULL)
			fallback = setting_format(row, defaults);
		if (defaults == NULL || strcmp(value, fallback) != 0)
			g_string_append_printf(text, "%s%s = %s\n", indent,
			    row->name, value);
	}
}

static void print_policy(GString *text, const Policy *policy,
    const Policy *defaults)
{
	g_autoptr(GString) rows = g_string_new(NULL);

	print_rows(rows, "policy", "\t", policy, defaults);
	if (rows->len > 0)
		g_string_append_printf(text, "policy {\n%s}\n", rows->str);
}

static void print_policies(GString *text, const Settings *settings)
{
	char *none[] = { NULL };
	const SettingsPolicy absent = { .classes = none,
		.reasons = none,
		.providers = none,
		.limit = POLICY_LIMIT_UNSET };

	for (unsigned i = 0; i < settings->policies->len; i++) {
		const SettingsPolicy *policy =
		    g_ptr_array_index(settings->policies, i);

		g_string_append_printf(text, "policy \"%s\" {\n", policy->name);
		print_rows(text, SECTION_POLICY_RULE, "\t", policy, &absent);
		g_string_append(text, "}\n");
	}
}

static void print_providers(GString *text, const Settings *settings)
{
	const SettingsProvider absent = { 0 };

	for (unsigned i = 0; i < settings->providers->len; i++) {
		const SettingsProvider *provider =
		    g_ptr_array_index(settings->providers, i);

		g_string_append_printf(text, "provider \"%s\" {\n",
		    provider->name);
		print_rows(text, "provider", "\t", provider, &absent);
		g_string_append(text, "}\n");
	}
}

static void print_breaker(GString *text, const BreakerPolicy *breaker,
    const BreakerPolicy *defaults)
{
	g_autoptr(GString) rows = g_string_new(NULL);

	print_rows(rows, "breaker", "\t", breaker, defaults);
	if (rows->len > 0)
		g_string_append_printf(text, "breaker {\n%s}\n", rows->str);
}

static void print_streams(GString *text, const Settings *settings)
{
	for (unsigned i = 0; i < settings->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(settings->streams, i);

		g_string_append_printf(text, "stream \"%s\" {\n", stream->name);
		print_rows(text, "stream", "\t", stream, NULL);
		g_string_append(text, "}\n");
	}
}

static void print_patterns(GString *text, const Settings *settings)
{
	for (unsigned i = 0; i < settings->patterns->len; i++) {
		const SettingsPattern *pattern =
		    g_ptr_array_index(settings->patterns, i);
		/* a regex of NULL is not one of "" */
		const SettingsPattern absent = {
			.is_trusted = !pattern->is_trusted
		};

		g_string_append_printf(text, "pattern \"%s\" {\n",
		    pattern->name);
		print_rows(text, "pattern", "\t", pattern, &absent);
		g_string_append(text, "}\n");
	}
}

char *settings_print(const Settings *settings, bool only_changed)
{
	g_autoptr(Settings) defaults = settings_new();
	g_autoptr(GString) text = g_string_new(NULL);

	if (only_changed && g_strv_length(settings->own_hosts) > 0) {
		/* the default of own_hosts follows hostname */
		g_autofree char *usual = defaults->hostname;

		defaults->hostname = g_strdup(settings->hostname);
		settings_set_own_hosts(defaults);
		g_free(defaults->hostname);
		defaults->hostname = g_steal_pointer(&usual);
	}
	print_rows(text, "", "", settings, only_changed ? defaults : NULL);
	print_policy(text, &settings->policy,
	    only_changed ? &defaults->policy : NULL);
	print_policies(text, settings);
	print_providers(text, settings);
	print_breaker(text, &settings->breaker,
	    only_changed ? &defaults->breaker : NULL);
	print_streams(text, settings);
	print_patterns(text, settings);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void sample_rows(GString *text, const char *section, const char *indent,
    const char *mark, const void *base)
{
	for (unsigned i = 0; i < settings_table_len; i++) {
		const Setting *row = &settings_table[i];
		g_autofree char *value = NULL;

		if (strcmp(row->section, section) != 0)
			continue;
		value = setting_format(row, base);
		g_string_append_printf(text, "%s# %s\n%s%s%s = %s\n", indent,
		    row->doc, indent, mark, row->name, value);
	}
}

char *settings_sample(void)
{
	g_autoptr(Settings) defaults = settings_new();
	g_autoptr(GString) text = g_string_new(
	    "# verpd.conf(5).  What stands behind a \"#\" is the default.\n\n");
	char *classes[] = { (char[]){ "soft" }, NULL };
	char *reasons[] = { (char[]){ "mailbox-full" }, NULL };
	char *providers[] = { (char[]){ "google" }, (char[]){ "outlook" },
		NULL };
	const SettingsPolicy policy = { .classes = classes,
		.reasons = reasons,
		.providers = providers,
		.limit = 8,
		.days = 6,
		.window = 60 * (int64_t)SECONDS_PER_DAY,
		.ladder = {
		    { 30 * (int64_t)SECONDS_PER_DAY, HOLD_FOREVER }, 2 } };
	const SettingsProvider provider = { .retry = retry_profile(NULL, 0,
						"outlook") };
	char *campaigns[] = { (char[]){ "receipt-*" }, NULL };
	char *ignore[] = { (char[]){ "soft" }, NULL };
	const Stream stream = {
		.campaigns = campaigns, .is_exempt = true, .ignore = ignore
	};
	const SettingsPattern pattern = {
		.regex = (char[]){ "^bounce-(?<campaign>[a-z0-9]+)-"
				   "(?<local>.+)=(?<domain>[^=]+)$" },
	};

	/* a host's name has no place in a sample */
	g_free(defaults->hostname);
	defaults->hostname = g_strdup("mail.example.org");
	g_strfreev(defaults->own_hosts);
	defaults->own_hosts = g_strsplit("mail.example.org", " ", 0);
	sample_rows(text, "", "", "#", defaults);
	g_string_append(text, "\npolicy {\n");
	sample_rows(text, "policy", "\t", "#", &defaults->policy);
	g_string_append(text, "}\n\nbreaker {\n");
	sample_rows(text, "breaker", "\t", "#", &defaults->breaker);
	g_string_append(text, "}\n\n# as often as needed; the first that "
			      "matches a bounce counts it\n"
			      "#policy \"full\" {\n");
	sample_rows(text, SECTION_POLICY_RULE, "#\t", "", &policy);
	g_string_append(text, "#}\n\n# advice for senders that schedule "
			      "themselves\n#provider \"outlook\" {\n");
	sample_rows(text, "provider", "#\t", "", &provider);
	g_string_append(text, "#}\n\n# as often as needed; the first that "
			      "matches a campaign takes it\n"
			      "#stream \"transactional\" {\n");
	sample_rows(text, "stream", "#\t", "", &stream);
	g_string_append(text, "#}\n\n# unsigned return paths of another make, "
			      "tried in order\n#pattern \"ours\" {\n");
	sample_rows(text, "pattern", "#\t", "", &pattern);
	g_string_append(text, "#}\n");
	return g_string_free(g_steal_pointer(&text), FALSE);
}
