/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A filter over the literals of many patterns: a hash over windows of three
   octets.  Each literal is filed once, under that of its windows which is
   rarest so far, so that "mail" and "user" do not gather everything in one
   chain.  An id is reported when of each set of one of its ways a literal was
   found. */

#include "literals.h"

#include "required.h"
#include "text.h"

#include <string.h>

#define BUCKETS 4096

/* One way in which an id is reported. */
typedef struct Way {
	unsigned id;
	uint8_t needed; /* a bit for each set */
} Way;

/* That a literal is in a set of a way. */
typedef struct Use {
	unsigned way;
	uint8_t bit;
	int next; /* of the same literal, -1 ends */
} Use;

typedef struct Entry {
	uint32_t window; /* the octets it is filed under */
	unsigned offset; /* of the window in the literal */
	unsigned len;
	char *literal; /* folded; by_literal owns it */
	int uses;
	int next; /* in the same bucket, -1 ends */
} Entry;

struct LiteralFilter {
	GArray *entries;
	GArray *uses;
	GArray *ways;
	RequiredReader *reader;
	GHashTable *by_literal; /* its place among the entries */
	int heads[BUCKETS];
	unsigned used[BUCKETS];
};

static inline unsigned bucket_of(uint32_t window)
{
	return (window * UINT32_C(2654435761)) >> 20;
}

static inline uint32_t window_push(uint32_t window, char c)
{
	return (window << 8 | (unsigned char)c) & 0xffffff;
}

/* TEXT as literals are. */
static GString *fold(const char *text, size_t len)
{
	GString *folded = g_string_sized_new(len + 1);
	size_t ascii = text_ascii_span(text, len);

	for (size_t i = 0; i < ascii; i++)
		folded->str[i] = text_lower(text[i]);
	folded->str[ascii] = '\0';
	folded->len = ascii;
	for (const char *p = text + ascii; p < text + len;
	     p += g_utf8_skip[(unsigned char)*p])
		g_string_append_unichar(folded,
		    literal_fold_char(g_utf8_get_char(p)));
	return folded;
}

LiteralFilter *literal_filter_new(void)
{
	LiteralFilter *filter = g_new0(LiteralFilter, 1);

	filter->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
	filter->uses = g_array_new(FALSE, FALSE, sizeof(Use));
	filter->ways = g_array_new(FALSE, FALSE, sizeof(Way));
	filter->reader = required_reader_new();
	filter->by_literal = g_hash_table_new_full(g_str_hash, g_str_equal,
	    g_free, NULL);
	for (unsigned i = 0; i < BUCKETS; i++)
		filter->heads[i] = -1;
	return filter;
}

void literal_filter_free(LiteralFilter *filter)
{
	if (filter == NULL)
		return;
	g_array_unref(filter->entries);
	g_array_unref(filter->uses);
	g_array_unref(filter->ways);
	required_reader_free(filter->reader);
	g_hash_table_unref(filter->by_literal);
	g_free(filter);
}

/* Files LITERAL, which is taken. */
static unsigned add_entry(LiteralFilter *filter, char *literal)
{
	Entry entry = {
		.len = (unsigned)strlen(literal), .literal = literal, .uses = -1
	};
	unsigned least = UINT_MAX;
	unsigned place = filter->entries->len;
	uint32_t window = 0;
	unsigned bucket;

	for (unsigned i = 0; i < entry.len; i++) {
		window = window_push(window, literal[i]);
		if (i + 1 < LITERAL_MIN ||
		    filter->used[bucket_of(window)] >= least)
			continue;
		least = filter->used[bucket_of(window)];
		entry.window = window;
		entry.offset = i + 1 - LITERAL_MIN;
	}
	bucket = bucket_of(entry.window);
	entry.next = filter->heads[bucket];
	filter->heads[bucket] = (int)place;
	filter->used[bucket]++;
	g_array_append_val(filter->entries, entry);
	g_hash_table_insert(filter->by_literal, literal,
	    GUINT_TO_POINTER(place));
	return place;
}

/* LITERAL (folded) is one of set SET of WAY. */
static void add_use(LiteralFilter *filter, const char *literal, unsigned way,
    unsigned set)
{
	Use use = { .way = way, .bit = (uint8_t)(1U << set) };
	unsigned place;
	Entry *entry;
	void *found;

	if (g_hash_table_lookup_extended(filter->by_literal, literal, NULL,
		&found))
		place = GPOINTER_TO_UINT(found);
	else
		place = add_entry(filter, g_strdup(literal));
	entry = &g_array_index(filter->entries, Entry, place);
	use.next = entry->uses;
	entry->uses = (int)filter->uses->len;
	g_array_append_val(filter->uses, use);
	g_array_index(filter->ways, Way, way).needed |= use.bit;
}

static unsigned add_way(LiteralFilter *filter, unsigned id)
{
	Way way = { .id = id };

	g_array_append_val(filter->ways, way);
	return filter->ways->len - 1;
}

void literal_filter_add(LiteralFilter *filter, const char *literal, unsigned id)
{
	g_autoptr(GString) folded = fold(literal, strlen(literal));

	g_assert(folded->len >= LITERAL_MIN);
	add_use(filter, folded->str, add_way(filter, id), 0);
}

bool literal_filter_add_pattern(LiteralFilter *filter, const char *pattern,
    unsigned id)
{
	const GArray *all = required_read(filter->reader, pattern);
	unsigned first = filter->ways->len;

	if (all == NULL)
		return false;
	for (unsigned i = 0; i < all->len; i++) {
		const Required *required = &g_array_index(all, Required, i);

		if (first + required->way == filter->ways->len)
			add_way(filter, id);
		add_use(filter, required_text(filter->reader, required),
		    first + required->way, required->set);
	}
	return true;
}

/* Whether ENTRY lies in TEXT with its window at WINDOW_AT. */
static bool entry_is_at(const Entry *entry, const char *text, size_t len,
    size_t window_at)
{
	size_t start;

	if (window_at < entry->offset)
		return false;
	start = window_at - entry->offset;
	return entry->len <= len - start &&
	       memcmp(text + start, entry->literal, entry->len) == 0;
}

/* What a scan has found so far. */
typedef struct Found {
	uint8_t *entries; /* a bit for each */
	uint8_t *ways;    /* bits of sets for each */
	uint8_t *hits;
} Found;

static void take_entry(const LiteralFilter *filter, unsigned place,
    Found *found)
{
	int at = g_array_index(filter->entries, Entry, place).uses;

	literal_set_hit(found->entries, place);
	while (at >= 0) {
		const Use *use = &g_array_index(filter->uses, Use, at);
		const Way *way = &g_array_index(filter->ways, Way, use->way);

		found->ways[use->way] |= use->bit;
		if (found->ways[use->way] == way->needed)
			literal_set_hit(found->hits, way->id);
		at = use->next;
	}
}

void literal_filter_scan(const LiteralFilter *filter, const char *text,
    size_t len, uint8_t *hits)
{
	g_autoptr(GString) folded = fold(text, len);
	g_autofree uint8_t *entries = g_malloc0(filter->entries->len / 8 + 1);
	g_autofree uint8_t *ways = g_malloc0(filter->ways->len + 1);
	Found found = { entries, ways, hits };
	uint32_t window = 0;

	for (size_t i = 0; i < folded->len; i++) {
		int at;

		window = window_push(window, folded->str[i]);
		at = filter->heads[bucket_of(window)];
		while (at >= 0) {
			const Entry *entry = &g_array_index(filter->entries,
			    Entry, at);

			if (entry->window == window && i + 1 >= LITERAL_MIN &&
			    !literal_is_hit(entries, (unsigned)at) &&
			    entry_is_at(entry, folded->str, folded->len,
				i + 1 - LITERAL_MIN))
				take_entry(filter, (unsigned)at, &found);
			at = entry->next;
		}
	}
}

unsigned literal_next_hit(const uint8_t *hits, unsigned id, unsigned end)
{
	while (id < end && !literal_is_hit(hits, id)) {
		/* hardly any octet has a bit set */
		if (hits[id / 8] >> (id % 8) == 0)
			id = (id / 8 + 1) * 8;
		else
			id++;
	}
	return MIN(id, end);
}
