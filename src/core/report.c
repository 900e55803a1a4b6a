/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <string.h>

static void recipient_free(ReportRecipient *recipient)
{
	g_free(recipient->final_recipient);
	g_free(recipient->original_recipient);
	g_free(recipient->status);
	g_free(recipient->diagnostic_type);
	g_free(recipient->diagnostic);
	g_free(recipient->remote_mta);
	g_free(recipient->text);
	g_free(recipient);
}

static void part_free(ReportPart *part)
{
	g_free(part->content_type);
	g_free(part);
}

/* The texts of a Report, so that making and freeing cannot differ. */
#define EACH_TEXT(report, DO)                                                  \
	DO((report)->format);                                                  \
	DO((report)->from);                                                    \
	DO((report)->to);                                                      \
	DO((report)->subject);                                                 \
	DO((report)->message_id);                                              \
	DO((report)->received_id);                                             \
	DO((report)->reporting_mta);                                           \
	DO((report)->postfix_sender);                                          \
	DO((report)->envelope_id);                                             \
	DO((report)->feedback_type);                                           \
	DO((report)->original_mail_from);                                      \
	DO((report)->returned_message_id);                                     \
	DO((report)->returned_return_path);                                    \
	DO((report)->returned_from);                                           \
	DO((report)->returned_to);                                             \
	DO((report)->feedback_id);                                             \
	DO((report)->text)

#define MAKE_EMPTY(text) ((text) = g_strdup(""))

Report *report_new(void)
{
	Report *report = g_new0(Report, 1);

	EACH_TEXT(report, MAKE_EMPTY);
	report->recipients =
	    g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	report->parts =
	    g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
	report->substance = g_bytes_new(NULL, 0);
	return report;
}

void report_free(Report *report)
{
	if (report == NULL)
		return;
	EACH_TEXT(report, g_free);
	g_ptr_array_unref(report->recipients);
	g_ptr_array_unref(report->parts);
	g_bytes_unref(report->substance);
	g_free(report);
}

void report_digest(const Report *report, uint8_t ret_digest[REPORT_DIGEST])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize digest_len = REPORT_DIGEST;
	gsize len;
	const guchar *octets = g_bytes_get_data(report->substance, &len);

	g_checksum_update(sum, octets, (gssize)len);
	g_checksum_get_digest(sum, ret_digest, &digest_len);
}

ReportRecipient *report_add_recipient(Report *report)
{
	ReportRecipient *recipient = g_new0(ReportRecipient, 1);

	MAKE_EMPTY(recipient->final_recipient);
	MAKE_EMPTY(recipient->original_recipient);
	MAKE_EMPTY(recipient->status);
	MAKE_EMPTY(recipient->diagnostic_type);
	MAKE_EMPTY(recipient->diagnostic);
	MAKE_EMPTY(recipient->remote_mta);
	MAKE_EMPTY(recipient->text);
	g_ptr_array_add(report->recipients, recipient);
	return recipient;
}

ReportPart *report_add_part(Report *report)
{
	ReportPart *part = g_new0(ReportPart, 1);

	MAKE_EMPTY(part->content_type);
	g_ptr_array_add(report->parts, part);
	return part;
}

const char *action_name(ReportAction action)
{
	static const char *const names[] = {
		[ACTION_NONE] = "",
		[ACTION_FAILED] = "failed",
		[ACTION_DELAYED] = "delayed",
		[ACTION_DELIVERED] = "delivered",
		[ACTION_RELAYED] = "relayed",
		[ACTION_EXPANDED] = "expanded",
	};

	return (unsigned)action < G_N_ELEMENTS(names) ? names[action] : "";
}

static const char *const stage_names[] = {
	[STAGE_UNKNOWN] = "",
	[STAGE_CONNECT] = "connect",
	[STAGE_HELO] = "helo",
	[STAGE_TLS] = "tls",
	[STAGE_AUTH] = "auth",
	[STAGE_MAIL] = "mail",
	[STAGE_RCPT] = "rcpt",
	[STAGE_DATA] = "data",
	[STAGE_DOT] = "dot",
};

const char *stage_name(SmtpStage stage)
{
	return (unsigned)stage < G_N_ELEMENTS(stage_names) ? stage_names[stage]
							   : "";
}

bool stage_from_name(const char *name, SmtpStage *ret_stage)
{
	for (unsigned i = STAGE_CONNECT; i < G_N_ELEMENTS(stage_names); i++) {
		if (g_ascii_strcasecmp(name, stage_names[i]) == 0) {
			*ret_stage = (SmtpStage)i;
			return true;
		}
	}
	return false;
}

const char *report_kind_name(ReportKind kind)
{
	static const char *const names[] = {
		[REPORT_NONE] = "not-a-report",
		[REPORT_DSN] = "bounce",
		[REPORT_COMPLAINT] = "complaint",
		[REPORT_AUTO_REPLY] = "auto-reply",
		[REPORT_CHALLENGE] = "challenge",
		[REPORT_UNSUBSCRIBE] = "unsubscribe",
		[REPORT_RECEIPT] = "receipt",
	};

	return (unsigned)kind < G_N_ELEMENTS(names) ? names[kind] : "";
}
