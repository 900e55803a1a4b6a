/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices for people in every language they are written in.  Nothing here
   understands a sentence: three tables have the labels that stand before an
   address in a line of its own, the words that lead up to one in a sentence and
   those that follow it.  Of two that match the longer wins, and a sentence that
   asks the reader to do something names nobody the mail was for.  All words are
   in lower case, blanks in runs of one. */

#include "prose.h"

#include "bounds.h"
#include "items.h"
#include "wordlist.h"

#include <string.h>

typedef struct Cue {
	const char *words;
	ProseRole role;
} Cue;

/* "Recipient: <ana@example.org>" */
static const Cue labels[] = {
	{ "recipient", PROSE_RECIPIENT },
	{ "recipients", PROSE_RECIPIENT },
	{ "recipient(s)", PROSE_RECIPIENT },
	{ "recipient address", PROSE_RECIPIENT },
	{ "recipient's address", PROSE_RECIPIENT },
	{ "recipient email", PROSE_RECIPIENT },
	{ "recipient email address", PROSE_RECIPIENT },
	{ "recipient e-mail address", PROSE_RECIPIENT },
	{ "intended recipient", PROSE_RECIPIENT },
	{ "intended recipients", PROSE_RECIPIENT },
	{ "envelope recipient", PROSE_RECIPIENT },
	{ "failed recipient", PROSE_RECIPIENT },
	{ "failed recipients", PROSE_RECIPIENT },
	{ "failed address", PROSE_RECIPIENT },
	{ "failed addresses", PROSE_RECIPIENT },
	{ "failed to deliver to", PROSE_RECIPIENT },
	{ "invalid recipient", PROSE_RECIPIENT },
	{ "invalid address", PROSE_RECIPIENT },
	{ "invalid user", PROSE_RECIPIENT },
	{ "invalid final delivery userid", PROSE_RECIPIENT },
	{ "final recipient", PROSE_RECIPIENT },
	{ "final-recipient", PROSE_RECIPIENT },
	{ "final-recipient: rfc822;", PROSE_RECIPIENT },
	{ "rejected recipient", PROSE_RECIPIENT },
	{ "undelivered to", PROSE_RECIPIENT },
	{ "undeliverable to", PROSE_RECIPIENT },
	{ "undeliverable address", PROSE_RECIPIENT },
	{ "unknown user", PROSE_RECIPIENT },
	{ "unknown address", PROSE_RECIPIENT },
	{ "unknown host", PROSE_RECIPIENT },
	{ "unknown local part", PROSE_RECIPIENT },
	{ "user unknown", PROSE_RECIPIENT },
	{ "no such user", PROSE_RECIPIENT },
	{ "user mailbox exceeds allowed size", PROSE_RECIPIENT },
	{ "mailbox full", PROSE_RECIPIENT },
	{ "bad address", PROSE_RECIPIENT },
	{ "address", PROSE_RECIPIENT },
	{ "addresses", PROSE_RECIPIENT },
	{ "addressed to", PROSE_RECIPIENT },
	{ "addressee", PROSE_RECIPIENT },
	{ "user", PROSE_RECIPIENT },
	{ "mailbox", PROSE_RECIPIENT },
	{ "account", PROSE_RECIPIENT },
	{ "rcpt", PROSE_RECIPIENT },
	{ "rcpt to", PROSE_RECIPIENT },
	{ "receiver", PROSE_RECIPIENT },
	{ "delivery failed for", PROSE_RECIPIENT },
	{ "delivery failed to", PROSE_RECIPIENT },
	{ "could not be delivered to", PROSE_RECIPIENT },
	{ "was not delivered to", PROSE_RECIPIENT },
	{ "not delivered to", PROSE_RECIPIENT },
	{ "empfänger", PROSE_RECIPIENT },
	{ "empfaenger", PROSE_RECIPIENT },
	{ "empfängeradresse", PROSE_RECIPIENT },
	{ "empfänger-adresse", PROSE_RECIPIENT },
	{ "destinataire", PROSE_RECIPIENT },
	{ "destinataires", PROSE_RECIPIENT },
	{ "adresse du destinataire", PROSE_RECIPIENT },
	{ "destinatario", PROSE_RECIPIENT },
	{ "destinatari", PROSE_RECIPIENT },
	{ "destinatarios", PROSE_RECIPIENT },
	{ "destinatário", PROSE_RECIPIENT },
	{ "destinatários", PROSE_RECIPIENT },
	{ "ontvanger", PROSE_RECIPIENT },
	{ "geadresseerde", PROSE_RECIPIENT },
	{ "mottagare", PROSE_RECIPIENT },
	{ "mottaker", PROSE_RECIPIENT },
	{ "modtager", PROSE_RECIPIENT },
	{ "vastaanottaja", PROSE_RECIPIENT },
	{ "odbiorca", PROSE_RECIPIENT },
	{ "adresat", PROSE_RECIPIENT },
	{ "příjemce", PROSE_RECIPIENT },
	{ "címzett", PROSE_RECIPIENT },
	{ "alıcı", PROSE_RECIPIENT },
	{ "получатель", PROSE_RECIPIENT },
	{ "адресат", PROSE_RECIPIENT },
	{ "адрес", PROSE_RECIPIENT },
	{ "адрес получателя", PROSE_RECIPIENT },
	{ "宛先", PROSE_RECIPIENT },
	{ "宛先アドレス", PROSE_RECIPIENT },
	{ "宛先メールアドレス", PROSE_RECIPIENT },
	{ "受信者", PROSE_RECIPIENT },
	{ "送信先", PROSE_RECIPIENT },
	{ "送信先アドレス", PROSE_RECIPIENT },
	{ "送信先メールアドレス", PROSE_RECIPIENT },
	{ "收件人", PROSE_RECIPIENT },
	{ "收件人地址", PROSE_RECIPIENT },
	{ "收件人邮箱", PROSE_RECIPIENT },
	{ "收件人邮箱地址", PROSE_RECIPIENT },
	{ "收件者", PROSE_RECIPIENT },
	{ "收信人", PROSE_RECIPIENT },
	{ "目标地址", PROSE_RECIPIENT },
	{ "수신자", PROSE_RECIPIENT },
	{ "받는 사람", PROSE_RECIPIENT },
	{ "받는사람", PROSE_RECIPIENT },

	{ "to", PROSE_ADDRESSEE },
	{ "an", PROSE_ADDRESSEE },
	{ "à", PROSE_ADDRESSEE },
	{ "a", PROSE_ADDRESSEE },
	{ "para", PROSE_ADDRESSEE },
	{ "aan", PROSE_ADDRESSEE },
	{ "til", PROSE_ADDRESSEE },
	{ "till", PROSE_ADDRESSEE },
	{ "do", PROSE_ADDRESSEE },
	{ "кому", PROSE_ADDRESSEE },

	{ "from", PROSE_OTHER },
	{ "mail from", PROSE_OTHER },
	{ "sender", PROSE_OTHER },
	{ "sender address", PROSE_OTHER },
	{ "envelope sender", PROSE_OTHER },
	{ "envelope-from", PROSE_OTHER },
	{ "originator", PROSE_OTHER },
	{ "return-path", PROSE_OTHER },
	{ "reply-to", PROSE_OTHER },
	{ "cc", PROSE_OTHER },
	{ "bcc", PROSE_OTHER },
	{ "subject", PROSE_OTHER },
	{ "id", PROSE_OTHER },
	{ "message id", PROSE_OTHER },
	{ "message-id", PROSE_OTHER },
	{ "references", PROSE_OTHER },
	{ "in-reply-to", PROSE_OTHER },
	{ "contact", PROSE_OTHER },
	{ "support", PROSE_OTHER },
	{ "postmaster", PROSE_OTHER },
	{ "von", PROSE_OTHER },
	{ "absender", PROSE_OTHER },
	{ "de", PROSE_OTHER },
	{ "expéditeur", PROSE_OTHER },
	{ "remitente", PROSE_OTHER },
	{ "remetente", PROSE_OTHER },
	{ "da", PROSE_OTHER },
	{ "mittente", PROSE_OTHER },
	{ "van", PROSE_OTHER },
	{ "afzender", PROSE_OTHER },
	{ "nadawca", PROSE_OTHER },
	{ "от", PROSE_OTHER },
	{ "от кого", PROSE_OTHER },
	{ "отправитель", PROSE_OTHER },
	{ "差出人", PROSE_OTHER },
	{ "送信者", PROSE_OTHER },
	{ "发件人", PROSE_OTHER },
	{ "寄件者", PROSE_OTHER },
	{ "发信人", PROSE_OTHER },
};

/* "... mailbox of <ana@example.org>" */
static const Cue leads[] = {
	{ "message to", PROSE_RECIPIENT },
	{ "messages to", PROSE_RECIPIENT },
	{ "message for", PROSE_RECIPIENT },
	{ "messages for", PROSE_RECIPIENT },
	{ "mail to", PROSE_RECIPIENT },
	{ "mail for", PROSE_RECIPIENT },
	{ "email to", PROSE_RECIPIENT },
	{ "email for", PROSE_RECIPIENT },
	{ "letter to", PROSE_RECIPIENT },
	{ "deliver to", PROSE_RECIPIENT },
	{ "deliver it to", PROSE_RECIPIENT },
	{ "delivery to", PROSE_RECIPIENT },
	{ "delivery for", PROSE_RECIPIENT },
	{ "delivered to", PROSE_RECIPIENT },
	{ "delivering to", PROSE_RECIPIENT },
	{ "undeliverable to", PROSE_RECIPIENT },
	{ "addressed to", PROSE_RECIPIENT },
	{ "sent to", PROSE_RECIPIENT },
	{ "failed to", PROSE_RECIPIENT },
	{ "failed for", PROSE_RECIPIENT },
	{ "not reach", PROSE_RECIPIENT },
	{ "recipient", PROSE_RECIPIENT },
	{ "recipients", PROSE_RECIPIENT },
	{ "addressee", PROSE_RECIPIENT },
	{ "user", PROSE_RECIPIENT },
	{ "the address", PROSE_RECIPIENT },
	{ "following address", PROSE_RECIPIENT },
	{ "address was", PROSE_RECIPIENT },
	{ "email address", PROSE_RECIPIENT },
	{ "e-mail address", PROSE_RECIPIENT },
	{ "mailbox", PROSE_RECIPIENT },
	{ "mailbox for", PROSE_RECIPIENT },
	{ "mailbox of", PROSE_RECIPIENT },
	{ "account", PROSE_RECIPIENT },
	{ "account for", PROSE_RECIPIENT },
	{ "account of", PROSE_RECIPIENT },
	{ "quota for", PROSE_RECIPIENT },
	{ "quota of", PROSE_RECIPIENT },
	{ "violation for", PROSE_RECIPIENT },
	{ "rcpt to", PROSE_RECIPIENT },
	{ "rcpt to:", PROSE_RECIPIENT },
	{ "rcpt=", PROSE_RECIPIENT },
	{ "smtp", PROSE_RECIPIENT }, /* "SMTP <ana@example.org>" */
	{ "generated from", PROSE_RECIPIENT },
	{ "generated by", PROSE_RECIPIENT },
	{ "expanded from", PROSE_RECIPIENT },
	{ "addressed,", PROSE_RECIPIENT },
	{ "nachricht an", PROSE_RECIPIENT },
	{ "mail an", PROSE_RECIPIENT },
	{ "zustellung an", PROSE_RECIPIENT },
	{ "empfänger", PROSE_RECIPIENT },
	{ "die adresse", PROSE_RECIPIENT },
	{ "der adresse", PROSE_RECIPIENT },
	{ "adressaten", PROSE_RECIPIENT },
	{ "benutzer", PROSE_RECIPIENT },
	{ "postfach", PROSE_RECIPIENT },
	{ "postfach von", PROSE_RECIPIENT },
	{ "message à", PROSE_RECIPIENT },
	{ "message pour", PROSE_RECIPIENT },
	{ "message destiné à", PROSE_RECIPIENT },
	{ "courrier à", PROSE_RECIPIENT },
	{ "remis à", PROSE_RECIPIENT },
	{ "adressé à", PROSE_RECIPIENT },
	{ "envoyé à", PROSE_RECIPIENT },
	{ "destinataire", PROSE_RECIPIENT },
	{ "l'adresse", PROSE_RECIPIENT },
	{ "utilisateur", PROSE_RECIPIENT },
	{ "boîte de", PROSE_RECIPIENT },
	{ "mensaje a", PROSE_RECIPIENT },
	{ "mensaje para", PROSE_RECIPIENT },
	{ "correo a", PROSE_RECIPIENT },
	{ "entregar a", PROSE_RECIPIENT },
	{ "entregado a", PROSE_RECIPIENT },
	{ "destinatario", PROSE_RECIPIENT },
	{ "la dirección", PROSE_RECIPIENT },
	{ "usuario", PROSE_RECIPIENT },
	{ "buzón", PROSE_RECIPIENT },
	{ "buzón de", PROSE_RECIPIENT },
	{ "messaggio a", PROSE_RECIPIENT },
	{ "messaggio per", PROSE_RECIPIENT },
	{ "consegnato a", PROSE_RECIPIENT },
	{ "l'indirizzo", PROSE_RECIPIENT },
	{ "utente", PROSE_RECIPIENT },
	{ "casella", PROSE_RECIPIENT },
	{ "casella di", PROSE_RECIPIENT },
	{ "mensagem para", PROSE_RECIPIENT },
	{ "entregue a", PROSE_RECIPIENT },
	{ "destinatário", PROSE_RECIPIENT },
	{ "o endereço", PROSE_RECIPIENT },
	{ "usuário", PROSE_RECIPIENT },
	{ "bericht aan", PROSE_RECIPIENT },
	{ "bericht voor", PROSE_RECIPIENT },
	{ "ontvanger", PROSE_RECIPIENT },
	{ "het adres", PROSE_RECIPIENT },
	{ "wiadomości do", PROSE_RECIPIENT },
	{ "wiadomość do", PROSE_RECIPIENT },
	{ "adresata", PROSE_RECIPIENT },
	{ "odbiorcy", PROSE_RECIPIENT },
	{ "письмо для", PROSE_RECIPIENT },
	{ "сообщение для", PROSE_RECIPIENT },
	{ "адресату", PROSE_RECIPIENT },
	{ "получателю", PROSE_RECIPIENT },
	{ "получатель", PROSE_RECIPIENT },
	{ "на адрес", PROSE_RECIPIENT },
	{ "адрес", PROSE_RECIPIENT },
	{ "пользователь", PROSE_RECIPIENT },
	{ "ящик", PROSE_RECIPIENT },
	{ "发送到", PROSE_RECIPIENT },
	{ "发送给", PROSE_RECIPIENT },
	{ "发给", PROSE_RECIPIENT },
	{ "发往", PROSE_RECIPIENT },
	{ "寄给", PROSE_RECIPIENT },
	{ "投递到", PROSE_RECIPIENT },
	{ "收件人", PROSE_RECIPIENT },
	{ "收件者", PROSE_RECIPIENT },
	{ "地址", PROSE_RECIPIENT },
	{ "用户", PROSE_RECIPIENT },
	{ "宛先", PROSE_RECIPIENT },
	{ "アドレス", PROSE_RECIPIENT },

	{ "from", PROSE_OTHER },
	{ "from address", PROSE_OTHER },
	{ "from the address", PROSE_OTHER },
	{ "from user", PROSE_OTHER },
	{ "sender", PROSE_OTHER },
	{ "sender address", PROSE_OTHER },
	{ "sender's address", PROSE_OTHER },
	{ "sent by", PROSE_OTHER },
	{ "by", PROSE_OTHER },
	{ "on behalf of", PROSE_OTHER },
	{ "sorry", PROSE_OTHER },
	{ "dear", PROSE_OTHER },
	{ "hello", PROSE_OTHER },
	{ "contact", PROSE_OTHER },
	{ "contacting", PROSE_OTHER },
	{ "write to", PROSE_OTHER },
	{ "reply to", PROSE_OTHER },
	{ "forward to", PROSE_OTHER },
	{ "forwarded to", PROSE_OTHER },
	{ "send mail to", PROSE_OTHER },
	{ "send email to", PROSE_OTHER },
	{ "send an email to", PROSE_OTHER },
	{ "send an e-mail to", PROSE_OTHER },
	{ "send a message to", PROSE_OTHER },
	{ "mail us at", PROSE_OTHER },
	{ "us at", PROSE_OTHER },
	{ "new address", PROSE_OTHER },
	{ "new email address", PROSE_OTHER },
	{ "new e-mail address", PROSE_OTHER },
	{ "your address", PROSE_OTHER },
	{ "your email address", PROSE_OTHER },
	{ "your e-mail address", PROSE_OTHER },
	{ "your mailbox", PROSE_OTHER },
	{ "your account", PROSE_OTHER },
	{ "address is now", PROSE_OTHER },
	{ "is now", PROSE_OTHER },
	{ "changed to", PROSE_OTHER },
	{ "moved to", PROSE_OTHER },
	{ "use", PROSE_OTHER },
	{ "try", PROSE_OTHER },
	{ "via", PROSE_OTHER },
	{ "administrator", PROSE_OTHER },
	{ "postmaster", PROSE_OTHER },
	{ "absender", PROSE_OTHER },
	{ "von", PROSE_OTHER },
	{ "expéditeur", PROSE_OTHER },
	{ "de la part de", PROSE_OTHER },
	{ "remitente", PROSE_OTHER },
	{ "remetente", PROSE_OTHER },
	{ "mittente", PROSE_OTHER },
	{ "от", PROSE_OTHER },
	{ "отправителя", PROSE_OTHER },
	{ "来自", PROSE_OTHER },
	{ "发件人", PROSE_OTHER },
	{ "差出人", PROSE_OTHER },
};

/* "<ana@example.org> does not exist" */
static const char *const tails[] = { "could not", "couldn't", "cannot",
	"can not", "was not", "wasn't", "has not been", "not delivered",
	"failed", "does not exist", "doesn't exist", "does not have",
	"doesn't have", "is not", "isn't", "not found", "is unknown", "unknown",
	"has been disabled", "is disabled", "is inactive", "is no longer",
	"has been suspended", "is over", "over quota", "is full",
	"mailbox full", "mailbox is full", "was rejected",
	"was automatically rejected", "has been rejected", "rejected",
	"refused", "was refused", "undeliverable", "is undeliverable",
	"bounced", "kann nicht", "konnte nicht", "wurde nicht",
	"existiert nicht", "ist unbekannt", "ist nicht", "ist voll", "n'a pas",
	"n'existe", "est inconnu", "est pleine", "ne peut", "no existe",
	"no se", "no pudo", "non esiste", "non è", "não existe", "não foi",
	"não pode", "не существует", "не может", "не доставлен", "не найден",
	"не удалось", "nie istnieje", "bestaat niet", "不存在", "的邮件",
	"的信", "无法", "未能", "は存在しません", "へのメール", "宛のメール",
	"宛に", "宛の", "に送信できません", "に配信できません",
	"は見つかりません" };

/* A sentence with one of these asks the reader for something. */
static const char *const requests[] = { "please contact", "please write",
	"please send", "please mail", "please e-mail", "please email",
	"please report", "please forward", "please notify", "please reply",
	"please use", "please direct", "please call", "contact the",
	"contact your", "contact us", "for assistance",
	"for further assistance", "for help", "for more information",
	"for further information", "questions", "if you believe",
	"if you think", "if you feel", "if you need", "if you want",
	"if you wish", "if this is an error", "wenden sie sich", "kontaktieren",
	"veuillez contacter", "veuillez écrire", "póngase en contacto",
	"contacte", "contattare", "обратитесь", "свяжитесь", "お問い合わせ",
	"お問合せ", "ご連絡", "联系", "聯絡" };

enum { REACH = 240 }; /* octets looked at on either side */

/* LEN octets in lower case, blanks in runs of one. */
static char *fold(const char *text, size_t len)
{
	g_autofree char *lower = words_fold(text, (gssize)len);
	char *to = lower;

	for (const char *from = lower; *from != '\0'; from++) {
		if (!g_ascii_isspace(*from))
			*to++ = *from;
		else if (to > lower && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
	return g_steal_pointer(&lower);
}

/* Quotes and brackets that stand between words and address. */
static void trim_end(char *text)
{
	static const char *const ends[] = { " ", "<", "[", "(", "\"", "'", "`",
		"*", "smtp:", "mailto:", "“", "‘", "«", "「", "『", "＜",
		"（" };
	size_t len = strlen(text);
	bool is_trimming = true;

	while (is_trimming) {
		is_trimming = false;
		for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
			size_t end = strlen(ends[i]);

			if (len < end || memcmp(text + len - end, ends[i], end))
				continue;
			len -= end;
			is_trimming = true;
		}
	}
	text[len] = '\0';
}

static const char *skip_start(const char *text)
{
	static const char *const starts[] = { " ", ">", "]", ")", "\"", "'",
		":", ",", "*", "-", ".", "”", "’", "»", "」", "』", "＞", "）",
		"さん", "様" };
	bool is_skipping = true;

	while (is_skipping) {
		is_skipping = false;
		for (unsigned i = 0; i < G_N_ELEMENTS(starts); i++) {
			if (!g_str_has_prefix(text, starts[i]))
				continue;
			text += strlen(starts[i]);
			is_skipping = true;
		}
	}
	return text;
}

static ProseRole find_label(const char *before)
{
	g_autofree char *label = g_strdup(before + strspn(before, " *-+>|#."));
	size_t len;

	trim_end(label);
	len = strlen(label);
	if (len == 0 || len > 60)
		return PROSE_UNSAID;
	if (label[len - 1] == ':' || label[len - 1] == '=')
		label[len - 1] = '\0';
	else if (g_str_has_suffix(label, "：") || g_str_has_suffix(label, "】"))
		label[len - strlen("：")] = '\0';
	else
		return PROSE_UNSAID;
	trim_end(label);
	for (unsigned i = 0; i < G_N_ELEMENTS(labels); i++)
		if (strcmp(label, labels[i].words) == 0)
			return labels[i].role;
	return PROSE_UNSAID;
}

/* Whether TEXT ends in WORDS, at a word's beginning. */
static bool ends_in(const char *text, const char *words)
{
	size_t len = strlen(text);
	size_t end = strlen(words);

	if (len < end || memcmp(text + len - end, words, end) != 0)
		return false;
	return len == end || (words[0] & 0x80) != 0 ||
	       !g_ascii_isalnum(text[len - end - 1]);
}

static ProseRole find_lead(const char *before)
{
	g_autofree char *text = g_strdup(before);
	const Cue *best = NULL;

	trim_end(text);
	if (g_str_has_suffix(text, ":")) {
		text[strlen(text) - 1] = '\0';
		trim_end(text);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(leads); i++)
		if (ends_in(text, leads[i].words) &&
		    (best == NULL ||
			strlen(leads[i].words) > strlen(best->words)))
			best = &leads[i];
	return best != NULL ? best->role : PROSE_UNSAID;
}

/* "The following recipients could not be reached: ana@example.org" */
static bool is_announced(const char *before)
{
	static const char *const words[] = { "could not be", "cannot be",
		"can not be", "were not", "was not", "not delivered", "failed",
		"unable to", "undeliverable", "rejected", "refused", "errors",
		"unknown", "did not reach", "nicht zugestellt",
		"nicht erreicht", "non remis", "pas pu", "no se pudo",
		"no se ha podido", "non è stato", "não foi possível",
		"не доставлен", "не удалось", "できません", "无法", "未能" };
	g_autofree char *text = g_strdup(before);
	const char *sentence = strrchr(before, '.');

	trim_end(text);
	return (g_str_has_suffix(text, ":") || g_str_has_suffix(text, "：")) &&
	       words_in(sentence != NULL ? sentence : before, words,
		   G_N_ELEMENTS(words));
}

static bool has_tail(const char *after)
{
	const char *text = skip_start(after);

	for (unsigned i = 0; i < G_N_ELEMENTS(tails); i++)
		if (g_str_has_prefix(text, tails[i]))
			return true;
	return false;
}

static bool is_request(const char *before)
{
	const char *sentence = before;

	for (const char *p = before; (p = strstr(p, ". ")) != NULL;) {
		p += 2;
		sentence = p;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++)
		if (strstr(sentence, requests[i]) != NULL)
			return true;
	return false;
}

static const char *character_start(const char *text, const char *p)
{
	while (p > text && ((unsigned char)*p & 0xc0) == 0x80)
		p--;
	return p;
}

/* Where the line begins that P stands in. */
static const char *line_start(const char *text, const char *p)
{
	while (p > text && p[-1] != '\n')
		p--;
	return p;
}

/* Where its paragraph begins, or as far back as anyone looks. */
static const char *paragraph_start(const char *text, const char *p)
{
	const char *reach = p - text > REACH ? p - REACH : text;

	while (p > reach && !(p[-1] == '\n' && p - 1 > text && p[-2] == '\n'))
		p--;
	return character_start(text, p);
}

/* Behind the words, before a source route: "@gw.example:ana@example.org" */
static const char *route_start(const char *text, const char *start)
{
	const char *p = start;

	if (p == text || p[-1] != ':')
		return start;
	p--;
	while (p > text && (g_ascii_isalnum(p[-1]) || strchr(".-_,@", p[-1])))
		p--;
	return *p == '@' ? p : start;
}

static ProseRole role_of(const char *text, const char *end, const char *start,
    const char *stop)
{
	const char *line = line_start(text, start);
	const char *reach = end - stop > REACH ? stop + REACH : end;
	g_autofree char *label = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	ProseRole role = PROSE_UNSAID;

	start = route_start(line, start);
	if (start - line < REACH) {
		label = fold(line, (size_t)(start - line));
		role = find_label(label);
	}
	if (role != PROSE_UNSAID)
		return role;
	line = paragraph_start(text, start);
	before = fold(line, (size_t)(start - line));
	if (is_request(before))
		return PROSE_OTHER;
	role = find_lead(before);
	if (role != PROSE_UNSAID)
		return role;
	if (is_announced(before))
		return PROSE_RECIPIENT;
	reach = character_start(stop, reach);
	after = fold(stop, (size_t)(reach - stop));
	return has_tail(after) ? PROSE_RECIPIENT : PROSE_UNSAID;
}

static void prose_name_free(gpointer data)
{
	ProseName *name = data;

	g_free(name->address);
	g_free(name);
}

static bool is_stronger(ProseRole role, ProseRole than)
{
	return role == PROSE_OTHER || (than != PROSE_OTHER && role > than);
}

/* The entry of ADDRESS, which is taken. */
static ProseName *take_name(GPtrArray *names, char *address)
{
	ProseName *name;

	for (guint i = 0; i < names->len; i++) {
		name = g_ptr_array_index(names, i);
		if (g_ascii_strcasecmp(name->address, address) != 0)
			continue;
		g_free(address);
		return name;
	}
	name = g_new(ProseName, 1);
	*name = (ProseName){ .address = address, .role = PROSE_UNSAID };
	g_ptr_array_add(names, name);
	return name;
}

/* Names joined by "and" are of one role. */
static void end_run(GPtrArray *run, ProseRole role)
{
	for (guint i = 0; i < run->len; i++) {
		ProseName *name = g_ptr_array_index(run, i);

		if (is_stronger(role, name->role))
			name->role = role;
	}
	g_ptr_array_set_size(run, 0);
}

GPtrArray *prose_read(const char *text, const char *end)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(prose_name_free);
	g_autoptr(GPtrArray) run = g_ptr_array_new();
	ProseRole run_role = PROSE_UNSAID;
	const char *last = text;
	const char *p = text;
	const char *start;
	size_t len;

	for (unsigned i = 0;
	     i < 2 * BOUND_GROUPS && mention_next(&p, end, &start, &len); i++) {
		ProseRole role = role_of(text, end, start, start + len);

		if (run->len > 0 && !mention_is_joined(last, start)) {
			end_run(run, run_role);
			run_role = PROSE_UNSAID;
		}
		g_ptr_array_add(run, take_name(names, g_strndup(start, len)));
		if (is_stronger(role, run_role))
			run_role = role;
		last = start + len;
	}
	end_run(run, run_role);
	return names;
}

bool prose_is_other(const char *text, const char *address)
{
	const char *start = address;
	g_autofree char *before = NULL;

	while (start > text && g_ascii_isspace(start[-1]))
		start--;
	address = start;
	start = paragraph_start(text, address);
	before = fold(start, (size_t)(address - start));
	return find_lead(before) == PROSE_OTHER;
}
