/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules.h"

#include "envelope.h"
#include "main.h"
#include "shipped_rules.h"

#include <string.h>

static RuleSet *rules;

static void setup(void)
{
	rules = shipped_rules();
}

static void teardown(void)
{
	g_clear_pointer(&rules, rules_free);
}

/* ---- facts to verdict ---- */

typedef struct Case {
	const char *label;
	const char *status;     /* Status field */
	const char *diagnostic; /* with its type in front, as in a report */
	enum vp_class class_;
	enum vp_reason reason;
	const char *mta;
	SmtpStage stage;
	ReportAction action; /* failed when not said */
	const char *text;
} Case;

#define HARD      VP_CLASS_HARD
#define SOFT      VP_CLASS_SOFT
#define BLOCK     VP_CLASS_BLOCK
#define WHY(name) VP_REASON_##name

static const Case cases[] = {
	/* where the code lies */
	{ "5.1.1 of an hourly limit", "5.1.1",
	    "smtp; 550 5.1.1 recipient limit for this hour, see IB607", SOFT,
	    WHY(THROTTLED), "smtp.secureserver.net" },
	{ "5.1.1 of a full box", "5.1.1",
	    "smtp; 550 5.1.1 Boite du destinataire pleine OFR_417", SOFT,
	    WHY(MAILBOX_FULL), "smtp-in.orange.fr" },
	{ "552 5.1.1 of a quota", "5.1.1",
	    "smtp; 552 5.1.1 extended quota violation", SOFT, WHY(MAILBOX_FULL),
	    "mx1.comcast.net" },
	{ "4.1.1 over quota", "4.1.1", "smtp; 452 4.1.1 mailbox over quota",
	    SOFT, WHY(MAILBOX_FULL) },
	{ "5.7.1 of an unknown user", "5.7.1", "smtp; 550 5.7.1 No such user!",
	    HARD, WHY(BAD_MAILBOX), "mx.yandex.ru" },
	{ "5.7.1 of anybody's unknown user", "5.7.1",
	    "smtp; 550 5.7.1 Recipient address rejected: User unknown", HARD,
	    WHY(BAD_MAILBOX) },
	{ "5.4.1 is Microsoft's unknown", "5.4.1",
	    "smtp; 550 5.4.1 Recipient address rejected: Access denied.", HARD,
	    WHY(BAD_MAILBOX), "x.mail.protection.outlook.com" },
	{ "5.5.0 is Outlook's unknown", "5.5.0",
	    "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable "
	    "(S2017062302)",
	    HARD, WHY(BAD_MAILBOX), "a.olc.protection.outlook.com" },
	{ "5.1.10 is Microsoft's unknown", "5.1.10",
	    "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", HARD,
	    WHY(BAD_MAILBOX) },
	{ "5.1.10 is a null MX", "5.1.10",
	    "X-Postfix; Domain example.test does not accept mail (nullMX)",
	    HARD, WHY(BAD_DOMAIN) },
	{ "5.2.1 disabled", "5.2.1",
	    "smtp; 550 5.2.1 The account you tried to reach is disabled. gsmtp",
	    SOFT, WHY(DISABLED), "alt1.gmail-smtp-in.l.google.com" },
	{ "5.2.1 of a rate", "5.2.1",
	    "smtp; 550 5.2.1 The user is receiving mail too quickly. gsmtp",
	    SOFT, WHY(THROTTLED), "alt1.gmail-smtp-in.l.google.com" },
	{ "552 5.2.2 is no hard one", "5.2.2",
	    "smtp; 552 5.2.2 The account you tried to reach is over quota",
	    SOFT, WHY(MAILBOX_FULL) },
	{ "552 alone", "5.0.0", "smtp; 552 no", SOFT, WHY(MAILBOX_FULL) },
	{ "a wrapper's 5.0.0", "5.0.0", "smtp; 550 5.1.1 no", HARD,
	    WHY(BAD_MAILBOX) },
	{ "4.x and failed", "4.4.1",
	    "X-Postfix; connect to mx.example.test[192.0.2.1]:25: Connection "
	    "refused",
	    SOFT, WHY(EXPIRED) },
	{ "lines that disagree", "5.2.2",
	    "smtp; 550-5.1.1 line one 550-5.7.1 line two, another code 550 "
	    "5.2.2 line three",
	    SOFT, WHY(MAILBOX_FULL) },
	{ "an address in the text is no code", "5.0.0",
	    "smtp; 554 Service unavailable; client host [5.1.1.10] blocked "
	    "using dnsbl.example.test",
	    BLOCK, WHY(BLOCKED) },
	{ "550 5.7.1 is not always spam", "5.7.1", "smtp; 550 5.7.1 no", BLOCK,
	    WHY(POLICY) },
	{ "5.2.1 of a content filter", "5.2.1",
	    "smtp; 550 5.2.1 Content Filter agent quarantined this message",
	    BLOCK, WHY(CONTENT) },
	{ "5.5.4 and no such account", "5.5.4",
	    "smtp; 554 5.5.4 delivery error: dd This user doesn't have a "
	    "yahoo.com account",
	    HARD, WHY(BAD_MAILBOX), "mta7.am0.yahoodns.net" },
	{ "5.7.1 of a gateway's unknown user", "5.7.1",
	    "smtp; 550 5.7.1 <a@example.test>: Recipient address rejected: "
	    "Invalid-Recipient",
	    HARD, WHY(BAD_MAILBOX), "x.in.tmes.trendmicro.com" },
	{ "a reporter that gave up, a disk that is full", "4.4.7",
	    "smtp; 452 4.4.5 Insufficient disk space; try again later", SOFT,
	    WHY(SYSTEM) },
	{ "unknown at the end of the message", "5.0.0",
	    "smtp; 550 no such user here", SOFT, WHY(REFUSED), "", STAGE_DOT },
	{ "unknown at the end, with its own code", "5.1.1",
	    "smtp; 550 5.1.1 no such user here", HARD, WHY(BAD_MAILBOX), "",
	    STAGE_DOT },
	{ "our own EAI", "5.6.7",
	    "X-Postfix; SMTPUTF8 is required, but was not offered by host "
	    "mx.example.test[192.0.2.1]",
	    BLOCK, WHY(SENDER_FAULT) },
	{ "words against the digit: later", "5.2.0",
	    "smtp; 550 5.2.0 mailbox temporarily unavailable", SOFT,
	    WHY(SYSTEM) },
	{ "the last line of a transcript", "5.2.2",
	    "smtp; 451 4.7.1 blocked using dnsbl.example.test\n"
	    "552 5.2.2 mailbox full",
	    SOFT, WHY(MAILBOX_FULL) },
	{ "unknown, but only for now", "4.1.1",
	    "smtp; 450 4.1.1 <a@example.test>: User unknown", SOFT,
	    WHY(BAD_MAILBOX) },
	{ "QQ's limit in the words of an unknown", "5.0.0",
	    "smtp; 550 Mailbox unavailable or access denied", SOFT,
	    WHY(THROTTLED), "mx3.qq.com" },
	{ "au, unknown", "5.0.0", "smtp; 550 <a@au.com>: User unknown", HARD,
	    WHY(BAD_MAILBOX), "mx.au.com", STAGE_RCPT },
	{ "au, the user's filter", "5.0.0", "smtp; 550 : User unknown", SOFT,
	    WHY(REFUSED), "mx.au.com" },
	{ "unknown user at MAIL is ourselves", "5.1.1",
	    "smtp; 550 5.1.1 <bounce@example.com>: user unknown", BLOCK,
	    WHY(BLOCKED), "", STAGE_MAIL },
	{ "a name that reads like a reason", "5.1.1",
	    "smtp; 550 5.1.1 <mailbox.full.quota@example.test>: User unknown",
	    HARD, WHY(BAD_MAILBOX) },
	{ "Mimecast is not sure yet", "4.0.0", "smtp; 451 Invalid Recipient",
	    SOFT, WHY(SYSTEM), "eu-smtp-inbound-1.mimecast.com" },

	/* what Postfix itself reports */
	{ "refused at the greeting", "4.7.1",
	    "smtp; 554 5.7.1 Your IP is blocked; see https://block.example/",
	    BLOCK, WHY(BLOCKED), "", STAGE_CONNECT },
	{ "421 at the greeting", "4.7.0",
	    "smtp; 421 4.7.0 [TS01] Messages from 192.0.2.1 temporarily "
	    "deferred",
	    BLOCK, WHY(BLOCKED), "", STAGE_CONNECT },
	{ "shutting down", "4.3.2", "smtp; 421 4.3.2 Service shutting down",
	    SOFT, WHY(SYSTEM) },
	{ "greylisting that expired", "4.7.1",
	    "smtp; 451 4.7.1 Greylisting in action, please come back later",
	    SOFT, WHY(THROTTLED) },
	{ "blocked by a list", "5.7.1",
	    "smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.1] "
	    "blocked using zen.dnsbl.example",
	    BLOCK, WHY(BLOCKED) },
	{ "no such user, no enhanced code", "5.0.0",
	    "smtp; 550 No such user here", HARD, WHY(BAD_MAILBOX) },
	{ "Latin-1 in a reply", "5.1.1", "smtp; 550 5.1.1 Bo?te inconnue", HARD,
	    WHY(BAD_MAILBOX) },
	{ "too big", "5.3.4", "smtp; 552 5.3.4 Message too big for system",
	    SOFT, WHY(TOO_BIG) },
	{ "the classes disagree", "5.0.0", "smtp; 550 4.2.2 mismatch class",
	    SOFT, WHY(MAILBOX_FULL) },
	{ "weird", "5.0.0", "smtp; 599 9.9.9 weird", VP_CLASS_UNKNOWN,
	    WHY(UNKNOWN) },
	{ "host unknown by admin", "5.1.2", "X-Postfix; host unknown by admin",
	    HARD, WHY(BAD_DOMAIN) },
	{ "local user", "5.1.1", "X-Postfix; unknown user: \"ana\"", HARD,
	    WHY(BAD_MAILBOX) },
	{ "no such host", "5.4.4",
	    "X-Postfix; unable to look up host nosuch.invalid: Name or service "
	    "not known",
	    HARD, WHY(BAD_DOMAIN) },
	{ "no such domain", "5.4.4",
	    "X-Postfix; Host or domain name not found. Name service error for "
	    "name=nosuch.invalid type=A: Host not found",
	    HARD, WHY(BAD_DOMAIN) },
	{ "DNS did not answer", "4.4.3",
	    "X-Postfix; Host or domain name not found. Name service error for "
	    "name=slow.example type=MX: Host not found, try again",
	    SOFT, WHY(NETWORK) },
	{ "5.4.4 without words", "5.4.4", "X-Postfix; no", SOFT, WHY(NETWORK) },
	{ "retry by admin", "4.3.0", "X-Postfix; try later by admin", SOFT,
	    WHY(EXPIRED) },
	{ "TLS wanted", "4.7.4",
	    "X-Postfix; TLS is required, but was not offered by host "
	    "mx.example.test[192.0.2.1]",
	    SOFT, WHY(NETWORK), "", STAGE_TLS },
	{ "TLS failed", "4.7.5",
	    "X-Postfix; Cannot start TLS: handshake failure", SOFT,
	    WHY(NETWORK), "", STAGE_TLS },
	{ "lost connection", "4.4.2",
	    "X-Postfix; lost connection with mx.example.test[192.0.2.1] while "
	    "sending end of data -- message may be sent more than once",
	    SOFT, WHY(NETWORK) },
	{ "full, and expired", "4.2.2", "smtp; 452 4.2.2 Mailbox full", SOFT,
	    WHY(MAILBOX_FULL) },
	{ "pipe: EX_NOUSER", "5.1.1", "x-unix; user unknown", HARD,
	    WHY(BAD_MAILBOX) },
	{ "pipe: words of a program", "5.7.1", "x-unix; bork bork", BLOCK,
	    WHY(POLICY) },
	{ "pipe: a program died", "5.3.0",
	    "x-unix; Command died with status 1: \"/bin/false\"", SOFT,
	    WHY(SYSTEM) },
	{ "relayed", "2.0.0", "smtp; 250 2.0.0 Ok stored", VP_CLASS_DELIVERED,
	    WHY(DELIVERED), "", STAGE_UNKNOWN, ACTION_RELAYED },
	{ "delivered", "2.0.0", "X-Postfix; delivery via pipe: delivered",
	    VP_CLASS_DELIVERED, WHY(DELIVERED), "", STAGE_UNKNOWN,
	    ACTION_DELIVERED },
	{ "a probe's deliverable", "2.1.5", "smtp; 250 2.1.5 Ok",
	    VP_CLASS_DELIVERED, WHY(DELIVERED), "", STAGE_UNKNOWN,
	    ACTION_NONE },
	{ "delayed by greylisting", "4.7.1",
	    "smtp; 451 4.7.1 Greylisting in action, please come back later",
	    VP_CLASS_DELAYED, WHY(THROTTLED), "", STAGE_UNKNOWN,
	    ACTION_DELAYED },
	{ "delayed by a full mailbox", "4.2.2", "smtp; 452 4.2.2 Mailbox full",
	    VP_CLASS_DELAYED, WHY(MAILBOX_FULL), "", STAGE_UNKNOWN,
	    ACTION_DELAYED },
	{ "delayed, even if the words are hard", "4.1.1",
	    "smtp; 550 5.1.1 User unknown", VP_CLASS_DELAYED, WHY(BAD_MAILBOX),
	    "", STAGE_UNKNOWN, ACTION_DELAYED },
	{ "delayed for no reason", "", "", VP_CLASS_DELAYED, WHY(DELAYED), "",
	    STAGE_UNKNOWN, ACTION_DELAYED },

	/* what a class digit does not say */
	{ "nothing at all", "", "", VP_CLASS_UNKNOWN, WHY(UNKNOWN) },
	{ "5.0.0 alone", "5.0.0", "", VP_CLASS_UNKNOWN, WHY(UNKNOWN) },
	{ "5.1.0 alone", "5.1.0", "", VP_CLASS_UNKNOWN, WHY(UNKNOWN) },
	{ "5.1.0 of the reporter, 5.2.2 of the server", "5.1.0",
	    "smtp; 5.1.0 - Unknown address error 552-'5.2.2 no'", SOFT,
	    WHY(MAILBOX_FULL) },
	{ "the reply's code before the field's", "5.1.1", "smtp; 550 5.4.6 no",
	    SOFT, WHY(NETWORK) },
	{ "the field's code where the reply's says nothing", "5.1.1",
	    "smtp; 550 5.0.0 no", HARD, WHY(BAD_MAILBOX) },
	{ "4.0.0 alone", "4.0.0", "", SOFT, WHY(EXPIRED) },
	{ "550 without words, at RCPT", "5.0.0", "smtp; 550 no", HARD,
	    WHY(BAD_MAILBOX), "", STAGE_RCPT },
	{ "550 without words, nowhere", "5.0.0", "smtp; 550 no",
	    VP_CLASS_UNKNOWN, WHY(UNKNOWN) },
	{ "554 without words, at the greeting", "5.0.0", "smtp; 554 no", BLOCK,
	    WHY(BLOCKED), "", STAGE_CONNECT },
	{ "prose only", "", "", HARD, WHY(BAD_MAILBOX), "", STAGE_UNKNOWN,
	    ACTION_NONE, "Sorry, no mailbox here by that name. (#5.1.1)" },
};

static Report *make_report(const Case *at)
{
	Report *report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	const char *sep = strstr(at->diagnostic, "; ");

	report->kind = REPORT_DSN;
	envelope_set(&recipient->final_recipient, "ana@example.test");
	envelope_set(&recipient->status, at->status);
	envelope_set(&recipient->remote_mta, at->mta);
	envelope_set(&recipient->text, at->text);
	recipient->stage = at->stage;
	recipient->action = at->action != ACTION_NONE ? at->action
			    : strstr(at->label, "probe") != NULL
				? ACTION_NONE
				: ACTION_FAILED;
	if (sep != NULL) {
		g_autofree char *type = g_strndup(at->diagnostic,
		    (size_t)(sep - at->diagnostic));

		g_free(recipient->diagnostic_type);
		recipient->diagnostic_type = g_ascii_strdown(type, -1);
		envelope_set(&recipient->diagnostic, sep + 2);
	}
	return report;
}

START_TEST(test_verdicts)
{
	const Case *at = &cases[_i];
	g_autoptr(Report) report = make_report(at);
	g_autoptr(Verdict) verdict = rules_judge(rules, report,
	    report_recipient(report, 0), NULL);
	g_autoptr(GPtrArray) trace =
	    g_ptr_array_new_with_free_func((GDestroyNotify)evidence_free);
	g_autoptr(Verdict) traced = rules_judge(rules, report,
	    report_recipient(report, 0), trace);
	unsigned winners = 0;

	ck_assert_msg(verdict->class_ == at->class_ &&
			  verdict->reason == at->reason,
	    "%s: %s/%s by %s (%s)", at->label, vp_class_name(verdict->class_),
	    vp_reason_name(verdict->reason), verdict->rule, verdict->matched);
	ck_assert_str_ne(verdict->rule, "");
	/* looking on for the trace changes nothing */
	ck_assert_str_eq(verdict->rule, traced->rule);
	ck_assert(verdict->confidence == traced->confidence);
	for (unsigned i = 0; i < trace->len; i++) {
		const Evidence *evidence = g_ptr_array_index(trace, i);

		if (evidence->is_winner) {
			winners++;
			ck_assert_str_eq(evidence->rule, verdict->rule);
		}
	}
	ck_assert_uint_eq(winners, 1);
}
END_TEST

/* ---- the rest of a verdict ---- */

static Verdict *judge(const char *status, const char *diagnostic,
    const char *mta)
{
	const Case at = { .label = "",
		.status = status,
		.diagnostic = diagnostic,
		.mta = mta };
	g_autoptr(Report) report = make_report(&at);

	return rules_judge(rules, report, report_recipient(report, 0), NULL);
}

START_TEST(test_status_believed)
{
	static const struct {
		const char *field, *said, *believed;
	} table[] = {
		{ "5.1.1", "smtp; 550 5.7.1 no", "5.7.1" },
		{ "5.1.1", "smtp; 550 5.0.0 no", "5.1.1" },
		{ "5.0.0", "smtp; 550 5.1.0 no", "5.1.0" },
		{ "5.1.1", "smtp; 450 4.7.1 no", "5.1.1" },
		{ "5.0.0", "smtp; 550 5.1.1 no", "5.1.1" },
		{ "5.1.0", "smtp; 550 5.2.2 no", "5.2.2" },
		{ "", "smtp; 550 5.2.2 no", "5.2.2" },
		{ "5.0.0", "smtp; 550 no", "5.0.0" },
		{ "5.0.0", "smtp; 550 5.0.0 no", "5.0.0" },
		{ "", "smtp; 550 no", "" },
		{ "4.7.1", "smtp; 554 5.7.1 no", "4.7.1" },
		{ "4.4.7", "smtp; 452 4.4.5 no", "4.4.5" },
		{ "4.4.7", "smtp; 452 no", "4.4.7" },
		{ "4.4.7", "smtp; 554 4.4.7 late <421 4.4.2 no>", "4.4.2" },
		{ "5.0.0", "smtp; 550 #5.1.0 no", "5.1.0" },
		{ "5.0.0", "smtp; 5.3.0 - no", "5.3.0" },
		{ "5.0.0", "x-postfix; mx.test said: 554 5.6.0 no", "5.6.0" },
		/* among the words it is no enhanced code of SMTP's */
		{ "5.0.0", "smtp; 550 no (#5.7.1)", "5.0.0" },
		{ "5.1.3", "smtp; 553 no (#5.7.1)", "5.1.3" },
		{ "5.0.0", "smtp; 550 the other said: 5.7.1 no", "5.0.0" },
		{ "", "smtp; 550 no (#5.7.1)", "5.7.1" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(Verdict)
		    verdict = judge(table[i].field, table[i].said, "");

		ck_assert_str_eq(verdict->status, table[i].believed);
	}
}
END_TEST

START_TEST(test_confidence)
{
	g_autoptr(Verdict) alone = judge("", "smtp; No such user here", "");
	g_autoptr(Verdict)
	    agreed = judge("5.1.1", "smtp; 550 5.1.1 No such user here", "");
	g_autoptr(Verdict)
	    denied = judge("5.7.1", "smtp; 550 5.7.1 No such user here", "");
	g_autoptr(Verdict)
	    later = judge("4.1.1", "smtp; 450 4.1.1 No such user here", "");

	ck_assert(agreed->confidence > alone->confidence);
	ck_assert(denied->confidence < alone->confidence);
	ck_assert(denied->confidence >= 0.7);
	ck_assert(later->confidence <= 0.8);
	ck_assert_int_eq(later->class_, VP_CLASS_SOFT);
}
END_TEST

START_TEST(test_provider)
{
	static const struct {
		const char *said, *mta, *provider;
	} table[] = {
		{ "smtp; 550 no", "alt2.aspmx.l.google.com", "google" },
		{ "smtp; 550 no - gsmtp", "", "google" },
		{ "smtp; 550 no - gsmtp", "mx.yandex.ru", "yandex" },
		{ "smtp; 550 no", "mx.example.test", "" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(Verdict)
		    verdict = judge("5.0.0", table[i].said, table[i].mta);

		ck_assert_str_eq(verdict->provider, table[i].provider);
	}
}
END_TEST

START_TEST(test_evidence)
{
	g_autoptr(Verdict) verdict = judge("5.0.0",
	    "smtp; 550 5.1.1 <ana@example.test>: User unknown", "");

	ck_assert_str_eq(verdict->source, "diagnostic");
	ck_assert_str_eq(verdict->matched, "User unknown");
	ck_assert_uint_eq(verdict->smtp_code, 550);
}
END_TEST

START_TEST(test_trace)
{
	/* all that spoke, in the order in which it was heard */
	static const char *const expected[] = { "phrase.unknown-user-status",
		"status.7", "status.5.1.1", "code.550" };
	const Case at = { .label = "",
		.status = "5.1.1",
		.diagnostic = "smtp; 550 5.7.1 no such user",
		.mta = "" };
	g_autoptr(Report) report = make_report(&at);
	g_autoptr(GPtrArray) trace =
	    g_ptr_array_new_with_free_func((GDestroyNotify)evidence_free);
	g_autoptr(Verdict) verdict = rules_judge(rules, report,
	    report_recipient(report, 0), trace);
	unsigned k = 0;

	for (unsigned i = 0; i < trace->len; i++) {
		const Evidence *evidence = g_ptr_array_index(trace, i);

		if (k < G_N_ELEMENTS(expected) &&
		    strcmp(evidence->rule, expected[k]) == 0)
			k++;
	}
	ck_assert_uint_eq(k, G_N_ELEMENTS(expected));
	ck_assert_str_eq(verdict->rule, expected[0]);
}
END_TEST

/* ---- whole messages ---- */

static const struct {
	ReportKind kind;
	const char *feedback;
	const char *text;
	enum vp_class class_;
	const char *rule;
} messages[] = {
	{ REPORT_NONE, "", "hello", VP_CLASS_UNKNOWN, "not-a-report" },
	{ REPORT_COMPLAINT, "abuse", "", VP_CLASS_COMPLAINT, "arf.complaint" },
	{ REPORT_COMPLAINT, "fraud", "", VP_CLASS_COMPLAINT, "arf.complaint" },
	{ REPORT_COMPLAINT, "", "", VP_CLASS_COMPLAINT, "arf.complaint" },
	{ REPORT_COMPLAINT, "not-spam", "", VP_CLASS_RECEIPT, "arf.not-spam" },
	{ REPORT_COMPLAINT, "auth-failure", "", VP_CLASS_COMPLAINT,
	    "arf.auth-failure" },
	{ REPORT_AUTO_REPLY, "", "I am away. Your mailbox is full?",
	    VP_CLASS_AUTO_REPLY, "auto-reply" },
	{ REPORT_AUTO_REPLY, "", "This inbox is no longer monitored.",
	    VP_CLASS_SOFT, "auto-reply.inbox-retired" },
	{ REPORT_AUTO_REPLY, "",
	    "Please do not answer, as this account is not monitored.",
	    VP_CLASS_AUTO_REPLY, "auto-reply" },
	{ REPORT_AUTO_REPLY, "", "Dieses Postfach wird nicht gelesen.",
	    VP_CLASS_AUTO_REPLY, "auto-reply" },
	{ REPORT_AUTO_REPLY, "", "This address is not in use.", VP_CLASS_SOFT,
	    "auto-reply.inbox-retired" },
	{ REPORT_CHALLENGE, "", "please confirm", VP_CLASS_CHALLENGE,
	    "challenge" },
	{ REPORT_RECEIPT, "", "displayed", VP_CLASS_RECEIPT, "receipt" },
	{ REPORT_UNSUBSCRIBE, "", "stop", VP_CLASS_UNSUBSCRIBE, "unsubscribe" },
	{ REPORT_DSN, "", "Sorry, no mailbox here by that name.", VP_CLASS_HARD,
	    "phrase.unknown-user-plain" },
	{ REPORT_DSN, "", "", VP_CLASS_UNKNOWN, "unknown" },
};

START_TEST(test_messages)
{
	g_autoptr(Report) report = report_new();
	g_autoptr(Verdict) verdict = NULL;

	report->kind = messages[_i].kind;
	envelope_set(&report->feedback_type, messages[_i].feedback);
	envelope_set(&report->text, messages[_i].text);
	verdict = rules_judge(rules, report, NULL, NULL);
	ck_assert_str_eq(verdict->rule, messages[_i].rule);
	ck_assert_int_eq(verdict->class_, messages[_i].class_);
}
END_TEST

START_TEST(test_own_domain)
{
	/* the recipient's domain is no word, whatever its labels are */
	static const struct {
		const char *domain, *said;
		enum vp_class class_;
	} table[] = {
		{ "relay-policy.test", "550 5.1.1 see relay-policy.test",
		    HARD },
		{ "relay-policy.test", "550 5.1.1 mx1.RELAY-policy.test: ana",
		    HARD },
		{ "relay-policy.test", "550 5.1.1 see relay-policy.test/help",
		    HARD },
		{ "relay-policy.test", "550 5.1.1 see relay-policy.tests",
		    BLOCK },
		{ "other.test", "550 5.1.1 see relay-policy.test", BLOCK },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(Report) report = report_new();
		ReportRecipient *about = report_add_recipient(report);
		g_autofree char *address = g_strconcat("ana@", table[i].domain,
		    NULL);
		g_autoptr(Verdict) verdict = NULL;

		report->kind = REPORT_DSN;
		envelope_set(&about->final_recipient, address);
		envelope_set(&about->diagnostic, table[i].said);
		verdict = rules_judge(rules, report, about, NULL);
		ck_assert_msg(verdict->class_ == table[i].class_,
		    "%s: %s by %s", table[i].said,
		    vp_class_name(verdict->class_), verdict->rule);
	}
}
END_TEST

START_TEST(test_prose_of_several)
{
	/* what is said of one recipient is not said of the other */
	g_autoptr(Report) report = report_new();
	ReportRecipient *first = report_add_recipient(report);
	ReportRecipient *second = report_add_recipient(report);
	g_autoptr(Verdict) one = NULL;
	g_autoptr(Verdict) other = NULL;

	report->kind = REPORT_DSN;
	envelope_set(&report->text, "<a@example.test>: no such user");
	envelope_set(&first->text, "no such user");
	envelope_set(&second->diagnostic, "552 no");
	one = rules_judge(rules, report, first, NULL);
	other = rules_judge(rules, report, second, NULL);
	ck_assert_int_eq(one->reason, VP_REASON_BAD_MAILBOX);
	ck_assert_int_eq(other->reason, VP_REASON_MAILBOX_FULL);
}
END_TEST

START_TEST(test_prose_of_all)
{
	/* what is said of no one is said of all */
	static const struct {
		const char *text;
		const char *diagnostic;
		enum vp_reason reason;
	} of_second[] = {
		{ "-> b@example.test", "", VP_REASON_MAILBOX_FULL },
		{ "-> b@example.test, it says", "", VP_REASON_UNKNOWN },
		{ "-> b@example.test", "see below", VP_REASON_UNKNOWN },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(of_second); i++) {
		g_autoptr(Report) report = report_new();
		ReportRecipient *first = report_add_recipient(report);
		ReportRecipient *second = report_add_recipient(report);
		g_autoptr(Verdict) one = NULL;

		report->kind = REPORT_DSN;
		envelope_set(&report->text, "The mailboxes are over quota:");
		envelope_set(&first->final_recipient, "a@example.test");
		envelope_set(&first->text, "-> a@example.test");
		envelope_set(&second->final_recipient, "b@example.test");
		envelope_set(&second->text, of_second[i].text);
		envelope_set(&second->diagnostic, of_second[i].diagnostic);
		one = rules_judge(rules, report, first, NULL);
		ck_assert_int_eq(one->reason, of_second[i].reason);
	}
}
END_TEST

static Suite *judge_suite(void)
{
	Suite *suite = suite_create("judge");
	TCase *tcase = tcase_create("judge");

	/* read once: the forked tests share it */
	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_verdicts, 0, G_N_ELEMENTS(cases));
	tcase_add_test(tcase, test_status_believed);
	tcase_add_test(tcase, test_confidence);
	tcase_add_test(tcase, test_provider);
	tcase_add_test(tcase, test_evidence);
	tcase_add_test(tcase, test_trace);
	tcase_add_loop_test(tcase, test_messages, 0, G_N_ELEMENTS(messages));
	tcase_add_test(tcase, test_own_domain);
	tcase_add_test(tcase, test_prose_of_several);
	tcase_add_test(tcase, test_prose_of_all);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(judge_suite)
