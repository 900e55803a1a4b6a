/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists that others wrote: their records, what those mean, and sets of many
   addresses. */

#include "key_set.h"
#include "list_entry.h"
#include "list_reader.h"
#include "list_time.h"

#include "errors.h"

#include "main.h"

#include <string.h>

#define NOW INT64_C(1790000000)

/* ---- records ---- */

/* Every record as "LINE:field|field", names in front of a "=", bad ones with
   "!" and why, blank ones "-", names of columns in brackets. */
static void append_record(GString *out, const ListRecord *record)
{
	g_string_append_printf(out, "%s%" G_GUINT64_FORMAT ":",
	    out->len > 0 ? " " : "", record->line);
	if (record->wrong != NULL) {
		g_string_append_printf(out, "!%s", record->wrong);
		return;
	}
	if (record->is_blank)
		g_string_append_c(out, '-');
	if (record->is_names)
		g_string_append_c(out, '[');
	for (unsigned i = 0; i < record->n_fields; i++)
		g_string_append_printf(out, "%s%s%s%.*s", i > 0 ? "|" : "",
		    record->is_names ? "" : record->fields[i].name,
		    record->fields[i].name[0] != '\0' && !record->is_names ? "="
									   : "",
		    (int)record->fields[i].len, record->fields[i].value);
	if (record->is_names)
		g_string_append_c(out, ']');
}

/* Fed STEP octets at a time.  RAW, unless NULL, gets what the records stood in.
 */
static char *read_all(const char *text, size_t len, ListShape shape,
    bool by_line, size_t step, GString *raw)
{
	g_autoptr(ListReader) reader = list_reader_new(shape, by_line);
	GString *out = g_string_new(NULL);
	ListRecord record;

	for (size_t i = 0; i <= len; i += step) {
		if (i < len)
			list_reader_feed(reader, text + i, MIN(step, len - i));
		if (i + step > len)
			list_reader_finish(reader);
		while (list_reader_next(reader, &record)) {
			append_record(out, &record);
			if (raw != NULL)
				g_string_append_len(raw, record.raw,
				    (gssize)record.raw_len);
		}
	}
	return g_string_free(out, FALSE);
}

static const struct {
	const char *text;
	const char *records;
} record_cases[] = {
	/* plain */
	{ "", "" },
	{ "a@x\n", "1:a@x" },
	{ "a@x\r\n\r\n b@y \n# who\n#c@z", "1:a@x 2:- 3:b@y 4:- 5:#c@z" },
	{ "\xef\xbb\xbf"
	  "a@x\nb@y\n",
	    "1:a@x 2:b@y" },
	{ "a@x\nnonsense\n", "1:a@x 2:nonsense" },
	/* CSV */
	{ "Email\na@x\n", "1:[Email] 2:email=a@x" },
	{ "\xef\xbb\xbf"
	  "E-Mail;Name\r\na@x;\"Ana; \"\"B\"\"\"\r\n",
	    "1:[E-Mail|Name] 2:email=a@x|name=Ana; \"B\"" },
	{ "a@x,1\n,b@y\n\n\"c\nd\",c@z\ne@f,", "1:a@x|1 2:|b@y 3:- 4:c\nd|c@z "
					       "6:e@f|" },
	{ "x\ty\n1\ta@x\n", "1:[x|y] 2:x=1|y=a@x" },
	{ "a@x,\"b\nc@y,d\n", "1:!a quote is never closed 2:c@y|d" },
	{ "a@x,\"b\"c,d\n", "1:a@x|bc|d" },
	/* an address's own quotes */
	{ "\"a b\"@x\n\"c;\"@y;1\r\n", "1:\"a b\"@x 2:\"c;\"@y;1" },
	{ "n,mail\n1,\"a,b\"@x\n2,\"\"\"c d\"\"@y\"\n",
	    "1:[n|mail] 2:n=1|mail=\"a,b\"@x 3:n=2|mail=\"c d\"@y" },
	{ "# by ana\nemail,n\na@x,1\n", "1:- 2:[email|n] 3:email=a@x|n=1" },
	{ "\"a@x\"\n\"b@y\"", "1:a@x 2:b@y" },
	{ "email,n\na@x\n\xe9@x,1,2\n",
	    "1:[email|n] 2:email=a@x 3:email=\xe9@x|n=1|2" },
	/* JSON */
	{ "{\"email\":\"a@x\",\"n\":1}\n{\"email\":\"b@y\",\"t\":[1,\"2\"]}",
	    "1:email=a@x|n=1 2:email=b@y|t=1|t=2" },
	{ "{\"items\":[{\"address\":\"a@x\"},\n{\"address\":\"b@y\"}],"
	  "\"paging\":{\"next\":\"http://a@z\"}}",
	    "1:address=a@x 2:address=b@y" },
	{ "[\n {\"e-mail\": \"a@x\",\n  \"x\": {\"y\": null}},\n"
	  " {\"Email\": \"\\u0041\\ud83d\\ude00\\n@x\"}\n]\n",
	    "2:email=a@x 4:email=A\xf0\x9f\x98\x80\n@x" },
	{ "{\"data\":{\"results\":[{\"email\":\"a@x\",\"campaign\":"
	  "{\"id\":1,\"email\":\"c@z\"},\"tags\":[{\"id\":3}]}]}}",
	    "1:email=a@x|id=1|email=c@z|id=3" },
	{ "{\"email\":\"a@x\"\n{\"email\":\"b@y\"}\nnonsense\n"
	  "{\"email\":\"c@z}\n{\"email\":\"d@z\"}\n{\"email\":oops!}",
	    "1:!an object is not closed 2:email=b@y 3:!neither object nor "
	    "array 4:!a string is not closed 5:email=d@z "
	    "6:!a comma or bracket is missing" },
	{ "{\"Suppressions\":[],\"n\":0}", "" },
	{ "{\"nothing\":1}", "1:nothing=1" },
	{ "{\"email\":\"a@x\"", "1:!an object is not closed" },
	/* cut off */
	{ "a@x,1\nb@y,\"2\nand", "1:a@x|1 2:!a quote is never closed 3:and" },
	{ "a@x,1\nb@y,\"2", "1:a@x|1 2:!a quote is never closed" },
	{ "[{\"email\":\"a@x\"},\n",
	    "1:email=a@x 1:!the list ends in its middle" },
	{ "[{\"email\":\"a@x\"}, {\"email\":",
	    "1:email=a@x 1:!an object is not closed" },
	{ "[\n{\"email\":\"a@x\"},\n\"pag",
	    "2:email=a@x 3:!the list ends in its middle" },
	{ "[", "1:!the list ends in its middle" },
	{ "{\"x\":\"]}\",\"items\":[{\"email\":\"a@x\"}",
	    "1:email=a@x 1:!the list ends in its middle" },
	{ "{\"items\":[{\"email\":\"a@x\"}],\"n\":",
	    "1:email=a@x 1:!the list ends in its middle" },
	{ "[{\"email\":\"a@x\"}]\n[{\"email\":\"b@y\"}]",
	    "1:email=a@x 2:email=b@y" },
	/* what was bad may have held the bracket */
	{ "[{\"email\":\"a@x\"},\noops ]\n",
	    "1:email=a@x 2:!neither object nor array" },
};

START_TEST(test_records)
{
	const char *text = record_cases[_i].text;
	size_t len = strlen(text);

	for (size_t step = 1; step < len + 2; step++) {
		g_autofree char *records = read_all(text, len, LIST_AUTO, false,
		    step, NULL);

		ck_assert_str_eq(records, record_cases[_i].records);
	}
}
END_TEST

/* By lines nothing is lost or added: what is given out is what came in. */
START_TEST(test_raw)
{
	const char *text = record_cases[_i].text;
	size_t len = strlen(text);

	for (size_t step = 1; step < len + 2; step++) {
		g_autoptr(GString) raw = g_string_new(NULL);
		g_autofree char *records = read_all(text, len, LIST_AUTO, true,
		    step, raw);

		ck_assert_ptr_nonnull(records);
		ck_assert_str_eq(raw->str, text);
	}
}
END_TEST

START_TEST(test_json_lines)
{
	static const char text[] = "{\"email\":\"a@x\"\n\n[]\n"
				   "{\"email\":\"b@y\"}\r\n";
	g_autofree char *records = read_all(text, strlen(text), LIST_AUTO, true,
	    7, NULL);

	ck_assert_str_eq(records,
	    "1:!a comma or bracket is missing 2:- 3:!not an object "
	    "4:email=b@y");
}
END_TEST

/* A line beyond the bound is one bad line, and the next is read. */
START_TEST(test_too_long)
{
	static const char *const before[] = { "a@x\n", "a@x,1\n",
		"{\"email\":\"a@x\"}\n" };
	static const char *const after[] = { "\nb@y\n", "\nb@y,1\n",
		"\n{\"email\":\"b@y\"}\n" };

	for (unsigned i = 0; i < 3; i++) {
		for (size_t step = 1000; step < 300000; step += 99000) {
			g_autoptr(GString) text = g_string_new(before[i]);
			g_autofree char *records = NULL;

			for (unsigned k = 0; k < 200000; k++)
				g_string_append_c(text, 'z');
			g_string_append(text, after[i]);
			records = read_all(text->str, text->len, LIST_AUTO,
			    true, step, NULL);
			ck_assert_str_eq(records,
			    i == 0   ? "1:a@x 2:!too long 3:b@y"
			    : i == 1 ? "1:a@x|1 2:!too long 3:b@y|1"
				     : "1:email=a@x 2:!too long 3:email=b@y");
		}
	}
}
END_TEST

/* ---- times ---- */

START_TEST(test_times)
{
	static const struct {
		const char *text;
		int64_t at;
	} cases[] = {
		{ "1443651125", 1443651125 },
		{ "1443651125.977", 1443651125 },
		{ "1443651125977", 1443651125 },
		{ "2015-09-30T22:12:05Z", 1443651125 },
		{ "2015-09-30T22:12:05.5Z", 1443651125 },
		{ "2015-09-30 22:12:05", 1443651125 },
		{ "2015-09-30T17:12:05-05:00", 1443651125 },
		{ "2015-10-01T00:12:05+0200", 1443651125 },
		{ "2015-09-30 22:12:05 +0000 UTC", 1443651125 },
		{ " 2015-09-30 ", 1443571200 },
		{ "2015-09-30T22:12", 1443651120 },
		{ "Wed, 30 Sep 2015 22:12:05 GMT", 1443651125 },
		{ "Wed, 30 Sep 2015 22:12:05 +0000", 1443651125 },
		{ "3 Sep 2015 22:12:05 UTC", 1441318325 },
		{ "", 0 },
		{ "yesterday", 0 },
		{ "09/30/2015", 0 },
		{ "2015-13-30", 0 },
		{ "2015-09-30T22:12:05Zebra", 0 },
		{ "2015-09-30T22:99:05", 0 },
		{ "99999999999999999999999999", 9223372036854775 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
		ck_assert_int_eq(list_time(cases[i].text,
				     strlen(cases[i].text)),
		    cases[i].at);
}
END_TEST

/* ---- what records mean ---- */

/* The last record of TEXT: "service: fate [cause] address since note". */
static char *meaning(const char *text, const char *file, ListService service)
{
	static const char *const fates[] = { "hold", "soft", "active", "over",
		"wrong" };
	g_autoptr(ListReader) reader = list_reader_new(LIST_AUTO, false);
	g_autoptr(ListEntries) entries = list_entries_new(service, file);
	GString *out = g_string_new(NULL);
	ListRecord record;

	list_reader_feed(reader, text, strlen(text));
	list_reader_finish(reader);
	while (list_reader_next(reader, &record)) {
		ListEntry entry;

		if (record.is_names || record.is_blank)
			continue;
		ck_assert_ptr_null(record.wrong);
		entry = list_entries_read(entries, &record, NOW);
		g_string_assign(out,
		    list_service_name(list_entries_service(entries)));
		g_string_append_printf(out, ": %s", fates[entry.fate]);
		if (entry.fate == FATE_WRONG) {
			g_string_append_printf(out, " %s", entry.wrong);
			continue;
		}
		g_string_append_printf(out, " %s %s",
		    entry.cause >= 0 ? cause_name((Cause)entry.cause) : "?",
		    entry.address);
		if (entry.since != 0)
			g_string_append_printf(out, " %" G_GINT64_FORMAT,
			    entry.since);
		if (entry.stream != NULL)
			g_string_append_printf(out, " in \"%s\"", entry.stream);
		if (entry.until != HOLD_FOREVER)
			g_string_append_printf(out, " until %" G_GINT64_FORMAT,
			    entry.until);
		if (entry.note[0] != '\0')
			g_string_append_printf(out, " # %s", entry.note);
	}
	return g_string_free(out, FALSE);
}

static const struct {
	const char *text;
	const char *file;
	const char *meaning;
} meaning_cases[] = {
	/* Amazon SES: list-suppressed-destinations, and files of its jobs */
	{ "{\"SuppressedDestinationSummaries\":[{\"EmailAddress\":\"a@x.test\","
	  "\"Reason\":\"COMPLAINT\",\"LastUpdateTime\":"
	  "\"2015-09-30T22:12:05.497000+00:00\"}]}",
	    "", "ses: hold complaint a@x.test 1443651125" },
	{ "{\"SuppressedDestination\":{\"EmailAddress\":\"a@x.test\","
	  "\"Reason\":\"BOUNCE\",\"LastUpdateTime\":1443651125.077}}",
	    "", "ses: hold hard a@x.test 1443651125" },
	{ "{\"emailAddress\":\"a@x.test\",\"reason\":\"BOUNCE\"}", "",
	    "ses: hold hard a@x.test" },
	{ "a@x.test,COMPLAINT\n", "", ": hold complaint a@x.test" },
	{ "EmailAddress,Reason\na@x.test,BOUNCE\n", "",
	    "ses: hold hard a@x.test" },
	{ "EmailAddress,Reason\na@x.test,WHATEVER\n", "",
	    "ses: wrong nobody knows what its reason means" },
	/* SendGrid */
	{ "status,reason,email,created\n5.1.1,550 5.1.1 none,a@x.test,"
	  "1443651125\n",
	    "", "sendgrid: hold hard a@x.test 1443651125 # 550 5.1.1 none" },
	{ "status,reason,email,created\n5.0.0,550 5.1.1 none,a@x.test,"
	  "1443651125\n",
	    "suppression_blocks.csv",
	    "sendgrid: soft ? a@x.test 1443651125 # 550 5.1.1 none" },
	{ "[{\"created\":1443651125,\"email\":\"a@x.test\",\"reason\":"
	  "\"452 4.2.2 full\",\"status\":\"4.2.2\"}]",
	    "", "sendgrid: soft ? a@x.test 1443651125 # 452 4.2.2 full" },
	{ "[{\"created\":1443651125,\"email\":\"a@x.test\",\"reason\":"
	  "\"550 5.7.1 blocked\",\"status\":\"5.7.1\"}]",
	    "", "sendgrid: soft ? a@x.test 1443651125 # 550 5.7.1 blocked" },
	{ "reason,email,created\nMail domain mentioned in email address is "
	  "unknown,a@x.test,1443651125\n",
	    "",
	    "sendgrid: hold hard a@x.test 1443651125 # Mail domain mentioned "
	    "in email address is unknown" },
	{ "[{\"created\":1443651125,\"email\":\"a@x.test\",\"ip\":"
	  "\"192.0.2.1\"}]",
	    "", "sendgrid: hold complaint a@x.test 1443651125 # 192.0.2.1" },
	{ "email,created\na@x.test,1443651125\n", "",
	    "sendgrid: hold ? a@x.test 1443651125" },
	{ "email,created\na@x.test,1443651125\n", "/x/global_unsubscribes.csv",
	    "sendgrid: hold unsubscribe a@x.test 1443651125" },
	{ "email,created\na@x.test,1443651125\n", "spam_reports.csv",
	    "sendgrid: hold complaint a@x.test 1443651125" },
	/* Mailgun */
	{ "{\"items\":[{\"address\":\"a@x.test\",\"code\":\"550\",\"error\":"
	  "\"No such mailbox\",\"created_at\":"
	  "\"Wed, 30 Sep 2015 22:12:05 GMT\"}],\"paging\":{}}",
	    "", "mailgun: hold hard a@x.test 1443651125 # No such mailbox" },
	{ "address,code,error,created_at\na@x.test,452,full,"
	  "2015-09-30T22:12:05Z\n",
	    "", "mailgun: soft ? a@x.test 1443651125 # full" },
	{ "{\"items\":[{\"address\":\"a@x.test\",\"tags\":[\"*\"],"
	  "\"created_at\":\"Wed, 30 Sep 2015 22:12:05 GMT\"}]}",
	    "", "mailgun: hold unsubscribe a@x.test 1443651125 # *" },
	{ "address,created_at\na@x.test,2015-09-30T22:12:05Z\n", "",
	    "mailgun: hold complaint a@x.test 1443651125" },
	/* Postmark */
	{ "{\"Suppressions\":[{\"EmailAddress\":\"a@x.test\","
	  "\"SuppressionReason\":\"HardBounce\",\"Origin\":\"Recipient\","
	  "\"CreatedAt\":\"2015-09-30T17:12:05-05:00\"}]}",
	    "", "postmark: hold hard a@x.test 1443651125 # Recipient" },
	{ "EmailAddress,SuppressionReason,Origin,CreatedAt\na@x.test,"
	  "ManualSuppression,Recipient,2015-09-30T22:12:05Z\n",
	    "", "postmark: hold unsubscribe a@x.test 1443651125 # Recipient" },
	{ "EmailAddress,SuppressionReason,Origin,CreatedAt\na@x.test,"
	  "ManualSuppression,Customer,2015-09-30T22:12:05Z\n",
	    "", "postmark: hold manual a@x.test 1443651125 # Customer" },
	{ "{\"TotalCount\":1,\"Bounces\":[{\"Type\":\"SpamComplaint\","
	  "\"Email\":\"a@x.test\",\"BouncedAt\":\"2015-09-30T22:12:05Z\","
	  "\"Details\":\"\",\"Description\":\"d\"}]}",
	    "", "postmark: hold complaint a@x.test 1443651125 # d" },
	{ "{\"Type\":\"Transient\",\"Email\":\"a@x.test\","
	  "\"BouncedAt\":\"2015-09-30T22:12:05Z\"}",
	    "", "postmark: soft ? a@x.test 1443651125" },
	/* Mailchimp */
	{ "\"Email Address\",\"First Name\",CLEAN_TIME,CLEAN_CAMPAIGN_TITLE\n"
	  "a@x.test,Ana,\"2015-09-30 22:12:05\",Spring\n",
	    "", "mailchimp: hold hard a@x.test 1443651125 # Spring" },
	{ "\"Email Address\",UNSUB_TIME,UNSUB_REASON\na@x.test,"
	  "\"2015-09-30 22:12:05\",\"No longer\n interested\"\n",
	    "",
	    "mailchimp: hold unsubscribe a@x.test 1443651125 # No longer "
	    "interested" },
	{ "\"Email Address\",MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,"
	  "LAST_CHANGED,LEID,EUID,NOTES,TAGS\na@x.test,2,,,,5,ab,,\n",
	    "subscribed_members_export_spam.csv",
	    "mailchimp: active ? a@x.test" },
	{ "{\"members\":[{\"email_address\":\"a@x.test\",\"status\":"
	  "\"cleaned\",\"last_changed\":\"2015-09-30T22:12:05+00:00\","
	  "\"tags\":[{\"id\":1,\"name\":\"x\"}]}]}",
	    "", "mailchimp: hold hard a@x.test 1443651125" },
	{ "{\"members\":[{\"email_address\":\"a@x.test\",\"status\":"
	  "\"subscribed\"}]}",
	    "", "mailchimp: active ? a@x.test" },
	/* listmonk */
	{ "uuid,email,name,attributes,status,created_at,updated_at\n"
	  "u-1,a@x.test,Ana,\"{\"\"city\"\": \"\"Ulm\"\"}\",blocklisted,"
	  "2015-01-01T00:00:00Z,2015-09-30T22:12:05.1Z\n",
	    "", "listmonk: hold manual a@x.test 1443651125" },
	{ "uuid,email,name,attributes,status,created_at,updated_at\n"
	  "u-1,a@x.test,Ana,{},enabled,2015-01-01,2015-09-30T22:12:05.1Z\n",
	    "", "listmonk: active ? a@x.test 1443651125" },
	{ "{\"data\":{\"results\":[{\"id\":1,\"type\":\"hard\",\"source\":"
	  "\"api\",\"meta\":{\"email\":\"z@z\"},\"created_at\":"
	  "\"2015-09-30T22:12:05Z\",\"email\":\"a@x.test\"}]}}",
	    "", "listmonk: hold hard a@x.test 1443651125 # api" },
	{ "{\"type\":\"soft\",\"source\":\"api\",\"email\":\"a@x.test\"}", "",
	    "listmonk: soft ? a@x.test # api" },
	/* nobody's */
	{ "a@x.test\n", "", ": hold ? a@x.test" },
	{ "Ana <a@x.test>\n", "", ": hold ? Ana <a@x.test>" },
	{ "name;mail;note\nAna;a@x.test;asked\n", "",
	    ": hold ? a@x.test # asked" },
	{ "mail;type\na@x.test;opt-out\n", "", ": hold unsubscribe a@x.test" },
	{ "a,b\n1,2\n", "", ": wrong no address" },
	/* kept as it is: list_address_fold() says that it is none */
	{ "name,who\nAn\xe9,\xe9@x.test\n", "", ": hold ? \xe9@x.test" },
	/* ours */
	{ "address,stream,cause,since,until,note\n\"'+a@x.test\",news,"
	  "unsubscribe,2015-09-30T22:12:05Z,forever,\"'=x\"\n",
	    "",
	    "verpd: hold unsubscribe +a@x.test 1443651125 in \"news\" # =x" },
	{ "{\"address\":\"'a@x.test\",\"stream\":\"\",\"cause\":\"soft\","
	  "\"since\":\"2015-09-30T22:12:05Z\",\"until\":"
	  "\"2030-01-01T00:00:00Z\",\"note\":\"a  b\"}",
	    "",
	    "verpd: hold soft 'a@x.test 1443651125 in \"\" until 1893456000 # "
	    "a  b" },
	{ "address,cause,since,until\na@x.test,hard,2015-09-30,2016-01-01\n",
	    "", "verpd: over hard a@x.test 1443571200 until 1451606400" },
	{ "address,cause,since,until\na@x.test,hard,2015-09-30,soon\n", "",
	    "verpd: wrong no time is meant by its until" },
};

START_TEST(test_meanings)
{
	g_autofree char *found = meaning(meaning_cases[_i].text,
	    meaning_cases[_i].file, SERVICE_ANY);

	ck_assert_str_eq(found, meaning_cases[_i].meaning);
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	const char *folded; /* NULL: it is none */
	const char *written;
} address_cases[] = {
	{ "Ana@X.test", 10, "ana@x.test", "Ana@X.test" },
	{ " Ana <Ana@X.test> ", 18, "ana@x.test", "Ana@X.test" },
	{ "<a@x.test>", 10, "a@x.test", "a@x.test" },
	{ "\"J\xf6rg\" < j@x.test >", 19, "j@x.test", "j@x.test" },
	{ "J\xc3\xb6rg@x.test", 12, "j\xc3\xb6rg@x.test",
	    "J\xc3\xb6rg@x.test" },
	{ "j\xf6rg@x.test", 11, NULL, NULL },
	{ "a@x.test\0b", 10, NULL, NULL },
	{ "a@b@x.test", 10, NULL, NULL },
	{ "Ana <a@b@x.test>", 16, NULL, NULL },
	{ ".a..b.@x.test", 13, ".a..b.@x.test", ".a..b.@x.test" },
	{ "Ana <\".a..b.\"@x.test>", 21, ".a..b.@x.test", "\".a..b.\"@x.test" },
	{ "Ana <>", 6, NULL, NULL },
	{ "<", 1, NULL, NULL },
	{ "", 0, NULL, NULL },
};

START_TEST(test_addresses)
{
	/* to the octet, for the sanitizers */
	g_autofree char *text = g_memdup2(address_cases[_i].text,
	    MAX(address_cases[_i].len, 1));
	g_autofree char *written = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *folded = list_address_fold(text, address_cases[_i].len,
	    &written, &error);

	ck_assert_pstr_eq(folded, address_cases[_i].folded);
	ck_assert_pstr_eq(written, address_cases[_i].written);
	ck_assert((folded == NULL) == (error != NULL));
}
END_TEST

/* Which one it is, and no more of it than a line of a terminal bears. */
START_TEST(test_address_is_named)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) long_one = NULL;
	g_autofree char *local = g_strnfill(2000, 'a');

	ck_assert_ptr_null(list_address_fold("a@b\x1b@x", 6, NULL, &error));
	ck_assert_str_eq(error->message,
	    "address \"a@b?@x\": a second @ is in it, not in quotes");
	ck_assert_ptr_null(list_address_fold(local, 2000, NULL, &long_one));
	ck_assert(g_error_matches(long_one, VP_ERROR, VP_ERROR_LIMIT));
	ck_assert_uint_lt(strlen(long_one->message), 200);
}
END_TEST

/* What is asked for is not looked for elsewhere. */
START_TEST(test_service_asked_for)
{
	static const char text[] = "email,created\na@x.test,1443651125\n";
	g_autofree char *found = meaning(text, "", SERVICE_MAILGUN);

	ck_assert_str_eq(found, ": hold ? a@x.test");
	for (ListService i = SERVICE_VERPD; i < SERVICE_COUNT; i++)
		ck_assert_int_eq(list_service_from_name(list_service_name(i)),
		    i);
	ck_assert_int_eq(list_service_from_name("nobody"), -1);
	ck_assert_int_eq(list_service_from_name(""), -1);
}
END_TEST

/* ---- sets ---- */

static Hash128 key_of(unsigned i)
{
	static const uint8_t key[SIPHASH_KEY] = { 7 };

	return siphash(key, &i, sizeof(i));
}

START_TEST(test_key_set)
{
	static const unsigned sizes[] = { 0, 1, 2, 31, 33, 1000, 300000 };

	for (unsigned s = 0; s < G_N_ELEMENTS(sizes); s++) {
		g_autoptr(KeySet) set = key_set_new();

		for (unsigned i = 0; i < sizes[s]; i++)
			key_set_add(set, key_of(i), i % 255);
		key_set_seal(set);
		ck_assert_uint_eq(key_set_size(set), sizes[s]);
		for (unsigned i = 0; i < sizes[s]; i++)
			ck_assert_int_eq(key_set_get(set, key_of(i)),
			    (int)(i % 255));
		for (unsigned i = sizes[s]; i < sizes[s] + 1000; i++)
			ck_assert_int_eq(key_set_get(set, key_of(i)), -1);
	}
}
END_TEST

/* Keys that are not random, and the bounds of what a key may be. */
START_TEST(test_key_set_uneven)
{
	g_autoptr(KeySet) set = key_set_new();

	for (uint64_t i = 0; i < 1000; i++)
		key_set_add(set, (Hash128){ { UINT64_MAX, i << 8 } }, 3);
	for (uint64_t i = 0; i < 1000; i++)
		key_set_add(set, (Hash128){ { i, UINT64_MAX } }, 4);
	key_set_seal(set);
	for (uint64_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(key_set_get(set,
				     (Hash128){ { UINT64_MAX, i << 8 } }),
		    3);
		ck_assert_int_eq(key_set_get(set,
				     (Hash128){ { i, UINT64_MAX } }),
		    4);
		ck_assert_int_eq(key_set_get(set, (Hash128){ { i, 0 } }), -1);
	}
}
END_TEST

static Suite *lists_suite(void)
{
	Suite *suite = suite_create("lists");
	TCase *tcase = tcase_create("lists");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_records, 0, G_N_ELEMENTS(record_cases));
	tcase_add_loop_test(tcase, test_raw, 0, G_N_ELEMENTS(record_cases));
	tcase_add_test(tcase, test_json_lines);
	tcase_add_test(tcase, test_too_long);
	tcase_add_test(tcase, test_times);
	tcase_add_loop_test(tcase, test_meanings, 0,
	    G_N_ELEMENTS(meaning_cases));
	tcase_add_loop_test(tcase, test_addresses, 0,
	    G_N_ELEMENTS(address_cases));
	tcase_add_test(tcase, test_address_is_named);
	tcase_add_test(tcase, test_service_asked_for);
	tcase_add_test(tcase, test_key_set);
	tcase_add_test(tcase, test_key_set_uneven);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(lists_suite)
