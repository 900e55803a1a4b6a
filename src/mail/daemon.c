/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mail systems by the names they go by. */

#include "daemon.h"

#include "names.h"
#include "wordlist.h"

bool daemon_is_address(const char *address)
{
	static const char *const locals[] = { "mailer-daemon", "mailerdaemon",
		"mailer_daemon", "mail-daemon", "maildaemon", "mail_daemon",
		"mdaemon", "daemon", "postmaster", "post_master", "post-master",
		"double-bounce", "mailadmin", "mail-admin", "mail.delivery",
		"mail-delivery", "mail_delivery", "maildelivery", "mailsystem",
		"mail-system", "mailgateway", "mail-gateway",
		"symantec_antivirus_for_smtp_gateways",
		/* Exchange 2007 and later */
		"microsoftexchange329e71ec88ae4615bbc36ab6ce41109e" };
	size_t len = strcspn(address, "@");

	for (unsigned i = 0; i < G_N_ELEMENTS(locals); i++)
		if (strlen(locals[i]) == len &&
		    g_ascii_strncasecmp(address, locals[i], len) == 0)
			return true;
	return false;
}

/* In lower case. */
static const char *const subjects[] = { "undeliver", "delivery fail",
	"failed delivery", "failed mail", "delivery status", "failure notice",
	"failure delivery", "returned mail", "mail delivery",
	"delivery notification", "delivery problem", "delivery error",
	"delivery report", "not be delivered", "not delivered", "non delivery",
	"non-delivery", "returned to sender", "return to sender",
	"returned message", "message returned", "mail failure",
	"message status", "mail system error", "mail failed", "been delivered",
	"during delivery", "nondeliverable", "non-deliverable",
	"could not send", "cannot send", "unknown user", "user unknown",
	"delayed", "mail error", "message delivery", "automatically rejected",
	"bounce message", "bounced mail", "message undeliver",
	"unable to deliver", "recipient unknown", "address not found",
	"invalid recipient", "mailbox full", "over quota",
	"message not accepted", "processing error", "successful mail delivery",
	"relayed:", "delivered:", "zugestellt:", "entregado:",
	"delivery receipt", "postfix smtp server: errors from",
	/* German, Dutch, Scandinavian */
	"unzustellbar", "nicht zugestellt", "zustellung fehlgeschlagen",
	"zustellungsfehler", "zustellbericht", "nicht übermittelt",
	"nicht zustellbar", "onbestelbaar", "niet bezorgd", "niet afgeleverd",
	"kan inte levereras", "kunne ikke leveres", "kan ikke leveres",
	"olevererbart", "uleverbar",
	/* French, Italian, Spanish, Portuguese */
	"non remis", "échec de la remise", "échec de remise",
	"échec de la distribution", "échec de livraison", "non distribu",
	"non délivré", "notification d'état de remise", "remise impossible",
	"no se puede", "no entregado", "no se pudo entregar", "no se ha podido",
	"error de entrega", "correo devuelto", "notificación de entrega",
	"mancato recapito", "mancata consegna", "recapito non riuscito",
	"non recapitabile", "messaggio non consegnato", "notifica dello stato",
	"falha na entrega", "não entregue", "não é possível entregar",
	"não foi possível entregar", "falha de entrega",
	/* Polish, Czech, Hungarian, Turkish, Greek */
	"niedostarcz", "nie dostarczono", "nie można dostarczyć", "nedoručitel",
	"nedoručen", "kézbesíthetetlen", "sikertelen kézbesítés",
	"teslim edilemedi", "δεν παραδόθηκε", "αποτυχία παράδοσης",
	/* Russian */
	"не доставлен", "не может быть доставлен", "недоставлен",
	"не удалось доставить", "ошибка доставки", "возвращено",
	/* Chinese, Japanese, Korean */
	"退信", "退件", "无法投递", "無法投遞", "投递失败", "无法送达",
	"無法傳遞", "发送失败", "传输失败", "未送达", "被退回", "配信",
	"送信できません", "送信エラー", "エラー", "届きませんでした", "不達",
	"배달 실패", "배달되지", "반송" };

bool daemon_has_subject(const Report *report)
{
	g_autofree char *subject = words_fold(report->subject, -1);

	return words_in(subject, subjects, G_N_ELEMENTS(subjects));
}

/* "Mail Delivery System <>"; only programs leave the address empty. */
static bool is_daemon_name(const Mail *mail)
{
	static const char *const names[] = { "mailer-daemon", "mail delivery s",
		"mail deliver system", "postmaster", "system administrator",
		"systemadministrator", "systemadministratör",
		"administrateur système", "administrador del sistema",
		"amministratore di sistema", "системный администратор",
		"mail administrator", "microsoft outlook", "mail subsystem",
		"系统退信", "系統管理員", "系统管理员", "システム管理者",
		"システム アドミニストレータ" };
	const char *from = mail_header(mail, "From");
	g_autofree char *lower = NULL;

	if (strcmp(from, "<>") == 0)
		return true;
	lower = words_fold(from, -1);
	return words_in(lower, names, G_N_ELEMENTS(names));
}

bool daemon_is_from(const Mail *mail, const Report *report)
{
	return daemon_is_address(report->from) || is_daemon_name(mail);
}

bool daemon_is_sender(const Mail *mail, const Report *report)
{
	const char *return_path = mail_header(mail, "Return-Path");
	g_autofree char *sender = name_address(return_path);

	if (daemon_is_from(mail, report) || daemon_is_address(sender))
		return true;
	if (*return_path != '\0' && *sender == '\0')
		return true;
	if (*mail_header(mail, "X-Failed-Recipients") != '\0')
		return true;
	return report->is_auto_submitted && daemon_has_subject(report);
}
