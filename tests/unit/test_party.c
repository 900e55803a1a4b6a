/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose address a refusal names, and that nobody is given up for what was said
   of somebody else.  The words are judged by the shipped rules. */

#include "party.h"

#include "envelope.h"
#include "main.h"
#include "rules.h"
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

/* ---- whose it is ---- */

/* ana@example.org (for hans@alias.example), beside bo@example.net, of
   news+ana=example.org@bounce.sender.example, "From: info@sender.example". */
static Report *make_report(const char *diagnostic)
{
	Report *report = report_new();
	ReportRecipient *ana = report_add_recipient(report);
	ReportRecipient *bo = report_add_recipient(report);

	report->kind = REPORT_DSN;
	envelope_set(&report->to, "news+ana=example.org@bounce.sender.example");
	envelope_set(&report->returned_from, "info@sender.example");
	envelope_set(&report->returned_message_id, "17@sender.example");
	envelope_set(&ana->final_recipient, "ana@example.org");
	envelope_set(&ana->original_recipient, "hans@alias.example");
	envelope_set(&ana->diagnostic_type, "smtp");
	envelope_set(&ana->diagnostic, diagnostic);
	envelope_set(&ana->status, "5.1.1");
	ana->action = ACTION_FAILED;
	envelope_set(&bo->final_recipient, "bo@example.net");
	envelope_set(&bo->diagnostic, "552 mailbox full");
	return report;
}

static const struct {
	const char *said;
	Party party;
	const char *named;
} names[] = {
	{ "no such user", PARTY_NOBODY, "" },
	{ "<ana@example.org>: no", PARTY_RECIPIENT, "ana@example.org" },
	{ "<ANA@Example.ORG>... no", PARTY_RECIPIENT, "ANA@Example.ORG" },
	{ "hans@alias.example: no", PARTY_RECIPIENT, "hans@alias.example" },
	{ "<info@sender.example>: no", PARTY_SENDER, "info@sender.example" },
	{ "<news+ana=example.org@bounce.sender.example> no", PARTY_SENDER,
	    "news+ana=example.org@bounce.sender.example" },
	{ "(news@bounce.sender.example).", PARTY_SENDER,
	    "news@bounce.sender.example" },
	{ "someone@sender.example no", PARTY_SENDER, "someone@sender.example" },
	{ "x@mail.sender.example no", PARTY_SENDER, "x@mail.sender.example" },
	{ "<info@sender.example> to <ana@example.org>", PARTY_RECIPIENT,
	    "ana@example.org" },
	{ "<ana@example.org> from <info@sender.example>", PARTY_RECIPIENT,
	    "ana@example.org" },
	{ "<bo@example.net>: no", PARTY_OTHER, "bo@example.net" },
	{ "<info@sender.example> <bo@example.net>", PARTY_OTHER,
	    "bo@example.net" },
	{ "<bo@example.net> <info@sender.example>", PARTY_OTHER,
	    "bo@example.net" },
	{ "<anna@example.com>: no", PARTY_NOBODY, "anna@example.com" },
	{ "<a.smith@example.org>: no", PARTY_NOBODY, "a.smith@example.org" },
	{ "<info@sender.example> <anna@example.com>", PARTY_NOBODY,
	    "anna@example.com" },
	/* whom to write to for help */
	{ "no, ask postmaster@example.org", PARTY_NOBODY, "" },
	{ "<info@sender.example> no, ask postmaster@example.org", PARTY_SENDER,
	    "info@sender.example" },
	{ "postmaster@sender.example does not exist", PARTY_SENDER,
	    "postmaster@sender.example" },
	/* no addresses */
	{ "no <17@sender.example>", PARTY_NOBODY, "" },
	{ "@sender.example, info@, @", PARTY_NOBODY, "" },
	{ "no user info at sender.example", PARTY_NOBODY, "" },
	{ "news@notsender.example", PARTY_NOBODY, "news@notsender.example" },
};

START_TEST(test_names)
{
	g_autoptr(Report) report = make_report("");
	g_autofree char *named = NULL;
	Party party = party_named(report, report_recipient(report, 0),
	    names[_i].said, &named);

	ck_assert_msg(party == names[_i].party, "%s: %d, %s", names[_i].said,
	    (int)party, named);
	ck_assert_str_eq(named, names[_i].named);
}
END_TEST

START_TEST(test_one_domain)
{
	/* colleagues: only the sender's own address is the sender's */
	static const struct {
		const char *said;
		Party party;
	} table[] = {
		{ "<ana@example.org>: no", PARTY_RECIPIENT },
		{ "<news@example.org>: no", PARTY_SENDER },
		{ "<news+7@example.org>: no", PARTY_SENDER },
		{ "<a.smith@example.org>: no", PARTY_NOBODY },
		{ "<new@example.org>: no", PARTY_NOBODY },
		{ "<postmaster@example.org>: no", PARTY_NOBODY },
	};
	g_autoptr(Report) report = report_new();
	ReportRecipient *ana = report_add_recipient(report);

	envelope_set(&ana->final_recipient, "ana@example.org");
	envelope_set(&report->returned_return_path, "news+7@example.org");
	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *named = NULL;
		Party party = party_named(report, ana, table[i].said, &named);

		ck_assert_msg(party == table[i].party, "%s: %d", table[i].said,
		    (int)party);
	}
}
END_TEST

START_TEST(test_domains)
{
	static const struct {
		const char *said;
		Party party;
	} table[] = {
		{ "sender.example: host not found", PARTY_SENDER },
		{ "no MX for 'bounce.sender.example'.", PARTY_SENDER },
		{ "mx1.sender.example not found", PARTY_SENDER },
		{ "example.org not found", PARTY_RECIPIENT },
		{ "mx.example.org not found by ns.sender.example",
		    PARTY_RECIPIENT },
		{ "sender.example: no such name as far.example", PARTY_NOBODY },
		{ "host not found, 5.1.2 (ver 1.2.x)", PARTY_NOBODY },
		{ "", PARTY_NOBODY },
	};
	g_autoptr(Report) report = make_report("");

	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *named = NULL;
		Party party = party_domain_named(report,
		    report_recipient(report, 0), table[i].said, &named);

		ck_assert_msg(party == table[i].party, "%s: %d, %s",
		    table[i].said, (int)party, named);
	}
}
END_TEST

/* ---- what follows ---- */

static const struct {
	enum vp_class class_;
	const char *source; /* "": any */
	const char *said;
} verdicts[] = {
	/* nobody is named, or he is */
	{ VP_CLASS_HARD, "diagnostic", "550 5.1.1 User unknown" },
	{ VP_CLASS_HARD, "", "550 5.1.1 <ana@example.org>: User unknown" },
	{ VP_CLASS_HARD, "", "550 5.1.1 <hans@alias.example>: User unknown" },
	{ VP_CLASS_HARD, "", "550 5.1.1 <target@example.com>: User unknown" },
	{ VP_CLASS_HARD, "",
	    "550 5.1.1 <info@sender.example> wrote to "
	    "<ana@example.org>, who is not known" },
	{ VP_CLASS_HARD, "", "550 no such user here, ask abuse@example.org" },
	{ VP_CLASS_HARD, "", "550 5.1.1 <ana@example.org>" },
	/* the sender is */
	{ VP_CLASS_BLOCK, "sender-named",
	    "550 5.1.1 <info@sender.example>: User unknown" },
	{ VP_CLASS_BLOCK, "sender-named",
	    "550 5.1.1 <news+ana=example.org@bounce.sender.example> unknown" },
	{ VP_CLASS_BLOCK, "sender-named",
	    "550 info@sender.example: no mailbox "
	    "of this name" },
	{ VP_CLASS_BLOCK, "sender-named", "550 5.1.1 <info@sender.example>" },
	{ VP_CLASS_BLOCK, "sender-named",
	    "550-5.1.1 mx.sender.example says:\n"
	    "550 5.1.1 <news@bounce.sender.example> recipient unknown" },
	{ VP_CLASS_BLOCK, "sender-named",
	    "550 5.1.1 Utilisateur inconnu: info@sender.example" },
	{ VP_CLASS_BLOCK, "sender-named",
	    "550 5.2.1 <info@sender.example>: mailbox disabled" },
	{ VP_CLASS_BLOCK, "sender-named",
	    "552 5.2.2 <info@sender.example>: mailbox full" },
	{ VP_CLASS_BLOCK, "sender-named",
	    "550 5.1.2 bounce.sender.example: Host not found" },
	{ VP_CLASS_BLOCK, "",
	    "550 5.1.1 <info@sender.example>: Sender address rejected: User "
	    "unknown in virtual mailbox table" },
	{ VP_CLASS_BLOCK, "",
	    "550-Verification failed for "
	    "<info@sender.example>\n550-Unrouteable "
	    "address\n550 Sender verify failed" },
	{ VP_CLASS_BLOCK, "", "550 5.1.8 unrouteable sender sender.example" },
	/* what is no word of an address stays what it was */
	{ VP_CLASS_BLOCK, "diagnostic",
	    "554 5.7.1 <info@sender.example>: spam is not accepted" },
	{ VP_CLASS_SOFT, "diagnostic",
	    "450 4.7.1 <info@sender.example>: Greylisted" },
	/* another recipient is: of this one nothing is known */
	{ VP_CLASS_UNKNOWN, "other-recipient-named",
	    "550 5.1.1 <bo@example.net>: User unknown" },
};

START_TEST(test_verdicts)
{
	g_autoptr(Report) report = make_report(verdicts[_i].said);
	g_autoptr(Verdict) verdict = rules_judge(rules, report,
	    report_recipient(report, 0), NULL);

	ck_assert_msg(verdict->class_ == verdicts[_i].class_,
	    "%s: %s/%s by %s in %s (%s)", verdicts[_i].said,
	    vp_class_name(verdict->class_), vp_reason_name(verdict->reason),
	    verdict->rule, verdict->source, verdict->matched);
	if (*verdicts[_i].source != '\0')
		ck_assert_str_eq(verdict->source, verdicts[_i].source);
	/* below any threshold: it waits for a person */
	if (verdicts[_i].class_ == VP_CLASS_UNKNOWN)
		ck_assert(verdict->confidence < 0.5);
}
END_TEST

START_TEST(test_prose)
{
	/* prose names both sides: only the reply in it counts */
	static const struct {
		enum vp_class class_;
		const char *text;
	} table[] = {
		{ VP_CLASS_HARD, "info@sender.example wrote to somebody, and "
				 "he has no such user" },
		{ VP_CLASS_BLOCK, "<ana@example.org>: it said: 550 5.1.1 "
				  "<info@sender.example> user unknown" },
		{ VP_CLASS_HARD, "info@sender.example: it said: 550 5.1.1 "
				 "<ana@example.org> user unknown" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(Report) report = make_report("");
		ReportRecipient *ana = g_ptr_array_index(report->recipients, 0);
		g_autoptr(Verdict) verdict = NULL;

		envelope_set(&ana->text, table[i].text);
		verdict = rules_judge(rules, report, ana, NULL);
		ck_assert_msg(verdict->class_ == table[i].class_,
		    "%s: %s by %s", table[i].text,
		    vp_class_name(verdict->class_), verdict->rule);
	}
}
END_TEST

static Suite *party_suite(void)
{
	Suite *suite = suite_create("party");
	TCase *tcase = tcase_create("party");

	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_names, 0, G_N_ELEMENTS(names));
	tcase_add_test(tcase, test_one_domain);
	tcase_add_test(tcase, test_domains);
	tcase_add_loop_test(tcase, test_verdicts, 0, G_N_ELEMENTS(verdicts));
	tcase_add_test(tcase, test_prose);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(party_suite)
