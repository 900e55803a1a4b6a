/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages and what is read in them.  tests/messages/expected.tsv has a line
   for each recipient of each file: file, kind, format, final recipient,
   action, status, stage, how the diagnostic begins; "-" is "nothing". */

#include "report_read.h"

#include "bounds.h"
#include "main.h"
#include "shipped_rules.h"

#include <string.h>

/* --- tests/messages --- */

enum { FILE_NAME, KIND, FORMAT, FINAL, ACTION, STATUS, STAGE, DIAGNOSTIC, N };

static char *message_path(const char *name)
{
	return g_build_filename(g_getenv("VERPD_MESSAGES"), name, NULL);
}

static Report *read_file(const char *name)
{
	g_autofree char *path = message_path(name);
	g_autofree char *bytes = NULL;
	gsize len;

	ck_assert_msg(g_file_get_contents(path, &bytes, &len, NULL), "%s",
	    path);
	return report_read(shipped_words(), bytes, len);
}

static GPtrArray *read_expected(void)
{
	GPtrArray *rows =
	    g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	g_autofree char *path = message_path("expected.tsv");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char **row;

		if (**line == '\0' || **line == '#')
			continue;
		row = g_strsplit(*line, "\t", -1);
		ck_assert_msg(g_strv_length(row) == N, "columns: %s", *line);
		g_ptr_array_add(rows, row);
	}
	return rows;
}

/* The head of a diagnostic; all of it with a "$" at the end. */
static bool is_diagnostic(const char *value, const char *wanted)
{
	g_autofree char *all = g_strconcat(value, "$", NULL);

	return g_str_has_prefix(all, wanted);
}

static void expect(char **row, unsigned column, const char *value)
{
	const char *wanted = strcmp(row[column], "-") == 0 ? "" : row[column];
	bool is_right = column == DIAGNOSTIC && *wanted != '\0'
			    ? is_diagnostic(value, wanted)
			    : strcmp(value, wanted) == 0;

	ck_assert_msg(is_right, "%s, column %u: \"%s\", not \"%s\"",
	    row[FILE_NAME], column + 1, value, wanted);
}

static void check_row(const Report *report, char **row, unsigned i)
{
	const ReportRecipient *recipient;

	expect(row, KIND, report_kind_name(report->kind));
	expect(row, FORMAT, report->format);
	if (strcmp(row[FINAL], "-") == 0 && report->recipients->len == 0)
		return;
	ck_assert_msg(i < report->recipients->len, "%s: %u recipients",
	    row[FILE_NAME], report->recipients->len);
	recipient = report_recipient(report, i);
	expect(row, FINAL, recipient->final_recipient);
	expect(row, ACTION, action_name(recipient->action));
	expect(row, STATUS, recipient->status);
	expect(row, STAGE, stage_name(recipient->stage));
	expect(row, DIAGNOSTIC, recipient->diagnostic);
}

START_TEST(messages_are_as_expected)
{
	g_autoptr(GPtrArray) rows = read_expected();

	for (guint i = 0; i < rows->len;) {
		char **first = g_ptr_array_index(rows, i);
		g_autoptr(Report) report = read_file(first[FILE_NAME]);
		unsigned n = 0;

		for (; i < rows->len; i++, n++) {
			char **row = g_ptr_array_index(rows, i);

			if (strcmp(row[FILE_NAME], first[FILE_NAME]) != 0)
				break;
			check_row(report, row, n);
		}
		ck_assert_msg(report->recipients->len == n ||
				  report->recipients->len == 0,
		    "%s: %u recipients, not %u", first[FILE_NAME],
		    report->recipients->len, n);
	}
}
END_TEST

START_TEST(every_message_is_expected)
{
	g_autoptr(GPtrArray) rows = read_expected();
	g_autoptr(GDir) dir = g_dir_open(g_getenv("VERPD_MESSAGES"), 0, NULL);
	const char *name;
	unsigned n = 0;

	ck_assert(dir != NULL);
	while ((name = g_dir_read_name(dir)) != NULL) {
		bool is_expected = false;

		if (!g_str_has_suffix(name, ".eml"))
			continue;
		for (guint i = 0; i < rows->len && !is_expected; i++) {
			char **row = g_ptr_array_index(rows, i);

			is_expected = strcmp(row[FILE_NAME], name) == 0;
		}
		ck_assert_msg(is_expected, "%s is not in expected.tsv", name);
		n++;
	}
	ck_assert_uint_ge(n, 1);
}
END_TEST

/* Whatever is cut off, what is left is a Report. */
START_TEST(any_prefix_is_a_report)
{
	g_autoptr(GPtrArray) rows = read_expected();
	const char *last = "";

	for (guint i = 0; i < rows->len; i++) {
		char **row = g_ptr_array_index(rows, i);
		g_autofree char *path = message_path(row[FILE_NAME]);
		g_autofree char *bytes = NULL;
		gsize len;

		if (strcmp(row[FILE_NAME], last) == 0)
			continue;
		last = row[FILE_NAME];
		ck_assert(g_file_get_contents(path, &bytes, &len, NULL));
		for (gsize cut = 0; cut < len; cut += 7) {
			/* an allocation of its own, for valgrind's sake */
			g_autofree char *prefix = g_memdup2(bytes, MAX(cut, 1));
			g_autoptr(Report)
			    report = report_read(shipped_words(), prefix, cut);

			ck_assert_ptr_nonnull(report);
		}
	}
}
END_TEST

/* --- Postfix's own, where there is a corpus --- */

static const char *column_after(char **row, const char *prefix)
{
	for (char **column = row; *column != NULL; column++)
		if (g_str_has_prefix(*column, prefix))
			return *column + strlen(prefix);
	return "";
}

/* "action=failed,failed" and "status=5.1.1,4.2.2" of INDEX.tsv, by grep: so a
   postmaster copy's count those of the report inside it, too. */
static void check_indexed(const char *dir, char **row)
{
	g_autofree char *path = g_build_filename(dir, row[0], NULL);
	g_autofree char *bytes = NULL;
	g_auto(GStrv)
	    actions = g_strsplit(column_after(row, "action="), ",", -1);
	g_auto(GStrv)
	    statuses = g_strsplit(column_after(row, "status="), ",", -1);
	g_autoptr(Report) report = NULL;
	gsize len;

	ck_assert(g_file_get_contents(path, &bytes, &len, NULL));
	report = report_read(shipped_words(), bytes, len);
	ck_assert_int_eq(report->kind, REPORT_DSN);
	if (!g_str_has_prefix(row[0], "postmaster"))
		ck_assert_uint_eq(report->recipients->len,
		    g_strv_length(statuses));
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *recipient = report_recipient(report, i);

		ck_assert_ptr_nonnull(strchr(recipient->final_recipient, '@'));
		ck_assert_str_eq(recipient->status, statuses[i]);
		/* sendmail -bv: neither delivered nor failed */
		if (!g_str_has_suffix(actions[i], "deliverable"))
			ck_assert_str_eq(action_name(recipient->action),
			    actions[i]);
	}
}

START_TEST(postfix_corpus_is_as_indexed)
{
	const char *shared = g_getenv("VERPD_SHARED");
	g_autofree char *dir = NULL;
	g_autofree char *index = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (shared == NULL)
		return;
	dir = g_build_filename(shared, "corpus", "postfix", NULL);
	index = g_build_filename(dir, "INDEX.tsv", NULL);
	if (!g_file_get_contents(index, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) row = g_strsplit(*line, "\t", -1);

		if (row[0] != NULL && *row[0] != '\0')
			check_indexed(dir, row);
	}
}
END_TEST

/* --- what the columns do not show --- */

START_TEST(a_dsn_is_read_whole)
{
	g_autoptr(Report) report = read_file("postfix-success.eml");
	const ReportRecipient *recipient = report_recipient(report, 0);

	ck_assert_str_eq(report->from, "MAILER-DAEMON@out.example");
	ck_assert_str_eq(report->subject, "Successful Mail Delivery Report");
	ck_assert_str_eq(report->message_id, "4TqXyZ2def@out.example");
	ck_assert_str_eq(report->received_id, "4TqXyZ2def");
	ck_assert(report->is_auto_submitted);
	ck_assert_str_eq(report->reporting_mta, "out.example");
	ck_assert_str_eq(report->postfix_sender, "b-mxw42c7k@bounces.example");
	ck_assert_str_eq(report->to, "b-mxw42c7k@bounces.example");
	ck_assert_str_eq(report->returned_from, "news@lists.example");
	ck_assert_str_eq(report->envelope_id, "c17-000042");
	ck_assert_int_eq(report->arrival, 1772442902);
	ck_assert_str_eq(report->returned_message_id, "march.1@lists.example");
	ck_assert_str_eq(report->returned_return_path,
	    "b-mxw42c7k@bounces.example");
	ck_assert_str_eq(report->returned_to, "ana@example.org");
	ck_assert_str_eq(recipient->original_recipient, "ana@example.org");
	ck_assert_str_eq(recipient->diagnostic_type, "smtp");
	ck_assert_str_eq(recipient->remote_mta, "mx.example.org");
	ck_assert_uint_eq(recipient->part, 3);
	ck_assert_uint_eq(report->text_part, 2);
	ck_assert_uint_eq(report->parts->len, 4);
	ck_assert(!report->is_truncated);
}
END_TEST

START_TEST(each_recipient_has_its_text)
{
	g_autoptr(Report) report = read_file("postfix-several.eml");
	const ReportRecipient *ben = report_recipient(report, 1);

	ck_assert_str_eq(ben->text,
	    "<ben@example.net>: host mx.example.net[192.0.2.26] said: 452 "
	    "4.2.2 mailbox of ben is full (in reply to end of DATA command)");
	ck_assert_str_eq(ben->original_recipient, "ben+news@example.com");
}
END_TEST

/* The words of our own subject are no evidence. */
START_TEST(our_subject_is_left_out)
{
	g_autoptr(Report) report = read_file("exchange-subject.eml");

	ck_assert_ptr_nonnull(strstr(report->text, "Subject:"));
	ck_assert_ptr_null(strstr(report->text, "disabled"));
	ck_assert_ptr_nonnull(strstr(report->text, "no further details"));
}
END_TEST

START_TEST(our_other_fields_are_left_out)
{
	g_autoptr(Report) report = read_file("messaging-server.eml");

	ck_assert_ptr_null(strstr(report->text, "Date:"));
	ck_assert_ptr_null(strstr(report->text, "march.1@"));
	ck_assert_ptr_null(strstr(report->text, "news@"));
	ck_assert_ptr_nonnull(strstr(report->text, "over quota"));
}
END_TEST

START_TEST(who_answered_is_known)
{
	g_autoptr(Report) old = read_file("postfix-said.eml");
	g_autoptr(Report) two = read_file("sendmail-two-hosts.eml");

	ck_assert_str_eq(report_recipient(old, 0)->remote_mta,
	    "mx.example.org");
	ck_assert_str_eq(report_recipient(two, 0)->remote_mta,
	    "mx2.example.org");
}
END_TEST

/* A transcript is one paragraph, and its words are about whom they name. */
START_TEST(text_about_several_is_of_none)
{
	g_autoptr(Report) report = read_file("sendmail-5.eml");

	for (guint i = 0; i < 2; i++)
		ck_assert_str_eq(report_recipient(report, i)->text, "");
}
END_TEST

START_TEST(unicode_addresses_are_decoded)
{
	g_autoptr(Report) report = read_file("postfix-utf8.eml");
	const ReportRecipient *jose = report_recipient(report, 0);

	ck_assert_str_eq(jose->final_recipient, "josé@pošta.example");
	ck_assert_str_eq(jose->original_recipient, "josé@pošta.example");
	ck_assert_str_eq(report->returned_message_id, "march.1@lists.example");
}
END_TEST

START_TEST(leftover_xtext_is_decoded)
{
	g_autoptr(Report) report = read_file("damaged-groups.eml");

	ck_assert_str_eq(report_recipient(report, 0)->original_recipient,
	    "ana+news@example.org");
	ck_assert_int_eq(report->arrival, 0);
}
END_TEST

START_TEST(a_complaint_is_read_whole)
{
	g_autoptr(Report) report = read_file("arf-abuse.eml");

	ck_assert_str_eq(report->feedback_type, "abuse");
	ck_assert_str_eq(report->original_mail_from,
	    "b-mxw42c7k@bounces.example");
	ck_assert_str_eq(report->reporting_mta, "mx.provider.example");
	ck_assert_str_eq(report->returned_return_path,
	    "b-mxw42c7k@bounces.example");
	ck_assert_str_eq(report->returned_message_id, "march.1@lists.example");
	ck_assert_str_eq(report->returned_to, "ana@example.org");
	ck_assert_int_gt(report->arrival, 0);
}
END_TEST

START_TEST(a_redacted_complaint_still_returns_its_path)
{
	g_autoptr(Report) report = read_file("arf-redacted.eml");

	ck_assert_str_eq(report->feedback_type, "abuse");
	ck_assert_str_eq(report->returned_return_path,
	    "b-mxw42c7k@bounces.example");
	ck_assert_str_eq(report->returned_to, "redacted@redacted.example");
}
END_TEST

START_TEST(a_feedback_id_is_read)
{
	g_autoptr(Report) report = read_file("cfbl.eml");

	ck_assert_str_eq(report->feedback_id, "42:mxw42c7k");
	ck_assert(report->is_returned_to_alone);
}
END_TEST

/* A list's address is nobody's. */
START_TEST(a_list_is_not_alone)
{
	g_autoptr(Report) report = read_file("sendmail-list.eml");

	ck_assert_str_eq(report->returned_to, "readers@lists.example");
	ck_assert(!report->is_returned_to_alone);
	ck_assert_uint_eq(report->recipients->len, 0);
}
END_TEST

START_TEST(an_alias_is_kept)
{
	g_autoptr(Report) report = read_file("exim-sent-by.eml");

	ck_assert_str_eq(report_recipient(report, 0)->original_recipient,
	    "list@example.org");
}
END_TEST

START_TEST(what_a_notice_returns_is_read)
{
	static const char *const files[] = { "qmail.eml", "exim.eml",
		"sendmail.eml", "sendmail-transcript-only.eml" };
	g_autoptr(Report) report = read_file(files[_i]);

	ck_assert_str_eq(report->returned_message_id, "march.1@lists.example");
	ck_assert_str_eq(report->returned_return_path,
	    "b-mxw42c7k@bounces.example");
}
END_TEST

/* Nor is it taken for the reporter's words. */
START_TEST(what_is_returned_is_no_text)
{
	g_autoptr(Report) report = read_file("exim-own-words.eml");

	ck_assert_ptr_nonnull(strstr(report->text, "550 not today"));
	ck_assert_ptr_null(strstr(report->text, "mailbox"));
}
END_TEST

START_TEST(html_is_read_as_words)
{
	g_autoptr(Report) report = read_file("out-of-office.eml");

	ck_assert_str_eq(report->text, "Je suis absent jusqu'au 15 août.\n");
	ck_assert_uint_eq(report->text_part, 2);
	ck_assert_str_eq(report->subject, "Réponse automatique : absent");
}
END_TEST

START_TEST(the_remote_host_is_found_in_words)
{
	g_autoptr(Report) report = read_file("exim.eml");

	ck_assert_str_eq(report_recipient(report, 0)->remote_mta,
	    "mx.example.org");
}
END_TEST

/* --- the digest --- */

static void digest_of(const char *text, size_t len, uint8_t *ret_digest)
{
	g_autoptr(Report) report = report_read(shipped_words(), text, len);

	report_digest(report, ret_digest);
}

static bool is_same_digest(const char *a, const char *b)
{
	uint8_t x[REPORT_DIGEST];
	uint8_t y[REPORT_DIGEST];

	digest_of(a, strlen(a), x);
	digest_of(b, strlen(b), y);
	return memcmp(x, y, REPORT_DIGEST) == 0;
}

static char *file_text(const char *name)
{
	g_autofree char *path = message_path(name);
	char *text = NULL;

	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static char *replaced(const char *text, const char *from, const char *to)
{
	g_autoptr(GString) copy = g_string_new(text);

	ck_assert_uint_gt(g_string_replace(copy, from, to, 1), 0);
	return g_strdup(copy->str);
}

START_TEST(a_requeue_keeps_the_digest)
{
	g_autofree char *text = file_text("postfix-user-unknown.eml");
	g_autofree char *requeued = replaced(text, "Received: by",
	    "Received: by out.example (Postfix, from userid 110)\n"
	    "\tid 9ZZZ; Mon, 2 Mar 2026 10:00:00 +0000\nReceived: by");
	g_autofree char *crlf = file_text("crlf.eml");

	ck_assert(is_same_digest(text, requeued));
	ck_assert(is_same_digest(text, crlf));
}
END_TEST

START_TEST(what_is_reported_makes_the_digest)
{
	g_autofree char *dsn = file_text("postfix-user-unknown.eml");
	g_autofree char *other = replaced(dsn, "Status: 5.1.1",
	    "Status: 5.1.2");
	g_autofree char *vacation = file_text("vacation.eml");
	g_autofree char *later = replaced(vacation, "15th", "16th");

	ck_assert(!is_same_digest(dsn, other));
	ck_assert(!is_same_digest(vacation, later));
	/* no text: the body */
	ck_assert(!is_same_digest("A: b\nContent-Type: image/x\n\n1",
	    "A: b\nContent-Type: image/x\n\n2"));
	ck_assert(is_same_digest("A: b\nContent-Type: image/x\n\n1",
	    "A: c\nContent-Type: image/x\n\n1"));
}
END_TEST

/* --- what nobody should send --- */

static GString *repeat(const char *head, const char *text, unsigned n)
{
	GString *all = g_string_new(head);

	while (n-- > 0)
		g_string_append(all, text);
	return all;
}

#define MULTIPART "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
#define DAEMON    "From: MAILER-DAEMON@x.example\nSubject: Undelivered\n\n"
static const struct {
	const char *label;
	const char *head;
	const char *text;
	unsigned n;
	bool is_truncated;
} bombs[] = {
	{ "a million header lines", "", "A: b\n", 1000000, true },
	{ "header lines of a part", MULTIPART "--b\n", "A:\n", 80000, true },
	{ "folded lines", "Subject: x\n", " y\n", 80000, true },
	{ "10,000 parts", MULTIPART, "--b\n\nx\n", 10000, true },
	{ "messages in messages", "Subject: x\n",
	    "Content-Type: message/rfc822\n\n", 4000, false },
	{ "RFC 2231 pieces", "Content-Type: text/plain;\n",
	    " charset*1*=%41;\n", 20000, true },
	{ "address groups", "To: ", "a:", 100000, true },
	{ "comments", "To: ", "(", 100000, true },
	{ "encoded words", "Subject: ", "=?utf-8?q?=41?= ", 20000, true },
	{ "one line", "", "x", 1000000, true },
	{ "100 MB", "A: b\n\n", "0123456789", 10000000, true },
	{ "addresses", DAEMON, "a@b.example\n", 60000, true },
	{ "addresses in one line", DAEMON, "a@b.example ", 60000, true },
	{ "at signs", DAEMON, "@a", 100000, false },
	{ "stages", DAEMON, "<a@b.example>: (in reply to RCPT TO command", 3000,
	    false },
	{ "labels", DAEMON, "Recipient: a@b.example\n", 3000, false },
	{ "sentences", DAEMON, "mail to a@b.example failed. ", 3000, false },
	{ "joined", DAEMON "x@b.example,", "a@b.example,", 6000, false },
	{ "stops", DAEMON, ". ", 30000, false },
	{ "events", "A: b\n\n{\"event\":\"bounce\",\"recipients\":[",
	    "\"a@b.example\",", 3000, true },
	{ "JSON in JSON", "A: b\n\n", "{\"Message\":\"{", 4000, false },
	{ "quotes", "A: b\n\n{", "\"\\", 30000, false },
	{ "wide letters", DAEMON, "宛先@", 12000, false },
	{ "requests", "From: a@b.example\n\n", "unsubscribe ", 5000, false },
	{ "dividers", DAEMON, "--- original message\n", 5000, true },
	{ "replies", DAEMON, ">>> RCPT To:<a@b.example>\n<<< 550-x\n", 9000,
	    true },
	{ "open tags", "Content-Type: text/html\n\n", "<a", 100000, false },
	{ "scripts", "Content-Type: text/html\n\n", "<script>", 30000, false },
	{ "comments in HTML", "Content-Type: text/html\n\n", "<!--", 60000,
	    false },
	{ "base64 garbage",
	    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n",
	    "\xff=\x01=!", 50000, false },
	{ "bad UTF-7", "Content-Type: text/plain; charset=utf-7\n\n", "+AAA-",
	    50000, false },
	{ "bad ISO-2022-JP",
	    "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\x1b$B\xff",
	    60000, false },
	{ "bare CRs", "Subject: x\n\n", "\r", 250000, false },
	{ "types", DAEMON, "message/", 30000, false },
	{ "blanks in a header", "Subject: x\n", " \n", 100000, true },
	{ "no such charset", "Content-Type: text/plain; charset=//../x\n\n",
	    "\xe4", 1000, false },
};

/* Time and memory are the timeout's and valgrind's to find; here it is that
   the bounds are seen to bite. */
START_TEST(bombs_are_bounded)
{
	g_autoptr(GString)
	    text = repeat(bombs[_i].head, bombs[_i].text, bombs[_i].n);
	g_autoptr(Report)
	    report = report_read(shipped_words(), text->str, text->len);

	ck_assert_msg(!bombs[_i].is_truncated || report->is_truncated,
	    "%s: not cut", bombs[_i].label);
	ck_assert_uint_le(report->recipients->len, BOUND_GROUPS);
	ck_assert_uint_le(report->parts->len, BOUND_PARTS);
	ck_assert_uint_le(strlen(report->text), BOUND_TEXT);
	ck_assert_uint_le(strlen(report->subject), BOUND_FIELD);
	ck_assert(g_utf8_validate(report->text, -1, NULL));
	ck_assert(g_utf8_validate(report->subject, -1, NULL));
}
END_TEST

/* Whichever octet of a character the bound falls on.  Found by the fuzzer: a
   transcript's host of 8-bit octets was cut inside one. */
START_TEST(a_cut_keeps_characters_whole)
{
	g_autofree char *pad = g_strnfill((gsize)_i + 1, 'm');
	g_autofree char *octets = g_strnfill(400, '\x98');
	g_autofree char *text =
	    g_strdup_printf("From: MAILER-DAEMON@mx.example\n"
			    "Subject: Returned mail\n\n"
			    "   ----- Transcript of session follows -----\n"
			    "... while talking to %s%s.example:\n"
			    ">>> RCPT To:<ana@example.org>\n"
			    "<<< 550 <ana@example.org>... User unknown\n",
		pad, octets);
	g_autoptr(Report)
	    report = report_read(shipped_words(), text, strlen(text));
	const char *host;

	ck_assert_uint_eq(report->recipients->len, 1);
	host = report_recipient(report, 0)->remote_mta;
	ck_assert_uint_gt(strlen(host), BOUND_NAME - 4);
	ck_assert_uint_le(strlen(host), BOUND_NAME);
	ck_assert(g_utf8_validate(host, -1, NULL));
}
END_TEST

/* Found by the fuzzer: an escaped line end in a provider's JSON. */
START_TEST(a_line_end_in_json_is_a_blank)
{
	static const char *const ends[] = { "\\n", "\\r\\n", "\\u000a" };
	g_autofree char *text = g_strdup_printf(
	    "From: no-reply@sns.example\n"
	    "Subject: AWS Notification Message\n\n"
	    "{\"notificationType\": \"Complaint\", \"mail\": {\"source\": "
	    "\"<news%s@sender.example>\"}, \"complaint\": "
	    "{\"complainedRecipients\": [{\"emailAddress\": "
	    "\"ana@example.org\"}]}}\n",
	    ends[_i]);
	g_autoptr(Report)
	    report = report_read(shipped_words(), text, strlen(text));

	ck_assert_int_eq(report->kind, REPORT_COMPLAINT);
	ck_assert(g_str_has_prefix(report->original_mail_from, "news"));
	ck_assert_ptr_null(strpbrk(report->original_mail_from, "\r\n"));
}
END_TEST

/* The same, where an alias is named in a notice. */
START_TEST(a_cut_alias_keeps_characters_whole)
{
	g_autofree char *pad = g_strnfill((gsize)_i + 1, 'm');
	g_autofree char *octets = g_strnfill(400, '\xff');
	g_autofree char *text = g_strdup_printf(
	    "From: MAILER-DAEMON@mx.example\n"
	    "Subject: Undelivered Mail Returned to Sender\n\n"
	    "This is the Postfix program at host mx.example.\n\n"
	    "<ben@example.org> (expanded from <staff@%s%s.example>): host "
	    "mx.example.org[192.0.2.1] said: 550 5.1.1 no such user\n",
	    pad, octets);
	g_autoptr(Report)
	    report = report_read(shipped_words(), text, strlen(text));
	const char *alias;

	ck_assert_uint_eq(report->recipients->len, 1);
	alias = report_recipient(report, 0)->original_recipient;
	ck_assert(g_str_has_prefix(alias, "staff@m"));
	ck_assert(g_utf8_validate(alias, -1, NULL));
}
END_TEST

START_TEST(a_thousand_levels_are_not_walked)
{
	g_autoptr(GString) text = g_string_new("Subject: x\n");
	g_autoptr(Report) report = NULL;

	for (unsigned i = 0; i < 1000; i++)
		g_string_append_printf(text,
		    "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i,
		    i);
	report = report_read(shipped_words(), text->str, text->len);
	ck_assert(report->is_truncated);
	ck_assert_uint_eq(report->parts->len, BOUND_DEPTH + 1);
}
END_TEST

START_TEST(recipients_are_bounded)
{
	g_autoptr(GString) text = repeat(
	    "Content-Type: multipart/report; report-type=delivery-status; "
	    "boundary=b\n\n--b\nContent-Type: message/delivery-status\n",
	    "\nFinal-Recipient: rfc822; ana@example.org\nAction: failed\n",
	    BOUND_GROUPS + 50);
	g_autoptr(Report)
	    report = report_read(shipped_words(), text->str, text->len);

	ck_assert_uint_eq(report->recipients->len, BOUND_GROUPS);
	ck_assert(report->is_truncated);
}
END_TEST

START_TEST(nothing_is_a_report)
{
	g_autoptr(Report) report = report_read(shipped_words(), NULL, 0);

	ck_assert_int_eq(report->kind, REPORT_NONE);
}
END_TEST

static gpointer read_many(gpointer text)
{
	for (unsigned i = 0; i < 300; i++) {
		g_autoptr(Report)
		    report = report_read(shipped_words(), text, strlen(text));

		if (report->recipients->len != 3)
			return GINT_TO_POINTER(1);
	}
	return NULL;
}

START_TEST(threads_read_at_once)
{
	g_autofree char *text = file_text("postfix-several.eml");
	GThread *threads[4];

	(void)shipped_words(); /* read by one thread */
	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("reader", read_many, text);
	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		ck_assert_ptr_null(g_thread_join(threads[i]));
}
END_TEST

/* ---- words of a site ---- */

/* Kind, format and recipients of a notice that no shipped word knows. */
static char *told_with(const char *site)
{
	static const char notice[] = "From: Acme Mail <relay@acme.example>\n"
				     "To: b-mxw42c7k@bounces.example\n"
				     "Subject: Your mail\n\n"
				     "ACME had to\nleave this here, sorry.\n\n"
				     "Meant for: ana@example.org\n"
				     "Desk: ben@acme.example\n\n"
				     "== it began so ==\n"
				     "Meant for: eve@example.org\n";
	const RuleFile file = { "site.rules", site, strlen(site) };
	g_autoptr(RuleSet) rules = shipped_rules_and(SHIPPED_WORDS, &file);
	g_autoptr(Report)
	    report = report_read(rules_words(rules), notice, strlen(notice));
	GString *told = g_string_new(report_kind_name(report->kind));

	g_string_append_printf(told, " %s", report->format);
	for (guint i = 0; i < report->recipients->len; i++)
		g_string_append_printf(told, " %s",
		    report_recipient(report, i)->final_recipient);
	return g_string_free(told, FALSE);
}

static const struct {
	const char *site;
	const char *told;
} sites[] = {
	{ "", "not-a-report " },
	{ "[words acme]\nopening-from-anyone = acme had to leave\n"
	  "recipient-label = meant for\nother-label = desk\n"
	  "divider = == it began so\n",
	    "bounce acme ana@example.org" },
	{ "[words acme]\nopening = acme had to leave\n", "not-a-report " },
	{ "[words acme]\nsender = relay\nopening = acme had to leave\n"
	  "recipient-label = meant for\n",
	    "bounce acme ana@example.org eve@example.org" },
};

START_TEST(a_site_adds_a_format)
{
	g_autofree char *told = told_with(sites[_i].site);

	ck_assert_str_eq(told, sites[_i].told);
}
END_TEST

static Suite *report_suite(void)
{
	Suite *suite = suite_create("report");
	TCase *messages = tcase_create("messages");
	TCase *facts = tcase_create("facts");
	TCase *hostile = tcase_create("hostile");

	mail_init();
	tcase_set_timeout(messages, 60);
	tcase_add_test(messages, messages_are_as_expected);
	tcase_add_test(messages, every_message_is_expected);
	tcase_add_test(messages, any_prefix_is_a_report);
	tcase_add_test(messages, postfix_corpus_is_as_indexed);
	suite_add_tcase(suite, messages);

	tcase_add_test(facts, a_dsn_is_read_whole);
	tcase_add_test(facts, each_recipient_has_its_text);
	tcase_add_test(facts, text_about_several_is_of_none);
	tcase_add_test(facts, who_answered_is_known);
	tcase_add_test(facts, our_subject_is_left_out);
	tcase_add_test(facts, our_other_fields_are_left_out);
	tcase_add_test(facts, unicode_addresses_are_decoded);
	tcase_add_test(facts, leftover_xtext_is_decoded);
	tcase_add_test(facts, a_complaint_is_read_whole);
	tcase_add_test(facts, a_redacted_complaint_still_returns_its_path);
	tcase_add_test(facts, a_feedback_id_is_read);
	tcase_add_test(facts, a_list_is_not_alone);
	tcase_add_test(facts, an_alias_is_kept);
	tcase_add_loop_test(facts, what_a_notice_returns_is_read, 0, 4);
	tcase_add_test(facts, what_is_returned_is_no_text);
	tcase_add_test(facts, html_is_read_as_words);
	tcase_add_test(facts, the_remote_host_is_found_in_words);
	tcase_add_test(facts, a_requeue_keeps_the_digest);
	tcase_add_test(facts, what_is_reported_makes_the_digest);
	tcase_add_loop_test(facts, a_site_adds_a_format, 0,
	    G_N_ELEMENTS(sites));
	suite_add_tcase(suite, facts);

	tcase_set_timeout(hostile, 60);
	tcase_add_loop_test(hostile, bombs_are_bounded, 0, G_N_ELEMENTS(bombs));
	tcase_add_loop_test(hostile, a_cut_keeps_characters_whole, 0, 3);
	tcase_add_loop_test(hostile, a_line_end_in_json_is_a_blank, 0, 3);
	tcase_add_loop_test(hostile, a_cut_alias_keeps_characters_whole, 0, 3);
	tcase_add_test(hostile, a_thousand_levels_are_not_walked);
	tcase_add_test(hostile, recipients_are_bounded);
	tcase_add_test(hostile, nothing_is_a_report);
	tcase_add_test(hostile, threads_read_at_once);
	suite_add_tcase(suite, hostile);
	return suite;
}

RUN_SUITE(report_suite)
