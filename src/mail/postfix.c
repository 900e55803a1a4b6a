/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Postfix's notification where the status part has been lost on the way, or
   has not been written yet (before 2.0). */

#include "daemon.h"
#include "notice.h"

#include <string.h>

bool read_postfix(const Mail *mail, Report *report)
{
	static const char *const intros[] = {
		"This is the mail system at host ",
		"This is the Postfix program at host ",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(intros); i++) {
		const char *at = strstr(report->text, intros[i]);

		if (at == NULL || (at > report->text && at[-1] != '\n') ||
		    !daemon_is_sender(mail, report))
			continue;
		report->kind = REPORT_DSN;
		notice_read(mail, report);
		return true;
	}
	return false;
}
