/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules from files, and messages judged by them, for programs that are not
   ours. */

#include "lib_private.h"

#include "errors.h"
#include "judgement.h"
#include "report_read.h"

#include <dirent.h>
#include <string.h>

#include <verpd/classify.h>

/* ---- rules ---- */

struct vp_rules {
	RuleSet *set;
};

/* What was read for rules_new(), which borrows it. */
typedef struct RuleTexts {
	GPtrArray *paths;
	GPtrArray *texts;
	GArray *files; /* of RuleFile */
} RuleTexts;

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool read_file(RuleTexts *rules, const char *path, GError **error)
{
	RuleFile file = { .name = path };
	char *text;
	mode_t mode;

	if (!lib_read_file(path, &text, &file.len, &mode, error))
		return false;
	file.text = text;
	g_ptr_array_add(rules->texts, text);
	g_array_append_val(rules->files, file);
	return true;
}

/* The *.rules files of DIRECTORY in the order of names. */
static bool read_directory(RuleTexts *rules, const char *directory,
    GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	if (dir == NULL)
		return lib_file_fail(directory, error);
	while ((entry = readdir(dir)) != NULL)
		if (g_str_has_suffix(entry->d_name, ".rules") &&
		    entry->d_name[0] != '.')
			g_ptr_array_add(paths,
			    g_build_filename(directory, entry->d_name, NULL));
	(void)closedir(dir); /* only read */
	g_ptr_array_sort(paths, compare_names);
	for (guint i = 0; i < paths->len; i++)
		if (!read_file(rules, g_ptr_array_index(paths, i), error))
			return false;
	g_ptr_array_extend_and_steal(rules->paths, g_steal_pointer(&paths));
	return true;
}

static RuleSet *load_rules(const char *const *directories, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(RuleFile));
	RuleTexts rules = { paths, texts, files };

	for (unsigned i = 0; directories[i] != NULL; i++)
		if (!read_directory(&rules, directories[i], error))
			return NULL;
	if (files->len == 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND,
		    "there is no *.rules file in the directories given");
		return NULL;
	}
	return rules_new((const RuleFile *)(const void *)files->data,
	    files->len, error);
}

enum vp_status vp_rules_load(const char *const *directories,
    struct vp_rules **ret_rules, struct vp_error *ret_error)
{
	static const char *const shipped[] = { RULESDIR, NULL };
	GError *wrong = NULL;
	RuleSet *set = load_rules(directories != NULL ? directories : shipped,
	    &wrong);

	if (set == NULL)
		return lib_fail(&wrong, ret_error);
	*ret_rules = g_new(struct vp_rules, 1);
	(*ret_rules)->set = set;
	return VP_STATUS_OK;
}

void vp_rules_free(struct vp_rules *rules)
{
	if (rules == NULL)
		return;
	rules_free(rules->set);
	g_free(rules);
}

/* ---- messages ---- */

/* The events lend their text from the judgement. */
typedef struct OwnReport {
	struct vp_report public;
	Judgement *judgement;
	struct vp_event events[];
} OwnReport;

/* A program has no main() of ours, and may have any number of threads. */
static void init_once(void)
{
	static gsize is_done = 0;

	if (g_once_init_enter(&is_done)) {
		mail_init();
		g_once_init_leave(&is_done, 1);
	}
}

static struct vp_event event_of(const JudgementItem *item)
{
	const Verdict *verdict = item->verdict;

	return (struct vp_event){
		.recipient = item->recipient,
		.status = verdict->status,
		.smtp_code = verdict->smtp_code,
		.action = item->about != NULL ? action_name(item->about->action)
					      : "",
		.class_ = verdict->class_,
		.reason = verdict->reason,
		.rule = verdict->rule,
		.confidence = verdict->confidence,
		.provider = verdict->provider,
		.diagnostic = item->about != NULL ? item->about->diagnostic
						  : "",
	};
}

struct vp_report *vp_classify(const struct vp_rules *rules, const void *message,
    size_t len)
{
	Judgement *judgement;
	OwnReport *report;
	size_t n;

	init_once();
	judgement = judgement_new(rules->set,
	    report_read(rules_words(rules->set), len > 0 ? message : "", len),
	    false);
	n = judgement->items->len;
	report = g_malloc0(sizeof(*report) + n * sizeof(report->events[0]));
	report->judgement = judgement;
	for (unsigned i = 0; i < n; i++)
		report->events[i] = event_of(judgement_item(judgement, i));
	report->public.kind = judgement_kind(judgement);
	report->public.n_events = report->public.kind == VP_KIND_NONE ? 0 : n;
	report->public.events = report->events;
	return &report->public;
}

void vp_report_free(struct vp_report *report)
{
	OwnReport *own = (OwnReport *)(void *)report; /* its first member */

	if (own == NULL)
		return;
	judgement_free(own->judgement);
	g_free(own);
}
