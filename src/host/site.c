/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds what messages are judged by from the files that the settings name.
   Everything is read anew each time; nothing is kept between two calls. */
#include "site.h"

#include "errors.h"
#include "files.h"

#include <string.h>
#include <sys/stat.h>

KeyRing *site_keys(const Settings *settings, GError **error)
{
	g_autofree char *text = NULL;
	KeyRing *keys = NULL;
	gsize len = 0;
	mode_t mode;

	if (!file_read(settings->keys, &text, &len, &mode, error)) {
		file_missing_is(error, "verpctl key new makes it");
		return NULL;
	}
	if ((mode & 0007) != 0)
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: open to others than its owner and group "
		    "(mode %04o; try chmod o= %s)",
		    settings->keys, mode & 07777, settings->keys);
	else
		keys = keyring_parse(settings->keys, text, len, error);
	explicit_bzero(text, len);
	return keys;
}

/* ---- rules ---- */

typedef struct RuleTexts {
	GPtrArray *names;
	GPtrArray *texts;
	GArray *files;  /* of RuleFile, lent from the two above */
	bool is_proven; /* what is read now */
} RuleTexts;

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The *.rules of DIRECTORY in the order of names.  One that is not there has
   none: a site need not have rules of its own. */
static bool list_rules(const char *directory, GPtrArray *names, GError **error)
{
	g_autoptr(GError) wrong = NULL;
	GDir *dir = g_dir_open(directory, 0, &wrong);
	const char *name;

	if (dir == NULL) {
		if (g_error_matches(wrong, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			return true;
		g_set_error_literal(error, VP_ERROR, VP_ERROR_CONFIG,
		    wrong->message);
		return false;
	}
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".rules") && name[0] != '.')
			g_ptr_array_add(names,
			    g_build_filename(directory, name, NULL));
	g_dir_close(dir);
	g_ptr_array_sort(names, compare_names);
	return true;
}

/* Reads PATH, whose name the set takes over. */
static bool read_rule_file(RuleTexts *rules, const char *path, GError **error)
{
	RuleFile file = { .is_proven = rules->is_proven };
	char *text;
	char *name;

	if (!file_read(path, &text, &file.len, NULL, error)) {
		file_missing_is(error, "");
		return false;
	}
	name = g_strdup(path);
	file.name = name;
	file.text = text;
	g_ptr_array_add(rules->names, name);
	g_ptr_array_add(rules->texts, text);
	g_array_append_val(rules->files, file);
	return true;
}

static bool read_rules(RuleTexts *rules, const char *directory, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	if (!list_rules(directory, names, error))
		return false;
	for (unsigned i = 0; i < names->len; i++)
		if (!read_rule_file(rules, g_ptr_array_index(names, i), error))
			return false;
	return true;
}

/* The shipped rules are where they were installed; for a program that runs in
   its build tree, beside it. */
static char *find_rules(const char *directory)
{
	g_autofree char *program = NULL;
	g_autofree char *above = NULL;
	g_autofree char *beside = NULL;

	if (strcmp(directory, RULESDIR) != 0 ||
	    g_file_test(directory, G_FILE_TEST_EXISTS))
		return g_strdup(directory);
	program = g_file_read_link("/proc/self/exe", NULL);
	if (program == NULL)
		return g_strdup(directory);
	above = g_path_get_dirname(program);
	beside = g_build_filename(above, "..", "rules.d", NULL);
	return g_file_test(beside, G_FILE_TEST_IS_DIR)
		   ? g_steal_pointer(&beside)
		   : g_strdup(directory);
}

/* IS_LATE: the shipped rules are taken to compile, for the tests have compiled
   them; whoever changes them is told by everything else that loads them. */
static RuleSet *load_rules(const Settings *settings, const char *const *files,
    bool is_late, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(RuleFile));
	RuleTexts rules = { names, texts, all, false };

	for (char **directory = settings->rules; *directory != NULL;
	     directory++) {
		g_autofree char *found = find_rules(*directory);

		rules.is_proven = is_late && strcmp(*directory, RULESDIR) == 0;
		if (!read_rules(&rules, found, error))
			return NULL;
	}
	rules.is_proven = false;
	for (; *files != NULL; files++)
		if (!read_rule_file(&rules, *files, error))
			return NULL;
	return rules_new((const RuleFile *)(const void *)all->data, all->len,
	    error);
}

static bool check_provider(const RuleSet *rules, const Settings *settings,
    const char *name, unsigned line, GError **error)
{
	if (rules_know_provider(rules, name))
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
	    "%s:%u: the rules know no provider \"%s\"", settings->file, line,
	    name);
	return false;
}

/* A section about a provider that nothing is ever recognised as would never be
   reached. */
static bool check_providers(const RuleSet *rules, const Settings *settings,
    GError **error)
{
	for (unsigned i = 0; i < settings->policies->len; i++) {
		const SettingsPolicy *policy =
		    g_ptr_array_index(settings->policies, i);

		for (char **name = policy->providers; *name != NULL; name++)
			if (!check_provider(rules, settings, *name,
				policy->line, error))
				return false;
	}
	for (unsigned i = 0; i < settings->providers->len; i++) {
		const SettingsProvider *provider =
		    g_ptr_array_index(settings->providers, i);

		if (!check_provider(rules, settings, provider->name,
			provider->line, error))
			return false;
	}
	return true;
}

/* Without rules, or without the words by which notices are known, all would
   run and understand nothing. */
static bool check_whole(const RuleSet *rules, const Settings *settings,
    GError **error)
{
	g_autofree char *names = NULL;
	unsigned n_words;

	(void)wordbook_words(rules_words(rules), WORDS_OPENING, &n_words);
	if (rules_count(rules) > 0 && n_words > 0)
		return true;
	names = g_strjoinv(" ", settings->rules);
	g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
	    rules_count(rules) == 0
		? "there are no *.rules in %s"
		: "the *.rules in %s have no words that a notice opens with: "
		  "are the shipped ones missing?",
	    names);
	return false;
}

static RuleSet *load_checked_rules(const Settings *settings, bool is_late,
    GError **error)
{
	static const char *const none[] = { NULL };
	g_autoptr(RuleSet) rules = load_rules(settings, none, is_late, error);

	if (rules == NULL || !check_whole(rules, settings, error))
		return NULL;
	if (!check_providers(rules, settings, error))
		return NULL;
	return g_steal_pointer(&rules);
}

RuleSet *site_rules(const Settings *settings, GError **error)
{
	return load_checked_rules(settings, false, error);
}

RuleSet *site_rules_and(const Settings *settings, const char *const *files,
    GError **error)
{
	return load_rules(settings, files, false, error);
}

/* ---- tokens ---- */

static TokenSpace *space_of(const Settings *settings, KeyRing *keys,
    const uint8_t *epoch, const ForeignPattern *patterns, unsigned n_patterns,
    GError **error)
{
	TokenSpaceSpec spec = {
		.keys = keys,
		.domains = (const char *const *)settings->bounce_domains,
		.sub_address = settings->sub_address,
		.epoch = epoch,
		.patterns = patterns,
		.n_patterns = n_patterns,
	};

	return token_space_new(&spec, error);
}

/* Which pattern it is that cannot be used: for "file:line". */
static const SettingsPattern *find_bad_pattern(const Settings *settings,
    KeyRing *keys, const ForeignPattern *patterns)
{
	for (unsigned i = 0; i < settings->patterns->len; i++) {
		g_autoptr(TokenSpace) space = space_of(settings, keys, NULL,
		    &patterns[i], 1, NULL);

		if (space == NULL)
			return g_ptr_array_index(settings->patterns, i);
	}
	return NULL;
}

TokenSpace *site_tokens(const Settings *settings, const uint8_t *epoch,
    GError **error)
{
	unsigned n = settings->patterns->len;
	g_autofree ForeignPattern *patterns = g_new0(ForeignPattern, n + 1);
	g_autoptr(KeyRing) keys = NULL;
	const SettingsPattern *bad;
	TokenSpace *space;
	bool has_postfix = false;

	if (settings->bounce_domains[0] == NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: bounce_domains is not set; "
		    "write bounce_domains = {\"bounces.example.org\"}, with "
		    "the domain that bounces come back to",
		    settings->file);
		return NULL;
	}
	for (unsigned i = 0; i < n; i++) {
		const SettingsPattern *pattern =
		    g_ptr_array_index(settings->patterns, i);

		patterns[i].name = pattern->name;
		patterns[i].regex = pattern->regex;
		patterns[i].is_trusted = pattern->is_trusted;
		has_postfix |= strcmp(pattern->name, "postfix") == 0;
	}
	/* What this host's own Postfix writes needs no telling: XVERP, after
	   the forms that the admin names. */
	if (!has_postfix)
		patterns[n++].name = "postfix";
	keys = site_keys(settings, error);
	if (keys == NULL)
		return NULL;
	space = space_of(settings, keys, epoch, patterns, n, error);
	if (space != NULL)
		return space;
	bad = find_bad_pattern(settings, keys, patterns);
	if (bad != NULL)
		g_prefix_error(error, "%s:%u: ", settings->file, bad->line);
	else
		g_prefix_error(error, "%s: ", settings->file);
	return NULL;
}

/* ---- all of it ---- */

Judge *site_streams(const Settings *settings)
{
	Judge *judge = judge_new();

	for (unsigned i = 0; i < settings->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(settings->streams, i);

		judge_add_stream(judge, stream->name,
		    (const char *const *)stream->campaigns, stream->ignored);
	}
	g_free(judge->default_stream);
	judge->default_stream = g_strdup(settings->default_stream);
	return judge;
}

bool site_tell_streams(const Settings *settings, Store *store, GError **error)
{
	g_autoptr(Judge) judge = site_streams(settings);
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(StoreStream));
	bool has_default = false;
	StoreStream one;

	for (unsigned i = 0; i < judge->streams->len; i++) {
		const Stream *stream = g_ptr_array_index(judge->streams, i);

		one = (StoreStream){ stream->name, stream->ignored };
		has_default = has_default ||
			      strcmp(stream->name, judge->default_stream) == 0;
		g_array_append_val(all, one);
	}
	one = (StoreStream){ judge->default_stream, 0 };
	if (!has_default)
		g_array_append_val(all, one);
	return store_streams_set(store, (const StoreStream *)all->data,
	    all->len, error);
}

static int64_t class_retention(const Settings *settings, enum vp_class class_)
{
	switch (class_) {
	case VP_CLASS_UNKNOWN:
		return settings->unknown_retention;
	case VP_CLASS_HARD:
	case VP_CLASS_SOFT:
	case VP_CLASS_BLOCK:
	case VP_CLASS_COMPLAINT:
	case VP_CLASS_UNSUBSCRIBE:
	case VP_CLASS_FORGED: /* never an event */
		return settings->event_retention;
	case VP_CLASS_AUTO_REPLY:
	case VP_CLASS_CHALLENGE:
	case VP_CLASS_DELAYED:
	case VP_CLASS_DELIVERED:
	case VP_CLASS_RECEIPT:
		return settings->reply_retention;
	}
	g_assert_not_reached();
}

/* Less would overlook uses that were not noted yet. */
static int64_t recipient_retention(const Settings *settings)
{
	int64_t kept = settings->recipient_retention;

	return kept > 0 ? MAX(kept, 2 * STORE_USE_NOTED) : 0;
}

StoreRetention site_retention(const Settings *settings)
{
	StoreRetention kept = {
		.keys = settings->delivery_key_retention,
		.quarantine = { settings->quarantine_retention,
		    settings->quarantine_size },
		.window = policy_longest_window(&settings->policy),
		.forged = settings->forged_retention,
		.rule_hits = settings->rule_hit_retention,
		.feeds = settings->feed_retention,
	};

	/* Whatever could count a report once more must be over. */
	kept.acted = MAX(kept.window, kept.keys);
	kept.acted = MAX(kept.acted, settings->bounce_lifetime);
	kept.acted = MAX(kept.acted, settings->complaint_lifetime);
	kept.recipients = recipient_retention(settings);
	if (kept.recipients > 0)
		kept.recipients += kept.acted;
	for (int i = 0; i < VP_CLASS_COUNT; i++)
		kept.events[i] = class_retention(settings, (enum vp_class)i);
	return kept;
}

static Judge *make_judge(const Settings *settings, const uint8_t *epoch,
    bool is_late, GError **error)
{
	g_autoptr(TokenSpace) tokens = site_tokens(settings, epoch, error);
	g_autoptr(RuleSet) rules = NULL;
	Judge *judge;

	if (tokens == NULL)
		return NULL;
	rules = load_checked_rules(settings, is_late, error);
	if (rules == NULL)
		return NULL;
	judge = site_streams(settings);
	judge->tokens = g_steal_pointer(&tokens);
	judge->rules = g_steal_pointer(&rules);
	judge->policy = settings->policy;
	judge->breaker = settings->breaker;
	g_strfreev(judge->own_hosts);
	judge->own_hosts = g_strdupv(settings->own_hosts);
	judge->enforce_failure = g_strdup(settings->enforce_failure);
	judge->pause_action = g_strdup(settings->pause_action);
	judge->campaigns = g_strdupv(settings->campaigns);
	judge->bounce_lifetime = settings->bounce_lifetime;
	judge->complaint_lifetime = settings->complaint_lifetime;
	judge->recipient_retention = recipient_retention(settings);
	judge->forged_per_source = settings->forged_per_source;
	judge->forged_total = settings->forged_total;
	judge->quarantine = (StoreQuota){ settings->quarantine_retention,
		settings->quarantine_size };
	return judge;
}

Judge *site_judge(const Settings *settings, const uint8_t *epoch,
    GError **error)
{
	return make_judge(settings, epoch, false, error);
}

Judge *site_judge_late(const Settings *settings, const uint8_t *epoch,
    GError **error)
{
	return make_judge(settings, epoch, true, error);
}
