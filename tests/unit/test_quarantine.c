/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is kept of a message nobody understood, what a review makes of it, and
   the hits of rules that ride along. */

#include "keep.h"
#include "review.h"

#include "bounds.h"
#include "deliver_fixture.h"
#include "main.h"
#include "shipped_rules.h"
#include "store_failing.h"

#include <string.h>

/* ---- trimming ---- */

static GBytes *text_bytes(const char *text)
{
	return g_bytes_new(text, strlen(text));
}

static char *trimmed_text(const char *text)
{
	g_autoptr(GBytes) message = text_bytes(text);
	g_autoptr(GBytes) kept = keep_trim(message);
	gsize len;
	const char *bytes = g_bytes_get_data(kept, &len);

	return g_strndup(bytes != NULL ? bytes : "", len);
}

static const struct {
	const char *label, *message, *kept;
} trim_cases[] = {
	{ "nothing", "", "" },
	{ "no header", "hello\r\nworld\r\n", "hello\nworld\n" },
	{ "plain",
	    "Received: x\nDKIM-Signature: y\n z\nARC-Seal: z\n"
	    "From: a@x.test\n\nhello\n",
	    "Received: x\nFrom: a@x.test\n\nhello\n" },
	{ "attachments and the returned body go",
	    "Subject: s\nContent-Type: multipart/report;\n boundary=\"B\"\n\n"
	    "preamble\n"
	    "--B\nContent-Type: text/plain\n\nhello\n"
	    "--B\nContent-Type: message/delivery-status\n\nStatus: 5.0.0\n\n"
	    "Action: failed\n"
	    "--B\nContent-Type: image/png\n\nAAAA\n"
	    "--B\nContent-Type: message/rfc822\n\nSubject: ours\n\nbody\n"
	    "--B--\nepilogue\n",
	    "Subject: s\nContent-Type: multipart/report;\n boundary=\"B\"\n\n"
	    "--B\nContent-Type: text/plain\n\nhello\n"
	    "--B\nContent-Type: message/delivery-status\n\nStatus: 5.0.0\n\n"
	    "Action: failed\n"
	    "--B\nContent-Type: image/png\n\n"
	    "--B\nContent-Type: message/rfc822\n\nSubject: ours\n\n"
	    "--B--\n" },
	{ "a message in a message",
	    "Content-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: message/rfc822\n\n"
	    "Subject: in\nContent-Type: multipart/alternative; BOUNDARY=bb\n\n"
	    "--bb\n\nhello\n--bb--\n--b--\n",
	    "Content-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: message/rfc822\n\n"
	    "Subject: in\nContent-Type: multipart/alternative; BOUNDARY=bb\n\n"
	    "--bb\n\nhello\n--bb--\n--b--\n" },
	{ "a boundary that never comes",
	    "Content-Type: multipart/report; boundary=b\n\n--c\nhello\n",
	    "Content-Type: multipart/report; boundary=b\n\n--c\nhello\n" },
};

START_TEST(trim)
{
	g_autofree char *kept = trimmed_text(trim_cases[_i].message);

	ck_assert_msg(strcmp(kept, trim_cases[_i].kept) == 0, "%s: %s",
	    trim_cases[_i].label, kept);
}
END_TEST

/* However much of anything: within the bound, and a whole line at the end. */
START_TEST(trim_bound)
{
	static const char *const lines[] = { "X-Long: header\n", "\n", "--b\n",
		"--b\nContent-Type: text/plain\n\n", "hello\n",
		"--b\nContent-Type: message/rfc822\n\nSubject: x\n",
		"--b\nContent-Type: message/delivery-status\n\n" };
	g_autoptr(GString)
	    text = g_string_new("Content-Type: multipart/report; boundary=b\n");

	for (unsigned i = 0; i < 20000; i++)
		g_string_append(text,
		    _i < (int)G_N_ELEMENTS(lines)
			? lines[_i]
			: lines[(i * 7919u + i / 13) % G_N_ELEMENTS(lines)]);
	g_autofree char *kept = trimmed_text(text->str);

	ck_assert_uint_le(strlen(kept), BOUND_KEPT);
	ck_assert_uint_gt(strlen(kept), 0);
	ck_assert_int_eq(kept[strlen(kept) - 1], '\n');
}
END_TEST

static char *verdict_text(const RuleSet *shipped, GBytes *message)
{
	gsize len;
	const char *bytes = g_bytes_get_data(message, &len);
	g_autoptr(Report) report = report_read(rules_words(shipped),
	    bytes != NULL ? bytes : "", len);
	GString *told = g_string_new(report_kind_name(report->kind));

	for (unsigned i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *about = report_recipient(report, i);
		g_autoptr(Verdict)
		    verdict = rules_judge(shipped, report, about, NULL);

		g_string_append_printf(told, " <%s> %s %s %s %.2f",
		    about->final_recipient, verdict->rule, verdict->status,
		    vp_reason_name(verdict->reason), verdict->confidence);
	}
	return g_string_free(told, FALSE);
}

/* Trimming takes nothing that a rule looks at. */
START_TEST(trim_keeps_the_verdict)
{
	const char *path = g_getenv("VERPD_MESSAGES");
	g_autoptr(RuleSet) shipped = shipped_rules();
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	unsigned n = 0;
	const char *name;

	ck_assert_ptr_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_autoptr(GBytes) message = NULL;
		g_autoptr(GBytes) kept = NULL;
		g_autofree char *before = NULL;
		g_autofree char *after = NULL;
		char *bytes;
		gsize len;

		if (!g_str_has_suffix(name, ".eml"))
			continue;
		ck_assert(g_file_get_contents(file, &bytes, &len, NULL));
		message = g_bytes_new_take(bytes, len);
		kept = keep_trim(message);
		before = verdict_text(shipped, message);
		after = verdict_text(shipped, kept);
		ck_assert_msg(strcmp(before, after) == 0, "%s: %s, was %s",
		    name, after, before);
		n++;
	}
	ck_assert_uint_gt(n, 40);
}
END_TEST

/* ---- delivering ---- */

static GBytes *bounce(const char *diagnostic, const char *extra)
{
	g_autofree char *text = g_strdup_printf(
	    "From: MAILER-DAEMON@mx.example\nMessage-Id: <%u@mx.example>\n"
	    "Content-Type: multipart/report; report-type=delivery-status;"
	    " boundary=b\n\n"
	    "--b\nContent-Type: text/plain\n\nIt did not work.\n"
	    "--b\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; mx.example\n\n"
	    "Final-Recipient: rfc822; ana@example.org\nAction: failed\n"
	    "Diagnostic-Code: smtp; %s\n%s\n--b--\n",
	    g_str_hash(diagnostic) % 1000, diagnostic, extra);

	return text_bytes(text);
}

static Envelope *to_token(const char *token)
{
	Envelope *envelope = envelope_new();

	envelope_add(envelope, token, NULL);
	envelope_set(&envelope->client_address, "192.0.2.7");
	return envelope;
}

static bool try_deliver(GBytes *message, TokenKind kind, const char *campaign,
    RuleTally *tally, int64_t now, GError **error)
{
	g_autofree char *token = mint(kind, campaign, "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = to_token(token);
	g_autoptr(Analysis)
	    analysis = deliver_analyse(judge, envelope, message);
	g_autoptr(GPtrArray) outcomes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);

	return deliver_record(judge, store, analysis, now, tally, outcomes,
	    error);
}

static void deliver(const char *diagnostic, TokenKind kind,
    const char *campaign, RuleTally *tally, int64_t now)
{
	g_autoptr(GBytes) message = bounce(diagnostic, "");
	g_autoptr(GError) error = NULL;

	ck_assert_msg(try_deliver(message, kind, campaign, tally, now, &error),
	    "%s", error != NULL ? error->message : "");
}

static StoreStats stats_in(Store *in)
{
	StoreStats stats;

	ck_assert(store_stats(in, 0, NOW, &stats, NULL));
	return stats;
}

static StoreStats stats_of(void)
{
	return stats_in(store);
}

/* Only what waits is kept, and with what it says. */
START_TEST(kept_when_waiting)
{
	g_auto(KeptMessage) kept = { 0 };
	g_autoptr(GBytes) message = bounce("xyzzy", "");
	g_autoptr(GBytes) expected = keep_trim(message);
	g_autoptr(GError) error = NULL;

	deliver("550 no such user", TOKEN_BOUNCE, "c1", NULL, NOW);
	ck_assert_int_eq(stats_of().kept, 0);
	deliver("xyzzy", TOKEN_BOUNCE, "c2", NULL, NOW);
	ck_assert_int_eq(stats_of().needs_review, 1);
	ck_assert(store_kept(store, 2, &kept, &error));
	ck_assert(g_bytes_equal(kept.bytes, expected));
	ck_assert_int_eq(kept.at, NOW);
	ck_assert_str_eq(kept.sender, "");
	store_kept_clear(&kept);
	/* below the threshold */
	deliver("550 perhaps gone", TOKEN_BOUNCE, "c3", NULL, NOW);
	ck_assert(store_kept(store, 3, &kept, &error));
	/* told twice: nothing new */
	deliver("xyzzy", TOKEN_BOUNCE, "c2", NULL, NOW);
	ck_assert_int_eq(stats_of().events, 3);
}
END_TEST

START_TEST(kept_not_at_all)
{
	judge->quarantine.octets = 0;
	deliver("xyzzy", TOKEN_BOUNCE, "c1", NULL, NOW);
	ck_assert_int_eq(stats_of().needs_review, 1);
	ck_assert_int_eq(stats_of().kept, 0);
}
END_TEST

/* Whichever call fails, the event and its message are there, or neither. */
START_TEST(keeping_may_fail)
{
	g_autoptr(GBytes) message = bounce("550 perhaps gone", "");
	g_autoptr(RuleTally) tally = tally_new(0);
	Store *sound = store; /* below all that fail */
	unsigned calls;

	for (unsigned n = 1;; n++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *campaign = g_strdup_printf("c%u", n);
		StoreStats before = stats_in(sound), after;
		bool ok;

		store = store_failing_new(store, n, VP_ERROR_TEMPORARY);
		ok = try_deliver(message, TOKEN_BOUNCE, campaign, tally, NOW,
		    &error);
		calls = store_failing_calls(store);
		after = stats_in(sound);
		ck_assert_int_eq(after.events - before.events, ok);
		ck_assert_int_eq(after.kept > before.kept, ok);
		if (ok)
			break;
	}
	ck_assert_uint_gt(calls, 8);
}
END_TEST

/* ---- reviewing ---- */

typedef struct Wanted {
	int64_t id;
	Review review;
	enum vp_reason by_hand;
	bool is_by_hand;
	bool is_dry_run;
	Outcome *outcome;
	GError *error;
	int64_t now;
} Wanted;

static bool review_this(const Event *event, void *data)
{
	Wanted *wanted = data;
	ManualChange change = { "eve", "looked", wanted->now };
	g_auto(KeptMessage) kept = { 0 };

	if (wanted->is_by_hand) {
		review_by_hand(event, wanted->by_hand, &wanted->review);
	} else {
		ck_assert(store_kept(store, event->id, &kept, NULL));
		review_by_rules(judge, event, &kept, &wanted->review);
	}
	(void)review_record(judge, store, event, &wanted->review, &change,
	    wanted->is_dry_run, &wanted->outcome, &wanted->error);
	return true;
}

static void review(Wanted *wanted)
{
	StoreFilter filter = STORE_FILTER_ANY;

	filter.event_id = wanted->id;
	if (wanted->now == 0)
		wanted->now = NOW + 1000;
	ck_assert(store_each_event(store, &filter, review_this, wanted, NULL));
}

static void wanted_clear(Wanted *wanted)
{
	review_clear(&wanted->review);
	outcome_free(wanted->outcome);
	g_clear_error(&wanted->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static void learn(const char *text)
{
	g_autofree char *rules = g_strconcat(rules_text, text, NULL);
	const RuleFile file = { "test.rules", rules, strlen(rules) };

	rules_free(judge->rules);
	judge->rules = shipped_rules_and(SHIPPED_WORDS, &file);
	ck_assert_ptr_nonnull(judge->rules);
}

#define LEARNT                                                                 \
	"\n[t.xyzzy]\nmatch = xyzzy\nreason = bad-mailbox\n"                   \
	"confidence = 0.98\nexample = xyzzy\n"

static int cause_of_ana(void)
{
	g_auto(StoreRecipient) recipient = { 0 };
	RecipientState state;

	ck_assert(store_recipient_find(store, 0, "ana@example.org", &recipient,
	    NULL));
	ck_assert(store_load(store, recipient.id, "marketing", &state, NULL));
	return policy_strongest(&state, false, NOW + 5000);
}

static void check_recount(void)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t n;

	ck_assert(store_verify(store, NOW + 5000, findings, &n, NULL));
	ck_assert_msg(findings->len == 0, "%s",
	    findings->len > 0 ? (char *)findings->pdata[0] : "");
}

START_TEST(waits_until_known)
{
	g_auto(Wanted) still = { .id = 1 };
	g_auto(Wanted) dry = { .id = 1, .is_dry_run = true };
	g_auto(Wanted) now = { .id = 1 };
	g_auto(Wanted) again = { .id = 1, .is_by_hand = true };
	StoreStats stats;

	deliver("xyzzy", TOKEN_BOUNCE, "c1", NULL, NOW);
	review(&still);
	ck_assert(still.outcome->effect.needs_review);
	ck_assert_int_eq(still.outcome->event_id, 0);
	ck_assert_int_eq(stats_of().events, 1);

	learn(LEARNT);
	review(&dry);
	ck_assert_int_eq(dry.outcome->effect.step, STEP_HARD);
	ck_assert_int_eq(dry.outcome->state_after, CAUSE_HARD);
	ck_assert_int_eq(stats_of().events, 1);

	review(&now);
	ck_assert_int_eq(now.outcome->event_id, 2);
	ck_assert_str_eq(now.outcome->verdict->rule, "t.xyzzy");
	ck_assert_int_eq(cause_of_ana(), CAUSE_HARD);
	stats = stats_of();
	ck_assert_int_eq(stats.needs_review, 0);
	ck_assert_int_eq(stats.kept, 0);
	check_recount();

	review(&again);
	ck_assert_ptr_null(again.outcome);
	ck_assert(g_error_matches(again.error, VP_ERROR, VP_ERROR_NOT_FOUND));
	ck_assert_int_eq(stats_of().events, 2);
	check_recount();
}
END_TEST

START_TEST(by_hand)
{
	g_auto(Wanted) wanted = {
		.id = 1, .is_by_hand = true, .by_hand = VP_REASON_UNKNOWN
	};
	g_auto(Wanted) full = {
		.id = 2, .is_by_hand = true, .by_hand = VP_REASON_MAILBOX_FULL
	};

	deliver("xyzzy", TOKEN_BOUNCE, "c1", NULL, NOW);
	deliver("xyzzy", TOKEN_BOUNCE, "c2", NULL, NOW);
	/* "Leave it unknown" is an answer, too. */
	review(&wanted);
	ck_assert(!wanted.outcome->effect.needs_review);
	review(&full);
	ck_assert_int_eq(full.outcome->effect.step, STEP_SOFT);
	ck_assert_int_eq(cause_of_ana(), -1);
	ck_assert_int_eq(stats_of().needs_review, 0);
	ck_assert_int_eq(stats_of().by_class[VP_CLASS_SOFT], 1);
	check_recount();
}
END_TEST

/* One token, one hard step: also when the second is a review. */
START_TEST(counts_once)
{
	g_auto(Wanted) wanted = { .id = 1 };

	deliver("xyzzy", TOKEN_BOUNCE, "c1", NULL, NOW);
	deliver("550 no such user", TOKEN_BOUNCE, "c1", NULL, NOW);
	learn(LEARNT);
	review(&wanted);
	ck_assert(wanted.outcome->is_step_taken);
	ck_assert_int_eq(wanted.outcome->effect.step, STEP_NONE);
	ck_assert_int_eq(stats_of().needs_review, 0);
	check_recount();
}
END_TEST

/* What the return path did not prove, a review does not prove either. */
static const struct {
	const char *label;
	TokenKind kind;
	int64_t at;
	bool is_by_hand;
	bool waits;
} unproven_cases[] = {
	{ "too old, by the rules", TOKEN_BOUNCE, NOW + 40 * DAY, false, false },
	{ "too old, by hand", TOKEN_BOUNCE, NOW + 40 * DAY, true, false },
	{ "unsubscribe address, by the rules", TOKEN_UNSUBSCRIBE, NOW, false,
	    true },
	{ "unsubscribe address, by hand", TOKEN_UNSUBSCRIBE, NOW, true, false },
};

START_TEST(unproven)
{
	g_auto(Wanted) wanted = { .id = 1,
		.is_by_hand = unproven_cases[_i].is_by_hand,
		.by_hand = VP_REASON_BAD_MAILBOX };

	deliver("xyzzy", unproven_cases[_i].kind, "c1", NULL,
	    unproven_cases[_i].at);
	learn(LEARNT);
	review(&wanted);
	ck_assert_int_eq(wanted.outcome->effect.needs_review,
	    unproven_cases[_i].waits);
	ck_assert_int_eq(cause_of_ana(), -1);
	ck_assert_int_eq(stats_of().needs_review, unproven_cases[_i].waits);
	check_recount();
}
END_TEST

/* Of a report of many the end is cut off: nobody gets another's verdict. */
START_TEST(cut_off)
{
	g_autoptr(GString) others = g_string_new(NULL);
	g_autofree char *token = mint(TOKEN_BOUNCE, "c1", "zoe@example.org",
	    NOW);
	g_autoptr(Envelope) envelope = to_token(token);
	g_autoptr(GBytes) message = NULL;
	g_autoptr(Analysis) analysis = NULL;
	g_autoptr(GPtrArray) outcomes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_auto(Wanted) wanted = { .id = 1 };

	for (unsigned i = 0; i < 100; i++)
		g_string_append_printf(others,
		    "\nDiagnostic-Code: smtp; no such user\n"
		    "Action: failed\nFinal-Recipient: rfc822; "
		    "r%u@example.org\n",
		    i);
	g_string_append(others, "\nFinal-Recipient: rfc822; zoe@example.org\n"
				"Action: failed\n"
				"Diagnostic-Code: smtp; plugh\n");
	message = bounce("no such user", others->str);
	analysis = deliver_analyse(judge, envelope, message);
	ck_assert(deliver_record(judge, store, analysis, NOW, NULL, outcomes,
	    NULL));
	ck_assert_int_eq(stats_of().needs_review, 1);
	review(&wanted);
	ck_assert(wanted.outcome->effect.needs_review);
	ck_assert_int_eq(stats_of().by_class[VP_CLASS_HARD], 0);
}
END_TEST

/* ---- hits ---- */

static bool note_rule(const RuleHits *row, void *data)
{
	g_string_append_printf(data, "%s=%d@%d ", row->rule, (int)row->hits,
	    (int)(row->last - NOW));
	return true;
}

static void check_hits_in(Store *in, const char *wanted)
{
	g_autoptr(GString) told = g_string_new(NULL);

	ck_assert(store_each_rule(in, note_rule, told, NULL));
	ck_assert_str_eq(told->str, wanted);
}

static void check_hits(const char *wanted)
{
	check_hits_in(store, wanted);
}

START_TEST(hits_are_batched)
{
	g_autoptr(RuleTally) tally = tally_new(10);
	g_autoptr(GError) error = NULL;

	deliver("no such user", TOKEN_BOUNCE, "c1", tally, NOW);
	check_hits("t.nobody=1@0 ");
	deliver("no such user", TOKEN_BOUNCE, "c2", tally, NOW + 1);
	deliver("over quota", TOKEN_BOUNCE, "c3", tally, NOW + 9);
	deliver("xyzzy", TOKEN_BOUNCE, "c3", tally, NOW + 9);
	check_hits("t.nobody=1@0 ");
	/* told twice is no hit, but takes the others along */
	deliver("over quota", TOKEN_BOUNCE, "c3", tally, NOW + 10);
	check_hits("t.full=1@9 t.nobody=2@1 ");
	deliver("over quota", TOKEN_BOUNCE, "c4", tally, NOW + 11);
	check_hits("t.full=1@9 t.nobody=2@1 ");
	ck_assert(tally_flush(tally, store, &error));
	ck_assert(tally_flush(tally, store, &error));
	check_hits("t.full=2@11 t.nobody=2@1 ");
	/* a clock that was set back holds nothing up */
	deliver("over quota", TOKEN_BOUNCE, "c5", tally, NOW - 1000);
	check_hits("t.full=3@11 t.nobody=2@1 ");
}
END_TEST

/* A message that was not recorded hit nothing, and what it would have taken
   along goes with the next. */
START_TEST(hits_of_a_failure)
{
	g_autoptr(RuleTally) tally = tally_new(10);
	g_autoptr(GBytes) message = bounce("no such user", "");
	g_autoptr(GError) error = NULL;
	Store *sound = store;

	deliver("no such user", TOKEN_BOUNCE, "c0", tally, NOW);
	deliver("over quota", TOKEN_BOUNCE, "c1", tally, NOW + 1);
	for (unsigned n = 1;; n++) {
		store = store_failing_new(store, n, VP_ERROR_TEMPORARY);
		if (try_deliver(message, TOKEN_BOUNCE, "c2", tally, NOW + 20,
			&error))
			break;
		g_clear_error(&error);
		check_hits_in(sound, "t.nobody=1@0 ");
	}
	check_hits_in(sound, "t.full=1@1 t.nobody=2@20 ");
}
END_TEST

static Suite *quarantine_suite(void)
{
	Suite *suite = suite_create("quarantine");
	TCase *tcase = tcase_create("quarantine");

	tcase_add_checked_fixture(tcase, site_up, site_down);
	tcase_add_loop_test(tcase, trim, 0, (int)G_N_ELEMENTS(trim_cases));
	tcase_add_loop_test(tcase, trim_bound, 0, 8);
	tcase_add_test(tcase, trim_keeps_the_verdict);
	tcase_add_test(tcase, kept_when_waiting);
	tcase_add_test(tcase, kept_not_at_all);
	tcase_add_test(tcase, keeping_may_fail);
	tcase_add_test(tcase, waits_until_known);
	tcase_add_test(tcase, by_hand);
	tcase_add_test(tcase, counts_once);
	tcase_add_loop_test(tcase, unproven, 0,
	    (int)G_N_ELEMENTS(unproven_cases));
	tcase_add_test(tcase, cut_off);
	tcase_add_test(tcase, hits_are_batched);
	tcase_add_test(tcase, hits_of_a_failure);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(quarantine_suite)
