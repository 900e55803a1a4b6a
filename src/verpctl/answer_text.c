/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one answer, in words. */
#include "answer_text.h"

#include "ctl.h"

#include "units.h"

char *answer_by_text(const Answer *answer)
{
	g_autofree char *subject = NULL;
	g_autofree char *shown = NULL;

	switch (answer->by) {
	case ANSWER_BY_NOTHING:
		return g_strdup("");
	case ANSWER_BY_STREAM:
		return g_strdup("the stream");
	case ANSWER_BY_ENTRY:
		subject = entry_subject(answer->allow_entry);
		shown = subject_text(subject);
		return g_strconcat("allow ", shown, NULL);
	}
	g_assert_not_reached();
}

char *answer_text(const Answer *answer)
{
	g_autofree char *since = time_format(answer->hold.since);
	g_autofree char *until = until_text(answer->hold.until);
	g_autofree char *subject = answer->domain_entry != NULL
				       ? entry_subject(answer->domain_entry)
				       : NULL;
	g_autofree char *by = answer_by_text(answer);
	g_autofree char *note = answer->domain_entry != NULL
				    ? printable(answer->domain_entry->note)
				    : g_strdup("");

	if (answer->cause < 0)
		return g_strdup("may be mailed");
	if (answer->may_send)
		return g_strdup_printf("may be mailed: %s is set aside by %s",
		    cause_name((Cause)answer->cause), by);
	return g_strdup_printf("SUPPRESSED, %s%s%s, since %s, %s%s%s",
	    cause_name((Cause)answer->cause), subject != NULL ? " of " : "",
	    subject != NULL ? subject : "", since, until,
	    note[0] != '\0' ? "  # " : "", note);
}
