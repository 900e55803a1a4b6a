/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what postconf(1) prints.  Postfix knows best what its files mean: the
   order of lines, $names, defaults that depend on others. */
#include "postconf.h"

#include "errors.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct Postconf {
	char *directory; /* or NULL */
	GHashTable *raw;
	GHashTable *expanded;
	GPtrArray *services; /* of PostfixService */
	char **types;
};

static void service_free(gpointer data)
{
	PostfixService *service = data;

	g_free(service->name);
	g_free(service->type);
	g_free(service->is_private);
	g_free(service->is_unprivileged);
	g_free(service->is_chrooted);
	g_free(service->process_limit);
	g_free(service->command);
	g_hash_table_unref(service->options);
	g_hash_table_unref(service->expanded);
	g_free(service);
}

void postconf_free(Postconf *postconf)
{
	if (postconf == NULL)
		return;
	g_hash_table_unref(postconf->raw);
	g_hash_table_unref(postconf->expanded);
	g_ptr_array_unref(postconf->services);
	g_strfreev(postconf->types);
	g_free(postconf->directory);
	g_free(postconf);
}

/* ---- parsing ---- */

static GHashTable *table_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* LINE is "name = value"; false when it is none. */
static bool split_line(const char *line, char **ret_name, char **ret_value)
{
	const char *equals = strchr(line, '=');

	if (equals == NULL)
		return false;
	*ret_name = g_strstrip(g_strndup(line, (gsize)(equals - line)));
	*ret_value = g_strstrip(g_strdup(equals + 1));
	return true;
}

static GHashTable *parse_parameters(const char *text)
{
	GHashTable *table = table_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (char **line = lines; *line != NULL; line++) {
		char *name, *value;

		if (split_line(*line, &name, &value))
			(void)g_hash_table_insert(table, name, value);
	}
	return table;
}

/* LINE begins with "name type private unpriv chroot wakeup maxproc command". */
static PostfixService *parse_service(const char *line)
{
	g_auto(GStrv) words = g_strsplit_set(line, " \t", 0);
	char *field[8];
	unsigned n = 0;
	PostfixService *service;

	for (char **word = words; *word != NULL && n < G_N_ELEMENTS(field);
	     word++)
		if ((*word)[0] != '\0')
			field[n++] = *word;
	if (n < G_N_ELEMENTS(field))
		return NULL;
	service = g_new0(PostfixService, 1);
	service->name = g_strdup(field[0]);
	service->type = g_strdup(field[1]);
	service->is_private = g_strdup(field[2]);
	service->is_unprivileged = g_strdup(field[3]);
	service->is_chrooted = g_strdup(field[4]);
	service->process_limit = g_strdup(field[6]);
	service->command = g_strdup(field[7]);
	service->options = table_new();
	service->expanded = table_new();
	return service;
}

/* LINE is "name/type/parameter = value"; names hold "/", too. */
static void parse_option(Postconf *postconf, const char *line, bool is_expanded)
{
	g_autofree char *path = NULL;
	char *value;
	char *parameter, *type;
	const PostfixService *service;

	if (!split_line(line, &path, &value))
		return;
	parameter = strrchr(path, '/');
	if (parameter != NULL)
		*parameter++ = '\0';
	type = strrchr(path, '/');
	if (type != NULL)
		*type++ = '\0';
	service = parameter != NULL && type != NULL
		      ? postconf_service(postconf, path, type)
		      : NULL;
	if (service != NULL)
		(void)g_hash_table_insert(is_expanded ? service->expanded
						      : service->options,
		    g_strdup(parameter), value);
	else
		g_free(value);
}

static void parse_options(Postconf *postconf, const char *text,
    bool is_expanded)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (char **line = lines; *line != NULL; line++)
		parse_option(postconf, *line, is_expanded);
}

Postconf *postconf_parse(const PostconfTexts *texts)
{
	Postconf *postconf = g_new0(Postconf, 1);
	g_auto(GStrv) services = g_strsplit(texts->services, "\n", 0);

	postconf->raw = parse_parameters(texts->raw);
	postconf->expanded = parse_parameters(texts->expanded);
	postconf->services = g_ptr_array_new_with_free_func(service_free);
	for (char **line = services; *line != NULL; line++) {
		PostfixService *service = parse_service(*line);

		if (service != NULL)
			g_ptr_array_add(postconf->services, service);
	}
	parse_options(postconf, texts->options, false);
	parse_options(postconf, texts->expanded_options, true);
	postconf->types = g_strsplit_set(texts->types, " \n", 0);
	return postconf;
}

/* ---- asking ---- */

/* Ours, but an admin's PATH need not have sbin, and cron's has not. */
static char **fit_environ(void)
{
	g_auto(GStrv) ours = g_get_environ();
	char **env = g_environ_setenv(g_steal_pointer(&ours), "PATH",
	    "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin", TRUE);

	return g_environ_setenv(env, "LC_ALL", "C", TRUE);
}

char *postconf_output(char **argv, int max_status, int *ret_status,
    GError **error)
{
	g_auto(GStrv) env = fit_environ();
	g_autofree char *output = NULL;
	g_autofree char *complaint = NULL;
	g_autoptr(GError) missing = NULL;
	int status;

	if (!g_spawn_sync(NULL, argv, env, G_SPAWN_SEARCH_PATH_FROM_ENVP, NULL,
		NULL, &output, &complaint, &status, &missing)) {
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "%s cannot be run: %s", argv[0], missing->message);
		return NULL;
	}
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	if (status > max_status) {
		(void)g_strchomp(complaint);
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG, "%s: %s", argv[0],
		    complaint[0] != '\0' ? complaint : "it failed");
		return NULL;
	}
	if (ret_status != NULL)
		*ret_status = status;
	return g_steal_pointer(&output);
}

/* ARGV with the words that say whose configuration is in DIRECTORY. */
static char **words_for(const char *directory, const char *const *argv)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	g_strv_builder_add(words, argv[0]);
	if (directory != NULL) {
		g_strv_builder_add(words,
		    strcmp(argv[0], "sendmail") == 0 ? "-C" : "-c");
		g_strv_builder_add(words, directory);
	}
	for (argv++; *argv != NULL; argv++)
		g_strv_builder_add(words, *argv);
	return g_strv_builder_end(words);
}

/* All of FILE, from its beginning. */
static char *read_all(FILE *file)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char bytes[4096];
	size_t n;

	rewind(file);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		g_string_append_len(text, bytes, (gssize)n);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static int run_with(char **argv, FILE *in, FILE *out, GError **error)
{
	g_auto(GStrv) env = fit_environ();
	GPid pid;
	int status;

	if (!g_spawn_async_with_fds(NULL, argv, env,
		G_SPAWN_SEARCH_PATH_FROM_ENVP | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
		NULL, &pid, fileno(in), fileno(out), fileno(out), error)) {
		g_prefix_error(error, "%s cannot be run: ", argv[0]);
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int postconf_run(const Postconf *postconf, const char *const *argv,
    const char *input, char **ret_output, GError **error)
{
	g_auto(GStrv) words = words_for(postconf->directory, argv);
	FILE *in = tmpfile();
	FILE *out = tmpfile();
	int status = -1;

	*ret_output = NULL;
	if (in == NULL || out == NULL || fputs(input, in) < 0 ||
	    fflush(in) != 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_TEMPORARY,
		    "a temporary file: %s", g_strerror(errno));
	} else {
		rewind(in);
		status = run_with(words, in, out, error);
		*ret_output = read_all(out);
	}
	if (in != NULL)
		(void)fclose(in); /* it was read */
	if (out != NULL)
		(void)fclose(out); /* likewise */
	return status;
}

Postconf *postconf_read(const char *directory, GError **error)
{
	static const char *const flags[] = { NULL, "-x", "-M", "-P", "-Px",
		"-m" };
	char *texts[G_N_ELEMENTS(flags)] = { NULL };
	Postconf *postconf = NULL;
	bool ok = true;

	for (unsigned i = 0; ok && i < G_N_ELEMENTS(flags); i++) {
		const char *argv[] = { "postconf", flags[i], NULL };
		g_auto(GStrv) words = words_for(directory, argv);

		texts[i] = postconf_output(words, 0, NULL, error);
		ok = texts[i] != NULL;
	}
	if (ok) {
		postconf = postconf_parse(&(PostconfTexts){ texts[0], texts[1],
		    texts[2], texts[3], texts[4], texts[5] });
		postconf->directory = g_strdup(directory);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++)
		g_free(texts[i]);
	return postconf;
}

char *postconf_look_up(const Postconf *postconf, const char *value,
    const char *key, GError **error)
{
	g_auto(GStrv) tables = postconf_items(value);

	for (char **table = tables; *table != NULL; table++) {
		/* main.cf's "$$" */
		g_autoptr(GString) text = g_string_new(*table);
		const char *argv[] = { "postmap", "-q", key, NULL, NULL };
		g_auto(GStrv) words = NULL;
		g_autofree char *found = NULL;
		int status;

		(void)g_string_replace(text, "$$", "$", 0);
		argv[3] = text->str;
		words = words_for(postconf->directory, argv);
		found = postconf_output(words, 1, &status, error);
		if (found == NULL)
			return NULL;
		if (status == 0)
			return g_strdup(g_strchomp(found));
	}
	return g_strdup("");
}

/* ---- answers ---- */

static const char *text_of(GHashTable *table, const char *name)
{
	const char *value = g_hash_table_lookup(table, name);

	return value != NULL ? value : "";
}

bool postconf_has_type(const Postconf *postconf, const char *type)
{
	return g_strv_contains((const char *const *)postconf->types, type);
}

const char *postconf_raw(const Postconf *postconf, const char *name)
{
	return text_of(postconf->raw, name);
}

const char *postconf_value(const Postconf *postconf, const char *name)
{
	return text_of(postconf->expanded, name);
}

const char *postconf_of(const Postconf *postconf, const PostfixService *service,
    const char *name)
{
	const char *own = g_hash_table_lookup(service->expanded, name);

	return own != NULL ? own : postconf_value(postconf, name);
}

char *postconf_queue_path(const Postconf *postconf, const char *path)
{
	return g_build_filename(postconf_value(postconf, "queue_directory"),
	    path, NULL);
}

const GPtrArray *postconf_services(const Postconf *postconf)
{
	return postconf->services;
}

const PostfixService *postconf_service(const Postconf *postconf,
    const char *name, const char *type)
{
	for (unsigned i = 0; i < postconf->services->len; i++) {
		const PostfixService *service = postconf->services->pdata[i];

		if (strcmp(service->name, name) == 0 &&
		    strcmp(service->type, type) == 0)
			return service;
	}
	return NULL;
}

/* ---- lists ---- */

static bool is_parting(char c)
{
	return c == ',' || g_ascii_isspace(c);
}

char **postconf_items(const char *value)
{
	g_autoptr(GStrvBuilder) items = g_strv_builder_new();

	while (*value != '\0') {
		const char *end = value;
		unsigned depth = 0;

		while (*end != '\0' && (depth > 0 || !is_parting(*end))) {
			if (*end == '{')
				depth++;
			else if (*end == '}' && depth > 0)
				depth--;
			end++;
		}
		if (end > value) {
			g_autofree char *item = g_strndup(value,
			    (gsize)(end - value));

			g_strv_builder_add(items, item);
		}
		value = *end != '\0' ? end + 1 : end;
	}
	return g_strv_builder_end(items);
}

bool postconf_has_item(const char *value, const char *item)
{
	g_auto(GStrv) items = postconf_items(value);
	g_auto(GStrv) wanted = postconf_items(item);
	unsigned n = g_strv_length(wanted);

	/* ITEM may be several words: "check_policy_service unix:..." */
	for (char **at = items; *at != NULL; at++) {
		unsigned i = 0;

		while (i < n && at[i] != NULL && strcmp(at[i], wanted[i]) == 0)
			i++;
		if (i == n)
			return n > 0;
	}
	return false;
}

int64_t postconf_seconds(const char *text, int64_t unit)
{
	char *end = NULL;
	int64_t number = (int64_t)g_ascii_strtoull(text, &end, 10);

	switch (*end) {
	case 's':
		return number;
	case 'm':
		return number * 60;
	case 'h':
		return number * 3600;
	case 'd':
		return number * SECONDS_PER_DAY;
	case 'w':
		return number * 7 * SECONDS_PER_DAY;
	default:
		return number * unit;
	}
}
