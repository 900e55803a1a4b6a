/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Return paths that others wrote: campaign and recipient in words, signed by
   nobody.  Every pattern, the built-in ones too, is a PCRE2 expression over the
   whole local part; the first that matches decides. */

#define PCRE2_CODE_UNIT_WIDTH 8

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "token_private.h"

#include <pcre2.h>
#include <string.h>

/* What may stand for a campaign; that it is a valid name is looked at when the
   match is read. */
#define NAME "[a-z0-9][a-z0-9._-]*"

/* The recipient as VERP writes it.  Decoded at the last "=": a local part may
   have that too. */
#define VERP "(?<local>.+)=(?<domain>[^=+]+)"

/* The built-in patterns, several to a name where a system writes several
   forms. */
static const struct {
	const char *name;
	const char *regex;
	const char *campaign_prefix;
	const char *base_suffix; /* when the expression has no group `base` */
	bool is_list;            /* the list's own address, which anybody can
				    guess: trusting the pattern does not mean it */
} built_ins[] = {
	/* Postfix, VERP_README, with its default delimiters "+=" */
	{ "postfix", "(?<base>(?<campaign>" NAME "))\\+" VERP, "", "", false },

	/* ezmlm-return(1): list-return-MSGNUM-local=domain; warnings and
	   probes with a word and a cookie before the address */
	{ "qmail",
	    "(?<base>(?<campaign>" NAME "?)-return"
	    "(?:-[0-9]+|-(?:warn|probe)-[^-]+))-" VERP,
	    "", "", false },
	/* qmail-send(8), VERP: sender list-owner-@domain-@[] */
	{ "qmail", "(?<base>(?<campaign>" NAME "?)-owner)-" VERP, "", "",
	    false },
	/* The same with any sender.  Who can tell where list-name ends and
	   ana-maria begins?  At the first "-", we say. */
	{ "qmail", "(?<base>(?<campaign>[a-z0-9][a-z0-9._]*))-" VERP, "", "",
	    false },
	{ "qmail", "(?<campaign>" NAME "?)-(?:return(?:-[0-9]+)?|owner)", "",
	    "", true },

	/* GNU Mailman 2 and 3: verp_format is bounces+mailbox=host */
	{ "mailman", "(?<base>(?<campaign>" NAME "?)-bounces)\\+" VERP, "", "",
	    false },
	{ "mailman", "(?<campaign>" NAME "?)-bounces", "", "", true },

	/* Sympa: bounce+local==a==domain==list, with ==w or ==r when it probes
	   and ==NUMBER when it tracks */
	{ "sympa",
	    "(?:bounce\\+)?(?<local>.+)==a==(?<domain>[^=+]+)=="
	    "(?<campaign>" NAME "?)(?:==[a-z0-9_]+)?",
	    "", "-owner", false },
	{ "sympa", "(?<campaign>" NAME "?)-owner", "", "", true },

	/* CiviMail: b.JOB.QUEUE.HASH, perhaps after a mailbox and its
	   delimiter.  QUEUE is a row of CiviCRM's: whom it means we cannot
	   know. */
	{ "civimail",
	    "(?:[a-z0-9._-]+[+-])?b([._-])(?<campaign>[0-9]+)"
	    "\\1[0-9]+\\1[0-9a-z]{16}",
	    "civi-", "", false },
};

/* One expression, ready to run. */
typedef struct ForeignRule {
	char *name;
	pcre2_code *code;
	const char *campaign_prefix;
	const char *base_suffix;
	bool is_trusted;
	bool names_recipient;
} ForeignRule;

struct ForeignSet {
	GPtrArray *rules;
	pcre2_match_context *context; /* only read once it is made */
	uint32_t n_groups; /* of the rule that has most, and the whole match */
};

static void rule_free(ForeignRule *rule)
{
	g_free(rule->name);
	pcre2_code_free(rule->code);
	g_free(rule);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForeignSet, foreign_set_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(pcre2_match_data, pcre2_match_data_free)

static bool has_group(const pcre2_code *code, const char *name)
{
	/* negative: none, or a number that two groups of that name share */
	int number = pcre2_substring_number_from_name(code, (PCRE2_SPTR)name);

	return number > 0 || number == PCRE2_ERROR_NOUNIQUESUBSTRING;
}

static pcre2_code *code_new(const char *regex, GError **error)
{
	const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED |
				 PCRE2_CASELESS | PCRE2_UTF |
				 PCRE2_MATCH_INVALID_UTF |
				 PCRE2_NEVER_BACKSLASH_C;
	int code;
	PCRE2_SIZE at;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)regex,
	    PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
	PCRE2_UCHAR text[128] = "";

	if (compiled == NULL) {
		(void)pcre2_get_error_message(code, text, sizeof text);
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s at character %" G_GSIZE_FORMAT, text, at + 1);
		return NULL;
	}
	/* without JIT it is slower, that is all */
	(void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
	return compiled;
}

static ForeignRule *set_add(ForeignSet *set, const ForeignPattern *pattern,
    const char *regex, GError **error)
{
	pcre2_code *code = code_new(regex, error);
	ForeignRule *rule;
	uint32_t n_groups = 0;

	if (code == NULL)
		return NULL;
	rule = g_new0(ForeignRule, 1);
	rule->name = g_strdup(pattern->name);
	rule->code = code;
	rule->campaign_prefix = "";
	rule->base_suffix = "";
	rule->is_trusted = pattern->is_trusted;
	rule->names_recipient = has_group(code, "recipient") ||
				has_group(code, "local");
	g_ptr_array_add(set->rules, rule);
	(void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
	set->n_groups = MAX(set->n_groups, n_groups + 1);
	return rule;
}

static bool add_built_in(ForeignSet *set, const ForeignPattern *pattern,
    GError **error)
{
	bool is_known = false;

	for (unsigned i = 0; i < G_N_ELEMENTS(built_ins); i++) {
		ForeignRule *rule;

		if (strcmp(built_ins[i].name, pattern->name) != 0)
			continue;
		is_known = true;
		rule = set_add(set, pattern, built_ins[i].regex, error);
		if (rule == NULL)
			return false;
		rule->campaign_prefix = built_ins[i].campaign_prefix;
		rule->base_suffix = built_ins[i].base_suffix;
		rule->is_trusted = pattern->is_trusted && !built_ins[i].is_list;
	}
	if (!is_known)
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "no built-in pattern of that name (there are postfix, "
		    "qmail, mailman, sympa, civimail)");
	return is_known;
}

static bool add_own(ForeignSet *set, const ForeignPattern *pattern,
    GError **error)
{
	ForeignRule *rule = set_add(set, pattern, pattern->regex, error);

	if (rule == NULL)
		return false;
	if (has_group(rule->code, "campaign") &&
	    (has_group(rule->code, "recipient") ||
		(has_group(rule->code, "local") &&
		    has_group(rule->code, "domain"))))
		return true;
	g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
	    "lacks the groups (?<campaign>...) and (?<recipient>...), or "
	    "(?<local>...) and (?<domain>...)");
	return false;
}

ForeignSet *foreign_set_new(const ForeignPattern *patterns, unsigned n,
    GError **error)
{
	g_autoptr(ForeignSet) set = g_new0(ForeignSet, 1);

	set->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	set->context = pcre2_match_context_create(NULL);
	set->n_groups = 1;
	pcre2_set_match_limit(set->context, BOUND_MATCH);
	pcre2_set_depth_limit(set->context, BOUND_MATCH_DEPTH);
	pcre2_set_heap_limit(set->context, BOUND_MATCH_HEAP);
	for (unsigned i = 0; i < n; i++) {
		bool done = patterns[i].regex == NULL
				? add_built_in(set, &patterns[i], error)
				: add_own(set, &patterns[i], error);

		if (!done) {
			g_prefix_error(error,
			    "pattern \"%s\": ", patterns[i].name);
			return NULL;
		}
	}
	return g_steal_pointer(&set);
}

void foreign_set_free(ForeignSet *set)
{
	if (set == NULL)
		return;
	g_ptr_array_unref(set->rules);
	pcre2_match_context_free(set->context);
	g_free(set);
}

/* What group NAME matched, or NULL when there is none or it is empty. */
static char *group_get(pcre2_match_data *match, const char *name)
{
	PCRE2_UCHAR *text = NULL;
	PCRE2_SIZE len;
	char *copy = NULL;

	if (pcre2_substring_get_byname(match, (PCRE2_SPTR)name, &text, &len) !=
	    0)
		return NULL;
	if (len > 0)
		copy = g_strndup((const char *)text, len);
	pcre2_substring_free(text);
	return copy;
}

/* The "@" or "=" that divides RECIPIENT, of which neither can stand in a
   domain. */
static char *divider(char *recipient)
{
	char *at = strrchr(recipient, '@');
	char *equals = strrchr(recipient, '=');

	return at == NULL || (equals != NULL && equals > at) ? equals : at;
}

/* The recipient of a match, folded; NULL when it is no address.  The quotes of
   a quoted local part are left away by most who write return paths, and by
   Postfix for its queue but not for its own reports. */
static char *recipient_get(pcre2_match_data *match)
{
	g_autofree char *whole = group_get(match, "recipient");
	g_autofree char *local = group_get(match, "local");
	g_autofree char *domain = group_get(match, "domain");
	char *at;

	if (whole == NULL && local != NULL && domain != NULL)
		whole = g_strconcat(local, "=", domain, NULL);
	at = whole != NULL ? divider(whole) : NULL;
	if (at == NULL)
		return NULL;
	*at = '@';
	return address_fold_unquoted(whole);
}

/* Fills TOKEN from what RULE matched of LOCAL; false when campaign or recipient turn out
   to be none. */
static bool match_read(const ForeignRule *rule, pcre2_match_data *match,
    const char *prefix, const char *local, const char *domain, Token *token)
{
	g_autofree char *name = group_get(match, "campaign");
	g_autofree char *base = group_get(match, "base");
	g_autofree char *campaign = NULL;
	g_autofree char *recipient = NULL;

	if (name == NULL)
		return false;
	campaign = g_strconcat(rule->campaign_prefix, name, NULL);
	if (!campaign_name_is_valid(campaign))
		return false;
	if (rule->names_recipient) {
		recipient = recipient_get(match);
		if (recipient == NULL)
			return false;
	}
	if (!rule->names_recipient)
		token_set_take(&base, g_strdup(local));
	else if (base == NULL)
		base = g_strconcat(name, rule->base_suffix, NULL);
	token->check = rule->is_trusted ? TOKEN_TRUSTED : TOKEN_UNSIGNED;
	token->form = recipient != NULL ? TOKEN_FOREIGN : TOKEN_BASE;
	token_set_take(&token->campaign, g_steal_pointer(&campaign));
	if (recipient != NULL)
		token_set_take(&token->recipient, g_steal_pointer(&recipient));
	token_set_take(&token->base,
	    g_strconcat(prefix, base, "@", domain, NULL));
	token_set_take(&token->pattern, g_strdup(rule->name));
	return true;
}

bool foreign_set_decode(const ForeignSet *set, const char *prefix,
    const char *local, const char *domain, Token *token)
{
	g_autoptr(pcre2_match_data)
	    match = pcre2_match_data_create(set->n_groups, NULL);

	for (unsigned i = 0; i < set->rules->len; i++) {
		const ForeignRule *rule = g_ptr_array_index(set->rules, i);

		/* a limit that was hit is no match */
		if (pcre2_match(rule->code, (PCRE2_SPTR)local,
			PCRE2_ZERO_TERMINATED, 0, 0, match, set->context) > 0 &&
		    match_read(rule, match, prefix, local, domain, token))
			return true;
	}
	return false;
}
