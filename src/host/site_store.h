/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"
#include "store.h"

/* What it takes to open the store that the settings name. */
typedef struct SiteStore {
	char *path;
	char *address_key; /* the file */
	bool is_hashed;    /* addresses are kept as hashes */
} SiteStore;
SiteStore site_store_of(const Settings *settings);
void site_store_clear(SiteStore *site);

/* store_open() and store_use_addresses(). */
Store *site_store_open(const SiteStore *site, StoreMode mode, unsigned busy_ms,
    GError **error);
/* Reads the key; *RET_FOUND false: there is no such file.  VP_ERROR_CONFIG when
   others can read it, or it is none. */
bool site_address_key(const char *path, uint8_t ret_key[STORE_ADDRESS_KEY],
    bool *ret_found, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SiteStore, site_store_clear)
