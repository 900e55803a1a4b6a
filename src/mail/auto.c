/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers of machines that are no reports: vacation notes (RFC 3834) and
   challenges.  Headers say it best; where there is none, the subjects that
   mail programs put there, in the languages they are sold in. */

#include "auto.h"

#include "reader.h"

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

/* Both in lower case. */
static bool has_prefix(const char *text, const char *const *prefixes,
    unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (g_str_has_prefix(text, prefixes[i]))
			return true;
	return false;
}

static bool is_absence_subject(const char *subject)
{
	static const char *const prefixes[] = { /* English */
		"auto:", "auto reply", "auto-reply", "autoreply",
		"automatic reply", "automated reply", "auto response",
		"auto-response", "automatic response", "automated response",
		"autoresponse", "auto responder", "autoresponder",
		"out of office", "out-of-office", "out of the office",
		"vacation reply", "vacation message", "on vacation",
		"away from my mail", "i am out of the office",
		"i'm out of the office",
		/* German */
		"automatische antwort", "abwesenheitsnotiz",
		"abwesenheitsnachricht",
		"abwesend:", "abwesenheit:", "autoantwort",
		/* French */
		"réponse automatique", "absence du bureau", "message d'absence",
		"absent du bureau",
		/* Italian */
		"risposta automatica", "fuori sede", "fuori ufficio",
		/* Spanish, Portuguese */
		"respuesta automática", "respuesta automatica",
		"fuera de la oficina", "fuera de oficina",
		"resposta automática", "resposta automatica",
		"ausência temporária", "fora do escritório",
		"ausente do escritório",
		/* Dutch, Danish, Norwegian, Swedish, Finnish */
		"automatisch antwoord", "afwezig", "afwezigheidsbericht",
		"automatisk svar", "autosvar", "fraværende", "frånvarande",
		"automaattinen vastaus", "poissa:",
		/* Polish, Czech, Slovak, Hungarian, Romanian */
		"automatyczna odpowiedź", "autoodpowiedź", "nieobecność",
		"automatická odpověď", "automatická odpoveď", "mimo kancelář",
		"automatikus válasz", "házon kívül", "răspuns automat",
		/* Russian, Ukrainian, Greek, Turkish */
		"автоответ", "автоматический ответ", "автоматична відповідь",
		"αυτόματη απάντηση", "otomatik yanıt", "ofis dışında",
		/* Japanese, Chinese, Korean */
		"自動返信", "自動応答", "不在通知", "不在のお知らせ",
		"自动回复", "自動回覆", "自动答复", "外出时的自动回复",
		"자동 회신", "부재중"
	};

	return has_prefix(subject, prefixes, G_N_ELEMENTS(prefixes));
}

/* Subject in lower case, behind a "Re: " that says nothing here. */
static char *bare_subject(const Mail *mail)
{
	g_autofree char *subject = g_utf8_strdown(mail_header(mail, "Subject"),
	    -1);
	const char *p = subject;

	while (g_str_has_prefix(p, "re:") || *p == ' ' || *p == '[' ||
	       *p == '"')
		p += *p == 'r' ? 3 : 1;
	return g_strdup(p);
}

bool read_auto_reply(const Mail *mail, Report *report)
{
	g_autofree char *subject = NULL;

	if (!report->is_auto_submitted) {
		subject = bare_subject(mail);
		if (!is_absence_subject(subject))
			return false;
	}
	report->kind = REPORT_AUTO_REPLY;
	return true;
}

/* Challenge-response systems want a person to confirm the mail. */
bool read_challenge(const Mail *mail, Report *report)
{
	static const char *const headers[] = { "X-Boxtrapper",
		"X-TMDA-Fingerprint", "X-ASK-Info", "X-Spamarrest-noauth",
		"X-ChoiceMail-Registration-Request" };
	static const char *const subjects[] = {
		"your email requires verification",
		"please confirm your message", "please confirm your email to",
		"sender address verification", "sender verification",
		"verification required for your email",
		"your message requires confirmation",
		"your mail requires confirmation", "confirm your message to",
		"challenge-response", "confirmation needed for your e-mail",
		"action required to deliver your"
	};
	g_autofree char *subject = bare_subject(mail);
	bool is_challenge = has_prefix(subject, subjects,
	    G_N_ELEMENTS(subjects));

	for (unsigned i = 0; i < G_N_ELEMENTS(headers) && !is_challenge; i++)
		is_challenge = *mail_header(mail, headers[i]) != '\0';
	if (is_challenge)
		report->kind = REPORT_CHALLENGE;
	return is_challenge;
}
