/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers of `check` as keys that Postfix looks up.

   Three kinds of key: "ana@example.org" for that address, "example.org" for
   all others of that domain, ".example.org" for all of every domain below.  The
   first that is there decides: the address, its domain, the nearest domain
   above it, and so on up.  A key is there only where it says otherwise than
   what would decide without it.

   That is the order of transport(5), but that it finds ana@ for ana+x@ as well
   (recipient_delimiter).  access(5) does so, too, and finds example.org also for
   a domain below it (parent_domain_matches_subdomains).  So the lines for main.cf
   do not leave it to that order: a table of patterns is asked for the whole
   address and nothing else, and pipemap makes each key of it.  transport_maps
   allow no such thing.  */
#include "postfix_table.h"

#include "address.h"
#include "files.h"
#include "text.h"

#include <string.h>

#define MODE 0644

/* Labels of a domain that is asked for as one above the recipient's, at least:
   what is said of one with more makes the lines for main.cf longer. */
enum { LABELS_USUAL = 8 };

/* By these words our own refusal is known when Postfix reports on it (the rule
   verpd.own-refusal).  A comma would end them: see access_lines(). */
#define REFUSAL "5.7.1 suppressed by verpd: see verpctl why"

static const struct {
	const char *name;
	const char *refusal;
	const char *pass; /* goes on as if there were no such table */
} uses[] = {
	[TABLE_ACCESS] = { "access", "550 " REFUSAL, "DUNNO" },
	[TABLE_TRANSPORT] = { "transport", "error:" REFUSAL, ":" },
};

int table_use_from_name(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(uses); i++)
		if (strcmp(uses[i].name, name) == 0)
			return (int)i;
	return -1;
}

struct PostfixTable {
	TableType type;
	TableUse use;
	char *path;
	TableWriter *writer;
	char *stream;
	CauseSet ignored;
	int64_t now;
	EntrySet *entries;
	GHashTable *domains; /* that entries are of */
	GHashTable *allowed; /* addresses that entries are of, until seen */
	uint64_t n_unfit;
	unsigned labels; /* of the domain that has most */
};

/* ---- what is said of ---- */

static unsigned count_labels(const char *domain)
{
	unsigned n = 1;

	for (const char *dot = strchr(domain, '.'); dot != NULL;
	     dot = strchr(dot + 1, '.'))
		n++;
	return n;
}

static bool take_entry(const Entry *entry, void *data)
{
	PostfixTable *table = data;

	entry_set_add(table->entries, entry);
	if (entry->address[0] != '\0')
		(void)g_hash_table_add(table->allowed,
		    g_strdup(entry->address));
	else if (entry->domain[0] != '\0') {
		(void)g_hash_table_add(table->domains, g_strdup(entry->domain));
		table->labels = MAX(table->labels, count_labels(entry->domain));
	}
	return true;
}

/* STATE NULL: nobody has seen it. */
static bool may_send(const PostfixTable *table, const char *address,
    const char *domain, const RecipientState *state)
{
	static const RecipientState unknown;

	return answer_give(table->entries, address, domain,
	    state != NULL ? state : &unknown, table->stream, table->ignored,
	    table->now)
	    .may_send;
}

/* ---- keys ---- */

/* As Postfix folds what it asks. */
static bool add_folded(PostfixTable *table, const char *before,
    const char *domain, bool may, GError **error)
{
	g_autofree char *whole = g_strconcat(before, domain, NULL);
	g_autofree char *key = g_utf8_casefold(whole, -1);

	return table_add(table->writer, key,
	    may ? uses[table->use].pass : uses[table->use].refusal, error);
}

/* A domain that is not ASCII is asked for as the sender writes it. */
static bool add(PostfixTable *table, const char *before, const char *domain,
    bool may, GError **error)
{
	g_autofree char *unicode = g_hostname_is_ascii_encoded(domain)
				       ? g_hostname_to_unicode(domain)
				       : NULL;

	return add_folded(table, before, domain, may, error) &&
	       (unicode == NULL || strcmp(unicode, domain) == 0 ||
		   add_folded(table, before, unicode, may, error));
}

/* Only quotes could have brought in what does not fit on a line; and a line of
   text with "#" in front is a comment. */
static bool fits(const PostfixTable *table, const char *address)
{
	for (const char *c = address; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			return false;
	return table->type != TABLE_TEXTHASH || address[0] != '#';
}

bool postfix_table_recipient(PostfixTable *table, const char *address,
    const RecipientState *state, GError **error)
{
	const char *domain = address_domain(address);
	g_autofree char *local = NULL;
	bool may = may_send(table, address, text_or_empty(domain), state);

	(void)g_hash_table_remove(table->allowed, address);
	/* who was erased but for the block: nobody can ask by a hash */
	if (domain == NULL) {
		table->n_unfit += !may;
		return true;
	}
	local = g_strndup(address, (gsize)(domain - address));
	if (may == may_send(table, "", domain, NULL))
		return true;
	if (!fits(table, address)) {
		table->n_unfit++;
		return true;
	}
	return add(table, local, domain, may, error);
}

/* Whether mail goes to those whom nobody knows, of domains below DOMAIN of
   which nothing is said. */
static bool may_below(const PostfixTable *table, const char *domain)
{
	g_autofree char *below = g_strconcat("*.", domain, NULL);

	return may_send(table, "", below, NULL);
}

/* What decides of DOMAIN where it has no key of its own. */
static bool may_inherit(const PostfixTable *table, const char *domain)
{
	for (const char *dot = strchr(domain, '.'); dot != NULL;
	     dot = strchr(dot + 1, '.'))
		if (g_hash_table_contains(table->domains, dot + 1))
			return may_below(table, dot + 1);
	return may_send(table, "", "", NULL);
}

static bool add_domain(PostfixTable *table, const char *domain, GError **error)
{
	bool above = may_inherit(table, domain);
	bool own = may_send(table, "", domain, NULL);
	bool below = may_below(table, domain);

	return (own == above || add(table, "", domain, own, error)) &&
	       (below == above || add(table, ".", domain, below, error));
}

/* ---- all of it ---- */

PostfixTable *postfix_table_begin(Ctl *ctl, Store *store, const char *stream,
    CauseSet ignored, TableType type, TableUse use, const char *path,
    GError **error)
{
	g_autoptr(PostfixTable) table = g_new0(PostfixTable, 1);
	StoreFilter filter = STORE_FILTER_ANY;

	table->type = type;
	table->use = use;
	table->path = g_strdup(path);
	table->stream = g_strdup(stream);
	table->ignored = ignored;
	table->now = ctl->now;
	table->labels = LABELS_USUAL;
	table->entries = entry_set_new();
	table->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	table->allowed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	filter.now = ctl->now;
	if (!store_each_entry(store, &filter, take_entry, table, error))
		return NULL;
	table->writer = table_begin(type, path, error);
	return table->writer != NULL ? g_steal_pointer(&table) : NULL;
}

/* How Postfix asks an SQLite database. */
static bool write_query(const PostfixTable *table, GError **error)
{
	g_autofree char *path = g_strconcat(table->path, ".cf", NULL);
	g_autofree char *text = g_strdup_printf("# verpctl export\n"
						"dbpath = %s\n"
						"query = SELECT value FROM "
						"lookup WHERE key = '%%s'\n",
	    table->path);

	return table->type != TABLE_SQLITE ||
	       file_replace(path, text, strlen(text), MODE, error);
}

bool postfix_table_end(PostfixTable *table, GError **error)
{
	g_autofree char **allowed =
	    (char **)g_hash_table_get_keys_as_array(table->allowed, NULL);
	GHashTableIter iter;
	void *domain;

	g_hash_table_iter_init(&iter, table->domains);
	while (g_hash_table_iter_next(&iter, &domain, NULL))
		if (!add_domain(table, domain, error))
			return false;
	for (char **address = allowed; *address != NULL; address++) {
		/* the table's own is gone with the call */
		g_autofree char *copy = g_strdup(*address);

		if (!postfix_table_recipient(table, copy, NULL, error))
			return false;
	}
	return write_query(table, error) && table_commit(table->writer, error);
}

uint64_t postfix_table_unfit(const PostfixTable *table)
{
	return table->n_unfit;
}

bool postfix_table_is_deep(const PostfixTable *table, unsigned *ret_labels)
{
	*ret_labels = table->labels;
	return table->labels > LABELS_USUAL;
}

void postfix_table_free(PostfixTable *table)
{
	if (table == NULL)
		return;
	table_free(table->writer);
	entry_set_free(table->entries);
	g_hash_table_unref(table->domains);
	g_hash_table_unref(table->allowed);
	g_free(table->stream);
	g_free(table->path);
	g_free(table);
}

/* ---- main.cf ---- */

/* Each key in turn, and of what was found the first.  The domains above are
   counted from the root, so it does not matter how far above they are. */
static char *access_lines(const char *name, unsigned labels)
{
	GString *lines = g_string_new(NULL);

	g_string_append_printf(lines,
	    "verpd_table = %s\n"
	    "verpd_suppressed = pipemap:{unionmap:{\n"
	    "    pipemap:{regexp:{{/(.+)/ $$1}}, $verpd_table}\n"
	    "    pipemap:{regexp:{{/@([^@]+)$$/ $$1}}, $verpd_table}\n",
	    name);
	for (unsigned more = labels; more-- > 0;)
		g_string_append_printf(lines,
		    "    pipemap:{regexp:{{/@[^@]+[.](([^@.]+[.]){%u}[^@.]+)$$/"
		    " .$$1}}, $verpd_table}\n",
		    more);
	g_string_append(lines,
	    "    }, regexp:{{/^(550 [^,]+)/ $$1}}}\n"
	    "smtpd_recipient_restrictions = "
	    "check_recipient_access $verpd_suppressed, ...\n");
	return g_string_free(lines, FALSE);
}

char *postfix_table_lines(const PostfixTable *table)
{
	g_autofree char *name = g_strdup_printf("%s:%s%s",
	    table_type_name(table->type), table->path,
	    table->type == TABLE_SQLITE ? ".cf" : "");
	g_autofree char *rest =
	    table->use == TABLE_ACCESS
		? access_lines(name, table->labels)
		: g_strdup_printf("# and for ana@ after ana+x@, where "
				  "recipient_delimiter is set: what is said of "
				  "the one holds for the other\n"
				  "transport_maps = ..., %s\n",
		      name);

	return g_strconcat("# main.cf: asked for an address, then for its "
			   "domain, then for those above\n",
	    rest, NULL);
}
