/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads verpd.conf(5): libConfuse takes the text apart, the rows of
   settings_table.c say what may be in it, and here the values are put into a
   Settings and held against each other. */
#include "settings.h"

#include "errors.h"
#include "files.h"
#include "settings_lines.h"
#include "settings_private.h"
#include "settings_table.h"
#include "units.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <confuse.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cfg_t, cfg_free)

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

/* ---- what contradicts ---- */

bool reader_complain(const Reader *reader, const char *section,
    const char *title, const char *name, const char *what, GError **error)
{
	unsigned line = settings_lines_of(reader->lines, section, title, name);

	if (line != 0)
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG, "%s:%u: %s: %s",
		    reader->file, line, name[0] != '\0' ? name : section, what);
	else
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG, "%s: %s: %s",
		    reader->file, name[0] != '\0' ? name : section, what);
	return false;
}

static const Setting *row_of(const char *section, const char *name)
{
	const Setting *row = setting_find(section, name);

	g_assert(row != NULL);
	return row;
}

/* Pairs of which the first must not be greater than the second. */
typedef struct Order {
	const char *section;
	const char *small;
	const char *large;
	const char *why;
} Order;

static const Order orders[] = {
	{ "", "command_timeout", "session_timeout",
	    "the session would end first" },
	{ "", "data_timeout", "session_timeout",
	    "the session would end first" },
	{ "", "busy_timeout", "deliver_timeout",
	    "verpctl deliver would never get to say that the store is locked" },
	{ "", "bounce_lifetime", "delivery_key_retention",
	    "a report that comes twice could count twice" },
	{ "", "forged_per_source", "forged_total", "it could not be reached" },
	{ "policy", "soft_days", "soft_limit", "it could not be reached" },
	{ "breaker", "window", "long_window", "it would be the shorter one" },
	{ "breaker", "long_window", "baseline",
	    "there would be none to compare with" },
	{ "breaker", "minimum", "first",
	    "less would be asked for when less "
	    "is known" },
	{ "breaker", "close_factor", "factor",
	    "a breaker would close and open at once" },
	{ "breaker", "learn", "baseline", "it would never be learned" },
};

static const void *section_base(const Settings *settings, const char *section)
{
	if (strcmp(section, "policy") == 0)
		return &settings->policy;
	if (strcmp(section, "breaker") == 0)
		return &settings->breaker;
	return settings;
}

static bool check_order(const Reader *reader, const Settings *settings,
    const Order *order, GError **error)
{
	const Setting *small = row_of(order->section, order->small);
	const Setting *large = row_of(order->section, order->large);
	const void *base = section_base(settings, order->section);
	g_autofree char *what = NULL;

	if (setting_number(small, base) <= setting_number(large, base))
		return true;
	if (settings_lines_of(reader->lines, order->section, "",
		order->small) != 0) {
		what = g_strdup_printf("must not be more than %s: %s",
		    order->large, order->why);
		return reader_complain(reader, order->section, "", order->small,
		    what, error);
	}
	what = g_strdup_printf("must not be less than %s: %s", order->small,
	    order->why);
	return reader_complain(reader, order->section, "", order->large, what,
	    error);
}

static bool check_window(const Reader *reader, const Settings *settings,
    GError **error)
{
	const Policy *policy = &settings->policy;
	int64_t days = policy->soft_window / SECONDS_PER_DAY + 1;

	if (policy->soft_days <= days)
		return true;
	return reader_complain(reader, "policy", "",
	    settings_lines_of(reader->lines, "policy", "", "soft_window") != 0
		? "soft_window"
		: "soft_days",
	    "soft_days different days do not fit into soft_window", error);
}

/* 127.0.0.0/8, ::1 or "localhost" */
static bool is_loopback(const char *listen)
{
	const char *host = listen + strlen("inet:");
	const char *port = strrchr(host, ':');
	g_autofree char *name = NULL;
	struct in_addr v4;
	struct in6_addr v6;

	if (host[0] == '[' && port > host && port[-1] == ']')
		name = g_strndup(host + 1, (gsize)(port - host - 2));
	else
		name = g_strndup(host, (gsize)(port - host));
	if (inet_pton(AF_INET, name, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, name, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return g_ascii_strcasecmp(name, "localhost") == 0;
}

static bool check_remote(const Reader *reader, const Settings *settings,
    const char *name, char **listens, GError **error)
{
	for (char **listen = listens; *listen != NULL; listen++) {
		g_autofree char *what = NULL;

		if (g_str_has_prefix(*listen, "unix:") ||
		    settings->allow_remote || is_loopback(*listen))
			continue;
		what = g_strdup_printf(
		    "%s is not a loopback address, and allow_remote is off",
		    *listen);
		return reader_complain(reader, "", "", name, what, error);
	}
	return true;
}

static bool check_listen_remote(const Reader *reader, const Settings *settings,
    GError **error)
{
	return check_remote(reader, settings, "listen", settings->listen,
		   error) &&
	       check_remote(reader, settings, "map_listen",
		   settings->map_listen, error) &&
	       check_remote(reader, settings, "policy_listen",
		   settings->policy_listen, error);
}

/* A stream without campaigns is of use only as the one of all others. */
static bool check_streams(const Reader *reader, const Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < settings->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(settings->streams, i);

		if (stream->campaigns[0] == NULL &&
		    strcmp(stream->name, settings->default_stream) != 0)
			return reader_complain(reader, "stream", stream->name,
			    "", "it has no campaigns and is not default_stream",
			    error);
	}
	return true;
}

static bool settings_check(const Reader *reader, const Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++)
		if (!check_order(reader, settings, &orders[i], error))
			return false;
	return check_window(reader, settings, error) &&
	       check_listen_remote(reader, settings, error) &&
	       check_streams(reader, settings, error);
}

/* ---- reading ---- */

/* libConfuse hands its error function nothing of ours, so the message waits
   in the comment of the section it is about. */
static void G_GNUC_PRINTF(2, 0)
    keep_error(cfg_t *cfg, const char *format, va_list args)
{
	g_autofree char *text = g_strdup_vprintf(format, args);
	g_autofree char *what = NULL;

	if (cfg->comment != NULL) /* the first is the cause */
		return;
	what = g_strdup_printf("%s:%d: %s", cfg->filename, cfg->line, text);
	cfg->comment = strdup(what); /* libConfuse will free() it */
}

/* Sections lie one deep. */
static const char *kept_error(const cfg_t *cfg)
{
	if (cfg->comment != NULL)
		return cfg->comment;
	for (cfg_opt_t *opt = cfg->opts; opt->name != NULL; opt++) {
		if (opt->type != CFGT_SEC)
			continue;
		for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
			const cfg_t *inner = cfg_opt_getnsec(opt, i);

			if (inner != NULL && inner->comment != NULL)
				return inner->comment;
		}
	}
	return NULL;
}

static bool is_list(const Setting *row)
{
	return row->type == SETTING_LIST || row->type == SETTING_LADDER;
}

static bool has_option(const GArray *options, const char *name)
{
	for (unsigned i = 0; i < options->len; i++)
		if (strcmp(g_array_index(options, cfg_opt_t, i).name, name) ==
		    0)
			return true;
	return false;
}

/* The options of one section, as strings all: what they mean is the rows'
   business. */
static void add_options(GArray *options, const char *section)
{
	for (unsigned i = 0; i < settings_table_len; i++) {
		const Setting *row = &settings_table[i];
		cfg_opt_t one = CFG_STR(row->name, NULL, CFGF_NODEFAULT);
		cfg_opt_t many = CFG_STR_LIST(row->name, NULL, CFGF_NODEFAULT);

		if (strcmp(row->section, section) == 0 &&
		    !has_option(options, row->name))
			g_array_append_val(options,
			    *(is_list(row) ? &many : &one));
	}
}

static GArray *section_options(const char *section)
{
	GArray *options = g_array_new(FALSE, TRUE, sizeof(cfg_opt_t));

	add_options(options, section);
	if (strcmp(section, "policy") == 0)
		add_options(options, SECTION_POLICY_RULE);
	return options;
}

static void append_end(GArray *options)
{
	cfg_opt_t end = CFG_END();

	g_array_append_val(options, end);
}

static cfg_t *confuse_new(const char *file)
{
	static const struct {
		const char *name;
		cfg_flag_t flags;
	} sections[] = {
		/* its own, and those of the rules, are told apart later */
		{ "policy", CFGF_MULTI | CFGF_TITLE },
		{ "provider", CFGF_MULTI | CFGF_TITLE },
		{ "breaker", CFGF_NODEFAULT },
		{ "stream", CFGF_MULTI | CFGF_TITLE },
		{ "pattern", CFGF_MULTI | CFGF_TITLE },
	};
	g_autoptr(GArray) options = section_options("");
	GArray *inner[G_N_ELEMENTS(sections)];
	cfg_t *cfg;

	for (unsigned i = 0; i < G_N_ELEMENTS(sections); i++) {
		inner[i] = section_options(sections[i].name);
		append_end(inner[i]);
		cfg_opt_t section = CFG_SEC(sections[i].name,
		    (cfg_opt_t *)(void *)inner[i]->data, sections[i].flags);
		g_array_append_val(options, section);
	}
	append_end(options);
	/* it makes copies of all of them */
	cfg = cfg_init((cfg_opt_t *)(void *)options->data, CFGF_NONE);
	for (unsigned i = 0; i < G_N_ELEMENTS(sections); i++)
		g_array_unref(inner[i]);
	g_assert(cfg != NULL);
	cfg->filename = strdup(file);
	cfg_set_error_function(cfg, keep_error);
	return cfg;
}

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
		    (!is_list(row) ||
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

/* What else to say of WHAT: a parameter of a section that stands outside it
   is the mistake of those who know main.cf. */
static const char *section_wanted(const char *what)
{
	for (unsigned i = 0; i < settings_table_len; i++) {
		const Setting *row = &settings_table[i];
		g_autofree char *unknown =
		    g_strdup_printf(": no such option '%s'", row->name);

		if (row->section[0] != '\0' && g_str_has_suffix(what, unknown))
			return row->section;
	}
	return NULL;
}

static bool confuse_parse(cfg_t *cfg, const char *file, const char *text,
    GError **error)
{
	/* fmemopen() of nothing fails in some C libraries, and the last line
	   may lack its end */
	g_autofree char *ended = g_strconcat(text, "\n", NULL);
	FILE *stream = fmemopen(ended, strlen(ended), "r");
	const char *what;
	const char *section;
	int result;

	g_assert(stream != NULL);
	result = cfg_parse_fp(cfg, stream);
	(void)fclose(stream); /* it was only read */
	if (result == CFG_SUCCESS)
		return true;
	what = kept_error(cfg);
	section = what != NULL ? section_wanted(what) : NULL;
	if (section != NULL)
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s here; it belongs into section %s", what, section);
	else if (what != NULL)
		g_set_error_literal(error, VP_ERROR, VP_ERROR_CONFIG, what);
	else
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s:%d: it cannot be read", file, cfg->line);
	return false;
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
	cfg = confuse_new(file);
	titled = settings_lines_titled(lines, copy, "policy");
	if (!confuse_parse(cfg, file, titled, error))
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
