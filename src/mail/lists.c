/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mailing lists that turn a message away, or hold it for a moderator.  The
   address that did not take it is the list's; the message that came back has
   it, the words often do not. */

#include "divider.h"
#include "notice.h"
#include "wordlist.h"

/* Mailman, Sympa, ezmlm and others mark what they say themselves. */
static bool is_list_software(const Mail *mail)
{
	static const char *const headers[] = { "X-List-Administrivia",
		"X-Mailman-Version", "X-Sympa-To", "X-ML-Name", "List-Id",
		"Mailing-List", "X-Listserver" };

	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++)
		if (*mail_header(mail, headers[i]) != '\0')
			return true;
	return false;
}

/* In lower case. */
static const char *const phrases[] = { "not allowed to post",
	"not authorized to post", "not authorised to post",
	"not permitted to post", "restricted to subscribers",
	"only subscribers may post", "only members may post",
	"non-members are not allowed", "you are not a member",
	"your message has been rejected", "has been automatically rejected",
	"rejected by the list moderator", "is being held until",
	"held for moderation", "awaits moderator approval",
	"nicht berechtigt, an diese liste", "投稿できません" };

/* Those that name the list for one: no mark is needed beside them. */
static const char *const plain_phrases[] = { "mailing-list was rejected",
	"mailing list was rejected", "mailing list has been rejected",
	"mailing-list has been rejected" };

bool read_list_refusal(const Mail *mail, Report *report)
{
	bool is_marked = is_list_software(mail);
	g_autofree char *lower = NULL;
	const char *returned;
	const char *end;
	size_t len;

	/* what its members say goes through the same software */
	if (!report->is_auto_submitted &&
	    (!is_marked || *mail_header(mail, "X-List-Administrivia") == '\0'))
		return false;
	end = divider_find(report->text, &returned);
	len = MIN((size_t)(end - report->text), 2000);
	lower = words_fold(report->text, (gssize)len);
	if (!words_in(lower, plain_phrases, G_N_ELEMENTS(plain_phrases)) &&
	    (!is_marked || !words_in(lower, phrases, G_N_ELEMENTS(phrases))))
		return false;
	report->kind = REPORT_DSN;
	return true;
}
