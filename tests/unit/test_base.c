/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"
#include "base32.h"
#include "bounds.h"
#include "envelope.h"
#include "errors.h"
#include "siphash.h"
#include "text.h"
#include "units.h"

#include <verpd/verdict.h>

#include "lines.h"
#include "main.h"

#include <string.h>

#include <glib.h>

/* ---- words ---- */

START_TEST(names_round_trip)
{
	for (int i = 0; i < VP_CLASS_COUNT; i++)
		ck_assert_int_eq(
		    vp_class_from_name(vp_class_name((enum vp_class)i)), i);
	for (int i = 0; i < VP_REASON_COUNT; i++)
		ck_assert_int_eq(
		    vp_reason_from_name(vp_reason_name((enum vp_reason)i)), i);
	ck_assert_int_eq(vp_class_from_name("no such"), -1);
	ck_assert_int_eq(vp_reason_from_name(""), -1);
	ck_assert_str_eq(vp_reason_name((enum vp_reason)999), "unknown");
}
END_TEST

/* ---- addresses ---- */

static const struct {
	const char *label;
	const char *address;
	const char *folded; /* NULL: an error */
} folds[] = {
	{ "case", "Ana@Example.ORG", "ana@example.org" },
	{ "brackets and blanks", " <ana@example.org> ", "ana@example.org" },
	{ "final dot", "ana@example.org.", "ana@example.org" },
	{ "final dots", "ana@example.org...", NULL },
	{ "a fullwidth final dot", "ana@example.org\xef\xbc\x8e",
	    "ana@example.org" },
	{ "a fullwidth at-sign", "ana@example.org\xef\xbc\xa0x.org", NULL },
	{ "only dots", "ana@..", NULL },
	{ "quotes that need not be", "\"ana.b\"@example.org",
	    "ana.b@example.org" },
	{ "quotes that must be", "\"ana b\"@example.org",
	    "\"ana b\"@example.org" },
	{ "dots at odd places", ".a..b.@Docomo.example",
	    ".a..b.@docomo.example" },
	{ "the same in quotes", "\".a..b.\"@docomo.example",
	    ".a..b.@docomo.example" },
	{ "nothing but dots", "...@docomo.example", "...@docomo.example" },
	{ "an at-sign in quotes", "\"a@b\"@example.org",
	    "\"a@b\"@example.org" },
	{ "IDNA",
	    "ana@b\xc3\xbc"
	    "cher.example",
	    "ana@xn--bcher-kva.example" },
	{ "IDNA, other case",
	    "ana@B\xc3\x9c"
	    "CHER.example",
	    "ana@xn--bcher-kva.example" },
	{ "SMTPUTF8 local part", "JOS\xc3\x89@example.org",
	    "jos\xc3\xa9@example.org" },
	{ "plus is kept", "ana+news@example.org", "ana+news@example.org" },
	{ "the same in two ways to write it", "jose\xcc\x81@example.org",
	    "jos\xc3\xa9@example.org" },
	{ "a quoted letter of RFC 6531", "\"\xc3\x89\"@example.org",
	    "\xc3\xa9@example.org" },
	{ "escapes that need not be", "\"a\\ \\b\"@example.org",
	    "\"a b\"@example.org" },
	{ "escapes that must be", "\"a\\\\\\\"b\"@example.org",
	    "\"a\\\\\\\"b\"@example.org" },
	{ "nothing in the quotes", "\"\"@example.org", "\"\"@example.org" },
	{ "all of atext", "!#$%&'*+-/=?^_`{|}~@example.org",
	    "!#$%&'*+-/=?^_`{|}~@example.org" },
	{ "a local part beyond 64 octets",
	    "a123456789b123456789c123456789d123456789e123456789"
	    "f123456789g123456789@example.org",
	    "a123456789b123456789c123456789d123456789e123456789"
	    "f123456789g123456789@example.org" },
	{ "a label with a _", "ana@my_host.example.org",
	    "ana@my_host.example.org" },
	{ "a domain of one label", "root@localhost", "root@localhost" },
	{ "literal", "ana@[192.0.2.1]", "ana@[192.0.2.1]" },
	{ "literal, IPv6", "ana@[IPv6:2001:DB8:0::0:1]",
	    "ana@[ipv6:2001:db8::1]" },
	{ "literal, of some other kind", "ana@[X-Tag:a.b]", "ana@[x-tag:a.b]" },
	{ "literal, no number", "ana@[192.0.2.256]", NULL },
	{ "literal, IPv6 without its tag", "ana@[2001:db8::1]",
	    "ana@[2001:db8::1]" },
	{ "literal, not closed", "ana@[192.0.2.1", NULL },
	{ "literal, and more", "ana@[192.0.2.1].org", NULL },
	{ "literal of nothing", "ana@[]", NULL },
	{ "a second at-sign", "a@b@c", NULL },
	{ "a second at-sign, domains", "ana@example.org@example.net", NULL },
	{ "two at-signs in a row", "ana@@example.org", NULL },
	{ "an at-sign behind the quotes", "\"a\"@b@example.org", NULL },
	{ "a source route", "@relay.example:ana@example.org", NULL },
	{ "a blank, no quotes", "Ana ana@example.org", NULL },
	{ "a comma", "ana,bob@example.org", NULL },
	{ "a bracket", "a<b@example.org", NULL },
	{ "a quote within", "a\"b@example.org", NULL },
	{ "a backslash", "a\\b@example.org", NULL },
	{ "quotes that do not end", "\"ana@example.org", NULL },
	{ "a backslash at the end", "\"ana\\", NULL },
	{ "more behind the quotes", "\"ana\"b@example.org", NULL },
	{ "a line end in quotes", "\"a\nb\"@example.org", NULL },
	{ "a line end escaped", "\"a\\\nb\"@example.org", NULL },
	{ "a DEL",
	    "a\x7f"
	    "b@example.org",
	    NULL },
	{ "an empty label", "ana@example..org", NULL },
	{ "an empty label, first", "ana@.example.org", NULL },
	{ "what no domain has", "ana@example.org/x", NULL },
	{ "a return path's equals sign", "ana@bob=example.org", NULL },
	{ "no domain", "ana@", NULL },
	{ "no local part", "@example.org", NULL },
	{ "no at-sign", "ana", NULL },
	{ "empty", "", NULL },
	{ "bad UTF-8", "an\xff@example.org", NULL },
	{ "blank in the domain", "ana@exam ple.org", NULL },
};

START_TEST(fold)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *got = address_fold(folds[_i].address, &error);

	ck_assert_msg(g_strcmp0(got, folds[_i].folded) == 0, "%s: got %s",
	    folds[_i].label, got);
	ck_assert((got == NULL) == (error != NULL));
	if (got != NULL) {
		g_autofree char *again = address_fold(got, NULL);

		ck_assert_str_eq(again, got);
	}
}
END_TEST

START_TEST(fold_has_a_bound)
{
	g_autofree char *local = g_strnfill(2000, 'a');
	g_autofree char *address = g_strconcat(local, "@example.org", NULL);
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(address_fold(address, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_LIMIT));
}
END_TEST

START_TEST(fold_bounds_the_domain)
{
	g_autofree char *name = g_strnfill(253, 'a');
	g_autofree char *fits = g_strconcat("a@", name, ".b", NULL);
	g_autofree char *beyond = g_strconcat("a@", name, ".bc", NULL);
	g_autofree char *folded = address_fold(fits, NULL);
	g_autoptr(GError) error = NULL;
	char plain[BOUND_ADDRESS + 1];

	ck_assert_str_eq(folded, fits);
	ck_assert_uint_gt(address_fold_plain(fits, strlen(fits), plain), 0);
	ck_assert_ptr_null(address_fold(beyond, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_LIMIT));
	ck_assert_uint_eq(address_fold_plain(beyond, strlen(beyond), plain), 0);
}
END_TEST

/* What is wrong is told in words that point at it. */
START_TEST(fold_says_what_is_wrong)
{
	static const char *const cases[][2] = {
		{ "a@b@c", "a second @ is in it, not in quotes" },
		{ "Ana ana@b", "a blank is in it, not in quotes" },
		{ "a,b@c", "a \",\" is in it, not in quotes" },
		{ "a\tb@c", "a control character is in it" },
		{ "\"a@b", "the quotes do not end" },
		{ "\"a\"b@c", "something stands between the quotes and the @" },
		{ "ana", "there is no @" },
		{ "\"ana\"", "there is no @" },
		{ "@b", "nothing stands before the @" },
		{ "", "nothing stands before the @" },
		{ "a@", "no domain stands behind the @" },
		{ "a@b..c", "what follows the @ is not a domain" },
		{ "\xff@b", "it is not UTF-8" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		ck_assert_ptr_null(address_fold(cases[i][0], &error));
		ck_assert_str_eq(error->message, cases[i][1]);
	}
}
END_TEST

/* Postfix asks its tables and services without the quotes. */
START_TEST(fold_unquoted)
{
	static const char *const cases[][2] = {
		{ "Ana@B.example", "ana@b.example" },
		{ "a..b@c", "a..b@c" },
		{ "a@b@c", "\"a@b\"@c" },
		{ "\"a@b\"@c", "\"a@b\"@c" },
		{ "a b@c", "\"a b\"@c" },
		{ "a\"b@c", "\"a\\\"b\"@c" },
		{ "\"a\"b@c", "\"\\\"a\\\"b\"@c" },
		{ "a@b=c", NULL },
		{ "a\nb@c", NULL },
		{ "a", NULL },
		{ "@c", NULL },
		{ "", NULL },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = address_fold_unquoted(cases[i][0]);

		ck_assert_msg(g_strcmp0(got, cases[i][1]) == 0, "%s: %s",
		    cases[i][0], got);
	}
}
END_TEST

/* Lower case may take more octets than upper: U+023A has two, U+2C65 three. */
START_TEST(fold_keeps_its_bound)
{
	g_autoptr(GString) address = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	while (address->len < 1000)
		g_string_append(address, "\xc8\xba");
	g_string_append(address, "@example.org");
	ck_assert_ptr_null(address_fold(address->str, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_LIMIT));
}
END_TEST

/* Folding what is folded changes nothing, whatever there was. */
START_TEST(fold_twice)
{
	static const char *const pieces[] = { "a", "B", ".", "@", "\"", "\\",
		" ", "\xc3\x89", "e\xcc\x81", "\xc4\xb0", "\xef\xbc\xa0",
		"\xef\xbc\x8e", "\xe2\x84\xaa", "[", "]", ":", "1.2.3.4",
		"ipv6:", "\xc8\xba", "x.org" };
	GRand *rand = g_rand_new_with_seed(11);
	unsigned n = 0;

	for (unsigned i = 0; i < 200000; i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		for (int k = g_rand_int_range(rand, 1, 9); k > 0; k--)
			g_string_append(text, pieces[g_rand_int_range(rand, 0,
						  (int)G_N_ELEMENTS(pieces))]);
		g_autofree char *once = address_fold(text->str, NULL);
		if (once == NULL)
			continue;
		g_autofree char *twice = address_fold(once, NULL);

		ck_assert_msg(g_strcmp0(once, twice) == 0, "%s: %s, %s",
		    text->str, once, twice);
		n++;
	}
	ck_assert_uint_gt(n, 1000);
	g_rand_free(rand);
}
END_TEST

/* Where the quick way has an answer it is the other's. */
START_TEST(fold_plain)
{
	static const char *const plain[] = { "ana@example.org",
		"<Ana.B+tag@EXAMPLE.org>", "a_b-c@x-y.test.", ".a..@b" };
	static const char *const pieces[] = { "a", "B", ".", "@", "+", "-", "<",
		">", "\"", " ", "\xc3\xa9", "_", "x.org", "\\" };
	char folded[BOUND_ADDRESS + 1];
	GRand *rand = g_rand_new_with_seed(7);
	unsigned agreed = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++)
		ck_assert_uint_gt(address_fold_plain(plain[i], strlen(plain[i]),
				      folded),
		    0);
	for (unsigned i = 0; i < 100000; i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autofree char *slow = NULL;
		size_t len;

		for (int n = g_rand_int_range(rand, 1, 9); n > 0; n--)
			g_string_append(text, pieces[g_rand_int_range(rand, 0,
						  (int)G_N_ELEMENTS(pieces))]);
		len = address_fold_plain(text->str, text->len, folded);
		if (len == 0)
			continue;
		slow = address_fold(text->str, NULL);
		ck_assert_str_eq(folded, slow);
		ck_assert_uint_eq(len, strlen(slow));
		agreed++;
	}
	ck_assert_uint_gt(agreed, 300);
	g_rand_free(rand);
}
END_TEST

START_TEST(domains)
{
	ck_assert(domain_equal("mx.Example.org.", "MX.example.org"));
	ck_assert(!domain_equal("example.org", "xexample.org"));
	ck_assert(!domain_equal("", "example.org"));
	ck_assert_str_eq(address_domain("\"a@b\"@c.example"), "c.example");
	ck_assert_ptr_null(address_domain("a@"));
}
END_TEST

/* ---- base32: RFC 4648, 10, in lower case and without padding ---- */

static const struct {
	const char *bytes;
	const char *digits;
} vectors[] = {
	{ "", "" },
	{ "f", "my" },
	{ "fo", "mzxq" },
	{ "foo", "mzxw6" },
	{ "foob", "mzxw6yq" },
	{ "fooba", "mzxw6ytb" },
	{ "foobar", "mzxw6ytboi" },
};

START_TEST(base32_vector)
{
	char digits[32];
	uint8_t bytes[16];
	size_t len = strlen(vectors[_i].bytes);
	g_autofree char *upper = g_ascii_strup(vectors[_i].digits, -1);

	base32_encode((const uint8_t *)vectors[_i].bytes, len, digits);
	ck_assert_str_eq(digits, vectors[_i].digits);
	ck_assert(base32_decode(upper, strlen(upper), bytes, len));
	ck_assert(len == 0 || memcmp(bytes, vectors[_i].bytes, len) == 0);
	ck_assert(!base32_decode(upper, strlen(upper), bytes, len + 1));
}
END_TEST

START_TEST(base32_has_one_spelling)
{
	uint8_t byte;

	ck_assert(base32_decode("my", 2, &byte, 1));
	ck_assert(!base32_decode("mz", 2, &byte, 1));
	ck_assert(!base32_decode("m1", 2, &byte, 1));
	ck_assert(!base32_decode("m=", 2, &byte, 1));
}
END_TEST

/* ---- text ---- */

static const struct {
	const char *label;
	const char *text;
	size_t len; /* 0: strlen */
	size_t max;
	const char *want;
} texts[] = {
	{ "plain", "550 no such user", 0, 100, "550 no such user" },
	{ "escape sequence", "a\x1b[31mred", 0, 100, "a?[31mred" },
	{ "lines and tabs", " a\r\n\tb  c\n", 0, 100, "a b c" },
	{ "NUL", "a\0b", 3, 100,
	    "a\xef\xbf\xbd"
	    "b" },
	{ "C1",
	    "a\xc2\x9b"
	    "b",
	    0, 100, "a?b" },
	{ "bidi override",
	    "a\xe2\x80\xae"
	    "b",
	    0, 100, "a?b" },
	{ "line separator",
	    "a\xe2\x80\xa8"
	    "b",
	    0, 100, "a?b" },
	{ "Latin-1", "Bo\xeete", 0, 100, "Bo\xef\xbf\xbdte" },
	{ "cut", "abcdefgh", 0, 6, "abc..." },
	{ "cut at a character", "ab\xc3\xa9\xc3\xa9\xc3\xa9", 0, 6, "ab..." },
	{ "not cut", "abcdef", 0, 6, "abcdef" },
	{ "not cut for a blank", "abcdef  \n", 0, 6, "abcdef" },
	{ "cut behind a blank", "abcdef g", 0, 6, "abc..." },
	{ "half a character at the end", "ab\xe2\x80", 0, 20,
	    "ab\xef\xbf\xbd\xef\xbf\xbd" },
	{ "nothing", "", 0, 6, "" },
};

START_TEST(printable)
{
	size_t len = texts[_i].len != 0 ? texts[_i].len
					: strlen(texts[_i].text);
	g_autofree char *got = text_printable(texts[_i].text, len,
	    texts[_i].max);

	ck_assert_msg(strcmp(got, texts[_i].want) == 0, "%s: got \"%s\"",
	    texts[_i].label, got);
}
END_TEST

START_TEST(utf8_is_bounded)
{
	g_autofree char *bad = g_strnfill(1000, '\xff');

	for (size_t max = 0; max < 40; max++) {
		g_autofree char *got = text_utf8(bad, 1000, max);

		ck_assert_uint_le(strlen(got), max);
		ck_assert(g_utf8_validate(got, -1, NULL));
	}
}
END_TEST

/* Wherever the odd octet stands, the eight it is read with included. */
START_TEST(ascii_span_ends_at_the_odd_octet)
{
	static const char odd[] = { '\0', '\x80', '\xff' };
	char text[32];

	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, '\x01' + (char)len, sizeof(text));
		ck_assert_uint_eq(text_ascii_span(text, len), len);
		for (size_t at = 0; at < len; at++) {
			char was = text[at];

			text[at] = odd[at % sizeof(odd)];
			ck_assert_uint_eq(text_ascii_span(text, len), at);
			text[at] = was;
		}
	}
}
END_TEST

/* ---- lines ---- */

static const struct {
	const char *text;
	const char *lines; /* "|" behind each */
} line_cases[] = {
	{ "", "" },
	{ "a", "a|" },
	{ "a\nb\n", "a|b|" },
	{ "a\r\nb\r\n", "a|b|" },
	{ "a\rb\r", "a|b|" },
	{ "\n\na", "||a|" },
	{ "a\r\r\nb", "a|b|" },
	{ "a\r\rb\n", "a||b|" },
	{ "\r\r", "||" },
	{ "a\r\n\r\nb\r\r", "a||b||" },
	{ "a\n\r\nb", "a||b|" },
};

START_TEST(lines_are_walked)
{
	Lines lines = lines_of(line_cases[_i].text,
	    strlen(line_cases[_i].text));
	g_autoptr(GString) seen = g_string_new(NULL);
	const char *line;
	size_t len;

	while (lines_next(&lines, &line, &len)) {
		g_string_append_len(seen, line, (gssize)len);
		g_string_append_c(seen, '|');
	}
	ck_assert_str_eq(seen->str, line_cases[_i].lines);
}
END_TEST

/* The timeout finds it out where a run is measured for each of its lines. */
START_TEST(a_run_of_crs_is_measured_once)
{
	const size_t len = 1024 * 1024;
	g_autofree char *text = g_strnfill(len, '\r');
	Lines lines = lines_of(text, len);
	const char *line;
	size_t line_len, n = 0;

	while (lines_next(&lines, &line, &line_len))
		n++;
	ck_assert_uint_eq(n, len);
}
END_TEST

/* ---- units ---- */

static const struct {
	const char *text;
	int64_t seconds; /* -1: an error */
	const char *shortest;
} spans[] = {
	{ "90", 90, "90s" },
	{ "90s", 90, "90s" },
	{ "15m", 900, "15m" },
	{ "12H", 43200, "12h" },
	{ "30d", 2592000, "30d" },
	{ "2w", 1209600, "2w" },
	{ "1y", 31536000, "1y" },
	{ "0", 0, "0" },
	{ "", -1, NULL },
	{ "d", -1, NULL },
	{ "-5d", -1, NULL },
	{ "5 d", -1, NULL },
	{ "5dd", -1, NULL },
	{ "99999999999999999999", -1, NULL },
	{ "999999999999999y", -1, NULL },
};

START_TEST(duration)
{
	g_autoptr(GError) error = NULL;
	int64_t seconds = -1;
	bool ok = duration_parse(spans[_i].text, &seconds, &error);

	ck_assert_msg(ok == (spans[_i].seconds >= 0), "\"%s\"", spans[_i].text);
	ck_assert_int_eq(seconds, spans[_i].seconds);
	if (ok) {
		g_autofree char *text = duration_format(seconds);

		ck_assert_str_eq(text, spans[_i].shortest);
	}
}
END_TEST

START_TEST(sizes_and_times)
{
	int64_t value = 0;
	g_autofree char *text = NULL;
	g_autofree char *time = time_format(1795293182);

	ck_assert(size_parse("64k", &value, NULL));
	ck_assert_int_eq(value, 65536);
	text = size_format(value);
	ck_assert_str_eq(text, "64k");
	ck_assert(!size_parse("64x", &value, NULL));
	ck_assert_str_eq(time, "2026-11-21T20:33:02Z");
	ck_assert(time_parse(time, 0, &value, NULL));
	ck_assert_int_eq(value, 1795293182);
	ck_assert(time_parse("2026-11-21", 0, &value, NULL));
	ck_assert_int_eq(value, 1795219200);
	ck_assert(time_parse("2d", 1795293182, &value, NULL));
	ck_assert_int_eq(value, 1795293182 - 2 * SECONDS_PER_DAY);
	ck_assert(time_parse("99999999999999d", 1795293182, &value, NULL));
	ck_assert_int_eq(value, 1);
	ck_assert(!time_parse("yesterday", 0, &value, NULL));
	g_free(time);
	time = time_format(TIME_LAST);
	ck_assert_str_eq(time, "9999-12-31T23:59:59Z");
	g_free(time);
	time = time_format(TIME_LAST + 1);
	ck_assert_str_eq(time, "253402300800");
	ck_assert_int_eq(day_of(0), 0);
	ck_assert_int_eq(day_of(-1), -1);
	ck_assert_int_eq(day_of(-86400), -1);
	ck_assert_int_eq(day_of(-86401), -2);
	ck_assert_int_eq(day_of(INT64_MIN), -106751991167301);
	ck_assert_int_eq(day_of(86400), 1);
}
END_TEST

/* The authors' own vectors: key 00 01 .. 0f, texts 00 01 .. of each length;
   the last two are from OpenSSL's SIPHASH. */
START_TEST(siphash_vectors)
{
	static const struct {
		size_t len;
		uint64_t word[2];
	} cases[] = {
		{ 0, { 0xe6a825ba047f81a3, 0x930255c71472f66d } },
		{ 1, { 0x44af996bd8c187da, 0x45fc229b11597634 } },
		{ 15, { 0x11a8b03399e99354, 0xd9c3cf970fec087e } },
		{ 23, { 0xe0f5a9d5dd84d1c9, 0x1c69bf9a9ae28ccf } },
	};
	uint8_t bytes[64];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		Hash128 hash = siphash(bytes, bytes, cases[i].len);

		ck_assert_mem_eq(hash.word, cases[i].word, sizeof(hash.word));
	}
}
END_TEST

START_TEST(addresses_are_masked)
{
	static const struct {
		const char *text, *masked; /* NULL: as it is */
	} cases[] = {
		{ "", NULL },
		{ "550 5.1.1 no such user", NULL },
		{ "550 <ana@example.org>: unknown",
		    "550 <(address)>: unknown" },
		{ "rfc822;Ana.Z+x@example.org", "rfc822;(address)" },
		{ "\"ana z\"@example.org x", "(address) x" },
		{ "a@b.example, c@d.example", "(address), (address)" },
		{ "news-42+ana=example.org+tag@bounces.test", "(address)" },
		{ "for ana=example.org twice", "for (address) twice" },
		{ "dsn=5.1.1, code=550", NULL },
		{ "@ alone, @example.org, ana@ nothing", NULL },
		{ "user \xc3\xa9va@example.org", "user (address)" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *masked = address_mask(cases[i].text);

		if (cases[i].masked == NULL)
			ck_assert_msg(masked == NULL, "%s", masked);
		else
			ck_assert_str_eq(masked, cases[i].masked);
	}
}
END_TEST

static Suite *base_suite(void)
{
	Suite *suite = suite_create("base");
	TCase *tcase = tcase_create("base");

	tcase_add_test(tcase, names_round_trip);
	tcase_add_loop_test(tcase, fold, 0, (int)G_N_ELEMENTS(folds));
	tcase_add_test(tcase, fold_has_a_bound);
	tcase_add_test(tcase, fold_keeps_its_bound);
	tcase_add_test(tcase, fold_bounds_the_domain);
	tcase_add_test(tcase, fold_says_what_is_wrong);
	tcase_add_test(tcase, fold_unquoted);
	tcase_add_test(tcase, fold_twice);
	tcase_add_test(tcase, fold_plain);
	tcase_add_test(tcase, domains);
	tcase_add_loop_test(tcase, base32_vector, 0,
	    (int)G_N_ELEMENTS(vectors));
	tcase_add_test(tcase, base32_has_one_spelling);
	tcase_add_loop_test(tcase, printable, 0, (int)G_N_ELEMENTS(texts));
	tcase_add_test(tcase, utf8_is_bounded);
	tcase_add_test(tcase, ascii_span_ends_at_the_odd_octet);
	tcase_add_loop_test(tcase, lines_are_walked, 0,
	    G_N_ELEMENTS(line_cases));
	tcase_add_test(tcase, a_run_of_crs_is_measured_once);
	tcase_add_loop_test(tcase, duration, 0, (int)G_N_ELEMENTS(spans));
	tcase_add_test(tcase, sizes_and_times);
	tcase_add_test(tcase, siphash_vectors);
	tcase_add_test(tcase, addresses_are_masked);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(base_suite)
