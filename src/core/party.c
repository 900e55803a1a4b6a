/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Compares the addresses that a refusal names with those of the report.  Whom
   the words accuse is not asked here; only who could be meant. */

#include "party.h"

#include "address.h"
#include "bounds.h"

#include <string.h>

/* What is known of the two sides.  Lent; "" for what is not known. */
enum { N_SENDERS = 5, N_RECIPIENTS = 3 };

typedef struct Sides {
	const Report *report;
	const ReportRecipient *recipient;
	const char *senders[N_SENDERS];
	const char *recipients[N_RECIPIENTS];
} Sides;

static Sides sides_of(const Report *report, const ReportRecipient *recipient)
{
	bool is_alone = report->is_returned_to_alone ||
			report->recipients->len <= 1;

	return (Sides){ .report = report,
		.recipient = recipient,
		.senders = { report->returned_return_path,
		    report->postfix_sender, report->original_mail_from,
		    report->returned_from,
		    report->kind == REPORT_DSN ? report->to : "" },
		.recipients = { recipient->final_recipient,
		    recipient->original_recipient,
		    is_alone ? report->returned_to : "" } };
}

/* ---- what is an address ---- */

static bool is_local(char c)
{
	return g_ascii_isalnum(c) ||
	       (c != '\0' && strchr(".!#$%&*+/=?^_{|}~-", c) != NULL);
}

static bool is_domain(char c)
{
	return g_ascii_isalnum(c) || c == '.' || c == '-';
}

/* The next address at or behind *P, which is left behind it; false: no more. */
static bool next_address(const char *text, const char **p, char **ret_address)
{
	for (const char *at = strchr(*p, '@'); at != NULL;
	     at = strchr(at + 1, '@')) {
		const char *begin = at, *end = at + 1;

		while (begin > text && is_local(begin[-1]))
			begin--;
		while (is_domain(*end))
			end++;
		*p = end;
		while (end > at + 1 && !g_ascii_isalnum(end[-1]))
			end--;
		if (begin == at || end == at + 1 || end - begin > BOUND_ADDRESS)
			continue;
		*ret_address = g_strndup(begin, (size_t)(end - begin));
		return true;
	}
	return false;
}

/* ---- whose it is ---- */

static bool is_among(const char *address, const char *const *known, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (known[i][0] != '\0' &&
		    g_ascii_strcasecmp(address, known[i]) == 0)
			return true;
	return false;
}

/* Whether A is B or below it. */
static bool is_below(const char *a, const char *b)
{
	size_t len = strlen(a), of = strlen(b);

	return len >= of && strchr(b, '.') != NULL &&
	       g_ascii_strcasecmp(a + len - of, b) == 0 &&
	       (len == of || a[len - of - 1] == '.');
}

static bool is_domain_of(const char *domain, const char *const *known,
    unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const char *own = address_domain(known[i]);

		if (own != NULL &&
		    (is_below(domain, own) || is_below(own, domain)))
			return true;
	}
	return false;
}

/* "news@s.example" beside "news+ana=example.org@s.example". */
static bool is_base_of(const char *address, const char *const *known,
    unsigned n)
{
	const char *domain = address_domain(address);
	size_t len;

	if (domain == NULL)
		return false;
	len = (size_t)(domain - 1 - address);
	for (unsigned i = 0; i < n; i++) {
		const char *own = address_domain(known[i]);

		if (own != NULL && domain_equal(own, domain) &&
		    g_ascii_strncasecmp(known[i], address, len) == 0 &&
		    known[i][len] != '\0' &&
		    strchr("+-=", known[i][len]) != NULL)
			return true;
	}
	return false;
}

static bool is_of_another(const Sides *sides, const char *address)
{
	for (unsigned i = 0; i < sides->report->recipients->len; i++) {
		const ReportRecipient *other = report_recipient(sides->report,
		    i);

		if (other != sides->recipient &&
		    (g_ascii_strcasecmp(address, other->final_recipient) == 0 ||
			g_ascii_strcasecmp(address,
			    other->original_recipient) == 0))
			return true;
	}
	return false;
}

/* Whom one writes to for help. */
static bool is_role(const char *address)
{
	static const char *const roles[] = { "postmaster@", "abuse@",
		"support@", "help@", "helpdesk@", "admin@", "noc@", "info@",
		"security@", "hostmaster@", "mailadmin@", "servicedesk@",
		"mailer-daemon@" };

	for (unsigned i = 0; i < G_N_ELEMENTS(roles); i++)
		if (g_ascii_strncasecmp(address, roles[i], strlen(roles[i])) ==
		    0)
			return true;
	return false;
}

typedef enum Owner {
	OWNER_RECIPIENT,
	OWNER_SENDER,
	OWNER_OTHER,
	OWNER_STRANGER, /* an alias, for all we know */
	OWNER_IGNORED,
} Owner;

static Owner owner_of(const Sides *sides, const char *address)
{
	const char *domain = address_domain(address);

	if (is_among(address, sides->recipients, N_RECIPIENTS))
		return OWNER_RECIPIENT;
	if (is_among(address, sides->senders, N_SENDERS))
		return OWNER_SENDER;
	if (is_of_another(sides, address))
		return OWNER_OTHER;
	if (g_ascii_strcasecmp(address, sides->report->returned_message_id) ==
	    0)
		return OWNER_IGNORED;
	if (is_base_of(address, sides->senders, N_SENDERS))
		return OWNER_SENDER;
	if (domain != NULL &&
	    !is_domain_of(domain, sides->recipients, N_RECIPIENTS) &&
	    is_domain_of(domain, sides->senders, N_SENDERS))
		return OWNER_SENDER;
	return is_role(address) ? OWNER_IGNORED : OWNER_STRANGER;
}

Party party_named(const Report *report, const ReportRecipient *recipient,
    const char *said, char **ret_address)
{
	Sides sides = sides_of(report, recipient);
	g_autofree char *first = NULL;
	Party party = PARTY_NOBODY;
	char *address;

	for (const char *p = said; next_address(said, &p, &address);
	     g_free(address)) {
		Owner owner = owner_of(&sides, address);

		if (owner == OWNER_IGNORED)
			continue;
		if (owner == OWNER_RECIPIENT || owner == OWNER_STRANGER) {
			*ret_address = address;
			return owner == OWNER_RECIPIENT ? PARTY_RECIPIENT
							: PARTY_NOBODY;
		}
		/* of the two, another recipient is nearer */
		if (party != PARTY_NOBODY && owner == OWNER_SENDER)
			continue;
		party = owner == OWNER_SENDER ? PARTY_SENDER : PARTY_OTHER;
		g_free(first);
		first = g_strdup(address);
	}
	*ret_address = first != NULL ? g_steal_pointer(&first) : g_strdup("");
	return party;
}

/* ---- domains ---- */

/* "sender.example", not "4.7.1" or "E77." */
static bool is_name(const char *text)
{
	const char *dot = strrchr(text, '.');

	return dot != NULL && dot > text && g_ascii_isalpha(dot[1]) &&
	       g_ascii_isalpha(dot[2]);
}

/* The next name at or behind *P, which is left behind it; false: no more. */
static bool next_name(const char **p, char **ret_name)
{
	while (**p != '\0') {
		size_t len = 0, used;
		char *name;

		while (is_domain((*p)[len]))
			len++;
		used = MAX(len, 1);
		while (len > 0 && !g_ascii_isalnum((*p)[len - 1]))
			len--;
		name = g_strndup(*p, MIN(len, BOUND_NAME));
		*p += used;
		if (is_name(name)) {
			*ret_name = name;
			return true;
		}
		g_free(name);
	}
	return false;
}

Party party_domain_named(const Report *report, const ReportRecipient *recipient,
    const char *said, char **ret_domain)
{
	Sides sides = sides_of(report, recipient);
	g_autofree char *first = NULL;
	char *name;

	for (const char *p = said; next_name(&p, &name); g_free(name)) {
		bool is_recipient = is_domain_of(name, sides.recipients,
		    N_RECIPIENTS);

		if (is_recipient ||
		    !is_domain_of(name, sides.senders, N_SENDERS)) {
			*ret_domain = name;
			return is_recipient ? PARTY_RECIPIENT : PARTY_NOBODY;
		}
		if (first == NULL)
			first = g_strdup(name);
	}
	*ret_domain = first != NULL ? first : g_strdup("");
	return g_steal_pointer(&first) != NULL ? PARTY_SENDER : PARTY_NOBODY;
}
