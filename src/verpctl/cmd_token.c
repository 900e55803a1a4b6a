/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl token`: return paths made, read and checked; given as arguments,
   or as TAB-separated lines of standard input. */
#include "batch.h"
#include "commands.h"
#include "row.h"

#include "address.h"
#include "errors.h"
#include "site.h"
#include "token.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

/* A write lock is held no longer than this (DESIGN.md, Store). */
#define CHUNK_US (40 * 1000)

typedef enum FormWanted {
	FORM_OPAQUE,
	FORM_READABLE,
	FORM_AUTO, /* readable where it fits, else opaque */
} FormWanted;

/* What one run of a token command works with. */
typedef struct Run {
	Ctl *ctl;
	const Settings *settings;
	Judge *streams;
	TokenSpace *space;
	Store *store; /* NULL when there is none */
	bool is_batch;
	/* mint */
	FormWanted form;
	TokenKind kind;
	const char *campaign; /* NULL: the first column */
	unsigned n_bad;
	GString *output; /* of the transaction that is not over */
	bool has_begun;
	int64_t began_at; /* monotonic, microseconds */
} Run;

static void run_clear(Run *run)
{
	judge_unref(run->streams);
	token_space_free(run->space);
	store_close(run->store);
	if (run->output != NULL)
		g_string_free(run->output, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* Opens what there is to open.  A store is needed only where MODE is not
   STORE_READ; without one opaque tokens cannot be proven. */
static bool run_open(Run *run, bool needs_store, StoreMode mode, GError **error)
{
	g_autoptr(GError) missing = NULL;

	run->settings = ctl_settings(run->ctl, error);
	if (run->settings == NULL)
		return false;
	run->store = ctl_store(run->ctl, mode, &missing);
	if (run->store == NULL && needs_store) {
		g_propagate_error(error, g_steal_pointer(&missing));
		return false;
	}
	run->streams = site_streams(run->settings);
	run->space = site_tokens(run->settings,
	    run->store != NULL ? store_epoch(run->store) : NULL, error);
	run->output = g_string_new(NULL);
	return run->space != NULL;
}

/* ---- mint ---- */

static bool chunk_begin(Run *run, GError **error)
{
	if (run->has_begun)
		return true;
	run->has_begun = store_begin(run->store, error);
	run->began_at = g_get_monotonic_time();
	return run->has_begun;
}

/* What was minted is printed when its ids are durable, not before. */
static bool chunk_end(Run *run, GError **error)
{
	if (run->has_begun && !store_commit(run->store, error)) {
		store_rollback(run->store);
		return false;
	}
	run->has_begun = false;
	fputs(run->output->str, stdout);
	(void)fflush(stdout); /* main() looks at ferror() */
	g_string_truncate(run->output, 0);
	return true;
}

static char *mint_opaque(Run *run, const char *campaign, const char *address,
    GError **error)
{
	g_auto(StoreCampaign) found = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	g_autofree char *folded = address_fold(address, error);

	if (folded == NULL)
		return NULL;
	if (!campaign_name_is_valid(campaign)) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "\"%s\" is not the name of a campaign", campaign);
		return NULL;
	}
	if (!chunk_begin(run, error) ||
	    !store_campaign_ensure(run->store, campaign,
		judge_stream(run->streams, campaign), run->ctl->now, &found,
		error) ||
	    !store_recipient_ensure(run->store, folded, address, run->ctl->now,
		&recipient, error))
		return NULL;
	return token_mint_opaque(run->space, run->kind, found.id, recipient.id,
	    run->ctl->now, error);
}

static char *mint(Run *run, const char *campaign, const char *address,
    GError **error)
{
	g_autoptr(GError) wrong = NULL;
	char *token;

	if (run->form == FORM_OPAQUE)
		return mint_opaque(run, campaign, address, error);
	token = token_mint_readable(run->space, run->kind, campaign, address,
	    run->ctl->now, &wrong);
	if (token != NULL)
		return token;
	if (run->form == FORM_AUTO && run->store != NULL &&
	    g_error_matches(wrong, VP_ERROR, VP_ERROR_LIMIT))
		return mint_opaque(run, campaign, address, error);
	g_propagate_error(error, g_steal_pointer(&wrong));
	return NULL;
}

static void minted(Run *run, const char *campaign, const char *address,
    const char *token, bool is_alone)
{
	if (run->ctl->is_json) {
		Row *row = row_new();

		row_text(row, "campaign", campaign);
		row_text(row, "recipient", address);
		row_text(row, "token", token);
		row_append(row, run->output);
	} else if (is_alone) {
		g_string_append_printf(run->output, "%s\n", token);
	} else if (run->campaign != NULL) {
		g_string_append_printf(run->output, "%s\t%s\n", address, token);
	} else {
		g_string_append_printf(run->output, "%s\t%s\t%s\n", campaign,
		    address, token);
	}
}

/* Whether ERROR is about the line alone, so that the next may do better. */
static bool is_about_line(const GError *error)
{
	return g_error_matches(error, VP_ERROR, VP_ERROR_SYNTAX) ||
	       g_error_matches(error, VP_ERROR, VP_ERROR_LIMIT);
}

static bool mint_one(Run *run, const char *campaign, const char *address,
    uint64_t number, bool is_alone, GError **error)
{
	g_autoptr(GError) wrong = NULL;
	g_autofree char *token = mint(run, campaign, address, &wrong);

	if (token != NULL) {
		minted(run, campaign, address, token, is_alone);
	} else if (is_about_line(wrong)) {
		run->n_bad++;
		if (number != 0)
			ctl_warn(run->ctl, "line %" G_GUINT64_FORMAT ": %s",
			    number, wrong->message);
		else
			ctl_warn(run->ctl, "%s: %s", address, wrong->message);
	} else {
		g_propagate_error(error, g_steal_pointer(&wrong));
		return false;
	}
	if (run->has_begun && g_get_monotonic_time() - run->began_at > CHUNK_US)
		return chunk_end(run, error);
	return true;
}

static bool mint_line(Run *run, char *line, uint64_t number, GError **error)
{
	char *tab = strchr(line, '\t');

	if (run->campaign != NULL) {
		if (tab != NULL)
			*tab = '\0';
		return mint_one(run, run->campaign, line, number, false, error);
	}
	if (tab == NULL) {
		run->n_bad++;
		ctl_warn(run->ctl,
		    "line %" G_GUINT64_FORMAT
		    ": not a campaign, a TAB and an address",
		    number);
		return true;
	}
	*tab++ = '\0';
	tab[strcspn(tab, "\t")] = '\0';
	return mint_one(run, line, tab, number, false, error);
}

static void too_long(Run *run, uint64_t number)
{
	run->n_bad++;
	ctl_warn(run->ctl,
	    "line %" G_GUINT64_FORMAT
	    ": longer than %d octets, or with a NUL in it",
	    number, BATCH_LINE);
}

typedef bool (*LineFunc)(Run *run, char *line, uint64_t number, GError **error);

/* Each line of standard input through EACH; what there is at a time is one
   chunk, so nobody waits for a lock while we wait for input. */
static bool run_batch(Run *run, LineFunc each, GError **error)
{
	Batch batch;
	bool ok = true;

	batch_init(&batch);
	while (ok && (ok = batch_read(&batch, error)) && batch.lines->len > 0) {
		for (unsigned i = 0; ok && i < batch.lines->len; i++) {
			char *line = g_ptr_array_index(batch.lines, i);

			batch.number++;
			if (line == NULL)
				too_long(run, batch.number);
			else if (line[0] != '\0')
				ok = each(run, line, batch.number, error);
		}
		ok = ok && chunk_end(run, error);
	}
	batch_clear(&batch);
	return ok;
}

static bool mint_arguments(Run *run, int argc, char **argv, GError **error)
{
	for (int i = 1; i < argc; i++)
		if (!mint_one(run, run->campaign, argv[i], 0, argc == 2, error))
			return false;
	return chunk_end(run, error);
}

static bool mint_options(Run *run, const char *form, const char *kind)
{
	static const char *const forms[] = {
		[FORM_OPAQUE] = "opaque",
		[FORM_READABLE] = "readable",
		[FORM_AUTO] = "auto",
	};
	bool is_known = form == NULL;

	for (unsigned i = 0; form != NULL && i < G_N_ELEMENTS(forms); i++)
		if (strcmp(form, forms[i]) == 0) {
			run->form = (FormWanted)i;
			is_known = true;
		}
	run->kind = TOKEN_BOUNCE;
	if (kind != NULL && strcmp(kind, "unsubscribe") == 0)
		run->kind = TOKEN_UNSUBSCRIBE;
	else if (kind != NULL && strcmp(kind, "bounce") != 0)
		is_known = false;
	return is_known;
}

int cmd_token_mint(Ctl *ctl, int argc, char **argv)
{
	g_auto(Run) run = { .ctl = ctl };
	g_autofree char *campaign = NULL;
	g_autofree char *form = NULL;
	g_autofree char *kind = NULL;
	const GOptionEntry entries[] = {
		{ "campaign", 0, 0, G_OPTION_ARG_FILENAME, &campaign,
		    "the campaign; else each line of input begins with one",
		    "NAME" },
		{ "form", 0, 0, G_OPTION_ARG_FILENAME, &form,
		    "opaque (default), readable, or auto: readable if it fits",
		    "FORM" },
		{ "kind", 0, 0, G_OPTION_ARG_FILENAME, &kind,
		    "bounce (default) or unsubscribe", "KIND" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	bool ok;
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!mint_options(&run, form, kind))
		return ctl_usage(ctl,
		    "--form is opaque, readable or auto; --kind is bounce or "
		    "unsubscribe");
	if (argc > 1 && campaign == NULL)
		return ctl_usage(ctl, "--campaign is missing");
	run.campaign = campaign;
	if (!run_open(&run, run.form == FORM_OPAQUE, STORE_WRITE, &error))
		return ctl_fail(ctl, error);
	ok = argc > 1 ? mint_arguments(&run, argc, argv, &error)
		      : run_batch(&run, mint_line, &error);
	if (!ok)
		return ctl_fail(ctl, error);
	return run.n_bad > 0 ? EX_DATAERR : EX_OK;
}

/* ---- decode and verify ---- */

static const char *check_name(TokenCheck check)
{
	switch (check) {
	case TOKEN_GENUINE:
		return "genuine";
	case TOKEN_TRUSTED:
		return "trusted";
	case TOKEN_UNSIGNED:
		return "unsigned";
	case TOKEN_FORGED:
		return "forged";
	case TOKEN_UNKNOWN:
		return "unknown";
	case TOKEN_NOT_OURS:
		return "not-ours";
	}
	return "unknown";
}

static const char *form_name(const Token *token)
{
	if (token->check == TOKEN_UNKNOWN || token->check == TOKEN_NOT_OURS)
		return "";
	switch (token->form) {
	case TOKEN_OPAQUE:
		return "opaque";
	case TOKEN_READABLE:
		return "readable";
	case TOKEN_FOREIGN:
		return "foreign";
	case TOKEN_BASE:
		return "base";
	}
	return "";
}

/* A token and the words for it, names of opaque ids looked up. */
typedef struct Decoded {
	Token token;
	char *campaign;
	char *recipient;
	bool is_current;
} Decoded;

static void decoded_clear(Decoded *decoded)
{
	token_clear(&decoded->token);
	g_free(decoded->campaign);
	g_free(decoded->recipient);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Decoded, decoded_clear)

static bool decode(Run *run, const char *address, Decoded *decoded,
    GError **error)
{
	g_auto(StoreCampaign) campaign = { 0 };
	g_auto(StoreRecipient) recipient = { 0 };
	g_autoptr(GError) gone = NULL;
	Token *token = &decoded->token;

	token_decode(run->space, address, token);
	decoded->is_current = token->check == TOKEN_GENUINE &&
			      token_is_current(token->day, run->ctl->now,
				  MAX(run->settings->bounce_lifetime,
				      run->settings->complaint_lifetime));
	decoded->campaign = g_strdup(token->campaign);
	decoded->recipient = g_strdup(token->recipient);
	if (token->check != TOKEN_GENUINE || token->form != TOKEN_OPAQUE)
		return true;
	if (store_campaign_find(run->store, token->campaign_id, NULL, &campaign,
		&gone) &&
	    store_recipient_find(run->store, token->recipient_id, NULL,
		&recipient, &gone)) {
		g_free(decoded->campaign);
		g_free(decoded->recipient);
		decoded->campaign = g_strdup(campaign.name);
		decoded->recipient = g_strdup(recipient.address);
		return true;
	}
	if (g_error_matches(gone, VP_ERROR, VP_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&gone));
	return false;
}

/* "2026-11-21", or "" for a token without a day. */
static char *day_text(const Token *token)
{
	char *text;

	if (token->check != TOKEN_GENUINE)
		return g_strdup("");
	text = time_format(token->day * SECONDS_PER_DAY);
	text[strcspn(text, "T")] = '\0';
	return text;
}

static void decoded_json(Run *run, const char *address, const Decoded *decoded)
{
	const Token *token = &decoded->token;
	g_autofree char *day = day_text(token);
	Row *row = row_new();

	row_text(row, "address", address);
	row_text(row, "check", check_name(token->check));
	row_bool(row, "current", decoded->is_current);
	row_text(row, "kind",
	    token->kind == TOKEN_UNSUBSCRIBE ? "unsubscribe" : "bounce");
	row_text(row, "form", form_name(token));
	row_text(row, "campaign", decoded->campaign);
	row_text(row, "recipient", decoded->recipient);
	row_text(row, "day", day);
	row_number(row, "key", (int64_t)token->key_id);
	row_text(row, "pattern", token->pattern);
	row_text(row, "why", token->why);
	row_append(row, run->output);
}

static void append_field(GString *output, const char *name, const char *value)
{
	g_autofree char *text = printable(value);

	if (text[0] != '\0')
		g_string_append_printf(output, "  %-10s%s\n", name, text);
}

static void decoded_human(Run *run, const char *address, const Decoded *decoded)
{
	const Token *token = &decoded->token;
	g_autofree char *shown = printable(address);
	g_autofree char *day = day_text(token);

	g_string_append_printf(run->output, "%s\n", shown);
	append_field(run->output, "check", check_name(token->check));
	append_field(run->output, "why", token->why);
	append_field(run->output, "kind",
	    form_name(token)[0] == '\0'        ? ""
	    : token->kind == TOKEN_UNSUBSCRIBE ? "unsubscribe"
					       : "bounce");
	append_field(run->output, "form", form_name(token));
	append_field(run->output, "pattern", token->pattern);
	append_field(run->output, "campaign", decoded->campaign);
	append_field(run->output, "recipient", decoded->recipient);
	append_field(run->output, "day", day);
	if (token->check == TOKEN_GENUINE) {
		g_string_append_printf(run->output, "  %-10s%u\n", "key",
		    token->key_id);
		append_field(run->output, "current",
		    decoded->is_current ? "yes" : "no, too old");
	}
}

/* address, check, kind, form, campaign, recipient, day, why */
static void decoded_line(Run *run, const char *address, const Decoded *decoded)
{
	const Token *token = &decoded->token;
	g_autofree char *day = day_text(token);
	const char *columns[] = { address, check_name(token->check),
		token->kind == TOKEN_UNSUBSCRIBE ? "unsubscribe" : "bounce",
		form_name(token), decoded->campaign, decoded->recipient, day,
		token->why };

	for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++) {
		g_autofree char *text = printable(columns[i]);

		g_string_append_printf(run->output, "%s%s", i > 0 ? "\t" : "",
		    text);
	}
	g_string_append_c(run->output, '\n');
}

static bool decode_line(Run *run, char *line, uint64_t number, GError **error)
{
	g_auto(Decoded) decoded = { 0 };

	line[strcspn(line, "\t")] = '\0';
	if (!decode(run, line, &decoded, error))
		return false;
	if (run->ctl->is_json)
		decoded_json(run, line, &decoded);
	else if (run->is_batch)
		decoded_line(run, line, &decoded);
	else
		decoded_human(run, line, &decoded);
	return true;
}

static bool verify_line(Run *run, char *line, uint64_t number, GError **error)
{
	g_auto(Decoded) decoded = { 0 };
	g_autofree char *shown = NULL;
	const char *said;

	line[strcspn(line, "\t")] = '\0';
	if (!decode(run, line, &decoded, error))
		return false;
	if (decoded.token.check != TOKEN_GENUINE || !decoded.is_current)
		run->n_bad++;
	if (run->ctl->is_json) {
		decoded_json(run, line, &decoded);
		return true;
	}
	said = check_name(decoded.token.check);
	if (decoded.token.check == TOKEN_GENUINE && !decoded.is_current)
		said = "expired";
	shown = printable(line);
	g_string_append_printf(run->output, "%s\t%s\n", shown, said);
	return true;
}

static int decode_all(Ctl *ctl, int argc, char **argv, LineFunc each)
{
	g_auto(Run) run = { .ctl = ctl };
	g_autoptr(GError) error = NULL;
	bool ok = true;
	int status;

	if (!ctl_parse(ctl, NULL, &argc, &argv, &status))
		return status;
	if (!run_open(&run, false, STORE_READ, &error))
		return ctl_fail(ctl, error);
	run.is_batch = argc == 1;
	for (int i = 1; ok && i < argc; i++)
		ok = each(&run, argv[i], 0, &error);
	if (run.is_batch)
		ok = run_batch(&run, each, &error);
	ok = ok && chunk_end(&run, &error);
	if (!ok)
		return ctl_fail(ctl, error);
	return run.n_bad > 0 ? EXIT_NO : EX_OK;
}

int cmd_token_decode(Ctl *ctl, int argc, char **argv)
{
	return decode_all(ctl, argc, argv, decode_line);
}

int cmd_token_verify(Ctl *ctl, int argc, char **argv)
{
	return decode_all(ctl, argc, argv, verify_line);
}
