/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl doctor`: findings, each with the line that mends it. */
#include "commands.h"
#include "row.h"

#include "doctor.h"
#include "errors.h"

#include <stdio.h>

static void tell(const Ctl *ctl, const Finding *finding)
{
	g_autofree char *what = printable(finding->what);
	g_autofree char *mend = printable(finding->mend);
	Row *row;

	if (!ctl->is_json) {
		printf("%s: %s: %s\n", finding_level_name(finding->level),
		    finding->check, what);
		if (mend[0] != '\0')
			printf("    %s\n", mend);
		return;
	}
	row = row_new();
	row_text(row, "level", finding_level_name(finding->level));
	row_text(row, "check", finding->check);
	row_text(row, "what", finding->what);
	row_text(row, "mend", finding->mend);
	row_print(row);
}

static int list_checks(const Ctl *ctl)
{
	for (unsigned i = 0; i < doctor_count(true); i++) {
		const char *about;
		const char *name = doctor_check(i, &about);

		if (ctl->is_json) {
			Row *row = row_new();

			row_text(row, "check", name);
			row_text(row, "about", about);
			row_print(row);
		} else {
			printf("%-16s%s\n", name, about);
		}
	}
	return EX_OK;
}

/* Whether any of FINDINGS is worse than a note. */
static bool is_ill(const GPtrArray *findings)
{
	for (unsigned i = 0; i < findings->len; i++)
		if (((const Finding *)findings->pdata[i])->level !=
		    FINDING_NOTE)
			return true;
	return false;
}

int cmd_doctor(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *directory = NULL;
	gboolean is_list = FALSE, is_alone = FALSE;
	const GOptionEntry entries[] = {
		{ "postfix", 0, 0, G_OPTION_ARG_FILENAME, &directory,
		    "the Postfix whose configuration is in DIR", "DIR" },
		{ "no-postfix", 0, 0, G_OPTION_ARG_NONE, &is_alone,
		    "look at verpd's own side only", NULL },
		{ "list", 0, 0, G_OPTION_ARG_NONE, &is_list,
		    "list what is looked at", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Postconf) postconf = NULL;
	g_autoptr(GPtrArray) findings = NULL;
	Patient patient = { .now = ctl->now };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (is_list)
		return list_checks(ctl);
	patient.settings = ctl_settings(ctl, &error);
	if (patient.settings == NULL)
		return ctl_fail(ctl, error);
	if (!is_alone) {
		postconf = postconf_read(directory, &error);
		if (postconf == NULL) {
			g_prefix_error(&error, "(--no-postfix looks at verpd's "
					       "own side alone) ");
			return ctl_fail(ctl, error);
		}
	}
	patient.postconf = postconf;
	findings = doctor_examine(&patient);
	for (unsigned i = 0; i < findings->len; i++)
		tell(ctl, findings->pdata[i]);
	if (findings->len == 0 && !ctl->is_json)
		printf("%u checks, nothing wrong\n", doctor_count(!is_alone));
	return is_ill(findings) ? EXIT_NO : EX_OK;
}
