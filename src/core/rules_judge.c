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
   4. Weak words, and the prose of the report as a whole, if no code was sure;
      then the surer of the two.
   5. Rules of level `last`.

   Two things no rule decides.  A report that says `delayed` is of class delayed
   whatever the reason, for it is still being tried.  And a server that answered
   with a temporary code does not make an address hard, whatever its words are:
   the queue has given up, not the server.

   Confidence is the rule's.  When words decided and the codes on their own
   would have said the same class, half of what is missing to 1 is added; when
   they would have said another, a tenth is taken off. */

#include "rules_private.h"

#include "address.h"
#include "bounds.h"
#include "reply.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* Codes as sure as this are not questioned: no weak words are asked. */
#define SURE               0.75
#define CONFIDENCE_MAX     0.99
#define CONFIDENCE_DEMOTED 0.8

typedef enum SourceId {
	SOURCE_DIAGNOSTIC,
	SOURCE_TEXT,    /* prose about this recipient */
	SOURCE_MESSAGE, /* prose of the report */
} SourceId;
#define SOURCE_COUNT (SOURCE_MESSAGE + 1)

typedef struct Source {
	bool is_read;
	const char *name;
	unsigned part;
	Reply reply;
	uint8_t *hits; /* by number: a pattern is worth a try in the text */
} Source;

/* One thing that a rule found. */
typedef struct Finding {
	const Rule *rule; /* NULL: nothing found */
	const char *source;
	unsigned part;
	char matched[BOUND_MATCHED + 1];
	unsigned offset;
} Finding;

typedef struct Judging {
	const RuleSet *rules;
	const Report *report;
	const ReportRecipient *recipient; /* or NULL */
	GPtrArray *trace;                 /* or NULL */
	PatternRoom *room;
	/* the facts that conditions ask about */
	ReportAction action;
	SmtpStage stage;
	const char *type;
	unsigned code;
	const char *inner;   /* enhanced code of the reply, or "" */
	bool is_inner_first; /* before its words, where SMTP has it */
	const char *field;   /* Status field, or "" */
	uint8_t *evidence;   /* by provider: how surely it is one, see below */
	int provider;        /* the one to name, or -1 */
	int given;           /* said to be recognised by the caller, or -1 */
	Source sources[SOURCE_COUNT];
} Judging;

/* ---- facts ---- */

static void source_read(Judging *judging, SourceId id, const char *name,
    const char *text, unsigned part)
{
	Source *source = &judging->sources[id];
	const RuleSet *rules = judging->rules;

	source->is_read = true;
	source->name = name;
	source->part = part;
	reply_read(text, &source->reply);
	source->hits = g_memdup2(rules->always, rules->n_bits / 8 + 1);
	literal_filter_scan(rules->filter, source->reply.text,
	    source->reply.len, source->hits);
}

/* The prose as a whole, which is long: read only when it is needed. */
static void read_message(Judging *judging)
{
	const Report *report = judging->report;
	g_autofree char *text = NULL;

	if (judging->sources[SOURCE_MESSAGE].is_read)
		return;
	text = report->kind == REPORT_DSN
		   ? g_strdup(report->text)
		   : g_strconcat(report->subject, "\n", report->text, NULL);
	source_read(judging, SOURCE_MESSAGE, "message", text,
	    report->text_part);
}

static const char *domain_of(const char *address)
{
	const char *domain = address_domain(address);

	return domain != NULL ? domain : "";
}

/* How surely a provider runs the recipient's mail: the server that answered is
   best, then what it said, then the recipient's domain, and last who wrote the
   report. */
enum { OF_NOTHING, OF_REPORTER, OF_DOMAIN, OF_TEXT, OF_SERVER };

static void mark_providers(Judging *judging)
{
	const RuleSet *rules = judging->rules;
	const ReportRecipient *recipient = judging->recipient;
	const Report *report = judging->report;
	uint8_t *evidence = judging->evidence;

	glob_index_mark(rules->hosts, report->reporting_mta, OF_REPORTER,
	    evidence);
	glob_index_mark(rules->hosts, domain_of(report->from), OF_REPORTER,
	    evidence);
	if (recipient == NULL)
		return;
	glob_index_mark(rules->domains, domain_of(recipient->final_recipient),
	    OF_DOMAIN, evidence);
	glob_index_mark(rules->domains,
	    domain_of(recipient->original_recipient), OF_DOMAIN, evidence);
	glob_index_mark(rules->hosts, recipient->remote_mta, OF_SERVER,
	    evidence);
}

static bool is_in_text(const Judging *judging, unsigned provider)
{
	unsigned id = rules_n_patterns(judging->rules) + provider;

	for (unsigned k = 0; k < SOURCE_COUNT; k++) {
		const Source *source = &judging->sources[k];

		if (source->is_read && literal_is_hit(source->hits, id))
			return true;
	}
	return false;
}

static void find_providers(Judging *judging)
{
	unsigned n = judging->rules->book->providers->len;
	uint8_t *evidence = judging->evidence;
	uint8_t best = OF_NOTHING;

	mark_providers(judging);
	judging->provider = -1;
	for (unsigned i = 0; i < n; i++) {
		if (evidence[i] < OF_TEXT && is_in_text(judging, i))
			evidence[i] = OF_TEXT;
		if (evidence[i] <= best)
			continue;
		best = evidence[i];
		judging->provider = (int)i;
	}
	if (judging->given >= 0) {
		judging->provider = judging->given;
		evidence[judging->given] = OF_SERVER;
	}
}

/* Takes codes and stage from SOURCE where none is known yet. */
static void take_codes(Judging *judging, const Source *source)
{
	if (judging->code == 0 && judging->inner[0] == '\0') {
		judging->code = source->reply.code;
		judging->inner = source->reply.status;
		judging->is_inner_first = source->reply.is_status_first;
	}
	if (judging->stage == STAGE_UNKNOWN)
		judging->stage = source->reply.stage;
}

/* Whether a rule wants words before anything else is looked at. */
static bool has_first_words(const RuleSet *rules)
{
	return rules->first[LEVEL_FIRST + 1] > rules->first[LEVEL_FIRST];
}

/* The prose about this recipient mostly repeats the diagnostic: it is read
   when that is not enough.  Whether there was any yet unread. */
static bool read_text(Judging *judging)
{
	const ReportRecipient *recipient = judging->recipient;
	Source *source = &judging->sources[SOURCE_TEXT];

	if (recipient == NULL || judging->report->kind != REPORT_DSN ||
	    recipient->text[0] == '\0' || source->is_read)
		return false;
	source_read(judging, SOURCE_TEXT, "text", recipient->text,
	    judging->report->text_part);
	take_codes(judging, source);
	return true;
}

static void read_diagnostic(Judging *judging)
{
	const ReportRecipient *recipient = judging->recipient;
	Source *source = &judging->sources[SOURCE_DIAGNOSTIC];

	judging->action = recipient->action;
	judging->stage = recipient->stage;
	judging->type = recipient->diagnostic_type;
	judging->field = recipient->status;
	if (recipient->diagnostic[0] != '\0') {
		source_read(judging, SOURCE_DIAGNOSTIC, "diagnostic",
		    recipient->diagnostic, recipient->part);
		take_codes(judging, source);
	}
	if (judging->code == 0 || has_first_words(judging->rules))
		(void)read_text(judging);
	if (judging->stage == STAGE_UNKNOWN)
		judging->stage = reply_stage(recipient->text);
	if (judging->stage == STAGE_UNKNOWN &&
	    judging->report->recipients->len == 1)
		judging->stage = reply_stage(judging->report->text);
}

static void gather_facts(Judging *judging)
{
	const Report *report = judging->report;

	judging->type = judging->inner = judging->field = "";
	if (judging->recipient != NULL && report->kind == REPORT_DSN)
		read_diagnostic(judging);
	if (!judging->sources[SOURCE_DIAGNOSTIC].is_read &&
	    !judging->sources[SOURCE_TEXT].is_read &&
	    (judging->recipient == NULL || report->recipients->len <= 1)) {
		read_message(judging);
		take_codes(judging, &judging->sources[SOURCE_MESSAGE]);
	}
}

/* Whether the remote server's own codes say "later". */
static bool is_temporary(const Judging *judging)
{
	if (judging->code != 0 || judging->inner[0] != '\0')
		return judging->code / 100 == 4 || judging->inner[0] == '4';
	return judging->field[0] == '4';
}

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

static bool provider_fits(const Judging *judging, const Rule *rule)
{
	for (unsigned i = 0; i < rule->n_providers; i++)
		if (judging->evidence[rule->providers[i]] != OF_NOTHING)
			return true;
	return rule->n_providers == 0;
}

/* All conditions but those on status and on words. */
static bool conditions_hold(const Judging *judging, const Rule *rule)
{
	if ((rule->kinds & 1U << judging->report->kind) == 0)
		return false;
	if (rule->stages != 0 && (rule->stages & 1U << judging->stage) == 0)
		return false;
	if (rule->actions != 0 && (rule->actions & 1U << judging->action) == 0)
		return false;
	if (rule->codes->len != 0 && !code_fits(rule->codes, judging->code))
		return false;
	if (rule->types[0] != NULL && !word_fits(rule->types, judging->type))
		return false;
	if (rule->feedback[0] != NULL &&
	    !word_fits(rule->feedback, judging->report->feedback_type))
		return false;
	return provider_fits(judging, rule);
}

static bool any_status_fits(const Judging *judging, const Rule *rule)
{
	return rule->status->len == 0 ||
	       status_fits(rule->status, judging->inner) ||
	       status_fits(rule->status, judging->field);
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
	const RuleSet *rules = judging->rules;
	unsigned end = rules->first[level + 1];
	unsigned id = rules->first[level];

	while ((id = literal_next_hit(source->hits, id, end)) < end) {
		const Rule *rule = g_ptr_array_index(rules->owners, id);
		Finding found;

		id = rule->first_pattern + rule->matches->len;
		if (!conditions_hold(judging, rule) ||
		    !any_status_fits(judging, rule) ||
		    !words_match(judging, rule, source, from, to, &found) ||
		    is_vetoed(judging, rule, &source->reply, from, to))
			continue;
		if (keep_first(judging, &found, best))
			return true;
	}
	return false;
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
static void finding_set_fact(const Judging *judging, const Rule *rule,
    Finding *ret_finding)
{
	const Report *report = judging->report;
	unsigned part = judging->recipient != NULL ? judging->recipient->part
						   : 0;
	char code[16];

	if (rule->codes->len != 0) {
		snprintf(code, sizeof(code), "%u", judging->code);
		finding_set(ret_finding, rule, "reply-code", part, code,
		    strlen(code));
	} else if (rule->feedback[0] != NULL) {
		finding_set(ret_finding, rule, "feedback-type", part,
		    report->feedback_type, strlen(report->feedback_type));
	} else if (rule->actions != 0) {
		const char *name = action_name(judging->action);

		finding_set(ret_finding, rule, "action", part, name,
		    strlen(name));
	} else if (rule->stages != 0) {
		const char *name = stage_name(judging->stage);

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
	const GPtrArray *rules = judging->rules->levels[level];
	unsigned part = judging->recipient != NULL ? judging->recipient->part
						   : 0;

	for (unsigned i = 0; i < rules->len; i++) {
		const Rule *rule = g_ptr_array_index(rules, i);

		if (rule->matches->len != 0 ||
		    (rule->status->len == 0) != (status[0] == '\0') ||
		    !conditions_hold(judging, rule) ||
		    (status[0] != '\0' && !status_fits(rule->status, status)))
			continue;
		if (status[0] != '\0')
			finding_set(ret_finding, rule, source, part, status,
			    strlen(status));
		else
			finding_set_fact(judging, rule, ret_finding);
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

	if (judging->inner[0] != '\0' &&
	    try_codes(judging, level, "diagnostic", judging->inner, &found))
		keep_surer(&found, best);
	if (judging->field[0] != '\0' &&
	    try_codes(judging, level, "status", judging->field, &found))
		keep_surer(&found, best);
	if (try_codes(judging, level, "", "", &found))
		keep_surer(&found, best);
}

/* ---- the decision ---- */

/* A level that may hold both kinds of rules, `first` and `last`. */
static void try_mixed(const Judging *judging, RuleLevel level, Finding *best)
{
	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		const Source *source = &judging->sources[i];

		if (source->is_read && try_words(judging, level, source, 0,
					   source->reply.len, best))
			return;
	}
	if (best->rule == NULL)
		try_all_codes(judging, level, best);
}

static void try_weak_words(Judging *judging, Finding *best)
{
	const Source *message = &judging->sources[SOURCE_MESSAGE];

	for (unsigned i = 0; i < SOURCE_MESSAGE; i++) {
		const Source *source = &judging->sources[i];

		if (source->is_read && try_words(judging, LEVEL_WEAK, source, 0,
					   source->reply.len, best))
			return;
	}
	/* prose that speaks of several recipients says nothing of one */
	if (judging->report->recipients->len > 1 && judging->recipient != NULL)
		return;
	read_message(judging);
	if (try_phrases(judging, message, best))
		return;
	/* weak words of prose that is about everything mean nothing */
	if (!judging->sources[SOURCE_DIAGNOSTIC].is_read &&
	    !judging->sources[SOURCE_TEXT].is_read)
		(void)try_words(judging, LEVEL_WEAK, message, 0,
		    message->reply.len, best);
}

static void decide(Judging *judging, Finding *best, Finding *codes)
{
	Finding weak = { 0 };

	try_mixed(judging, LEVEL_FIRST, best);
	if (best->rule != NULL && judging->trace == NULL)
		return;
	if (!try_phrases(judging, &judging->sources[SOURCE_DIAGNOSTIC], best)) {
		if (best->rule == NULL && read_text(judging))
			find_providers(judging);
		if (!try_phrases(judging, &judging->sources[SOURCE_TEXT], best))
			(void)try_phrases(judging,
			    &judging->sources[SOURCE_MESSAGE], best);
	}
	try_all_codes(judging, LEVEL_CODE, codes);
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

/* Whether a Status field leaves it to the reply what happened: it says no more
   than its class, or that the queue gave up. */
static bool defers_to_reply(const char *status)
{
	StatusCode code;

	return status_vagueness(status) >= 2 ||
	       (status_parse(status, &code, NULL) && code.subject == 4 &&
		   code.detail == 7);
}

/* The enhanced code to believe: the reply's own, which is nearer to what
   happened than the Status field of whoever reported it.  Not if it says less,
   nor if the reporter says "later" where the reply says "never", or the other
   way about: that he has thought over, as Postfix does with refusals at the
   greeting.  A code among the words, "(#5.7.1)", is not SMTP's: rules hear it,
   but it replaces no Status field. */
static const char *believed_status(const Judging *judging)
{
	const char *inner = judging->inner;
	const char *field = judging->field;

	if (inner[0] != '\0' && (judging->is_inner_first || field[0] == '\0') &&
	    status_vagueness(inner) <= status_vagueness(field) &&
	    (inner[0] == field[0] || defers_to_reply(field)))
		return inner;
	return field;
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

	/* codes that know nothing, or are themselves the verdict */
	if (codes->rule == NULL || codes->rule == best->rule ||
	    best->rule->matches->len == 0 ||
	    codes->rule->reason == VP_REASON_UNKNOWN)
		return confidence;
	by_codes = vp_reason_class(codes->rule->reason);
	if (by_codes == vp_reason_class(best->rule->reason))
		return MAX(confidence,
		    MIN(confidence + (1 - confidence) / 2, CONFIDENCE_MAX));
	return MAX(confidence - 0.1, 0);
}

static Verdict *make_verdict(const Judging *judging, const Finding *best,
    const Finding *codes)
{
	Verdict *verdict = verdict_new();

	verdict->smtp_code = judging->code;
	set_text(&verdict->status, believed_status(judging));
	if (judging->provider >= 0) {
		const Provider *provider =
		    g_ptr_array_index(judging->rules->book->providers,
			(unsigned)judging->provider);

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
	if (verdict->class_ == VP_CLASS_HARD && is_temporary(judging)) {
		verdict->class_ = VP_CLASS_SOFT;
		verdict->confidence = MIN(verdict->confidence,
		    CONFIDENCE_DEMOTED);
	}
	if (judging->action == ACTION_DELAYED)
		verdict->class_ = VP_CLASS_DELAYED;
	return verdict;
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
	Judging judging = { .rules = rules,
		.report = report,
		.recipient = recipient,
		.given = provider,
		.trace = trace };
	g_autoptr(PatternRoom) room = pattern_room_new();
	Finding best = { 0 }, codes = { 0 };
	Verdict *verdict;

	judging.room = room;
	gather_facts(&judging);
	judging.evidence = g_new0(uint8_t, rules->book->providers->len + 1);
	find_providers(&judging);
	decide(&judging, &best, &codes);
	mark_winner(trace, &best);
	verdict = make_verdict(&judging, &best, &codes);
	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		reply_clear(&judging.sources[i].reply);
		g_free(judging.sources[i].hits);
	}
	g_free(judging.evidence);
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
