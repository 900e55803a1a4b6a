/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Addresses that are not kept as they are: "#", 32 hex digits, "@", which no
   address can be.  The digits are the half of an HMAC-SHA-256 of the folded
   address, and without the key, which is in no database, nobody can tell whose
   they are by trying addresses.  Only whoever has the address in hand finds
   what is known of it. */

#include "store_sqlite.h"

#include "address.h"
#include "errors.h"

#include <string.h>

enum { HASH_DIGITS = 32 };

char *address_hash(const StoreSqlite *self, const char *folded)
{
	g_autofree char *digits = g_compute_hmac_for_string(G_CHECKSUM_SHA256,
	    self->key, STORE_ADDRESS_KEY, folded, -1);

	digits[HASH_DIGITS] = '\0';
	return g_strconcat("#", digits, "@", NULL);
}

const char *address_masked(const char *text, char **ret_own)
{
	*ret_own = text != NULL ? address_mask(text) : NULL;
	return *ret_own != NULL ? *ret_own : text;
}

/* ---- what the tables say ---- */

/* What a key is known again by. */
static void key_mark(const uint8_t *key, uint8_t ret_mark[16])
{
	static const char what[] = "verpd address key";
	g_autoptr(GHmac)
	    hmac = g_hmac_new(G_CHECKSUM_SHA256, key, STORE_ADDRESS_KEY);
	uint8_t digest[32];
	gsize len = sizeof(digest);

	g_hmac_update(hmac, (const guchar *)what, sizeof(what));
	g_hmac_get_digest(hmac, digest, &len);
	memcpy(ret_mark, digest, 16);
}

bool addresses_read(StoreSqlite *self, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(self->db,
	    "SELECT name, value FROM meta"
	    " WHERE name IN ('addresses', 'address_key', 'used_since')",
	    -1, &stmt, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(stmt);
		if (rc != SQLITE_ROW)
			break;
		if (strcmp(column_text(stmt, 0), "addresses") == 0) {
			self->is_hashed = true;
		} else if (strcmp(column_text(stmt, 0), "used_since") == 0) {
			self->used_since = g_ascii_strtoll(column_text(stmt, 1),
			    NULL, 10);
		} else if (sqlite3_column_bytes(stmt, 1) == 16) {
			self->needs_key = true;
			memcpy(self->key_mark, sqlite3_column_blob(stmt, 1),
			    16);
		}
	}
	(void)sqlite3_finalize(stmt); /* repeats the failure of the step */
	return rc == SQLITE_DONE ||
	       sqlite_fail_open(self, rc, "read addresses", error);
}

void addresses_clear(StoreSqlite *self)
{
	if (self->key != NULL)
		explicit_bzero(self->key, STORE_ADDRESS_KEY);
	g_clear_pointer(&self->key, g_free);
	g_clear_pointer(&self->erased, g_hash_table_unref);
}

bool addresses_check(StoreSqlite *self, GError **error)
{
	if (!self->needs_key || self->key != NULL)
		return true;
	return path_fail(VP_ERROR_CONFIG, self->path,
	    "has addresses that only the address key can find", error);
}

bool store_sqlite_use_addresses(Store *store, bool is_hashed,
    const uint8_t *key, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;
	uint8_t mark[16];

	if (is_hashed && !self->is_hashed)
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "keeps addresses as they are, and verpd.conf says "
		    "addresses = hashed; that is chosen once, at init",
		    error);
	if (!is_hashed && self->is_hashed)
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "keeps addresses as hashes, and verpd.conf does not say "
		    "addresses = hashed",
		    error);
	addresses_clear(self);
	if (key == NULL)
		return addresses_check(self, error);
	key_mark(key, mark);
	if (self->needs_key && memcmp(mark, self->key_mark, 16) != 0)
		return path_fail(VP_ERROR_CONFIG, self->path,
		    "its addresses were hashed under another address key",
		    error);
	self->key = g_memdup2(key, STORE_ADDRESS_KEY);
	return true;
}

bool address_key_note(StoreSqlite *self, GError **error)
{
	Statement *stmt = statement_use(self, SQL_ADDRESS_KEY, error);

	if (stmt == NULL)
		return false;
	key_mark(self->key, self->key_mark);
	self->needs_key = true;
	bind_blob(stmt, 1, self->key_mark, sizeof(self->key_mark));
	return statement_run(self, stmt, error);
}

static bool make_hashed(StoreSqlite *self, void *data, GError **error)
{
	int rc = sqlite3_exec(self->db,
	    "INSERT INTO meta VALUES ('addresses', CAST('hashed' AS BLOB))",
	    NULL, NULL, NULL);

	return rc == SQLITE_OK ? address_key_note(self, error)
			       : sqlite_fail(self, rc, "hash addresses", error);
}

bool store_sqlite_make_hashed(Store *store, const uint8_t *key, GError **error)
{
	StoreSqlite *self = (StoreSqlite *)store;

	self->key = g_memdup2(key, STORE_ADDRESS_KEY);
	if (!in_transaction(self, make_hashed, NULL, error))
		return false;
	self->is_hashed = true;
	return true;
}

/* ---- of many ---- */

/* Failing, it is as though nobody were there: the question that follows fails
   as well. */
static void erased_read(StoreSqlite *self)
{
	g_autoptr(Statement)
	    stmt = statement_use(self, SQL_ADDRESS_HASHES, NULL);
	bool row = true;

	self->erased = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	while (stmt != NULL && statement_step(self, stmt, &row, NULL) && row)
		(void)g_hash_table_add(self->erased,
		    g_strdup(column_text(stmt, 0)));
}

char *address_stored(StoreSqlite *self, const char *folded)
{
	g_autofree char *hash = NULL;

	if (self->key == NULL || store_is_hash(folded))
		return NULL;
	if (!self->is_hashed) {
		if (self->erased == NULL)
			erased_read(self);
		if (g_hash_table_size(self->erased) == 0)
			return NULL;
	}
	hash = address_hash(self, folded);
	if (!self->is_hashed && !g_hash_table_contains(self->erased, hash))
		return NULL;
	return g_steal_pointer(&hash);
}
