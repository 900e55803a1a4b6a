/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libConfuse and its ways: it is told of every row of the table, and its
   complaints become errors of ours. */

#include "settings_confuse.h"

#include "errors.h"
#include "settings_table.h"

#include <stdio.h>
#include <string.h>

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
			    *(setting_is_list(row) ? &many : &one));
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

cfg_t *confuse_read(const char *file, const char *text, GError **error)
{
	g_autoptr(cfg_t) cfg = confuse_new(file);
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
		return g_steal_pointer(&cfg);
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
	return NULL;
}
