/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl classify`: what messages say, file by file.  One file is in memory
   at a time, so any number will do. */
#include "commands.h"
#include "judged.h"
#include "rules_option.h"

#include "bounds.h"
#include "errors.h"
#include "report_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Classify {
	Ctl *ctl;
	RuleSet *rules;
	char *root; /* canonical, or NULL */
	gboolean explain;
	unsigned n_unread;
} Classify;

/* At most BOUND_MESSAGE octets: more is never judged. */
static bool read_message(int fd, GByteArray *message)
{
	uint8_t bytes[65536];

	while (message->len < BOUND_MESSAGE) {
		size_t room = BOUND_MESSAGE - message->len;
		ssize_t n = read(fd, bytes, MIN(sizeof(bytes), room));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		g_byte_array_append(message, bytes, (guint)n);
	}
	return true;
}

/* FILE as given, or relative to --root where it is below that. */
static const char *shown_name(const Classify *classify, const char *file,
    char **ret_full)
{
	size_t len;

	if (classify->root == NULL)
		return file;
	*ret_full = g_canonicalize_filename(file, NULL);
	len = strlen(classify->root);
	if (strncmp(*ret_full, classify->root, len) == 0 &&
	    (*ret_full)[len] == '/')
		return *ret_full + len + 1;
	return file;
}

static void classify_file(Classify *classify, const char *file)
{
	bool is_stdin = strcmp(file, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	g_autoptr(GByteArray) message = g_byte_array_new();
	g_autoptr(Judgement) judged = NULL;
	g_autofree char *full = NULL;
	const char *name = shown_name(classify, file, &full);

	if (fd < 0 || !read_message(fd, message)) {
		classify->n_unread++;
		ctl_warn(classify->ctl, "%s: %s", file, g_strerror(errno));
	} else {
		judged = judgement_new(classify->rules,
		    report_read(rules_words(classify->rules),
			(const char *)message->data, message->len),
		    classify->explain);
	}
	if (fd >= 0 && !is_stdin)
		(void)close(fd); /* only read */
	if (judged == NULL)
		return;
	if (classify->ctl->is_json) {
		Row *row = row_new();

		row_text(row, "file", name);
		judged_json(judged, row);
		row_print(row);
	} else {
		judged_print(judged, name);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Puts the names in directory PATH onto STACK, the first of them on top. */
static void stack_directory(Classify *classify, const char *path,
    GPtrArray *stack)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	if (dir == NULL) {
		classify->n_unread++;
		ctl_warn(classify->ctl, "%s: %s", path, g_strerror(errno));
		return;
	}
	while ((name = g_dir_read_name(dir)) != NULL)
		g_ptr_array_add(names, g_build_filename(path, name, NULL));
	g_dir_close(dir);
	g_ptr_array_sort(names, compare_names);
	while (names->len > 0)
		g_ptr_array_add(stack,
		    g_ptr_array_steal_index(names, names->len - 1));
}

/* A directory stands for the files below it, in the order of names.  Links to
   directories are not followed: they may lead back. */
static void classify_path(Classify *classify, const char *path)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(stack, g_strdup(path));
	while (stack->len > 0) {
		g_autofree char *next = g_ptr_array_steal_index(stack,
		    stack->len - 1);
		bool is_link = strcmp(next, path) != 0 &&
			       g_file_test(next, G_FILE_TEST_IS_SYMLINK);

		if (!g_file_test(next, G_FILE_TEST_IS_DIR))
			classify_file(classify, next);
		else if (!is_link)
			stack_directory(classify, next, stack);
	}
}

int cmd_classify(Ctl *ctl, int argc, char **argv)
{
	Classify classify = { .ctl = ctl };
	g_autofree char *root = NULL;
	g_auto(GStrv) directories = NULL;
	const GOptionEntry entries[] = {
		{ "explain", 0, 0, G_OPTION_ARG_NONE, &classify.explain,
		    "show the parts and all evidence weighed", NULL },
		{ "root", 0, 0, G_OPTION_ARG_FILENAME, &root,
		    "name files relative to DIR", "DIR" },
		RULES_OPTION(&directories),
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	classify.rules = rules_of(ctl, directories, &error);
	if (classify.rules == NULL)
		return ctl_fail(ctl, error);
	if (root != NULL)
		classify.root = g_canonicalize_filename(root, NULL);
	for (int i = 1; i < argc; i++)
		classify_path(&classify, argv[i]);
	rules_free(classify.rules);
	g_free(classify.root);
	return classify.n_unread > 0 ? EX_NOINPUT : EX_OK;
}
