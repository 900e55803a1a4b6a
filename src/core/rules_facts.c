/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gathering what rules ask about.  The diagnostic is read at once; prose, which
   mostly repeats it, only when that was not enough. */

#include "rules_facts.h"

#include "address.h"
#include "status.h"

#include <string.h>

static const char *domain_of(const char *address)
{
	const char *domain = address_domain(address);

	return domain != NULL ? domain : "";
}

static bool is_of_label(char c)
{
	return g_ascii_isalnum(c) || c == '-' || c == '_';
}

/* Makes DOMAIN, and what ends in it, a name that is no words wherever it stands
   in TEXT: "there is no mailbox at spam-policy.example". */
static void hide_domain(char *text, const char *domain)
{
	size_t len = strlen(domain);

	if (strchr(domain, '.') == NULL)
		return;
	for (char *p = strcasestr(text, domain); p != NULL;
	     p = strcasestr(p + len, domain)) {
		if ((p > text && is_of_label(p[-1])) || is_of_label(p[len]) ||
		    (p[len] == '.' && is_of_label(p[len + 1])))
			continue;
		for (size_t i = 0; i < len; i++)
			if (p[i] != '.')
				p[i] = 'x';
	}
}

static void source_read(Facts *facts, SourceId id, const char *name,
    const char *text, unsigned part)
{
	Source *source = &facts->sources[id];
	const RuleSet *rules = facts->rules;
	const ReportRecipient *recipient = facts->recipient;

	source->is_read = true;
	source->name = name;
	source->part = part;
	reply_read(text, &source->reply);
	source->hits = g_memdup2(rules->always, rules->n_bits / 8 + 1);
	literal_filter_scan(rules->filter, source->reply.text,
	    source->reply.len, source->hits);
	/* providers are known by whom one is to write to, too */
	literal_filter_scan(rules->filter, source->reply.domains,
	    strlen(source->reply.domains), source->hits);
	if (recipient == NULL)
		return;
	hide_domain(source->reply.text, domain_of(recipient->final_recipient));
	hide_domain(source->reply.text,
	    domain_of(recipient->original_recipient));
}

void facts_read_message(Facts *facts)
{
	const Report *report = facts->report;
	g_autofree char *text = NULL;

	if (facts->sources[SOURCE_MESSAGE].is_read)
		return;
	text = report->kind == REPORT_DSN
		   ? g_strdup(report->text)
		   : g_strconcat(report->subject, "\n", report->text, NULL);
	source_read(facts, SOURCE_MESSAGE, "message", text, report->text_part);
}

/* How surely a provider runs the recipient's mail: the server that answered is
   best, then what it said, then the recipient's domain, and last who wrote the
   report. */
enum { OF_NOTHING, OF_REPORTER, OF_DOMAIN, OF_TEXT, OF_SERVER };

static void mark_providers(Facts *facts)
{
	const RuleSet *rules = facts->rules;
	const ReportRecipient *recipient = facts->recipient;
	const Report *report = facts->report;
	uint8_t *evidence = facts->evidence;

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

static bool is_in_text(const Facts *facts, unsigned provider)
{
	unsigned id = rules_n_patterns(facts->rules) + provider;

	for (unsigned k = 0; k < SOURCE_COUNT; k++) {
		const Source *source = &facts->sources[k];

		if (source->is_read && literal_is_hit(source->hits, id))
			return true;
	}
	return false;
}

static void find_providers(Facts *facts)
{
	unsigned n = facts->rules->book->providers->len;
	uint8_t *evidence = facts->evidence;
	uint8_t best = OF_NOTHING;

	mark_providers(facts);
	facts->provider = -1;
	for (unsigned i = 0; i < n; i++) {
		if (evidence[i] < OF_TEXT && is_in_text(facts, i))
			evidence[i] = OF_TEXT;
		if (evidence[i] <= best)
			continue;
		best = evidence[i];
		facts->provider = (int)i;
	}
	if (facts->given >= 0) {
		facts->provider = facts->given;
		evidence[facts->given] = OF_SERVER;
	}
}

/* Takes codes and stage from SOURCE where none is known yet. */
static void take_codes(Facts *facts, const Source *source)
{
	if (facts->code == 0 && facts->inner[0] == '\0') {
		facts->code = source->reply.code;
		facts->inner = source->reply.status;
		facts->is_inner_first = source->reply.is_status_first;
	}
	if (facts->stage == STAGE_UNKNOWN)
		facts->stage = source->reply.stage;
}

/* Whether a rule wants words before anything else is looked at. */
static bool has_first_words(const RuleSet *rules)
{
	return rules->first[LEVEL_FIRST + 1] > rules->first[LEVEL_FIRST];
}

/* Whether there was any yet unread. */
static bool read_text(Facts *facts)
{
	const ReportRecipient *recipient = facts->recipient;
	Source *source = &facts->sources[SOURCE_TEXT];

	if (recipient == NULL || facts->report->kind != REPORT_DSN ||
	    recipient->text[0] == '\0' || source->is_read)
		return false;
	source_read(facts, SOURCE_TEXT, "text", recipient->text,
	    facts->report->text_part);
	take_codes(facts, source);
	return true;
}

static void read_diagnostic(Facts *facts)
{
	const ReportRecipient *recipient = facts->recipient;
	Source *source = &facts->sources[SOURCE_DIAGNOSTIC];

	facts->action = recipient->action;
	facts->stage = recipient->stage;
	facts->type = recipient->diagnostic_type;
	facts->field = recipient->status;
	if (recipient->diagnostic[0] != '\0') {
		source_read(facts, SOURCE_DIAGNOSTIC, "diagnostic",
		    recipient->diagnostic, recipient->part);
		take_codes(facts, source);
	}
	if (facts->code == 0 || has_first_words(facts->rules))
		(void)read_text(facts);
	if (facts->stage == STAGE_UNKNOWN)
		facts->stage = reply_stage(recipient->text);
	if (facts->stage == STAGE_UNKNOWN &&
	    facts->report->recipients->len == 1)
		facts->stage = reply_stage(facts->report->text);
}

void facts_init(Facts *facts, const RuleSet *rules, const Report *report,
    const ReportRecipient *recipient, int provider)
{
	*facts = (Facts){ .rules = rules,
		.report = report,
		.recipient = recipient,
		.type = "",
		.inner = "",
		.field = "",
		.evidence = g_new0(uint8_t, rules->book->providers->len + 1),
		.given = provider };
	if (recipient != NULL && report->kind == REPORT_DSN)
		read_diagnostic(facts);
	if (!facts->sources[SOURCE_DIAGNOSTIC].is_read &&
	    !facts->sources[SOURCE_TEXT].is_read &&
	    (recipient == NULL || report->recipients->len <= 1)) {
		facts_read_message(facts);
		take_codes(facts, &facts->sources[SOURCE_MESSAGE]);
	}
	find_providers(facts);
}

void facts_clear(Facts *facts)
{
	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		reply_clear(&facts->sources[i].reply);
		g_free(facts->sources[i].hits);
	}
	g_free(facts->evidence);
}

void facts_read_text(Facts *facts)
{
	if (read_text(facts))
		find_providers(facts);
}

/* Where the reply CODE begins in TEXT, or NULL. */
static const char *find_reply(const char *text, unsigned code)
{
	char digits[16];

	if (code == 0)
		return NULL;
	g_snprintf(digits, sizeof(digits), "%u", code);
	for (const char *p = strstr(text, digits); p != NULL;
	     p = strstr(p + 1, digits))
		if ((p == text || !g_ascii_isalnum(p[-1])) &&
		    !g_ascii_isalnum(p[strlen(digits)]))
			return p;
	return NULL;
}

const char *facts_said(const Facts *facts, const char *source)
{
	const ReportRecipient *recipient = facts->recipient;
	const char *text, *reply;

	if (recipient == NULL)
		return "";
	if (strcmp(source, "message") == 0)
		text = facts->report->text;
	else if (strcmp(source, "text") == 0 || *recipient->diagnostic == '\0')
		text = recipient->text;
	else
		text = recipient->diagnostic;
	reply = find_reply(text, facts->code);
	if (reply != NULL)
		return reply;
	return text == recipient->diagnostic ? text : "";
}

bool facts_are_temporary(const Facts *facts)
{
	if (facts->code != 0 || facts->inner[0] != '\0')
		return facts->code / 100 == 4 || facts->inner[0] == '4';
	return facts->field[0] == '4';
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

/* The reply's own code is nearer to what happened than the Status field of
   whoever reported it.  Not if it says less, nor if the reporter says "later"
   where the reply says "never", or the other way about: that he has thought
   over, as Postfix does with refusals at the greeting.  A code among the words,
   "(#5.7.1)", is not SMTP's: rules hear it, but it replaces no Status field. */
bool facts_believe_reply(const Facts *facts)
{
	const char *inner = facts->inner;
	const char *field = facts->field;

	return inner[0] != '\0' &&
	       (facts->is_inner_first || field[0] == '\0') &&
	       status_vagueness(inner) <= status_vagueness(field) &&
	       (inner[0] == field[0] || defers_to_reply(field));
}

const char *facts_status(const Facts *facts)
{
	return facts_believe_reply(facts) ? facts->inner : facts->field;
}
