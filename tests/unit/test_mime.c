/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The MIME walk: which parts a message has, and what is in them. */

#include "mime.h"

#include "bounds.h"
#include "main.h"
#include "report_read.h"
#include "shipped_rules.h"

#include <string.h>

/* Each part as "type=octets", with "|" between them. */
static const struct {
	const char *label;
	const char *message;
	const char *parts;
} cases[] = {
	{ "no type", "To: a\n\nhello\n", "text/plain=hello\n" },
	{ "no header", "hello\n", "text/plain=hello\n" },
	{ "no body", "To: a\n", "text/plain=" },
	{ "folded type", "Content-Type:\n text/html\nTo: a\n\nhello\n",
	    "text/html=hello\n" },
	{ "QP", "Content-Transfer-Encoding: quoted-printable\n\na=3Db\n",
	    "text/plain=a=b\n" },
	{ "base64", "Content-Transfer-Encoding: base64\n\naGVsbG8K\n",
	    "text/plain=hello\n" },
	{ "no boundary", "Content-Type: multipart/mixed\n\nhello\n",
	    "multipart/mixed=|text/plain=hello\n" },
	{ "multipart",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n"
	    "--b\nContent-Type: text/html\n\ntwo\n--b--\n",
	    "multipart/mixed=|text/plain=one|text/html=two" },
	{ "no end", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n",
	    "multipart/mixed=|text/plain=one\n" },
	/* as it came, whatever is in it */
	{ "message",
	    "Content-Type: multipart/report; boundary=b\n\n--b\n"
	    "Content-Type: Message/RFC822\n\nTo: c\nContent-Type: "
	    "multipart/mixed; boundary=d\n\n--d\n\nthree\n--d--\n--b--\n",
	    "multipart/report=|message/rfc822=To: c\nContent-Type: "
	    "multipart/mixed; boundary=d\n\n--d\n\nthree\n--d--" },
	{ "message in base64",
	    "Content-Type: message/global\n"
	    "Content-Transfer-Encoding: base64\n\nVG86IGMK\n",
	    "message/global=To: c\n" },
	{ "digest",
	    "Content-Type: multipart/digest; boundary=b\n\n--b\n\n"
	    "To: c\n\nfour\n--b--\n",
	    "multipart/digest=|message/rfc822=To: c\n\nfour" },
	{ "other messages",
	    "Content-Type: multipart/report; boundary=b\n\n--b\n"
	    "Content-Type: message/delivery-status\n\nAction: failed\n--b--\n",
	    "multipart/report=|message/delivery-status=Action: failed" },
	{ "a boundary that looks like a type",
	    "Content-Type: multipart/mixed; boundary=\"Message/1\"\n\n"
	    "--Message/1\n\nContent-Type: message/rfc822\n--Message/1--\n",
	    "multipart/mixed=|text/plain=Content-Type: message/rfc822" },
	/* delimiters */
	{ "blanks behind a delimiter",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\none\n"
	    "--b-- \n\ntwo\n",
	    "multipart/mixed=|text/plain=one" },
	{ "what only begins like one",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bb\n"
	    "--b-\n--b--b\n --b\n--b--\n",
	    "multipart/mixed=|text/plain=--bb\n--b-\n--b--b\n --b" },
	{ "an outer one ends what is within",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    "Content-Type: multipart/mixed; boundary=c\n\n--c\n\none\n"
	    "--b\n\ntwo\n--c\n--b--\n--c\n",
	    "multipart/mixed=|multipart/mixed=|text/plain=one|"
	    "text/plain=two\n--c" },
	{ "or a header",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    "Content-Type: text/html\n--b\n\ntwo\n--b--\n",
	    "multipart/mixed=|text/html=|text/plain=two" },
	{ "behind the last part",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    "Content-Type: multipart/mixed; boundary=c\n\n--c\n\none\n"
	    "--c--\n--c\n\ntwo\n--b\n\nthree\n--b--\n",
	    "multipart/mixed=|multipart/mixed=|text/plain=one|"
	    "text/plain=three" },
	{ "the same one within",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n"
	    "--b--\n--b\n\ntwo\n--b--\n",
	    "multipart/mixed=|multipart/mixed=|text/plain=one|"
	    "text/plain=two" },
	{ "nothing is no part",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\none\n"
	    "--b\n",
	    "multipart/mixed=|text/plain=one" },
	{ "an empty part",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\n"
	    "Content-Type: text/html\n\n--b--\n",
	    "multipart/mixed=|text/plain=|text/html=" },
	/* headers of parts */
	{ "folded, and of blanks",
	    "Content-Type: multipart/mixed;\n boundary=b\n\n--b\n"
	    "content-type :\n text/html\n \n\n one\n--b--\n",
	    "multipart/mixed=|text/html= one" },
	{ "what is no field",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\nwords\n"
	    "Content-Type: text/html\n\none\n--b--\n",
	    "multipart/mixed=|text/html=one" },
	{ "the same said in other ways",
	    "Content-Type: (one) multipart / mixed ;BOUNDARY*0=\"a \";"
	    "boundary*1=b\n\n--a b\ncontent-type: Text/HTML ;\n\none\n"
	    "--a b\nContent-Type: text/x-a; charset=\"\\\"\"; c = d ;\n\n"
	    "two\n--a b--\n",
	    "multipart/mixed=|text/html=one|text/x-a=two" },
	{ "no type of any form", "Content-Type: ?\n\none\n",
	    "application/octet-stream=one\n" },
	{ "uuencoded",
	    "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n"
	    "#0V%T\n`\nend\n",
	    "text/plain=Cat" },
	/* gateways */
	{ "another boundary than it says",
	    "Content-Type: multipart/report; boundary=b\n\nMIME.\n\n--c\n"
	    "Content-Type: message/delivery-status\n\nAction: failed\n--c--\n",
	    "multipart/report=|multipart/mixed=|"
	    "message/delivery-status=Action: failed" },
	{ "words where no part is",
	    "Content-Type: multipart/report; boundary=b\n\none\n\n--c\n"
	    "Content-Type: text/html\n\ntwo\n--c--\n",
	    "multipart/report=|text/plain=one\n|multipart/mixed=|"
	    "text/html=two" },
	{ "and within",
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
	    "Content-Type: multipart/alternative;\nboundary=b\n\n--b\n"
	    "Content-Type: text/html\n\none\n--b--\n--a\n\ntwo\n--a--\n",
	    "multipart/mixed=|multipart/alternative=|multipart/mixed=|"
	    "text/html=one|text/plain=two" },
	{ "the type is lost",
	    "To: a\n\n--b\nContent-Type: message/rfc822\n\nTo: c\n\none\n"
	    "--b--\n",
	    "multipart/mixed=|message/rfc822=To: c\n\none" },
	{ "a notice, and a message of parts below it",
	    "Content-Type: multipart/report; boundary=b\n\none\ntwo\n\n"
	    "three\nfour\n\nTo: c\n\n--c\nContent-Type: text/html\n\nfive\n",
	    "multipart/report=|text/plain=one\ntwo\n\nthree\nfour\n\nTo: c\n"
	    "\n--c\nContent-Type: text/html\n\nfive\n" },
	{ "a signature's dashes", "To: a\n\nhello\n--\nAna\n",
	    "text/plain=hello\n--\nAna\n" },
	{ "lost within, with a message named",
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
	    "Content-Type: multipart/report; boundary=b\n\none\n"
	    "message/rfc822\n--a--\n",
	    "multipart/mixed=|multipart/report=|"
	    "text/plain=one\nmessage/rfc822" },
};

static char *spell(const Mail *mail)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < mail_n_parts(mail); i++) {
		const MailPart *part = mail_part(mail, i);

		g_string_append_printf(text, "%s%s=", i > 0 ? "|" : "",
		    part->type);
		g_string_append_len(text, part->octets, (gssize)part->len);
	}
	return g_strdup(text->str);
}

START_TEST(parts_are_found)
{
	g_autoptr(Mail) mail = mail_open(shipped_words(), cases[_i].message,
	    strlen(cases[_i].message));
	g_autofree char *parts = spell(mail);

	ck_assert_msg(strcmp(parts, cases[_i].parts) == 0, "%s: %s, not %s",
	    cases[_i].label, parts, cases[_i].parts);
	ck_assert(!mail_is_truncated(mail));
}
END_TEST

/* A bound on what may be structure cuts the end off, and no more. */
START_TEST(a_long_message_has_its_parts)
{
	g_autoptr(GString) text =
	    g_string_new("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"
			 "one\n--b\nContent-Type: text/html\n\n");
	g_autoptr(Mail) mail = NULL;

	for (unsigned i = 0; i < BOUND_STRUCTURE; i++)
		g_string_append(text, "Log: line\n");
	mail = mail_open(shipped_words(), text->str, text->len);
	ck_assert(mail_is_truncated(mail));
	ck_assert_uint_eq(mail_n_parts(mail), 3);
	ck_assert_str_eq(mail_text(mail), "one");
}
END_TEST

START_TEST(parts_are_bounded)
{
	g_autoptr(GString) text =
	    g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
	g_autoptr(GString) deep = g_string_new(NULL);
	g_autoptr(Mail) many = NULL;
	g_autoptr(Mail) nested = NULL;

	for (unsigned i = 0; i < 2 * BOUND_PARTS; i++)
		g_string_append(text, "--b\n\none\n");
	many = mail_open(shipped_words(), text->str, text->len);
	ck_assert(mail_is_truncated(many));
	ck_assert_uint_eq(mail_n_parts(many), BOUND_PARTS);
	for (unsigned i = 0; i < 2 * BOUND_DEPTH; i++)
		g_string_append_printf(deep,
		    "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i,
		    i);
	nested = mail_open(shipped_words(), deep->str, deep->len);
	ck_assert(mail_is_truncated(nested));
	ck_assert_uint_le(mail_n_parts(nested), BOUND_DEPTH + 1);
}
END_TEST

/* Which text a person would read first. */
static const struct {
	const char *label;
	const char *parts; /* of a multipart/mixed with the boundary "b" */
	const char *text;
} texts[] = {
	{ "plain first", "--b\n\none\n--b\n\ntwo\n", "one" },
	{ "HTML and a disclaimer",
	    "--b\nContent-Type: text/html\n\n<p>one</p>\n--b\n\ntwo\n", "one" },
	{ "HTML and its words",
	    "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n"
	    "Content-Type: text/html\n\n<p>one</p>\n--c\n\ntwo\n--c--\n",
	    "two" },
	{ "an attachment",
	    "--b\nContent-Disposition: attachment\n\none\n--b\n\ntwo\n",
	    "two" },
	{ "nothing first", "--b\n\n \n--b\n\ntwo\n", "two" },
};

START_TEST(the_first_text_is_read)
{
	g_autofree char *message =
	    g_strconcat("Content-Type: multipart/mixed; boundary=b\n\n",
		texts[_i].parts, "--b--\n", NULL);
	g_autoptr(Mail)
	    mail = mail_open(shipped_words(), message, strlen(message));
	g_autofree char *text = g_strstrip(g_strdup(mail_text(mail)));

	ck_assert_msg(strcmp(text, texts[_i].text) == 0, "%s: %s",
	    texts[_i].label, text);
}
END_TEST

/* What is drawn alike is one character, and a signature says nothing. */
static const struct {
	const char *text;
	const char *read;
} plain[] = {
	{ "a\r\nb\rc\n", "a\nb\nc\n" },
	{ "a\tb\n\tc\n", "a b\n\tc\n" },
	{ "a\xc2\xa0"
	  "b\xe2\x80\x89"
	  "c\xe2\x80\xaf"
	  "d\n",
	    "a b c d\n" },
	{ "\xef\xbc\xb5\xef\xbd\x93 \xef\xbc\x95\xef\xbc\xa0\n", "Us 5@\n" },
	{ "x\xe2\x80\x90"
	  "y\n",
	    "x-y\n" },
	{ "\xe5\xae\x9b\xe3\x80\x80\xef\xbc\x8e\n",
	    "\xe5\xae\x9b\xe3\x80\x80\xef\xbc\x8e\n" },
	{ "one\n-- \ntwo\n three\n", "one\n   \n   \n      \n" },
	{ "one\n-- \ntwo\n--- Below this line is a copy of the message.\nx\n",
	    "one\n   \n   \n--- Below this line is a copy of the "
	    "message.\nx\n" },
	{ "one\n--\ntwo\n", "one\n--\ntwo\n" },
	{ "\n-- \ntwo\n", "\n-- \ntwo\n" },
};

START_TEST(text_is_plain)
{
	g_autofree char *message =
	    g_strconcat("Content-Type: text/plain; charset=utf-8\n\n",
		plain[_i].text, NULL);
	g_autoptr(Mail)
	    mail = mail_open(shipped_words(), message, strlen(message));

	ck_assert_str_eq(mail_text(mail), plain[_i].read);
}
END_TEST

START_TEST(messages_are_known)
{
	static const char text[] =
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    "Content-Type: message/rfc822\n\nTo: c\n--b\n"
	    "Content-Type: message/delivery-status\n\nAction: failed\n--b--\n";
	g_autoptr(Mail) mail = mail_open(shipped_words(), text, strlen(text));

	ck_assert(!mail_part(mail, 0)->is_message);
	ck_assert(mail_part(mail, 1)->is_message);
	ck_assert(!mail_part(mail, 2)->is_message);
}
END_TEST

START_TEST(the_header_is_read)
{
	static const char text[] =
	    "Received: by mx.example; Mon, 2 Mar 2026 09:15:00 +0000\n"
	    "Subject: one\n \n two\nFrom: ana@example.org\nsubject: three\n"
	    "Content-Type: multipart/report;\n report-type=delivery-status\n"
	    "\nTo: ben@example.net\n";
	g_autoptr(Mail) mail = mail_open(shipped_words(), text, strlen(text));

	ck_assert_str_eq(mail_header(mail, "SUBJECT"), "one two");
	ck_assert_str_eq(mail_header(mail, "From"), "ana@example.org");
	ck_assert_str_eq(mail_header(mail, "To"), "");
	ck_assert_str_eq(mail_report_type(mail), "delivery-status");
	ck_assert(!mail_has_travelled(mail));
}
END_TEST

START_TEST(travel_is_seen)
{
	static const char text[] = "Received: by mx.example\n"
				   "Received: from\n\tout.example\n\nhello\n";
	g_autoptr(Mail) mail = mail_open(shipped_words(), text, strlen(text));

	ck_assert(mail_has_travelled(mail));
}
END_TEST

static Suite *mime_suite(void)
{
	Suite *suite = suite_create("mime");
	TCase *tcase = tcase_create("mime");

	mail_init();
	tcase_add_loop_test(tcase, parts_are_found, 0, G_N_ELEMENTS(cases));
	tcase_add_test(tcase, a_long_message_has_its_parts);
	tcase_add_test(tcase, parts_are_bounded);
	tcase_add_loop_test(tcase, the_first_text_is_read, 0,
	    G_N_ELEMENTS(texts));
	tcase_add_loop_test(tcase, text_is_plain, 0, G_N_ELEMENTS(plain));
	tcase_add_test(tcase, messages_are_known);
	tcase_add_test(tcase, the_header_is_read);
	tcase_add_test(tcase, travel_is_seen);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(mime_suite)
