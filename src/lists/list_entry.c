/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the lists of services mean.  Each kind of list is a row of a table: the
   columns it is known by, those that say what we want, and what being on it
   means.  A bounce on somebody's list is hard, for services keep no others for
   good; unless its own reply says that it was not. */

#include "list_entry.h"

#include "list_time.h"

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "reply.h"
#include "text.h"

#include <string.h>

/* What being on a list means, beyond the causes. */
enum {
	MEANS_SOFT = -10, /* nothing for good */
	MEANS_ACTIVE,     /* not suppressed */
	MEANS_MANUAL_OR_UNSUBSCRIBE,
	MEANS_UNCLEAR = -1,
};

typedef struct Kind {
	ListService service;
	const char *needs[3]; /* what it is known by: all of these */
	const char *what;     /* columns; NULL: it has none such */
	const char *reply;
	const char *note;
	const char *time;
	int means; /* where there is no WHAT, or it says nothing */
} Kind;

/* The first that fits.  Names are as ListField.name. */
static const Kind kinds[] = {
	{ SERVICE_VERPD, { "address", "cause", "since" }, "cause", NULL, "note",
	    "since", MEANS_UNCLEAR },
	{ SERVICE_POSTMARK, { "emailaddress", "suppressionreason" },
	    "suppressionreason", NULL, "origin", "createdat", MEANS_UNCLEAR },
	{ SERVICE_POSTMARK, { "email", "bouncedat", "type" }, "type", "details",
	    "description", "bouncedat", MEANS_UNCLEAR },
	{ SERVICE_MAILCHIMP, { "emailaddress", "cleantime" }, NULL, NULL,
	    "cleancampaigntitle", "cleantime", CAUSE_HARD },
	{ SERVICE_MAILCHIMP, { "emailaddress", "unsubtime" }, NULL, NULL,
	    "unsubreason", "unsubtime", CAUSE_UNSUBSCRIBE },
	/* the third file of an export: those who are well */
	{ SERVICE_MAILCHIMP, { "emailaddress", "leid", "euid" }, NULL, NULL,
	    NULL, NULL, MEANS_ACTIVE },
	{ SERVICE_MAILCHIMP, { "emailaddress", "status" }, "status", NULL,
	    "unsubscribereason", "lastchanged", MEANS_UNCLEAR },
	{ SERVICE_SES, { "emailaddress", "reason" }, "reason", NULL, NULL,
	    "lastupdatetime", MEANS_UNCLEAR },
	{ SERVICE_LISTMONK, { "uuid", "email", "status" }, "status", NULL, NULL,
	    "updatedat", MEANS_UNCLEAR },
	{ SERVICE_LISTMONK, { "email", "type", "source" }, "type", NULL,
	    "source", "createdat", MEANS_UNCLEAR },
	{ SERVICE_LISTMONK, { "email", "type", "subscriberuuid" }, "type", NULL,
	    "source", "createdat", MEANS_UNCLEAR },
	{ SERVICE_MAILGUN, { "address", "createdat", "code" }, NULL, "code",
	    "error", "createdat", CAUSE_HARD },
	{ SERVICE_MAILGUN, { "address", "createdat", "error" }, NULL, "error",
	    "error", "createdat", CAUSE_HARD },
	{ SERVICE_MAILGUN, { "address", "createdat", "tags" }, NULL, NULL,
	    "tags", "createdat", CAUSE_UNSUBSCRIBE },
	{ SERVICE_MAILGUN, { "address", "createdat" }, NULL, NULL, NULL,
	    "createdat", CAUSE_COMPLAINT },
	{ SERVICE_SENDGRID, { "email", "created", "status" }, NULL, "status",
	    "reason", "created", CAUSE_HARD },
	{ SERVICE_SENDGRID, { "email", "created", "reason" }, NULL, "reason",
	    "reason", "created", CAUSE_HARD },
	{ SERVICE_SENDGRID, { "email", "created", "ip" }, NULL, NULL, "ip",
	    "created", CAUSE_COMPLAINT },
	{ SERVICE_SENDGRID, { "email", "created" }, NULL, NULL, NULL, "created",
	    MEANS_UNCLEAR },
	/* nobody's, but said plainly */
	{ SERVICE_ANY, { "cause" }, "cause", "status", "note", "since",
	    MEANS_UNCLEAR },
	{ SERVICE_ANY, { "type" }, "type", "status", "reason", "date",
	    MEANS_UNCLEAR },
	{ SERVICE_ANY, { "reason" }, "reason", "status", "reason", "date",
	    MEANS_UNCLEAR },
	{ SERVICE_ANY, { NULL }, NULL, NULL, "note", "date", MEANS_UNCLEAR },
};

/* What services say, in lower case, letters alone. */
static const struct {
	const char *word;
	int means;
} words[] = {
	{ "hard", CAUSE_HARD },
	{ "hardbounce", CAUSE_HARD },
	{ "bounce", CAUSE_HARD },
	{ "bounced", CAUSE_HARD },
	{ "permanent", CAUSE_HARD },
	{ "cleaned", CAUSE_HARD },
	{ "invalid", CAUSE_HARD },
	{ "invalidemail", CAUSE_HARD },
	{ "bademailaddress", CAUSE_HARD },
	{ "complaint", CAUSE_COMPLAINT },
	{ "complained", CAUSE_COMPLAINT },
	{ "spamcomplaint", CAUSE_COMPLAINT },
	{ "spamreport", CAUSE_COMPLAINT },
	{ "spam", CAUSE_COMPLAINT },
	{ "abuse", CAUSE_COMPLAINT },
	{ "unsubscribe", CAUSE_UNSUBSCRIBE },
	{ "unsubscribed", CAUSE_UNSUBSCRIBE },
	{ "optout", CAUSE_UNSUBSCRIBE },
	{ "manual", CAUSE_MANUAL },
	{ "manuallydeactivated", CAUSE_MANUAL },
	{ "blocklisted", CAUSE_MANUAL },
	{ "blocklist", CAUSE_MANUAL },
	{ "blacklisted", CAUSE_MANUAL },
	{ "manualsuppression", MEANS_MANUAL_OR_UNSUBSCRIBE },
	{ "soft", MEANS_SOFT },
	{ "softbounce", MEANS_SOFT },
	{ "transient", MEANS_SOFT },
	{ "temporary", MEANS_SOFT },
	{ "block", MEANS_SOFT },
	{ "blocked", MEANS_SOFT },
	{ "undetermined", MEANS_SOFT },
	{ "unknown", MEANS_SOFT },
	{ "dnserror", MEANS_SOFT },
	{ "mailboxfull", MEANS_SOFT },
	{ "spamnotification", MEANS_SOFT },
	{ "virusnotification", MEANS_SOFT },
	{ "dmarcpolicy", MEANS_SOFT },
	{ "autoresponder", MEANS_SOFT },
	{ "challengeverification", MEANS_SOFT },
	{ "addresschange", MEANS_SOFT },
	{ "smtpapierror", MEANS_SOFT },
	{ "inbounderror", MEANS_SOFT },
	{ "templaterenderingfailed", MEANS_SOFT },
	{ "subscribe", MEANS_ACTIVE },
	{ "subscribed", MEANS_ACTIVE },
	{ "enabled", MEANS_ACTIVE },
	{ "active", MEANS_ACTIVE },
	{ "disabled", MEANS_ACTIVE },
	{ "pending", MEANS_ACTIVE },
	{ "transactional", MEANS_ACTIVE },
	{ "nonsubscribed", MEANS_ACTIVE },
	{ "archived", MEANS_ACTIVE },
};

static const char *const service_names[SERVICE_COUNT] = {
	[SERVICE_ANY] = "",
	[SERVICE_VERPD] = "verpd",
	[SERVICE_SES] = "ses",
	[SERVICE_SENDGRID] = "sendgrid",
	[SERVICE_MAILGUN] = "mailgun",
	[SERVICE_POSTMARK] = "postmark",
	[SERVICE_MAILCHIMP] = "mailchimp",
	[SERVICE_LISTMONK] = "listmonk",
};

const char *list_service_name(ListService service)
{
	return (unsigned)service < SERVICE_COUNT ? service_names[service] : "";
}

int list_service_from_name(const char *name)
{
	for (int i = 1; i < SERVICE_COUNT; i++)
		if (strcmp(name, service_names[i]) == 0)
			return i;
	return -1;
}

struct ListEntries {
	ListService service; /* asked for */
	ListService found;
	int hint; /* by the file's name */
	GString *address;
	GString *stream;
	GString *note;
};

/* What files of services are called: "suppression_blocks.csv". */
static int hint_of(const char *file)
{
	static const struct {
		const char *part;
		int means;
	} hints[] = {
		{ "unsub", CAUSE_UNSUBSCRIBE },
		{ "spam", CAUSE_COMPLAINT },
		{ "complaint", CAUSE_COMPLAINT },
		{ "block", MEANS_SOFT },
		{ "invalid", CAUSE_HARD },
		{ "bounce", CAUSE_HARD },
	};
	g_autofree char *base = g_path_get_basename(file);
	g_autofree char *name = g_ascii_strdown(base, -1);

	for (unsigned i = 0; i < G_N_ELEMENTS(hints); i++)
		if (strstr(name, hints[i].part) != NULL)
			return hints[i].means;
	return MEANS_UNCLEAR;
}

ListEntries *list_entries_new(ListService service, const char *file)
{
	ListEntries *entries = g_new0(ListEntries, 1);

	entries->service = service;
	entries->hint = hint_of(file);
	entries->address = g_string_new(NULL);
	entries->stream = g_string_new(NULL);
	entries->note = g_string_new(NULL);
	return entries;
}

void list_entries_free(ListEntries *entries)
{
	if (entries == NULL)
		return;
	g_string_free(entries->address, TRUE);
	g_string_free(entries->stream, TRUE);
	g_string_free(entries->note, TRUE);
	g_free(entries);
}

ListService list_entries_service(const ListEntries *entries)
{
	return entries->found;
}

/* ---- which kind of list ---- */

static bool fits(const Kind *kind, const ListRecord *record)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(kind->needs); i++)
		if (kind->needs[i] != NULL &&
		    list_record_field(record, kind->needs[i]) == NULL)
			return false;
	return true;
}

static const Kind *kind_of(const ListEntries *entries, const ListRecord *record)
{
	const Kind *last = &kinds[G_N_ELEMENTS(kinds) - 1];

	for (const Kind *kind = kinds; kind < last; kind++)
		if ((entries->service == SERVICE_ANY ||
			entries->service == kind->service) &&
		    fits(kind, record))
			return kind;
	return last;
}

/* ---- values ---- */

static const ListField *field_of(const ListRecord *record, const char *name)
{
	return name != NULL ? list_record_field(record, name) : NULL;
}

static void set_text(GString *out, const ListField *field)
{
	g_autofree char *utf8 = NULL;

	g_string_truncate(out, 0);
	if (field == NULL)
		return;
	if (g_utf8_validate_len(field->value, field->len, NULL)) {
		g_string_append_len(out, field->value, (gssize)field->len);
		return;
	}
	/* what is not UTF-8 is Latin-1, in which nothing is wrong */
	for (size_t i = 0; i < field->len; i++)
		g_string_append_unichar(out, (guchar)field->value[i]);
	utf8 = text_utf8(out->str, out->len, SIZE_MAX);
	g_string_assign(out, utf8);
}

/* Our own CSV guards what a spreadsheet would take for a formula. */
static void unguard(GString *text)
{
	if (text->str[0] == '\'')
		g_string_erase(text, 0, 1);
}

static bool looks_like_address(const ListField *field)
{
	const char *at = memchr(field->value, '@', field->len);

	return at != NULL && at > field->value &&
	       at + 1 < field->value + field->len &&
	       memchr(field->value, ' ', field->len) == NULL;
}

static const ListField *find_address(const ListRecord *record)
{
	const ListField *found = NULL;

	for (unsigned i = 0; i < record->n_fields; i++) {
		const ListField *field = &record->fields[i];

		if (list_name_is_address(field->name) &&
		    (found == NULL || field->depth < found->depth))
			found = field;
	}
	for (unsigned i = 0; i < record->n_fields && found == NULL; i++)
		if (looks_like_address(&record->fields[i]))
			found = &record->fields[i];
	if (found == NULL && record->n_fields == 1)
		found = &record->fields[0];
	return found;
}

static int meaning_of(const ListField *field)
{
	char word[32];
	unsigned n = 0;
	int cause;

	for (size_t i = 0; i < field->len; i++)
		if (g_ascii_isalpha(field->value[i])) {
			if (n == sizeof(word) - 1)
				return MEANS_UNCLEAR;
			word[n++] = g_ascii_tolower(field->value[i]);
		}
	word[n] = '\0';
	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].means;
	cause = cause_from_name(word);
	return cause >= 0 ? cause : MEANS_UNCLEAR;
}

/* Whether what the server said is nothing for good: 4yz, a full mailbox, a
   refusal of the message or of the sender (RFC 3463, 3). */
static bool says_passing(const ListField *field)
{
	g_autofree char *text = g_strndup(field->value, field->len);
	g_auto(Reply) reply = { 0 };

	reply_read(text, &reply);
	if (reply.status[0] == '4' ||
	    (reply.status[0] == '\0' && reply.code >= 400 && reply.code < 500))
		return true;
	return strcmp(reply.status, "5.2.2") == 0 ||
	       strcmp(reply.status, "5.2.3") == 0 ||
	       g_str_has_prefix(reply.status, "5.3.") ||
	       g_str_has_prefix(reply.status, "5.5.") ||
	       g_str_has_prefix(reply.status, "5.6.") ||
	       g_str_has_prefix(reply.status, "5.7.");
}

/* SES takes and gives lists without names: "ana@example.org,BOUNCE". */
static const ListField *unnamed_what(const ListRecord *record)
{
	for (unsigned i = 0; i < record->n_fields; i++)
		if (record->fields[i].name[0] == '\0' &&
		    meaning_of(&record->fields[i]) != MEANS_UNCLEAR)
			return &record->fields[i];
	return NULL;
}

static int own_cause(const ListField *what)
{
	g_autofree char *name = g_strndup(what->value, what->len);

	return cause_from_name(name);
}

static int means(const ListEntries *entries, const Kind *kind,
    const ListRecord *record)
{
	const ListField *what = field_of(record, kind->what);
	const ListField *reply = field_of(record, kind->reply);
	int meaning = kind->means;

	/* "soft" in a list of our own is the hold, not a bounce */
	if (kind->service == SERVICE_VERPD)
		return own_cause(what);
	if (what == NULL && kind->service == SERVICE_ANY)
		what = unnamed_what(record);
	if (what != NULL)
		meaning = meaning_of(what);
	else if (entries->hint != MEANS_UNCLEAR && meaning != MEANS_ACTIVE)
		meaning = entries->hint;
	if (meaning == CAUSE_HARD && reply != NULL && says_passing(reply))
		return MEANS_SOFT;
	if (meaning == MEANS_MANUAL_OR_UNSUBSCRIBE) {
		const ListField *origin = list_record_field(record, "origin");

		return origin != NULL && origin->len == 9 &&
			       g_ascii_strncasecmp(origin->value, "recipient",
				   9) == 0
			   ? (int)CAUSE_UNSUBSCRIBE
			   : (int)CAUSE_MANUAL;
	}
	return meaning;
}

static int64_t until_of(const ListField *field)
{
	if (field == NULL || field->len == 0 ||
	    (field->len == 7 && memcmp(field->value, "forever", 7) == 0))
		return HOLD_FOREVER;
	return list_time(field->value, field->len);
}

static ListEntry wrong(const char *why)
{
	return (ListEntry){ .fate = FATE_WRONG, .wrong = why, .note = "" };
}

static void set_note(ListEntries *entries, const Kind *kind,
    const ListRecord *record, bool is_own_csv)
{
	g_autofree char *shown = NULL;

	set_text(entries->note, field_of(record, kind->note));
	if (is_own_csv)
		unguard(entries->note);
	/* ours were fit to be seen when they were written */
	shown = kind->service == SERVICE_VERPD
		    ? text_utf8(entries->note->str, entries->note->len,
			  BOUND_LIST_RECORD)
		    : text_printable(entries->note->str, entries->note->len,
			  BOUND_LIST_NOTE);
	g_string_assign(entries->note, shown);
}

ListEntry list_entries_read(ListEntries *entries, const ListRecord *record,
    int64_t now)
{
	const Kind *kind = kind_of(entries, record);
	const ListField *address = find_address(record);
	const ListField *time = field_of(record, kind->time);
	const ListField *stream = NULL;
	ListEntry entry = { .cause = MEANS_UNCLEAR, .until = HOLD_FOREVER };
	bool is_own = kind->service == SERVICE_VERPD;
	bool is_own_csv = is_own && record->raw[0] != '{';

	if (address == NULL || address->len == 0)
		return wrong("no address");
	entries->found = kind->service;
	/* whether it is UTF-8 is asked when it is folded */
	g_string_truncate(entries->address, 0);
	g_string_append_len(entries->address, address->value,
	    (gssize)address->len);
	set_note(entries, kind, record, is_own_csv);
	if (is_own) {
		stream = list_record_field(record, "stream");
		entry.until = until_of(list_record_field(record, "until"));
	}
	set_text(entries->stream, stream);
	if (is_own_csv) {
		unguard(entries->address);
		unguard(entries->stream);
	}
	entry.address = entries->address->str;
	entry.address_len = entries->address->len;
	entry.note = entries->note->str;
	entry.stream = stream != NULL ? entries->stream->str : NULL;
	if (time != NULL)
		entry.since = list_time(time->value, time->len);
	entry.cause = means(entries, kind, record);
	if (entry.until == 0)
		return wrong("no time is meant by its until");
	if (entry.cause == MEANS_UNCLEAR &&
	    field_of(record, kind->what) != NULL)
		return wrong("nobody knows what its reason means");
	entry.fate = entry.cause == MEANS_SOFT     ? FATE_SOFT
		     : entry.cause == MEANS_ACTIVE ? FATE_ACTIVE
		     : entry.until <= now          ? FATE_OVER
						   : FATE_HOLD;
	return entry;
}

/* ---- addresses ---- */

char *list_address_fold(const char *value, size_t len, char **ret_written,
    GError **error)
{
	g_autofree char *text = g_strstrip(g_strndup(value, len));
	char *open = strrchr(text, '<');
	size_t end = strlen(text);
	char *folded;

	if (memchr(value, '\0', len) != NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "address with a NUL in it");
		return NULL;
	}
	if (open != NULL && text[end - 1] == '>') {
		text[end - 1] = '\0';
		memmove(text, open + 1, strlen(open));
		g_strstrip(text);
	}
	folded = address_fold(text, error);
	if (folded == NULL) {
		g_autofree char *shown = text_printable(text, strlen(text),
		    BOUND_LIST_SHOWN);

		g_prefix_error(error, "address \"%s\": ", shown);
		return NULL;
	}
	if (ret_written != NULL)
		*ret_written = g_steal_pointer(&text);
	return folded;
}
