/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The space of addresses that are ours: domains, sub-address, keys, the store's
   epoch and the patterns of other people's return paths. */

#include "address.h"
#include "bounds.h"
#include "errors.h"
#include "token_private.h"

#include <string.h>

/* DOMAIN as an address of it would be compared, or NULL. */
static char *domain_fold(const char *domain, GError **error)
{
	g_autofree char *address = g_strconcat("x@", domain, NULL);
	g_autofree char *folded = address_fold(address, error);

	if (folded == NULL)
		return NULL;
	if (strlen(folded + 2) > BOUND_NAME || strchr(domain, '@') != NULL) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "not the name of a domain");
		return NULL;
	}
	return g_strdup(folded + 2);
}

static char **domains_fold(const char *const *domains, GError **error)
{
	g_autoptr(GPtrArray) folded = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; domains != NULL && domains[i] != NULL; i++) {
		char *domain = domain_fold(domains[i], error);

		if (domain == NULL) {
			g_prefix_error(error,
			    "bounce domain \"%s\": ", domains[i]);
			(*error)->code = VP_ERROR_CONFIG;
			return NULL;
		}
		g_ptr_array_add(folded, domain);
	}
	if (folded->len == 0) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "no bounce domain is set");
		return NULL;
	}
	g_ptr_array_add(folded, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&folded), FALSE);
}

/* "b+" for a sub-address "b", "" for none. */
static char *prefix_new(const char *sub_address, GError **error)
{
	g_autofree char *name = NULL;

	if (sub_address == NULL || sub_address[0] == '\0')
		return g_strdup("");
	name = g_ascii_strdown(sub_address, -1);
	if (!campaign_name_is_valid(name)) {
		g_set_error(error, VP_ERROR, VP_ERROR_CONFIG,
		    "sub-address \"%s\" is not [a-z0-9][a-z0-9._-]*",
		    sub_address);
		return NULL;
	}
	return g_strconcat(name, "+", NULL);
}

TokenSpace *token_space_new(const TokenSpaceSpec *spec, GError **error)
{
	g_autoptr(TokenSpace) space = g_new0(TokenSpace, 1);
	g_autoptr(GError) wrong = NULL;

	g_assert(spec->keys != NULL);
	space->keys = keyring_ref(spec->keys);
	for (unsigned i = 0; spec->epoch != NULL && i < TOKEN_EPOCH; i++)
		g_snprintf(space->epoch_hex + 2 * i, 3, "%02x", spec->epoch[i]);
	space->domains = domains_fold(spec->domains, &wrong);
	if (wrong == NULL)
		space->prefix = prefix_new(spec->sub_address, &wrong);
	if (wrong == NULL)
		space->foreign = foreign_set_new(spec->patterns,
		    spec->n_patterns, &wrong);
	if (wrong != NULL) {
		g_propagate_error(error, g_steal_pointer(&wrong));
		return NULL;
	}
	return g_steal_pointer(&space);
}

void token_space_free(TokenSpace *space)
{
	if (space == NULL)
		return;
	keyring_unref(space->keys);
	g_strfreev(space->domains);
	g_free(space->prefix);
	foreign_set_free(space->foreign);
	g_free(space);
}

static const char *domain_find(const TokenSpace *space, const char *name)
{
	for (unsigned i = 0; space->domains[i] != NULL; i++)
		if (domain_equal(space->domains[i], name))
			return space->domains[i];
	return NULL;
}

const char *token_space_domain(const TokenSpace *space, const char *name)
{
	g_autofree char *folded = NULL;

	/* only a name in letters beyond ASCII (RFC 6531) is dear to compare */
	if (g_str_is_ascii(name))
		return domain_find(space, name);
	folded = domain_fold(name, NULL);
	return folded != NULL ? domain_find(space, folded) : NULL;
}

const char *token_space_first_domain(const TokenSpace *space)
{
	return space->domains[0];
}
