/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Advice is known by how a sentence begins, with "If" or "Check that", and so is
   what is only perhaps so; in Japanese and Korean, where conditions end, by a word
   anywhere in it.  Text that is on one line has lost its headings' ends: there a
   capital letter says where a sentence begins. */

#include "hints.h"

#include "wordlist.h"

#include <string.h>

static const char *const beginnings[] = { "If ", "In case ", "Unless ",
	"Make sure ", "Check that ", "Check whether ", "Check if ",
	"Please check that ", "Please check whether ", "Please make sure ",
	"Wenn ", "Falls ", "Sollte ", "Sollten ", "Überprüfen Sie, ",
	"Prüfen Sie, ", "Stellen Sie sicher, ", "Si ", "S'il ", "S’il ",
	"Vérifiez que ", "Vérifiez si ", "Assurez-vous ", "En caso de ",
	"Compruebe que ", "Compruebe si ", "Asegúrese ", "Verifique que ",
	"Verifique se ", "Se l", "Se i", "Se non ", "Se o ", "Se a ", "Se os ",
	"Se as ", "Se você ", "Se não ", "Se persist", "Se si ", "Nel caso ",
	"Verificare che ", "Assicurarsi ", "Caso ", "Certifique-se ", "Als ",
	"Indien ", "Controleer of ", "Jeśli ", "Jeżeli ", "Sprawdź, czy ",
	"Upewnij się", "Если ", "Убедитесь", "Проверьте, ", "Якщо ", "Om ",
	"Kontrollera att ", "Kontrollera om ", "Hvis ", "Kontroller at ",
	"Kontroller om ", "Kontrollér, ", "Jos ", "Tarkista, ", "Pokud ", "Ak ",
	"Ujistěte se", "Ha ", "Ellenőrizze, ", "Dacă ", "Ako ", "Če ", "Αν ",
	"Εάν ", "Βεβαιωθείτε ", "Eğer ", "אם ", "إذا ", "Möglicherweise ",
	"Vielleicht ", "Il se peut ", "Peut-être ", "Es posible ", "Puede que ",
	"Posiblemente ", "Talvez ", "Mogelijk ", "Misschien ", "Kanske ",
	"Kanskje ", "Måske ", "Być może", "Možná ", "Belki ", "Ίσως ",
	"Возможно", "Может быть", "Можливо", "可能是", "如果", "若", "请确认",
	"请检查", "請確認", "請檢查" };

static const char *const anywhere[] = { "可能性があります", "場合は",
	"場合には", "場合、", "確認してください", "경우 ", "경우에는",
	"확인하십시오", "확인하세요" };

static bool begins_advice(const char *text)
{
	if (!g_ascii_isupper(*text) && (unsigned char)*text < 0x80)
		return false;
	return words_begin(text, beginnings, G_N_ELEMENTS(beginnings));
}

static bool has_advice(const char *text, size_t len)
{
	if (text_ascii_span(text, len) == len)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(anywhere); i++)
		if (g_strstr_len(text, (gssize)len, anywhere[i]) != NULL)
			return true;
	return false;
}

/* Behind the sentence at TEXT: a full stop before white space, or a blank line. */
static const char *sentence_end(const char *text)
{
	static const char *const stops[] = { "。", "．", "！", "？" };

	for (const char *p = text; *p != '\0'; p++) {
		if ((*p == '.' || *p == '!' || *p == '?') &&
		    (p[1] == '\0' || g_ascii_isspace(p[1])))
			return p + 1;
		if (*p == '\n' && (p[1] == '\n' || p[1] == '\0'))
			return p;
		if ((unsigned char)*p < 0x80)
			continue;
		for (unsigned i = 0; i < G_N_ELEMENTS(stops); i++)
			if (word_begins(p, stops[i]))
				return p + strlen(stops[i]);
	}
	return text + strlen(text);
}

/* A reply code, an address and a page are facts, whatever stands around them. */
static bool has_facts(const char *text, size_t len)
{
	if (memchr(text, '@', len) != NULL ||
	    g_strstr_len(text, (gssize)len, "://") != NULL)
		return true;
	for (size_t i = 0; i + 3 <= len; i++)
		if ((text[i] == '4' || text[i] == '5') &&
		    g_ascii_isdigit(text[i + 1]) &&
		    g_ascii_isdigit(text[i + 2]) &&
		    (i == 0 || !g_ascii_isalnum(text[i - 1])) &&
		    (i + 3 == len || !g_ascii_isalnum(text[i + 3])))
			return true;
	return false;
}

static void blank(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n')
			text[i] = ' ';
}

/* Behind the last word of a sentence that has an address in it. */
static size_t behind_address(const char *text, size_t len)
{
	size_t at = len;

	while (at > 0 && text[at - 1] != '@')
		at--;
	while (at > 0 && at < len && !g_ascii_isspace(text[at]))
		at++;
	return at;
}

/* Within one sentence, advice may begin behind a heading. */
static size_t advice_offset(const char *text, size_t len)
{
	if (has_advice(text, len))
		return behind_address(text, len);
	for (size_t i = 0; i < len; i++)
		if ((i == 0 || g_ascii_isspace(text[i - 1]) ||
			((unsigned char)text[i] >= 0x80 &&
			    word_begins(text + i, "如果"))) &&
		    begins_advice(text + i))
			return i;
	return len;
}

void hints_blank(char *text)
{
	while (*text != '\0') {
		size_t len = (size_t)(sentence_end(text) - text);
		size_t offset = advice_offset(text, len);

		if (!has_facts(text + offset, len - offset))
			blank(text + offset, len - offset);
		text += len;
		while (g_ascii_isspace(*text))
			text++;
	}
}
