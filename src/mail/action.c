/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A notice without an Action field: has the mail failed, is it late, or has it
   arrived?  What says that it failed overrules the rest. */

#include "action.h"

#include "wordlist.h"

#include <string.h>

/* All in lower case. */
static const char *const failed[] = { "permanent", "giving up", "gave up",
	"has failed", "failed to", "fatal errors", "could not be", "undeliver",
	"not delivered", "unable to" };

/* The same, for words of delay, which are often "could not be ... yet". */
static const char *const failed_for_good[] = { "permanent", "giving up",
	"gave up", "has failed", "failed to", "fatal errors" };

static const char *const delayed[] = { "warning only", "warning message only",
	"will be retried", "still being retried", "not yet been delivered",
	"has been delayed", "is delayed", "no action is required",
	"will keep trying", "will continue to try", "delivery incomplete",
	"transient non-fatal", "will retry", "do not need to resend",
	"attempts will continue", "will be attempted again",
	"is being held until", "held for moderation",
	"awaits moderator approval", "awaiting moderation",
	"weitere zustellversuche", "wird weiterhin versucht",
	"noch nicht zugestellt", "nouvelle tentative", "sera réessay",
	"se seguirá intentando", "será reintentad",
	"попытки доставки будут продолжены", "再送を試み", "将继续尝试",
	/* "not yet", in the other languages of Exchange */
	"pas encore été remis", "non è ancora stat", "ancora consegnat",
	"continuerà a tentare", "todavía no se ha entregado",
	"aún no se ha entregado", "ainda não foi entregue", "nog niet bezorgd",
	"nog niet afgeleverd", "ännu inte levererats", "endnu ikke leveret",
	"ennå ikke levert", "ei ole vielä toimitettu",
	"nie została jeszcze dostarczona", "jeszcze nie została dostarczona",
	"dosud nebyla doručena", "zatiaľ nebola doručená", "még nem kézbesít",
	"nu a fost încă livrat", "henüz teslim edilmedi",
	"δεν έχει παραδοθεί ακόμ", "עדיין לא נמסרה", "ещё не доставлен",
	"еще не доставлен", "пока не доставлен", "ще не доставлен",
	"まだ配信されていません", "尚未传递", "尚未送达", "尚未傳遞",
	"아직 배달되지" };

static const char *const delivered[] = { "successfully delivered",
	"successfully relayed", "has been delivered to the following",
	"was delivered to the following", "has been successfully",
	"groups is complete", "lists is complete", "relayed to the following",
	"erfolgreich zugestellt", "remis avec succès",
	"a été remis aux destinataires", "entregado correctamente",
	"consegnato correttamente", "entregue com êxito", "успешно доставлено",
	"正常に配信されました", "已成功传递",
	"se ha entregado a los siguientes", "fue entregado a los siguientes",
	"è stato consegnato ai seguenti", "è stato recapitato ai seguenti",
	"foi entregue aos seguintes", "foi entregue a estes",
	"wurde an die folgenden empfänger zugestellt",
	"wurde an folgende empfänger zugestellt", "gruppen wurde abgeschlossen",
	"gruppen ist abgeschlossen",
	"aux destinataires ou groupes suivants est terminée",
	"is bezorgd bij de volgende", "zostało dostarczone do następujących",
	"została dostarczona do następujących", "доставлено следующим",
	"har levererats till följande", "er leveret til følgende",
	"ble levert til følgende", "on toimitettu seuraaville",
	"byla doručena následujícím", "şu alıcılara teslim edildi",
	"παραδόθηκε στους ακόλουθους", "次の受信者に配信されました",
	"已传递给以下", "已送達下列", "배달되었습니다" };

/* "Warning: could not send message for past 4 hours", not "Warning:
   ana@example.org - User unknown!" */
static bool warns_of_delay(const char *subject)
{
	static const char *const words[] = { "hour", "minute", "day",
		"could not send", "still", "not yet", "retr", "queue" };

	return g_str_has_prefix(subject, "warning:") &&
	       words_in(subject, words, G_N_ELEMENTS(words));
}

static bool has_delay_subject(const char *subject)
{
	/* with a subject of our own behind it */
	static const char *const prefixes[] = { "vertraagd:", "ritardat",
		"avviso: consegna ritardata", "atrasad", "adiad", "försenad",
		"forsinket:", "viivästyn", "opóźnion", "zpožděn", "késlelt",
		"késik:", "întârziat", "gecikti", "καθυστέρησε", "затримано",
		"延迟:", "延遲:", "지연:" };
	static const char *const words[] = { "delayed", "(delay)", "verzögert",
		"retardé", "retrasad", "задерж", "遅延" };

	return warns_of_delay(subject) ||
	       words_begin(subject, prefixes, G_N_ELEMENTS(prefixes)) ||
	       words_in(subject, words, G_N_ELEMENTS(words));
}

/* "no se ha entregado a los siguientes": a "not" stands right before it. */
static bool is_denied(const char *text, const char *at)
{
	static const char *const nots[] = { "not ", "no ", "non ", "não ",
		"nie ", "ne", "не ", "not yet ", "δεν " };

	for (unsigned i = 0; i < G_N_ELEMENTS(nots); i++) {
		size_t len = strlen(nots[i]);

		if ((size_t)(at - text) >= len &&
		    memcmp(at - len, nots[i], len) == 0)
			return true;
	}
	return false;
}

static bool says_delivered(const char *text)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(delivered); i++) {
		const char *at = strstr(text, delivered[i]);

		if (at != NULL && !is_denied(text, at))
			return true;
	}
	return false;
}

ReportAction action_find(const Report *report, const char *text, size_t len)
{
	g_autofree char *lower = words_fold(text, (gssize)len);
	g_autofree char *subject = words_fold(report->subject, -1);

	if (says_delivered(lower) &&
	    !words_in(lower, failed, G_N_ELEMENTS(failed)))
		return ACTION_DELIVERED;
	if (words_in(lower, delayed, G_N_ELEMENTS(delayed)) &&
	    !words_in(lower, failed_for_good, G_N_ELEMENTS(failed_for_good)))
		return ACTION_DELAYED;
	return has_delay_subject(subject) ? ACTION_DELAYED : ACTION_FAILED;
}
