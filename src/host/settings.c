/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads verpd.conf(5): libConfuse takes the text apart, the rows of
   settings_table.c say what may be in it, and here the values are put into a
   Settings. */

#include "settings.h"

#include "errors.h"
#include "files.h"
#include "settings_confuse.h"
#include "settings_lines.h"
#include "settings_private.h"
#include "settings_table.h"

#include <string.h>

static void stream_free(Stream *stream)
{
	g_free(stream->name);
	g_strfreev(stream->campaigns);
	g_strfreev(stream->ignore);
	g_free(stream);
}

static void policy_free(SettingsPolicy *policy)
{
	g_free(policy->name);
	g_strfreev(policy->classes);
	g_strfreev(policy->reasons);
	g_strfreev(policy->providers);
	g_free(policy);
}

static void provider_free(SettingsProvider *provider)
{
	g_free(provider->name);
	g_free(provider);
}

static void pattern_free(SettingsPattern *pattern)
{
	g_free(pattern->name);
	g_free(pattern->regex);
	g_free(pattern);
}

static void set_fallbacks(const char *section, void *base)
{
	for (unsigned i = 0; i < settings_table_len; i++)
		if (strcmp(settings_table[i].section, section) == 0)
			setting_set_fallback(&settings_table[i], base);
}

/* The names under which this host may report: its own, and the one it goes by
   in the greeting. */
void settings_set_own_hosts(Settings *settings)
{
	const char *host = g_get_host_name();
	bool is_same = g_ascii_strcasecmp(host, settings->hostname) == 0;

	g_strfreev(settings->own_hosts);
	settings->own_hosts = g_new0(char *, 3);
	settings->own_hosts[0] = g_strdup(settings->hostname);
	if (!is_same)
		settings->own_hosts[1] = g_strdup(host);
}

Settings *settings_new(void)
{
	Settings *settings = g_new0(Settings, 1);

	settings->file = g_strdup(settings_default_file());
	settings->policy = policy_defaults;
	settings->policies =
	    g_ptr_array_new_with_free_func((GDestroyNotify)policy_free);
	settings->providers =
	    g_ptr_array_new_with_free_func((GDestroyNotify)provider_free);
	settings->breaker = breaker_defaults;
	settings->streams =
	    g_ptr_array_new_with_free_func((GDestroyNotify)stream_free);
	settings->patterns =
	    g_ptr_array_new_with_free_func((GDestroyNotify)pattern_free);
	settings->hostname = g_strdup(g_get_host_name());
	set_fallbacks("", settings);
	settings_set_own_hosts(settings);
	return settings;
}

void settings_free(Settings *settings)
{
	if (settings == NULL)
		return;
	g_free(settings->file);
	g_free(settings->store);
	g_free(settings->keys);
	g_free(settings->addresses);
	g_free(settings->address_key);
	g_strfreev(settings->rules);
	g_strfreev(settings->bounce_domains);
	g_free(settings->sub_address);
	g_strfreev(settings->own_hosts);
	g_strfreev(settings->listen);
	g_strfreev(settings->map_listen);
	g_strfreev(settings->policy_listen);
	g_strfreev(settings->campaigns);
	g_free(settings->enforce_failure);
	g_free(settings->pause_action);
	g_free(settings->pause_map);
	g_free(settings->listen_group);
	g_free(settings->hostname);
	g_ptr_array_unref(settings->policies);
	g_ptr_array_unref(settings->providers);
	g_ptr_array_unref(settings->streams);
	g_free(settings->default_stream);
	g_free(settings->mail_log);
	g_strfreev(settings->feed_inner_relays);
	g_ptr_array_unref(settings->patterns);
	g_free(settings->log);
	g_free(settings->log_level);
	g_free(settings);
}

const char *settings_default_file(void)
{
	return CONFDIR "/verpd.conf";
}

/* ---- reading ---- */

/* The word that a section of the table begins with in the file. */
static const char *word_of(const char *section)
{
	return strcmp(section, SECTION_POLICY_RULE) == 0 ? "policy" : section;
}

/* Every row of SECTION that CFG sets goes into BASE. */
static bool take_values(const Reader *reader, cfg_t *cfg, const char *section,
    const char *title, void *base, GError **error)
{
	for (unsigned i = 0; i < settings_table_len; i++) {
		const Setting *row = &settings_table[i];
		g_autoptr(GPtrArray) values = NULL;
		g_autoptr(GError) wrong = NULL;

		if (strcmp(row->section, section) != 0)
			continue;
		/* a list may be set, and empty */
		if (cfg_size(cfg, row->name) == 0 &&
		    (!setting_is_list(row) ||
			settings_lines_of(reader->lines, word_of(section),
			    title, row->name) == 0))
			continue;
		values = g_ptr_array_new();
		for (unsigned n = 0; n < cfg_size(cfg, row->name); n++)
			g_ptr_array_add(values, cfg_getnstr(cfg, row->name, n));
		if (!setting_set(row, base, (const char *const *)values->pdata,
			values->len, &wrong))
			return reader_complain(reader, word_of(section), title,
			    row->name, wrong->message, error);
	}
	return true;
}

static bool check_title(const Reader *reader, const char *section,
    const char *title, GError **error)
{
	return campaign_name_is_valid(title) ||
	       reader_complain(reader, section, title, "",
		   "the name must be of a-z, 0-9, \".\", \"_\", \"-\"", error);
}

static CauseSet causes_ignored(const Stream *stream)
{
	CauseSet ignored = stream->is_exempt ? CAUSE_BIT(CAUSE_COMPLAINT) : 0;

	for (char **name = stream->ignore; *name != NULL; name++)
		ignored |= CAUSE_BIT(cause_from_name(*name));
	return ignored;
}

static bool take_streams(const Reader *reader, cfg_t *cfg, Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < cfg_size(cfg, "stream"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "stream", i);
		const char *title = cfg_title(section);
		Stream *stream = g_new0(Stream, 1);

		stream->name = g_strdup(title);
		g_ptr_array_add(settings->streams, stream);
		set_fallbacks("stream", stream);
		if (!check_title(reader, "stream", title, error) ||
		    !take_values(reader, section, "stream", title, stream,
			error))
			return false;
		stream->ignored = causes_ignored(stream);
	}
	return true;
}

/* The short settings have no place in a rule, nor a rule's in them. */
static bool check_sort(const Reader *reader, cfg_t *cfg, const char *title,
    GError **error)
{
	const char *own = title[0] != '\0' ? SECTION_POLICY_RULE : "policy";

	for (unsigned i = 0; i < settings_table_len; i++) {
		const Setting *row = &settings_table[i];

		if (strcmp(word_of(row->section), "policy") != 0 ||
		    strcmp(row->section, own) == 0 ||
		    setting_find(own, row->name) != NULL ||
		    cfg_size(cfg, row->name) == 0)
			continue;
		return reader_complain(reader, "policy", title, row->name,
		    title[0] != '\0'
			? "it belongs into section policy without a name"
			: "it belongs into a section policy \"name\"",
		    error);
	}
	return true;
}

static bool take_policy_rule(const Reader *reader, cfg_t *section,
    const char *title, Settings *settings, GError **error)
{
	SettingsPolicy *policy = g_new0(SettingsPolicy, 1);

	policy->name = g_strdup(title);
	policy->limit = POLICY_LIMIT_UNSET;
	policy->line = settings_lines_of(reader->lines, "policy", title, "");
	g_ptr_array_add(settings->policies, policy);
	set_fallbacks(SECTION_POLICY_RULE, policy);
	return check_title(reader, "policy", title, error) &&
	       take_values(reader, section, SECTION_POLICY_RULE, title, policy,
		   error);
}

static bool take_policy(const Reader *reader, cfg_t *cfg, Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < cfg_size(cfg, "policy"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "policy", i);
		const char *title = cfg_title(section);
		bool ok = check_sort(reader, section, title, error);

		if (ok && title[0] == '\0')
			ok = take_values(reader, section, "policy", "",
			    &settings->policy, error);
		else if (ok)
			ok = take_policy_rule(reader, section, title, settings,
			    error);
		if (!ok)
			return false;
	}
	return settings_take_policies(reader, settings, error);
}

/* Those of verpd-rules(5), and of a pattern. */
#define PROVIDER_OCTETS "abcdefghijklmnopqrstuvwxyz0123456789.-_*?"

static bool take_providers(const Reader *reader, cfg_t *cfg, Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < cfg_size(cfg, "provider"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "provider", i);
		const char *title = cfg_title(section);
		SettingsProvider *provider = g_new0(SettingsProvider, 1);

		provider->name = g_strdup(title);
		provider->retry.provider = g_intern_string(title);
		provider->line = settings_lines_of(reader->lines, "provider",
		    title, "");
		g_ptr_array_add(settings->providers, provider);
		if (title[0] == '\0' ||
		    title[strspn(title, PROVIDER_OCTETS)] != '\0')
			return reader_complain(reader, "provider", title, "",
			    "the name must be of a-z, 0-9, \".\", \"_\", "
			    "\"-\", \"*\", \"?\"",
			    error);
		if (!take_values(reader, section, "provider", title, provider,
			error))
			return false;
	}
	return true;
}

static bool take_patterns(const Reader *reader, cfg_t *cfg, Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < cfg_size(cfg, "pattern"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "pattern", i);
		const char *title = cfg_title(section);
		SettingsPattern *pattern = g_new0(SettingsPattern, 1);

		pattern->name = g_strdup(title);
		pattern->line = settings_lines_of(reader->lines, "pattern",
		    title, "");
		g_ptr_array_add(settings->patterns, pattern);
		if (!check_title(reader, "pattern", title, error) ||
		    !take_values(reader, section, "pattern", title, pattern,
			error))
			return false;
	}
	return true;
}

static Settings *take_all(const Reader *reader, cfg_t *cfg, GError **error)
{
	g_autoptr(Settings) settings = settings_new();

	g_free(settings->file);
	settings->file = g_strdup(reader->file);
	if (!take_values(reader, cfg, "", "", settings, error))
		return NULL;
	if (settings_lines_of(reader->lines, "", "", "own_hosts") == 0)
		settings_set_own_hosts(settings);
	if (cfg_size(cfg, "breaker") > 0 &&
	    !take_values(reader, cfg_getsec(cfg, "breaker"), "breaker", "",
		&settings->breaker, error))
		return NULL;
	if (!take_policy(reader, cfg, settings, error) ||
	    !take_providers(reader, cfg, settings, error) ||
	    !take_streams(reader, cfg, settings, error) ||
	    !take_patterns(reader, cfg, settings, error) ||
	    !settings_check(reader, settings, error))
		return NULL;
	return g_steal_pointer(&settings);
}

Settings *settings_parse(const char *file, const char *text, gsize len,
    GError **error)
{
	g_autofree char *copy = NULL;
	g_autofree char *titled = NULL;
	g_autoptr(SettingsLines) lines = NULL;
	g_autoptr(cfg_t) cfg = NULL;
	Reader reader = { .file = file };

	if (memchr(text, '\0', len) != NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: there is a NUL in it", file);
		return NULL;
	}
	copy = g_strndup(text, len);
	lines = settings_lines_new(file, copy, error);
	if (lines == NULL)
		return NULL;
	reader.lines = lines;

	titled = settings_lines_titled(lines, "policy");
	cfg = confuse_read(file, titled, error);
	if (cfg == NULL)
		return NULL;
	return take_all(&reader, cfg, error);
}

Settings *settings_read(const char *file, GError **error)
{
	g_autofree char *text = NULL;
	gsize len;

	if (!file_read(file, &text, &len, NULL, error)) {
		file_missing_is(error, "verpctl config --sample prints one");
		return NULL;
	}
	return settings_parse(file, text, len, error);
}
