/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The small readers of src/mail: names, HTML, SMTP stages, charsets. */

#include "charset.h"
#include "hints.h"
#include "html.h"
#include "items.h"
#include "names.h"
#include "prose.h"
#include "report_read.h"
#include "stage.h"

#include "main.h"
#include "shipped_rules.h"

#include <string.h>

static const struct {
	const char *text;
	const char *address;
} addresses[] = {
	{ "", "" },
	{ "ana@example.org", "ana@example.org" },
	{ "  ana@example.org ", "ana@example.org" },
	{ "<ana@example.org>", "ana@example.org" },
	{ "<<ana@example.org>>", "ana@example.org" },
	{ "<ana@example.org>:", "ana@example.org" },
	{ "Ana <ana@example.org>", "ana@example.org" },
	{ "\"Ana <not@this>\" <ana@example.org>", "ana@example.org" },
	{ "\"Ana <ana@example.org>", "ana@example.org" },
	{ "ana@example.org (Ana <a@b>)", "ana@example.org" },
	{ "ana@example.org (Ana)", "ana@example.org" },
	{ "(Ana) ana@example.org", "ana@example.org" },
	{ "ana@example.org, ben@example.org", "ana@example.org" },
	{ "Ana <ana@example.org>, Ben <ben@example.org>", "ana@example.org" },
	{ "\"ana b\"@example.org", "\"ana b\"@example.org" },
	{ "<\"ana>b\"@example.org>", "\"ana>b\"@example.org" },
	{ "<@a.example,@b.example:ana@example.org>", "ana@example.org" },
	{ "mailto:ana@example.org", "ana@example.org" },
	{ "<>", "" },
	{ "MAILER-DAEMON", "MAILER-DAEMON" },
	{ "((((", "" },
	{ "<ana", "<ana" },
};

START_TEST(addresses_are_found)
{
	g_autofree char *address = name_address(addresses[_i].text);

	ck_assert_msg(strcmp(address, addresses[_i].address) == 0, "%s: \"%s\"",
	    addresses[_i].text, address);
}
END_TEST

static const struct {
	const char *text;
	const char *address;
} typed[] = {
	{ "rfc822; ana@example.org", "ana@example.org" },
	{ "RFC822;<ana@example.org>", "ana@example.org" },
	{ "rfc822 ; ana@example.org (Ana)", "ana@example.org" },
	{ "ana@example.org", "ana@example.org" },
	{ "rfc822; ana+2Bnews@example.org", "ana+news@example.org" },
	{ "rfc822; ana+news@example.org", "ana+news@example.org" },
	{ "rfc822; ana+AB@example.org", "ana+AB@example.org" },
	{ "rfc822; ana+2Bx+y@example.org", "ana+2Bx+y@example.org" },
	{ "utf-8; jos\\x{E9}@example.org", "josé@example.org" },
	{ "utf-8; josé@example.org", "josé@example.org" },
	{ "utf-8; ana+2B\\x{E9}@example.org", "ana+é@example.org" },
	{ "rfc822; jos\\x{E9}@example.org", "jos\\x{E9}@example.org" },
	{ "LOCAL; ana", "ana" },
	{ ";", "" },
	{ "rfc822;", "" },
};

START_TEST(typed_addresses_are_found)
{
	g_autofree char *address = name_typed_address(typed[_i].text);

	ck_assert_msg(strcmp(address, typed[_i].address) == 0, "%s: \"%s\"",
	    typed[_i].text, address);
}
END_TEST

static const struct {
	const char *text;
	const char *type;
	const char *rest;
} splits[] = {
	{ "smtp; 550 no", "smtp", "550 no" },
	{ "SMTP;550 no; really", "smtp", "550 no; really" },
	{ "X-Postfix; no", "x-postfix", "no" },
	{ "550 no; really", "", "550 no; really" },
	{ "no such user; try later", "", "no such user; try later" },
	{ "no", "", "no" },
	{ "", "", "" },
	{ ";x", "", ";x" },
};

START_TEST(types_are_split_off)
{
	g_autofree char *type = NULL;
	g_autofree char *rest = NULL;

	name_split_type(splits[_i].text, &type, &rest);
	ck_assert_str_eq(type, splits[_i].type);
	ck_assert_str_eq(rest, splits[_i].rest);
}
END_TEST

static const struct {
	const char *text;
	const char *host;
} hosts[] = {
	{ "dns; mx.example.org", "mx.example.org" },
	{ "DNS;mx.example.org (192.0.2.1)", "mx.example.org" },
	{ "dns; (unknown) [192.0.2.1]", "[192.0.2.1]" },
	{ "mx.example.org", "mx.example.org" },
	{ "dns;", "" },
	{ "", "" },
};

START_TEST(hosts_are_found)
{
	g_autofree char *host = name_typed_host(hosts[_i].text);

	ck_assert_str_eq(host, hosts[_i].host);
}
END_TEST

static const struct {
	const char *text;
	const char *id;
} ids[] = {
	{ "<a@b>", "a@b" },
	{ " <a@b> (c)", "a@b" },
	{ "a@b", "a@b" },
	{ "<a@b", "a@b" },
	{ "", "" },
	{ "<>", "" },
};

START_TEST(message_ids_are_found)
{
	g_autofree char *id = name_message_id(ids[_i].text);

	ck_assert_str_eq(id, ids[_i].id);
}
END_TEST

static const struct {
	const char *text;
	const char *id;
} received[] = {
	{ "", "" },
	{ "by mail.example (Postfix) id 4TqXyZ2def; Sat, 1 Jan", "4TqXyZ2def" },
	{ "by mail.example (Postfix, from userid 0) id 4A; Sat", "4A" },
	{ "from a.example (b [192.0.2.1]) by c.example with ESMTP id 4B "
	  "for <ana@example.org>; Sat",
	    "4B" },
	{ "from id.example by c.example; Sat", "" },
	{ "by c.example id ", "" },
};

START_TEST(queue_ids_are_found)
{
	g_autofree char *id = name_received_id(received[_i].text);

	ck_assert_str_eq(id, received[_i].id);
}
END_TEST

static const struct {
	const char *html;
	const char *words;
} htmls[] = {
	{ "", "\n" },
	{ "plain", "plain\n" },
	{ "<p>one</p><p>two <b>three</b></p>", "one\ntwo three\n" },
	{ "a<br>b<BR/>c", "a\nb\nc\n" },
	{ "a\n  b\tc", "a b c\n" },
	{ "a<pre>b\n\n\n\n  c  d\r\n&nbsp;e</pre>f\n\ng",
	    "a\nb\n\n  c  d\n e\nf g\n" },
	{ "a&amp;b &lt;c&gt; &quot;d&quot; &#39;e&#x27;",
	    "a&b <c> \"d\" 'e'\n" },
	{ "a&nbsp;b&#160;c", "a b c\n" },
	{ "a & b &unknown; &#; &#0; &#xD800;",
	    "a & b &unknown; &#; &#0; &#xD800;\n" },
	{ "&eacute;&Eacute;&uuml;&szlig;&rsquo;", "éÉüß’\n" },
	{ "&EACUTE; &eacute &LT;&NBSP;Zu&shy;stellung",
	    "&EACUTE; &eacute < Zustellung\n" },
	{ "&#233;", "é\n" },
	{ "a<!-- <p>no</p> -->b", "ab\n" },
	{ "a<style>p{}</style>b<script>if (1<2) x()</script>c", "abc\n" },
	{ "a < b", "a < b\n" },
	{ "to <ana@example.org>: no", "to <ana@example.org>: no\n" },
	{ "<a href=\"mailto:x@y\">z</a>", "z\n" },
	{ "a<b", "a\n" },
	{ "a<!--", "a\n" },
	{ "<script>", "\n" },
	{ "&", "&\n" },
	{ "<", "<\n" },
};

START_TEST(html_becomes_words)
{
	g_autofree char *words = html_words(htmls[_i].html);

	ck_assert_msg(strcmp(words, htmls[_i].words) == 0, "%s: \"%s\"",
	    htmls[_i].html, words);
}
END_TEST

static const struct {
	const char *text;
	SmtpStage stage;
} stages[] = {
	{ "", STAGE_UNKNOWN },
	{ "550 5.1.1 no", STAGE_UNKNOWN },
	{ "host x said: 550 no (in reply to RCPT TO command)", STAGE_RCPT },
	{ "host x said: 550 no (in reply to MAIL FROM command)", STAGE_MAIL },
	{ "host x said: 550 no (in reply to end of DATA command)", STAGE_DOT },
	{ "host x said: 550 no (in reply to DATA command)", STAGE_DATA },
	{ "host x said: 550 no (in reply to EHLO command)", STAGE_HELO },
	/* what the other side says does not count */
	{ "host x said: 550 (in reply to end of DATA command) "
	  "(in reply to RCPT TO command)",
	    STAGE_RCPT },
	{ "host x said: 550 refused to talk to me (in reply to RCPT TO "
	  "command)",
	    STAGE_RCPT },
	{ "SMTP error from remote mail server after RCPT TO:<a@b>: 550 lost "
	  "connection after end of data",
	    STAGE_RCPT },
	{ "host x[192.0.2.1] refused to talk to me: 554 go away",
	    STAGE_CONNECT },
	{ "connect to x[192.0.2.1]:25: Connection refused", STAGE_CONNECT },
	{ "<a@b>: connect to x[192.0.2.1]:25: Connection timed out",
	    STAGE_CONNECT },
	{ "550 please connect to our web site", STAGE_UNKNOWN },
	{ "lost connection with x[192.0.2.1] while sending end of data -- "
	  "message may be sent more than once",
	    STAGE_DOT },
	{ "conversation with x timed out while sending RCPT TO", STAGE_RCPT },
	{ "TLS is required, but was not offered by host x", STAGE_TLS },
	{ "SASL authentication failed; server x said: 535 no", STAGE_AUTH },
	{ "SMTP error from remote mail server after initial connection",
	    STAGE_CONNECT },
	{ "192.0.2.1 does not like recipient. Remote host said: 550",
	    STAGE_RCPT },
	{ "192.0.2.1 failed after I sent the message. Remote host said: 554",
	    STAGE_DOT },
};

START_TEST(stages_are_found)
{
	ck_assert_msg(stage_find(stages[_i].text) == stages[_i].stage, "%s: %s",
	    stages[_i].text, stage_name(stage_find(stages[_i].text)));
}
END_TEST

static const struct {
	const char *bytes;
	const char *charset;
	const char *text;
} charsets[] = {
	{ "abc", "", "abc" },
	{ "\xc3\xa9", "", "é" },
	{ "\xc3\xa9", "us-ascii", "é" },
	{ "\xe9", "", "é" },
	{ "\xe9", "utf-8", "\xef\xbf\xbd" },
	{ "\xe9", "iso-8859-1", "é" },
	{ "\xe9", "windows-1251", "й" },
	{ "caf\xe9 cr\xe8me\n\xa0\xa0z", "ISO-8859-15",
	    "café crème\n\u00a0\u00a0z" },
	{ "a\x81z \x80", "windows-1252", "a\xef\xbf\xbdz €" },
	{ "\xca", "koi8-r", "й" },
	{ "\xd3\xca\xcf\xe4", "gbk", "邮箱" },
	{ "\x88\xb6\x90\xe6", "shift_jis", "宛先" },
	{ "\x1b$B08@h\x1b(B", "", "宛先" },
	{ "\x1b$B08@h\x1b(B", "us-ascii", "宛先" },
	{ "a\xff"
	  "b",
	    "gbk",
	    "a\xef\xbf\xbd"
	    "b" },
	{ "\xe9", "no-such-charset", "é" },
	{ "\xe9", "utf-8//IGNORE", "é" },
	{ "\357\356\367\362\356\342\373\351 \377\371\350\352 "
	  "\357\345\360\345\357\356\353\355\345\355",
	    "", "почтовый ящик переполнен" },
	{ "\320\317\336\324\317\327\331\312 \321\335\311\313 "
	  "\320\305\322\305\320\317\314\316\305\316",
	    "", "почтовый ящик переполнен" },
	{ "\210\266\220\346\202\314\203A\203h\203\214\203X\202\252\214\251\202"
	  "\302\202\251\202\350\202\334\202\271\202\361",
	    "", "宛先のアドレスが見つかりません" },
	{ "\260\270\300\350\244\316\245\242\245\311\245\354\245\271\244\254\270"
	  "\253\244\304\244\253\244\352\244\336\244\273\244\363",
	    "", "宛先のアドレスが見つかりません" },
	{ "\301\270\300\347\307\317\301\366 \276\312\264\302 "
	  "\273\347\277\353\300\332\300\324\264\317\264\331",
	    "", "존재하지 않는 사용자입니다" },
	{ "\304\372\265\304\323\312\274\376\316\336\267\250\313\315\264\357\270"
	  "\303\323\303\273\247",
	    "", "您的邮件无法送达该用户" },
	{ "\261z\252\272\266l\245\363\265L\252k\260e\271F\270\323\245\316\244"
	  "\341",
	    "", "您的郵件無法送達該用戶" },
	{ "Empf\344nger f\374r B\374ro, Gr\366\337e \374berschritten",
	    "us-ascii", "Empfänger für Büro, Größe überschritten" },
	{ "Empf\303\244nger", "iso-8859-1", "Empfänger" },
	{ "Empf\344nger", "iso-8859-1", "Empfänger" },
};

START_TEST(charsets_are_decoded)
{
	g_autofree char *text = charset_decode(charsets[_i].bytes,
	    strlen(charsets[_i].bytes), charsets[_i].charset, 1000);

	ck_assert_msg(strcmp(text, charsets[_i].text) == 0, "%d, %s: \"%s\"",
	    _i, charsets[_i].charset, text);
}
END_TEST

/* --- advice --- */

static const struct {
	const char *text;
	const char *left; /* with blanks in runs of one */
} advices[] = {
	{ "", "" },
	{ "The mailbox is full. If it does not exist, correct it.",
	    "The mailbox is full. " },
	{ "The mailbox is full. If it does not exist,\ncorrect it. Bye.",
	    "The mailbox is full. \n Bye." },
	{ "How to fix it If the address does not exist, correct it",
	    "How to fix it " },
	{ "If a@x.example does not exist, correct it.",
	    "If a@x.example does not exist, correct it." },
	{ "If so, 550 no such user.", "If so, 550 no such user." },
	{ "IT IS FULL. IF THE ADDRESS DOES NOT EXIST, CORRECT IT.",
	    "IT IS FULL. " },
	{ "If so, see http://x.example/gone",
	    "If so, see http://x.example/gone" },
	{ "No such user.\n\nWenn es ihn nicht gibt, gut.\n\nEnde",
	    "No such user.\n\n \n\nEnde" },
	{ "What if the user is unknown?", "What if the user is unknown?" },
	{ "Возможно, адрес не существует.", " " },
	{ "アドレスが存在しない可能性があります。", " " },
	{ "a@x.example アドレスが存在しない可能性があります。",
	    "a@x.example " },
	{ "Se detectó un bucle.", "Se detectó un bucle." },
	{ "Se l'indirizzo non esiste, correggerlo.", " " },
	{ "拒否されました。宛先が存在しない場合は直してください。",
	    "拒否されました。 " },
	{ "已被退回。如果地址不存在，请更正。", "已被退回。 " },
};

START_TEST(advice_is_no_evidence)
{
	g_autofree char *text = g_strdup(advices[_i].text);
	char *to = text;

	hints_blank(shipped_words(), text);
	for (const char *p = text; *p != '\0'; p++)
		if (*p != ' ' || to == text || to[-1] != ' ')
			*to++ = *p;
	*to = '\0';
	ck_assert_msg(strcmp(text, advices[_i].left) == 0, "%s: \"%s\"",
	    advices[_i].text, text);
}
END_TEST

/* --- whom sentences speak of --- */

static const struct {
	const char *text;
	const char *recipients; /* with blanks between */
} sentences[] = {
	{ "Your mail to a@x.example was refused.", "a@x.example" },
	{ "Your message to <a@x.example> from <b@x.example> failed.",
	    "a@x.example" },
	{ "Message to a@x.example and b@x.example failed",
	    "a@x.example b@x.example" },
	{ "These could not be reached: a@x.example, b@x.example",
	    "a@x.example b@x.example" },
	{ "Failed recipients: <a@x.example> <b@x.example>",
	    "a@x.example b@x.example" },
	{ "To: a@x.example\nFrom: b@x.example\n", "a@x.example" },
	{ "To: b@x.example\nRecipient: a@x.example\n", "a@x.example" },
	{ "Recipient: [SMTP:a@x.example]\n", "a@x.example" },
	{ "  Recipient address: @r.example:a@x.example\n", "a@x.example" },
	{ "The mailbox of a@x.example is full. Write to b@x.example.",
	    "a@x.example" },
	{ "Please send questions to a@x.example.", "" },
	{ "For help write to a@x.example", "" },
	{ "We do not know a@x.example.", "" },
	{ "a@x.example does not exist.", "a@x.example" },
	{ "<a@x.example>: does not exist.", "a@x.example" },
	{ "The user moved. New address: b@x.example. Mail to a@x.example is "
	  "lost",
	    "a@x.example" },
	{ "a@x.example is unknown. Please use a@x.example instead.", "" },
	{ "Das Postfach von a@x.example ist voll. Absender: b@x.example",
	    "a@x.example" },
	{ "Empfänger: a@x.example\nAbsender: b@x.example\n", "a@x.example" },
	{ "Votre message à a@x.example n'a pas pu être remis. Veuillez "
	  "contacter b@x.example.",
	    "a@x.example" },
	{ "Il messaggio per a@x.example non è stato consegnato.",
	    "a@x.example" },
	{ "A mensagem para a@x.example não foi entregue.", "a@x.example" },
	{ "Su mensaje a a@x.example no se ha podido entregar.", "a@x.example" },
	{ "Uw bericht aan a@x.example kon niet worden bezorgd.",
	    "a@x.example" },
	{ "Nie można dostarczyć wiadomości do adresata a@x.example",
	    "a@x.example" },
	{ "Пользователь a@x.example не найден. Обратитесь к b@x.example",
	    "a@x.example" },
	{ "收件人：a@x.example\n发件人：b@x.example\n", "a@x.example" },
	{ "无法发送到a@x.example，请联系b@x.example", "a@x.example" },
	{ "宛先「a@x.example」に送信できませんでした。", "a@x.example" },
	{ "a@x.exampleは存在しません", "a@x.example" },
	{ "c=US;a= ;p=X;dda:SMTP=a@x.example; unknown address", "" },
	{ "", "" },
	{ "@", "" },
};

START_TEST(sentences_are_understood)
{
	const char *text = sentences[_i].text;
	g_autoptr(GPtrArray)
	    names = prose_read(shipped_words(), text, text + strlen(text));
	g_autoptr(GString) found = g_string_new(NULL);
	ProseRole best = PROSE_ADDRESSEE;

	for (guint i = 0; i < names->len; i++) {
		const ProseName *name = g_ptr_array_index(names, i);

		best = MAX(best, name->role);
	}
	for (guint i = 0; i < names->len; i++) {
		const ProseName *name = g_ptr_array_index(names, i);

		if (name->role == best)
			g_string_append_printf(found, "%s%s",
			    found->len > 0 ? " " : "", name->address);
	}
	ck_assert_msg(strcmp(found->str, sentences[_i].recipients) == 0,
	    "%s: \"%s\"", text, found->str);
}
END_TEST

/* --- addresses in lists --- */

static const struct {
	const char *text;
	const char *addresses;
} lists[] = {
	{ "<a@x.example>: no\n<b@x.example>: no\n", "a@x.example b@x.example" },
	{ "  a@x.example\n    because of b@x.example\n", "a@x.example" },
	{ "a@x.example on Mon, 2 Mar 2026\n", "a@x.example" },
	{ "a@x.example on this day\n", "" },
	{ "Failed:\n\na@x.example on this day\n", "a@x.example" },
	{ "b@x.example <a@x.example>: no\n", "a@x.example" },
	{ "a@x.example <mailto:a@x.example>\n", "a@x.example" },
	{ "c=US;a= ;p=X;dda:SMTP=a@x.example; on Mon\n", "a@x.example" },
	{ "<\"a b\"@x.example>: no\n", "\"a b\"@x.example" },
	{ "[SMTP:a@x.example]\n", "a@x.example" },
	{ ">>> a@x.example <a@x.example>\n", "a@x.example" },
	{ ">>> RCPT TO:<a@x.example>\n", "" },
	{ "宛先：a@x.example\n", "" },
	{ "josé@x.example\n", "josé@x.example" },
	{ "用户@例子.example\n", "用户@例子.example" },
	{ "用户@例子.example的邮件\n", "" },
	{ "c=\n", "" },
};

START_TEST(lists_are_read)
{
	const char *text = lists[_i].text;
	const char *line = text;
	g_autoptr(GString) found = g_string_new(NULL);
	Item item;

	while (items_next(text, &line, text + strlen(text), &item)) {
		g_string_append_printf(found, "%s%s", found->len > 0 ? " " : "",
		    item.address);
		item_clear(&item);
	}
	ck_assert_msg(strcmp(found->str, lists[_i].addresses) == 0,
	    "%s: \"%s\"", text, found->str);
}
END_TEST

static Suite *words_suite(void)
{
	Suite *suite = suite_create("mail words");
	TCase *tcase = tcase_create("words");

	mail_init();
	tcase_add_loop_test(tcase, addresses_are_found, 0,
	    G_N_ELEMENTS(addresses));
	tcase_add_loop_test(tcase, sentences_are_understood, 0,
	    G_N_ELEMENTS(sentences));
	tcase_add_loop_test(tcase, lists_are_read, 0, G_N_ELEMENTS(lists));
	tcase_add_loop_test(tcase, typed_addresses_are_found, 0,
	    G_N_ELEMENTS(typed));
	tcase_add_loop_test(tcase, types_are_split_off, 0,
	    G_N_ELEMENTS(splits));
	tcase_add_loop_test(tcase, hosts_are_found, 0, G_N_ELEMENTS(hosts));
	tcase_add_loop_test(tcase, message_ids_are_found, 0, G_N_ELEMENTS(ids));
	tcase_add_loop_test(tcase, queue_ids_are_found, 0,
	    G_N_ELEMENTS(received));
	tcase_add_loop_test(tcase, html_becomes_words, 0, G_N_ELEMENTS(htmls));
	tcase_add_loop_test(tcase, stages_are_found, 0, G_N_ELEMENTS(stages));
	tcase_add_loop_test(tcase, charsets_are_decoded, 0,
	    G_N_ELEMENTS(charsets));
	tcase_add_loop_test(tcase, advice_is_no_evidence, 0,
	    G_N_ELEMENTS(advices));
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(words_suite)
