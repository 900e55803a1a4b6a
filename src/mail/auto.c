/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers of machines that are no reports: vacation notes (RFC 3834).  Headers
   say it best; where there is none, the subjects that mail programs put there,
   in the languages they are sold in. */

#include "auto.h"

#include "reader.h"
#include "wordlist.h"

#include <string.h>

/* auto-submitted-field = "Auto-Submitted:" auto-submitted    [RFC 3834, 5] */
static bool is_auto_submitted(const char *value)
{
	return *value != '\0' && !(g_ascii_strncasecmp(value, "no", 2) == 0 &&
				     !g_ascii_isalnum(value[2]));
}

static bool has_precedence(const Mail *mail)
{
	const char *value = mail_header(mail, "Precedence");

	return g_ascii_strcasecmp(value, "auto_reply") == 0 ||
	       g_ascii_strcasecmp(value, "auto-reply") == 0;
}

bool auto_is_submitted(const Mail *mail)
{
	/* these say it by being there */
	static const char *const headers[] = { "X-Auto-Response-Suppress",
		"X-Autoreply", "X-Autorespond", "X-Autoresponder",
		"X-Auto-Reply", "X-Mail-Autoreply", "X-Autoreply-From",
		"X-Vacation", "X-AutoReply-From", "X-Apple-Action",
		"X-MS-Exchange-Inbox-Rules-Loop",
		"X-MS-Exchange-Generated-Message-Source" };

	if (is_auto_submitted(mail_header(mail, "Auto-Submitted")) ||
	    has_precedence(mail))
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++)
		if (*mail_header(mail, headers[i]) != '\0')
			return true;
	return false;
}

static bool is_absence_subject(const char *subject)
{
	static const char *const prefixes[] = { /* English */
		"auto:", "auto reply", "auto-reply", "autoreply",
		"automatic reply", "automated reply", "automatic acknowledg",
		"auto response", "auto-response", "automatic response",
		"automated response", "autoresponse", "auto responder",
		"autoresponder", "autosvar", "out of office", "out-of-office",
		"out of the office", "ooo:", "vacation reply",
		"vacation message", "on vacation", "on holiday", "on leave",
		"on annual leave", "away from my mail", "away from the office",
		"away message", "i am out of the office", "i am away",
		"i'm out of the office", "thank you for your e-mail",
		"thank you for your email", "thank you for your message",
		"thank you for contacting", "thanks for your email",
		"we have received your", "your message has been received",
		/* German */
		"automatische antwort", "automatische rückantwort",
		"automatische nachricht", "abwesenheit", "abwesend",
		"autoantwort", "außer haus", "nicht im büro", "im urlaub",
		"urlaubsbenachrichtigung", "eingangsbestätigung",
		/* French */
		"réponse automatique", "reponse automatique",
		"absence du bureau", "message d'absence", "absent du bureau",
		"absent(e) du bureau", "en congé", "je suis absent",
		"accusé de réception",
		/* Italian */
		"risposta automatica", "fuori sede", "fuori ufficio",
		"assenza dall'ufficio", "in ferie",
		/* Spanish, Catalan, Portuguese */
		"respuesta automática", "respuesta automatica",
		"fuera de la oficina", "fuera de oficina",
		"ausente de la oficina", "estoy de vacaciones",
		"acuse de recibo", "resposta automàtica", "fora de l'oficina",
		"resposta automática", "resposta automatica",
		"ausência temporária", "fora do escritório",
		"ausente do escritório", "estou de férias",
		/* Dutch, Danish, Norwegian, Swedish, Finnish, Icelandic */
		"automatisch antwoord", "automatische beantwoording", "afwezig",
		"niet aanwezig", "automatisk svar", "automatisk besked",
		"ikke til stede", "fraværende", "fravær", "frånvaro",
		"frånvarande", "automaattinen vastaus", "poissa",
		"automaattivastaus", "sjálfvirkt svar",
		/* Polish, Czech, Slovak, Slovene, Croatian, Serbian */
		"automatyczna odpowiedź", "autoodpowiedź", "odpowiedź automat",
		"nieobecność", "automatická odpověď", "automatická odpoveď",
		"mimo kancelář", "nepřítomnost", "samodejni odgovor",
		"automatski odgovor", "аутоматски одговор",
		/* Hungarian, Romanian, Bulgarian, Baltic */
		"automatikus válasz", "automatikus üzenet", "házon kívül",
		"szabadság", "răspuns automat", "raspuns automat",
		"автоматичен отговор", "automātiskā atbilde",
		"automatiska atbilde", "arpus biroja", "ārpus biroja",
		"prombūtn", "atvaļinājum", "atvalinājum",
		"automatinis atsakymas", "automaatne vastus",
		"kontorist väljas", "puhkusel",
		/* Russian, Ukrainian, Greek, Turkish, Hebrew, Arabic */
		"автоответ", "автоматический ответ", "автоматическое",
		"нет на месте", "в отпуске", "вне офиса",
		"автоматична відповідь", "відсутній", "αυτόματη απάντηση",
		"εκτός γραφείου", "otomatik yanıt", "otomatik cevap",
		"ofis dışında", "תגובה אוטומטית", "מענה אוטומטי", "رد تلقائي",
		/* Japanese, Chinese, Korean, Vietnamese, Thai, Indonesian */
		"自動返信", "自動応答", "【自動返信", "不在通知",
		"不在のお知らせ", "不在:", "自动回复", "自動回覆", "自動回復",
		"自动答复", "自动应答", "外出时的自动回复", "休假", "자동 회신",
		"자동회신", "자동 응답", "부재중", "부재 중", "trả lời tự động",
		"tự động trả lời", "thư trả lời tự động", "ตอบกลับอัตโนมัติ",
		"پاسخ خودکار", "erantzun automatikoa", "автоматски одговор",
		"avtomatik cavab", "автоматты жауап", "përgjigje automatike",
		"ymateb awtomatig", "स्वचालित उत्तर", "balasan otomatis",
		"jawapan automatik"
	};
	/* behind the subject it answers */
	static const char *const suffixes[] = { "(automatic response)",
		"(auto response)", "(autoreply)", "(auto-reply)",
		"(automatic reply)", "(out of office)" };

	for (unsigned i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(subject, suffixes[i]))
			return true;
	return words_begin(subject, prefixes, G_N_ELEMENTS(prefixes));
}

char *auto_bare_subject(const Mail *mail)
{
	g_autofree char *subject = words_fold(mail_header(mail, "Subject"), -1);
	const char *p = subject;

	while (g_str_has_prefix(p, "re:") || *p == ' ' || *p == '[' ||
	       *p == '"')
		p += *p == 'r' ? 3 : 1;
	return g_strdup(p);
}

/* What nobody but a program sends with the null sender, and is no bounce. */
static bool is_absence_text(const Mail *mail, const Report *report)
{
	static const char *const words[] = { "out of the office",
		"out of office", "on vacation", "on holiday", "on leave",
		"currently away", "away until", "no longer in use",
		"no longer used", "no longer monitored", "no longer active",
		"no longer valid", "no longer use this", "no longer works",
		"no longer working", "no longer with", "has left the company",
		"will be back", "i will return", "nicht im büro",
		"nicht im haus", "im urlaub", "nicht mehr aktiv",
		"nicht mehr genutzt", "nicht mehr verwendet",
		"nicht mehr für uns tätig", "je suis absent", "en congé",
		"n'est plus utilisée", "n'est plus valide",
		"ne fait plus partie", "fuera de la oficina", "de vacaciones",
		"ya no está", "ya no se utiliza", "fuori ufficio", "in ferie",
		"non è più attiv", "non è più in uso", "fora do escritório",
		"de férias", "não é mais utilizad", "já não trabalha",
		"afwezig", "niet meer in gebruik", "в отпуске",
		"больше не используется", "больше не работает", "nie jest już",
		"na urlopie", "不在", "休暇", "退職", "使用しておりません",
		"休假", "已离职", "不再使用", "부재중", "휴가" };
	const char *return_path = mail_header(mail, "Return-Path");
	g_autofree char *lower = NULL;

	if (strcmp(return_path, "<>") != 0)
		return false;
	lower = words_fold(report->text,
	    (gssize)MIN(strlen(report->text), 2000));
	return words_in(lower, words, G_N_ELEMENTS(words));
}

bool read_auto_reply(const Mail *mail, Report *report)
{
	g_autofree char *subject = NULL;

	if (!report->is_auto_submitted) {
		subject = auto_bare_subject(mail);
		if (!is_absence_subject(subject) &&
		    !is_absence_text(mail, report))
			return false;
	}
	report->kind = REPORT_AUTO_REPLY;
	return true;
}
