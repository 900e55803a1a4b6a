/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A person asks in plain words to be taken off: in Subject: of a mail that says
   nothing else, or in the first lines of a reply, before anything quoted (our
   own campaign has "unsubscribe" at its foot).  A request is a short line that
   says only this, or has a clause of three words or more that does; a sentence
   about unsubscribing is none. */

#include "auto.h"
#include "reader.h"
#include "text.h"
#include "wordlist.h"

enum {
	REQUEST_LINES = 6,   /* a person's own words, before a quote */
	REQUEST_OCTETS = 80, /* of such a line or clause */
	REQUEST_LINE = 300   /* a longer one is no request at all */
};

/* In lower case, without what stands round them. */
static const char *const requests[] = {
	/* English */
	"unsubscribe", "unsubscribe me", "please unsubscribe",
	"please unsubscribe me", "unsubscribe please", "unsubscribe me please",
	"pls unsubscribe", "plz unsubscribe", "i want to unsubscribe",
	"i would like to unsubscribe", "i'd like to unsubscribe",
	"i wish to unsubscribe", "unsubscribe me from this list",
	"unsubscribe from this list", "unsubscribe me from your list",
	"unsubscribe from list", "please unsubscribe me from this list",
	"please unsubscribe me from your list",
	"please unsubscribe me from your mailing list",
	"please unsubscribe me from this mailing list",
	"please unsubscribe me from all lists",
	"please unsubscribe me from your emails",
	"please unsubscribe me from these emails",
	"please unsubscribe this address",
	"please unsubscribe this email address", "remove me",
	"please remove me", "remove me please", "remove me from your list",
	"remove me from this list", "remove me from your mailing list",
	"please remove me from your list", "please remove me from your lists",
	"please remove me from this list",
	"please remove me from your mailing list",
	"please remove me from your email list",
	"please remove me from your database", "please remove my address",
	"please remove my email", "please remove my email address",
	"please remove my email address from your list", "take me off",
	"please take me off", "take me off your list", "take me off this list",
	"please take me off your list", "please take me off this list",
	"please take me off your mailing list", "opt out", "opt-out", "optout",
	"stop", "please opt me out", "i want to opt out", "i opt out",
	"stop sending me emails", "stop sending me email",
	"stop sending me mail", "stop sending me mails",
	"please stop sending me emails", "please stop sending me email",
	"stop emailing me", "please stop emailing me", "stop mailing me",
	"no more emails", "no more emails please", "no more mail please",
	"cancel my subscription", "please cancel my subscription",
	/* German */
	"abmelden", "abmeldung", "bitte abmelden", "abbestellen",
	"bitte abbestellen", "newsletter abbestellen", "newsletter abmelden",
	"bitte newsletter abbestellen", "bitte newsletter abmelden",
	"austragen", "bitte austragen", "bitte streichen sie mich",
	"bitte melden sie mich ab", "bitte tragen sie mich aus",
	"bitte aus dem verteiler nehmen", "bitte aus dem verteiler streichen",
	"bitte nehmen sie mich aus dem verteiler",
	"bitte nehmen sie mich aus ihrem verteiler",
	"bitte aus dem verteiler löschen", "ich möchte keine mails mehr",
	"bitte streichen sie mich aus dem verteiler",
	"bitte streichen sie mich aus ihrem verteiler",
	"bitte löschen sie mich aus dem verteiler",
	"bitte löschen sie mich aus ihrem verteiler",
	"ich möchte keinen newsletter mehr", "bitte keinen newsletter mehr",
	"bitte keine newsletter mehr", "keine weiteren mails",
	"bitte keine weiteren mails", "bitte keine mails mehr",
	"bitte keine e-mails mehr",
	/* French */
	"désabonner", "desabonner", "désabonnement", "desabonnement",
	"désinscription", "desinscription", "désinscrire", "me désabonner",
	"me désinscrire", "désabonnez-moi", "désinscrivez-moi",
	"désabonnez moi", "désinscrivez moi", "merci de me désabonner",
	"merci de me désinscrire", "merci de me desabonner",
	"merci de me desinscrire", "veuillez me désabonner",
	"veuillez me désinscrire", "je souhaite me désabonner",
	"je souhaite me désinscrire", "je veux me désabonner",
	"merci de me retirer de votre liste",
	"veuillez me retirer de votre liste",
	"merci de ne plus m'envoyer de mails",
	/* Spanish, Italian, Portuguese */
	"baja", "dar de baja", "darme de baja", "quiero darme de baja",
	"deseo darme de baja", "solicito la baja", "por favor darme de baja",
	"cancelar suscripción", "cancelar suscripcion",
	"cancelar mi suscripción", "por favor, denme de baja", "cancellami",
	"cancellatemi", "disiscrivimi", "disiscrivetemi", "cancellazione",
	"disiscrizione", "cancellatemi dalla lista", "vi prego di cancellarmi",
	"cancelar inscrição", "cancelar a inscrição", "cancelar assinatura",
	"descadastrar", "me descadastrar", "quero me descadastrar",
	"remover meu email", "por favor remover", "remover da lista",
	"sair da lista",
	/* Dutch, Scandinavian, Finnish */
	"afmelden", "uitschrijven", "graag afmelden", "graag uitschrijven",
	"ik wil me afmelden", "ik wil mij afmelden",
	"gelieve mij uit te schrijven", "avregistrera", "avprenumerera",
	"avsluta prenumeration", "avmeld", "avmelding", "meld meg av", "afmeld",
	"afmeld mig", "afmelding", "peruuta tilaus", "peru tilaus",
	"poistakaa minut listalta",
	/* Polish, Czech, Hungarian, Romanian, Turkish */
	"wypisz", "wypisz mnie", "proszę mnie wypisać", "rezygnuję",
	"proszę o wypisanie", "odhlásit", "odhlásit odběr", "prosím odhlásit",
	"odhlásiť", "leiratkozás", "leiratkozom", "dezabonare",
	"dezabonează-mă", "abonelikten çık", "üyelikten çık", "listeden çıkar",
	/* Russian, Ukrainian */
	"отписка", "отписаться", "отпишите меня", "отписать", "отпишите",
	"прошу отписать", "прошу отписать меня", "пожалуйста, отпишите меня",
	"удалите меня из рассылки", "прошу удалить меня из рассылки",
	"удалите мой адрес", "відписатися", "відпишіть мене",
	/* Japanese, Chinese, Korean */
	"配信停止", "配信停止希望", "配信解除", "退会", "購読解除",
	"配信を停止してください", "配信停止をお願いします",
	"配信停止お願いします", "退订", "取消订阅", "退訂", "取消訂閱",
	"请退订", "请取消订阅", "수신거부", "수신 거부", "구독 취소", "구독취소"
};

/* LINE in lower case, without blanks, quotes and stops at either end. */
static char *bare(const char *line, size_t len)
{
	static const char *const ends[] = { " ", "\t", "\r", ".", "!", ",", ";",
		"\"", "'", "*", "-", "_", "(", ")", "[", "]", "。", "！", "“",
		"”", "’" };
	g_autofree char *lower = words_fold(line, (gssize)len);
	char *start = lower;
	size_t left = strlen(lower);
	bool is_trimming = true;

	while (is_trimming) {
		is_trimming = false;
		for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
			size_t n = strlen(ends[i]);

			if (left >= n && memcmp(start, ends[i], n) == 0) {
				start += n;
				left -= n;
				is_trimming = true;
			}
			if (left >= n &&
			    memcmp(start + left - n, ends[i], n) == 0) {
				left -= n;
				is_trimming = true;
			}
		}
	}
	return g_strndup(start, left);
}

static bool has_three_words(const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);

	if (blank == NULL)
		return false;
	return memchr(blank + 1, ' ', len - (size_t)(blank + 1 - line)) != NULL;
}

/* "de votre liste" */
static bool is_object(const char *words)
{
	static const char *const begins[] = { " from ", " de votre ",
		" de vos ", " de cette ", " de la ", " de su ", " de esta ",
		" aus ihrem ", " aus dem ", " von ihrer ", " dalla ", " dal ",
		" da vostra ", " da lista", " da sua ", " z listy", " z bazy",
		" van de ", " uit uw ", " от ", " из " };

	return words_begin(words, begins, G_N_ELEMENTS(begins));
}

static bool is_request_alone(const char *line, size_t len)
{
	g_autofree char *words = NULL;

	if (len == 0 || len > REQUEST_OCTETS)
		return false;
	words = bare(line, len);
	for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
		size_t n = strlen(requests[i]);

		if (strncmp(words, requests[i], n) != 0)
			continue;
		if (words[n] == '\0')
			return true;
		if (has_three_words(requests[i], n) && is_object(words + n))
			return true;
	}
	return false;
}

/* "Hello, please remove me from your list. Thanks" */
static bool is_request(const char *line, size_t len)
{
	if (is_request_alone(line, len))
		return true;
	if (len > REQUEST_LINE)
		return false;
	for (size_t i = 0; i < len;) {
		size_t n = 0;

		while (i + n < len && strchr(",.;!:", line[i + n]) == NULL)
			n++;
		while (n > 0 && line[i] == ' ') {
			i++;
			n--;
		}
		if (has_three_words(line + i, n) &&
		    is_request_alone(line + i, n))
			return true;
		i += n + 1;
	}
	return false;
}

/* Behind this line the words are somebody else's. */
static bool is_quote(const char *line, size_t len)
{
	static const char *const begins[] = { ">", "|", "-----", "_____",
		"from:", "von:", "de :", "de:", "da:", "van:", "от:", "发件人",
		"寄件者", "差出人", "on ", "am ", "le ", "el ", "il ", "em ",
		"op ", "в ", "begin forwarded", "--" };
	g_autofree char *lower = words_fold(line, (gssize)MIN(len, 200));
	const char *p = lower + strspn(lower, " \t");

	if (len == 0 || !words_begin(p, begins, G_N_ELEMENTS(begins)))
		return false;
	/* "On Monday, Ana wrote:"; a person's sentence may begin so, too */
	if (g_ascii_isalpha(*p) && p[strcspn(p, " :")] == ' ')
		return strchr(p, ':') != NULL;
	return true;
}

/* RET_N: the lines of her own, before a quote. */
static bool has_request(const char *text, unsigned *ret_n)
{
	bool is_found = false;
	unsigned n = 0;

	while (*text != '\0' && n < REQUEST_LINES) {
		size_t len = strcspn(text, "\n");
		size_t blank = strspn(text, " \t\r");

		if (is_quote(text, len))
			break;
		if (blank < len) {
			n++;
			is_found = is_found || is_request(text, len);
		}
		text += len;
		text += *text == '\n';
	}
	*ret_n = n;
	return is_found;
}

/* Apple Mail's and others' button, where the campaign gave an address. */
static bool is_button(const Mail *mail)
{
	return g_ascii_strcasecmp(mail_header(mail, "X-Apple-Unsubscribe"),
		   "true") == 0;
}

bool read_unsubscribe(const Mail *mail, Report *report)
{
	g_autofree char *subject = NULL;
	unsigned n = 0;
	bool is_asked;

	if (!is_button(mail)) {
		if (report->is_auto_submitted)
			return false;
		is_asked = has_request(report->text, &n);
		subject = auto_bare_subject(mail);
		/* a subject counts if the person says nothing else */
		if (!is_asked &&
		    !(n == 0 && is_request(subject, strlen(subject))))
			return false;
	}
	report->kind = REPORT_UNSUBSCRIBE;
	if (strchr(report->from, '@') != NULL) {
		ReportRecipient *person = report_add_recipient(report);

		text_take(&person->final_recipient, g_strdup(report->from));
		person->part = report->text_part;
	}
	return true;
}
