/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store as the settings have it: where it is, how it keeps addresses, and
   the key that only a file beside the configuration has. */
#include "site_store.h"

#include "errors.h"
#include "files.h"

#include <string.h>

void site_store_clear(SiteStore *site)
{
	g_clear_pointer(&site->path, g_free);
	g_clear_pointer(&site->address_key, g_free);
}

SiteStore site_store_of(const Settings *settings)
{
	return (SiteStore){ g_strdup(settings->store),
		g_strdup(settings->address_key),
		strcmp(settings->addresses, "hashed") == 0 };
}

/* The one line that is no comment: STORE_ADDRESS_KEY octets in base64. */
static bool key_parse(const char *path, const char *text, uint8_t *ret_key,
    GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *found = NULL;
	unsigned n = 0;

	for (char **line = lines; *line != NULL; line++) {
		(void)g_strstrip(*line);
		if (**line == '\0' || **line == '#')
			continue;
		found = *line;
		n++;
	}
	if (n == 1) {
		gsize len = 0;
		g_autofree guchar *key = g_base64_decode(found, &len);

		if (len == STORE_ADDRESS_KEY) {
			memcpy(ret_key, key, STORE_ADDRESS_KEY);
			explicit_bzero(key, len);
			return true;
		}
	}
	g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
	    "%s: one line with 32 octets in base64 is wanted", path);
	return false;
}

bool site_address_key(const char *path, uint8_t ret_key[STORE_ADDRESS_KEY],
    bool *ret_found, GError **error)
{
	g_autoptr(GError) missing = NULL;
	g_autofree char *text = NULL;
	gsize len = 0;
	mode_t mode = 0;
	bool ok;

	*ret_found = file_read(path, &text, &len, &mode, &missing);
	if (!*ret_found) {
		if (g_error_matches(missing, VP_ERROR, VP_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&missing));
		return false;
	}
	if ((mode & 0007) != 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "%s: open to others than its owner and group "
		    "(mode %04o; try chmod o= %s)",
		    path, mode & 07777, path);
		ok = false;
	} else {
		ok = key_parse(path, text, ret_key, error);
	}
	explicit_bzero(text, len);
	return ok;
}

static bool site_store_key(const SiteStore *site, Store *store, GError **error)
{
	uint8_t key[STORE_ADDRESS_KEY];
	bool found, ok;

	if (!site_address_key(site->address_key, key, &found, error))
		return false;
	ok = store_use_addresses(store, site->is_hashed, found ? key : NULL,
	    error);
	if (!ok)
		g_prefix_error(error, "%s%s", found ? "" : site->address_key,
		    found ? "" : " is missing: ");
	explicit_bzero(key, sizeof(key));
	return ok;
}

Store *site_store_open(const SiteStore *site, StoreMode mode, unsigned busy_ms,
    GError **error)
{
	g_autoptr(Store) store = store_open(site->path, mode, busy_ms, error);

	if (store == NULL || !site_store_key(site, store, error))
		return NULL;
	return g_steal_pointer(&store);
}
