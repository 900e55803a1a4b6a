/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reply.h"

#include "bounds.h"
#include "globs.h"
#include "literals.h"
#include "main.h"
#include "pattern.h"
#include "reply_advice.h"
#include "required.h"
#include "wildcard.h"

#include <signal.h>
#include <string.h>

/* ---- what a server said ---- */

static const struct {
	const char *label;
	const char *said;
	unsigned code;
	const char *status;
	unsigned n_spans;
} cases[] = {
	{ "nothing", "", 0, "", 1 },
	{ "one line", "550 5.1.1 no", 550, "5.1.1", 1 },
	{ "no enhanced code", "550 No such user here", 550, "", 1 },
	{ "the digits disagree", "550 4.2.2 mismatch", 550, "4.2.2", 1 },
	{ "nobody's codes", "599 9.9.9 weird", 599, "", 1 },
	{ "joined lines, one code", "550-5.1.1 a b 550-5.1.1 c 550 5.1.1 d",
	    550, "5.1.1", 1 },
	{ "joined lines, the last decides",
	    "550-5.1.1 one 550-5.7.1 two 550 5.2.2 three", 550, "5.2.2", 1 },
	{ "lines", "550-5.1.1 one\n550 5.2.1 two", 550, "5.2.1", 1 },
	{ "two replies", "451 4.7.1 later\n550 5.2.2 full", 550, "5.2.2", 2 },
	{ "the later reply has no enhanced code", "451 4.7.1 later\n550 full",
	    550, "", 2 },
	{ "a gateway's prefix",
	    "5.1.0 - Unknown address error 550-'5.1.1 <a@b.example>: no'", 550,
	    "5.1.1", 1 },
	{ "a generic code after the true one",
	    "550 5.1.1 unknown\n550 #5.1.0 Address rejected", 550, "5.1.1", 2 },
	{ "hash", "550 #5.1.1 no", 550, "5.1.1", 1 },
	{ "qmail's brackets", "Sorry, no mailbox here. (#5.1.1)", 0, "5.1.1",
	    1 },
	{ "behind said:", "host mx.example[192.0.2.1] said: 550 no", 550, "",
	    1 },
	{ "an IP address", "550 blocked 5.7.1.25", 550, "", 1 },
	{ "an IP address in brackets", "554 [5.1.1.10] refused", 554, "", 1 },
	{ "a version", "550 Postfix 5.1.1 says no", 550, "", 1 },
	{ "a version with a letter", "550 5.1.1b says no", 550, "", 1 },
	{ "a date", "550 since 5.12.2026", 550, "", 1 },
	{ "a number in prose", "I counted 550 users", 0, "", 1 },
	{ "a ticket", "see ticket 5.1.1, please", 0, "", 1 },
	{ "a product", "MailGate 5.1.1 (2019)", 0, "", 1 },
	{ "a code in prose", "with error 5.1.1, it said", 0, "5.1.1", 1 },
	{ "a code before words", "mx.test 5.1.1 no such user", 0, "5.1.1", 1 },
	{ "wide digits", "\xef\xbc\x95\xef\xbc\x95\xef\xbc\x90 no", 550, "",
	    1 },
	{ "a network's number", "550 5.300.1 no", 550, "", 1 },
	{ "a host name", "550 5.1.1.example.org refused", 550, "", 1 },
	{ "a time", "550 at 5.1.10:30", 550, "5.1.10", 1 },
	{ "success", "250 2.1.5 ok", 250, "", 1 },
	{ "Microsoft's detail", "550 5.7.606 banned", 550, "5.7.606", 1 },
	{ "Exchange 2003", "<mx.example.org #5.1.1 smtp;550 5.1.1 no>", 550,
	    "5.1.1", 1 },
};

START_TEST(test_codes)
{
	g_auto(Reply) reply = { 0 };

	reply_read(cases[_i].said, &reply);
	ck_assert_msg(reply.code == cases[_i].code, "%s: code %u",
	    cases[_i].label, reply.code);
	ck_assert_msg(strcmp(reply.status, cases[_i].status) == 0,
	    "%s: status \"%s\"", cases[_i].label, reply.status);
	ck_assert_msg(reply.n_spans == cases[_i].n_spans, "%s: %u replies",
	    cases[_i].label, reply.n_spans);
}
END_TEST

static const struct {
	const char *said;
	const char *text;
} normal[] = {
	{ "550-5.1.1 does\n550-5.1.1 not\r\n550 5.1.1  exist",
	    "550-5.1.1 does not exist" },
	{ "550-does 550-not 550 exist", "550-does not exist" },
	{ "  a \t b\n\n c ", "a b c" },
	{ "<ana.b+c@example.org>: no", "<@example.org>: no" },
	{ "user doesn\xe2\x80\x99t exist", "user doesn't exist" },
	{ "\xe5\xae\x9b\xe5\x85\x88"
	  "ana@x.example",
	    "\xe5\xae\x9b\xe5\x85\x88@example.org" },
	/* nor is his domain a reason */
	{ "<full@unknown-sender.test>.", "<@example.org>." },
	{ "a@-, @b. c@", "@-, @example.org. @" },
	{ "bad \xff octet", "bad \xef\xbf\xbd octet" },
	{ "no\xe2\x80\x83such\xe2\x80\x90user", "no such-user" },
	{ "\xef\xbd\x8e\xef\xbd\x8f", "no" },
	{ "soft\xc2\xadhyphen", "softhyphen" },
	/* what Postfix writes round it is none of the reply */
	{ "host mx.spam.test[192.0.2.1] said: 550 no (in reply to RCPT TO "
	  "command)",
	    "550 no" },
	{ "<ana@example.org>: host mx.test [192.0.2.1] said:\n 550 no (in "
	  "reply to end of DATA\n command)",
	    "<@example.org>: 550 no" },
	{ "550 bad: host a.test[192.0.2.1] said: 550 no", "550 bad: no" },
	{ "lost connection with mx.quota.test[192.0.2.1] while sending",
	    "lost connection with [192.0.2.1] while sending" },
	{ "connect to mx.spam.test[2001:db8::1]:25: no route",
	    "connect to [2001:db8::1]:25: no route" },
	{ "see note[1] and [192.0.2.1]", "see note[1] and [192.0.2.1]" },
	{ "host mx.test[192.0.2.1] refused to talk to me: 450 no", "450 no" },
	{ "later: connect to mx.test[192.0.2.1]: server refused to talk to me: "
	  "421 no",
	    "later: 421 no" },
	{ "the host said: no", "the host said: no" },
	{ "ghost a.test said: no", "ghost a.test said: no" },
};

START_TEST(test_normal)
{
	g_auto(Reply) reply = { 0 };

	reply_read(normal[_i].said, &reply);
	ck_assert_str_eq(reply.text, normal[_i].text);
	ck_assert_uint_eq(reply.len, strlen(normal[_i].text));
}
END_TEST

static const struct {
	const char *said;
	SmtpStage stage;
} stages[] = {
	{ "550 no (in reply to RCPT TO command)", STAGE_RCPT },
	{ "550 no (in reply to MAIL FROM command)", STAGE_MAIL },
	{ "550 no (in reply to end of DATA command)", STAGE_DOT },
	{ "550 no (in reply to DATA command)", STAGE_DATA },
	{ "550 no (in reply to EHLO command)", STAGE_HELO },
	{ "host a refused to talk to me: 554 no", STAGE_CONNECT },
	{ "lost connection while sending message body", STAGE_DOT },
	{ "error from remote mail server after RCPT TO:<a@b>: 550",
	    STAGE_RCPT },
	{ ">>> RCPT To:<a@b>\n<<< 550 no", STAGE_RCPT },
	{ ">>> MAIL From:<a@b>\n<<< 250 ok\n>>> DATA\n<<< 554 no", STAGE_DATA },
	{ "550 no\n\n---SMTP command\nDATA\n", STAGE_DATA },
	{ "550 no", STAGE_UNKNOWN },
	{ "come back after lunch", STAGE_UNKNOWN },
};

START_TEST(test_stages)
{
	g_auto(Reply) reply = { 0 };

	reply_read(stages[_i].said, &reply);
	ck_assert_msg(reply.stage == stages[_i].stage, "%s: %s",
	    stages[_i].said, stage_name(reply.stage));
}
END_TEST

START_TEST(test_bounds)
{
	g_auto(Reply) reply = { 0 };
	g_autoptr(GString) many = g_string_new(NULL);

	for (int i = 0; i < 100000; i++)
		g_string_append_printf(many, "55%d 5.1.%d no\n", i % 9, i % 9);
	reply_read(many->str, &reply);
	ck_assert_uint_le(reply.len, BOUND_JUDGED + 4);
	ck_assert_uint_eq(reply.n_spans, REPLY_SPANS);
}
END_TEST

/* ---- what it advises ---- */

/* "|" is where the advice begins */
static const char *const advised[] = {
	"550 5.1.1 User unknown. |See our anti-spam policy at the page",
	"550 No such user here; |if you think this is wrong, call us",
	"550 Mailbox is gone |Please contact the postmaster.",
	"550 User unknown, |please check the address and send it again",
	"550 5.1.1 Mailbox unknown. |The sender should ask. It is spam.",
	"550 Utilisateur inconnu. |Veuillez consulter la page",
	"554 No such mailbox. |Do not retry",
	/* nothing was said before */
	"550 Please see https://block.example/",
	"550 5.7.1 see https://block.example/",
	"550 Please check the address. No such user",
	/* the advice is the reason */
	"450 Mailbox unavailable. Please contact us and try again later",
	"550 Not allowed. Please contact us to learn how to authenticate",
	/* no sentence begins there */
	"550 the user wants to see nothing of you",
	"550 we will contact the user if you wish",
	"550 overseen by nobody",
};

START_TEST(test_advice)
{
	g_auto(GStrv) parts = g_strsplit(advised[_i], "|", 2);
	g_autofree char *text = g_strjoinv("", parts);

	ck_assert_uint_eq(reply_advice(text, strlen(text)), strlen(parts[0]));
}
END_TEST

/* ---- globs ---- */

START_TEST(test_glob)
{
	ck_assert(wildcard_match("*.google.com", "ASPMX.L.Google.COM"));
	ck_assert(wildcard_match("*", ""));
	ck_assert(wildcard_match("a*b*c", "aXbXbXc"));
	ck_assert(wildcard_match("mx?.example", "mx1.example"));
	ck_assert(!wildcard_match("*.google.com", "google.com"));
	ck_assert(!wildcard_match("*.google.com", "x.google.com.example"));
	ck_assert(!wildcard_match("a*b", "aXbX"));
	ck_assert(!wildcard_match("", "a"));
}
END_TEST

/* The index finds what wildcard_match() does, of all globs on all hosts. */
START_TEST(globs_are_found)
{
	static const char *const globs[] = { "*.google.com", "google.com",
		"*google.com", "mx.*.Example", "yahoo.*", "*", "*.com",
		"mx?.google.com", "*.l.google.com", "localhost", "goo*.com",
		"*.google.com." };
	static const char *const hosts[] = { "google.com", "ASPMX.L.Google.COM",
		"mx1.google.com", "x.google.com.example", "yahoo.co.jp",
		"mx.a.example", "localhost", "com", ".", "..",
		"a.google.com." };
	g_autoptr(GlobIndex) index = glob_index_new();
	uint8_t none[G_N_ELEMENTS(globs)] = { 0 };

	for (unsigned i = 0; i < G_N_ELEMENTS(globs); i++)
		glob_index_add(index, globs[i], i);
	for (unsigned k = 0; k < G_N_ELEMENTS(hosts); k++) {
		uint8_t marks[G_N_ELEMENTS(globs)] = { 3 };

		glob_index_mark(index, hosts[k], 2, marks);
		ck_assert_uint_eq(marks[0], 3);
		for (unsigned i = 1; i < G_N_ELEMENTS(globs); i++)
			ck_assert_msg((marks[i] == 2) ==
					  wildcard_match(globs[i], hosts[k]),
			    "%s, %s", globs[i], hosts[k]);
	}
	glob_index_mark(index, "", 1, none);
	for (unsigned i = 0; i < G_N_ELEMENTS(globs); i++)
		ck_assert_uint_eq(none[i], 0);
}
END_TEST

START_TEST(the_next_hit_is_found)
{
	const uint8_t hits[] = { 0x00, 0x81, 0x00, 0x00, 0x10 };

	ck_assert_uint_eq(literal_next_hit(hits, 0, 40), 8);
	ck_assert_uint_eq(literal_next_hit(hits, 8, 40), 8);
	ck_assert_uint_eq(literal_next_hit(hits, 9, 40), 15);
	ck_assert_uint_eq(literal_next_hit(hits, 16, 40), 36);
	ck_assert_uint_eq(literal_next_hit(hits, 37, 40), 40);
	ck_assert_uint_eq(literal_next_hit(hits, 0, 8), 8);
	ck_assert_uint_eq(literal_next_hit(hits, 9, 14), 14);
	ck_assert_uint_eq(literal_next_hit(hits, 3, 3), 3);
}
END_TEST

/* ---- literals ---- */

/* "a,b & c / d": one of a and b, and c; or d.  "" for nothing. */
static const struct {
	const char *pattern;
	const char *literals;
} required[] = {
	{ "user unknown", "user unknown" },
	{ "User Unknown", "user unknown" },
	{ "user (is )?unknown", "user  & unknown" },
	{ "(quota|over limit) reached", "quota,over limit &  reached" },
	{ "(quota|overly)", "quota,overly" },
	{ "quota|overly", "quota / overly" },
	{ "quota|ab", "" },
	{ "(quota|ab)", "" },
	{ "(quota|ab) reached", " reached" },
	{ "(a|quota|ab|overly) reached", " reached" },
	{ "(no .*such|an? unknown) user|disabled",
	    "such, unknown &  user / disabled" },
	{ "((full .*mail)box) is", "full  & mail & box &  is" },
	{ "ab", "" },
	{ "abc", "abc" },
	{ "abcde?", "abcd" },
	{ "abcdef*ghij", "abcde & ghij" },
	{ "abcdef+ghijkl", "abcdef & ghijkl" },
	{ "abcdef{2,3}g", "abcdef" },
	{ "abc{0,3}defghi", "defghi" },
	{ "mail[ -]box full", "mail & box full" },
	{ "\\bquota\\b", "quota" },
	{ "a\\.b\\.c\\.d", "a.b.c.d" },
	{ "(?!spam)mailbox", "mailbox" },
	{ "(?i)mailbox", "mailbox" },
	{ "(mailbox)?", "" },
	{ "(?x) mail box", "" },
	{ "\\x41bcdefg", "" },
	{ "mailbox)", "" },
	{ "ЯЧЕЙКА", "ячейка" },
	{ "χρήστης", "χρήστησ" },
	{ "不存在", "不存在" },
	{ "[]abc]mailbox", "mailbox" },
	{ "[[:alpha:]x]mailbox", "mailbox" },
	/* of more than eight sets the longest eight */
	{ "a11.b22.c33.d44.e55.f66.g77.h88.i999",
	    "i999 & b22 & c33 & d44 & e55 & f66 & g77 & h88" },
};

static const char *separator(const Required *before, const Required *one)
{
	if (before == NULL)
		return "";
	if (one->way != before->way)
		return " / ";
	return one->set != before->set ? " & " : ",";
}

START_TEST(test_literals)
{
	g_autoptr(RequiredReader) reader = required_reader_new();
	const GArray *all = required_read(reader, required[_i].pattern);
	g_autoptr(GString) joined = g_string_new(NULL);
	const Required *before = NULL;

	for (unsigned i = 0; all != NULL && i < all->len; i++) {
		const Required *one = &g_array_index(all, Required, i);

		g_string_append_printf(joined, "%s%s", separator(before, one),
		    required_text(reader, one));
		before = one;
	}
	ck_assert_msg(strcmp(joined->str, required[_i].literals) == 0, "%s: %s",
	    required[_i].pattern, joined->str);
}
END_TEST

START_TEST(test_filter)
{
	g_autoptr(LiteralFilter) filter = literal_filter_new();
	const char text[] = "The MAILBOX of userid is full, \xd0\xaf\xd0\xa9"
			    "\xd0\x98\xd0\x9a";
	uint8_t hits[2] = { 0 };

	literal_filter_add(filter, "mailbox", 0);
	literal_filter_add(filter, "mailbag", 1);
	literal_filter_add(filter, "is full", 3);
	literal_filter_add(filter, "the mail", 8);
	literal_filter_add(filter, "is fully", 9);
	ck_assert(literal_filter_add_pattern(filter, "ящик", 10));
	ck_assert(literal_filter_add_pattern(filter,
	    "(mail ?box|mailbox).*(full|over)", 11));
	ck_assert(literal_filter_add_pattern(filter, "mailbox.*over", 12));
	ck_assert(literal_filter_add_pattern(filter, "mailbox.*over|is .*full",
	    13));
	ck_assert(!literal_filter_add_pattern(filter, "\\d+", 14));
	literal_filter_scan(filter, text, strlen(text), hits);
	ck_assert_uint_eq(hits[0], 1 | 8);
	ck_assert_uint_eq(hits[1], 1 | 4 | 8 | 32);
}
END_TEST

/* To a PCRE2 that knows Unicode 15.1 these are equal in pairs, though neither
   is the other's upper or lower case. */
static bool is_beyond_folding(gunichar c)
{
	static const gunichar pairs[] = { 0x390, 0x1fd3, 0x3b0, 0x1fe3, 0xfb05,
		0xfb06 };

	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
		if (c == pairs[i])
			return true;
	return false;
}

static bool has_case(gunichar c)
{
	return g_unichar_isdefined(c) && !is_beyond_folding(c) &&
	       (g_unichar_tolower(c) != c || g_unichar_toupper(c) != c);
}

/* Whatever PCRE2 takes for the same letter the filter does: else a pattern
   would not be tried that matches. */
START_TEST(letters_fold_as_they_match)
{
	g_autoptr(GString) all = g_string_new(NULL);
	g_autoptr(PatternRoom) room = pattern_room_new();

	for (gunichar c = 0; c < 0x20000; c++)
		if (has_case(c))
			g_string_append_unichar(all, c);
	ck_assert_uint_gt(all->len, 4000);
	for (const char *p = all->str; *p != '\0';
	     p += g_utf8_skip[(unsigned char)*p]) {
		gunichar c = g_utf8_get_char(p);
		char letter[7] = "";
		g_autoptr(Pattern) pattern = NULL;
		size_t at = 0, start, end;

		(void)g_unichar_to_utf8(c, letter);
		pattern = pattern_new(letter, NULL);
		ck_assert_ptr_nonnull(pattern);
		while (pattern_find(pattern, room, all->str + at, all->len - at,
		    &start, &end)) {
			gunichar other = g_utf8_get_char(all->str + at + start);

			ck_assert_msg(literal_fold_char(c) ==
					  literal_fold_char(other),
			    "U+%04X and U+%04X", c, other);
			at += end;
		}
	}
}
END_TEST

/* ---- patterns ---- */

/* What is tried often is matched by other means, and as before. */
#define TRIES 100

START_TEST(test_pattern_limit)
{
	g_autoptr(Pattern) slow = pattern_new("(a+)+$", NULL);
	g_autoptr(PatternRoom) room = pattern_room_new();
	g_autofree char *text = g_strnfill(5000, 'a');
	size_t start, end;

	ck_assert_ptr_nonnull(slow);
	text[4999] = 'b';
	for (unsigned i = 0; i < TRIES; i++)
		ck_assert(!pattern_find(slow, room, text, 5000, &start, &end));
}
END_TEST

START_TEST(test_pattern_letters)
{
	/* what 10.42's JIT gets wrong under PCRE2_MATCH_INVALID_UTF */
	g_autoptr(Pattern) pattern = pattern_new("( \\S+){0,4} lleno", NULL);
	g_autoptr(PatternRoom) room = pattern_room_new();
	const char text[] = "el buz\xc3\xb3n est\xc3\xa1 LLENO";
	size_t start, end;

	for (unsigned i = 0; i < TRIES; i++) {
		ck_assert(pattern_find(pattern, room, text, strlen(text),
		    &start, &end));
		ck_assert_uint_eq(start, 2);
		ck_assert_uint_eq(end, strlen(text));
	}
}
END_TEST

static gpointer find_often(gpointer pattern)
{
	g_autoptr(PatternRoom) room = pattern_room_new();
	unsigned n_found = 0;

	for (unsigned i = 0; i < TRIES; i++) {
		size_t start, end;

		if (pattern_find(pattern, room, "is it here?", 11, &start,
			&end) &&
		    start == 6 && end == 10)
			n_found++;
	}
	return GUINT_TO_POINTER(n_found);
}

static Pattern *new_at_once(const char *text)
{
	return pattern_new(text, NULL);
}

static Pattern *(*const ways[])(const char *text) = { new_at_once,
	pattern_new_late };

START_TEST(test_pattern_threads)
{
	g_autoptr(Pattern) pattern = ways[_i]("\\b(HERE|there)\\b");
	GThread *threads[8];

	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("find", find_often, pattern);
	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		ck_assert_uint_eq(GPOINTER_TO_UINT(g_thread_join(threads[i])),
		    TRIES);
}
END_TEST

START_TEST(a_late_pattern_must_compile)
{
	g_autoptr(Pattern) pattern = pattern_new_late("(unclosed");
	g_autoptr(PatternRoom) room = pattern_room_new();
	size_t start, end;

	ck_assert_str_eq(pattern_text(pattern), "(unclosed");
	(void)pattern_find(pattern, room, "", 0, &start, &end);
}
END_TEST

static Suite *reply_suite(void)
{
	Suite *suite = suite_create("reply");
	TCase *tcase = tcase_create("reply");

	tcase_add_loop_test(tcase, test_codes, 0, G_N_ELEMENTS(cases));
	tcase_add_loop_test(tcase, test_normal, 0, G_N_ELEMENTS(normal));
	tcase_add_loop_test(tcase, test_advice, 0, G_N_ELEMENTS(advised));
	tcase_add_loop_test(tcase, test_stages, 0, G_N_ELEMENTS(stages));
	tcase_add_test(tcase, test_bounds);
	tcase_add_test(tcase, test_glob);
	tcase_add_test(tcase, globs_are_found);
	tcase_add_test(tcase, the_next_hit_is_found);
	tcase_add_loop_test(tcase, test_literals, 0, G_N_ELEMENTS(required));
	tcase_add_test(tcase, test_filter);
	tcase_add_test(tcase, letters_fold_as_they_match);
	tcase_add_test(tcase, test_pattern_limit);
	tcase_add_test(tcase, test_pattern_letters);
	tcase_add_loop_test(tcase, test_pattern_threads, 0, G_N_ELEMENTS(ways));
	tcase_add_test_raise_signal(tcase, a_late_pattern_must_compile,
	    SIGTRAP);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(reply_suite)
