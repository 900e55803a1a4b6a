/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "deliver.h"

#include "deliver_fixture.h"
#include "main.h"
#include "selftest.h"
#include "store_failing.h"

#include <string.h>

#define XVERP "news-42+ana=example.org@bounces.test"

/* ---- messages ---- */

/* A DSN as Postfix writes it; every field may be another. */
typedef struct Dsn {
	const char *to;
	const char *message_id;
	const char *reporting_mta;
	const char *postfix_sender;
	const char *final;
	const char *original;
	const char *action;
	const char *status;
	const char *diagnostic;
	const char *received;
	const char *second; /* another Final-Recipient, or NULL */
	int arrival_day;    /* of November 2026; 0 is the 21st */
} Dsn;

static const Dsn good = {
	.to = XVERP,
	.message_id = "1@mx.sender.test",
	.reporting_mta = "mx.sender.test",
	.postfix_sender = "news-42@bounces.test",
	.final = "ana@example.org",
	.original = "ana@example.org",
	.action = "failed",
	.status = "5.1.1",
	.diagnostic = "550 5.1.1 no such user",
	.received = "by mx.sender.test (Postfix)",
};

static GBytes *dsn_write(const Dsn *dsn)
{
	GString *text = g_string_new(NULL);
	gsize len;

	g_string_append_printf(text,
	    "Received: %s\r\n"
	    "\tid 4XYZ12; Sat, 21 Nov 2026 19:32:01 +0000 (UTC)\r\n"
	    "From: MAILER-DAEMON@sender.test\r\n"
	    "To: %s\r\n"
	    "Subject: Undelivered Mail Returned to Sender\r\n"
	    "Message-Id: <%s>\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"=_b\"\r\n"
	    "\r\n"
	    "--=_b\r\n"
	    "Content-Type: text/plain\r\n"
	    "\r\n"
	    "Your message could not be delivered.\r\n"
	    "\r\n"
	    "--=_b\r\n"
	    "Content-Type: message/delivery-status\r\n"
	    "\r\n"
	    "Reporting-MTA: dns; %s\r\n"
	    "X-Postfix-Sender: rfc822; %s\r\n"
	    "Arrival-Date: %d Nov 2026 19:31:55 +0000 (UTC)\r\n"
	    "\r\n"
	    "Final-Recipient: rfc822; %s\r\n"
	    "Original-Recipient: rfc822;%s\r\n"
	    "Action: %s\r\n"
	    "Status: %s\r\n"
	    "Diagnostic-Code: smtp; %s\r\n",
	    dsn->received, dsn->to, dsn->message_id, dsn->reporting_mta,
	    dsn->postfix_sender, dsn->arrival_day != 0 ? dsn->arrival_day : 21,
	    dsn->final, dsn->original, dsn->action, dsn->status,
	    dsn->diagnostic);
	if (dsn->second != NULL)
		g_string_append_printf(text,
		    "\r\n"
		    "Final-Recipient: rfc822; %s\r\n"
		    "Action: %s\r\n"
		    "Status: 4.2.2\r\n"
		    "Diagnostic-Code: smtp; 452 4.2.2 over quota\r\n",
		    dsn->second, dsn->action);
	g_string_append(text, "\r\n--=_b--\r\n");
	len = text->len;
	return g_bytes_new_take(g_string_free(text, FALSE), len);
}

static GBytes *plain(const char *text)
{
	return g_bytes_new_static(text, strlen(text));
}

static Envelope *from_here(const char *recipient)
{
	Envelope *envelope = envelope_new();

	envelope->is_local = true;
	envelope_add(envelope, recipient, NULL);
	return envelope;
}

static Envelope *from_outside(const char *recipient)
{
	Envelope *envelope = from_here(recipient);

	envelope->is_local = false;
	envelope_set(&envelope->client_address, "192.0.2.7");
	envelope_set(&envelope->client_name, "mx.example.org");
	return envelope;
}

static GPtrArray *deliver_at(const Envelope *envelope, GBytes *message,
    int64_t now)
{
	g_autoptr(Analysis)
	    analysis = deliver_analyse(judge, envelope, message);
	GPtrArray *outcomes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_autoptr(GError) error = NULL;

	ck_assert_msg(deliver_record(judge, store, analysis, now, NULL,
			  outcomes, &error),
	    "%s", error ? error->message : "");
	ck_assert_uint_eq(outcomes->len, envelope->recipients->len);
	return outcomes;
}

static const Outcome *first(GPtrArray *outcomes)
{
	return g_ptr_array_index(outcomes, 0);
}

static int suppressed(const char *address, const char *stream, int64_t now)
{
	g_auto(StoreRecipient) recipient = { 0 };
	RecipientState state;

	if (!store_recipient_find(store, 0, address, &recipient, NULL))
		return -1;
	ck_assert(store_load(store, recipient.id, stream, &state, NULL));
	return policy_strongest(&state, judge_ignored(judge, stream), now);
}

static int64_t count_events(void)
{
	StoreStats stats;

	ck_assert(store_stats(store, 0, NOW, &stats, NULL));
	return stats.events;
}

/* ---- signed ---- */

/* A selftest's bounce, as often as Postfix tells it, is a delivery key that is
   taken back, and nothing else; what only looks like one is what it is. */
START_TEST(selftest)
{
	static const struct {
		const char *campaign, *recipient;
		OutcomeKind kind;
	} cases[] = {
		{ SELFTEST_CAMPAIGN, "0a1b2c3d@" SELFTEST_DOMAIN,
		    OUTCOME_SELFTEST },
		{ SELFTEST_CAMPAIGN, "ana@example.org", OUTCOME_STORED },
		{ "news-42", "0a1b2c3d@" SELFTEST_DOMAIN, OUTCOME_STORED },
	};
	g_autofree char *token = mint(TOKEN_BOUNCE, cases[_i].campaign,
	    cases[_i].recipient, NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) once = deliver_at(envelope, message, NOW);
	g_autoptr(GPtrArray) again = deliver_at(envelope, message, NOW + 60);
	bool is_ours = cases[_i].kind == OUTCOME_SELFTEST;
	uint8_t key[STORE_KEY];
	bool seen;

	ck_assert_int_eq(first(once)->kind, cases[_i].kind);
	ck_assert_int_eq(first(again)->kind,
	    is_ours ? OUTCOME_SELFTEST : OUTCOME_DUPLICATE);
	ck_assert_int_eq(count_events(), is_ours ? 0 : 1);
	ck_assert_int_eq(suppressed(cases[_i].recipient, "marketing", NOW) ==
			     -1,
	    is_ours);
	selftest_key(cases[_i].recipient, key);
	ck_assert(store_unsee(store, key, &seen, NULL));
	ck_assert_int_eq(seen, is_ours);
	ck_assert(store_unsee(store, key, &seen, NULL) && !seen);
}
END_TEST

/* Unsigned or forged it is nobody's. */
START_TEST(selftest_forged)
{
	g_autoptr(Envelope) envelope = from_outside(SELFTEST_CAMPAIGN
	    "+0a1b=" SELFTEST_DOMAIN "@bounces.test");
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);

	ck_assert_int_eq(first(outcomes)->kind, OUTCOME_FORGED);
}
END_TEST

START_TEST(hard_bounce_to_a_token)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW - 3 * DAY);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = NULL;
	const Outcome *outcome;
	g_autofree char *line = NULL;
	g_autofree char *reply = NULL;

	envelope_set(&envelope->queue_id, "4XYZ12");
	outcomes = deliver_at(envelope, message, NOW);
	outcome = first(outcomes);
	reply = outcome_reply(outcome);
	ck_assert_int_eq(outcome->kind, OUTCOME_STORED);
	ck_assert_str_eq(outcome->recipient, "ana@example.org");
	ck_assert_str_eq(outcome->campaign, "news-42");
	ck_assert_str_eq(outcome->verdict->rule, "t.nobody");
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW),
	    CAUSE_HARD);
	ck_assert(g_str_has_prefix(reply, "250 2.0.0 stored id="));
	line = outcome_log_line(outcome, envelope, 0);
	ck_assert_msg(
	    strcmp(line,
		"4XYZ12: to=<ana@example.org>, campaign=news-42, class=hard, "
		"reason=bad-mailbox, rule=t.nobody, status=5.1.1, step=hard, "
		"state=active->hard, until=forever, event=1") == 0,
	    "%s", line);
}
END_TEST

/* Postfix tells no XFORWARD IDENT of the reports that it writes itself. */
START_TEST(queue_id_from_received)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_here(token);
	g_autoptr(GBytes)
	    message = plain("Received: by out.test (Postfix)\r\n"
			    "\tid 4TOP; Sat, 21 Nov 2026 21:00:00 +0000\r\n"
			    "Received: by mx.test id 4BELOW; Sat\r\n"
			    "Subject: x\r\n\r\nx\r\n");
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);
	g_autofree char *line = outcome_log_line(first(outcomes), envelope, 0);

	ck_assert_msg(g_str_has_prefix(line, "4TOP: to=<ana@"), "%s", line);
}
END_TEST

START_TEST(told_twice_changes_nothing)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = dsn_write(&good);

	for (int i = 0; i < 3; i++) {
		g_autoptr(GPtrArray)
		    outcomes = deliver_at(envelope, message, NOW + i);

		ck_assert_int_eq(first(outcomes)->kind,
		    i == 0 ? OUTCOME_STORED : OUTCOME_DUPLICATE);
		ck_assert_int_eq(count_events(), 1);
	}
}
END_TEST

START_TEST(requeued_is_the_same)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autofree char *longer = g_strconcat(
	    "Received: by mx.sender.test (Postfix, from userid 0)\r\n"
	    "\tid 4AAAAA; Sat, 21 Nov 2026 21:00:00 +0000 (UTC)\r\n",
	    g_bytes_get_data(message, NULL), NULL);
	g_autoptr(GBytes) requeued = plain(longer);
	g_autoptr(GPtrArray) once = deliver_at(envelope, message, NOW);
	g_autoptr(GPtrArray) again = NULL;

	envelope_set(&envelope->queue_id, "4AAAAA");
	again = deliver_at(envelope, requeued, NOW + 60);
	ck_assert_int_ne(first(once)->kind, OUTCOME_DUPLICATE);
	ck_assert_int_eq(first(again)->kind, OUTCOME_DUPLICATE);
}
END_TEST

/* A rung that is over, and whose hold was cleaned away, is remembered: the next
   bounce climbs at once, until a decay has gone by. */
static const struct {
	int day;
	int hold; /* days; 0: none, -1: it is not delivered but expired */
	unsigned rung;
} probation[] = { { 0, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 }, { 1, 0, 0 },
	{ 2, 7, 1 }, { 10, -1, 1 }, { 11, 30, 2 }, { 42, -1, 2 },
	{ 130, 90, 3 }, { 230, -1, 3 }, { 311, 0, 3 }, { 312, 0, 3 } };

START_TEST(on_probation)
{
	const ManualChange expiry = { "cron", "test", NOW };
	const StoreRetention keep = { .keys = 1000 * DAY };
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
	uint64_t recipients;

	for (unsigned i = 0; i < G_N_ELEMENTS(probation); i++) {
		int64_t now = NOW + probation[i].day * DAY;
		g_autofree char *campaign = g_strdup_printf("news-%u", i);
		g_autofree char *token = mint(TOKEN_BOUNCE, campaign,
		    "ana@example.org", now);
		g_autoptr(Envelope) envelope = from_outside(token);
		g_autoptr(GPtrArray) outcomes = NULL;
		g_autoptr(GBytes) message = NULL;
		g_autofree char *line = NULL;
		g_autofree char *said = NULL;
		ManualChange change = expiry;
		StoreExpired gone;
		Dsn dsn = good;

		change.now = now;
		if (probation[i].hold < 0) {
			ck_assert(store_expire(store, &change, &keep, false,
			    &gone, NULL));
			ck_assert_uint_eq(gone.holds, 1);
			continue;
		}
		dsn.status = "5.2.2";
		dsn.diagnostic = "552 5.2.2 over quota";
		message = dsn_write(&dsn);
		outcomes = deliver_at(envelope, message, now);
		ck_assert_int_eq(first(outcomes)->effect.hold_until,
		    probation[i].hold == 0 ? 0 : now + probation[i].hold * DAY);
		line = outcome_log_line(first(outcomes), envelope, 0);
		said = g_strdup_printf(", rung=%u", probation[i].rung);
		ck_assert((strstr(line, said) != NULL) ==
			  (probation[i].hold != 0));
		ck_assert_ptr_null(strstr(line, ", policy="));
		ck_assert_uint_eq(first(outcomes)->effect.rung,
		    probation[i].hold == 0 ? 0 : probation[i].rung);
	}
	ck_assert(store_verify(store, NOW + 312 * DAY, findings, &recipients,
	    NULL));
	ck_assert_uint_eq(findings->len, 0);
}
END_TEST

START_TEST(one_step_per_token)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_auto(StoreRecipient) ana = { 0 };
	RecipientState state;

	for (int i = 0; i < 20; i++) {
		g_autofree char *id = g_strdup_printf("%d@mx", i);
		Dsn dsn = good;
		g_autoptr(GBytes) message = NULL;
		g_autoptr(GPtrArray) outcomes = NULL;

		dsn.message_id = id;
		dsn.status = "5.2.2";
		dsn.diagnostic = "552 5.2.2 over quota";
		message = dsn_write(&dsn);
		outcomes = deliver_at(envelope, message, NOW + i * DAY);
		ck_assert_int_eq(first(outcomes)->kind, OUTCOME_STORED);
		ck_assert(first(outcomes)->is_step_taken == (i > 0));
	}
	ck_assert(store_recipient_find(store, 0, "ana@example.org", &ana,
	    NULL));
	ck_assert(store_load(store, ana.id, "marketing", &state, NULL));
	ck_assert_uint_eq(state.track[CAUSE_SOFT].n_hits, 1);
}
END_TEST

START_TEST(two_tokens_in_one_message)
{
	g_autofree char *ana = mint(TOKEN_BOUNCE, "news-42", "ana@example.org",
	    NOW);
	g_autofree char *bob = mint(TOKEN_BOUNCE, "news-42", "bob@example.org",
	    NOW);
	g_autoptr(Envelope) envelope = from_outside(ana);
	g_autoptr(GBytes) message = NULL;
	Dsn dsn = good;

	dsn.second = "bob@example.org";
	message = dsn_write(&dsn);
	envelope_add(envelope, bob, NULL);
	for (int i = 0; i < 2; i++) {
		g_autoptr(GPtrArray)
		    outcomes = deliver_at(envelope, message, NOW);

		ck_assert_ptr_nonnull(outcomes);
		ck_assert_int_eq(count_events(), 2);
	}
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW),
	    CAUSE_HARD);
	ck_assert_int_eq(suppressed("bob@example.org", "marketing", NOW), -1);
}
END_TEST

START_TEST(opaque_token)
{
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) ana = { 0 };
	g_autofree char *token = NULL;
	g_autofree char *gone = NULL;
	g_autoptr(GBytes) message = dsn_write(&good);

	ck_assert(store_begin(store, NULL));
	ck_assert(store_campaign_ensure(store, "news-42", "marketing", NOW,
	    &campaign, NULL));
	ck_assert(store_recipient_ensure(store, "ana@example.org",
	    "Ana@example.org", NOW, &ana, NULL));
	ck_assert(store_commit(store, NULL));
	token = token_mint_opaque(judge->tokens, TOKEN_BOUNCE, campaign.id,
	    ana.id, NOW, NULL);
	gone = token_mint_opaque(judge->tokens, TOKEN_BOUNCE, campaign.id,
	    ana.id + 1, NOW, NULL);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(Envelope) lost = from_outside(gone);
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);
	g_autoptr(GPtrArray) nothing = deliver_at(lost, message, NOW);

	ck_assert_str_eq(first(outcomes)->recipient, "ana@example.org");
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW),
	    CAUSE_HARD);
	ck_assert_int_eq(first(nothing)->kind, OUTCOME_FORGED);
}
END_TEST

START_TEST(expired_token_is_only_recorded)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW - 31 * DAY);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);

	ck_assert_int_eq(first(outcomes)->kind, OUTCOME_STORED);
	ck_assert(!first(outcomes)->effect.needs_review);
	ck_assert_int_eq(first(outcomes)->effect.step, STEP_NONE);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW), -1);
}
END_TEST

START_TEST(altered_token_is_forged)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	char *at = strchr(token, '@');

	at[-2] = at[-2] == 'a' ? 'b' : 'a';
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);

	ck_assert_int_eq(first(outcomes)->kind, OUTCOME_FORGED);
	ck_assert_int_eq(count_events(), 0);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW), -1);
}
END_TEST

START_TEST(forwarded_mailbox)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GPtrArray) outcomes = NULL;
	Dsn dsn = good;

	dsn.final = "ana@elsewhere.example";
	dsn.original = "ana.b@elsewhere.example";
	dsn.second = "copy@elsewhere.example";
	message = dsn_write(&dsn);
	outcomes = deliver_at(envelope, message, NOW);
	/* hard for one of them, soft for the other: the milder counts */
	ck_assert_str_eq(first(outcomes)->recipient, "ana@example.org");
	ck_assert_int_eq(first(outcomes)->verdict->class_, VP_CLASS_SOFT);
	ck_assert_int_eq(suppressed("ana@elsewhere.example", "marketing", NOW),
	    -1);
}
END_TEST

START_TEST(orcpt_behind_a_virtual_alias)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = NULL;

	envelope_add(envelope, "bounce-box@bounces.test", token);
	outcomes = deliver_at(envelope, message, NOW);
	ck_assert_int_eq(first(outcomes)->kind, OUTCOME_STORED);
	ck_assert_str_eq(first(outcomes)->recipient, "ana@example.org");
}
END_TEST

START_TEST(a_person_cannot_bounce)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = NULL;

	envelope_set(&envelope->sender, "someone@example.org");
	outcomes = deliver_at(envelope, message, NOW);
	ck_assert_int_eq(first(outcomes)->effect.step, STEP_NONE);
	ck_assert(first(outcomes)->effect.needs_review);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW), -1);
}
END_TEST

START_TEST(doubtful_is_reviewed)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GPtrArray) outcomes = NULL;
	Dsn dsn = good;

	dsn.status = "5.0.0";
	dsn.diagnostic = "550 perhaps gone";
	message = dsn_write(&dsn);
	outcomes = deliver_at(envelope, message, NOW);
	ck_assert(first(outcomes)->effect.needs_review);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW), -1);
}
END_TEST

/* ---- complaints and unsubscriptions ---- */

START_TEST(unsubscribe_by_mail)
{
	g_autofree char *token = mint(TOKEN_UNSUBSCRIBE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);
	g_autoptr(GBytes) bounce = dsn_write(&good);
	g_autoptr(GBytes)
	    wish = plain("From: ana@example.org\r\nSubject: unsubscribe\r\n"
			 "Message-ID: <u@example.org>\r\n\r\n\r\n");
	g_autoptr(GPtrArray) one = deliver_at(envelope, bounce, NOW);
	g_autoptr(GPtrArray) two = NULL;

	ck_assert_int_eq(first(one)->verdict->class_, VP_CLASS_UNKNOWN);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW), -1);
	envelope_set(&envelope->sender, "ana@example.org");
	two = deliver_at(envelope, wish, NOW + 300 * DAY);
	ck_assert_int_eq(first(two)->verdict->class_, VP_CLASS_UNSUBSCRIBE);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW),
	    CAUSE_UNSUBSCRIBE);
	ck_assert_int_eq(suppressed("ana@example.org", "transactional", NOW),
	    -1);
}
END_TEST

START_TEST(complaint_to_a_feedback_address)
{
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside("fbl@bounces.test");
	g_autofree char *text = g_strdup_printf(
	    "From: fbl@provider.example\r\n"
	    "Message-ID: <f@provider.example>\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=feedback-report;\r\n"
	    "\tboundary=\"=_c\"\r\n"
	    "\r\n"
	    "--=_c\r\n"
	    "Content-Type: text/plain\r\n"
	    "\r\n"
	    "A complaint.\r\n"
	    "--=_c\r\n"
	    "Content-Type: message/feedback-report\r\n"
	    "\r\n"
	    "Feedback-Type: abuse\r\n"
	    "User-Agent: Test/1.0\r\n"
	    "Version: 1\r\n"
	    "\r\n"
	    "--=_c\r\n"
	    "Content-Type: message/rfc822\r\n"
	    "\r\n"
	    "Return-Path: <%s>\r\n"
	    "From: news@sender.test\r\n"
	    "Subject: issue 42\r\n"
	    "\r\n"
	    "Hello\r\n"
	    "--=_c--\r\n",
	    token);
	g_autoptr(GBytes) message = plain(text);
	g_autoptr(GPtrArray) outcomes = NULL;

	envelope_set(&envelope->sender, "fbl@provider.example");
	outcomes = deliver_at(envelope, message, NOW + 100 * DAY);
	ck_assert_int_eq(first(outcomes)->verdict->class_, VP_CLASS_COMPLAINT);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing",
			     NOW + 100 * DAY),
	    CAUSE_COMPLAINT);
	ck_assert_int_eq(suppressed("ana@example.org", "transactional",
			     NOW + 100 * DAY),
	    -1);
}
END_TEST

/* ---- local bounces ---- */

START_TEST(local_bounce)
{
	g_autoptr(Envelope) envelope = from_here(XVERP);
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);

	ck_assert_msg(first(outcomes)->kind == OUTCOME_STORED, "%s",
	    first(outcomes)->why);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW),
	    CAUSE_HARD);
}
END_TEST

/* postsuper -r puts pickup(8)'s Received field on top of cleanup(8)'s. */
START_TEST(local_bounce_requeued)
{
	g_autoptr(Envelope) envelope = from_here(XVERP);
	Dsn dsn = good;
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GPtrArray) outcomes = NULL;

	dsn.received = "by mx.sender.test (Postfix, from userid 102)\r\n"
		       "\tid 4AB; Sat, 21 Nov 2026 20:32:00 +0000 (UTC)\r\n"
		       "Received: by mx.sender.test (Postfix)";
	message = dsn_write(&dsn);
	outcomes = deliver_at(envelope, message, NOW);
	ck_assert_int_eq(first(outcomes)->kind, OUTCOME_STORED);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW),
	    CAUSE_HARD);
}
END_TEST

/* Each condition by itself: without it the same report is forged. */
static const struct {
	const char *label;
	const char *sender;
	const char *client_address;
	const char *client_name;
	bool is_remote;
	Dsn dsn; /* NULL fields are those of the good one */
} forgeries[] = {
	{ "a sender", .sender = "double-bounce@mx.sender.test" },
	{ "a client address", .client_address = "127.0.0.1" },
	{ "a client name", .client_name = "localhost" },
	{ "not SOURCE=LOCAL", .is_remote = true },
	{ "another Reporting-MTA",
	    .dsn = { .reporting_mta = "mx.example.org" } },
	{ "another X-Postfix-Sender",
	    .dsn = { .postfix_sender = "news-43@bounces.test" } },
	{ "the XVERP address as X-Postfix-Sender (reflection)",
	    .dsn = { .postfix_sender = XVERP } },
	{ "handed back by a filter through sendmail(1)",
	    .dsn = { .received =
			 "by mx.sender.test (Postfix, from userid 65534)\r\n"
			 "\tid 4AB; Sat, 21 Nov 2026 19:32:00 +0000 (UTC)\r\n"
			 "Received:\tFrom mx.example.org (mx.example.org "
			 "[192.0.2.9])\r\n\tby mx.sender.test (Postfix)" } },
	{ "another Final-Recipient, ORCPT set by the attacker",
	    .dsn = { .final = "x@refusing.example",
		.original = "ana@example.org" } },
};

#define OR(value, other) ((value) != NULL ? (value) : (other))

START_TEST(forged_local_bounce)
{
	g_autoptr(Envelope) envelope = from_here(XVERP);
	Dsn dsn = good;
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GPtrArray) outcomes = NULL;

	envelope_set(&envelope->sender, forgeries[_i].sender);
	envelope_set(&envelope->client_address, forgeries[_i].client_address);
	envelope_set(&envelope->client_name, forgeries[_i].client_name);
	envelope->is_local = !forgeries[_i].is_remote;
	dsn.reporting_mta = OR(forgeries[_i].dsn.reporting_mta,
	    dsn.reporting_mta);
	dsn.postfix_sender = OR(forgeries[_i].dsn.postfix_sender,
	    dsn.postfix_sender);
	dsn.final = OR(forgeries[_i].dsn.final, dsn.final);
	dsn.received = OR(forgeries[_i].dsn.received, dsn.received);
	message = dsn_write(&dsn);
	outcomes = deliver_at(envelope, message, NOW);
	ck_assert_msg(first(outcomes)->kind == OUTCOME_FORGED, "%s",
	    forgeries[_i].label);
	ck_assert_int_eq(count_events(), 0);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW), -1);
}
END_TEST

START_TEST(delay_warning_to_the_base_address)
{
	g_autoptr(Envelope) envelope = from_here("news-42@bounces.test");
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GPtrArray) outcomes = NULL;
	Dsn dsn = good;

	dsn.action = "delayed";
	dsn.status = "4.7.1";
	dsn.second = "bob@example.org";
	message = dsn_write(&dsn);
	outcomes = deliver_at(envelope, message, NOW);
	ck_assert_int_eq(first(outcomes)->kind, OUTCOME_STORED);
	ck_assert_int_eq(count_events(), 2);
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW), -1);
}
END_TEST

/* The day is ours: a stranger who knows the form would choose as many as it
   takes to climb the ladder at once. */
START_TEST(trusted_pattern_takes_one_step_a_day)
{
	g_autoptr(Envelope)
	    envelope = from_outside("old-ana=example.org-c7@bounces.test");

	for (int i = 0; i < 9; i++) {
		g_autofree char *id = g_strdup_printf("%d@mx", i);
		Dsn dsn = good;
		g_autoptr(GBytes) message = NULL;
		g_autoptr(GPtrArray) outcomes = NULL;

		dsn.message_id = id;
		dsn.status = "5.2.2";
		dsn.diagnostic = "552 5.2.2 over quota";
		dsn.arrival_day = 10 + i;
		message = dsn_write(&dsn);
		outcomes = deliver_at(envelope, message, NOW + i);
		ck_assert(first(outcomes)->is_step_taken == (i > 0));
	}
}
END_TEST

START_TEST(trusted_pattern)
{
	g_autoptr(Envelope)
	    envelope = from_outside("old-ana=example.org-c7@bounces.test");
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);

	ck_assert_msg(first(outcomes)->kind == OUTCOME_STORED, "%s",
	    first(outcomes)->why);
	ck_assert_str_eq(first(outcomes)->campaign, "c7");
	ck_assert_int_eq(suppressed("ana@example.org", "marketing", NOW),
	    CAUSE_HARD);
}
END_TEST

/* ---- failures ---- */

START_TEST(another_domain_must_wait)
{
	g_autoptr(Envelope) envelope = from_outside("ana@example.org");
	g_autoptr(GBytes) message = dsn_write(&good);
	g_autoptr(Analysis)
	    analysis = deliver_analyse(judge, envelope, message);
	g_autoptr(GPtrArray) outcomes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_autoptr(GError) error = NULL;
	g_autofree char *reply = NULL;

	ck_assert(!deliver_record(judge, store, analysis, NOW, NULL, outcomes,
	    &error));
	reply = deliver_failure_reply(error);
	ck_assert(g_str_has_prefix(reply, "451 4.3.5 "));
	ck_assert_uint_eq(outcomes->len, 0);
}
END_TEST

START_TEST(malformed_is_recorded)
{
	static const char *const texts[] = {
		"",
		"\r\n",
		"no header at all",
		"Subject: only\r\n",
		"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n",
		"\x80\xff\xfe: \x01\r\n\r\n\x1b[2J",
	};
	g_autofree char *token = mint(TOKEN_BOUNCE, "news-42",
	    "ana@example.org", NOW);
	g_autoptr(Envelope) envelope = from_outside(token);

	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GBytes) message = plain(texts[i]);
		g_autoptr(GPtrArray)
		    outcomes = deliver_at(envelope, message, NOW);

		if (first(outcomes)->kind == OUTCOME_DUPLICATE)
			continue;
		ck_assert_int_eq(first(outcomes)->kind, OUTCOME_STORED);
		ck_assert_int_eq(first(outcomes)->verdict->class_,
		    VP_CLASS_UNKNOWN);
		ck_assert(first(outcomes)->effect.needs_review);
	}
	ck_assert_int_ge(count_events(), 3);
}
END_TEST

/* Whichever call of the store fails: nothing is half-written, nobody is told
   250, and the same message a moment later is recorded whole. */
START_TEST(any_call_may_fail)
{
	g_autofree char *ana = mint(TOKEN_BOUNCE, "news-42", "ana@example.org",
	    NOW);
	g_autofree char *bob = mint(TOKEN_BOUNCE, "news-42", "bob@example.org",
	    NOW);
	g_autoptr(Envelope) envelope = from_outside(ana);
	g_autoptr(GBytes) message = NULL;
	g_autoptr(Analysis) analysis = NULL;
	g_autoptr(GPtrArray) outcomes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_autoptr(GError) error = NULL;
	g_autofree char *reply = NULL;
	Dsn dsn = good;

	dsn.second = "bob@example.org";
	message = dsn_write(&dsn);
	envelope_add(envelope, bob, NULL);
	envelope_add(envelope, XVERP, NULL);
	analysis = deliver_analyse(judge, envelope, message);
	store = store_failing_new(store, (unsigned)_i + 1,
	    _i % 2 == 0 ? VP_ERROR_FULL : VP_ERROR_TEMPORARY);
	ck_assert(!deliver_record(judge, store, analysis, NOW, NULL, outcomes,
	    &error));
	ck_assert_msg(outcomes->len == 0, "%s", store_failing_verb(store));
	reply = deliver_failure_reply(error);
	ck_assert(g_str_has_prefix(reply,
	    _i % 2 == 0 ? "452 4.3.1 " : "451 4.3.0 "));
	g_clear_error(&error);
	ck_assert_msg(deliver_record(judge, store, analysis, NOW, NULL,
			  outcomes, &error),
	    "after %s: %s", store_failing_verb(store),
	    error != NULL ? error->message : "");
	ck_assert_uint_eq(outcomes->len, 3);
	ck_assert_int_eq(first(outcomes)->kind, OUTCOME_STORED);
	ck_assert_int_eq(count_events(), 2);
}
END_TEST

/* As many as deliver_record() makes for that message. */
#define STORE_CALLS 18

START_TEST(all_calls_were_failed)
{
	g_autofree char *ana = mint(TOKEN_BOUNCE, "news-42", "ana@example.org",
	    NOW);
	g_autofree char *bob = mint(TOKEN_BOUNCE, "news-42", "bob@example.org",
	    NOW);
	g_autoptr(Envelope) envelope = from_outside(ana);
	g_autoptr(GBytes) message = NULL;
	Dsn dsn = good;

	dsn.second = "bob@example.org";
	message = dsn_write(&dsn);
	envelope_add(envelope, bob, NULL);
	envelope_add(envelope, XVERP, NULL);
	store = store_failing_new(store, 0, VP_ERROR_TEMPORARY);
	g_autoptr(GPtrArray) outcomes = deliver_at(envelope, message, NOW);

	ck_assert_ptr_nonnull(outcomes);
	ck_assert_uint_eq(store_failing_calls(store), STORE_CALLS);
}
END_TEST

static Suite *deliver_suite(void)
{
	Suite *suite = suite_create("deliver");
	TCase *tcase = tcase_create("deliver");

	tcase_add_checked_fixture(tcase, site_up, site_down);
	tcase_add_test(tcase, hard_bounce_to_a_token);
	tcase_add_loop_test(tcase, selftest, 0, 3);
	tcase_add_test(tcase, selftest_forged);
	tcase_add_test(tcase, queue_id_from_received);
	tcase_add_test(tcase, told_twice_changes_nothing);
	tcase_add_test(tcase, requeued_is_the_same);
	tcase_add_test(tcase, on_probation);
	tcase_add_test(tcase, one_step_per_token);
	tcase_add_test(tcase, two_tokens_in_one_message);
	tcase_add_test(tcase, opaque_token);
	tcase_add_test(tcase, expired_token_is_only_recorded);
	tcase_add_test(tcase, altered_token_is_forged);
	tcase_add_test(tcase, forwarded_mailbox);
	tcase_add_test(tcase, orcpt_behind_a_virtual_alias);
	tcase_add_test(tcase, a_person_cannot_bounce);
	tcase_add_test(tcase, doubtful_is_reviewed);
	tcase_add_test(tcase, unsubscribe_by_mail);
	tcase_add_test(tcase, complaint_to_a_feedback_address);
	tcase_add_test(tcase, local_bounce);
	tcase_add_test(tcase, local_bounce_requeued);
	tcase_add_loop_test(tcase, forged_local_bounce, 0,
	    (int)G_N_ELEMENTS(forgeries));
	tcase_add_test(tcase, delay_warning_to_the_base_address);
	tcase_add_test(tcase, trusted_pattern);
	tcase_add_test(tcase, trusted_pattern_takes_one_step_a_day);
	tcase_add_test(tcase, another_domain_must_wait);
	tcase_add_test(tcase, malformed_is_recorded);
	tcase_add_loop_test(tcase, any_call_may_fail, 0, STORE_CALLS);
	tcase_add_test(tcase, all_calls_were_failed);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(deliver_suite)
