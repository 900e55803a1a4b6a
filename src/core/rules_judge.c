/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The judgement.  In this order, and the first that speaks decides:

   1. Rules of level `first`: those that need no words, such as `Action:
      delivered`, and what an admin puts before everything.
   2. Words.  What the remote server said (Diagnostic-Code), then what the
      report says of this recipient in prose.  Of a transcript with several
      replies the last one is heard first.  In each, rules for the provider
      come before those for anybody.
   3. Codes: the innermost enhanced code of the reply; the Status field; the
      reply code, the stage and what else there is without words.  The first
      that is sure (SURE below) decides.
   4. Where codes alone would make the address hard, the words that no phrase
      knew are doubted: rules of level `doubt` hear what the codes came with, and
      the first that fits decides in their place.
   5. Weak words, and the prose of the report as a whole, if no code was sure;
      then the surer of the two.
   6. Rules of level `last`.

   Three things no rule decides.  A report that says `delayed` is of class
   delayed whatever the reason, for it is still being tried.  A server that
   answered with a temporary code does not make an address hard, whatever its
   words are: the queue has given up, not the server.  And what is said of a
   mailbox or a domain is not held against the recipient where the reply names
   the sender's address, or another recipient's, and not his (party.h).

   Confidence is the rule's.  When words decided and the codes on their own
   would have said the same class, half of what is missing to 1 is added; when
   they would have said another, a tenth is taken off. */

#include "rules_private.h"

#include "bounds.h"
#include "party.h"
#include "reply_advice.h"
#include "rules_facts.h"
#include "status.h"

#include <stdio.h>
#include <string.h>

/* Codes as sure as this are not questioned: no weak words are asked. */
#define SURE               0.75
#define CONFIDENCE_MAX     0.99
#define CONFIDENCE_DEMOTED 0.8
#define CONFIDENCE_NONE    0.3 /* nothing is known of this one */

/* One thing that a rule found. */
typedef struct Finding {
	const Rule *rule; /* NULL: nothing found */
	const char *source;
	unsigned part;
	char matched[BOUND_MATCHED + 1];
	unsigned offset;
} Finding;

typedef struct Judging {
	Facts facts;
	GPtrArray *trace; /* or NULL */
	PatternRoom *room;
} Judging;

/* ---- conditions ---- */

static bool range_fits(CodeRange range, unsigned number)
{
	return number >= range.first && number <= range.last;
}

static bool status_fits(const GArray *globs, const char *status)
{
	StatusCode code;

	if (!status_parse(status, &code, NULL))
		return false;
	for (unsigned i = 0; i < globs->len; i++) {
		const StatusGlob *glob = &g_array_index(globs, StatusGlob, i);

		if (range_fits(glob->class, code.class) &&
		    range_fits(glob->subject, code.subject) &&
		    range_fits(glob->detail, code.detail))
			return true;
	}
	return false;
}

static bool code_fits(const GArray *ranges, unsigned code)
{
	for (unsigned i = 0; i < ranges->len; i++)
		if (range_fits(g_array_index(ranges, CodeRange, i), code))
			return true;
	return false;
}

static bool word_fits(char **words, const char *word)
{
	for (; *words != NULL; words++)
		if (g_ascii_strcasecmp(*words, word) == 0)
			return true;
	return false;
}

static bool provider_fits(const Facts *facts, const Rule *rule)
{
	for (unsigned i = 0; i < rule->n_providers; i++)
		if (facts->evidence[rule->providers[i]] != 0)
			return true;
	return rule->n_providers == 0;
}

/* All conditions but those on status and on words. */
static bool conditions_hold(const Facts *facts, const Rule *rule)
{
	if ((rule->kinds & 1U << facts->report->kind) == 0)
		return false;
	if (rule->stages != 0 && (rule->stages & 1U << facts->stage) == 0)
		return false;
	if (rule->actions != 0 && (rule->actions & 1U << facts->action) == 0)
		return false;
	if (rule->codes->len != 0 && !code_fits(rule->codes, facts->code))
		return false;
	if (rule->types[0] != NULL && !word_fits(rule->types, facts->type))
		return false;
	if (rule->feedback[0] != NULL &&
	    !word_fits(rule->feedback, facts->report->feedback_type))
		return false;
	return provider_fits(facts, rule);
}

static bool any_status_fits(const Facts *facts, const Rule *rule)
{
	/* doubted is the code that would decide, not one beside it */
	if (facts->doubted != NULL)
		return rule->status->len == 0 ||
		       status_fits(rule->status, facts->doubted);
	return rule->status->len == 0 ||
	       status_fits(rule->status, facts->inner) ||
	       status_fits(rule->status, facts->field);
}

/* ---- words ---- */

/* Only in the reply that is asked: what another host said vetoes nothing. */
static bool is_vetoed(const Judging *judging, const Rule *rule,
    const Reply *reply, size_t from, size_t to)
{
	size_t start, end;

	for (unsigned i = 0; i < rule->unlesses->len; i++)
		if (pattern_find(g_ptr_array_index(rule->unlesses, i),
			judging->room, reply->text + from, to - from, &start,
			&end))
			return true;
	return false;
}

static void finding_set(Finding *finding, const Rule *rule, const char *source,
    unsigned part, const char *matched, size_t len)
{
	size_t keep = MIN(len, sizeof(finding->matched) - 1);

	while (keep > 0 && keep < len &&
	       ((unsigned char)matched[keep] & 0xc0) == 0x80)
		keep--;
	finding->rule = rule;
	finding->source = source;
	finding->part = part;
	finding->offset = 0;
	memcpy(finding->matched, matched, keep);
	finding->matched[keep] = '\0';
}

/* Tries RULE's patterns on octets FROM to TO of SOURCE. */
static bool words_match(const Judging *judging, const Rule *rule,
    const Source *source, size_t from, size_t to, Finding *ret_finding)
{
	const Reply *reply = &source->reply;
	size_t start, end;

	for (unsigned i = 0; i < rule->matches->len; i++) {
		unsigned id = rule->first_pattern + i;

		if (!literal_is_hit(source->hits, id))
			continue;
		if (!pattern_find(g_ptr_array_index(rule->matches, i),
			judging->room, reply->text + from, to - from, &start,
			&end))
			continue;
		finding_set(ret_finding, rule, source->name, source->part,
		    reply->text + from + start, end - start);
		ret_finding->offset = (unsigned)(from + start);
		return true;
	}
	return false;
}

static void trace_add(const Judging *judging, const Finding *finding)
{
	Evidence *evidence;

	if (judging->trace == NULL)
		return;
	for (unsigned i = 0; i < judging->trace->len; i++) {
		evidence = g_ptr_array_index(judging->trace, i);
		if (strcmp(evidence->rule, finding->rule->id) == 0 &&
		    strcmp(evidence->source, finding->source) == 0)
			return;
	}
	evidence = g_new0(Evidence, 1);
	evidence->source = g_strdup(finding->source);
	evidence->rule = g_strdup(finding->rule->id);
	evidence->matched = g_strdup(finding->matched);
	evidence->offset = finding->offset;
	evidence->reason = finding->rule->reason;
	evidence->confidence = finding->rule->confidence;
	g_ptr_array_add(judging->trace, evidence);
}

/* Keeps what is found first; true when there is no need to look on. */
static bool keep_first(const Judging *judging, const Finding *found,
    Finding *best)
{
	trace_add(judging, found);
	if (best->rule == NULL)
		*best = *found;
	return judging->trace == NULL;
}

/* Rules of LEVEL on octets FROM to TO of SOURCE: of several hundred, those
   with a pattern that is worth a try. */
static bool try_words(const Judging *judging, RuleLevel level,
    const Source *source, size_t from, size_t to, Finding *best)
{
	const RuleSet *rules = judging->facts.rules;
	unsigned end = rules->first[level + 1];
	unsigned id = rules->first[level];

	while ((id = literal_next_hit(source->hits, id, end)) < end) {
		const Rule *rule = g_ptr_array_index(rules->owners, id);
		Finding found;

		id = rule->first_pattern + rule->matches->len;
		if (!conditions_hold(&judging->facts, rule) ||
		    !any_status_fits(&judging->facts, rule) ||
		    !words_match(judging, rule, source, from, to, &found) ||
		    is_vetoed(judging, rule, &source->reply, from, to))
			continue;
		if (keep_first(judging, &found, best))
			return true;
	}
	return false;
}

/* Words before the advice that a reply ends in: whose anti-spam
   policy one may read, and what senders should do, vetoes nothing. */
static bool try_said(const Judging *judging, RuleLevel level,
    const Source *source, size_t from, size_t to, Finding *best)
{
	size_t said = reply_advice(source->reply.text + from, to - from);

	return said < to - from &&
	       try_words(judging, level, source, from, from + said, best);
}

/* Provider's and anybody's phrases in one source, the last reply first. */
static bool try_phrases(const Judging *judging, const Source *source,
    Finding *best)
{
	const Reply *reply = &source->reply;
	size_t to = reply->len;

	if (!source->is_read)
		return false;
	for (unsigned i = reply->n_spans; i-- > 0;) {
		size_t from = i == 0 ? 0 : reply->span[i];

		if (try_words(judging, LEVEL_PROVIDER, source, from, to,
			best) ||
		    try_said(judging, LEVEL_PHRASE, source, from, to, best) ||
		    try_words(judging, LEVEL_PHRASE, source, from, to, best))
			return true;
		to = from;
	}
	/* a phrase may lie across what we took for two replies */
	return reply->n_spans > 1 && (try_words(judging, LEVEL_PROVIDER, source,
					  0, reply->len, best) ||
					 try_words(judging, LEVEL_PHRASE,
					     source, 0, reply->len, best));
}

/* ---- codes ---- */

/* What to show for a rule that looked at no words and no status. */
static void finding_set_fact(const Facts *facts, const Rule *rule,
    Finding *ret_finding)
{
	const Report *report = facts->report;
	unsigned part = facts->recipient != NULL ? facts->recipient->part : 0;
	char code[16];

	if (rule->codes->len != 0) {
		snprintf(code, sizeof(code), "%u", facts->code);
		finding_set(ret_finding, rule, "reply-code", part, code,
		    strlen(code));
	} else if (rule->feedback[0] != NULL) {
		finding_set(ret_finding, rule, "feedback-type", part,
		    report->feedback_type, strlen(report->feedback_type));
	} else if (rule->actions != 0) {
		const char *name = action_name(facts->action);

		finding_set(ret_finding, rule, "action", part, name,
		    strlen(name));
	} else if (rule->stages != 0) {
		const char *name = stage_name(facts->stage);

		finding_set(ret_finding, rule, "stage", part, name,
		    strlen(name));
	} else {
		const char *name = report_kind_name(report->kind);

		finding_set(ret_finding, rule, "kind", part, name,
		    strlen(name));
	}
}

/* The first rule of LEVEL without words.  STATUS "" asks those that want no
   status, any other those that want this one. */
static bool try_codes(const Judging *judging, RuleLevel level,
    const char *source, const char *status, Finding *ret_finding)
{
	const GPtrArray *rules = judging->facts.rules->levels[level];
	unsigned part = judging->facts.recipient != NULL
			    ? judging->facts.recipient->part
			    : 0;

	for (unsigned i = 0; i < rules->len; i++) {
		const Rule *rule = g_ptr_array_index(rules, i);

		if (rule->matches->len != 0 ||
		    (rule->status->len == 0) != (status[0] == '\0') ||
		    !conditions_hold(&judging->facts, rule) ||
		    (status[0] != '\0' && !status_fits(rule->status, status)))
			continue;
		if (status[0] != '\0')
			finding_set(ret_finding, rule, source, part, status,
			    strlen(status));
		else
			finding_set_fact(&judging->facts, rule, ret_finding);
		trace_add(judging, ret_finding);
		return true;
	}
	return false;
}

static bool is_sure(const Finding *finding)
{
	return finding->rule != NULL &&
	       finding->rule->reason != VP_REASON_UNKNOWN &&
	       finding->rule->confidence >= SURE;
}

/* FOUND takes BEST's place unless BEST is sure, or as good. */
static void keep_surer(const Finding *found, Finding *best)
{
	if (best->rule == NULL ||
	    (!is_sure(best) &&
		found->rule->confidence > best->rule->confidence))
		*best = *found;
}

/* Enhanced code of the reply, Status field, reply code and the rest. */
static void try_all_codes(const Judging *judging, RuleLevel level,
    Finding *best)
{
	Finding found;
	bool is_guess;

	if (judging->facts.inner[0] != '\0' &&
	    try_codes(judging, level, "diagnostic", judging->facts.inner,
		&found))
		keep_surer(&found, best);
	/* where the reply has a code of its own that says something, the field
	   is a guess: sendmail writes 5.1.1 beside any 550 to RCPT */
	is_guess = best->rule != NULL &&
		   best->rule->reason != VP_REASON_UNKNOWN &&
		   facts_believe_reply(&judging->facts);
	if (judging->facts.field[0] != '\0' &&
	    try_codes(judging, level, "status", judging->facts.field, &found) &&
	    !is_guess)
		keep_surer(&found, best);
	if (try_codes(judging, level, "", "", &found))
		keep_surer(&found, best);
}

/* ---- the decision ---- */

/* A level that may hold both kinds of rules, `first` and `last`. */
static void try_mixed(const Judging *judging, RuleLevel level, Finding *best)
{
	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		const Source *source = &judging->facts.sources[i];

		if (source->is_read && try_words(judging, level, source, 0,
					   source->reply.len, best))
			return;
	}
	if (best->rule == NULL)
		try_all_codes(judging, level, best);
}

enum { MARKS = 8 }; /* "-> <", ">:" around an address alone */

/* Nothing is said of any recipient by name: what the prose says is of all. */
static bool is_of_all(const Report *report)
{
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *recipient =
		    g_ptr_array_index(report->recipients, i);

		if (*recipient->diagnostic != '\0' ||
		    *recipient->status != '\0' ||
		    strlen(recipient->text) >
			strlen(recipient->final_recipient) + MARKS)
			return false;
	}
	return true;
}

static void try_weak_words(Judging *judging, Finding *best)
{
	const Source *message = &judging->facts.sources[SOURCE_MESSAGE];

	for (unsigned i = 0; i < SOURCE_MESSAGE; i++) {
		const Source *source = &judging->facts.sources[i];

		if (source->is_read &&
		    (try_said(judging, LEVEL_WEAK, source, 0, source->reply.len,
			 best) ||
			try_words(judging, LEVEL_WEAK, source, 0,
			    source->reply.len, best)))
			return;
	}
	/* prose that speaks of several recipients says nothing of one */
	if (judging->facts.report->recipients->len > 1 &&
	    judging->facts.recipient != NULL &&
	    !is_of_all(judging->facts.report))
		return;
	facts_read_message(&judging->facts);
	if (try_phrases(judging, message, best))
		return;
	/* weak words of prose that is about everything mean nothing */
	if (!judging->facts.sources[SOURCE_DIAGNOSTIC].is_read &&
	    !judging->facts.sources[SOURCE_TEXT].is_read)
		(void)try_words(judging, LEVEL_WEAK, message, 0,
		    message->reply.len, best);
}

/* Code and words say different things where no phrase speaks: what is left of
   a hard code beside words of spam, of "later"? */
static void try_doubts(Judging *judging, const Finding *codes, Finding *best)
{
	const Source *sources = judging->facts.sources;
	const Source *source = sources[SOURCE_DIAGNOSTIC].is_read
				   ? &sources[SOURCE_DIAGNOSTIC]
				   : &sources[SOURCE_TEXT];

	/* prose that goes on and on speaks of everything */
	/* a rule of a provider, or of two codes that agree, knows */
	if (codes->rule == NULL || !source->is_read ||
	    source->reply.len > BOUND_DOUBTED ||
	    codes->rule->n_providers != 0 ||
	    (codes->rule->status->len != 0 && codes->rule->codes->len != 0) ||
	    vp_reason_class(codes->rule->reason) != VP_CLASS_HARD)
		return;
	judging->facts.doubted = codes->matched;
	if (!try_said(judging, LEVEL_DOUBT, source, 0, source->reply.len, best))
		(void)try_words(judging, LEVEL_DOUBT, source, 0,
		    source->reply.len, best);
	judging->facts.doubted = NULL;
}

static void decide(Judging *judging, Finding *best, Finding *codes)
{
	Finding weak = { 0 };

	try_mixed(judging, LEVEL_FIRST, best);
	if (best->rule != NULL && judging->trace == NULL)
		return;
	if (!try_phrases(judging, &judging->facts.sources[SOURCE_DIAGNOSTIC],
		best)) {
		if (best->rule == NULL)
			facts_read_text(&judging->facts);
		if (!try_phrases(judging, &judging->facts.sources[SOURCE_TEXT],
			best))
			(void)try_phrases(judging,
			    &judging->facts.sources[SOURCE_MESSAGE], best);
	}
	try_all_codes(judging, LEVEL_CODE, codes);
	if (best->rule == NULL)
		try_doubts(judging, codes, best);
	if (best->rule == NULL && is_sure(codes))
		*best = *codes;
	if (best->rule != NULL && judging->trace == NULL)
		return;
	try_weak_words(judging, &weak);
	if (best->rule != NULL)
		return;
	*best = *codes;
	if (weak.rule != NULL)
		keep_surer(&weak, best);
	if (best->rule == NULL)
		try_mixed(judging, LEVEL_LAST, best);
}

static void set_text(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static double confidence_of(const Finding *best, const Finding *codes)
{
	double confidence = best->rule->confidence;
	enum vp_class by_codes;

	/* codes that know nothing, are themselves the verdict or are weighed
	   in it */
	if (codes->rule == NULL || best->rule->level == LEVEL_DOUBT ||
	    codes->rule == best->rule || best->rule->matches->len == 0 ||
	    codes->rule->reason == VP_REASON_UNKNOWN)
		return confidence;
	by_codes = vp_reason_class(codes->rule->reason);
	if (by_codes == vp_reason_class(best->rule->reason))
		return MAX(confidence,
		    MIN(confidence + (1 - confidence) / 2, CONFIDENCE_MAX));
	return MAX(confidence - 0.1, 0);
}

/* Whether REASON says something of the mailbox or domain written to. */
static bool is_of_address(enum vp_reason reason)
{
	return reason == VP_REASON_BAD_MAILBOX ||
	       reason == VP_REASON_BAD_DOMAIN || reason == VP_REASON_MOVED ||
	       reason == VP_REASON_DISABLED || reason == VP_REASON_MAILBOX_FULL;
}

static Party find_party(const Facts *facts, const Finding *best,
    char **ret_named)
{
	const char *said = facts_said(facts, best->source);
	Party party = party_named(facts->report, facts->recipient, said,
	    ret_named);

	if (best->rule->reason != VP_REASON_BAD_DOMAIN || **ret_named != '\0')
		return party;
	g_free(*ret_named);
	return party_domain_named(facts->report, facts->recipient, said,
	    ret_named);
}

/* What is said of somebody else's address is not held against this one. */
static void give_to_party(const Facts *facts, const Finding *best,
    Verdict *verdict)
{
	g_autofree char *named = NULL;
	Party party;

	if (facts->recipient == NULL || !is_of_address(verdict->reason))
		return;
	party = find_party(facts, best, &named);
	if (party != PARTY_SENDER && party != PARTY_OTHER)
		return;
	verdict->reason = party == PARTY_SENDER ? VP_REASON_BLOCKED
						: VP_REASON_UNKNOWN;
	verdict->class_ = vp_reason_class(verdict->reason);
	verdict->confidence = MIN(verdict->confidence,
	    party == PARTY_SENDER ? CONFIDENCE_DEMOTED : CONFIDENCE_NONE);
	verdict->confirm = 0;
	set_text(&verdict->source,
	    party == PARTY_SENDER ? "sender-named" : "other-recipient-named");
	set_text(&verdict->matched, named);
}

static Verdict *make_verdict(const Facts *facts, const Finding *best,
    const Finding *codes)
{
	Verdict *verdict = verdict_new();

	verdict->smtp_code = facts->code;
	set_text(&verdict->status, facts_status(facts));
	if (facts->provider >= 0) {
		const Provider *provider =
		    g_ptr_array_index(facts->rules->book->providers,
			(unsigned)facts->provider);

		set_text(&verdict->provider, provider->name);
	}
	if (best->rule == NULL)
		return verdict;
	verdict->reason = best->rule->reason;
	verdict->class_ = vp_reason_class(verdict->reason);
	verdict->confidence = confidence_of(best, codes);
	verdict->confirm = best->rule->confirm;
	verdict->part = best->part;
	set_text(&verdict->rule, best->rule->id);
	set_text(&verdict->source, best->source);
	set_text(&verdict->matched, best->matched);
	give_to_party(facts, best, verdict);
	if (verdict->class_ == VP_CLASS_HARD && facts_are_temporary(facts)) {
		verdict->class_ = VP_CLASS_SOFT;
		verdict->confidence = MIN(verdict->confidence,
		    CONFIDENCE_DEMOTED);
	}
	if (facts->action == ACTION_DELAYED)
		verdict->class_ = VP_CLASS_DELAYED;
	return verdict;
}

/* A phrase says that nobody is there, and words beside it speak of something
   else: "user unknown, says the filter".  Twice, then. */
static bool is_contradicted(Judging *judging, const Finding *best)
{
	const Source *source = &judging->facts.sources[SOURCE_DIAGNOSTIC];
	Finding against = { 0 };
	size_t said;

	if (best->rule->level != LEVEL_PHRASE || best->rule->n_providers != 0 ||
	    best->rule->reason != VP_REASON_BAD_MAILBOX ||
	    strcmp(best->source, "diagnostic") != 0 || !source->is_read)
		return false;
	said = reply_advice(source->reply.text, source->reply.len);
	judging->facts.doubted = "5.1.1";
	(void)try_words(judging, LEVEL_DOUBT, source, 0, said, &against);
	return against.rule != NULL &&
	       vp_reason_class(against.rule->reason) != VP_CLASS_HARD;
}

static void mark_winner(const GPtrArray *trace, const Finding *best)
{
	if (trace == NULL || best->rule == NULL)
		return;
	for (unsigned i = 0; i < trace->len; i++) {
		Evidence *evidence = g_ptr_array_index(trace, i);

		if (strcmp(evidence->rule, best->rule->id) == 0 &&
		    strcmp(evidence->source, best->source) == 0) {
			evidence->is_winner = true;
			return;
		}
	}
}

Verdict *rules_judge_as(const RuleSet *rules, const Report *report,
    const ReportRecipient *recipient, int provider, GPtrArray *trace)
{
	Judging judging = { .trace = trace };
	g_autoptr(PatternRoom) room = pattern_room_new();
	Finding best = { 0 }, codes = { 0 };
	Verdict *verdict;

	judging.room = room;
	facts_init(&judging.facts, rules, report, recipient, provider);
	decide(&judging, &best, &codes);
	mark_winner(trace, &best);
	verdict = make_verdict(&judging.facts, &best, &codes);
	if (verdict->class_ == VP_CLASS_HARD && verdict->confirm == 0 &&
	    is_contradicted(&judging, &best))
		verdict->confirm = 2;
	facts_clear(&judging.facts);
	return verdict;
}

Verdict *rules_judge(const RuleSet *rules, const Report *report,
    const ReportRecipient *recipient, GPtrArray *trace)
{
	return rules_judge_as(rules, report, recipient, -1, trace);
}

void evidence_free(Evidence *evidence)
{
	if (evidence == NULL)
		return;
	g_free(evidence->source);
	g_free(evidence->rule);
	g_free(evidence->matched);
	g_free(evidence);
}
